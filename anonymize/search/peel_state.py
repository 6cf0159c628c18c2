"""What the peel works on: lines that are still there, side by side, and the nodes that may have a class for them.

Decided here: what is kept between two nodes. Not decided here: which classes leave (`peeling`).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from anonymize.search.crowds import Crowds
from anonymize.search.kernels import Flat

ALIVE, HEAP, CLASSES, VISITS, CELLS, NODE = range(6)
# Keys are counted in a table of their own while there are not many more of them than lines; beyond, by hashing.
KEYS_PER_LINE, FEWEST_KEYS = 8, 1 << 20


class Nodes(NamedTuple):
    """Nodes to look at: where they stand in the flat tables (see `Place`)."""

    starts: NDArray[np.int64]
    factors: NDArray[np.int64]
    wide: NDArray[np.bool_]
    sizes: NDArray[np.int64]


class Peel(NamedTuple):
    """What the loop works on, all in place.

    Parameters
    ----------
    numbers : NDArray[np.int64]
        Lines alive, size of the heap, classes made, visits, cells of the node last counted, that node.
    alive : NDArray[np.int64]
        Lines not yet released, ascending, as many as `numbers[ALIVE]`.
    codes, persons : NDArray
        (packs, lines), (lines): of each line alive its packed values, and its persons: an upper bound of what a class adds up to.
    bounds, heap : NDArray
        Smallest loss, and number, of each node in the heap.
    cells, firsts, sums, cell_losses : NDArray
        Per line alive its cell at the node last counted, -1 where that is not one of k; per cell its first line, persons and loss.
    at, classes : NDArray[np.int64]
        Per line the node and class it left with, -1 while alive.
    ceiling : NDArray[np.float64]
        (1): the walk ends where the next node's bound is higher.
    keys, tally : NDArray[np.int64]
        Room to count in: `tally` is 0 everywhere between two counts.
    """

    numbers: NDArray[np.int64]
    alive: NDArray[np.int64]
    codes: NDArray[np.int32]
    persons: NDArray[np.int64]
    bounds: NDArray[np.float64]
    heap: NDArray[np.int64]
    cells: NDArray[np.int32]
    firsts: NDArray[np.int64]
    sums: NDArray[np.int64]
    cell_losses: NDArray[np.float64]
    at: NDArray[np.int64]
    classes: NDArray[np.int64]
    ceiling: NDArray[np.float64]
    keys: NDArray[np.int64]
    tally: NDArray[np.int64]
    crowds: Crowds


def make_peel(flat: Flat, crowds: Crowds, persons: NDArray[np.int64], lines: NDArray[np.int64]) -> Peel:
    """Return the state in which nothing has left and no node is in the heap; `lines` take part."""
    count = len(persons)
    return Peel(
        np.array([len(lines), 0, 0, 0, 0, 0], dtype=np.int64),
        lines.copy(),
        np.ascontiguousarray(flat.codes[lines].T),
        persons[lines],
        np.empty(0),
        np.empty(0, np.int64),
        np.empty(count, np.int32),
        np.empty(count, np.int64),
        np.empty(count, np.int64),
        np.empty(count, np.float64),
        np.full(count, -1, np.int64),
        np.full(count, -1, np.int64),
        np.array([np.inf]),
        np.empty(count, np.int64),
        np.zeros(max(KEYS_PER_LINE * count, FEWEST_KEYS), np.int64),
        crowds,
    )


def add_nodes(peel: Peel, bounds: NDArray[np.float64], first: int) -> Peel:
    """Return the state with more nodes in the heap, numbered from `first`; `bounds` are losses below which no class of theirs lies."""
    size = int(peel.numbers[HEAP])
    heap = np.concatenate([peel.heap[:size], np.arange(first, first + len(bounds))])
    keys = np.concatenate([peel.bounds[:size], bounds])
    order = np.lexsort((heap, keys))
    peel.numbers[HEAP] = len(heap)
    return peel._replace(bounds=keys[order], heap=heap[order])
