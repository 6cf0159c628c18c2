"""Global recoding: one level per column, proven to lose least, with the rows suppressed that fail there.

Decided here: how the optimum of the lattice becomes a recoding. Not decided here: how it is found (`boxes`).
"""

import time

import numpy as np

from anonymize.classes import SearchTask
from anonymize.recoding import Recoding, SearchRecord
from anonymize.search.boxes import BoxSearch
from anonymize.search.histories import make_gauge
from anonymize.search.infeasible import make_error
from anonymize.search.problem import Problem


def find_global(task: SearchTask) -> Recoding:
    """Return the full-domain recoding with the smallest loss.

    Among recodings of equal loss (within 1e-12) the one whose levels come first, column by column.

    Raises
    ------
    TargetNotReached
        More rows than the limit fail at the coarsest levels allowed.
    """
    start = time.perf_counter()
    problem = Problem(task)
    gauge = make_gauge(problem)
    deadline = None if task.budget_seconds is None else start + task.budget_seconds
    optimum = BoxSearch(gauge, deadline=deadline, node_limit=task.budget_nodes).run()
    node = optimum.node
    if node is None:
        raise make_error(task, gauge.measure(problem.coarsest, gauge.lines).failed_rows)
    suppressed = np.empty(len(problem.rows), dtype=np.bool_)
    suppressed[problem.order] = gauge.find_failed(node.levels)
    return Recoding(
        method="global",
        levels=np.broadcast_to(np.array(node.levels, dtype=np.int8), task.table.codes.shape).copy(),
        suppressed=suppressed,
        search=SearchRecord(
            lattice=problem.lattice,
            evaluated=gauge.evaluated,
            optimal=optimum.optimal,
            lower_bound=optimum.lower_bound,
            seconds=time.perf_counter() - start,
        ),
    )
