"""A package is what was signed, to the byte, or it is refused."""

import base64
import json
import os
import random
import zipfile

import pandas as pd
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from release.archive import pack
from release.sign import RECALL_PREDICATE, RELEASE_PREDICATE, encode_pre_authentication, make_statement, open_statement, seal_statement
from release.verify import verify_package
from schemas.errors import SettingsError, VerificationFailed
from schemas.files import canonical_json
from schemas.manifest import ATTESTATION_NAME, MANIFEST_NAME, is_safe_path, list_folder

FLIPS_PER_FILE = 6
FLIPS_OF_ZIP = 250


def flip(path, position):
    content = bytearray(path.read_bytes())
    content[position] ^= 0x01
    path.write_bytes(bytes(content))


def test_folder_and_zip_verify(package, public_pem):
    folder, archive = package
    for form in (folder, archive):
        verified = verify_package(form, public_pem)
        assert verified.release_id == "L-0001"
        assert verified.files == len(list_folder(folder)) - 1
        assert [(table.rows, table.k, table.smallest_class) for table in verified.tables] == [(5, 2, 2)]
    data = pd.read_parquet(folder / "data" / "kokuho_benefit-F-0001.parquet")
    assert list(data["birth_date"].unique()) == ["30〜39歳", "40〜49歳"]


def test_any_changed_byte_of_any_file_is_found(package, public_pem):
    folder, _ = package
    chance = random.Random(1)
    for name in list_folder(folder):
        path = folder / name
        original = path.read_bytes()
        positions = {0, len(original) - 1, *(chance.randrange(len(original)) for _ in range(FLIPS_PER_FILE))}
        for position in positions:
            flip(path, position)
            with pytest.raises(VerificationFailed):
                verify_package(folder, public_pem)
            path.write_bytes(original)
    verify_package(folder, public_pem)


@pytest.mark.parametrize("name", ["more.txt", "data/more.csv"])
def test_a_foreign_file_is_named_once(package, public_pem, name):
    folder, _ = package
    (folder / name).write_bytes(b"x")
    with pytest.raises(VerificationFailed) as caught:
        verify_package(folder, public_pem)
    assert [reason.message.render() for reason in caught.value.reasons] == [f"{name} does not belong to the package"]


def test_any_changed_byte_of_the_zip_is_found(package, public_pem):
    _, archive = package
    original = archive.read_bytes()
    chance = random.Random(2)
    directory = original.rindex(b"PK\x01\x02")
    positions = {*range(directory, len(original)), *range(64), *(chance.randrange(len(original)) for _ in range(FLIPS_OF_ZIP))}
    for position in sorted(positions):
        flip(archive, position)
        with pytest.raises(VerificationFailed):
            verify_package(archive, public_pem)
        archive.write_bytes(original)
    verify_package(archive, public_pem)


@pytest.mark.parametrize("change", ["append", "prepend", "truncate", "comment", "empty", "text"])
def test_a_zip_of_another_length_is_found(package, public_pem, change):
    _, archive = package
    original = archive.read_bytes()
    changed = {
        "append": original + b"\0",
        "prepend": b"\0" + original,
        "truncate": original[:-1],
        "comment": original[:-2] + b"\x01\x00x",
        "empty": b"",
        "text": b"not a zip",
    }
    archive.write_bytes(changed[change])
    with pytest.raises(VerificationFailed):
        verify_package(archive, public_pem)


@pytest.mark.parametrize("name", ["extra.txt", "data/extra.parquet", ".hidden", "terms/another.html"])
def test_an_added_file_is_found(package, public_pem, name):
    folder, _ = package
    (folder / name).write_text("x")
    with pytest.raises(VerificationFailed) as caught:
        verify_package(folder, public_pem)
    assert any(name in line for line in caught.value.lines())


def test_a_missing_file_is_named(package, public_pem):
    folder, _ = package
    (folder / "terms" / "odrl.json").unlink()
    with pytest.raises(VerificationFailed) as caught:
        verify_package(folder, public_pem)
    assert caught.value.lines() == ["terms/odrl.json is missing"]


@pytest.mark.parametrize("name", [MANIFEST_NAME, ATTESTATION_NAME, "datapackage.json"])
def test_a_link_is_no_file(package, public_pem, tmp_path, name):
    folder, _ = package
    elsewhere = tmp_path / "elsewhere"
    (folder / name).rename(elsewhere)
    (folder / name).symlink_to(elsewhere)
    with pytest.raises(VerificationFailed):
        verify_package(folder, public_pem)


def test_another_key_is_refused(package):
    other = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(VerificationFailed, match="another key"):
        verify_package(package[0], other)


@pytest.mark.parametrize("pem", [b"", b"text", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"])
def test_what_is_no_key_is_a_settings_error(package, pem):
    with pytest.raises(SettingsError):
        verify_package(package[0], pem)


def test_files_swapped_between_two_releases_are_found(package, public_pem, tmp_path, signing_key):
    folder, _ = package
    statement = make_statement((), RELEASE_PREDICATE, {"release": "L-0002", "tables": {}})
    (folder / ATTESTATION_NAME).write_bytes(seal_statement(statement, signing_key.sign, public_pem.decode()))
    with pytest.raises(VerificationFailed):
        verify_package(folder, public_pem)


@pytest.mark.parametrize("case", ["alg-none", "two-signatures", "other-payload-type", "spaces", "other-predicate", "payload-swapped"])
def test_tampered_envelopes(package, public_pem, signing_key, case):
    folder, _ = package
    path = folder / ATTESTATION_NAME
    envelope = json.loads(path.read_bytes())
    payload = base64.b64decode(envelope["payload"])
    if case == "alg-none":
        envelope["signatures"][0]["sig"] = ""
    elif case == "two-signatures":
        envelope["signatures"] *= 2
    elif case == "other-payload-type":
        envelope["payloadType"] = "application/json"
        envelope["signatures"][0]["sig"] = base64.b64encode(
            signing_key.sign(encode_pre_authentication("application/json", payload))
        ).decode()
    elif case == "payload-swapped":
        envelope["payload"] = base64.b64encode(payload.replace(b"L-0001", b"L-0009")).decode()
    raw = canonical_json(envelope) if case != "spaces" else json.dumps(envelope).encode()
    if case == "other-predicate":
        raw = seal_statement(make_statement((), RECALL_PREDICATE, {"recalled": []}), signing_key.sign, public_pem.decode())
    path.write_bytes(raw)
    with pytest.raises(VerificationFailed):
        verify_package(folder, public_pem)


def test_a_recalled_release_is_refused(package, public_pem, signing_key):
    def recalls(release):
        predicate = {"version": 1, "recalled": [{"release": release, "recalled_on": "2026-11-23"}]}
        return seal_statement(make_statement((), RECALL_PREDICATE, predicate), signing_key.sign, public_pem.decode())

    assert verify_package(package[0], public_pem, recalls("L-0002")).release_id == "L-0001"
    with pytest.raises(VerificationFailed, match="L-0001 was recalled on 2026-11-23"):
        verify_package(package[0], public_pem, recalls("L-0001"))


@pytest.mark.parametrize("name", ["../x", "/x", "a/../b", "a\\b", "a//b", ".a", "a/.b", "ａ", "a\nb", "", "a/", "C:x", "a" * 201])
def test_unsafe_paths(name):
    assert not is_safe_path(name)


@pytest.mark.parametrize("name", ["L/../../escape", "L/é.txt", "L/a", "L/sub/"])
def test_a_zip_with_strange_names_writes_nothing_outside(tmp_path, public_pem, name):
    archive = tmp_path / "inner" / "evil.zip"
    archive.parent.mkdir()
    with zipfile.ZipFile(archive, "w") as target:
        target.writestr(name, "x")
    with pytest.raises(VerificationFailed):
        verify_package(archive, public_pem)
    assert list(tmp_path.iterdir()) == [archive.parent]


def test_a_bomb_is_refused_before_it_is_opened(tmp_path, public_pem):
    archive = tmp_path / "bomb.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr("L/zeros", b"\0" * (1 << 24))
    with pytest.raises(VerificationFailed, match="no package"):
        verify_package(archive, public_pem)


def test_packing_equal_folders_gives_equal_bytes(package, tmp_path):
    folder, archive = package
    for name in list_folder(folder):
        os.utime(folder / name, (1, 1))
    pack(folder, tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == archive.read_bytes()


def test_signature_follows_the_published_form():
    # DSSE protocol v1.0.0, the example of its test vectors: payload "hello world" of type "http://example.com/HelloWorld".
    assert (
        encode_pre_authentication("http://example.com/HelloWorld", b"hello world")
        == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_a_statement_survives_its_envelope(signing_key, public_pem):
    from casework.keys import parse_public_key

    statement = make_statement((), RELEASE_PREDICATE, {"release": "L-0001"})
    envelope = seal_statement(statement, signing_key.sign, public_pem.decode())
    assert open_statement(envelope, parse_public_key(public_pem), RELEASE_PREDICATE) == statement
