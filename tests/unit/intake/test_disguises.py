"""What a file really is, whatever its name says."""

import zipfile

import pytest

from intake.convert import convert_file
from intake.formats.disguises import check_disguise, find_disguise
from sample_data import bad_parts
from sample_data.bad_files import ROW, _table
from schemas.errors import FileRejected
from tests.unit.intake.test_workbook_reading import compound

CELLS = [line.split(",") for line in _table().rstrip("\r\n").split("\r\n")]
BOOK = bad_parts.make_workbook(CELLS)
HTML = "<html><body><table><tr><td>宛名番号</td></tr></table></body></html>"
NOT_TABLES = {
    "a PDF document": b"%PDF-1.7\n%\xe2\xe3",
    "a picture": b"\x89PNG\r\n\x1a\n",
    "a database of Microsoft Access": b"\0\x01\0\0Standard ACE DB\0",
    "a database of SQLite": b"SQLite format 3\0",
    "an archive of a kind that is not unpacked here": b"\x20\x00-lh5-" + bytes(20),
    "a shortcut to a file, not the file": b"L\0\0\0\x01\x14\x02\0" + bytes(20),
    "a program": b"MZ\x90\0" + bytes(60),
    "a sealed envelope": b"age-encryption.org/v1\n",
    "a workbook of Excel 4 or older": b"\x09\x04\x06\0" + bytes(20),
    "a web page (HTML) under the name of a table": HTML.encode("cp932"),
    "a table in XML (XML Spreadsheet 2003)": b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook/>',
    "a document in XML": b'<?xml version="1.0"?><a/>',
    "a saved web page or mail (MIME)": b"MIME-Version: 1.0\r\nContent-Type: multipart/related",
    "a presentation": bad_parts.make_zip({"[Content_Types].xml": b"<a/>", "ppt/presentation.xml": b"<a/>"}),
    "a table of Numbers (Apple)": bad_parts.make_zip({"Index/Document.iwa": b"a"}),
    "a sealed bundle": bad_parts.make_zip({"manifest.json": b"{}", "payload.age": b"a"}),
    "a document of a word processor": compound([("WordDocument", b"x")]),
    "a mail of Outlook": compound([("__properties_version1.0", b"x")]),
}


@pytest.mark.parametrize("name", NOT_TABLES)
@pytest.mark.parametrize("suffix", [".csv", ".xls"])
def test_what_is_no_table_is_called_what_it_is(tmp_path, name, suffix):
    path = tmp_path / f"file{suffix}"
    path.write_bytes(NOT_TABLES[name])
    with pytest.raises(FileRejected) as caught:
        convert_file(path, table="kokuho_benefit")
    assert f"is {name}, not a table" in str(caught.value)
    assert caught.value.hint
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_in_an_archive_is_called_what_it_is(tmp_path):
    path = tmp_path / "file.zip"
    path.write_bytes(bad_parts.make_zip({"表.xls": HTML.encode("utf-16")}))
    with pytest.raises(FileRejected, match="a web page"):
        convert_file(path, table="kokuho_benefit")


@pytest.mark.parametrize(
    "content",
    [
        _table().encode("cp932"),
        _table().encode("utf-8-sig"),
        _table().encode("utf-16"),
        BOOK,
        bad_parts.make_zip({"a.csv": b"a,b"}),
        bad_parts.make_zip({"word/a.csv": b"a,b"}),
        compound([("Workbook", b"x"), ("WordDocument", b"x")]),
        b"PAR1" + bytes(20),
        b"<1>,<2>\r\n",
    ],
)
def test_tables_and_their_archives_are_no_disguise(tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    assert find_disguise(path) is None
    check_disguise(path)


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.xls", BOOK, "a workbook (.xlsx or its like)"),
        ("a.csv", BOOK, "a workbook (.xlsx or its like)"),
        ("a.xlsx", _table().encode("utf-8"), "text"),
        ("a.xls", _table().encode("utf-8"), "text"),
        ("a.xlsx", None, None),
        ("a.dat", _table().encode("utf-8"), None),
        ("a.xlsm", BOOK, None),
    ],
)
def test_a_table_under_another_ending_is_read_and_told(tmp_path, name, content, kind):
    path = tmp_path / name
    path.write_bytes(BOOK if content is None else content)
    report = convert_file(path, table="kokuho_benefit")
    assert (report.rows_in, report.rows_out) == (2, 2)
    assert [finding.params["kind"] for finding in report.findings if finding.kind.code == "other-suffix"] == ([kind] if kind else [])


def test_a_workbook_with_zeros_in_its_formats_is_read_under_another_ending(tmp_path):
    def change(book):
        for row in book.active.iter_rows(min_row=2):
            row[0].number_format = "0000000000"

    cells = [list(ROW), [int(CELLS[1][0]), *CELLS[1][1:]]]
    path = tmp_path / "a.xls"
    path.write_bytes(bad_parts.make_workbook(cells, change))
    report = convert_file(path, table="kokuho_benefit")
    assert (report.rows_in, report.rows_out) == (1, 1)


def test_a_damaged_zip_is_left_to_its_reader(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", "a,b")
    path.write_bytes(path.read_bytes()[:-10])
    assert find_disguise(path) is None
