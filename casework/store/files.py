"""Files (受領ファイル) and their steps; what the vault holds of them."""

from collections.abc import Mapping

from sqlalchemy import RowMapping, insert, select, update

from casework.labels import name_labels
from casework.records import FileRecord, file_table
from casework.states import FILE_DOCUMENTS, CaseState, FileState, Transition
from casework.store.cases import Cases, get_step, refused
from casework.store.documents import unknown
from casework.store.register import Register
from casework.store.transactions import by_id
from schemas.errors import TransitionRefused
from schemas.messages import N_, Name, Param, Term


class Files(Cases, Register):
    """Files of the store."""

    def add_file(self, case_id: str, *, register_id: str, table: str, actor: str) -> str:
        """Note that a file was asked for and return its id (`F-0001`).

        Parameters
        ----------
        register_id : str
            The register entry of the municipality's file.
        table : str
            Name of the common schema it will be put into.
        """
        step = get_step("-", None, FileState.REQUESTED)
        with self.transaction():
            case = self.get_case(case_id)
            self._open_entry(register_id)
            self._check_case(step, case_id, case.state)
            self._check_rule(step, actor, case_id=case_id)
            file_id, at = self._next_id("F"), self._clock()
            row = {"id": file_id, "case_id": case_id, "register_id": register_id, "table_name": table, "state": step.target.value}
            self._writing().execute(insert(file_table).values(created_at=at, changed_at=at, **row))
            facts = {"register": Name(register_id), "table": Name(table)}
            self._append(step.event, actor, case_id=case_id, file_id=file_id, state=step.target.value, facts=facts)
        return file_id

    def move_file(self, file_id: str, state: FileState, *, actor: str, facts: Mapping[str, Param] | None = None) -> None:
        """Take a file to its next state and write the event; `erased` is reached through `Vault.erase`, an override through `Overrides`.

        Raises
        ------
        TransitionRefused
            No such step, a missing role, the two-person rule, or a case that does not stand where the step needs it.
        """
        target = FileState(state)
        if target is FileState.ERASED:
            raise TransitionRefused(N_("a file is erased by the vault alone"), N_("run: sakusei vault erase {file}"), file=Name(file_id))
        with self.transaction():
            step = self._check_plain_step(file_id, target, actor)
            self._set_file(file_id, state=target.value)
            case_id = self._case_of(file_id)
            self._append(step.event, actor, case_id=case_id, file_id=file_id, state=target.value, facts=facts)

    def check_file_step(self, file_id: str, state: FileState, *, actor: str) -> None:
        """Raise when this person could not take this step now: asked before long work starts.

        Raises
        ------
        TransitionRefused
            As `move_file`.
        """
        self._check_plain_step(file_id, FileState(state), actor)

    def _check_plain_step(self, file_id: str, target: FileState, actor: str) -> Transition:
        """Return the step, unless it is one that only its own method may take."""
        file = self.get_file(file_id)
        if get_step(file_id, file.state, target).event in FILE_DOCUMENTS:
            raise refused(file_id, file.state, target)
        return self._check_step(file_id, target, actor)

    def _check_step(self, file_id: str, target: FileState, actor: str) -> Transition:
        """Return the step, if the state of file and case, the role and the two-person rule allow it."""
        file = self.get_file(file_id)
        step = get_step(file_id, file.state, target)
        if file.erasing_by:
            raise TransitionRefused(N_("{file} is being erased"), N_("finish it: sakusei vault erase {file}"), file=Name(file_id))
        self._check_case(step, file.case_id, self.get_case(file.case_id).state)
        self._check_rule(step, actor, case_id=file.case_id, file_id=file_id)
        return step

    def _check_case(self, step: Transition, case_id: str, state: CaseState) -> None:
        """Raise when the case does not stand where a step of its file needs it."""
        if step.case_states and state not in step.case_states:
            raise TransitionRefused(
                N_("{case} is {state}; this step ({step}) needs it to be {needed}"),
                N_("see what is waited for: sakusei status"),
                case=Name(case_id),
                state=name_labels([state]),
                step=Term(step.label),
                needed=name_labels(step.case_states),
            )

    def _set_file(self, file_id: str, **values: str | None) -> None:
        self._writing().execute(update(file_table).where(file_table.c.id == file_id).values(changed_at=self._clock(), **values))

    def get_file(self, file_id: str) -> FileRecord:
        """Return a file.

        Raises
        ------
        TransitionRefused
            There is no such file.
        """
        row = self._first(select(file_table).where(file_table.c.id == file_id))
        if row is None:
            raise unknown(file_id)
        return _to_file(row)

    def list_files(self, case_id: str | None = None) -> tuple[FileRecord, ...]:
        """Return files by id, of one case or all."""
        query = select(file_table).order_by(*by_id(file_table.c.id))
        return tuple(_to_file(row) for row in self._all(query.where(file_table.c.case_id == case_id) if case_id else query))


def _to_file(row: RowMapping) -> FileRecord:
    keys = ("id", "case_id", "register_id", "erasing_by", "created_at", "changed_at")
    return FileRecord(table=row["table_name"], state=FileState(row["state"]), **{key: row[key] for key in keys})
