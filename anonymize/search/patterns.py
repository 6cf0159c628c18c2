"""Distinct persons in some of the lines, without a look at all the others: an index from lines to the patterns of persons in them.

Decided here: how few lines are counted fast. Not decided here: how all of them are (`lines`).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from anonymize.classes import Memberships, SensitiveCounts
from anonymize.models.requirement import ClassSums
from anonymize.search.kernels import sum_by_class
from anonymize.search.lines import Lines, sum_additive
from anonymize.search.problem import number_keys


class Index(NamedTuple):
    """Patterns that stand in each place (line or entry): where each place starts, the patterns, the persons of each pattern."""

    offsets: NDArray[np.int64]
    patterns: NDArray[np.int64]
    persons: NDArray[np.int64]


class PatternIndex:
    """Counts persons of some lines.

    Parameters
    ----------
    lines : Lines
        All lines.
    """

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self.of_lines = _invert(lines.memberships, len(lines.rows))
        self.of_entries = {name: _invert(counts.memberships, len(counts.values)) for name, counts in lines.sensitive.items()}

    def sum_some(self, chosen: NDArray[np.int64], ids: NDArray[np.int32], classes: int) -> ClassSums:
        """Return exact counts per class over some of the lines, `ids` being their classes."""
        persons = _count(self.of_lines, self.lines.persons, chosen, ids, classes)
        sensitive = {name: self._sum_values(name, counts, (chosen, ids), classes) for name, counts in self.lines.sensitive.items()}
        return ClassSums(persons=persons, sensitive=sensitive)

    def _sum_values(
        self, name: str, counts: SensitiveCounts, of: tuple[NDArray[np.int64], NDArray[np.int32]], classes: int
    ) -> SensitiveCounts:
        """Return the persons of each sensitive value per class."""
        chosen, ids = of
        if counts.memberships is None:
            return sum_additive(counts, chosen, ids, classes)
        entries = _expand(counts.offsets, chosen)
        owners = np.repeat(ids.astype(np.int64), np.diff(counts.offsets)[chosen])
        keys, numbers = number_keys(owners * counts.distinct + counts.values[entries], classes * counts.distinct)
        return SensitiveCounts(
            offsets=np.searchsorted(keys, np.arange(classes + 1) * counts.distinct).astype(np.int64),
            values=(keys % counts.distinct).astype(np.int32),
            persons=_count(self.of_entries[name], counts.persons, entries, numbers, len(keys)),
            distinct=counts.distinct,
            levels=counts.levels,
            missing=counts.missing,
        )


def _invert(memberships: Memberships | None, size: int) -> Index | None:
    """Return the patterns of each place; None where counts may be added."""
    if memberships is None:
        return None
    patterns = np.repeat(np.arange(len(memberships.persons)), np.diff(memberships.offsets))
    order = np.argsort(memberships.combinations, kind="stable")
    offsets = np.concatenate(([0], np.cumsum(np.bincount(memberships.combinations, minlength=size)))).astype(np.int64)
    return Index(offsets, patterns[order], memberships.persons)


def _expand(offsets: NDArray[np.int64], chosen: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the positions of some segments, one after the other."""
    sizes: NDArray[np.int64] = offsets[chosen + 1] - offsets[chosen]
    ends = np.cumsum(sizes)
    return np.asarray(np.repeat(offsets[chosen] - ends + sizes, sizes) + np.arange(int(ends[-1]) if len(ends) else 0))


def _count(
    index: Index | None, amounts: NDArray[np.int64], chosen: NDArray[np.int64], ids: NDArray[np.int32], classes: int
) -> NDArray[np.int64]:
    """Return the distinct persons per class over some places."""
    if index is None:
        return sum_by_class(ids, amounts[chosen], classes)
    owners = np.repeat(ids.astype(np.int64), index.offsets[chosen + 1] - index.offsets[chosen])
    pairs = np.unique(index.patterns[_expand(index.offsets, chosen)] * classes + owners)
    return np.bincount(pairs % classes, weights=index.persons[pairs // classes], minlength=classes).astype(np.int64)
