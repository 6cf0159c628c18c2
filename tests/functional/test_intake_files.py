"""Check and convert as a person runs them, on sound files and on files made to harm."""

import csv
import dataclasses
import datetime
import io
import json
import subprocess
import sys
import zipfile

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from casework.console import run
from intake.formats import sandbox
from schemas.check_digits import append
from schemas.tables import load_table

TABLE = load_table("kokuho_benefit")
ROW = {
    "person_key": "K0000001",
    "insurer_number": "138016",
    "insured_number": "7",
    "name": "見本太郎",
    "birth_date": "1950-01-31",
    "sex": "1",
    "municipality_code": "131041",
    "treated_month": "2024-04",
    "care_kind": "1",
    "cost_yen": "1,000",
}
LIMITS = sandbox.Limits()
SECRETS = ("見本太郎", "K0000001", "1950")


def plain(tmp_path, rows=(ROW,), *, name="plain.csv", encoding="utf-8", extra=()):
    path = tmp_path / name
    columns = [column.name for column in TABLE.columns if any(column.name in row for row in rows)] + list(extra)
    with path.open("w", encoding=encoding, newline="") as target:
        writer = csv.DictWriter(target, columns)
        writer.writeheader()
        writer.writerows(rows)
    return path


def convert(path, tmp_path, *more, table="kokuho_benefit"):
    out, report = tmp_path / "out.parquet", tmp_path / "report.json"
    code = run(["intake", "convert", str(path), "--table", table, "--output", str(out), "--report", str(report), *more])
    return code, out, report


def assert_refused(path, tmp_path, capsys, *texts, table="kokuho_benefit", more=()):
    before = sorted(tmp_path.iterdir())
    code, *_ = convert(path, tmp_path, *more, table=table)
    printed = capsys.readouterr()
    assert code == 12
    assert "error:" in printed.err
    assert "hint:" in printed.err
    assert all(text in printed.err for text in texts), printed.err
    assert not any(secret in printed.err + printed.out for secret in SECRETS)
    assert sorted(tmp_path.iterdir()) == before
    assert run(["intake", "check", str(path), "--table", table, *more]) == 12


def test_a_plain_file_becomes_the_common_schema(tmp_path, capsys):
    code, out, report = convert(plain(tmp_path, [ROW, {**ROW, "name": "髙﨑", "cost_yen": "△5"}]), tmp_path)
    assert code == 0
    table = pq.read_table(out)
    assert table.schema.equals(TABLE.arrow_schema().append(pa.field("source_row", pa.int64())))
    (row,) = table.to_pylist()
    assert row["birth_date"] == datetime.date(1950, 1, 31)
    assert row["treated_month"] == datetime.date(2024, 4, 1)
    assert (row["cost_yen"], row["source_row"]) == (1000, 2)
    account = json.loads(report.read_text())
    assert (account["rows_in"], account["rows_out"], account["rows_quarantined"], account["quarantined_rows"]) == (2, 1, 1, [3])
    assert account["repairs"] == {"separator_drop": {"cost_yen": 1}}
    assert [(f["code"], f["column"], f["rows"]) for f in account["findings"] if f["severity"] == "row"] == [("out-of-range", "費用額", [3])]
    assert not any(secret in report.read_text() for secret in SECRETS)
    assert out.stat().st_mode & 0o077 == 0
    capsys.readouterr()


def test_the_quarantine_is_written_only_where_asked(tmp_path):
    path = plain(tmp_path, [ROW, {**ROW, "sex": "7", "birth_date": "?"}])
    assert convert(path, tmp_path)[0] == 0
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["out.parquet", "plain.csv", "report.json"]
    aside = tmp_path / "aside.parquet"
    assert convert(path, tmp_path, "--quarantine", str(aside))[0] == 0
    (row,) = pq.read_table(aside).to_pylist()
    assert (row["source_row"], sorted(row["findings"])) == (3, ["not-a-date:birth_date", "unknown-code:sex"])
    assert row["raw"].decode(row["encoding"]) == path.read_text().splitlines()[2]
    assert aside.stat().st_mode & 0o077 == 0


def test_check_lists_causes_columns_and_rows_in_japanese_and_writes_nothing(tmp_path, capsys):
    path = plain(tmp_path, [ROW, {**ROW, "sex": "7"}, ROW, {**ROW, "sex": "8"}])
    assert run(["--lang", "ja", "intake", "check", str(path), "--table", "kokuho_benefit"]) == 0
    text = capsys.readouterr().out
    assert "[性別]" in text
    assert "3, 5" in text
    assert "コード" in text
    assert list(tmp_path.iterdir()) == [path]


def test_the_list_of_defects_names_rows_and_columns_and_no_contents(tmp_path):
    path, defects = plain(tmp_path, [ROW, {**ROW, "birth_date": "1950-02-30", "name": "=cmd"}]), tmp_path / "defects.csv"
    assert run(["intake", "check", str(path), "--table", "kokuho_benefit", "--defects", str(defects)]) == 0
    rows = list(csv.reader(io.StringIO(defects.read_text(encoding="utf-8-sig"))))
    assert [(row[0], row[1], row[3]) for row in rows[1:]] == [("3", "生年月日", "no-such-day")]
    assert not any(secret in defects.read_text(encoding="utf-8-sig") for secret in (*SECRETS, "=cmd"))


def test_check_by_a_fresh_process_with_json(tmp_path):
    path = plain(tmp_path)
    code = "from casework.console import main; main()"
    arguments = [sys.executable, "-c", code, "intake", "check", str(path), "--table", "kokuho_benefit", "--json"]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["rows_out"] == 1
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"\xef\xbb\xbf\r\n", "is empty"),
        (b"a,b\n1,2\n", "no layout"),
        (b"\x00" * 2000, "is empty"),
        (b"PK\x03\x04not a workbook", "cannot be read"),
        (b"PAR1 not parquet PAR1", "cannot be read"),
        (b"\xd0\xcf\x11\xe0" + b"\x00" * 600, "cannot be read"),
    ],
)
def test_files_that_are_none(tmp_path, capsys, content, text):
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    assert_refused(path, tmp_path, capsys, text)


def test_folders_and_missing_files(tmp_path, capsys):
    (tmp_path / "folder").mkdir()
    assert_refused(tmp_path / "folder", tmp_path, capsys, "is a folder")
    assert_refused(tmp_path / "missing.csv", tmp_path, capsys, "there is no file")


def headings():
    return ",".join(ROW).encode() + b"\n"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (headings(), "the file has no rows"),
        (headings() + b"\n\n\n", "the file has no rows"),
        (headings() + b"x\ny,z\n", "none of the 2 rows"),
        (headings() + b'"' + b"a,b\n" * 50, "does not close"),
        (headings().replace(b"sex", b"name"), "more than once"),
        (headings().replace(b"person_key,", b""), "does not have this column"),
        (headings() + "見本太郎,".encode("cp932") + b"\x81 \n", "text in none of"),
        (headings() + b"a" * (13 << 20), "longer than"),
    ],
)
def test_files_that_cannot_be_cut_into_rows(tmp_path, capsys, content, text):
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    assert_refused(path, tmp_path, capsys, text, more=("--layout", "plain"))


@pytest.mark.parametrize("missing", ["name", "insured_number", "sex", "cost_yen"])
def test_a_municipality_may_leave_out_what_it_was_not_asked_for(tmp_path, missing):
    row = {name: value for name, value in ROW.items() if name != missing}
    code, out, _ = convert(plain(tmp_path, (row,)), tmp_path)
    assert code == 0
    assert pq.read_table(out).column(missing).null_count == 1


@pytest.mark.parametrize(("blank", "rows"), [("name", 1), ("insured_number", 1), ("sex", 0), ("person_key", 0)])
def test_a_blank_puts_its_row_aside_only_where_it_matters(tmp_path, blank, rows):
    code, out, _ = convert(plain(tmp_path, (ROW | {blank: ""}, ROW)), tmp_path)
    assert code == 0
    assert pq.read_metadata(out).num_rows == rows + 1


def test_a_file_without_its_heading_line_shows_nobody(tmp_path, capsys):
    path = tmp_path / "headless.csv"
    path.write_text(",".join(ROW.values()) + "\n" + ",".join(ROW.values()) + "\n")
    assert_refused(path, tmp_path, capsys, "does not have this column", more=("--layout", "plain"))


def test_ragged_rows_quoted_newlines_nul_bytes_and_formulas_each_have_their_finding(tmp_path, capsys):
    path = plain(tmp_path, [{**ROW, "note": "=1+1"}, {**ROW, "note": 'a\n"b",c'}, ROW])
    path.write_bytes(path.read_bytes() + b"x,y\r\n" + b"a\x00" + b"," * 10 + b"\r\n" + b'"a"b' + b"," * 10 + b"\r\n\r\n")
    assert run(["intake", "check", str(path), "--table", "kokuho_benefit", "--json"]) == 0
    account = json.loads(capsys.readouterr().out)
    found = {finding["code"]: finding["rows"] for finding in account["findings"]}
    assert found["formula-like"] == [2]
    assert (found["ragged-row"], found["nul-byte"], found["broken-quotes"]) == ([5], [6], [7])
    assert account["rows_in"] == account["rows_out"] + account["rows_quarantined"] == 6
    assert "blank-lines" in found


NUMBERS = [append("my_number", f"{98320567321 + step * 7919:011d}") for step in range(30)]


@pytest.mark.parametrize("heading", ["memo", "個人番号", "マイナンバー"])
def test_individual_numbers_refuse_the_file_whatever_the_column_is_called(tmp_path, capsys, heading):
    path = plain(tmp_path, [{**ROW, heading: number} for number in NUMBERS], extra=[heading])
    assert_refused(path, tmp_path, capsys, "30 cells", "#11", more=("--layout", "plain"))
    _, out, report = convert(path, tmp_path, "--layout", "plain")
    err = capsys.readouterr().err
    assert not any(number in err for number in NUMBERS)
    assert not out.exists()
    assert not report.exists()


@pytest.mark.parametrize("column", ["note", "phone", "insured_number"])
def test_individual_numbers_in_a_column_of_the_table(tmp_path, capsys, column):
    spelled = [f"{number[:4]}-{number[4:8]}-{number[8:]}" for number in NUMBERS]
    assert_refused(
        plain(tmp_path, [{**ROW, column: number} for number in spelled]), tmp_path, capsys, "30 cells", TABLE.get_column(column).title_ja
    )


def test_individual_numbers_in_rows_that_cannot_be_cut(tmp_path, capsys):
    path = plain(tmp_path)
    path.write_bytes(path.read_bytes() + b"".join(f"x,{number}\r\n".encode() for number in NUMBERS))
    assert_refused(path, tmp_path, capsys, "30 cells")


def test_an_empty_column_of_individual_numbers_is_a_note(tmp_path, capsys):
    path = plain(tmp_path, [{**ROW, "個人番号": ""}], extra=["個人番号"])
    assert run(["intake", "check", str(path), "--table", "kokuho_benefit", "--layout", "plain"]) == 0
    assert "all empty" in capsys.readouterr().out


def test_another_identification_code_in_a_column_that_is_none_is_a_note(tmp_path, capsys):
    rows = [{**ROW, "memo": append("resident_code", f"{step * 7919:010d}")} for step in range(1, 30)]
    assert run(["intake", "check", str(plain(tmp_path, rows, extra=["memo"])), "--table", "kokuho_benefit", "--layout", "plain"]) == 0
    assert "住民票コード" in capsys.readouterr().out


def write_book(path, rows, *, form="General"):
    book = openpyxl.Workbook()
    sheet = book.active
    for row in rows:
        sheet.append(row)
    for cells in sheet.iter_rows():
        for cell in cells:
            if isinstance(cell.value, datetime.date):
                cell.number_format = form
    book.save(path)
    return path


def test_a_workbook_with_dates_numbers_and_lost_zeros(tmp_path):
    born, april = datetime.date(1950, 1, 31), datetime.date(2024, 4, 1)
    typed = {**ROW, "birth_date": born, "cost_yen": 1000, "sex": 1, "insurer_number": 138016, "treated_month": april}
    rows = [list(ROW), [typed[key] for key in ROW], [], list(ROW.values())]
    book = write_book(tmp_path / "book.xlsx", rows, form='[$-411]ge"."m"."d')
    code, out, _ = convert(book, tmp_path)
    assert code == 0
    rows = pq.read_table(out).to_pylist()
    assert [row["source_row"] for row in rows] == [2, 4]
    assert {row["birth_date"] for row in rows} == {born}
    assert {row["cost_yen"] for row in rows} == {1000}


def test_a_parquet_file_is_taken_as_well(tmp_path):
    path = tmp_path / "in.parquet"
    values = {**ROW, "birth_date": datetime.date(1950, 1, 31), "treated_month": datetime.date(2024, 4, 1), "cost_yen": 1000}
    pq.write_table(pa.table({key: [value, value] for key, value in values.items()}), path)
    code, out, _ = convert(path, tmp_path)
    assert code == 0
    assert pq.read_table(out).column("source_row").to_pylist() == [1, 2]


def test_other_sheets_with_contents_are_refused(tmp_path, capsys):
    path = write_book(tmp_path / "book.xlsx", [list(ROW), list(ROW.values())])
    book = openpyxl.load_workbook(path)
    book.create_sheet("empty")
    book.save(path)
    assert run(["intake", "check", str(path), "--table", "kokuho_benefit"]) == 0
    book.create_sheet("hidden").append(["x"])
    book["hidden"].sheet_state = "hidden"
    book.save(path)
    assert_refused(path, tmp_path, capsys, "other sheets", more=("--layout", "plain"))


def test_texts_that_are_none_inside_a_parquet_file_are_refused(tmp_path, capsys):
    bad = pa.StringArray.from_buffers(1, pa.py_buffer(b"\x00\x00\x00\x00\x02\x00\x00\x00"), pa.py_buffer(b"\xff\xfe"))
    path = tmp_path / "bad.parquet"
    pq.write_table(pa.table({**{key: [value] for key, value in ROW.items()}, "name": bad}), path)
    assert_refused(path, tmp_path, capsys, "cannot be read", more=("--layout", "plain"))


def far_cell_book(path):
    """Two cells in opposite corners: less than 2 kB that ask a parser for terabytes."""
    book = write_book(path, [["a"]])
    sheet = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1"><c r="A1"><v>1</v></c></row>'
    )
    sheet += '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>'
    with zipfile.ZipFile(book) as source:
        parts = {name: source.read(name) for name in source.namelist()}
    with zipfile.ZipFile(book, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in parts.items():
            target.writestr(name, sheet if name == "xl/worksheets/sheet1.xml" else content)
    return book


def test_a_workbook_whose_cells_lie_in_opposite_corners_is_refused(tmp_path, capsys):
    assert_refused(far_cell_book(tmp_path / "far.xlsx"), tmp_path, capsys, "more memory or time", more=("--layout", "plain"))


def test_a_workbook_over_its_time_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sandbox, "Limits", lambda: dataclasses.replace(LIMITS, wall_seconds=0))
    path = write_book(tmp_path / "book.xlsx", [list(ROW), list(ROW.values())])
    assert_refused(path, tmp_path, capsys, "more memory or time", more=("--layout", "plain"))


def test_a_workbook_over_its_memory_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sandbox, "Limits", lambda: dataclasses.replace(LIMITS, memory_bytes=64 << 20))
    path = write_book(tmp_path / "book.xlsx", [list(ROW), *[[f"{n}-{'x' * 200}" for n in range(len(ROW))] for _ in range(5000)]])
    code, out, _ = convert(path, tmp_path, "--layout", "plain")
    assert (code, out.exists()) == (12, False)
    capsys.readouterr()


def test_outputs_must_be_writable_and_other_than_the_input(tmp_path, capsys):
    path = plain(tmp_path)
    before = path.read_bytes()
    args = ["intake", "convert", str(path), "--table", "kokuho_benefit", "--report", str(tmp_path / "r.json"), "--output"]
    assert run([*args, str(path)]) == 12
    assert run([*args, str(tmp_path / "missing" / "o.parquet")]) == 12
    assert run([*args, str(tmp_path / "r.json")]) == 12
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
    assert "hint:" in capsys.readouterr().err


def test_an_output_of_before_survives_a_refusal(tmp_path, capsys):
    out = tmp_path / "out.parquet"
    out.write_bytes(b"before")
    bad = tmp_path / "bad.csv"
    bad.write_bytes(headings())
    assert convert(bad, tmp_path, "--layout", "plain")[0] == 12
    assert out.read_bytes() == b"before"
    capsys.readouterr()


def test_unknown_tables_and_layouts(tmp_path, capsys):
    path = str(plain(tmp_path))
    assert run(["intake", "check", path, "--table", "nothing"]) == 10
    assert run(["intake", "check", path, "--table", "kokuho_benefit", "--layout", "nothing"]) == 10
    assert run(["intake", "check", path, "--table", "kokuho_benefit", "--layout", "waitlist-excel"]) == 12
    assert capsys.readouterr().err.count("hint:") == 3
