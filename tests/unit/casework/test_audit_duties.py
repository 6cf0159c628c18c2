"""The audit reads separation of duties, required steps and the place of a case out of the chain itself, on both databases.

Every event here is appended past the rules by people who have the role: what stands against it is their own earlier work alone.
"""

import pytest

from casework.audit import verify_books
from casework.states import CaseState, FileState

PROCESSED = ("file.processed", "processor", "processed")
REFUSED = ("file.refused", "reviewer", "refused")
PROPOSED = ("file.override_proposed", "reviewer", "refused")
ASSESSED = ("file.assessed", "reviewer", "assessed")


def forge(store, steps, **where):
    """Append events that fit the chain, and return those that the audit says nobody might write."""
    first = store.chain_head().sequence
    for event, actor, state in steps:
        with store.transaction():
            store._append(event, actor, state=state, **where)
    names = {event.sequence: event.event for event in store.events() if event.sequence > first}
    findings = verify_books(store, witnessed=store.chain_head()).findings
    return [names[f.params["sequence"]] for f in findings if f.kind.code == "event-unruled" and f.params["sequence"] > first]


@pytest.fixture
def case_id(store):
    """A proposal that the chief screened and the reviewer judged; chief and deputy have every role."""
    case_id = store.add_case({"regime": "tokumei-2023"}, actor="screener")
    store.move_case(case_id, CaseState.UNDER_REVIEW, actor="chief")
    store.add_record("review", {"met": 7}, actor="reviewer", case_id=case_id)
    return case_id


@pytest.fixture
def file_id(store, case_id):
    """A file in the common schema, of a contracted case."""
    register_id = store.add_register_entry({"name": "国保給付"}, actor="screener")
    store.move_case(case_id, CaseState.ACCEPTED, actor="approver")
    file_id = store.add_file(case_id, register_id=register_id, table="kokuho_benefit", actor="screener")
    store.move_case(case_id, CaseState.REQUESTED, actor="screener")
    store.move_file(file_id, FileState.RECEIVED, actor="processor")
    store.move_file(file_id, FileState.NORMALISED, actor="processor")
    return file_id


@pytest.mark.parametrize(
    ("steps", "against"),
    [
        ([("case.accepted", "chief", "accepted")], ["case.accepted"]),
        ([("case.accepted", "deputy", "accepted")], []),
        ([("case.rejected", "chief", "rejected")], ["case.rejected"]),
        ([("case.rejected", "deputy", "rejected")], []),
        ([("record.review", "deputy", None), ("case.accepted", "deputy", "accepted")], ["case.accepted"]),
        ([("record.screening", "deputy", None), ("case.accepted", "deputy", "accepted")], ["case.accepted"]),
        ([("record.decision", "chief", None)], ["record.decision"]),
        ([("record.decision", "deputy", None), ("case.accepted", "deputy", "accepted")], []),
    ],
)
def test_nobody_decides_a_proposal_they_judged(store, case_id, steps, against):
    assert forge(store, steps, case_id=case_id, subject=case_id) == against


@pytest.mark.parametrize(
    ("steps", "against"),
    [
        ([PROCESSED, ASSESSED, ("file.released", "release_officer", "released")], []),
        ([("file.processed", "deputy", "processed"), ("file.assessed", "deputy", "assessed")], ["file.assessed"]),
        ([("file.processed", "deputy", "processed"), ("file.refused", "deputy", "refused")], ["file.refused"]),
        ([("file.processed", "deputy", "processed"), ("record.risk", "deputy", None)], ["record.risk"]),
        ([PROCESSED, ("file.assessed", "chief", "assessed"), ("file.released", "chief", "released")], ["file.released"]),
        ([PROCESSED, REFUSED, PROPOSED, ("file.overridden", "approver", "assessed")], []),
        ([PROCESSED, REFUSED, ("file.overridden", "approver", "assessed")], ["file.overridden"]),
        ([PROCESSED, REFUSED, PROPOSED, PROCESSED, REFUSED, ("file.overridden", "approver", "assessed")], ["file.overridden"]),
        ([PROCESSED, REFUSED, PROPOSED, PROCESSED, REFUSED, PROPOSED, ("file.overridden", "approver", "assessed")], []),
        (
            [PROCESSED, REFUSED, ("file.override_proposed", "chief", "refused"), ("file.overridden", "chief", "assessed")],
            ["file.overridden"],
        ),
        (
            [("file.processed", "chief", "processed"), REFUSED, PROPOSED, ("file.overridden", "chief", "assessed")],
            ["file.overridden"],
        ),
        (
            [PROCESSED, REFUSED, PROPOSED, ("file.overridden", "deputy", "assessed"), ("file.released", "deputy", "released")],
            ["file.released"],
        ),
        ([("file.erased", "release_officer", "erased")], ["file.erased"]),
        ([("record.erasure_order", "processor", None), ("file.erased", "release_officer", "erased")], []),
        ([("record.erasure_order", "chief", None), ("file.erased", "chief", "erased")], ["file.erased"]),
    ],
)
def test_nobody_approves_their_own_work_on_a_file(store, case_id, file_id, steps, against):
    store.move_case(case_id, CaseState.CONTRACTED, actor="approver")
    assert forge(store, steps, case_id=case_id, file_id=file_id, subject=file_id) == against


def test_a_file_is_not_processed_before_the_contract(store, case_id, file_id):
    assert forge(store, [PROCESSED], case_id=case_id, file_id=file_id, subject=file_id) == ["file.processed"]


def test_the_work_of_one_file_excludes_nobody_from_another(store, case_id, file_id):
    register_id = store.add_register_entry({"name": "介護給付"}, actor="screener")
    other = store.add_file(case_id, register_id=register_id, table="kokuho_benefit", actor="screener")
    store.move_case(case_id, CaseState.CONTRACTED, actor="approver")
    assert forge(store, [("file.processed", "deputy", "processed")], case_id=case_id, file_id=file_id, subject=file_id) == []
    store.move_file(other, FileState.RECEIVED, actor="processor")
    store.move_file(other, FileState.NORMALISED, actor="processor")
    steps = [("file.processed", "processor", "processed"), ("file.assessed", "deputy", "assessed")]
    assert forge(store, steps, case_id=case_id, file_id=other, subject=other) == []
