"""Screening (審査): every test of the law that a rule can look at, on the form and the register alone; no file is opened.

Decided here: which findings fail a test and which only call for a person. Not decided here: the tests' articles and thresholds (data of the
regime), and what a person answers (`proposals.verdicts`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from proposals.dates import add_months, to_date
from proposals.grain import reasons_against_columns
from proposals.levels import Levels
from proposals.papers import reasons_against_papers
from proposals.reasons import reason
from proposals.verdicts import Verdict, verdict_of
from schemas.findings import Reason
from schemas.messages import N_, Name
from schemas.regimes import Regime
from schemas.tables import TableSchema


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedFile:
    """What a register entry says of the file it offers.

    Parameters
    ----------
    register_id, title_ja, municipality_code : str
        The entry, its name, whose it is.
    table : str or None
        Table of the common schema; None when the entry does not say.
    persons : int or None
        Data subjects in the file; None when the entry does not say.
    columns : frozenset[str] or None
        Columns the file holds; None when the entry does not say.
    open_to_proposals : bool
        Whether proposals are invited for it.
    """

    register_id: str
    title_ja: str
    municipality_code: str
    table: str | None
    persons: int | None
    columns: frozenset[str] | None
    open_to_proposals: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """All that a screening looks at.

    Parameters
    ----------
    form : Mapping[str, Any]
        A proposal that meets its schema.
    received_on : date
        The day the office received it; ages of papers are counted to it.
    files : Sequence[OfferedFile]
        The entries the proposal names.
    table : TableSchema
        The table of the common schema the proposal names.
    levels : Levels
        Column → levels of its hierarchy, finest first.
    withdrawn_persons : int
        Persons who opposed (former law); they are not in the file any more.
    """

    form: Mapping[str, Any]
    received_on: date
    regime: Regime
    files: Sequence[OfferedFile]
    table: TableSchema
    levels: Levels
    withdrawn_persons: int = 0


def screen_proposal(question: Question) -> tuple[Verdict, ...]:
    """Return a verdict for each precondition and each test, in the order of the article.

    A test passes only where a rule can pass it; tests that are a person's (contribution, period, protection, hindrance) never pass here.

    References
    ----------
    個人情報の保護に関する法律 第114条第1項; 同法施行規則 第56条から第58条まで (numbers are data of the regime).
    """
    verdicts = []
    for criterion in (*question.regime.preconditions, *question.regime.criteria):
        against, notes = _TESTS[criterion.code](question)
        verdicts.append(verdict_of(criterion, against, notes))
    return tuple(verdicts)


Found = tuple[list[Reason], list[Reason]]


def _test_papers(question: Question) -> Found:
    return reasons_against_papers(question.form, question.regime, question.received_on), []


def _test_register(question: Question) -> Found:
    """Every file is open to proposals and of the table the proposal names."""
    against = []
    for file in question.files:
        if not file.open_to_proposals:
            against.append(reason("not-open", N_("register entry {entry} does not invite proposals"), entry=Name(file.register_id)))
        if file.table is not None and file.table != question.table.name:
            against.append(
                reason("other-table", N_("register entry {entry} is of another table than {table}"),
                       entry=Name(file.register_id), table=Name(question.table.name))
            )  # fmt: skip
    return against, []


def _test_disqualification(question: Question) -> Found:
    """No ground is declared to apply to any proposer."""
    against = []
    grounds = {ground.code: ground for ground in question.regime.disqualifications}
    for number, proposer in enumerate(question.form["proposers"], start=1):
        for code, applies in proposer["declarations"].items():
            if applies and code in grounds:
                against.append(
                    reason("disqualified", N_("proposer {number} declares ground {ground}"),
                           article=grounds[code].article, number=number, ground=Name(code))
                )  # fmt: skip
    return against, []


def _test_persons(question: Question) -> Found:
    """The persons are no fewer than the law's minimum, and no more than the files hold; every file holds the minimum."""
    persons, minimum = int(question.form["persons"]), question.regime.minimum_persons
    article = question.regime.get_article("minimum_persons")
    against: list[Reason] = []
    if persons < minimum:
        against.append(
            reason("too-few-persons", N_("{persons:,} persons are fewer than {minimum:,}"), article, persons=persons, minimum=minimum)
        )
    small = [file for file in question.files if file.persons is not None and file.persons < minimum]
    against += [
        reason("small-file", N_("the file of register entry {entry} holds fewer than {minimum:,} persons"), article,
               entry=Name(file.register_id), minimum=minimum)
        for file in small
    ]  # fmt: skip
    against += _reasons_against_ceiling(question)
    unknown = [file for file in question.files if file.persons is None]
    notes = [
        reason(
            "persons-unknown", N_("register entry {entry} does not state its persons; ask the municipality"), entry=Name(file.register_id)
        )
        for file in unknown
    ]
    if minimum <= persons < minimum * len(question.files):
        notes.append(
            reason("few-persons-per-file", N_("{persons:,} persons cannot give {minimum:,} persons to each of {files} files"), article,
                   persons=persons, minimum=minimum, files=len(question.files))
        )  # fmt: skip
    return against, notes


def _reasons_against_ceiling(question: Question) -> list[Reason]:
    """Return why more persons are asked for than there are: all of the files', or the share that is sampled."""
    if any(file.persons is None for file in question.files):
        return []
    held = sum(file.persons or 0 for file in question.files) - question.withdrawn_persons
    persons = int(question.form["persons"])
    share = float(question.form.get("selection", {}).get("share", 1))
    if persons > held:
        return [reason("more-than-file", N_("{persons:,} persons are more than the {held:,} of the files"), persons=persons, held=held)]
    if persons > held * share:
        return [
            reason("more-than-sample", N_("{persons:,} persons are more than the sampled share {share:.1%} of the {held:,} of the files"),
                   persons=persons, held=held, share=share)
        ]  # fmt: skip
    return []


def _test_method(question: Question) -> Found:
    """What is asked of each column can be given under the processing standard."""
    against = reasons_against_columns(question.form["columns"], question.table, question.levels, question.regime)
    for file in question.files:
        absent = [entry["column"] for entry in question.form["columns"] if file.columns is not None and entry["column"] not in file.columns]
        against += [
            reason("column-not-in-file", N_("register entry {entry} does not record column {column}"),
                   entry=Name(file.register_id), column=Name(column))
            for column in absent
        ]  # fmt: skip
    selected = question.form.get("selection", {}).get("kind") == "by_attribute"
    notes = (
        [reason("selection", N_("a part chosen by an attribute is asked for: see that the choice is fully specified"))] if selected else []
    )
    return against, notes


def _test_contribution(_question: Question) -> Found:
    return [], []


def _test_period(question: Question) -> Found:
    """The period lies ahead; a long one is pointed out to the person."""
    start, end = to_date(question.form["period"]["from"]), to_date(question.form["period"]["to"])
    article = question.regime.get_article("period")
    against = []
    if end < question.received_on:
        against.append(reason("period-over", N_("the period of use ended before the proposal was received"), article))
    years = question.regime.defaults.maximum_period_years
    notes = []
    if end > add_months(start, 12 * years):
        notes.append(
            reason("long-period", N_("the period is longer than {years} years: see that all of it is needed"), article, years=years)
        )
    return against, notes


def _test_protection(question: Question) -> Found:
    """Measures the context calls for and that are not declared are pointed out to the person."""
    declared, context = set(question.form["safeguards"]["measures"]), question.form["context"]
    notes = [
        reason("safeguard-missing", N_("measure {measure} is needed in context {context} and is not declared"),
               measure=Name(code), context=Name(context))
        for code, safeguard in question.regime.safeguards.items()
        if context in safeguard.contexts and code not in declared
    ]  # fmt: skip
    return [], notes


def _test_hindrance(_question: Question) -> Found:
    return [], []


_TESTS: Mapping[str, Callable[[Question], Found]] = {
    "papers": _test_papers,
    "register": _test_register,
    "disqualification": _test_disqualification,
    "persons": _test_persons,
    "method": _test_method,
    "contribution": _test_contribution,
    "period": _test_period,
    "protection": _test_protection,
    "hindrance": _test_hindrance,
}
