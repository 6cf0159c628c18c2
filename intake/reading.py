"""A file opened by a layout: which field is which column, what the fields are called, and its rows in blocks, as often as wanted.

Not decided here: which heading is which column (`intake.headings`), what stands around the rows of a table (`intake.formats.edges`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from intake.decode import Encoding, find_encoding, read_bytes, read_text
from intake.defects import COLUMN_IGNORED, HEADING_MISSING, MY_NUMBER_HEADING, NO_ROWS
from intake.formats import csv, edges, fixed, records
from intake.formats.disguises import tell_suffix
from intake.formats.record_rules import RecordRules
from intake.formats.rows import Block, Chunks
from intake.formats.sandbox import KIND_NAMES, find_kind, read_rows
from intake.headings import match_headings, match_positions
from intake.identifiers import count_my_numbers, is_my_number_heading
from intake.layout import Layout, LayoutColumn
from intake.misfit import find_causes
from intake.workbooks import check_workbook
from schemas.errors import FileRejected, SakuseiError
from schemas.findings import Finding
from schemas.messages import N_, Name, Term


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
            kind=Term(KIND_NAMES[kind]),
            layout=Name(layout.name),
            wanted=Term(KIND_NAMES[wanted]),
        )
    if layout.format == "fixed":
        return _open_fixed(path, layout, find_encoding(path, layout.encoding))
    if layout.records:
        return _open_records(path, layout, layout.records)
    if wanted == "text":
        name = find_encoding(path, layout.encoding, layout.delimiter).name
        cut = (lambda: read_bytes(path, name, layout.delimiter)) if csv.can_cut(name, layout.delimiter) else None
        try:
            opened = _open_delimited(layout, name, lambda: read_text(path, name), cut)
            return replace(opened, findings=(*tell_suffix(path), *opened.findings))
        except FileRejected as error:
            # a heading seems to be missing where a delimiter or lines above are the cause
            causes = find_causes(path, layout) if any(finding.kind is HEADING_MISSING for finding in error.findings) else ()
            raise (_refusal(*causes) if causes else error) from None
    told = check_workbook(path, layout.sheet, above=sum(layout.lines_above)) if kind == "excel" else ()
    if layout.title_rows:
        _check_sheet_titles(path, layout)
    opened = _open_delimited(layout, None, lambda: read_rows(path, kind=kind, sheet=layout.sheet, lines=layout.lines_above))
    return replace(opened, findings=(*tell_suffix(path), *told, *opened.findings))


def read_headings(chunks: Chunks, layout: Layout, *, numbered: bool) -> list[str]:
    """Return the fields of the line of headings, or of the first row, the row number left out; an empty list when there is none.

    Raises
    ------
    FileRejected
        The lines of titles above it hold individual numbers.
    """
    pieces = chunks()
    try:
        # the reader of workbooks leaves titles out
        titles = 0 if numbered else layout.title_rows
        records = csv.read_first_records(pieces, layout.delimiter, titles=titles, skip_blank=not layout.header)
    finally:
        # ends a child process that would write on
        getattr(pieces, "close", lambda: None)()
    check_titles(records[:-1])
    return [] if not records else records[-1][1:] if numbered else records[-1]


def _check_sheet_titles(path: Path, layout: Layout) -> None:
    """Look through the lines of titles of a sheet, which its reader leaves out otherwise."""
    pieces = read_rows(path, kind="excel", sheet=layout.sheet)
    lines = csv.read_first_records(pieces, ",", titles=layout.title_rows)
    getattr(pieces, "close", lambda: None)()
    check_titles([line[1:] for line in lines if line and int(line[0]) <= layout.title_rows])


def check_titles(lines: Sequence[Sequence[str]]) -> None:
    """Raise when lines of titles hold an individual number.

    Raises
    ------
    FileRejected
        With the numbers of the lines.
    """
    found = tuple(number for number, line in enumerate(lines, start=1) if count_my_numbers("\0".join(line)))
    if found:
        raise FileRejected(
            N_("the file holds individual numbers (個人番号); nothing of it was kept"),
            N_("delete the numbers from the lines above the headings, and send a new file"),
            findings=(Finding(kind=MY_NUMBER_HEADING, rows=found, count=len(found)),),
        )


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
    named = frozenset(i for i, text in enumerate(first) if layout.header and is_my_number_heading(text))
    return Opened(
        layout=layout,
        encoding=encoding,
        places=places,
        labels=tuple(_name_field(i, dict(places), named) for i in range(len(first) if layout.header else layout.fields)),
        my_number_fields=named,
        findings=findings,
        read=_plan_reading(layout, encoding, cut or chunks, places, len(first) if layout.header else layout.fields),
    )


def _plan_reading(
    layout: Layout, encoding: str | None, chunks: Chunks, places: Sequence[tuple[int, LayoutColumn]], fields: int
) -> Callable[[], Iterator[Block]]:
    """Return what begins a reading of delimited text, or of a workbook, whose rows have their number in front."""
    numbered = encoding is None
    delimiter = "," if numbered else layout.delimiter
    written = encoding if encoding and csv.can_cut(encoding, delimiter) else "utf-8"
    key = next((index for index, column in places if column.name == layout.table.unit), None)
    around = edges.Edges(delimiter=delimiter, fields=fields, summary_lines=layout.summary_lines, key=key)
    above = layout.header + (0 if numbered else layout.title_rows)

    def read() -> Iterator[Block]:
        blocks = csv.read_blocks(chunks(), delimiter=delimiter, fields=fields + numbered, header=above, numbered=numbered, encoding=written)
        return edges.tidy_blocks(blocks, around)

    return read


def _name_field(index: int, by_field: dict[int, LayoutColumn], named: frozenset[int]) -> Name:
    """Return what a field is called: never by a text of the file that we do not know."""
    if index in by_field:
        return by_field[index].label
    return Name(f"個人番号 #{index + 1}" if index in named else f"#{index + 1}")


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
