"""What workbooks of the two binary formats hold beside their values: `.xls` (BIFF8 in a compound document) and `.xlsb` (BIFF12 in a zip).

Decided here: which records tell of formulas, errors, hidden rows and number formats, and what of a workbook is no cell: objects with text,
pictures, charts, copies of other workbooks, caches of pivot tables, sheets of macros. References: [MS-XLS] 2.3, [MS-XLSB] 2.3.
"""

import re
import struct
import sys
import zipfile
from collections.abc import Iterator
from typing import TYPE_CHECKING

from intake.formats.beside import GAP, to_narrow
from intake.formats.number_formats import Zeros, judge_format
from intake.formats.workbook import to_letters

if TYPE_CHECKING:
    from intake.formats.workbook_facts import Facts

UNREADABLE = 1
# BIFF8 records
_FORMULA, _BOOLERR, _ROW, _COLINFO, _FORMAT, _XF, _BOUNDSHEET = 0x0006, 0x0205, 0x0208, 0x007D, 0x041E, 0x00E0, 0x0085
_NUMBER, _RK, _MULRK = 0x0203, 0x027E, 0x00BD
# comments of cells; headers, footers, names, lists of choices, links
_NOTE, _BESIDE = 0x001C, {0x0014, 0x0015, 0x0018, 0x01BE, 0x01B8}
_PROPERTIES = ("\x05SummaryInformation", "\x05DocumentSummaryInformation")
# objects: pictures and charts by their type, others by their text; cells of other workbooks that were kept
_MERGED, _MERGED_12 = 0x00E5, 176
_OBJECT, _OBJECT_TEXT, _CRN = 0x005D, 0x01B6, 0x005A
_PICTURES, _MACRO_SHEETS, _CHART_SHEET = {0x05, 0x08}, {1, 6}, 2
# folders and streams with embedded documents, controls, caches and earlier states; texts of other programs
_EMBEDDED = re.compile(r"MBD[0-9A-F]+|Ctls|_SX_DB_CUR|Revision Log|User Names|_xmlsignatures")
_OTHER_TEXTS = "MsoDataStore"
# BIFF12 records
_BESIDE_12 = {64, 479, 494}
_BUNDLE_SHEET, _COLUMNS = 156, 60
_ROW_HEADER, _CELL_ERROR, _FORMULAS, _NUMBERS = 0, 3, {8, 9, 10, 11}, {2, 5}
_FORMAT_12, _XF_12, _CELL_STYLES = 44, 47, 617


def find_old_facts(path: str, _sheet: str) -> "Facts":
    """Return the facts of an `.xls` workbook, all sheets together; sheets beside the one of the table hold nothing."""
    import olefile

    from intake.formats.workbook_facts import Facts

    facts = Facts()
    try:
        with olefile.OleFileIO(path) as container:
            facts.macros = container.exists("_VBA_PROJECT_CUR") or container.exists("Macros")
            name = next(name for name in ("Workbook", "Book") if container.exists(name))
            content = container.openstream(name).read()
            entries = container.listdir(streams=True, storages=True)
            facts.embedded = len({entry[0] for entry in entries if _EMBEDDED.fullmatch(entry[0])})
            texts = [entry for entry in container.listdir() if entry[0] in {*_PROPERTIES, _OTHER_TEXTS}]
            facts.beside = GAP.join(to_narrow(container.openstream(part).read()) for part in texts)
    except (OSError, StopIteration):
        sys.exit(UNREADABLE)
    _read_records(content, facts)
    return facts


def _iterate(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the records of BIFF8."""
    place = 0
    while place + 4 <= len(content):
        kind, size = struct.unpack_from("<HH", content, place)
        yield kind, content[place + 4 : place + 4 + size]
        place += 4 + size


def _read_records(content: bytes, facts: "Facts") -> None:
    codes: dict[int, str] = {}
    styles: list[Zeros] = []
    for kind, body in _iterate(content):
        if kind == _FORMAT and len(body) > 5:
            codes[struct.unpack_from("<H", body)[0]] = _read_text(body[2:])
        elif kind == _XF and len(body) >= 4:
            styles.append(judge_format(codes.get(struct.unpack_from("<H", body, 2)[0], "General")))
        elif kind == _BOUNDSHEET and len(body) > 4:
            facts.hidden_sheets += bool(body[4] & 3)
            facts.macros |= len(body) > 5 and body[5] in _MACRO_SHEETS
            facts.embedded += len(body) > 5 and body[5] == _CHART_SHEET
        elif kind == _MERGED and len(body) >= 2:
            facts.merge(struct.unpack_from("<H", body, at + 2)[0] + 1 for at in range(2, len(body) - 7, 8))
        elif kind in _BESIDE:
            facts.beside += GAP + to_narrow(body)
        elif kind == _NOTE:
            facts.comments += 1
        elif kind in {_OBJECT, _OBJECT_TEXT, _CRN}:
            facts.embedded += _is_embedded(kind, body)
        else:
            _read_record(kind, body, facts, styles)


def _is_embedded(kind: int, body: bytes) -> bool:
    """Return whether a record is a picture, a chart, an object with text, or cells of another workbook."""
    if kind == _OBJECT:
        return len(body) >= 6 and struct.unpack_from("<H", body, 4)[0] in _PICTURES
    return kind == _CRN or (len(body) >= 12 and struct.unpack_from("<H", body, 10)[0] > 0)


def _read_record(kind: int, body: bytes, facts: "Facts", styles: list[Zeros]) -> None:
    if kind in {_FORMULA, _BOOLERR, _NUMBER, _RK, _MULRK} and len(body) >= 6:
        row, column, style = struct.unpack_from("<HHH", body)
        if kind == _FORMULA:
            facts.tell("formula", row + 1)
        elif kind == _BOOLERR:
            if len(body) > 7 and body[7]:
                facts.tell("error", row + 1)
        else:
            many = [struct.unpack_from("<H", body, at)[0] for at in range(4, len(body) - 2, 6)] if kind == _MULRK else [style]
            _judge_styles(many, column, styles, facts)
    elif kind == _ROW and len(body) >= 14:
        facts.hidden_rows += bool(body[12] & 0x20)
    elif kind == _COLINFO and len(body) >= 10 and body[8] & 1:
        first, last = struct.unpack_from("<HH", body)
        facts.hidden_columns += last - first + 1


def _judge_styles(found: list[int], column: int, styles: list[Zeros], facts: "Facts") -> None:
    """Tell columns of numbers whose zeros live in their format: this format of file gives no way to rebuild them."""
    for offset, style in enumerate(found):
        if style < len(styles) and styles[style] is not Zeros.NONE and (letters := to_letters(column + offset)) not in facts.unclear:
            facts.unclear.append(letters)


def _read_text(body: bytes) -> str:
    """Return a text with its length and its flags in front."""
    length, flags = struct.unpack_from("<HB", body)
    return body[3 : 3 + 2 * length].decode("utf-16-le", "replace") if flags & 1 else body[3 : 3 + length].decode("latin-1")


def read_binary_sheets(archive: zipfile.ZipFile, facts: "Facts") -> None:
    """Add what the sheets of an `.xlsb` workbook hold."""
    styles = _read_styles(archive.read("xl/styles.bin")) if "xl/styles.bin" in archive.namelist() else []
    book = _iterate_binary(archive.read("xl/workbook.bin"))
    facts.hidden_sheets = sum(kind == _BUNDLE_SHEET and len(body) >= 4 and struct.unpack_from("<I", body)[0] != 0 for kind, body in book)
    for name in archive.namelist():
        if name.startswith("xl/worksheets/") and name.endswith(".bin"):
            row = 0
            for kind, body in _iterate_binary(archive.read(name)):
                if kind == _ROW_HEADER and len(body) >= 12:
                    row = struct.unpack_from("<I", body)[0] + 1
                    facts.hidden_rows += bool(body[11] & 0x10)
                elif kind == _COLUMNS and len(body) >= 18 and body[16] & 1:
                    first, last = struct.unpack_from("<II", body)
                    facts.hidden_columns += last - first + 1
                elif kind == _MERGED_12 and len(body) >= 8:
                    facts.merge([struct.unpack_from("<I", body, 4)[0] + 1])
                elif kind in _FORMULAS:
                    facts.tell("formula", row)
                elif kind == _CELL_ERROR:
                    facts.tell("error", row)
                elif kind in _BESIDE_12:
                    facts.beside += GAP + to_narrow(body)
                elif kind in _NUMBERS and len(body) >= 8:
                    column, style = struct.unpack_from("<II", body)
                    _judge_styles([style & 0xFFFFFF], column, styles, facts)


def _read_styles(content: bytes) -> list[Zeros]:
    """Return what the styles of cells do with leading zeros."""
    codes: dict[int, str] = {}
    styles: list[Zeros] = []
    of_cells = False
    for kind, body in _iterate_binary(content):
        if kind == _FORMAT_12 and len(body) >= 6:
            number, length = struct.unpack_from("<HI", body)
            codes[number] = body[6 : 6 + 2 * length].decode("utf-16-le", "replace")
        of_cells |= kind == _CELL_STYLES
        if kind == _XF_12 and of_cells and len(body) >= 4:
            styles.append(judge_format(codes.get(struct.unpack_from("<H", body, 2)[0], "General")))
    return styles


def _iterate_binary(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the records of BIFF12: kind and size are numbers of seven bits a byte."""
    place = 0
    while place < len(content):
        kind, place = _read_seven(content, place, 2)
        size, place = _read_seven(content, place, 4)
        yield kind, content[place : place + size]
        place += size


def _read_seven(content: bytes, place: int, most: int) -> tuple[int, int]:
    number = 0
    for step in range(most):
        byte = content[place] if place < len(content) else 0
        place += 1
        number |= (byte & 0x7F) << (7 * step)
        if byte < 0x80:
            break
    return number, place
