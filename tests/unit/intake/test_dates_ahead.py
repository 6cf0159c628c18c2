"""How far after the day of the contents a date may lie, by what the column is, and days that a layout declares to mean "no end"."""

from datetime import date, timedelta

import pyarrow as pa
import pytest

from intake.defects import AFTER_CONTENTS, IN_THE_FUTURE, OUTSIDE_ERA, SOUND
from intake.layout import load_layout, make_plain_layout
from intake.values.rules import convert_distinct
from schemas.errors import FormRejected
from schemas.tables import ColumnType, load_table, table_names

AS_OF = date(2025, 4, 1)


def judge(table, column, *texts, layout=None):
    layout = (layout or make_plain_layout(load_table(table), "csv")).with_as_of(AS_OF)
    use = next(one.use for one in layout.columns if one.name == column)
    return convert_distinct(pa.array(texts, pa.string()), use)


@pytest.mark.parametrize(
    ("table", "column", "ahead_days"),
    [
        ("kokuho_benefit", "birth_date", 0),
        ("kokuho_benefit", "qualified_on", 0),
        ("kokuho_benefit", "lost_on", 31),
        ("nursing_home_waitlist", "applied_on", 0),
        ("nursing_home_waitlist", "certified_from", 366),
        ("nursing_home_waitlist", "certified_to", 2192),
        ("care_provider_staff", "started_on", 0),
        ("care_provider_staff", "expires_on", 3653),
    ],
)
def test_the_last_day_that_is_taken_over_is_as_far_ahead_as_the_column_allows(table, column, ahead_days):
    late = IN_THE_FUTURE if column == "birth_date" else AFTER_CONTENTS
    days = [(AS_OF + timedelta(days=ahead_days + step)).isoformat() for step in (-1, 0, 1)]
    assert judge(table, column, *days).defects.tolist() == [SOUND, SOUND, late]


@pytest.mark.parametrize("text", ["R99.4.1", "令和99年4月1日", "令和９９年４月１日", "2117-04-01", "9999-12-31"])
def test_an_era_year_far_ahead_is_taken_over_in_no_column_of_any_table(text):
    for name in table_names():
        dates = [column.name for column in load_table(name).columns if column.type is ColumnType.DATE]
        assert dates
        for column in dates:
            found = judge(name, column, text)
            assert found.values.null_count == 1
            assert found.defects.tolist() in ([AFTER_CONTENTS], [IN_THE_FUTURE])


def write_layout(tmp_path, *, settings="", column=""):
    path = tmp_path / "own.yaml"
    path.write_text(
        "layout: own-staff\ntitle_ja: 試験\ntable: care_provider_staff\nformat: csv\nencoding: utf-8\nheader: true\n"
        f"{settings}columns:\n  - {{heading: 番号, column: staff_key, rule: digits_half}}\n"
        "  - {heading: 生年月日, column: birth_date, rule: date}\n"
        f"  - {{heading: 期限, column: expires_on, rule: date{column}}}\n",
        encoding="utf-8",
    )
    return path


def test_days_that_mean_no_end_are_left_empty_and_counted_where_dates_may_lie_ahead(tmp_path):
    layout = load_layout(write_layout(tmp_path, settings='open_end: ["9999-12-31", "2117-12-31"]\n'))
    texts = ("9999-12-31", "令和99年12月31日", "2030-03-31", "9998-12-31")
    found = judge("care_provider_staff", "expires_on", *texts, layout=layout)
    assert found.values.to_pylist() == [None, None, date(2030, 3, 31), None]
    assert found.defects.tolist() == [SOUND, SOUND, SOUND, AFTER_CONTENTS]
    assert found.repairs["open_end"].tolist() == [True, True, False, False]
    births = judge("care_provider_staff", "birth_date", "9999-12-31", layout=layout)
    assert births.defects.tolist() == [IN_THE_FUTURE]


def test_a_layout_says_how_far_ahead_its_dates_may_lie(tmp_path):
    layout = load_layout(write_layout(tmp_path, column=", ahead_days: 10"))
    assert judge("care_provider_staff", "expires_on", "2025-04-11", "2025-04-12", layout=layout).defects.tolist() == [SOUND, AFTER_CONTENTS]


def test_a_day_that_is_none_cannot_mean_no_end(tmp_path):
    with pytest.raises(FormRejected) as caught:
        load_layout(write_layout(tmp_path, settings='open_end: ["9999-13-31"]\n'))
    assert [finding.kind.code for finding in caught.value.findings] == ["layout-open-end"]


def test_the_last_day_of_the_calendar_is_no_crash():
    layout = make_plain_layout(load_table("care_provider_staff"), "csv").with_as_of(date(9999, 12, 31))
    use = next(one.use for one in layout.columns if one.name == "expires_on")
    assert convert_distinct(pa.array(["9999-12-31"]), use).defects.tolist() == [SOUND]


def test_a_year_of_an_era_that_is_over_stays_outside_its_era():
    assert judge("kokuho_benefit", "qualified_on", "平成99年4月1日").defects.tolist() == [OUTSIDE_ERA]
