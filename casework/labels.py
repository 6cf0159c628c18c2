"""What states and roles are called, for people. Names only: what they mean is in `casework.states`."""

from collections.abc import Iterable

from casework.states import CaseState, FileState, Role, State
from schemas.messages import N_, Term

LABELS: dict[str, str] = {
    CaseState.SUBMITTED: N_("submitted"),
    CaseState.UNDER_REVIEW: N_("under review"),
    CaseState.RETURNED: N_("returned"),
    CaseState.ACCEPTED: N_("accepted"),
    CaseState.REJECTED: N_("rejected"),
    CaseState.REQUESTED: N_("requested"),
    CaseState.CONTRACTED: N_("contracted"),
    CaseState.CLOSED: N_("closed"),
    CaseState.CANCELLED: N_("cancelled"),
    FileState.DECLINED: N_("declined"),
    FileState.RECEIVED: N_("received"),
    FileState.NORMALISED: N_("normalised"),
    FileState.PROCESSED: N_("processed"),
    FileState.REFUSED: N_("refused"),
    FileState.ASSESSED: N_("assessed"),
    FileState.RELEASED: N_("released"),
    FileState.ERASED: N_("erased"),
    Role.SCREENER: N_("screener"),
    Role.APPROVER: N_("approver"),
    Role.PROCESSOR: N_("processor"),
    Role.REVIEWER: N_("reviewer"),
    Role.RELEASE_OFFICER: N_("release officer"),
    Role.AUDITOR: N_("auditor"),
}


def name_labels(keys: Iterable[State | Role]) -> Term:
    """Return the labels of states or roles, for a message."""
    return Term("/".join(sorted(LABELS[key] for key in keys)))
