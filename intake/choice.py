"""Which layout a file has, when nobody said: the one of its table that fits its first line.

Decided here: two that fit are an error that names them; nothing is guessed.
"""

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from intake.decode import LADDER, find_encoding, find_mark, read_text
from intake.formats.sandbox import find_kind, read_rows
from intake.headings import match_headings, match_positions
from intake.layout import PLAIN, Layout, layout_names, load_layout, make_plain_layout
from intake.misfit import explain_misfit
from intake.reading import check_source, read_headings
from intake.workbooks import check_workbook
from schemas.errors import FileRejected
from schemas.files import CHUNK_BYTES
from schemas.findings import Severity
from schemas.messages import N_, Name
from schemas.tables import load_table

_FORMATS = {"text": "csv", "excel": "excel", "parquet": "parquet"}


def choose_layout(source: Path, table: str, spec: str | None) -> Layout:
    """Return the layout of a file.

    Parameters
    ----------
    source : Path
        The file.
    table : str
        Name of the table its rows become.
    spec : str or None
        Name or path of a layout, `plain`, or None to find it.

    Raises
    ------
    FileRejected
        There is no file, no layout fits, several fit, or the layout is for another table.
    """
    check_source(source)
    wanted = load_table(table)
    plain = make_plain_layout(wanted, _FORMATS[find_kind(source)])
    if spec is None:
        if plain.format == "excel":
            # what speaks against a workbook is said before layouts are tried on it
            check_workbook(source, plain.sheet)
        return _find_layout(source, plain)
    layout = plain if spec == PLAIN else load_layout(spec)
    if layout.table.name != table:
        raise FileRejected(
            N_("layout {layout} is for table {other}, not {table}"),
            N_("layouts of this table: plain, {layouts}"),
            layout=Name(layout.name),
            other=Name(layout.table.name),
            table=Name(table),
            layouts=Name(", ".join(layout_names(table))),
        )
    return layout


def _find_layout(source: Path, plain: Layout) -> Layout:
    """Return the one layout that fits.

    Headings say more than a number of fields: a layout with a heading line that fits comes first, then the plain one, then those
    without headings.
    """
    candidates = [load_layout(name) for name in layout_names(plain.table.name)]
    headed, bare = ([layout for layout in candidates if layout.header is header and layout.format != "fixed"] for header in (True, False))
    fixed = [layout for layout in candidates if layout.format == "fixed"]
    for group in (headed, [plain], [*bare, *fixed]):
        fitting = [layout for layout in group if fits(source, layout)]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            names = Name(", ".join(layout.name for layout in fitting))
            raise FileRejected(N_("{count} layouts fit the file"), N_("choose one with --layout: {names}"), count=len(fitting), names=names)
    raise explain_misfit(source, [plain, *candidates])


def choose_kind_chunks(source: Path) -> tuple[dict[str, Any], Iterator[bytes]]:
    """Return format and encoding of a file nobody has described, and its text in pieces (of a workbook: row numbers first).

    Raises
    ------
    FileRejected
        It is Parquet, which needs no layout, or no text.
    """
    kind = find_kind(source)
    if kind == "parquet":
        raise FileRejected(N_("{file} is a Parquet file: its columns have names already"), N_("use --layout plain"), file=Name(source.name))
    if kind == "excel":
        return {"format": "excel", "sheet": 1}, read_rows(source, kind=kind, sheet="1")
    encoding = find_encoding(source, None).name
    # a layout says utf-16 for both orders
    return {"format": "csv", "encoding": "utf-16" if encoding.startswith("utf-16") else encoding}, read_text(source, encoding)


def fits(source: Path, layout: Layout) -> bool:
    """Return whether the first line of a file is as a layout has it."""
    kind = find_kind(source)
    if kind != (layout.format if layout.format in {"excel", "parquet"} else "text"):
        return False
    if layout.format == "fixed":
        return _has_record_length(source, layout.record_bytes)
    if kind != "text":
        first = read_headings(lambda: read_rows(source, kind=kind, sheet=layout.sheet, lines=layout.lines_above), layout, numbered=True)
        return _places_fit(first, layout)
    for encoding in [layout.encoding] if layout.encoding else _find_candidates(source):
        try:
            first = read_headings(lambda name=encoding: _decode_head(source, name), layout, numbered=False)  # type: ignore[misc]
        except UnicodeError:
            continue
        return first[:1] == [layout.records.opening] if layout.records else _places_fit(first, layout)
    return False


def _places_fit(first: list[str], layout: Layout) -> bool:
    """Return whether nothing speaks against a layout, and it knows at least half of the fields."""
    places, findings = match_headings(first, layout) if layout.header else match_positions(first, layout)
    filled = sum(1 for text in first if text.strip()) if layout.header else len(first)
    return 2 * len(places) >= filled and not any(finding.kind.severity is Severity.FILE for finding in findings)


def _has_record_length(source: Path, record_bytes: int) -> bool:
    with source.open("rb") as content:
        return len(content.readline(record_bytes + 3).rstrip(b"\r\n")) == record_bytes


def _find_candidates(source: Path) -> tuple[str, ...]:
    """Return the encodings an undeclared file may be in, the likeliest first."""
    with source.open("rb") as content:
        shown = find_mark(content.read(CHUNK_BYTES))
    return (shown,) if shown else LADDER


def _decode_head(source: Path, encoding: str) -> Iterator[bytes]:
    """Yield the first line of a file as UTF-8.

    Raises
    ------
    UnicodeError
        It is not text in that encoding.
    """
    with source.open("rb") as content:
        head = content.read(CHUNK_BYTES)
    text = codecs.getincrementaldecoder(encoding)("strict").decode(head)
    yield text.removeprefix("\ufeff").encode("utf-8")
