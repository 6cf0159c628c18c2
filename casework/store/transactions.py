"""One writer at a time, and all or nothing: connections, the lock, ids. What is written is decided by the rooms on top."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from sqlalchemy import Column, ColumnElement, Engine, RowMapping, Select, func, insert, select, update
from sqlalchemy.engine import Connection

from casework.database import WRITE, database_errors
from casework.records import counter_table, event_table, office_table
from schemas.errors import InternalError
from schemas.messages import N_

# What the first event follows.
GENESIS = "0" * 64


def by_id(column: Column[Any]) -> tuple[ColumnElement[Any], ...]:
    """Return the order of ids by number: `F-9999` before `F-10000`."""
    return func.length(column), column


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The end of the chain: sequence number and hash of the last event."""

    sequence: int
    hash: str


class Witness(Protocol):
    """Who keeps the head of the chain outside the database."""

    def attest(self, head: Head, knows: Callable[[str], bool]) -> bytes:
        """Return the signed head; called before commit, so that a missing key, or a kept head the chain does not know, stops the write."""

    def keep(self, statement: bytes) -> None:
        """Keep the signed head; called after commit."""


class Transactions:
    """Connections of the store: reads by themselves, writes one at a time.

    Parameters
    ----------
    engine : Engine
        From `casework.database.open_engine`.
    now : Callable[[], datetime]
        The clock, with time zone.
    witness : Witness or None
        Keeps the head outside; None for none.
    """

    def __init__(self, engine: Engine, *, now: Callable[[], datetime], witness: Witness | None = None) -> None:
        self.engine = engine
        self._now = now
        self._witness = witness
        self._connection: Connection | None = None
        self._head: Head | None = None
        self._at = ""
        self._afterwards: list[Callable[[], object]] = []

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Group writes: all of them happen or none. May be nested; only the outermost commits.

        Raises
        ------
        SettingsError
            The database does not answer, or another writer held it too long.
        """
        if self._connection is not None:
            with self._connection.begin_nested():
                yield
            return
        statement: bytes | None = None
        with database_errors(), self.engine.connect().execution_options(**{WRITE: True}) as connection, connection.begin():
            self._connection = connection
            try:
                self._take_afterwards()
                before = self._head = self._lock(connection)
                self._at = self._now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
                yield
                if self._witness and self._head != before:
                    statement = self._witness.attest(self._head, self._knows)
            finally:
                self._connection = self._head = None
        if self._witness and statement:
            self._witness.keep(statement)
        for action in self._take_afterwards():
            action()

    def _knows(self, event_hash: str) -> bool:
        """Return whether the chain holds an event of this hash."""
        return self._first(select(event_table.c.sequence).where(event_table.c.hash == event_hash)) is not None

    def after_commit(self, action: Callable[[], object]) -> None:
        """Do this once what is being written is certain: after the outermost commit, or at once when nothing is being written."""
        if self._head is None:
            action()
        else:
            self._afterwards.append(action)

    def _take_afterwards(self) -> list[Callable[[], object]]:
        """Return what was put off, and forget it."""
        actions, self._afterwards = self._afterwards, []
        return actions

    def _lock(self, connection: Connection) -> Head:
        """Wait for other writers, then return the head of the chain (SQLite: BEGIN IMMEDIATE has waited already)."""
        row = connection.execute(select(office_table.c.sequence, office_table.c.head).with_for_update()).one_or_none()
        return Head(sequence=row.sequence, hash=row.head) if row else Head(sequence=0, hash=GENESIS)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Group reads: all of them see the same state of the store, whatever others write meanwhile."""
        if self._connection is not None:
            yield
            return
        with database_errors(), self.engine.connect() as connection:
            if connection.dialect.name == "postgresql":
                connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                self._connection = connection
                try:
                    yield
                finally:
                    self._connection = None

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """Yield the connection of the running transaction, else one of its own."""
        if self._connection is not None:
            yield self._connection
            return
        with database_errors(), self.engine.connect() as connection:
            yield connection

    def _writing(self) -> Connection:
        """Return the connection of the running transaction."""
        if self._connection is None or self._head is None:
            raise InternalError(N_("a write outside a transaction"), N_("report this line to the maintainers"))
        return self._connection

    def rows(self, query: Select[Any]) -> list[dict[str, Any]]:
        """Return rows as they are stored: for the audit."""
        return [dict(row) for row in self._all(query)]

    def _all(self, query: Select[Any]) -> list[RowMapping]:
        with self._reading() as connection:
            return list(connection.execute(query).mappings())

    def _first(self, query: Select[Any]) -> RowMapping | None:
        with self._reading() as connection:
            return connection.execute(query).mappings().first()

    def _next_id(self, prefix: str) -> str:
        """Return the next id of a kind, such as `C-0001`."""
        connection = self._writing()
        found = connection.execute(select(counter_table.c.value).where(counter_table.c.prefix == prefix)).scalar()
        value = int(found or 0) + 1
        if found is None:
            connection.execute(insert(counter_table).values(prefix=prefix, value=value))
        else:
            connection.execute(update(counter_table).where(counter_table.c.prefix == prefix).values(value=value))
        return f"{prefix}-{value:04d}"

    def _clock(self) -> str:
        """Return the time of the running transaction in UTC to the second: one for all that it writes."""
        return self._at

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()
