"""Keep: the column is released as it is."""

from dataclasses import dataclass
from typing import ClassVar

import ibis

from anonymize.treatments.treatment import Surroundings, Treatment


@dataclass(frozen=True, slots=True)
class Keep(Treatment):
    """Release the cells unchanged."""

    name: ClassVar[str] = "keep"
    clauses: ClassVar[tuple[int, ...]] = (4, 5)

    def apply(self, rows: ibis.Table, column: str, around: Surroundings) -> ibis.Table:
        """Return the rows as they are."""
        return rows
