"""What the tables must hold, told from the events alone. Pure: events in, rows out; the comparison is in `casework.audit`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from casework.records import Event
from casework.states import FILE_DOCUMENTS, PREFIXES, RECORD_RULES, CaseState, FileState, Role

Row: TypeAlias = dict[str, Any]


@dataclass(slots=True)
class Books:
    """Rows by table and key, as far as the events have been read.

    Parameters
    ----------
    counters, people, register_entries, cases, files, papers : dict[str, Row]
        Rows by id (counters by prefix).
    vault_items : dict[str, Row]
        Rows by `FILE/KIND`.
    documents : dict[int, Row]
        Rows by the sequence number of their event.
    """

    counters: dict[str, Row] = field(default_factory=dict)
    people: dict[str, Row] = field(default_factory=dict)
    register_entries: dict[str, Row] = field(default_factory=dict)
    cases: dict[str, Row] = field(default_factory=dict)
    files: dict[str, Row] = field(default_factory=dict)
    documents: dict[int, Row] = field(default_factory=dict)
    papers: dict[str, Row] = field(default_factory=dict)
    vault_items: dict[str, Row] = field(default_factory=dict)


def replay(events: Iterable[Event]) -> Books:
    """Return what the tables must hold after these events.

    Raises
    ------
    KeyError
        An event speaks of something that no event before has made.
    """
    books = Books()
    for event in events:
        apply_event(books, event)
    return books


def apply_event(books: Books, event: Event) -> None:
    """Carry one event into the books.

    Raises
    ------
    KeyError
        It speaks of something that no event before has made.
    """
    subject = event.event.partition(".")[0]
    HANDLERS.get(subject, _ignore)(books, event)


def _ignore(_books: Books, _event: Event) -> None:
    """Events that change no table."""


def _count(books: Books, prefix: str) -> str:
    """Return the next id of a kind, as the store gave it."""
    row = books.counters.setdefault(prefix, {"value": 0})
    row["value"] += 1
    return f"{prefix}-{row['value']:04d}"


def _person(books: Books, event: Event) -> None:
    roles = ",".join(sorted(role for role in Role if event.facts.get(role.value)))
    books.people[str(event.subject)] = {"roles": roles}


def _register(books: Books, event: Event) -> None:
    entry_id = str(event.subject)
    if event.event == "register.added":
        _count(books, "R")
        books.register_entries[entry_id] = {"revision": 1, "struck": False, "created_at": event.at}
    elif event.event == "register.revised":
        books.register_entries[entry_id]["revision"] = event.facts["revision"]
    else:
        books.register_entries[entry_id]["struck"] = True
        return
    _document(books, event, "register_entry")


def _case(books: Books, event: Event) -> None:
    case_id = str(event.case_id)
    if event.event == "case.submitted":
        _count(books, "C")
        books.cases[case_id] = {"regime": event.facts["regime"], "revision": 1, "created_at": event.at}
    if event.event == "case.resubmitted":
        books.cases[case_id]["revision"] = event.facts["revision"]
    books.cases[case_id] |= {"state": CaseState(str(event.state)).value, "changed_at": event.at}
    if event.event in {"case.submitted", "case.resubmitted"}:
        _document(books, event, "proposal")


def _file(books: Books, event: Event) -> None:
    file_id = str(event.file_id)
    if event.event == "file.requested":
        _count(books, "F")
        row = {"case_id": event.case_id, "register_id": event.facts["register"], "table_name": event.facts["table"]}
        books.files[file_id] = {**row, "erasing_by": None, "created_at": event.at}
    books.files[file_id] |= {"state": FileState(str(event.state)).value, "changed_at": event.at}
    if kind := FILE_DOCUMENTS.get(event.event):
        _document(books, event, kind)
    if event.event == "file.erased":
        for key, row in books.vault_items.items():
            if key.startswith(f"{file_id}/"):
                row["erased_at"] = event.at


def _record(books: Books, event: Event) -> None:
    kind = event.event.partition(".")[2]
    if kind in RECORD_RULES:
        _document(books, event, kind)


def _document(books: Books, event: Event, kind: str) -> None:
    where = {"subject": event.subject, "case_id": event.case_id, "file_id": event.file_id}
    books.documents[event.sequence] = {
        "id": _count(books, PREFIXES.get(kind, "D")),
        "kind": kind,
        "actor": event.actor,
        "created_at": event.at,
        "sha256": event.content_sha256,
        **where,
    }


def _paper(books: Books, event: Event) -> None:
    books.papers[str(event.subject)] = {
        "sequence": event.sequence,
        "kind": event.facts["kind"],
        "case_id": event.case_id,
        "file_id": event.file_id,
        "sha256": event.content_sha256,
        "size_bytes": event.facts["size_bytes"],
        "created_at": event.at,
    }


def _vault(books: Books, event: Event) -> None:
    if event.event == "vault.sealed":
        books.vault_items[f"{event.file_id}/{event.subject}"] = {
            "sequence": event.sequence,
            "envelope": event.facts["envelope"],
            "sha256": event.content_sha256,
            "size_bytes": event.facts["size_bytes"],
            "sealed_at": event.at,
            "erased_at": None,
        }
    if event.event == "vault.erasing":
        books.files[str(event.file_id)] |= {"erasing_by": event.actor, "changed_at": event.at}


HANDLERS: dict[str, Callable[[Books, Event], None]] = {
    "person": _person,
    "register": _register,
    "case": _case,
    "file": _file,
    "record": _record,
    "paper": _paper,
    "vault": _vault,
}
