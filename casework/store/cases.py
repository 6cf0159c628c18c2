"""Cases (案件) and their steps."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import RowMapping, insert, select, update

from casework.labels import name_labels
from casework.records import Case, case_table, file_table
from casework.states import CaseState, FileState, State, Transition, find_transition
from casework.store.documents import Documents, unknown
from casework.store.transactions import by_id
from schemas.errors import TransitionRefused
from schemas.messages import N_, Name, Param


def refused(subject: str, state: State | None, target: State) -> TransitionRefused:
    """Return the error for a step that is not in the table; a step that was taken before says so."""
    if state == target:
        template = N_("{subject} is already {state}")
        return TransitionRefused(
            template, N_("go on with the next step: sakusei status"), subject=Name(subject), state=name_labels([target])
        )
    return TransitionRefused(
        N_("{subject} is {state} and cannot become {target}"),
        N_("see what is waited for: sakusei status"),
        subject=Name(subject),
        state=name_labels([state] if state else []),
        target=name_labels([target]),
    )


def get_step(subject: str, source: CaseState | FileState | None, target: CaseState | FileState) -> Transition:
    """Return the step between two states.

    Raises
    ------
    TransitionRefused
        There is none.
    """
    step = find_transition(source, target)
    if step is None:
        raise refused(subject, source, target)
    return step


class Cases(Documents):
    """Cases of the store."""

    def add_case(self, document: Mapping[str, Any], *, actor: str, regime: str | None = None) -> str:
        """Enter a proposal as a new case and return its id (`C-0001`).

        Parameters
        ----------
        document : Mapping
            The proposal, checked before.
        regime : str, optional
            Name of the regime; else the document's `regime`.

        Raises
        ------
        TransitionRefused
            No regime is named, or the person may not enter proposals.
        """
        name = regime or document.get("regime")
        if not isinstance(name, str) or not name:
            raise TransitionRefused(N_("a case needs a regime"), N_("name it in the proposal: regime: tokumei-2023"))
        step = get_step("-", None, CaseState.SUBMITTED)
        with self.transaction():
            self._check_rule(step, actor)
            case_id, at = self._next_id("C"), self._clock()
            row = {"id": case_id, "state": step.target.value, "regime": name, "revision": 1, "created_at": at, "changed_at": at}
            self._writing().execute(insert(case_table).values(**row))
            where = {"subject": case_id, "case_id": case_id, "state": step.target.value}
            self._write_document("proposal", document, step.event, actor, facts={"regime": Name(name)}, **where)
        return case_id

    def resubmit_case(self, case_id: str, document: Mapping[str, Any], *, actor: str) -> int:
        """Enter the corrected proposal of a returned case and return the number of its revision.

        Raises
        ------
        TransitionRefused
            The case is not returned, or the actor may not.
        """
        with self.transaction():
            case = self.get_case(case_id)
            if case.state is not CaseState.RETURNED:
                raise refused(case_id, case.state, CaseState.UNDER_REVIEW)
            step = get_step(case_id, case.state, CaseState.UNDER_REVIEW)
            self._check_rule(step, actor, case_id=case_id)
            revision = case.revision + 1
            self._set_case(case_id, state=step.target.value, revision=revision)
            where = {"subject": case_id, "case_id": case_id, "state": step.target.value}
            self._write_document("proposal", document, step.event, actor, facts={"revision": revision}, **where)
        return revision

    def move_case(self, case_id: str, state: CaseState, *, actor: str, facts: Mapping[str, Param] | None = None) -> None:
        """Take a case to its next state and write the event.

        Raises
        ------
        TransitionRefused
            No such step, a missing role, the two-person rule, or files of the case that are not settled.
        """
        target = CaseState(state)
        with self.transaction():
            case = self.get_case(case_id)
            step = get_step(case_id, case.state, target)
            if step.event == "case.resubmitted":
                raise TransitionRefused(
                    N_("{case} was returned and waits for a corrected proposal"),
                    N_("enter it: sakusei proposal submit FILE --case {case}"),
                    case=Name(case_id),
                )
            self._check_files(step, case_id)
            self._check_rule(step, actor, case_id=case_id)
            self._set_case(case_id, state=target.value)
            self._append(step.event, actor, case_id=case_id, state=target.value, facts=facts)

    def _check_files(self, step: Transition, case_id: str) -> None:
        """Raise when a file of the case is not where the step needs it."""
        if not step.file_states:
            return
        rows = self._all(
            select(file_table.c.id, file_table.c.state).where(file_table.c.case_id == case_id).order_by(*by_id(file_table.c.id))
        )
        waiting = [row["id"] for row in rows if row["state"] not in step.file_states]
        if waiting:
            raise TransitionRefused(
                N_("{case} still has {count} open files, the first is {file}"),
                N_("release, decline or erase them first: sakusei status"),
                case=Name(case_id),
                count=len(waiting),
                file=Name(waiting[0]),
            )

    def _set_case(self, case_id: str, **values: str | int) -> None:
        self._writing().execute(update(case_table).where(case_table.c.id == case_id).values(changed_at=self._clock(), **values))

    def get_case(self, case_id: str) -> Case:
        """Return a case with the latest revision of its proposal.

        Raises
        ------
        TransitionRefused
            There is no such case.
        """
        row = self._first(select(case_table).where(case_table.c.id == case_id))
        if row is None:
            raise unknown(case_id)
        return _to_case(row, self._latest("proposal", case_id))

    def list_cases(self) -> tuple[Case, ...]:
        """Return all cases by id."""
        rows, documents = self._all(select(case_table).order_by(*by_id(case_table.c.id))), self._latest_of_all("proposal")
        return tuple(_to_case(row, documents[row["id"]]) for row in rows)


def _to_case(row: RowMapping, document: dict[str, Any]) -> Case:
    return Case(document=document, **{**row, "state": CaseState(row["state"])})
