"""Any order of steps by anybody: what is allowed is what the blueprint says, told here a second time and in another way."""

import contextlib
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from casework.audit import verify_books
from casework.database import open_engine, parse_url, upgrade
from casework.states import CaseState, FileState, Role
from casework.store import Store
from schemas.errors import TransitionRefused

# Role who may; by design.md, written down apart from casework.states.
CASE_WAY = {
    ("submitted", "under_review"): "screener",
    ("under_review", "returned"): "screener approver",
    ("under_review", "accepted"): "approver",
    ("under_review", "rejected"): "approver",
    ("submitted", "cancelled"): "screener",
    ("under_review", "cancelled"): "screener",
    ("returned", "cancelled"): "screener",
    ("accepted", "requested"): "screener",
    ("requested", "contracted"): "approver",
    ("accepted", "cancelled"): "approver",
    ("requested", "cancelled"): "approver",
    ("contracted", "cancelled"): "approver",
    ("contracted", "closed"): "release_officer",
}
FILE_WAY = {
    ("requested", "declined"): "screener",
    ("requested", "received"): "processor",
    ("received", "received"): "processor",
    ("normalised", "received"): "processor",
    ("received", "normalised"): "processor",
    ("normalised", "processed"): "processor",
    ("refused", "processed"): "processor",
    ("processed", "assessed"): "reviewer",
    ("processed", "refused"): "reviewer",
    ("assessed", "released"): "release_officer",
}
APPROVALS = {"accepted", "rejected", "closed", "assessed", "refused", "released"}
UNDER_CONTRACT = {"processed", "assessed", "refused", "released"}
PEOPLE = {"all-1": set(Role), "all-2": set(Role), "desk": {Role.SCREENER, Role.PROCESSOR}, "boss": {Role.APPROVER, Role.REVIEWER}}
actors = st.sampled_from([*PEOPLE, "stranger"])


class Books(RuleBasedStateMachine):
    """A store, and beside it a plain model of what it must say."""

    cases = Bundle("cases")
    files = Bundle("files")

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        engine = open_engine(parse_url(f"sqlite:///{self.folder.name}/store.db"))
        upgrade(engine)
        self.store = Store(engine, papers=Path(self.folder.name), now=lambda: datetime(2026, 4, 1, tzinfo=UTC))
        self.store.open_books(synthetic=True, actor="all-1", regime="tokumei-2023", key_sha256="0" * 64)
        self.case_state, self.file_state, self.case_of = {}, {}, {}
        self.screened, self.processed, self.assessed, self.ordered = {}, {}, {}, {}
        self.events = 2

    @initialize()
    def people(self):
        for person in ("all-2", "desk", "boss"):
            self.store.add_person(person, PEOPLE[person], actor="all-1")
        self.register = self.store.add_register_entry({}, actor="desk")
        self.events += 4

    def teardown(self):
        audit = verify_books(self.store, witnessed=self.store.chain_head())
        self.store.close()
        self.folder.cleanup()
        assert audit.findings == ()

    def may(self, actor, role):
        return bool(set(map(Role, role.split())) & PEOPLE.get(actor, set()))

    def attempt(self, allowed, action, events=1):
        """Do it; it must succeed exactly when the model allows it, and otherwise change nothing."""
        head = self.store.head()
        with contextlib.suppress(TransitionRefused):
            found = action()
            assert allowed, "the store allowed what the model forbids"
            self.events += events
            return found
        assert not allowed, "the store refused what the model allows"
        assert self.store.head() == head
        return None

    @rule(target=cases, actor=actors)
    def submit(self, actor):
        allowed = self.may(actor, "screener")
        case_id = self.attempt(allowed, lambda: self.store.add_case({"regime": "tokumei-2023"}, actor=actor))
        if case_id:
            self.case_state[case_id] = "submitted"
        return case_id

    @rule(
        target=cases,
        actors=st.permutations(["all-1", "all-2"]),
        upto=st.sampled_from(["under_review", "accepted", "requested", "contracted"]),
    )
    def submit_and_go_on(self, actors, upto):
        """A case that is well on its way, so that the later steps are met often."""
        first, second = actors
        case_id = self.submit(first)
        way = ["under_review", "accepted", "requested", "contracted"]
        for state, actor in zip(way[: way.index(upto) + 1], (first, second, first, second), strict=False):
            self.move_case(case_id, state, actor)
        return case_id

    @rule(case_id=cases, state=st.sampled_from([state.value for state in CaseState]), actor=actors)
    def move_case(self, case_id, state, actor):
        if case_id is None:
            return
        role = CASE_WAY.get((self.case_state[case_id], state))
        allowed = role is not None and self.may(actor, role)
        if state in {"accepted", "rejected"}:
            allowed &= actor not in self.screened.get(case_id, set())
        if state == "closed":
            own = [self.file_state[file_id] for file_id, owner in self.case_of.items() if owner == case_id]
            allowed &= set(own) <= {"declined", "released", "erased"}
        if self.attempt(allowed, lambda: self.store.move_case(case_id, CaseState(state), actor=actor) or True):
            if (self.case_state[case_id], state) == ("submitted", "under_review"):
                self.screened.setdefault(case_id, set()).add(actor)
            self.case_state[case_id] = state

    @rule(case_id=cases, actor=actors)
    def resubmit(self, case_id, actor):
        if case_id is None:
            return
        allowed = self.case_state[case_id] == "returned" and self.may(actor, "screener")
        if self.attempt(allowed, lambda: self.store.resubmit_case(case_id, {"regime": "tokumei-2023"}, actor=actor)):
            self.case_state[case_id] = "under_review"

    @rule(case_id=cases, actor=actors)
    def review(self, case_id, actor):
        if case_id is None:
            return
        allowed = self.may(actor, "screener") or self.may(actor, "reviewer")
        if self.attempt(allowed, lambda: self.store.add_record("review", {}, actor=actor, case_id=case_id)):
            self.screened.setdefault(case_id, set()).add(actor)

    @rule(target=files, case_id=cases, actor=actors)
    def ask_for_file(self, case_id, actor):
        if case_id is None:
            return None
        allowed = self.may(actor, "screener") and self.case_state[case_id] in {"accepted", "requested", "contracted"}
        file_id = self.attempt(allowed, lambda: self.store.add_file(case_id, register_id=self.register, table="t", actor=actor))
        if file_id:
            self.file_state[file_id], self.case_of[file_id] = "requested", case_id
        return file_id

    @rule(file_id=files, state=st.sampled_from([state.value for state in FileState]), actor=actors)
    def move_file(self, file_id, state, actor):
        if file_id is None:
            return
        role = FILE_WAY.get((self.file_state[file_id], state))
        case_state = self.case_state[self.case_of[file_id]]
        allowed = role is not None and self.may(actor, role)
        if state in {"assessed", "refused"}:
            allowed &= actor not in self.processed.get(file_id, set())
        if state == "released":
            allowed &= actor not in self.assessed.get(file_id, set())
        if state != "declined":
            allowed &= case_state == "contracted" or (case_state == "requested" and state not in UNDER_CONTRACT)
        if self.attempt(allowed, lambda: self.store.move_file(file_id, FileState(state), actor=actor) or True):
            self.file_state[file_id] = state
            memory = {"processed": self.processed, "assessed": self.assessed}.get(state)
            if memory is not None:
                memory.setdefault(file_id, set()).add(actor)

    @rule(file_id=files, actors=st.permutations(["all-1", "all-2"]))
    def go_on(self, file_id, actors):
        """The next three steps of a file, by two people in turn."""
        for actor in (*actors, actors[0]):
            self.go_on_once(file_id, actor)

    def go_on_once(self, file_id, actor):
        way = ["requested", "received", "normalised", "processed", "assessed", "released"]
        state = self.file_state.get(file_id)
        if state in way[:-1]:
            self.move_file(file_id, way[way.index(state) + 1], actor)

    @rule(case_id=cases, people=st.permutations(list(PEOPLE)))
    def everybody_tries_the_case(self, case_id, people):
        """One after the other tries to approve: where the two-person rule bites, those it bites are met for certain."""
        if case_id is None:
            return
        before = self.case_state[case_id]
        for actor in people:
            for state in [target for source, target in CASE_WAY if source == before and target in APPROVALS]:
                if self.case_state[case_id] == before:
                    self.move_case(case_id, state, actor)

    @rule(file_id=files, people=st.permutations(list(PEOPLE)))
    def everybody_tries_the_file(self, file_id, people):
        """The same for a file, its erasure last."""
        before = self.file_state.get(file_id)
        for actor in people:
            for state in [target for source, target in FILE_WAY if source == before and target in APPROVALS]:
                if self.file_state[file_id] == before:
                    self.move_file(file_id, state, actor)
            if self.ordered.get(file_id):
                self.erase(file_id, actor)

    @rule(target=cases, screener=actors, reviewer=actors, people=st.permutations(list(PEOPLE)))
    def contested_case(self, screener, reviewer, people):
        """A case screened by one and reviewed by another, that everybody then tries to decide."""
        case_id = self.submit("desk")
        self.move_case(case_id, "under_review", screener)
        self.review(case_id, reviewer)
        self.everybody_tries_the_case(case_id, people)
        return case_id

    @rule(target=files, actors=st.permutations(["all-1", "all-2"]), steps=st.integers(0, 5), people=st.permutations(list(PEOPLE)))
    def contested_file(self, actors, steps, people):
        """A file some steps on, each by one of two in turn, that everybody then tries to take further, erase, or close the case of."""
        case_id = self.submit_and_go_on(actors, "contracted")
        file_id = self.ask_for_file(case_id, actors[0])
        for number in range(steps):
            self.go_on_once(file_id, actors[number % 2])
        if steps % 2:
            self.order_erasure(file_id, actors[0])
        else:
            self.everybody_tries_the_case(case_id, people)
        self.everybody_tries_the_file(file_id, people)
        return file_id

    @rule(file_id=files, actor=actors)
    def order_erasure(self, file_id, actor):
        if file_id is None:
            return
        allowed = self.file_state[file_id] != "erased" and (self.may(actor, "processor") or self.may(actor, "release_officer"))
        if self.attempt(allowed, lambda: self.store.order_erasure(file_id, actor=actor)):
            self.ordered.setdefault(file_id, set()).add(actor)

    @rule(file_id=files, actor=actors)
    def erase(self, file_id, actor):
        if file_id is None:
            return
        ordered = self.ordered.get(file_id, set())
        allowed = self.file_state[file_id] not in {"erased", "declined"} and self.may(actor, "release_officer")
        allowed &= bool(ordered) and actor not in ordered

        def carry_out():
            self.store.begin_erasure(file_id, actor=actor)
            self.store.finish_erasure(file_id, {"file_id": file_id})
            return True

        if self.attempt(allowed, carry_out, events=3):
            self.file_state[file_id] = "erased"

    @invariant()
    def states_are_as_the_model_says(self):
        assert {case.id: case.state.value for case in self.store.list_cases()} == self.case_state
        assert {file.id: file.state.value for file in self.store.list_files()} == self.file_state

    @invariant()
    def every_change_has_its_event_and_nothing_else_has(self):
        assert self.store.chain_head().sequence == self.events


Books.TestCase.settings = settings(
    max_examples=12, stateful_step_count=15, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
TestBooks = Books.TestCase
