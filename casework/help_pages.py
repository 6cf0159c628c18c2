"""Help pages set by the width letters have on a terminal: a Japanese letter takes two columns.

Decided here: how names and their explanations stand beside each other. Not decided here: what the page says (`casework.console`).
"""

from collections.abc import Iterable

import click
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

NARROWEST = 10  # columns that are left for an explanation on the narrowest terminal


class WideFormatter(click.HelpFormatter):
    """click's formatter, measuring columns of the terminal instead of letters."""

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write names and explanations in two columns.

        Parameters
        ----------
        rows : iterable of (str, str)
            Name and explanation.
        col_max : int
            Widest name, in columns of the terminal, that has its explanation on the same line.
        col_spacing : int
            Columns between the two.
        """
        rows = list(rows)
        widest = min(max((cell_len(name) for name, _ in rows), default=0), col_max) + col_spacing
        room = max(self.width - widest - self.current_indent, NARROWEST)
        console = Console(width=room)
        for name, explanation in rows:
            lines = [line.plain.rstrip() for line in Text(explanation).wrap(console, room)] or [""]
            self.write(f"{'':>{self.current_indent}}{name}")
            if cell_len(name) > widest - col_spacing:
                self.write("\n" + " " * (widest + self.current_indent))
            else:
                self.write(" " * (widest - cell_len(name)))
            self.write(("\n" + " " * (widest + self.current_indent)).join(lines).rstrip() + "\n")


class WideContext(click.Context):
    """A context whose help pages are set by width."""

    formatter_class = WideFormatter
