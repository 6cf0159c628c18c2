"""Whether the books hold: the chain of events link by link, the tables against the events, the papers, the witnessed heads.

Decided here: what counts as broken. Nothing is mended.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, select

from casework import records
from casework.records import Event
from casework.replay import Books, Row, apply_event
from casework.states import RECORD_RULES, RULES, Rule, Transition, find_transitions
from casework.store import Head, Store
from casework.store.chain import hash_event
from casework.store.people import OPENING_EVENTS
from casework.store.transactions import GENESIS
from schemas.errors import VerificationFailed
from schemas.files import sha256_bytes, sha256_file
from schemas.findings import Finding, FindingKind, Severity
from schemas.messages import N_, Name

EDITED = FindingKind("event-edited", Severity.FILE, N_("event {sequence} was changed: its hash does not fit its content"))
GAP = FindingKind("event-gap", Severity.FILE, N_("event {sequence} is missing or out of order"))
LINK = FindingKind("event-link", Severity.FILE, N_("event {sequence} does not follow from the event before it"))
CUT = FindingKind("chain-cut", Severity.FILE, N_("the chain ends at event {sequence}, but it once reached {known}"))
HEAD = FindingKind("head-unknown", Severity.FILE, N_("the witnessed head {head} is not in the chain"))
UNSIGNED = FindingKind("head-unsigned", Severity.FILE, N_("the signed head beside the store is missing or not by this office"))
ROW_CHANGED = FindingKind("row-changed", Severity.FILE, N_("table {table}: {id} is not what the events say"))
ROW_MISSING = FindingKind("row-missing", Severity.FILE, N_("table {table}: {id} is missing"))
ROW_ADDED = FindingKind("row-added", Severity.FILE, N_("table {table}: {id} was never written by an event"))
PAPER = FindingKind("paper-changed", Severity.FILE, N_("the paper {id} is missing or was changed"))
ASTRAY = FindingKind("vault-astray", Severity.FILE, N_("the vault and the store disagree about {id}"))
BROKEN = FindingKind("event-impossible", Severity.FILE, N_("event {sequence} speaks of something that was never made"))
UNRULED = FindingKind("event-unruled", Severity.FILE, N_("event {sequence} was written by someone who might not"))

# What no table of steps knows: nobody may.
IMPOSSIBLE = Rule(event="", label="", roles=frozenset())
FINDINGS_SHOWN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What was verified.

    Parameters
    ----------
    events : int
        Links of the chain.
    head : str
        Hash of the last one.
    findings : tuple[Finding, ...]
        Everything that does not hold; empty when all does.
    """

    events: int
    head: str
    findings: tuple[Finding, ...]


def verify_books(
    store: Store, *, witnessed: Head | None, heads: Iterable[str] = (), astray: Iterable[str] = (), losses: Iterable[Finding] = ()
) -> Audit:
    """Return what does not hold in the store.

    Parameters
    ----------
    witnessed : Head or None
        The signed head kept beside the store; None when it could not be read.
    heads : Iterable[str]
        Heads from receipts and packages, given out earlier.
    astray : Iterable[str]
        From `Vault.find_astray`.
    losses : Iterable[Finding]
        From `inventory.find_losses`.
    """
    with store.snapshot():
        reader = _Reader(store)
        findings = list(reader.read())
        findings += _compare_heads(store, reader, witnessed, heads)
        findings += _compare_tables(store, reader.books)
    findings += _compare_papers(store)
    findings += [Finding(kind=ASTRAY, params={"id": Name(place)}) for place in astray]
    findings += losses
    return Audit(events=reader.sequence, head=reader.hash, findings=tuple(findings[:FINDINGS_SHOWN]))


def check_books(
    store: Store, *, witnessed: Head | None, heads: Iterable[str] = (), astray: Iterable[str] = (), losses: Iterable[Finding] = ()
) -> Audit:
    """Return the audit of a store that holds.

    Raises
    ------
    VerificationFailed
        Something does not hold; the findings say what.
    """
    audit = verify_books(store, witnessed=witnessed, heads=heads, astray=astray, losses=losses)
    if audit.findings:
        raise VerificationFailed(
            N_("the books do not hold: {count} findings"),
            N_("keep the workspace as it is, compare with the last backup and with receipts, and tell the auditor"),
            findings=audit.findings,
            count=len(audit.findings),
        )
    return audit


class _Reader:
    """Walks the chain once: links, rules, books."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.sequence = 0
        self.hash = GENESIS
        self.hashes: set[str] = set()
        self.books = Books()
        self._actors: dict[tuple[str, str | None, str | None], set[str]] = {}
        self._last: dict[tuple[str, str | None, str | None], int] = {}

    def read(self) -> Iterator[Finding]:
        """Yield what does not hold in the chain."""
        for event in self._store.events():
            yield from self._link(event)
            yield from self._rule(event)
            try:
                apply_event(self.books, event)
            except (KeyError, ValueError):
                yield Finding(kind=BROKEN, params={"sequence": event.sequence})

    def _link(self, event: Event) -> Iterator[Finding]:
        """Check number, link and hash of one event, and go on from it as it stands."""
        where = {"sequence": event.sequence}
        if event.sequence != self.sequence + 1:
            yield Finding(kind=GAP, params={"sequence": self.sequence + 1})
        if event.previous != self.hash:
            yield Finding(kind=LINK, params=where)
        if hash_event(_fields(event)) != event.hash:
            yield Finding(kind=EDITED, params=where)
        self.sequence, self.hash = event.sequence, event.hash
        self.hashes.add(event.hash)

    def _rule(self, event: Event) -> Iterator[Finding]:
        """Check role and two-person rule of one event against the events before it."""
        rule = find_rule(event, self.books)
        if rule is not None and not self._allowed(rule, event):
            yield Finding(kind=UNRULED, params={"sequence": event.sequence})
        for key in ((event.event, event.case_id, None), (event.event, None, event.file_id)):
            self._actors.setdefault(key, set()).add(event.actor)
            self._last[key] = event.sequence

    def _allowed(self, rule: Rule, event: Event) -> bool:
        roles = set(self.books.people.get(event.actor, {}).get("roles", "").split(","))
        scope = (None, event.file_id) if event.file_id else (event.case_id, None)
        excluded = {actor for name in rule.excludes for actor in self._actors.get((name, *scope), ())}
        stale = max((self._last.get((name, *scope), 0) for name in rule.since), default=0)
        met = all(self._last.get((name, *scope), 0) > stale for name in rule.requires)
        case = self.books.cases.get(event.case_id or "", {}).get("state")
        placed = not isinstance(rule, Transition) or not rule.case_states or case in rule.case_states
        return bool(roles & set(rule.roles)) and event.actor not in excluded and met and placed


def find_rule(event: Event, books: Books) -> Rule | None:
    """Return the rule an event was written under; None for those that need none (opening, first person, erasure in progress)."""
    subject, _, kind = event.event.partition(".")
    if subject == "record":
        # The certificate comes with the erasure, whose rule was checked with it.
        return RECORD_RULES.get(kind, IMPOSSIBLE) if kind != "certificate" else None
    if event.event in {"office.opened", "vault.erasing"}:
        return None
    if event.event in RULES:
        return None if event.sequence == OPENING_EVENTS and event.event == "person.added" else RULES[event.event]
    rows = books.cases.get(event.case_id or "") if subject == "case" else books.files.get(event.file_id or "")
    source = rows.get("state") if rows else None
    steps = (step for step in find_transitions(event.event) if step.source == source and step.target == event.state)
    return next(steps, IMPOSSIBLE)


def _fields(event: Event) -> dict[str, Any]:
    return {name: getattr(event, name) for name in Event.__slots__}


def _compare_heads(store: Store, reader: _Reader, witnessed: Head | None, heads: Iterable[str]) -> Iterator[Finding]:
    """Compare the end of the chain with every witness."""
    kept = store.chain_head()
    if (kept.sequence, kept.hash) != (reader.sequence, reader.hash):
        yield Finding(kind=CUT, params={"sequence": reader.sequence, "known": kept.sequence})
    if witnessed is None:
        yield Finding(kind=UNSIGNED)
    elif witnessed.sequence > reader.sequence:
        yield Finding(kind=CUT, params={"sequence": reader.sequence, "known": witnessed.sequence})
    known = {**dict.fromkeys(heads, 0), **({witnessed.hash: 0} if witnessed else {})}
    for head in known:
        if head not in reader.hashes:
            yield Finding(kind=HEAD, params={"head": Name(head[:16])})


def _compare_tables(store: Store, books: Books) -> Iterator[Finding]:
    """Compare every table with what the events say."""
    expected: dict[str, dict[Any, Row]] = {name: getattr(books, name) for name in Books.__slots__}
    for name, rows in expected.items():
        table = records.metadata.tables[name]
        found = {_key(table, row): _comparable(row) for row in store.rows(select(table))}
        for key in sorted(rows.keys() | found.keys(), key=str):
            kind = _judge(rows.get(key), found.get(key))
            if kind:
                yield Finding(kind=kind, params={"table": Name(name), "id": Name(key)})


def _judge(expected: Row | None, found: Row | None) -> FindingKind | None:
    if found is None:
        return ROW_MISSING
    if expected is None:
        return ROW_ADDED
    return None if all(found.get(column) == value for column, value in expected.items()) else ROW_CHANGED


def _key(table: Table, row: Row) -> Any:
    """Return the key under which `Books` keeps a row."""
    if table.name == "documents":
        return row["sequence"]
    return "/".join(str(row[column.name]) for column in table.primary_key)


def _comparable(row: Row) -> Row:
    """Return a row with the hash of its content in place of the content."""
    return {**row, "sha256": sha256_bytes(row["content"].encode())} if "content" in row else dict(row)


def _compare_papers(store: Store) -> Iterator[Finding]:
    """Compare the papers on disk with their hashes."""
    for paper in store.list_papers():
        path = store.paper_path(paper)
        if not path.is_file() or sha256_file(path) != paper.sha256:
            yield Finding(kind=PAPER, params={"id": Name(paper.name)})


def to_json(event: Event) -> dict[str, object]:
    """Return an event for machines."""
    fields: dict[str, object] = json.loads(json.dumps(_fields(event)))
    return fields
