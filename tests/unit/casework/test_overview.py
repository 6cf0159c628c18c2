"""What is waited for, and how it is said."""

import pytest

from casework import i18n
from casework.labels import LABELS, name_labels
from casework.overview import describe_state, describe_step, list_waiting
from casework.states import CaseState, FileState, Role


@pytest.fixture(autouse=True)
def english():
    i18n.use_language("en")


@pytest.fixture
def waiting_store(store):
    register_id = store.add_register_entry({}, actor="screener")
    case_id = store.add_case({"regime": "tokumei-2023"}, actor="screener")
    store.move_case(case_id, CaseState.UNDER_REVIEW, actor="deputy")
    store.move_case(case_id, CaseState.ACCEPTED, actor="approver")
    store.add_file(case_id, register_id=register_id, table="t", actor="screener")
    store.add_case({"regime": "tokumei-2023"}, actor="screener")
    return store


def test_each_case_comes_with_its_files(waiting_store):
    assert [(item.id, item.case_id, item.state) for item in list_waiting(waiting_store)] == [
        ("C-0001", "C-0001", "accepted"),
        ("F-0001", "C-0001", "requested"),
        ("C-0002", "C-0002", "submitted"),
    ]


def test_ways_out_and_back_are_not_waited_for(waiting_store):
    case, file, _ = list_waiting(waiting_store)
    assert [step.target for step in case.steps] == ["requested"]
    assert [step.target for step in file.steps] == ["declined", "received"]


def test_a_step_says_what_has_to_come_first(waiting_store):
    _, file, _ = list_waiting(waiting_store)
    declined, received = file.steps
    assert (declined.needs, received.needs) == ((), ("contracted", "requested"))
    assert describe_step(received) == (
        "receive the file — processor: chief, deputy, processor (first the case must be: contracted/requested)"
    )


def test_who_screened_is_not_among_those_who_may_decide(store):
    store.add_case({"regime": "tokumei-2023"}, actor="screener")
    store.move_case("C-0001", CaseState.UNDER_REVIEW, actor="deputy")
    store.add_record("review", {}, actor="chief", case_id="C-0001")
    (case,) = list_waiting(store)
    people = {step.target: step.people for step in case.steps}
    assert people["accepted"] == people["rejected"] == ("approver",)
    store.add_person("approver", [], actor="chief")
    assert "accept the proposal — approver: nobody yet" in [describe_step(step) for step in list_waiting(store)[0].steps]


def test_names_are_said_in_the_language_in_use():
    assert describe_state(CaseState.UNDER_REVIEW) == "under review"
    i18n.use_language("ja")
    assert describe_state(FileState.RELEASED) == "提供済み"
    assert name_labels([Role.REVIEWER, Role.APPROVER]).render(i18n.translate) == "承認者/評価担当"


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_no_two_roles_and_no_two_states_of_a_kind_are_called_the_same(language):
    i18n.use_language(language)
    for kind in (CaseState, FileState, Role):
        assert len({i18n.translate(LABELS[key]) for key in kind}) == len(kind)
