"""Roles, states and the two-person rule, on both databases."""

from datetime import date

import pytest
from sqlalchemy import text

from casework.states import CaseState, FileState, Role
from schemas.errors import InternalError, SettingsError, TransitionRefused
from schemas.messages import Name

PROPOSAL = {"regime": "tokumei-2023", "title": "見本", "period": {"to": date(2027, 3, 31)}}


def accepted_case(store):
    case_id = store.add_case(PROPOSAL, actor="screener")
    store.move_case(case_id, CaseState.UNDER_REVIEW, actor="screener")
    store.move_case(case_id, CaseState.ACCEPTED, actor="approver")
    return case_id


def contracted_file(store):
    register_id = store.add_register_entry({"name": "国保給付"}, actor="screener")
    case_id = accepted_case(store)
    file_id = store.add_file(case_id, register_id=register_id, table="kokuho_benefit", actor="screener")
    store.move_case(case_id, CaseState.REQUESTED, actor="screener")
    store.move_case(case_id, CaseState.CONTRACTED, actor="approver")
    return case_id, file_id


def processed_file(store, processor="processor"):
    case_id, file_id = contracted_file(store)
    for state in (FileState.RECEIVED, FileState.NORMALISED, FileState.PROCESSED):
        store.move_file(file_id, state, actor=processor)
    return case_id, file_id


def test_ids_count_up_by_kind(store):
    assert [store.add_register_entry({}, actor="screener") for _ in range(2)] == ["R-0001", "R-0002"]
    assert [store.add_case(PROPOSAL, actor="screener") for _ in range(2)] == ["C-0001", "C-0002"]
    assert store.add_record("release", {}, actor="release_officer", case_id="C-0001") == "L-0001"


def test_ids_are_listed_by_number_past_four_digits(store):
    with store.transaction():
        store.add_register_entry({}, actor="screener")
        store._writing().execute(text("UPDATE counters SET value = 9998 WHERE prefix = 'R'"))
        for _ in range(3):
            store.add_register_entry({}, actor="screener")
    assert [entry.id for entry in store.list_register()] == ["R-0001", "R-9999", "R-10000", "R-10001"]


def test_a_case_goes_its_way_with_one_event_per_step(store):
    before = sum(1 for _ in store.events())
    case_id = accepted_case(store)
    events = list(store.events(case_id=case_id))
    assert [(event.event, event.state, event.actor) for event in events] == [
        ("case.submitted", "submitted", "screener"),
        ("case.screened", "under_review", "screener"),
        ("case.accepted", "accepted", "approver"),
    ]
    assert store.get_case(case_id).state is CaseState.ACCEPTED
    assert sum(1 for _ in store.events()) == before + 3
    assert store.actors_of(event="case.accepted", case_id=case_id) == {"approver"}


def test_a_document_comes_back_in_plain_types(store):
    case = store.get_case(accepted_case(store))
    assert case.document == {"regime": "tokumei-2023", "title": "見本", "period": {"to": "2027-03-31"}}
    assert (case.regime, case.revision) == ("tokumei-2023", 1)


def test_a_returned_case_comes_back_with_a_new_revision(store):
    case_id = store.add_case(PROPOSAL, actor="screener")
    store.move_case(case_id, CaseState.UNDER_REVIEW, actor="screener")
    store.move_case(case_id, CaseState.RETURNED, actor="screener")
    with pytest.raises(TransitionRefused, match="waits for a corrected proposal"):
        store.move_case(case_id, CaseState.UNDER_REVIEW, actor="screener")
    assert store.resubmit_case(case_id, PROPOSAL | {"title": "改"}, actor="screener") == 2
    case = store.get_case(case_id)
    assert (case.state, case.revision, case.document["title"]) == (CaseState.UNDER_REVIEW, 2, "改")
    with pytest.raises(TransitionRefused, match="already under review"):
        store.resubmit_case(case_id, PROPOSAL, actor="screener")


@pytest.mark.parametrize("target", [CaseState.SUBMITTED, CaseState.CLOSED, CaseState.CONTRACTED])
def test_a_step_that_is_not_in_the_table_is_refused_and_leaves_no_event(store, target):
    case_id, head = accepted_case(store), store.head()
    with pytest.raises(TransitionRefused, match="cannot become"):
        store.move_case(case_id, target, actor="chief")
    assert store.head() == head


@pytest.mark.parametrize("actor", sorted(set(Role) - {Role.SCREENER}))
def test_a_step_needs_its_role(store, actor):
    with pytest.raises(TransitionRefused, match="the role screener is needed"):
        store.add_case(PROPOSAL, actor=actor)
    assert store.list_cases() == ()


def test_a_stranger_does_nothing(store):
    with pytest.raises(TransitionRefused, match="not a person of this office"):
        store.add_case(PROPOSAL, actor="stranger")


def test_nobody_decides_what_they_screened(store):
    case_id = store.add_case(PROPOSAL, actor="screener")
    store.move_case(case_id, CaseState.UNDER_REVIEW, actor="chief")
    for target in (CaseState.ACCEPTED, CaseState.REJECTED):
        with pytest.raises(TransitionRefused, match="nobody approves their own work"):
            store.move_case(case_id, target, actor="chief")
    with pytest.raises(TransitionRefused, match="nobody approves their own work"):
        store.add_record("decision", {}, actor="chief", case_id=case_id)
    store.move_case(case_id, CaseState.ACCEPTED, actor="deputy")


@pytest.mark.parametrize("kind", ["screening", "review"])
def test_nobody_decides_after_a_record_of_their_own_review(store, kind):
    case_id = store.add_case(PROPOSAL, actor="screener")
    store.move_case(case_id, CaseState.UNDER_REVIEW, actor="screener")
    store.add_record(kind, {"verdicts": []}, actor="chief", case_id=case_id)
    with pytest.raises(TransitionRefused, match="nobody approves their own work"):
        store.move_case(case_id, CaseState.ACCEPTED, actor="chief")


def test_what_one_did_in_another_case_does_not_count(store):
    first, second = (store.add_case(PROPOSAL, actor="screener") for _ in range(2))
    store.move_case(first, CaseState.UNDER_REVIEW, actor="chief")
    store.move_case(second, CaseState.UNDER_REVIEW, actor="screener")
    store.move_case(second, CaseState.ACCEPTED, actor="chief")
    assert store.get_case(second).state is CaseState.ACCEPTED


@pytest.mark.parametrize("target", [FileState.ASSESSED, FileState.REFUSED])
def test_nobody_assesses_what_they_processed(store, target):
    _, file_id = processed_file(store, processor="chief")
    with pytest.raises(TransitionRefused, match="nobody approves their own work"):
        store.move_file(file_id, target, actor="chief")
    with pytest.raises(TransitionRefused, match="nobody approves their own work"):
        store.add_record("risk", {}, actor="chief", file_id=file_id)
    store.move_file(file_id, target, actor="deputy")


def test_nobody_releases_what_they_assessed(store):
    _, file_id = processed_file(store)
    store.move_file(file_id, FileState.ASSESSED, actor="chief")
    with pytest.raises(TransitionRefused, match="nobody approves their own work"):
        store.move_file(file_id, FileState.RELEASED, actor="chief")
    store.move_file(file_id, FileState.RELEASED, actor="release_officer")


def test_a_refused_file_goes_back_to_a_new_plan(store):
    _, file_id = processed_file(store)
    store.move_file(file_id, FileState.REFUSED, actor="reviewer")
    store.move_file(file_id, FileState.PROCESSED, actor="processor", facts={"k": 20})
    assert store.get_file(file_id).state is FileState.PROCESSED
    assert list(store.events(file_id=file_id))[-1].facts == {"k": 20}


def test_a_file_is_processed_only_under_a_contract(store):
    register_id = store.add_register_entry({}, actor="screener")
    case_id = accepted_case(store)
    file_id = store.add_file(case_id, register_id=register_id, table="t", actor="screener")
    store.move_case(case_id, CaseState.REQUESTED, actor="screener")
    for state in (FileState.RECEIVED, FileState.NORMALISED):
        store.move_file(file_id, state, actor="processor")
    with pytest.raises(TransitionRefused, match="needs it to be contracted"):
        store.move_file(file_id, FileState.PROCESSED, actor="processor")
    with pytest.raises(TransitionRefused, match="needs it to be contracted"):
        store.check_file_step(file_id, FileState.PROCESSED, actor="processor")


def test_no_file_is_asked_for_before_the_decision(store):
    register_id = store.add_register_entry({}, actor="screener")
    case_id = store.add_case(PROPOSAL, actor="screener")
    with pytest.raises(TransitionRefused, match="needs it to be accepted"):
        store.add_file(case_id, register_id=register_id, table="t", actor="screener")


def test_a_case_closes_when_its_files_are_settled(store):
    case_id, file_id = processed_file(store)
    with pytest.raises(TransitionRefused, match="1 open files, the first is F-0001"):
        store.move_case(case_id, CaseState.CLOSED, actor="release_officer")
    store.move_file(file_id, FileState.ASSESSED, actor="reviewer")
    store.move_file(file_id, FileState.RELEASED, actor="release_officer")
    store.move_case(case_id, CaseState.CLOSED, actor="release_officer")


def test_a_file_is_not_erased_past_the_vault(store):
    _, file_id = contracted_file(store)
    with pytest.raises(TransitionRefused, match="by the vault alone"):
        store.move_file(file_id, FileState.ERASED, actor="release_officer")


def test_an_erasure_is_ordered_by_one_and_carried_out_by_another(store):
    _, file_id = contracted_file(store)
    with pytest.raises(TransitionRefused, match="needs another before it: order the erasure"):
        store.begin_erasure(file_id, actor="chief")
    store.order_erasure(file_id, actor="chief")
    with pytest.raises(TransitionRefused, match="nobody approves their own work"):
        store.begin_erasure(file_id, actor="chief")
    store.begin_erasure(file_id, actor="deputy")
    assert store.list_erasing() == (file_id,)
    with pytest.raises(TransitionRefused, match="is being erased"):
        store.move_file(file_id, FileState.RECEIVED, actor="processor")


def test_records_are_found_by_kind_case_and_file(store):
    case_id, file_id = contracted_file(store)
    store.add_record("fee", {"yen": 1}, actor="screener", case_id=case_id)
    store.add_record("fee", {"yen": 2}, actor="screener", case_id=case_id)
    store.add_record("plan", {"k": 10}, actor="processor", file_id=file_id)
    assert store.get_record("fee", case_id=case_id) == {"yen": 2}
    assert store.get_record("plan", case_id=case_id) == {"k": 10}
    assert store.get_record("plan", file_id="F-0999") is None
    assert [record.document for record in store.list_records("fee", case_id=case_id)] == [{"yen": 1}, {"yen": 2}]
    record = store.list_records("plan")[0]
    assert (record.case_id, record.file_id, record.actor) == (case_id, file_id, "processor")


def test_a_record_of_an_unknown_kind_is_a_defect(store):
    with pytest.raises(InternalError):
        store.add_record("gossip", {}, actor="chief")


def test_facts_hold_numbers_and_names_alone(store):
    case_id = store.add_case(PROPOSAL, actor="screener")
    with pytest.raises(TypeError, match="number or a Name"):
        store.move_case(case_id, CaseState.UNDER_REVIEW, actor="screener", facts={"who": "千代田"})
    assert store.get_case(case_id).state is CaseState.SUBMITTED
    store.move_case(case_id, CaseState.UNDER_REVIEW, actor="screener", facts={"rule": Name("r-1"), "met": 7, "share": 0.5})
    assert list(store.events(case_id=case_id))[-1].facts == {"rule": "r-1", "met": 7, "share": 0.5}


def test_register_entries_are_revised_and_struck(store):
    entry_id = store.add_register_entry({"persons": 1200}, actor="screener")
    assert store.revise_register_entry(entry_id, {"persons": 1300}, actor="screener") == 2
    assert store.get_register_entry(entry_id).document == {"persons": 1300}
    store.strike_register_entry(entry_id, actor="screener")
    assert store.list_register() == ()
    assert [entry.struck for entry in store.list_register(struck=True)] == [True]
    with pytest.raises(TransitionRefused, match="is struck"):
        store.revise_register_entry(entry_id, {}, actor="screener")
    with pytest.raises(TransitionRefused, match="is struck"):
        store.add_file(accepted_case(store), register_id=entry_id, table="t", actor="screener")


@pytest.mark.parametrize(
    "ask",
    [
        lambda store: store.get_case("C-0404"),
        lambda store: store.get_file("F-0404"),
        lambda store: store.get_register_entry("R-0404"),
        lambda store: store.add_record("plan", {}, actor="processor", file_id="F-0404"),
    ],
)
def test_what_is_not_there_is_refused_with_a_hint(store, ask):
    with pytest.raises(TransitionRefused, match="is not known to this office") as caught:
        ask(store)
    assert "sakusei status" in caught.value.hint.render()


def test_people_change_by_approvers_and_never_themselves(store):
    with pytest.raises(TransitionRefused, match="the role approver is needed"):
        store.add_person("newcomer", [Role.AUDITOR], actor="screener")
    with pytest.raises(TransitionRefused, match="nobody changes their own roles"):
        store.add_person("approver", list(Role), actor="approver")
    store.add_person("Newcomer", [Role.AUDITOR], actor="approver")
    assert store.get_person("newcomer").roles == {Role.AUDITOR}
    store.add_person("newcomer", [], actor="approver")
    assert store.get_person("newcomer").roles == frozenset()


@pytest.mark.parametrize("person_id", ["", "a" * 33, "a b", "a\n", "../x", "-a", "漢字"])
def test_ids_of_people_are_plain(store, person_id):
    with pytest.raises(SettingsError):
        store.add_person(person_id, [], actor="chief")


@pytest.mark.parametrize("length", [1, 32])
def test_the_shortest_and_longest_id_of_a_person(store, length):
    assert store.add_person("a" * length, [], actor="chief").id == "a" * length


def test_a_group_of_writes_happens_whole_or_not_at_all(store):
    head = store.head()
    with pytest.raises(TransitionRefused), store.transaction():
        case_id = store.add_case(PROPOSAL, actor="screener")
        store.move_case(case_id, CaseState.ACCEPTED, actor="approver")
    assert (store.head(), store.list_cases()) == (head, ())
    assert store.add_case(PROPOSAL, actor="screener") == "C-0001"


def test_a_refusal_inside_a_group_leaves_the_rest(store):
    with store.transaction():
        case_id = store.add_case(PROPOSAL, actor="screener")
        with pytest.raises(TransitionRefused):
            store.move_case(case_id, CaseState.ACCEPTED, actor="approver")
        store.move_case(case_id, CaseState.UNDER_REVIEW, actor="screener")
    assert store.get_case(case_id).state is CaseState.UNDER_REVIEW


def test_a_paper_lies_where_the_store_says(store, tmp_path):
    case_id = accepted_case(store)
    path = store.add_paper("notice", "通知".encode(), ".txt", actor="approver", case_id=case_id)
    assert path.parent == tmp_path / "papers"
    assert path.read_text(encoding="utf-8") == "通知"
    assert path.name.endswith(f"{case_id}-notice.txt")
    (paper,) = store.list_papers(case_id=case_id)
    assert (store.paper_path(paper), paper.size_bytes) == (path, 6)
    with pytest.raises(TransitionRefused):
        store.add_paper("notice", b"", ".txt", actor="auditor", case_id=case_id)


@pytest.mark.parametrize(("kind", "suffix"), [("../x", ".txt"), ("x", ".txt/../y"), ("x", "txt"), ("", ".txt")])
def test_a_paper_cannot_leave_its_folder(store, kind, suffix):
    with pytest.raises(InternalError):
        store.add_paper(kind, b"", suffix, actor="chief")


def test_a_paper_of_a_group_that_failed_is_swept(store, tmp_path):
    with pytest.raises(RuntimeError), store.transaction():
        store.add_paper("notice", b"x", ".txt", actor="approver")
        raise RuntimeError
    assert len(list((tmp_path / "papers").iterdir())) == 1
    assert store.sweep_papers() == 1
    kept = store.add_paper("notice", b"y", ".txt", actor="approver")
    assert store.sweep_papers() == 0
    assert kept.read_bytes() == b"y"


@pytest.mark.parametrize("statement", ["UPDATE events SET actor = 'x'", "DELETE FROM documents", "UPDATE papers SET kind = 'x'"])
def test_what_was_written_once_refuses_change(store, statement):
    case_id = accepted_case(store)
    store.add_paper("notice", b"y", ".txt", actor="approver", case_id=case_id)
    with pytest.raises(SettingsError, match="case store does not answer"), store.transaction():
        store._writing().execute(text(statement))
    assert store.get_case(case_id).state is CaseState.ACCEPTED


def test_who_may_is_by_role_and_earlier_work(store):
    from casework.states import find_transition

    case_id = store.add_case(PROPOSAL, actor="screener")
    store.move_case(case_id, CaseState.UNDER_REVIEW, actor="chief")
    step = find_transition(CaseState.UNDER_REVIEW, CaseState.ACCEPTED)
    assert store.who_may(step, case_id=case_id) == ("approver", "deputy")


def test_the_books_are_opened_once(store):
    with pytest.raises(SettingsError, match="belongs to an office already"):
        store.open_books(synthetic=True, actor="chief", regime="tokumei-2023", key_sha256="0" * 64)


ENTRY = {"municipality_code": "900001", "table": "kokuho_benefit", "name": "国保給付"}


def test_an_entry_said_twice_is_refused_with_the_way_to_revise_it(store):
    entry_id = store.add_register_entry(ENTRY | {"persons": 1200}, actor="screener")
    before = store.head()
    with pytest.raises(TransitionRefused, match="already: R-0001") as caught:
        store.add_register_entry(ENTRY | {"persons": 1300}, actor="screener")
    assert caught.value.hint.render().startswith("correct that entry: sakusei register revise R-0001 FILE")
    assert (store.head(), len(store.list_register())) == (before, 1)
    store.strike_register_entry(entry_id, actor="screener")
    assert store.add_register_entry(ENTRY, actor="screener") == "R-0002"


@pytest.mark.parametrize("change", [{"municipality_code": "900010"}, {"table": None}, {"name": "国保給付（退職）"}])
def test_entries_that_differ_in_one_name_stand_side_by_side(store, change):
    store.add_register_entry(ENTRY, actor="screener")
    assert store.add_register_entry(ENTRY | change, actor="screener") == "R-0002"
