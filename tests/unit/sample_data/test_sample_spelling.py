"""Spellings of senders, on values worked out by hand."""

from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from sample_data import spelling
from schemas.tables import load_table

RNG = np.random.default_rng(1)
KOKUHO, WAITLIST = load_table("kokuho_benefit"), load_table("nursing_home_waitlist")


@pytest.mark.parametrize(
    ("day", "packed", "text", "short"),
    [
        (date(1912, 7, 29), "1450729", "明治45年7月29日", "M45.7.29"),
        (date(1912, 7, 30), "2010730", "大正元年7月30日", "T1.7.30"),
        (date(1926, 12, 24), "2151224", "大正15年12月24日", "T15.12.24"),
        (date(1926, 12, 25), "3011225", "昭和元年12月25日", "S1.12.25"),
        (date(1989, 1, 7), "3640107", "昭和64年1月7日", "S64.1.7"),
        (date(1989, 1, 8), "4010108", "平成元年1月8日", "H1.1.8"),
        (date(2019, 4, 30), "4310430", "平成31年4月30日", "H31.4.30"),
        (date(2019, 5, 1), "5010501", "令和元年5月1日", "R1.5.1"),
    ],
)
def test_dates_on_the_days_eras_changed(day, packed, text, short):
    days = pa.array([day, None], pa.date32())
    assert spelling.pack_era(days, month=False).to_pylist() == [packed, ""]
    assert spelling.write_era(days, 0).to_pylist() == [text, ""]
    assert spelling.write_era(days, 1).to_pylist() == [short, ""]


def test_months_are_packed_without_a_day():
    assert spelling.pack_era(pa.array([date(2024, 4, 1)]), month=True).to_pylist() == ["50604"]


def test_full_width_dates():
    assert spelling.write_era(pa.array([date(1945, 4, 1)]), 2).to_pylist() == ["昭和２０年４月１日"]


@pytest.mark.parametrize(
    ("full", "half"),
    [("ガギグ", "ｶﾞｷﾞｸﾞ"), ("パピプ", "ﾊﾟﾋﾟﾌﾟ"), ("ヴァ", "ｳﾞｧ"), ("コーヒー", "ｺｰﾋｰ"), ("サトウ\u3000ハナコ", "ｻﾄｳ ﾊﾅｺ"), ("髙", "髙")],
)
def test_kana_in_half_width(full, half):
    assert spelling.halve_kana(full) == half


def test_addresses_get_wide_digits_and_hyphens():
    cells = spelling.spell(pa.array(["見本町3-12-5", None]), "address", KOKUHO.get_column("address"), spelling.MAINFRAME, RNG)
    assert cells.to_pylist() == ["見本町３－１２－５", ""]


@pytest.mark.parametrize(("style", "cell"), [(spelling.MAINFRAME, "23"), (spelling.PACKAGE, "要介護３"), (spelling.SPREADSHEET, "要介護3")])
def test_codes_and_labels_by_style(style, cell):
    cells = spelling.spell(pa.array(["23", None]), "care_level_code", WAITLIST.get_column("care_level"), style, RNG)
    assert cells.to_pylist() == [cell, ""]


@pytest.mark.parametrize(("style", "cells"), [(spelling.MAINFRAME, ["1", "0", ""]), (spelling.PACKAGE, ["有", "無", ""])])
def test_flags_by_style(style, cells):
    column = WAITLIST.get_column("public_assistance")
    assert spelling.spell(pa.array([True, False, None]), "flag", column, style, RNG).to_pylist() == cells


def test_numbers_by_style():
    column = KOKUHO.get_column("points")
    assert spelling.spell(pa.array([1234, None]), "integer", column, spelling.MAINFRAME, RNG).to_pylist() == ["1234", ""]
    assert spelling.spell(pa.array([1234, None]), "integer", column, spelling.PACKAGE, RNG).to_pylist() == ["１２３４", ""]
    assert spelling.spell(pa.array([1234, None]), "integer", column, spelling.SPREADSHEET, RNG).to_pylist() == [1234, None]


def test_decimals_have_two_places():
    column = load_table("care_provider_staff").get_column("full_time_equivalent")
    assert spelling.spell(pa.array([1.0, 0.85, None]), "number", column, spelling.MAINFRAME, RNG).to_pylist() == ["1.00", "0.85", ""]
