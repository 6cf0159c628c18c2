"""Date shift: all dates of a person move by the same secret number of days, so that intervals stay and days do not.

Decided here: the days are uniform over ±days without 0, drawn per person from the seed of the release and equal for every column of the
plan. Not decided here: that there is a unit, and one number of days for the whole plan (`schemas.plan_treatments`).
"""

from dataclasses import dataclass
from typing import ClassVar

import ibis
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from anonymize.rows.draws import RANK, draw_numbers, rank_distinct
from anonymize.treatments.treatment import Surroundings, Treatment, attach, replace_column
from schemas.errors import PlanError
from schemas.messages import N_, Name

SHIFT, PURPOSE = "__shift", "date shift"


@dataclass(frozen=True, slots=True, kw_only=True)
class DateShift(Treatment):
    """Move dates by the days of their person; a missing date stays missing.

    Parameters
    ----------
    days : int
        Greatest distance in days, at least 1.
    """

    days: int
    name: ClassVar[str] = "date_shift"
    clauses: ClassVar[tuple[int, ...]] = (5,)

    def apply(self, rows: ibis.Table, column: str, around: Surroundings) -> ibis.Table:
        """Return the rows with shifted dates."""
        if around.unit is None or not rows[column].type().is_date():
            raise PlanError(
                N_("column {column} cannot be shifted: it needs dates, and a unit that tells persons apart"),
                N_("state `type: date` for a column of a CSV file and name the unit, or choose another treatment"),
                column=Name(column),
            )
        people, count = rank_distinct(rows, [around.unit], around.engine)
        numbers = pa.table({RANK: np.arange(count, dtype=np.int64), SHIFT: draw_days(count, self.days, around.seed)})
        days = around.engine.load(numbers)
        shifts = people.join(days, people[RANK] == days[RANK]).select(people[around.unit], days[SHIFT])
        shifted = attach(rows, shifts, [around.unit], SHIFT)
        moved = (shifted[column] + shifted[SHIFT].as_interval("D")).cast("date")
        return replace_column(shifted, column, moved).drop(SHIFT)


def draw_days(count: int, days: int, seed: bytes) -> NDArray[np.int64]:
    """Return days per person, from -days to days without 0.

    Notes
    -----
    The remainder of a 64-bit number prefers no day by more than 2⁻⁵⁰ for any sensible number of days.
    """
    drawn = (draw_numbers(count, seed, "", PURPOSE) % np.uint64(2 * days)).astype(np.int64) - days
    return np.where(drawn >= 0, drawn + 1, drawn)
