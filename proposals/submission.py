"""Submission (受付): a form becomes a case, or the corrected form of a returned case."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from casework.clock import day_of
from casework.office import Office
from casework.states import CaseState
from proposals.form import check_regime, find_register_ids, read_form
from proposals.offers import list_offers
from schemas.errors import TransitionRefused
from schemas.messages import N_, Name
from schemas.municipalities import check_same_world


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What came of a form: its case and revision, the SHA-256 of its bytes, the register entries it means."""

    case_id: str
    revision: int
    sha256: str
    register_ids: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the receipt for machines."""
        return {"case": self.case_id, "revision": self.revision, "sha256": self.sha256, "register_entries": list(self.register_ids)}


def submit_proposal(office: Office, path: Path, *, case_id: str | None = None) -> Submission:
    """Enter a form as a new case, or as the next revision of a returned one.

    Parameters
    ----------
    path : Path
        The form, YAML or JSON. Its bytes are hashed as they are.
    case_id : str or None
        The returned case it corrects; a new case without it.

    Raises
    ------
    FormRejected
        The form does not meet its schema, is for another regime, or names files that are not on offer.
    TransitionRefused
        The case is not returned, the very same form waits already, or the actor may not.
    """
    form = read_form(path)
    regime = office.store.get_case(case_id).regime if case_id else office.settings.regime
    check_regime(form, regime)
    offers = list_offers(office)
    register_ids = find_register_ids(form, {offer.register_id: (offer.municipality_code, offer.table) for offer in offers})
    check_same_world(
        (offer.municipality_code for offer in offers if offer.register_id in register_ids), synthetic=office.settings.synthetic
    )
    document = form.with_receipt(day_of(office.now()), register_ids)
    revision = 1
    if case_id is None:
        _check_new(office, form.sha256)
        case_id = office.store.add_case(document, actor=office.actor, regime=regime)
    else:
        revision = office.store.resubmit_case(case_id, document, actor=office.actor)
    return Submission(case_id=case_id, revision=revision, sha256=form.sha256, register_ids=register_ids)


def _check_new(office: Office, sha256: str) -> None:
    """Refuse a form that waits already, byte by byte: a command that is repeated enters no second case.

    Raises
    ------
    TransitionRefused
        A case that nobody screened yet holds it.
    """
    for case in office.store.list_cases():
        if case.state is CaseState.SUBMITTED and case.document.get("receipt", {}).get("sha256") == sha256:
            raise TransitionRefused(
                N_("this very form was received already, as {case}"),
                N_("see: sakusei proposal show {case}; a form that differs in anything is a case of its own"),
                case=Name(case.id),
            )
