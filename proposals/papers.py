"""Papers (添付書面): whether the form and what is attached to it are complete and in date.

Decided here: what is missing, too old, or does not belong to this kind of proposer. Not decided here: which papers count and for how long
(data of the regime). A finding here leads to a return for correction, not to a rejection of the business.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from proposals.dates import add_months, to_date
from proposals.reasons import reason
from schemas.findings import Reason
from schemas.messages import N_, Name
from schemas.regimes import Regime


def reasons_against_papers(form: Mapping[str, Any], regime: Regime, received_on: date) -> list[Reason]:
    """Return what is wrong with the papers; an empty list means nothing.

    Parameters
    ----------
    received_on : date
        A paper may be as many months old on this day as the regime says, and not dated after it.
    """
    found: list[Reason] = []
    for number, proposer in enumerate(form["proposers"], start=1):
        found += _reasons_against_proposer(proposer, number, regime, received_on)
    unknown = [code for code in form["safeguards"]["measures"] if code not in regime.safeguards]
    found += [reason("unknown-measure", N_("measure {measure} is not on the checklist"), measure=Name(code)) for code in unknown]
    if (form["context"] == "enclave") != (form["supply_method"] == "enclave_access"):
        found.append(
            reason("supply-method", N_("supply method {method} does not fit context {context}"), regime.get_article("supply_method"),
                   method=Name(form["supply_method"]), context=Name(form["context"]))
        )  # fmt: skip
    if to_date(form["submitted_on"]) > received_on:
        found.append(reason("future-date", N_("the proposal is dated after the day it was received")))
    return found


def _reasons_against_proposer(proposer: Mapping[str, Any], number: int, regime: Regime, received_on: date) -> list[Reason]:
    """Return what is wrong with the papers of one proposer."""
    kind = proposer["kind"]
    found = _reasons_against_paper(proposer["identity_paper"], (number, kind), regime, received_on)
    if kind != "individual" and "representative" not in proposer:
        found.append(reason("no-representative", N_("proposer {number} is a body and names no representative"), number=number))
    if to_date(proposer["oath"]["signed_on"]) > received_on:
        found.append(reason("oath-date", N_("the oath of proposer {number} is dated after the day it was received"), number=number))
    found += _reasons_against_declarations(proposer["declarations"], number, kind, regime)
    if proxy := proposer.get("proxy"):
        found += _reasons_against_paper(proxy["identity_paper"], (number, "individual"), regime, received_on)
        if to_date(proxy["power_of_attorney_on"]) > received_on:
            found.append(
                reason("proxy-date", N_("the power of attorney of proposer {number} is dated after the day it was received"), number=number)
            )
    return found


def _reasons_against_paper(paper: Mapping[str, Any], whose: tuple[int, str], regime: Regime, received_on: date) -> list[Reason]:
    """Return why a paper does not prove identity: wrong kind, too old, or dated ahead."""
    number, kind = whose
    rule = regime.identity_papers[paper["kind"]]
    article = regime.get_article("identity_paper")
    issued_on = to_date(paper["issued_on"])
    found = []
    if kind not in rule.kinds:
        found.append(
            reason("wrong-paper", N_("paper {paper} does not prove the identity of proposer {number} ({kind})"), article,
                   paper=Name(paper["kind"]), number=number, kind=Name(kind))
        )  # fmt: skip
    if issued_on > received_on:
        found.append(
            reason(
                "paper-date", N_("the identity paper of proposer {number} is dated after the day it was received"), article, number=number
            )
        )
    elif rule.months is not None and add_months(issued_on, rule.months) < received_on:
        found.append(
            reason("paper-too-old", N_("the identity paper of proposer {number} is older than {months} months"), article,
                   number=number, months=rule.months)
        )  # fmt: skip
    return found


def _reasons_against_declarations(declared: Mapping[str, bool], number: int, kind: str, regime: Regime) -> list[Reason]:
    """Return grounds that were not declared on, and names that are no ground."""
    scope = {"any", "individual"} if kind == "individual" else {"any", "body"}
    needed = [ground for ground in regime.disqualifications if ground.applies_to in scope]
    known = {ground.code for ground in regime.disqualifications}
    missing = [
        reason(
            "not-declared",
            N_("proposer {number} does not declare on ground {ground}"),
            ground.article,
            number=number,
            ground=Name(ground.code),
        )
        for ground in needed
        if ground.code not in declared
    ]
    unknown = [
        reason(
            "unknown-ground", N_("proposer {number} declares on {ground}, which is no ground of this law"), number=number, ground=Name(code)
        )
        for code in declared
        if code not in known
    ]
    return missing + unknown
