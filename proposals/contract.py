"""Fee, payment and contract of a case: what must be true before a signature, and what ends a contract.

Decided here: the order decision → consent → fee → contract, and which grounds cancel. Not decided here: amounts and grounds (data of the
regime), who may sign (`casework.states`).
"""

from datetime import date
from typing import Any

from casework.clock import day_of
from casework.labels import name_labels
from casework.office import Office
from casework.records import Case
from casework.states import CaseState, FileState
from proposals.fee import compute_fee
from proposals.offers import case_offers
from proposals.papers_out import Letter, keep_letter, letter_head
from proposals.reasons import check_words, reason
from proposals.rendering import render_page
from proposals.supply import count_opinions
from proposals.wording import describe_columns, describe_files, describe_proposers
from schemas.errors import FormRejected, TransitionRefused
from schemas.findings import Reason
from schemas.messages import N_, Name
from schemas.regimes import Regime, load_regime
from schemas.tables import load_table

# Before a contract there is nothing to breach: a case then ends for one of these.
EARLY_GROUNDS = {
    "withdrawn": "提案者が提案を取り下げたとき",
    "not_supplied": "個人情報ファイルが提供されないとき",
    "not_paid": "手数料が期限までに納付されないとき",
}


def set_fee(
    office: Office, case_id: str, *, hours: float = 0, outsourcing_yen: int = 0, third_parties: int | None = None, is_change: bool = False
) -> dict[str, Any]:
    """Compute the fee of a case, keep it, and return it; a later one replaces it until it is paid.

    Parameters
    ----------
    third_parties : int or None
        Persons heard under the former law; without it, the number recorded with the case's files.

    Raises
    ------
    FormRejected
        A number does not fit the regime.
    TransitionRefused
        The case is not accepted, or its fee was paid.
    """
    with office.store.transaction():
        case = office.store.get_case(case_id)
        if case.state not in {CaseState.ACCEPTED, CaseState.REQUESTED}:
            raise TransitionRefused(
                N_("{case} is {state}: a fee is set between acceptance and contract"), N_("see what is waited for: sakusei status"),
                case=Name(case_id), state=name_labels([case.state]),
            )  # fmt: skip
        if office.store.get_record("payment", case_id=case_id):
            raise TransitionRefused(N_("the fee of {case} is paid already"), N_("it cannot change any more"), case=Name(case_id))
        heard = count_opinions(office, case_id)[0] if third_parties is None else third_parties
        note = compute_fee(load_regime(case.regime), hours=hours, outsourcing_yen=outsourcing_yen, third_parties=heard, is_change=is_change)
        document = {**note.to_json(), "hours": hours, "third_parties": heard, "change": is_change}
        office.store.add_record("fee", document, actor=office.actor, case_id=case_id, facts={"total_yen": note.total_yen})
    return {"case": case_id, **document, "paid": False}


def record_payment(office: Office, case_id: str, *, paid_on: date | None = None) -> dict[str, Any]:
    """Keep that the fee of a case was paid in full, and return the fee.

    Raises
    ------
    TransitionRefused
        No fee was set, or it is paid already.
    FormRejected
        The day lies ahead.
    """
    today = day_of(office.now())
    day = paid_on or today
    if day > today:
        raise FormRejected(N_("the payment is dated after today"), N_("give the day of the payment: --on YYYY-MM-DD"))
    with office.store.transaction():
        fee = office.store.get_record("fee", case_id=case_id)
        if fee is None:
            raise TransitionRefused(N_("no fee of {case} was set"), N_("set it first: sakusei fee {case} --hours N"), case=Name(case_id))
        if office.store.get_record("payment", case_id=case_id):
            raise TransitionRefused(N_("the fee of {case} is paid already"), N_("go on: sakusei contract sign {case}"), case=Name(case_id))
        payment = {"amount_yen": fee["total_yen"], "paid_on": day.isoformat()}
        office.store.add_record("payment", payment, actor=office.actor, case_id=case_id, facts={"amount_yen": fee["total_yen"]})
    return {"case": case_id, **fee, "paid": True, "paid_on": day.isoformat()}


def reasons_not_to_sign(office: Office, case_id: str) -> list[Reason]:
    """Return what keeps the contract of a case from being signed; an empty list means nothing."""
    found = []
    if office.store.get_record("payment", case_id=case_id) is None:
        found.append(reason("not-paid", N_("the fee is not paid")))
    files = [file for file in office.store.list_files(case_id) if file.state is not FileState.DECLINED]
    answers = {file.id: office.store.get_record("answer", file_id=file.id) for file in files}
    found += [
        reason("no-answer", N_("{file} waits for the municipality's answer"), file=Name(file))
        for file, answer in answers.items()
        if not answer
    ]
    if not files:
        found.append(reason("no-consent", N_("no municipality consented")))
    return found


def sign_contract(office: Office, case_id: str) -> Letter:
    """Sign the contract of a case: keep its record and its paper, take the step, and return the paper.

    Raises
    ------
    TransitionRefused
        The fee is not paid, answers are missing, nobody consented (all are named), or state, role or two-person rule forbid it.
    """
    with office.store.transaction():
        case = office.store.get_case(case_id)
        if case.state is CaseState.REQUESTED and (found := reasons_not_to_sign(office, case_id)):
            raise TransitionRefused(
                N_("the contract of {case} cannot be signed yet"), N_("see what is waited for: sakusei status"), reasons=tuple(found),
                case=Name(case_id),
            )  # fmt: skip
        office.store.move_case(case_id, CaseState.CONTRACTED, actor=office.actor)
        head = letter_head(office, case, [proposer["name"] for proposer in describe_proposers(case.document)])
        document = _contract_document(office, case, head["number"])
        office.store.add_record("contract", document, actor=office.actor, case_id=case_id, facts={"files": len(document["files"])})
        return keep_letter(office, "contract", render_page("contract.html", letter=head, **_contract_words(office, case, document)), head)


def _contract_document(office: Office, case: Case, number: str) -> dict[str, Any]:
    """Return the contract as data; licences and terms of a release are written from it."""
    form = case.document
    fee = office.store.get_record("fee", case_id=case.id) or {}
    kept = ("purpose", "manner", "business", "aim", "period", "persons", "columns", "safeguards", "supply_method", "context")
    return {
        "contract": 1,
        "number": number,
        "case": case.id,
        "regime": case.regime,
        "signed_on": day_of(office.now()).isoformat(),
        "office": office.settings.office_name,
        "users": [{key: proposer[key] for key in ("kind", "name", "address")} for proposer in form["proposers"]],
        **{key: form[key] for key in kept},
        "files": [file.id for file in office.store.list_files(case.id) if file.state is not FileState.DECLINED],
        "fee_yen": fee.get("total_yen", 0),
    }


def _contract_words(office: Office, case: Case, document: dict[str, Any]) -> dict[str, Any]:
    """Return what fills the contract."""
    regime, form = load_regime(case.regime), case.document
    consented = {file.register_id for file in office.store.list_files(case.id) if file.id in document["files"]}
    return {
        "regime": regime,
        "contract": document,
        "proposers": describe_proposers(form),
        "files": describe_files([offer for offer in case_offers(office, case) if offer.register_id in consented]),
        "columns": describe_columns(form, load_table(form["files"]["table"]), regime),
        "supply_ja": regime.supply_methods[form["supply_method"]],
        "context_ja": regime.contexts[form["context"]],
        "measures": [regime.safeguards[code].text_ja for code in form["safeguards"]["measures"] if code in regime.safeguards],
    }


def cancel_contract(office: Office, case_id: str, ground: str, *, text: str = "") -> Letter:
    """Cancel a contract on a ground of the law, or end an accepted case before it; keep the notice and return it.

    Parameters
    ----------
    ground : str
        One of the regime's grounds once the contract is signed; before, one of `EARLY_GROUNDS`.
    text : str
        The facts, in the office's own words.

    Raises
    ------
    FormRejected
        The ground is none of those that apply, or the words cannot stand in a letter.
    TransitionRefused
        State, role or two-person rule forbid it.
    """
    check_words(text)
    with office.store.transaction():
        case = office.store.get_case(case_id)
        regime = load_regime(case.regime)
        grounds = _grounds(case, regime)
        if ground not in grounds:
            raise FormRejected(
                N_("{ground} is no ground for ending {case}, which is {state}"), N_("use one of: {grounds}"),
                ground=Name(ground), case=Name(case_id), state=name_labels([case.state]), grounds=Name(", ".join(grounds)),
            )  # fmt: skip
        office.store.move_case(case_id, CaseState.CANCELLED, actor=office.actor, facts={"ground": Name(ground)})
        head = letter_head(office, case, [proposer["addressee"] for proposer in describe_proposers(case.document)])
        words = {
            "regime": regime,
            "signed": office.store.get_record("contract", case_id=case_id),
            "ground": grounds[ground],
            "text": text,
            "files": describe_files(case_offers(office, case)),
        }
        letter = keep_letter(office, "cancellation", render_page("cancellation.html", letter=head, **words), head)
        notice = {"kind": "cancellation", "ground": ground, "reason": text, "number": letter.number, "sha256": letter.sha256}
        office.store.add_record("notice", notice, actor=office.actor, case_id=case_id)
    return letter


def _grounds(case: Case, regime: Regime) -> dict[str, dict[str, str]]:
    """Return the grounds that can end a case where it stands: code → words and article."""
    if case.state is CaseState.CONTRACTED:
        return {code: {"text_ja": ground.text_ja, "article": ground.article} for code, ground in regime.cancellation_grounds.items()}
    return {code: {"text_ja": text, "article": ""} for code, text in EARLY_GROUNDS.items()}
