"""A file opened by a layout: which field is which column, what the fields are called, and its rows in blocks, as often as wanted.

Decided here: headings are compared without spaces and width; a missing key of persons refuses the file; a heading the layout does not
know is named by its position alone, because a file without its heading line has persons in the first row.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from intake.decode import Encoding, find_encoding, read_bytes, read_text
from intake.defects import (
    COLUMN_ABSENT,
    COLUMN_IGNORED,
    FIELD_COUNT,
    HEADING_MISSING,
    HEADING_TWICE,
    MY_NUMBER_HEADING,
    NO_ROWS,
    REQUIRED_ABSENT,
)
from intake.formats import csv, fixed, records
from intake.formats.record_rules import RecordRules
from intake.formats.rows import Block, Chunks
from intake.formats.sandbox import find_kind, read_rows
from intake.identifiers import count_my_numbers, is_my_number_heading
from intake.layout import Layout, LayoutColumn
from intake.workbooks import check_workbook
from schemas.errors import FileRejected, SakuseiError
from schemas.findings import Finding
from schemas.messages import N_, Name


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A file and how it is read.

    Parameters
    ----------
    layout : Layout
        The layout.
    encoding : str or None
        Encoding of a text file; None for workbooks and Parquet.
    places : tuple[tuple[int, LayoutColumn], ...]
        Field (counted from 0) and what it is, for the columns the file has.
    labels : tuple[Name, ...]
        What each field is called: its heading where the layout knows it, else its position.
    my_number_fields : frozenset[int]
        Fields whose heading names the individual number.
    findings : tuple[Finding, ...]
        What the heading line showed.
    read : Callable
        Begins a reading; yields blocks of rows.
    """

    layout: Layout
    encoding: str | None
    places: tuple[tuple[int, LayoutColumn], ...]
    labels: tuple[Name, ...]
    my_number_fields: frozenset[int]
    findings: tuple[Finding, ...]
    read: Callable[[], Iterator[Block]]


def check_source(path: Path) -> None:
    """Raise when a path is no file with content.

    Raises
    ------
    FileRejected
        Nothing there, a folder or device, or an empty file.
    """
    check_present(path)
    if path.stat().st_size == 0:
        raise FileRejected(N_("{file} is empty"), N_("export it again"), file=Name(path.name))


def check_present(path: Path, error: type[SakuseiError] = FileRejected) -> None:
    """Raise when a path is no file.

    Parameters
    ----------
    path : Path
        Where the file should be.
    error : type of SakuseiError
        What to raise: what is wrong with a file of data is another thing than a key or a setting that is not there.

    Raises
    ------
    SakuseiError
        Nothing there, or a folder or device.
    """
    name = Name(path.name)
    if not path.exists():
        raise error(N_("there is no file {file}"), N_("check the path"), file=name)
    if not path.is_file():
        raise error(N_("{file} is a folder or a device, not a file"), N_("give one file"), file=name)


def open_source(path: Path, layout: Layout) -> Opened:
    """Open a file by a layout; reads the whole of a text file once to check its encoding.

    Raises
    ------
    FileRejected
        The file is none, is not text in the encoding of the layout, is of another kind, or its heading line lacks the key of persons.
    """
    check_source(path)
    kind = find_kind(path)
    wanted = layout.format if layout.format in {"excel", "parquet"} else "text"
    if kind != wanted:
        raise FileRejected(
            N_("{file} is a file of kind {kind}, the layout {layout} is for kind {wanted}"),
            N_("choose the layout of this file, or export the file in the form of the layout"),
            file=Name(path.name),
            kind=Name(kind),
            layout=Name(layout.name),
            wanted=Name(wanted),
        )
    if layout.format == "fixed":
        return _open_fixed(path, layout, find_encoding(path, layout.encoding))
    if layout.records:
        return _open_records(path, layout, layout.records)
    if wanted == "text":
        name = find_encoding(path, layout.encoding, layout.delimiter).name
        cut = (lambda: read_bytes(path, name, layout.delimiter)) if csv.can_cut(name, layout.delimiter) else None
        return _open_delimited(layout, name, lambda: read_text(path, name), cut)
    told = check_workbook(path, layout.sheet) if kind == "excel" else ()
    opened = _open_delimited(layout, None, lambda: read_rows(path, kind=kind, sheet=layout.sheet, lines=layout.lines_above))
    return replace(opened, findings=(*told, *opened.findings))


def read_headings(chunks: Chunks, layout: Layout, *, numbered: bool) -> list[str]:
    """Return the fields of the first record of a file, the row number left out."""
    pieces = chunks()
    try:
        record = csv.read_first_record(pieces, layout.delimiter, skip_blank=not layout.header)
    finally:
        # ends a child process that would write on
        getattr(pieces, "close", lambda: None)()
    return record[1:] if numbered else record


def _open_delimited(layout: Layout, encoding: str | None, chunks: Chunks, cut: Chunks | None = None) -> Opened:
    """Open delimited text; what is `cut` into rows may be the bytes as they came, the headings are always read from UTF-8."""
    numbered = encoding is None
    first = read_headings(chunks, layout, numbered=numbered)
    if not first:
        raise _refusal(Finding(kind=NO_ROWS))
    if numbers := [i for i, text in enumerate(first) if layout.header and count_my_numbers(text)]:
        raise FileRejected(
            N_("the file holds individual numbers (個人番号); nothing of it was kept"),
            N_("write a heading in place of the number, or tell with a layout that the file has no heading line, and send a new file"),
            findings=tuple(Finding(kind=MY_NUMBER_HEADING, column=Name(f"#{i + 1}")) for i in numbers),
        )
    # without a heading line the first row may be a bad one among good ones; a file of bad rows alone is refused later
    places, findings = match_headings(first, layout) if layout.header else (match_positions(first, layout)[0], ())
    refusing = tuple(finding for finding in findings if finding.kind.severity.value == "file")
    if refusing:
        raise _refusal(*refusing)
    by_field = dict(places)
    named = frozenset(i for i, text in enumerate(first) if layout.header and is_my_number_heading(text))
    fields = len(first) if layout.header else layout.fields

    def read() -> Iterator[Block]:
        delimiter = "," if numbered else layout.delimiter
        written = encoding if encoding and csv.can_cut(encoding, delimiter) else "utf-8"
        pieces = (cut or chunks)()
        return csv.read_blocks(
            pieces, delimiter=delimiter, fields=fields + numbered, header=layout.header, numbered=numbered, encoding=written
        )

    return Opened(
        layout=layout,
        encoding=encoding,
        places=places,
        labels=tuple(_name_field(i, by_field, named) for i in range(fields)),
        my_number_fields=named,
        findings=findings,
        read=read,
    )


def _name_field(index: int, by_field: dict[int, LayoutColumn], named: frozenset[int]) -> Name:
    """Return what a field is called: never by a text of the file that we do not know."""
    if index in by_field:
        return by_field[index].label
    return Name(f"個人番号 #{index + 1}" if index in named else f"#{index + 1}")


def fold_heading(text: str) -> str:
    """Return a heading in the form headings are compared in."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).lower()


def match_headings(first: list[str], layout: Layout) -> tuple[tuple[tuple[int, LayoutColumn], ...], tuple[Finding, ...]]:
    """Return which field is which column by the heading line, and what is wrong with it."""
    headings = [fold_heading(text) for text in first]
    places: list[tuple[int, LayoutColumn]] = []
    findings: list[Finding] = []
    for column in layout.columns:
        known = {fold_heading(heading) for heading in column.headings}
        found = [index for index, heading in enumerate(headings) if heading in known]
        if len(found) == 1:
            places.append((found[0], column))
        elif found:
            findings.append(Finding(kind=HEADING_TWICE, column=column.label))
        else:
            # A municipality is asked for the least; only without the key of persons nothing can be counted.
            absent = REQUIRED_ABSENT if column.use.column.required else COLUMN_ABSENT
            findings.append(Finding(kind=HEADING_MISSING if column.name == layout.table.unit else absent, column=column.label))
    ignored = len(first) - len(places)
    if ignored and not any(finding.kind is HEADING_TWICE for finding in findings):
        findings.append(Finding(kind=COLUMN_IGNORED, count=ignored))
    return tuple(sorted(places, key=lambda place: place[0])), tuple(findings)


def match_positions(first: list[str], layout: Layout) -> tuple[tuple[tuple[int, LayoutColumn], ...], tuple[Finding, ...]]:
    """Return which field is which column by position; the first row must have the fields of the layout."""
    places = tuple(sorted(((column.position - 1, column) for column in layout.columns), key=lambda place: place[0]))
    if len(first) == layout.fields:
        return places, ()
    return places, (Finding(kind=FIELD_COUNT, rows=(1,), params={"fields": len(first), "expected": layout.fields}),)


def _open_fixed(path: Path, layout: Layout, encoding: Encoding) -> Opened:
    """Open a file of fixed records; stretches the layout does not name are fields too, so that they are looked at."""
    columns = sorted(layout.columns, key=lambda column: column.first_byte)
    gaps = _find_gaps(columns, layout.record_bytes)
    spans = [(column.first_byte, column.length_bytes) for column in columns] + gaps
    labels = [column.label for column in columns] + [Name(f"#{first + 1}-{first + length}") for first, length in gaps]

    def read() -> Iterator[Block]:
        return fixed.read_blocks(read_bytes(path, encoding.name), record_bytes=layout.record_bytes, places=spans, encoding=encoding.name)

    return Opened(
        layout=layout,
        encoding=encoding.name,
        places=tuple(enumerate(columns)),
        labels=tuple(labels),
        my_number_fields=frozenset(),
        findings=(Finding(kind=COLUMN_IGNORED, count=len(gaps)),) if gaps else (),
        read=read,
    )


def _open_records(path: Path, layout: Layout, rules: RecordRules) -> Opened:
    """Open a file of several kinds of record; fields that no column is taken from are fields too, by kind, so that they are looked at."""
    encoding = find_encoding(path, layout.encoding).name

    def read() -> Iterator[Block]:
        return records.read_blocks(read_text(path, encoding), rules=rules, sources=layout.sources, delimiter=layout.delimiter)

    rests = records.list_rests(rules, layout.sources)
    return Opened(
        layout=layout,
        encoding=encoding,
        places=tuple(enumerate(layout.columns)),
        labels=(*(column.label for column in layout.columns), *map(Name, rests)),
        my_number_fields=frozenset(),
        findings=(),
        read=read,
    )


def _find_gaps(columns: list[LayoutColumn], record_bytes: int) -> list[tuple[int, int]]:
    gaps, free = [], 0
    for column in columns:
        if column.first_byte > free:
            gaps.append((free, column.first_byte - free))
        free = column.first_byte + column.length_bytes
    return [*gaps, (free, record_bytes - free)] if free < record_bytes else gaps


def _refusal(*findings: Finding) -> FileRejected:
    return FileRejected(
        N_("the file does not fit the layout"),
        N_("compare the first line of the file with the layout; the columns are named above"),
        findings=findings,
    )
