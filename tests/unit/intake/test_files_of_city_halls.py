"""Small nasty things of real files: marks at the end, filled-up blocks, text marks, day numbers, exponents, merged cells, a wrong mark."""

import datetime

import openpyxl
import pyarrow as pa
import pytest

from intake.convert import convert_file
from intake.defects import DAY_NUMBER, EXPONENT, NOT_A_DATE, SOUND, WRONG_PATTERN
from intake.values.codes import convert_digits
from intake.values.dates import DatePolicy, convert_any_date
from sample_data.bad_files import ROW, _table
from schemas.errors import FileRejected
from tests.unit.intake.test_workbook_reading import biff_record, ods, record12, text, xls, xlsb

TABLE = _table(rows=3)
CELLS = [line.split(",") for line in TABLE.rstrip("\r\n").split("\r\n")]


def convert(tmp_path, content, name="file.csv"):
    path = tmp_path / name
    path.write_bytes(content)
    return convert_file(path, table="kokuho_benefit")


@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
@pytest.mark.parametrize("end", [b"\x1a", b"\r\n\x1a", b"\r\n" + bytes(512), b"\r\n\x1a" + bytes(300), b""])
def test_marks_and_zeros_at_the_end_of_a_file_are_nothing(tmp_path, encoding, end):
    report = convert(tmp_path, TABLE.rstrip("\r\n").encode(encoding) + end)
    assert (report.rows_in, report.rows_out, report.rows_quarantined) == (3, 3, 0)


def test_the_mark_inside_a_file_is_a_defect_of_its_row(tmp_path):
    lines = TABLE.rstrip("\r\n").split("\r\n")
    report = convert(tmp_path, "\r\n".join([lines[0], lines[1] + "\x1a", *lines[2:]]).encode())
    assert (report.rows_in, report.rows_quarantined, report.quarantined_rows) == (3, 1, (2,))


def test_a_mark_of_utf_8_before_another_encoding_is_called_so(tmp_path):
    with pytest.raises(FileRejected) as caught:
        convert(tmp_path, b"\xef\xbb\xbf" + TABLE.encode("cp932"))
    (finding,) = caught.value.findings
    assert (finding.kind.code, finding.params) == ("mark-before-other-encoding", {"found": "cp932"})


@pytest.mark.parametrize(
    ("written", "value", "repair"),
    [
        ('="0012"', "0012", "text_mark"),
        ("'0012", "0012", "text_mark"),
        ("\u200b0012", "0012", "width_fold"),
        ("00\u200b12\ufeff", "0012", "width_fold"),
        ("'００１２", "0012", "width_fold"),
        ("0012", "0012", ""),
    ],
)
def test_marks_that_keep_zeros_are_removed_and_counted(written, value, repair):
    found = convert_digits(pa.array([written]))
    assert found.values.to_pylist() == [value]
    assert found.defects.tolist() == [SOUND]
    assert [name for name, mask in found.repairs.items() if mask[0]] == ([repair] if repair else [])


@pytest.mark.parametrize(
    ("written", "defect"),
    [("1.23E+11", EXPONENT), ("1E+10", EXPONENT), ("１．２３Ｅ＋１１", EXPONENT), ('="甲"', WRONG_PATTERN), ("1E10", SOUND)],
)
def test_digits_lost_to_the_exponent_form_are_called_so(written, defect):
    assert convert_digits(pa.array([written])).defects.tolist() == [defect]


@pytest.mark.parametrize(
    ("written", "defect"),
    [("18354", DAY_NUMBER), ("45383.5", DAY_NUMBER), ("9999", SOUND), ("60000", NOT_A_DATE), ("20240401", SOUND), ("2024-04-01", SOUND)],
)
def test_the_number_of_a_day_is_called_so_and_never_guessed(written, defect):
    found = convert_any_date(pa.array([written]), DatePolicy(), month=False)
    assert found.defects.tolist() == [defect]


def save(tmp_path, change, rows=CELLS):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    change(book.active)
    path = tmp_path / "b.xlsx"
    book.save(path)
    return path


def refused_rows(path):
    with pytest.raises(FileRejected) as caught:
        convert_file(path, table="kokuho_benefit", layout="plain")
    return [(finding.kind.code, finding.rows) for finding in caught.value.findings]


@pytest.mark.parametrize(("cells", "row"), [("G2:G3", 3), ("G4:H4", 4), ("A1:A2", 2)])
def test_merged_cells_among_the_rows_refuse_the_file(tmp_path, cells, row):
    assert refused_rows(save(tmp_path, lambda page: page.merge_cells(cells))) == [("merged-cells", (row,))]


def test_merged_cells_beside_the_rows_do_not(tmp_path):
    report = convert_file(save(tmp_path, lambda page: page.merge_cells("P1:Q1")), table="kokuho_benefit", layout="plain")
    assert report.rows_out == 3


OLD = [(row, column, cell) for row, line in enumerate(CELLS) for column, cell in enumerate(line) if cell]


def test_merged_cells_of_an_old_workbook_are_found(tmp_path):
    import struct

    merged = biff_record(0xE5, struct.pack("<HHHHHHHHH", 2, 0, 0, 15, 16, 1, 2, 5, 5))
    assert refused_rows(xls(tmp_path / "b.xls", OLD, more=merged)) == [("merged-cells", (3,))]


def test_merged_cells_of_a_binary_workbook_are_found(tmp_path):
    import struct

    merged = record12(176, struct.pack("<IIII", 1, 3, 5, 5))
    assert refused_rows(xlsb(tmp_path / "b.xlsb", OLD, more=merged)) == [("merged-cells", (4,))]


def test_merged_cells_of_an_opendocument_are_found(tmp_path):
    spanned = 'table:number-rows-spanned="2" office:value-type="string"><text:p>1</text:p>'
    rows = [("", [text(cell) for cell in line]) for line in CELLS]
    rows[1][1][3] = spanned
    assert refused_rows(ods(tmp_path / "b.ods", rows)) == [("merged-cells", ())]


def test_days_are_the_same_in_the_calendar_that_begins_in_1904(tmp_path):
    import pyarrow.parquet as pq

    born = list(ROW).index("生年月日") + 1
    book = openpyxl.Workbook()
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    for row in CELLS:
        book.active.append(row)
    for row in range(2, 5):
        book.active.cell(row, born).value = datetime.date(1950, 4, 1)
    book.save(tmp_path / "b.xlsx")
    outputs = {"output": tmp_path / "o.parquet", "report": tmp_path / "r.json"}
    convert_file(tmp_path / "b.xlsx", table="kokuho_benefit", layout="plain", **outputs)
    assert set(pq.read_table(outputs["output"])["birth_date"].to_pylist()) == {datetime.date(1950, 4, 1)}
