"""Records of several kinds are gathered into rows: line after line in, rows and rows at fault out.

Decided here: a row comes out of a whole set of records or not at all; a row with a fault in its records is put aside under the line of
the record at fault; a group whose closing record is missing or counts otherwise refuses the file, because rows may be lost. Every field
that no column is taken from is a field of the row all the same, by kind of record, so that it is searched for what must not be there.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from intake.defects import (
    CLOSING_MISSING,
    NUL_BYTE,
    RAGGED,
    RECORD_ALONE,
    RECORD_MISSING,
    RECORD_ORDER,
    RECORD_TWICE,
    ROW_KINDS,
    SOUND,
    UNKNOWN_RECORD,
    WRONG_TOTAL,
)
from intake.formats.record_rules import Part, RecordKind, RecordRules, Source
from schemas.errors import FileRejected
from schemas.findings import Finding
from schemas.messages import N_, Term

KEY_DIGITS = 10
_EOF_MARK = "\x1a"
_END = "\n"
Record = list[str]


@dataclass(slots=True)
class _Row:
    """The records of a row so far.

    Parameters
    ----------
    line : int
        Line of its first record.
    text : list[str]
        Its lines as they came.
    records : dict[str, list[Record]]
        Kind → records.
    order : int
        Order of the latest record.
    fault : tuple[int, int]
        Line and defect; the first one counts.
    """

    line: int
    order: int
    text: list[str] = field(default_factory=list)
    records: dict[str, list[Record]] = field(default_factory=dict)
    fault: tuple[int, int] = (0, SOUND)

    def blame(self, line: int, defect: int) -> None:
        if not self.fault[1]:
            self.fault = line, defect


@dataclass(slots=True)
class Batch:
    """Rows that are ready: as CSV with the line in front, as they came, and those at fault."""

    text: io.StringIO = field(default_factory=lambda: io.StringIO(newline=""))
    came: list[bytes] = field(default_factory=list)
    bad: list[tuple[int, int, bytes]] = field(default_factory=list)
    blanks: int = 0
    size: int = 0


@dataclass(slots=True)
class _Group:
    """What is open, and what was counted in it."""

    opening: Record | None = None
    rows: int = 0
    total: int = 0


class Gatherer:
    """Takes line after line and gathers rows."""

    def __init__(self, rules: RecordRules, sources: Sequence[Source], delimiter: str) -> None:
        self.rules, self.sources, self.delimiter = rules, sources, delimiter
        self.group, self.batch = _Group(), Batch()
        self.row: _Row | None = None
        self.line = 0
        self.keys: dict[str, int] = {}
        self.faults: list[Finding] = []
        self.rests = _find_rests(rules, sources)
        self.width = len(sources) + len(self.rests)

    def take(self, text: str) -> None:
        """Take one line."""
        self.line += 1
        if text in {"", _EOF_MARK}:
            self.batch.blanks += 1
            return
        record = text.split(self.delimiter)
        kind = self.rules.kinds.get(record[0].strip())
        closing = self.rules.closing
        if kind and kind.name in {self.rules.opening, self.rules.row}:
            self._end_row()
            self._begin(kind, record, text)
        elif kind and closing and kind.name == closing.record:
            self._end_row()
            self._close(record)
        else:
            self._add(kind, record, text)

    def finish(self) -> None:
        """End the file."""
        self._end_row()
        self._check_closed()

    def _begin(self, kind: RecordKind, record: Record, text: str) -> None:
        if kind.name == self.rules.opening:
            self._check_closed()
            self.group = _Group(opening=record)
            return
        self.row = _Row(line=self.line, order=kind.order)
        if self.group.opening is None:
            self.row.blame(self.line, RECORD_ALONE)
        self.group.rows += 1
        self._put(self.row, kind, record, text)

    def _add(self, kind: RecordKind | None, record: Record, text: str) -> None:
        """Put a record under the row that is open."""
        row = self.row
        if row is None:
            self._put_aside(self.line, UNKNOWN_RECORD if kind is None else RECORD_ALONE, text)
        elif kind is None:
            row.text.append(text)
            row.blame(self.line, UNKNOWN_RECORD)
        else:
            if kind.order < row.order:
                row.blame(self.line, RECORD_ORDER)
            row.order = max(row.order, kind.order)
            self._put(row, kind, record, text)

    def _put(self, row: _Row, kind: RecordKind, record: Record, text: str) -> None:
        row.text.append(text)
        found = row.records.setdefault(kind.name, [])
        found.append(record)
        if len(record) > kind.fields:
            row.blame(self.line, RAGGED)
        if "\0" in text:
            row.blame(self.line, NUL_BYTE)
        if len(found) > kind.most:
            row.blame(self.line, RECORD_TWICE)

    def _end_row(self) -> None:
        """Turn the records of a row into its fields, or put them aside."""
        row, self.row = self.row, None
        if row is None:
            return
        for kind in self.rules.kinds.values():
            if len(row.records.get(kind.name, ())) < kind.least:
                row.blame(row.line, RECORD_MISSING)
        if (closing := self.rules.closing) and closing.summed:
            self.group.total += _to_number(self._cut(row, closing.summed))
        came = _END.join(row.text)
        if row.fault[1]:
            self._put_aside(*row.fault, came)
            return
        fields = [self._take_column(row, source) for source in self.sources]
        writer = csv.writer(self.batch.text, lineterminator=_END)
        self.batch.size += writer.writerow([row.line, *fields, *self._take_rests(row)])
        self.batch.came.append(came.encode("utf-8"))

    def _put_aside(self, line: int, defect: int, text: str) -> None:
        self.batch.bad.append((line, defect, text.encode("utf-8")))
        self.batch.size += len(text)
        if len(self.faults) < 20:
            self.faults.append(Finding(kind=ROW_KINDS[defect], rows=(line,)))

    def _choose(self, row: _Row, name: str) -> Record | None:
        """Return the one record of a kind that is asked."""
        if name == self.rules.opening:
            return self.group.opening
        found, kind = row.records.get(name, []), self.rules.kinds[name]
        if kind.main:
            place, text = kind.main
            main = next((record for record in found if len(record) >= place and record[place - 1].strip() == text), None)
            if main or not kind.or_first:
                return main
        return found[0] if found else None

    def _cut(self, row: _Row, part: Part) -> str:
        record = self._choose(row, part.record)
        text = record[part.field - 1].strip(" ") if record and len(record) >= part.field else ""
        return text[part.first - 1 : part.first - 1 + part.length] if part.length else text

    def _take_column(self, row: _Row, source: Source) -> str:
        """Return the text of a column of a row."""
        pieces = [self._cut(row, part) for part in source.parts]
        if source.number:
            whole = all(piece or part.optional for piece, part in zip(pieces, source.parts, strict=True))
            key = "\0".join(pieces)
            return str(self.keys.setdefault(key, len(self.keys) + 1)).zfill(KEY_DIGITS) if whole else ""
        text = "".join(pieces)
        return source.lookup.get(text, text) if source.lookup else text

    def _take_rests(self, row: _Row) -> Iterator[str]:
        """Yield what no column is taken from, by kind of record; fields stand on lines of their own."""
        for name, used in self.rests:
            opening = [self.group.opening] if name == self.rules.opening and self.group.opening else []
            records = row.records.get(name, opening)
            main = self._choose(row, name) if used else None
            yield _END.join(
                text
                for record in records
                for place, text in enumerate(record[1:], start=2)
                if text and (record is not main or place not in used)
            )

    def _close(self, record: Record) -> None:
        closing, group = self.rules.closing, self.group
        if closing is None:
            return
        wrong = []
        if closing.count_field and _state(record, closing.count_field) != group.rows:
            wrong.append(N_("number of rows"))
        if closing.sum_field and _state(record, closing.sum_field) != group.total:
            wrong.append(N_("sum"))
        if group.opening is None:
            self._put_aside(self.line, RECORD_ALONE, self.delimiter.join(record))
        elif wrong:
            self._refuse(*(Finding(kind=WRONG_TOTAL, rows=(self.line,), params={"what": Term(what)}) for what in wrong))
        self.group = _Group()

    def _check_closed(self) -> None:
        if self.rules.closing and self.group.opening is not None:
            self._refuse(Finding(kind=CLOSING_MISSING, rows=(self.line,)))

    def _refuse(self, *findings: Finding) -> None:
        raise FileRejected(
            N_("the file does not hold what its own records say"),
            N_("export the file again; rows may be missing from it"),
            findings=(*findings, *self.faults),
        )

    def collect(self) -> Batch:
        """Return what is ready, and begin anew."""
        batch, self.batch = self.batch, Batch()
        return batch


def _state(record: Record, place: int) -> int:
    return _to_number(record[place - 1].strip()) if len(record) >= place else -1


def _to_number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else -1


def _find_rests(rules: RecordRules, sources: Sequence[Source]) -> list[tuple[str, frozenset[int]]]:
    """Return the kinds of record that can stand in a row, and which of their fields are columns as a whole."""
    used: dict[str, set[int]] = {}
    for source in sources:
        for part in source.parts if len(source.parts) == 1 and not source.lookup else ():
            if not part.length:
                used.setdefault(part.record, set()).add(part.field)
    closing = rules.closing.record if rules.closing else ""
    return [(name, frozenset(used.get(name, ()))) for name in rules.kinds if name != closing]


def list_rests(rules: RecordRules, sources: Sequence[Source]) -> list[str]:
    """Return the kinds of record whose other fields follow the columns of a row, in that order."""
    return [name for name, _ in _find_rests(rules, sources)]
