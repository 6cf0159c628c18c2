"""What joint classes tell of a sensitive column: classes that are diverse and close in each release, and no longer so when joined.

Decided here: whose values are counted (those a release shows, among persons who share a joint class), and that classes too small by
themselves are left to the count of persons. Not decided here: which joint classes there are (`releases`, `differences`), what is too much
(`gate`).

References
----------
S. R. Ganta, S. P. Kasiviswanathan, A. Smith (2008), section 3 (intersection attack), doi:10.1145/1401890.1401926.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from anonymize.classes import SensitiveCounts
from schemas.messages import Name
from schemas.plan_models import Privacy

NOWHERE = -1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Secret:
    """A sensitive column of one release, in the class table of some extract.

    Parameters
    ----------
    release, column : Name
        Whose values they are.
    counts : SensitiveCounts
        Per line of the release's own class table, the persons of each value.
    place : NDArray[np.int64]
        (own lines): line of the extract; -1 where the release does not show the line, or the extract does not have it.
    promised : Privacy
        The models of the release's plan.
    """

    release: Name
    column: Name
    counts: SensitiveCounts
    place: NDArray[np.int64]
    promised: Privacy

    def __repr__(self) -> str:
        """Show no count."""
        return f"Secret({self.release}, {self.column})"

    def move(self, to: NDArray[np.int64]) -> "Secret":
        """Return the column in another extract, of which `to` says where each line went (-1: nowhere)."""
        return replace(self, place=look_up(to, self.place))

    def repeat(self, lines: NDArray[np.int64]) -> "Secret":
        """Return the column in an extract of these lines, some of which come several times; persons of several lines count in each."""
        own = np.full(int(max(lines.max(initial=-1), self.place.max(initial=-1))) + 1, NOWHERE, dtype=np.int64)
        own[self.place[self.place >= 0]] = np.flatnonzero(self.place >= 0)
        there = np.flatnonzero(own[lines] >= 0)
        mine = own[lines[there]]
        sizes = np.diff(self.counts.offsets)[mine]
        offsets = np.append(0, np.cumsum(sizes))
        entries = np.repeat(self.counts.offsets[mine] - offsets[:-1], sizes) + np.arange(offsets[-1])
        values, persons = self.counts.values[entries], self.counts.persons[entries]
        return replace(self, counts=replace(self.counts, offsets=offsets, values=values, persons=persons, memberships=None), place=there)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spread:
    """How many values joint classes hold of one column, and which of them miss what a plan promised.

    Parameters
    ----------
    column : Name
        The column.
    persons, values : NDArray[np.int64]
        (joint classes in which the column is shown): persons; distinct values, a missing one is none.
    few, far : NDArray[np.bool_]
        Whether they miss the promised l, and the promised t.
    """

    column: Name
    persons: NDArray[np.int64]
    values: NDArray[np.int64]
    few: NDArray[np.bool_]
    far: NDArray[np.bool_]

    def __repr__(self) -> str:
        """Show no count."""
        return f"Spread({self.column})"

    def find_fewest(self, k: int) -> int | None:
        """Return the fewest values of a joint class of at least k persons; None where there is none."""
        large = self.values[self.persons >= k]
        return int(large.min()) if len(large) else None

    def count_broken(self, k: int, least: int) -> dict[str, int]:
        """Return how many joint classes of at least k persons have fewer than `least` values, miss the promised l, or the promised t."""
        large = self.persons >= k
        broken = {"homogeneous": self.values < least, "below_l": self.few, "above_t": self.far}
        return {name: int((large & found).sum()) for name, found in broken.items()}


def look_up(of_line: NDArray[np.int64], place: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return what is said of the lines at `place`, -1 for those that are nowhere."""
    found = np.full(len(place), NOWHERE, dtype=np.int64)
    found[place >= 0] = of_line[place[place >= 0]]
    return found


def measure_spread(secret: Secret, of_line: NDArray[np.int64], persons: NDArray[np.int64]) -> Spread:
    """Return what joint classes tell of a column.

    Parameters
    ----------
    secret : Secret
        The column.
    of_line : NDArray[np.int64]
        (lines of the extract): joint class, -1 for none.
    persons : NDArray[np.int64]
        (joint classes): their persons.
    """
    from anonymize.models.closeness import CloseValues, whole_distribution
    from anonymize.models.diversity import DiverseValues, count_distinct_values
    from anonymize.models.requirement import ClassSums
    from anonymize.search.lines import sum_sensitive

    counts = sum_sensitive(secret.counts, look_up(of_line, secret.place).astype(np.int32), len(persons))
    shown = np.diff(counts.offsets) > 0
    sums, whole = ClassSums(persons=persons, sensitive={secret.column: counts}), whole_distribution(counts)
    few, far = np.zeros(len(persons), dtype=np.bool_), np.zeros(len(persons), dtype=np.bool_)
    for wish in secret.promised.diversity:
        if wish.column == secret.column:
            few |= ~DiverseValues(wish).satisfied(sums)
    for bound in secret.promised.closeness:
        if bound.column == secret.column:
            # A class in which nobody is shown has no distribution.
            kept = _keep(counts, shown)
            far[shown] |= ~CloseValues(bound, whole).satisfied(replace(sums, sensitive={secret.column: kept}))
    return Spread(
        column=secret.column,
        persons=persons[shown],
        values=count_distinct_values(counts)[shown],
        few=few[shown],
        far=far[shown],
    )


def _keep(counts: SensitiveCounts, shown: NDArray[np.bool_]) -> SensitiveCounts:
    """Return the counts without classes that have none."""
    return replace(counts, offsets=np.append(counts.offsets[:-1][shown], counts.offsets[-1]))
