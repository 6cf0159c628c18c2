"""Dummy files: the layout of a real one, nothing real in it, to rehearse sealing, checking and converting on one's own machine.

Decided here: the values, made from the table, its code lists and the rules of the layout. Every number is a running one behind zeros,
every text says that it is fictional, municipalities are the fictional ones. Not decided here: a file that looks like a population.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TypeAlias

import numpy as np

from intake.convert import check_output
from intake.dummy_records import write_lines
from intake.layout import PLAIN, Layout, LayoutColumn, load_layout, make_plain_layout
from intake.values.rules import BIRTH, RuleUse
from intake.values.wareki import ERAS
from schemas import check_digits
from schemas.codes import load_code_list
from schemas.errors import FileRejected
from schemas.files import replace_file
from schemas.messages import N_, Name
from schemas.municipalities import list_municipalities
from schemas.tables import Column, ColumnType, Role, load_table

SEED = 1
SOME_EMPTY = 0.1
_EXCEL = ".xlsx"
_HIGHEST = 99_999
_BIRTHS = (date(1930, 1, 1), 27_000)
_EVENTS = (date(2005, 4, 1), 7_000)
_REPEATS = re.compile(r"\[([^\]]+)\](?:\{([0-9]+)(?:,([0-9]+))?\}|(\?))?")
# running numbers in readings: a reading has no digits
_FULL = str.maketrans("0123456789", "アイウエオカキクケコ")
_HALF = str.maketrans("0123456789", "ｱｲｳｴｵｶｷｸｹｺ")
_WIDE = str.maketrans("0123456789-", "０１２３４５６７８９－")
Cell: TypeAlias = str | date


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a value is made of: column and rule, the layout, the number of the row, and what is drawn for it.

    Parameters
    ----------
    use : RuleUse
        Column and rule.
    layout : Layout
        The layout.
    number : int
        Running number, from 1.
    draw : int
        A random number from 0 to 2**31.
    """

    use: RuleUse
    layout: Layout
    number: int
    draw: int


def write_dummy(output: Path, *, table: str, layout: str | None, rows: int, seed: int = SEED) -> Layout:
    """Write a dummy file and return its layout.

    Parameters
    ----------
    output : Path
        The file; an Excel workbook when it ends in .xlsx and the layout is plain.
    table : str
        Name of the table.
    layout : str or None
        Shipped name, path of a document, or `plain` (the default).
    rows : int
        Rows.
    seed : int
        The same seed gives the same contents.

    Raises
    ------
    FileRejected
        The file cannot be written there, or the layout is for another table.
    """
    check_output(output)
    wanted = load_table(table)
    plain = layout in {None, PLAIN}
    found = make_plain_layout(wanted, "excel" if output.suffix == _EXCEL else "csv") if plain else load_layout(layout or "")
    if found.table.name != table:
        raise FileRejected(
            N_("layout {layout} is for another table than {table}"),
            N_("give the table of the layout"),
            layout=Name(found.name),
            table=Name(table),
        )
    writers = {"csv": _write_csv, "fixed": _write_fixed, "excel": _write_excel, "records": _write_records}
    write: Callable[[Path, Layout, Iterator[list[Cell]]], None] = writers[found.format]
    with replace_file(output) as temporary:
        write(temporary, found, make_rows(found, rows, seed))
    return found


def make_rows(layout: Layout, rows: int, seed: int) -> Iterator[list[Cell]]:
    """Yield rows of cells in the order of the layout's columns."""
    rng = np.random.default_rng(seed)
    keyed = {part for source in layout.sources if source.number for part in source.parts}
    filled = {column.name for column in layout.columns if column.use.column.required or (column.source and keyed & {*column.source.parts})}
    for number in range(1, rows + 1):
        draws = rng.integers(0, 2**31, len(layout.columns)).tolist()
        gaps = (rng.random(len(layout.columns)) < SOME_EMPTY).tolist()
        yield [
            "" if gap and column.name not in filled else _make_cell(Place(use=column.use, layout=layout, number=number, draw=draw))
            for column, draw, gap in zip(layout.columns, draws, gaps, strict=True)
        ]


def _make_cell(place: Place) -> Cell:
    column = place.use.column
    makers: dict[ColumnType, Callable[[Place], Cell]] = {
        ColumnType.DATE: _make_date,
        ColumnType.MONTH: _make_date,
        ColumnType.BOOLEAN: lambda place: str(place.draw % 2),
        ColumnType.INTEGER: lambda place: str(_draw_integer(place)),
        ColumnType.NUMBER: lambda place: f"{_draw_integer(place) if place.draw % 2 else column.minimum or 0:.2f}",
        ColumnType.CODE: _make_code,
        ColumnType.STRING: _make_text,
    }
    return makers[column.type](place)


def _draw_integer(place: Place) -> int:
    column = place.use.column
    lowest = column.minimum or 0
    highest = _HIGHEST if column.maximum is None else column.maximum
    return lowest + place.draw % (min(highest, max(lowest, _HIGHEST)) - lowest + 1)


def _make_code(place: Place) -> str:
    column, use = place.use.column, place.use
    if column.code_list:
        found = load_code_list(column.code_list)
        vendors = ("resident_record",) if use.rule == "sex_12" else use.vendors
        # of several systems the last one counts where they differ
        texts = list(found.vendor[vendors[-1]]) if vendors else list(found.entries)
        return texts[place.draw % len(texts)]
    if column.check_digit:
        return _make_checked(column.check_digit, place)
    return f"Z{place.draw % 14:02d}" if column.hierarchy == "icd10" else _make_number(column, place.number)


def _make_checked(kind: str, place: Place) -> str:
    """Return a number with its check digit that belongs to no municipality, insurer, office or body."""
    if kind == "municipality":
        codes = list_municipalities(synthetic=True)
        return codes[place.draw % len(codes)].code
    bodies = {"insurer": f"90{place.draw % 1000:03d}", "care_office": f"90{place.number % 10**7:07d}", "corporate": f"{place.number:012d}"}
    return check_digits.append(kind, bodies[kind])


def _make_number(column: Column, number: int) -> str:
    """Return a running number of the shortest length the pattern of the column has."""
    parts = _REPEATS.findall(column.pattern or "[0-9]{8}")
    lengths = [0 if optional else int(least or 1) for _, least, _, optional in parts]
    most = sum(int(most or least or 1) for _, least, most, _ in parts)
    return str(number % 10**most).zfill(sum(lengths))


def _make_text(place: Place) -> str:
    column, number = place.use.column, place.number
    if column.pattern or column.role in {Role.LINKING_CODE, Role.IDENTIFICATION_CODE}:
        return _make_number(column, number)
    if place.use.rule == "phone" or "phone" in column.name:
        return f"000-0000-{number % 10_000:04d}"
    if place.use.rule == "kana_full" or "kana" in column.name:
        half = place.layout.encoding == "cp932"
        return f"ｶｸｳ ﾊﾞﾝ{number}".translate(_HALF) if half else f"カクウ　バン{number}".translate(_FULL)
    if place.use.rule == "address":
        return f"架空町{number}-1".translate(_WIDE)
    return f"kakuu{number}@example.invalid" if "mail" in column.name else f"架空の{column.title_ja}{number}"


def _make_date(place: Place) -> Cell:
    first, days = _BIRTHS if place.use.column.hierarchy == BIRTH else _EVENTS
    day = first + timedelta(days=place.draw % days)
    return _spell(day, place)


def _spell(day: date, place: Place) -> Cell:
    """Return a day, or its month, as the rule of the column reads it."""
    month = place.use.column.type is ColumnType.MONTH
    day = day.replace(day=1) if month else day
    era = next(era for era in reversed(ERAS) if era.first_day <= day.isoformat())
    year = day.year - era.first_year + 1
    rule = place.use.rule
    if rule in {"wareki_gyymmdd", "wareki_gyymm"}:
        return f"{era.number}{year:02d}{day.month:02d}" + ("" if month else f"{day.day:02d}")
    if rule in {"wareki_text", "wareki_month"}:
        long = place.draw % 2
        text = f"{era.name}{year}年{day.month}月" if long else f"{era.spellings[2]}{year}.{day.month}"
        return text if month else text + (f"{day.day}日" if long else f".{day.day}")
    return day if place.layout.format == "excel" else day.strftime("%Y-%m" if month else "%Y-%m-%d")


def _write_csv(path: Path, layout: Layout, rows: Iterator[list[Cell]]) -> None:
    """Write delimited text in the encoding of the layout, with a byte order mark when the layout names none."""
    fields = len(layout.columns) if layout.header else layout.fields
    with path.open("w", encoding=layout.encoding or "utf-8-sig", newline="") as target:
        writer = csv.writer(target, delimiter=layout.delimiter, lineterminator="\r\n")
        if layout.header:
            writer.writerow([column.headings[0] for column in layout.columns])
        for row in rows:
            places = range(fields) if layout.header else [column.position - 1 for column in layout.columns]
            cells: list[Cell] = [""] * fields
            for place, cell in zip(places, row, strict=True):
                cells[place] = cell
            writer.writerow(cells)


def _write_fixed(path: Path, layout: Layout, rows: Iterator[list[Cell]]) -> None:
    with path.open("wb") as target:
        for row in rows:
            record = bytearray(b" " * layout.record_bytes)
            for column, cell in zip(layout.columns, row, strict=True):
                record[column.first_byte : column.first_byte + column.length_bytes] = _fill(str(cell), column, layout.encoding or "cp932")
            target.write(bytes(record) + b"\r\n")


def _write_records(path: Path, layout: Layout, rows: Iterator[list[Cell]]) -> None:
    if layout.records:
        path.write_bytes(b"".join(write_lines(layout, layout.records, rows)))


def _fill(text: str, column: LayoutColumn, encoding: str) -> bytes:
    """Return a text in exactly the bytes of its column; characters that do not fit are left off."""
    while len(encoded := text.encode(encoding)) > column.length_bytes:
        text = text[:-1]
    numeric = column.use.column.type in {ColumnType.INTEGER, ColumnType.NUMBER}
    return encoded.rjust(column.length_bytes, b"0") if numeric and text else encoded.ljust(column.length_bytes)


def _write_excel(path: Path, layout: Layout, rows: Iterator[list[Cell]]) -> None:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    for number in range(1, int(layout.sheet) if layout.sheet.isdigit() else 1):
        book.create_sheet(str(number))
    page = book.create_sheet("架空" if layout.sheet.isdigit() else layout.sheet)
    if layout.header:
        page.append([column.headings[0] for column in layout.columns])
    for row in rows:
        page.append([cell or None for cell in row])
    buffer = io.BytesIO()
    book.save(buffer)
    path.write_bytes(buffer.getvalue())
