"""Answers of intake in Japanese: titles of columns and tables, never internal names alone; two different headings for two things."""

import pytest

from casework.console import run
from sample_data.bad_files import ROW, _to_csv

ROWS = [[*{**ROW, "宛名番号": f"{number:010d}"}.values()] for number in range(1, 6)]


def write(path, rows, heads=tuple(ROW)):
    path.write_text(_to_csv([list(heads), *rows]), encoding="utf-8")
    return str(path)


def answer(capsys, *arguments):
    assert run(["--lang", "ja", "intake", *arguments]) == 0
    return capsys.readouterr().out


def test_a_comparison_names_columns_by_their_titles(tmp_path, capsys):
    cost = list(ROW).index("費用額")
    changed = [[*ROWS[0][:cost], "4000", *ROWS[0][cost + 1 :]], *ROWS[1:4]]
    old, new = write(tmp_path / "old.csv", ROWS), write(tmp_path / "new.csv", [row[:-1] for row in changed], list(ROW)[:-1])
    out = answer(capsys, "compare", old, new, "--table", "kokuho_benefit")
    assert "前回5行、今回4行" in out
    assert "項目別の変更行数: 費用額 1" in out
    assert "なくなった項目: 備考" in out
    assert "cost_yen" not in out


def test_a_proposed_layout_has_two_headings_for_two_things(tmp_path, capsys):
    out = answer(capsys, "layout", write(tmp_path / "a.csv", ROWS), "--table", "kokuho_benefit", "--output", str(tmp_path / "l.yaml"))
    first = out.splitlines()[0].split()
    assert first == ["ファイルの列", "共通様式の項目", "規則", "理由"]
    assert "標本の項目" not in out


def test_a_check_names_the_table_by_its_title(tmp_path, capsys):
    out = answer(capsys, "check", write(tmp_path / "a.csv", ROWS), "--table", "kokuho_benefit")
    assert out.startswith("共通様式「国民健康保険給付記録」（kokuho_benefit）")


def test_columns_not_taken_over_are_named_by_place(tmp_path, capsys):
    path = write(tmp_path / "a.csv", [[*row, "x"] for row in ROWS], [*ROW, "独自の欄"])
    out = answer(capsys, "check", path, "--table", "kokuho_benefit")
    assert "[#15 (O)]" in out
    assert "独自の欄" not in out


@pytest.mark.parametrize("command", ["check", "convert", "compare", "seal", "dummy", "layout"])
def test_help_has_no_placeholder_of_a_program(command, capsys):
    out = answer(capsys, command, "--help")
    assert "%Y" not in out
    assert "OLD" not in out
