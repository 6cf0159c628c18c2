"""Amounts, codes, labels, check digits, flags: what each rule takes and what it refuses."""

import pyarrow as pa
import pytest

from intake.defects import (
    AFTER_CONTENTS,
    IN_THE_FUTURE,
    NOT_A_NUMBER,
    NOT_YES_OR_NO,
    OUT_OF_RANGE,
    SOUND,
    UNKNOWN_CODE,
    WRONG_CHECK_DIGIT,
    WRONG_PATTERN,
)
from intake.layout import make_plain_layout
from intake.values import codes, numbers
from intake.values.rules import RULES, RuleUse, convert_distinct, get_plain_rule
from schemas.tables import ColumnType, load_table, table_names


def one(result):
    return result.values.to_pylist()[0] if result.defects[0] == SOUND else int(result.defects[0])


def cells(*texts):
    return pa.array(texts, pa.string())


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("007", 7),
        ("1234", 1234),
        ("1,234", 1234),
        ("1,234,567", 1234567),
        ("１，２３４", 1234),
        ("-5", -5),
        ("－５", -5),
        ("−5", -5),
        ("△500", -500),
        ("▲ 500", -500),
        ("1234.0", 1234),
        ("12,34", NOT_A_NUMBER),
        ("1,2345", NOT_A_NUMBER),
        (",123", NOT_A_NUMBER),
        ("1.5", NOT_A_NUMBER),
        ("1e5", NOT_A_NUMBER),
        ("ー5", NOT_A_NUMBER),
        ("--5", NOT_A_NUMBER),
        ("△-5", NOT_A_NUMBER),
        ("千", NOT_A_NUMBER),
        ("9" * 19, NOT_A_NUMBER),
        ("9" * 18, 10**18 - 1),
    ],
)
def test_whole_numbers(text, value):
    assert one(numbers.convert_integers(cells(text))) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("￥1,234", 1234),
        ("¥1,234-", 1234),
        ("1,234円", 1234),
        ("△1,234円", -1234),
        ("１２３４円", 1234),
        ("円", NOT_A_NUMBER),
        ("$5", NOT_A_NUMBER),
    ],
)
def test_yen(text, value):
    assert one(numbers.convert_yen(cells(text))) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.5", 0.5),
        ("０．５", 0.5),
        ("1", 1.0),
        ("△0.25", -0.25),
        (".5", 0.5),
        (".", NOT_A_NUMBER),
        ("0.5.1", NOT_A_NUMBER),
        ("nan", NOT_A_NUMBER),
        ("inf", NOT_A_NUMBER),
    ],
)
def test_decimal_numbers(text, value):
    assert one(numbers.convert_numbers(cells(text))) == value


def test_ledger_of_numbers_names_what_was_mended():
    result = numbers.convert_integers(cells("5", "△5", "５", "5,000"))
    assert {rule: mask.tolist() for rule, mask in result.repairs.items()} == {
        "separator_drop": [False, False, False, True],
        "triangle_minus": [False, True, False, False],
        "width_fold": [False, False, True, False],
    }


@pytest.mark.parametrize(
    ("text", "width", "value"),
    [
        ("123-4567", 7, "1234567"),
        ("１２３－４５６７", 7, "1234567"),
        ("12345", 7, "0012345"),
        ("12345.0", 7, "0012345"),
        ("H123456789", 10, "H123456789"),
        ("h12", None, "H12"),
        ("12345678", 7, "12345678"),
        ("〒1234567", 7, WRONG_PATTERN),
        ("12.5", None, WRONG_PATTERN),
        ("１２ー３", None, "123"),
    ],
)
def test_numbers_kept_as_text(text, width, value):
    assert one(codes.convert_digits(cells(text), width)) == value


@pytest.mark.parametrize(
    ("code_list", "text", "value"),
    [
        ("sex", "1", "1"),
        ("sex", "男", "1"),
        ("sex", "女性", "2"),
        ("sex", "Ｍ", "1"),
        ("sex", "3", UNKNOWN_CODE),
        ("care_level", "25", "25"),
        ("care_level", "２５", "25"),
        ("care_level", "要介護３", "23"),
        ("care_level", "要介護 3", "23"),
        ("care_level", "自立", "01"),
        ("care_level", "1", UNKNOWN_CODE),
        ("care_level", "13.0", "13"),
        ("dementia_level", "Ⅱａ", "2a"),
        ("dementia_level", "IIIb", "3b"),
        ("relationship", "1", "01"),
        ("relationship", "長男", "03"),
        ("relationship", "00", UNKNOWN_CODE),
        ("relationship", "", UNKNOWN_CODE),
    ],
)
def test_codes_labels_and_spellings(code_list, text, value):
    assert one(codes.convert_codes(cells(text), code_list)) == value


def test_digits_of_another_system_count_only_where_the_layout_names_it():
    assert one(codes.convert_codes(cells("3"), "care_level")) == UNKNOWN_CODE
    assert one(codes.convert_codes(cells("3"), "care_level", ("single_digit",))) == "23"
    assert one(codes.convert_codes(cells("0"), "sex", ("resident_record",))) == "9"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("011002", "011002"),
        ("０１１００２", "011002"),
        ("131041", "131041"),
        ("13104", "131041"),
        ("131040", WRONG_CHECK_DIGIT),
        ("99999", WRONG_CHECK_DIGIT),
        ("13104A", WRONG_PATTERN),
        ("1310411", WRONG_PATTERN),
        ("902021", "902021"),
        ("90202", "902021"),
    ],
)
def test_municipality_codes(text, value):
    assert one(codes.convert_municipality_codes(cells(text))) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [("E11.9", "E119"), ("Ｅ１１９", "E119"), ("e119", "E119"), ("U07", "U07"), ("11.9", WRONG_PATTERN), ("E1", WRONG_PATTERN)],
)
def test_icd10(text, value):
    assert one(codes.convert_icd10(cells(text))) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", True),
        ("0", False),
        ("有", True),
        ("なし", False),
        ("○", True),
        ("×", False),
        ("TRUE", True),
        ("2", NOT_YES_OR_NO),
        ("?", NOT_YES_OR_NO),
    ],
)
def test_flags(text, value):
    assert one(codes.convert_flags(cells(text))) is value or one(codes.convert_flags(cells(text))) == value


@pytest.mark.parametrize(("text", "value"), [("-1", OUT_OF_RANGE), ("0", 0), ("31", 31), ("32", OUT_OF_RANGE)])
def test_range_of_a_column(text, value):
    use = RuleUse(rule="integer", column=load_table("kokuho_benefit").get_column("days"))
    assert one(convert_distinct(cells(text), use)) == value


def test_check_digit_and_form_of_a_column():
    use = RuleUse(rule="digits_half", column=load_table("kokuho_benefit").get_column("insurer_number"))
    assert one(convert_distinct(cells("138016"), use)) == "138016"
    assert one(convert_distinct(cells("138017"), use)) == WRONG_CHECK_DIGIT
    assert one(convert_distinct(cells("1380160"), use)) == WRONG_PATTERN


def test_no_birth_and_no_treatment_after_the_day_the_contents_are_of():
    import datetime

    layout = make_plain_layout(load_table("kokuho_benefit"), "csv").with_as_of(datetime.date(2024, 4, 1))
    use = next(column.use for column in layout.columns if column.name == "birth_date")
    assert convert_distinct(cells("2024-03-31", "2024-04-01", "2024-04-02"), use).defects.tolist() == [SOUND, SOUND, IN_THE_FUTURE]
    treated = next(column.use for column in layout.columns if column.name == "treated_month")
    assert convert_distinct(cells("2024-04", "2024-05"), treated).defects.tolist() == [SOUND, AFTER_CONTENTS]


def test_nothing_but_spaces_or_a_mark_of_emptiness_is_empty():
    use = RuleUse(rule="integer", column=load_table("kokuho_benefit").get_column("points"), empty_marks=frozenset({"*"}))
    result = convert_distinct(cells("", " 　\t", "*", "5"), use)
    assert result.values.to_pylist() == [None, None, None, 5]
    assert not result.defects.any()


def test_every_column_has_a_plain_rule_that_serves_its_type():
    for name in table_names():
        for column in load_table(name).columns:
            assert column.type in RULES[get_plain_rule(column)].types, column.name


def test_every_type_of_column_is_served():
    served = {type_ for rule in RULES.values() for type_ in rule.types}
    assert served == set(ColumnType)


def test_no_outcome_shows_a_value():
    result = convert_distinct(
        cells("138016"), RuleUse(rule="digits_half", column=load_table("kokuho_benefit").get_column("insurer_number"))
    )
    assert "138016" not in repr(result)
