"""Hierarchies of days and months: month, quarter, half year, year, fiscal year (年度, April to March), decade.

Leaves are the days (or months) from the first to the last observed one.
"""

import datetime
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from schemas.errors import PlanError
from schemas.hierarchies.assemble import Step, assemble, label_values
from schemas.hierarchies.hierarchy import Hierarchy, decode, refuse_unknown, wrong_type
from schemas.hierarchies.level_table import Bounds, LevelTable
from schemas.messages import N_, Name

_MONTHS_TO_APRIL = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A calendar unit.

    Parameters
    ----------
    months : int
        Length.
    offset : int
        Months from January to where periods start.
    title : str
        Its name in Japanese.
    label : Callable
        First year, first month of a period → label.
    inside : tuple[str, ...]
        Units that hold whole periods of this one.
    """

    months: int
    offset: int
    title: str
    label: Callable[[int, int], str]
    inside: tuple[str, ...]


def _label_months(months: int) -> Callable[[int, int], str]:
    return lambda year, month: f"{year}年{month}〜{month + months - 1}月"


def _label_fiscal_half(year: int, month: int) -> str:
    return f"{year}年度上半期" if month == 4 else f"{year}年度下半期"


PERIODS: Mapping[str, Period] = {
    "month": Period(
        months=1,
        offset=0,
        title="月",
        label=lambda year, month: f"{year}年{month}月",
        inside=("quarter", "half_year", "year", "fiscal_half", "fiscal_year", "decade"),
    ),
    "quarter": Period(
        months=3, offset=0, title="四半期", label=_label_months(3), inside=("half_year", "year", "fiscal_half", "fiscal_year", "decade")
    ),
    "half_year": Period(months=6, offset=0, title="半年", label=_label_months(6), inside=("year", "decade")),
    "fiscal_half": Period(months=6, offset=_MONTHS_TO_APRIL, title="年度半期", label=_label_fiscal_half, inside=("fiscal_year",)),
    "year": Period(months=12, offset=0, title="暦年", label=lambda year, _month: f"{year}年", inside=("decade",)),
    "fiscal_year": Period(months=12, offset=_MONTHS_TO_APRIL, title="年度", label=lambda year, _month: f"{year}年度", inside=()),
    "decade": Period(months=120, offset=0, title="10年", label=lambda year, _month: f"{year}年代", inside=()),
}


class DateHierarchy(Hierarchy):
    """Calendar units per level: `{dates: [month, quarter, fiscal_year]}`.

    Parameters
    ----------
    periods : Sequence[str]
        Keys of `PERIODS`, each inside the next.
    by_month : bool
        Values are months, given as their first day: the month is the leaf, and a value's range is its month.
    """

    ordered = True

    def __init__(self, name: str, periods: Sequence[str], *, by_month: bool = False) -> None:
        for finer, coarser in itertools.pairwise(periods):
            if coarser not in PERIODS[finer].inside:
                raise PlanError(
                    N_("in the hierarchy {hierarchy}, {coarser} does not hold whole units of {finer}"),
                    N_("give calendar units from fine to coarse, such as month, quarter, fiscal_year"),
                    hierarchy=Name(name),
                    finer=Name(finer),
                    coarser=Name(coarser),
                )
        super().__init__(name, {period: PERIODS[period].title for period in periods})
        self._periods = [PERIODS[period] for period in periods]
        self._by_month = by_month

    def resolve(self, values: pa.Array, *, column: str | None = None) -> LevelTable:
        """Return the groups of distinct values at every level."""
        typed = to_days(values, hierarchy=self.name, column=column)
        days = typed.drop_null().to_numpy(zero_copy_only=False).astype("datetime64[D]")
        months = days.astype("datetime64[M]").astype(np.int64)
        if self._by_month:
            refuse_unknown(int((days.astype("datetime64[M]") != days).sum()), hierarchy=self.name, column=column)
        return assemble(
            self,
            typed,
            [self._to_step(period, months, days) for period in self._periods],
            value_labels=self._label_values(typed.drop_null()),
            leaves=_count_units(months if self._by_month else days.astype(np.int64)),
            value_bounds=Bounds(lower=typed, upper=_last_days(typed) if self._by_month else typed),
        )

    def type_values(self, values: pa.Array) -> pa.Array:
        """Return values as days."""
        return to_days(values, hierarchy=self.name, column=None)

    def count_span(self, values: pa.Array, lower: NDArray[np.float64], upper: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the days (or months) between two ranks."""
        if not self._by_month:
            return super().count_span(values, lower, upper)
        days = self.rank_bounds(self.type_values(values).drop_null())
        first, last = (days.min(), days.max()) if len(days) else (0.0, 0.0)
        start, stop = (_to_months(edge) for edge in (np.maximum(lower, first), np.minimum(upper, last)))
        return np.asarray(stop - start + 1, dtype=np.int64)

    def label_span(self, lower: datetime.date | None, upper: datetime.date | None) -> str:
        """Return 2024年5〜7月, 2024年11月〜2025年2月, 2024年5月3日〜6月2日."""
        if lower is None or upper is None:
            return super().label_span(*("" if day is None else _label_day(day) for day in (lower, upper)))
        if lower.day == 1 and upper == _last_day(upper):
            same = f"{lower.year}年{lower.month}〜{upper.month}月"
            return same if lower.year == upper.year else f"{_label_month(lower)}〜{_label_month(upper)}"
        return f"{_label_day(lower)}〜{_label_day(upper).removeprefix(f'{lower.year}年')}"

    def _label_values(self, days: pa.Array) -> list[str]:
        if self._by_month:
            return [_label_month(day) for day in days.to_pylist()]
        return label_values(days)

    def _to_step(self, period: Period, months: NDArray[np.int64], days: NDArray[np.datetime64]) -> Step:
        numbers, positions = np.unique(np.floor_divide(months - period.offset, period.months), return_inverse=True)
        starts = numbers * period.months + period.offset
        lower = starts.astype("datetime64[M]").astype("datetime64[D]")
        following = (starts + period.months).astype("datetime64[M]").astype("datetime64[D]")
        labels = [period.label(*divmod_month(start)) for start in starts.tolist()]
        return Step(
            groups=positions.astype(np.int64),
            labels=labels,
            leaves=self._count_leaves(lower, following, days),
            bounds=Bounds(lower=_to_array(lower), upper=_to_array(following - np.timedelta64(1, "D"))),
        )

    def _count_leaves(
        self, lower: NDArray[np.datetime64], following: NDArray[np.datetime64], days: NDArray[np.datetime64]
    ) -> NDArray[np.int64]:
        """Return the days (or months) of each period between the first and the last observed one."""
        unit = "datetime64[M]" if self._by_month else "datetime64[D]"
        if len(days) == 0:
            return np.zeros(0, dtype=np.int64)
        first, last = (edge.astype(unit).astype(np.int64) for edge in (days.min(), days.max()))
        start, stop = (edge.astype(unit).astype(np.int64) for edge in (lower, following))
        return np.asarray(np.minimum(stop, last + 1) - np.maximum(start, first), dtype=np.int64)


def to_days(values: pa.Array, *, hierarchy: str, column: str | None) -> pa.Array:
    """Return values as date32; times lose their time, ISO texts are read.

    Raises
    ------
    PlanError
        The values are not dates.
    """
    plain = decode(values)
    if pa.types.is_integer(plain.type) or pa.types.is_floating(plain.type):
        raise wrong_type("date", hierarchy=hierarchy, column=column)
    try:
        return plain.cast(pa.date32(), safe=not pa.types.is_timestamp(plain.type))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise wrong_type("date", hierarchy=hierarchy, column=column) from None


def divmod_month(months: int) -> tuple[int, int]:
    """Return year and month (1–12) of a count of months since January 1970."""
    year, month = divmod(months, 12)
    return 1970 + year, month + 1


def _last_days(first_days: pa.Array) -> pa.Array:
    ends = [None if day is None else _last_day(day) for day in first_days.to_pylist()]
    return pa.array(ends, pa.date32())


def _last_day(day: datetime.date) -> datetime.date:
    return (day.replace(day=28) + datetime.timedelta(days=4)).replace(day=1) - datetime.timedelta(days=1)


def _label_month(day: datetime.date) -> str:
    return f"{day.year}年{day.month}月"


def _label_day(day: datetime.date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _to_months(days: NDArray[np.float64]) -> NDArray[np.int64]:
    return days.astype(np.int64).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def _count_units(numbers: NDArray[np.int64]) -> int:
    return int(numbers.max() - numbers.min()) + 1 if len(numbers) else 0


def _to_array(days: NDArray[np.datetime64]) -> pa.Array:
    return pa.array(days.astype("datetime64[D]"), pa.date32())
