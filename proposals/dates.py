"""Days as the law counts and writes them: months back and forth, and the Japanese era of a letter."""

import calendar
from datetime import date

# First day of each era a letter of this office can be dated in.
ERAS = ((date(2019, 5, 1), "令和"), (date(1989, 1, 8), "平成"), (date(1926, 12, 25), "昭和"))


def to_date(value: str | date) -> date:
    """Return a day from a document, where it stands as a date or as ISO 8601 text."""
    return value if isinstance(value, date) else date.fromisoformat(value)


def add_months(day: date, months: int) -> date:
    """Return the same day of another month; the last day of a shorter month.

    References
    ----------
    民法第143条第2項: a period of months ends on the corresponding day, or on the last day where there is none.
    """
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def to_wareki(value: str | date) -> str:
    """Return a day as letters write it: 令和8年11月23日; the first year of an era is 元年.

    Parameters
    ----------
    value : str or date
        ISO 8601 text or a day; before 1926-12-25 the Western year is written.
    """
    day = to_date(value)
    for first, era in ERAS:
        if day >= first:
            year = day.year - first.year + 1
            return f"{era}{'元' if year == 1 else year}年{day.month}月{day.day}日"
    return f"{day.year}年{day.month}月{day.day}日"


def fiscal_year(day: date) -> int:
    """Return the Japanese fiscal year of a day (April to March)."""
    return day.year if day.month >= 4 else day.year - 1
