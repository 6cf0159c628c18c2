"""Overriding a refusal in the office (例外承認): what may be overridden is shown, one person proposes, another confirms.

Decided here: what people are shown, and that the report of the assessment is kept again with the decision on it. Not decided here: who may,
what a proposal covers and when it is dead (the store), which reasons and grounds there are (the policy).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import click

from anonymize.risk.office import LANGUAGE, PAPER
from anonymize.risk.report.notice import add_notice
from casework.clock import day_of
from casework.console import Reply, Session
from casework.i18n import find_translator, translate
from casework.office import Office, open_office
from casework.records import Record
from casework.text_table import make_table
from schemas.errors import TransitionRefused
from schemas.findings import Reason
from schemas.messages import N_, Name
from schemas.policies import OverridePolicy
from schemas.regimes import load_regime

ASKED = ("ground", "note", "confirm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where the verdict on a file stands.

    Parameters
    ----------
    file_id : str
        The file.
    reasons : tuple[Reason, ...]
        What the gate found.
    never : tuple[str, ...]
        Codes of those that can never be overridden.
    policy : OverridePolicy
        Grounds to choose from.
    proposal : Record or None
        The proposal that waits for a second person.
    override : Mapping or None
        The override that was confirmed.
    """

    file_id: str
    reasons: tuple[Reason, ...]
    never: tuple[str, ...]
    policy: OverridePolicy
    proposal: Record | None
    override: Mapping[str, Any] | None

    def to_json(self) -> dict[str, object]:
        """Return it for machines."""
        proposal = self.proposal
        told = {"proposal": proposal.id, "by": proposal.actor, "at": proposal.created_at, **proposal.document} if proposal else None
        return {
            "file": self.file_id,
            "reasons": [{**reason.to_json(), "may": reason.code not in self.never} for reason in self.reasons],
            "may": bool(self.reasons) and not self.never,
            "grounds": dict(self.policy.grounds),
            "waiting": told,
            "override": dict(self.override) if self.override else None,
        }


def find_standing(office: Office, file_id: str) -> Standing:
    """Return where the verdict on a file stands.

    Raises
    ------
    TransitionRefused
        There is no such file, or no verdict on it.
    """
    case = office.store.get_case(office.store.get_file(file_id).case_id)
    policy, verdict = load_regime(case.regime).override, office.store.find_verdict(file_id)
    if verdict is None:
        raise TransitionRefused(
            N_("there is no verdict on {file} to override"), N_("assess it first: sakusei risk review {file}"), file=Name(file_id)
        )
    reasons = tuple(Reason.from_json(item) for item in verdict.document["reasons"])
    return Standing(
        file_id=file_id,
        reasons=reasons,
        never=policy.find_standing(reason.code for reason in reasons),
        policy=policy,
        proposal=office.store.find_override(file_id),
        override=verdict.document.get("override"),
    )


def confirm_override(office: Office, file_id: str, proposal_id: str) -> None:
    """Confirm a proposal, and keep the report of the assessment again with the decision on it: both, or neither.

    Raises
    ------
    TransitionRefused, ReleaseRefused
        As the store says.
    """
    with office.store.transaction():
        office.store.confirm_override(file_id, proposal_id, actor=office.actor)
        standing = find_standing(office, file_id)
        override = dict(standing.override or {})
        pages = [paper for paper in office.store.list_papers(file_id=file_id) if paper.kind == PAPER]
        if not pages:
            raise TransitionRefused(
                N_("the report of the assessment of {file} is missing"),
                N_("process and assess it again: sakusei status"),
                file=Name(file_id),
            )
        page = add_notice(
            office.store.paper_path(pages[-1]).read_text(encoding="utf-8"),
            standing.reasons,
            standing.policy.grounds[override["ground"]],
            find_translator(LANGUAGE),
            proposal=proposal_id,
            proposed_on=_day(override["proposed_at"]),
            confirmed_on=_day(override["confirmed_at"]),
        )
        office.store.add_paper(PAPER, page.encode(), ".html", actor=office.actor, file_id=file_id)


def _day(moment: str) -> str:
    return day_of(datetime.fromisoformat(moment)).isoformat()


def override_in_office(session: Session, options: Mapping[str, Any]) -> Reply:
    """Show, propose or confirm as `risk override` was asked to."""
    ground, note, proposal_id = (options[key] for key in ASKED)
    if bool(ground) != bool(note) or (ground and proposal_id):
        raise click.UsageError(translate(N_("a proposal takes --ground and --note together; a confirmation takes --confirm alone")))
    with open_office(session) as office:
        if ground:
            office.store.propose_override(options["file_id"], ground=ground, note=note, actor=office.actor)
        elif proposal_id:
            confirm_override(office, options["file_id"], proposal_id)
        standing = find_standing(office, options["file_id"])
    return Reply(standing.to_json(), list(_tell(standing)))


def _tell(standing: Standing) -> Any:
    """Yield the lines for people: reasons, what waits or was decided, and what to do next."""
    if not standing.reasons:
        yield translate(N_("nothing stands against the release"))
        return
    table = make_table(N_("code"), N_("reason of the refusal"), N_("may be overridden"))
    for reason in standing.reasons:
        table.add_row(
            reason.code, reason.render(translate), translate(N_("never") if reason.code in standing.never else N_("by two persons"))
        )
    yield table
    yield from _tell_next(standing)


def _tell_next(standing: Standing) -> Any:
    """Yield the last lines: decided, waiting, out of the question, or open."""
    names = {"file": standing.file_id}
    if standing.override:
        told = translate(N_("{file} is assessed by an override: proposed by {proposed_by}, confirmed by {confirmed_by} ({ground})"))
        yield told.format(**names, **{key: standing.override[key] for key in ("proposed_by", "confirmed_by", "ground")})
    elif standing.never:
        told = translate(N_("the refusal stands; process the file by a new plan: sakusei anonymize process {file} --plan P.yaml"))
        yield told.format(**names)
    elif standing.proposal:
        proposal = standing.proposal
        told = translate(N_("{proposal} waits for another person: proposed by {person} on {day}"))
        yield told.format(proposal=proposal.id, person=proposal.actor, day=_day(proposal.created_at))
        yield f"  {proposal.document['ground']}: {standing.policy.grounds.get(proposal.document['ground'], '')}"
        yield f"  {proposal.document['note']}"
        yield translate(N_("confirm it as an approver: sakusei risk override {file} --confirm {proposal}")).format(
            **names, proposal=proposal.id
        )
    else:
        yield translate(N_("propose it as a reviewer: sakusei risk override {file} --ground CODE --note TEXT")).format(**names)
        yield from (f"  {code}: {text}" for code, text in standing.policy.grounds.items())
