"""Encodings that show by themselves: marks, escapes, and UTF-16 without a mark; whole files are found, read and laid out."""

import pytest
import yaml

from intake.convert import convert_file
from intake.decode import find_encoding, find_mark
from intake.propose import propose_layout
from sample_data.bad_files import ROW, _to_csv
from schemas.errors import FileRejected

TEXT = _to_csv([list(ROW), *([*{**ROW, "宛名番号": f"{number:010d}"}.values()] for number in range(1, 13))])


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("cp932", "cp932"),
        ("euc_jp", "euc_jp"),
        ("iso2022_jp", "iso2022_jp"),
    ],
)
def test_a_file_nobody_described_is_read_in_every_encoding(tmp_path, encoding, found):
    path, layout = tmp_path / "file.csv", tmp_path / "own.yaml"
    path.write_bytes(TEXT.encode(encoding))
    account = convert_file(path, table="kokuho_benefit")
    assert (account.encoding, account.rows_in, account.rows_out) == (found, 12, 12)
    propose_layout(path, "kokuho_benefit", layout)
    assert yaml.safe_load(layout.read_text(encoding="utf-8"))["encoding"] == found.removesuffix("-le").removesuffix("-be")
    assert convert_file(path, table="kokuho_benefit", layout=str(layout)).rows_out == 12


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_contradicts_another_declaration(tmp_path, encoding):
    path = tmp_path / "file.csv"
    path.write_bytes(TEXT.encode(encoding))
    assert find_encoding(path, "utf-16").name == encoding
    with pytest.raises(FileRejected) as refused:
        find_encoding(path, "cp932")
    assert {finding.kind.code for finding in refused.value.findings} == {"other-encoding"}


@pytest.mark.parametrize("head", [b"a,b\0\r\n", b"\0" * 40, "見本".encode("cp932") * 9, b"", b"a\0b" * 30])
def test_nuls_here_and_there_are_no_utf16(head):
    assert find_mark(head) is None
