"""Why a file does not fit a layout: the nearest layout, and what speaks against it — encoding, delimiter, lines above, headings.

Decided here: headings are looked for in the first lines under every encoding and delimiter; the layout of which most are found is the
nearest, and its causes are told. Where no headings are found, each layout is told with what speaks against it. Headings are never shown:
what the layout does not know is named by its place. Not decided here: whether a file fits (`intake.choice`).
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from intake.decode import LADDER, find_encoding, find_mark
from intake.defects import (
    FEW_KNOWN,
    FIELD_COUNT,
    NO_CONTENT,
    NO_HEADINGS,
    OTHER_KIND,
    OTHER_LENGTH,
    OTHER_OPENING,
    TITLES_ABOVE,
    WRONG_DELIMITER,
)
from intake.formats.csv import LINE_LIMIT_BYTES
from intake.formats.sandbox import KIND_NAMES, find_kind, read_rows
from intake.headings import fold_heading, match_headings, name_places
from intake.layout import PLAIN, Layout
from schemas.errors import FileRejected
from schemas.findings import Finding, Severity
from schemas.messages import N_, Name, Term

LINES_LOOKED_AT = 20
FEWEST_KNOWN = 2
_HEAD_BYTES = 1 << 18
_DELIMITERS = {
    ",": N_("commas"),
    "\t": N_("tabs"),
    ";": N_("semicolons"),
    "|": N_("vertical bars"),
    "，": N_("full-width commas"),
    "、": N_("ideographic commas"),
}
_NOTHING = " \t\r\n,;|\"'\ufeff\u3000\u00a0\x1a\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearest:
    """Where headings of a layout were found.

    Parameters
    ----------
    layout : Layout
        The layout.
    known : int
        Headings of it.
    delimiter : str
        What separates them.
    line : int
        Where they stand, from 1.
    fields : list[str]
        The fields of the line.
    """

    layout: Layout
    known: int
    delimiter: str
    line: int
    fields: list[str]


def explain_misfit(source: Path, layouts: Sequence[Layout]) -> FileRejected:
    """Return the refusal of a file that fits none of some layouts of one table, with the cause.

    Parameters
    ----------
    source : Path
        The file.
    layouts : Sequence of Layout
        In the order they are tried; not empty.
    """
    kind = find_kind(source)
    head = _read_head(source) if kind == "text" else b""
    if kind == "text" and not _has_content(source, head):
        return FileRejected(N_("{file} is empty"), N_("export it again"), findings=(Finding(kind=NO_CONTENT),), file=Name(source.name))
    headed = [layout for layout in layouts if layout.header and layout.format == ("csv" if kind == "text" else kind)]
    nearest = _find_nearest(source, kind, head, headed)
    if nearest:
        return _refuse(nearest.layout, tuple(_list_causes(source, nearest)) or (_tell_unknown(nearest),))
    for layout in layouts:
        if kind == "text" and (found := _find_likeness(source, head, layout)):
            return _refuse(layout, found)
    if kind == "text":
        try:
            find_encoding(source, None)
        except FileRejected as error:
            return error
    return FileRejected(
        N_("no layout of table {table} fits the first line of the file"),
        N_("choose one with --layout: {names}; or have one proposed: sakusei intake layout FILE --table {table} --output L.yaml"),
        findings=tuple(_tell_against(kind, head, layout) for layout in layouts),
        table=Name(layouts[0].table.name),
        names=Name(", ".join(layout.name for layout in layouts)),
    )


def find_causes(source: Path, layout: Layout) -> tuple[Finding, ...]:
    """Return what of a text file, beside its headings, speaks against the layout it is read by: delimiter, lines above."""
    nearest = _find_nearest(source, "text", _read_head(source), [layout])
    return tuple(_compare_place(nearest)) if nearest else ()


def _refuse(layout: Layout, findings: tuple[Finding, ...]) -> FileRejected:
    return FileRejected(
        N_("no layout of table {table} fits the file; the nearest is {layout}"),
        N_("mend what is named above, or have a layout proposed: sakusei intake layout FILE --table {table} --output L.yaml"),
        findings=findings,
        table=Name(layout.table.name),
        layout=Name(layout.name),
    )


def _read_head(source: Path) -> bytes:
    with source.open("rb") as content:
        return content.read(_HEAD_BYTES)


def _has_content(source: Path, head: bytes) -> bool:
    shown = find_mark(head)
    text = head.decode(shown or "latin-1", "ignore").removeprefix("\xef\xbb\xbf")
    return bool(text.strip(_NOTHING)) or source.stat().st_size > _HEAD_BYTES


def _find_nearest(source: Path, kind: str, head: bytes, layouts: Sequence[Layout]) -> Nearest | None:
    """Return where most headings of a layout are found; what the layout declares is tried first."""
    best: Nearest | None = None
    for delimiter, lines in _cut_lines(source, kind, head) if layouts else ():
        for layout in sorted(layouts, key=lambda one: one.delimiter != delimiter):
            wanted = {fold_heading(heading) for column in layout.columns for heading in column.headings}
            for line, fields in enumerate(lines, start=1):
                known = len({fold_heading(field) for field in fields} & wanted)
                if known >= max(FEWEST_KNOWN, best.known + 1 if best else 0):
                    best = Nearest(layout=layout, known=known, delimiter=delimiter, line=line, fields=fields)
    return best


def _cut_lines(source: Path, kind: str, head: bytes) -> Iterator[tuple[str, list[list[str]]]]:
    """Yield the first lines under every encoding and delimiter; those of a workbook as they are."""
    if kind != "text":
        chunks = read_rows(source, kind=kind, sheet="1")
        try:
            text = next(chunks, b"").decode("utf-8", "replace")
        finally:
            chunks.close()  # type: ignore[attr-defined]  # ends the child process
        yield ",", [row[1:] for row in _cut(text, ",")]
        return
    shown = find_mark(head)
    for encoding in (shown,) if shown else LADDER:
        text = head.decode(encoding, "replace").removeprefix("\ufeff")
        for delimiter in _DELIMITERS:
            yield delimiter, _cut(text, delimiter)


def _cut(text: str, delimiter: str) -> list[list[str]]:
    csv.field_size_limit(LINE_LIMIT_BYTES)
    try:
        return list(islice(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), LINES_LOOKED_AT))
    except csv.Error:
        return []


def _list_causes(source: Path, nearest: Nearest) -> Iterator[Finding]:
    """Yield what speaks against the nearest layout."""
    layout = nearest.layout
    if layout.format == "csv":
        yield from _check_encoding(source, layout.encoding, nearest.delimiter if nearest.delimiter.isascii() else "")
    yield from _compare_place(nearest)
    _, findings = match_headings(nearest.fields, layout)
    yield from (finding for finding in findings if finding.kind.severity is Severity.FILE)


def _check_encoding(source: Path, declared: str | None, delimiter: str) -> Iterator[Finding]:
    try:
        find_encoding(source, declared, delimiter)
    except FileRejected as error:
        yield from error.findings


def _compare_place(nearest: Nearest) -> Iterator[Finding]:
    """Yield how delimiter and line of the headings differ from the layout."""
    layout = nearest.layout
    if nearest.delimiter != layout.delimiter and layout.format == "csv":
        found, expected = (Term(_DELIMITERS[delimiter]) for delimiter in (nearest.delimiter, layout.delimiter))
        yield Finding(kind=WRONG_DELIMITER, params={"found": found, "expected": expected})
    if nearest.line > layout.title_rows + 1 and layout.header_rows == 1:
        yield Finding(kind=TITLES_ABOVE, params={"line": nearest.line, "expected": layout.title_rows + 1})


def _tell_unknown(nearest: Nearest) -> Finding:
    """Return which headings the nearest layout does not know."""
    known = {fold_heading(heading) for column in nearest.layout.columns for heading in column.headings}
    filled = [place for place, text in enumerate(nearest.fields) if text.strip()]
    strange = [place for place in filled if fold_heading(nearest.fields[place]) not in known]
    return Finding(kind=FEW_KNOWN, column=name_places(strange), count=len(filled), params={"known": len(filled) - len(strange)})


def _find_likeness(source: Path, head: bytes, layout: Layout) -> tuple[Finding, ...]:
    """Return what speaks against a layout without headings that a text is like: by kinds of record, length of lines, or fields."""
    lines = [line.rstrip(b"\r") for line in head.split(b"\n")[:LINES_LOOKED_AT] if line.strip(b"\r\x1a")]
    if not lines:
        return ()
    if layout.records:
        first = lines[0].partition(layout.delimiter.encode())[0].decode("ascii", "replace")
        finding = Finding(kind=OTHER_OPENING, rows=(1,), params={"record": Name(layout.records.opening)})
        return (finding,) if first in layout.records.kinds else ()
    if layout.format == "fixed":
        finding = Finding(kind=OTHER_LENGTH, rows=(1,), params={"bytes": len(lines[0]), "expected": layout.record_bytes})
        return (finding,) if 2 * sum(len(line) == layout.record_bytes for line in lines) > len(lines) else ()
    if layout.format == "csv" and not layout.header:
        alike = sum(_count_fields(line, layout) == layout.fields for line in lines)
        return tuple(_check_encoding(source, layout.encoding, layout.delimiter)) if 2 * alike > len(lines) else ()
    return ()


def _count_fields(line: bytes, layout: Layout) -> int:
    cut = _cut(line.decode("latin-1"), layout.delimiter)
    return len(cut[0]) if cut else 0


def _tell_against(kind: str, head: bytes, layout: Layout) -> Finding:
    """Return what speaks against one layout of a file without known headings."""
    name = Name(layout.name)
    wanted = layout.format if layout.format in {"excel", "parquet"} else "text"
    if kind != wanted and layout.name != PLAIN:
        return Finding(kind=OTHER_KIND, column=name, params={"wanted": Term(KIND_NAMES[wanted]), "kind": Term(KIND_NAMES[kind])})
    first = head.partition(b"\n")[0].rstrip(b"\r")
    if layout.records:
        return Finding(kind=OTHER_OPENING, column=name, params={"record": Name(layout.records.opening)})
    if layout.format == "fixed":
        return Finding(kind=OTHER_LENGTH, column=name, params={"bytes": len(first), "expected": layout.record_bytes})
    if layout.header or layout.format != "csv":
        return Finding(kind=NO_HEADINGS, column=name)
    return Finding(kind=FIELD_COUNT, column=name, params={"fields": _count_fields(first, layout), "expected": layout.fields})
