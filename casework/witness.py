"""The head of the chain outside the database: `head.json`, signed by the office, so that a database cut short is noticed."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from casework.keys import Keys
from casework.store.people import OPENING_EVENTS
from casework.store.transactions import Head
from casework.workshop import hold_lock
from schemas.errors import VerificationFailed
from schemas.files import canonical_json, write_bytes
from schemas.messages import N_


def sign_head(head: Head, keys: Keys) -> dict[str, Any]:
    """Return a signed statement of where the chain ended: for the head file, receipts and packages."""
    body = {"hash": head.hash, "sequence": head.sequence}
    return {**body, "signature": keys.sign(canonical_json(body)).hex()}


def check_head(statement: dict[str, Any], key: Ed25519PublicKey) -> Head:
    """Return the head a signed statement speaks of.

    Raises
    ------
    VerificationFailed
        The office did not sign it.
    """
    try:
        head = Head(sequence=int(statement["sequence"]), hash=str(statement["hash"]))
        key.verify(bytes.fromhex(statement["signature"]), canonical_json({"hash": head.hash, "sequence": head.sequence}))
    except (KeyError, ValueError, TypeError, InvalidSignature) as error:
        raise VerificationFailed(
            N_("the signed head of the chain is not by this office"), N_("restore head.json from its backup, or compare with a receipt")
        ) from error
    return head


@dataclass(frozen=True, slots=True)
class HeadFile:
    """Keeps the newest signed head in a file."""

    path: Path
    keys: Keys

    def attest(self, head: Head, knows: Callable[[str], bool]) -> bytes:
        """Return the signed head; what stops a write stops it here, before commit.

        Parameters
        ----------
        head : Head
            The end of the chain after the write.
        knows : Callable[[str], bool]
            Whether the chain holds an event of this hash.

        Raises
        ------
        SettingsError
            The key is locked.
        VerificationFailed
            The chain does not hold the head kept before: it was cut, put back or written anew. Writing on would bury that.
        """
        if head.sequence > OPENING_EVENTS and not knows(self._kept().hash):
            raise VerificationFailed(
                N_("the chain of events does not hold the head kept beside it"),
                N_("run: sakusei audit verify; then restore store and head.json from the same backup"),
            )
        return canonical_json(sign_head(head, self.keys))

    def _kept(self) -> Head:
        """Return the kept head as it stands, unverified; the beginning when it cannot be read."""
        try:
            statement = json.loads(self.path.read_bytes())
            return Head(sequence=int(statement["sequence"]), hash=str(statement["hash"]))
        except (OSError, ValueError, KeyError, TypeError):
            return Head(sequence=0, hash="")

    def keep(self, statement: bytes) -> None:
        """Keep the head unless a colleague has kept a later one."""
        with hold_lock(self.path.with_name(".head.lock")):
            if self._kept().sequence < json.loads(statement)["sequence"]:
                write_bytes(self.path, statement)


def read_head_file(path: Path, key: Ed25519PublicKey) -> Head | None:
    """Return the kept head; None when there is none.

    Parameters
    ----------
    key : Ed25519PublicKey
        The public key of the office.

    Raises
    ------
    VerificationFailed
        The office did not sign it.
    """
    if not path.exists():
        return None
    try:
        statement = json.loads(path.read_bytes())
    except ValueError:
        statement = {}
    return check_head(statement if isinstance(statement, dict) else {}, key)
