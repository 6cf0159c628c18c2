"""Letters of the result (審査結果通知書, 補正依頼): which one a case calls for, and what it says.

Decided here: the letter that fits the state, and what must be known before it is written. Not decided here: wording (templates) and forms
(data of the regime).
"""

from datetime import date, timedelta
from typing import Any

from casework.clock import day_of
from casework.labels import name_labels
from casework.office import Office
from casework.records import Case
from casework.states import CaseState
from proposals.case_review import get_sheet
from proposals.offers import case_offers
from proposals.papers_out import Letter, keep_letter, letter_head
from proposals.rendering import render_page
from proposals.verdicts import Outcome
from proposals.wording import describe_columns, describe_files, describe_lines, describe_proposers, reader_words
from schemas.errors import TransitionRefused
from schemas.messages import N_, Name
from schemas.regimes import Regime, load_regime
from schemas.tables import load_table

AFTER_ACCEPTANCE = frozenset({CaseState.ACCEPTED, CaseState.REQUESTED, CaseState.CONTRACTED})


def write_result(office: Office, case_id: str) -> Letter:
    """Write the letter a case's state calls for, keep it, and return it.

    Accepted: the result with fee and method of supply, and the application for the contract. Rejected: the result with reasons.
    Returned: what to explain or correct, and until when.

    Raises
    ------
    TransitionRefused
        Nothing was decided yet; or the fee of an accepted case is not set.
    """
    with office.store.transaction():
        case = office.store.get_case(case_id)
        kind, context = _choose(office, case)
        head = letter_head(office, case, [proposer["addressee"] for proposer in describe_proposers(case.document)])
        letter = keep_letter(office, kind, render_page(f"{kind}.html", letter=head, **context), head)
        document = {"kind": kind, "number": letter.number, "sha256": letter.sha256, "revision": case.revision}
        office.store.add_record("notice", document, actor=office.actor, case_id=case_id)
    return letter


def _choose(office: Office, case: Case) -> tuple[str, dict[str, Any]]:
    """Return the template a state calls for, and what fills it."""
    regime = load_regime(case.regime)
    if case.state in AFTER_ACCEPTANCE:
        return "result_accepted", _accepted(office, case, regime)
    if case.state is CaseState.REJECTED:
        return "result_rejected", _refused(office, case, regime, office.store.get_record("decision", case_id=case.id))
    if case.state is CaseState.RETURNED:
        returns = [r.document for r in office.store.list_records("notice", case_id=case.id) if r.document["kind"] == "return"]
        deadline = {"answer_by": _in_days(office, regime.defaults.request_deadline_days)}
        return "returned", {**_refused(office, case, regime, returns[-1]), **deadline}
    raise TransitionRefused(
        N_("{case} is {state}: there is no result to write about"), N_("decide it first: sakusei proposal decide {case}"),
        case=Name(case.id), state=name_labels([case.state]),
    )  # fmt: skip


def _in_days(office: Office, days: int) -> date:
    return day_of(office.now()) + timedelta(days=days)


def _accepted(office: Office, case: Case, regime: Regime) -> dict[str, Any]:
    """Return what fills the result of an accepted case."""
    fee = office.store.get_record("fee", case_id=case.id)
    if fee is None:
        raise TransitionRefused(
            N_("the result of {case} must state the fee, and none was set"),
            N_("set it first: sakusei fee {case} --hours N"),
            case=Name(case.id),
        )
    form = case.document
    table = load_table(form["files"]["table"])
    words = reader_words(table, regime)
    deadline = _in_days(office, regime.defaults.fee_deadline_days)
    return {
        "regime": regime,
        "files": describe_files(case_offers(office, case)),
        "proposers": describe_proposers(form),
        "columns": describe_columns(form, table, regime),
        "persons_ja": f"{form['persons']:,}",
        "period": form["period"],
        "fee": fee,
        "payment_method": regime.letters["payment_method_ja"],
        "pay_by": deadline,
        "apply_by": deadline,
        "supply_ja": regime.supply_methods[form["supply_method"]],
        "sheet": describe_lines(get_sheet(office, case.id).lines, regime, words),
    }


def _refused(office: Office, case: Case, regime: Regime, decision: dict[str, Any] | None) -> dict[str, Any]:
    """Return what fills a rejection or a return: the tests that failed, and the words of who decided."""
    words = reader_words(load_table(case.document["files"]["table"]), regime)
    return {
        "regime": regime,
        "files": describe_files(case_offers(office, case)),
        "failed": describe_lines(get_sheet(office, case.id).lines, regime, words, only=Outcome.FAIL),
        "decision_reason": (decision or {}).get("reason", ""),
    }
