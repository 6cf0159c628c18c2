"""The common schema: what ships is whole; every name in it leads somewhere."""

import re

import pyarrow as pa
import pytest

from schemas.check_digits import KINDS
from schemas.codes import load_code_list
from schemas.errors import SettingsError
from schemas.hierarchies import load_hierarchy
from schemas.tables import ColumnType, Role, load_table, table_names

CLAUSES = {
    Role.DIRECT_IDENTIFIER: {1},
    Role.IDENTIFICATION_CODE: {2},
    Role.LINKING_CODE: {3},
    Role.FREE_TEXT: {1},
    Role.QUASI_IDENTIFIER: {1, 5},
    Role.SENSITIVE: {4, 5},
    Role.ATTRIBUTE: {4, 5},
}
ROWS = [(name, column) for name in table_names() for column in load_table(name).columns]


def test_three_tables():
    assert table_names() == ("care_provider_staff", "kokuho_benefit", "nursing_home_waitlist")
    assert {load_table(name).unit for name in table_names()} == {"staff_key", "person_key", "applicant_key"}


@pytest.mark.parametrize(("table", "column"), ROWS, ids=[f"{table}.{column.name}" for table, column in ROWS])
def test_column_is_whole(table, column):
    assert re.fullmatch(r"[a-z][a-z0-9_]*", column.name)
    assert column.title_ja
    assert column.description_ja.endswith("。")
    assert column.clause in CLAUSES[column.role]
    if column.code_list:
        assert column.type is ColumnType.CODE
        assert load_code_list(column.code_list).entries
    if column.hierarchy:
        load_hierarchy(column.hierarchy, as_of="2026-04-01")
    assert (column.role is not Role.QUASI_IDENTIFIER) or column.hierarchy
    assert column.check_digit is None or column.check_digit in KINDS
    if column.pattern:
        re.compile(column.pattern)
    numeric = column.type in {ColumnType.INTEGER, ColumnType.NUMBER}
    assert numeric or (column.minimum is None and column.maximum is None)
    assert numeric or column.unit in {None, "月"}


@pytest.mark.parametrize("name", table_names())
def test_table_has_identifiers_codes_and_a_person_key(name):
    table = load_table(name)
    assert set(Role) - {Role.IDENTIFICATION_CODE} <= {column.role for column in table.columns}
    assert table.get_column(table.unit).role is Role.LINKING_CODE
    assert len(table.columns) >= 25


def test_arrow_types():
    schema = load_table("kokuho_benefit").arrow_schema()
    assert schema.field("birth_date").type == pa.date32()
    assert schema.field("treated_month").type == pa.date32()
    assert schema.field("cost_yen").type == pa.int64()
    assert schema.field("third_party_act").type == pa.bool_()
    assert schema.field("sex").type == pa.string()
    assert load_table("care_provider_staff").arrow_schema().field("full_time_equivalent").type == pa.float64()


def test_unknown_table_and_column_are_told_with_what_there_is():
    with pytest.raises(SettingsError, match="there is no table nothing") as caught:
        load_table("nothing")
    assert "kokuho_benefit" in caught.value.hint.render()
    with pytest.raises(SettingsError, match="kokuho_benefit has no column nothing"):
        load_table("kokuho_benefit").get_column("nothing")
