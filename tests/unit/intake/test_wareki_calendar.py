"""The era calendar: every day it can be asked for, and the days on either side of every limit."""

import numpy as np
import pytest

from intake.defects import BEFORE_GREGORIAN, NO_SUCH_DAY, OUTSIDE_ERA, SOUND, UNKNOWN_PART
from intake.values.wareki import find_era, to_days

# By hand: the eras as the calendar of the Cabinet Office has them; the day of a change belongs to the new era.
BY_HAND = (
    (1, 1868, "1873-01-01", "1912-07-29"),
    (2, 1912, "1912-07-30", "1926-12-24"),
    (3, 1926, "1926-12-25", "1989-01-07"),
    (4, 1989, "1989-01-08", "2019-04-30"),
    (5, 2019, "2019-05-01", "2050-12-31"),
)


def days_between(first, last):
    return np.arange(np.datetime64(first), np.datetime64(last) + 1)


def parts_of(days):
    """Year, month and day of dates, by text: independent of the arithmetic under test."""
    texts = days.astype(str)
    return tuple(np.array([int(text[a:b]) for text in texts], dtype=np.int64) for a, b in ((0, 4), (5, 7), (8, 10)))


def one(era, year, month, day, *, overflow=False):
    result = to_days(*(np.array([part], dtype=np.int64) for part in (era, year, month, day)), overflow=overflow)
    return str(result.days.astype("datetime64[D]")[0]) if result.defects[0] == SOUND else int(result.defects[0])


@pytest.mark.parametrize(("era", "first_year", "first", "last"), BY_HAND)
def test_every_day_of_an_era_comes_back(era, first_year, first, last):
    days = days_between(first, last)
    years, months, dates = parts_of(days)
    result = to_days(np.full(days.size, era), years - first_year + 1, months, dates, overflow=False)
    assert not result.defects.any()
    assert not result.overflowed.any()
    assert (result.days == days.astype(np.int64)).all()


def test_all_days_from_1873_to_2050_were_asked():
    assert sum(days_between(first, last).size for _, _, first, last in BY_HAND) == days_between("1873-01-01", "2050-12-31").size


def test_every_western_day_comes_back_and_every_other_day_of_31_is_no_day():
    years, months, dates = (grid.ravel() for grid in np.meshgrid(np.arange(1873, 2051), np.arange(1, 13), np.arange(1, 32)))
    result = to_days(np.zeros_like(years), years, months, dates, overflow=False)
    real = set(days_between("1873-01-01", "2050-12-31").astype(str).tolist())
    texts = [f"{y:04}-{m:02}-{d:02}" for y, m, d in zip(years.tolist(), months.tolist(), dates.tolist(), strict=True)]
    exists = np.array([text in real for text in texts])
    assert ((result.defects == SOUND) == exists).all()
    assert (result.defects[~exists] == NO_SUCH_DAY).all()
    assert result.days[exists].astype("datetime64[D]").astype(str).tolist() == [t for t, real_ in zip(texts, exists, strict=True) if real_]


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        # limit-1, limit, limit+1 of each era; the days 1912-07-30 and 1926-12-25 belong to both
        ((1, 5, 12, 31), BEFORE_GREGORIAN),
        ((1, 6, 1, 1), "1873-01-01"),
        ((1, 45, 7, 29), "1912-07-29"),
        ((1, 45, 7, 30), "1912-07-30"),
        ((1, 45, 7, 31), OUTSIDE_ERA),
        ((2, 1, 7, 29), OUTSIDE_ERA),
        ((2, 1, 7, 30), "1912-07-30"),
        ((2, 15, 12, 25), "1926-12-25"),
        ((2, 15, 12, 26), OUTSIDE_ERA),
        ((3, 1, 12, 24), OUTSIDE_ERA),
        ((3, 1, 12, 25), "1926-12-25"),
        ((3, 64, 1, 7), "1989-01-07"),
        ((3, 64, 1, 8), OUTSIDE_ERA),
        ((4, 1, 1, 7), OUTSIDE_ERA),
        ((4, 1, 1, 8), "1989-01-08"),
        ((4, 31, 4, 30), "2019-04-30"),
        ((4, 31, 5, 1), OUTSIDE_ERA),
        ((5, 1, 4, 30), OUTSIDE_ERA),
        ((5, 1, 5, 1), "2019-05-01"),
        ((3, 60, 2, 28), "1985-02-28"),
        ((3, 60, 2, 29), NO_SUCH_DAY),
        ((3, 63, 2, 29), "1988-02-29"),
        ((3, 20, 0, 0), UNKNOWN_PART),
        ((3, 20, 4, 0), UNKNOWN_PART),
        ((3, 0, 4, 1), UNKNOWN_PART),
        ((3, 20, 13, 1), NO_SUCH_DAY),
        ((6, 1, 1, 1), NO_SUCH_DAY),
        ((9, 20, 1, 1), NO_SUCH_DAY),
        ((0, 1872, 12, 31), BEFORE_GREGORIAN),
        ((0, 1873, 1, 1), "1873-01-01"),
    ],
)
def test_limits(date, expected):
    assert one(*date) == expected


@pytest.mark.parametrize(
    ("date", "expected"), [((4, 33, 5, 1), "2021-05-01"), ((3, 100, 1, 1), "2025-01-01"), ((3, 64, 1, 8), "1989-01-08")]
)
def test_overflow_is_arithmetic_where_the_layout_says_so(date, expected):
    assert one(*date) == OUTSIDE_ERA
    assert one(*date, overflow=True) == expected


def test_no_policy_makes_a_day_of_a_lunar_date():
    assert one(1, 5, 1, 1, overflow=True) == BEFORE_GREGORIAN


@pytest.mark.parametrize(("spelling", "number"), [("昭和", 3), ("昭", 3), ("S", 3), ("s", 3), ("㍼", 3), ("㋿", 5), ("令", 5), ("X", None)])
def test_spellings_of_eras(spelling, number):
    assert find_era(spelling) == number
