"""A refusal is overridden by two persons, neither of whom processed the file, for the reasons of one verdict; on both databases."""

from itertools import product

import pytest

from casework.audit import verify_books
from casework.i18n import find_translator
from casework.overview import list_waiting
from casework.records import VaultItem
from casework.states import CaseState, FileState, Role
from casework.store.overrides import check_note
from schemas.errors import FormRejected, InternalError, ReleaseRefused, TransitionRefused
from schemas.findings import Reason
from schemas.messages import Message, Name
from schemas.regimes import load_regime, regime_names

POLICY = load_regime("tokumei-2023").override
MESSAGE = {"message": "the average risk is above {limit}", "params": {"limit": 0.09}, "article": None}
AVERAGE = {"code": "prosecutor-average", **MESSAGE}
HOMOGENEOUS = {"code": "homogeneous", **MESSAGE}
BELOW_K = {"code": "below-k", **MESSAGE}
NOTE = "審査委員会で検討し、提供先の管理の状況から相当と認めた。"
GROUND = "committee_decision"


def add_file(store, *, by="screener"):
    """Return a file of a contracted case that is normalised, the work of one person."""
    register_id = store.add_register_entry({}, actor=by)
    case_id = store.add_case({"regime": "tokumei-2023"}, actor=by)
    store.move_case(case_id, CaseState.UNDER_REVIEW, actor=by)
    store.move_case(case_id, CaseState.ACCEPTED, actor="approver")
    file_id = store.add_file(case_id, register_id=register_id, table="kokuho_benefit", actor=by)
    store.move_case(case_id, CaseState.REQUESTED, actor=by)
    store.move_case(case_id, CaseState.CONTRACTED, actor="approver")
    for state in (FileState.RECEIVED, FileState.NORMALISED):
        store.move_file(file_id, state, actor="processor")
    return file_id


def seal(store, file_id, digest, *, by="processor"):
    """Note that the vault holds a written file with this hash."""
    item = VaultItem(
        file_id=file_id, kind="processed", envelope=f"{digest[:8]}.age", sha256=digest, size_bytes=1, sealed_at="", erased_at=None
    )
    store.note_sealed(item, actor=by)


def process(store, file_id, *, by="processor", digest="a" * 64):
    """Process a file: the vault holds what was written."""
    with store.transaction():
        seal(store, file_id, digest, by=by)
        store.move_file(file_id, FileState.PROCESSED, actor=by)


def refuse(store, file_id, *, by="reviewer", digest="a" * 64, reasons=(AVERAGE,)):
    """Assess and refuse a file; return the id of the verdict."""
    with store.transaction():
        gate = store.add_record("gate", {"reasons": list(reasons), "released_sha256": digest}, actor=by, file_id=file_id)
        store.move_file(file_id, FileState.REFUSED, actor=by)
    return gate


def refused_file(store, **verdict):
    """Return a file that the reviewer refused."""
    file_id = add_file(store)
    process(store, file_id)
    refuse(store, file_id, **verdict)
    return file_id


def propose(store, file_id, by="reviewer", *, ground=GROUND, note=NOTE):
    return store.propose_override(file_id, ground=ground, note=note, actor=by)


def refusal(store, action, error=TransitionRefused):
    """The action is refused and nothing changed; return the error."""
    before = store.chain_head()
    with pytest.raises(error) as caught:
        action()
    assert store.chain_head() == before
    return caught.value


def holds(store):
    return verify_books(store, witnessed=store.chain_head()).findings == ()


def test_one_proposes_and_another_confirms(store):
    file_id = refused_file(store, reasons=[AVERAGE, HOMOGENEOUS, AVERAGE])
    gate = store.find_verdict(file_id)
    proposal = propose(store, file_id)
    assert store.get_file(file_id).state is FileState.REFUSED
    assert store.find_override(file_id).document == {
        "ground": "committee_decision",
        "note": NOTE,
        "gate": gate.id,
        "reasons": ["prosecutor-average", "homogeneous"],
        "released_sha256": "a" * 64,
    }
    verdict = store.confirm_override(file_id, proposal, actor="approver")
    assert store.get_file(file_id).state is FileState.ASSESSED
    found = store.find_verdict(file_id)
    assert found.id == verdict
    override = found.document["override"]
    assert found.document == {**gate.document, "override": override}
    assert {key: override[key] for key in ("proposal", "gate", "ground", "proposed_by", "confirmed_by", "reasons")} == {
        "proposal": proposal,
        "gate": gate.id,
        "ground": "committee_decision",
        "proposed_by": "reviewer",
        "confirmed_by": "approver",
        "reasons": ["prosecutor-average", "homogeneous"],
    }
    assert override["proposed_at"] < override["confirmed_at"]
    assert store.find_override(file_id) is None, "a proposal is spent once it was confirmed"
    store.move_file(file_id, FileState.RELEASED, actor="release_officer")
    assert holds(store)


def test_the_chain_names_both_persons_and_never_the_note(store):
    file_id = refused_file(store)
    verdict = store.confirm_override(file_id, propose(store, file_id), actor="approver")
    proposed, confirmed = [event for event in store.events(file_id=file_id) if "overrid" in event.event]
    assert (proposed.event, proposed.actor, proposed.state) == ("file.override_proposed", "reviewer", "refused")
    assert proposed.facts == {"ground": "committee_decision", "reasons": 1}
    assert (confirmed.event, confirmed.actor, confirmed.state) == ("file.overridden", "approver", "assessed")
    assert confirmed.facts == {"proposal": proposed.subject, "ground": "committee_decision", "reasons": 1}
    assert confirmed.subject == verdict
    assert proposed.content_sha256
    assert confirmed.content_sha256
    told = str(list(store.events())) + str(store.find_verdict(file_id).document)
    assert NOTE not in told


@pytest.mark.parametrize("role", list(Role))
def test_only_a_reviewer_proposes_and_only_an_approver_confirms(store, role):
    file_id = refused_file(store)
    if role is not Role.REVIEWER:
        refusal(store, lambda: propose(store, file_id, role.value))
    proposal = propose(store, file_id)
    if role is not Role.APPROVER:
        refusal(store, lambda: store.confirm_override(file_id, proposal, actor=role.value))
    refusal(store, lambda: store.confirm_override(file_id, proposal, actor="stranger"))
    assert store.get_file(file_id).state is FileState.REFUSED


def test_the_two_person_rule_in_every_combination(store):
    # Three people with all roles. Propose: not the processor. Confirm: neither processor nor proposer. Release: neither of the two.
    with store.transaction():
        store.add_person("third", set(Role), actor="chief")
        for processor, proposer, confirmer in product(("chief", "deputy", "third"), repeat=3):
            file_id = add_file(store)
            process(store, file_id, by=processor)
            refuse(store, file_id, by="reviewer")
            if proposer == processor:
                refusal(store, lambda: propose(store, file_id, proposer))  # noqa: B023 - called at once
                continue
            proposal = propose(store, file_id, proposer)
            if confirmer in {processor, proposer}:
                told = refusal(store, lambda: store.confirm_override(file_id, proposal, actor=confirmer))  # noqa: B023 - called at once
                assert "nobody approves their own work" in str(told)
                continue
            store.confirm_override(file_id, proposal, actor=confirmer)
            for releaser in (proposer, confirmer):
                refusal(store, lambda: store.move_file(file_id, FileState.RELEASED, actor=releaser))  # noqa: B023 - called at once
            store.move_file(file_id, FileState.RELEASED, actor=processor)
    assert holds(store)


def test_who_once_processed_or_proposed_never_confirms_the_same_file(store):
    file_id = add_file(store)
    for processor in ("chief", "processor"):
        process(store, file_id, by=processor)
        refuse(store, file_id)
    refusal(store, lambda: propose(store, file_id, "chief"))
    propose(store, file_id, "deputy")
    proposal = propose(store, file_id, "reviewer")
    refusal(store, lambda: store.confirm_override(file_id, proposal, actor="chief"))
    refusal(store, lambda: store.confirm_override(file_id, proposal, actor="deputy"))
    store.confirm_override(file_id, proposal, actor="approver")


def test_who_lost_the_role_since_proposing_is_no_first_person(store):
    file_id = refused_file(store)
    store.add_person("second_reviewer", {Role.REVIEWER}, actor="approver")
    proposal = propose(store, file_id, by="second_reviewer")
    store.add_person("second_reviewer", {Role.AUDITOR}, actor="approver")
    with pytest.raises(TransitionRefused):
        store.confirm_override(file_id, proposal, actor="approver")
    assert store.get_file(file_id).state is FileState.REFUSED
    store.add_person("second_reviewer", {Role.REVIEWER}, actor="approver")
    store.confirm_override(file_id, proposal, actor="approver")
    assert store.get_file(file_id).state is FileState.ASSESSED


def test_some_reasons_and_all_unknown_ones_can_never_be_overridden(store):
    for code in sorted(POLICY.never | {"a-reason-of-tomorrow", "other-release-live"}):
        file_id = refused_file(store, reasons=[AVERAGE, {**BELOW_K, "code": code}])
        told = refusal(store, lambda: propose(store, file_id), ReleaseRefused)  # noqa: B023 - called at once
        assert [reason.code for reason in told.reasons] == [code]
        assert told.message.params == {"count": 1, "file": file_id}


def test_every_reason_that_may_be_overridden_can_be(store):
    for code in sorted(POLICY.may):
        file_id = refused_file(store, reasons=[{**AVERAGE, "code": code}])
        store.confirm_override(file_id, propose(store, file_id), actor="approver")
        assert store.get_file(file_id).state is FileState.ASSESSED


def test_a_new_assessment_kills_the_proposal(store):
    file_id = refused_file(store)
    old = propose(store, file_id)
    process(store, file_id, digest="b" * 64)
    refusal(store, lambda: propose(store, file_id))
    refusal(store, lambda: store.confirm_override(file_id, old, actor="approver"))
    refuse(store, file_id, digest="b" * 64)
    assert store.find_override(file_id) is None
    told = refusal(store, lambda: store.confirm_override(file_id, old, actor="approver"))
    assert "needs another before it" in str(told)
    new = propose(store, file_id)
    refusal(store, lambda: store.confirm_override(file_id, old, actor="approver"))
    store.confirm_override(file_id, new, actor="approver")
    assert store.find_verdict(file_id).document["override"]["released_sha256"] == "b" * 64


def test_a_verdict_that_came_between_kills_the_proposal(store):
    file_id = refused_file(store)
    proposal = propose(store, file_id)
    worse = {"reasons": [AVERAGE, HOMOGENEOUS], "released_sha256": "a" * 64}
    store.add_record("gate", worse, actor="reviewer", file_id=file_id)
    told = refusal(store, lambda: store.confirm_override(file_id, proposal, actor="approver"))
    assert "is not the proposal that waits" in str(told)


def test_another_file_in_the_vault_is_not_what_was_assessed(store):
    file_id = refused_file(store)
    proposal = propose(store, file_id)
    seal(store, file_id, "c" * 64)
    for action in (lambda: propose(store, file_id), lambda: store.confirm_override(file_id, proposal, actor="approver")):
        assert "is not the file that was assessed" in str(refusal(store, action))


def test_a_proposal_of_another_file_confirms_nothing(store):
    first, second = refused_file(store), refused_file(store)
    proposal = propose(store, first)
    propose(store, second)
    refusal(store, lambda: store.confirm_override(second, proposal, actor="approver"))
    refusal(store, lambda: store.confirm_override("F-9999", proposal, actor="approver"))
    assert store.get_file(first).state is FileState.REFUSED


def test_the_steps_of_an_override_have_no_other_way(store):
    file_id = refused_file(store)
    propose(store, file_id)
    for target, actor in product((FileState.ASSESSED, FileState.REFUSED), ("approver", "reviewer", "chief")):
        refusal(store, lambda: store.move_file(file_id, target, actor=actor))  # noqa: B023 - called at once
        refusal(store, lambda: store.check_file_step(file_id, target, actor=actor))  # noqa: B023 - called at once
    refusal(store, lambda: store.add_record("override", {}, actor="chief", file_id=file_id), InternalError)


def test_nothing_but_a_refused_file_under_contract_is_overridden(store):
    file_id = add_file(store)
    process(store, file_id)
    refusal(store, lambda: propose(store, file_id))
    refusal(store, lambda: store.confirm_override(file_id, "D-0001", actor="approver"))
    refuse(store, file_id, reasons=[])
    assert "there is no verdict" in str(refusal(store, lambda: propose(store, file_id)))
    other = refused_file(store)
    proposal = propose(store, other)
    store.move_case(store.get_file(other).case_id, CaseState.CANCELLED, actor="approver")
    refusal(store, lambda: store.confirm_override(other, proposal, actor="approver"))
    refusal(store, lambda: propose(store, other))


def test_a_file_that_is_being_erased_is_not_overridden(store):
    file_id = refused_file(store)
    proposal = propose(store, file_id)
    store.order_erasure(file_id, actor="processor")
    store.begin_erasure(file_id, actor="release_officer")
    refusal(store, lambda: store.confirm_override(file_id, proposal, actor="approver"))


def test_the_audit_finds_an_override_that_nobody_proposed_since_the_refusal(store):
    file_id = refused_file(store)
    propose(store, file_id)
    process(store, file_id)
    refuse(store, file_id)
    assert holds(store)
    with store.transaction():
        file = store.get_file(file_id)
        store._set_file(file_id, state="assessed")
        where = {"case_id": file.case_id, "file_id": file_id, "state": "assessed"}
        store._write_document("gate", {}, "file.overridden", "approver", subject="D", **where)
    kinds = {finding.kind.code for finding in verify_books(store, witnessed=store.chain_head()).findings}
    assert "event-unruled" in kinds


def test_the_office_waits_for_a_confirmation_only_once_there_is_a_proposal(store):
    file_id = refused_file(store)

    def steps():
        (waiting,) = (entry for entry in list_waiting(store) if entry.id == file_id)
        return {step.target: step.people for step in waiting.steps}

    assert set(steps()) == {"processed"}
    propose(store, file_id, "deputy")
    assert steps()["assessed"] == ("approver", "chief")


def test_a_ground_outside_the_list_is_refused(store):
    file_id = refused_file(store)
    refusal(store, lambda: propose(store, file_id, ground="because"), FormRejected)


@pytest.mark.parametrize(
    "note",
    [
        "",
        "   ",
        "字" * 201,
        "一行目\n二行目",
        "見えない\u202e文字",
        "個人番号は123456789018",
        "個人番号は１２３４ ５６７８ ９０１８",
        "電話03-1234-5678",
        "生年月日1990/01/31",
        "12345",
        "foo@example.jp",
    ],
)
def test_a_note_is_no_place_for_values(note):
    with pytest.raises(FormRejected) as caught:
        check_note(note, POLICY)
    japanese = find_translator("ja")
    assert caught.value.message.render(japanese) != caught.value.message.render()
    assert not note.strip() or note.strip() not in caught.value.message.render() + caught.value.hint.render()


@pytest.mark.parametrize("note", ["字" * 200, "2026年12月1日の審査委員会（第3回）で議決した。", "1234", " 前後の空白 "])
def test_a_consideration_in_words_is_kept(note):
    assert check_note(note, POLICY) == note.strip()


@pytest.mark.parametrize("regime", regime_names())
def test_no_reason_both_may_and_may_never_be_overridden(regime):
    policy = load_regime(regime).override
    assert policy.may & policy.never == set()
    assert policy.find_standing(["homogeneous", "below-k", "unheard-of", "below-k"]) == ("below-k", "unheard-of")
    assert {"below-k", "below-l", "above-t", "no-evidence", "joint-below-k"} <= policy.never


def test_a_reason_is_read_back_as_it_was_written():
    reason = Reason(
        code="x", message=Message("guessing {column} beyond {limit}", {"column": Name("sex"), "limit": 0.25}), article=Name("第5号")
    )
    assert Reason.from_json(reason.to_json()) == reason
    assert Reason.from_json({**reason.to_json(), "article": None}).article is None
