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
class Matches:
    """People of a population table who match each class.

    Parameters
    ----------
    people : NDArray[np.int64]
        (classes): persons of the population inside the class's region.
    cells : NDArray[np.int64]
        (classes): equal where the same people match; -1 where nobody does.
    total : int
        Persons of the population.
    """

    people: NDArray[np.int64]
    cells: NDArray[np.int64]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClassSums:
    """Counts per class.

    Parameters
    ----------
    persons : NDArray[np.int64]
        (classes): distinct persons.
    sensitive : Mapping[str, SensitiveCounts]
        Per sensitive column, persons of each value, per class instead of per combination; no entry has zero persons.
    matches : Matches or None
        The population's side, where a model asks for it.
    """

    persons: NDArray[np.int64]
    sensitive: Mapping[str, SensitiveCounts]
    matches: Matches | None = None


class Requirement(Protocol):
    """A property every released class must have.

    All models here are *monotone under merging*: when two classes without a common person have the property, their union has it. Some
    also *grow*: a class that has the property keeps it whatever line joins (k, distinct l), common persons or not. Only what grows tells
    a search, when rows may be suppressed, that rows which fail at a node fail at every finer node: a class of entropy l-diversity may be
    spoilt by neighbours that fail on their own.
    """

    @property
    def grows(self) -> bool:
        """Whether a class that is satisfied stays so when any line joins it."""
        ...

    @property
    def floor(self) -> "Requirement":
        """A requirement that grows and that this one implies, as strong as is known; the requirement itself when it grows."""
        ...

    @property
    def least_persons(self) -> int:
        """A number of persons, each counted once per sensitive value, below which no class is satisfied."""
        ...

    def satisfied(self, sums: ClassSums) -> NDArray[np.bool_]:
        """Return, per class, whether it has the property."""
        ...


@dataclass(frozen=True, slots=True)
class Every:
    """All of several requirements at once; none of them: always satisfied."""

    parts: tuple[Requirement, ...]

    @property
    def grows(self) -> bool:
        """Whether each part grows."""
        return all(part.grows for part in self.parts)

    @property
    def floor(self) -> Requirement:
        """All floors at once."""
        return Every(tuple(part.floor for part in self.parts))

    @property
    def least_persons(self) -> int:
        """What the part that asks for most asks for."""
        return max((part.least_persons for part in self.parts), default=0)

    def satisfied(self, sums: ClassSums) -> NDArray[np.bool_]:
        """Return, per class, whether every part is satisfied."""
        answer = np.ones(len(sums.persons), dtype=np.bool_)
        for part in self.parts:
            answer &= part.satisfied(sums)
        return answer
