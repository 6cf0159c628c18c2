"""Documents of the steps: JSON, append-only, each bound to its event by its SHA-256."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from pathlib import PurePath
from typing import Any

from sqlalchemy import RowMapping, Select, insert, select

from casework.records import Record, document_table, file_table
from casework.states import PREFIXES, RECORD_RULES
from casework.store.people import People
from schemas.errors import InternalError, TransitionRefused
from schemas.files import canonical_json, sha256_bytes
from schemas.messages import N_, Name, Param


def to_plain(value: Any) -> Any:
    """Return a document as plain JSON types: dates as ISO text, enumerations by value, tuples as lists.

    Raises
    ------
    InternalError
        A part has no plain form.
    """
    if isinstance(value, Enum):
        return to_plain(value.value)
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, (str, PurePath)):
        return str(value)
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): to_plain(part) for key, part in value.items()}
    if isinstance(value, (Sequence, set, frozenset)) and not isinstance(value, bytes):
        parts = sorted(value) if isinstance(value, (set, frozenset)) else value
        return [to_plain(part) for part in parts]
    raise InternalError(
        N_("a document holds {kind}, which has no place in JSON"),
        N_("report this line to the maintainers"),
        kind=Name(type(value).__name__),
    )


class Documents(People):
    """Records of the store."""

    def add_record(
        self,
        kind: str,
        document: Mapping[str, Any],
        *,
        actor: str,
        case_id: str | None = None,
        file_id: str | None = None,
        facts: Mapping[str, Param] | None = None,
    ) -> str:
        """Keep a document of a step for good and return its id.

        Parameters
        ----------
        kind : str
            One of `casework.states.RECORD_RULES`, which says who may.
        document : Mapping
            Plain JSON types, dates, enumerations; no value of a file.
        case_id, file_id : str or None
            What it belongs to; the case of a file is found by itself.
        facts : Mapping[str, Param], optional
            Counts and names for the event.

        Raises
        ------
        TransitionRefused
            Role or two-person rule forbid it.
        """
        if kind not in RECORD_RULES:
            raise InternalError(N_("records of the kind {kind} are unknown"), N_("report this line to the maintainers"), kind=Name(kind))
        rule = RECORD_RULES[kind]
        with self.transaction():
            case_id = self._case_of(file_id) if file_id else case_id
            self._check_rule(rule, actor, case_id=case_id, file_id=file_id)
            record_id = self._next_id(PREFIXES.get(kind, "D"))
            where = {"case_id": case_id, "file_id": file_id}
            self._write_document(kind, document, rule.event, actor, record_id=record_id, subject=record_id, facts=facts, **where)
        return record_id

    def _case_of(self, file_id: str) -> str:
        """Return the case a file belongs to."""
        row = self._first(select(file_table.c.case_id).where(file_table.c.id == file_id))
        if row is None:
            raise unknown(file_id)
        return str(row["case_id"])

    def _write_document(  # one row and its event, told apart by what they concern
        self,
        kind: str,
        document: Mapping[str, Any],
        event: str,
        actor: str,
        *,
        subject: str,
        record_id: str | None = None,
        case_id: str | None = None,
        file_id: str | None = None,
        state: str | None = None,
        facts: Mapping[str, Param] | None = None,
    ) -> None:
        """Write a document and the event that carries its hash."""
        content = canonical_json(to_plain(document))
        where = {"case_id": case_id, "file_id": file_id}
        sequence = self._append(event, actor, subject=subject, state=state, content_sha256=sha256_bytes(content), facts=facts, **where)
        self._writing().execute(
            insert(document_table).values(
                id=record_id or self._next_id("D"),
                sequence=sequence,
                kind=kind,
                subject=subject,
                actor=actor,
                created_at=self._clock(),
                content=content.decode(),
                **where,
            )
        )

    def get_record(self, kind: str, *, case_id: str | None = None, file_id: str | None = None) -> dict[str, Any] | None:
        """Return the latest document of a kind of a case or file; None when there is none."""
        query = _records(kind, case_id, file_id).order_by(document_table.c.sequence.desc()).limit(1)
        row = self._first(query)
        return json.loads(row["content"]) if row else None

    def list_records(self, kind: str | None = None, *, case_id: str | None = None, file_id: str | None = None) -> tuple[Record, ...]:
        """Return records from the first to the last: of a kind, a case, a file, or all."""
        rows = self._all(_records(kind, case_id, file_id).order_by(document_table.c.sequence))
        return tuple(_to_record(row) for row in rows)

    def _latest(self, kind: str, subject: str) -> dict[str, Any]:
        """Return the latest revision of a register entry or proposal."""
        query = select(document_table.c.content).where(document_table.c.kind == kind, document_table.c.subject == subject)
        row = self._first(query.order_by(document_table.c.sequence.desc()).limit(1))
        if row is None:
            raise unknown(subject)
        document: dict[str, Any] = json.loads(row["content"])
        return document

    def _latest_of_all(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return the latest revisions of all register entries or proposals, by id, in one query."""
        query = select(document_table.c.subject, document_table.c.content).where(document_table.c.kind == kind)
        latest = {row["subject"]: row["content"] for row in self._all(query.order_by(document_table.c.sequence))}
        return {subject: json.loads(content) for subject, content in latest.items()}


def unknown(subject: str) -> TransitionRefused:
    """Return the error for an id the office does not know."""
    return TransitionRefused(N_("{subject} is not known to this office"), N_("see what there is: sakusei status"), subject=Name(subject))


def _records(kind: str | None, case_id: str | None, file_id: str | None) -> Select[Any]:
    query = select(document_table)
    for column, value in ((document_table.c.kind, kind), (document_table.c.case_id, case_id), (document_table.c.file_id, file_id)):
        query = query.where(column == value) if value is not None else query
    return query


def _to_record(row: RowMapping) -> Record:
    keys = ("id", "kind", "case_id", "file_id", "actor", "created_at")
    return Record(document=json.loads(row["content"]), **{key: row[key] for key in keys})
