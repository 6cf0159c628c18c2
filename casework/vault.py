"""The vault: each file sealed as age envelopes under a key of its own, which is wrapped to the office; erasing that key erases the file.

Decided here: the order of steps, such that a stop between any two leaves a state the next command finishes. Layout: `vault/F-0001/key.age`
(wrapped identity) and `vault/F-0001/KIND.TOKEN.age` (envelopes); the store says which envelope is the valid one.
"""

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyrage

from casework.certificates import CERTIFICATE_TYPE, refer_to_receipt
from casework.keys import Keys, decrypt_whole, make_private, write_secret
from casework.records import VaultItem
from casework.states import FileState
from casework.store import Store
from casework.workshop import hold_lock, open_work_folder
from schemas.errors import InternalError, TransitionRefused, VerificationFailed
from schemas.files import canonical_json, replace_file, sha256_bytes, sha256_file, sync
from schemas.messages import N_, Name

KINDS = frozenset({"bundle", "received", "normalised", "quarantine", "processed", "method", "plan"})
KEY = "key.age"
LOCKS = ".locks"
LEFTOVER = re.compile(rf"(?:{'|'.join(sorted(KINDS))})\.[0-9a-f]{{12}}\.age|\..+\.part")
WAIT_SECONDS = 5.0


class Vault:
    """Sealed files of the office.

    Parameters
    ----------
    home : Path
        The workspace.
    store : Store
        Knows SHA-256 and state of every sealed file.
    keys : Keys
        Unwrap the keys of files; sign certificates.
    actor : str
        Who acts.
    """

    def __init__(self, home: Path, store: Store, keys: Keys, actor: str) -> None:
        self._root = home / "vault"
        self._work = home / "work"
        self._store = store
        self._keys = keys
        self._actor = actor

    def seal(self, file_id: str, kind: str, path: Path) -> VaultItem:
        """Seal a plain file; what was sealed under the same kind before is replaced.

        Parameters
        ----------
        file_id : str
            `F-0001`.
        kind : str
            One of `KINDS`.
        path : Path
            The plain file; it stays where it is.

        Returns
        -------
        VaultItem
            SHA-256 and size of the plain bytes.

        Raises
        ------
        TransitionRefused
            The actor may not, or the file is erased.
        """
        if kind not in KINDS:
            raise InternalError(N_("the vault has no kind {kind}"), N_("report this line to the maintainers"), kind=Name(kind))
        self._store.check_not_erased(file_id)
        with self._using(file_id):
            folder = make_private(self._root / file_id)
            envelope = f"{kind}.{secrets.token_hex(6)}.age"
            recipient = self._file_key(file_id, fresh=not self._store.list_sealed(file_id)).to_public()
            with replace_file(folder / envelope) as temporary:
                os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
                pyrage.encrypt_file(str(path), str(temporary), [recipient])
            item = VaultItem(
                file_id=file_id,
                kind=kind,
                envelope=envelope,
                sha256=sha256_file(path),
                size_bytes=path.stat().st_size,
                sealed_at="",
                erased_at=None,
            )
            old = self._store.note_sealed(item, actor=self._actor, envelope_sha256=sha256_file(folder / envelope))
            if old:
                # Not before the store is certain of the new one: the caller may yet fail and take all of it back.
                self._store.after_commit(lambda: (folder / old.envelope).unlink(missing_ok=True))
        return self._store.find_sealed(file_id, kind) or item

    def _file_key(self, file_id: str, *, fresh: bool = False) -> pyrage.x25519.Identity:
        """Return the key of a file; a new one when nothing was ever sealed under it."""
        path = self._root / file_id / KEY
        with hold_lock(self._lock_path(f"{file_id}.key")):
            if fresh and not path.exists():
                write_secret(path, self._keys.encrypt(str(pyrage.x25519.Identity.generate()).encode()))
            if not path.exists():
                raise VerificationFailed(
                    N_("the key of {file} is missing in the vault"), N_("restore vault/ from its backup"), file=Name(file_id)
                )
            return pyrage.x25519.Identity.from_str(self._keys.decrypt(path.read_bytes()).decode())

    @contextmanager
    def open(self, file_id: str, kind: str) -> Iterator[Path]:
        """Yield a plain copy (0600) under `work/`, checked against the store, and remove it at the end.

        Raises
        ------
        TransitionRefused
            Nothing is sealed there, the file is erased, or the actor may not.
        VerificationFailed
            The envelope is missing, damaged, or holds other bytes than the store knows.
        """
        item = self._store.find_sealed(file_id, kind)
        if item is None:
            raise TransitionRefused(
                N_("the vault holds no {kind} of {file}"), N_("see: sakusei vault list"), kind=Name(kind), file=Name(file_id)
            )
        with self._using(file_id), self.work_folder() as folder:
            self._store.note_opened(file_id, kind, actor=self._actor)
            plain = folder / kind
            decrypt_whole(self._root / file_id / item.envelope, plain, self._file_key(file_id))
            self._check_plain(item, plain)
            yield plain

    def check_sealed(self, item: VaultItem) -> None:
        """Open an envelope for the audit alone: nobody gets to see what is in it.

        Raises
        ------
        VerificationFailed
            As `open`.
        """
        with self.work_folder() as folder:
            decrypt_whole(self._root / item.file_id / item.envelope, folder / item.kind, self._file_key(item.file_id))
            self._check_plain(item, folder / item.kind)

    def _check_plain(self, item: VaultItem, plain: Path) -> None:
        if sha256_file(plain) != item.sha256:
            raise VerificationFailed(
                N_("the sealed {kind} of {file} is not what was sealed"),
                N_("restore vault/ from its backup, and run: sakusei audit verify"),
                kind=Name(item.kind),
                file=Name(item.file_id),
            )

    @contextmanager
    def work_folder(self) -> Iterator[Path]:
        """Yield a folder (0700) for plain bytes while a step runs, and remove it at the end."""
        with open_work_folder(self._work) as folder:
            yield folder

    def list(self, file_id: str | None = None) -> tuple[VaultItem, ...]:
        """Return what is sealed, and what was and is erased."""
        return self._store.list_sealed(file_id)

    def find_astray(self) -> tuple[str, ...]:
        """Return what lies otherwise than the store says: sealed files (`F-0001/received`) without key or envelope, erased ones with."""
        astray = []
        for item in self._store.list_sealed():
            there = [(self._root / item.file_id / name).is_file() for name in (KEY, item.envelope)]
            if any(there) if item.erased_at else not all(there):
                astray.append(f"{item.file_id}/{item.kind}")
        return tuple(astray)

    def erase(self, file_id: str) -> None:
        """Erase a file for good: its key first, then its envelopes, then the certificate.

        Needs an order (`Store.order_erasure`) by another person. May be called again: it finishes what was stopped in the middle, and
        leaves an erased file as it is.

        Raises
        ------
        TransitionRefused
            No order, a missing role, the two-person rule, or a step of a colleague is using the file.
        """
        if self._store.get_file(file_id).state is FileState.ERASED:
            return
        with self._using(file_id, exclusive=True):
            if file_id not in self._store.list_erasing():
                self._store.begin_erasure(file_id, actor=self._actor)
            self._finish(file_id)

    def resume(self) -> tuple[str, ...]:
        """Finish erasures that were stopped, remove envelopes that were never noted; return the files finished."""
        finished = []
        for file_id in self._store.list_erasing():
            with hold_lock(self._lock_path(file_id), wait=False) as free:
                # A colleague's command may be erasing it this moment.
                if free:
                    self._finish(file_id)
                    finished.append(file_id)
        for folder in self._root.iterdir() if self._root.is_dir() else ():
            if folder.name != LOCKS and folder.is_dir() and not folder.is_symlink():
                self._sweep(folder)
        return tuple(finished)

    def _sweep(self, folder: Path) -> None:
        """Remove envelopes that the store does not know, unless someone is sealing right now."""
        if not self._strays(folder):
            return
        # Under both locks nobody is between writing an envelope and committing its row.
        with self._store.transaction(), hold_lock(self._lock_path(folder.name), wait=False) as free:
            for path in self._strays(folder) if free else ():
                path.unlink()

    def _strays(self, folder: Path) -> tuple[Path, ...]:
        """Return what a stopped step left in a folder; what else lies there is for the audit to report, not for us to remove."""
        known = {item.envelope for item in self._store.list_sealed(folder.name)} | {KEY}
        return tuple(path for path in folder.iterdir() if path.name not in known and is_leftover(path))

    def _finish(self, file_id: str) -> None:
        """Destroy key and envelopes as far as they are still there, then write event and certificate."""
        folder = self._root / file_id
        if folder.is_dir():
            destroy(folder / KEY)
            for path in sorted(folder.iterdir()):
                path.unlink()
            sync(folder)
            folder.rmdir()
            sync(self._root)
        self._store.finish_erasure(file_id, self._certificate(file_id))

    def _certificate(self, file_id: str) -> dict[str, object]:
        """Return the certificate of erasure, signed by the office."""
        file = self._store.get_file(file_id)
        items = [
            {"kind": item.kind, "sha256": item.sha256, "size_bytes": item.size_bytes, "sealed_at": item.sealed_at}
            for item in self._store.list_sealed(file_id)
        ]
        body: dict[str, object] = {
            "type": CERTIFICATE_TYPE,
            "file_id": file_id,
            "case_id": file.case_id,
            "register_id": file.register_id,
            "items": items,
            "method": "key-destroyed-and-envelopes-removed",
            "ordered_by": sorted(self._store.actors_of(event="record.erasure_order", file_id=file_id)),
            "carried_out_by": file.erasing_by,
            "begun_at": [event.at for event in self._store.events(file_id=file_id) if event.event == "vault.erasing"][-1],
            "receipts": [refer_to_receipt(record.document) for record in self._store.list_records("receipt", file_id=file_id)],
            "head": self._store.head(),
        }
        content = canonical_json(body)
        return {**body, "sha256": sha256_bytes(content), "signature": self._keys.sign(content).hex()}

    @contextmanager
    def _using(self, file_id: str, *, exclusive: bool = False) -> Iterator[None]:
        """Keep a file from being erased while it is used; an erasure uses it alone."""
        # Who uses it waits for a short sweep; who erases it does not wait for a step that may take hours.
        with hold_lock(self._lock_path(file_id), exclusive=exclusive, wait=not exclusive, seconds=WAIT_SECONDS) as free:
            if not free:
                raise TransitionRefused(
                    N_("{file} is in use by another step"), N_("wait until that step ends, and run the command again"), file=Name(file_id)
                )
            yield

    def _lock_path(self, name: str) -> Path:
        return make_private(self._root / LOCKS) / name


def is_leftover(path: Path) -> bool:
    """Return whether a file has a name that this module gives: an envelope, or one half-written."""
    return path.is_file() and not path.is_symlink() and LEFTOVER.fullmatch(path.name) is not None


def destroy(path: Path) -> None:
    """Overwrite a small file with random bytes, flush, and remove it; nothing when it is gone already.

    On disks that write elsewhere (SSD, copy-on-write) overwriting is no proof by itself; the wrapped key is also useless without the key
    of the office. See docs/adr/0003-age-envelopes.md.
    """
    if not path.exists():
        return
    with path.open("r+b", buffering=0) as target:
        target.write(secrets.token_bytes(path.stat().st_size))
        os.fsync(target.fileno())
    path.unlink()
    sync(path.parent)
