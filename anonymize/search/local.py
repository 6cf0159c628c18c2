"""Local recoding: rows may differ in level, every class meets the requirement, nothing is suppressed that can be kept.

The search starts with a greedy peel in ascending loss of classes (`peeling`) and passes that move lines between classes (`exchange`); large
lattices also start from above (`splits`), the largest from there alone. Then the last lines join (`joining`), classes are cut anew where
they are few (`resplit`), and every class is lowered to the finest levels that hold it. Of two starts the one that loses less is kept.

Decided here: the order of these steps and when the budget ends them. The loss is not proven optimal.
"""

import time
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from anonymize.classes import SearchTask
from anonymize.recoding import Recoding, SearchRecord
from anonymize.search.clusters import Clusters
from anonymize.search.crowds import open_crowds
from anonymize.search.exchange import State, exchange, find_losses
from anonymize.search.infeasible import make_error
from anonymize.search.joining import join_leftovers, repair
from anonymize.search.nodes import Gauge
from anonymize.search.optimum import find_global
from anonymize.search.peel_state import ALIVE, CELLS, CLASSES, NODE, VISITS, Nodes, Peel, add_nodes
from anonymize.search.peeling import FINISHED, release, start_peel, walk
from anonymize.search.presence import hold_levels
from anonymize.search.problem import Problem
from anonymize.search.refining import AFFORDABLE_WORK, LIGHT_WORK, count_work, resplit_classes
from anonymize.search.splits import split_classes
from anonymize.search.walks import guide_nodes, is_enumerable, list_nodes, plant_trees
from schemas.errors import InternalError
from schemas.messages import N_

STEP_LINES = 20_000_000
# Lines looked at by exchanges: of two million lines the twelve fullest nodes gained 99 % of what all did.
EXCHANGE_LINES = 25_000_000
LEAST_GAIN = 1e-12
ROUND_SHARE = 0.5
MOST_CHOICES = 128
BUSY_SHARE = 0.99
# Beyond so many nodes walks never lost less than splits, and cost ten times as much.
WALKABLE_NODES = 10**6


@dataclass(slots=True)
class LocalSearch:
    """One run of the local search.

    Parameters
    ----------
    gauge : Gauge
        Lines and requirement.
    deadline : float or None
        Clock time at which improvement ends.
    """

    gauge: Gauge
    deadline: float | None
    visits: int = 0

    def run(self, kept: NDArray[np.bool_]) -> Clusters:
        """Return classes of all kept lines, each satisfied: of several starts the one that loses least, the first among equals."""
        best = self.finish(self.find_classes(kept), kept)
        if self.gauge.problem.lattice <= WALKABLE_NODES and not is_enumerable(self.gauge.problem) and not self.is_over():
            other = self.finish(self.split(kept), kept)
            best = other if other.loss() < best.loss() - LEAST_GAIN else best
        return best

    def finish(self, clusters: Clusters, kept: NDArray[np.bool_]) -> Clusters:
        """Return classes of all kept lines, made of those that some of them have."""
        join_leftovers(clusters, np.flatnonzero(kept & (clusters.classes < 0)))
        if self.gauge.is_simple and count_work(clusters) <= AFFORDABLE_WORK and not self.is_over():
            clusters = resplit_classes(clusters)
        repair(clusters)
        return clusters

    def find_classes(self, kept: NDArray[np.bool_]) -> Clusters:
        """Return classes of kept lines, each satisfied; the last lines have none."""
        problem = self.gauge.problem
        if problem.lattice > WALKABLE_NODES:
            return self.split(kept)
        peel, nodes = self.peel_all(kept) if is_enumerable(problem) else self.peel_guided(kept)
        self.visits += int(peel.numbers[VISITS])
        if self.gauge.is_simple and not LIGHT_WORK < len(problem.rows) * peel.numbers[CLASSES] <= AFFORDABLE_WORK:
            self.improve(peel, nodes)
        return _to_clusters(self.gauge, nodes, peel)

    def split(self, kept: NDArray[np.bool_]) -> Clusters:
        """Return the same from above."""
        clusters, looked = split_classes(self.gauge, kept, self.is_over)
        self.visits += looked
        return clusters

    def improve(self, peel: Peel, nodes: NDArray[np.int64]) -> None:
        """Exchange lines between classes, once at each of the nodes that hold most lines; a second pass was never seen to gain."""
        problem = self.gauge.problem
        placed, least = peel.at >= 0, _least_losses(problem, nodes)
        flat = problem.flat(problem.codes)
        losses = find_losses(flat, problem.places(nodes).starts, peel.at)
        persons = np.zeros(len(peel.at) + int(peel.numbers[CLASSES]), dtype=np.int64)
        np.add.at(persons, peel.classes[placed], problem.persons[placed])
        numbers = peel.numbers[CLASSES : CLASSES + 1].copy()
        state = State(problem.rows, problem.persons, peel.at, peel.classes, losses, persons, numbers)
        for node in _busiest(peel.at[placed])[: max(EXCHANGE_LINES // max(len(peel.at), 1), 1)]:
            if self.is_over():
                return
            exchange(flat, problem.place(nodes[node].tolist()), state, (int(node), float(least[node])), problem.task.k)

    def start(self, kept: NDArray[np.bool_]) -> Peel:
        """Return the state before the first class leaves."""
        problem = self.gauge.problem
        starts, values, choices = problem.pack_shapes()
        crowds = open_crowds(problem.groups, (starts, values, np.where(choices <= MOST_CHOICES, choices, 0)))
        return start_peel(problem.flat(problem.codes), crowds, problem.persons, kept, self.gauge.least_persons)

    def peel_all(self, kept: NDArray[np.bool_]) -> tuple[Peel, NDArray[np.int64]]:
        """Return the state after a walk over the whole lattice, and its nodes."""
        nodes = list_nodes(self.gauge.problem)
        peel = add_nodes(self.start(kept), _least_losses(self.gauge.problem, nodes), 0)
        self.walk(peel, nodes)
        return peel, nodes

    def peel_guided(self, kept: NDArray[np.bool_]) -> tuple[Peel, NDArray[np.int64]]:
        """Return the state after walks over nodes that lines still alive ask for, round by round, and all these nodes."""
        problem = self.gauge.problem
        trees = plant_trees(problem)
        peel = self.start(kept)
        nodes = np.array([problem.coarsest], dtype=np.int64)
        peel = add_nodes(peel, _least_losses(problem, nodes), 0)
        known = {problem.coarsest}
        while (alive := int(peel.numbers[ALIVE])) > 0:
            asked, losses = guide_nodes(problem, trees, peel.alive[:alive].copy())
            fresh = [levels for levels in dict.fromkeys(map(tuple, asked.tolist())) if levels not in known]
            known.update(fresh)
            more = np.array(fresh, dtype=np.int64).reshape(-1, nodes.shape[1])
            peel = add_nodes(peel, _least_losses(problem, more), len(nodes))
            nodes = np.concatenate([nodes, more])
            is_last = not fresh or self.is_over()
            peel.ceiling[0] = np.inf if is_last else float(np.quantile(losses, ROUND_SHARE))
            self.walk(peel, nodes)
            if is_last:
                break
        return peel, nodes

    def walk(self, peel: Peel, nodes: NDArray[np.int64]) -> None:
        """Let classes leave at the nodes, up to the ceiling."""
        problem = self.gauge.problem
        places = problem.places(nodes)
        steps = np.array([STEP_LINES, 0 if self.gauge.is_simple else 1], dtype=np.int64)
        flat, listed = problem.flat(problem.codes), Nodes(*places)
        while (answer := walk(flat, listed, peel, self.gauge.least_persons, steps)) != FINISHED:
            if answer >= 0:
                release(flat, peel, self.allowed(peel, nodes), answer, self.gauge.least_persons)
            elif self.is_over():
                break

    def allowed(self, peel: Peel, nodes: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return, per cell of the node last counted, whether it meets the requirement, exactly."""
        cells = int(peel.numbers[CELLS])
        likely = np.flatnonzero(peel.sums[:cells] >= self.gauge.least_persons)
        names = np.full(cells, -1, dtype=np.int32)
        names[likely] = np.arange(len(likely))
        alive, of_alive = peel.alive[: int(peel.numbers[ALIVE])], peel.cells[: int(peel.numbers[ALIVE])]
        counted = np.flatnonzero(of_alive >= 0)
        counted = counted[names[of_alive[counted]] >= 0]
        sums = self.gauge.sum_some(alive[counted], names[of_alive[counted]], len(likely))
        allowed = np.zeros(cells, dtype=np.bool_)
        problem, node = self.gauge.problem, int(peel.numbers[NODE])
        allowed[likely] = self.gauge.requirement.satisfied(self.gauge.match(sums, problem.positions[peel.firsts[likely]], nodes[node]))
        return allowed

    def is_over(self) -> bool:
        """Whether the budget of time is used up."""
        return self.deadline is not None and time.perf_counter() >= self.deadline


def find_local(task: SearchTask) -> Recoding:
    """Return a local recoding in which every class meets the requirement.

    Rows are suppressed only where the coarsest levels allowed leave them in a class that fails, and only within the suppression limit. When
    the coarsest levels fail, but finer ones may not (a model that does not grow), the global recoding is the answer.

    Raises
    ------
    TargetNotReached
        More rows than the limit fail at the coarsest levels allowed.
    """
    start = time.perf_counter()
    task = hold_levels(task)
    gauge = Gauge(Problem(task))
    problem = gauge.problem
    top = gauge.measure(problem.coarsest, gauge.lines)
    if not gauge.is_feasible(top):
        if gauge.is_barren(top):
            raise make_error(task, top.failed_rows)
        return replace(find_global(task), method="local")
    kept = ~gauge.find_failed(problem.coarsest)
    gauge.settle_presence()
    search = LocalSearch(gauge, None if task.budget_seconds is None else start + task.budget_seconds)
    clusters = search.run(kept)
    check_classes(clusters, kept)
    levels, suppressed = np.empty(task.table.codes.shape, dtype=np.int8), np.empty(len(kept), dtype=np.bool_)
    levels[problem.order], suppressed[problem.order] = clusters.line_levels(), ~kept
    record = SearchRecord(
        lattice=problem.lattice,
        evaluated=search.visits + 1,
        optimal=False,
        lower_bound=gauge.bound(problem.finest, top),
        seconds=time.perf_counter() - start,
    )
    return Recoding(method="local", levels=levels, suppressed=suppressed, search=record)


def check_classes(clusters: Clusters, kept: NDArray[np.bool_]) -> None:
    """Raise when a kept line has no class, or not the released values of its class, or when a class fails.

    Raises
    ------
    InternalError
        The search is defective.
    """
    values, levels = clusters.problem.values, clusters.line_levels()
    own = clusters.firsts[clusters.classes[kept]]
    equal = (clusters.classes[kept] >= 0).all()
    for j, table in enumerate(clusters.problem.task.table.levels):
        equal = equal and (table.codes[values[kept, j], levels[kept, j]] == table.codes[values[own, j], levels[kept, j]]).all()
    if not equal or len(clusters.failing()):
        raise InternalError(N_("the local search made a class that fails"), N_("report this defect; use method: global meanwhile"))


def _busiest(at: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the nodes that hold most lines, the fullest first: as many as hold nearly all of them."""
    counts = np.bincount(at)
    order = np.argsort(-counts, kind="stable")
    return order[: int(np.searchsorted(np.cumsum(counts[order]), BUSY_SHARE * len(at))) + 1] if len(at) else order[:0]


def _least_losses(problem: Problem, nodes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return a loss below which no class of a node lies: the least of each column's values, added up."""
    least = np.zeros(len(nodes))
    for j, losses in enumerate(problem.column_losses):
        present = np.flatnonzero(np.bincount(problem.values[:, j]))
        least += (losses[present] * problem.total).min(axis=0)[nodes[:, j]]
    return least


def _to_clusters(gauge: Gauge, nodes: NDArray[np.int64], peel: Peel) -> Clusters:
    """Return the classes that left, with the levels of their nodes."""
    released = np.flatnonzero(peel.classes >= 0)
    count = int(peel.classes.max(initial=-1)) + 1
    levels = np.zeros((count, nodes.shape[1]), dtype=np.int8)
    levels[peel.classes[released]] = nodes[peel.at[released]]
    return Clusters(gauge, peel.classes.copy(), levels)
