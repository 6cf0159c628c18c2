"""Two releases of one register entry, in a real office: refused together, passed together, recalled, and told what would pass."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import anonymize.risk.office as review_room
from casework.console import Session, run
from casework.office import open_office
from casework.states import CaseState, FileState, Role
from schemas.codes import load_code_list
from schemas.tables import load_table

TABLE = "nursing_home_waitlist"
PEOPLE = 5000
BANDS, SHIFTED = "{intervals: [5, 10, 20, 40]}", "{intervals: [7, 14, 28]}"
CODES = ("sex", "care_level", "dementia_level")
HEAD = f"plan: NAME\ntable: {TABLE}\nunit: applicant_key\nprivacy: {{k: 10}}\nmethod: global\nsuppression_limit: 0.05\ncolumns:\n"


def make_rows() -> pa.Table:
    """Synthetic applicants: ages of carers, three codes, marks elsewhere."""
    rng = np.random.default_rng(3)
    table = load_table(TABLE)
    columns: dict[str, Any] = {}
    for field, column in zip(table.arrow_schema(), table.columns, strict=True):
        if column.name == "carer_age_years":
            columns[field.name] = pa.array(rng.integers(30, 90, PEOPLE), type=field.type)
        elif column.name in CODES and column.code_list:
            columns[field.name] = pa.array(rng.choice(list(load_code_list(column.code_list).entries)[:4], PEOPLE), type=field.type)
        elif pa.types.is_string(field.type):
            columns[field.name] = pa.array([f"CANARY{column.name}{n}" for n in range(PEOPLE)], type=field.type)
        else:
            columns[field.name] = pa.nulls(PEOPLE, field.type)
    return pa.table({**columns, "source_row": np.arange(PEOPLE)})


def write_plan(path: Path, ages: str, *, sexes: bool = True) -> Path:
    kept = {
        "applicant_key": "{role: linking_code, treatment: fresh_id, clause: 3}",
        "carer_age_years": f"{{role: quasi_identifier, hierarchy: {ages}, min_level: 1, clause: 5}}",
        "sex": "{role: quasi_identifier, hierarchy: {levels: 1}, clause: 5}",
        "care_level": "{role: quasi_identifier, hierarchy: {levels: 1}, clause: 5}",
        "dementia_level": "{role: sensitive, treatment: keep, clause: 5}",
    }
    if not sexes:
        del kept["sex"]
    lines = [
        f"  {column.name}: " + kept.get(column.name, f"{{role: {column.role.value}, treatment: drop, clause: {column.clause}}}") + "\n"
        for column in load_table(TABLE).columns
    ]
    last = "  source_row: {role: linking_code, treatment: drop, clause: 3}\n"
    path.write_text(HEAD.replace("NAME", path.stem) + "".join(lines) + last, encoding="utf-8")
    return path


@dataclass(frozen=True)
class Scene:
    """An office with one release out, and the places of its plans."""

    home: Path
    plans: Path

    def run(self, *words: str, actor: str = "chief") -> int:
        return run([*words, "--home", str(self.home), "--as", actor])

    def add_file(self, rows: Path) -> str:
        """Another contracted case with a file of the one register entry."""
        granularity = {"applicant_key": "fresh_id", **dict.fromkeys(("carer_age_years", *CODES), "value")}
        columns = [{"column": name, "granularity": level} for name, level in granularity.items()]
        proposal = {
            "regime": "tokumei-2023", "context": "contract", "purpose": "分析", "period": {"from": "2026-12-01", "to": "2027-11-30"},
            "columns": columns,
        }  # fmt: skip
        with open_office(Session(home=self.home, actor="chief")) as office:
            store = office.store
            entries = store.list_register()
            entry = {"municipality_code": "900001", "name": "見本"}
            register_id = entries[0].id if entries else store.add_register_entry(entry, actor="chief")
            case_id = store.add_case(proposal, actor="chief")
            store.move_case(case_id, CaseState.UNDER_REVIEW, actor="chief")
            store.move_case(case_id, CaseState.ACCEPTED, actor="deputy")
            file_id = store.add_file(case_id, register_id=register_id, table=TABLE, actor="chief")
            store.move_case(case_id, CaseState.REQUESTED, actor="chief")
            store.move_file(file_id, FileState.RECEIVED, actor="chief")
            office.vault.seal(file_id, "normalised", rows)
            store.move_file(file_id, FileState.NORMALISED, actor="chief")
            store.move_case(case_id, CaseState.CONTRACTED, actor="deputy")
        return file_id

    def process(self, file_id: str, plan: str) -> None:
        assert self.run("anonymize", "process", file_id, "--plan", str(self.plans / f"{plan}.yaml"), "--seed", "1") == 0

    def review(self, file_id: str) -> int:
        return self.run("risk", "review", file_id, "--attacks", "50", "--sample", "200", "--json", actor="deputy")

    def build(self, file_id: str) -> int:
        with open_office(Session(home=self.home, actor="chief")) as office:
            case_id = office.store.get_file(file_id).case_id
        return self.run("release", "build", case_id)

    def record(self, kind: str, file_id: str) -> dict[str, Any]:
        with open_office(Session(home=self.home, actor="chief")) as office:
            found = office.store.get_record(kind, file_id=file_id)
        assert found is not None
        return found


@pytest.fixture(scope="module", autouse=True)
def no_attacks() -> Iterator[None]:
    """Attacks have tests of their own, and take most of the time of a review."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(review_room, "AttackSettings", lambda **_amount: None)
        yield


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    folder = tmp_path_factory.mktemp("beside")
    scene = Scene(home=folder / "office", plans=folder)
    assert run(["init", "--home", str(scene.home), "--as", "chief", "--synthetic"]) == 0
    with open_office(Session(home=scene.home, actor="chief")) as office:
        office.store.add_person("deputy", list(Role), actor="chief")
    write_plan(folder / "bands.yaml", BANDS)
    write_plan(folder / "shifted.yaml", SHIFTED)
    write_plan(folder / "no-sex.yaml", SHIFTED, sexes=False)
    rows = make_rows()
    pq.write_table(rows, folder / "rows.parquet")
    stayed = np.random.default_rng(4).random(PEOPLE) >= 0.01
    pq.write_table(rows.filter(pa.array(stayed)), folder / "later.parquet")
    file_id = scene.add_file(folder / "rows.parquet")
    scene.process(file_id, "bands")
    assert scene.review(file_id) == 0
    assert scene.build(file_id) == 0
    return scene


@pytest.fixture
def scene(template: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Scene:
    shutil.copytree(template.home, tmp_path / "office")
    capsys.readouterr()
    return Scene(home=tmp_path / "office", plans=template.plans)


def verdict(capsys: pytest.CaptureFixture[str]) -> tuple[set[str], dict[str, Any]]:
    """Codes of the reasons, and the whole document."""
    document = json.loads(capsys.readouterr().out)
    return {reason["code"] for reason in document["verdict"]["reasons"]}, document


def test_shifted_bands_are_refused_with_what_would_pass_and_pass_after_the_recall(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    second = scene.add_file(scene.plans / "rows.parquet")
    scene.process(second, "shifted")
    capsys.readouterr()
    assert scene.review(second) == 15
    codes, document = verdict(capsys)
    assert codes == {"joint-below-k"}
    (reason,) = document["verdict"]["reasons"]
    assert reason["params"]["releases"] == "L-0001"
    assert reason["params"]["parts"] >= 10
    smallest = next(figure for figure in document["figures"] if figure["code"] == "joint_smallest")
    assert 0 < smallest["value"] < 10
    assert "10.1145/1401890.1401926" in smallest["source"]
    assert {suggestion["like"] for suggestion in document["beside"]["suggestions"]} == {None, "L-0001"}
    gate = scene.record("gate", second)
    assert [(entry["release"], entry["file"]) for entry in gate["beside"]] == [("L-0001", "F-0001")]
    assert "CANARY" not in json.dumps(document)
    # The plan of the release that is out was suggested: it passes.
    scene.process(second, "bands")
    assert scene.review(second) == 0
    # So does the refused plan once the first release is recalled.
    third = scene.add_file(scene.plans / "rows.parquet")
    scene.process(third, "shifted")
    assert scene.run("release", "recall", "L-0001", "--reason", "risk") == 0
    assert scene.review(third) == 0
    assert scene.record("gate", third)["beside"] == []
    assert scene.build(third) == 0
    # The second was assessed before the third went out.
    capsys.readouterr()
    assert scene.build(second) == 15
    told = capsys.readouterr().err
    assert "error:" in told
    assert "hint:" in told
    assert "L-0002" in told
    # It is assessed again, now beside the third.
    assert scene.review(second) == 15
    assert verdict(capsys)[0] == {"joint-below-k"}
    assert [entry["release"] for entry in scene.record("gate", second)["beside"]] == ["L-0002"]
    assert scene.build(second) == 15


def test_a_release_and_a_recall_that_are_repeated_say_that_they_were_made(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    assert scene.run("release", "build", "C-0001") == 17
    told = capsys.readouterr().err
    assert "L-0001 is out already" in told
    assert "sakusei release verify releases/L-0001.zip" in told
    assert scene.run("release", "recall", "L-0001", "--reason", "risk") == 0
    # A stop between the record and the list leaves the list as it was; whoever repeats the step gets it.
    recalls = scene.home / "releases" / "recalls.dsse.json"
    recalls.unlink()
    capsys.readouterr()
    assert scene.run("release", "recall", "L-0001", "--reason", "risk", "--lang", "ja") == 17
    assert "L-0001 は既に回収" in capsys.readouterr().err
    assert recalls.is_file()
    assert scene.run("release", "verify", str(scene.home / "releases" / "L-0001.zip"), "--recalls", str(recalls)) != 0
    assert scene.run("audit", "verify") == 0


def test_one_per_cent_who_left_refuse_the_next_extract(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    later = scene.add_file(scene.plans / "later.parquet")
    scene.process(later, "bands")
    capsys.readouterr()
    assert scene.review(later) == 15
    codes, document = verdict(capsys)
    assert codes >= {"difference-small", "difference-values"}
    figures = {figure["code"]: figure["value"] for figure in document["figures"]}
    assert figures["difference_smallest"] == 1
    assert "CANARY" not in json.dumps(document)
    with open_office(Session(home=scene.home, actor="chief")) as office:
        assert office.store.get_file(later).state is FileState.REFUSED


def test_other_quasi_identifiers_are_compared_from_the_input_until_it_is_erased(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    second = scene.add_file(scene.plans / "rows.parquet")
    scene.process(second, "no-sex")
    capsys.readouterr()
    assert scene.review(second) == 15
    codes, document = verdict(capsys)
    assert codes == {"joint-below-k"}
    assert document["beside"]["failed"] == []
    capsys.readouterr()
    assert scene.run("vault", "erase", "F-0001", "--order", actor="deputy") == 0
    assert "L-0001 is out: after the erasure a new file" in capsys.readouterr().out
    assert scene.run("vault", "erase", "F-0001") == 0
    scene.process(second, "bands")
    capsys.readouterr()
    assert scene.review(second) == 15
    codes, document = verdict(capsys)
    assert codes == {"other-not-comparable"}
    assert document["beside"]["failed"] == ["L-0001"]
    # The ledger still knows the release; once it is recalled, a new file of the register entry goes the whole way.
    third = scene.add_file(scene.plans / "later.parquet")
    scene.process(third, "shifted")
    assert scene.review(third) == 15
    assert scene.run("release", "recall", "L-0001", "--reason", "request") == 0
    fourth = scene.add_file(scene.plans / "later.parquet")
    scene.process(fourth, "shifted")
    assert scene.review(fourth) == 0
    assert scene.build(fourth) == 0
    assert scene.run("audit", "verify", "--deep") == 0


def test_two_files_of_one_case_are_held_against_each_other(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    assert scene.run("release", "recall", "L-0001", "--reason", "risk") == 0
    second = scene.add_file(scene.plans / "rows.parquet")
    with open_office(Session(home=scene.home, actor="chief")) as office:
        file = office.store.get_file(second)
        third = office.store.add_file(file.case_id, register_id=file.register_id, table=TABLE, actor="chief")
        office.store.move_file(third, FileState.RECEIVED, actor="chief")
        office.vault.seal(third, "normalised", scene.plans / "rows.parquet")
        office.store.move_file(third, FileState.NORMALISED, actor="chief")
    scene.process(second, "bands")
    scene.process(third, "shifted")
    assert scene.review(second) == 0
    capsys.readouterr()
    assert scene.review(third) == 15
    assert verdict(capsys)[0] == {"joint-below-k"}
    assert scene.record("gate", third)["beside"] == [{"release": None, "file": second, "ledger_sha256": None}]
