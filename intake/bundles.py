"""Bundles: a manifest that says what is sent, and the file itself in an envelope only the office can open.

Decided here: the form of `X.sakusei` (a zip of `manifest.json` and `payload.age`, both stored as they are) and how strictly it is read: two
members of exactly these names, no compression, no path, sizes that agree. Not decided here: whether what is sent is as it should be.
"""

import json
import secrets
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyrage

from intake.reading import check_present
from schemas.documents import check_document
from schemas.errors import FileRejected, FormRejected, SettingsError
from schemas.files import CHUNK_BYTES, canonical_json, replace_file, sha256_file
from schemas.messages import N_, Name

MANIFEST, PAYLOAD = "manifest.json", "payload.age"
MANIFEST_LIMIT_BYTES = 1 << 20
_DAMAGE = (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError)
_NO_TIME = (1980, 1, 1, 0, 0, 0)


def read_recipient(path: Path) -> str:
    """Return the age public key of an office from its file (`office.age.pub`).

    Raises
    ------
    SettingsError
        There is no such file, or it holds no such key.
    """
    check_present(path, SettingsError)
    try:
        text = path.read_text(encoding="ascii").strip()
        pyrage.x25519.Recipient.from_str(text)
    except (OSError, UnicodeDecodeError, pyrage.RecipientError) as error:
        raise SettingsError(
            N_("{file} holds no public key of an office"), N_("ask the office for its file office.age.pub"), file=Name(path.name)
        ) from error
    return text


@contextmanager
def seal_payload(source: Path, recipient: str, folder: Path) -> Iterator[Path]:
    """Yield the envelope of a file, sealed to an office; it is removed at the end.

    Parameters
    ----------
    source : Path
        The plain file; it stays where it is.
    recipient : str
        Age public key.
    folder : Path
        Where the envelope lies meanwhile.
    """
    envelope = folder / f".{secrets.token_hex(8)}.part"
    try:
        pyrage.encrypt_file(str(source), str(envelope), [pyrage.x25519.Recipient.from_str(recipient)])
        yield envelope
    finally:
        envelope.unlink(missing_ok=True)


def write_bundle(output: Path, manifest: Mapping[str, Any], envelope: Path) -> None:
    """Write a bundle whole or not at all; the same manifest and envelope give the same bytes.

    Raises
    ------
    FormRejected
        The manifest does not meet its form.
    """
    _check_manifest(dict(manifest))
    with replace_file(output) as temporary, zipfile.ZipFile(temporary, "x", zipfile.ZIP_STORED) as bundle:
        bundle.writestr(zipfile.ZipInfo(MANIFEST, _NO_TIME), canonical_json(manifest))
        member = zipfile.ZipInfo(PAYLOAD, _NO_TIME)
        member.file_size = envelope.stat().st_size
        with envelope.open("rb") as content, bundle.open(member, "w", force_zip64=True) as target:
            while chunk := content.read(CHUNK_BYTES):
                target.write(chunk)


def read_manifest(bundle: Path) -> dict[str, Any]:
    """Return the manifest of a bundle; nothing is unpacked.

    Raises
    ------
    FileRejected
        There is no such file, or it is no bundle: other members, compressed, encrypted, or damaged.
    FormRejected
        The manifest does not meet its form.
    """
    check_present(bundle)
    with _open_bundle(bundle) as content:
        try:
            manifest = _parse(content.read(MANIFEST))
        except _DAMAGE as error:
            raise _no_bundle() from error
    _check_manifest(manifest)
    return manifest


def extract_payload(bundle: Path, manifest: Mapping[str, Any], target: Path) -> None:
    """Write the envelope of a bundle to a file, after checking it against the manifest.

    Raises
    ------
    FileRejected
        Size or SHA-256 are not those of the manifest.
    """
    wanted = manifest["payload"]
    with _open_bundle(bundle) as content, target.open("xb") as out:
        try:
            with content.open(PAYLOAD) as source:
                shutil.copyfileobj(source, out, CHUNK_BYTES)
        except _DAMAGE as error:
            raise _no_bundle() from error
    if target.stat().st_size != wanted["size_bytes"] or sha256_file(target) != wanted["sha256"]:
        raise FileRejected(
            N_("the envelope of the bundle is not the one its manifest names"),
            N_("ask the municipality to send the bundle again; it was damaged or changed on the way"),
        )


@contextmanager
def _open_bundle(path: Path) -> Iterator[zipfile.ZipFile]:
    """Yield a bundle whose members are as they must be."""
    try:
        content = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise _no_bundle() from error
    with content:
        _check_members(content.infolist(), path.stat().st_size)
        yield content


def _check_members(members: list[zipfile.ZipInfo], size_bytes: int) -> None:
    """Refuse anything but the two members, stored plainly, within the size of the file."""
    plain = all(m.compress_type == zipfile.ZIP_STORED and m.compress_size == m.file_size and not m.flag_bits & 0x1 for m in members)
    named = [member.filename for member in members] == [MANIFEST, PAYLOAD]
    if not named or not plain or members[0].file_size > MANIFEST_LIMIT_BYTES or sum(m.file_size for m in members) > size_bytes:
        raise _no_bundle()


def _parse(content: bytes) -> dict[str, Any]:
    try:
        manifest = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _no_bundle() from error
    if not isinstance(manifest, dict):
        raise _no_bundle()
    return manifest


def _check_manifest(manifest: dict[str, Any]) -> None:
    findings = check_document("transfer", manifest)
    if findings:
        raise FormRejected(
            N_("the manifest of the bundle does not meet its form"),
            N_("make the bundle again: sakusei intake seal"),
            findings=findings,
        )


def _no_bundle() -> FileRejected:
    return FileRejected(
        N_("the file is not a bundle of sakusei, or it is damaged"),
        N_("ask the municipality to make it with sakusei intake seal and to send it again"),
    )
