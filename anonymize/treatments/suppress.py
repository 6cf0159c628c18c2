"""Suppression of rare codes: a value that fewer than n persons have becomes missing.

Decided here: missing cells are those of nobody or of at least n persons. Where suppression (or the input) leaves fewer, a missing cell
would point at the few who had a rare value; then the rarest of the common values becomes missing too.

References
----------
Cox (1980), Suppression methodology and statistical disclosure control, doi:10.1080/01621459.1980.10477481 (complementary suppression).
"""

from dataclasses import dataclass
from typing import ClassVar

import ibis

from anonymize.treatments.treatment import Surroundings, Treatment, look_up

PERSONS, KEPT = "__persons", "__kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppress(Treatment):
    """Take rare values out of a column.

    Parameters
    ----------
    persons : int
        Fewest persons (not rows) of a value that stays, and of missing cells.
    """

    persons: int
    name: ClassVar[str] = "suppress"
    clauses: ClassVar[tuple[int, ...]] = (4,)

    def apply(self, rows: ibis.Table, column: str, around: Surroundings) -> ibis.Table:
        """Return the rows with rare values missing."""
        engine = around.engine
        known = rows.filter(rows[column].notnull())
        counts = known.group_by(column).agg(**{PERSONS: _count(known, around.unit)})
        common = counts.filter(counts[PERSONS] >= self.persons)
        kept = engine.keep(common.select(**{column: common[column], KEPT: common[column], PERSONS: common[PERSONS]}))
        treated = look_up(rows, column, kept, KEPT)
        absent = treated.filter(treated[column].isnull())
        if 0 < engine.fetch_number(absent.agg(n=_count(absent, around.unit))) < self.persons:
            # One value more is enough: it is itself of n persons or more.
            rarest = engine.keep(kept.order_by([kept[PERSONS], kept[column]]).limit(1))
            treated = look_up(rows, column, engine.keep(kept.anti_join(rarest, kept[column] == rarest[column])), KEPT)
        return treated


def _count(rows: ibis.Table, unit: str | None) -> ibis.Value:
    """Return the expression of distinct persons; without a unit every row is one."""
    return rows[unit].nunique() if unit else rows.count()
