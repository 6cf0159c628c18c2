"""Workbooks of four formats: formats of numbers, headings, hidden things, formulas, errors and macros; each file written here by hand."""

import datetime
import io
import struct
import zipfile

import pytest
from openpyxl import Workbook
from openpyxl.styles import Font

from intake.convert import convert_file
from intake.formats.number_formats import Zeros, judge_format, write_number
from intake.formats.sandbox import Limits, find_facts, read_rows
from intake.formats.workbook import join_headings
from intake.workbooks import check_workbook
from schemas.errors import FileRejected

FORMATS = [
    ("General", Zeros.NONE, None),
    ("0", Zeros.NONE, None),
    ("0.00", Zeros.NONE, None),
    ("#,##0", Zeros.NONE, None),
    ("@", Zeros.NONE, None),
    ("yyyy/mm/dd", Zeros.NONE, None),
    ('[$-411]ggge"年"m"月"d"日"', Zeros.NONE, None),
    ("0.00E+00", Zeros.NONE, None),
    ("00000000", Zeros.KEPT, "00012345"),
    ("00000000_ ;[Red]-00000000", Zeros.KEPT, "00012345"),
    (r"000\-0000", Zeros.KEPT, "001-2345"),
    ('000"-"0000', Zeros.KEPT, "001-2345"),
    (r"[<=999]000;[<=9999]000\-00;000\-0000", Zeros.KEPT, "001-2345"),
    ("000", Zeros.KEPT, "12345"),
    ('"K"00000000', Zeros.UNCLEAR, None),
    ("#,##00", Zeros.UNCLEAR, None),
    ("0000.00", Zeros.UNCLEAR, None),
    (r"[<=99999999]####\-####;\(00\)\ ####\-####", Zeros.NONE, None),
]


@pytest.mark.parametrize(("code", "zeros", "shown"), FORMATS)
def test_what_a_number_format_does_with_zeros(code, zeros, shown):
    assert judge_format(code) is zeros
    if shown:
        assert write_number(12345, code) == shown


@pytest.mark.parametrize(("number", "shown"), [(12, "012"), (1234, "012-34"), (12345, "001-2345")])
def test_the_format_of_postal_codes_goes_by_the_number(number, shown):
    assert write_number(number, r"[<=999]000;[<=9999]000\-00;000\-0000") == shown


def test_negative_numbers_stay_as_they_are():
    assert write_number(-5, "00000000") == "-5"


def rows_of(path, sheet="1", lines=(0, 1)):
    text = b"".join(read_rows(path, kind="excel", sheet=sheet, lines=lines)).decode("utf-8")
    return [line.split(",") for line in text.splitlines()]


def save(path, rows, change=lambda page: None):
    book = Workbook()
    for row in rows:
        book.active.append(row)
    change(book.active)
    book.save(path)
    return path


def test_codes_get_the_zeros_of_their_format_back_and_dates_in_era_format_are_days(tmp_path):
    def change(page):
        page["A2"].number_format = "00000000"
        page["B2"].number_format = r"000\-0000"
        page["C2"].number_format = "[$-411]ge.m.d;@"
        page["D2"].number_format = "General"

    path = save(tmp_path / "b.xlsx", [["a", "b", "c", "d"], [12, 12345, datetime.date(1950, 4, 1), 7]], change)
    assert rows_of(path) == [["1", "a", "b", "c", "d"], ["2", "00000012", "001-2345", "1950-04-01", "7"]]


def test_cells_of_text_with_such_a_format_and_empty_ones_change_nothing(tmp_path):
    def change(page):
        for place in ("A1", "A2", "A3", "B3"):
            page[place].number_format = "00000000"

    path = save(tmp_path / "b.xlsx", [["a", "b"], ["X1", 2], [None, "y"]], change)
    assert find_facts(path, "1")["kept"] is False
    assert rows_of(path)[1:] == [["2", "X1", "2"], ["3", "", "y"]]


def refusal(path, sheet="1"):
    with pytest.raises(FileRejected) as refused:
        check_workbook(path, sheet)
    return {(finding.kind.code, finding.column, finding.rows) for finding in refused.value.findings}


def test_a_format_whose_zeros_cannot_be_rebuilt_refuses_the_file_by_column(tmp_path):
    def change(page):
        page["B2"].number_format = '"K"0000'

    path = save(tmp_path / "b.xlsx", [["a", "b"], ["x", 12]], change)
    assert refusal(path) == {("unclear-zeros", "B", ())}


def test_formulas_refuse_a_workbook_by_row_and_macros_by_themselves(tmp_path):
    path = save(tmp_path / "b.xlsx", [["a", "b"], ["x", "=1+1"], ["y", 2], ["z", '=HYPERLINK("x")']])
    assert refusal(path) == {("formula-cells", None, (2, 4))}
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"x")
    assert ("macros", None, ()) in refusal(path)


def test_cells_in_error_put_their_row_aside(tmp_path):
    def change(page):
        for place in ("B3", "C4"):
            page[place].value, page[place].data_type = "#N/A", "e"

    people = [["00000001", "見本", "昭和20年4月1日", "1"], ["00000002", "", "昭和20年4月1日", "1"], ["00000003", "見本", "", "1"]]
    titles = [["申込者管理番号", "氏名", "生年月日", "性別"]]
    account = convert_file(save(tmp_path / "b.xlsx", [*titles, *people], change), table="nursing_home_waitlist", layout="plain")
    assert (account.rows_in, account.rows_out) == (3, 1)
    assert {(f.kind.code, f.column, f.rows) for f in account.findings if f.kind.severity.value == "row"} == {
        ("error-cell", "氏名", (3,)),
        ("error-cell", "生年月日", (4,)),
    }


def test_hidden_rows_and_columns_are_read_and_told(tmp_path):
    def change(page):
        page.row_dimensions[3].hidden = True
        page.column_dimensions.group("C", "D", hidden=True)

    path = save(tmp_path / "b.xlsx", [["a", "b", "c", "d"], [1, 2, 3, 4], [5, 6, 7, 8]], change)
    assert {(note.kind.code, note.count) for note in check_workbook(path, "1")} == {("hidden-rows", 1), ("hidden-columns", 2)}
    assert len(rows_of(path)) == 3


def test_styles_alone_say_nothing(tmp_path):
    def change(page):
        page["A1"].font = Font(bold=True)

    assert check_workbook(save(tmp_path / "b.xlsx", [["a"], [1]], change), "1") == ()


def test_titles_above_and_headings_of_two_lines_become_one_line(tmp_path):
    def change(page):
        page.merge_cells("A3:A4")
        page.merge_cells("B3:C3")

    rows = [["入所希望者名簿"], [], ["番号", "認定期間", None], [None, "開始", "終了"], ["1", "x", "y"], [], ["2", "z", "w"]]
    path = save(tmp_path / "b.xlsx", rows, change)
    assert rows_of(path, lines=(2, 2)) == [["4", "番号", "認定期間開始", "認定期間終了"], ["5", "1", "x", "y"], ["7", "2", "z", "w"]]


def test_headings_join_by_hand():
    rows = [["2", "a", "", "c"], ["3", "d", "e", ""], ["4", "1", "2", "3"]]
    # b is merged to the right: its text counts for both columns
    merged = [((1, 0), (1, 1)), ((1, 2), (2, 2))]
    assert list(join_headings(rows, 1, 2, merged)) == [["3", "ad", "ae", "c"], ["4", "1", "2", "3"]]
    assert list(join_headings(rows, 1, 1, merged)) == rows
    assert list(join_headings(rows[:1], 1, 2, [])) == [["2", "a", "", "c"]]


# an OpenDocument spreadsheet, by hand
_ODS = """<?xml version="1.0"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
 xmlns:number="urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0" office:version="1.2"><office:automatic-styles>{styles}
</office:automatic-styles><office:body><office:spreadsheet><table:table table:name="Sheet1">{rows}</table:table></office:spreadsheet>
</office:body></office:document-content>"""


def ods(path, rows, styles="", manifest=""):
    cells = "".join(
        f"<table:table-row {attributes}>" + "".join(f"<table:table-cell {cell}</table:table-cell>" for cell in row) + "</table:table-row>"
        for attributes, row in rows
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", _ODS.format(styles=styles, rows=cells))
        archive.writestr("META-INF/manifest.xml", manifest or "<manifest/>")
    return path


def text(value):
    return f'office:value-type="string"><text:p>{value}</text:p>'


def test_an_opendocument_sheet_is_read(tmp_path):
    day = 'office:value-type="date" office:date-value="1950-04-01"><text:p>S25.4.1</text:p>'
    path = ods(tmp_path / "b.ods", [("", [text("番号"), text("日")]), ("", [text("0012"), day])])
    assert rows_of(path) == [["1", "番号", "日"], ["2", "0012", "1950-04-01"]]
    assert check_workbook(path, "1") == ()


def test_formulas_zeros_hidden_rows_and_locks_of_opendocument_are_found(tmp_path):
    number = 'office:value-type="float" office:value="12"{}><text:p>00000012</text:p>'
    formula = ods(tmp_path / "f.ods", [("", [text("a")]), ("", [number.format(' table:formula="of:=6+6"')])])
    assert {code for code, _, _ in refusal(formula)} == {"formula-cells"}
    style = '<number:number-style style:name="N1"><number:number number:min-integer-digits="8"/></number:number-style>'
    zeros = ods(tmp_path / "z.ods", [("", [text("a")]), ("", [number.format("")])], styles=style)
    assert {code for code, _, _ in refusal(zeros)} == {"unclear-zeros"}
    hidden = ods(tmp_path / "h.ods", [("", [text("a")]), ('table:visibility="filter"', [text("b")])])
    assert [(note.kind.code, note.count) for note in check_workbook(hidden, "1")] == [("hidden-rows", 1)]
    locked = ods(tmp_path / "l.ods", [], manifest="<manifest:encryption-data/>")
    with pytest.raises(FileRejected, match="locked in a way"):
        check_workbook(locked, "1")


def biff_record(kind, body):
    return struct.pack("<HH", kind, len(body)) + body


def biff_text(value):
    return struct.pack("<HB", len(value), 1) + value.encode("utf-16-le")


def xls(path, cells, *, code="General", more=b"", hidden_row=False, streams=()):
    """Write a BIFF8 workbook of one sheet in a compound document, from [MS-XLS] and [MS-CFB].

    `cells` is a list of (row, column, value): a text becomes LABEL, a number NUMBER; None is left out.
    """
    head = struct.pack("<HHHHII", 0x0600, 0x0005, 0x0DBB, 0x07CC, 0, 6)
    sheet = biff_record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0x0DBB, 0x07CC, 0, 6))
    sheet += biff_record(0x0208, struct.pack("<HHHHHHI", 1, 0, 3, 255, 0, 0, 0x20 if hidden_row else 0))
    for row, column, value in cells:
        if isinstance(value, str):
            sheet += biff_record(0x0204, struct.pack("<HHH", row, column, 0) + biff_text(value))
        else:
            sheet += biff_record(0x0203, struct.pack("<HHHd", row, column, 1, value))
    sheet += more + biff_record(0x000A, b"")
    styles = biff_record(0x041E, struct.pack("<H", 164) + biff_text(code))
    styles += b"".join(biff_record(0x00E0, struct.pack("<HH", 0, number) + bytes(16)) for number in (0, 164))
    bound = struct.pack("<IBB", 0, 0, 0) + struct.pack("<BB", 6, 0) + b"Sheet1"
    before = biff_record(0x0809, head) + biff_record(0x0042, struct.pack("<H", 1200)) + styles
    offset = len(before) + 4 + len(bound) + 4
    stream = before + biff_record(0x0085, struct.pack("<I", offset) + bound[4:]) + biff_record(0x000A, b"") + sheet
    path.write_bytes(compound([("Workbook", stream), *streams]))
    return path


def compound(streams):
    """Return a compound document of streams, each padded to the size below which they would lie elsewhere."""
    free, last, fat_mark = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
    bodies = [(name, body.ljust(4096, b"\0").ljust(-(-max(len(body), 4096) // 512) * 512, b"\0")) for name, body in streams]
    table, place, starts = [fat_mark, last], 2, []
    for _, body in bodies:
        sectors = len(body) // 512
        starts.append(place)
        table += [*range(place + 1, place + sectors), last]
        place += sectors
    table += [free] * (128 - len(table))

    def entry(name, kind, start, size, right, child):
        coded = name.encode("utf-16-le") + b"\0\0"
        fixed = struct.pack("<HBBIII", len(coded) if name else 0, kind, 1, free, right, child)
        return coded.ljust(64, b"\0") + fixed + bytes(36) + struct.pack("<III", start, size, 0)

    entries = [entry("Root Entry", 5, last, 0, free, 1)]
    for number, ((name, body), start) in enumerate(zip(bodies, starts, strict=True), start=1):
        entries.append(entry(name, 2, start, len(body), number + 1 if number < len(bodies) else free, free))
    entries += [entry("", 0, 0, 0, free, free)] * (4 - len(entries))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, last, 0, last, 0) + struct.pack("<I", 0) + struct.pack("<I", free) * 108
    return header + struct.pack("<128I", *table) + b"".join(entries) + b"".join(body for _, body in bodies)


def test_an_old_workbook_is_read(tmp_path):
    path = xls(tmp_path / "b.xls", [(0, 0, "番号"), (0, 1, "点"), (1, 0, "0012"), (1, 1, 7.0)])
    assert rows_of(path) == [["1", "番号", "点"], ["2", "0012", "7"]]
    assert check_workbook(path, "1") == ()


def test_zeros_formulas_errors_and_hidden_rows_of_an_old_workbook_are_found(tmp_path):
    cells = [(0, 0, "番号"), (1, 0, 12.0)]
    assert refusal(xls(tmp_path / "z.xls", cells, code="00000000")) == {("unclear-zeros", "A", ())}
    formula = biff_record(0x0006, struct.pack("<HHHd", 2, 0, 0, 2.0) + bytes(10))
    assert refusal(xls(tmp_path / "f.xls", cells, more=formula)) == {("formula-cells", None, (3,))}
    error = biff_record(0x0205, struct.pack("<HHHBB", 2, 0, 0, 0x2A, 1))
    assert refusal(xls(tmp_path / "e.xls", cells, more=error)) == {("error-cells", None, (3,))}
    hidden = check_workbook(xls(tmp_path / "h.xls", cells, hidden_row=True), "1")
    assert [(note.kind.code, note.count) for note in hidden] == [("hidden-rows", 1)]
    assert ("macros", None, ()) in refusal(xls(tmp_path / "m.xls", cells, streams=[("_VBA_PROJECT_CUR", b"x")]))


def seven(number):
    out = b""
    while True:
        number, low = number >> 7, number & 0x7F
        out += bytes([low | (0x80 if number else 0)])
        if not number:
            return out


def record12(kind, body=b""):
    return seven(kind) + seven(len(body)) + body


def wide(value):
    return struct.pack("<I", len(value)) + value.encode("utf-16-le")


def xlsb(path, cells, code="General", more=b""):
    """Write a BIFF12 workbook of one sheet, from [MS-XLSB]; `cells` as for `xls`."""
    rows = b""
    for row in sorted({row for row, _, _ in cells}):
        rows += record12(0, struct.pack("<IIHBBB", row, 0, 300, 0, 0, 0) + struct.pack("<I", 0))
        for _, column, value in [cell for cell in cells if cell[0] == row]:
            place = struct.pack("<II", column, 0 if isinstance(value, str) else 1)
            rows += record12(6, place + wide(value)) if isinstance(value, str) else record12(5, place + struct.pack("<d", value))
    sheet = record12(129) + record12(148, struct.pack("<IIII", 0, 9, 0, 9)) + record12(145) + rows + more + record12(146) + record12(130)
    book = record12(131) + record12(143) + record12(156, struct.pack("<II", 0, 1) + wide("rId1") + wide("Sheet1")) + record12(144)
    xf = b"".join(record12(47, struct.pack("<HHHHHBBHBB", 0, number, 0, 0, 0, 0, 0, 0, 0, 0)) for number in (0, 164))
    styles = record12(278) + record12(615, struct.pack("<I", 1)) + record12(44, struct.pack("<H", 164) + wide(code)) + record12(616)
    styles += record12(617, struct.pack("<I", 2)) + xf + record12(618) + record12(279)
    space = "http://schemas.openxmlformats.org/package/2006/relationships"
    links = f'<Relationships xmlns="{space}"><Relationship Id="rId1" Type="{{}}" Target="{{}}"/>'
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("_rels/.rels", links.format(office + "officeDocument", "xl/workbook.bin") + "</Relationships>")
        archive.writestr("xl/workbook.bin", book + record12(132))
        archive.writestr("xl/_rels/workbook.bin.rels", links.format(office + "worksheet", "worksheets/sheet1.bin") + "</Relationships>")
        archive.writestr("xl/worksheets/sheet1.bin", sheet)
        archive.writestr("xl/styles.bin", styles)
    return path


def test_a_binary_workbook_is_read(tmp_path):
    path = xlsb(tmp_path / "b.xlsb", [(0, 0, "番号"), (0, 1, "点"), (1, 0, "0012"), (1, 1, 7.0)])
    assert rows_of(path) == [["1", "番号", "点"], ["2", "0012", "7"]]
    assert check_workbook(path, "1") == ()


def test_zeros_formulas_and_errors_of_a_binary_workbook_are_found(tmp_path):
    cells = [(0, 0, "番号"), (1, 0, 12.0)]
    assert refusal(xlsb(tmp_path / "z.xlsb", cells, code="00000000")) == {("unclear-zeros", "A", ())}
    formula = record12(9, struct.pack("<IId", 1, 0, 2.0) + struct.pack("<HI", 0, 0) + bytes(4))
    assert refusal(xlsb(tmp_path / "f.xlsb", cells, more=formula)) == {("formula-cells", None, (2,))}
    error = record12(3, struct.pack("<IIB", 1, 0, 0x2A))
    assert refusal(xlsb(tmp_path / "e.xlsb", cells, more=error)) == {("error-cells", None, (2,))}


def test_facts_are_found_within_limits_or_not_at_all(tmp_path):
    with zipfile.ZipFile(tmp_path / "b.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", b"<workbook>" + b" " * (70 << 20) + b"</workbook>")
    with pytest.raises(FileRejected):
        find_facts(tmp_path / "b.xlsx", "1", Limits(memory_bytes=200 << 20, cpu_seconds=20, wall_seconds=20))
    (tmp_path / "c.xlsx").write_bytes(io.BytesIO(b"PK\x03\x04 none").getvalue())
    with pytest.raises(FileRejected, match="cannot be read"):
        find_facts(tmp_path / "c.xlsx", "1")
