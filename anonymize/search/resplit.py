"""Compiled pass over the classes of the local search: each is cut anew where that lowers the loss.

A class is cut along one or two columns at finer levels. Each piece either becomes a class of its own, completed to k persons by lines of
the same cell that other classes can spare, or its lines go to the cheapest other classes whose cells hold them already. The cut that saves
most is made, if any saves. Before that, lines leave for cheaper classes while their class can spare them.

Decided here: the cuts of one class. Not decided here: when they are tried. Only for k without other models and for persons who stand in one
combination each: then persons of lines may be added. A pass looks at every line once per class, so it is for few classes (large k).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from anonymize.compiled import compiled
from anonymize.search.walks import Trees

NONE = -1
LEAST_GAIN = 1e-9


class Partition(NamedTuple):
    """Who is where, all in place; room for more classes than are in use.

    Parameters
    ----------
    rows, persons, classes : NDArray[np.int64]
        Of each line.
    levels, firsts : NDArray[np.int64]
        Of each class: (classes, columns) its levels, and a line that lies in its cell.
    sums : NDArray[np.int64]
        Persons of each class.
    losses : NDArray[np.float64]
        Loss per row of each class.
    numbers : NDArray[np.int64]
        (1): classes in use.
    """

    rows: NDArray[np.int64]
    persons: NDArray[np.int64]
    classes: NDArray[np.int64]
    levels: NDArray[np.int64]
    firsts: NDArray[np.int64]
    sums: NDArray[np.int64]
    losses: NDArray[np.float64]
    numbers: NDArray[np.int64]


class Around(NamedTuple):
    """One class and what can be done with its lines.

    Parameters
    ----------
    members : NDArray[np.int64]
        Its lines.
    havens, haven_losses : NDArray
        Per member the cheapest other class whose cell holds it (-1 for none), and what it would lose per row there.
    spares : NDArray[np.int64]
        Lines of other classes in its cell that these can spare, the one that loses most first.
    member_groups, spare_groups : NDArray[np.int64]
        (columns, levels, lines): groups, numbered among the members; -1 where no member is.
    counts : NDArray[np.int64]
        (columns, levels): how many groups.
    """

    members: NDArray[np.int64]
    havens: NDArray[np.int64]
    haven_losses: NDArray[np.float64]
    spares: NDArray[np.int64]
    member_groups: NDArray[np.int64]
    spare_groups: NDArray[np.int64]
    counts: NDArray[np.int64]


class Pieces(NamedTuple):
    """What becomes of a class that is cut: which pieces stand alone, with whose help, and what they lose per row."""

    stands: NDArray[np.bool_]
    losses: NDArray[np.float64]
    helped: NDArray[np.int64]


Cut = tuple[int, int, int, int]


@compiled
def _is_inside(trees: Trees, part: Partition, c: int, i: int) -> bool:
    """Whether a line lies in the cell of a class."""
    first = part.firsts[c]
    for j in range(trees.positions.shape[1]):
        level = part.levels[c, j]
        if trees.groups[trees.positions[i, j], level] != trees.groups[trees.positions[first, j], level]:
            return False
    return True


@compiled
def _move(part: Partition, i: int, c: int) -> None:
    """Move a line to a class."""
    part.sums[part.classes[i]] -= part.persons[i]
    part.classes[i] = c
    part.sums[c] += part.persons[i]


@compiled
def _find_havens(trees: Trees, part: Partition, x: int, members: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return for each member the cheapest other class that holds it already, and the loss there."""
    havens, losses = np.full(len(members), NONE), np.full(len(members), np.inf)
    for c in range(part.numbers[0]):
        if c != x and part.sums[c] > 0:
            for m in range(len(members)):
                if part.losses[c] < losses[m] and _is_inside(trees, part, c, members[m]):
                    havens[m], losses[m] = c, part.losses[c]
    return havens, losses


@compiled
def _find_spares(trees: Trees, part: Partition, x: int, k: int) -> NDArray[np.int64]:
    """Return the lines in the cell of a class that other classes can spare, the one that loses most first."""
    found, count = np.empty(len(part.rows), np.int64), 0
    for i in range(len(part.rows)):
        own = part.classes[i]
        if own >= 0 and own != x and part.sums[own] - part.persons[i] >= k and _is_inside(trees, part, x, i):
            found[count] = i
            count += 1
    losses = np.empty(count)
    for s in range(count):
        losses[s] = -part.losses[part.classes[found[s]]]
    return found[:count][np.argsort(losses, kind="mergesort")]


@compiled
def _look_around(trees: Trees, part: Partition, x: int, k: int) -> Around:
    """Return a class with all that its cuts are weighed by, after lines have left that are better off elsewhere."""
    members = np.flatnonzero(part.classes == x)
    havens, losses = _find_havens(trees, part, x, members)
    for m in range(len(members)):
        if losses[m] < part.losses[x] - LEAST_GAIN and part.sums[x] - part.persons[members[m]] >= k:
            _move(part, members[m], havens[m])
    stay = part.classes[members] == x
    members, havens, losses = members[stay], havens[stay], losses[stay]
    spares = _find_spares(trees, part, x, k)
    columns, depth = trees.positions.shape[1], trees.groups.shape[1]
    member_groups = np.empty((columns, depth, len(members)), np.int64)
    spare_groups = np.empty((columns, depth, len(spares)), np.int64)
    counts = np.zeros((columns, depth), np.int64)
    numbers = np.full(len(trees.groups), NONE)
    for j in range(columns):
        for level in range(trees.finest[j], part.levels[x, j]):
            for m in range(len(members)):
                group = trees.groups[trees.positions[members[m], j], level]
                if numbers[group] == NONE:
                    numbers[group] = counts[j, level]
                    counts[j, level] += 1
                member_groups[j, level, m] = numbers[group]
            for s in range(len(spares)):
                spare_groups[j, level, s] = numbers[trees.groups[trees.positions[spares[s], j], level]]
            for m in range(len(members)):
                numbers[trees.groups[trees.positions[members[m], j], level]] = NONE
    return Around(members, havens, losses, spares, member_groups, spare_groups, counts)


@compiled
def _piece(groups: NDArray[np.int64], counts: NDArray[np.int64], cut: Cut, line: int) -> int:
    """Return the piece of a cut in which a line lies; -1 where no member is."""
    j, level, other, other_level = cut
    one = groups[j, level, line]
    if other == j or one < 0:
        return int(one)
    two = groups[other, other_level, line]
    return NONE if two < 0 else int(one * counts[other, other_level] + two)


@compiled
def _loss_there(trees: Trees, part: Partition, i: int, cut: Cut) -> float:
    """Return what a line of a class would lose per row in its piece."""
    x = part.classes[i]
    j, level, other, other_level = cut
    loss = part.losses[x] + trees.losses[trees.positions[i, j], level] - trees.losses[trees.positions[i, j], part.levels[x, j]]
    if other != j:
        loss += trees.losses[trees.positions[i, other], other_level] - trees.losses[trees.positions[i, other], part.levels[x, other]]
    return float(loss)


@compiled
def _weigh(trees: Trees, part: Partition, around: Around, cut: Cut, k: int) -> tuple[float, Pieces]:
    """Return what a cut would save, in rows, and what becomes of its pieces."""
    size = around.counts[cut[0], cut[1]] * (around.counts[cut[2], cut[3]] if cut[2] != cut[0] else 1)
    persons, losses, gains, exits = np.zeros(size, np.int64), np.zeros(size), np.zeros(size), np.zeros(size)
    here = part.losses[part.classes[around.members[0]]]
    for m in range(len(around.members)):
        i, p = around.members[m], _piece(around.member_groups, around.counts, cut, m)
        if persons[p] == 0:
            losses[p] = _loss_there(trees, part, i, cut)
        persons[p] += part.persons[i]
        gains[p] += part.rows[i] * (here - losses[p])
        exits[p] += part.rows[i] * (here - around.haven_losses[m])
    spent = np.zeros(part.numbers[0], np.int64)
    helped = np.full(len(around.spares), NONE)
    for s in range(len(around.spares)):
        p = _piece(around.spare_groups, around.counts, cut, s)
        if p < 0 or persons[p] == 0 or persons[p] >= k or gains[p] <= exits[p]:
            continue
        i = around.spares[s]
        own = part.classes[i]
        if part.sums[own] - spent[own] - part.persons[i] >= k:
            spent[own] += part.persons[i]
            persons[p] += part.persons[i]
            gains[p] += part.rows[i] * (part.losses[own] - losses[p])
            helped[s] = p
    stands = (persons >= k) & (gains > exits)
    return float(np.where(stands, gains, exits).sum()), Pieces(stands, losses, helped)


@compiled
def _make_pieces(part: Partition, around: Around, cut: Cut, pieces: Pieces) -> None:
    """Make a cut: pieces that stand become classes, the other lines go to their havens."""
    x = part.classes[around.members[0]]
    names = np.full(len(pieces.stands), NONE)
    for m in range(len(around.members)):
        i, p = around.members[m], _piece(around.member_groups, around.counts, cut, m)
        if not pieces.stands[p]:
            _move(part, i, around.havens[m])
            continue
        if names[p] == NONE:
            c = part.numbers[0]
            part.numbers[0] += 1
            names[p], part.firsts[c], part.sums[c], part.losses[c] = c, i, 0, pieces.losses[p]
            part.levels[c] = part.levels[x]
            part.levels[c, cut[0]] = cut[1]
            part.levels[c, cut[2]] = cut[3]
        _move(part, i, names[p])
    for s in range(len(around.spares)):
        if pieces.helped[s] >= 0 and pieces.stands[pieces.helped[s]]:
            _move(part, around.spares[s], names[pieces.helped[s]])


@compiled
def _try_cuts(trees: Trees, part: Partition, around: Around, k: int) -> float:
    """Make the cut of one class that saves most; return how much, in rows."""
    x = part.classes[around.members[0]]
    columns = trees.positions.shape[1]
    best, chosen = LEAST_GAIN, (NONE, NONE, NONE, NONE)
    for j in range(columns):
        for level in range(trees.finest[j], part.levels[x, j]):
            for other in range(j, columns):
                # The column itself stands for none beside it.
                low = level if other == j else trees.finest[other]
                high = level + 1 if other == j else part.levels[x, other]
                for other_level in range(low, high):
                    saved, _ = _weigh(trees, part, around, (j, level, other, other_level), k)
                    if saved > best:
                        best, chosen = saved, (j, level, other, other_level)
    if chosen[0] == NONE:
        return 0.0
    _make_pieces(part, around, chosen, _weigh(trees, part, around, chosen, k)[1])
    return best


@compiled
def resplit(trees: Trees, part: Partition, k: int, order: NDArray[np.int64]) -> float:
    """Cut the classes in some order; return what that saves, in rows."""
    before = 0.0
    for i in range(len(part.rows)):
        before += part.rows[i] * part.losses[part.classes[i]] if part.classes[i] >= 0 else 0.0
    for x in order:
        if part.sums[x] > 0:
            around = _look_around(trees, part, x, k)
            if len(around.members) > 0:
                _try_cuts(trees, part, around, k)
    after = 0.0
    for i in range(len(part.rows)):
        after += part.rows[i] * part.losses[part.classes[i]] if part.classes[i] >= 0 else 0.0
    return before - after
