"""Receipts: what the office signed for, with the head of its chain of events; the municipality checks it with the office's public key.

Decided here: form and signature of a receipt. Because every receipt carries the head, the office cannot rewrite its books without all
holders of receipts agreeing.
"""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from casework.store import Store
from intake.reading import check_present
from schemas.errors import TransitionRefused, VerificationFailed
from schemas.files import canonical_json, write_bytes
from schemas.messages import N_, Name

TYPE = "sakusei-receipt-v1"
_SIZE_LIMIT_BYTES = 1 << 20


def sign_receipt(facts: Mapping[str, Any], sign: Callable[[bytes], bytes]) -> dict[str, Any]:
    """Return a receipt: the facts and the signature over their canonical JSON.

    Parameters
    ----------
    facts : Mapping
        What was received, by whom, when, and the head of the chain.
    sign : Callable
        Bytes → Ed25519 signature.
    """
    receipt = {"type": TYPE, **facts}
    return {**receipt, "signature": base64.b64encode(sign(canonical_json(receipt))).decode("ascii")}


def get_receipt(store: Store, file_id: str) -> dict[str, Any]:
    """Return the latest receipt of a file.

    Raises
    ------
    TransitionRefused
        Nothing was received for it.
    """
    receipt = store.get_record("receipt", file_id=file_id)
    if receipt is None:
        raise TransitionRefused(N_("nothing was received for {file}"), N_("see: sakusei status"), file=Name(file_id))
    return receipt


def write_receipt(path: Path, receipt: Mapping[str, Any]) -> None:
    """Write a receipt as JSON that people can read."""
    write_bytes(path, json.dumps(receipt, ensure_ascii=False, indent=2, sort_keys=True).encode("utf-8") + b"\n")


def verify_receipt(path: Path, key: Ed25519PublicKey) -> dict[str, Any]:
    """Return the facts of a receipt whose signature is the office's.

    Raises
    ------
    VerificationFailed
        The file is no receipt, or a byte of what was signed is not as it was.
    FileRejected
        There is no such file.
    """
    check_present(path)
    name = Name(path.name)
    receipt = _read(path)
    signature = receipt.pop("signature", None)
    if receipt.get("type") != TYPE or not isinstance(signature, str):
        raise _no_receipt(name)
    try:
        key.verify(base64.b64decode(signature, validate=True), canonical_json(receipt))
    except (InvalidSignature, binascii.Error, ValueError) as error:
        raise VerificationFailed(
            N_("the signature of {file} does not fit"),
            N_("check that the key is the office's; if it is, the receipt was changed: ask the office for it again"),
            file=name,
        ) from error
    return receipt


def _read(path: Path) -> dict[str, Any]:
    name = Name(path.name)
    try:
        if path.stat().st_size > _SIZE_LIMIT_BYTES:
            raise _no_receipt(name)
        receipt = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise _no_receipt(name) from error
    if not isinstance(receipt, dict):
        raise _no_receipt(name)
    return receipt


def _no_receipt(name: Name) -> VerificationFailed:
    return VerificationFailed(N_("{file} is no receipt"), N_("give the receipt that the office sent back"), file=name)
