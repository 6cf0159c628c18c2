"""The stage of the demonstration: real commands, run in this process, shown as a person would type them, with what they answer.

Decided here: how a step looks, and that an exit code other than the expected one ends the demonstration. Not decided here: the story.
"""

import io
import re
import shlex
import unicodedata
from collections.abc import Sequence
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path

import click

from casework import console
from casework.i18n import translate
from schemas.errors import InternalError
from schemas.messages import N_, Name

LINES_SHOWN = (3, 3)  # at the beginning and at the end of an answer
COLUMNS_SHOWN = 118
BORDERS = re.compile(r"^[\s─━┏┓┗┛┡┩└┘├┤┬┴┼╇╈┳┻═-]*$")
HOME_NAME = "office"


@dataclass(slots=True)
class Stage:
    """Where the demonstration plays.

    Parameters
    ----------
    folder : Path
        The run's own folder: all paths on stage start here.
    language : str
        `ja` or `en`.
    quiet : bool
        Whether nothing is printed (answers in JSON).
    commands : int
        Commands run so far.
    """

    folder: Path
    language: str
    quiet: bool = False
    commands: int = 0
    refusals: list[str] = field(default_factory=list)

    def show_step(self, title: str) -> None:
        """Print the heading of a step."""
        self._print("")
        self._print(click.style(translate(title), bold=True))

    def tell(self, text: str) -> None:
        """Print what happens, in one sentence."""
        self._print(f"  {translate(text)}")

    def run(self, *arguments: str, actor: str | None = None, expect: int = 0) -> str:
        """Run a command, show it and a few lines of its answer, and return the answer.

        Parameters
        ----------
        *arguments : str
            What stands behind `sakusei`.
        actor : str or None
            Who types it.
        expect : int
            The exit code it must have: 0, or that of the refusal on purpose.

        Raises
        ------
        InternalError
            Another exit code came.
        """
        typed = [*arguments, *(["--as", actor] if actor else [])]
        self._print(click.style(f"  $ sakusei {shlex.join(typed)}", fg="cyan"))
        code, text = run_quietly([*typed, "--home", HOME_NAME, "--lang", self.language], self.folder)
        self.commands += 1
        self._show_answer(text)
        if expect:
            note = translate(N_("refused on purpose (exit code {code})")).format(code=code)
            self._print(click.style(f"    → {note}", fg="yellow"))
            self.refusals.append(" ".join(arguments[:2]))
        if code != expect:
            raise InternalError(
                N_("the demonstration expected exit code {expected} of `{command}`, and {code} came"),
                N_("the answer of the command is above; run it by itself to see more"),
                expected=expect,
                command=Name(" ".join(arguments[:2])),
                code=code,
            )
        return text

    def find_id(self, text: str, letter: str) -> str:
        """Return the first id of a kind (`C`, `F`, `R`, `L`) in an answer."""
        found = re.search(rf"\b{letter}-[0-9]{{4,}}\b", text)
        if found is None:
            raise InternalError(
                N_("the demonstration found no id {letter}-… in an answer"), N_("run the last command by itself"), letter=Name(letter)
            )
        return found.group()

    def _show_answer(self, text: str) -> None:
        lines = [line.rstrip() for line in text.splitlines() if not BORDERS.match(line)]
        left_out = len(lines) - sum(LINES_SHOWN)
        shown = lines if left_out <= 1 else [*lines[: LINES_SHOWN[0]], *lines[-LINES_SHOWN[1] :]]
        for place, line in enumerate(shown):
            if left_out > 1 and place == LINES_SHOWN[0]:
                self._print("    … " + translate(N_("({count} more lines)")).format(count=left_out))
            self._print(f"    {cut_line(line)}")

    def _print(self, line: str) -> None:
        if not self.quiet:
            click.echo(line)


def run_quietly(arguments: Sequence[str], folder: Path) -> tuple[int, str]:
    """Run a command line in this process, in a folder; return its exit code and what it wrote to both streams."""
    written = io.StringIO()
    with chdir(folder), redirect_stdout(written), redirect_stderr(written):
        code = console.run(list(arguments))
    return code, written.getvalue()


def cut_line(line: str) -> str:
    """Return a line cut to the width shown; a full-width character takes two columns."""
    width = 0
    for place, letter in enumerate(line):
        width += 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        if width > COLUMNS_SHOWN:
            return line[:place] + "…"
    return line
