"""Words and file names that are not UTF-8, as Windows and old archives leave them: read where they can be, refused with words elsewhere."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from casework.console import run

BYTES = b"\x83\x65\x83\x58\x83\x67"  # テスト in CP932

pytestmark = pytest.mark.skipif(sys.platform == "darwin", reason="file names are UTF-8 there")


def decode(name: bytes) -> str:
    return name.decode("utf-8", errors="surrogateescape")


@pytest.mark.parametrize(
    "words",
    [
        ["proposal", "show", "C-\udcff"],
        ["\udcff"],
        ["--lang", "\udcff"],
        ["init", "--home", "office", "--name", "\ud83d"],
        ["intake", "check", "absent\udcff.csv", "--table", "kokuho_benefit"],
    ],
)
@pytest.mark.parametrize(("language", "said"), [("en", "not UTF-8"), ("ja", "UTF-8ではない")])
def test_a_word_that_is_no_text_is_refused_by_its_number(
    words: list[str], language: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SAKUSEI_LANG", language)
    assert run(words) == 2
    told = capsys.readouterr().err
    assert said in told
    assert "error:" in told
    assert "hint:" in told
    assert "udc" not in told
    assert list(tmp_path.iterdir()) == []


def test_a_file_named_in_cp932_is_read_or_refused_with_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = os.fsencode(tmp_path)
    assert run(["intake", "dummy", "--table", "nursing_home_waitlist", "--rows", "200", "--output", str(tmp_path / "made.csv")]) == 0
    name = folder + b"/" + BYTES + b".csv"
    shutil.copy(tmp_path / "made.csv", decode(name))
    capsys.readouterr()
    assert run(["intake", "check", decode(name), "--table", "nursing_home_waitlist"]) == 0
    assert "error" not in capsys.readouterr().err
    output = folder + b"/" + BYTES + b".parquet"
    assert (
        run(["intake", "convert", decode(name), "--table", "nursing_home_waitlist", "--output", decode(output), "--report", "r.json"]) == 2
    )
    assert not os.path.lexists(output)
    # The engine opens files by UTF-8 names alone: it says so, not that something unexpected happened.
    shutil.copy(tmp_path / "made.csv", decode(output))
    assert run(["anonymize", "verify", "--input", decode(output), "--plan", decode(output)]) in {2, 12, 13}
    assert "unexpected" not in capsys.readouterr().err
