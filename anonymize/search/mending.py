"""An earlier recoding on new lines: classes that still meet the requirement stay, the lines of the others are searched anew.

Decided here: which classes hold, and that the search works on the lines that are left over. The last of them may join a class that held,
which then is released at coarser levels. Not decided here: where the levels of a line come from (`anonymize.reapply`).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from anonymize.classes import SearchTask
from anonymize.recoding import Recoding, SearchRecord, released_cells
from anonymize.search.cells import expand_recoding, restrict_task
from anonymize.search.clusters import Clusters
from anonymize.search.histories import make_gauge
from anonymize.search.infeasible import row_limit
from anonymize.search.joining import join_leftovers, merge_failing
from anonymize.search.local import LocalSearch, check_classes
from anonymize.search.nodes import Gauge
from anonymize.search.presence import hold_levels
from anonymize.search.problem import Problem
from schemas.counts import guard_count


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Given:
    """Levels that are given for some lines.

    Parameters
    ----------
    levels : NDArray[np.int8]
        (lines, columns): levels; meaningless where not given.
    assigned : NDArray[np.bool_]
        (lines): whether levels are given.
    base : NDArray[np.int8] or None
        As in `Recoding`, for cells.
    """

    levels: NDArray[np.int8]
    assigned: NDArray[np.bool_]
    base: NDArray[np.int8] | None = None


def mend_recoding(task: SearchTask, given: Given, find: Callable[[SearchTask], Recoding]) -> Recoding:
    """Return a recoding that keeps given levels where their classes meet the requirement; its record says what held.

    Parameters
    ----------
    task : SearchTask
        The task, with the method of the given levels; rows may be linked for "global" alone.
    given : Given
        Levels of an earlier recoding.
    find : Callable
        The search that starts from nothing, for where too many rows fail.

    Raises
    ------
    TargetNotReached
        As the search itself.
    """
    if task.method == "global":
        return _keep_node(task, given, find)
    if task.method == "cells" and given.base is not None:
        tops = np.array([len(table.level_names) - 1 for table in task.table.levels])
        part = replace(given, levels=((given.levels == tops) & (given.base != tops)).astype(np.int8))
        return expand_recoding(task, given.base.tolist(), _mend(restrict_task(task, given.base.tolist()), part, find))
    return _mend(task, given, find)


def _keep_node(task: SearchTask, given: Given, find: Callable[[SearchTask], Recoding]) -> Recoding:
    """Return the given node with what fails there suppressed, or the best node when that is too much."""
    start = time.perf_counter()
    problem = Problem(task)
    gauge = make_gauge(problem)
    node = tuple(int(level) for level in given.levels[given.assigned][0]) if given.assigned.any() else problem.coarsest
    failed = gauge.find_failed(node)
    levels = np.broadcast_to(np.array(node, dtype=np.int8), task.table.codes.shape).copy()
    suppressed = np.empty(len(failed), dtype=np.bool_)
    suppressed[problem.order] = failed
    holds = int(task.table.rows[suppressed].sum()) <= row_limit(task)
    cells = np.unique(released_cells(task.table, levels), axis=0, return_inverse=True)[1].reshape(-1)
    broken = np.unique(cells[suppressed])
    facts = _tell(len(np.unique(cells)) - len(broken), len(broken), _count_persons(gauge, np.flatnonzero(failed)), anew=not holds)
    if not holds:
        found = find(task)
        return replace(found, search=replace(found.search, reapplied=facts))
    record = SearchRecord(
        lattice=problem.lattice,
        evaluated=1,
        optimal=False,
        lower_bound=gauge.bound(problem.finest, gauge.measure(problem.coarsest, gauge.lines)),
        seconds=time.perf_counter() - start,
        reapplied=facts,
    )
    return Recoding(method="global", levels=levels, suppressed=suppressed, search=record)


def _mend(task: SearchTask, given: Given, find: Callable[[SearchTask], Recoding]) -> Recoding:
    """Return a local recoding with the given classes that hold; a search from nothing where the coarsest levels do not meet the models."""
    start = time.perf_counter()
    task = hold_levels(task)
    gauge = Gauge(Problem(task))
    problem = gauge.problem
    top = gauge.measure(problem.coarsest, gauge.lines)
    if not gauge.is_feasible(top):
        found = find(task)
        return replace(found, search=replace(found.search, reapplied=_tell(0, 0, 0, anew=True)))
    kept = ~gauge.find_failed(problem.coarsest)
    gauge.settle_presence()
    held, facts = _find_held(gauge, given, kept)
    clusters = _search_rest(gauge, held, kept, None if task.budget_seconds is None else start + task.budget_seconds)
    check_classes(clusters, kept)
    levels, suppressed = np.empty(task.table.codes.shape, dtype=np.int8), np.empty(len(kept), dtype=np.bool_)
    levels[problem.order], suppressed[problem.order] = clusters.line_levels(), ~kept
    record = SearchRecord(
        lattice=problem.lattice,
        evaluated=gauge.evaluated,
        optimal=False,
        lower_bound=gauge.bound(problem.finest, top),
        seconds=time.perf_counter() - start,
        reapplied=facts,
    )
    return Recoding(method=task.method, levels=levels, suppressed=suppressed, search=record)


def _find_held(gauge: Gauge, given: Given, kept: NDArray[np.bool_]) -> tuple[Clusters, dict[str, object]]:
    """Return the given classes that meet the requirement, and what is told of the others."""
    problem = gauge.problem
    levels = given.levels[problem.order]
    inside = (levels >= np.array(problem.finest)) & (levels <= np.array(problem.coarsest))
    usable = given.assigned[problem.order] & inside.all(axis=1) & kept
    cells = released_cells(problem.task.table, np.where(given.assigned[:, None], given.levels, 0).astype(np.int8))[problem.order]
    classes = np.full(len(usable), -1, dtype=np.int64)
    numbers = np.unique(cells[usable], axis=0, return_inverse=True)[1].reshape(-1) if usable.any() else np.empty(0, np.int64)
    classes[usable] = numbers
    count = int(numbers.max(initial=-1)) + 1
    class_levels = np.zeros((count, levels.shape[1]), dtype=np.int8)
    class_levels[numbers] = levels[usable]
    clusters = Clusters(gauge, classes, class_levels)
    failing = clusters.failing() if count else np.empty(0, dtype=np.int64)
    broken = np.isin(classes, failing)
    facts = _tell(count - len(failing), len(failing), _count_persons(gauge, np.flatnonzero(broken)), anew=False)
    left = np.where(broken, -1, classes)
    _, renumbered = np.unique(left[left >= 0], return_inverse=True)
    left[left >= 0] = renumbered.reshape(-1)
    return Clusters(gauge, left, np.delete(class_levels, failing, axis=0)), facts


def _search_rest(gauge: Gauge, held: Clusters, kept: NDArray[np.bool_], deadline: float | None) -> Clusters:
    """Return classes of all kept lines: those that held, and new ones."""
    rest = kept & (held.classes < 0)
    if not rest.any():
        return held
    fresh = LocalSearch(gauge, deadline).find_classes(rest)
    before = held.levels
    classes = np.where(fresh.classes >= 0, fresh.classes + len(before), held.classes)
    clusters = Clusters(gauge, classes, np.concatenate([before, fresh.levels]))
    join_leftovers(clusters, np.flatnonzero(rest & (classes < 0)))
    untouched = np.zeros(len(clusters.levels), dtype=np.bool_)
    untouched[: len(before)] = (clusters.levels[: len(before)] == before).all(axis=1)
    clusters.lower()
    clusters.levels[untouched] = before[untouched[: len(before)]]
    merge_failing(clusters)
    return clusters


def _count_persons(gauge: Gauge, lines: NDArray[np.int64]) -> int:
    """Return the distinct persons of some lines."""
    if not len(lines):
        return 0
    return int(gauge.sum_some(lines, np.zeros(len(lines), dtype=np.int32), 1).persons[0])


def _tell(kept: int, broken: int, persons: int, *, anew: bool) -> dict[str, object]:
    """Return what a report says of an earlier recoding; small numbers of persons are not said."""
    return {"classes_kept": kept, "classes_broken": broken, "persons_in_broken": guard_count(persons), "solved_anew": anew}
