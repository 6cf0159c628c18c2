"""How rules and people are put together."""

from itertools import product

import pytest

from proposals.reasons import reason
from proposals.verdicts import Answer, Outcome, Verdict, codes_with, combine, read_answers, read_verdicts, verdict_of
from schemas.messages import Name
from schemas.regimes import load_regime

PASS, FAIL, PERSON = Outcome.PASS, Outcome.FAIL, Outcome.NEEDS_PERSON


def ruled(outcome, code="persons"):
    return Verdict(code=code, number=2, article="法", outcome=outcome, reasons=())


def said(outcome, code="persons"):
    return Answer(code=code, outcome=outcome, reason="理由", actor="saku")


# The rule's fail cannot be lifted; without an answer the rule stands; else the person's word stands.
@pytest.mark.parametrize(("rule", "person"), list(product((PASS, FAIL, PERSON), (None, PASS, FAIL))))
def test_every_meeting_of_rule_and_person(rule, person):
    (line,) = combine([ruled(rule)], [said(person)] if person else [])
    expected = rule if rule is FAIL or person is None else person
    assert line.outcome is expected


def test_the_latest_answer_counts():
    (line,) = combine([ruled(PERSON)], [said(FAIL), said(PASS)])
    assert line.outcome is PASS


def test_an_answer_to_another_test_changes_nothing():
    (line,) = combine([ruled(PERSON)], [said(PASS, "method")])
    assert (line.outcome, line.answer) == (PERSON, None)


def test_codes_by_outcome():
    lines = combine([ruled(PASS, "a"), ruled(FAIL, "b"), ruled(PERSON, "c")], [])
    assert [codes_with(lines, outcome) for outcome in (PASS, FAIL, PERSON)] == [("a",), ("b",), ("c",)]


def test_a_rule_passes_only_what_is_a_rules():
    regime = load_regime("tokumei-2023")
    why = [reason("x", "why")]
    assert verdict_of(regime.get_criterion("persons"), []).outcome is PASS
    assert verdict_of(regime.get_criterion("persons"), [], why).outcome is PERSON
    assert verdict_of(regime.get_criterion("persons"), why, why).outcome is FAIL
    assert verdict_of(regime.get_criterion("contribution"), []).outcome is PERSON
    assert verdict_of(regime.get_criterion("contribution"), why).outcome is FAIL


def test_verdicts_and_answers_come_back_as_they_were_written():
    verdict = Verdict(
        code="method", number=3, article="法", outcome=FAIL,
        reasons=(reason("too-fine", "column {column} has {count}", "規則", column=Name("sex"), count=3),),
    )  # fmt: skip
    assert read_verdicts([verdict.to_json()]) == (verdict,)
    assert read_answers([said(PASS).to_json()]) == (said(PASS),)
