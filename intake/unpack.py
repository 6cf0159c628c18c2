"""A file as it came, packed or not, becomes the one file that is read.

Decided here: where the contents of an archive, or of a workbook locked with a password, lie while they are read: in a closed folder
beside it, which is removed at the end, and by the next run if this one is killed. What may be in an archive is decided in
`intake.formats.archives`.
"""

import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from intake.formats.archives import ArchiveLimits, find_archive, read_archive
from intake.formats.disguises import check_disguise
from intake.formats.sandbox import COMPOUND, open_lock
from intake.reading import check_source
from schemas.errors import FileRejected
from schemas.files import is_alive
from schemas.messages import N_, Name

_FOLDER = re.compile(r"\.sakusei-unpacked-([0-9]+)-[0-9a-f]{12}")
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,8}")


@contextmanager
def unpack(source: Path, limits: ArchiveLimits | None = None, *, password: str = "") -> Iterator[Path]:
    """Yield the file itself, or the one data file of a gzip or zip file, under the name of the archive and its own suffix, without lock.

    Parameters
    ----------
    source : Path
        The file as it came.
    limits : ArchiveLimits or None
        How much may come out of an archive.
    password : str
        Opens a zip file or a workbook that is locked; empty when there is none.

    Raises
    ------
    FileRejected
        There is no file, its archive is refused, or the password is missing or another one; nothing of it stays.
    """
    check_source(source)
    check_disguise(source)
    kind = find_archive(source)
    if kind is None and not _may_be_locked(source):
        yield source
        return
    parent = _choose_parent(source)
    sweep_folders(parent)
    folder = parent / f".sakusei-unpacked-{os.getpid()}-{secrets.token_hex(6)}"
    folder.mkdir(mode=0o700)
    try:
        plain = _take_out(source, folder, kind, (limits or ArchiveLimits(), password)) if kind else source
        (folder / "unlocked").mkdir()
        unlocked = folder / "unlocked" / plain.name
        yield unlocked if _may_be_locked(plain) and open_lock(plain, unlocked, password) else plain
    finally:
        shutil.rmtree(folder)


def _take_out(source: Path, folder: Path, kind: str, how: tuple[ArchiveLimits, str]) -> Path:
    """Write the one data file of an archive into a folder and return it."""
    limits, password = how
    suffix, chunks = read_archive(source, kind, limits, password=password)
    plain = folder / f"{source.name.split('.')[0] or 'data'}{suffix if _SUFFIX.fullmatch(suffix) else ''}"
    with plain.open("xb") as target:
        for chunk in chunks:
            target.write(chunk)
    _check_plain(plain, Name(source.name))
    return plain


def _may_be_locked(path: Path) -> bool:
    """Return whether a file is a compound document, as old workbooks and all locked ones are."""
    with path.open("rb") as content:
        return content.read(len(COMPOUND)) == COMPOUND


def _choose_parent(source: Path) -> Path:
    """Return where the contents may lie for a while: beside the archive, where as much lies already; else among temporary files."""
    beside = source.absolute().parent
    return beside if os.access(beside, os.W_OK) else Path(tempfile.gettempdir())


def _check_plain(plain: Path, name: Name) -> None:
    """Refuse a zip in an archive, unless it is a workbook."""
    if plain.stat().st_size == 0:
        raise FileRejected(N_("the file in {file} is empty"), N_("export it again"), file=name)
    check_disguise(plain)
    if find_archive(plain) is not None:
        raise FileRejected(N_("{file} holds another archive"), N_("unpack the inner archive and give the data file"), file=name)


def sweep_folders(parent: Path) -> None:
    """Remove what processes that were killed left unpacked; folders of living processes stay."""
    for folder in parent.glob(".sakusei-unpacked-*"):
        match = _FOLDER.fullmatch(folder.name)
        if match and not folder.is_symlink() and not is_alive(int(match[1])):
            shutil.rmtree(folder)
