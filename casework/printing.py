"""What reaches the terminal: replies to standard output, errors and hints to standard error, click's own words in the reader's language.

Decided here: the form of both. Not decided here: exit codes (`schemas.errors`) and what a command answers.
"""

import os
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import click
from rich.console import Console

from casework import i18n
from schemas.errors import AnswerNotPrinted, SakuseiError
from schemas.files import readable_json
from schemas.messages import N_, Name

if TYPE_CHECKING:
    from casework.console import Reply, Session

PIPED_WIDTH = 160
# OPTIONS, INTEGER RANGE, TEXT …; not what stands in an id or a pattern (C-ID, YYYY-MM-DD).
PLACEHOLDER = re.compile(r"(?<![A-Za-z0-9_-])[A-Z]{4,}(?: RANGE)?(?![A-Za-z0-9_-])")


def print_reply(reply: "Reply", session: "Session") -> None:
    """Print a reply to standard output, as JSON or for people.

    Raises
    ------
    AnswerNotPrinted
        Standard output is full, closed, or cannot hold the characters.
    BrokenPipeError
        Whoever read the answer has gone.
    """
    if sys.stdout is None:
        raise _not_printed("?")
    try:
        click.echo(readable_json(reply.data, default=str).decode() if session.as_json else _render(reply), nl=False)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _not_printed(os.strerror(error.errno) if error.errno else type(error).__name__) from error
    except UnicodeEncodeError as error:
        raise _not_printed(type(error).__name__) from error


def _render(reply: "Reply") -> str:
    """Return the answer for people as standard output shows it."""
    out = Console(soft_wrap=True, highlight=False, markup=False)
    if not out.is_terminal:
        out.width = PIPED_WIDTH
    parts = [reply.text] if isinstance(reply.text, str) or not isinstance(reply.text, Sequence) else reply.text
    with out.capture() as captured:
        for part in parts:
            if part != "":
                out.print(part)
    return captured.get()


def _not_printed(cause: str) -> AnswerNotPrinted:
    return AnswerNotPrinted(
        N_("the answer could not be printed ({cause}); the step itself is done"),
        N_("do not repeat the step; see what was done with: sakusei status, sakusei audit log"),
        cause=Name(cause),
    )


def drop_output() -> None:
    """Let what standard output could not take go nowhere, so that the end of the program does not try again."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def show_error(error: SakuseiError) -> None:
    """Print an error, what led to it, and the hint to standard error."""
    lines = [f"error: {error.message.render(i18n.translate)}"]
    lines += [f"  - {line}" for line in error.lines(i18n.translate)]
    _complain([*lines, f"hint: {error.hint.render(i18n.translate)}"])


def show_usage_error(usage: click.ClickException) -> None:
    """Print what was wrong with the words of a command, and where its help is; a group alone shows its help first."""
    context = getattr(usage, "ctx", None)
    command = context.command_path if context else "sakusei"
    lines = []
    if isinstance(usage, click.exceptions.NoArgsIsHelpError):
        lines += [usage.format_message(), ""]
        text = i18n.translate(N_("Missing command."))
    else:
        text = translate_type(usage)
    hint = i18n.translate(N_("see {command} --help"))
    _complain([*lines, f"error: {text}", f"hint: {hint.format(command=command)}"])


def _complain(lines: list[str]) -> None:
    # A full or closed standard error must not change the exit code.
    with suppress(OSError):
        click.echo("\n".join(lines), err=True)


def translate_type(usage: click.ClickException) -> str:
    """Return click's message with the name of the type, which click leaves in English, in the reader's language."""
    text, param = usage.format_message(), getattr(usage, "param", None)
    name = param.type.name if param is not None else ""
    translated = i18n.translate(name)
    return text if translated == name else text.replace(f" {name} ", f" {translated} ")


def translate_placeholders(text: str) -> str:
    """Return the placeholders of a usage line or an option in the reader's language."""
    return PLACEHOLDER.sub(lambda found: i18n.translate(found[0]), text)
