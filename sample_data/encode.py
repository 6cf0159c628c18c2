"""Cells to bytes: delimited text, records of fixed length, workbooks; the same cells always give the same bytes."""

import io
import zipfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sample_data.sheets import Sheet
from schemas.errors import FileRejected
from schemas.messages import N_, Name

LINE_END = b"\r\n"
NUMBER_RULES = frozenset({"integer", "yen"})
ERA_NUMBER_FORMAT = '[$-411]ge"."m"."d'
EXCEL_ROWS = 1_048_576
FIXED_TIME = datetime(2025, 4, 1, tzinfo=UTC)
ZIP_TIME = (2025, 4, 1, 0, 0, 0)


def write_lines(sheet: Sheet) -> list[bytes]:
    """Return the rows of a delimited or fixed-length file as lines without line ends."""
    return _write_records(sheet) if sheet.layout["format"] == "fixed" else _write_delimited(sheet)


def write_heading(sheet: Sheet) -> bytes:
    """Return what comes before the first row: a byte order mark and the heading line, where the layout has them."""
    layout = sheet.layout
    if not layout.get("header"):
        return b""
    delimiter, encoding = str(layout.get("delimiter", ",")), str(layout["encoding"])
    return delimiter.join(sheet.headings).encode(encoding) + LINE_END


def _write_delimited(sheet: Sheet) -> list[bytes]:
    """Return rows of delimited text, quoted where they must be."""
    delimiter, encoding = sheet.layout.get("delimiter", ","), sheet.layout["encoding"].removesuffix("-sig")
    cells = [_quote(column, delimiter) for column in sheet.cells]
    return [line.encode(encoding) for line in pc.binary_join_element_wise(*cells, delimiter).to_pylist()]


def _quote(cells: pa.Array, delimiter: str) -> pa.Array:
    """Return cells with quotes around those that hold a delimiter, a quote or a line end."""
    needs = pc.match_substring_regex(cells, f'["\\r\\n{delimiter}]')
    if not pc.any(needs).as_py():
        return cells
    return pc.if_else(needs, pc.binary_join_element_wise('"', pc.replace_substring(cells, '"', '""'), '"', ""), cells)


def _write_records(sheet: Sheet) -> list[bytes]:
    """Return records: each field encoded, then filled up to its bytes."""
    layout = sheet.layout
    records = np.full((len(sheet), int(layout["record_bytes"])), ord(" "), dtype=np.uint8)
    for entry, cells in zip(layout["columns"], sheet.cells, strict=True):
        first, length = entry["bytes"]
        records[:, first - 1 : first - 1 + length] = _encode_field(cells, entry, length, layout["encoding"])
    return [record.tobytes() for record in records]


def _encode_field(cells: pa.Array, entry: dict[str, Any], length: int, encoding: str) -> NDArray[np.uint8]:
    """Return the bytes of one field of all records, shape (records, length)."""
    coded = cells.dictionary_encode()
    texts = coded.dictionary.to_pylist()
    if entry["rule"] in NUMBER_RULES:
        fields = [text.rjust(length, "0").encode(encoding) if text else b" " * length for text in texts]
    elif entry["rule"].startswith("wareki"):
        fields = [(text or "0" * length).encode(encoding) for text in texts]
    else:
        fields = [text.encode(encoding).ljust(length) for text in texts]
    most = max((len(field) for field in fields), default=0)
    if most > length:
        raise FileRejected(
            N_("column {column} needs {count} bytes, the layout has {length}"),
            N_("shorten the text or widen the field in the layout"),
            column=Name(entry["column"]),
            count=most,
            length=length,
        )
    table = np.frombuffer(b"".join(fields), dtype=np.uint8).reshape(len(fields), length)
    return table[coded.indices.to_numpy()] if fields else np.zeros((0, length), dtype=np.uint8)


def write_workbook(path: Path, sheets: Iterable[Sheet]) -> None:
    """Write a workbook with headings in the first row and the rows of all sheets under them.

    Raises
    ------
    FileRejected
        More rows than a worksheet can hold.
    """
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    page = book.create_sheet("名簿")
    rows = 0
    for sheet in sheets:
        if rows == 0:
            page.append(list(sheet.headings))
        for row in _iterate_cells(sheet, page):
            page.append(row)
        rows += len(sheet)
        if rows >= EXCEL_ROWS:
            raise FileRejected(N_("a worksheet holds {count} rows at most"), N_("ask for fewer persons"), count=EXCEL_ROWS - 1)
    stamp = FIXED_TIME.replace(tzinfo=None)
    book.properties.creator, book.properties.created, book.properties.modified = "見本データ（架空）", stamp, stamp
    buffer = io.BytesIO()
    book.save(buffer)
    _write_still(path, buffer)


def _iterate_cells(sheet: Sheet, page: Any) -> Iterator[list[Any]]:
    """Yield rows of cells: dates with a Japanese-era format, numbers as numbers, codes whose zeros the format alone shows."""
    from openpyxl.cell import WriteOnlyCell

    columns = [column.to_pylist() for column in sheet.cells]
    dates = [pa.types.is_date(column.type) for column in sheet.cells]
    for values in zip(*columns, strict=True):
        row: list[Any] = [None if value == "" else value for value in values]
        for place, value in enumerate(row):
            if dates[place] and value is not None:
                row[place] = WriteOnlyCell(page, value=value)
                row[place].number_format = ERA_NUMBER_FORMAT
        yield row


def _write_still(path: Path, source: io.BytesIO) -> None:
    """Write a zip again with fixed times, so that the same cells give the same bytes."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in sorted(old.namelist()):
            content = old.read(name)
            if name == "docProps/core.xml":
                content = _fix_modified(content)
            new.writestr(zipfile.ZipInfo(name, ZIP_TIME), content, zipfile.ZIP_DEFLATED)


def _fix_modified(core: bytes) -> bytes:
    """Return the document properties with the fixed time instead of the time of saving."""
    import re

    stamp = FIXED_TIME.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    return re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + stamp, core)
