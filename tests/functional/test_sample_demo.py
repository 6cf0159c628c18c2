"""The demonstration from nothing: verified releases, refusals on purpose, no personal mark outside vault and senders' folders."""

import json
import tempfile

import pandas as pd
import pytest

from casework.console import run
from sample_data.canaries import find_canaries, load_canaries
from sample_data.demo_home import MARKER, open_run
from schemas.errors import SettingsError

PEOPLE = "1400"
SENDERS = ("kokuho", "waitlist", "waitlist-corrected", "staff")
REFUSALS = ["proposal decide", "intake seal", "anonymize process", "risk review"]


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    home = tmp_path_factory.mktemp("demo") / "home"
    temporary = home.parent / "temporary"
    temporary.mkdir()
    from sample_data.stage import run_quietly

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(temporary))
        patch.setenv("TMPDIR", str(temporary))
        code, text = run_quietly(["demo", "--home", str(home), "--people", PEOPLE, "--canaries"], home.parent)
    return home, code, text


def test_it_ends_in_verified_releases(story, capsys):
    home, code, text = story
    assert code == 0, text[-2000:]
    packages = sorted((home / "0001" / "office" / "releases").glob("*.zip"))
    assert len(packages) == 3
    for package in packages:
        assert run(["release", "verify", str(package), "--key", str(home / "0001" / "office" / "office.pub.pem")]) == 0
    tables = sorted((home / "0001" / "office" / "releases").glob("L-*/data/*.parquet"))
    assert len(tables) == 3
    assert all(len(pd.read_parquet(table)) for table in tables)


def test_all_eight_steps_are_shown_with_the_commands_of_people(story):
    _, _, text = story
    assert [mark for mark in "⓪①②③④⑤⑥⑦⑧" if f"\n{mark}" in text] == list("⓪①②③④⑤⑥⑦⑧")
    assert "$ sakusei proposal submit" in text
    assert "--home" not in text


def test_refusals_are_part_of_it(story):
    _, _, text = story
    lines = text.splitlines()
    refused = [place for place, line in enumerate(lines) if "refused on purpose" in line]
    commands = [next(line for line in reversed(lines[:place]) if line.startswith("  $ sakusei")) for place in refused]
    assert [" ".join(command.split()[2:4]) for command in commands] == REFUSALS


def test_no_personal_mark_is_outside_the_senders_folders_and_the_vault(story):
    home, _, text = story
    folder = home / "0001"
    marks = tuple(mark for name in SENDERS for mark in load_canaries(folder / name / "synthetic-canaries.json"))
    assert len(marks) > 50
    assert {sighting.canary.table for name in SENDERS for sighting in find_canaries(folder / name, marks)} == {mark.table for mark in marks}
    for part in sorted(folder.iterdir()):
        if part.name not in SENDERS:
            assert find_canaries(part, marks) == [], part.name
    (folder / "screen.txt").write_text(text, encoding="utf-8")
    assert find_canaries(folder / "screen.txt", marks) == []
    assert find_canaries(home.parent / "temporary", marks) == []


def test_no_plain_text_is_left_in_the_work_folder(story):
    home, _, _ = story
    assert not [path for path in (home / "0001" / "office" / "work").rglob("*") if path.is_file() and path.stat().st_size]


def test_the_books_hold_and_the_papers_are_there(story, capsys):
    home, _, _ = story
    assert run(["audit", "verify", "--home", str(home / "0001" / "office"), "--as", "auditor-1"]) == 0
    assert (home / "0001" / "portal" / "index.html").is_file()
    assert len(list((home / "0001" / "letters").glob("*.html"))) >= 8


def test_a_second_run_gets_a_folder_of_its_own(tmp_path):
    assert [open_run(tmp_path / "home").name for _ in range(2)] == ["0001", "0002"]


def test_a_folder_of_others_is_never_touched(tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    assert run(["demo", "--home", str(tmp_path)]) == 10
    found = capsys.readouterr().err
    assert "error:" in found
    assert "hint:" in found
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_workspace_of_an_office_is_never_touched(tmp_path, capsys):
    assert run(["init", "--home", str(tmp_path / "office"), "--as", "somebody"]) == 0
    before = sorted(path.name for path in (tmp_path / "office").iterdir())
    with pytest.raises(SettingsError, match="not a folder of the demonstration"):
        open_run(tmp_path / "office")
    assert sorted(path.name for path in (tmp_path / "office").iterdir()) == before


def test_the_folder_says_that_it_is_synthetic(tmp_path):
    open_run(tmp_path / "home")
    assert json.loads((tmp_path / "home" / MARKER).read_text(encoding="utf-8"))["synthetic"] is True
    assert "架空" in (tmp_path / "home" / "README.md").read_text(encoding="utf-8")
