"""How a set of values without an order is named: by the groups it is made of.

Decided here: the parts of a set (whole groups of coarser levels where it holds them, else the single ones), its label, and the group that
a set equals. Not decided here: which sets are released.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.hierarchies import LevelTable

SEPARATORS = ("・", "／", "｜")
MOST_PARTS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedSet:
    """A set of values.

    Parameters
    ----------
    entry : int or None
        The group it equals, counted over all levels from the finest; None: it is no group.
    label : str
        Its label.
    parts : list[str]
        Labels of what it is made of.
    leaves : int
        Leaves in it.
    """

    entry: int | None
    label: str
    parts: list[str]
    leaves: int


class SetLabels:
    """Names the sets of one column.

    Parameters
    ----------
    levels : LevelTable
        Groups, leaves and labels of the column.
    finest : int
        The level whose groups sets are made of.
    """

    def __init__(self, levels: LevelTable, finest: int) -> None:
        self._levels, self._finest = levels, finest
        self._parents: NDArray[np.int64] = np.zeros((len(levels.leaves[finest]), levels.codes.shape[1]), dtype=np.int64)
        self._parents[levels.codes[:, finest]] = levels.codes
        self._starts = np.cumsum([0] + [len(leaves) for leaves in levels.leaves])
        texts = [label for labels in levels.labels[finest:] for label in labels]
        self._separator = next((mark for mark in SEPARATORS if not any(mark in text for text in texts)), SEPARATORS[-1])

    def name(self, members: tuple[int, ...]) -> NamedSet:
        """Return the name of a set of groups of the finest level, two or more of them."""
        inside = np.array(members)
        leaves = int(self._levels.leaves[self._finest][inside].sum())
        level = self._find_common(inside)
        group = int(self._parents[inside[0], level])
        whole = int(self._levels.leaves[level][group])
        label = self._levels.labels[level][group]
        if leaves == whole:
            return NamedSet(entry=int(self._starts[level]) + group, label=label, parts=[label], leaves=leaves)
        parts = self._split(inside, level)
        return NamedSet(entry=None, label=self._join(inside, parts, (level, group)), parts=parts, leaves=leaves)

    def _find_common(self, inside: NDArray[np.int64]) -> int:
        """Return the finest level at which all members are in one group."""
        together = (self._parents[inside] == self._parents[inside[0]]).all(axis=0)
        together[: self._finest] = False
        return int(together.argmax())

    def _split(self, inside: NDArray[np.int64], below: int) -> list[str]:
        """Return the labels of the largest groups, finer than a level, that a set is made of, in the order of their first member."""
        found: dict[int, str] = {}
        left = inside
        for level in range(below - 1, self._finest, -1):
            for group in np.unique(self._parents[left, level]):
                here = left[self._parents[left, level] == group]
                if len(here) > 1 and self._levels.leaves[self._finest][here].sum() == self._levels.leaves[level][group]:
                    found[int(here[0])] = self._levels.labels[level][group]
                    left = left[self._parents[left, level] != group]
        found |= {int(member): self._levels.labels[self._finest][member] for member in left}
        return [found[member] for member in sorted(found)]

    def _join(self, inside: NDArray[np.int64], parts: list[str], common: tuple[int, int]) -> str:
        """Return the label: the parts, or the group around them without what is not in it, where that is shorter and known to be all."""
        level, group = common
        around = np.flatnonzero(self._parents[:, level] == group)
        outside = np.setdiff1d(around, inside)
        is_known = self._levels.leaves[self._finest][around].sum() == self._levels.leaves[level][group]
        if len(parts) > MOST_PARTS and is_known:
            absent = self._split(outside, level)
            if len(absent) < len(parts):
                return f"{self._levels.labels[level][group]}（{self._separator.join(absent)}を除く）"
        return self._separator.join(parts)
