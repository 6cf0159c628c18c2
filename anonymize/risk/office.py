"""Step 7 in the office: a processed file is assessed by somebody who did not process it, and accepted or refused by what was measured.

Decided here: what is recorded (`risk`, `gate`, the paper `risk_report`) and that the gate alone decides the state. Not decided here: roles
and the two-person rule (the store).
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from anonymize.risk.assessment import Assessment, Subject, assess, count_all_steps
from anonymize.risk.attacks.suite import AttackSettings
from anonymize.risk.gate import reasons_not_to_release
from anonymize.risk.live import NORMALISED, PROCESSED, Neighbours, find_neighbours, open_neighbours
from anonymize.risk.models import find_universe
from anonymize.risk.replies import to_document
from anonymize.risk.report import render_report
from anonymize.risk.thresholds import Thresholds, find_thresholds
from casework.clock import day_of
from casework.i18n import find_translator
from casework.office import Office
from casework.plan_files import open_plan_files
from casework.states import FileState
from schemas.errors import PlanError
from schemas.findings import Reason
from schemas.messages import N_, Name
from schemas.municipalities import find_municipality
from schemas.plan import Plan, parse_plan
from schemas.regimes import load_regime

PAPER, LANGUAGE = "risk_report", "ja"
DEFAULT_CONTEXT = "contract"


def review_file(
    office: Office,
    file_id: str,
    *,
    amount: Mapping[str, int],
    population: Path | None = None,
    people: int | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> tuple[Assessment, list[Reason]]:
    """Assess a processed file and move it to `assessed` or `refused`.

    Parameters
    ----------
    office : Office
        The open office; its actor must be a reviewer who did not process the file.
    file_id : str
        A file in state `processed`.
    amount : Mapping[str, int]
        How much is attacked: trials, persons, seed. The limits come from the context of the case.
    population : Path or None
        Table of people.
    people : int or None
        How many people the population has; None: those of the table.
    advance : Callable[[int], None]
        Called with 1 after each step.

    Raises
    ------
    TransitionRefused
        State, role or the two-person rule forbids it.
    PlanError
        The file has no plan on record.
    """
    for state in (FileState.ASSESSED, FileState.REFUSED):
        office.store.check_file_step(file_id, state, actor=office.actor)
    neighbours = find_neighbours(office, file_id)
    with (
        office.vault.work_folder() as work,
        open_plan(office, file_id) as plan,
        office.vault.open(file_id, NORMALISED) as original,
        office.vault.open(file_id, PROCESSED) as released,
        open_neighbours(office, file_id, neighbours, original) as beside,
    ):
        universe = find_universe(plan, population, people or find_people(office, file_id) if population is None else people)
        thresholds = find_case_thresholds(office, file_id, plan, people=universe.people)
        settings = AttackSettings(limits=thresholds.limit_attacks(), **amount)
        subject = Subject(original=original, released=released, plan=plan, universe=universe, beside=beside)
        assessment = assess(subject, thresholds, settings=settings, work=work, advance=advance)
        reasons = reasons_not_to_release(assessment, thresholds)
        _record(office, file_id, assessment, reasons, neighbours)
    return assessment, reasons


def count_review_steps(office: Office, file_id: str) -> int | None:
    """Return how many steps a review will tell of; None where the file has no plan on record, so that there will be none."""
    return count_all_steps(find_plan(office, file_id), attacks=True) if office.store.get_record("plan", file_id=file_id) else None


def find_plan(office: Office, file_id: str) -> Plan:
    """Return the plan a file was processed by.

    Raises
    ------
    PlanError
        There is none on record.
    """
    record = office.store.get_record("plan", file_id=file_id)
    if record is None:
        raise PlanError(
            N_("{file} has no plan on record"), N_("process it first: sakusei anonymize process {file} --plan P.yaml"), file=Name(file_id)
        )
    order = record.get("columns") or list(record["document"]["columns"])
    columns = {name: record["document"]["columns"][name] for name in order}
    return parse_plan({**record["document"], "columns": columns})


@contextmanager
def open_plan(office: Office, file_id: str) -> Iterator[Plan]:
    """Yield the plan a file was processed by, with the files it names as they were.

    Raises
    ------
    PlanError
        There is none on record.
    """
    plan = find_plan(office, file_id)
    with open_plan_files(office, file_id) as folder:
        yield dataclasses.replace(plan, folder=folder)


def find_people(office: Office, file_id: str) -> int | None:
    """Return how many people live in the municipality of a file that is about residents; None where that is not known."""
    file = office.store.get_file(file_id)
    case = office.store.get_case(file.case_id)
    if file.table not in load_regime(case.regime).resident_tables:
        return None
    entry = office.store.get_register_entry(file.register_id)
    municipality = find_municipality(str(entry.document.get("municipality_code", "")))
    return municipality.population if municipality else None


def find_case_thresholds(office: Office, file_id: str, plan: Plan, *, people: int | None = None) -> Thresholds:
    """Return the thresholds of the regime and context of the file's case."""
    case = office.store.get_case(office.store.get_file(file_id).case_id)
    return find_thresholds(case.regime, str(case.document.get("context", DEFAULT_CONTEXT)), plan, people=people)


def _record(office: Office, file_id: str, assessment: Assessment, reasons: list[Reason], neighbours: Neighbours) -> None:
    """Keep the paper, the figures and the verdict, and move the file: all or nothing."""
    page = render_report(assessment, reasons, find_translator(LANGUAGE), language=LANGUAGE, made_on=day_of(office.now()))
    document = to_document(assessment, reasons)
    gate = {
        **document["verdict"],
        "released_sha256": assessment.released_sha256,
        "plan_sha256": assessment.plan.sha256,
        "thresholds": assessment.thresholds.to_json(),
        "beside": neighbours.to_json(),
    }
    target = FileState.REFUSED if reasons else FileState.ASSESSED
    with office.store.transaction():
        office.store.add_record("risk", document, actor=office.actor, file_id=file_id)
        office.store.add_record("gate", gate, actor=office.actor, file_id=file_id)
        office.store.add_paper(PAPER, page.encode(), ".html", actor=office.actor, file_id=file_id)
        office.store.move_file(file_id, target, actor=office.actor, facts={"reasons": len(reasons)})
