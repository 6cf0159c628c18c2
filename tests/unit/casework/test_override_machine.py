"""Any order of processing, refusing, proposing and confirming by anybody: what holds is told here a second time, in another way."""

import contextlib
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from casework.audit import verify_books
from casework.database import open_engine, parse_url, upgrade
from casework.records import VaultItem
from casework.states import CaseState, FileState, Role
from casework.store import Store
from schemas.errors import ReleaseRefused, TransitionRefused

ROLES = {
    "ann": {Role.PROCESSOR, Role.REVIEWER, Role.APPROVER, Role.RELEASE_OFFICER},
    "bob": {Role.PROCESSOR, Role.REVIEWER, Role.APPROVER, Role.RELEASE_OFFICER},
    "cyd": {Role.REVIEWER, Role.APPROVER, Role.RELEASE_OFFICER},
    "dan": {Role.PROCESSOR, Role.RELEASE_OFFICER},
}
MAY, NEVER = ("homogeneous", "prosecutor-average"), ("below-k", "unheard-of")
people = st.sampled_from(sorted(ROLES))


class Overriding(RuleBasedStateMachine):
    """One file in a store, and beside it a plain model of who did what since when."""

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        engine = open_engine(parse_url(f"sqlite:///{self.folder.name}/store.db"))
        upgrade(engine)
        self.store = Store(engine, papers=Path(self.folder.name), now=lambda: datetime(2026, 4, 1, tzinfo=UTC))
        self.store.open_books(synthetic=True, actor="chief", regime="tokumei-2023", key_sha256="0" * 64)
        with self.store.transaction():
            for person, roles in ROLES.items():
                self.store.add_person(person, roles, actor="chief")
            self.store.add_person("second", set(Role), actor="chief")
            self.file_id = self.make_file()
        self.state, self.digest, self.assessed_digest, self.codes = "normalised", "", "", ()
        self.proposal = None
        self.processors, self.judges, self.proposers = set(), set(), set()

    def make_file(self):
        case_id = self.store.add_case({"regime": "tokumei-2023"}, actor="chief")
        self.store.move_case(case_id, CaseState.UNDER_REVIEW, actor="chief")
        self.store.move_case(case_id, CaseState.ACCEPTED, actor="second")
        register_id = self.store.add_register_entry({}, actor="chief")
        file_id = self.store.add_file(case_id, register_id=register_id, table="t", actor="chief")
        self.store.move_case(case_id, CaseState.REQUESTED, actor="chief")
        self.store.move_case(case_id, CaseState.CONTRACTED, actor="chief")
        for state in (FileState.RECEIVED, FileState.NORMALISED):
            self.store.move_file(file_id, state, actor="chief")
        return file_id

    def teardown(self):
        audit = verify_books(self.store, witnessed=self.store.chain_head())
        self.store.close()
        self.folder.cleanup()
        assert audit.findings == ()

    def attempt(self, allowed, action):
        """Do it; it must succeed exactly when the model allows it, and otherwise change nothing."""
        head = self.store.head()
        with contextlib.suppress(TransitionRefused, ReleaseRefused):
            found = action()
            assert allowed, "the store allowed what the model forbids"
            return found or True
        assert not allowed, "the store refused what the model allows"
        assert self.store.head() == head
        return None

    def seal(self, digest, actor):
        item = VaultItem(
            file_id=self.file_id, kind="processed", envelope=f"{digest[:8]}.age", sha256=digest, size_bytes=1, sealed_at="", erased_at=None
        )
        self.store.note_sealed(item, actor=actor)

    @rule(actor=people, digest=st.sampled_from("ab"))
    def process(self, actor, digest):
        def act():
            with self.store.transaction():
                self.seal(digest * 64, actor)
                self.store.move_file(self.file_id, FileState.PROCESSED, actor=actor)

        if self.attempt(self.state in {"normalised", "refused"} and Role.PROCESSOR in ROLES[actor], act):
            self.state, self.digest, self.proposal = "processed", digest, None
            self.processors.add(actor)

    @rule(actor=people, codes=st.lists(st.sampled_from(MAY + NEVER), max_size=2, unique=True))
    def assess(self, actor, codes):
        target = FileState.REFUSED if codes else FileState.ASSESSED

        def act():
            reasons = [{"code": code, "message": "x", "params": {}, "article": None} for code in codes]
            with self.store.transaction():
                gate = {"reasons": reasons, "released_sha256": self.digest * 64}
                self.store.add_record("gate", gate, actor=actor, file_id=self.file_id)
                self.store.move_file(self.file_id, target, actor=actor)

        allowed = self.state in {"processed", "assessed"} and Role.REVIEWER in ROLES[actor] and actor not in self.processors
        if self.attempt(allowed, act):
            self.state, self.codes, self.proposal, self.assessed_digest = target.value, codes, None, self.digest
            if not codes:
                self.judges.add(actor)

    @rule(actor=st.sampled_from(["ann", "bob", "dan"]))
    def seal_other_bytes(self, actor):
        if self.state == "refused":
            self.seal("c" * 64, actor)
            self.digest = "c"

    def may_be_overridden(self):
        return self.state == "refused" and not set(self.codes) & set(NEVER) and self.digest == self.assessed_digest

    @rule(actor=people)
    def propose(self, actor):
        allowed = self.may_be_overridden() and Role.REVIEWER in ROLES[actor] and actor not in self.processors
        found = self.attempt(
            allowed, lambda: self.store.propose_override(self.file_id, ground="no_harm", note="相当と認めた。", actor=actor)
        )
        if found:
            self.proposal = found
            self.proposers.add(actor)

    @rule(actor=people)
    def confirm(self, actor):
        allowed = self.may_be_overridden() and self.proposal is not None and Role.APPROVER in ROLES[actor]
        allowed &= actor not in self.processors | self.proposers
        waiting = self.proposal or "D-0001"
        if self.attempt(allowed, lambda: self.store.confirm_override(self.file_id, waiting, actor=actor)):
            self.state, self.proposal = "assessed", None
            self.judges.add(actor)

    @rule(actor=people)
    def release(self, actor):
        allowed = self.state == "assessed" and Role.RELEASE_OFFICER in ROLES[actor] and actor not in self.judges | self.proposers
        if self.attempt(allowed, lambda: self.store.move_file(self.file_id, FileState.RELEASED, actor=actor)):
            self.state = "released"

    @rule(codes=st.permutations(MAY), order=st.permutations(sorted(ROLES)))
    def go_the_whole_way(self, codes, order):
        """Dan processes, the others try in turn: the rare states are met for certain."""
        self.process("dan", "a")
        for actor in order:
            self.assess(actor, codes[:1])
        for actor in order:
            self.propose(actor)
            self.confirm(order[0])
        for actor in order:
            self.confirm(actor)

    @invariant()
    def state_and_waiting_proposal_are_as_the_model_says(self):
        assert self.store.get_file(self.file_id).state.value == self.state
        found = self.store.find_override(self.file_id)
        assert (found.id if found else None) == self.proposal


Overriding.TestCase.settings = settings(
    max_examples=8, stateful_step_count=10, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
TestOverriding = Overriding.TestCase
