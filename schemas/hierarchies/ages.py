"""From a birth date to bands of age on a reference date.

A person's age is the number of birthdays passed, the day itself included; someone born on 29 February has the birthday on 1 March in other
years. (年齢計算ニ関スル法律 counts one day earlier; statistics of insurance and care count as here.) Leaves are the days from the first to
the last observed birth date. Bounds are ages in years, at every level.
"""

import datetime
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from schemas.hierarchies.assemble import Step, assemble, label_values
from schemas.hierarchies.dates import to_days
from schemas.hierarchies.hierarchy import Hierarchy, refuse_unknown
from schemas.hierarchies.level_table import Bounds, LevelTable
from schemas.hierarchies.ranges import IntervalHierarchy, Limits, label_band, to_bounds

UNIT = "歳"


class AgeHierarchy(Hierarchy):
    """Birth date → bands of age: `{ages: [5, 10, 20], as_of: 2026-04-01, top: 90}`.

    Parameters
    ----------
    widths : Sequence[int]
        Width of the bands in years per level, each a whole multiple of the one before.
    as_of : datetime.date
        The day on which people are as old as the bands say.
    top : int or None
        From this age on, one band (90歳以上).
    """

    ordered = True

    def __init__(self, name: str, widths: Sequence[int], as_of: datetime.date, *, top: int | None = None) -> None:
        super().__init__(name, {f"age_{width}": f"{width}{UNIT}階級" for width in widths})
        self.as_of = as_of
        self._bands = IntervalHierarchy(name, widths, Limits(top=top, unit=UNIT))
        self._steps = len(widths)

    def resolve(self, values: pa.Array, *, column: str | None = None) -> LevelTable:
        """Return the groups of distinct birth dates at every level; a birth date after the reference date is not known."""
        days = to_days(values, hierarchy=self.name, column=column)
        born = days.drop_null().to_numpy(zero_copy_only=False).astype("datetime64[D]")
        ages = self.ages_of(born)
        refuse_unknown(int((ages < 0).sum()), hierarchy=self.name, column=column)
        span = np.arange(born.min(), born.max() + np.timedelta64(1, "D")) if len(born) else born
        span_ages = self.ages_of(span)
        own = _spread_ages(ages, days)
        return assemble(
            self,
            days,
            [self._to_step(level, ages, span_ages) for level in range(self._steps)],
            value_labels=label_values(days.drop_null()),
            leaves=len(span),
            value_bounds=Bounds(lower=own, upper=own),
        )

    def count_span(self, values: pa.Array, lower: NDArray[np.float64], upper: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the days, from the first to the last observed birth date, on which people were born who are now of these ages."""
        born = to_days(values, hierarchy=self.name, column=None).drop_null().to_numpy(zero_copy_only=False).astype("datetime64[D]")
        if not len(born):
            return np.zeros(len(lower), dtype=np.int64)
        ages = np.sort(self.ages_of(np.arange(born.min(), born.max() + np.timedelta64(1, "D"))))
        return np.searchsorted(ages, upper, side="right") - np.searchsorted(ages, lower, side="left")

    def label_span(self, lower: int | None, upper: int | None) -> str:
        """Return 31〜37歳, 85歳以上."""
        return self._bands.label_span(lower, upper)

    def ages_of(self, born: NDArray[np.datetime64]) -> NDArray[np.int64]:
        """Return the age in years on the reference date; negative for a later birth date."""
        months = born.astype("datetime64[M]")
        month = months.astype(np.int64)
        day = (born - months.astype("datetime64[D]")).astype(np.int64) + 1
        years = self.as_of.year - (1970 + month // 12)
        not_yet = (month % 12 + 1 > self.as_of.month) | ((month % 12 + 1 == self.as_of.month) & (day > self.as_of.day))
        return np.asarray(years - not_yet, dtype=np.int64)

    def _to_step(self, level: int, ages: NDArray[np.int64], span_ages: NDArray[np.int64]) -> Step:
        lower, following = self._bands.lower_limits(level, ages)
        distinct, first, positions = np.unique(lower, return_index=True, return_inverse=True)
        upper = following[first]
        span_lower, _ = self._bands.lower_limits(level, span_ages)
        span_distinct, counts = np.unique(span_lower, return_counts=True)
        return Step(
            groups=positions.astype(np.int64),
            labels=[label_band(a, b, UNIT) for a, b in zip(distinct.tolist(), upper.tolist(), strict=True)],
            leaves=counts[np.searchsorted(span_distinct, distinct)],
            bounds=to_bounds(distinct, upper),
        )


def _spread_ages(ages: NDArray[np.int64], days: pa.Array) -> pa.Array:
    spread = np.zeros(len(days), dtype=np.int64)
    spread[np.asarray(days.is_valid())] = ages
    return pa.array(spread, mask=np.asarray(days.is_null()))
