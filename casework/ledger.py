"""Which releases of a register entry are out: what the assessment takes into account, and what the release compares with.

Decided here: a release is out from its entry in the ledger until its recall, to whomever it went. Not decided here: how entries are made.
"""

from dataclasses import dataclass
from typing import Any

from casework.store import Store
from schemas.files import canonical_json, sha256_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveFile:
    """A file of a release that is out.

    Parameters
    ----------
    release_id, file_id : str
        `L-0001`, `F-0001`.
    ledger_sha256 : str
        SHA-256 of the ledger's entry of the release.
    """

    release_id: str
    file_id: str
    ledger_sha256: str

    def to_json(self) -> dict[str, Any]:
        """Return what a record of the gate keeps."""
        return {"release": self.release_id, "file": self.file_id, "ledger_sha256": self.ledger_sha256}


def find_releases_of(store: Store, file_id: str) -> tuple[str, ...]:
    """Return the releases that are out and hold a file."""
    register_id = store.get_file(file_id).register_id
    return tuple(live.release_id for live in list_live_files(store, register_id) if live.file_id == file_id)


def list_live_files(store: Store, register_id: str) -> tuple[LiveFile, ...]:
    """Return the released files of a register entry whose releases are out, in the order they were made."""
    recalled = {record.document["release"] for record in store.list_records("recall")}
    return tuple(
        LiveFile(release_id=entry["release"], file_id=facts["file"], ledger_sha256=sha256_bytes(canonical_json(entry)))
        for entry in (record.document for record in store.list_records("ledger"))
        if entry["release"] not in recalled
        for facts in entry["tables"].values()
        if facts["register"] == register_id
    )
