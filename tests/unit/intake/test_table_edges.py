"""What stands around a table of text: titles, blank rows, empty fields at the end of rows, lines of totals; no row is lost by it."""

import pytest

from intake.convert import convert_file
from intake.layout import load_layout
from sample_data.bad_files import ROW, _table
from sample_data.bad_parts import make_individual_numbers
from schemas.errors import FileRejected, FormRejected

LINES = _table(rows=3).rstrip("\r\n").split("\r\n")
WIDTH = len(ROW)


def write_layout(tmp_path, settings, format_="csv"):
    columns = "".join(
        f"  - {{heading: {head}, column: {name}, rule: {rule}}}\n"
        for head, name, rule in (
            ("宛名番号", "person_key", "digits_half"),
            ("生年月日", "birth_date", "date"),
            ("性別", "sex", "sex_12"),
            ("費用額", "cost_yen", "yen"),
            ("備考", "note", "text"),
        )
    )
    path = tmp_path / "own.yaml"
    encoding = "encoding: utf-8\n" if format_ == "csv" else ""
    path.write_text(
        f"layout: own\ntitle_ja: 試験\ntable: kokuho_benefit\nformat: {format_}\n{encoding}header: true\n{settings}columns:\n{columns}",
        encoding="utf-8",
    )
    return str(path)


def convert(tmp_path, lines, settings=None, encoding="utf-8", **how):
    source = tmp_path / "file.csv"
    source.write_bytes("\r\n".join(lines).encode(encoding) + b"\r\n")
    layout = write_layout(tmp_path, settings) if settings is not None else "plain"
    report = convert_file(source, table="kokuho_benefit", layout=layout, **how)
    assert report.rows_in == report.rows_out + report.rows_quarantined
    return report


def told(report, code):
    return [(finding.count, finding.rows) for finding in report.findings if finding.kind.code == code]


@pytest.mark.parametrize("titles", [["国保給付一覧"], ["国保給付一覧" + "," * (WIDTH - 1), "令和6年度"], ['"題名, 二つ"', "", "注意"]])
def test_lines_of_titles_are_no_rows_and_the_rows_keep_their_numbers(tmp_path, titles):
    lines = [*titles, *LINES, "x"]
    report = convert(tmp_path, lines, f"title_rows: {len(titles)}\n")
    assert (report.rows_in, report.rows_out) == (4, 3)
    assert told(report, "ragged-row") == [(1, (len(titles) + 5,))]


def test_titles_are_searched_for_individual_numbers(tmp_path):
    number = make_individual_numbers(1)[0]
    with pytest.raises(FileRejected) as caught:
        convert(tmp_path, ["一覧", f"担当 {number}", *LINES], "title_rows: 2\n")
    assert [(finding.kind.code, finding.rows) for finding in caught.value.findings] == [("my-number-as-heading", (2,))]


def test_rows_of_separators_alone_are_blank_lines(tmp_path):
    report = convert(tmp_path, [*LINES, "," * (WIDTH - 1), ",,", ('"",' * WIDTH)[:-1]])
    assert (report.rows_in, report.rows_out, told(report, "blank-lines")) == (3, 3, [(3, ())])


@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
def test_empty_fields_behind_the_last_column_are_not_read_and_told(tmp_path, encoding):
    lines = [LINES[0], LINES[1] + ",,", LINES[2] + ",", LINES[3], LINES[1] + ",x,", LINES[1][: -len(",300,3000,")] + ","]
    report = convert(tmp_path, lines, encoding=encoding)
    assert (report.rows_in, report.rows_out) == (5, 3)
    assert told(report, "empty-fields-at-end") == [(2, (2, 3))]
    assert told(report, "ragged-row") == [(2, (5, 6))]


def test_rows_with_empty_fields_at_the_end_keep_number_and_contents(tmp_path):
    import pyarrow.parquet as pq

    lines = [LINES[0], LINES[1], LINES[2].replace("902015", '"902015"') + ",,", LINES[3]]
    output, report, aside = (tmp_path / name for name in ("out.parquet", "report.json", "aside.parquet"))
    convert(tmp_path, lines, output=output, report=report, quarantine=aside)
    table = pq.read_table(output).to_pylist()
    assert sorted((row["person_key"], row["source_row"]) for row in table) == [(f"{n:010d}", n + 1) for n in (1, 2, 3)]
    assert {row["insurer_number"] for row in table} == {"902015"}


SUMMARY = 'summary_lines: ["合計", "小計", "以上", "件数"]\n'


@pytest.mark.parametrize(
    "line",
    [
        "合計" + "," * (WIDTH - 2) + "9000,",
        "," * 3 + "【小 計】" + "," * (WIDTH - 4),
        "以上",
        "以上　３件",
        "件数：3",
        "件数,3",
        '"合計","3"',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
def test_declared_lines_of_totals_are_no_rows(tmp_path, line, encoding):
    path = tmp_path / "file.csv"
    path.write_bytes("\r\n".join([*LINES, line]).encode(encoding))
    layout = write_layout(tmp_path, SUMMARY)
    if encoding == "cp932":
        own = tmp_path / "own.yaml"
        own.write_text(own.read_text(encoding="utf-8").replace("encoding: utf-8", "encoding: cp932"), encoding="utf-8")
    report = convert_file(path, table="kokuho_benefit", layout=layout)
    assert (report.rows_in, report.rows_out, told(report, "summary-lines")) == (3, 3, [(1, (5,))])


@pytest.mark.parametrize("line", [LINES[1].replace(",,", ",合計,"), "0000000009,合計,", "合計額を確認した人の行,1", "鈴木,以上"])
def test_a_line_of_a_person_is_never_left_out(tmp_path, line):
    report = convert(tmp_path, [*LINES, line], SUMMARY)
    assert (report.rows_in, told(report, "summary-lines")) == (4, [])


def test_without_the_declaration_lines_of_totals_are_put_aside(tmp_path):
    report = convert(tmp_path, [*LINES, "合計" + "," * (WIDTH - 1), "以上"], "")
    assert (report.rows_in, report.rows_out, report.rows_quarantined) == (5, 3, 2)


def test_lines_of_totals_are_searched_for_individual_numbers(tmp_path):
    number = make_individual_numbers(1)[0]
    with pytest.raises(FileRejected) as caught:
        convert(tmp_path, [*LINES, f"以上,{number}"], SUMMARY)
    assert [finding.kind.code for finding in caught.value.findings] == ["my-number"]


def test_lines_of_totals_in_a_workbook(tmp_path):
    import openpyxl

    book = openpyxl.Workbook()
    for line in ["一覧", *LINES, "合計,,,,,,,,,,,,9000,"]:
        book.active.append([cell or None for cell in line.split(",")])
    book.save(tmp_path / "file.xlsx")
    layout = write_layout(tmp_path, SUMMARY + "title_rows: 1\n", "excel")
    report = convert_file(tmp_path / "file.xlsx", table="kokuho_benefit", layout=layout)
    assert (report.rows_in, report.rows_out, told(report, "summary-lines")) == (3, 3, [(1, (6,))])


def test_titles_of_a_sheet_are_searched_for_individual_numbers(tmp_path):
    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(["一覧", make_individual_numbers(1)[0]])
    for line in LINES:
        book.active.append(line.split(","))
    book.save(tmp_path / "file.xlsx")
    with pytest.raises(FileRejected) as caught:
        convert_file(tmp_path / "file.xlsx", table="kokuho_benefit", layout=write_layout(tmp_path, "title_rows: 1\n", "excel"))
    assert [(finding.kind.code, finding.rows) for finding in caught.value.findings] == [("my-number-as-heading", (1,))]


def test_summary_lines_and_titles_are_for_tables_alone(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(
        "layout: own\ntitle_ja: 試験\ntable: kokuho_benefit\nformat: fixed\nencoding: cp932\nrecord_bytes: 40\ntitle_rows: 1\n"
        "summary_lines: [以上]\ncolumns:\n  - {bytes: [1, 10], column: person_key, rule: digits_half}\n",
        encoding="utf-8",
    )
    with pytest.raises(FormRejected) as caught:
        load_layout(path)
    assert {(finding.kind.code, finding.column) for finding in caught.value.findings} == {
        ("layout-not-here", "title_rows"),
        ("layout-not-here", "summary_lines"),
    }
