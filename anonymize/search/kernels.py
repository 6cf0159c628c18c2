"""Compiled loops over lines of the class table: grouping by key, sums, losses.

Decided here: how lines with equal keys become one class, fast and independent of the machine. Not decided here: which node is looked at.
All loops release the interpreter lock, and are compiled once into the cache on disk.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
EMPTY = -1


@njit(cache=True, nogil=True)
def _spread(word: int, shift: int) -> int:
    """Return a slot number from one word (Fibonacci hashing with one fold)."""
    mixed = np.uint64(word)
    mixed ^= mixed >> np.uint64(32)
    mixed *= GOLDEN
    return np.int64(mixed >> np.uint64(shift))


@njit(cache=True, nogil=True)
def group_narrow(
    codes: NDArray[np.int32],
    groups: NDArray[np.int32],
    starts: NDArray[np.int64],
    factors: NDArray[np.int64],
    ids: NDArray[np.int32],
    firsts: NDArray[np.int32],
) -> int:
    """Number the classes of lines by a one-word mixed-radix key, in order of first appearance; return how many.

    `ids` receives the class of each line, `firsts` the first line of each class.
    """
    lines, columns = codes.shape
    bits = 4
    while (1 << bits) < 2 * lines:
        bits += 1
    shift = 64 - bits
    mask = (1 << bits) - 1
    slots = np.full(1 << bits, EMPTY, np.int32)
    keys = np.empty(lines, np.int64)
    count = 0
    for i in range(lines):
        key = np.int64(0)
        for j in range(columns):
            key += groups[starts[j] + codes[i, j]] * factors[j]
        at = _spread(key, shift)
        found = slots[at]
        while found != EMPTY and keys[found] != key:
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


@njit(cache=True, nogil=True)
def group_wide(
    codes: NDArray[np.int32],
    groups: NDArray[np.int32],
    starts: NDArray[np.int64],
    factors: NDArray[np.int64],
    words: NDArray[np.int64],
    ids: NDArray[np.int32],
    firsts: NDArray[np.int32],
) -> int:
    """Do the same with keys of two or more words; `words` says which word a column belongs to."""
    lines, columns = codes.shape
    bits = 4
    while (1 << bits) < 2 * lines:
        bits += 1
    shift = 64 - bits
    mask = (1 << bits) - 1
    width = words[columns - 1] + 1
    slots = np.full(1 << bits, EMPTY, np.int32)
    keys = np.empty((lines, width), np.int64)
    key = np.empty(width, np.int64)
    count = 0
    for i in range(lines):
        key[:] = 0
        for j in range(columns):
            key[words[j]] += groups[starts[j] + codes[i, j]] * factors[j]
        mixed = np.uint64(0)
        for w in range(width):
            mixed = (mixed ^ np.uint64(key[w])) * GOLDEN
            mixed ^= mixed >> np.uint64(29)
        at = np.int64((mixed * GOLDEN) >> np.uint64(shift))
        found = slots[at]
        while found != EMPTY and not np.array_equal(keys[found], key):
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


@njit(cache=True, nogil=True)
def sum_by_class(ids: NDArray[np.int32], amounts: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """Return the sum of an amount per class; lines with a negative class count nowhere."""
    sums = np.zeros(classes, np.int64)
    for i in range(len(ids)):
        if ids[i] >= 0:
            sums[ids[i]] += amounts[i]
    return sums


@njit(cache=True, nogil=True)
def count_distinct(
    ids: NDArray[np.int32],
    offsets: NDArray[np.int64],
    members: NDArray[np.int64],
    persons: NDArray[np.int64],
    classes: int,
) -> NDArray[np.int64]:
    """Return the distinct persons per class from person patterns; `members` are positions in `ids`."""
    counts = np.zeros(classes, np.int64)
    seen = np.full(classes, EMPTY, np.int64)
    for p in range(len(persons)):
        for m in range(offsets[p], offsets[p + 1]):
            c = ids[members[m]]
            if c >= 0 and seen[c] != p:
                seen[c] = p
                counts[c] += persons[p]
    return counts


@njit(cache=True, nogil=True)
def measure_failed(
    ids: NDArray[np.int32],
    satisfied: NDArray[np.bool_],
    rows: NDArray[np.int64],
    values: NDArray[np.int32],
    histogram: NDArray[np.int64],
) -> int:
    """Return the rows in classes that fail, and add them up per column value in `histogram` (`values` are positions in it)."""
    failed = 0
    lines, columns = values.shape
    for i in range(lines):
        if not satisfied[ids[i]]:
            failed += rows[i]
            for j in range(columns):
                histogram[values[i, j]] += rows[i]
    return failed


@njit(cache=True, nogil=True)
def line_losses(
    codes: NDArray[np.int32],
    losses: NDArray[np.float64],
    starts: NDArray[np.int64],
    out: NDArray[np.float64],
) -> None:
    """Write the weighted loss of each line at one node into `out`."""
    lines, columns = codes.shape
    for i in range(lines):
        total = 0.0
        for j in range(columns):
            total += losses[starts[j] + codes[i, j]]
        out[i] = total
