"""A manifest: every file of a folder with its size and SHA-256, and what a folder may hold at all.

Decided here: which names are allowed in a package and what makes a manifest equal to a folder. Not decided here: who signs it.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from schemas.files import sha256_file
from schemas.messages import N_, Message, Name

MANIFEST_NAME = "manifest.json"
ATTESTATION_NAME = "attestation.dsse.json"
SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    """One file: its path inside the package, its size and its SHA-256."""

    path: str
    size_bytes: int
    sha256: str

    def to_json(self) -> dict[str, object]:
        """Return the entry for the manifest."""
        return {"path": self.path, "bytes": self.size_bytes, "sha256": self.sha256}

    @classmethod
    def from_json(cls, document: Mapping[str, object]) -> Self:
        """Return the entry a manifest holds.

        Raises
        ------
        KeyError, ValueError
            The document is not an entry.
        """
        return cls(path=str(document["path"]), size_bytes=int(str(document["bytes"])), sha256=str(document["sha256"]))


def is_safe_path(path: str) -> bool:
    """Return whether a path may stand in a package: relative, ASCII, no dots at the start of a part, nothing to climb with."""
    return SAFE_NAME.fullmatch(path) is not None and ".." not in path and len(path) <= 200


def list_folder(folder: Path) -> list[str]:
    """Return every file of a folder as POSIX paths relative to it, sorted; links count as files and are never followed."""
    found = [path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()]
    return sorted(path.relative_to(folder).as_posix() for path in found)


def describe_files(folder: Path, paths: Iterable[str]) -> tuple[FileEntry, ...]:
    """Return the entries of the named files, sorted by path."""
    return tuple(
        FileEntry(path=path, size_bytes=(folder / path).stat().st_size, sha256=sha256_file(folder / path)) for path in sorted(paths)
    )


def find_differences(folder: Path, entries: Iterable[FileEntry], *, besides: frozenset[str]) -> list[Message]:
    """Return what differs between a folder and its entries; empty when they are equal to the byte.

    Parameters
    ----------
    folder : Path
        What was received.
    entries : iterable of FileEntry
        What was promised.
    besides : frozenset[str]
        Paths that stand outside the entries (the manifest itself, its attestation).
    """
    promised = {entry.path: entry for entry in entries}
    present = set(list_folder(folder)) - besides
    found = [Message(N_("{path} is missing"), {"path": Name(path)}) for path in sorted(promised.keys() - present)]
    found += [Message(N_("{path} does not belong to the package"), {"path": Name(path)}) for path in sorted(present - promised.keys())]
    for path in sorted(promised.keys() & present):
        found += _difference(folder, promised[path])
    return found


def _difference(folder: Path, entry: FileEntry) -> list[Message]:
    name = {"path": Name(entry.path)}
    file = folder / entry.path
    if file.is_symlink() or not is_safe_path(entry.path) or unicodedata.normalize("NFC", entry.path) != entry.path:
        return [Message(N_("{path} is not a plain file inside the package"), name)]
    if file.stat().st_size != entry.size_bytes or sha256_file(file) != entry.sha256:
        return [Message(N_("{path} was changed"), name)]
    return []
