"""Compiled loops over lines of the class table: grouping by key, and sums.

Decided here: how lines with equal groups become one class, fast and the same on every machine. Not decided here: which node is looked at.
All loops release the interpreter lock and are compiled once, into the cache on disk. Loops that call each other stand in one file, since
that cache looks at one file only.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from anonymize.compiled import compiled

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
EMPTY = -1
# Classes are found in a table of all keys where there are at most this many of them per line, else in a hash table.
DENSE_KEYS = 4


class Flat(NamedTuple):
    """Flat tables of a problem: packed values of the lines, groups and losses of packed values at every choice of levels."""

    codes: NDArray[np.int32]
    groups: NDArray[np.int32]
    losses: NDArray[np.float64]


class Place(NamedTuple):
    """Where one node stands in the flat tables.

    Parameters
    ----------
    starts : NDArray[np.int64]
        (packs): where the groups of each pack start.
    factors : NDArray[np.int64]
        (packs): factor of each pack in the key.
    wide : bool
        The mixed-radix key does not fit 63 bits: the key is a hash, and lines with equal keys are compared pack by pack.
    size : int
        Number of keys, 0 where they are wide.
    """

    starts: NDArray[np.int64]
    factors: NDArray[np.int64]
    wide: bool
    size: int = 0


@compiled
def _group_dense(flat: Flat, chosen: NDArray[np.int32], place: Place, ids: NDArray[np.int32], firsts: NDArray[np.int32]) -> int:
    """Number the classes by a table of all keys, in which lines in canonical order find their places close together."""
    codes, groups, starts, factors = flat.codes, flat.groups, place.starts, place.factors
    slots = np.full(place.size, EMPTY, np.int32)
    count = 0
    for i in range(len(chosen)):
        key = np.int64(0)
        for j in range(codes.shape[1]):
            key += groups[starts[j] + codes[chosen[i], j]] * factors[j]
        if slots[key] == EMPTY:
            slots[key] = count
            firsts[count] = i
            count += 1
        ids[i] = slots[key]
    return count


@compiled
def group(flat: Flat, chosen: NDArray[np.int32], place: Place, ids: NDArray[np.int32], firsts: NDArray[np.int32]) -> int:
    """Number the classes of the chosen lines at a node in order of first appearance; return how many.

    `ids` receives the class of each chosen line, `firsts` where the first line of each class stands among the chosen.
    """
    if 0 < place.size <= DENSE_KEYS * len(chosen):
        return _group_dense(flat, chosen, place, ids, firsts)
    codes, groups, starts, factors = flat.codes, flat.groups, place.starts, place.factors
    lines, packs = len(chosen), codes.shape[1]
    bits = 4
    while (1 << bits) < 2 * lines:
        bits += 1
    shift, mask = np.uint64(64 - bits), (1 << bits) - 1
    slots = np.full(1 << bits, EMPTY, np.int32)
    keys = np.empty(lines, np.int64)
    count = 0
    for i in range(lines):
        key = np.int64(0)
        for j in range(packs):
            key += groups[starts[j] + codes[chosen[i], j]] * factors[j]
        mixed = np.uint64(key)
        mixed = (mixed ^ (mixed >> np.uint64(32))) * GOLDEN
        at = np.int64(mixed >> shift)
        found = slots[at]
        while found != EMPTY:
            if keys[found] == key and (not place.wide or _is_same(flat, starts, chosen[i], chosen[firsts[found]])):
                break
            at = (at + 1) & mask
            found = slots[at]
        if found == EMPTY:
            slots[at] = count
            keys[count] = key
            firsts[count] = i
            found = count
            count += 1
        ids[i] = found
    return count


@compiled
def _is_same(flat: Flat, starts: NDArray[np.int64], one: int, other: int) -> bool:
    """Whether two lines have equal groups in every pack."""
    for j in range(flat.codes.shape[1]):
        if flat.groups[starts[j] + flat.codes[one, j]] != flat.groups[starts[j] + flat.codes[other, j]]:
            return False
    return True


@compiled
def sum_by_class(ids: NDArray[np.int32], amounts: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """Return the sum of an amount per class; lines with a negative class count nowhere."""
    sums = np.zeros(classes, np.int64)
    for i in range(len(ids)):
        if ids[i] >= 0:
            sums[ids[i]] += amounts[i]
    return sums


class Patterns(NamedTuple):
    """Person patterns in flat form: where each starts, the lines it holds, how many persons share it."""

    offsets: NDArray[np.int64]
    members: NDArray[np.int64]
    persons: NDArray[np.int64]


@compiled
def count_distinct(ids: NDArray[np.int32], patterns: Patterns, classes: int) -> NDArray[np.int64]:
    """Return the distinct persons per class; lines with a negative class count nowhere."""
    counts = np.zeros(classes, np.int64)
    seen = np.full(classes, EMPTY, np.int64)
    for p in range(len(patterns.persons)):
        for m in range(patterns.offsets[p], patterns.offsets[p + 1]):
            c = ids[patterns.members[m]]
            if c >= 0 and seen[c] != p:
                seen[c] = p
                counts[c] += patterns.persons[p]
    return counts


@compiled
def measure_failed(
    ids: NDArray[np.int32],
    satisfied: NDArray[np.bool_],
    rows: NDArray[np.int64],
    positions: tuple[NDArray[np.int32], NDArray[np.int32]],
    histogram: NDArray[np.int64],
) -> int:
    """Return the rows in classes that fail, and add them up per column value in `histogram`.

    `positions` are the places of the values in it, per line of the problem, and the line of the problem that each line stands for.
    """
    failed = 0
    values, chosen = positions
    for i in range(len(chosen)):
        if not satisfied[ids[i]]:
            failed += rows[i]
            for j in range(values.shape[1]):
                histogram[values[chosen[i], j]] += rows[i]
    return failed
