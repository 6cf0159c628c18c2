"""`sakusei anonymize process`: from the vault to the vault, recorded without values, and nothing kept after a failure."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from anonymize.shipped_plans import find_plan_file
from casework.console import Session, run
from casework.office import open_office
from casework.states import CaseState, FileState, Role
from schemas.plan import load_plan
from schemas.tables import load_table

TABLE = "care_provider_staff"


def make_rows(people=240):
    """Return synthetic staff: codes from the code lists, text that must never come out."""
    rng = np.random.default_rng(1)
    schema = load_table(TABLE).arrow_schema()
    chosen = {
        "service_kind": ["11", "15", "43"],
        "municipality_code": ["900001"],
        "corporation_kind": ["01", "02"],
        "sex": ["1", "2"],
        "job": ["01", "02"],
        "employment": ["1", "2"],
    }
    from schemas.codes import load_code_list

    for column in load_table(TABLE).columns:
        if column.name in chosen and column.code_list:
            chosen[column.name] = list(load_code_list(column.code_list).entries)[:2]
    columns = {}
    for field in schema:
        if field.name in chosen:
            columns[field.name] = pa.array(rng.choice(chosen[field.name], people), type=field.type)
        elif pa.types.is_date32(field.type):
            columns[field.name] = pa.array(rng.integers(-9000, 10000, people).astype(np.int32), type=field.type)
        elif pa.types.is_string(field.type):
            columns[field.name] = pa.array([f"CANARY{field.name}{n}" for n in range(people)], type=field.type)
        elif pa.types.is_boolean(field.type):
            columns[field.name] = pa.array(rng.random(people) < 0.5)
        else:
            columns[field.name] = pa.array(rng.integers(0, 2, people)).cast(field.type)
    return pa.table({**columns, "source_row": np.arange(people)})


@pytest.fixture
def home(tmp_path, capsys):
    """A contracted case with one normalised file."""
    folder = tmp_path / "office"
    assert run(["init", "--home", str(folder), "--as", "chief", "--synthetic"]) == 0
    pq.write_table(make_rows(), tmp_path / "rows.parquet")
    with open_office(Session(home=folder, actor="chief")) as office:
        store = office.store
        store.add_person("deputy", list(Role), actor="chief")
        store.add_person("reader", [Role.AUDITOR], actor="chief")
        case_id = store.add_case({"regime": "tokumei-2023"}, actor="chief")
        store.move_case(case_id, CaseState.UNDER_REVIEW, actor="chief")
        store.move_case(case_id, CaseState.ACCEPTED, actor="deputy")
        file_id = store.add_file(case_id, register_id=store.add_register_entry({}, actor="chief"), table=TABLE, actor="chief")
        store.move_case(case_id, CaseState.REQUESTED, actor="chief")
        store.move_file(file_id, FileState.RECEIVED, actor="chief")
        office.vault.seal(file_id, "normalised", tmp_path / "rows.parquet")
        store.move_file(file_id, FileState.NORMALISED, actor="chief")
        store.move_case(case_id, CaseState.CONTRACTED, actor="deputy")
    capsys.readouterr()
    return folder


@pytest.fixture
def plan_path(tmp_path):
    path = tmp_path / "plan.yaml"
    assert run(["anonymize", "plan", "--table", TABLE, "--output", str(path)]) == 0
    return path


def process(home, plan_path, *more, actor="chief"):
    return run(["anonymize", "process", "F-0001", "--plan", str(plan_path), "--home", str(home), "--as", actor, *more])


def test_a_file_goes_from_the_vault_to_the_vault(home, plan_path, capsys):
    capsys.readouterr()
    assert process(home, plan_path, "--json", "--method", "global") == 0
    answered = json.loads(capsys.readouterr().out)
    with open_office(Session(home=home, actor="chief")) as office:
        assert office.store.get_file("F-0001").state is FileState.PROCESSED
        report = office.store.get_record("processing", file_id="F-0001")
        plan = office.store.get_record("plan", file_id="F-0001")
        assert plan["plan_sha256"] == report["plan_sha256"] == load_plan(find_plan_file(TABLE)).sha256
        with office.vault.open("F-0001", "processed") as path:
            table = pq.read_table(path)
            assert b"CANARY" not in path.read_bytes()
        with office.vault.open("F-0001", "method") as path:
            assert json.loads(pq.read_schema(path).metadata[b"sakusei-method"])["method"] == "global"
    assert answered["rows_out"] == report["rows_out"] == table.num_rows
    assert report["smallest_class"] >= 10
    assert "CANARY" not in json.dumps(report)
    assert [path.name for path in (home / "work").iterdir() if path.is_dir()] == []
    plain = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert b"CANARY" not in plain


def refused(home, plan_path, capsys, code, *more, actor="chief"):
    capsys.readouterr()
    assert process(home, plan_path, *more, actor=actor) == code
    said = capsys.readouterr()
    assert "error:" in said.err
    assert "hint:" in said.err
    with open_office(Session(home=home, actor="chief")) as office:
        assert office.store.get_file("F-0001").state is FileState.NORMALISED
        assert {item.kind for item in office.vault.list("F-0001")} == {"normalised"}
    return said.err


def test_what_cannot_be_processed_stays_as_it_was(home, plan_path, capsys):
    document = yaml.safe_load(plan_path.read_text(encoding="utf-8"))
    document["privacy"]["k"] = 500
    document["as_of"] = str(document["as_of"])
    plan_path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    refused(home, plan_path, capsys, 14)


def test_roles_and_tables_are_checked_before_anything_is_opened(home, plan_path, tmp_path, capsys):
    refused(home, plan_path, capsys, 17, actor="reader")
    other = tmp_path / "other.yaml"
    assert run(["anonymize", "plan", "--table", "kokuho_benefit", "--output", str(other)]) == 0
    assert "care_provider_staff" in refused(home, other, capsys, 13)


@pytest.fixture
def next_year(home, tmp_path):
    """A second file of the same table, one of another table, and nothing processed yet."""
    pq.write_table(make_rows(200), tmp_path / "next.parquet")
    with open_office(Session(home=home, actor="chief")) as office:
        store = office.store
        case_id = store.add_case({"regime": "tokumei-2023"}, actor="chief")
        store.move_case(case_id, CaseState.UNDER_REVIEW, actor="chief")
        store.move_case(case_id, CaseState.ACCEPTED, actor="deputy")
        made = [
            store.add_file(case_id, register_id=store.add_register_entry({}, actor="chief"), table=table, actor="chief")
            for table in (TABLE, "kokuho_benefit")
        ]
        store.move_case(case_id, CaseState.REQUESTED, actor="chief")
        store.move_file(made[0], FileState.RECEIVED, actor="chief")
        office.vault.seal(made[0], "normalised", tmp_path / "next.parquet")
        store.move_file(made[0], FileState.NORMALISED, actor="chief")
        store.move_case(case_id, CaseState.CONTRACTED, actor="deputy")
    return made


def test_an_earlier_recoding_of_the_office_is_applied_again(home, plan_path, next_year, capsys):
    file_id, other = next_year
    again = ["anonymize", "process", file_id, "--plan", str(plan_path), "--home", str(home), "--as", "chief", "--recoding-of"]
    for earlier, code in (("F-0001", 17), (other, 13)):
        capsys.readouterr()
        assert run([*again, earlier]) == code
        assert "hint:" in capsys.readouterr().err
    with open_office(Session(home=home, actor="chief")) as office:
        assert office.store.get_file(file_id).state is FileState.NORMALISED
    assert process(home, plan_path, "--method", "global") == 0
    capsys.readouterr()
    assert run([*again, "F-0001", "--json"]) == 0
    answered = json.loads(capsys.readouterr().out)
    assert answered["method"] == "global"
    assert answered["reapplied"]["classes_kept"] > 0
    assert answered["smallest_class"] >= 10
    with open_office(Session(home=home, actor="chief")) as office:
        record = office.store.get_record("processing", file_id=file_id)
        assert record["recoding_of"] == "F-0001"
        assert record["reapplied"] == answered["reapplied"]
        assert office.store.get_record("processing", file_id="F-0001")["recoding_of"] is None
        assert {"method", "processed"} <= {item.kind for item in office.vault.list(file_id)}
