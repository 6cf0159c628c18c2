"""Verdicts: what was found about one test of the screening, by a rule or by a person, and how the two are put together.

Decided here: a rule's fail stays a fail; a person answers what no rule can; a test without an answer is open. Not decided here: the tests
themselves (`proposals.screening`) and who may answer (`casework.states`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from schemas.findings import Reason
from schemas.messages import Message, Name, Param
from schemas.regimes import Criterion, Regime


class Outcome(StrEnum):
    """How a test stands: passed, failed, or waiting for a person."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    NEEDS_PERSON = "needs_person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the rules found about one test.

    Parameters
    ----------
    code, number, article : str, int, str
        The test, its number in the article (0: precondition), and where it stands.
    outcome : Outcome
        What the rules alone can say.
    reasons : tuple[Reason, ...]
        Why it failed, or what the person should look at.
    """

    code: str
    number: int
    article: str
    outcome: Outcome
    reasons: tuple[Reason, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the verdict for machines and for the case store."""
        return {
            "criterion": self.code,
            "number": self.number,
            "article": self.article,
            "verdict": self.outcome.value,
            "reasons": [reason.to_json() for reason in self.reasons],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a person decided about one test, and why (in their own words, Japanese)."""

    code: str
    outcome: Outcome
    reason: str
    actor: str

    def to_json(self) -> dict[str, Any]:
        """Return the answer for the case store."""
        return {"criterion": self.code, "verdict": self.outcome.value, "reason": self.reason, "actor": self.actor}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the review sheet: the test, how it stands after rules and people, and both their reasons."""

    verdict: Verdict
    answer: Answer | None
    outcome: Outcome

    def to_json(self) -> dict[str, Any]:
        """Return the line for machines: the standing verdict, the rules' reasons and the person's."""
        answered = self.answer.to_json() if self.answer else None
        return {**self.verdict.to_json(), "verdict": self.outcome.value, "screened": self.verdict.outcome.value, "answer": answered}


def combine(verdicts: Sequence[Verdict], answers: Iterable[Answer]) -> tuple[Line, ...]:
    """Return the review sheet: one line per test, the latest answer of a person put to it.

    A person cannot lift a rule's fail, but can fail what a rule passed.

    Parameters
    ----------
    verdicts : Sequence[Verdict]
        What the rules found, in the order of the articles.
    answers : Iterable[Answer]
        What people said, oldest first.
    """
    latest = {answer.code: answer for answer in answers}
    lines = []
    for verdict in verdicts:
        answer = latest.get(verdict.code)
        outcome = verdict.outcome if verdict.outcome is Outcome.FAIL or answer is None else answer.outcome
        lines.append(Line(verdict=verdict, answer=answer, outcome=outcome))
    return tuple(lines)


def codes_with(lines: Iterable[Line], outcome: Outcome) -> tuple[str, ...]:
    """Return the codes of the tests that stand so."""
    return tuple(line.verdict.code for line in lines if line.outcome is outcome)


def verdict_of(criterion: Criterion, reasons: Sequence[Reason], notes: Sequence[Reason] = ()) -> Verdict:
    """Return the verdict of a rule: any reason fails; notes, or a test that is a person's, wait for a person; else it passes."""
    if reasons:
        outcome, told = Outcome.FAIL, (*reasons, *notes)
    elif notes or criterion.judged_by == "person":
        outcome, told = Outcome.NEEDS_PERSON, tuple(notes)
    else:
        outcome, told = Outcome.PASS, ()
    return Verdict(code=criterion.code, number=criterion.number, article=criterion.article, outcome=outcome, reasons=told)


def read_verdicts(documents: Iterable[Mapping[str, Any]]) -> tuple[Verdict, ...]:
    """Return verdicts as they were written to the case store."""
    return tuple(
        Verdict(
            code=document["criterion"],
            number=document["number"],
            article=document["article"],
            outcome=Outcome(document["verdict"]),
            reasons=tuple(_read_reason(reason) for reason in document["reasons"]),
        )
        for document in documents
    )


def read_answers(documents: Iterable[Mapping[str, Any]]) -> tuple[Answer, ...]:
    """Return people's answers as they were written to the case store."""
    return tuple(
        Answer(code=item["criterion"], outcome=Outcome(item["verdict"]), reason=item["reason"], actor=item["actor"]) for item in documents
    )


def criterion_text(regime: Regime, code: str) -> str:
    """Return the words of a test in Japanese."""
    return regime.get_criterion(code).text_ja


def _read_reason(document: Mapping[str, Any]) -> Reason:
    params: dict[str, Param] = {key: value if isinstance(value, (int, float)) else Name(value) for key, value in document["params"].items()}
    article = document.get("article")
    return Reason(code=document["code"], message=Message(document["message"], params), article=Name(article) if article else None)
