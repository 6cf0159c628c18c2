"""Compiled loops that add up the persons of each sensitive value per class, where persons may be added.

Decided here: how entries are added fast: the lines of one class after the other, each into one row of all values, in time and memory that
grow with the entries alone. Not decided here: what is counted where a person stands in several entries (`lines`).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from anonymize.compiled import compiled

# More values than these in a class are found by looking at every value there is.
FEW_VALUES = 8
# A table of classes and values with at most this many cells stays close to the processor.
SMALL_TABLE = 2**16
# Sums stay in the memory they were made in unless it is more than this many times what they need.
MOST_UNUSED = 2


class Entries(NamedTuple):
    """Persons per value: where each line or class starts, the values (ascending within one), the persons."""

    offsets: NDArray[np.int64]
    values: NDArray[np.int32]
    persons: NDArray[np.int64]


@compiled
def _sort_entries(entries: Entries, chosen: NDArray[np.int64], ids: NDArray[np.int32], classes: int) -> Entries:
    """Return the entries of the lines of each class, one line after the other, lines read in their own order."""
    offsets = np.zeros(classes + 1, np.int64)
    for i in range(len(ids)):
        if ids[i] >= 0:
            offsets[ids[i] + 1] += entries.offsets[chosen[i] + 1] - entries.offsets[chosen[i]]
    offsets = np.cumsum(offsets)
    following = offsets[:-1].copy()
    values, persons = np.empty(offsets[-1], np.int32), np.empty(offsets[-1], np.int64)
    for i in range(len(ids)):
        if ids[i] >= 0:
            at = following[ids[i]]
            for e in range(entries.offsets[chosen[i]], entries.offsets[chosen[i] + 1]):
                values[at], persons[at] = entries.values[e], entries.persons[e]
                at += 1
            following[ids[i]] = at
    return Entries(offsets, values, persons)


@compiled
def _sort_values(values: NDArray[np.int32], start: int, end: int, row: NDArray[np.int64]) -> None:
    """Sort the values of a class, all of which have persons in the row of all values."""
    if end - start > FEW_VALUES:
        for v in range(len(row)):
            if row[v] != 0:
                values[start] = v
                start += 1
        return
    for e in range(start + 1, end):
        value, at = values[e], e
        while at > start and values[at - 1] > value:
            values[at] = values[at - 1]
            at -= 1
        values[at] = value


@compiled
def _sum_small(entries: Entries, chosen: NDArray[np.int64], ids: NDArray[np.int32], sizes: tuple[int, int]) -> Entries:
    """Return the entries of few classes, lines read in their own order."""
    classes, distinct = sizes
    sums = np.zeros((classes, distinct), np.int64)
    for i in range(len(ids)):
        if ids[i] >= 0:
            row = sums[ids[i]]
            for e in range(entries.offsets[chosen[i]], entries.offsets[chosen[i] + 1]):
                row[entries.values[e]] += entries.persons[e]
    offsets, values, persons = np.zeros(classes + 1, np.int64), np.empty(sums.size, np.int32), np.empty(sums.size, np.int64)
    end = 0
    for c in range(classes):
        for v in range(distinct):
            if sums[c, v] != 0:
                values[end], persons[end] = v, sums[c, v]
                end += 1
        offsets[c + 1] = end
    return Entries(offsets, values[:end].copy(), persons[:end].copy())


@compiled
def sum_entries(entries: Entries, chosen: NDArray[np.int64], ids: NDArray[np.int32], sizes: tuple[int, int]) -> Entries:
    """Return the entries of each class; no entry has zero persons.

    Parameters
    ----------
    entries : Entries
        Of each line, none with zero persons.
    chosen : NDArray[np.int64]
        The lines that are looked at.
    ids : NDArray[np.int32]
        Class of each of them; lines with a negative class count nowhere.
    sizes : tuple[int, int]
        Numbers of classes and of values.
    """
    classes, distinct = sizes
    if classes * distinct <= SMALL_TABLE:
        return _sum_small(entries, chosen, ids, sizes)
    starts, values, persons = _sort_entries(entries, chosen, ids, classes)
    offsets, row = np.zeros(classes + 1, np.int64), np.zeros(distinct, np.int64)
    end = 0
    for c in range(classes):
        start = end
        for e in range(starts[c], starts[c + 1]):
            value = values[e]
            is_new = row[value] == 0
            row[value] += persons[e]
            values[end] = value if is_new else values[end]
            end += is_new
        _sort_values(values, start, end, row)
        for e in range(start, end):
            persons[e] = row[values[e]]
            row[values[e]] = 0
        offsets[c + 1] = end
    if MOST_UNUSED * end > len(values):
        return Entries(offsets, values[:end], persons[:end])
    return Entries(offsets, values[:end].copy(), persons[:end].copy())


@compiled
def take_entries(entries: Entries, chosen: NDArray[np.int64]) -> Entries:
    """Return the entries of some lines, in another order."""
    offsets = np.zeros(len(chosen) + 1, np.int64)
    for i in range(len(chosen)):
        offsets[i + 1] = offsets[i] + entries.offsets[chosen[i] + 1] - entries.offsets[chosen[i]]
    values, persons = np.empty(offsets[-1], np.int32), np.empty(offsets[-1], np.int64)
    for i in range(len(chosen)):
        start = entries.offsets[chosen[i]]
        for e in range(offsets[i + 1] - offsets[i]):
            values[offsets[i] + e], persons[offsets[i] + e] = entries.values[start + e], entries.persons[start + e]
    return Entries(offsets, values, persons)
