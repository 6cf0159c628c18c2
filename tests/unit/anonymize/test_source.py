"""The door: what is a table, as which types it is read, and that damage refuses the file without quoting it."""

import datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anonymize.rows.cell_types import csv_types
from anonymize.rows.source import open_source, read_columns
from schemas.errors import FileRejected, PlanError
from schemas.plan import parse_plan


def make_plan(**types):
    columns = {name: {"role": "attribute", "treatment": "keep", "clause": 4, "type": kind} for name, kind in types.items()}
    return parse_plan({"plan": "s", "privacy": {"k": 2}, "columns": columns})


def read(folder, content, *, delimiter=",", **types):
    path = folder / "in.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    source = open_source(path, make_plan(**types), work=folder, delimiter=delimiter)
    return pq.read_table(source.path)


def test_cells_are_text_unless_the_plan_says_otherwise(tmp_path):
    table = read(tmp_path, "a,b,c,d,e\n007,5,1.5,2024-04-01,true\n", a=None, b="integer", c="number", d="date", e="boolean")
    assert table.to_pylist() == [{"a": "007", "b": 5, "c": 1.5, "d": datetime.date(2024, 4, 1), "e": True}]


def test_empty_cells_are_missing_quoted_or_not(tmp_path):
    assert read(tmp_path, 'a,b\n,""\nx,y\n', a=None, b=None).to_pylist()[0] == {"a": None, "b": None}


def test_byte_order_mark_line_ends_quotes_and_line_breaks_inside_cells(tmp_path):
    table = read(tmp_path, b'\xef\xbb\xbfa;b\r\n"x;y";"1\n2"\r\n"say ""so""";z\r\n', delimiter=";", a=None, b=None)
    assert table.to_pylist() == [{"a": "x;y", "b": "1\n2"}, {"a": 'say "so"', "b": "z"}]


def test_every_row_arrives_across_blocks(tmp_path):
    rows = [f"{number},{'x' * 900}" for number in range(20_000)]
    table = read(tmp_path, "a,b\n" + "\n".join(rows) + "\n", a="integer", b=None)
    assert table["a"].to_pylist() == list(range(20_000))


def test_dropped_columns_are_not_even_copied(tmp_path):
    (tmp_path / "in.csv").write_text("a,name\n1,secret\n", encoding="utf-8")
    columns = {
        "a": {"role": "attribute", "treatment": "keep", "clause": 4},
        "name": {"role": "direct_identifier", "treatment": "drop", "clause": 1},
    }
    plan = parse_plan({"plan": "s", "privacy": {"k": 2}, "columns": columns})
    source = open_source(tmp_path / "in.csv", plan, work=tmp_path)
    assert pq.read_schema(source.path).names == ["a"]


@pytest.mark.parametrize("content", ["a,b\n1,2\nCANARY\n3,4\nCANARY,1,2\n", 'a,b\n1,"CANARY\n', b"a,b\n1,\xff\xfe\n", "a,b\nCANARY,2\n"])
def test_damage_is_told_by_place_not_by_content(tmp_path, content):
    with pytest.raises(FileRejected) as caught:
        read(tmp_path, content, a="integer", b=None)
    told = str(caught.value) + "".join(finding.render() for finding in caught.value.findings)
    assert "CANARY" not in told
    assert caught.value.__cause__ is None or "CANARY" not in str(caught.value.__cause__)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_all_damaged_rows_are_counted_and_the_first_are_named(tmp_path):
    content = "a,b\n" + "".join(f"{n},{n}\n" if n % 2 else "x\n" for n in range(100))
    with pytest.raises(FileRejected) as caught:
        read(tmp_path, content, a=None, b=None)
    (finding,) = caught.value.findings
    assert finding.count == 50
    assert finding.rows[:3] == (2, 4, 6)
    assert len(finding.rows) == 20


def test_parquet_types_are_brought_to_those_all_engines_share(tmp_path):
    kinds = {"a": pa.int16(), "b": pa.float32(), "c": pa.large_string(), "d": pa.date32(), "e": pa.bool_()}
    table = pa.table({name: pa.array([None], type=kind) for name, kind in kinds.items()} | {"f": pa.array(["x"]).dictionary_encode()})
    pq.write_table(table, tmp_path / "in.parquet")
    source = open_source(tmp_path / "in.parquet", make_plan(**dict.fromkeys(table.column_names)), work=tmp_path)
    assert [str(field.type) for field in source.schema] == ["int64", "double", "string", "date32[day]", "bool", "string"]
    assert source.path == tmp_path / "in.parquet"


@pytest.mark.parametrize("kind", [pa.timestamp("us"), pa.list_(pa.int64()), pa.binary(), pa.decimal128(10, 2)])
def test_other_parquet_types_are_refused_by_name(tmp_path, kind):
    pq.write_table(pa.table({"a": pa.array([None], type=kind)}), tmp_path / "in.parquet")
    with pytest.raises(FileRejected) as caught:
        open_source(tmp_path / "in.parquet", make_plan(a=None), work=tmp_path)
    assert caught.value.findings[0].column == "a"


def test_columns_are_compared_before_rows_are_read(tmp_path):
    with pytest.raises(PlanError):
        read(tmp_path, "a,c\n1\n", a=None, b=None)


@pytest.mark.parametrize("heading", ["a,a", "a,", " ,b"])
def test_a_heading_names_every_column_once(tmp_path, heading):
    (tmp_path / "in.csv").write_text(heading + "\n1,2\n", encoding="utf-8")
    with pytest.raises(FileRejected):
        read_columns(tmp_path / "in.csv", ",")


@pytest.mark.parametrize(("cells", "kind"), [("31\n32\n", "int64"), ("31\n32.5\n", "double")])
def test_a_hierarchy_of_numbers_or_dates_says_what_cells_are(tmp_path, cells, kind):
    rows = cells.splitlines()
    text = "age,born,area,cost\n" + "".join(f"{cell},1990-01-02,007,{cell}\n" for cell in rows)
    (tmp_path / "in.csv").write_text(text, encoding="utf-8")
    columns = {
        "age": {"role": "quasi_identifier", "hierarchy": {"intervals": [5]}, "clause": 5},
        "born": {"role": "quasi_identifier", "hierarchy": "birth_to_age_band", "clause": 5},
        "area": {"role": "quasi_identifier", "hierarchy": {"prefix": [2]}, "clause": 5},
        "cost": {"role": "attribute", "treatment": {"top_code": {"persons": 2}}, "clause": 4},
    }
    source = open_source(tmp_path / "in.csv", parse_plan({"plan": "s", "privacy": {"k": 2}, "columns": columns}), work=tmp_path)
    assert [str(field.type) for field in source.schema] == [kind, "date32[day]", "string", kind]


def test_types_of_the_table_are_used():
    column = {"role": "sensitive", "treatment": "keep", "clause": 4}
    plan = parse_plan(
        {"plan": "s", "table": "kokuho_benefit", "privacy": {"k": 2}, "columns": {"cost_yen": column, "income_class": column}}
    )
    assert [str(kind) for kind in csv_types(plan).values()] == ["int64", "string"]


def test_a_row_in_the_place_of_the_heading_is_not_quoted(tmp_path):
    (tmp_path / "in.csv").write_text("CANARY,x,CANARY\n1,2,3\n", encoding="utf-8")
    with pytest.raises(FileRejected) as caught:
        read_columns(tmp_path / "in.csv", ",")
    assert [f.column for f in caught.value.findings] == ["#1", "#3"]
    assert "CANARY" not in "\n".join([str(caught.value), *caught.value.lines()])
