"""Screening, review and decision of a case: what is read from the store, judged by the pure rooms, and written back with its event.

Decided here: which screening counts (of the revision at hand), and what keeps a decision from being made. Not decided here: verdicts
(`proposals.screening`, `proposals.verdicts`) and who may act (`casework.states`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from casework.labels import name_labels
from casework.office import Office
from casework.records import Case
from casework.states import CaseState
from proposals.offers import load_question
from proposals.reasons import is_reason, reason
from proposals.screening import screen_proposal
from proposals.verdicts import Answer, Line, Outcome, Verdict, codes_with, combine, read_answers, read_verdicts
from schemas.errors import FormRejected, TransitionRefused
from schemas.findings import Finding, FindingKind, Reason, Severity
from schemas.messages import N_, Name

NO_SUCH_TEST = FindingKind("review.no-test", Severity.FILE, N_("is no test of this regime"))
NOT_A_VERDICT = FindingKind("review.no-verdict", Severity.FILE, N_("must be pass or fail"))
NO_REASON = FindingKind("review.no-reason", Severity.FILE, N_("needs a reason: one or more lines of text without control characters"))
RULE_FAILED = FindingKind(
    "review.rule-failed", Severity.FILE, N_("was failed by a rule, which a person cannot lift: return the form for correction")
)
OPEN_STATES = frozenset({CaseState.SUBMITTED, CaseState.UNDER_REVIEW})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The review sheet of a case (審査票): the revision it is about and its lines in the order of the article."""

    case_id: str
    revision: int
    lines: tuple[Line, ...]

    @property
    def failed(self) -> tuple[str, ...]:
        """Codes of the tests that failed."""
        return codes_with(self.lines, Outcome.FAIL)

    @property
    def waiting(self) -> tuple[str, ...]:
        """Codes of the tests that wait for a person."""
        return codes_with(self.lines, Outcome.NEEDS_PERSON)

    def to_json(self) -> dict[str, Any]:
        """Return the sheet for machines."""
        return {
            "case": self.case_id,
            "revision": self.revision,
            "criteria": [line.to_json() for line in self.lines],
            "failed": list(self.failed),
            "waiting": list(self.waiting),
        }


def screen_case(office: Office, case_id: str) -> Sheet:
    """Screen a case by rule, keep the screening, and return the review sheet.

    The first screening opens the review. It may be repeated while the review is open: the register may have changed.

    Raises
    ------
    TransitionRefused
        The case is past review, or waits for a corrected form.
    """
    with office.store.transaction():
        case = office.store.get_case(case_id)
        if case.state not in OPEN_STATES:
            raise TransitionRefused(
                N_("{case} is {state}: only a submitted case or one under review is screened"),
                N_("see what is waited for: sakusei status"),
                case=Name(case_id),
                state=name_labels([case.state]),
            )
        verdicts = screen_proposal(load_question(office, case))
        if case.state is CaseState.SUBMITTED:
            office.store.move_case(case_id, CaseState.UNDER_REVIEW, actor=office.actor, facts=count_outcomes(verdicts))
        document = {
            "revision": case.revision,
            "form_sha256": case.document["receipt"]["sha256"],
            "verdicts": [v.to_json() for v in verdicts],
        }
        office.store.add_record("screening", document, actor=office.actor, case_id=case_id, facts=count_outcomes(verdicts))
    return get_sheet(office, case_id)


def count_outcomes(verdicts: Sequence[Verdict]) -> dict[str, int]:
    """Return how many tests passed, failed, and wait for a person."""
    return {outcome.value: sum(verdict.outcome is outcome for verdict in verdicts) for outcome in Outcome}


def find_sheet(office: Office, case_id: str) -> Sheet | None:
    """Return the review sheet of the revision at hand, or None before its screening."""
    case = office.store.get_case(case_id)
    screenings = [
        record for record in office.store.list_records("screening", case_id=case_id) if record.document["revision"] == case.revision
    ]
    if not screenings:
        return None
    reviews = [record for record in office.store.list_records("review", case_id=case_id) if record.document["revision"] == case.revision]
    answers = [answer for record in reviews for answer in read_answers(record.document["answers"])]
    return Sheet(case_id=case_id, revision=case.revision, lines=combine(read_verdicts(screenings[-1].document["verdicts"]), answers))


def get_sheet(office: Office, case_id: str) -> Sheet:
    """Return the review sheet of the revision at hand.

    Raises
    ------
    TransitionRefused
        It was not screened yet.
    """
    sheet = find_sheet(office, case_id)
    if sheet is None:
        raise _not_screened(case_id)
    return sheet


def _not_screened(case_id: str) -> TransitionRefused:
    return TransitionRefused(N_("{case} was not screened yet"), N_("screen it first: sakusei proposal screen {case}"), case=Name(case_id))


def review_case(office: Office, case_id: str, answers: Sequence[Mapping[str, str]]) -> Sheet:
    """Keep what a person decided about tests and return the review sheet.

    Parameters
    ----------
    answers : Sequence[Mapping[str, str]]
        `criterion`, `verdict` (pass or fail) and `reason` of each; a later answer to the same test replaces an earlier one.

    Raises
    ------
    FormRejected
        An answer is incomplete, or would lift what a rule failed; with all findings.
    TransitionRefused
        The case is not under review.
    """
    with office.store.transaction():
        case = office.store.get_case(case_id)
        _check_under_review(case)
        sheet = get_sheet(office, case_id)
        findings = [finding for index, answer in enumerate(answers) for finding in _findings_of(answer, index, sheet)]
        if findings:
            raise FormRejected(
                N_("{count} answers cannot be taken"), N_("see the tests: sakusei proposal show {case}"), findings=tuple(findings),
                count=len(findings), case=Name(case_id),
            )  # fmt: skip
        taken = [
            Answer(code=item["criterion"], outcome=Outcome(item["verdict"]), reason=item["reason"], actor=office.actor).to_json()
            for item in answers
        ]
        office.store.add_record("review", {"revision": case.revision, "answers": taken}, actor=office.actor, case_id=case_id,
                                facts={"answers": len(taken)})  # fmt: skip
    return get_sheet(office, case_id)


def _findings_of(answer: Mapping[str, str], index: int, sheet: Sheet) -> list[Finding]:
    """Return what is wrong with one answer."""
    lines = {line.verdict.code: line.verdict for line in sheet.lines}
    verdict = lines.get(answer.get("criterion", ""))
    found = []
    if verdict is None:
        found.append(Finding(kind=NO_SUCH_TEST, column=Name(f"{index}.criterion")))
    elif verdict.outcome is Outcome.FAIL and answer.get("verdict") == Outcome.PASS:
        found.append(Finding(kind=RULE_FAILED, column=Name(f"{index}.{verdict.code}")))
    if answer.get("verdict") not in {Outcome.PASS, Outcome.FAIL}:
        found.append(Finding(kind=NOT_A_VERDICT, column=Name(f"{index}.verdict")))
    if not is_reason(answer.get("reason", "")):
        found.append(Finding(kind=NO_REASON, column=Name(f"{index}.reason")))
    return found


def accept_case(office: Office, case_id: str, text: str = "") -> Sheet:
    """Accept a case whose every test passed, and return its sheet.

    Raises
    ------
    TransitionRefused
        A test failed or is open (all are named), or the actor may not.
    """
    with office.store.transaction():
        _check_under_review(office.store.get_case(case_id))
        sheet = get_sheet(office, case_id)
        if found := reasons_not_to_accept(sheet):
            raise TransitionRefused(
                N_("{case} cannot be accepted: {count} tests have not passed"),
                _hint_for(sheet),
                reasons=tuple(found), case=Name(case_id), count=len(found),
            )  # fmt: skip
        _decide(office, sheet, CaseState.ACCEPTED, text)
    return sheet


def _hint_for(sheet: Sheet) -> str:
    """Return what to do with a case that cannot be accepted: a failed test is for a decision, an open one for an answer."""
    if not sheet.failed:
        return N_("answer the open ones: sakusei proposal review {case}; or return the case for correction")
    if sheet.waiting:
        return N_(
            "a failed test ends in --return or --reject: sakusei proposal decide {case}; the open ones can still be answered: "
            "sakusei proposal review {case}"
        )
    return N_("every test is answered and one failed: sakusei proposal decide {case} --return --reason TEXT, or --reject")


def reject_case(office: Office, case_id: str, text: str = "") -> Sheet:
    """Reject a case that failed a test, and return its sheet.

    Raises
    ------
    TransitionRefused
        No test failed: the law knows no rejection without one; or the actor may not.
    """
    with office.store.transaction():
        _check_under_review(office.store.get_case(case_id))
        sheet = get_sheet(office, case_id)
        if not sheet.failed:
            raise TransitionRefused(
                N_("{case} cannot be rejected: no test failed"),
                N_("fail the test with a reason first: sakusei proposal review {case} --criterion CODE --verdict fail --reason TEXT"),
                case=Name(case_id),
            )
        _decide(office, sheet, CaseState.REJECTED, text)
    return sheet


def return_case(office: Office, case_id: str, text: str = "") -> Sheet:
    """Return a case to the proposer for correction, and return its sheet.

    Raises
    ------
    TransitionRefused
        Nothing failed and no reason is given, or the case is not under review.
    """
    with office.store.transaction():
        sheet = get_sheet(office, case_id)
        if not sheet.failed and not text.strip():
            raise TransitionRefused(
                N_("{case} cannot be returned without saying what to correct"), N_("add --reason TEXT"), case=Name(case_id)
            )
        office.store.move_case(case_id, CaseState.RETURNED, actor=office.actor, facts={"failed": len(sheet.failed)})
        notice = {"kind": "return", "revision": sheet.revision, "reason": text, "sheet": sheet.to_json()}
        office.store.add_record("notice", notice, actor=office.actor, case_id=case_id)
    return sheet


def reasons_not_to_accept(sheet: Sheet) -> list[Reason]:
    """Return the tests that keep a case from being accepted; an empty list means it can be."""
    texts = {Outcome.FAIL: N_("{criterion}: failed"), Outcome.NEEDS_PERSON: N_("{criterion}: waits for a person")}
    return [
        reason("not-passed", texts[line.outcome], line.verdict.article, criterion=Name(line.verdict.code))
        for line in sheet.lines
        if line.outcome in texts
    ]


def _decide(office: Office, sheet: Sheet, state: CaseState, text: str) -> None:
    """Write the decision and take the step."""
    columns = office.store.get_case(sheet.case_id).document["columns"] if state is CaseState.ACCEPTED else []
    document = {"decision": state.value, "revision": sheet.revision, "reason": text, "columns": columns, "sheet": sheet.to_json()}
    facts = {"failed": len(sheet.failed)}
    office.store.add_record("decision", document, actor=office.actor, case_id=sheet.case_id, facts=facts)
    office.store.move_case(sheet.case_id, state, actor=office.actor, facts=facts)


def _check_under_review(case: Case) -> None:
    if case.state is CaseState.SUBMITTED:
        raise _not_screened(case.id)
    if case.state is not CaseState.UNDER_REVIEW:
        raise TransitionRefused(
            N_("{case} is already {state}, and not under review any more"),
            N_("see what is waited for: sakusei status"),
            case=Name(case.id),
            state=name_labels([case.state]),
        )
