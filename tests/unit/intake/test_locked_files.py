"""Files locked with a password: opened with it in a child process, refused without it, and nothing of them stays."""

import io
import zipfile
import zlib

import pytest

from intake.formats.unlock import LOCKED, NOT_LOCKED, WRONG_PASSWORD, unlock
from intake.unpack import unpack
from schemas.errors import FileRejected

PASSWORD = "ひみつ-2025"  # noqa: S105 - of files made here


def make_workbook(path):
    from openpyxl import Workbook

    book = Workbook()
    book.active.append(["番号", "氏名"])
    book.active.append(["00000001", "見本　花子"])
    book.save(path)
    return path


def lock_workbook(path, password=PASSWORD):
    from msoffcrypto.format.ooxml import OOXMLFile

    plain = io.BytesIO(make_workbook(path).read_bytes())
    with path.open("wb") as target:
        OOXMLFile(plain).encrypt(password, target)
    return path


def zip_crypto(content, password, name="data.csv"):
    """Return a zip locked in the traditional way (APPNOTE 6.1), written from its description."""
    keys = [0x12345678, 0x23456789, 0x34567890]
    table = [zlib.crc32(bytes([byte]), 0xFFFFFFFF) ^ 0xFFFFFFFF for byte in range(256)]

    def crc(old, byte):
        return (old >> 8) ^ table[(old ^ byte) & 0xFF]

    def update(byte):
        keys[0] = crc(keys[0], byte)
        keys[1] = ((keys[1] + (keys[0] & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
        keys[2] = crc(keys[2], keys[1] >> 24)

    def encrypt(data):
        out = bytearray()
        for byte in data:
            mask = (keys[2] | 2) & 0xFFFF
            out.append(byte ^ ((mask * (mask ^ 1)) >> 8 & 0xFF))
            update(byte)
        return bytes(out)

    for byte in password.encode("cp932"):
        update(byte)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(name, content)
    plain = buffer.getvalue()
    check = zlib.crc32(content) >> 24
    locked = encrypt(bytes(11) + bytes([check]) + content)
    # flags and sizes of both headers, and where the directory is
    head = bytearray(plain[: 30 + len(name)])
    directory = bytearray(plain[30 + len(name) + len(content) :])
    head[6] |= 1
    head[18:22] = len(locked).to_bytes(4, "little")
    directory[8] |= 1
    directory[20:24] = len(locked).to_bytes(4, "little")
    end = directory.rindex(b"PK\x05\x06")
    directory[end + 16 : end + 20] = (len(head) + len(locked)).to_bytes(4, "little")
    return bytes(head) + locked + bytes(directory)


def read_all(path, password=""):
    with unpack(path, password=password) as plain:
        assert plain != path
        assert (plain.parent.stat().st_mode & 0o077) == 0 or (plain.parent.parent.stat().st_mode & 0o077) == 0
        return plain.name, plain.read_bytes()


def test_a_locked_workbook_opens_with_its_password_under_its_own_name(tmp_path):
    path = lock_workbook(tmp_path / "名簿.xlsx")
    name, content = read_all(path, PASSWORD)
    assert name == "名簿.xlsx"
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        assert "xl/workbook.xml" in book.namelist()
    assert [entry.name for entry in tmp_path.iterdir()] == ["名簿.xlsx"]


@pytest.mark.parametrize(("password", "words"), [("", "is locked with a password"), ("other", "does not open")])
def test_without_the_right_password_a_workbook_is_refused_and_nothing_stays(tmp_path, password, words):
    path = lock_workbook(tmp_path / "book.xlsx")
    with pytest.raises(FileRejected, match=words) as refused, unpack(path, password=password):
        pass
    assert PASSWORD not in str(refused.value)
    assert [entry.name for entry in tmp_path.iterdir()] == ["book.xlsx"]


def test_a_compound_document_that_is_not_locked_or_no_document_is_left_to_its_reader(tmp_path):
    path = tmp_path / "odd.xls"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    with unpack(path) as plain:
        assert plain == path
    assert unlock(str(make_workbook(tmp_path / "open.xlsx")), str(tmp_path / "none"), "x") == NOT_LOCKED
    assert not (tmp_path / "none").exists()


def test_the_end_of_the_trial_says_what_was_wrong(tmp_path):
    path = lock_workbook(tmp_path / "book.xlsx")
    target = tmp_path / "plain.xlsx"
    assert unlock(str(path), str(target), "") == LOCKED
    assert unlock(str(path), str(target), "wrong") == WRONG_PASSWORD
    assert not target.exists()
    assert unlock(str(path), str(target), PASSWORD) == 0
    assert target.read_bytes().startswith(b"PK")


@pytest.mark.parametrize("password", ["secret", "ひみつ"])
def test_a_locked_zip_opens_with_its_password(tmp_path, password):
    path = tmp_path / "data.zip"
    path.write_bytes(zip_crypto("番号,氏名\r\n1,見本\r\n".encode("cp932"), password))
    assert read_all(path, password) == ("data.csv", "番号,氏名\r\n1,見本\r\n".encode("cp932"))


@pytest.mark.parametrize("password", ["", "wrong", "b", "c", "d"])
def test_without_the_right_password_a_zip_is_refused(tmp_path, password):
    path = tmp_path / "data.zip"
    path.write_bytes(zip_crypto(b"a,b\r\n" * 50, "secret"))
    with pytest.raises(FileRejected, match="password"), unpack(path, password=password):
        pass
    assert [entry.name for entry in tmp_path.iterdir()] == ["data.zip"]


def test_a_locked_workbook_in_a_zip_is_opened_too(tmp_path):
    book = lock_workbook(tmp_path / "book.xlsx")
    with zipfile.ZipFile(tmp_path / "sent.zip", "w") as archive:
        archive.write(book, "名簿.xlsx")
    name, content = read_all(tmp_path / "sent.zip", PASSWORD)
    assert (name, content[:2]) == ("sent.xlsx", b"PK")


def test_names_that_differ_by_case_alone_refuse_a_zip(tmp_path):
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("Data.csv", "a,b\n")
        archive.writestr("data.CSV", "a,b\n")
    with pytest.raises(FileRejected, match="two names that are the same"), unpack(tmp_path / "two.zip"):
        pass
