"""Compiled loops that add up the persons of each sensitive value per class, where persons may be added.

Decided here: how entries are added fast: into one table of all classes and values, which is then emptied into the result. Not decided here:
what is counted where a person stands in several entries, or where the table would be far larger than the entries (`lines`).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from anonymize.compiled import compiled


class Entries(NamedTuple):
    """Persons per value: where each line or class starts, the values (ascending within one), the persons."""

    offsets: NDArray[np.int64]
    values: NDArray[np.int32]
    persons: NDArray[np.int64]


@compiled
def _add(entries: Entries, ids: NDArray[np.int32], sums: NDArray[np.int64]) -> int:
    """Add the entries of all lines with a class to (classes, values); return how many cells are used."""
    used = 0
    for i in range(len(ids)):
        if ids[i] >= 0:
            row = sums[ids[i]]
            for e in range(entries.offsets[i], entries.offsets[i + 1]):
                used += row[entries.values[e]] == 0
                row[entries.values[e]] += entries.persons[e]
    return used


@compiled
def sum_entries(entries: Entries, ids: NDArray[np.int32], classes: int, distinct: int) -> Entries:
    """Return the entries of each class; no entry has zero persons.

    Parameters
    ----------
    entries : Entries
        Of each line.
    ids : NDArray[np.int32]
        Class of each line; lines with a negative class count nowhere.
    classes, distinct : int
        Numbers of classes and of values.
    """
    sums = np.zeros((classes, distinct), np.int64)
    used = _add(entries, ids, sums)
    offsets, values, persons = np.zeros(classes + 1, np.int64), np.empty(used, np.int32), np.empty(used, np.int64)
    end = 0
    for c in range(classes):
        for v in range(distinct):
            if sums[c, v] != 0:
                values[end], persons[end] = v, sums[c, v]
                end += 1
        offsets[c + 1] = end
    return Entries(offsets, values, persons)
