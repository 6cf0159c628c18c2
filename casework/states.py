"""States of cases and files: which step leads where, who may take it, what event it writes. Data, and the diagram drawn from it.

Decided here: next states, roles, the two-person rule, where a case must stand for its files. Not decided here: how a step is stored.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from schemas.messages import N_


class Role(StrEnum):
    """What a person of the office may do."""

    SCREENER = "screener"
    APPROVER = "approver"
    PROCESSOR = "processor"
    REVIEWER = "reviewer"
    RELEASE_OFFICER = "release_officer"
    AUDITOR = "auditor"


class CaseState(StrEnum):
    """Where a case (案件) stands."""

    SUBMITTED = "submitted"
    UNDER_REVIEW = "under_review"
    RETURNED = "returned"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    REQUESTED = "requested"
    CONTRACTED = "contracted"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class FileState(StrEnum):
    """Where a file (受領ファイル) stands."""

    REQUESTED = "requested"
    DECLINED = "declined"
    RECEIVED = "received"
    NORMALISED = "normalised"
    PROCESSED = "processed"
    REFUSED = "refused"
    ASSESSED = "assessed"
    RELEASED = "released"
    ERASED = "erased"


State: TypeAlias = CaseState | FileState


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Who may do what is written as one event.

    Parameters
    ----------
    event : str
        Name of the event, `subject.past_participle`.
    label : str
        English template of what is done, for people.
    roles : frozenset[Role]
        One of these is needed.
    excludes : frozenset[str]
        Events on the same case or file whose actors may not do this (two-person rule).
    requires : frozenset[str]
        Events that must have happened before on the same case or file.
    since : frozenset[str]
        What is required counts only after the last of these events; earlier it is stale.
    """

    event: str
    label: str
    roles: frozenset[Role]
    excludes: frozenset[str] = frozenset()
    requires: frozenset[str] = frozenset()
    since: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition(Rule):
    """A step from one state to the next.

    Parameters
    ----------
    source : State or None
        None: the beginning.
    target : State
        The state after the step.
    case_states : frozenset[CaseState]
        For a step of a file: where its case must stand. Empty: anywhere.
    file_states : frozenset[FileState]
        For a step of a case: where all its files must stand. Empty: anywhere.
    """

    source: State | None
    target: State
    case_states: frozenset[CaseState] = field(default_factory=frozenset)
    file_states: frozenset[FileState] = field(default_factory=frozenset)


def _roles(*roles: Role) -> frozenset[Role]:
    return frozenset(roles)


C, F = CaseState, FileState
DESK = _roles(Role.SCREENER, Role.APPROVER)
SCREENED = frozenset({"case.screened", "record.screening", "record.review"})
OPEN = frozenset({C.REQUESTED, C.CONTRACTED})
CONTRACTED = frozenset({C.CONTRACTED})
SETTLED = frozenset({F.DECLINED, F.RELEASED, F.ERASED})
ORDERED = frozenset({"record.erasure_order"})
OWN, PROPOSED = frozenset({"file.processed"}), frozenset({"file.override_proposed"})
JUDGED = PROPOSED | {"file.assessed", "file.overridden"}
# Steps that come with a document of their own, and therefore through their own method of the store: event → kind of the document.
FILE_DOCUMENTS = {"file.override_proposed": "override", "file.overridden": "gate"}


def _case(source: CaseState | None, target: CaseState, event: str, role: Role, label: str, **more: frozenset[str]) -> Transition:
    return Transition(source=source, target=target, event=event, label=label, **({"roles": _roles(role)} | more))  # type: ignore[arg-type]


def _file(source: FileState | None, target: FileState, event: str, role: Role, label: str, **more: frozenset[str]) -> Transition:
    return Transition(source=source, target=target, event=event, roles=_roles(role), label=label, **more)  # type: ignore[arg-type]


CASE_TRANSITIONS: tuple[Transition, ...] = (
    _case(None, C.SUBMITTED, "case.submitted", Role.SCREENER, N_("enter the proposal")),
    _case(C.SUBMITTED, C.UNDER_REVIEW, "case.screened", Role.SCREENER, N_("screen the proposal")),
    _case(C.UNDER_REVIEW, C.RETURNED, "case.returned", Role.SCREENER, N_("return the proposal for correction"), roles=DESK),
    _case(C.RETURNED, C.UNDER_REVIEW, "case.resubmitted", Role.SCREENER, N_("enter the corrected proposal")),
    _case(C.UNDER_REVIEW, C.ACCEPTED, "case.accepted", Role.APPROVER, N_("accept the proposal"), excludes=SCREENED),
    _case(C.UNDER_REVIEW, C.REJECTED, "case.rejected", Role.APPROVER, N_("reject the proposal"), excludes=SCREENED),
    *(
        _case(source, C.CANCELLED, "case.withdrawn", Role.SCREENER, N_("record that the proposer withdrew"))
        for source in (C.SUBMITTED, C.UNDER_REVIEW, C.RETURNED)
    ),
    _case(C.ACCEPTED, C.REQUESTED, "case.requested", Role.SCREENER, N_("ask the municipalities for their files")),
    _case(C.REQUESTED, C.CONTRACTED, "case.contracted", Role.APPROVER, N_("sign the contract")),
    *(
        _case(source, C.CANCELLED, "case.cancelled", Role.APPROVER, N_("cancel the case"))
        for source in (C.ACCEPTED, C.REQUESTED, C.CONTRACTED)
    ),
    _case(C.CONTRACTED, C.CLOSED, "case.closed", Role.RELEASE_OFFICER, N_("close the case"), file_states=SETTLED),
)

FILE_TRANSITIONS: tuple[Transition, ...] = (
    _file(None, F.REQUESTED, "file.requested", Role.SCREENER, N_("ask for the file"), case_states=OPEN | {C.ACCEPTED}),
    _file(F.REQUESTED, F.DECLINED, "file.declined", Role.SCREENER, N_("record that the municipality declined")),
    _file(F.REQUESTED, F.RECEIVED, "file.received", Role.PROCESSOR, N_("receive the file"), case_states=OPEN),
    *(
        _file(source, F.RECEIVED, "file.received", Role.PROCESSOR, N_("receive a corrected file"), case_states=OPEN)
        for source in (F.RECEIVED, F.NORMALISED)
    ),
    _file(F.RECEIVED, F.NORMALISED, "file.normalised", Role.PROCESSOR, N_("put the file into the common schema"), case_states=OPEN),
    _file(F.NORMALISED, F.PROCESSED, "file.processed", Role.PROCESSOR, N_("process the file"), case_states=CONTRACTED),
    _file(F.PROCESSED, F.ASSESSED, "file.assessed", Role.REVIEWER, N_("assess the risk and accept"), case_states=CONTRACTED, excludes=OWN),
    _file(F.PROCESSED, F.REFUSED, "file.refused", Role.REVIEWER, N_("assess the risk and refuse"), case_states=CONTRACTED, excludes=OWN),
    *(
        # Another release of the same register entry went out since: what they tell together has to be measured.
        _file(F.ASSESSED, target, event, Role.REVIEWER, N_("assess the risk again"), case_states=CONTRACTED, excludes=OWN)
        for target, event in ((F.ASSESSED, "file.assessed"), (F.REFUSED, "file.refused"))
    ),
    _file(F.REFUSED, F.PROCESSED, "file.processed", Role.PROCESSOR, N_("process the file by a new plan"), case_states=CONTRACTED),
    _file(
        F.REFUSED,
        F.REFUSED,
        "file.override_proposed",
        Role.REVIEWER,
        N_("propose to override the refusal"),
        case_states=CONTRACTED,
        excludes=OWN,
    ),
    _file(
        F.REFUSED,
        F.ASSESSED,
        "file.overridden",
        Role.APPROVER,
        N_("confirm that the refusal is overridden"),
        case_states=CONTRACTED,
        excludes=OWN | PROPOSED,
        requires=PROPOSED,
        since=frozenset({"file.refused"}),
    ),
    _file(F.ASSESSED, F.RELEASED, "file.released", Role.RELEASE_OFFICER, N_("release the file"), case_states=CONTRACTED, excludes=JUDGED),
    *(
        _file(source, F.ERASED, "file.erased", Role.RELEASE_OFFICER, N_("erase the file"), excludes=ORDERED, requires=ORDERED)
        for source in (F.REQUESTED, F.RECEIVED, F.NORMALISED, F.PROCESSED, F.REFUSED, F.ASSESSED, F.RELEASED)
    ),
)

OFFICERS = _roles(Role.SCREENER, Role.APPROVER, Role.PROCESSOR, Role.REVIEWER, Role.RELEASE_OFFICER)


def _record(kind: str, label: str, *roles: Role, excludes: frozenset[str] = frozenset()) -> tuple[str, Rule]:
    return kind, Rule(event=f"record.{kind}", label=label, roles=_roles(*roles), excludes=excludes)


# Records (append-only documents): kind → who may add one. Its event is `record.KIND`.
RECORD_RULES: dict[str, Rule] = dict(
    (
        _record("screening", N_("keep the screening"), Role.SCREENER),
        _record("review", N_("answer the tests that need a person"), Role.SCREENER, Role.REVIEWER),
        _record("decision", N_("decide the proposal"), Role.APPROVER, excludes=SCREENED),
        _record("notice", N_("write a notice"), *DESK),
        _record("opinion", N_("record the opinion step"), Role.SCREENER),
        _record("fee", N_("set the fee"), *DESK),
        _record("payment", N_("record the payment"), *DESK),
        _record("contract", N_("keep the contract"), Role.APPROVER),
        _record("request", N_("keep the request"), Role.SCREENER),
        _record("answer", N_("record the answer of the municipality"), Role.SCREENER),
        _record("transfer", N_("keep the manifest of the transfer"), Role.PROCESSOR),
        _record("receipt", N_("sign the receipt"), Role.PROCESSOR),
        _record("quality", N_("keep the conversion report"), Role.PROCESSOR),
        _record("plan", N_("keep the plan"), Role.PROCESSOR),
        _record("processing", N_("keep the report of the processing"), Role.PROCESSOR),
        _record("risk", N_("keep the assessment of the risk"), Role.REVIEWER, excludes=OWN),
        _record("gate", N_("keep the verdict of the assessment"), Role.REVIEWER, Role.RELEASE_OFFICER),
        _record("release", N_("number the release"), Role.RELEASE_OFFICER),
        _record("ledger", N_("enter the release in the ledger"), Role.RELEASE_OFFICER),
        _record("recall", N_("recall a release"), Role.RELEASE_OFFICER),
        _record("trace", N_("trace a file"), Role.RELEASE_OFFICER, Role.AUDITOR),
        _record("erasure_order", N_("order the erasure"), Role.PROCESSOR, Role.RELEASE_OFFICER),
        _record("certificate", N_("keep the certificate of erasure"), Role.RELEASE_OFFICER),
    )
)

# Releases are spoken of by number (L-0001); other records hardly ever (D-0001).
PREFIXES = {"release": "L"}

# Everything else that is written as an event.
RULES: dict[str, Rule] = {
    rule.event: rule
    for rule in (
        Rule(event="register.added", label=N_("add a register entry"), roles=_roles(Role.SCREENER)),
        Rule(event="register.revised", label=N_("revise a register entry"), roles=_roles(Role.SCREENER, Role.RELEASE_OFFICER)),
        Rule(event="register.struck", label=N_("strike a register entry"), roles=_roles(Role.SCREENER)),
        Rule(event="person.added", label=N_("add a person"), roles=_roles(Role.APPROVER)),
        Rule(event="person.changed", label=N_("change the roles of a person"), roles=_roles(Role.APPROVER)),
        Rule(event="paper.added", label=N_("keep a paper"), roles=OFFICERS),
        Rule(event="vault.sealed", label=N_("seal a file in the vault"), roles=_roles(Role.PROCESSOR)),
        Rule(event="vault.opened", label=N_("open a file of the vault"), roles=_roles(Role.PROCESSOR, Role.REVIEWER, Role.RELEASE_OFFICER)),
    )
}


def find_transition(source: State | None, target: State) -> Transition | None:
    """Return the step between two states, or None when there is none."""
    table = CASE_TRANSITIONS if isinstance(target, CaseState) else FILE_TRANSITIONS
    return next((step for step in table if step.source == source and step.target == target), None)


def find_transitions(event: str) -> tuple[Transition, ...]:
    """Return the steps that write this event."""
    return tuple(step for step in CASE_TRANSITIONS + FILE_TRANSITIONS if step.event == event)


def find_label(event: str) -> str:
    """Return the English template of what an event does; the event's name when no rule writes it."""
    rules: tuple[Rule, ...] = (*CASE_TRANSITIONS, *FILE_TRANSITIONS, *RECORD_RULES.values(), *RULES.values())
    return next((rule.label for rule in rules if rule.event == event), event)


def next_steps(state: State) -> tuple[Transition, ...]:
    """Return the steps that lead out of a state."""
    table = CASE_TRANSITIONS if isinstance(state, CaseState) else FILE_TRANSITIONS
    return tuple(step for step in table if step.source == state)


def to_mermaid() -> str:
    """Return both state diagrams as one Mermaid text: states, events, roles, and whose work excludes whom."""
    return "\n".join(["stateDiagram-v2", *_diagram("case", CASE_TRANSITIONS), *_diagram("file", FILE_TRANSITIONS)])


def _diagram(name: str, table: Iterable[Transition]) -> list[str]:
    """Return one composite state with an arrow per step."""
    lines = [f"  state {name} {{"]
    sources = set()
    for step in table:
        start = f"{name}_{step.source}" if step.source else "[*]"
        sources.add(step.source)
        others = f" (not by {', '.join(sorted(step.excludes))})" if step.excludes else ""
        lines.append(f"    {start} --> {name}_{step.target}: {step.event} [{' / '.join(sorted(step.roles))}]{others}")
    ends = {step.target for step in table} - sources
    lines += [f"    {name}_{state} --> [*]" for state in sorted(ends)]
    return [*lines, "  }"]
