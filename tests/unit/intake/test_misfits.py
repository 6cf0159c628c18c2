"""Why a file fits no layout: the nearest one, and the true cause — never "no heading fits" where something else is wrong."""

import pytest

from intake.choice import choose_layout
from intake.convert import convert_file
from intake.reading import open_source
from sample_data.bad_files import BAD_FILES, ROW, _table
from schemas.errors import FileRejected

BENEFIT = "kokuho_benefit"


def refuse(path, table=BENEFIT):
    with pytest.raises(FileRejected) as caught:
        convert_file(path, table=table)
    return caught.value


def codes(error):
    return [(finding.kind.code, finding.column) for finding in error.findings]


def write(tmp_path, content, name="file.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return path


# files whose layout is named in the list of bad files, and what is said when nobody names it
WITHOUT_LAYOUT = {
    "key-column-missing": ("heading-missing", "宛名番号"),
    "heading-twice": ("heading-twice", "宛名番号"),
    "two-encodings": ("mixed-encodings", None),
    "utf8-said-to-be-cp932": ("other-encoding", None),
    "half-a-character": ("undecodable", None),
    "no-text-at-all": ("no-encoding", None),
    "short-records": ("other-length", "staff-fixed-cp932"),
    "no-records": ("other-kind", "staff-fixed-cp932"),
    "claim-without-facility": ("other-opening", None),
    "heading-alone": ("heading-alone", None),
}


@pytest.mark.parametrize("name", WITHOUT_LAYOUT)
def test_the_true_cause_is_named_when_nobody_names_the_layout(tmp_path, name):
    bad = next(bad for bad in BAD_FILES if bad.name == name)
    error = refuse(write(tmp_path, bad.make(), name + bad.suffix), bad.table)
    assert WITHOUT_LAYOUT[name] in codes(error)
    assert error.hint


@pytest.mark.parametrize(("delimiter", "name"), [(";", "semicolons"), ("\t", "tabs"), ("|", "vertical bars"), ("，", "full-width commas")])
@pytest.mark.parametrize("encoding", ["utf-8", "cp932", "euc_jp", "utf-16"])
def test_another_delimiter_is_named_in_every_encoding(tmp_path, delimiter, name, encoding):
    path = write(tmp_path, _table().replace(",", delimiter).encode(encoding))
    (finding,) = refuse(path).findings
    assert (finding.kind.code, dict(finding.params)) == ("wrong-delimiter", {"found": name, "expected": "commas"})


def test_another_delimiter_is_named_when_the_layout_is_named_too(tmp_path):
    path = write(tmp_path, _table().replace(",", ";"))
    with pytest.raises(FileRejected) as caught:
        open_source(path, choose_layout(path, BENEFIT, "plain"))
    assert codes(caught.value) == [("wrong-delimiter", None)]


@pytest.mark.parametrize("lines", [1, 2, 19])
def test_lines_above_the_headings_are_named(tmp_path, lines):
    (finding,) = refuse(write(tmp_path, "一覧表\r\n" * lines + _table())).findings
    assert (finding.kind.code, finding.params["line"]) == ("titles-above", lines + 1)


def test_headings_that_no_layout_knows_are_named_by_place_never_by_text(tmp_path):
    heads = [*list(ROW)[:3], *(f"秘密{i}" for i in range(len(ROW) - 3))]
    error = refuse(write(tmp_path, ",".join(heads) + "\r\n" + "1," * (len(ROW) - 1) + "1\r\n"))
    (finding,) = error.findings
    assert finding.kind.code == "few-headings-known"
    assert finding.column.startswith("#4 (D), #5 (E)")
    assert "秘密" not in str(finding.to_json())
    assert finding.params["known"] == 3
    assert finding.count == len(ROW)


def test_a_file_nobody_knows_is_told_what_speaks_against_each_layout(tmp_path):
    error = refuse(write(tmp_path, "甲,乙\r\n1,2\r\n"))
    assert codes(error) == [("no-headings", "plain"), ("field-count", "kokuho-csv-cp932"), ("other-opening", "kokuho-rezept")]


def test_blank_lines_at_the_head_of_an_unknown_file_are_no_record(tmp_path):
    error = refuse(write(tmp_path, "\r\n" * 30 + "甲 乙\r\n"))
    assert codes(error) == [("no-headings", "plain"), ("field-count", "kokuho-csv-cp932"), ("other-opening", "kokuho-rezept")]


@pytest.mark.parametrize("content", [b"\xef\xbb\xbf", b"\r\n\r\n", b",,,\r\n", b"\x1a", "\ufeff\u3000\r\n".encode("utf-16"), b" \t\n"])
def test_a_file_of_blanks_and_marks_is_called_empty(tmp_path, content):
    error = refuse(write(tmp_path, content))
    assert codes(error) == [("no-content", None)]


def test_columns_that_are_not_taken_over_are_named_by_place(tmp_path):
    head, *rows = _table().rstrip("\r\n").split("\r\n")
    text = "\r\n".join([f"{head},秘密,", *(row + ",x," for row in rows)])
    path = write(tmp_path, text)
    (finding,) = (one for one in open_source(path, choose_layout(path, BENEFIT, None)).findings if one.kind.code == "column-ignored")
    assert (finding.column, finding.count) == ("#15 (O), #16 (P)", 2)
