"""The demonstration: all eight steps on synthetic municipalities, by the real commands, as the people of an office would take them.

Four proposals: an insurer (accepted; one municipality declines), a care planner (returned, corrected, accepted; its first file is refused
at the door and its first plan at the gate), a data broker (refused: disqualified), a research institute (accepted).
"""

import time
from dataclasses import dataclass
from pathlib import Path

from casework.console import Session
from sample_data.demo_home import open_run
from sample_data.plans import edit_plan, get_plan_table
from sample_data.stage import HOME_NAME, Stage
from schemas.messages import N_

CITY, OTHER_CITY, PREFECTURE, OTHER_PREFECTURE = "902012", "902021", "900001", "910007"
AS_OF = "2025-04-01"
MONTHS = 6
KOKUHO, WAITLIST, STAFF = "kokuho_benefit", "nursing_home_waitlist", "care_provider_staff"
SCREENER, APPROVER, CHIEF = "screener-1", "approver-1", "chief-1"
PROCESSOR, REVIEWER, RELEASER, AUDITOR = "processor-1", "reviewer-1", "releaser-1", "auditor-1"
QUESTIONS = ("contribution", "period", "protection", "hindrance")
FOLDERS = ("letters", "bundles", "receipts", "plans")
FILE_REJECTED, PLAN_ERROR, RELEASE_REFUSED, TRANSITION_REFUSED = 12, 13, 15, 17


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What a run of the demonstration left.

    Parameters
    ----------
    folder : Path
        The run's folder.
    packages : tuple[Path, ...]
        Verified releases.
    commands : int
        Commands that were run.
    refusals : tuple[str, ...]
        Commands that were refused on purpose.
    seconds : float
        How long it took.
    """

    folder: Path
    packages: tuple[Path, ...]
    commands: int
    refusals: tuple[str, ...]
    seconds: float


@dataclass(slots=True)
class Cases:
    """Ids that came up on the way."""

    insurer: str = ""
    planner: str = ""
    broker: str = ""
    researcher: str = ""
    kokuho: str = ""
    declined: str = ""
    waitlist: str = ""
    staff: str = ""


def run_demo(session: Session, *, people: int, seed: int, canaries: bool = False) -> Story:
    """Run the demonstration in a new numbered folder and return what it left.

    Parameters
    ----------
    session : Session
        Its home is the folder of the demonstration (`demo` when none was named); never a workspace of others.
    people : int
        Persons per municipality.
    seed : int
        Of the synthetic files.
    canaries : bool
        Plant unique marks in the personal fields of the files; `synthetic-canaries.json` beside each file lists them.

    Raises
    ------
    SettingsError
        The folder is not the demonstration's own.
    InternalError
        A command did not answer as expected.
    """
    began = time.monotonic()
    folder = open_run((session.home or Path("demo")).absolute())
    stage = Stage(folder=folder, language=session.language, quiet=session.as_json)
    for name in FOLDERS:
        (folder / name).mkdir()
    cases = Cases()
    marks = ("--canaries",) if canaries else ()
    _prepare(stage, "--people", str(people), "--seed", str(seed), "--months", str(MONTHS), *marks)
    _publish(stage)
    _propose(stage, cases)
    _screen(stage, cases)
    _request(stage, cases)
    _send(stage, cases)
    _normalise(stage, cases)
    _process(stage, cases)
    packages = _release(stage, cases)
    seconds = round(time.monotonic() - began, 1)
    return Story(folder=folder, packages=packages, commands=stage.commands, refusals=tuple(stage.refusals), seconds=seconds)


def _prepare(stage: Stage, *common: str) -> None:
    """Set up the office, its people, and the files of the city halls."""
    stage.show_step(N_("⓪ An office is set up, and city halls have their files (all of it synthetic)"))
    stage.run("init", "--synthetic", "--name", "作成組織（見本）", actor=APPROVER)
    people_of_office = {
        SCREENER: ("screener",),
        CHIEF: ("reviewer", "approver"),
        PROCESSOR: ("processor",),
        REVIEWER: ("reviewer",),
        RELEASER: ("release_officer",),
        AUDITOR: ("auditor",),
    }
    for person, roles in people_of_office.items():
        stage.run("person", "add", person, *(part for role in roles for part in ("--role", role)), actor=APPROVER)
    stage.run("person", "add", APPROVER, "--role", "approver", actor=CHIEF)
    damaged = [part for name in ("bad_check_digit", "impossible_wareki", "empty_key", "ragged_row", "gaiji") for part in ("--defect", name)]
    stage.run(
        "sample", "write", "--output", "kokuho", "--table", KOKUHO, "--municipality", CITY, "--municipality", OTHER_CITY, *common, *damaged
    )
    stage.run("sample", "write", "--output", "waitlist", "--table", WAITLIST, *common, "--defect", "my_number_column")
    excel = ("--layout", "waitlist-excel", "--defect", "unknown_code")
    stage.run("sample", "write", "--output", "waitlist-corrected", "--table", WAITLIST, *common, *excel)
    short = ("--defect", "wrong_length_record", "--defect", "cut_character")
    stage.run("sample", "write", "--output", "staff", "--table", STAFF, *common, *short)


def _publish(stage: Stage) -> None:
    """① Register entries and public pages."""
    stage.show_step(N_("① Municipalities publish their registers of personal-information files"))
    for entry in (
        f"kokuho/synthetic-{CITY}-{KOKUHO}",
        f"kokuho/synthetic-{OTHER_CITY}-{KOKUHO}",
        f"waitlist/synthetic-{PREFECTURE}-{WAITLIST}",
        f"staff/synthetic-{OTHER_PREFECTURE}-{STAFF}",
    ):
        stage.run("register", "add", f"{entry}.register.yaml", actor=SCREENER)
    stage.run("register", "list", actor=SCREENER)


def _propose(stage: Stage, cases: Cases) -> None:
    """② Proposals."""
    stage.show_step(N_("② Businesses file proposals"))
    forms = {"insurer": "kokuho", "care_planner": "waitlist", "broker": "staff", "researcher": "staff"}
    ids = [
        stage.find_id(stage.run("proposal", "submit", f"{folder}/synthetic-proposal-{name}.yaml", actor=SCREENER), "C")
        for name, folder in forms.items()
    ]
    cases.insurer, cases.planner, cases.broker, cases.researcher = ids


def _screen(stage: Stage, cases: Cases) -> None:
    """③ Screening, review, decision; one return, one rejection."""
    stage.show_step(N_("③ The office screens them; people decide what no rule can"))
    _review(stage, cases.insurer, CHIEF)
    stage.tell(N_("The chief who reviewed it tries to accept it as well: nobody approves their own work."))
    stage.run("proposal", "decide", cases.insurer, "--accept", actor=CHIEF, expect=TRANSITION_REFUSED)
    _accept(stage, cases.insurer, hours="8")
    stage.tell(N_("The paper of the care planner is too old, and addresses cannot be given: returned for correction."))
    stage.run("proposal", "screen", cases.planner, actor=SCREENER)
    stage.run("proposal", "decide", cases.planner, "--return", "--reason", "登記事項証明書が古く、住所は提供できません。", actor=SCREENER)
    stage.run("proposal", "letter", cases.planner, "--output", "letters/returned.html", actor=SCREENER)
    corrected = "waitlist/synthetic-proposal-care_planner_corrected.yaml"
    stage.run("proposal", "submit", corrected, "--case", cases.planner, actor=SCREENER)
    _review(stage, cases.planner, REVIEWER)
    _accept(stage, cases.planner, hours="6")
    stage.tell(N_("The broker's earlier contract was cancelled less than two years ago: disqualified."))
    _review(stage, cases.broker, REVIEWER)
    stage.run("proposal", "decide", cases.broker, "--reject", "--reason", "欠格事由に該当します。", actor=APPROVER)
    stage.run("proposal", "letter", cases.broker, "--output", "letters/rejected.html", actor=SCREENER)
    _review(stage, cases.researcher, REVIEWER)
    _accept(stage, cases.researcher, hours="5")


def _review(stage: Stage, case: str, reviewer: str) -> None:
    """Screen a case by rule and answer what is left."""
    stage.run("proposal", "screen", case, actor=SCREENER)
    answers = stage.folder / "answers.yaml"
    lines = ["review: 1", "answers:"]
    lines += [f"- {{criterion: {code}, verdict: pass, reason: 提案書及び添付書面により確認した。}}" for code in QUESTIONS]
    answers.write_text("\n".join([*lines, ""]), encoding="utf-8")
    stage.run("proposal", "review", case, "--file", answers.name, actor=reviewer)


def _accept(stage: Stage, case: str, *, hours: str) -> None:
    """Accept a case, set its fee, write the letter."""
    stage.run("proposal", "decide", case, "--accept", actor=APPROVER)
    stage.run("fee", case, "--hours", hours, actor=SCREENER)
    stage.run("proposal", "letter", case, "--output", f"letters/{case}-accepted.html", actor=SCREENER)


def _request(stage: Stage, cases: Cases) -> None:
    """④ Written requests; answers; fee and contract."""
    stage.show_step(N_("④ The office asks the municipalities in writing; one of them declines"))
    first = stage.run("request", "issue", cases.insurer, "--output", "letters", actor=SCREENER)
    cases.kokuho = stage.find_id(first, "F")
    cases.declined = f"F-{int(cases.kokuho[2:]) + 1:04d}"
    cases.waitlist = stage.find_id(stage.run("request", "issue", cases.planner, "--output", "letters", actor=SCREENER), "F")
    cases.staff = stage.find_id(stage.run("request", "issue", cases.researcher, "--output", "letters", actor=SCREENER), "F")
    stage.run("request", "answer", cases.declined, "--decline", "--reason", "今年度は事務の都合により提供できません。", actor=SCREENER)
    for file in (cases.kokuho, cases.waitlist, cases.staff):
        stage.run("request", "answer", file, "--consent", actor=SCREENER)
    for case in (cases.insurer, cases.planner, cases.researcher):
        stage.run("fee", case, "--paid", actor=SCREENER)
        stage.run("contract", "sign", case, "--output", f"letters/{case}-contract.html", actor=APPROVER)


def _send(stage: Stage, cases: Cases) -> None:
    """⑤ Seal and receive; a file with 個人番号 is refused at the door."""
    stage.show_step(N_("⑤ The municipalities decide, seal and send their files"))
    _seal(stage, f"kokuho/synthetic-{CITY}-{KOKUHO}.csv", KOKUHO, CITY, "bundles/kokuho.sakusei")
    stage.tell(N_("The prefecture's file still has a column of individual numbers: it cannot even be sealed."))
    _seal(stage, f"waitlist/synthetic-{PREFECTURE}-{WAITLIST}.csv", WAITLIST, PREFECTURE, "bundles/waitlist.sakusei", expect=FILE_REJECTED)
    stage.tell(N_("The prefecture takes the column out and sends an Excel workbook."))
    corrected = f"waitlist-corrected/synthetic-{PREFECTURE}-{WAITLIST}-waitlist-excel.xlsx"
    _seal(stage, corrected, WAITLIST, PREFECTURE, "bundles/waitlist.sakusei")
    _seal(stage, f"staff/synthetic-{OTHER_PREFECTURE}-{STAFF}.dat", STAFF, OTHER_PREFECTURE, "bundles/staff.sakusei")
    for name, file in (("kokuho", cases.kokuho), ("waitlist", cases.waitlist), ("staff", cases.staff)):
        receipt = f"receipts/{name}.json"
        stage.run("intake", "receive", f"bundles/{name}.sakusei", "--file", file, "--receipt", receipt, actor=PROCESSOR)
    stage.run("intake", "receipt", "verify", "receipts/kokuho.json", "--key", f"{HOME_NAME}/office.pub.pem")


def _seal(stage: Stage, source: str, table: str, body: str, bundle: str, *, expect: int = 0) -> None:
    """Seal a file as the municipality does: with the public key of the office and no workspace."""
    key = f"{HOME_NAME}/office.age.pub"
    where = ("--to", key, "--municipality", body, "--as-of", AS_OF, "--output", bundle)
    stage.run("intake", "seal", source, "--table", table, *where, expect=expect)


def _normalise(stage: Stage, cases: Cases) -> None:
    """⑥ Formats are put in order."""
    stage.show_step(N_("⑥ Formats are put in order; rows with defects are put aside, each with its reason"))
    for file in (cases.kokuho, cases.waitlist, cases.staff):
        stage.run("intake", "normalise", file, actor=PROCESSOR)


def _process(stage: Stage, cases: Cases) -> None:
    """⑦ Processing and risk, with two refusals."""
    stage.show_step(N_("⑦ Each file is processed by itself; risk is measured on what was written"))
    stage.tell(N_("A plan that leaves two columns out is refused: every column needs its role, treatment and clause."))
    _plan(stage, "waitlist_incomplete")
    incomplete = ("anonymize", "process", cases.waitlist, "--plan", "plans/waitlist_incomplete.yaml")
    stage.run(*incomplete, actor=PROCESSOR, expect=PLAN_ERROR)
    stage.tell(N_("The first plan is complete, but the gate refuses what it gives; a second plan releases less."))
    _apply_plan(stage, cases.waitlist, "waitlist_first", expect=RELEASE_REFUSED)
    _apply_plan(stage, cases.waitlist, "waitlist_second")
    _apply_plan(stage, cases.staff, "staff")
    _apply_plan(stage, cases.kokuho, "kokuho")


def _plan(stage: Stage, name: str) -> None:
    """Write a plan: start from the one that comes with the table, then change it as the processor would in an editor."""
    table = get_plan_table(name)
    draft = stage.folder / "plans" / f"{table}.yaml"
    if not draft.exists():
        stage.run("anonymize", "plan", "--table", table, "--output", f"plans/{table}.yaml")
    edit_plan(draft, name, stage.folder / "plans" / f"{name}.yaml")


def _apply_plan(stage: Stage, file: str, name: str, *, expect: int = 0) -> None:
    """Process a file by a plan and have the risk reviewed by somebody else."""
    _plan(stage, name)
    stage.run("anonymize", "process", file, "--plan", f"plans/{name}.yaml", actor=PROCESSOR)
    stage.run("risk", "review", file, actor=REVIEWER, expect=expect)


def _release(stage: Stage, cases: Cases) -> tuple[Path, ...]:
    """⑧ Releases, their verification by the user, erasure, and the books."""
    stage.show_step(N_("⑧ Releases under contract: built, signed, verified; then the received file is erased"))
    packages = []
    for case in (cases.insurer, cases.planner, cases.researcher):
        release = stage.find_id(stage.run("release", "build", case, actor=RELEASER), "L")
        packages.append(stage.folder / HOME_NAME / "releases" / f"{release}.zip")
        stage.run("release", "verify", str(packages[-1].relative_to(stage.folder)), "--key", f"{HOME_NAME}/office.pub.pem")
    stage.run("release", "list", actor=RELEASER)
    stage.run("vault", "erase", cases.kokuho, "--order", actor=PROCESSOR)
    stage.run("vault", "erase", cases.kokuho, actor=RELEASER)
    stage.run("portal", "build", "--output", "portal", actor=SCREENER)
    stage.run("audit", "verify", actor=AUDITOR)
    stage.run("status", actor=AUDITOR)
    return tuple(packages)
