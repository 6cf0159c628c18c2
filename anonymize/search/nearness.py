"""Compiled loops that ask what it costs to merge a class with each of the others, and who its lines are.

Decided here: how cost and members are found fast. Not decided here: who is merged.
"""

import numpy as np
from numpy.typing import NDArray

from anonymize.compiled import compiled
from anonymize.search.walks import Trees

NONE = -1


@compiled
def measure_costs(
    trees: Trees,
    classes: tuple[NDArray[np.int32], NDArray[np.int8], NDArray[np.int64]],
    one: tuple[NDArray[np.int32], NDArray[np.int8], int],
    costs: NDArray[np.float64],
) -> None:
    """Write what it costs to merge each class with one group of lines, on both sides; infinite for classes without rows or beyond reach.

    `classes` are the positions of a line, the levels and rows of each class; `one` is the same of the group.
    """
    positions, levels, rows = classes
    own, own_levels, own_rows = one
    for c in range(len(rows)):
        costs[c] = 0.0 if rows[c] > 0 else np.inf
        if rows[c] == 0:
            continue
        for j in range(len(own)):
            mine, theirs = own[j], positions[c, j]
            union = max(levels[c, j], own_levels[j])
            while union < trees.coarsest[j] and trees.groups[mine, union] != trees.groups[theirs, union]:
                union += 1
            if trees.groups[mine, union] != trees.groups[theirs, union]:
                costs[c] = np.inf
                break
            costs[c] += rows[c] * (trees.losses[theirs, union] - trees.losses[theirs, levels[c, j]])
            costs[c] += own_rows * (trees.losses[mine, union] - trees.losses[mine, own_levels[j]])


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
