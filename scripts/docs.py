"""Write or check the generated parts of the documents: commands, exit codes, states.

python scripts/docs.py write
python scripts/docs.py check      fail when a document is stale
"""

import inspect
import os
import sys
from pathlib import Path

import click

from casework import i18n
from casework.commands import COMMANDS
from casework.console import root
from casework.states import to_mermaid
from schemas import errors

DOCS = Path(__file__).parent.parent / "docs"
WIDTH = 100


def write_commands() -> str:
    """Return the reference of every command, as its help says it."""
    os.environ["SAKUSEI_LANG"] = "en"
    i18n.use_language("en")
    about = "Written by `make docs` from the commands themselves. Every command also takes `--home --as --lang --json`."
    lines = ["# Commands", "", about, ""]
    context = click.Context(root, info_name="sakusei", terminal_width=WIDTH, max_content_width=WIDTH)
    for name in COMMANDS:
        command = root.get_command(context, name)
        if command is None:
            raise SystemExit(f"no command {name}")
        lines += describe(command, f"sakusei {name}", context)
    return "\n".join(lines)


def describe(command: click.Command, path: str, parent: click.Context) -> list[str]:
    """Return the sections of a command and of those below it."""
    context = click.Context(command, info_name=path.rsplit(maxsplit=1)[-1], parent=parent, terminal_width=WIDTH, max_content_width=WIDTH)
    if isinstance(command, click.Group):
        lines = [f"## `{path}`", "", " ".join((command.help or "").split("\n\n")[0].split()), ""]
        for name in sorted(command.commands):
            lines += describe(command.commands[name], f"{path} {name}", context)
        return lines
    return [f"### `{path}`", "", "```", command.get_help(context), "```", ""]


def write_errors() -> str:
    """Return the table of errors and exit codes."""
    classes = [cls for _, cls in inspect.getmembers(errors, inspect.isclass) if issubclass(cls, errors.SakuseiError)]
    rows = [(cls.exit_code, cls.code, (cls.__doc__ or "").split("\n")[0]) for cls in classes if cls is not errors.SakuseiError]
    lines = ["# Exit codes", "", "Written by `make docs`. 0 is success, 2 a usage error, 130 a stop by the keyboard.", ""]
    lines += ["| exit code | name | meaning |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {number} | `{code}` | {text} |" for number, code, text in sorted(rows)), ""])


def write_states() -> str:
    """Return the diagram of states."""
    about = "Written by `make docs` from `casework/states.py`."
    return "\n".join(["# States of cases and files", "", about, "", "```mermaid", to_mermaid(), "```", ""])


PAGES = {"commands.md": write_commands, "exit-codes.md": write_errors, "states.md": write_states}


def main(command: str) -> int:
    """Write the pages, or return 1 when one is stale."""
    stale = []
    for name, page in PAGES.items():
        path, text = DOCS / name, page().rstrip("\n") + "\n"
        if command == "write":
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
    print("\n".join(f"stale: docs/{name}; run make docs" for name in stale) or "documents: fresh")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "check"))
