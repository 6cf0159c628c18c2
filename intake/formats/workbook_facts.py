"""Runs in a child process: what a workbook holds beside its values, in any of its four formats, from the bytes of its parts.

Decided here: how formulas, cells in error, hidden rows and columns, macros and number formats with zeros are found, in one pass and without
building the sheet. Not decided here: what becomes of the file (`intake.workbooks`).
"""

import json
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import IO
from xml.etree.ElementTree import Element

from intake.formats.beside import GAP, read_beside
from intake.formats.number_formats import Zeros, judge_format
from intake.formats.workbook import choose_sheet, limit_process

ROWS_TOLD = 20
PIECE_BYTES, PART_BYTES, MEMBER_BYTES, HEAD_BYTES = 1 << 20, 64 << 20, 4 << 30, 1 << 16
# what is kept in memory as a whole while a sheet is read
_KEPT = {"xl/sharedStrings.xml": 256 << 20, "xl/sharedStrings.bin": 256 << 20}
_MACROS = ("vbaProject.bin", "Basic/", "Scripts/", "xl/macrosheets/", "xl/dialogsheets/")
_CELL = re.compile(rb"<(?:\w+:)?(row|c|f|col)\b([^>]*)>")
_TELLING = re.compile(rb"""<(?:\w+:)?f[\s/>]|\bt=["']e["']|\bhidden=["'](?:1|true)["']""")
_HIDDEN = re.compile(rb"""\bhidden=["'](?:1|true)["']""")
_REFERENCE = re.compile(rb"""\br=["']([A-Z]*)([0-9]+)["']""")
_STYLE = re.compile(rb"""\bs=["']([0-9]+)["']""")
_MERGED = re.compile(rb"""<(?:\w+:)?mergeCell\b[^>]*\bref=["'][A-Z]+([0-9]+)(?::[A-Z]+([0-9]+))?["']""")
_TEXT = re.compile(rb"""\bt=["'](?:s|str|inlineStr|b|e|d)["']""")
# drawn things, earlier states of cells, copies of other files and their links
_ODS_EMBEDDED = re.compile(
    rb"<draw:(?:frame|text-box|object|object-ole|image|plugin|control|custom-shape|rect|ellipse|circle|caption|line|connector)\b"
    rb"|<table:(?:tracked-changes|table-source|cell-range-source|dde-links|scenario)\b"
)
_ODS_MERGED = re.compile(rb'table:number-rows-spanned="(?:[2-9]|[1-9][0-9]+)"')
_ODS_BESIDE = re.compile(rb"""xlink:href="([^"]*)"|<text:ruby-text[^>]*>([^<]*)""")
_ODS_HIDDEN = re.compile(rb'<style:style style:name="([^"]+)" style:family="table"(?:(?!</style:style>).)*table:display="false"', re.DOTALL)
_ODS_TABLE = re.compile(rb'<table:table\s[^>]*?table:style-name="([^"]+)"')
_ODS_ROW = re.compile(rb"<(?:\w+:)?table-(row|column)\b([^>]*)>")


@dataclass(slots=True)
class Facts:
    """What a workbook holds beside its values.

    Parameters
    ----------
    formulas, errors : int
        Cells with a formula; cells in error.
    formula_rows, error_rows : list[int]
        Their rows, the first ones.
    unclear : list[str]
        Columns of numbers whose format shows zeros in a way that cannot be rebuilt.
    kept : bool
        Numbers have a format that shows leading zeros.
    hidden_rows, hidden_columns, hidden_sheets : int
        How many of them.
    macros : bool
        The workbook holds programs.
    locked : bool
        It is locked in a way that is not opened here.
    exact : bool
        Formats of single cells can be read.
    entities : bool
        A part declares a document type or entities, as no spreadsheet program does.
    too_large : bool
        Its parts come to more than a workbook may.
    comments : int
        Comments and notes of cells.
    embedded : int
        Pictures, charts, text boxes, objects, and copies of other tables.
    beside : str
        Other texts that are no cells: headers and footers, names, lists of choices, properties. Personal information may be in them.
    merged : list[int]
        Last rows of merged cells, the lowest ones.
    merged_unplaced : bool
        Cells of several rows are merged, and the form of file is not asked where.
    """

    formulas: int = 0
    formula_rows: list[int] = field(default_factory=list)
    errors: int = 0
    error_rows: list[int] = field(default_factory=list)
    unclear: list[str] = field(default_factory=list)
    kept: bool = False
    hidden_rows: int = 0
    hidden_columns: int = 0
    hidden_sheets: int = 0
    macros: bool = False
    locked: bool = False
    exact: bool = False
    entities: bool = False
    too_large: bool = False
    comments: int = 0
    embedded: int = 0
    beside: str = ""
    merged: list[int] = field(default_factory=list)
    merged_unplaced: bool = False

    def merge(self, rows: Iterable[int]) -> None:
        """Keep the last rows of merged cells, the lowest of them."""
        self.merged = sorted({*self.merged, *rows})[-ROWS_TOLD:]

    def tell(self, kind: str, row: int) -> None:
        """Count a cell with a formula or in error."""
        rows: list[int] = getattr(self, f"{kind}_rows")
        setattr(self, f"{kind}s", getattr(self, f"{kind}s") + 1)
        if len(rows) < ROWS_TOLD and row not in rows:
            rows.append(row)


def find_facts(path: str, sheet: str) -> Facts:
    """Return the facts of a workbook."""
    if not zipfile.is_zipfile(path):
        from intake.formats.biff import find_old_facts

        return find_old_facts(path, sheet)
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        facts = Facts(macros=any(mark in name for name in names for mark in _MACROS))
        facts.too_large = any(info.file_size > _KEPT.get(info.filename, MEMBER_BYTES) for info in archive.infolist())
        facts.entities = not facts.too_large and any(_declares(archive, name) for name in names if name.endswith(".xml"))
        if facts.too_large or facts.entities:
            return facts
        facts.beside, facts.comments, facts.embedded = read_beside(archive)
        if "content.xml" in names:
            _read_ods(archive, facts)
        elif "xl/workbook.bin" in names:
            from intake.formats.biff import read_binary_sheets

            read_binary_sheets(archive, facts)
        else:
            _read_xlsx(archive, sheet, facts)
    return facts


def _declares(archive: zipfile.ZipFile, name: str) -> bool:
    """Return whether a part begins with a document type, under which entities are declared."""
    with archive.open(name) as content:
        return re.search(rb"<!(?:DOCTYPE|ENTITY)", content.read(HEAD_BYTES)) is not None


def _parse(archive: zipfile.ZipFile, name: str) -> Element:
    """Return a small part of a workbook."""
    from defusedxml.ElementTree import fromstring

    if archive.getinfo(name).file_size > PART_BYTES:
        raise MemoryError(name)
    root: Element = fromstring(archive.read(name))
    return root


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _read_xlsx(archive: zipfile.ZipFile, sheet: str, facts: Facts) -> None:
    facts.exact = True
    sheets = [node for node in _parse(archive, "xl/workbook.xml").iter() if _local(node) == "sheet"]
    facts.hidden_sheets = sum(node.get("state", "visible") != "visible" for node in sheets)
    found = choose_sheet([node.get("name", "") for node in sheets], sheet)
    wanted = next(node for node in sheets if node.get("name") == found)
    place = next(value for key, value in wanted.attrib.items() if key.endswith("}id"))
    targets = {node.get("Id"): node.get("Target", "") for node in _parse(archive, "xl/_rels/workbook.xml.rels")}
    part = targets[place]
    kept, unclear = _find_styles(archive) if "xl/styles.xml" in archive.namelist() else (frozenset(), frozenset())
    with archive.open(part[1:] if part.startswith("/") else f"xl/{part}") as content:
        for piece in _cut_pieces(content, b"<c "):
            facts.merge(int(last or first) for first, last in _MERGED.findall(piece))
            if kept or unclear or _TELLING.search(piece):
                _read_piece(piece, facts, kept, unclear)
    facts.unclear.sort(key=lambda letters: (len(letters), letters))


def _find_styles(archive: zipfile.ZipFile) -> tuple[frozenset[int], frozenset[int]]:
    """Return the styles of cells whose number format keeps zeros, and those where that is unclear."""
    root = _parse(archive, "xl/styles.xml")
    codes = {node.get("numFmtId"): node.get("formatCode", "") for node in root.iter() if _local(node) == "numFmt"}
    cells = next((node for node in root if _local(node) == "cellXfs"), None)
    judged = [judge_format(codes.get(node.get("numFmtId"), "General")) for node in cells] if cells is not None else []
    kept, unclear = (frozenset(i for i, zeros in enumerate(judged) if zeros is kind) for kind in (Zeros.KEPT, Zeros.UNCLEAR))
    return kept, unclear


def _cut_pieces(content: IO[bytes], mark: bytes) -> Iterator[bytes]:
    """Yield a part in pieces that end before a cell, so that no cell is cut."""
    rest = b""
    while chunk := content.read(PIECE_BYTES):
        rest += chunk
        end = rest.rfind(mark)
        end = end if end > 0 else rest.rfind(b">") + 1
        yield rest[:end]
        rest = rest[end:]
        if len(rest) > PART_BYTES:
            raise MemoryError(mark)
    yield rest


def _read_piece(piece: bytes, facts: Facts, kept: frozenset[int], unclear: frozenset[int]) -> None:
    """Look at every cell of a piece."""
    row, column = 0, b""
    for match in _CELL.finditer(piece):
        kind, attributes = match.groups()
        if kind in {b"row", b"col"}:
            _count_hidden(kind, attributes, facts)
        elif kind == b"f":
            facts.tell("formula", row)
        else:
            if place := _REFERENCE.search(attributes):
                column, row = place[1], int(place[2])
            _read_cell(attributes, (column, row), facts, (kept, unclear))


def _count_hidden(kind: bytes, attributes: bytes, facts: Facts) -> None:
    if not _HIDDEN.search(attributes):
        return
    if kind == b"row":
        facts.hidden_rows += 1
        return
    ends = [int(found[1]) for name in (b"min", b"max") if (found := re.search(rb"\b" + name + rb"""=["']([0-9]+)["']""", attributes))]
    facts.hidden_columns += ends[1] - ends[0] + 1 if len(ends) == 2 else 1


def _read_cell(attributes: bytes, place: tuple[bytes, int], facts: Facts, styles: tuple[frozenset[int], frozenset[int]]) -> None:
    if re.search(rb"""\bt=["']e["']""", attributes):
        facts.tell("error", place[1])
    if attributes.endswith(b"/") or _TEXT.search(attributes):
        return
    style = _STYLE.search(attributes)
    number = int(style[1]) if style else 0
    facts.kept |= number in styles[0]
    letters = place[0].decode("ascii")
    if number in styles[1] and letters not in facts.unclear:
        facts.unclear.append(letters)


def _read_ods(archive: zipfile.ZipFile, facts: Facts) -> None:
    manifest = archive.read("META-INF/manifest.xml") if "META-INF/manifest.xml" in archive.namelist() else b""
    facts.locked = b"encryption-data" in manifest
    if facts.locked:
        return
    with archive.open("content.xml") as content:
        hidden: set[bytes] = set()
        for piece in _cut_pieces(content, b"<table:table-cell"):
            hidden |= set(_ODS_HIDDEN.findall(piece))
            facts.hidden_sheets += sum(style in hidden for style in _ODS_TABLE.findall(piece))
            facts.embedded += len(_ODS_EMBEDDED.findall(piece))
            facts.merged_unplaced |= _ODS_MERGED.search(piece) is not None
            facts.beside += "".join(GAP + (link or reading).decode("utf-8", "replace") for link, reading in _ODS_BESIDE.findall(piece))
            facts.comments += piece.count(b"<office:annotation ") + piece.count(b"<office:annotation>")
            formulas = piece.count(b"table:formula=")
            facts.formulas += formulas
            if re.search(rb'<number:number-style[^>]*>\s*<number:number [^>]*number:min-integer-digits="(?:[2-9]|[1-9][0-9])"', piece):
                facts.unclear = ["—"]
            for kind, attributes in _ODS_ROW.findall(piece):
                if b'visibility="collapse"' in attributes or b'visibility="filter"' in attributes:
                    facts.hidden_rows += kind == b"row"
                    facts.hidden_columns += kind == b"column"


def main(arguments: list[str]) -> None:
    """Print the facts of the workbook the arguments name: path, sheet, memory limit, CPU limit."""
    path, sheet, memory, cpu = arguments
    limit_process(int(memory), int(cpu))
    sys.stderr.close()
    facts = find_facts(path, sheet)
    sys.stdout.write(json.dumps(asdict(facts)))
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
