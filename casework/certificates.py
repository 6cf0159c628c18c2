"""Certificates of erasure: what they say of the receipts, and how a municipality checks one with the office's public key alone.

Decided here: a certificate refers to every receipt the office signed for the file, by hash and head of the chain, so that whoever holds
the receipt can tell that this is the file that was erased. Not decided here: erasure itself (`casework.vault`).
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from casework.store import Store
from schemas.errors import SakuseiError, TransitionRefused, VerificationFailed
from schemas.files import canonical_json, readable_json, sha256_bytes, write_bytes
from schemas.messages import N_, Name

CERTIFICATE_TYPE = "sakusei-certificate-v1"
_SIZE_LIMIT_BYTES = 1 << 20


def refer_to_receipt(receipt: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a certificate says of a receipt: its hash, and what it was for."""
    told = {key: receipt.get(key) for key in ("received_at", "source_sha256", "bundle_sha256", "audit")}
    return {"sha256": sha256_bytes(canonical_json(receipt)), **told}


def get_certificate(store: Store, file_id: str) -> dict[str, Any]:
    """Return the certificate of an erased file.

    Raises
    ------
    TransitionRefused
        The file is not known, or not erased.
    """
    store.get_file(file_id)
    certificate = store.get_record("certificate", file_id=file_id)
    if certificate is None:
        raise TransitionRefused(N_("{file} is not erased"), N_("erase it first: sakusei vault erase {file}"), file=Name(file_id))
    return certificate


def write_certificate(path: Path, certificate: Mapping[str, Any]) -> None:
    """Write a certificate as JSON that people can read."""
    write_bytes(path, readable_json(dict(certificate)))


def verify_certificate(path: Path, key: Ed25519PublicKey, receipt: Path | None = None) -> dict[str, Any]:
    """Return a certificate whose signature is the office's.

    Parameters
    ----------
    path : Path
        The certificate.
    key : Ed25519PublicKey
        Public key of the office.
    receipt : Path or None
        The receipt that the certificate has to refer to.

    Raises
    ------
    VerificationFailed
        The file is no certificate, a byte of it is not as it was, or it does not refer to the receipt.
    """
    certificate = _read(path, _no_certificate(path))
    body = {name: value for name, value in certificate.items() if name not in {"sha256", "signature"}}
    content = canonical_json(body)
    try:
        key.verify(bytes.fromhex(certificate["signature"]), content)
    except (InvalidSignature, KeyError, TypeError, ValueError) as error:
        raise VerificationFailed(
            N_("the signature of {file} does not fit"),
            N_("check that the key is the office's; if it is, the certificate was changed: ask the office for it again"),
            file=Name(path.name),
        ) from error
    if body.get("type") != CERTIFICATE_TYPE or certificate.get("sha256") != sha256_bytes(content):
        raise _no_certificate(path)
    if receipt is not None:
        _check_receipt(body, receipt)
    return certificate


def _check_receipt(body: Mapping[str, Any], path: Path) -> None:
    no_receipt = VerificationFailed(N_("{file} is no receipt"), N_("give the receipt that the office sent back"), file=Name(path.name))
    reference = refer_to_receipt(_read(path, no_receipt))
    if reference not in body.get("receipts", []):
        raise VerificationFailed(
            N_("the certificate does not refer to {file}"),
            N_("check that receipt and certificate are of the same file; if they are, ask the office"),
            file=Name(path.name),
        )


def _no_certificate(path: Path) -> VerificationFailed:
    return VerificationFailed(
        N_("{file} is no certificate of erasure"), N_("give the certificate that the office sent"), file=Name(path.name)
    )


def _read(path: Path, error: SakuseiError) -> dict[str, Any]:
    """Return a JSON object, or raise the error."""
    try:
        if path.stat().st_size > _SIZE_LIMIT_BYTES:
            raise error
        document = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as cause:
        raise error from cause
    if not isinstance(document, dict):
        raise error
    return document
