"""Step ⑧ in a real office: from assessed files to a package that is out, through refusals, kills, recall and trace."""

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import release.office as office_room
from casework.console import Session, run
from casework.ledger import list_live_files
from casework.office import init_office, open_office
from casework.settings import Settings
from casework.states import CaseState, FileState, Role
from release.ledger import finish_interrupted, list_releases
from release.office import build_release
from release.verify import verify_package
from schemas.errors import ReleaseRefused, TransitionRefused
from schemas.files import sha256_file

PERSONS = 1200
PLAN = {
    "plan": "office-v1",
    "table": "kokuho_benefit",
    "unit": "person_key",
    "privacy": {"k": 10},
    "columns": {
        "person_key": {"role": "linking_code", "treatment": "fresh_id", "clause": 3},
        "sex": {"role": "quasi_identifier", "hierarchy": "sex", "clause": 5},
        "name": {"role": "direct_identifier", "treatment": "drop", "clause": 1},
    },
}
PROPOSAL = {
    "regime": "tokumei-2023",
    "context": "contract",
    "purpose": "分析",
    "period": {"from": "2026-12-01", "to": "2027-11-30"},
    "columns": [{"column": "person_key", "granularity": "fresh_id"}, {"column": "sex", "granularity": "value"}],
}


def write_table(path, persons=PERSONS):
    def field(name, kind, **facts):
        return pa.field(name, kind, metadata={"sakusei": json.dumps({"level": None} | facts)})

    schema = pa.schema(
        [
            field("person_key", pa.int64(), column="person_key", part="id", role="linking_code", clause=3, treatment="fresh_id"),
            field("sex", pa.string(), column="sex", part="label", role="quasi_identifier", clause=5, treatment="recode", level="value"),
        ],
        metadata={"sakusei": json.dumps({"k": 10, "unit": "person_key", "plan_sha256": "0" * 64})},
    )
    pq.write_table(pa.table([list(range(persons)), ["男", "女"] * (persons // 2)], schema=schema), path)


@dataclass(frozen=True)
class Place:
    """A workspace with one case, its file assessed and ready."""

    home: Path
    case_id: str
    file_id: str

    def session(self, role):
        return Session(home=self.home, actor=str(role))


def advance_file(office, role, file_id, state):
    office.store.move_file(file_id, state, actor=str(role))


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A workspace made once; every test works on a copy."""
    home = tmp_path_factory.mktemp("office") / "home"
    init_office(home, Settings(office_name="見本作成組織", regime="tokumei-2023", synthetic=True), actor="chief")
    with open_office(Session(home=home, actor="chief")) as office:
        store = office.store
        for role in Role:
            store.add_person(str(role), {role}, actor="chief")
        register_id = store.add_register_entry({"municipality_code": "900001", "name": "見本"}, actor="chief")
        case_id = store.add_case(PROPOSAL, actor="screener")
        store.move_case(case_id, CaseState.UNDER_REVIEW, actor="screener")
        store.move_case(case_id, CaseState.ACCEPTED, actor="approver")
        file_id = store.add_file(case_id, register_id=register_id, table="kokuho_benefit", actor="screener")
        store.move_case(case_id, CaseState.REQUESTED, actor="screener")
        store.move_case(case_id, CaseState.CONTRACTED, actor="approver")
        for state in (FileState.RECEIVED, FileState.NORMALISED):
            advance_file(office, "processor", file_id, state)
    place = Place(home, case_id, file_id)
    fill(place, PERSONS)
    return place


def fill(place, persons, beside=()):
    """Process and assess: what steps ⑦ leave behind."""
    with open_office(place.session(Role.PROCESSOR)) as office:
        with office.vault.work_folder() as folder:
            path = folder / "table.parquet"
            write_table(path, persons)
            digest = sha256_file(path)
            office.vault.seal(place.file_id, "processed", path)
        plan = {"document": PLAN, "columns": list(PLAN["columns"])}
        office.store.add_record("plan", plan, actor="processor", file_id=place.file_id)
        office.store.add_record("processing", {"output_sha256": digest}, actor="processor", file_id=place.file_id)
        advance_file(office, "processor", place.file_id, FileState.PROCESSED)
    with open_office(place.session(Role.REVIEWER)) as office:
        office.store.add_record("risk", {}, actor="reviewer", file_id=place.file_id)
        gate = {"reasons": [], "released_sha256": digest, "beside": list(beside)}
        office.store.add_record("gate", gate, actor="reviewer", file_id=place.file_id)
        office.store.add_paper("risk_report", b"<!DOCTYPE html><p>report", ".html", actor="reviewer", file_id=place.file_id)
        advance_file(office, "reviewer", place.file_id, FileState.ASSESSED)


@pytest.fixture
def place(template, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(template.home, home)
    return replace(template, home=home)


def build(place, role=Role.RELEASE_OFFICER):
    with open_office(place.session(role)) as office:
        return build_release(office, place.case_id)


def states(place):
    with open_office(place.session(Role.AUDITOR)) as office:
        return office.store.get_case(place.case_id).state, office.store.get_file(place.file_id).state, len(list_releases(office))


def test_a_release_goes_out_verified_and_closes_its_case(place):
    built = build(place)
    pem = (place.home / "office.pub.pem").read_bytes()
    for form in (built.folder, built.archive):
        assert verify_package(form, pem).release_id == "L-0001"
    assert states(place) == (CaseState.CLOSED, FileState.RELEASED, 1)
    processing = json.loads((built.folder / "processing.json").read_text())
    (table,) = processing["tables"].values()
    assert [column["column"] for column in table["columns"]] == ["person_key", "sex", "name"]
    assert not [path for path in (place.home / "releases").iterdir() if path.name.startswith(".")]
    assert not [path for path in (place.home / "work").iterdir() if path.is_dir()]


def test_the_package_carries_a_head_of_the_chain(place):
    built = build(place)
    with open_office(place.session(Role.AUDITOR)) as office:
        assert built.verified.predicate["audit_head"] in {event.hash for event in office.store.events()}


def test_nobody_releases_what_they_assessed(place):
    with open_office(Session(home=place.home, actor="chief")) as office:
        office.store.add_person("both", {Role.REVIEWER, Role.RELEASE_OFFICER, Role.PROCESSOR}, actor="chief")
    with pytest.raises(TransitionRefused):
        build(place, Role.REVIEWER)
    assert states(place) == (CaseState.CONTRACTED, FileState.ASSESSED, 0)
    assert list((place.home / "releases").glob("L-*")) == []


def add_second(place):
    """Another case with a file of the same register entry, put into the common schema."""
    with open_office(place.session(Role.AUDITOR)) as office:
        register_id = office.store.get_file(place.file_id).register_id
    with open_office(Session(home=place.home, actor="chief")) as office:
        store = office.store
        case_id = store.add_case(PROPOSAL, actor="screener")
        store.move_case(case_id, CaseState.UNDER_REVIEW, actor="screener")
        store.move_case(case_id, CaseState.ACCEPTED, actor="approver")
        file_id = store.add_file(case_id, register_id=register_id, table="kokuho_benefit", actor="screener")
        store.move_case(case_id, CaseState.REQUESTED, actor="screener")
        store.move_case(case_id, CaseState.CONTRACTED, actor="approver")
        for state in (FileState.RECEIVED, FileState.NORMALISED):
            advance_file(office, "processor", file_id, state)
    return Place(place.home, case_id, file_id)


def list_live(place):
    with open_office(place.session(Role.AUDITOR)) as office:
        return list_live_files(office.store, office.store.get_file(place.file_id).register_id)


def test_a_file_that_was_assessed_before_another_release_of_its_register_entry_is_refused_until_that_is_recalled(place):
    second = add_second(place)
    fill(second, PERSONS)
    build(place)
    before = sorted(path.name for path in (place.home / "releases").iterdir())
    with pytest.raises(ReleaseRefused) as caught:
        build(second)
    assert [reason.code for reason in caught.value.reasons] == ["assessed-before-release"]
    assert "L-0001" in caught.value.reasons[0].render()
    assert sorted(path.name for path in (place.home / "releases").iterdir()) == before
    assert states(second) == (CaseState.CONTRACTED, FileState.ASSESSED, 1)
    assert run(["release", "recall", "L-0001", "--reason", "risk", "--home", str(place.home), "--as", "release_officer"]) == 0
    assert list_live(second) == ()
    assert build(second).release_id == "L-0002"


def test_a_file_that_was_assessed_beside_the_other_release_goes_out(place):
    second = add_second(place)
    build(place)
    fill(second, PERSONS, [file.to_json() for file in list_live(second)])
    assert build(second).release_id == "L-0002"
    assert [file.release_id for file in list_live(second)] == ["L-0001", "L-0002"]


def test_a_release_that_goes_out_while_another_is_being_built_is_seen_by_the_transaction(place, monkeypatch):
    second = add_second(place)
    fill(second, PERSONS)
    answer = office_room.reasons_not_to_release

    def decide(candidates, regime):
        found = answer(candidates, regime)
        monkeypatch.setattr(office_room, "reasons_not_to_release", answer)
        build(place)
        return found

    monkeypatch.setattr(office_room, "reasons_not_to_release", decide)
    with pytest.raises(ReleaseRefused) as caught:
        build(second)
    assert [reason.code for reason in caught.value.reasons] == ["assessed-before-release"]
    assert states(second) == (CaseState.CONTRACTED, FileState.ASSESSED, 1)
    assert not [path for path in (place.home / "releases").iterdir() if path.name.startswith((".L-0002", "L-0002"))]


def test_recall_is_seen_by_whoever_verifies_with_the_list(place, capsys):
    built = build(place)
    assert run(["release", "recall", "L-0001", "--reason", "error", "--home", str(place.home), "--as", "release_officer"]) == 0
    recalls = place.home / "releases" / "recalls.dsse.json"
    key = ["--key", str(place.home / "office.pub.pem")]
    assert run(["release", "verify", str(built.archive), *key]) == 0
    capsys.readouterr()
    assert run(["release", "verify", str(built.archive), *key, "--recalls", str(recalls)]) == 16
    captured = capsys.readouterr()
    assert "error: release L-0001 was recalled on" in captured.err
    assert "hint:" in captured.err
    assert run(["release", "recall", "L-0001", "--reason", "error", "--home", str(place.home), "--as", "release_officer"]) == 17


def test_list_and_trace(place, capsys, tmp_path):
    built = build(place)
    table = pq.read_table(built.folder / "data" / "kokuho_benefit-F-0001.parquet")
    found = tmp_path / "found.parquet"
    pq.write_table(table.slice(100, 50).select(["person_key"]), found)
    common = ["--home", str(place.home), "--as", "release_officer", "--json"]
    assert run(["release", "list", *common]) == 0
    assert json.loads(capsys.readouterr().out)["releases"][0]["recalled_on"] is None
    assert run(["release", "trace", str(found), *common]) == 0
    (match,) = json.loads(capsys.readouterr().out)["matches"]
    assert match == {"release": "L-0001", "table": "data/kokuho_benefit-F-0001.parquet", "evidence": "ids", "share": 1.0}


@pytest.mark.parametrize("words", [["--key"], []])
def test_verify_finds_its_key_or_says_which_is_missing(place, capsys, tmp_path, words):
    built = build(place)
    away = tmp_path / "away" / "L-0001.zip"
    away.parent.mkdir()
    shutil.copyfile(built.archive, away)
    key = [*words, str(place.home / "office.pub.pem")] if words else []
    assert run(["release", "verify", str(away), *key]) == (0 if words else 10)
    assert run(["release", "verify", str(built.archive)]) == 0


KILL = """
import os, signal, sys
from pathlib import Path
import release.office as office_room
from casework.console import run
step, home, case_id = sys.argv[1], sys.argv[2], sys.argv[3]
def die(*_args, **_kwargs):
    os.kill(os.getpid(), signal.SIGKILL)
if step == "after-commit":
    original = office_room._write
    def write(*args, **kwargs):
        original(*args, **kwargs)
        die()
    office_room._write = write
else:
    setattr(office_room, {"while-making": "pack", "before-commit": "_note"}[step], die)
run(["release", "build", case_id, "--home", home, "--as", "release_officer"])
"""


@pytest.mark.parametrize("step", ["while-making", "before-commit", "after-commit"])
def test_a_kill_leaves_no_release_or_a_whole_one(place, step):
    done = subprocess.run(
        [sys.executable, "-c", KILL, step, str(place.home), place.case_id], check=False, capture_output=True, env=os.environ
    )
    assert done.returncode == -signal.SIGKILL
    assert list((place.home / "releases").glob("L-*")) == []
    if step == "after-commit":
        assert run(["release", "list", "--home", str(place.home), "--as", "auditor"]) == 0
        assert states(place) == (CaseState.CLOSED, FileState.RELEASED, 1)
    else:
        assert states(place)[1:] == (FileState.ASSESSED, 0)
        build(place)
    pem = (place.home / "office.pub.pem").read_bytes()
    assert verify_package(place.home / "releases" / "L-0001.zip", pem).release_id == "L-0001"
    assert not [path for path in (place.home / "releases").iterdir() if path.name.startswith(".")]


def test_finishing_twice_changes_nothing(place):
    build(place)
    before = {path: path.stat().st_mtime_ns for path in (place.home / "releases").rglob("*")}
    with open_office(place.session(Role.AUDITOR)) as office:
        finish_interrupted(office)
    assert {path: path.stat().st_mtime_ns for path in (place.home / "releases").rglob("*")} == before
