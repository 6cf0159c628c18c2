"""Top-down splits along the hierarchies: the start of the local search where the lattice is too large to walk.

All lines of a coarsest cell begin as one class. A class is split by the groups of one column at a finer level: each part of k persons
stands alone, the others stay together at the old level. Of all columns and levels the one is taken that saves most loss for the knowledge
it spends, since what is spent on one column cannot be spent on another: every class ends when it holds about k persons. The best classes
leave; the lines of the others, and those too few for a class, start again. So lines choose their company before worse classes use it up.

Decided here: which classes leave, and in which round. Not decided here: what becomes of the last lines.

References
----------
LeFevre, DeWitt, Ramakrishnan (2006), Mondrian multidimensional k-anonymity, doi:10.1109/ICDE.2006.101.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from anonymize.compiled import compiled
from anonymize.search.clusters import Clusters
from anonymize.search.nodes import Gauge
from anonymize.search.walks import Trees, plant_trees

NONE = -1
PENDING, CLASSES = range(2)
# A power below 1 of what is spent favours splits into many parts; 0.8 lost least of 0.6 … 1.5.
SPENDING_POWER = 0.8
# Share of the lines that leave in each round: small files can afford many rounds.
LEAST_SHARE, MOST_SHARE, CELLS_OF_ALL = 0.05, 0.5, 5_000_000
# Fewer persons than so many classes need leave all at once.
LAST_CLASSES = 20


class Ground(NamedTuple):
    """What is split: hierarchies, and rows and persons of each line."""

    trees: Trees
    rows: NDArray[np.int64]
    persons: NDArray[np.int64]


class Tally(NamedTuple):
    """Persons, and the loss that would be saved, of each group of one column: (levels, groups); and which groups have any.

    All sums are 0 between uses, so that only the groups that are present are ever looked at.
    """

    persons: NDArray[np.int64]
    saved: NDArray[np.float64]
    present: NDArray[np.int64]
    sizes: NDArray[np.int64]


class Splits(NamedTuple):
    """Classes in the making, all in place.

    Parameters
    ----------
    order, spare : NDArray[np.int64]
        Lines, those of a class side by side; room to reorder them.
    ends : NDArray[np.int64]
        (pending, 2): begin and end of each class in `order` that may still be split.
    levels : NDArray[np.int8]
        (pending, columns): their levels.
    classes : NDArray[np.int64]
        (all lines): finished class of each line, -1 for none.
    class_levels : NDArray[np.int8]
        (classes, columns): levels of finished classes.
    numbers : NDArray[np.int64]
        Classes pending, classes finished.
    """

    order: NDArray[np.int64]
    spare: NDArray[np.int64]
    ends: NDArray[np.int64]
    levels: NDArray[np.int8]
    classes: NDArray[np.int64]
    class_levels: NDArray[np.int8]
    numbers: NDArray[np.int64]


def split_classes(gauge: Gauge, kept: NDArray[np.bool_], is_over: Callable[[], bool]) -> tuple[Clusters, int]:
    """Return classes of kept lines, each satisfied, and how many were looked at; the last lines have none.

    Where no class of a round meets the requirement, the next round asks for twice as many persons in each.

    Parameters
    ----------
    gauge : Gauge
        Lines and requirement.
    kept : NDArray[np.bool_]
        (lines): which take part.
    is_over : callable
        Whether the budget is used up: then all that is satisfied leaves at once.
    """
    problem = gauge.problem
    ground = Ground(plant_trees(problem), problem.rows, problem.persons)
    share = float(np.clip(kept.sum() * problem.values.shape[1] / CELLS_OF_ALL, LEAST_SHARE, MOST_SHARE))
    classes = np.full(len(kept), NONE, dtype=np.int64)
    found: list[NDArray[np.int8]] = [np.empty((0, problem.values.shape[1]), dtype=np.int8)]
    alive, size, count, looked = np.flatnonzero(kept), problem.task.k, 0, 0
    while len(alive) and problem.persons[alive].sum() >= size:
        of_line, levels = split_lines(ground, alive, size)
        looked += len(levels)
        is_last = is_over() or problem.persons[alive].sum() < LAST_CLASSES * size
        leaving = _choose_leaving(gauge, (alive, of_line, levels), 1.0 if is_last else share)
        if not len(leaving):
            size *= 2
            continue
        names = np.full(len(levels), NONE, dtype=np.int64)
        names[leaving] = count + np.arange(len(leaving))
        placed = of_line >= 0
        classes[alive[placed]] = names[of_line[placed]]
        found.append(levels[leaving])
        count += len(leaving)
        alive = alive[classes[alive] < 0]
    return Clusters(gauge, classes, np.concatenate(found)), looked


def split_lines(ground: Ground, lines: NDArray[np.int64], k: int) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
    """Return the class of each of some lines (-1 for those too few for one), and the levels of each class."""
    columns, depth = ground.trees.positions.shape[1], ground.trees.groups.shape[1]
    shape = depth, int(ground.trees.groups.max(initial=0)) + 1
    tally = Tally(np.zeros(shape, np.int64), np.zeros(shape), np.empty(shape, np.int64), np.zeros(depth, np.int64))
    # A class that is split leaves its place to its parts, and each part has lines of its own.
    room = len(lines) + 1
    order, cells = _list_coarsest(ground, lines, k)
    splits = Splits(
        order,
        np.empty(len(lines), np.int64),
        np.zeros((room, 2), np.int64),
        np.empty((room, columns), np.int8),
        np.full(len(ground.rows), NONE, np.int64),
        np.empty((room, columns), np.int8),
        np.array([len(cells), 0], dtype=np.int64),
    )
    splits.ends[: len(cells)], splits.levels[: len(cells)] = cells, ground.trees.coarsest
    split_down(ground, splits, tally, k)
    return splits.classes[lines], splits.class_levels[: splits.numbers[CLASSES]].copy()


def _list_coarsest(ground: Ground, lines: NDArray[np.int64], k: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return lines, those of a coarsest cell side by side, and begin and end of each cell of at least k persons."""
    cells = np.zeros(len(lines), dtype=np.int64)
    for j, level in enumerate(ground.trees.coarsest):
        groups = ground.trees.groups[ground.trees.positions[lines, j], level].astype(np.int64)
        if (groups != groups[0]).any():  # a column whose coarsest level keeps values apart
            cells = np.unique(cells * (groups.max() + 1) + groups, return_inverse=True)[1]
    order = lines[np.argsort(cells, kind="stable")]
    ends = np.cumsum(np.bincount(cells))
    persons = np.bincount(cells, weights=ground.persons[lines])
    return order, np.stack([ends - np.bincount(cells), ends], axis=1)[persons >= k]


def _choose_leaving(gauge: Gauge, split: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int8]], share: float) -> NDArray[np.int64]:
    """Return the classes that leave: those that meet the requirement and lose least, until they hold a share of the lines."""
    alive, of_line, levels = split
    problem = gauge.problem
    placed = of_line >= 0
    lines, ids = alive[placed], of_line[placed].astype(np.int32)
    firsts = np.zeros(len(levels), dtype=np.int64)
    firsts[ids[::-1]] = lines[::-1]
    losses = np.zeros(len(levels))
    for j, table in enumerate(problem.column_losses):
        losses += table[problem.values[firsts, j], levels[:, j]]
    order = np.argsort(losses, kind="stable")
    if not gauge.is_simple:
        sums = gauge.match(gauge.sum_some(lines, ids, len(levels)), problem.positions[firsts], levels)
        order = order[gauge.requirement.satisfied(sums)[order]]
    held = np.cumsum(np.bincount(ids, minlength=len(levels))[order])
    return order[: int(np.searchsorted(held, share * (held[-1] if len(held) else 0))) + 1]


@compiled
def _count_groups(ground: Ground, members: NDArray[np.int64], column: int, levels: tuple[int, int], tally: Tally) -> None:
    """Count the groups of a column at the levels from the first to below the second, which is today's."""
    trees, (finest, today) = ground.trees, levels
    for i in members:
        position = trees.positions[i, column]
        loss = trees.losses[position, today]
        for level in range(finest, today):
            group = trees.groups[position, level]
            if tally.persons[level, group] == 0:
                tally.present[level, tally.sizes[level]] = group
                tally.sizes[level] += 1
            tally.persons[level, group] += ground.persons[i]
            tally.saved[level, group] += ground.rows[i] * (loss - trees.losses[position, level])


@compiled
def _score(tally: Tally, level: int, persons: int, k: int) -> float:
    """Return the loss saved per knowledge spent (entropy of the parts), and forget the counts; -1 where no part reaches k."""
    saved, spent, rest = 0.0, 0.0, 0
    for g in range(tally.sizes[level]):
        group = tally.present[level, g]
        size = tally.persons[level, group]
        if size >= k:
            saved += tally.saved[level, group]
            spent -= size * np.log(size / persons)
        else:
            rest += size
        tally.persons[level, group], tally.saved[level, group] = 0, 0.0
    tally.sizes[level] = 0
    if rest > 0:
        spent -= rest * np.log(rest / persons)
    if saved <= 0:
        return -1.0
    return saved / spent**SPENDING_POWER if spent > 0 else np.inf


@compiled
def _choose(ground: Ground, members: NDArray[np.int64], levels: NDArray[np.int8], tally: Tally, k: int) -> tuple[int, int]:
    """Return the column and the level to split a class by; -1 for none."""
    persons = int(ground.persons[members].sum())
    best, chosen = -1.0, (NONE, NONE)
    for j in range(len(levels)):
        finest, today = ground.trees.finest[j], int(levels[j])
        _count_groups(ground, members, j, (finest, today), tally)
        for level in range(finest, today):
            score = _score(tally, level, persons, k)
            if score > best:
                best, chosen = score, (j, level)
    return chosen


@compiled
def _divide(
    ground: Ground,
    splits: Splits,
    members: NDArray[np.int64],
    cut: tuple[int, int, int],
    scratch: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> NDArray[np.int64]:
    """Reorder a class part by part, those of k persons first, and return the ends of the parts; what is too small is the last of them."""
    (column, level, k), (persons, parts), trees = cut, scratch, ground.trees
    for i in members:
        persons[trees.groups[trees.positions[i, column], level]] += ground.persons[i]
        parts[trees.groups[trees.positions[i, column], level]] = NONE
    count = 0
    for i in members:
        group = trees.groups[trees.positions[i, column], level]
        if parts[group] == NONE and persons[group] >= k:
            parts[group] = count
            count += 1
    sizes = np.zeros(count + 2, np.int64)
    for i in members:
        group = trees.groups[trees.positions[i, column], level]
        if parts[group] == NONE:
            parts[group] = count
        sizes[parts[group] + 1] += 1
    ends = np.cumsum(sizes)
    places = ends.copy()
    for i in members:
        group = trees.groups[trees.positions[i, column], level]
        persons[group] = 0
        splits.spare[places[parts[group]]] = i
        places[parts[group]] += 1
    members[:] = splits.spare[: len(members)]
    return ends


@compiled
def _reaches(ground: Ground, members: NDArray[np.int64], k: int) -> bool:
    """Whether some lines hold k persons."""
    return bool(ground.persons[members].sum() >= k)


@compiled
def split_down(ground: Ground, splits: Splits, tally: Tally, k: int) -> None:
    """Split all pending classes until none can be."""
    while splits.numbers[PENDING] > 0:
        splits.numbers[PENDING] -= 1
        begin, end = splits.ends[splits.numbers[PENDING]]
        levels = splits.levels[splits.numbers[PENDING]].copy()
        members = splits.order[begin:end]
        column, level = _choose(ground, members, levels, tally, k)
        if column < 0:
            splits.classes[members] = splits.numbers[CLASSES]
            splits.class_levels[splits.numbers[CLASSES]] = levels
            splits.numbers[CLASSES] += 1
            continue
        ends = _divide(ground, splits, members, (column, level, k), (tally.persons[level], tally.present[level]))
        last = len(ends) - 2
        for part in range(last + 1):
            if part == last and not _reaches(ground, members[ends[part] : ends[part + 1]], k):
                continue
            at = splits.numbers[PENDING]
            splits.ends[at, 0], splits.ends[at, 1] = begin + ends[part], begin + ends[part + 1]
            splits.levels[at] = levels
            if part < last:
                splits.levels[at, column] = level
            splits.numbers[PENDING] += 1
