"""Top and bottom coding: extreme numbers become the threshold, so that nobody stands out by being the largest or smallest.

Decided here: the threshold by share (the quantile of the rows) and by persons (the last value that enough persons reach); the stronger of
the two holds. It is learnt from the rows that are released.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

import ibis
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from anonymize.treatments.numbers import check_number
from anonymize.treatments.treatment import Surroundings, Treatment, replace_column

COUNT, VALUE = "__count", "__value"
# Total, count at or beyond each value, count at each value, from the outside in → which values meet the rule.
Test: TypeAlias = Callable[[int, NDArray[np.int64], NDArray[np.int64]], NDArray[np.bool_]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TailCode(Treatment):
    """Code one end of a column of numbers.

    Parameters
    ----------
    side : {"top", "bottom"}
        Which end.
    share : float or None
        Share (0–1) of rows beyond the threshold, at most.
    persons : int or None
        Persons who are at or beyond the threshold, at least.
    """

    side: Literal["top", "bottom"]
    share: float | None = None
    persons: int | None = None
    name: ClassVar[str] = "tail_code"
    clauses: ClassVar[tuple[int, ...]] = (4,)

    def apply(self, rows: ibis.Table, column: str, around: Surroundings) -> ibis.Table:
        """Return the rows with the end coded; without enough persons for any threshold, the cells become missing."""
        value = check_number(rows, column)
        limits = []
        if self.share is not None:
            limits.append(self._find_share(around.engine.fetch(count_rows(rows, column))))
        if self.persons is not None:
            limits.append(self._find_persons(around.engine.fetch(self._count_persons(rows, column, around.unit))))
        if None in limits:
            return replace_column(rows, column, ibis.null(value.type()))
        known = [limit for limit in limits if limit is not None]
        limit = ibis.literal(min(known) if self.side == "top" else max(known), value.type())
        beyond = value > limit if self.side == "top" else value < limit
        return replace_column(rows, column, beyond.ifelse(limit, value))

    def _count_persons(self, rows: ibis.Table, column: str, unit: str | None) -> ibis.Table:
        """Return how many persons have each value as their most extreme one."""
        if unit is None:
            return count_rows(rows, column)
        extreme = rows[column].max() if self.side == "top" else rows[column].min()
        persons = rows.filter(rows[column].notnull()).group_by(unit).agg(**{VALUE: extreme})
        return persons.group_by(VALUE).agg(**{COUNT: persons.count()})

    def _find_share(self, counts: pa.Table) -> float | None:
        """Return the first value, from the outside in, beyond which at most the share of rows lies."""
        return self._find(counts, lambda total, at_or_beyond, here: at_or_beyond - here <= (self.share or 0) * total)

    def _find_persons(self, counts: pa.Table) -> float | None:
        """Return the outermost value that enough persons are at or beyond."""
        return self._find(counts, lambda total, at_or_beyond, here: at_or_beyond >= (self.persons or 0), outermost=True)

    def _find(self, counts: pa.Table, test: Test, *, outermost: bool = False) -> float | None:
        ordered = counts.sort_by([(VALUE, "descending" if self.side == "top" else "ascending")])
        here = ordered.column(COUNT).to_numpy()
        meets = np.flatnonzero(test(here.sum(), np.cumsum(here), here))
        if not len(meets):
            return None
        place = int(meets[0] if outermost else meets[-1])
        limit: float = ordered.column(VALUE)[place].as_py()
        return limit


def count_rows(rows: ibis.Table, column: str) -> ibis.Table:
    """Return the rows of each value that is not missing."""
    known = rows.filter(rows[column].notnull()).select(**{VALUE: rows[column]})
    return known.group_by(VALUE).agg(**{COUNT: known.count()})
