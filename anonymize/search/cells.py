"""Cell suppression: one level per column, and single cells blanked where a class would fail.

A blank cell is released at the top level. With the levels of a node fixed, that is local recoding between two levels per column, the node's
and the top, and the local search finds it: the least loss is the fewest cells blanked, each weighed by what it tells. The node is found by
steepest descent, one column and one level at a time, from the global optimum or the finest node, whichever loses less. Most rows of a fine
node need no blank, and those that do, need few: on the Adult file (k = 5) the loss is 0.09, where whole rows and levels cost 0.23.

Decided here: which nodes are tried, and that the global recoding is the answer where it loses less. Not decided here: which cells of a node
are blanked (`local`).
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from anonymize.classes import ClassTable, Population, SearchTask
from anonymize.loss import compute_loss
from anonymize.recoding import Recoding, SearchRecord
from anonymize.search.lines import all_lines, group_lines, roll_up, sum_classes
from anonymize.search.linked import find_linked_local
from anonymize.search.local import find_local
from anonymize.search.optimum import find_global
from anonymize.search.problem import Levels, Problem
from schemas.errors import TargetNotReached
from schemas.hierarchies import LevelTable
from schemas.messages import N_

LEAST_GAIN = 1e-12
MOST_NODES = 400
MOST_CHOICES = 4096  # of blank columns, that a node is walked over
MOST_WORK = 2_000_000_000  # lines times choices: wide files try fewer nodes


@dataclass(slots=True, eq=False)
class CellSearch:
    """Nodes tried so far, with what they lose when cells are blanked.

    Parameters
    ----------
    task : SearchTask
        The task.
    problem : Problem
        Its lines.
    deadline : float or None
        Clock time at which no further node is tried.
    limit : int
        Most nodes to try.
    work : int
        Lines times choices of blank columns so far: what a budget of time would measure, but the same on every machine.
    losses : dict
        Node → loss.
    level_losses : list
        Per column, the loss of all rows at each level; made when first asked for.
    """

    task: SearchTask
    problem: Problem
    deadline: float | None
    limit: int = MOST_NODES
    work: int = 0
    losses: dict[Levels, float] = field(default_factory=dict)
    level_losses: list[NDArray[np.float64]] = field(default_factory=list)

    def try_node(self, node: Levels) -> float:
        """Return the loss of a node with cells blanked; infinite where blanking does not help."""
        if node not in self.losses:
            part, _ = roll_task(self.problem, node)
            self.work += len(part.table.rows) * min(2 ** len(node), MOST_CHOICES)
            try:
                found = _solve(part)
            except TargetNotReached:
                self.losses[node] = np.inf
            else:
                self.losses[node] = compute_loss(part.table, found, self.task.weights)
        return self.losses[node]

    def bound(self, node: Levels) -> float:
        """Return the loss of a node without a blank: with blanks it is never less."""
        return float(sum(losses[level] for losses, level in zip(self._levels_losses(), node, strict=True)))

    def _levels_losses(self) -> list[NDArray[np.float64]]:
        """Return, per column, the loss of all rows at each level."""
        if not self.level_losses:
            problem = self.problem
            for j, losses in enumerate(problem.column_losses):
                rows = np.bincount(problem.values[:, j], weights=problem.rows, minlength=len(losses))
                self.level_losses.append(rows @ losses)
        return self.level_losses

    def descend(self, node: Levels) -> Levels:
        """Return the node from which no step of one column by one level loses less."""
        while not self.is_over():
            best = min(self.neighbours(node), key=lambda other: (self.try_node(other), other), default=node)
            if self.try_node(best) >= self.try_node(node) - LEAST_GAIN:
                break
            node = best
        return node

    def neighbours(self, node: Levels) -> Iterator[Levels]:
        """Yield the nodes one step away, within the limits of the task, that could lose less."""
        least = self.try_node(node)
        for j, level in enumerate(node):
            for other in (level - 1, level + 1):
                step = (*node[:j], other, *node[j + 1 :])
                inside = self.problem.finest[j] <= other <= self.problem.coarsest[j]
                if inside and not self.is_over() and self.bound(step) < least:
                    yield step

    def is_over(self) -> bool:
        """Whether the budget is used up."""
        late = self.deadline is not None and time.perf_counter() >= self.deadline
        return late or len(self.losses) >= self.limit or self.work >= MOST_WORK


def find_cells(task: SearchTask) -> Recoding:
    """Return one level per column and single blank cells, such that every class meets the requirement; never worse than global recoding.

    Rows are suppressed only where the global recoding is the answer, or where rows are linked and a person's history cannot be shared; and
    only within the suppression limit.

    Raises
    ------
    TargetNotReached
        Not even blanking every cell meets the requirement, and neither does a global recoding.
    """
    start = time.perf_counter()
    problem = Problem(task)
    whole, refusal = _find_whole(task)
    starts = [problem.coarsest if whole is None else _node_of(whole), problem.finest]
    deadline = None if task.budget_seconds is None else start + task.budget_seconds
    search = CellSearch(task, problem, deadline, task.budget_nodes or MOST_NODES)
    best = search.descend(min(starts, key=lambda node: (search.try_node(node), node)))
    if whole is not None and compute_loss(task.table, whole, task.weights) <= search.try_node(best):
        found = replace(whole, method="cells", base=np.array(_node_of(whole), dtype=np.int8))
    elif np.isfinite(search.try_node(best)):
        found = _blank_cells(problem, best)
    else:
        raise refusal or TargetNotReached(N_("blanking cells does not meet the privacy models"), N_("lower k or relax the models"))
    evaluated = len(search.losses) + (0 if whole is None else whole.search.evaluated)
    record = SearchRecord(
        lattice=problem.lattice,
        evaluated=evaluated,
        optimal=False,
        lower_bound=search.bound(problem.finest),
        seconds=time.perf_counter() - start,
    )
    return replace(found, search=record)


def _find_whole(task: SearchTask) -> tuple[Recoding | None, TargetNotReached | None]:
    """Return the global recoding, or why there is none."""
    try:
        return find_global(replace(task, method="global")), None
    except TargetNotReached as error:
        return None, error


def _node_of(whole: Recoding) -> Levels:
    return tuple(int(level) for level in whole.levels[0])


def _blank_cells(problem: Problem, node: Levels) -> Recoding:
    """Return the recoding of a node with cells blanked."""
    part, of_line = roll_task(problem, node)
    found = _solve(part)
    return expand_recoding(problem.task, node, replace(found, levels=found.levels[of_line], suppressed=found.suppressed[of_line]))


def expand_recoding(task: SearchTask, node: Sequence[int], found: Recoding) -> Recoding:
    """Return the recoding of a restricted task (see `restrict_task`) in the levels of the task itself."""
    base = np.array(node, dtype=np.int8)
    tops = np.array([len(table.level_names) - 1 for table in task.table.levels], dtype=np.int8)
    return replace(found, method="cells", base=base, levels=np.where(found.levels == 0, base, tops).astype(np.int8))


def _solve(task: SearchTask) -> Recoding:
    return find_linked_local(task) if task.linked else find_local(task)


def restrict_task(task: SearchTask, node: Sequence[int]) -> SearchTask:
    """Return the task with two levels per column, the node's and the top, for the local search; lines stay what they are."""
    levels = tuple(_restrict_levels(table, level) for table, level in zip(task.table.levels, node, strict=True))
    coarsest = np.array([len(table.level_names) - 1 for table in levels], dtype=np.int8)
    population = None if task.population is None else _restrict_population(task.population, task.table, node)
    return replace(
        task,
        table=replace(task.table, levels=levels),
        population=population,
        method="local",
        min_levels=np.zeros_like(coarsest),
        max_levels=coarsest,
    )


def _restrict_levels(table: LevelTable, level: int) -> LevelTable:
    top = len(table.level_names) - 1
    kept = [level] if level == top else [level, top]
    return LevelTable(
        level_names=tuple(table.level_names[at] for at in kept),
        codes=np.ascontiguousarray(table.codes[:, kept]),
        leaves=tuple(table.leaves[at] for at in kept),
        total_leaves=table.total_leaves,
        labels=tuple(table.labels[at] for at in kept),
        bounds=tuple(table.bounds[at] for at in kept),
        ordered=table.ordered,
    )


def _restrict_population(population: Population, table: ClassTable, node: Sequence[int]) -> Population:
    groups = []
    for j, codes in zip(population.columns, population.groups, strict=True):
        top = len(table.levels[j].level_names) - 1
        groups.append(np.ascontiguousarray(codes[:, [node[j]] if node[j] == top else [node[j], top]]))
    return replace(population, groups=tuple(groups))


def roll_task(problem: Problem, node: Levels) -> tuple[SearchTask, NDArray[np.int64]]:
    """Return the restricted task over the classes of a node instead of its lines, and the class of each line of the task's table.

    Where rows are linked, lines belong to persons and stay what they are.
    """
    task, table = problem.task, problem.task.table
    if task.linked:
        return restrict_task(task, node), np.arange(len(table.rows))
    lines = all_lines(problem)
    ids, firsts = group_lines(problem, lines.firsts, node)
    rolled = roll_up(problem, lines, node)
    classes = replace(
        table,
        codes=problem.values[firsts],
        rows=rolled.rows,
        persons=sum_classes(lines, ids, len(firsts)).persons,
        memberships=rolled.memberships,
        sensitive=rolled.sensitive,
    )
    of_line = np.empty(len(ids), dtype=np.int64)
    of_line[problem.order] = ids
    return restrict_task(replace(task, table=classes), node), of_line
