"""What lies in a gzip or a zip file: one data file, brought out in pieces under limits.

Decided here: which archives are refused, and why. No name from an archive is ever used as a path, no attribute of it is kept, and not
more is written than the limits allow, whatever the archive says of itself. A workbook is a zip as well; it is left to its own reader.
"""

import gzip
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from schemas.errors import FileRejected
from schemas.files import CHUNK_BYTES
from schemas.messages import N_, Name

GZIP, ZIP, EMPTY_ZIP = b"\x1f\x8b", b"PK\x03\x04", b"PK\x05\x06"
_WORKBOOKS = {"[Content_Types].xml", "mimetype"}
_LITTER = {".DS_Store", "Thumbs.db", "desktop.ini"}
_NESTED = {".zip", ".gz", ".tgz", ".tar", ".7z", ".rar", ".lzh", ".lha", ".cab", ".bz2", ".xz", ".zst"}
_NESTED_HEADS = (GZIP, EMPTY_ZIP, b"7z\xbc\xaf", b"Rar!", b"BZh", b"\xfd7zXZ", b"MSCF", b"\x28\xb5\x2f\xfd")
_DIRECTORY_BYTES = 1 << 20
_END_BYTES, _COMMENT_BYTES = 22, 65_535
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveLimits:
    """How much may come out of an archive.

    Parameters
    ----------
    plain_bytes : int
        At most so many.
    ratio : int
        At most so many for each byte of the archive, once `free_bytes` have come out.
    free_bytes : int
        What always may come out.
    """

    plain_bytes: int = 8 << 30
    ratio: int = 400
    free_bytes: int = 16 << 20


def find_archive(path: Path) -> str | None:
    """Return gzip or zip, by the contents of a file; None for anything else, a workbook included.

    Raises
    ------
    FileRejected
        It calls itself a zip file and is none that can be read.
    """
    with path.open("rb") as source:
        head = source.read(4)
    if head.startswith(GZIP):
        return "gzip"
    if head not in {ZIP, EMPTY_ZIP}:
        return None
    try:
        with _open_zip(path) as archive:
            return None if _WORKBOOKS & set(archive.namelist()) else "zip"
    except zipfile.BadZipFile as error:
        # the reader of workbooks says what is wrong with a broken workbook
        if path.suffix.lower() != ".zip":
            return None
        raise _damaged(Name(path.name)) from error


def read_archive(path: Path, kind: str, limits: ArchiveLimits, *, password: str = "") -> tuple[str, Iterator[bytes]]:
    """Return the suffix of the one data file in an archive, and its contents in pieces; a zip may be locked with the password.

    Raises
    ------
    FileRejected
        The archive holds none or several, or one that is refused; while reading: it is damaged, or more comes out than may.
    """
    if kind == "gzip":
        return path.with_suffix("").suffix, _read_gzip(path, limits)
    with _open_zip(path) as archive:
        info = _find_member(archive, Name(path.name), password)
    return PurePosixPath(info.filename).suffix, _read_zip(path, info, limits, password)


def _open_zip(path: Path) -> zipfile.ZipFile:
    """Return a zip file whose directory is small; names without a mark of UTF-8 are CP932, as Japanese systems write them.

    Raises
    ------
    BadZipFile
        It is none, or has a directory far larger than that of one file.
    """
    _check_directory(path)
    try:
        return zipfile.ZipFile(path, metadata_encoding="cp932")
    except UnicodeDecodeError:
        return zipfile.ZipFile(path)
    except (OverflowError, ValueError) as error:
        raise zipfile.BadZipFile from error


def _check_directory(path: Path) -> None:
    """Look at the end of a zip file before all of its directory is read into memory."""
    size = path.stat().st_size
    with path.open("rb") as source:
        source.seek(max(0, size - _END_BYTES - _COMMENT_BYTES))
        tail = source.read()
    place = tail.rfind(EMPTY_ZIP)
    if place < 0 or len(tail) - place < _END_BYTES:
        raise zipfile.BadZipFile
    if int.from_bytes(tail[place + 12 : place + 16], "little") > _DIRECTORY_BYTES:
        raise zipfile.BadZipFile


def _find_member(archive: zipfile.ZipFile, name: Name, password: str) -> zipfile.ZipInfo:
    """Return the one data file of a zip."""
    members = archive.infolist()
    if any(_leads_out(info.filename) for info in members):
        raise FileRejected(
            N_("{file} holds a name that leads out of its folder"), N_("make the archive again from the data file alone"), file=name
        )
    if any(stat.S_IFMT(info.external_attr >> 16) not in {0, stat.S_IFREG, stat.S_IFDIR} for info in members):
        raise FileRejected(N_("{file} holds a link or a device"), N_("make the archive again from the data file alone"), file=name)
    if len({info.filename.casefold() for info in members}) < len(members):
        raise FileRejected(N_("{file} holds two names that are the same"), N_("make the archive again from the data file alone"), file=name)
    files = [info for info in members if not info.is_dir() and not _is_litter(info.filename)]
    if len(files) != 1:
        raise FileRejected(
            N_("{file} holds {count} files, not one"), N_("put the data file alone into an archive of its own"), file=name, count=len(files)
        )
    _check_member(files[0], name, password)
    return files[0]


def _check_member(info: zipfile.ZipInfo, name: Name, password: str) -> None:
    if info.flag_bits & 0x1 and not password:
        raise FileRejected(
            N_("{file} is locked with a password"),
            N_("give its password: --password-file FILE, or --password-file - to be asked for it"),
            file=name,
        )
    if PurePosixPath(info.filename).suffix.lower() in _NESTED:
        raise _nested(name)
    if info.compress_type not in _METHODS:
        raise FileRejected(
            N_("{file} is packed in a way that is not read"), N_("make a usual zip file, or give the data file itself"), file=name
        )


def _leads_out(filename: str) -> bool:
    path = PurePosixPath(filename.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or ":" in filename or any(ord(char) < 32 for char in filename)


def _is_litter(filename: str) -> bool:
    """Return whether an operating system left this in the archive."""
    path = PurePosixPath(filename)
    return path.parts[:1] == ("__MACOSX",) or path.name in _LITTER


def _read_gzip(path: Path, limits: ArchiveLimits) -> Iterator[bytes]:
    try:
        with gzip.open(path) as source:
            yield from _read_limited(source, path, limits)
    except (OSError, EOFError, zlib.error) as error:
        raise _damaged(Name(path.name)) from error


def _read_zip(path: Path, info: zipfile.ZipInfo, limits: ArchiveLimits, password: str) -> Iterator[bytes]:
    locked = bool(info.flag_bits & 0x1)
    # the names in the archive are CP932, and so are passwords typed on the same system; ASCII is the same in all
    key = password.encode("cp932", "replace") if locked else None
    try:
        with _open_zip(path) as archive, archive.open(info, pwd=key) as source:
            yield from _read_limited(source, path, limits)
    except RuntimeError as error:
        raise _wrong_password(Name(path.name)) if locked else _damaged(Name(path.name)) from error
    except (zipfile.BadZipFile, EOFError, zlib.error, NotImplementedError) as error:
        # one wrong password in 256 passes the check of the lock, and the contents are noise then
        raise _wrong_password(Name(path.name)) if locked else _damaged(Name(path.name)) from error


def _wrong_password(name: Name) -> FileRejected:
    return FileRejected(N_("the password does not open {file}"), N_("ask the sender for the password of this file"), file=name)


def _read_limited(source: IO[bytes] | gzip.GzipFile, path: Path, limits: ArchiveLimits) -> Iterator[bytes]:
    """Yield what comes out as long as it may."""
    most = min(limits.plain_bytes, max(limits.free_bytes, limits.ratio * path.stat().st_size))
    size = 0
    while chunk := source.read(CHUNK_BYTES):
        if size == 0 and _is_packed(chunk):
            raise _nested(Name(path.name))
        size += len(chunk)
        if size > most:
            raise FileRejected(
                N_("more than {limit} bytes come out of {file}"),
                N_("check where the archive came from; give the data file itself if it is sound"),
                file=Name(path.name),
                limit=most,
            )
        yield chunk


def _is_packed(head: bytes) -> bool:
    """Return whether contents are an archive again; a workbook may be in an archive, and its reader judges it."""
    return head.startswith(_NESTED_HEADS) or head[257:262] == b"ustar"


def _nested(name: Name) -> FileRejected:
    return FileRejected(N_("{file} holds another archive"), N_("unpack the inner archive and give the data file"), file=name)


def _damaged(name: Name) -> FileRejected:
    return FileRejected(N_("{file} is a damaged archive"), N_("make it again, or give the data file itself"), file=name)
