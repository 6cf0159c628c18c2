"""Rows that are there twice, noticed by a short hash of each. Not for security: a finding of it is a note.

Decided here: what is kept of a row: eight bytes, and its number where the numbers of a block do not follow one another. They are not put
in order: a table of bits leaves a few that may be there twice, and only those are compared.
"""

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from intake.loops import find_marked, mark_hashes

Hashes: TypeAlias = NDArray[np.uint64]
Numbers: TypeAlias = NDArray[np.int64]
Bits: TypeAlias = NDArray[np.uint8]

_BITS_A_ROW, _FEWEST_BITS = 16, 1 << 10


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
        rows = sum(hashes.size for hashes, _ in self.parts)
        size = max(_FEWEST_BITS, 1 << (_BITS_A_ROW * rows).bit_length()) // 8
        seen, twice = np.zeros(size, dtype=np.uint8), np.zeros(size, dtype=np.uint8)
        for hashes, _ in self.parts:
            again = np.empty_like(hashes)
            again = again[: mark_hashes(hashes, seen, again)]
            mark_hashes(again, twice, np.empty_like(again))
        del seen
        found = [self._find_in(hashes, numbers, twice) for hashes, numbers in self.parts]
        if not found:
            return np.empty(0, dtype=np.int64)
        hashes, places = (np.concatenate(part) for part in zip(*found, strict=True))
        order = np.argsort(hashes, kind="stable")
        repeated = hashes[order[1:]] == hashes[order[:-1]]
        return np.sort(places[order[1:][repeated]])

    @staticmethod
    def _find_in(hashes: Hashes, numbers: Numbers | int, twice: Bits) -> tuple[Hashes, Numbers]:
        """Return the hashes of a block that may be there twice, and the numbers of their rows."""
        places = np.empty(hashes.size, dtype=np.int64)
        places = places[: find_marked(hashes, twice, places)].copy()
        return hashes[places], places + numbers if isinstance(numbers, int) else numbers[places]
