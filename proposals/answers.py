"""Answers and decisions as a person gives them on a command line or in a file, turned into calls."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from casework.office import Office
from proposals.case_review import Sheet, accept_case, reject_case, return_case
from proposals.reasons import check_words
from schemas.documents import load_document
from schemas.errors import FormRejected
from schemas.messages import N_

DECISIONS = {"accept": accept_case, "reject": reject_case, "return": return_case}


def to_answers(
    source: Path | None, *, criterion: str | None = None, verdict: str | None = None, reason: str | None = None
) -> Sequence[Mapping[str, str]]:
    """Return the answers of one review: those of a file, or the one given by options.

    Raises
    ------
    FormRejected
        Neither is complete, or the file does not meet its schema.
    """
    if source is not None and not (criterion or verdict or reason):
        answers: list[Mapping[str, str]] = load_document("review", source)["answers"]
        return answers
    if source is None and criterion and verdict and reason:
        return [{"criterion": criterion, "verdict": verdict, "reason": reason}]
    raise FormRejected(
        N_("an answer needs criterion, verdict and reason, or a file of answers"),
        N_("give --criterion CODE --verdict pass|fail --reason TEXT, or --file ANSWERS.yaml alone"),
    )


def decide_case(office: Office, case_id: str, decision: str | None, text: str) -> Sheet:
    """Accept, reject or return a case.

    Raises
    ------
    FormRejected
        No decision was given, or its reason cannot stand in a letter.
    """
    if decision not in DECISIONS:
        raise FormRejected(N_("no decision was given"), N_("give one of --accept, --reject, --return"))
    check_words(text)
    return DECISIONS[decision](office, case_id, text)
