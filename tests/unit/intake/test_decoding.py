"""Encodings: the order of tests, the declaration that wins, and the files no statistics can tell."""

import codecs

import pytest

from intake.decode import find_encoding, read_text
from schemas.errors import FileRejected

KANJI = "氏名,住所\r\n山田太郎,見本市1－2\r\n髙﨑花子,①㈱\r\n"
HALF_KANA = "".join(f"{n:04},ﾔﾏﾀﾞ ﾀﾛｳ,ｻﾄｳ ﾊﾅｺ\r\n" for n in range(200))
ASCII = "a,b\r\n1,2\r\n"


def write(tmp_path, content):
    path = tmp_path / "file.csv"
    path.write_bytes(content)
    return path


def text_of(path, encoding):
    return b"".join(read_text(path, encoding)).decode()


@pytest.mark.parametrize(
    ("text", "encoding", "found"),
    [
        (KANJI, "cp932", "cp932"),
        (HALF_KANA, "cp932", "cp932"),
        (KANJI.replace("－", "の").replace("髙", "高").replace("﨑", "崎").replace("①㈱", "x"), "euc_jp", "euc_jp"),
        (KANJI, "utf-8", "utf-8"),
        (KANJI, "utf-8-sig", "utf-8-sig"),
        (KANJI, "utf-16", "utf-16"),
        (ASCII, "ascii", "utf-8"),
        ("氏名\r\n山田\r\n", "iso2022_jp", "iso2022_jp"),
    ],
)
def test_the_ladder_finds_the_encoding(tmp_path, text, encoding, found):
    path = write(tmp_path, text.encode(encoding))
    encoding_found = find_encoding(path, None)
    assert (encoding_found.name, encoding_found.declared) == (found, False)
    assert text_of(path, found) == text


@pytest.mark.parametrize("size", [1, 2, 3, 5, 1 << 20])
def test_characters_cut_by_a_piece_come_back_whole(tmp_path, monkeypatch, size):
    monkeypatch.setattr("intake.decode.CHUNK_BYTES", size)
    path = write(tmp_path, KANJI.encode("cp932"))
    assert text_of(path, "cp932") == KANJI


@pytest.mark.parametrize("encoding", ["cp932", "utf-8", "euc_jp", "utf-16"])
def test_a_declaration_that_fits_is_taken(tmp_path, encoding):
    text = "氏名\r\n山田\r\n"
    assert find_encoding(write(tmp_path, text.encode(encoding)), encoding).name == encoding


def test_a_byte_order_mark_may_be_there_or_not_where_utf8_is_declared(tmp_path):
    assert find_encoding(write(tmp_path, KANJI.encode("utf-8")), "utf-8-sig").name == "utf-8"
    path = write(tmp_path, KANJI.encode("utf-8-sig"))
    assert find_encoding(path, "utf-8").name == "utf-8-sig"
    assert text_of(path, "utf-8-sig") == KANJI


def refused(path, declared):
    with pytest.raises(FileRejected) as error:
        find_encoding(path, declared)
    return {finding.kind.code: finding for finding in error.value.findings}


@pytest.mark.parametrize(
    ("text", "encoding", "declared", "found"),
    [
        (KANJI, "utf-8", "cp932", "utf-8"),
        (KANJI, "utf-8-sig", "cp932", "utf-8"),
        (KANJI, "utf-16", "cp932", "utf-16"),
        (KANJI, "cp932", "utf-8", "cp932"),
        ("氏名\r\nやまだ\r\n" * 20, "iso2022_jp", "cp932", "iso2022_jp"),
        ("ひらがなのなまえ\r\n" * 20, "euc_jp", "cp932", "euc_jp"),
    ],
)
def test_a_declaration_that_does_not_fit_refuses_the_file(tmp_path, text, encoding, declared, found):
    findings = refused(write(tmp_path, text.encode(encoding)), declared)
    assert findings["other-encoding"].params["found"] == found


def test_kana_that_is_valid_utf8_by_chance_stays_cp932(tmp_path):
    content = "ﾃｱ\r\n".encode("cp932")
    assert content.decode("utf-8") == "ñ\r\n"
    assert find_encoding(write(tmp_path, content), "cp932").name == "cp932"


def test_rows_in_another_encoding_are_named(tmp_path):
    lines = [f"{n},山田太郎\r\n".encode("cp932") for n in range(1, 30)]
    lines[4] = lines[10] = "5,山田太郎髙\r\n".encode()
    findings = refused(write(tmp_path, b"".join(lines)), "cp932")
    assert findings["undecodable"].rows == (5, 11)
    assert findings["mixed-encodings"].params == {"encoding": "utf-8", "declared": "cp932"}


def test_rows_in_another_encoding_have_the_number_of_their_record(tmp_path):
    # line ends inside quotes end no record; a quote inside a field opens none; an escaped one closes none
    lines = ["番号,氏名\r\n", '1,"山田\r\n太""\r\n郎"\r\n', '2,山"田\r\n', '3,"",\r\n', '"4","山""田",""\r\n']
    content = "".join(lines).encode("cp932") + "5,髙\r\n".encode() + '6,"山\n'.encode("cp932") + '髙"\n7,髙\n'.encode()
    path = write(tmp_path, content)
    with pytest.raises(FileRejected) as error:
        find_encoding(path, "cp932", ",")
    # the heading is record 1
    assert error.value.findings[0].rows == (6, 7, 8)
    # without fields in quotes each line is a row
    assert refused(path, "cp932")["undecodable"].rows == (8, 10, 11)


def test_bytes_that_are_no_text_at_all(tmp_path):
    findings = refused(write(tmp_path, b"a,\xff\xfd\x80\x81\xff\n" * 3), None)
    assert "no-encoding" in findings


def test_a_lone_mark_is_an_empty_text(tmp_path):
    path = write(tmp_path, codecs.BOM_UTF8)
    assert find_encoding(path, None).name == "utf-8-sig"
    assert text_of(path, "utf-8-sig") == ""


def test_lines_that_end_in_cr_alone_are_refused(tmp_path):
    assert "carriage-returns" in refused(write(tmp_path, b"a,b\rc,d\r"), None)


def test_refusals_show_no_value(tmp_path):
    with pytest.raises(FileRejected) as error:
        find_encoding(write(tmp_path, KANJI.encode("cp932")), "utf-8")
    assert "山田" not in "".join([str(error.value), *error.value.lines()])
