"""The password of a locked file: from the first line of a file, or asked for on the terminal; never from the command line.

Decided here: where a password may come from. It is handed on to the child process that opens the file, and kept nowhere.
"""

from pathlib import Path
from typing import Any

import click

from casework.i18n import translate
from intake.reading import check_present
from schemas.errors import SettingsError
from schemas.messages import N_, Name

ASK = "-"


def read_password(_context: click.Context, _parameter: click.Parameter, value: Any) -> str:
    """Return the password an option `--password-file` names; empty when it is not given.

    Raises
    ------
    SettingsError
        There is no such file, or it holds no password.
    """
    if value is None:
        return ""
    if str(value) == ASK:
        return str(click.prompt(translate(N_("password of the file")), hide_input=True, err=True))
    path = Path(value)
    check_present(path, SettingsError)
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise _no_password(path) from error
    if not lines or not lines[0]:
        raise _no_password(path)
    return lines[0]


def _no_password(path: Path) -> SettingsError:
    return SettingsError(N_("{file} holds no password"), N_("write the password alone into its first line, in UTF-8"), file=Name(path.name))
