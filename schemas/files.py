"""Files on disk: written whole or not at all, hashed, and JSON with one spelling."""

import glob
import hashlib
import json
import math
import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import rfc8785

CHUNK_BYTES = 1 << 20


@contextmanager
def replace_file(path: Path) -> Iterator[Path]:
    """Yield a temporary name beside `path`; on success flush it to disk and rename it, on failure remove it.

    Parameters
    ----------
    path : Path
        The final name. Its folder must exist. What was there before stays until the rename.

    Yields
    ------
    Path
        A fresh name in the same folder; whoever opens it creates it.
    """
    sweep_parts(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(6)}.part")
    try:
        yield temporary
        sync(temporary)
        temporary.replace(path)
        sync(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def sweep_parts(path: Path) -> None:
    """Remove what processes that were killed left half-written of `path`; parts of living processes stay."""
    for part in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        owner = part.name.split(".")[-3]
        if owner.isdigit() and not is_alive(int(owner)):
            part.unlink(missing_ok=True)


def is_alive(process: int) -> bool:
    """Return whether a process of this machine lives."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def sync(path: Path) -> None:
    """Flush a file or a folder to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Flush a folder with every file and folder in it to disk, the innermost first."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if not path.is_symlink():
            sync(path)
    sync(folder)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a small file whole or not at all."""
    with replace_file(path) as temporary:
        temporary.write_bytes(content)


def sha256_file(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as source:
        while chunk := source.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def sha256_bytes(content: bytes) -> str:
    """Return the SHA-256 of bytes in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def canonical_json(document: Mapping[str, object] | Sequence[object]) -> bytes:
    """Return JSON in the one canonical spelling of RFC 8785.

    Raises
    ------
    rfc8785.CanonicalizationError
        A number or a type has no canonical form.

    References
    ----------
    RFC 8785, JSON Canonicalization Scheme, 2020.
    """
    return rfc8785.dumps(document)  # type: ignore[arg-type]


def readable_json(document: Mapping[str, object], *, default: Callable[[object], object] | None = None) -> bytes:
    """Return JSON for people and machines: UTF-8, two spaces, a line feed at the end.

    Parameters
    ----------
    document : Mapping
        Plain JSON types. A number that is infinite or none becomes null, since JSON does not know it.
    default : Callable or None
        What becomes of other types.

    Raises
    ------
    TypeError
        Another type, and no `default`.

    References
    ----------
    RFC 8259, The JavaScript Object Notation (JSON) Data Interchange Format, 2017, section 6.
    """
    try:
        text = json.dumps(document, ensure_ascii=False, indent=2, default=default, allow_nan=False)
    except ValueError:
        text = json.dumps(_finite(document), ensure_ascii=False, indent=2, default=default, allow_nan=False)
    return text.encode() + b"\n"


def _finite(value: object) -> object:
    """Return a document with null in place of numbers JSON does not know."""
    if isinstance(value, Mapping):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
