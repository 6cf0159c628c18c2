"""The way in: finds commands late, gives each the common options, prints replies, turns errors into text and exit codes.

A command function parses nothing and prints nothing: click hands it values, it makes one call and returns a `Reply`.
"""

import dataclasses
import importlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from casework import i18n
from casework.commands import COMMANDS
from casework.failures import to_known
from casework.help_pages import WideContext
from casework.printing import drop_output, print_reply, show_error, show_usage_error, translate_placeholders
from casework.words import blame_names, check_words
from schemas.errors import AnswerNotPrinted
from schemas.messages import N_

EXIT_INTERRUPTED = 130


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What the person said about how to work: workspace, who they are, language, form of the answer."""

    home: Path | None = None
    actor: str | None = None
    language: str = "en"
    as_json: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Reply:
    """What a command answers.

    Parameters
    ----------
    data : Mapping[str, object]
        The whole answer for `--json`; plain JSON types.
    text : RenderableType or sequence of them
        The answer for people, already in their language.
    exit_code : int
        0 unless the answer itself is a no.
    """

    data: Mapping[str, object]
    text: RenderableType | Sequence[RenderableType] = ""
    exit_code: int = 0


class Option(click.Option):
    """An option whose help is in the reader's language."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return names and translated help."""
        original = self.help
        self.help = i18n.translate(original) if original else original
        try:
            return super().get_help_record(ctx)
        finally:
            self.help = original

    def make_metavar(self, ctx: click.Context) -> str:
        """Return the placeholder of the value in the reader's language."""
        return translate_placeholders(super().make_metavar(ctx))


def common_options() -> list[click.Parameter]:
    """Return the options every command has."""
    return [
        Option(["--home"], type=click.Path(path_type=Path, file_okay=False), help=N_("workspace folder [SAKUSEI_HOME]"), expose_value=False,
               callback=_remember("home"), is_eager=True),
        Option(["--as"], metavar="PERSON", help=N_("who acts: a person of the office [SAKUSEI_ACTOR]"), expose_value=False,
               callback=_remember("actor"), is_eager=True),
        Option(["--lang"], type=click.Choice(i18n.LANGUAGES), help=N_("language of messages [SAKUSEI_LANG, locale]"), expose_value=False,
               callback=_remember("language"), is_eager=True),
        Option(["--json"], is_flag=True, default=None, help=N_("answer as JSON"), expose_value=False, callback=_remember("as_json"),
               is_eager=True),
    ]  # fmt: skip


def _remember(field: str) -> Any:
    """Return a callback that keeps a common option in the session of the whole run."""

    def callback(ctx: click.Context, _param: click.Parameter, value: object) -> None:
        if value is not None and not ctx.resilient_parsing:
            root = ctx.find_root()
            root.obj = dataclasses.replace(root.obj or Session(), **{field: value})
            if field == "language":
                i18n.use_language(str(value))

    return callback


class Translated(click.Command):
    """A command whose help is in the reader's language."""

    context_class = WideContext

    def get_short_help_str(self, limit: int = 100) -> str:
        """Return the first line of the help in the reader's language."""
        return i18n.translate(_first_paragraph(self.help))[:limit]

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the translated help."""
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(i18n.translate(_first_paragraph(self.help)))

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Return the words of the usage line in the reader's language."""
        return [translate_placeholders(piece) for piece in super().collect_usage_pieces(ctx)]

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Return `--help`, explained in the reader's language (click would keep the language of the first call)."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = i18n.translate(N_("Show this message and exit."))
        return option


class Command(Translated):
    """A command with the common options, whose reply is printed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(common_options())

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command with the final session, and print its reply."""
        ctx.obj = ctx.find_root().obj or Session()
        reply = super().invoke(ctx)
        if isinstance(reply, Reply):
            _print(reply, ctx.obj)
            if reply.exit_code:
                ctx.exit(reply.exit_code)
        return reply


def _print(reply: Reply, session: Session) -> None:
    """Print a reply; when the answer is a no, that is what the exit code says even if it could not be printed."""
    try:
        print_reply(reply, session)
    except AnswerNotPrinted as failure:
        if not reply.exit_code:
            raise
        show_error(failure)


class Group(Translated, click.Group):
    """A group with the common options, whose commands are `Command`s."""

    command_class = Command

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(common_options())


class Root(Group):
    """The root: knows its commands by dotted names and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the eight steps."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command; None when there is no such name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].target.partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List commands with their help from the table, without importing them."""
        with formatter.section(i18n.translate(N_("Commands"))):
            formatter.write_dl([(name, i18n.translate(entry.help)) for name, entry in COMMANDS.items()])


def _first_paragraph(text: str | None) -> str:
    return " ".join((text or "").strip().split("\n\n")[0].split())


@click.command(cls=Root, name="sakusei")
@click.version_option(package_name="sakusei", prog_name="sakusei", cls=Option, help=N_("show the version and stop"))
def root() -> None:
    """Make de-identified data out of municipal files: from the register to the signed release."""


@contextmanager
def progress(description: str, total: int | None = None) -> Iterator[Any]:
    """Show a bar on a terminal while long work runs; yields `advance(steps)`.

    Parameters
    ----------
    description : str
        English template; shown in the reader's language.
    total : int or None
        Steps in all; None when unknown.
    """
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    err = Console(stderr=True)
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task(i18n.translate(description), total=total)
        yield lambda steps=1: bar.advance(task, steps)


def _session(environment: Mapping[str, str], arguments: Sequence[str]) -> Session:
    """Return what the environment and `--lang` say before click reads anything, so that its help is in the right language."""
    home = environment.get("SAKUSEI_HOME")
    asked = dict(pairwise(arguments)).get("--lang", "")
    return Session(
        home=Path(home) if home else None,
        actor=environment.get("SAKUSEI_ACTOR"),
        language=asked if asked in i18n.LANGUAGES else i18n.find_language(environment),
    )


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code; the same for a terminal, the demonstration and tests."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    session = _session(os.environ, words)
    i18n.use_language(session.language)
    try:
        check_words(words)
        result = root.main(args=words, prog_name="sakusei", standalone_mode=False, obj=session)
    except (click.Abort, KeyboardInterrupt):
        click.echo(i18n.translate(N_("stopped; nothing was left half-written")), err=True)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        return 0
    except Exception as error:  # noqa: BLE001 - the one place where every failure becomes text and an exit code
        return _explain(blame_names(error, words))
    return result if isinstance(result, int) else 0


def _explain(error: Exception) -> int:
    """Print why a command stopped, and return its exit code."""
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, click.ClickException):
        show_usage_error(error)
        return error.exit_code
    known = to_known(error)
    show_error(known)
    return known.exit_code


def main() -> None:
    """Entry point of `sakusei`."""
    code = run()
    drop_output()
    sys.exit(code)
