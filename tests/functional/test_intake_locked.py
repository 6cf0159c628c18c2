"""Locked files as a person gives them: with the password in a file or typed in, and what happens without it."""

import io
import json
import sys

import pytest
from msoffcrypto.format.ooxml import OOXMLFile

from casework.console import run
from sample_data.bad_parts import make_waitlist

SECRET = "ひみつ-2025"  # noqa: S105 - of files made here
TABLE = ["--table", "nursing_home_waitlist", "--layout", "plain"]


@pytest.fixture
def locked(tmp_path):
    path = tmp_path / "名簿.xlsx"
    with path.open("wb") as target:
        OOXMLFile(io.BytesIO(make_waitlist())).encrypt(SECRET, target)
    return path


def write_password(folder, text, name="password.txt"):
    path = folder / name
    path.write_text(text, encoding="utf-8-sig")
    return str(path)


def test_with_the_password_in_a_file_the_workbook_is_checked_and_converted(tmp_path, locked, capsys):
    password = write_password(tmp_path, f"{SECRET}\r\nsecond line\r\n")
    assert run(["intake", "check", str(locked), *TABLE, "--password-file", password, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows_out"] == 1
    outputs = ["--output", str(tmp_path / "o.parquet"), "--report", str(tmp_path / "r.json")]
    assert run(["intake", "convert", str(locked), *TABLE, "--password-file", password, *outputs]) == 0
    assert SECRET not in (tmp_path / "r.json").read_text(encoding="utf-8")
    assert SECRET not in capsys.readouterr().out
    assert run(["intake", "layout", str(locked), *TABLE[:2], "--password-file", password, "--output", str(tmp_path / "l.yaml")]) == 0


def test_the_password_may_be_typed_in(locked, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{SECRET}\n"))
    monkeypatch.setattr("getpass.getpass", lambda *_a, **_k: SECRET)
    assert run(["intake", "check", str(locked), *TABLE, "--password-file", "-"]) == 0
    streams = capsys.readouterr()
    assert SECRET not in streams.out + streams.err


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [(None, 12, "is locked with a password"), ("another", 12, "does not open"), ("", 10, "holds no password")],
)
def test_without_the_right_password_nothing_is_written(tmp_path, locked, text, code, words, capsys):
    given = [] if text is None else ["--password-file", write_password(tmp_path, text)]
    before = sorted(tmp_path.iterdir())
    outputs = ["--output", str(tmp_path / "o.parquet"), "--report", str(tmp_path / "r.json")]
    assert run(["intake", "convert", str(locked), *TABLE, *given, *outputs]) == code
    errors = capsys.readouterr().err
    assert words in errors
    assert "hint:" in errors
    assert sorted(tmp_path.iterdir()) == before


def test_a_password_file_that_is_not_there_or_no_text_is_named(tmp_path, locked, capsys):
    assert run(["intake", "check", str(locked), *TABLE, "--password-file", str(tmp_path / "none")]) == 10
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\xfd")
    assert run(["intake", "check", str(locked), *TABLE, "--password-file", str(tmp_path / "bytes")]) == 10
    assert capsys.readouterr().err.count("error:") == 2


def test_what_is_sealed_has_no_lock_of_its_own(tmp_path, locked, capsys):
    import pyrage

    key = pyrage.x25519.Identity.generate()
    (tmp_path / "office.age.pub").write_text(f"{key.to_public()}\n", encoding="ascii")
    bundle = tmp_path / "b.sakusei"
    sending = ["--to", str(tmp_path / "office.age.pub"), "--municipality", "902012", "--as-of", "2025-04-01", "--output", str(bundle)]
    password = write_password(tmp_path, SECRET)
    assert run(["intake", "seal", str(locked), *TABLE, *sending, "--password-file", password, "--json"]) == 0
    manifest = json.loads(capsys.readouterr().out)["manifest"]
    assert manifest["source"]["suffix"] == ".xlsx"
    assert SECRET not in json.dumps(manifest, ensure_ascii=False)
    assert manifest["source"]["sha256"]
    assert SECRET.encode() not in bundle.read_bytes()
