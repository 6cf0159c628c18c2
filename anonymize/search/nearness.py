"""Compiled loops that ask what it costs to merge a class with each of the others, and who its lines are.

Decided here: how cost and members are found fast. Not decided here: who is merged.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from anonymize.compiled import compiled
from anonymize.search.walks import Trees

NONE = -1


class Standing(NamedTuple):
    """Classes side by side: positions of a line of each, levels, rows (0 for classes that are gone), and who waits for a class itself."""

    positions: NDArray[np.int32]
    levels: NDArray[np.int8]
    rows: NDArray[np.int64]
    waits: NDArray[np.bool_]


@compiled
def _measure_cost(trees: Trees, classes: Standing, one: int, other: int, limit: float) -> float:
    """Return what it costs to merge two classes, on both sides; infinite beyond the limit or the coarsest levels."""
    cost = 0.0
    for j in range(classes.positions.shape[1]):
        mine, theirs = classes.positions[one, j], classes.positions[other, j]
        union = max(classes.levels[one, j], classes.levels[other, j])
        while union < trees.coarsest[j] and trees.groups[mine, union] != trees.groups[theirs, union]:
            union += 1
        if trees.groups[mine, union] != trees.groups[theirs, union]:
            return np.inf
        cost += classes.rows[other] * (trees.losses[theirs, union] - trees.losses[theirs, classes.levels[other, j]])
        cost += classes.rows[one] * (trees.losses[mine, union] - trees.losses[mine, classes.levels[one, j]])
        if cost > limit:
            return np.inf
    return cost


@compiled
def find_nearest(trees: Trees, classes: Standing, one: int, most: int) -> tuple[NDArray[np.int64], int]:
    """Return the classes that are cheapest to merge with, the cheapest first, and the cheapest of those that wait (-1 for none)."""
    near, costs, count = np.full(most + 1, NONE), np.full(most + 1, np.inf), 0
    waiting, least = NONE, np.inf
    for c in range(len(classes.rows)):
        if c == one or classes.rows[c] == 0:
            continue
        if classes.waits[c]:
            cost = _measure_cost(trees, classes, one, c, least) if count == 0 else np.inf
            if cost < least:
                waiting, least = c, cost
            continue
        cost = _measure_cost(trees, classes, one, c, costs[most - 1])
        if not cost < costs[most - 1]:
            continue
        at = min(count, most - 1)
        while at > 0 and costs[at - 1] > cost:
            near[at], costs[at] = near[at - 1], costs[at - 1]
            at -= 1
        near[at], costs[at] = c, cost
        count = min(count + 1, most)
    return near[:count], waiting


@compiled
def list_members(heads: NDArray[np.int64], following: NDArray[np.int64], number: int) -> NDArray[np.int64]:
    """Return the lines of a class in the order of its list."""
    count, i = 0, heads[number]
    while i >= 0:
        count += 1
        i = following[i]
    members = np.empty(count, np.int64)
    i = heads[number]
    for m in range(count):
        members[m] = i
        i = following[i]
    return members


def link_members(classes: NDArray[np.int64], count: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the first and the last line of each class, and the line that follows each line in its class; -1 for none."""
    heads, tails = np.full(count, NONE, dtype=np.int64), np.full(count, NONE, dtype=np.int64)
    following = np.full(len(classes), NONE, dtype=np.int64)
    order = np.argsort(classes, kind="stable")
    order = order[classes[order] >= 0]
    owners = classes[order]
    same = owners[1:] == owners[:-1]
    following[order[:-1][same]] = order[1:][same]
    heads[owners[::-1]] = order[::-1]
    tails[owners] = order
    return heads, tails, following
