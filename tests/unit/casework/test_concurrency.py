"""Two processes write at once: no gap, no double, nothing lost; on both databases."""

import subprocess
import sys

import pytest

from casework.audit import verify_books
from schemas.errors import SettingsError

WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from casework.database import open_engine, parse_url
from casework.store import Store

url, papers, start, actor = sys.argv[1:]
store = Store(open_engine(parse_url(url)), papers=Path(papers), now=lambda: datetime.now(UTC))
print("ready", flush=True)
sys.stdin.readline()
for number in range(25):
    with store.transaction():
        case_id = store.add_case({"regime": "tokumei-2023", "number": number}, actor=actor)
        store.add_record("screening", {"number": number}, actor=actor, case_id=case_id)
store.close()
"""


def test_two_writers_leave_one_chain(store, database_url, tmp_path):
    before = store.chain_head().sequence
    command = [sys.executable, "-c", WRITER, database_url, str(tmp_path / "papers"), "go"]
    writers = [
        subprocess.Popen([*command, actor], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for actor in ("chief", "deputy")
    ]
    # Both have imported everything before either begins.
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0]
    for writer in writers:
        writer.stdin.close()
        writer.stdout.close()
    events = list(store.events())
    assert [event.sequence for event in events] == list(range(1, before + 2 * 25 * 2 + 1))
    assert len(store.list_cases()) == 50
    # Each pair stayed together, and the writers took turns.
    pairs = [(event.actor, event.event) for event in events[before:]]
    assert all(pairs[i][0] == pairs[i + 1][0] for i in range(0, len(pairs), 2))
    assert {actor for actor, _ in pairs} == {"chief", "deputy"}
    assert verify_books(store, witnessed=store.chain_head()).findings == ()


def test_a_reader_sees_nothing_unfinished(store, database_url, tmp_path):
    from casework.database import open_engine, parse_url
    from casework.store import Store

    other = Store(open_engine(parse_url(database_url)), papers=tmp_path / "papers", now=store._now)
    with store.transaction():
        store.add_case({"regime": "tokumei-2023"}, actor="screener")
        assert other.list_cases() == ()
        assert len(store.list_cases()) == 1
    assert len(other.list_cases()) == 1
    other.close()


def test_an_audit_sees_one_state_while_others_write(store, database_url, tmp_path):
    from casework.database import open_engine, parse_url
    from casework.store import Store

    other = Store(open_engine(parse_url(database_url)), papers=tmp_path / "papers", now=store._now)
    with store.snapshot():
        head = store.head()
        other.add_case({"regime": "tokumei-2023"}, actor="screener")
        assert (store.head(), store.list_cases()) == (head, ())
    assert store.head() == other.head() != head
    other.close()


def test_a_writer_that_waits_too_long_stops_with_a_hint(store, database_url, tmp_path, monkeypatch):
    from casework import database
    from casework.store import Store

    monkeypatch.setattr(database, "BUSY_SECONDS", 0.2)
    other = Store(database.open_engine(database.parse_url(database_url)), papers=tmp_path / "papers", now=store._now)
    with store.transaction(), pytest.raises(SettingsError, match="the case store does not answer") as caught:
        other.add_case({"regime": "tokumei-2023"}, actor="screener")
    assert "no other command holds it for long" in caught.value.hint.render()
    assert other.add_case({"regime": "tokumei-2023"}, actor="screener") == "C-0001"
    other.close()
