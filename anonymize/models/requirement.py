"""What a search asks of every released class, whatever the model.

Decided here: the shape of the question. Not decided here: the answer (one module per model), or what happens to a class that fails.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from anonymize.classes import SensitiveCounts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClassSums:
    """Counts per class.

    Parameters
    ----------
    persons : NDArray[np.int64]
        (classes): distinct persons.
    sensitive : Mapping[str, SensitiveCounts]
        Per sensitive column, persons of each value, per class instead of per combination; no entry has zero persons.
    """

    persons: NDArray[np.int64]
    sensitive: Mapping[str, SensitiveCounts]


class Requirement(Protocol):
    """A property every released class must have.

    All models here are *monotone under merging*: when two classes have the property, their union has it. That is what lets a search
    tag successors and predecessors without counting them. `grows` is stronger: adding any line to a class that has the property keeps it.
    """

    @property
    def grows(self) -> bool:
        """Whether a class that is satisfied stays so when any line joins it (k, distinct l); else only when satisfied classes merge."""
        ...

    def satisfied(self, sums: ClassSums) -> NDArray[np.bool_]:
        """Return, per class, whether it has the property."""
        ...


@dataclass(frozen=True, slots=True)
class Every:
    """All of several requirements at once; monotone when each is."""

    parts: tuple[Requirement, ...]

    @property
    def grows(self) -> bool:
        """Whether each part grows."""
        return all(part.grows for part in self.parts)

    def satisfied(self, sums: ClassSums) -> NDArray[np.bool_]:
        """Return, per class, whether every part is satisfied."""
        answer = np.ones(len(sums.persons), dtype=np.bool_)
        for part in self.parts:
            answer &= part.satisfied(sums)
        return answer
