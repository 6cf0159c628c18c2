"""What the office waits for: every case and file, its state, the next steps, and who may take them. Reads only."""

from dataclasses import dataclass

from casework.i18n import translate
from casework.labels import LABELS
from casework.states import CaseState, FileState, State, Transition, next_steps
from casework.store import Store
from schemas.messages import N_

# Ways out and back that are always there are not what a case waits for.
EXITS = frozenset({CaseState.CANCELLED, FileState.ERASED})
BACK = frozenset(
    {(FileState.RECEIVED, FileState.RECEIVED), (FileState.NORMALISED, FileState.RECEIVED), (FileState.REFUSED, FileState.REFUSED)}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step that may be taken next.

    Parameters
    ----------
    target : str
        The state after it.
    label : str
        What is done, in the reader's language.
    roles : tuple[str, ...]
        One of these is needed.
    people : tuple[str, ...]
        Who may: by role and not excluded by their earlier work. Empty: nobody of this office yet.
    needs : tuple[str, ...]
        States of the case that the step of a file waits for; empty when it waits for none.
    """

    target: str
    label: str
    roles: tuple[str, ...]
    people: tuple[str, ...]
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A case or file and what it waits for."""

    id: str
    case_id: str
    state: str
    changed_at: str
    steps: tuple[Step, ...]


def list_waiting(store: Store) -> tuple[Waiting, ...]:
    """Return cases, each followed by its files, with what they wait for."""
    waiting = []
    for case in store.list_cases():
        steps = _steps(store, case.state, case.state, case_id=case.id)
        waiting.append(Waiting(id=case.id, case_id=case.id, state=case.state, changed_at=case.changed_at, steps=steps))
        for file in store.list_files(case.id):
            steps = _steps(store, file.state, case.state, case_id=case.id, file_id=file.id)
            waiting.append(Waiting(id=file.id, case_id=case.id, state=file.state, changed_at=file.changed_at, steps=steps))
    return tuple(waiting)


def _steps(store: Store, state: State, case_state: CaseState, *, case_id: str, file_id: str | None = None) -> tuple[Step, ...]:
    return tuple(
        _step(store, transition, case_state, case_id=case_id, file_id=file_id)
        for transition in next_steps(state)
        if transition.target not in EXITS
        and (transition.source, transition.target) not in BACK
        and not store.find_missing(transition, case_id=case_id, file_id=file_id)
    )


def _step(store: Store, transition: Transition, case_state: CaseState, *, case_id: str, file_id: str | None) -> Step:
    blocked = transition.case_states and case_state not in transition.case_states
    return Step(
        target=transition.target,
        label=translate(transition.label),
        roles=tuple(sorted(transition.roles)),
        people=store.who_may(transition, case_id=case_id, file_id=file_id),
        needs=tuple(sorted(transition.case_states)) if blocked else (),
    )


def describe_step(step: Step) -> str:
    """Return one line for people: what, who, and what has to come first."""
    roles = "/".join(translate(LABELS[role]) for role in step.roles)
    people = ", ".join(step.people) or translate(N_("nobody yet"))
    needs = "/".join(translate(LABELS[state]) for state in step.needs)
    line = f"{step.label} — {roles}: {people}"
    return f"{line} ({translate(N_('first the case must be'))}: {needs})" if needs else line


def describe_state(state: str) -> str:
    """Return the name of a state in the reader's language."""
    return translate(LABELS[state])
