"""The chain of events: each carries the hash of the one before. Written here, verified in `casework.audit`."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import RowMapping, Select, func, insert, select, update

from casework.records import Event, event_table, office_table
from casework.store.transactions import GENESIS, Head, Transactions
from schemas.errors import InternalError, SettingsError
from schemas.files import canonical_json, sha256_bytes
from schemas.messages import N_, Param, check_params

UNREADABLE: Mapping[str, int] = {"unreadable": 1}
HASHED = ("sequence", "at", "actor", "event", "subject", "case_id", "file_id", "state", "content_sha256", "facts", "previous")
BATCH_ROWS = 1000


def hash_event(fields: Mapping[str, Any]) -> str:
    """Return SHA-256 over the canonical JSON of an event with the hash before it.

    Parameters
    ----------
    fields : Mapping
        At least the fields named in `HASHED`; `facts` as a mapping.
    """
    return sha256_bytes(canonical_json({key: fields[key] for key in HASHED}))


def plain_facts(facts: Mapping[str, Param]) -> dict[str, int | float | str]:
    """Return facts as plain JSON values.

    Raises
    ------
    TypeError
        A fact is neither a number nor a `Name`.
    """
    check_params(facts)
    return {key: str(value) if isinstance(value, str) else value for key, value in facts.items()}


def to_event(row: RowMapping) -> Event:
    """Return an event as it is stored; facts that are not spelled as this software spells them become `UNREADABLE`, and the hash tells."""
    try:
        facts = json.loads(row["facts"])
        readable = isinstance(facts, dict) and canonical_json(facts).decode() == row["facts"]
    except ValueError:
        readable = False
    return Event(**{**row, "facts": facts if readable else UNREADABLE})


class Chain(Transactions):
    """Events of the store."""

    def _append(self, event: str, actor: str, *, facts: Mapping[str, Param] | None = None, **fields: str | None) -> int:
        """Write an event at the end of the chain and return its sequence number."""
        connection = self._writing()
        if self._head is None:
            raise InternalError(N_("a write outside a transaction"), N_("report this line to the maintainers"))
        row: dict[str, Any] = dict.fromkeys(("subject", "case_id", "file_id", "state", "content_sha256")) | fields
        row |= {"sequence": self._head.sequence + 1, "previous": self._head.hash, "at": self._clock(), "actor": actor, "event": event}
        row["facts"] = plain_facts(facts or {})
        row["hash"] = hash_event(row)
        connection.execute(insert(event_table).values(**row | {"facts": canonical_json(row["facts"]).decode()}))
        connection.execute(update(office_table).values(sequence=row["sequence"], head=row["hash"]))
        self._head = Head(sequence=row["sequence"], hash=row["hash"])
        return int(row["sequence"])

    def events(self, *, case_id: str | None = None, file_id: str | None = None) -> Iterator[Event]:
        """Yield events from the first to the last, read in batches; of one case or file when named."""
        query = select(event_table).order_by(event_table.c.sequence).limit(BATCH_ROWS)
        if case_id:
            query = query.where(event_table.c.case_id == case_id)
        if file_id:
            query = query.where(event_table.c.file_id == file_id)
        last = -1
        while rows := self._all(query.where(event_table.c.sequence > last)):
            last = rows[-1]["sequence"]
            yield from map(to_event, rows)

    def head(self) -> str:
        """Return the hash of the last event: what receipts and packages carry."""
        return self.chain_head().hash

    def chain_head(self) -> Head:
        """Return sequence number and hash of the last event."""
        row = self._first(select(office_table.c.sequence, office_table.c.head))
        return Head(sequence=row["sequence"], hash=row["head"]) if row else Head(sequence=0, hash=GENESIS)

    def opening(self) -> Event:
        """Return the first event: what was decided once, when the office was set up.

        Raises
        ------
        SettingsError
            The books were never opened.
        """
        row = self._first(select(event_table).where(event_table.c.sequence == 1))
        if row is None:
            raise SettingsError(N_("the case store is empty"), N_("set up the workspace: sakusei init"))
        return to_event(row)

    def find_event(self, event_hash: str) -> Event | None:
        """Return the event with this hash: an earlier head is genuine when it is one."""
        row = self._first(select(event_table).where(event_table.c.hash == event_hash))
        return to_event(row) if row else None

    def actors_of(self, *, event: str, case_id: str | None = None, file_id: str | None = None) -> frozenset[str]:
        """Return who wrote an event of this name on a case or file."""
        return self._actors(frozenset({event}), case_id, file_id)

    def _actors(self, events: frozenset[str], case_id: str | None, file_id: str | None) -> frozenset[str]:
        """Return who wrote any of these events on the file, or on the case when no file is named."""
        if not events:
            return frozenset()
        query = _among(select(event_table.c.actor).distinct(), events, case_id, file_id)
        return frozenset(row["actor"] for row in self._all(query))

    def _last(self, events: frozenset[str], case_id: str | None, file_id: str | None) -> int:
        """Return the number of the last of these events on the file, or on the case when no file is named; 0: there is none."""
        row = self._first(_among(select(func.max(event_table.c.sequence).label("last")), events, case_id, file_id))
        return int(row["last"] or 0) if row else 0


def _among(query: Select[Any], events: frozenset[str], case_id: str | None, file_id: str | None) -> Select[Any]:
    """Return a query narrowed to these events on the file, or on the case when no file is named."""
    query = query.where(event_table.c.event.in_(sorted(events)))
    return query.where(event_table.c.file_id == file_id) if file_id else query.where(event_table.c.case_id == case_id)
