"""Signatures: DSSE envelopes around in-toto statements, one spelling each.

Decided here: what is signed and what counts as the same envelope. Not decided here: whose key, and what the package holds.

References
----------
DSSE, Dead Simple Signing Envelope, protocol v1.0.0 (secure-systems-lab). in-toto Attestation Framework, Statement v1.
RFC 8032 (Ed25519).
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from casework.keys import parse_public_key
from schemas.errors import VerificationFailed
from schemas.files import canonical_json
from schemas.manifest import FileEntry
from schemas.messages import N_

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
RELEASE_PREDICATE = "urn:sakusei:predicate:de-identified-release:v1"
RECALL_PREDICATE = "urn:sakusei:predicate:recall-list:v1"


def encode_pre_authentication(payload_type: str, payload: bytes) -> bytes:
    """Return the bytes that are signed (PAE of DSSE)."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def fingerprint(key: Ed25519PublicKey) -> str:
    """Return the SHA-256 of a public key's DER form, the `keyid` of envelopes."""
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def make_statement(subjects: Iterable[FileEntry], predicate_type: str, predicate: Mapping[str, object]) -> dict[str, object]:
    """Return an in-toto Statement v1 about files."""
    return {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": entry.path, "digest": {"sha256": entry.sha256}} for entry in subjects],
        "predicateType": predicate_type,
        "predicate": dict(predicate),
    }


def seal_statement(statement: Mapping[str, object], sign: Callable[[bytes], bytes], public_key_pem: str) -> bytes:
    """Return the envelope of a statement, in its one spelling.

    Parameters
    ----------
    statement : Mapping
        An in-toto statement.
    sign : callable
        Ed25519 signature of bytes.
    public_key_pem : str
        The key that checks it; only its fingerprint goes into the envelope.
    """
    payload = canonical_json(dict(statement))
    envelope = {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [
            {
                "keyid": fingerprint(parse_public_key(public_key_pem.encode())),
                "sig": base64.b64encode(sign(encode_pre_authentication(PAYLOAD_TYPE, payload))).decode(),
            }
        ],
    }
    return canonical_json(envelope)


def open_statement(envelope: bytes, key: Ed25519PublicKey, predicate_type: str) -> dict[str, Any]:
    """Return the statement inside an envelope whose every byte is right.

    Raises
    ------
    VerificationFailed
        Not an envelope in its one spelling, another key, a wrong signature, or a statement of another kind.
    """
    try:
        document = json.loads(envelope)
        (signature,) = document["signatures"]
        payload = base64.b64decode(document["payload"], validate=True)
        signed = base64.b64decode(signature["sig"], validate=True)
        same = canonical_json(document) == envelope and base64.b64encode(signed).decode() == signature["sig"]
        same = same and document.keys() == {"payload", "payloadType", "signatures"} and signature.keys() == {"keyid", "sig"}
        same = same and base64.b64encode(payload).decode() == document["payload"]
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error, RecursionError) as error:
        raise _failed(N_("the attestation cannot be read")) from error
    if not same or document["payloadType"] != PAYLOAD_TYPE:
        raise _failed(N_("the attestation is not in its one spelling"))
    if signature["keyid"] != fingerprint(key):
        raise _failed(N_("the attestation was signed with another key"))
    _check_signature(key, signed, payload)
    return _read_statement(payload, predicate_type)


def _check_signature(key: Ed25519PublicKey, signed: bytes, payload: bytes) -> None:
    try:
        key.verify(signed, encode_pre_authentication(PAYLOAD_TYPE, payload))
    except InvalidSignature as error:
        raise _failed(N_("the signature is wrong")) from error


def _read_statement(payload: bytes, predicate_type: str) -> dict[str, Any]:
    """Return a statement whose signature was checked before."""
    statement: dict[str, Any] = json.loads(payload)
    if statement.get("_type") != STATEMENT_TYPE or statement.get("predicateType") != predicate_type:
        raise _failed(N_("the attestation speaks of something else"))
    return statement


def _failed(message: str) -> VerificationFailed:
    return VerificationFailed(message, N_("do not use the package; ask the office for it again, with its key"))
