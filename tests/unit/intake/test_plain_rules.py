"""Which rule a column has when its sender writes values as the table has them, and ranges that are open at one end."""

import dataclasses

import pyarrow as pa
import pytest

from intake.defects import OUT_OF_RANGE, SOUND
from intake.values.rules import RuleUse, convert_distinct, get_plain_rule
from schemas.tables import load_table, table_names


@pytest.mark.parametrize(
    ("table", "column", "rule"),
    [
        ("kokuho_benefit", "sex", "code"),
        ("kokuho_benefit", "insurer_number", "digits_half"),
        ("kokuho_benefit", "birth_date", "date"),
        ("kokuho_benefit", "days", "integer"),
        ("care_provider_staff", "full_time_equivalent", "number"),
    ],
)
def test_the_plain_rule_of_a_column(table, column, rule):
    assert get_plain_rule(load_table(table).get_column(column)) == rule


def test_a_column_with_a_list_of_codes_is_read_by_its_list():
    listed = [column for name in table_names() for column in load_table(name).columns if column.code_list]
    assert {get_plain_rule(column) for column in listed if column.hierarchy != "icd10"} == {"code"}


@pytest.mark.parametrize(
    ("minimum", "maximum", "sound"),
    [
        (0, None, {"0", "1", "900"}),
        (None, 1, {"-1", "0", "1"}),
        (0, 1, {"0", "1"}),
        (None, None, {"-1", "0", "1", "900"}),
    ],
)
def test_a_range_may_be_open_at_either_end(minimum, maximum, sound):
    column = dataclasses.replace(load_table("kokuho_benefit").get_column("days"), minimum=minimum, maximum=maximum)
    texts = ["-1", "0", "1", "900"]
    found = convert_distinct(pa.array(texts), RuleUse(rule="integer", column=column)).defects.tolist()
    assert dict(zip(texts, found, strict=True)) == {text: SOUND if text in sound else OUT_OF_RANGE for text in texts}


def test_no_amount_of_yen_is_below_nothing():
    use = RuleUse(rule="integer", column=load_table("kokuho_benefit").get_column("cost_yen"))
    assert convert_distinct(pa.array(["-1", "0"]), use).defects.tolist() == [OUT_OF_RANGE, SOUND]
