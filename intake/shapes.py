"""How a file that nobody has described is cut: by a delimiter, into records of fixed length, a sheet under lines of titles.

Decided here: which shape is proposed, and why. Not decided here: what the fields are (`intake.propose`). Of fixed records only what shows
is a border: stretches that are blank in every row, digits beside other characters, and numbers with check digits among digits.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intake.choice import choose_kind_chunks
from intake.decode import find_encoding, find_mark
from intake.evidence import PROOF, weigh_cells
from intake.formats.csv import LINE_LIMIT_BYTES
from intake.formats.sandbox import find_kind, read_rows
from intake.headings import fold_heading
from schemas.errors import FileRejected
from schemas.findings import Finding, FindingKind, Severity
from schemas.messages import N_, Name
from schemas.tables import TableSchema

SAMPLE_ROWS = 500
FEWEST_KNOWN = 2
_SAMPLE_BYTES, _HEAD_BYTES = 8 << 20, 1 << 16
_DELIMITERS = ",\t;|"
_SHORTEST_RECORD = 20
_MOST_TITLES = 20
_BLANK, _DIGIT, _OTHER = 0, 1, 2
_ALL_DIGITS = "[0-9]{"
Rows = list[list[str]]
Known = Mapping[str, str]


def _reason(code: str, template: str) -> FindingKind:
    return FindingKind(f"proposal-{code}", Severity.NOTE, template)


TITLES = _reason("titles", N_("lines above the headings that are no headings: read as titles"))
TWO_LINES = _reason("two-lines", N_("the headings stand in two lines; together more of them are known"))
FIXED = _reason("fixed", N_("all lines have {bytes} bytes and no delimiter cuts them alike: records of fixed length"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A sample of a file, cut.

    Parameters
    ----------
    settings : dict[str, Any]
        Format, encoding and the like, as a layout has them.
    headings : list[str]
        The heading of each field; empty texts where there are none.
    rows : Rows
        Rows of the sample.
    places : tuple[tuple[int, int], ...]
        First byte (from 1) and length of each field of a fixed record.
    notes : tuple[Finding, ...]
        Why.
    """

    settings: dict[str, Any]
    headings: list[str]
    rows: Rows
    places: tuple[tuple[int, int], ...] = ()
    notes: tuple[Finding, ...] = field(default_factory=tuple)


def find_shape(plain: Path, table: TableSchema, known: Known) -> Shape:
    """Return how a file is cut.

    Parameters
    ----------
    plain : Path
        The file.
    table : TableSchema
        What its rows are to become.
    known : Mapping[str, str]
        Folded heading → column.

    Raises
    ------
    FileRejected
        It is cut in no way that is known here.
    """
    if find_kind(plain) == "text":
        fixed = _find_fixed(plain, table)
        if fixed:
            return fixed
    settings, chunks = choose_kind_chunks(plain)
    if settings["format"] == "excel":
        return _find_sheet(plain, settings, chunks, known)
    return _find_table(plain, settings, _read_head(chunks), known)


def _to_shape(settings: dict[str, Any], rows: Rows, known: Known) -> Shape:
    """Return the shape of rows of which the first may be headings."""
    header = _count_known(rows[0], known) >= FEWEST_KNOWN
    settings["header"] = header
    return Shape(settings=settings, headings=rows[0] if header else [""] * len(rows[0]), rows=rows[1:] if header else rows)


def _count_known(row: Sequence[str], known: Known) -> int:
    return len({known[fold_heading(text)] for text in row if fold_heading(text) in known})


def _read_head(chunks: Iterator[bytes]) -> str:
    """Return the beginning of a text."""
    text, size = [], 0
    try:
        for chunk in chunks:
            text.append(chunk)
            size += len(chunk)
            if size >= _SAMPLE_BYTES:
                break
    finally:
        getattr(chunks, "close", lambda: None)()
    return b"".join(text).decode("utf-8", "replace")


def _cut_text(content: str, plain: Path, delimiter: str | None = None) -> tuple[Rows, str]:
    """Return the first rows of delimited text, and the delimiter."""
    first = content.partition("\n")[0]
    chosen = delimiter or max(_DELIMITERS, key=first.count)
    rows = [row for row in _read_records(content, chosen, SAMPLE_ROWS + _MOST_TITLES) if row]
    if not rows or len(rows[0]) < FEWEST_KNOWN:
        raise _unreadable(Name(plain.name))
    return rows, chosen


def _find_table(plain: Path, settings: dict[str, Any], content: str, known: Known) -> Shape:
    """Return the shape of delimited text: the line with most known headings is theirs, under any delimiter; those above it are titles."""
    heads = [
        (_count_known(row, known), delimiter, titles)
        for delimiter in _DELIMITERS
        for titles, row in enumerate(_read_records(content, delimiter, _MOST_TITLES))
    ]
    count, delimiter, titles = max(heads, key=lambda head: head[0], default=(0, "", 0))
    if count < FEWEST_KNOWN or titles == 0:
        rows, settings["delimiter"] = _cut_text(content, plain)
        return _to_shape(settings, rows, known)
    rows = [row for row in _read_records(content, delimiter, SAMPLE_ROWS + _MOST_TITLES)[titles:] if row]
    shape = _to_shape({**settings, "delimiter": delimiter, "title_rows": titles}, rows, known)
    return replace(shape, notes=_tell_titles(titles))


def _read_records(content: str, delimiter: str, most: int) -> Rows:
    """Return the first records of a text, blank ones too; none where its quotes make none."""
    csv.field_size_limit(LINE_LIMIT_BYTES)
    try:
        return list(islice(csv.reader(io.StringIO(content, newline=""), delimiter=delimiter), most))
    except csv.Error:
        return []


def _tell_titles(titles: int) -> tuple[Finding, ...]:
    return (Finding(kind=TITLES, rows=tuple(range(1, titles + 1)), count=titles),) if titles else ()


def _find_sheet(plain: Path, settings: dict[str, Any], chunks: Iterator[bytes], known: Known) -> Shape:
    """Return the shape of a sheet: the line with most known headings is theirs, alone or with the one above or below it."""
    rows, _ = _cut_text(_read_head(chunks), plain, ",")
    counts = [_count_known(row[1:], known) for row in rows[:_MOST_TITLES]]
    best = max(range(len(counts)), key=lambda place: counts[place])
    if counts[best] < FEWEST_KNOWN and best == 0:
        return _to_shape(settings, [row[1:] for row in rows], known)
    top = int(rows[best][0])
    found = (counts[best], top - 1, 1, rows[best:])
    for titles in {top - 2, top - 1} - {-1}:
        joined, _ = _cut_text(_read_head(read_rows(plain, kind="excel", sheet="1", lines=(titles, 2))), plain, ",")
        if (count := _count_known(joined[0][1:], known)) > found[0]:
            found = (count, titles, 2, joined)
    _, titles, lines, kept = found
    notes = [*_tell_titles(titles)]
    notes += [Finding(kind=TWO_LINES, rows=(titles + 1, titles + 2))] if lines > 1 else []
    shape = _to_shape(settings, [row[1:] for row in kept], known)
    told = {**({"title_rows": titles} if titles else {}), **({"header_rows": lines} if lines > 1 else {})}
    return Shape(settings={**shape.settings, **told}, headings=shape.headings, rows=shape.rows, notes=tuple(notes))


def _find_fixed(plain: Path, table: TableSchema) -> Shape | None:
    """Return the shape of records of fixed length; None when lines differ, or a delimiter cuts them alike."""
    with plain.open("rb") as source:
        if find_mark(source.read(_HEAD_BYTES)):
            return None
        source.seek(0)
        lines = [line.rstrip(b"\r\n") for line in islice(source, SAMPLE_ROWS)]
    lines = [line for line in lines if line not in {b"", b"\x1a"}]
    length = len(lines[0]) if lines else 0
    if length < _SHORTEST_RECORD or len(lines) < 2 or any(len(line) != length for line in lines):
        return None
    if any(lines[0].count(mark) and len({line.count(mark) for line in lines}) == 1 for mark in (b",", b"\t", b";", b"|")):
        return None
    encoding = find_encoding(plain, None).name
    data = np.frombuffer(b"".join(lines), dtype=np.uint8).reshape(len(lines), length)
    places = [piece for place in _find_borders(data) for piece in _split_digits(lines, place, table)]
    rows = [[line[first - 1 : first - 1 + size].decode(encoding, "replace") for first, size in places] for line in lines]
    settings = {"format": "fixed", "encoding": encoding, "record_bytes": length}
    notes = (Finding(kind=FIXED, params={"bytes": length}),)
    return Shape(settings=settings, headings=[""] * len(places), rows=rows, places=tuple(places), notes=notes)


def _find_borders(data: NDArray[np.uint8]) -> list[tuple[int, int]]:
    """Return where fields begin (from 1) and how long they are, by what stands in each byte of all rows."""
    wide = np.array([_find_wide(row.tobytes()) for row in data])
    blank = (data == ord(" ")) & ~wide
    # a hyphen stands among the digits of telephone numbers and postal codes
    digits = blank | (((data >= ord("0")) & (data <= ord("9")) | (data == ord("-"))) & ~wide)
    kinds = np.where(blank.all(axis=0), _BLANK, np.where(digits.all(axis=0), _DIGIT, _OTHER))
    whole = ~_find_seconds(wide, data).any(axis=0)
    starts = [0]
    for place in range(1, data.shape[1]):
        before, here = kinds[place - 1], kinds[place]
        if whole[place] and here not in {_BLANK, before}:
            starts.append(place)
    ends = [*starts[1:], data.shape[1]]
    return [(start + 1, end - start) for start, end in zip(starts, ends, strict=True)]


def _find_wide(line: bytes) -> list[bool]:
    """Return which bytes of a line belong to characters of two bytes, in CP932."""
    wide, place = [False] * len(line), 0
    while place < len(line):
        size = 2 if 0x81 <= line[place] <= 0x9F or 0xE0 <= line[place] <= 0xFC else 1
        for at in range(place, min(place + size, len(line))):
            wide[at] = size == 2
        place += size
    return wide


def _find_seconds(wide: NDArray[np.bool_], data: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return which bytes are the second of a character of two: no field begins there."""
    seconds = np.zeros_like(wide)
    for place in range(1, data.shape[1]):
        seconds[:, place] = wide[:, place] & wide[:, place - 1] & ~seconds[:, place - 1]
    return seconds


def _split_digits(lines: list[bytes], place: tuple[int, int], table: TableSchema) -> Iterator[tuple[int, int]]:
    """Yield the parts of a stretch of digits: numbers whose check digits fit in every row stand apart from what is around them."""
    first, size = place
    widths = sorted({int(column.pattern[len(_ALL_DIGITS) : -1]) for column in _checked(table) if column.pattern}, reverse=True)
    stretch = [line[first - 1 : first - 1 + size] for line in lines]
    if not widths or not all(cell.strip().isdigit() for cell in stretch):
        yield place
        return
    begin, at = 0, 0
    while at < size:
        width = next((width for width in widths if at + width <= size and _proves([cell[at : at + width] for cell in stretch], table)), 0)
        if width:
            if at > begin:
                yield first + begin, at - begin
            yield first + at, width
            begin = at + width
        at += width or 1
    if begin < size:
        yield first + begin, size - begin


def _checked(table: TableSchema) -> list[Any]:
    return [
        one
        for one in table.columns
        if one.check_digit and (one.pattern or "").startswith(_ALL_DIGITS) and (one.pattern or "").count("{") == 1
    ]


def _proves(cells: list[bytes], table: TableSchema) -> bool:
    """Return whether cells are numbers of one length whose check digits prove a column."""
    texts = [cell.decode("ascii") for cell in cells]
    if not all(text.isdigit() for text in texts):
        return False
    columns = [one for one in _checked(table) if one.pattern == f"{_ALL_DIGITS}{len(texts[0])}}}"]
    return any(weigh_cells(texts, column).weight == PROOF for column in columns)


def _unreadable(name: Name) -> FileRejected:
    return FileRejected(
        N_("no layout can be proposed for {file}: it is not cut into fields in a way that shows"),
        N_("write the layout from the record sheet of the sender; see intake/layouts/README.md"),
        file=name,
    )
