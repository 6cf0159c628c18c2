"""Compiled loop of the local search: classes leave in ascending loss.

A heap holds, per node, the smallest loss at which one of its classes may leave (at first a bound). The node with the smallest is counted
over the lines still there; its classes that reach k and cost no more than the next node's bound leave; the node returns to the heap with
the loss of its next class, or is dropped when no class reaches k: lines only get fewer, so it never will.

Decided here: the order of leaving. Not decided here: which nodes are looked at, and what happens to the last lines.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from anonymize.compiled import compiled
from anonymize.search.crowds import Crowds, bury
from anonymize.search.kernels import GOLDEN, Flat

EMPTY = -1
ALIVE, HEAP, CLASSES, VISITS, CELLS, NODE = range(6)
FINISHED, PAUSED = -1, -2


class Nodes(NamedTuple):
    """Nodes to look at: where they stand in the flat tables (see `Place`)."""

    starts: NDArray[np.int64]
    factors: NDArray[np.int64]
    wide: NDArray[np.bool_]


class Peel(NamedTuple):
    """What the loop works on, all in place.

    Parameters
    ----------
    numbers : NDArray[np.int64]
        Lines alive, size of the heap, classes made, visits, cells of the node last counted, that node.
    alive : NDArray[np.int64]
        Lines not yet released, ascending, as many as `numbers[ALIVE]`.
    persons : NDArray[np.int64]
        Persons of each line: an upper bound of what a class adds up to.
    bounds, heap : NDArray
        Smallest loss, and number, of each node in the heap.
    cells, firsts, sums, cell_losses : NDArray
        Per line alive its cell at the node last counted, -1 where it cannot be one of k; per cell its first line, persons and loss.
    at, classes : NDArray[np.int64]
        Per line the node and class it left with, -1 while alive.
    ceiling : NDArray[np.float64]
        (1): the walk ends where the next node's bound is higher.
    """

    numbers: NDArray[np.int64]
    alive: NDArray[np.int64]
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
    crowds: Crowds


def start_peel(flat: Flat, crowds: Crowds, persons: NDArray[np.int64], kept: NDArray[np.bool_], k: int) -> Peel:
    """Return the state in which nothing has left and no node is in the heap."""
    lines = len(persons)
    crowd_together(flat, crowds, np.flatnonzero(kept), persons, k)
    bury(flat.groups, crowds, k)
    alive = np.zeros(lines, dtype=np.int64)
    alive[: int(kept.sum())] = np.flatnonzero(kept)
    return Peel(
        np.array([int(kept.sum()), 0, 0, 0, 0, 0], dtype=np.int64),
        alive,
        persons,
        np.empty(0),
        np.empty(0, np.int64),
        np.empty(lines, np.int32),
        np.empty(lines, np.int64),
        np.empty(lines, np.int64),
        np.empty(lines, np.float64),
        np.full(lines, -1, np.int64),
        np.full(lines, -1, np.int64),
        np.array([np.inf]),
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


@compiled
def crowd_together(flat: Flat, crowds: Crowds, lines: NDArray[np.int64], persons: NDArray[np.int64], k: int) -> None:
    """Add the persons of lines to the groups they are in; negative persons leave, and groups that fall below k are marked."""
    for i in lines:
        for p in range(len(crowds.starts)):
            code = flat.codes[i, p]
            start = crowds.starts[p]
            for _ in range(crowds.choices[p]):
                group = flat.groups[start + code]
                before = crowds.sums[start + group]
                crowds.sums[start + group] = before + persons[i]
                if before >= k and before + persons[i] < k:
                    v = crowds.heads[start + group]
                    while v >= 0:
                        crowds.live[start + v] = EMPTY
                        v = crowds.following[start + v]
                start += crowds.values[p]


@compiled
def _push(peel: Peel, bound: float, node: int) -> None:
    """Put a node into the heap; equal bounds are ordered by number, so that the walk never depends on chance."""
    bounds, heap = peel.bounds, peel.heap
    i = peel.numbers[HEAP]
    peel.numbers[HEAP] += 1
    while i > 0:
        parent = (i - 1) >> 1
        if bounds[parent] < bound or (bounds[parent] == bound and heap[parent] < node):
            break
        bounds[i], heap[i] = bounds[parent], heap[parent]
        i = parent
    bounds[i], heap[i] = bound, node


@compiled
def _pop(peel: Peel) -> None:
    """Drop the first node of the heap."""
    bounds, heap = peel.bounds, peel.heap
    peel.numbers[HEAP] -= 1
    size = peel.numbers[HEAP]
    bound, node = bounds[size], heap[size]
    i = 0
    while 2 * i + 1 < size:
        child = 2 * i + 1
        right = child + 1
        if right < size and (bounds[right] < bounds[child] or (bounds[right] == bounds[child] and heap[right] < heap[child])):
            child = right
        if bound < bounds[child] or (bound == bounds[child] and node < heap[child]):
            break
        bounds[i], heap[i] = bounds[child], heap[child]
        i = child
    bounds[i], heap[i] = bound, node


@compiled
def _count(flat: Flat, nodes: Nodes, peel: Peel, scratch: tuple[NDArray[np.int32], NDArray[np.int64]]) -> None:
    """Count the cells of the node in `peel.numbers[NODE]` over the lines alive; those that cannot be in a cell of k get none."""
    codes, alive, sums, live = flat.codes, peel.alive, peel.sums, peel.crowds.live
    slots, keys = scratch
    node, lines, packs = peel.numbers[NODE], peel.numbers[ALIVE], codes.shape[1]
    starts, factors, wide = nodes.starts[node], nodes.factors[node], nodes.wide[node]
    bits = 4
    while (1 << bits) < 2 * lines:
        bits += 1
    shift, mask = np.uint64(64 - bits), (1 << bits) - 1
    slots[: 1 << bits] = EMPTY
    count = 0
    for a in range(lines):
        i = alive[a]
        key = np.int64(0)
        lonely = False
        for j in range(packs):
            its_group = live[starts[j] + codes[i, j]]
            if its_group < 0:
                lonely = True
                break
            key += its_group * factors[j]
        if lonely:
            peel.cells[a] = EMPTY
            continue
        mixed = np.uint64(key)
        mixed = (mixed ^ (mixed >> np.uint64(32))) * GOLDEN
        at = np.int64(mixed >> shift)
        found = slots[at]
        while found != EMPTY:
            if keys[found] == key and (not wide or _is_same(flat, starts, i, peel.firsts[found])):
                break
            at = (at + 1) & mask
            found = slots[at]
        if found == EMPTY:
            slots[at] = count
            keys[count] = key
            peel.firsts[count] = i
            sums[count] = 0
            found = count
            count += 1
        sums[found] += peel.persons[i]
        peel.cells[a] = found
    peel.numbers[CELLS] = count


@compiled
def _is_same(flat: Flat, starts: NDArray[np.int64], one: int, other: int) -> bool:
    """Whether two lines have equal groups in every pack."""
    for j in range(flat.codes.shape[1]):
        if flat.groups[starts[j] + flat.codes[one, j]] != flat.groups[starts[j] + flat.codes[other, j]]:
            return False
    return True


@compiled
def release(flat: Flat, peel: Peel, allowed: NDArray[np.bool_], limit: float, k: int) -> None:
    """Let the allowed cells that cost at most `limit` leave as classes; the node returns to the heap if others wait."""
    node, lines = peel.numbers[NODE], peel.numbers[ALIVE]
    following = np.inf
    names = np.full(peel.numbers[CELLS], EMPTY, np.int64)
    for c in range(peel.numbers[CELLS]):
        if allowed[c]:
            if peel.cell_losses[c] <= limit:
                names[c] = peel.numbers[CLASSES]
                peel.numbers[CLASSES] += 1
            elif peel.cell_losses[c] < following:
                following = peel.cell_losses[c]
    kept, left = 0, 0
    gone = np.empty(lines, np.int64)
    for a in range(lines):
        i = peel.alive[a]
        name = names[peel.cells[a]] if peel.cells[a] != EMPTY else EMPTY
        if name >= 0:
            peel.at[i], peel.classes[i] = node, name
            gone[left] = i
            left += 1
        else:
            peel.alive[kept] = i
            kept += 1
    peel.numbers[ALIVE] = kept
    crowd_together(flat, peel.crowds, gone[:left], -peel.persons, k)
    if following < np.inf:
        _push(peel, following, node)


@compiled
def next_limit(peel: Peel, bound: float) -> float:
    """Return up to which loss classes may leave now: the next node's bound."""
    return max(bound, peel.bounds[0]) if peel.numbers[HEAP] > 0 else np.inf


@compiled
def walk(flat: Flat, nodes: Nodes, peel: Peel, k: int, steps: NDArray[np.int64]) -> float:
    """Walk until the heap or the lines run out (-1), or `steps[0]` line visits are used up (-2).

    With `steps[1]` not 0 the walk stops at each node where a cell may leave, and returns the limit to be given to `release`.
    """
    slots = np.empty(max(4 * len(flat.codes), 16), np.int32)
    keys = np.empty(len(flat.codes), np.int64)
    used = 0
    while peel.numbers[ALIVE] > 0 and peel.numbers[HEAP] > 0:
        if used >= steps[0]:
            return float(PAUSED)
        bound, node = peel.bounds[0], peel.heap[0]
        if bound > peel.ceiling[0]:
            break
        _pop(peel)
        peel.numbers[NODE] = node
        peel.numbers[VISITS] += 1
        used += peel.numbers[ALIVE]
        _count(flat, nodes, peel, (slots, keys))
        allowed = np.zeros(peel.numbers[CELLS], np.bool_)
        hits = 0
        for c in range(peel.numbers[CELLS]):
            if peel.sums[c] >= k:
                total = 0.0
                for j in range(flat.codes.shape[1]):
                    total += flat.losses[nodes.starts[node, j] + flat.codes[peel.firsts[c], j]]
                peel.cell_losses[c] = total
                allowed[c] = True
                hits += 1
        if hits > 0:
            limit = next_limit(peel, bound)
            if steps[1] != 0:
                return limit
            release(flat, peel, allowed, limit, k)
    return float(FINISHED)
