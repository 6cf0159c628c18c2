"""What the store keeps: the tables (SQLAlchemy) and the records read from them (frozen dataclasses).

Decided here: columns, keys, types. Not decided here: who may write (see `casework.states`) and how (see `casework.store`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, MetaData, String, Table, Text

from casework.states import CaseState, FileState, Role

CONVENTION = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=CONVENTION)

# One row: the office's own facts and the head of the chain. Every write locks it first, so that writers queue here.
office_table = Table(
    "office",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("sequence", Integer, nullable=False),
    Column("head", String(64), nullable=False),
)
counter_table = Table(
    "counters",
    metadata,
    Column("prefix", String(1), primary_key=True),
    Column("value", Integer, nullable=False),
)
person_table = Table(
    "people",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("roles", String(200), nullable=False),
)
event_table = Table(
    "events",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("at", String(20), nullable=False),
    Column("actor", String(32), nullable=False),
    Column("event", String(40), nullable=False),
    Column("subject", String(80)),
    Column("case_id", String(12), index=True),
    Column("file_id", String(12), index=True),
    Column("state", String(20)),
    Column("content_sha256", String(64)),
    Column("facts", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
)
register_table = Table(
    "register_entries",
    metadata,
    Column("id", String(12), primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("struck", Boolean, nullable=False),
    Column("created_at", String(20), nullable=False),
)
case_table = Table(
    "cases",
    metadata,
    Column("id", String(12), primary_key=True),
    Column("state", String(20), nullable=False),
    Column("regime", String(40), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("created_at", String(20), nullable=False),
    Column("changed_at", String(20), nullable=False),
)
file_table = Table(
    "files",
    metadata,
    Column("id", String(12), primary_key=True),
    Column("case_id", ForeignKey("cases.id"), nullable=False, index=True),
    Column("register_id", ForeignKey("register_entries.id"), nullable=False),
    Column("table_name", String(80), nullable=False),
    Column("state", String(20), nullable=False),
    Column("erasing_by", String(32)),
    Column("created_at", String(20), nullable=False),
    Column("changed_at", String(20), nullable=False),
)
# Append-only: register entries and proposals by revision, and every record of the steps.
document_table = Table(
    "documents",
    metadata,
    Column("id", String(12), primary_key=True),
    Column("sequence", ForeignKey("events.sequence"), nullable=False, unique=True),
    Column("kind", String(40), nullable=False),
    Column("subject", String(12)),
    Column("case_id", ForeignKey("cases.id")),
    Column("file_id", ForeignKey("files.id")),
    Column("actor", String(32), nullable=False),
    Column("created_at", String(20), nullable=False),
    Column("content", Text, nullable=False),
)
Index("ix_documents_kind_case_file", document_table.c.kind, document_table.c.case_id, document_table.c.file_id)
Index("ix_documents_subject_kind", document_table.c.subject, document_table.c.kind)
paper_table = Table(
    "papers",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("sequence", ForeignKey("events.sequence"), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("case_id", ForeignKey("cases.id")),
    Column("file_id", ForeignKey("files.id")),
    Column("sha256", String(64), nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("created_at", String(20), nullable=False),
)
vault_table = Table(
    "vault_items",
    metadata,
    Column("file_id", ForeignKey("files.id"), primary_key=True),
    Column("kind", String(20), primary_key=True),
    Column("sequence", ForeignKey("events.sequence"), nullable=False),
    Column("envelope", String(80), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sealed_at", String(20), nullable=False),
    Column("erased_at", String(20)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Someone of the office and their roles."""

    id: str
    roles: frozenset[Role]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One link of the chain: who did what to what, and the hash over it and the link before.

    Parameters
    ----------
    sequence : int
        1, 2, 3 … without gaps.
    at : str
        UTC, `YYYY-MM-DDTHH:MM:SSZ`.
    subject : str or None
        What it concerns beside case and file: a register entry, record, person, paper or vault kind.
    state : str or None
        The state of the case or file after the step.
    content_sha256 : str or None
        SHA-256 of the document, paper or sealed file that came with it.
    facts : Mapping[str, int | float | str]
        Counts and names; never values of a file.
    previous, hash : str
        Hash of the link before (64 zeros at the beginning) and of this one.
    """

    sequence: int
    at: str
    actor: str
    event: str
    subject: str | None
    case_id: str | None
    file_id: str | None
    state: str | None
    content_sha256: str | None
    facts: Mapping[str, int | float | str]
    previous: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterEntry:
    """An entry of a 個人情報ファイル簿, latest revision."""

    id: str
    document: dict[str, Any]
    revision: int
    struck: bool
    created_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case (案件): one proposal on its way; `document` is the latest revision of the proposal."""

    id: str
    state: CaseState
    regime: str
    document: dict[str, Any]
    revision: int
    created_at: str
    changed_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRecord:
    """A file (受領ファイル): one municipality's file inside a case."""

    id: str
    case_id: str
    register_id: str
    table: str
    state: FileState
    erasing_by: str | None
    created_at: str
    changed_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A document of one step, never changed after it was written."""

    id: str
    kind: str
    document: dict[str, Any]
    case_id: str | None
    file_id: str | None
    actor: str
    created_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A letter, notice or report kept as a file under the workspace's `papers/`."""

    name: str
    kind: str
    case_id: str | None
    file_id: str | None
    sha256: str
    size_bytes: int
    created_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultItem:
    """A sealed file: SHA-256 and size of its plain bytes."""

    file_id: str
    kind: str
    envelope: str
    sha256: str
    size_bytes: int
    sealed_at: str
    erased_at: str | None
