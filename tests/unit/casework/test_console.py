"""The console: common options, languages, replies, errors and exit codes."""

import importlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator

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


# Tests replace it for the trial command.
IMPORT = importlib.import_module


def call(*words: str, into: str) -> subprocess.CompletedProcess[str]:
    """Run the real program under a shell, which decides where its output goes."""
    code = "from casework.console import main; main()"
    script = f'exec "$0" -c "$1" "${{@:2}}" {into}'
    return subprocess.run(["bash", "-c", script, sys.executable, code, *words], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("into", ["> /dev/full", ">&-"])
@pytest.mark.parametrize("more", [[], ["--json"]])
def test_an_answer_that_cannot_be_printed_says_that_the_step_is_done(tmp_path, into, more):
    done = call("init", "--home", str(tmp_path / "office"), "--as", "chief", "--synthetic", *more, into=into)
    assert done.returncode == 19
    assert "error: the answer could not be printed" in done.stderr
    assert "the step itself is done\nhint: do not repeat the step" in done.stderr
    assert "nothing was written" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert (tmp_path / "office" / "office.yaml").is_file()


def test_a_full_standard_error_leaves_the_exit_code(tmp_path):
    assert call("status", "--home", str(tmp_path), into="2> /dev/full").returncode == 10


def test_a_no_stays_a_no_where_it_cannot_be_printed(capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    assert run(["trial", "--fail", "no"]) == 15
    assert "error: the answer could not be printed" in capsys.readouterr().err


def test_an_unexpected_failure_does_not_claim_to_know_what_was_written(capsys):
    assert run(["trial", "--fail", "unknown"]) == 70
    assert "nothing was written" not in capsys.readouterr().err


@pytest.fixture
def rooms(monkeypatch):
    """The real commands again."""
    monkeypatch.setattr(console.importlib, "import_module", IMPORT)
    monkeypatch.delitem(COMMANDS, "trial")


@pytest.mark.usefixtures("rooms")
@pytest.mark.parametrize("words", [["person", "--lang", "ja", "--help"], ["person", "--json", "--home", "h", "--as", "p", "--help"]])
def test_groups_take_the_common_options(capsys, words):
    assert run(words) == 0
    out = capsys.readouterr().out
    assert all(f"  {name} " in out for name in ("--home", "--as", "--lang", "--json"))


@pytest.mark.usefixtures("rooms")
@pytest.mark.parametrize("words", [["person"], ["person", "--lang", "en"], []])
def test_a_group_alone_shows_its_help_and_a_short_error(capsys, words):
    assert run(words) == 2
    captured = capsys.readouterr()
    lines = captured.err.splitlines()
    assert lines[-2:] == ["error: Missing command.", f"hint: see {' '.join(['sakusei', *words[:1]])} --help"]
    assert len(lines) == 2 or lines[0].startswith("Usage: ")
    assert captured.out == ""


def helps(command: click.Command, parent: click.Context | None, name: str) -> Iterator[tuple[str, str]]:
    """Every help text below a command, with its path."""
    context = click.Context(command, parent=parent, info_name=name)
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            yield from helps(command.get_command(context, below), context, below)


@pytest.mark.usefixtures("rooms")
def test_no_placeholder_of_click_is_left_in_english():
    i18n.use_language("ja")
    texts = dict(helps(console.root, None, "sakusei"))
    left = re.compile(r"OPTIONS|COMMAND|ARGS|INTEGER|FLOAT|TEXT|PERSON|DIRECTORY|FILE|RANGE")
    assert len(texts) > 50
    assert {path: left.findall(text) for path, text in texts.items() if left.search(text)} == {}


@pytest.mark.usefixtures("rooms")
@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["fee", "C-0001", "--third-parties", "x"], "'x' は 整数 として正しくありません。"),
        (["fee", "C-0001", "--hours", "x"], "'x' は 数値 として正しくありません。"),
        (["fee", "C-0001", "--on", "x"], "'x' は書式 '%Y-%m-%d' に合いません。"),
    ],
)
def test_usage_errors_are_in_japanese_to_the_last_word(capsys, words, text):
    assert run(["--lang", "ja", *words]) == 2
    assert text in capsys.readouterr().err
