"""`sakusei risk review`: by somebody else than the processor, from the vault, recorded without values."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from casework.console import Session, run
from casework.office import open_office
from casework.states import CaseState, FileState, Role
from schemas.codes import load_code_list
from schemas.tables import load_table

TABLE = "care_provider_staff"
PLAN_HEAD = f"plan: office-v1\ntable: {TABLE}\nunit: staff_key\nprivacy: {{k: K}}\nmethod: global\nsuppression_limit: 0.2\ncolumns:\n"
KEPT = {
    "sex": "{role: quasi_identifier, hierarchy: {levels: 1}, clause: 5}",
    "job": "{role: quasi_identifier, hierarchy: {levels: 1}, clause: 5}",
    "service_kind": "{role: quasi_identifier, hierarchy: {levels: 1}, clause: 5}",
}


def make_rows(people: int = 600) -> pa.Table:
    """Synthetic staff: three columns of codes, marked text elsewhere."""
    rng = np.random.default_rng(1)
    table = load_table(TABLE)
    columns = {}
    for field, column in zip(table.arrow_schema(), table.columns, strict=True):
        if column.name in KEPT and column.code_list:
            columns[field.name] = pa.array(rng.choice(list(load_code_list(column.code_list).entries)[:3], people), type=field.type)
        elif pa.types.is_string(field.type):
            columns[field.name] = pa.array([f"CANARY{column.name}{n}" for n in range(people)], type=field.type)
        else:
            columns[field.name] = pa.nulls(people, field.type)
    return pa.table({**columns, "source_row": np.arange(people)})


def write_plan(path: Path, k: int) -> Path:
    lines = [
        f"  {column.name}: {KEPT.get(column.name) or drop(column.role.value, column.clause)}\n"
        for column in load_table(TABLE).columns
        if column.name != "staff_key"
    ]
    unit = "  staff_key: {role: linking_code, treatment: fresh_id, clause: 3}\n"
    last = "  source_row: {role: linking_code, treatment: drop, clause: 3}\n"
    path.write_text(PLAN_HEAD.replace("K", str(k)) + unit + "".join(lines) + last, encoding="utf-8")
    return path


def drop(role: str, clause: int) -> str:
    return f"{{role: {role}, treatment: drop, clause: {clause}}}"


@pytest.fixture
def home(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A contracted case with one normalised file."""
    folder = tmp_path / "office"
    assert run(["init", "--home", str(folder), "--as", "chief", "--synthetic"]) == 0
    pq.write_table(make_rows(), tmp_path / "rows.parquet")
    with open_office(Session(home=folder, actor="chief")) as office:
        store = office.store
        store.add_person("deputy", list(Role), actor="chief")
        store.add_person("reader", [Role.AUDITOR], actor="chief")
        case_id = store.add_case({"regime": "tokumei-2023", "context": "contract"}, actor="chief")
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


def process(home: Path, plan: Path) -> None:
    assert run(["anonymize", "process", "F-0001", "--plan", str(plan), "--home", str(home), "--as", "chief", "--seed", "1"]) == 0


def review(home: Path, actor: str) -> int:
    return run(["risk", "review", "F-0001", "--home", str(home), "--as", actor, "--attacks", "50", "--sample", "200", "--json"])


def test_another_person_accepts_what_passes(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    process(home, write_plan(tmp_path / "plan.yaml", 30))
    capsys.readouterr()
    assert review(home, "deputy") == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["verdict"]["release"] is True
    with open_office(Session(home=home, actor="deputy")) as office:
        store = office.store
        assert store.get_file("F-0001").state is FileState.ASSESSED
        risk, gate = (store.get_record(kind, file_id="F-0001") for kind in ("risk", "gate"))
        (paper,) = (paper for paper in store.list_papers(file_id="F-0001") if paper.kind == "risk_report")
        page = store.paper_path(paper).read_text(encoding="utf-8")
        with office.vault.open("F-0001", "processed") as released:
            assert b"CANARY" not in released.read_bytes()
    assert gate["reasons"] == []
    assert gate["released_sha256"] == risk["released_sha256"]
    assert 'class="verdict go"' in page
    assert "CANARY" not in told.out + told.err + page + json.dumps(risk)
    assert [path.name for path in (home / "work").iterdir() if path.is_dir()] == []
    assert b"CANARY" not in b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())


def test_what_fails_is_refused_with_its_reasons(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # k = 2 in the plan, with cells of about 600/27 persons; the smallest of three municipalities' cells stay above, so thin them out.
    process(home, write_plan(tmp_path / "plan.yaml", 2))
    with open_office(Session(home=home, actor="chief")) as office, office.vault.work_folder() as work:
        with office.vault.open("F-0001", "processed") as released:
            table = pq.read_table(released)
        thin = work / "thin.parquet"
        pq.write_table(table.slice(0, 3), thin)
        office.vault.seal("F-0001", "processed", thin)
    capsys.readouterr()
    assert review(home, "deputy") == 15
    reasons = {reason["code"] for reason in json.loads(capsys.readouterr().out)["verdict"]["reasons"]}
    assert "below-k" in reasons
    with open_office(Session(home=home, actor="deputy")) as office:
        assert office.store.get_file("F-0001").state is FileState.REFUSED
        assert {reason["code"] for reason in office.store.get_record("gate", file_id="F-0001")["reasons"]} == reasons


@pytest.mark.parametrize("actor", ["chief", "reader", "nobody"])
def test_neither_the_processor_nor_others_may_review(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], actor: str) -> None:
    process(home, write_plan(tmp_path / "plan.yaml", 30))
    capsys.readouterr()
    assert review(home, actor) == 17
    told = capsys.readouterr().err
    assert "error:" in told
    assert "hint:" in told
    with open_office(Session(home=home, actor="chief")) as office:
        assert office.store.get_file("F-0001").state is FileState.PROCESSED
        assert office.store.get_record("gate", file_id="F-0001") is None


def test_a_file_that_is_not_processed_cannot_be_reviewed(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert review(home, "deputy") == 17
    assert "hint:" in capsys.readouterr().err
