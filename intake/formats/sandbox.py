"""Workbooks and Parquet files from outside are opened in a child process under limits: a parser that aborts takes the child, not us.

Decided here: the limits, and what each way of dying is called. A workbook of 2 kB whose two cells lie in opposite corners makes the
parser ask for terabytes and abort; that must be a refusal, in time.
"""

import codecs
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from intake.formats.unlock import BROKEN, LOCKED, WRONG_PASSWORD
from intake.formats.workbook import NO_COLUMNS, NO_SHEET, OTHER_SHEETS
from schemas.errors import FileRejected
from schemas.files import CHUNK_BYTES
from schemas.messages import N_, Name

PARQUET_BYTES = 4 << 30
COMPOUND = b"\xd0\xcf\x11\xe0"
KIND_NAMES = {"text": N_("text"), "excel": N_("workbook"), "parquet": N_("Parquet")}
KINDS = {b"PK\x03\x04": "excel", COMPOUND: "excel", b"PAR1": "parquet"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a child may use.

    Parameters
    ----------
    memory_bytes : int
        Address space.
    cpu_seconds, wall_seconds : int
        Time of the processor; time on the clock.
    """

    memory_bytes: int = 1 << 30
    cpu_seconds: int = 600
    wall_seconds: int = 1200


def find_kind(path: Path) -> str:
    """Return excel, parquet or text, by the first bytes of a file."""
    with path.open("rb") as source:
        return KINDS.get(source.read(4), "text")


def read_rows(path: Path, *, kind: str, sheet: str, lines: tuple[int, int] = (0, 1), limits: Limits | None = None) -> Iterator[bytes]:
    """Yield the rows of a workbook or a Parquet file as CSV in UTF-8, the row number first.

    Parameters
    ----------
    path : Path
        The file.
    kind : str
        excel or parquet.
    sheet : str
        Number (from 1) or name of the sheet.
    lines : tuple[int, int]
        Lines of titles, which are left out, and lines of headings, which become one.
    limits : Limits or None
        What the child may use.

    Raises
    ------
    FileRejected
        The file is not of its kind, or reading it went beyond a limit.
    """
    allowed = limits or (Limits(memory_bytes=PARQUET_BYTES) if kind == "parquet" else Limits())
    arguments = [kind, str(path.absolute()), sheet, *map(str, lines), str(allowed.memory_bytes), str(allowed.cpu_seconds)]
    child = subprocess.Popen(  # noqa: S603 - our own module, no shell
        [sys.executable, "-I", "-m", "intake.formats.workbook", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    clock = threading.Timer(allowed.wall_seconds, child.kill)
    clock.start()
    try:
        if child.stdout is None:
            return
        decoder = codecs.getincrementaldecoder("utf-8")("strict")
        while chunk := child.stdout.read(CHUNK_BYTES):
            decoder.decode(chunk)
            yield chunk
        check_end(child.wait(), path)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        # a damaged Parquet file can hold texts that are none
        raise _unreadable(Name(path.name)) from error
    finally:
        clock.cancel()
        child.kill()
        if child.stdout is not None:
            child.stdout.close()
        child.wait()


def _run(module: str, path: Path, arguments: list[str], allowed: Limits, *, told: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    """Return the end of a module of ours that looked at a file under limits; `told` goes to its standard input."""
    words = [str(path.absolute()), *arguments, str(allowed.memory_bytes), str(allowed.cpu_seconds)]
    try:
        return subprocess.run(  # noqa: S603 - our own module, no shell
            [sys.executable, "-I", "-m", module, *words],
            input=told,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=allowed.wall_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _exhausted(Name(path.name)) from error


def find_facts(path: Path, sheet: str, limits: Limits | None = None) -> dict[str, Any]:
    """Return what a workbook holds beside its values (`intake.formats.workbook_facts.Facts`).

    Raises
    ------
    FileRejected
        It cannot be read, or not within the limits.
    """
    child = _run("intake.formats.workbook_facts", path, [sheet], limits or Limits())
    check_end(child.returncode, path)
    found: dict[str, Any] = json.loads(child.stdout)
    return found


def open_lock(source: Path, target: Path, password: str, limits: Limits | None = None) -> bool:
    """Write a workbook without the password that locks it, and return True; return False when it has none, and write nothing.

    Raises
    ------
    FileRejected
        It is locked and no password, or another one, was given; or it cannot be opened, or not within the limits.
    """
    name = Name(source.name)
    child = _run("intake.formats.unlock", source, [str(target.absolute())], limits or Limits(), told=password.encode("utf-8"))
    if child.returncode == LOCKED:
        raise FileRejected(
            N_("{file} is locked with a password"),
            N_("give its password: --password-file FILE, or --password-file - to be asked for it"),
            file=name,
        )
    if child.returncode == WRONG_PASSWORD:
        raise FileRejected(N_("the password does not open {file}"), N_("ask the sender for the password of this file"), file=name)
    if child.returncode < 0:
        raise _exhausted(name)
    if child.returncode == BROKEN:
        raise _unreadable(name)
    # a parser that gave up found no lock: the reader of workbooks says what is wrong
    return child.returncode == 0


def check_end(status: int, path: Path) -> None:
    """Raise when a child did not end well.

    Raises
    ------
    FileRejected
        With what its end means.
    """
    name = Name(path.name)
    if status == NO_SHEET:
        raise FileRejected(
            N_("{file} does not have the sheet of the layout"), N_("check the name or the number of the sheet in the layout"), file=name
        )
    if status == NO_COLUMNS:
        raise FileRejected(N_("{file} holds nested columns or none"), N_("give a table of plain columns"), file=name)
    if status == OTHER_SHEETS:
        raise FileRejected(
            N_("{file} has other sheets with contents, perhaps hidden ones"),
            N_("save the sheet of the table alone in a workbook of its own; nothing else may be handed over"),
            file=name,
        )
    if status < 0:
        raise _exhausted(name)
    if status != 0:
        raise _unreadable(name)


def _exhausted(name: Name) -> FileRejected:
    return FileRejected(
        N_("{file} needs more memory or time than a file of its kind may"),
        N_("delete empty rows and columns beyond the table, or export the sheet as CSV, and check where the file came from"),
        file=name,
    )


def _unreadable(name: Name) -> FileRejected:
    return FileRejected(
        N_("{file} cannot be read as a workbook or a Parquet file"),
        N_("open it, remove its password if it has one, save it again as .xlsx, or export the sheet as CSV"),
        file=name,
    )
