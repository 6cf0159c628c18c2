"""For any cell of any table: change it behind the events, and the audit finds it."""

# ruff: noqa: S608 - tampering with our own database is the subject
import contextlib
import shutil
import sqlite3
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from casework.audit import verify_books
from casework.database import open_engine, parse_url, upgrade
from casework.records import VaultItem, metadata
from casework.states import CaseState, FileState, Role
from casework.store import Store

TABLES = sorted(metadata.tables)


def open_store(folder):
    engine = open_engine(parse_url(f"sqlite:///{folder}/store.db"))
    return Store(engine, papers=folder, now=lambda: datetime(2026, 4, 1, tzinfo=UTC))


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """Books with something in every table and every state on the way to erasure; closed, in one file."""
    folder = tmp_path_factory.mktemp("books")
    store = open_store(folder)
    upgrade(store.engine)
    store.open_books(synthetic=True, actor="a", regime="tokumei-2023", key_sha256="0" * 64)
    store.add_person("b", list(Role), actor="a")
    register_id = store.add_register_entry({"persons": 1000}, actor="a")
    store.revise_register_entry(register_id, {"persons": 1001}, actor="b")
    case_id = store.add_case({"regime": "tokumei-2023"}, actor="a")
    store.move_case(case_id, CaseState.UNDER_REVIEW, actor="a")
    store.move_case(case_id, CaseState.RETURNED, actor="a")
    store.resubmit_case(case_id, {"regime": "tokumei-2023", "persons": 1000}, actor="a")
    store.move_case(case_id, CaseState.ACCEPTED, actor="b", facts={"met": 7})
    file_id = store.add_file(case_id, register_id=register_id, table="t", actor="a")
    store.move_case(case_id, CaseState.REQUESTED, actor="a")
    item = VaultItem(file_id=file_id, kind="received", envelope="e.age", sha256="a" * 64, size_bytes=9, sealed_at="", erased_at=None)
    store.note_sealed(item, actor="a")
    store.move_file(file_id, FileState.RECEIVED, actor="a")
    store.add_record("release", {"rows": 10}, actor="a", file_id=file_id)
    store.add_paper("notice", b"text", ".txt", actor="b", case_id=case_id)
    store.order_erasure(file_id, actor="a")
    store.begin_erasure(file_id, actor="b")
    store.finish_erasure(file_id, {"items": 1})
    head = store.chain_head()
    assert verify_books(store, witnessed=head).findings == ()
    store.close()
    with contextlib.closing(sqlite3.connect(folder / "store.db")) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        for table in ("events", "documents", "papers"):
            for verb in ("update", "delete"):
                raw.execute(f"DROP TRIGGER {table}_no_{verb}")
        raw.commit()
    return folder, head


@contextlib.contextmanager
def copied(original):
    """A copy of the books: a raw connection past all rules, and the audit's findings when asked."""
    folder, head = original
    with tempfile.TemporaryDirectory() as name, contextlib.closing(sqlite3.connect(f"{name}/store.db")) as raw:
        for path in folder.iterdir():
            shutil.copy(path, name)
        store = open_store(Path(name))
        try:
            yield raw, lambda: verify_books(store, witnessed=head).findings
        finally:
            store.close()


def other_value(draw, value):
    """Something else of the same kind."""
    if isinstance(value, int):
        return draw(st.integers(0, 10_000))
    return draw(
        st.one_of(st.text(st.characters(categories=("L", "N", "P")), max_size=70), st.sampled_from(["", "[]", "{}", "{}x", "a", "b"]))
    )


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), table=st.sampled_from(TABLES))
def test_no_cell_can_be_changed_unnoticed(original, data, table):
    with copied(original) as (raw, judge):
        raw.row_factory = sqlite3.Row
        rows = raw.execute(f"SELECT rowid AS place, * FROM {table}").fetchall()
        assert rows, f"the books have nothing in {table}"
        row = data.draw(st.sampled_from(rows))
        column = data.draw(st.sampled_from([name for name in row.keys() if name != "place"]))  # noqa: SIM118 - a Row, not a mapping
        value = other_value(data.draw, row[column])
        # The one row of the office has a number that means nothing.
        assume(value != row[column] and (table, column) != ("office", "id"))
        assume(metadata.tables[table].c[column].type.python_type is not bool or bool(value) != bool(row[column]))
        try:
            raw.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (value, row["place"]))
        except sqlite3.IntegrityError:
            assume(False)
        raw.commit()
        assert judge()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), table=st.sampled_from(TABLES))
def test_no_row_can_be_removed_unnoticed(original, data, table):
    with copied(original) as (raw, judge):
        places = [place for (place,) in raw.execute(f"SELECT rowid FROM {table}")]
        raw.execute(f"DELETE FROM {table} WHERE rowid = ?", (data.draw(st.sampled_from(places)),))
        raw.commit()
        assert judge()
