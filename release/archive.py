"""The zip of a package: one spelling, so that no byte of it is without meaning.

Entries are stored, not compressed (the data inside is compressed already), in the order of their names, with one fixed date and one mode.
A zip is right when packing what it holds gives the same bytes again.
"""

import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from schemas.errors import VerificationFailed
from schemas.files import CHUNK_BYTES, replace_file, sha256_file
from schemas.manifest import is_safe_path, list_folder
from schemas.messages import N_

FIXED_DATE = (1980, 1, 1, 0, 0, 0)
FILE_MODE = (stat.S_IFREG | 0o644) << 16
FILES_LIMIT = 1000


def pack(folder: Path, target: Path) -> None:
    """Write the zip of a folder, whole or not at all; equal folders give equal bytes."""
    with replace_file(target) as temporary:
        _write(folder, temporary)


def _write(folder: Path, target: Path) -> None:
    with zipfile.ZipFile(target, "x", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for path in list_folder(folder):
            entry = zipfile.ZipInfo(f"{folder.name}/{path}", FIXED_DATE)
            entry.external_attr = FILE_MODE
            entry.create_system = 3
            entry.file_size = (folder / path).stat().st_size
            with (folder / path).open("rb") as source, archive.open(entry, "w") as sink:
                while chunk := source.read(CHUNK_BYTES):
                    sink.write(chunk)


@contextmanager
def unpack(archive: Path, scratch: Path) -> Iterator[Path]:
    """Yield the folder a zip holds, unpacked into `scratch`, after every byte of the zip was accounted for.

    Parameters
    ----------
    archive : Path
        A zip from anywhere: nothing in it is trusted.
    scratch : Path
        An empty folder; the caller removes it.

    Raises
    ------
    VerificationFailed
        Not a zip, not one folder of plain stored files with safe names, or not the spelling `pack` gives.
    """
    try:
        with zipfile.ZipFile(archive) as source:
            folder = _extract(source, scratch)
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, EOFError, RuntimeError) as error:
        raise _failed(N_("the package is not a zip in one piece")) from error
    again = scratch / "again.zip"
    _write(folder, again)
    if sha256_file(again) != sha256_file(archive):
        raise _failed(N_("the zip was changed"))
    again.unlink()
    yield folder


def _extract(source: zipfile.ZipFile, scratch: Path) -> Path:
    entries = source.infolist()
    tops = {entry.filename.split("/")[0] for entry in entries}
    names = [entry.filename for entry in entries]
    plain = all(
        entry.compress_type == zipfile.ZIP_STORED and not entry.is_dir() and entry.file_size == entry.compress_size for entry in entries
    )
    if len(tops) != 1 or len(entries) > FILES_LIMIT or not plain or len(set(names)) != len(names) or not all(map(is_safe_path, names)):
        raise _failed(N_("the zip holds something that is no package"))
    for entry in entries:
        target = scratch / entry.filename
        target.parent.mkdir(parents=True, exist_ok=True)
        with source.open(entry) as inside, target.open("xb") as outside:
            while chunk := inside.read(CHUNK_BYTES):
                outside.write(chunk)
    return scratch / tops.pop()


def _failed(message: str) -> VerificationFailed:
    return VerificationFailed(message, N_("do not use the package; ask the office for it again"))
