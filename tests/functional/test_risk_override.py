"""`sakusei risk override` in a real office: refused by what was measured, overridden by two persons, released, told everywhere."""

import itertools
import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from casework.console import Session, run
from casework.office import init_office, open_office
from casework.settings import Settings
from casework.states import CaseState, FileState, Role
from schemas.codes import load_code_list
from schemas.tables import load_table

TABLE = "care_provider_staff"
KEPT = ("service_kind", "job", "qualification")
CODES, SHARED = 5, 10
NOTE = "審査委員会は提供先の管理の状況[bold]から相当と認めた"
PROPOSAL = {
    "regime": "tokumei-2023",
    "context": "contract",
    "purpose": "分析",
    "period": {"from": "2026-12-01", "to": "2027-11-30"},
    "columns": [{"column": "staff_key", "granularity": "fresh_id"}, *({"column": name, "granularity": "value"} for name in KEPT)],
}


def write_rows(path: Path) -> None:
    """125 classes of exactly ten persons: k holds, but the average risk is 1/10, above the 0.09 of the policy."""
    table = load_table(TABLE)
    found = {column.name: list(load_code_list(column.code_list).entries)[:CODES] for column in table.columns if column.name in KEPT}
    classes = list(itertools.product(*(found[name] for name in KEPT))) * SHARED
    columns = {}
    for field, column in zip(table.arrow_schema(), table.columns, strict=True):
        if column.name in KEPT:
            columns[field.name] = pa.array([line[KEPT.index(column.name)] for line in classes], type=field.type)
        elif pa.types.is_string(field.type):
            columns[field.name] = pa.array([f"CANARY{column.name}{n}" for n in range(len(classes))], type=field.type)
        else:
            columns[field.name] = pa.nulls(len(classes), field.type)
    pq.write_table(pa.table({**columns, "source_row": np.arange(len(classes))}), path)


def write_plan(path: Path) -> Path:
    lines = [
        "plan: office-v1",
        f"table: {TABLE}",
        "unit: staff_key",
        "privacy: {k: 10}",
        "method: global",
        "suppression_limit: 0",
        "columns:",
    ]
    for column in load_table(TABLE).columns:
        role, clause = column.role.value, column.clause
        kept = f"{{role: {role}, hierarchy: {{levels: 1}}, clause: {clause}}}"
        treatment = "fresh_id" if column.name == "staff_key" else "drop"
        lines.append(
            f"  {column.name}: " + (kept if column.name in KEPT else f"{{role: {role}, treatment: {treatment}, clause: {clause}}}")
        )
    lines.append("  source_row: {role: linking_code, treatment: drop, clause: 3}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An office whose file was processed and refused for its average risk; every test works on a copy."""
    folder = tmp_path_factory.mktemp("override")
    home = folder / "office"
    init_office(home, Settings(office_name="見本作成組織", regime="tokumei-2023", synthetic=True), actor="chief")
    write_rows(folder / "rows.parquet")
    with open_office(Session(home=home, actor="chief")) as office:
        store = office.store
        for role in Role:
            store.add_person(str(role), {role}, actor="chief")
        store.add_person("both", {Role.REVIEWER, Role.APPROVER, Role.PROCESSOR}, actor="chief")
        case_id = store.add_case(PROPOSAL, actor="screener")
        store.move_case(case_id, CaseState.UNDER_REVIEW, actor="screener")
        store.move_case(case_id, CaseState.ACCEPTED, actor="approver")
        register_id = store.add_register_entry({"municipality_code": "900001", "name": "見本"}, actor="screener")
        file_id = store.add_file(case_id, register_id=register_id, table=TABLE, actor="screener")
        store.move_case(case_id, CaseState.REQUESTED, actor="screener")
        store.move_case(case_id, CaseState.CONTRACTED, actor="approver")
        store.move_file(file_id, FileState.RECEIVED, actor="processor")
        office.vault.seal(file_id, "normalised", folder / "rows.parquet")
        store.move_file(file_id, FileState.NORMALISED, actor="processor")
    plan = write_plan(folder / "plan.yaml")
    assert run(["anonymize", "process", "F-0001", "--plan", str(plan), "--home", str(home), "--as", "processor", "--seed", "1"]) == 0
    review = ["risk", "review", "F-0001", "--home", str(home), "--as", "reviewer", "--attacks", "50", "--sample", "200"]
    assert run(review) == 15
    return home


class Place:
    """A copy of the office, and commands on it."""

    def __init__(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.home, self.capsys = home, capsys

    def call(self, actor: str, *arguments: str) -> tuple[int, str, str]:
        code = run([*arguments, "--home", str(self.home), "--as", actor])
        told = self.capsys.readouterr()
        return code, told.out, told.err

    def override(self, actor: str, *arguments: str) -> tuple[int, str, str]:
        return self.call(actor, "risk", "override", "F-0001", *arguments)

    def propose(self, actor: str = "reviewer", ground: str = "committee_decision", note: str = NOTE) -> str:
        code, told, errors = self.override(actor, "--ground", ground, "--note", note, "--json")
        assert (code, errors) == (0, "")
        return str(json.loads(told)["waiting"]["proposal"])

    def look(self) -> tuple[str, FileState, int]:
        """Head of the chain, state of the file, papers on disk: what must not change when a command is refused."""
        with open_office(Session(home=self.home, actor="auditor")) as office:
            return office.store.head(), office.store.get_file("F-0001").state, len(list((self.home / "papers").iterdir()))

    def refuse(self, code: int, actor: str, *arguments: str) -> str:
        before = self.look()
        found, told, errors = self.override(actor, *arguments)
        assert (found, told) == (code, "")
        assert self.look() == before
        return errors


@pytest.fixture
def place(refused: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("COLUMNS", "200")
    shutil.copytree(refused, tmp_path / "office")
    capsys.readouterr()
    return Place(tmp_path / "office", capsys)


def test_two_persons_override_and_the_release_says_so_everywhere(place: Place) -> None:
    proposal = place.propose()
    code, told, _ = place.override("approver", "--lang", "ja")
    assert code == 0
    assert NOTE in told
    assert f"sakusei risk override F-0001 --confirm {proposal}" in told
    code, told, errors = place.override("approver", "--confirm", proposal, "--lang", "ja")
    assert (code, errors) == (0, "")
    assert "F-0001 は例外承認により評価済みです。申請者 reviewer、承認者 approver（committee_decision）" in told
    assert place.look()[1] is FileState.ASSESSED
    with open_office(Session(home=place.home, actor="auditor")) as office:
        gate = office.store.get_record("gate", file_id="F-0001")
        first, second = [paper for paper in office.store.list_papers(file_id="F-0001") if paper.kind == "risk_report"]
        pages = [office.store.paper_path(paper).read_text(encoding="utf-8") for paper in (first, second)]
    codes = [reason["code"] for reason in gate["reasons"]]
    assert "prosecutor-average" in codes
    assert gate["override"]["reasons"] == list(dict.fromkeys(codes))
    assert gate["override"]["proposed_by"] != gate["override"]["confirmed_by"]
    # The page is the old one with the decision above it; nothing of what was assessed is different.
    start, end = pages[1].index('<section class="verdict stop override"'), pages[1].index("</section>") + len("</section>")
    assert pages[1][:start].rstrip() + pages[1][end:] == pages[0]
    assert "例外承認による提供" in pages[1][start:end]
    assert "審査委員会が、危険性と有用性を比較した上で提供を相当と議決した" in pages[1][start:end]

    code, _, errors = place.call("release_officer", "release", "build", "C-0001")
    assert (code, errors) == (0, "")
    folder = place.home / "releases" / "L-0001"
    (table,) = json.loads((folder / "processing.json").read_text(encoding="utf-8"))["tables"].values()
    assert table["override"]["ground"] == "committee_decision"
    assert [reason["code"] for reason in table["override"]["reasons"]] == gate["override"]["reasons"]
    assert table["override"]["proposal"] == proposal
    summary = (folder / "risk-summary.html").read_text(encoding="utf-8")
    assert "例外承認により提供しています" in summary
    assert table["override"]["reasons"][0]["text_ja"] in summary
    assert "提供の条件を満たすことを確認しました" not in summary
    assert (folder / "risk" / "F-0001.html").read_text(encoding="utf-8") == pages[1]

    code, told, _ = place.call("auditor", "release", "verify", str(folder), "--lang", "ja")
    assert code == 0
    assert "例外承認により提供されています" in told
    assert "prosecutor-average" in told
    code, told, _ = place.call("auditor", "audit", "log", "--file", "F-0001", "--lang", "ja")
    assert code == 0
    proposed, confirmed = [line for line in told.splitlines() if "file.overrid" in line]
    assert "reviewer" in proposed
    assert "file.override_proposed" in proposed
    assert "approver" in confirmed
    assert "file.overridden" in confirmed
    assert "ground=committee_decision" in confirmed
    assert place.call("auditor", "audit", "verify")[0] == 0


def test_neither_note_nor_names_leave_the_office(place: Place) -> None:
    place.override("approver", "--confirm", place.propose())
    assert place.call("release_officer", "release", "build", "C-0001")[0] == 0
    package = b"".join(path.read_bytes() for path in (place.home / "releases" / "L-0001").rglob("*") if path.is_file())
    papers = b"".join(path.read_bytes() for path in (place.home / "papers").iterdir())
    assert NOTE.encode() not in package + papers
    assert "審査委員会は".encode() not in package + papers
    assert b'"approver"' in package, "the role is told"
    assert b"proposed_by" not in package
    assert b"confirmed_by" not in package
    with open_office(Session(home=place.home, actor="auditor")) as office:
        assert NOTE not in str(list(office.store.events()))


def test_without_options_it_shows_reasons_and_grounds_and_changes_nothing(place: Place) -> None:
    before = place.look()
    code, told, errors = place.override("auditor", "--lang", "ja")
    assert (code, errors) == (0, "")
    assert "prosecutor-average" in told
    assert "二名の決定により可" in told
    assert "committee_decision: 審査委員会が" in told
    assert "--ground CODE --note TEXT" in told
    assert place.look() == before
    found = json.loads(place.override("auditor", "--json")[1])
    assert found["may"] is True
    assert found["waiting"] is None
    assert all(reason["may"] for reason in found["reasons"])


@pytest.mark.parametrize("actor", ["processor", "approver", "screener", "release_officer", "auditor", "nobody"])
def test_only_a_reviewer_proposes(place: Place, actor: str) -> None:
    errors = place.refuse(17, actor, "--ground", "committee_decision", "--note", NOTE)
    assert "error:" in errors
    assert "hint:" in errors
    assert NOTE not in errors


@pytest.mark.parametrize("actor", ["reviewer", "processor", "release_officer", "nobody"])
def test_only_an_approver_confirms(place: Place, actor: str) -> None:
    proposal = place.propose()
    assert "hint:" in place.refuse(17, actor, "--confirm", proposal)


def test_one_person_with_both_roles_is_still_one_person(place: Place) -> None:
    proposal = place.propose("both")
    assert "自分の仕事を自分で承認することはできません" in place.refuse(17, "both", "--confirm", proposal, "--lang", "ja")
    assert place.override("approver", "--confirm", proposal)[0] == 0


def test_a_proposal_dies_with_a_new_processing(place: Place, tmp_path: Path) -> None:
    old = place.propose()
    plan = write_plan(tmp_path / "plan.yaml")
    assert place.call("processor", "anonymize", "process", "F-0001", "--plan", str(plan), "--seed", "2")[0] == 0
    place.refuse(17, "approver", "--confirm", old)
    place.refuse(17, "reviewer", "--ground", "no_harm", "--note", NOTE)
    assert place.look()[1] is FileState.PROCESSED


def test_a_reason_that_can_never_be_overridden_stops_the_first_person(place: Place) -> None:
    with open_office(Session(home=place.home, actor="reviewer")) as office:
        gate = office.store.get_record("gate", file_id="F-0001")
        reason = {"code": "below-k", "message": "there are classes of fewer than {k} persons", "params": {"k": 10}, "article": None}
        office.store.add_record("gate", {**gate, "reasons": [*gate["reasons"], reason]}, actor="reviewer", file_id="F-0001")
    errors = place.refuse(15, "reviewer", "--ground", "committee_decision", "--note", NOTE, "--lang", "ja")
    assert "F-0001 を不可とした理由のうち1件は、例外承認をすることができません" in errors
    assert "加工計画" in errors
    told = place.override("reviewer", "--lang", "ja")[1]
    assert "例外承認はできません" in told
    assert "できません" in next(line for line in told.splitlines() if line.startswith("below-k"))


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--ground", "committee_decision"), 2),
        (("--note", NOTE), 2),
        (("--ground", "committee_decision", "--note", NOTE, "--confirm", "D-0001"), 2),
        (("--ground", "because", "--note", NOTE), 11),
        (("--ground", "no_harm", "--note", "個人番号は123456789018"), 11),
        (("--ground", "no_harm", "--note", "字" * 201), 11),
        (("--confirm", "D-9999"), 17),
    ],
)
def test_what_is_wrongly_asked_is_refused_in_japanese(place: Place, arguments: tuple[str, ...], code: int) -> None:
    actor = "approver" if "--confirm" in arguments else "reviewer"
    errors = place.refuse(code, actor, *arguments, "--lang", "ja")
    assert "123456789018" not in errors
    assert NOTE not in errors


def test_a_file_that_was_not_assessed_has_nothing_to_override(place: Place) -> None:
    before = place.look()
    code, _, errors = place.call("reviewer", "risk", "override", "F-0009")
    assert (code, "hint:" in errors) == (17, True)
    assert place.look() == before
