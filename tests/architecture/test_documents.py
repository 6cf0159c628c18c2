"""Documents and code say the same: commands, options, exit codes, settings, terms, decisions."""

import re
from pathlib import Path

import click
import pytest

from casework.commands import COMMANDS
from casework.console import root
from schemas import errors

ROOT = Path(__file__).parent.parent.parent
PAGES = ("README.md", "README.ja.md")
CALL = re.compile(r"^\s*(?:\$ )?(?:\.venv/bin/)?sakusei ([^\n|>#]*)", re.MULTILINE)


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def walk(command, path):
    yield path, command
    for name, child in getattr(command, "commands", {}).items():
        yield from walk(child, f"{path} {name}")


def all_commands():
    context = click.Context(root)
    return [found for name in COMMANDS for found in walk(root.get_command(context, name), name)]


def resolve(words):
    """Return the command a line of words calls, and the words left."""
    command, words = root.get_command(click.Context(root), words[0]), words[1:]
    while words and isinstance(command, click.Group):
        command, words = command.commands[words[0]], words[1:]
    return command, words


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_exists_with_its_options(page):
    calls = [found.split() for found in CALL.findall(read(page).replace("\\\n", " "))]
    assert len(calls) >= 10
    for words in calls:
        if words[0].startswith("-"):
            continue
        command, rest = resolve(words)
        known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
        unknown = {word.split("=")[0] for word in rest if word.startswith("--")} - known
        assert not unknown, f"{page}: sakusei {' '.join(words)}: {unknown}"


def test_every_command_is_in_the_reference():
    reference = read("docs/commands.md")
    for path, _command in all_commands():
        assert f"`sakusei {path}`" in reference


def test_every_command_and_option_has_a_help():
    for path, command in all_commands():
        assert command.help, path
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, f"{path} {parameter.name}"


def test_every_exit_code_is_documented():
    reference = read("docs/exit-codes.md")
    for error in errors.SakuseiError.__subclasses__():
        assert f"| {error.exit_code} | `{error.code}` |" in reference


def test_every_environment_variable_is_documented():
    names = {name for path in ROOT.glob("*/**/*.py") if "tests" not in path.parts and ".venv" not in path.parts
             for name in re.findall(r"SAKUSEI_[A-Z_]+", path.read_text(encoding="utf-8"))}  # fmt: skip
    for name in names:
        assert name in read("README.md"), name


def test_decisions_are_numbered_without_gaps_and_have_their_sections():
    pages = sorted((ROOT / "docs" / "adr").glob("*.md"))
    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for section in ("## Context", "## Decision", "## What it costs"):
            assert section in text, f"{page.name} lacks {section}"


def test_every_make_target_is_in_help():
    text = read("Makefile")
    for target in ("setup", "demo", "check", "fix", "test", "test-all", "bench", "docs"):
        assert re.search(rf"^{target}:.*## ", text, re.MULTILINE), target
