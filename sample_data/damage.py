"""How each defect is put into cells or lines. Every function leaves the other rows as they are."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sample_data import numbering
from sample_data.sheets import Sheet

Rows = NDArray[np.int64]
GAIJI = "\ue000"
MY_NUMBER_HEADING = "個人番号"
FORMULA = '=HYPERLINK("http://mihon.example/","見本")'


def _change(sheet: Sheet, rows: Rows, column: str, write: Callable[[Any], Any]) -> Sheet:
    """Return the sheet with `write(cell)` in some rows of a column; typed cells become objects of mixed type."""
    place = sheet.find(column)
    if place is None:
        return sheet
    cells = sheet.cells[place].to_pylist()
    for row in rows.tolist():
        cells[row] = write(cells[row])
    try:
        return sheet.put(place, pa.array(cells, sheet.cells[place].type))
    except (pa.ArrowInvalid, pa.ArrowTypeError):  # text among dates or numbers: a spreadsheet column of mixed cells
        return sheet.put(place, pa.array([None if cell is None else str(cell) for cell in cells], pa.string()))


def turn_last_digit(sheet: Sheet, rows: Rows, column: str, _rng: np.random.Generator) -> Sheet:
    """Put another last digit."""
    digits = "0123456789０１２３４５６７８９"
    turn = {digit: digits[place // 10 * 10 + (place + 1) % 10] for place, digit in enumerate(digits)}
    return _change(sheet, rows, column, lambda cell: cell[:-1] + turn[cell[-1]])


def _put_date(packed: str, text: str) -> Callable[[Sheet, Rows, str, np.random.Generator], Sheet]:
    """Return a function that puts a date in the spelling of the layout."""

    def put(sheet: Sheet, rows: Rows, column: str, _rng: np.random.Generator) -> Sheet:
        place = sheet.find(column)
        is_packed = place is not None and sheet.layout["columns"][place]["rule"] == "wareki_gyymmdd"
        return _change(sheet, rows, column, lambda _: packed if is_packed else text)

    return put


put_no_such_day = _put_date("3600230", "昭和60年2月30日")
put_outside_era = _put_date("3700401", "昭和70年4月1日")
put_open_date = _put_date("3200000", "昭和20年0月0日")
put_future = _put_date("5990401", "令和99年4月1日")


def put_unknown_code(sheet: Sheet, rows: Rows, column: str, _rng: np.random.Generator) -> Sheet:
    """Put a code of no list, as long as codes of the list are."""
    return _change(sheet, rows, column, lambda cell: "Z" * max(min(len(cell), 2), 1))


def put_word(sheet: Sheet, rows: Rows, column: str, _rng: np.random.Generator) -> Sheet:
    """Put a word where a number must stand."""
    return _change(sheet, rows, column, lambda _: "不明")


def put_too_much(sheet: Sheet, rows: Rows, column: str, _rng: np.random.Generator) -> Sheet:
    """Put a number that no such column can hold."""
    return _change(sheet, rows, column, lambda cell: 999 if isinstance(cell, int) else "999")


def empty(sheet: Sheet, rows: Rows, column: str, _rng: np.random.Generator) -> Sheet:
    """Leave the cell empty."""
    return _change(sheet, rows, column, lambda _: "")


def put_control(sheet: Sheet, rows: Rows, column: str, _rng: np.random.Generator) -> Sheet:
    """Put a bell into the text."""
    return _change(sheet, rows, column, lambda _: "確認\x07済み")


def put_gaiji(sheet: Sheet, rows: Rows, column: str, _rng: np.random.Generator) -> Sheet:
    """Put a private-use character in place of the first one."""
    return _change(sheet, rows, column, lambda cell: GAIJI + cell[1:])


def put_formula(sheet: Sheet, rows: Rows, column: str, _rng: np.random.Generator) -> Sheet:
    """Put text that a spreadsheet would run."""
    return _change(sheet, rows, column, lambda _: FORMULA)


def add_my_numbers(sheet: Sheet, rows: Rows, column: str, rng: np.random.Generator) -> Sheet:
    """Add a column of individual numbers; in files without headings they stand in the remarks, because every field has its place."""
    numbers = numbering.make_personal_numbers(len(rows), rng)
    if sheet.layout.get("header"):
        return replace(sheet, headings=(*sheet.headings, MY_NUMBER_HEADING), cells=(*sheet.cells, numbers))
    place = sheet.find(column)
    return sheet if place is None else sheet.put(place, numbers)


def repeat_rows(sheet: Sheet, rows: Rows, _column: str | None, _rng: np.random.Generator) -> Sheet:
    """Put the rows once more at the end."""
    again = pa.array(np.concatenate([np.arange(len(sheet)), rows]))
    return replace(sheet, cells=tuple(cells.take(again) for cells in sheet.cells))


def _change_lines(lines: list[bytes], rows: Rows, write: Callable[[bytes], bytes]) -> list[bytes]:
    """Return the lines with some rewritten."""
    chosen = set(rows.tolist())
    return [write(line) if place in chosen else line for place, line in enumerate(lines)]


def add_field(lines: list[bytes], rows: Rows, layout: Mapping[str, Any]) -> list[bytes]:
    """Put one field more at the end."""
    return _change_lines(lines, rows, lambda line: line + layout["delimiter"].encode() + b"1")


def break_quotes(lines: list[bytes], rows: Rows, _layout: Mapping[str, Any]) -> list[bytes]:
    """Put text behind the closing quote of the first field."""

    def write(line: bytes) -> bytes:
        first, comma, rest = line.partition(b",")
        return b'"' + first + b'"1' + comma + rest

    return _change_lines(lines, rows, write)


def put_nul(lines: list[bytes], rows: Rows, layout: Mapping[str, Any]) -> list[bytes]:
    """Put a NUL byte at the end of the row, in place of the last byte of a record."""
    return _change_lines(lines, rows, lambda line: (line[:-1] if layout["format"] == "fixed" else line) + b"\x00")


def shorten(lines: list[bytes], rows: Rows, _layout: Mapping[str, Any]) -> list[bytes]:
    """Take the last byte away."""
    return _change_lines(lines, rows, lambda line: line[:-1])


def cut_character(lines: list[bytes], rows: Rows, layout: Mapping[str, Any]) -> list[bytes]:
    """Fill the name with one half-width and as many full-width characters as do not fit."""
    first, length = next(entry["bytes"] for entry in layout["columns"] if entry["column"] == "name")
    name = ("A" + "見" * length).encode(layout["encoding"])[: length + (length % 2)][:length]
    return _change_lines(lines, rows, lambda line: line[: first - 1] + name + line[first - 1 + length :])


def encode_otherwise(lines: list[bytes], rows: Rows, layout: Mapping[str, Any]) -> list[bytes]:
    """Encode the row as CP932 in a UTF-8 file and the other way round; records keep their length in bytes."""
    here = layout["encoding"].removesuffix("-sig")
    there = "utf-8" if here == "cp932" else "cp932"

    def write(line: bytes) -> bytes:
        other = line.decode(here).encode(there)
        if layout["format"] != "fixed":
            return other
        whole = other[: len(line)].decode(there, errors="ignore").encode(there)
        return whole.ljust(len(line))

    return _change_lines(lines, rows, write)


def open_quote(lines: list[bytes], rows: Rows, _layout: Mapping[str, Any]) -> list[bytes]:
    """Open a quote in the last field and leave it open."""

    def write(line: bytes) -> bytes:
        rest, comma, _ = line.rpartition(b",")
        return rest + comma + b'"'

    return _change_lines(lines, rows, write)
