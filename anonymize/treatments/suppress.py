"""Suppression of rare codes: a value that fewer than n persons have becomes missing."""

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
        Fewest persons (not rows) of a value that stays.
    """

    persons: int
    name: ClassVar[str] = "suppress"
    clauses: ClassVar[tuple[int, ...]] = (4,)

    def apply(self, rows: ibis.Table, column: str, around: Surroundings) -> ibis.Table:
        """Return the rows with rare values missing."""
        known = rows.filter(rows[column].notnull())
        persons = known[around.unit].nunique() if around.unit else known.count()
        counts = known.group_by(column).agg(**{PERSONS: persons})
        common = counts.filter(counts[PERSONS] >= self.persons)
        kept = around.engine.keep(common.select(**{column: common[column], KEPT: common[column]}))
        return look_up(rows, column, kept, KEPT)
