"""Local recoding where rows are linked: persons differ in level, and k of them share every history.

A person is a line of a table of their own: the quasi-identifiers that never change for anybody, and one column more, the history of what
does change. Its levels are a chain of nodes of the changing columns, each a choice of one level per column. The local search for k on that
table gives every group of k persons one history; each of their rows is then released at the levels of the person.

Decided here: which columns are a person's, and the chains that are tried. Not decided here: how persons are grouped (`local`).
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from anonymize.classes import ClassTable, Memberships, SearchTask
from anonymize.loss import compute_loss
from anonymize.recoding import Recoding, SearchRecord, number_classes
from anonymize.search.histories import LinkedGauge, number_histories
from anonymize.search.infeasible import make_error, row_limit
from anonymize.search.lines import group_lines
from anonymize.search.local import find_local
from anonymize.search.optimum import find_global
from anonymize.search.problem import Levels, Problem
from schemas.errors import TargetNotReached
from schemas.hierarchies import LevelTable

HISTORY = "history"
FINENESS = 10**9  # parts of the loss of a history that count
MANY_LINES = 3_000_000
LOSS_DIGITS = 12


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """The lines of a linked table, person pattern by person pattern.

    Parameters
    ----------
    gauge : LinkedGauge
        Measures nodes; its lines stand together by pattern.
    codes : NDArray[np.int32]
        (lines, columns): values in that order.
    fixed, moving : tuple[int, ...]
        Columns that are the same in all lines of every pattern, and the others.
    """

    gauge: LinkedGauge
    codes: NDArray[np.int32]
    fixed: tuple[int, ...]
    moving: tuple[int, ...]

    @property
    def patterns(self) -> Memberships:
        """Where the lines of each pattern start, and its persons."""
        return self.gauge.patterns

    @property
    def owners(self) -> NDArray[np.int64]:
        """Pattern of each line."""
        return np.repeat(np.arange(len(self.patterns.persons)), np.diff(self.patterns.offsets))


def find_linked_local(task: SearchTask) -> Recoding:
    """Return a recoding in which k persons share every history; persons of one combination may be released at different levels.

    The best of several chains of the changing columns is the answer, or the global recoding where that loses less, or where a model fails
    in classes of the local ones. Large files try one chain, and the global recoding only in need.

    Raises
    ------
    TargetNotReached
        More rows than the limit belong to persons whose history is too rare even at the coarsest levels allowed.
    """
    start = time.perf_counter()
    people = _gather(task)
    gauge, problem = people.gauge, people.gauge.problem
    top = gauge.measure(problem.coarsest, gauge.lines)
    if gauge.is_barren(top):
        raise make_error(task, top.failed_rows)
    found: list[Recoding] = []
    # With a share of the population asked for, classes must not overlap: only one level per column sees to that.
    chains = () if task.population and task.population.presence else _list_chains(people)
    for chain in dict.fromkeys(chains):
        if not found or not _is_over(task, start):
            found.append(_answer(people, chain, _limit_time(task, start)))
    held = [recoding for recoding in found if int(task.table.rows[recoding.suppressed].sum()) <= row_limit(task)]
    if not held or (len(people.codes) <= MANY_LINES and not _is_over(task, start)):
        held.append(replace(find_global(_limit_time(task, start)), method="local"))
    # Losses that differ by rounding alone are equal, and the first answer stays, whatever the order of the class table.
    best = min(held, key=lambda recoding: round(compute_loss(task.table, recoding, task.weights), LOSS_DIGITS))
    record = SearchRecord(
        lattice=problem.lattice,
        evaluated=gauge.evaluated + sum(recoding.search.evaluated for recoding in found),
        optimal=False,
        lower_bound=gauge.bound(problem.finest, top),
        seconds=time.perf_counter() - start,
    )
    return replace(best, search=record)


def _limit_time(task: SearchTask, start: float) -> SearchTask:
    """Return the task with what is left of its budget of time."""
    if task.budget_seconds is None:
        return task
    return replace(task, budget_seconds=max(task.budget_seconds - (time.perf_counter() - start), 0.0))


def _is_over(task: SearchTask, start: float) -> bool:
    return _limit_time(task, start).budget_seconds == 0.0


def _gather(task: SearchTask) -> People:
    """Return the people of a task."""
    gauge = LinkedGauge(Problem(task))
    codes = gauge.problem.values[gauge.members]
    starts = gauge.patterns.offsets[:-1]
    moves = (np.maximum.reduceat(codes, starts) != np.minimum.reduceat(codes, starts)).any(axis=0)
    return People(gauge, codes, tuple(np.flatnonzero(~moves).tolist()), tuple(np.flatnonzero(moves).tolist()))


def _list_chains(people: People) -> Iterator[tuple[Levels, ...]]:
    """Yield chains of levels, coarsest node first: each step lowers one changing column by one level.

    The first chain takes the step that loses least when rare persons are suppressed. The others lower one column as far as it goes first;
    large files, where a chain costs minutes, do without them. Where more is asked of a class than k, chains of one column alone are tried
    too: among the finer classes of the others may be such as no number of persons mends.
    """
    yield _descend(people, people.moving)
    if len(people.moving) > 1 and len(people.codes) <= MANY_LINES:
        for column in people.moving:
            chain = _descend(people, (column,))
            yield chain
            if people.gauge.asks_values or people.gauge.asks_people:
                yield chain[: people.gauge.problem.coarsest[column] - people.gauge.problem.finest[column] + 1]


def _descend(people: People, first: tuple[int, ...]) -> tuple[Levels, ...]:
    """Return one chain, which lowers the columns in `first` before the others."""
    problem, here = people.gauge.problem, people.gauge.problem.coarsest
    chain = [here]
    while True:
        lower = [j for j in people.moving if here[j] > problem.finest[j]]
        if not lower:
            return tuple(chain)
        steps = [(*here[:j], here[j] - 1, *here[j + 1 :]) for j in ([j for j in lower if j in first] or lower)]
        nodes = [people.gauge.measure(levels, people.gauge.lines) for levels in steps] if len(steps) > 1 else []
        here = min(nodes, key=lambda node: (node.loss, node.levels)).levels if nodes else steps[0]
        chain.append(here)


def _answer(people: People, chain: tuple[Levels, ...], task: SearchTask) -> Recoding:
    """Return the recoding that local searches over persons give with one chain; who does not hold is suppressed.

    Where a model fails in histories of k persons, those who share them are grouped anew, twice as many each time.
    """
    gauge, finest_first = people.gauge, chain[::-1]
    persons, pending = _person_task(people, finest_first, task), np.arange(len(people.patterns.persons))
    at = np.tile(np.array(gauge.problem.coarsest, dtype=np.int8), (len(pending), 1))
    released, evaluated = np.zeros(len(pending), dtype=np.bool_), 0
    kept = released
    while len(pending):
        try:
            solved = find_local(_take_persons(persons, pending))
        except TargetNotReached:
            break
        levels = np.asarray(finest_first, dtype=np.int8)[solved.levels[:, -1]]
        levels[:, people.fixed] = solved.levels[:, :-1]
        at[pending], released[pending] = levels, ~solved.suppressed
        kept, evaluated = released & _find_kept(people, at, released), evaluated + solved.search.evaluated
        persons, pending = replace(persons, k=2 * persons.k), np.flatnonzero(released & ~kept)
    record = SearchRecord(lattice=gauge.problem.lattice, evaluated=evaluated, optimal=False, lower_bound=0.0, seconds=0.0)
    return _spread(people, at, ~kept, record)


def _take_persons(persons: SearchTask, chosen: NDArray[np.int64]) -> SearchTask:
    """Return the task over some of the persons."""
    table = persons.table
    rows, counts = table.rows[chosen], table.persons[chosen]
    part = replace(table, codes=table.codes[chosen], rows=rows, persons=counts, total_rows=int(rows.sum()), total_persons=int(counts.sum()))
    return replace(persons, table=part)


def _spread(people: People, at: NDArray[np.int8], suppressed: NDArray[np.bool_], record: SearchRecord) -> Recoding:
    """Return the recoding of lines that gives each the levels of its pattern."""
    order, members, owners = people.gauge.problem.order, people.gauge.members, people.owners
    levels, lost = np.empty((len(members), at.shape[1]), dtype=np.int8), np.empty(len(members), dtype=np.bool_)
    levels[order[members]], lost[order[members]] = at[owners], suppressed[owners]
    return Recoding(method="local", levels=levels, suppressed=lost, search=record)


def _find_kept(people: People, at: NDArray[np.int8], released: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return, per pattern, whether its history and what is asked of it hold, counted on the classes that are made."""
    gauge, record = people.gauge, SearchRecord(lattice=1, evaluated=0, optimal=False, lower_bound=0.0, seconds=0.0)
    classes = number_classes(gauge.problem.task.table, _spread(people, at, ~released, record))[gauge.problem.order][gauge.members]
    count = int(classes.max(initial=-1)) + 1
    # What is suppressed is a class of its own, which k persons may share by chance.
    levels = np.zeros((count + 1, at.shape[1]), dtype=np.int8)
    levels[classes] = at[people.owners]
    ids = np.where(classes < 0, count, classes).astype(np.int32)
    return gauge.find_kept(gauge.lines, ids, levels[: int(ids.max(initial=-1)) + 1])


def _person_task(people: People, nodes: tuple[Levels, ...], task: SearchTask) -> SearchTask:
    """Return the task over persons: a line per pattern, whose last column is the history at each of the nodes, finest first."""
    table = task.table
    fixed, patterns = list(people.fixed), people.patterns
    rows = np.add.reduceat(people.gauge.lines.rows, patterns.offsets[:-1])
    history = _make_history(people, nodes, rows)
    codes = np.column_stack([people.codes[patterns.offsets[:-1]][:, fixed], np.arange(len(rows))]).astype(np.int32)
    weight = task.weights[list(people.moving)].sum() if people.moving else 1.0
    lines = ClassTable(
        columns=(*(table.columns[j] for j in fixed), HISTORY),
        levels=(*(table.levels[j] for j in fixed), history),
        codes=codes,
        rows=rows,
        persons=patterns.persons,
        memberships=None,
        sensitive={},
        total_rows=table.total_rows,
        total_persons=table.total_persons,
    )
    return replace(
        task,
        table=lines,
        weights=np.append(task.weights[fixed], weight),
        min_levels=np.append(task.min_levels[fixed], 0).astype(np.int8),
        max_levels=np.append(task.max_levels[fixed], len(nodes) - 1).astype(np.int8),
        diversity=(),
        closeness=(),
        population=None,
        linked=None,
    )


def _make_history(people: People, nodes: tuple[Levels, ...], rows: NDArray[np.int64]) -> LevelTable:
    """Return the histories of the changing columns as a hierarchy: per pattern its history at each node, which costs what its rows cost."""
    problem, patterns = people.gauge.problem, people.patterns
    codes, leaves = np.empty((len(rows), len(nodes)), dtype=np.int32), []
    weights = problem.weights[list(people.moving)]
    for level, node in enumerate(nodes):
        at = tuple(node[j] if j in people.moving else problem.coarsest[j] for j in range(len(node)))
        ids, firsts = group_lines(problem, people.gauge.lines.firsts, at)
        codes[:, level], count = number_histories(ids, patterns.offsets, people.gauge.amounts, len(firsts))
        costs = np.zeros(len(people.codes))
        for j, weight in zip(people.moving, weights, strict=True):
            costs += problem.task.table.levels[j].loss_of()[people.codes[:, j], node[j]] * (weight / weights.sum())
        sums = np.bincount(np.repeat(codes[:, level], np.diff(patterns.offsets)), weights=costs * people.gauge.lines.rows, minlength=count)
        means = sums / np.bincount(codes[:, level], weights=rows, minlength=count)
        leaves.append(1 + np.round(means * FINENESS).astype(np.int64))
    return LevelTable(
        level_names=tuple(str(level) for level in range(len(nodes))),
        codes=codes,
        leaves=tuple(leaves),
        total_leaves=1 + FINENESS,
        labels=tuple(tuple(f"{level}.{group}" for group in range(len(counts))) for level, counts in enumerate(leaves)),
        bounds=(None,) * len(nodes),
        ordered=False,
    )
