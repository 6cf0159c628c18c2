"""l-diversity: distinct, entropy and recursive (c, l), measured on persons per sensitive value.

References
----------
Machanavajjhala, Kifer, Gehrke, Venkitasubramaniam (2007), l-diversity: privacy beyond k-anonymity, doi:10.1145/1217299.1217302.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anonymize.classes import SensitiveCounts
from anonymize.models.requirement import ClassSums, Requirement
from schemas.plan_models import Diversity

TOLERANCE = 1e-9


def sum_segments(amounts: NDArray[np.float64], offsets: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the sum of each segment; 0 for an empty one."""
    owners = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    return np.bincount(owners, weights=amounts, minlength=len(offsets) - 1).astype(np.float64)


def count_distinct_values(counts: SensitiveCounts) -> NDArray[np.int64]:
    """Return the number of distinct values of each class; a missing value is none of them."""
    sizes = np.diff(counts.offsets)
    if counts.missing is None:
        return sizes
    absent = (counts.values == counts.missing).astype(np.float64)
    return np.asarray(sizes - sum_segments(absent, counts.offsets).astype(np.int64))


def effective_values(counts: SensitiveCounts) -> NDArray[np.float64]:
    """Return exp(entropy) of each class: 1 when all persons share one value, n when n values are equally frequent, 0 for an empty class."""
    persons = counts.persons.astype(np.float64)
    totals = sum_segments(persons, counts.offsets)
    shares = persons / np.repeat(totals, np.diff(counts.offsets))
    return np.where(totals > 0, np.exp(-sum_segments(shares * np.log(shares), counts.offsets)), 0.0)


def recursive_ratio(counts: SensitiveCounts, l: int) -> NDArray[np.float64]:  # noqa: E741
    """Return r1 / (r_l + … + r_m) of each class, its values' persons in falling order; infinite when it has fewer than l values."""
    classes = len(counts.offsets) - 1
    owners = np.repeat(np.arange(classes), np.diff(counts.offsets))
    falling = counts.persons[np.lexsort((-counts.persons, owners))].astype(np.float64)
    ranks = np.arange(len(falling)) - np.repeat(counts.offsets[:-1], np.diff(counts.offsets))
    first = sum_segments(np.where(ranks == 0, falling, 0.0), counts.offsets)
    tail = sum_segments(np.where(ranks >= l - 1, falling, 0.0), counts.offsets)
    return np.divide(first, tail, out=np.full(classes, np.inf), where=tail > 0)


@dataclass(frozen=True, slots=True)
class DiverseValues:
    """Every class is l-diverse in one sensitive column. Monotone under merging (Machanavajjhala et al. 2007, section 4).

    A missing value tells nothing, so it is none of the l values of distinct l-diversity; where its share matters, it is a value.
    """

    wish: Diversity
    counts_missing: bool = False

    @property
    def grows(self) -> bool:
        """Whether any line may join: only distinct l-diversity cannot be lost by joining."""
        return self.wish.kind == "distinct"

    @property
    def floor(self) -> Requirement:
        """Distinct l-diversity: l effective values, or l ranks that count, need l values."""
        values = Diversity(column=self.wish.column, kind="distinct", l=math.ceil(self.wish.l - TOLERANCE))
        return DiverseValues(values, counts_missing=self.wish.kind != "distinct")

    @property
    def least_persons(self) -> int:
        """l: as many values need as many persons."""
        return math.ceil(self.wish.l - TOLERANCE)

    def satisfied(self, sums: ClassSums) -> NDArray[np.bool_]:
        """Return, per class, whether it is diverse: distinct ≥ l; exp(entropy) ≥ l; r1 < c (r_l + … + r_m)."""
        counts = sums.sensitive[self.wish.column]
        if self.wish.kind == "distinct":
            found = np.diff(counts.offsets) if self.counts_missing else count_distinct_values(counts)
            return np.asarray(found >= self.wish.l)
        if self.wish.kind == "entropy":
            return effective_values(counts) >= self.wish.l - TOLERANCE
        return recursive_ratio(counts, int(self.wish.l)) < (1.0 if self.wish.c is None else self.wish.c)
