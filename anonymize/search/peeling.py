"""Compiled loop of the local search: classes leave in ascending loss.

A heap holds, per node, the smallest loss at which one of its classes may leave (at first a bound). The node with the smallest is counted
over the lines still there; its classes that reach k and cost no more than the next node's bound leave; the node returns to the heap with
the loss of its next class, or is dropped when no class reaches k: lines only get fewer, so it never will.

Decided here: the order of leaving. Not decided here: which nodes are looked at, and what happens to the last lines.
"""

import numpy as np
from numpy.typing import NDArray

from anonymize.compiled import compiled
from anonymize.search.crowds import Crowds, bury
from anonymize.search.kernels import GOLDEN, Flat
from anonymize.search.peel_state import ALIVE, CELLS, CLASSES, HEAP, NODE, VISITS, Nodes, Peel, make_peel

EMPTY = -1
FINISHED, PAUSED = -1, -2
STRETCH = 1 << 12
# So far below 0 that no sum of factors leads back, for a hundred packs.
LONELY = -(1 << 56)


def start_peel(flat: Flat, crowds: Crowds, persons: NDArray[np.int64], kept: NDArray[np.bool_], k: int) -> Peel:
    """Return the state in which nothing has left and no node is in the heap."""
    peel = make_peel(flat, crowds, persons, np.flatnonzero(kept))
    crowd_together(flat, crowds, peel.codes[:, :], peel.persons, k)
    bury(flat.groups, crowds, k)
    return peel


@compiled
def crowd_together(flat: Flat, crowds: Crowds, codes: NDArray[np.int32], persons: NDArray[np.int64], k: int) -> None:
    """Add the persons of some lines to the groups they are in; negative persons leave, and groups that fall below k are marked."""
    for i in range(len(persons)):
        for p in range(len(crowds.starts)):
            code = codes[p, i]
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
def _find_keys(peel: Peel, starts: NDArray[np.int64], factors: NDArray[np.int64]) -> None:
    """Write the key of each line's cell, from 1; 0 where one of its groups holds too few.

    Pack by pack over short stretches of lines, without branches: that is what processors do several of at once.
    """
    keys, codes, live, lines = peel.keys, peel.codes, peel.crowds.live, peel.numbers[ALIVE]
    for begin in range(0, lines, STRETCH):
        end = min(begin + STRETCH, lines)
        for a in range(begin, end):
            keys[a] = 1
        for j in range(len(codes)):
            start, factor, of_line = np.uint64(starts[j]), factors[j], codes[j]
            for a in range(begin, end):
                its_group = live[start + np.uint64(of_line[a])]
                keys[a] += its_group * factor if its_group >= 0 else LONELY
        for a in range(begin, end):
            keys[a] = max(keys[a], 0)


@compiled
def _count(nodes: Nodes, peel: Peel, k: int) -> None:
    """Count the cells of the node in `peel.numbers[NODE]` over the lines alive, key by key, and number those that reach k."""
    keys, tally, persons = peel.keys, peel.tally, peel.persons
    node, lines, most = peel.numbers[NODE], peel.numbers[ALIVE], 0
    _find_keys(peel, nodes.starts[node], nodes.factors[node])
    for a in range(lines):
        key = np.uint64(keys[a])
        together = tally[key] + persons[a]
        tally[key] = together
        most = max(most, together if key > np.uint64(0) else 0)
    tally[0] = 0
    count = 0
    for a in range(lines if most >= k else 0):
        sum_or_name = tally[keys[a]]
        peel.cells[a] = -sum_or_name - 1 if sum_or_name < 0 else EMPTY
        if sum_or_name >= k:
            peel.firsts[count], peel.sums[count], peel.cells[a] = peel.alive[a], sum_or_name, count
            count += 1
            tally[keys[a]] = -count
    for a in range(lines):
        tally[np.uint64(keys[a])] = 0
    peel.numbers[CELLS] = count


@compiled
def _count_by_hash(flat: Flat, nodes: Nodes, peel: Peel) -> None:
    """Count the cells of the node in `peel.numbers[NODE]` over the lines alive, where keys are many."""
    keys, slots, codes, live = peel.keys, peel.tally, peel.codes, peel.crowds.live
    node, lines, count = peel.numbers[NODE], peel.numbers[ALIVE], 0
    starts, factors, wide = nodes.starts[node], nodes.factors[node], nodes.wide[node]
    bits = 4
    while (1 << bits) < 2 * lines:
        bits += 1
    shift, mask = np.uint64(64 - bits), (1 << bits) - 1
    for a in range(lines):
        key, lonely = np.int64(0), False
        for j in range(len(codes)):
            its_group = live[starts[j] + codes[j, a]]
            lonely = lonely or its_group < 0
            key += its_group * factors[j]
        peel.cells[a] = EMPTY
        if lonely:
            continue
        mixed = np.uint64(key)
        mixed = (mixed ^ (mixed >> np.uint64(32))) * GOLDEN
        at = np.int64(mixed >> shift)
        found = slots[at] - 1
        while found != EMPTY:
            if keys[found] == key and (not wide or _is_same(flat, starts, peel.alive[a], peel.firsts[found])):
                break
            at = (at + 1) & mask
            found = slots[at] - 1
        if found == EMPTY:
            slots[at], keys[count], peel.firsts[count], peel.sums[count] = count + 1, key, peel.alive[a], 0
            found = count
            count += 1
        peel.sums[found] += peel.persons[a]
        peel.cells[a] = found
    slots[: 1 << bits] = 0
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
    gone, minus = np.empty((len(peel.codes), lines), np.int32), np.empty(lines, np.int64)
    for a in range(lines):
        name = names[peel.cells[a]] if peel.cells[a] != EMPTY else EMPTY
        if name >= 0:
            peel.at[peel.alive[a]], peel.classes[peel.alive[a]] = node, name
            minus[left] = -peel.persons[a]
            for p in range(len(peel.codes)):
                gone[p, left] = peel.codes[p, a]
            left += 1
        else:
            peel.alive[kept], peel.persons[kept] = peel.alive[a], peel.persons[a]
            for p in range(len(peel.codes)):
                peel.codes[p, kept] = peel.codes[p, a]
            kept += 1
    peel.numbers[ALIVE] = kept
    crowd_together(flat, peel.crowds, gone[:, :left], minus[:left], k)
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
        if 0 < nodes.sizes[node] < len(peel.tally):
            _count(nodes, peel, k)
        else:
            _count_by_hash(flat, nodes, peel)
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
