"""k-anonymity on persons."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anonymize.models.requirement import ClassSums, Requirement


@dataclass(frozen=True, slots=True)
class AtLeastPersons:
    """Every class holds at least k distinct persons.

    Monotone under merging, and growing: distinct persons of a union are no fewer than those of its parts.

    References
    ----------
    Sweeney (2002), k-anonymity: a model for protecting privacy, doi:10.1142/S0218488502001648.
    """

    k: int

    @property
    def grows(self) -> bool:
        """Yes: nobody leaves a class when a line joins."""
        return True

    @property
    def floor(self) -> Requirement:
        """The requirement itself."""
        return self

    @property
    def least_persons(self) -> int:
        """The k that is asked for."""
        return self.k

    def satisfied(self, sums: ClassSums) -> NDArray[np.bool_]:
        """Return, per class, whether it has k persons."""
        return sums.persons >= self.k
