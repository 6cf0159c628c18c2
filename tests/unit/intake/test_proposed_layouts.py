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
