"""Whether a package is what the office released: every byte, the signature, the promise of k, and whether it was recalled.

Needs the package and the office's public key; no workspace, no network. Order of checks: spelling of the zip → signature → every file →
manifest → every table measured again → recall list. Nothing in a package is read before its signature was checked, except the signature.
"""

import json
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from casework.keys import parse_public_key
from release.archive import unpack
from release.released import measure_smallest_class, open_released
from release.sign import RECALL_PREDICATE, RELEASE_PREDICATE, open_statement
from schemas.errors import VerificationFailed
from schemas.files import canonical_json
from schemas.findings import Reason
from schemas.manifest import ATTESTATION_NAME, MANIFEST_NAME, FileEntry, find_differences
from schemas.messages import N_, Message, Name

# Signed, so it cannot list itself.
OUTSIDE = frozenset({ATTESTATION_NAME})
ENVELOPE_LIMIT_BYTES = 16 << 20
HINT = N_("do not use the package; ask the office for it again")


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedTable:
    """One table of a package as measured: rows, promised k, persons in its smallest class; and codes of reasons that were overridden."""

    path: str
    rows: int
    k: int
    smallest_class: int
    overridden: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedPackage:
    """A package that is what the office released."""

    release_id: str
    files: int
    tables: tuple[VerifiedTable, ...]
    predicate: Mapping[str, Any]

    def to_json(self) -> dict[str, object]:
        """Return the result for machines."""
        return {
            "release": self.release_id,
            "verified": True,
            "files": self.files,
            "tables": [
                {
                    "path": table.path,
                    "rows": table.rows,
                    "k": table.k,
                    "k_holds": table.smallest_class >= table.k or table.rows == 0,
                    "overridden": list(table.overridden),
                }
                for table in self.tables
            ],
            "audit_head": self.predicate.get("audit_head"),
            "made_at": self.predicate.get("made_at"),
        }


def verify_package(package: Path, public_key_pem: bytes, recalls: bytes | None = None) -> VerifiedPackage:
    """Return what a package is, after everything about it was checked.

    Parameters
    ----------
    package : Path
        The folder or the zip of a release.
    public_key_pem : bytes
        The office's public key, from the office itself.
    recalls : bytes or None
        The office's signed list of recalled releases.

    Raises
    ------
    VerificationFailed
        Anything differs from what was signed, or the release was recalled; reasons name files, never contents.
    SettingsError
        The key is no Ed25519 public key.
    """
    key = parse_public_key(public_key_pem)
    with ExitStack() as stack:
        folder = package
        if not package.is_dir():
            scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="sakusei-verify-"))
            folder = stack.enter_context(unpack(package, Path(scratch)))
        statement = open_statement(_read_envelope(folder), key, RELEASE_PREDICATE)
        entries = _check_files(folder, statement)
        predicate = statement["predicate"]
        tables = tuple(_check_table(folder, entry.path, predicate) for entry in entries if entry.path.endswith(".parquet"))
    verified = VerifiedPackage(release_id=str(predicate["release"]), files=len(entries) + 1, tables=tables, predicate=predicate)
    if recalls is not None:
        _check_recalls(verified.release_id, open_statement(recalls, key, RECALL_PREDICATE))
    return verified


def _read_envelope(folder: Path) -> bytes:
    path = folder / ATTESTATION_NAME
    if not path.is_file() or path.is_symlink() or path.stat().st_size > ENVELOPE_LIMIT_BYTES:
        raise VerificationFailed(N_("the package has no attestation"), HINT)
    return path.read_bytes()


def _check_files(folder: Path, statement: Mapping[str, Any]) -> tuple[FileEntry, ...]:
    """Return the entries of the manifest, after the folder was found equal to it and to the statement."""
    manifest_path = folder / MANIFEST_NAME
    if not manifest_path.is_file() or manifest_path.is_symlink():
        raise VerificationFailed(N_("the package has no manifest"), HINT)
    raw = manifest_path.read_bytes()
    signed = {subject["name"]: subject["digest"]["sha256"] for subject in statement["subject"]}
    try:
        manifest = json.loads(raw)
        entries = tuple(FileEntry.from_json(entry) for entry in manifest["files"])
        same = canonical_json(manifest) == raw
    except (ValueError, KeyError, TypeError, RecursionError):
        raise VerificationFailed(N_("the manifest was changed"), HINT) from None
    own = FileEntry(path=MANIFEST_NAME, size_bytes=len(raw), sha256=signed.pop(MANIFEST_NAME, ""))
    differences = find_differences(folder, (own, *(entry for entry in entries if entry.path != own.path)), besides=OUTSIDE)
    if not same or signed != {entry.path: entry.sha256 for entry in entries}:
        differences.append(Message(N_("the manifest is not the one that was signed")))
    if differences:
        reasons = tuple(Reason(code="package-changed", message=message) for message in differences)
        raise VerificationFailed(N_("the package is not what was signed"), HINT, reasons=reasons)
    return entries


def _check_table(folder: Path, path: str, predicate: Mapping[str, Any]) -> VerifiedTable:
    released = open_released(folder / path)
    promised = int(predicate["tables"][path]["k"])
    smallest = measure_smallest_class(released)
    if released.rows and smallest < promised:
        raise VerificationFailed(N_("{path} does not hold the k it promises"), HINT, path=Name(path))
    override = predicate["tables"][path].get("override") or {"reasons": []}
    codes = tuple(str(reason["code"]) for reason in override["reasons"])
    return VerifiedTable(path=path, rows=released.rows, k=promised, smallest_class=smallest, overridden=codes)


def _check_recalls(release_id: str, statement: Mapping[str, Any]) -> None:
    recalled = {entry["release"]: entry["recalled_on"] for entry in statement["predicate"]["recalled"]}
    if release_id in recalled:
        raise VerificationFailed(
            N_("release {release} was recalled on {day}"),
            N_("stop using it and erase it; tell the office that you did"),
            release=Name(release_id),
            day=Name(recalled[release_id]),
        )
