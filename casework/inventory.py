"""What lies in the vault and in `keys/` against what the books say.

Decided here: what counts as changed or stray. Quick: every envelope's SHA-256 as it was when it was sealed. Deep: every envelope is opened
and its plain bytes compared, and the signing key is compared with the public one. Nothing is mended, nothing removed.
"""

from collections.abc import Iterator

from casework.keys import IDENTITY, PUBLIC_PEM, SIGNING
from casework.office import Office
from casework.records import VaultItem
from casework.vault import KEY, LOCKS, is_leftover
from schemas.errors import SettingsError, VerificationFailed
from schemas.files import sha256_file
from schemas.findings import Finding, FindingKind, Severity
from schemas.messages import N_, Name

CHANGED = FindingKind("vault-changed", Severity.FILE, N_("the vault: the envelope of {id} is not the one that was sealed"))
UNREADABLE = FindingKind("vault-unreadable", Severity.FILE, N_("the vault: {id} does not open to what was sealed"))
STRAY = FindingKind("vault-stray", Severity.FILE, N_("the vault holds {id}, which no event put there"))
NO_KEY = FindingKind("key-missing", Severity.FILE, N_("the key {id} of the office is missing"))
OTHER_KEY = FindingKind("key-unfit", Severity.FILE, N_("the key {id} cannot be read or does not fit the public key of the office"))


def find_losses(office: Office, *, deep: bool = False) -> Iterator[Finding]:
    """Yield what is changed, stray or missing in the vault and among the keys.

    Parameters
    ----------
    office : Office
        Opened by whoever asks; with `deep` the keys must be unlocked.
    deep : bool
        Open every envelope too; takes as long as reading all files once.
    """
    for name in (IDENTITY, SIGNING):
        if not (office.home / "keys" / name).is_file():
            yield Finding(kind=NO_KEY, params={"id": Name(name)})
    yield from _find_strays(office)
    known = _envelope_hashes(office)
    for item in office.store.list_sealed():
        path = office.home / "vault" / item.file_id / item.envelope
        if item.erased_at is None and path.is_file():
            where = {"id": Name(f"{item.file_id}/{item.kind}")}
            sealed = known.get((item.file_id, item.envelope))
            if sealed and sha256_file(path) != sealed:
                yield Finding(kind=CHANGED, params=where)
            elif deep and not _opens(office, item):
                yield Finding(kind=UNREADABLE, params=where)
    if deep and (office.home / "keys" / SIGNING).is_file() and not _signs(office):
        yield Finding(kind=OTHER_KEY, params={"id": Name(SIGNING)})


def _envelope_hashes(office: Office) -> dict[tuple[str, str], str]:
    """Return the SHA-256 of envelopes as the events say; events of earlier versions lack it."""
    return {
        (str(event.file_id), str(event.facts["envelope"])): str(event.facts["envelope_sha256"])
        for event in office.store.events()
        if event.event == "vault.sealed" and "envelope_sha256" in event.facts
    }


def _find_strays(office: Office) -> Iterator[Finding]:
    """Yield files and folders that no event explains, but for what a colleague may be writing this moment."""
    root = office.home / "vault"
    known = {item.file_id: {KEY} for item in office.store.list_sealed() if item.erased_at is None}
    for item in office.store.list_sealed():
        if item.erased_at is None:
            known[item.file_id].add(item.envelope)
    files = {file.id for file in office.store.list_files()}
    for place in sorted(root.iterdir()) if root.is_dir() else ():
        if place.name == LOCKS:
            continue
        if not place.is_dir() or place.is_symlink() or place.name not in files:
            yield Finding(kind=STRAY, params={"id": Name(place.name)})
            continue
        for path in sorted(place.iterdir()):
            if path.name not in known.get(place.name, {KEY}) and not is_leftover(path):
                yield Finding(kind=STRAY, params={"id": Name(f"{place.name}/{path.name}")})


def _opens(office: Office, item: VaultItem) -> bool:
    try:
        office.vault.check_sealed(item)
    except VerificationFailed:
        return False
    return True


def _signs(office: Office) -> bool:
    try:
        return office.keys.public_key_pem().strip() == (office.home / PUBLIC_PEM).read_text(encoding="utf-8").strip()
    except (SettingsError, OSError):
        return False
