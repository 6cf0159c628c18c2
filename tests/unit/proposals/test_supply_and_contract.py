"""From acceptance to the contract: requests, answers, fee, payment, signature, and what ends it."""

from datetime import date

import pytest

from casework.states import CaseState, FileState
from proposals.contract import cancel_contract, record_payment, set_fee, sign_contract
from proposals.supply import count_opinions, issue_requests, record_answer, record_opinions
from schemas.documents import check_document
from schemas.errors import FormRejected, TransitionRefused
from schemas.tables import load_table

TODAY = date(2026, 11, 20)


def state(office):
    return office.store.get_case("C-0001").state


@pytest.fixture
def requested(accepted):
    issue_requests(accepted, "C-0001")
    return accepted


@pytest.fixture
def ready(requested, approver):
    """Every municipality consented and the fee is paid."""
    for file_id in ("F-0001", "F-0002"):
        record_answer(requested, file_id, consent=True)
    set_fee(requested, "C-0001", hours=12)
    record_payment(requested, "C-0001")
    return requested


def test_one_request_per_entry(accepted):
    requests = issue_requests(accepted, "C-0001", deadline=date(2026, 12, 25))
    assert [(request.file_id, request.register_id) for request in requests] == [("F-0001", "R-0001"), ("F-0002", "R-0002")]
    assert [file.state for file in accepted.store.list_files("C-0001")] == [FileState.REQUESTED] * 2
    assert state(accepted) is CaseState.REQUESTED
    for request in requests:
        assert check_document("request", request.document) == ()
        assert request.document == accepted.store.get_record("request", file_id=request.file_id)
        assert request.document["deadline"] == "2026-12-25"
        assert request.document["office"]["recipient"].startswith("age1")
        assert request.letter.path.is_file()
    assert requests[0].letter.sha256 != requests[1].letter.sha256


def test_columns_are_asked_for_at_the_least(accepted):
    document = issue_requests(accepted, "C-0001")[0].document
    # The columns of the product, and the key that tells persons apart; not the dropped name.
    assert document["columns"] == ["person_key", "birth_date", "sex", "municipality_code", "treated_month", "disease_code"]
    every = {column.name for column in load_table("kokuho_benefit").columns}
    assert set(document["not_to_send"]) == every - set(document["columns"])
    assert {"name", "address", "phone", "insured_number", "note"} <= set(document["not_to_send"])


def test_a_request_goes_out_once_and_after_acceptance(requested, office):
    with pytest.raises(TransitionRefused):
        issue_requests(requested, "C-0001")
    assert len(office.store.list_files("C-0001")) == 2


def test_no_request_before_acceptance(office, write_form, form):
    from proposals.submission import submit_proposal

    submit_proposal(office, write_form(form))
    with pytest.raises(TransitionRefused):
        issue_requests(office, "C-0001")
    assert (office.store.list_files(), office.store.list_papers()) == ((), ())


@pytest.mark.parametrize(("day", "fits"), [(date(2026, 11, 19), False), (TODAY, False), (date(2026, 11, 21), True)])
def test_the_deadline_lies_ahead(accepted, day, fits):
    if fits:
        assert issue_requests(accepted, "C-0001", deadline=day)
        return
    with pytest.raises(FormRejected):
        issue_requests(accepted, "C-0001", deadline=day)
    assert state(accepted) is CaseState.ACCEPTED
    assert accepted.store.list_files() == ()


def test_a_stop_between_requests_leaves_none(accepted, monkeypatch):
    from proposals import supply

    calls = []

    def keep_once(*args, **kwargs):
        calls.append(1)
        if len(calls) == 2:
            raise OSError("the disk is full")
        return keep(*args, **kwargs)

    keep = supply.keep_letter
    monkeypatch.setattr(supply, "keep_letter", keep_once)
    with pytest.raises(OSError, match="disk"):
        issue_requests(accepted, "C-0001")
    assert state(accepted) is CaseState.ACCEPTED
    assert (accepted.store.list_files(), accepted.store.list_papers()) == ((), ())


def test_a_decline_ends_the_file_and_not_the_case(requested):
    record_answer(requested, "F-0001", consent=False, reason="条例の整備中のため")
    record_answer(requested, "F-0002", consent=True)
    assert [file.state for file in requested.store.list_files()] == [FileState.DECLINED, FileState.REQUESTED]
    assert requested.store.get_record("answer", file_id="F-0001") == {
        "consent": False, "reason": "条例の整備中のため", "answered_on": "2026-11-20",
    }  # fmt: skip
    with pytest.raises(TransitionRefused):
        record_answer(requested, "F-0001", consent=True)


@pytest.mark.parametrize(("day", "fits"), [(date(2026, 11, 19), True), (TODAY, True), (date(2026, 11, 21), False)])
def test_an_answer_is_not_dated_ahead(requested, day, fits):
    if fits:
        assert record_answer(requested, "F-0001", consent=True, answered_on=day)["answered_on"] == day.isoformat()
        return
    with pytest.raises(FormRejected):
        record_answer(requested, "F-0001", consent=True, answered_on=day)


def test_words_that_deceive_do_not_enter(requested, approver):
    with pytest.raises(FormRejected):
        record_answer(requested, "F-0001", consent=False, reason="右\u202e左")
    with pytest.raises(FormRejected):
        cancel_contract(approver, "C-0001", "withdrawn", text="鐘\u0007")
    assert requested.store.get_record("answer", file_id="F-0001") is None


def test_the_fee_is_kept_and_replaced_until_it_is_paid(requested):
    assert set_fee(requested, "C-0001", hours=2)["total_yen"] == 28900
    assert set_fee(requested, "C-0001", hours=2.5)["total_yen"] == 32850
    paid = record_payment(requested, "C-0001", paid_on=date(2026, 11, 19))
    assert (paid["total_yen"], paid["paid"], paid["paid_on"]) == (32850, True, "2026-11-19")
    assert requested.store.get_record("payment", case_id="C-0001")["amount_yen"] == 32850
    for call in (lambda: set_fee(requested, "C-0001", hours=9), lambda: record_payment(requested, "C-0001")):
        with pytest.raises(TransitionRefused):
            call()


def test_nothing_is_paid_before_it_is_set_or_ahead_of_time(requested):
    with pytest.raises(TransitionRefused):
        record_payment(requested, "C-0001")
    set_fee(requested, "C-0001")
    with pytest.raises(FormRejected):
        record_payment(requested, "C-0001", paid_on=date(2026, 11, 21))


def test_no_fee_before_acceptance(office, write_form, form):
    from proposals.submission import submit_proposal

    submit_proposal(office, write_form(form))
    with pytest.raises(TransitionRefused):
        set_fee(office, "C-0001", hours=1)


def test_a_signature_needs_fee_and_every_answer(requested, approver):
    with pytest.raises(TransitionRefused) as caught:
        sign_contract(approver, "C-0001")
    assert [reason.code for reason in caught.value.reasons] == ["not-paid", "no-answer", "no-answer"]
    set_fee(requested, "C-0001")
    record_payment(requested, "C-0001")
    for file_id in ("F-0001", "F-0002"):
        record_answer(requested, file_id, consent=False)
    with pytest.raises(TransitionRefused) as caught:
        sign_contract(approver, "C-0001")
    assert [reason.code for reason in caught.value.reasons] == ["no-consent"]
    assert state(requested) is CaseState.REQUESTED
    assert requested.store.get_record("contract", case_id="C-0001") is None


def test_the_contract_holds_what_was_agreed(ready, approver, form):
    letter = sign_contract(approver, "C-0001")
    contract = ready.store.get_record("contract", case_id="C-0001")
    assert state(ready) is CaseState.CONTRACTED
    assert contract["fee_yen"] == 68400  # 21,000 + 12 × 3,950
    assert contract["files"] == ["F-0001", "F-0002"]
    assert contract["number"] == letter.number
    for key in ("purpose", "manner", "business", "aim", "period", "persons", "columns", "context"):
        assert contract[key] == form[key]
    with pytest.raises(TransitionRefused):
        sign_contract(approver, "C-0001")


def test_only_files_with_consent_are_in_the_contract(requested, approver):
    record_answer(requested, "F-0001", consent=True)
    record_answer(requested, "F-0002", consent=False)
    set_fee(requested, "C-0001")
    record_payment(requested, "C-0001")
    html = sign_contract(approver, "C-0001").path.read_text(encoding="utf-8")
    assert requested.store.get_record("contract", case_id="C-0001")["files"] == ["F-0001"]
    assert "見本県見本市" in html
    assert "見本県雛形市<" not in html


def test_a_screener_does_not_sign(ready):
    with pytest.raises(TransitionRefused):
        sign_contract(ready, "C-0001")
    assert state(ready) is CaseState.REQUESTED


@pytest.mark.parametrize("ground", ["deceit", "disqualified", "breach"])
def test_a_contract_ends_on_a_ground_of_the_law(ready, approver, ground):
    sign_contract(approver, "C-0001")
    html = cancel_contract(approver, "C-0001", ground, text="契約に反した。").path.read_text(encoding="utf-8")
    assert state(ready) is CaseState.CANCELLED
    assert "契約の解除について" in html
    assert "消去" in html
    assert {"deceit": "法第120条第1号", "disqualified": "法第120条第2号", "breach": "法第120条第3号"}[ground] in html


@pytest.mark.parametrize("ground", ["withdrawn", "whim", ""])
def test_a_contract_does_not_end_on_any_other(ready, approver, ground):
    sign_contract(approver, "C-0001")
    with pytest.raises(FormRejected) as caught:
        cancel_contract(approver, "C-0001", ground)
    assert "deceit, disqualified, breach" in caught.value.hint.render()
    assert state(ready) is CaseState.CONTRACTED


def test_before_the_contract_other_grounds_end_a_case(requested, approver):
    with pytest.raises(FormRejected):
        cancel_contract(approver, "C-0001", "breach")
    html = cancel_contract(approver, "C-0001", "not_supplied").path.read_text(encoding="utf-8")
    assert "手続の終了について" in html
    assert state(requested) is CaseState.CANCELLED


def test_a_proposer_may_withdraw_before_review(office, write_form, form):
    from proposals.submission import submit_proposal

    submit_proposal(office, write_form(form))
    cancel_contract(office, "C-0001", "withdrawn")
    assert state(office) is CaseState.CANCELLED


def test_the_former_law_counts_those_it_heard(old_office, write_form, form, answers):
    import dataclasses

    from proposals.case_review import accept_case, review_case, screen_case
    from proposals.submission import submit_proposal

    form["regime"] = "hishikibetsu-2017"
    form["proposers"][0]["declarations"]["cancelled_elsewhere"] = False
    submit_proposal(old_office, write_form(form))
    screen_case(old_office, "C-0001")
    review_case(old_office, "C-0001", answers)
    accept_case(dataclasses.replace(old_office, actor="mitome"), "C-0001")
    request = issue_requests(old_office, "C-0001")[0]
    assert "意見書" in request.letter.path.read_text(encoding="utf-8")
    record_opinions(old_office, "F-0001", notified=90, opposed=0)
    record_opinions(old_office, "F-0001", notified=100, opposed=3)
    record_opinions(old_office, "F-0002", notified=50, opposed=2)
    assert count_opinions(old_office, "C-0001") == (150, 5)
    # 21,000 + 1 × 3,950 + 150 × 210
    assert set_fee(old_office, "C-0001", hours=1)["total_yen"] == 56450
    with pytest.raises(FormRejected):
        record_opinions(old_office, "F-0001", notified=1, opposed=2)


def test_the_law_in_force_records_no_opinions(requested):
    with pytest.raises(FormRejected):
        record_opinions(requested, "F-0001", notified=1, opposed=0)
