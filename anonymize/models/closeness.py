"""t-closeness: how far a class's distribution of a sensitive column lies from that of the whole file.

The whole file is the input of the search, suppressed rows included: the yardstick does not move with the answer.

References
----------
Li, Li, Venkatasubramanian (2007), t-closeness: privacy beyond k-anonymity and l-diversity, doi:10.1109/ICDE.2007.367856.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from anonymize.classes import SensitiveCounts
from anonymize.compiled import compiled
from anonymize.models.diversity import sum_segments
from anonymize.models.requirement import ClassSums, Every, Requirement
from schemas.plan_models import Closeness

TOLERANCE = 1e-9
# Numbers of persons that are tried, and cells of the table in which they are.
MOST_TRIED, MOST_CELLS = 1024, 2**16


def whole_distribution(counts: SensitiveCounts) -> NDArray[np.float64]:
    """Return the share of each value over all lines; each line's persons are added."""
    sums = np.bincount(counts.values, weights=counts.persons, minlength=counts.distinct).astype(np.float64)
    return np.asarray(sums / max(sums.sum(), 1.0))


class _Counts(NamedTuple):
    """Persons per value and class, in the form the loop wants."""

    offsets: NDArray[np.int64]
    values: NDArray[np.int32]
    persons: NDArray[np.int64]


@compiled
def _distances(counts: _Counts, whole: NDArray[np.float64], groups: NDArray[np.int32], ordered: bool) -> NDArray[np.float64]:
    """Return the earth mover's distance of each class; `groups` (values, levels) is the tree, one level for the equal distance."""
    offsets, values, persons = counts.offsets, counts.values, counts.persons
    classes, distinct = len(offsets) - 1, len(whole)
    result = np.zeros(classes)
    gap = np.empty(distinct)
    flow = np.empty(distinct)
    for c in range(classes):
        total = 0.0
        for e in range(offsets[c], offsets[c + 1]):
            total += persons[e]
        for v in range(distinct):
            gap[v] = -whole[v]
        for e in range(offsets[c], offsets[c + 1]):
            gap[values[e]] += persons[e] / total
        if ordered:
            running = 0.0
            for v in range(distinct):
                running += gap[v]
                result[c] += abs(running)
            result[c] /= max(distinct - 1, 1)
        else:
            for level in range(groups.shape[1]):
                flow[:] = 0.0
                for v in range(distinct):
                    flow[groups[v, level]] += gap[v]
                result[c] += np.sum(np.abs(flow)) / (2.0 * groups.shape[1])
    return result


def measure_distances(counts: SensitiveCounts, whole: NDArray[np.float64], distance: str) -> NDArray[np.float64]:
    """Return the earth mover's distance (0–1) of each class from the whole.

    Parameters
    ----------
    counts : SensitiveCounts
        Persons per value, per class.
    whole : NDArray[np.float64]
        (distinct): share of each value in the whole file.
    distance : {"equal", "ordered", "hierarchical"}
        equal: any two values lie 1 apart. ordered: |i - j| / (distinct - 1). hierarchical: the level at which two values meet, over the
        height of the hierarchy; without a hierarchy this is the equal distance.
    """
    groups = np.arange(counts.distinct, dtype=np.int32)[:, None]
    if distance == "hierarchical" and counts.levels is not None:
        groups = np.ascontiguousarray(counts.levels.codes[:, :-1], dtype=np.int32)
    result: NDArray[np.float64] = _distances(_Counts(counts.offsets, counts.values, counts.persons), whole, groups, distance == "ordered")
    return result


def count_least_persons(whole: NDArray[np.float64], t: float) -> int:
    """Return a number of persons below which no class is t-close by the equal distance.

    The closest a class of n persons can come gives each value n times its share, rounded by largest remainders. Numbers are tried in
    turn, up to some: the first that is not tried is a true answer too.
    """
    most = min(MOST_TRIED, max(MOST_CELLS // max(len(whole), 1), 1))
    numbers = np.arange(1, most + 1)
    exact = numbers[:, None] * whole
    rounded = np.floor(exact)
    missing = np.rint(numbers - rounded.sum(axis=1)).astype(np.int64)
    falling = -np.sort(rounded - exact, axis=1)
    gains = np.concatenate([np.zeros((most, 1)), np.cumsum(2 * falling - 1, axis=1)], axis=1)
    distances = ((exact - rounded).sum(axis=1) - gains[np.arange(most), np.minimum(missing, len(whole))]) / (2 * numbers)
    close = np.flatnonzero(distances <= t + TOLERANCE)
    return int(numbers[close[0]]) if len(close) else most + 1


@dataclass(frozen=True, slots=True)
class CloseValues:
    """Every class is t-close in one sensitive column. Monotone under merging: the distance is convex, so a union is no farther than the
    farther of its parts (Li et al. 2007, section 4).
    """  # noqa: D205

    wish: Closeness
    whole: NDArray[np.float64]

    @property
    def grows(self) -> bool:
        """No: a line may pull a class away from the whole."""
        return False

    @property
    def floor(self) -> Requirement:
        """The values present must make up 1 - t of the whole file (equal distance); nothing for the others."""
        return PresentShare(self.wish, self.whole, self.least_persons) if self.wish.distance == "equal" else Every(())

    @property
    def least_persons(self) -> int:
        """So many that whole persons can come as close as t to the shares of the file (equal distance); nothing for the others."""
        return count_least_persons(self.whole, self.wish.t) if self.wish.distance == "equal" else 0

    def satisfied(self, sums: ClassSums) -> NDArray[np.bool_]:
        """Return, per class, whether its distance is at most t."""
        return measure_distances(sums.sensitive[self.wish.column], self.whole, self.wish.distance) <= self.wish.t + TOLERANCE


@dataclass(frozen=True, slots=True)
class PresentShare:
    """The values present in a class make up at least 1 - t of the whole file: what is missing alone lies that far away.

    And the class has as many persons, each counted once per value, as come so close at all.
    """

    wish: Closeness
    whole: NDArray[np.float64]
    least_persons: int

    @property
    def grows(self) -> bool:
        """Yes: no value leaves a class when a line joins."""
        return True

    @property
    def floor(self) -> Requirement:
        """The requirement itself."""
        return self

    def satisfied(self, sums: ClassSums) -> NDArray[np.bool_]:
        """Return, per class, whether enough is present."""
        counts = sums.sensitive[self.wish.column]
        present = sum_segments(self.whole[counts.values], counts.offsets) >= 1.0 - self.wish.t - TOLERANCE
        return present & (sum_segments(counts.persons.astype(np.float64), counts.offsets) >= self.least_persons)
