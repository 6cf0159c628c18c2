"""Every spelling of law and practice, and what must not be guessed."""

import datetime

import pyarrow as pa
import pytest

from intake.defects import DATE_LEFT_EMPTY, DAY_NUMBER, NO_SUCH_DAY, NOT_A_DATE, OUTSIDE_ERA, SOUND, UNKNOWN_PART
from intake.values import dates
from intake.values.dates import DatePolicy

STRICT = DatePolicy()
APRIL = datetime.date(1945, 4, 1)
MAY = datetime.date(2019, 5, 1)


def read(convert, text, policy=STRICT, *, month=False):
    result = convert(pa.array([text], pa.string()), policy, month=month)
    return result.values.to_pylist()[0] if result.defects[0] == SOUND else int(result.defects[0])


@pytest.mark.parametrize(
    "text",
    [
        "昭和20年4月1日",
        "昭和２０年４月１日",
        "昭和 20年 4月 1日",
        "S20.4.1",
        "S20.04.01",
        "s20/4/1",
        "Ｓ２０．４．１",
        "昭20.4.1",
        "昭２０・４・１",
        "S20-4-1",
        "S200401",
        "㍼20年4月1日",
        "昭和二十年四月一日",
        "昭和20.4.1",
        "S20－4－1",
    ],
)
def test_one_day_in_every_spelling(text):
    assert read(dates.convert_era_text, text) == APRIL
    assert read(dates.convert_any_date, text) == APRIL


@pytest.mark.parametrize("text", ["令和元年5月1日", "R1.5.1", "R01.05.01", "R010501", "令1年5月1日", "㋿元年５月１日", "令和一年五月一日"])
def test_the_first_year_of_an_era(text):
    assert read(dates.convert_era_text, text) == MAY


@pytest.mark.parametrize(
    ("text", "defect"),
    [
        ("R01", UNKNOWN_PART),
        ("令和元年", UNKNOWN_PART),
        ("S20.4", UNKNOWN_PART),
        ("S20.00.00", UNKNOWN_PART),
        ("昭和20年4月0日", UNKNOWN_PART),
        ("平成31年5月1日", OUTSIDE_ERA),
        ("昭和64年1月8日", OUTSIDE_ERA),
        ("令和6年2月30日", NO_SUCH_DAY),
        ("昭和20年13月1日", NO_SUCH_DAY),
        ("20.4.1", NOT_A_DATE),
        ("S2041", NO_SUCH_DAY),
        ("昭和20年4月1日生", NOT_A_DATE),
        ("元年4月1日", NOT_A_DATE),
        ("S20,4,1", NOT_A_DATE),
        ("不明", NOT_A_DATE),
    ],
)
def test_what_is_left_open_or_wrong_is_not_guessed(text, defect):
    assert read(dates.convert_era_text, text) == defect


@pytest.mark.parametrize(
    "text",
    ["2024-02-29", "2024/2/29", "2024.2.29", "20240229", "2024年2月29日", "２０２４／２／２９", "2024-02-29 00:00:00", "西暦2024年2月29日"],
)
def test_western_days(text):
    assert read(dates.convert_western, text) == datetime.date(2024, 2, 29)


@pytest.mark.parametrize(
    ("text", "defect"),
    [
        ("2023-02-29", NO_SUCH_DAY),
        ("24-02-29", NOT_A_DATE),
        ("29/02/2024", NOT_A_DATE),
        ("2024-02-29 10:30:00", NOT_A_DATE),
        ("45382", DAY_NUMBER),
    ],
)
def test_western_days_that_are_none(text, defect):
    assert read(dates.convert_western, text) == defect


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3200401", APRIL),
        ("３２００４０１", APRIL),
        ("5010501", MAY),
        ("0000000", None),
        ("9999999", None),
        ("320040", NOT_A_DATE),
        ("32004010", NOT_A_DATE),
        ("3200431", NO_SUCH_DAY),
        ("4310501", OUTSIDE_ERA),
        ("3200400", UNKNOWN_PART),
        ("0200401", NO_SUCH_DAY),
        ("6200401", NO_SUCH_DAY),
        ("S200401", NOT_A_DATE),
    ],
)
def test_packed_dates(text, expected):
    assert read(dates.convert_packed_era, text) == expected


def test_packed_months_and_months_in_words():
    assert read(dates.convert_packed_era, "50604", month=True) == datetime.date(2024, 4, 1)
    assert read(dates.convert_packed_era, "50613", month=True) == NO_SUCH_DAY
    for text in ("2024-04", "202404", "令和6年4月", "R6.4", "2024年4月", "2024-04-01"):
        assert read(dates.convert_any_date, text, month=True) == datetime.date(2024, 4, 1)


def test_a_day_in_a_column_of_months_is_told():
    result = dates.convert_any_date(pa.array(["2024-04-15", "2024-04-01"]), STRICT, month=True)
    assert result.values.to_pylist() == [datetime.date(2024, 4, 1)] * 2
    assert result.repairs["day_dropped"].tolist() == [True, False]


def test_open_parts_become_empty_with_a_note_where_the_layout_says_so():
    policy = DatePolicy(open_as_empty=True)
    result = dates.convert_era_text(pa.array(["S20.00.00", "S20.4.1", "不明"]), policy, month=False)
    assert result.values.to_pylist() == [None, APRIL, None]
    assert result.defects.tolist() == [SOUND, SOUND, NOT_A_DATE]
    assert result.notes[DATE_LEFT_EMPTY].tolist() == [True, False, False]


def test_overflow_is_in_the_ledger():
    result = dates.convert_era_text(pa.array(["平成33年5月1日", "R3.5.1"]), DatePolicy(overflow=True), month=False)
    assert result.values.to_pylist() == [datetime.date(2021, 5, 1)] * 2
    assert result.repairs["era_overflow"].tolist() == [True, False]


def test_packed_era_is_refused_where_any_date_may_stand():
    assert read(dates.convert_any_date, "3200401") == NOT_A_DATE
