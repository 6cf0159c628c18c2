"""Drop: nothing of the column is released."""

from dataclasses import dataclass
from typing import ClassVar

import ibis

from anonymize.treatments.treatment import Surroundings, Treatment


@dataclass(frozen=True, slots=True)
class Drop(Treatment):
    """Take the column out."""

    name: ClassVar[str] = "drop"
    clauses: ClassVar[tuple[int, ...]] = (1, 2, 3, 4, 5)

    def apply(self, rows: ibis.Table, column: str, around: Surroundings) -> ibis.Table:
        """Return the rows without the column."""
        return rows.drop(column)
