"""Proposed layouts: the columns of dummy files are found again, with reasons, nothing that is open is guessed, and no cell is written."""

import json

import pytest
import yaml

from casework.console import run
from intake.dummy import make_rows, write_dummy
from intake.evidence import HINT, NONE, PROOF, SIGN, weigh_cells
from intake.layout import load_layout, make_plain_layout
from intake.propose import propose_layout
from schemas.errors import FileRejected
from schemas.tables import load_table, table_names


def propose(tmp_path, table, layout, name="dummy.csv", rows=40):
    source, output = tmp_path / name, tmp_path / "own-layout.yaml"
    write_dummy(source, table=table, layout=layout, rows=rows)
    return source, output, propose_layout(source, table, output)


@pytest.mark.parametrize("table", table_names())
def test_titles_are_found_again_and_the_layout_takes_the_file(tmp_path, table, capsys):
    source, output, proposal = propose(tmp_path, table, None)
    assert proposal.missing == ()
    assert [field.column.name for field in proposal.fields] == [column.name for column in load_table(table).columns]
    load_layout(output)
    assert run(["intake", "check", str(source), "--table", table, "--layout", str(output), "--json"]) == 0
    account = json.loads(capsys.readouterr().out)
    assert (account["rows_out"], account["rows_quarantined"]) == (40, 0)


def test_headings_and_rules_of_a_shipped_layout_are_found_again(tmp_path):
    _, output, proposal = propose(tmp_path, "nursing_home_waitlist", "waitlist-csv-utf8")
    shipped = load_layout("waitlist-csv-utf8")
    mine = load_layout(output)
    assert [column.headings for column in mine.columns] == [column.headings for column in shipped.columns]
    assert {column.name: column.use.rule for column in mine.columns if column.use.column.type == "date"} == {
        column.name: "wareki_text" for column in shipped.columns if column.use.column.type == "date"
    }
    codes = {reason.kind.code for field in proposal.fields for reason in field.reasons}
    assert {"proposal-title", "proposal-known-heading", "proposal-reads-all"} <= codes


def test_a_workbook_gets_a_layout_with_its_headings(tmp_path):
    _, output, proposal = propose(tmp_path, "nursing_home_waitlist", "waitlist-excel", name="dummy.xlsx", rows=12)
    assert proposal.settings["format"] == "excel"
    assert load_layout(output).columns[0].headings == ("申込者管理番号",)


def test_without_headings_only_what_the_cells_prove_is_proposed(tmp_path):
    _, output, proposal = propose(tmp_path, "kokuho_benefit", "kokuho-csv-cp932", rows=60)
    document = yaml.safe_load(output.read_text(encoding="utf-8"))
    assert (document["encoding"], document["header"], document["fields"]) == ("cp932", False, 36)
    shipped = {column.position: (column.name, column.use.rule) for column in load_layout("kokuho-csv-cp932").columns}
    mine = {entry["position"]: (entry["column"], entry["rule"]) for entry in document["columns"]}
    assert mine.items() <= shipped.items()
    assert {"insurer_number", "name_kana", "municipality_code", "disease_code", "treated_month"} <= {name for name, _ in mine.values()}
    missing = {str(finding.params["column"]) for finding in proposal.missing}
    assert "生年月日" in missing


def test_no_cell_of_the_file_is_in_the_layout_or_the_answer(tmp_path, capsys):
    source, output = tmp_path / "rows.csv", tmp_path / "own.yaml"
    layout = make_plain_layout(load_table("kokuho_benefit"), "csv")
    cells = [[cell.replace("架空の", "秘中の秘") for cell in row] for row in make_rows(layout, 30, 7)]
    source.write_text("\n".join(",".join(row) for row in cells), encoding="utf-8")
    assert run(["intake", "layout", str(source), "--table", "kokuho_benefit", "--output", str(output)]) == 0
    said = capsys.readouterr()
    text = output.read_text(encoding="utf-8") + said.out + said.err
    long = {cell for row in cells for cell in row if len(cell) >= 6}
    assert len(long) > 300
    assert [cell for cell in long if cell in text] == []
    assert "秘中" not in text


def test_a_first_line_with_one_known_heading_may_be_a_row(tmp_path):
    source = tmp_path / "rows.csv"
    source.write_text("氏名,ないしょ\n架空の氏名1,2\n", encoding="utf-8")
    proposal = propose_layout(source, "kokuho_benefit", tmp_path / "own.yaml")
    assert proposal.settings["header"] is False
    assert "ないしょ" not in (tmp_path / "own.yaml").read_text(encoding="utf-8")


def column(name, table="kokuho_benefit"):
    return load_table(table).get_column(name)


@pytest.mark.parametrize(
    ("name", "cells", "rule", "weight", "reason"),
    [
        ("birth_date", ["3200401"] * 10, "wareki_gyymmdd", HINT, "proposal-form"),
        ("birth_date", ["1945-04-01"] * 10, "date_ymd", HINT, "proposal-form"),
        ("birth_date", ["昭和20年4月1日"] * 10, "wareki_text", HINT, "proposal-form"),
        ("birth_date", ["昭和20年4月1日", "1945-04-01"] * 10, "date", HINT, "proposal-form"),
        ("municipality_code", ["902012", "902021"] * 5, "municipality_code", PROOF, "proposal-check-digit"),
        ("municipality_code", ["902012"] * 10, "municipality_code", HINT, "proposal-check-digit"),
        ("municipality_code", ["902013"] * 10, "municipality_code", NONE, "proposal-reads-some"),
        ("name_kana", ["ｶｸｳ ﾊﾞﾝ"] * 10, "kana_full", SIGN, "proposal-kana"),
        ("name_kana", ["架空"] * 10, "kana_full", NONE, "proposal-reads-all"),
        ("care_kind", ["入院", "外来"] * 5, "code", SIGN, "proposal-code-list"),
        ("care_kind", ["1", "2"] * 5, "code", HINT, "proposal-code-list"),
        ("cost_yen", ["1,234円"] * 10, "yen", NONE, "proposal-reads-all"),
        ("disease_code", ["E11.9"] * 9, "icd10", NONE, "proposal-reads-all"),
        ("disease_code", ["E11.9"] * 10, "icd10", SIGN, "proposal-form"),
        ("postal_code", ["600001"] * 10, "digits_half", NONE, "proposal-zeros-lost"),
        ("postal_code", ["0600001"] * 10, "digits_half", HINT, "proposal-form"),
        ("sex", ["", "　"], "sex_12", NONE, "proposal-no-cells"),
    ],
)
def test_what_cells_say_of_a_column(name, cells, rule, weight, reason):
    evidence = weigh_cells(cells, column(name))
    assert (evidence.rule, evidence.weight) == (rule, weight)
    assert reason in {kind.code for kind in evidence.reasons}


@pytest.mark.parametrize("content", [b"one field only\nand no more\n", b"\x81\xff\xfe\x00", b""])
def test_what_is_not_delimited_text_gets_no_layout(tmp_path, content):
    source = tmp_path / "rows.csv"
    source.write_bytes(content)
    with pytest.raises(FileRejected):
        propose_layout(source, "kokuho_benefit", tmp_path / "own.yaml")
    assert list(tmp_path.iterdir()) == [source]


def test_parquet_needs_no_layout_and_the_command_says_so(tmp_path, capsys):
    (tmp_path / "rows.parquet").write_bytes(b"PAR1....")
    options = ["--table", "kokuho_benefit", "--output", str(tmp_path / "own.yaml"), "--lang", "en"]
    assert run(["intake", "layout", str(tmp_path / "rows.parquet"), *options]) == 12
    errors = capsys.readouterr().err
    assert "error:" in errors
    assert "hint:" in errors
    assert not (tmp_path / "own.yaml").exists()


def settings_of(output):
    return yaml.safe_load(output.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("table", "layout", "name"),
    [("kokuho_benefit", "kokuho-rezept", "claims.uke"), ("care_provider_staff", "staff-fixed-cp932", "staff.dat")],
)
def test_records_of_a_shipped_layout_are_known_and_its_copy_reads_them(tmp_path, table, layout, name):
    source, output, proposal = propose(tmp_path, table, layout, name)
    assert [note.kind.code for note in proposal.notes] == ["proposal-shipped"]
    assert settings_of(output)["layout"] == "own-layout"
    assert run(["intake", "check", str(source), "--table", table, "--layout", str(output)]) == 0


def test_records_that_the_shipped_layout_does_not_have_are_told_by_line(tmp_path):
    source = tmp_path / "claims.uke"
    write_dummy(source, table="kokuho_benefit", layout="kokuho-rezept", rows=2)
    source.write_bytes(source.read_bytes() + b"ZZ,1\r\n")
    lines = source.read_bytes().count(b"\n")
    proposal = propose_layout(source, "kokuho_benefit", tmp_path / "own.yaml")
    assert [(note.kind.code, note.rows) for note in proposal.notes][1:] == [("proposal-strange-records", (lines,))]


def test_fixed_records_nobody_described_are_cut_where_the_bytes_show_it(tmp_path):
    # key 8, insurer 6 and municipality 6 with check digits, name 20, kana 20 half width, blank 2, phone 12
    people = [("見本　花子", "ﾐﾎﾝ ﾊﾅｺ"), ("山田　太郎", "ﾔﾏﾀﾞ ﾀﾛｳ"), ("佐藤　一", "ｻﾄｳ ﾊｼﾞﾒ")] * 5
    lines = []
    for number, (name, kana) in enumerate(people, start=1):
        insurer, city = [("902015", "902012"), ("903013", "903019")][number % 2]
        head = f"{40_000_000 + number}{insurer}{city}".encode()
        tail = f"  000-000-{number:04}".encode()
        lines.append(head + name.encode("cp932").ljust(20) + kana.encode("cp932").ljust(20) + tail)
    source, output = tmp_path / "own.dat", tmp_path / "own.yaml"
    source.write_bytes(b"".join(line + b"\r\n" for line in lines))
    proposal = propose_layout(source, "kokuho_benefit", output)
    assert [note.kind.code for note in proposal.notes] == ["proposal-fixed"]
    assert proposal.places[:3] == ((1, 8), (9, 6), (15, 6))
    assert proposal.places[3:] == ((21, 20), (41, 22), (63, 12))
    named = {field.column.name for field in proposal.fields if field.column}
    assert {"insurer_number", "municipality_code", "name_kana"} <= named
    assert (settings_of(output)["format"], settings_of(output)["record_bytes"]) == ("fixed", 74)
    assert "見本" not in output.read_text(encoding="utf-8")


def test_tab_separated_text_is_cut_by_tabs(tmp_path):
    source = tmp_path / "own.tsv"
    heads = [column.title_ja for column in load_table("kokuho_benefit").columns][:6]
    source.write_text("\t".join(heads) + "\r\n" + "\r\n".join("\t".join("123456" for _ in heads) for _ in range(3)), encoding="utf-16")
    propose_layout(source, "kokuho_benefit", tmp_path / "own.yaml")
    settings = settings_of(tmp_path / "own.yaml")
    assert (settings["delimiter"], settings["encoding"], settings["header"]) == ("\t", "utf-16", True)


def save_sheet(path, rows, merged=()):
    from openpyxl import Workbook

    book = Workbook()
    for row in rows:
        book.active.append(row)
    for cells in merged:
        book.active.merge_cells(cells)
    book.save(path)
    return path


PEOPLE = [[f"{number:08}", "見本　花子", "昭和20年4月1日", "1", "902012", "要介護3", "2024-04-01", "待機"] for number in range(1, 13)]
HEADS = ["申込者管理番号", "氏名", "生年月日", "性別", "市区町村コード", "要介護度", "申込日", "状態"]


def check_own(source, output):
    assert run(["intake", "check", str(source), "--table", "nursing_home_waitlist", "--layout", str(output)]) == 0


def test_titles_above_the_headings_of_a_sheet_are_found_and_the_layout_reads_it(tmp_path):
    source = save_sheet(tmp_path / "own.xlsx", [["入所希望者名簿"], [None, "令和7年4月1日現在"], [], HEADS, *PEOPLE])
    proposal = propose_layout(source, "nursing_home_waitlist", tmp_path / "own.yaml")
    assert [(note.kind.code, note.count) for note in proposal.notes] == [("proposal-titles", 3)]
    assert settings_of(tmp_path / "own.yaml")["title_rows"] == 3
    check_own(source, tmp_path / "own.yaml")


@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_titles_above_the_headings_of_a_text_are_found_and_the_layout_reads_it(tmp_path, delimiter):
    source = tmp_path / "own.csv"
    lines = ["入所希望者名簿, 令和7年4月1日現在, 1, 2, 3", "", *(delimiter.join(row) for row in [HEADS, *PEOPLE])]
    source.write_bytes("".join(f"{line}\r\n" for line in lines).encode("cp932"))
    proposal = propose_layout(source, "nursing_home_waitlist", tmp_path / "own.yaml")
    assert [(note.kind.code, note.count) for note in proposal.notes] == [("proposal-titles", 2)]
    settings = settings_of(tmp_path / "own.yaml")
    assert (settings["title_rows"], settings["delimiter"], settings["header"]) == (2, delimiter, True)
    check_own(source, tmp_path / "own.yaml")


def test_headings_in_two_lines_with_merged_cells_are_joined(tmp_path):
    top = [*HEADS[:-1], "状態", "認定有効期間", None]
    below = [None] * len(HEADS) + ["開始日", "終了日"]
    merged = [f"{letter}2:{letter}3" for letter in "ABCDEFGH"] + ["I2:J2"]
    rows = [[*person, "2024-04-01", "2025-03-31"] for person in PEOPLE]
    source = save_sheet(tmp_path / "own.xlsx", [["名簿"], top, below, *rows], merged)
    proposal = propose_layout(source, "nursing_home_waitlist", tmp_path / "own.yaml")
    assert [note.kind.code for note in proposal.notes] == ["proposal-titles", "proposal-two-lines"]
    settings = settings_of(tmp_path / "own.yaml")
    assert (settings["title_rows"], settings["header_rows"]) == (1, 2)
    assert "認定有効期間開始日" in [entry["heading"] for entry in settings["columns"]]
    check_own(source, tmp_path / "own.yaml")
