"""The small rooms: work folders, working ahead, the writer, publishing, plans from hierarchies, engines that fail."""

import os
import random
import stat
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anonymize.engines.engine import EngineSettings, open_engine
from anonymize.engines.spark import has_java
from anonymize.pipeline import Job, process
from anonymize.plan_from_hierarchies import find_hierarchies, make_plan, write_plan
from anonymize.publish import check_places, publish
from anonymize.rows.write import ROW_GROUP_ROWS, write_release
from anonymize.work_folder import open_work_folder, sweep_work_folders
from schemas.ahead import work_ahead
from schemas.errors import EngineFailed, FileRejected, PlanError, SettingsError, TargetNotReached
from schemas.plan import load_plan, parse_plan


def test_a_work_folder_is_private_and_goes_however_the_block_ends(tmp_path):
    with pytest.raises(ValueError, match="stop"), open_work_folder(tmp_path) as folder:
        (folder / "plain").write_text("x", encoding="utf-8")
        assert folder.stat().st_mode & 0o777 == 0o700
        assert sweep_work_folders(tmp_path) == 0
        raise ValueError("stop")
    assert list(tmp_path.iterdir()) == []


def test_the_folder_of_a_dead_process_is_swept(tmp_path):
    code = f"""
import os, pathlib
from anonymize.work_folder import open_work_folder
with open_work_folder(pathlib.Path({str(tmp_path)!r})) as folder:
    (folder / "plain").write_text("x")
    os._exit(9)
"""
    subprocess.run([sys.executable, "-c", code], check=False)
    assert len(list(tmp_path.iterdir())) == 1
    assert sweep_work_folders(tmp_path) == 1
    assert list(tmp_path.iterdir()) == []


def test_working_ahead_keeps_the_order_and_hands_on_errors():
    assert list(work_ahead(iter(range(100)), depth=3)) == list(range(100))

    def fail():
        yield 1
        raise ValueError("broken")

    found = work_ahead(fail())
    assert next(found) == 1
    with pytest.raises(ValueError, match="broken"):
        next(found)


def test_a_reader_that_stops_stops_the_maker():
    made = []

    def count():
        for number in range(10_000):
            made.append(number)
            yield number

    found = work_ahead(count(), depth=2)
    next(found)
    found.close()
    size = len(made)
    time.sleep(0.2)
    assert size == len(made) < 100


@pytest.mark.parametrize("rows", [0, 1, ROW_GROUP_ROWS - 1, ROW_GROUP_ROWS, ROW_GROUP_ROWS + 1])
def test_bytes_do_not_depend_on_the_pieces(tmp_path, rows):
    rng = np.random.default_rng(1)
    table = pa.table({"a": np.arange(rows), "b": pa.array(rng.integers(0, 99, rows)).cast(pa.string())})
    hashes = set()
    for name, size in (("one", max(rows, 1)), ("many", 1000), ("odd", 77_777)):
        path = tmp_path / name
        assert write_release(path, table.schema, iter(table.to_batches(max_chunksize=size))) == rows
        hashes.add(path.read_bytes())
    assert len(hashes) == 1
    metadata = pq.read_metadata(tmp_path / "one")
    assert [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)][:1] in ([], [min(rows, ROW_GROUP_ROWS)])
    assert not any(metadata.row_group(i).column(0).is_stats_set for i in range(metadata.num_row_groups))
    assert pq.read_table(tmp_path / "many").equals(table)


def test_publishing_names_the_last_file_last_and_checks_places_first(tmp_path):
    (tmp_path / "made").write_text("new", encoding="utf-8")
    (tmp_path / "target").write_text("old", encoding="utf-8")
    publish([(tmp_path / "made", tmp_path / "target")])
    assert (tmp_path / "target").read_text(encoding="utf-8") == "new"
    for source, target in [("in", "no/folder/out"), ("target", "target"), ("in", ".")]:
        with pytest.raises(SettingsError):
            check_places(tmp_path / source, [tmp_path / target])


def hierarchy_folder(tmp_path):
    folder = tmp_path / "sets"
    folder.mkdir()
    (folder / "x_hierarchy_age.csv").write_text("1;low;*\n2;low;*\n9;high;*\n", encoding="utf-8")
    (folder / "hierarchy_sex.csv").write_text("m;*\nf;*\n", encoding="utf-8")
    (folder / "rows.csv").write_text("age,sex\n", encoding="utf-8")
    return folder


def test_a_plan_from_hierarchies_is_complete_and_relative(tmp_path):
    folder = hierarchy_folder(tmp_path)
    plan = make_plan(folder, k=5, suppression_limit=0.05, method="global", home=tmp_path, columns=["sex", "age"])
    write_plan(plan, tmp_path / "plan.yaml")
    again = load_plan(tmp_path / "plan.yaml")
    assert again.sha256 == plan.sha256
    assert [(column.name, column.hierarchy) for column in again.columns] == [
        ("sex", os.path.join("sets", "hierarchy_sex.csv")),  # noqa: PTH118 - what stands in the plan is text
        ("age", os.path.join("sets", "x_hierarchy_age.csv")),  # noqa: PTH118
    ]
    (tmp_path / "away").mkdir()
    apart = make_plan(folder, k=5, suppression_limit=0.05, method="global", home=tmp_path / "away")
    assert all(str(column.hierarchy).startswith(str(tmp_path)) for column in apart.columns)


def test_columns_and_hierarchies_must_match(tmp_path):
    folder = hierarchy_folder(tmp_path)
    with pytest.raises(PlanError) as caught:
        make_plan(folder, k=5, suppression_limit=0, method="local", home=tmp_path, columns=["age", "income"])
    assert {(f.kind.code, f.column) for f in caught.value.findings} == {
        ("input-column-unplanned", "income"),
        ("plan-column-absent", "sex"),
    }
    (folder / "y_hierarchy_age.csv").write_text("1;*\n", encoding="utf-8")
    with pytest.raises(PlanError):
        find_hierarchies(folder)


def test_an_engine_that_fails_does_not_quote_cells(tmp_path):
    engine = open_engine("duckdb", EngineSettings(work=tmp_path))
    rows = engine.load(pa.table({"a": ["CANARY"]}))
    with pytest.raises(EngineFailed) as caught:
        engine.fetch(rows.select(n=rows.a.cast("int64")))
    assert "CANARY" not in str(caught.value)
    assert caught.value.__suppress_context__
    engine.close()


def test_there_are_two_engines(tmp_path):
    with pytest.raises(SettingsError):
        open_engine("abacus", EngineSettings(work=tmp_path))


def test_java_is_found_by_home_or_path(tmp_path):
    (tmp_path / "bin").mkdir()
    java = tmp_path / "bin" / "java"
    java.write_text("#!/bin/sh\n", encoding="utf-8")
    java.chmod(0o755)
    assert has_java({"JAVA_HOME": str(tmp_path)})
    assert has_java({"PATH": str(tmp_path / "bin")})
    assert not has_java({"PATH": str(tmp_path), "JAVA_HOME": str(tmp_path / "absent")})
    assert not has_java({})


def test_closeness_holds_in_the_release_although_rows_are_suppressed(tmp_path):
    """Suppression shifts the whole: the search looks at the input, the promise is about the release."""
    areas = ["n"] * 10 + ["s"] * 10 + ["e"] * 3
    drugs = list("aaaaabbbbbaaaaaabbbbccc")
    pq.write_table(pa.table({"area": areas, "drug": drugs}), tmp_path / "in.parquet")
    columns = {
        "area": {"role": "quasi_identifier", "hierarchy": {"levels": 1}, "max_level": 0, "clause": 5},
        "drug": {"role": "sensitive", "treatment": "keep", "clause": 5},
    }
    privacy = {"k": 5, "t_closeness": {"drug": 0.2}}
    plan = parse_plan({"plan": "t", "privacy": privacy, "suppression_limit": 0.5, "method": "global", "columns": columns})
    report = process(Job(source=tmp_path / "in.parquet", plan=plan, output=tmp_path / "out.parquet", compare=False))
    # Released: a 11/20, b 9/20; n is 1/20 away, s 1/20.
    assert report.suppressed_rows == 3
    assert report.verified["t_closeness"]["drug"] == pytest.approx(0.05)


def test_closeness_with_several_rows_per_person_never_fails_the_verifier(tmp_path):
    """A person with rows in two classes counts in both, which shifts the whole once classes are known."""
    draw = random.Random(172)
    rows = {"person": [f"p{draw.randrange(30)}" for _ in range(60)]}
    rows |= {"a": [draw.choice("12") for _ in range(60)], "b": [draw.choice("xyz") for _ in range(60)]}
    rows |= {"age": [draw.randint(0, 60) for _ in range(60)], "drug": [draw.choice("aaabc") for _ in range(60)]}
    pq.write_table(pa.table(rows), tmp_path / "in.parquet")
    columns = {"person": {"role": "linking_code", "treatment": "fresh_id", "clause": 3}}
    columns |= {name: {"role": "quasi_identifier", "hierarchy": {"levels": 1}, "clause": 5} for name in "ab"}
    columns["age"] = {"role": "quasi_identifier", "hierarchy": {"intervals": [3, 9]}, "clause": 5}
    columns["drug"] = {"role": "sensitive", "treatment": "keep", "clause": 5}
    for t in (0.02, 0.05, 0.1, 0.2, 0.3, 0.4):
        privacy = {"k": 2, "t_closeness": {"drug": t}}
        head = {"plan": "t", "unit": "person", "privacy": privacy, "suppression_limit": 0.3, "method": "local"}
        plan = parse_plan({**head, "columns": columns})
        report = process(Job(source=tmp_path / "in.parquet", plan=plan, output=tmp_path / "out.parquet", compare=False))
        assert report.verified["t_closeness"]["drug"] <= t + 1e-9


def test_what_no_proposal_holds_is_a_target_not_reached(tmp_path, monkeypatch):
    monkeypatch.setattr("anonymize.solve.is_close", lambda *_args, **_more: False)
    pq.write_table(pa.table({"area": ["n"] * 4, "drug": list("abab")}), tmp_path / "in.parquet")
    columns = {
        "area": {"role": "quasi_identifier", "hierarchy": {"levels": 1}, "clause": 5},
        "drug": {"role": "sensitive", "treatment": "keep", "clause": 5},
    }
    privacy = {"k": 2, "t_closeness": {"drug": 0.2}}
    plan = parse_plan({"plan": "t", "privacy": privacy, "method": "local", "columns": columns})
    with pytest.raises(TargetNotReached):
        process(Job(source=tmp_path / "in.parquet", plan=plan, output=tmp_path / "out.parquet", compare=False))
    assert not (tmp_path / "out.parquet").exists()


def claims_plan(treatment="fresh_id", **more):
    columns = {
        "person": {"role": "linking_code", "treatment": treatment, "clause": 3},
        "born": {"role": "quasi_identifier", "hierarchy": "birth_to_age_band", "min_level": 1, "clause": 5},
        "month": {"role": "quasi_identifier", "hierarchy": "month", "clause": 5},
    }
    return parse_plan({"plan": "c", "unit": "person", "privacy": {"k": 2}, "method": "global", "columns": columns} | more)


def run_claims(folder, rows, plan):
    kinds = {"person": pa.string(), "born": pa.date32(), "month": pa.date32()}
    days = [[row[0], *(date.fromisoformat(day) for day in row[1:])] for row in rows]
    pq.write_table(pa.table({name: pa.array([row[i] for row in days], kinds[name]) for i, name in enumerate(kinds)}), folder / "in.parquet")
    report = process(Job(source=folder / "in.parquet", plan=plan, output=folder / "out.parquet", compare=False, seed=1))
    return pq.read_table(folder / "out.parquet"), report


CLAIMS = [("a", "1990-04-01", "2024-10-01"), ("a", "1990-04-01", "2024-11-01"), ("b", "1989-06-30", "2024-10-01")]


def test_the_unit_may_be_dropped_only_where_rows_are_persons(tmp_path):
    with pytest.raises(PlanError, match="several rows"):
        run_claims(tmp_path, CLAIMS, claims_plan("drop"))
    assert not (tmp_path / "out.parquet").exists()
    table, report = run_claims(tmp_path, CLAIMS[1:], claims_plan("drop"))
    assert "person" not in table.column_names
    assert report.persons_out == report.rows_out == 2


def test_rows_without_a_person_key_refuse_the_file(tmp_path):
    with pytest.raises(FileRejected, match="1 rows have no person key"):
        run_claims(tmp_path, [*CLAIMS, (None, "1990-04-01", "2024-10-01")], claims_plan())


def test_ages_are_counted_on_the_day_of_the_plan_or_after_the_latest_date(tmp_path):
    # On 2024-12-01 a is 34 and b is 35; on 2025-04-01 a is 35 as well.
    _, report = run_claims(tmp_path, CLAIMS, claims_plan(suppression_limit=1.0))
    assert report.as_of == "2024-12-01"
    table, report = run_claims(tmp_path, CLAIMS, claims_plan(as_of="2025-04-01"))
    assert report.as_of == "2025-04-01"
    assert set(table["born_from"].to_pylist()) == {35}


def test_a_copy_to_another_disk_is_never_readable_by_more(tmp_path):
    from anonymize.publish import _stage  # the one room that copies

    made = tmp_path / "method.parquet"
    made.write_bytes(b"secret")
    made.chmod(0o640)
    away = Path("/dev/shm")  # noqa: S108 - another disk than the temporary folder, where there is one
    if not away.is_dir() or away.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("no second disk")
    copy = _stage(made, away / f"sakusei-{os.getpid()}.parquet")
    try:
        assert copy.read_bytes() == b"secret"
        assert stat.S_IMODE(copy.stat().st_mode) == 0o640
    finally:
        copy.unlink()


def test_files_that_cannot_all_be_named_leave_no_copy(tmp_path):
    work, out = tmp_path / "work", tmp_path / "out"
    work.mkdir()
    out.mkdir()
    for name in ("method", "release"):
        (work / name).write_bytes(b"made")
    (out / "method").mkdir()
    (out / "method" / "taken").touch()
    with pytest.raises(OSError, match="directory"):
        publish([(work / "method", out / "method"), (work / "release", out / "release")])
    assert [path.name for path in out.iterdir()] == ["method"]
    assert list(work.iterdir()) == []
