"""The console: common options, languages, replies, errors and exit codes."""

import json

import click
import pytest

from casework import console, i18n
from casework.commands import COMMANDS, CommandEntry
from casework.console import Command, Reply, Session, run
from schemas.errors import FileRejected
from schemas.messages import Name


@click.command(cls=Command)
@click.option("--fail", type=click.Choice(["known", "unknown", "no"]))
@click.pass_obj
def trial(session: Session, fail: str | None) -> Reply:
    """Show the version and exit."""
    if fail == "known":
        raise FileRejected("no rows in {file}", "send it again", file=Name("a.csv"))
    if fail == "unknown":
        raise ValueError("a value of a cell: 東京花子")
    text = f"home={session.home} actor={session.actor} language={session.language}"
    return Reply({"home": str(session.home), "actor": session.actor}, text, exit_code=15 if fail == "no" else 0)


@pytest.fixture(autouse=True)
def trial_command(monkeypatch):
    monkeypatch.setitem(COMMANDS, "trial", CommandEntry(f"{__name__}:trial", "a trial"))
    monkeypatch.setattr(console.importlib, "import_module", lambda _name: type("Room", (), {"trial": trial}))
    yield
    i18n.use_language("en")


@pytest.mark.parametrize(
    "words",
    [
        ["--home", "h", "--as", "p", "trial", "--json"],
        ["trial", "--home", "h", "--as", "p", "--json"],
        ["--json", "trial", "--home=h", "--as=p"],
    ],
)
def test_common_options_stand_anywhere(capsys, words):
    assert run(words) == 0
    assert json.loads(capsys.readouterr().out) == {"home": "h", "actor": "p"}


def test_environment_gives_the_defaults(capsys, monkeypatch):
    monkeypatch.setenv("SAKUSEI_HOME", "/somewhere")
    monkeypatch.setenv("SAKUSEI_ACTOR", "someone")
    monkeypatch.setenv("SAKUSEI_LANG", "ja_JP.UTF-8")
    assert run(["trial"]) == 0
    assert capsys.readouterr().out.strip() == "home=/somewhere actor=someone language=ja"


def test_known_error_has_text_hint_and_code(capsys):
    assert run(["trial", "--fail", "known"]) == 12
    captured = capsys.readouterr()
    assert captured.err == "error: no rows in a.csv\nhint: send it again\n"
    assert captured.out == ""


def test_unknown_error_shows_its_place_but_never_its_text(capsys):
    assert run(["trial", "--fail", "unknown"]) == 70
    captured = capsys.readouterr()
    assert "ValueError" in captured.err
    assert "test_console.py" in captured.err
    assert "東京花子" not in captured.err + captured.out


def test_a_reply_can_be_a_no(capsys):
    assert run(["trial", "--fail", "no"]) == 15
    assert "home=" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["nothing"], ["trial", "--nothing"], ["trial", "--fail", "x"], ["trial", "extra"]])
def test_usage_errors_are_2_with_a_hint(capsys, words):
    assert run(words) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: ")
    assert "\nhint: " in err


@pytest.mark.parametrize("words", [["--lang", "ja", "--help"], ["--help"]])
def test_help_is_in_japanese(capsys, monkeypatch, words):
    if "--lang" not in words:
        monkeypatch.setenv("SAKUSEI_LANG", "ja")
    assert run(words) == 0
    out = capsys.readouterr().out
    assert "使い方:" in out
    assert "この説明を表示して終わります。" in out
    assert "案件とファイルの状況" in out


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "ja_JP.UTF-8"}, "ja"),
        ({"LANG": "ja_JP.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"SAKUSEI_LANG": "ja", "LC_ALL": "C"}, "ja"),
        ({"SAKUSEI_LANG": "en", "LANG": "ja"}, "en"),
    ],
)
def test_language_is_found_in_order(environment, language):
    assert i18n.find_language(environment) == language
