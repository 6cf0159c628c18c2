"""Identification codes in columns that do not declare them: found by form, check digit, heading and share, not where luck explains it."""

import importlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from intake.identification import FEWEST, SAMPLE, CodeCount, find_code_kind, is_declared
from intake.identifiers import NumberCount, find_scattered, holds_my_numbers, names_its_number
from schemas.check_digits import append
from schemas.tables import load_table, table_names

ROOT = Path(__file__).parents[3]
RNG = np.random.default_rng(5)
RESIDENTS = [append("resident_code", f"{body:010d}") for body in RNG.integers(0, 10**10, 40).tolist()]
LICENCES = [append("licence", f"{body:010d}0") for body in RNG.integers(0, 10**10, 40).tolist()]
LATE = [append("late_elderly_insured", f"{body:07d}") for body in RNG.integers(0, 10**7, 40).tolist()]


@pytest.fixture
def my_number(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    return importlib.import_module("bench.my_number")


def find(texts, heading=""):
    return find_code_kind(pa.array(texts, pa.string()), heading)


@pytest.mark.parametrize(
    ("texts", "heading", "kind"),
    [
        (RESIDENTS, "", "住民票コード"),
        (LICENCES, "", "運転免許証番号"),
        ([f"TK{n:07d}" for n in range(30)], "", "旅券番号"),
        ([f"AB{n:08d}CD" for n in range(30)], "", "在留カード等の番号"),
        (["ＴＫ－0000001"], "パスポートＮｏ", "旅券番号"),
        (["1234-567890"], "基礎年金番号", "基礎年金番号"),
        (["1234-567890-1"], "雇用保険 被保険者番号", "雇用保険被保険者番号"),
        (LATE[:1], "後期高齢者医療 被保険者番号", "後期高齢者医療被保険者番号"),
        (["H000000001"], "介護保険被保険者番号", "介護保険被保険者番号"),
        (["国12", "34"], "被保険者証記号", "被保険者証の記号・番号・枝番"),
        (["01", "02"], "枝番", "被保険者証の記号・番号・枝番"),
        (RESIDENTS[:1], "住民票コード", "住民票コード"),
    ],
)
def test_codes_are_found(texts, heading, kind):
    assert find(texts, heading) == kind


@pytest.mark.parametrize(
    ("texts", "heading"),
    [
        (RESIDENTS[: FEWEST - 1], ""),
        ([f"{n:011d}" for n in RNG.integers(0, 10**11, 300).tolist()], ""),
        ([f"090{n:08d}" for n in RNG.integers(0, 10**8, 300).tolist()], "電話番号"),
        ([f"{n:010d}" for n in RNG.integers(0, 10**10, 300).tolist()], "整理番号"),
        (LATE, "保険者番号"),
        ([*RESIDENTS[:10], *(f"R{n}" for n in range(12))], ""),
        (["特記なし"], "備考"),
        ([], "住民票コード"),
        (["あ"], "旅券番号"),
    ],
)
def test_what_is_no_code_is_not_called_one(texts, heading):
    assert find(texts, heading) is None


def test_declared_columns_are_left_alone():
    table = load_table("kokuho_benefit")
    declared = {column.name for column in table.columns if is_declared(column)}
    assert {"insurer_number", "insured_symbol", "name", "municipality_code", "birth_date", "cost_yen", "sex"} <= declared
    assert {"person_key", "household_key", "facility_code", "note"} & declared == set()


@pytest.mark.parametrize("table", table_names())
def test_no_title_of_a_table_names_a_code_that_the_table_does_not_declare(table):
    for column in load_table(table).columns:
        if not is_declared(column):
            assert find(["12345678", "1234567890", "12345678901", "あ"], column.title_ja) is None, column.name


def test_a_column_is_looked_at_up_to_a_limit_and_a_little_in_every_later_block():
    count = CodeCount()
    count.add(pa.array([f"x{n}" for n in range(SAMPLE + 500)]))
    assert count.looked_at == SAMPLE
    count.add(pa.array([f"y{n}" for n in range(5000)]))
    assert count.looked_at == SAMPLE + 200


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("マイナンバー：983205673214", True),
        ("個人番号 9832-0567-3214 を確認", True),
        ("ﾏｲﾅﾝﾊﾞｰは９８３２　０５６７　３２１４", True),
        ("My Number 983205673214", True),
        ("マイナンバー：983205673210", False),
        ("マイナンバーカードを確認。受付番号983205673214", False),
        ("受付番号983205673214", False),
        ("マイナンバー：9832056732141", False),
    ],
)
def test_a_number_beside_its_name_is_told(text, named):
    assert names_its_number(text) is named


def test_numbers_of_a_series_share_their_first_digits(my_number):
    series = 202404010000 + np.arange(55)
    true = my_number.draw_true(np.random.default_rng(1), 5)
    assert set(find_scattered(np.unique(np.concatenate([series, true])))) == set(true.tolist())
    assert holds_my_numbers(NumberCount(numbers=np.unique(np.concatenate([series, true]))), named=False)
    assert not holds_my_numbers(NumberCount(numbers=series), named=False)


def test_true_columns_are_refused_and_random_ones_are_not(my_number):
    # 400 columns of each kind here; the figures of docs/identifiers.md are of 10,000
    rates = {name: my_number.count_refused(draw, 400) / 400 for name, draw in my_number.KINDS if "1,000" not in name}
    assert all(rate == 1 for name, rate in rates.items() if name.endswith("true numbers"))
    assert rates["60 numbers at random"] <= 0.01
    assert rates["10 numbers at random"] <= 0.015
    assert rates["60 of a series, none true"] <= 0.01
    assert rates["5 true of 60, the others of a series"] >= 0.98
    assert my_number.count_false_codes(11, 100) == my_number.count_false_codes(12, 100) == 0
