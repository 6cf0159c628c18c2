"""The Japanese era calendar: eras to days, whole columns at once.

Decided here: the exact first and last day of each era, what is outside it, what an open part is, and that no day before 明治6年1月1日
(1873-01-01, the first of the Gregorian calendar in Japan) is taken over. Not decided here: how a date is spelled (`intake.values.dates`).

The day an era changed belongs to both where the change was made on that very day (1912-07-30, 1926-12-25); 昭和 ended on 1989-01-07 and
平成 on 2019-04-30, the day before the next began.

References
----------
元号法（昭和54年法律第43号）; 元号を改める政令（昭和64年政令第1号、平成31年政令第143号）; 明治45年・昭和元年の改元の詔書;
太政官布告第337号（明治5年）: from 明治6年1月1日 the solar calendar.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from intake.defects import BEFORE_GREGORIAN, NO_SUCH_DAY, OUTSIDE_ERA, SOUND, UNKNOWN_PART

Integers: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Era:
    """An era: its number in files, its spellings, the western year of its year 1, its first and last day."""

    number: int
    name: str
    spellings: tuple[str, ...]
    first_year: int
    first_day: str
    last_day: str


ERAS: tuple[Era, ...] = (
    Era(number=1, name="明治", spellings=("明治", "明", "M", "㍾"), first_year=1868, first_day="1868-01-25", last_day="1912-07-30"),
    Era(number=2, name="大正", spellings=("大正", "大", "T", "㍽"), first_year=1912, first_day="1912-07-30", last_day="1926-12-25"),
    Era(number=3, name="昭和", spellings=("昭和", "昭", "S", "㍼"), first_year=1926, first_day="1926-12-25", last_day="1989-01-07"),
    Era(number=4, name="平成", spellings=("平成", "平", "H", "㍻"), first_year=1989, first_day="1989-01-08", last_day="2019-04-30"),
    Era(number=5, name="令和", spellings=("令和", "令", "R", "㋿"), first_year=2019, first_day="2019-05-01", last_day="9999-12-31"),
)
WESTERN = 0
_NUMBER_OF = {spelling: era.number for era in ERAS for spelling in era.spellings}
_FIRST_YEAR = np.array([1, *(era.first_year for era in ERAS)], dtype=np.int64)
_FIRST_DAY = np.array(["0001-01-01", *(era.first_day for era in ERAS)], dtype="datetime64[D]").astype(np.int64)
_LAST_DAY = np.array(["9999-12-31", *(era.last_day for era in ERAS)], dtype="datetime64[D]").astype(np.int64)
_GREGORIAN = int(np.datetime64("1873-01-01").astype("datetime64[D]").astype(np.int64))
_LONGEST = 199


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Days:
    """What dates given as numbers became.

    Parameters
    ----------
    days : NDArray[int64]
        Days since 1970-01-01; 0 where there is a defect.
    defects : NDArray[uint8]
        Index into `intake.defects.ROW_KINDS`.
    overflowed : NDArray[bool]
        The day lies outside its era and was taken over by arithmetic.
    """

    days: Integers
    defects: NDArray[np.uint8]
    overflowed: NDArray[np.bool_]


def find_era(spelling: str) -> int | None:
    """Return the number of an era by a spelling (明治, 明, M, ㍾ …); None for no era."""
    return _NUMBER_OF.get(spelling.upper())


def to_days(eras: Integers, years: Integers, months: Integers, days: Integers, *, overflow: bool) -> Days:
    """Return the days of dates given as numbers.

    Parameters
    ----------
    eras : NDArray[int64]
        1 明治, 2 大正, 3 昭和, 4 平成, 5 令和, 0 for western years; anything else is no such day.
    years, months, days : NDArray[int64]
        Year of the era, month, day; 0 stands for a part left open.
    overflow : bool
        Whether a day outside its era (平成33年, 昭和100年) is taken over by arithmetic; otherwise it is a defect.
    """
    known = (eras >= 0) & (eras <= len(ERAS))
    era = np.where(known, eras, 0)
    western = _FIRST_YEAR[era] + years - 1
    exists = known & (years >= 0) & (western <= 9999) & ((era == WESTERN) | (years <= _LONGEST)) & (months <= 12) & (months >= 0)
    open_part = exists & ((years == 0) | (months == 0) | (days == 0))
    whole = exists & ~open_part
    count = _count_days(np.where(whole, western, 1970), np.where(whole, months, 1), np.where(whole, days, 1))
    whole &= count.defects == SOUND
    outside = whole & ((count.days < _FIRST_DAY[era]) | (count.days > _LAST_DAY[era]))
    early = whole & (count.days < _GREGORIAN)
    defects = np.select(
        [early, outside & (not overflow), open_part, ~whole],
        [BEFORE_GREGORIAN, OUTSIDE_ERA, UNKNOWN_PART, NO_SUCH_DAY],
        default=SOUND,
    ).astype(np.uint8)
    return Days(days=np.where(defects == SOUND, count.days, 0), defects=defects, overflowed=outside & (defects == SOUND))


def _count_days(years: Integers, months: Integers, days: Integers) -> Days:
    """Return days since 1970-01-01 of Gregorian dates, with a defect where the month has no such day."""
    first = (years - 1970).astype("datetime64[Y]").astype("datetime64[M]") + (months - 1).astype("timedelta64[M]")
    length = ((first + np.timedelta64(1, "M")).astype("datetime64[D]") - first.astype("datetime64[D]")).astype(np.int64)
    missing = (days < 1) | (days > length)
    count = first.astype("datetime64[D]").astype(np.int64) + days - 1
    return Days(
        days=np.where(missing, 0, count), defects=np.where(missing, NO_SUCH_DAY, SOUND).astype(np.uint8), overflowed=np.zeros_like(missing)
    )
