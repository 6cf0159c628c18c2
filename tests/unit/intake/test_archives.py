"""Gzip and zip files: the one data file in them is read, and what should not be in an archive refuses it, named by its reason."""

import bz2
import gzip
import io
import json
import os
import stat
import tarfile
import zipfile

import pytest

from casework.console import run
from intake.dummy import write_dummy
from intake.formats.archives import ArchiveLimits
from intake.unpack import unpack
from schemas.errors import FileRejected
from schemas.files import sha256_file

TABLE = ["--table", "kokuho_benefit", "--layout", "kokuho-csv-cp932"]


@pytest.fixture
def rows(tmp_path_factory):
    path = tmp_path_factory.mktemp("plain") / "rows.csv"
    write_dummy(path, table="kokuho_benefit", layout="kokuho-csv-cp932", rows=30)
    return path.read_bytes()


def pack(*members, method=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content, compress_type=method)
    return buffer.getvalue()


def link(name, target):
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return pack((info, target))


def make_tar(content):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo("rows.csv")
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def lock(archive):
    """Set the mark of encryption in the local header and in the directory."""
    changed = bytearray(archive)
    changed[archive.index(b"PK\x03\x04") + 6] |= 1
    changed[archive.index(b"PK\x01\x02") + 8] |= 1
    return bytes(changed)


def rename(archive, old, new):
    assert len(old) == len(new)
    return archive.replace(old, new)


def flip(archive, offset):
    changed = bytearray(archive)
    changed[offset] ^= 0xFF
    return bytes(changed)


SOUND = {
    "rows.csv.gz": gzip.compress,
    "two-members.gz": lambda rows: gzip.compress(rows[:1000]) + gzip.compress(rows[1000:]),
    "rows.zip": lambda rows: pack(("rows.csv", rows)),
    "in-a-folder.zip": lambda rows: pack(("出力/", b""), ("出力/令和7年.csv", rows)),
    "stored.zip": lambda rows: pack(("rows.csv", rows), method=zipfile.ZIP_STORED),
    # 表 is 95 5C in CP932: its second byte is a backslash
    "cp932-name.zip": lambda rows: rename(pack(("AAAA.csv", rows)), b"AAAA.csv", "表紙.csv".encode("cp932")),
    "no-known-name.zip": lambda rows: rename(pack(("AAA.csv", rows)), b"AAA.csv", b"\x81\x82\xff.csv"),
    "litter.zip": lambda rows: pack(("rows.csv", rows), ("__MACOSX/._rows.csv", b"x"), (".DS_Store", b"x"), ("Thumbs.db", b"x")),
}
BAD = {
    "traversal.zip": (lambda rows: pack(("../rows.csv", rows)), "leads out"),
    "absolute.zip": (lambda rows: pack(("/etc/rows.csv", rows)), "leads out"),
    "backslash.zip": (lambda rows: pack(("..\\rows.csv", rows)), "leads out"),
    "drive.zip": (lambda rows: pack(("C:rows.csv", rows)), "leads out"),
    "line-end.zip": (lambda rows: pack(("rows\n.csv", rows)), "leads out"),
    "link.zip": (lambda _: link("rows.csv", "/etc/passwd"), "link"),
    "several.zip": (lambda rows: pack(("one.csv", rows), ("two.csv", rows)), "holds 2 files"),
    "none.zip": (lambda _: pack(), "holds 0 files"),
    "folder.zip": (lambda _: pack(("folder/", b"")), "holds 0 files"),
    "nested.zip": (lambda rows: pack(("rows.zip", pack(("rows.csv", rows)))), "another archive"),
    "nested-in-disguise.zip": (lambda rows: pack(("rows.csv", pack(("rows.csv", rows)))), "another archive"),
    "gzip-in-zip.zip": (lambda rows: pack(("rows.csv", gzip.compress(rows))), "another archive"),
    "gzip-twice.gz": (lambda rows: gzip.compress(gzip.compress(rows)), "another archive"),
    "zip-in-gzip.gz": (lambda rows: gzip.compress(pack(("rows.csv", rows))), "another archive"),
    "rows.tar.gz": (lambda rows: gzip.compress(make_tar(rows)), "another archive"),
    "bzip2-inside.zip": (lambda rows: pack(("rows.csv", bz2.compress(rows))), "another archive"),
    "password.zip": (lambda rows: lock(pack(("rows.csv", rows))), "password"),
    "bzip2.zip": (lambda rows: pack(("rows.csv", rows), method=zipfile.ZIP_BZIP2), "packed in a way"),
    "cut.gz": (lambda rows: gzip.compress(rows)[:-40], "damaged"),
    "wrong-sum.gz": (lambda rows: flip(gzip.compress(rows), -6), "damaged"),
    "rubbish-behind.gz": (lambda rows: gzip.compress(rows) + b"rubbish", "damaged"),
    "cut.zip": (lambda rows: pack(("rows.csv", rows))[:-40], "damaged"),
    "wrong-contents.zip": (lambda rows: flip(pack(("rows.csv", rows), method=zipfile.ZIP_STORED), 200), "damaged"),
    "other-name-within.zip": (lambda rows: pack(("rows.csv", rows)).replace(b"rows.csv", b"else.csv", 1), "damaged"),
    "wide-directory.zip": (lambda _: pack(*((f"{'x' * 60_000}{i}", b"") for i in range(20))), "damaged"),
    "empty-inside.zip": (lambda _: pack(("rows.csv", b"")), "is empty"),
    "bomb.zip": (lambda _: pack(("rows.csv", bytes(40 << 20))), "bytes come out"),
    "bomb.gz": (lambda _: gzip.compress(bytes(40 << 20)), "bytes come out"),
}


@pytest.mark.parametrize("name", SOUND)
def test_the_one_data_file_is_taken_out_and_nothing_stays(tmp_path, name, rows):
    path = tmp_path / name
    path.write_bytes(SOUND[name](rows))
    with unpack(path) as plain:
        assert plain.read_bytes() == rows
        assert stat.S_IMODE(plain.parent.stat().st_mode) == 0o700
        assert plain.name.startswith(name.split(".")[0])
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", BAD)
def test_what_should_not_be_in_an_archive_refuses_it(tmp_path, name, rows, capsys):
    make, reason = BAD[name]
    path = tmp_path / name
    path.write_bytes(make(rows))
    out = ["--output", str(tmp_path / "out.parquet"), "--report", str(tmp_path / "out.json")]
    assert run(["intake", "convert", str(path), *TABLE, *out, "--lang", "en"]) == 12
    errors = capsys.readouterr().err
    assert reason in errors
    assert "error:" in errors
    assert "hint:" in errors
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("over", "refused"), [(-1, True), (0, False), (1, False)])
def test_the_limit_is_exact(tmp_path, rows, over, refused):
    path = tmp_path / "rows.gz"
    path.write_bytes(gzip.compress(rows))
    limits = ArchiveLimits(plain_bytes=len(rows) + over)
    if not refused:
        with unpack(path, limits) as plain:
            assert plain.stat().st_size == len(rows)
        return
    with pytest.raises(FileRejected, match="come out"), unpack(path, limits):
        pass


def test_a_plain_file_and_a_workbook_are_yielded_themselves(tmp_path, rows):
    book = tmp_path / "book.xlsx"
    write_dummy(book, table="kokuho_benefit", layout=None, rows=3)
    for path, content in ((tmp_path / "rows.csv", rows), (book, book.read_bytes())):
        path.write_bytes(content)
        with unpack(path) as plain:
            assert plain == path


def test_a_workbook_in_a_zip_is_read(tmp_path, capsys):
    book = tmp_path / "book.xlsx"
    write_dummy(book, table="kokuho_benefit", layout=None, rows=3)
    (tmp_path / "book.zip").write_bytes(pack(("名簿.xlsx", book.read_bytes())))
    assert run(["intake", "check", str(tmp_path / "book.zip"), "--table", "kokuho_benefit", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows_out"] == 3


def test_the_account_speaks_of_the_archive_and_the_bundle_holds_the_data_file(tmp_path, rows, capsys):
    from pyrage import x25519

    path, key = tmp_path / "rows.zip", tmp_path / "office.age.pub"
    path.write_bytes(pack(("rows.csv", rows), ("Thumbs.db", b"not to be handed over")))
    key.write_text(str(x25519.Identity.generate().to_public()), encoding="utf-8")
    assert run(["intake", "check", str(path), *TABLE, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["source_sha256"] == sha256_file(path)
    sending = ["--to", str(key), "--municipality", "902012", "--as-of", "2025-04-01", "--output", str(tmp_path / "x.sakusei"), "--json"]
    assert run(["intake", "seal", str(path), *TABLE, *sending]) == 0
    source = json.loads(capsys.readouterr().out)["manifest"]["source"]
    assert (source["suffix"], source["size_bytes"]) == (".csv", len(rows))


def test_folders_of_killed_runs_are_swept_and_those_of_living_ones_stay(tmp_path, rows):
    path = tmp_path / "rows.gz"
    path.write_bytes(gzip.compress(rows))
    # no process has this number: it is above the highest that Linux gives
    dead, alive = (tmp_path / f".sakusei-unpacked-{number}-{'0' * 12}" for number in (2**22 + 1, os.getpid()))
    for folder in (dead, alive):
        folder.mkdir()
        (folder / "rows.csv").write_bytes(rows)
    with unpack(path):
        assert not dead.exists()
        assert alive.exists()
