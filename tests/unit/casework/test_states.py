"""The tables of states hold together, and the diagram shows them."""

from itertools import pairwise

import pytest

from casework.i18n import find_translator
from casework.labels import LABELS
from casework.states import (
    CASE_TRANSITIONS,
    FILE_TRANSITIONS,
    RECORD_RULES,
    RULES,
    CaseState,
    FileState,
    Role,
    find_label,
    find_transition,
    find_transitions,
    next_steps,
    to_mermaid,
)

EVERY = CASE_TRANSITIONS + FILE_TRANSITIONS


def test_the_way_of_a_case_from_proposal_to_close():
    way = [None, "submitted", "under_review", "accepted", "requested", "contracted", "closed"]
    steps = [find_transition(CaseState(a) if a else None, CaseState(b)) for a, b in pairwise(way)]
    assert [(step.event, *step.roles) for step in steps] == [
        ("case.submitted", "screener"),
        ("case.screened", "screener"),
        ("case.accepted", "approver"),
        ("case.requested", "screener"),
        ("case.contracted", "approver"),
        ("case.closed", "release_officer"),
    ]


def test_the_way_of_a_file_from_request_to_erasure():
    way = [None, "requested", "received", "normalised", "processed", "assessed", "released", "erased"]
    steps = [find_transition(FileState(a) if a else None, FileState(b)) for a, b in pairwise(way)]
    assert [(step.event, *step.roles) for step in steps] == [
        ("file.requested", "screener"),
        ("file.received", "processor"),
        ("file.normalised", "processor"),
        ("file.processed", "processor"),
        ("file.assessed", "reviewer"),
        ("file.released", "release_officer"),
        ("file.erased", "release_officer"),
    ]


@pytest.mark.parametrize("state", [CaseState.REJECTED, CaseState.CLOSED, CaseState.CANCELLED, FileState.DECLINED, FileState.ERASED])
def test_an_end_is_an_end(state):
    assert next_steps(state) == ()


@pytest.mark.parametrize("states", [CaseState, FileState])
def test_every_state_can_be_reached_and_left_unless_it_is_an_end(states):
    reached, frontier = set(), {None}
    table = CASE_TRANSITIONS if states is CaseState else FILE_TRANSITIONS
    while frontier:
        frontier = {step.target for step in table if step.source in frontier} - reached
        reached |= frontier
    assert reached == set(states)


def test_no_two_steps_lead_the_same_way():
    assert len({(step.source, step.target) for step in EVERY}) == len(EVERY)


def test_whoever_is_excluded_is_excluded_by_an_event_that_exists():
    events = {step.event for step in EVERY} | {rule.event for rule in RECORD_RULES.values()} | set(RULES)
    for rule in (*EVERY, *RECORD_RULES.values(), *RULES.values()):
        assert rule.excludes <= events, rule.event
        assert rule.requires <= events, rule.event
        assert rule.roles, rule.event


@pytest.mark.parametrize("event", ["case.accepted", "case.rejected", "file.assessed", "file.refused", "file.released", "file.erased"])
def test_every_approval_excludes_someone(event):
    assert all(step.excludes for step in find_transitions(event))


def test_an_auditor_moves_nothing():
    assert not any(Role.AUDITOR in step.roles for step in EVERY)


def test_everything_has_a_label():
    assert set(LABELS) == set(CaseState) | set(FileState) | set(Role)


def test_the_diagram_has_one_arrow_per_step_and_one_per_end():
    text = to_mermaid()
    arrows = [line for line in text.splitlines() if "-->" in line]
    assert text.startswith("stateDiagram-v2\n")
    assert len(arrows) == len(EVERY) + 5
    assert "file_processed --> file_assessed: file.assessed [reviewer] (not by file.processed)" in text


def test_every_rule_says_in_both_languages_what_is_done():
    japanese = find_translator("ja")
    for rule in (*EVERY, *RECORD_RULES.values(), *RULES.values()):
        assert rule.label
        assert "." not in rule.label
        assert japanese(rule.label) != rule.label
    assert find_label("record.erasure_order") == "order the erasure"
    assert find_label("nothing.known") == "nothing.known"
