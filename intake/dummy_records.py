"""Dummy files of several kinds of record: the cells of a row go back to the pieces of records they would be taken from.

Decided here: each row is a group of its own, with the records a row must have. A piece that two columns share keeps what the first one
put there; the later column takes what is left of its own text.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from intake.formats.record_rules import Part, RecordRules, Source
from intake.layout import Layout

LINE_END = "\r\n"
_KEY_DIGITS = 10


@dataclass(slots=True)
class _Records:
    """The records of one row: kind → field → text."""

    rules: RecordRules
    cells: dict[str, dict[int, str]] = field(default_factory=dict)

    def get(self, part: Part) -> str:
        text = self.cells.get(part.record, {}).get(part.field, "")
        return text[part.first - 1 : part.first - 1 + part.length].strip(" ") if part.length else text

    def put(self, part: Part, text: str) -> None:
        """Put a text where a piece is; what is before it in the field is filled with ones."""
        cells = self.cells.setdefault(part.record, {})
        if part.length:
            before = cells.get(part.field, "").ljust(part.first - 1, "1")
            text = before[: part.first - 1] + text[: part.length].ljust(part.length) + before[part.first - 1 + part.length :]
        cells[part.field] = text

    def spread(self, source: Source, text: str) -> None:
        """Put the text of a column into its pieces."""
        free = [part for part in source.parts if not self.get(part)]
        for part in source.parts:
            if part not in free:
                text = text[len(self.get(part)) :]
        for part in free[:-1]:
            if part.length or source.lookup:
                self.put(part, text[: part.length or 1])
                text = text[part.length or 1 :]
        if free and text:
            self.put(free[-1], text)


def write_lines(layout: Layout, rules: RecordRules, rows: Iterator[Sequence[object]]) -> Iterator[bytes]:
    """Yield the lines of a dummy file.

    Parameters
    ----------
    layout : Layout
        A layout of several kinds of record.
    rules : RecordRules
        Its kinds.
    rows : Iterator of rows
        Cells in the order of the layout's columns.
    """
    for number, row in enumerate(rows, start=1):
        texts = dict(zip((column.source for column in layout.columns), map(str, row), strict=True))
        records = _fill(rules, {source: text for source, text in texts.items() if source is not None}, number)
        for line in _list_records(rules, records):
            yield (layout.delimiter.join(line) + LINE_END).encode(layout.encoding or "cp932")


def _fill(rules: RecordRules, texts: Mapping[Source, str], number: int) -> _Records:
    """Return the records of a row: codes first, then plain fields, then what is joined of several, the key last."""
    records = _Records(rules)
    for kind in rules.kinds.values():
        if kind.least:
            records.cells.setdefault(kind.name, {})
        if kind.main and kind.least:
            records.cells[kind.name][kind.main[0]] = kind.main[1]
    for source in sorted(texts, key=lambda one: (one.number, len(one.parts) if not one.lookup else 0)):
        if source.number:
            for part in source.parts:
                if not part.optional and not records.get(part):
                    records.put(part, str(number).zfill(part.length or _KEY_DIGITS))
        else:
            records.spread(source, _look_back(source, texts[source]))
    return records


def _look_back(source: Source, text: str) -> str:
    """Return a text that the table of codes of a column turns into another."""
    found = source.lookup or {}
    return next((key for key, value in sorted(found.items()) if value == text), text)


def _list_records(rules: RecordRules, records: _Records) -> Iterator[list[str]]:
    for kind in sorted(rules.kinds.values(), key=lambda one: one.order):
        if kind.name not in {rules.opening, rules.row} and kind.name not in records.cells:
            continue
        if rules.closing is None or kind.name != rules.closing.record:
            yield _to_record(kind.name, records.cells.get(kind.name, {}))
    if closing := rules.closing:
        total = records.get(closing.summed) if closing.summed else ""
        cells = {closing.count_field: "1", closing.sum_field: total or "0"}
        yield _to_record(closing.record, {place: text for place, text in cells.items() if place})


def _to_record(name: str, cells: Mapping[int, str]) -> list[str]:
    return [name, *(cells.get(place, "") for place in range(2, max(cells, default=1) + 1))]
