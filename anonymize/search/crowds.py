"""How many persons still stand in each group of a few columns: who is in too small a group can be in no class.

Decided here: what is kept of these groups. Not decided here: who leaves them (`peeling`).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from anonymize.compiled import compiled

EMPTY = -1


class Crowds(NamedTuple):
    """Persons alive in each group of one pack alone: a line whose group holds fewer than k cannot be in a cell of k, at any other levels.

    Parameters
    ----------
    sums : NDArray[np.int64]
        Laid out like the flat groups: (pack, choice of levels, group).
    live : NDArray[np.int32]
        (pack, choice of levels, packed value): its group, -1 once the group holds fewer than k.
    heads, following : NDArray[np.int32]
        Packed values of a group as a linked list: the first of each group, and the next of each value; -1 ends it.
    starts, values, choices : NDArray[np.int64]
        Per pack where it starts, its packed values, its choices of levels; 0 choices where counting them would cost more than it saves.
    """

    sums: NDArray[np.int64]
    live: NDArray[np.int32]
    heads: NDArray[np.int32]
    following: NDArray[np.int32]
    starts: NDArray[np.int64]
    values: NDArray[np.int64]
    choices: NDArray[np.int64]


def open_crowds(groups: NDArray[np.int32], shapes: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]) -> Crowds:
    """Return crowds of nobody; `shapes` are starts, values and choices."""
    heads = np.full(len(groups), EMPTY, np.int32)
    following = np.full(len(groups), EMPTY, np.int32)
    crowds = Crowds(np.zeros(len(groups), np.int64), groups.copy(), heads, following, *shapes)
    _link(groups, crowds)
    return crowds


@compiled
def _link(groups: NDArray[np.int32], crowds: Crowds) -> None:
    """List the packed values of each group."""
    for p in range(len(crowds.starts)):
        for choice in range(crowds.choices[p]):
            start = crowds.starts[p] + choice * crowds.values[p]
            for v in range(crowds.values[p]):
                group = groups[start + v]
                crowds.following[start + v] = crowds.heads[start + group]
                crowds.heads[start + group] = v


@compiled
def bury(groups: NDArray[np.int32], crowds: Crowds, k: int) -> None:
    """Mark the packed values of all groups that hold fewer than k."""
    for p in range(len(crowds.starts)):
        for choice in range(crowds.choices[p]):
            start = crowds.starts[p] + choice * crowds.values[p]
            for v in range(crowds.values[p]):
                if crowds.sums[start + groups[start + v]] < k:
                    crowds.live[start + v] = EMPTY
