"""The ledger of releases: what went out of which case, what was recalled, and where a package lies.

Records of three kinds in the case store: `release` (who and what for), `ledger` (hashes, tables), `recall`. Folders and zips lie in the
workspace's `releases/`. Also decided here: how an interrupted build is finished or forgotten.
"""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from casework.office import Office
from release.sign import RECALL_PREDICATE, make_statement, seal_statement
from release.trace import TraceMatch
from schemas.errors import TransitionRefused
from schemas.files import write_bytes
from schemas.messages import N_, Name

RECALLS_NAME = "recalls.dsse.json"
PART = ".part"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One release: its case, its tables, when it was made, and when it was recalled (None while it is out)."""

    release_id: str
    case_id: str
    made_at: str
    tables: Mapping[str, Mapping[str, Any]]
    manifest_sha256: str
    recalled_on: str | None

    def to_json(self) -> dict[str, object]:
        """Return the entry for machines."""
        return {
            "release": self.release_id,
            "case": self.case_id,
            "made_at": self.made_at,
            "tables": {path: dict(facts) for path, facts in self.tables.items()},
            "manifest_sha256": self.manifest_sha256,
            "recalled_on": self.recalled_on,
        }


def releases_folder(office: Office) -> Path:
    """Return the folder of finished packages."""
    folder = office.home / "releases"
    folder.mkdir(exist_ok=True)
    return folder


def list_releases(office: Office) -> tuple[LedgerEntry, ...]:
    """Return every release from the first to the last."""
    recalled = {record.document["release"]: record.document["recalled_on"] for record in office.store.list_records("recall")}
    return tuple(
        LedgerEntry(
            release_id=entry["release"],
            case_id=entry["case"],
            made_at=entry["made_at"],
            tables=entry["tables"],
            manifest_sha256=entry["manifest_sha256"],
            recalled_on=recalled.get(entry["release"]),
        )
        for entry in (record.document for record in office.store.list_records("ledger"))
    )


def finish_interrupted(office: Office) -> None:
    """Show packages whose release was written but not yet shown, and forget those whose release never was."""
    folder = releases_folder(office)
    known = {record.document["release"] for record in office.store.list_records("ledger")}
    for part in sorted(folder.glob(f".L-*{PART}")):
        target = folder / part.name.removeprefix(".").removesuffix(PART)
        if target.stem in known and not target.exists():
            part.rename(target)
        elif part.is_dir():
            shutil.rmtree(part)
        else:
            part.unlink()


def recall(office: Office, release_id: str, reason: str, today: date) -> Path:
    """Recall a release: a record with its event, and a new signed list for everyone who verifies.

    Parameters
    ----------
    reason : str
        A code: error, risk, breach, request.

    Returns
    -------
    Path
        The signed list of all recalled releases.

    Raises
    ------
    TransitionRefused
        No such release, recalled before, or the role is missing.
    """
    entry = next((entry for entry in list_releases(office) if entry.release_id == release_id), None)
    if entry is not None and entry.recalled_on:
        # A recall that was stopped after its record may have left the list as it was.
        write_recalls(office, today)
        raise TransitionRefused(
            N_("{release} was recalled already; the signed list of recalled releases was written again"),
            N_("send the list to whoever holds the release: releases/recalls.dsse.json"),
            release=Name(release_id),
        )
    if entry is None:
        raise TransitionRefused(N_("{release} is not out"), N_("see what is: sakusei release list"), release=Name(release_id))
    document = {"release": release_id, "recalled_on": today.isoformat(), "reason": reason}
    office.store.add_record("recall", document, actor=office.actor, case_id=entry.case_id)
    return write_recalls(office, today)


def write_recalls(office: Office, today: date) -> Path:
    """Write the signed list of recalled releases and return where it lies."""
    recalled = [{"release": entry.release_id, "recalled_on": entry.recalled_on} for entry in list_releases(office) if entry.recalled_on]
    predicate = {"version": len(recalled), "issued_on": today.isoformat(), "audit_head": office.store.head(), "recalled": recalled}
    statement = make_statement((), RECALL_PREDICATE, predicate)
    path = releases_folder(office) / RECALLS_NAME
    write_bytes(path, seal_statement(statement, office.keys.sign, office.keys.public_key_pem()))
    return path


def note_trace(office: Office, matches: Sequence[TraceMatch]) -> None:
    """Write that someone traced a file, and what was found."""
    office.store.add_record("trace", {"matches": [match.to_json() for match in matches]}, actor=office.actor)
