"""Rows that are there twice, noticed by a short hash of each. Not for security: a finding of it is a note.

Decided here: what is kept of a row: eight bytes, and its number where the numbers of a block do not follow one another.
"""

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Hashes: TypeAlias = NDArray[np.uint64]
Numbers: TypeAlias = NDArray[np.int64]


@dataclass(slots=True, repr=False)
class Repeats:
    """The hashes of rows, and where those that occurred before stand."""

    parts: list[tuple[Hashes, Numbers | int]] = field(default_factory=list)

    def add(self, hashes: Hashes, numbers: Numbers) -> None:
        """Add rows of a block: a hash of each, and its number, ascending."""
        if hashes.size:
            follows = bool((np.diff(numbers) == 1).all())
            self.parts.append((hashes, int(numbers[0]) if follows else numbers))

    def find(self) -> Numbers:
        """Return the numbers of the rows that repeat an earlier one, ascending."""
        if not self.parts:
            return np.empty(0, dtype=np.int64)
        ordered = np.concatenate([hashes for hashes, _ in self.parts])
        # in place: of all rows nothing more is held than this
        ordered.sort()
        twice = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
        if not twice.size:
            return np.empty(0, dtype=np.int64)
        # few hashes are there twice, and only of those it is looked where
        found = [self._find_in(hashes, numbers, twice) for hashes, numbers in self.parts]
        hashes, places = (np.concatenate(part) for part in zip(*found, strict=True))
        return np.delete(places, np.unique(hashes, return_index=True)[1])

    @staticmethod
    def _find_in(hashes: Hashes, numbers: Numbers | int, twice: Hashes) -> tuple[Hashes, Numbers]:
        near = np.minimum(np.searchsorted(twice, hashes), twice.size - 1)
        places = np.flatnonzero(twice[near] == hashes)
        return hashes[places], places + numbers if isinstance(numbers, int) else numbers[places]
