"""The audit finds every edit, deletion, reordering and truncation, on both databases."""

# ruff: noqa: S608 - tampering with our own database is the subject

import contextlib
import itertools
import json
import sqlite3
from itertools import pairwise

import pytest
from sqlalchemy import text

from casework.audit import check_books, to_json, verify_books
from casework.records import Event
from casework.states import CaseState, FileState, Role
from casework.store import Head
from casework.store.chain import HASHED, hash_event
from casework.store.transactions import GENESIS
from schemas.errors import VerificationFailed
from schemas.files import canonical_json


def tamper(store, *statements, **params):
    """Change the database as someone with its password would: past the triggers."""
    if store.engine.dialect.name == "sqlite":
        with contextlib.closing(sqlite3.connect(store.engine.url.database)) as raw, raw:
            for table, verb in itertools.product(("events", "documents", "papers"), ("update", "delete")):
                raw.execute(f"DROP TRIGGER {table}_no_{verb}")
            for statement in statements:
                raw.execute(statement, params)
        return
    with store.engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in statements:
            connection.execute(text(statement), params)


@pytest.fixture
def books(store):
    """A store with something in every table, and its head before the last event."""
    register_id = store.add_register_entry({"name": "国保給付"}, actor="screener")
    case_id = store.add_case({"regime": "tokumei-2023"}, actor="screener")
    store.move_case(case_id, CaseState.UNDER_REVIEW, actor="screener", facts={"met": 7})
    store.add_record("review", {"met": 7}, actor="reviewer", case_id=case_id)
    store.move_case(case_id, CaseState.ACCEPTED, actor="approver")
    file_id = store.add_file(case_id, register_id=register_id, table="kokuho_benefit", actor="screener")
    store.move_case(case_id, CaseState.REQUESTED, actor="screener")
    store.move_file(file_id, FileState.RECEIVED, actor="processor")
    from casework.records import VaultItem

    item = VaultItem(file_id=file_id, kind="received", envelope="e.age", sha256="a" * 64, size_bytes=9, sealed_at="", erased_at=None)
    store.note_sealed(item, actor="processor")
    store.add_paper("notice", b"text", ".txt", actor="approver", case_id=case_id)
    store.revise_register_entry(register_id, {"name": "国保給付", "persons": 2000}, actor="screener")
    return store


def codes(store, **more):
    head = more.pop("witnessed", store.chain_head())
    return {finding.kind.code for finding in verify_books(store, witnessed=head, **more).findings}


def test_untouched_books_hold(books):
    audit = check_books(books, witnessed=books.chain_head(), heads=[event.hash for event in books.events()])
    assert (audit.events, audit.head, audit.findings) == (books.chain_head().sequence, books.head(), ())


def test_the_chain_starts_at_zeros_and_each_link_follows(books):
    events = list(books.events())
    assert events[0].previous == GENESIS
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert all(after.previous == before.hash for before, after in pairwise(events))


def test_the_hash_of_an_event_computed_by_hand():
    event = {
        "sequence": 1,
        "at": "2026-04-01T00:00:00Z",
        "actor": "chief",
        "event": "office.opened",
        "subject": None,
        "case_id": None,
        "file_id": None,
        "state": None,
        "content_sha256": None,
        "facts": {"synthetic": 1},
        "previous": GENESIS,
    }
    # RFC 8785: keys in order, no blanks; then sha256sum of exactly these bytes.
    spelled = (
        '{"actor":"chief","at":"2026-04-01T00:00:00Z","case_id":null,"content_sha256":null,"event":"office.opened","facts":{"synthetic":1},'
        f'"file_id":null,"previous":"{GENESIS}","sequence":1,"state":null,"subject":null}}'
    )
    assert canonical_json(event).decode() == spelled
    assert hash_event(event) == "385112afec7e4350658d899ce0f805e2777dc35dc11449db7d3b9741918753d8"
    assert set(event) == set(HASHED)


COLUMNS = {
    "at": "2020-01-01T00:00:00Z",
    "actor": "chief",
    "event": "case.rejected",
    "subject": "X",
    "case_id": "C-0009",
    "file_id": "F-0009",
    "state": "closed",
    "content_sha256": "b" * 64,
    "facts": '{"met":1}',
    "hash": "c" * 64,
    "previous": "d" * 64,
}


@pytest.mark.parametrize("column", COLUMNS)
def test_every_column_of_an_event_is_guarded(books, column):
    sequence = next(event.sequence for event in books.events() if event.event == "case.screened")
    tamper(books, f"UPDATE events SET {column} = :value WHERE sequence = :n", value=COLUMNS[column], n=sequence)
    assert codes(books) & {"event-edited", "event-link"}


def test_a_deleted_event_is_found(books):
    tamper(books, "DELETE FROM events WHERE sequence = 12")
    assert {"event-gap", "event-link"} <= codes(books)


def test_a_deleted_event_whose_followers_moved_up_is_found(books):
    last = books.chain_head().sequence
    moves = [f"UPDATE events SET sequence = {n - 1} WHERE sequence = {n}" for n in range(13, last + 1)]
    tamper(books, "DELETE FROM events WHERE sequence = 12", *moves)
    assert {"event-edited", "event-link", "chain-cut"} <= codes(books, witnessed=Head(sequence=last, hash=books.head()))


def test_two_swapped_events_are_found(books):
    swap = [f"UPDATE events SET sequence = {b} WHERE sequence = {a}" for a, b in ((11, 900), (12, 11), (900, 12))]
    tamper(books, *swap)
    assert {"event-edited", "event-link"} <= codes(books)


def test_a_chain_cut_short_is_found_by_the_head_beside_it(books):
    head = books.chain_head()
    before = next(event.hash for event in books.events() if event.sequence == head.sequence - 1)
    tamper(
        books,
        f"DELETE FROM documents WHERE sequence = {head.sequence}",
        f"DELETE FROM events WHERE sequence = {head.sequence}",
        "UPDATE office SET sequence = :n, head = :h",
        "UPDATE register_entries SET revision = 1",
        "UPDATE counters SET value = value - 1 WHERE prefix = 'D'",
        n=head.sequence - 1,
        h=before,
    )
    # All traces are gone from the database: only a witness outside tells.
    assert codes(books) == set()
    assert codes(books, witnessed=head) == {"chain-cut", "head-unknown"}
    assert codes(books, heads=[head.hash]) == {"head-unknown"}


def test_a_chain_cut_short_is_found_by_the_head_inside(books):
    last = books.chain_head().sequence
    tamper(books, f"DELETE FROM documents WHERE sequence = {last}", f"DELETE FROM events WHERE sequence = {last}")
    assert "chain-cut" in codes(books)


def test_a_history_written_anew_is_found_by_an_earlier_head(books):
    head, events = books.chain_head(), [dict(to_json(event)) for event in books.events()]
    previous, statements = GENESIS, []
    for event in events:
        event["actor"] = "chief" if event["actor"] == "approver" else event["actor"]
        event["previous"] = previous
        previous = event["hash"] = hash_event(event)
        statements.append(
            f"UPDATE events SET actor='{event['actor']}', previous='{event['previous']}', hash='{event['hash']}' "
            f"WHERE sequence={event['sequence']}"
        )
    tamper(books, *statements, f"UPDATE office SET head = '{previous}'", "UPDATE documents SET actor = 'chief' WHERE actor = 'approver'")
    assert codes(books) == set()
    assert codes(books, witnessed=head) == {"head-unknown"}


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        ("UPDATE cases SET state = 'contracted'", "cases"),
        ("UPDATE cases SET regime = 'hishikibetsu-2017'", "cases"),
        ("UPDATE cases SET created_at = '2020-01-01T00:00:00Z'", "cases"),
        ("UPDATE files SET state = 'released'", "files"),
        ("UPDATE files SET table_name = 'x'", "files"),
        ("UPDATE files SET erasing_by = 'chief'", "files"),
        ("UPDATE people SET roles = 'approver,screener' WHERE id = 'screener'", "people"),
        ("INSERT INTO people (id, roles) VALUES ('ghost', 'approver')", "people"),
        ("DELETE FROM people WHERE id = 'auditor'", "people"),
        ("UPDATE register_entries SET struck = NOT struck", "register_entries"),
        ("UPDATE documents SET content = '[]' WHERE kind = 'review'", "documents"),
        ("UPDATE documents SET actor = 'chief' WHERE kind = 'review'", "documents"),
        ("UPDATE documents SET id = 'D-9999' WHERE kind = 'review'", "documents"),
        ("DELETE FROM documents WHERE kind = 'review'", "documents"),
        ("UPDATE vault_items SET sha256 = 'x'", "vault_items"),
        ("UPDATE vault_items SET envelope = 'other.age'", "vault_items"),
        ("UPDATE papers SET sha256 = 'x'", "papers"),
        ("DELETE FROM papers", "papers"),
    ],
)
def test_a_table_changed_behind_the_events_is_found(books, statement, table):
    tamper(books, statement)
    findings = verify_books(books, witnessed=books.chain_head()).findings
    assert table in {finding.params.get("table") for finding in findings}


def test_a_paper_changed_or_gone_is_found(books):
    path = books.paper_path(books.list_papers()[0])
    path.write_bytes(b"other")
    assert codes(books) == {"paper-changed"}
    path.unlink()
    assert codes(books) == {"paper-changed"}


def forge(store, **fields):
    """Append an event that fits the chain but not the rules, as someone with the password and this code could."""
    with store.transaction():
        store._append(fields.pop("event"), fields.pop("actor"), **fields)


@pytest.mark.parametrize(
    ("event", "actor", "state"),
    [
        ("case.contracted", "screener", "contracted"),
        ("case.contracted", "ghost", "contracted"),
        ("case.closed", "release_officer", "closed"),
        ("case.requested", "screener", "contracted"),
    ],
)
def test_an_event_by_someone_who_might_not_is_found(books, event, actor, state):
    forge(books, event=event, actor=actor, case_id="C-0001", state=state)
    assert "event-unruled" in codes(books)


def test_an_event_about_nothing_is_found(books):
    forge(books, event="file.received", actor="processor", case_id="C-0001", file_id="F-0404", state="received")
    assert {"event-impossible", "event-unruled"} <= codes(books)


def test_books_without_their_signed_head_do_not_hold(books):
    with pytest.raises(VerificationFailed, match="1 findings") as caught:
        check_books(books, witnessed=None)
    assert caught.value.exit_code == 16
    assert caught.value.lines() == ["the signed head beside the store is missing or not by this office"]


def test_an_event_for_machines_holds_every_field(books):
    event = next(iter(books.events()))
    assert set(to_json(event)) == set(Event.__slots__)
    assert json.loads(json.dumps(to_json(event)))["facts"]["synthetic"] == 1
    assert Role.AUDITOR in {role for person in books.list_people() for role in person.roles}
