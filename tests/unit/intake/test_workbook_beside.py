"""What is no cell of a workbook: comments, embedded parts, and individual numbers in any other text."""

import io
import struct
import zipfile

import pytest
from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation

from intake.formats.beside import PART_BYTES, read_around, read_beside
from intake.formats.biff import _read_records
from intake.formats.workbook_facts import Facts
from intake.identifiers import count_my_numbers
from intake.workbooks import check_workbook
from schemas.errors import FileRejected

# 平成26年総務省令第85号 第5条, worked out by hand: 1·6+2·5+3·4+4·3+5·2+6·7+7·6+8·5+9·4+0·3+1·2 = 212, 212 mod 11 = 3, 11 − 3 = 8
NUMBER = "123456789018"


def save(path, change=lambda book: None):
    book = Workbook()
    book.active.append(["a", "b"])
    book.active.append(["x", 1])
    change(book)
    book.save(path)
    return path


def add_part(path, name, content):
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, content)


def findings(path):
    with pytest.raises(FileRejected) as refused:
        check_workbook(path, "1")
    assert NUMBER not in str(refused.value)
    return {(finding.kind.code, finding.count) for finding in refused.value.findings}


def test_comments_refuse_a_workbook_whatever_they_say(tmp_path):
    def change(book):
        book.active["A1"].comment = Comment("問題なし", "係")
        book.active["B2"].comment = Comment("確認済", "係")

    assert findings(save(tmp_path / "b.xlsx", change)) == {("comments", 2)}


def header(book):
    book.active.oddHeader.center.text = f"個人番号：{NUMBER}"


def footer(book):
    book.active.oddFooter.left.text = "&P/&N 1234-5678-9018"


def description(book):
    book.properties.description = NUMBER


def defined(book):
    book.defined_names["n"] = DefinedName("n", attr_text=f'"{NUMBER}"')


def listed(book):
    book.active.add_data_validation(DataValidation(type="list", formula1=f'"{NUMBER}"', sqref="B2"))


def sheet_name(book):
    book.active.title = NUMBER


@pytest.mark.parametrize("change", [header, footer, description, defined, listed, sheet_name], ids=lambda change: change.__name__)
def test_an_individual_number_beside_the_cells_refuses_it(tmp_path, change):
    assert {code for code, _ in findings(save(tmp_path / "b.xlsx", change))} == {"my-number-beside-cells"}


def test_cells_lengths_and_made_identifiers_are_not_taken_for_one(tmp_path):
    def change(book):
        # cells are judged by column when the rows are read
        book.active["A2"] = NUMBER
        book.properties.description = f"00000000-0001-0000-0000-{NUMBER}"
        book.active.oddHeader.center.text = "&D 令和8年4月1日 123456789012"
        book.active.column_dimensions["A"].width = 1.23456789018

    assert check_workbook(save(tmp_path / "b.xlsx", change), "1") == ()


@pytest.mark.parametrize(
    "name",
    [
        "xl/media/image1.png",
        "xl/embeddings/oleObject1.bin",
        "xl/pivotCache/pivotCacheRecords1.xml",
        "xl/externalLinks/externalLink1.xml",
        "xl/charts/chart1.xml",
        "docProps/thumbnail.emf",
    ],
)
def test_parts_nobody_can_look_through_refuse_it(tmp_path, name):
    path = save(tmp_path / "b.xlsx")
    add_part(path, name, "<x/>")
    assert findings(path) == {("embedded-parts", 1)}


def test_a_text_box_refuses_it_and_a_line_does_not(tmp_path):
    path = save(tmp_path / "b.xlsx")
    add_part(path, "xl/drawings/drawing1.xml", "<xdr:wsDr><a:t> </a:t></xdr:wsDr>")
    assert check_workbook(path, "1") == ()
    add_part(path, "xl/drawings/drawing2.xml", "<xdr:wsDr><a:t>メモ</a:t></xdr:wsDr>")
    assert findings(path) == {("embedded-parts", 1)}


def test_threaded_comments_and_readings_are_found():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("xl/threadedComments/threadedComment1.xml", '<T><threadedComment ref="A1"/><threadedComment ref="A2"/></T>')
        archive.writestr("xl/comments1.bin", b"\x00")
        archive.writestr("xl/sharedStrings.xml", f'<sst><si><t>1</t><rPh sb="0" eb="1"><t>{NUMBER}</t></rPh></si></sst>')
        archive.writestr("xl/persons/person.xml", "<p/>")
    with zipfile.ZipFile(buffer) as archive:
        texts, comments, embedded = read_beside(archive)
    assert (count_my_numbers(texts), comments, embedded) == (1, 3, 0)


def test_notes_and_headers_of_old_workbooks_are_found():
    def record(kind, body):
        return struct.pack("<HH", kind, len(body)) + body

    facts = Facts()
    _read_records(record(0x1C, b"\0" * 12) + record(0x14, b"\x0c\0\1" + NUMBER.encode("utf-16-le")), facts)
    assert (facts.comments, count_my_numbers(facts.beside)) == (1, 1)


@pytest.mark.parametrize("tag", ["sheetData", "x:sheetData"])
def test_rows_of_cells_are_left_out_however_they_are_cut(tag):
    cells = b"<c><v>1</v></c>" * 200_000
    name = tag.encode()
    part = b"<sheet>before<" + name + b">" + cells + b"</" + name + b">after</sheet>"
    assert read_around(io.BytesIO(part)) == b"\0<sheet>before\0after</sheet>"


def test_a_sheet_without_rows_is_kept_whole_and_an_endless_one_refused():
    assert read_around(io.BytesIO(b"<sheet><sheetData/>after")) == b"\0<sheet><sheetData/>after"
    with pytest.raises(MemoryError):
        read_around(io.BytesIO(b"x" * (PART_BYTES + (2 << 20))))
