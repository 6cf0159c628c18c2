"""Rounding: a number becomes the nearest multiple of a step, halves upwards."""

from dataclasses import dataclass
from typing import ClassVar

import ibis

from anonymize.treatments.numbers import check_number
from anonymize.treatments.treatment import Surroundings, Treatment, replace_column


@dataclass(frozen=True, slots=True)
class RoundTo(Treatment):
    """Round to multiples of `step`, in the unit of the column.

    Parameters
    ----------
    step : float
        Positive; a whole number for a column of whole numbers.
    """

    step: float
    name: ClassVar[str] = "round_to"
    clauses: ClassVar[tuple[int, ...]] = (4, 5)

    def apply(self, rows: ibis.Table, column: str, around: Surroundings) -> ibis.Table:
        """Return the rows with the column rounded."""
        value = check_number(rows, column, self.step)
        if value.type().is_integer():
            step = int(self.step)
            rest = (value % step + step) % step
            rounded = value - rest + (rest * 2 >= step).cast("int64") * step
        else:
            rounded = (value / self.step + 0.5).floor() * self.step
        return replace_column(rows, column, rounded.cast(value.type()))
