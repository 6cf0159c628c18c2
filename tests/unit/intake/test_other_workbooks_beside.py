"""What is no cell of a workbook of the other three formats (.xls, .xlsb, .ods), written by hand from their descriptions."""

import struct
import zipfile

import pytest

from intake.formats.beside import to_narrow
from intake.formats.workbook_facts import find_facts
from intake.identifiers import count_my_numbers
from tests.unit.intake.test_workbook_reading import biff_record, biff_text, ods, record12, text, wide, xls, xlsb

# worked out in test_workbook_beside
NUMBER = "123456789018"
WIDE_NUMBER = "１２３４５６７８９０１８"
CELLS = [(0, 0, "番号"), (1, 0, "0012")]


def facts(path):
    found = find_facts(str(path), "1")
    return {"comments": found.comments, "embedded": found.embedded, "macros": found.macros, "numbers": count_my_numbers(found.beside)}


NONE = {"comments": 0, "embedded": 0, "macros": False, "numbers": 0}


def object_record(kind):
    """Return Obj with its first part, ftCmo ([MS-XLS] 2.5.143)."""
    return biff_record(0x5D, struct.pack("<HHHH", 0x15, 0x12, kind, 1) + bytes(14))


def text_record(characters):
    """Return TxO ([MS-XLS] 2.4.329)."""
    return biff_record(0x1B6, bytes(10) + struct.pack("<H", characters) + bytes(6))


OLD = {
    "chart": (object_record(0x05), {"embedded": 1}),
    "picture": (object_record(0x08), {"embedded": 1}),
    "line": (object_record(0x01), {}),
    "arrow of a filter": (object_record(0x14), {}),
    "text box": (object_record(0x06) + text_record(12), {"embedded": 1}),
    "box without text": (object_record(0x06) + text_record(0), {}),
    "cells of another workbook": (biff_record(0x5A, bytes(8)), {"embedded": 1}),
    "chart sheet": (biff_record(0x85, struct.pack("<IBB", 0, 0, 2) + struct.pack("<BB", 1, 0) + b"c"), {"embedded": 1}),
    "macro sheet": (biff_record(0x85, struct.pack("<IBB", 0, 2, 1) + struct.pack("<BB", 1, 0) + b"m"), {"macros": True}),
    "footer": (biff_record(0x15, biff_text(NUMBER)), {"numbers": 1}),
    "footer in full width": (biff_record(0x15, biff_text(WIDE_NUMBER)), {"numbers": 1}),
    "list of choices": (biff_record(0x1BE, b"\1" + biff_text(f"{NUMBER}\0x")), {"numbers": 1}),
}


@pytest.mark.parametrize("name", OLD)
def test_what_an_old_workbook_holds_beside_its_cells(tmp_path, name):
    more, found = OLD[name]
    assert facts(xls(tmp_path / "b.xls", CELLS, more=more)) == {**NONE, **found}


@pytest.mark.parametrize(
    ("stream", "found"),
    [("MBD0001A2B3", {"embedded": 1}), ("Ctls", {"embedded": 1}), ("_SX_DB_CUR", {"embedded": 1}), ("MsoDataStore", {"numbers": 1})],
)
def test_folders_and_streams_of_an_old_workbook(tmp_path, stream, found):
    assert facts(xls(tmp_path / "b.xls", CELLS, streams=[(stream, NUMBER.encode())])) == {**NONE, **found}


def test_a_plain_old_workbook_holds_nothing_beside(tmp_path):
    assert facts(xls(tmp_path / "b.xls", CELLS)) == NONE


def replace_part(path, name, change):
    with zipfile.ZipFile(path) as archive:
        parts = {info.filename: archive.read(info) for info in archive.infolist()}
    with zipfile.ZipFile(path, "w") as archive:
        for key, content in parts.items():
            archive.writestr(key, change(content) if key == name else content)
    return path


def test_hidden_sheets_and_columns_of_a_binary_workbook_are_counted(tmp_path):
    hidden = record12(156, struct.pack("<II", 2, 2) + wide("rId2") + wide("Sheet2"))
    shown = record12(156, struct.pack("<II", 0, 1) + wide("rId1") + wide("Sheet1"))
    columns = record12(60, struct.pack("<IIIIH", 3, 5, 2304, 0, 1)) + record12(60, struct.pack("<IIIIH", 7, 7, 2304, 0, 2))
    path = replace_part(xlsb(tmp_path / "b.xlsb", CELLS, more=columns), "xl/workbook.bin", lambda book: book.replace(shown, shown + hidden))
    found = find_facts(str(path), "1")
    assert (found.hidden_sheets, found.hidden_columns) == (1, 3)


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("xl/comments1.bin", b"\0", {"comments": 1}),
        ("xl/media/image1.png", b"\x89PNG", {"embedded": 1}),
        ("xl/pivotCache/pivotCacheRecords1.bin", b"\0", {"embedded": 1}),
        ("xl/macrosheets/intlsheet1.bin", b"\0", {"macros": True}),
        ("docProps/app.xml", f"<p>{NUMBER}</p>".encode(), {"numbers": 1}),
    ],
)
def test_what_a_binary_workbook_holds_beside_its_cells(tmp_path, name, content, found):
    path = xlsb(tmp_path / "b.xlsb", CELLS)
    assert facts(path) == NONE
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, content)
    assert facts(path) == {**NONE, **found}


SPACES = ' xmlns:draw="urn:d" xmlns:xlink="http://www.w3.org/1999/xlink"'
DRAWN = f'office:value-type="string"{SPACES}><draw:frame><draw:text-box><text:p>x</text:p></draw:text-box></draw:frame><text:p>a</text:p>'
LINK = f'office:value-type="string"{SPACES}><text:p><text:a xlink:href="https://example.jp/{NUMBER}">a</text:a></text:p>'
RUBY = f'office:value-type="string"><text:p><text:ruby>a<text:ruby-text>{NUMBER}</text:ruby-text></text:ruby></text:p>'
STYLE = (
    '<style:style style:name="ta2" style:family="table" xmlns:style="urn:s"><style:table-properties table:display="false"/></style:style>'
)


@pytest.mark.parametrize(("cell", "found"), [(DRAWN, {"embedded": 2}), (LINK, {"numbers": 1}), (RUBY, {"numbers": 1}), (text("a"), {})])
def test_what_an_opendocument_holds_in_its_cells_beside_their_text(tmp_path, cell, found):
    assert facts(ods(tmp_path / "b.ods", [("", [text("a")]), ("", [cell])])) == {**NONE, **found}


@pytest.mark.parametrize(
    ("part", "found"),
    [
        (f'<table:named-expressions><table:named-range table:name="n{NUMBER}x"/></table:named-expressions>', {"numbers": 1}),
        (
            f'<table:content-validations><table:content-validation table:condition="of:{NUMBER}"/></table:content-validations>',
            {"numbers": 1},
        ),
        ("<table:tracked-changes><table:cell-content-change/></table:tracked-changes>", {"embedded": 1}),
        ("<table:dde-links><table:dde-link/></table:dde-links>", {"embedded": 1}),
    ],
)
def test_what_an_opendocument_holds_around_its_tables(tmp_path, part, found):
    path = ods(tmp_path / "b.ods", [("", [text("a")]), ("", [text(NUMBER)])])
    replace_part(path, "content.xml", lambda content: content.replace(b"</office:spreadsheet>", part.encode() + b"</office:spreadsheet>"))
    assert facts(path) == {**NONE, **found}


def test_hidden_sheets_of_an_opendocument_are_counted(tmp_path):
    path = ods(tmp_path / "b.ods", [("", [text("a")])], styles=STYLE)
    other = b'<table:table table:name="S2" table:style-name="ta2"></table:table></office:spreadsheet>'
    replace_part(path, "content.xml", lambda content: content.replace(b"</office:spreadsheet>", other))
    assert find_facts(str(path), "1").hidden_sheets == 1


def test_texts_of_binary_records_keep_digits_of_either_width_and_alignment():
    for shift in (b"", b"x"):
        assert count_my_numbers(to_narrow(shift + WIDE_NUMBER.encode("utf-16-le"))) == 1
        assert count_my_numbers(to_narrow(shift + NUMBER.encode("utf-16-le"))) == 1
