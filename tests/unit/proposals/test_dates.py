"""Days as the law counts and writes them."""

from datetime import UTC, date, datetime

import pytest

from casework.clock import day_of
from proposals.dates import add_months, fiscal_year, to_date, to_wareki


@pytest.mark.parametrize(
    ("day", "text"),
    [
        ("2026-11-23", "令和8年11月23日"),
        ("2019-05-01", "令和元年5月1日"),
        ("2019-04-30", "平成31年4月30日"),
        ("1989-01-08", "平成元年1月8日"),
        ("1989-01-07", "昭和64年1月7日"),
        ("1926-12-25", "昭和元年12月25日"),
        ("1926-12-24", "1926年12月24日"),
    ],
)
def test_letters_write_the_era(day, text):
    assert to_wareki(day) == text
    assert to_wareki(date.fromisoformat(day)) == text


@pytest.mark.parametrize(
    ("day", "months", "other"),
    [
        ("2026-05-20", 6, "2026-11-20"),
        ("2026-08-31", 6, "2027-02-28"),  # no 31st: the last day
        ("2027-08-31", 6, "2028-02-29"),
        ("2026-11-20", -6, "2026-05-20"),
        ("2026-12-31", 1, "2027-01-31"),
        ("2026-01-15", 0, "2026-01-15"),
    ],
)
def test_months_end_on_the_corresponding_day(day, months, other):
    assert add_months(date.fromisoformat(day), months) == date.fromisoformat(other)


def test_the_day_is_the_day_in_japan():
    assert day_of(datetime(2026, 3, 31, 14, 59, tzinfo=UTC)) == date(2026, 3, 31)
    assert day_of(datetime(2026, 3, 31, 15, 0, tzinfo=UTC)) == date(2026, 4, 1)


@pytest.mark.parametrize(("day", "year"), [("2026-03-31", 2025), ("2026-04-01", 2026), ("2026-12-31", 2026)])
def test_the_fiscal_year_begins_in_april(day, year):
    assert fiscal_year(to_date(day)) == year
