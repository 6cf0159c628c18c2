"""Screening, review and decision in a real case store: order, persons, revisions."""

import pytest

from casework.i18n import find_translator
from casework.states import CaseState
from proposals.answers import decide_case, to_answers
from proposals.case_review import accept_case, find_sheet, get_sheet, reject_case, return_case, review_case, screen_case
from proposals.reasons import check_words
from proposals.submission import submit_proposal
from schemas.errors import FileRejected, FormRejected, TransitionRefused


def state(office):
    return office.store.get_case("C-0001").state


def events(office):
    return [event.event for event in office.store.events(case_id="C-0001")]


@pytest.fixture
def submitted(office, write_form, form):
    submit_proposal(office, write_form(form))
    return office


def test_a_submission_keeps_form_hash_day_and_entries(office, write_form, form):
    submission = submit_proposal(office, write_form(form))
    case = office.store.get_case("C-0001")
    assert {key: case.document[key] for key in form} == form
    assert case.document["receipt"] == {
        "sha256": submission.sha256,
        "size_bytes": write_form(form).stat().st_size,
        "received_on": "2026-11-20",
        "register_entries": ["R-0001", "R-0002"],
    }
    assert (case.regime, case.state, submission.revision) == ("tokumei-2023", CaseState.SUBMITTED, 1)


def test_a_form_for_nothing_on_offer_leaves_no_case(office, write_form, form):
    form["files"]["register_entries"] = ["R-0009"]
    with pytest.raises(FormRejected):
        submit_proposal(office, write_form(form))
    assert office.store.list_cases() == ()


def test_real_municipalities_do_not_enter_a_synthetic_office(office, write_form, form, entry):
    office.store.add_register_entry({**entry, "municipality_code": "131041"}, actor="saku")
    form["files"]["register_entries"] = ["R-0003"]
    with pytest.raises(FileRejected):
        submit_proposal(office, write_form(form))
    assert office.store.list_cases() == ()


def test_the_way_to_acceptance(submitted, approver, answers):
    sheet = screen_case(submitted, "C-0001")
    assert state(submitted) is CaseState.UNDER_REVIEW
    assert (sheet.failed, sheet.waiting) == ((), ("contribution", "period", "protection", "hindrance"))
    assert review_case(submitted, "C-0001", answers).waiting == ()
    accept_case(approver, "C-0001", "適切と認める。")
    assert state(submitted) is CaseState.ACCEPTED
    decision = submitted.store.get_record("decision", case_id="C-0001")
    assert (decision["decision"], decision["reason"], decision["sheet"]["failed"]) == ("accepted", "適切と認める。", [])
    assert events(submitted) == ["case.submitted", "case.screened", "record.screening", "record.review", "record.decision", "case.accepted"]


def test_open_tests_keep_a_case_from_acceptance(submitted, approver, answers):
    screen_case(submitted, "C-0001")
    review_case(submitted, "C-0001", answers[:2])
    with pytest.raises(TransitionRefused) as caught:
        accept_case(approver, "C-0001")
    assert [reason.message.params["criterion"] for reason in caught.value.reasons] == ["protection", "hindrance"]
    assert caught.value.hint.render().startswith("answer the open ones: sakusei proposal review C-0001")
    assert state(submitted) is CaseState.UNDER_REVIEW
    assert submitted.store.get_record("decision", case_id="C-0001") is None


def test_a_failed_test_keeps_a_case_from_acceptance(submitted, approver, answers):
    screen_case(submitted, "C-0001")
    review_case(submitted, "C-0001", [*answers[:3], {"criterion": "hindrance", "verdict": "fail", "reason": "事務に著しい支障がある。"}])
    with pytest.raises(TransitionRefused) as caught:
        accept_case(approver, "C-0001")
    hint = caught.value.hint.render()
    assert "sakusei proposal decide C-0001 --return" in hint
    assert "answer the open ones" not in hint
    reject_case(approver, "C-0001")
    assert state(submitted) is CaseState.REJECTED


def test_with_a_failed_and_an_open_test_the_hint_names_both_ways(submitted, approver):
    screen_case(submitted, "C-0001")
    review_case(submitted, "C-0001", [{"criterion": "hindrance", "verdict": "fail", "reason": "事務に著しい支障がある。"}])
    with pytest.raises(TransitionRefused) as caught:
        accept_case(approver, "C-0001")
    hint = caught.value.hint.render()
    assert hint.startswith("a failed test ends in --return or --reject: sakusei proposal decide C-0001")
    assert hint.endswith("sakusei proposal review C-0001")


def test_nobody_decides_what_they_screened_or_reviewed(colleague, approver, write_form, form, answers):
    submit_proposal(colleague, write_form(form))
    screen_case(colleague, "C-0001")
    review_case(colleague, "C-0001", answers)
    with pytest.raises(TransitionRefused):
        accept_case(colleague, "C-0001")
    accept_case(approver, "C-0001")


def test_a_screener_is_no_approver(submitted, answers):
    screen_case(submitted, "C-0001")
    review_case(submitted, "C-0001", answers)
    with pytest.raises(TransitionRefused):
        accept_case(submitted, "C-0001")
    assert state(submitted) is CaseState.UNDER_REVIEW


def test_no_rejection_without_a_failed_test(submitted, approver, answers):
    screen_case(submitted, "C-0001")
    review_case(submitted, "C-0001", answers)
    with pytest.raises(TransitionRefused) as caught:
        reject_case(approver, "C-0001", "気が進まない。")
    assert "no test failed" in str(caught.value)


def test_disqualification_is_ground_enough(office, approver, write_form, form):
    form["proposers"][0]["declarations"]["bankrupt"] = True
    submit_proposal(office, write_form(form))
    assert screen_case(office, "C-0001").failed == ("disqualification",)
    reject_case(approver, "C-0001")
    assert state(office) is CaseState.REJECTED


def test_a_returned_case_comes_back_as_a_new_revision(office, approver, write_form, form, answers):
    form["proposers"][0]["identity_paper"]["issued_on"] = "2025-01-01"
    submit_proposal(office, write_form(form))
    assert screen_case(office, "C-0001").failed == ("papers",)
    review_case(office, "C-0001", answers)
    return_case(office, "C-0001", "新しい証明書を添付してください。")
    assert state(office) is CaseState.RETURNED
    with pytest.raises(TransitionRefused):
        screen_case(office, "C-0001")
    form["proposers"][0]["identity_paper"]["issued_on"] = "2026-11-01"
    assert submit_proposal(office, write_form(form), case_id="C-0001").revision == 2
    # What was said of the first revision says nothing of the second.
    assert find_sheet(office, "C-0001") is None
    with pytest.raises(TransitionRefused):
        accept_case(approver, "C-0001")
    assert screen_case(office, "C-0001").waiting == ("contribution", "period", "protection", "hindrance")


def test_a_return_says_what_to_correct(submitted, answers):
    screen_case(submitted, "C-0001")
    with pytest.raises(TransitionRefused):
        return_case(submitted, "C-0001", "  ")
    return_case(submitted, "C-0001", "事業の内容を詳しく記載してください。")


def test_only_returned_cases_take_a_correction(submitted, write_form, form):
    with pytest.raises(TransitionRefused):
        submit_proposal(submitted, write_form(form), case_id="C-0001")


def test_screening_again_sees_the_register_as_it_is_now(submitted, entry):
    screen_case(submitted, "C-0001")
    submitted.store.revise_register_entry("R-0001", {**entry, "open_to_proposals": False}, actor="saku")
    assert screen_case(submitted, "C-0001").failed == ("register",)
    assert events(submitted).count("case.screened") == 1


def test_answers_are_checked_all_at_once(office, write_form, form):
    form["persons"] = 999
    submit_proposal(office, write_form(form))
    screen_case(office, "C-0001")
    wrong = [
        {"criterion": "beauty", "verdict": "pass", "reason": "美しい。"},
        {"criterion": "persons", "verdict": "pass", "reason": "ほぼ千人である。"},
        {"criterion": "period", "verdict": "perhaps", "reason": "不明。"},
        {"criterion": "hindrance", "verdict": "pass", "reason": " "},
        {"criterion": "protection", "verdict": "pass", "reason": "右から\u202e左"},
    ]
    with pytest.raises(FormRejected) as caught:
        review_case(office, "C-0001", wrong)
    assert [finding.kind.code for finding in caught.value.findings] == [
        "review.no-test", "review.rule-failed", "review.no-verdict", "review.no-reason", "review.no-reason",
    ]  # fmt: skip
    assert office.store.get_record("review", case_id="C-0001") is None


def test_a_person_can_fail_what_a_rule_passed(submitted):
    screen_case(submitted, "C-0001")
    answer = {"criterion": "method", "verdict": "fail", "reason": "市区町村別では粒度が細か過ぎる。"}
    assert review_case(submitted, "C-0001", [answer]).failed == ("method",)
    assert review_case(submitted, "C-0001", [{**answer, "verdict": "pass"}]).failed == ()


def test_nothing_is_reviewed_or_decided_before_screening(submitted, approver, answers):
    with pytest.raises(TransitionRefused):
        get_sheet(submitted, "C-0001")
    for call in (
        lambda: review_case(submitted, "C-0001", answers),
        lambda: accept_case(approver, "C-0001"),
        lambda: reject_case(approver, "C-0001"),
    ):
        with pytest.raises(TransitionRefused):
            call()


def test_words_of_a_command_line(approver, tmp_path):
    assert to_answers(None, criterion="period", verdict="pass", reason="可") == [{"criterion": "period", "verdict": "pass", "reason": "可"}]
    (tmp_path / "a.yaml").write_text("review: 1\nanswers:\n- {criterion: period, verdict: pass, reason: 可}\n", encoding="utf-8")
    assert to_answers(tmp_path / "a.yaml") == [{"criterion": "period", "verdict": "pass", "reason": "可"}]
    for given in ({"criterion": "period"}, {"criterion": "period", "verdict": "pass"}, {}):
        with pytest.raises(FormRejected):
            to_answers(None, **given)
    with pytest.raises(FormRejected):
        to_answers(tmp_path / "a.yaml", criterion="period")
    with pytest.raises(FormRejected):
        decide_case(approver, "C-0001", None, "")
    check_words("")
    for words in ("\x1b[31m赤", "長" * 2001):
        with pytest.raises(FormRejected):
            check_words(words)


def test_no_word_of_the_proposer_is_in_the_events(submitted, approver, answers, form):
    screen_case(submitted, "C-0001")
    review_case(submitted, "C-0001", answers)
    accept_case(approver, "C-0001", "適切")
    told = str([(event.subject, dict(event.facts)) for event in submitted.store.events()])
    for word in (form["purpose"], form["proposers"][0]["name"], answers[0]["reason"], "適切"):
        assert word not in told


def test_a_refusal_names_the_state_in_the_language_of_the_reader(submitted):
    screen_case(submitted, "C-0001")
    return_case(submitted, "C-0001", "書き直してください。")
    with pytest.raises(TransitionRefused) as caught:
        screen_case(submitted, "C-0001")
    assert str(caught.value).startswith("C-0001 is returned:")
    spoken = caught.value.message.render(find_translator("ja"))
    assert "補正" in spoken
    assert "returned" not in spoken
