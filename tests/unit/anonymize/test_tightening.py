"""Narrowed values on tables counted by hand, what the written file says of them, and every way the verifier refuses a wrong one."""

import datetime
import json

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anonymize.engines.engine import EngineSettings, open_engine
from anonymize.pipeline import Job, process
from anonymize.sets import SetLabels
from anonymize.verify.file import verify_file
from schemas.errors import PlanError, VerificationFailed
from schemas.hierarchies import load_hierarchy
from schemas.plan import parse_plan
from schemas.plan_rules import check_plan

AREAS = {"tree": {"東": {"北東": ["a", "b"], "南東": ["c", "d", "e"]}, "西": {"北西": ["f"], "南西": ["g", "h"]}}}


def quasi(hierarchy, **more):
    return {"role": "quasi_identifier", "hierarchy": hierarchy, "clause": 5, **more}


def release(tmp_path, rows, columns, *, tighten, k=2, method="global", limit=0, engine="duckdb"):
    privacy = {"k": k}
    plan = parse_plan(
        {"plan": "t", "privacy": privacy, "method": method, "suppression_limit": limit, "tighten": tighten, "columns": columns}
    )
    check_plan(plan)
    pq.write_table(pa.table(rows), tmp_path / "in.parquet")
    report = process(Job(source=tmp_path / "in.parquet", plan=plan, output=tmp_path / "out.parquet", engine=engine, seed=1, compare=False))
    return pq.read_table(tmp_path / "out.parquet"), report, plan


def lines(table, *names):
    return list(zip(*(table.column(name).cast(pa.string()).to_pylist() for name in names), strict=True))


def test_a_range_is_cut_to_the_values_of_its_class(tmp_path):
    rows = {"age": [31, 32, 34, 71, 72, 73]}
    table, report, _ = release(tmp_path, rows, {"age": quasi({"intervals": [5, 10]}, max_level=1)}, tighten=True, k=3)
    # Observed are 31 … 73, 43 leaves. Of 30–34 four are observed (31 … 34), all of them within the range: the label of the level stays.
    # Of 70–74 four are observed (70 … 73), three within the range.
    assert set(lines(table, "age", "age_from", "age_to")) == {("30〜34", "30", "34"), ("71〜73", "71", "73")}
    assert report.loss == pytest.approx((3 + 2) / 2 / 42)
    assert report.tightened["loss_before"] == pytest.approx(3 / 42)
    assert report.tightened["columns"] == ["age"]
    assert report.levels == {"age": 1}
    assert (report.classes, report.smallest_class) == (2, 3)


def test_no_range_is_finer_than_the_finest_level_of_the_plan(tmp_path):
    rows = {"age": [41, 44, 47, 63, 1, 99]}
    columns = {"age": quasi({"intervals": [5, 20]}, min_level=1)}
    table, _, _ = release(tmp_path, rows, columns, tighten=True, k=4, method="global", limit=0.5)
    # One class of six at the top: 1 … 99 is everything observed, so that nothing is told of the ends.
    assert set(lines(table, "age", "age_from", "age_to")) == {("すべて", None, None)}
    rows = {"age": [41, 44, 47, 52, 81, 84, 90, 97]}
    table, _, _ = release(tmp_path, rows, columns | {"age": quasi({"intervals": [5, 20]}, min_level=1, max_level=2)}, tighten=True, k=4)
    # 41 … 52 lie in 40–59 and become 40–54, the bands of 5 years they touch; of 80–99 everything observed is touched, 80 … 97.
    assert set(lines(table, "age", "age_from", "age_to")) == {("40〜54", "40", "54"), ("80〜99", "80", "99")}


def test_a_range_that_is_a_group_of_another_level_has_its_label(tmp_path):
    day = datetime.date
    rows = {"seen": [day(2024, 5, 1), day(2024, 5, 31), day(2024, 7, 2), day(2024, 9, 30), day(2023, 1, 1), day(2023, 1, 2)]}
    columns = {"seen": quasi({"dates": ["month", "quarter", "fiscal_year"]}, min_level=1, max_level=3)}
    table, _, _ = release(tmp_path, rows, columns, tighten=True)
    # The quarters of 2024 hold May twice, and July with September; the quarter of 2023 holds January twice.
    assert set(lines(table, "seen", "seen_from", "seen_to")) == {
        ("2023年1月", "2023-01-01", "2023-01-31"),
        ("2024年5月", "2024-05-01", "2024-05-31"),
        ("2024年7〜9月", "2024-07-01", "2024-09-30"),
    }


def test_a_missing_value_stays_its_own_and_widens_no_range(tmp_path):
    rows = {"age": [31, 33, None, None, 20, 60], "sex": ["m", "m", "f", "f", "x", "x"]}
    columns = {"age": quasi({"intervals": [10]}), "sex": quasi({"levels": 1}, max_level=0)}
    table, _, _ = release(tmp_path, rows, columns, tighten=True, method="local")
    assert ("記録なし", None, None, "f") in lines(table, "age", "age_from", "age_to", "sex")
    rows = {"age": [31, None, 20, 60], "sex": ["m", "m", "x", "x"]}
    table, _, _ = release(tmp_path, rows, columns, tighten=True, method="local")
    # A class of 31 and a missing value keeps the top: no range says "31 or missing". The whole range says nothing either.
    assert set(lines(table, "age", "age_from", "age_to")) == {("すべて", None, None)}


def test_a_set_is_named_by_its_parts_and_a_group_by_its_label(tmp_path):
    rows = {"area": ["a", "b", "c", "d", "f", "g", "h"], "sex": ["m", "m", "n", "n", "o", "o", "o"]}
    columns = {"area": quasi(AREAS), "sex": quasi({"levels": 1}, max_level=0)}
    table, report, _ = release(tmp_path, rows, columns, tighten={"nominal": True}, method="local")
    found = dict(zip(table["area"].to_pylist(), table["area_values"].to_pylist(), strict=True))
    # a and b are all of 北東; c and d two of the three of 南東; f, g, h all of 西. Eight leaves in all.
    assert found == {"北東": ["北東"], "c・d": ["c", "d"], "西": ["西"]}
    assert report.loss_per_column["area"] == pytest.approx((2 * 1 + 2 * 1 + 3 * 2) / 7 / 7)
    assert table.schema.field("area_values").type == pa.list_(pa.string())
    assert "sex_values" in table.column_names
    table, _, _ = release(tmp_path, rows, columns, tighten=True, method="local")
    assert "area_values" not in table.column_names
    assert "南東" in table["area"].to_pylist()


def test_a_release_without_rows_has_the_same_fields(tmp_path):
    columns = {"area": quasi(AREAS, max_level=0), "age": quasi({"intervals": [5]}, max_level=0)}
    rows = {"area": ["a", "b"], "age": [1, 2]}
    table, report, _ = release(tmp_path, rows, columns, tighten={"nominal": True}, limit=1)
    assert (table.num_rows, report.suppressed_rows) == (0, 2)
    assert table.column_names == ["area", "area_values", "age", "age_from", "age_to"]


def test_sets_are_split_into_the_largest_groups_or_told_by_what_is_not_in_them():
    values = pa.array(list("abcdefgh"))
    names = SetLabels(load_hierarchy(AREAS).resolve(values), 0)
    assert names.name((0, 1, 5)).parts == ["北東", "f"]
    assert names.name((0, 1, 5)).label == "北東・f"
    assert names.name((2, 3)).leaves == 2
    assert names.name((5, 6, 7)).label == "西"
    assert names.name((5, 6, 7)).entry is not None
    flat = SetLabels(load_hierarchy({"levels": 1}).resolve(pa.array([f"v{n:02}" for n in range(12)])), 0)
    # Eleven of twelve: what is missing is shorter. Seven of twelve have fewer than six others.
    assert flat.name(tuple(range(11))).label == "すべて（v11を除く）"
    assert flat.name(tuple(range(6))).label == "v00・v01・v02・v03・v04・v05"
    assert len(flat.name(tuple(range(11))).parts) == 11
    dotted = SetLabels(load_hierarchy({"levels": 1}).resolve(pa.array(["a・b", "c", "d"])), 0)
    assert dotted.name((0, 1)).label == "a・b／c"


def test_what_is_not_in_a_set_is_not_told_where_the_file_does_not_show_all():
    # The list has 26 leaves, the file eight of 東: nobody knows from the file what else 東 holds.
    tree = {"tree": {"東": [f"v{n:02}" for n in range(20)], "西": [f"w{n}" for n in range(6)]}}
    names = SetLabels(load_hierarchy(tree).resolve(pa.array([f"v{n:02}" for n in range(8)])), 0)
    assert names.name(tuple(range(7))).label == "v00・v01・v02・v03・v04・v05・v06"


def test_classes_that_would_come_out_equal_keep_their_levels(tmp_path):
    # Local recoding may release 30–34 and 30–39 with equal contents; both must stay apart, each with its persons.
    rng = np.random.default_rng(3)
    rows = {"age": rng.integers(20, 60, 60), "area": rng.choice(list("abcdefgh"), 60)}
    columns = {"age": quasi({"intervals": [5, 10, 20]}), "area": quasi(AREAS)}
    _, before, _ = release(tmp_path, rows, columns, tighten=False, k=3, method="local")
    _, after, _ = release(tmp_path, rows, columns, tighten={"nominal": True}, k=3, method="local")
    assert (after.classes, after.smallest_class) == (before.classes, before.smallest_class)
    assert after.loss < before.loss == pytest.approx(after.tightened["loss_before"])


def test_a_population_table_forbids_narrowing():
    privacy = {"k": 2, "population": {"file": "p.csv", "k_map": 5}}
    plan = parse_plan({"plan": "t", "privacy": privacy, "tighten": True, "columns": {"age": quasi({"intervals": [5]})}})
    with pytest.raises(PlanError) as refused:
        check_plan(plan)
    assert "tighten-population" in {finding.kind.code for finding in refused.value.findings}


def test_a_plan_spells_tighten_once_and_keeps_its_hash_without():
    columns = {"age": quasi({"intervals": [5]})}
    plain = {"plan": "t", "privacy": {"k": 2}, "columns": columns}
    assert parse_plan(plain).sha256 == parse_plan({**plain, "tighten": False}).sha256
    assert parse_plan({**plain, "tighten": True}).sha256 == parse_plan({**plain, "tighten": {"nominal": False}}).sha256
    assert parse_plan({**plain, "tighten": {"nominal": True}}).to_document()["tighten"] == {"nominal": True}


@pytest.fixture
def typed(tmp_path):
    """A narrowed release of ages, days and areas."""
    day = datetime.date
    rows = {
        "age": [31, 33, 34, 36, 51, 52, 58, 59],
        "seen": [day(2024, m, 3) for m in (4, 5, 5, 6, 9, 9, 10, 11)],
        "area": list("cdcdghgh"),
        "cost": [1, 2, 3, 4, 5, 6, 7, 8],
    }
    columns = {
        "age": quasi({"intervals": [5, 10, 20], "unit": "歳"}, min_level=1),
        "seen": quasi({"dates": ["month", "quarter", "year"]}, min_level=1, description="受診した月"),
        "area": quasi(AREAS, min_level=0),
        "cost": {"role": "attribute", "treatment": "keep", "clause": 4},
    }
    table, report, plan = release(tmp_path, rows, columns, tighten={"nominal": True}, k=4)
    return tmp_path / "out.parquet", table, report, plan


def test_the_written_file_is_typed_and_described(typed):
    path, table, _, plan = typed
    kinds = {name: table.schema.field(name).type for name in table.column_names}
    label = pa.dictionary(pa.int32(), pa.string())
    assert kinds == {
        "age": label,
        "age_from": pa.int64(),
        "age_to": pa.int64(),
        "seen": label,
        "seen_from": pa.date32(),
        "seen_to": pa.date32(),
        "area": label,
        "area_values": pa.list_(pa.string()),
        "cost": pa.int64(),
    }
    for field in table.schema:
        said = json.loads(field.metadata[b"sakusei"])
        assert said["description"]
        assert said["clause"] in range(1, 6)
        assert said["part"] in {"label", "from", "to", "values", "value"}
        assert said["column"] == "cost" or said["levels"]
    assert json.loads(table.schema.field("seen_to").metadata[b"sakusei"])["description"] == "受診した月"
    metadata = pq.read_metadata(path)
    groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
    assert not any(group.column(j).is_stats_set for group in groups for j in range(group.num_columns))
    assert verify_file(path, plan).smallest_class == 4


def test_pandas_and_duckdb_read_it_without_parsing(typed):
    path, table, _, _ = typed
    frame = pd.read_parquet(path)
    assert isinstance(frame["age"].dtype, pd.CategoricalDtype)
    assert frame["age_from"].tolist() == [30] * 4 + [50] * 4
    assert [list(parts) for parts in frame["area_values"]] == [["c", "d"]] * 4 + [["南西"]] * 4
    assert frame[frame["age_to"] < 50]["cost"].sum() == 10
    duckdb.read_parquet(str(path)).create_view("narrowed")
    asked = "SELECT max(age_to - age_from), min(seen_from), count(*) FILTER (list_contains(area_values, 'c')) FROM narrowed"
    assert duckdb.execute(asked).fetchone() == (9, datetime.date(2024, 4, 1), 4)
    described = dict(duckdb.execute("SELECT column_name, column_type FROM (DESCRIBE FROM narrowed)").fetchall())
    assert described == {
        "age": "VARCHAR",
        "age_from": "BIGINT",
        "age_to": "BIGINT",
        "seen": "VARCHAR",
        "seen_from": "DATE",
        "seen_to": "DATE",
        "area": "VARCHAR",
        "area_values": "VARCHAR[]",
        "cost": "BIGINT",
    }
    assert table["age"].to_pylist()[0] == "30〜39歳"


@pytest.mark.spark
@pytest.mark.xdist_group("spark")
def test_spark_reads_and_writes_the_same(typed, tmp_path):
    path, table, _, plan = typed
    engine = open_engine("spark", EngineSettings(work=tmp_path))
    try:
        read = engine.fetch(engine.open_parquet(path, table.schema))
    finally:
        engine.close()
    assert read["area_values"].to_pylist() == table["area_values"].to_pylist()
    assert read["seen_from"].type == pa.date32()
    assert read["age_to"].type == pa.int64()
    process(Job(source=tmp_path / "in.parquet", plan=plan, output=tmp_path / "spark.parquet", engine="spark", seed=1, compare=False))
    assert pq.read_table(tmp_path / "spark.parquet").equals(table, check_metadata=True)


def tamper(path, changes):
    """Write other cells into columns: name → function of a value."""
    table = pq.read_table(path)
    for name, change in changes.items():
        index = table.schema.get_field_index(name)
        field = table.schema.field(name)
        cells = [change(value) for value in table.column(name).to_pylist()]
        table = table.set_column(index, field, pa.array(cells, type=pa.string()).dictionary_encode().cast(field.type)
                                 if pa.types.is_dictionary(field.type) else pa.array(cells, type=field.type))  # fmt: skip
    pq.write_table(table, path, write_statistics=False)


@pytest.mark.parametrize(
    "changes",
    [
        {"age_to": lambda to: to - 1},  # ends inside a group of the finest level
        {"age": {"30〜39歳": "31〜37歳"}.get, "age_from": {30: 31, 50: 50}.get, "age_to": {39: 37, 59: 59}.get},  # too fine
        {"age": lambda label: "30代" if label == "30〜39歳" else label},  # not a label of the hierarchy
        {"seen": lambda label: label + "頃"},
        {"area": lambda label: "d・c" if label == "c・d" else label},  # not the parts in their order
        {"area_values": lambda parts: ["c"] if parts == ["c", "d"] else parts},  # less than the label says
        {"area_values": lambda _: ["c", "d"]},  # one set under two labels
        {"area_values": lambda _: None},
    ],
    ids=["cut", "too fine", "relabelled", "relabelled day", "order", "fewer parts", "two labels", "no parts"],
)
def test_the_verifier_refuses_what_the_hierarchy_does_not_allow(typed, changes):
    path, _, _, plan = typed
    tamper(path, changes)
    with pytest.raises(VerificationFailed) as refused:
        verify_file(path, plan)
    assert "verify-tightened" in {reason.code for reason in refused.value.reasons}


def test_the_parts_may_not_be_left_out(typed):
    path, table, _, plan = typed
    pq.write_table(table.drop_columns(["area_values"]), path, write_statistics=False)
    with pytest.raises(VerificationFailed) as refused:
        verify_file(path, plan)
    assert {reason.code for reason in refused.value.reasons} == {"verify-column-missing"}
