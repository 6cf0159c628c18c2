"""Help pages: both columns begin at the same place of the terminal, however wide the letters are."""

from rich.cells import cell_len

from casework.help_pages import WideFormatter

JAPANESE = "列ごとに一つの水準とするか、行により異なってよいか"


def write(rows, width=60):
    formatter = WideFormatter(width=width)
    formatter.write_dl(rows)
    return formatter.getvalue().splitlines()


def test_explanations_begin_in_the_same_column():
    lines = write([("--home フォルダー", "甲"), ("--json", "乙")])
    assert [cell_len(line[: line.index(mark)]) for line, mark in zip(lines, "甲乙", strict=True)] == [19, 19]


def test_a_long_explanation_goes_on_below_itself_and_loses_no_letter():
    lines = write([("--method", JAPANESE)], width=40)
    assert len(lines) == 2
    assert max(map(cell_len, lines)) <= 40
    assert lines[1].startswith(" " * 10) and lines[0][10:] + lines[1][10:] == JAPANESE


def test_a_name_wider_than_its_column_stands_alone():
    name = "--とても長い名前のオプション [甲|乙|丙]"
    first, second = write([(name, "説明"), ("--b", "短い")])[:2]
    assert (first, second.strip()) == (name, "説明")


def test_an_empty_explanation_and_no_rows_at_all():
    assert [line.rstrip() for line in write([("--a", "")])] == ["--a"]
    assert write([]) == []
