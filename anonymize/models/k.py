"""k-anonymity on persons."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anonymize.models.requirement import ClassSums


@dataclass(frozen=True, slots=True)
class AtLeastPersons:
    """Every class holds at least k distinct persons.

    Monotone under merging, and growing: distinct persons of a union are no fewer than those of its parts.

    References
    ----------
    Sweeney (2002), k-anonymity: a model for protecting privacy, doi:10.1142/S0218488502001648.
    """

    k: int
    grows: bool = True

    def satisfied(self, sums: ClassSums) -> NDArray[np.bool_]:
        """Return, per class, whether it has k persons."""
        return sums.persons >= self.k
