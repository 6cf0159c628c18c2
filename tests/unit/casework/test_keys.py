"""Keys at rest, under a passphrase, and what they sign and open."""

import stat

import pyrage
import pytest
from cryptography.exceptions import InvalidSignature

from casework.keys import IDENTITY, PUBLIC_AGE, PUBLIC_PEM, SIGNING, Keys, load_public_key, write_secret
from casework.store import Head
from casework.witness import HeadFile, check_head, read_head_file, sign_head
from schemas.errors import SettingsError, VerificationFailed


@pytest.fixture
def keys(tmp_path):
    return Keys.create(tmp_path / "keys")


def test_keys_lie_where_their_owner_alone_may_read(keys, tmp_path):
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    for name in (IDENTITY, SIGNING):
        assert stat.S_IMODE((tmp_path / "keys" / name).stat().st_mode) == 0o600


def test_making_keys_again_keeps_them(keys, tmp_path):
    assert Keys.create(tmp_path / "keys").public_key_pem() == keys.public_key_pem()
    assert Keys.create(tmp_path / "keys").recipient == keys.recipient


def test_two_offices_have_different_keys(keys, tmp_path):
    other = Keys.create(tmp_path / "other")
    assert other.recipient != keys.recipient
    assert other.public_key_pem() != keys.public_key_pem()


def test_what_is_sealed_to_the_published_key_opens(keys, tmp_path):
    pem, recipient = keys.publish(tmp_path)
    assert (pem.name, recipient.name) == (PUBLIC_PEM, PUBLIC_AGE)
    plain, sealed, back = (tmp_path / name for name in ("plain", "sealed", "back"))
    plain.write_bytes(b"rows")
    pyrage.encrypt_file(str(plain), str(sealed), [pyrage.x25519.Recipient.from_str(recipient.read_text().strip())])
    keys.decrypt_file(sealed, back)
    assert back.read_bytes() == b"rows"
    assert stat.S_IMODE(back.stat().st_mode) == 0o600
    with pytest.raises(VerificationFailed, match="sealed to another key"):
        Keys.create(tmp_path / "other").decrypt_file(sealed, tmp_path / "no")
    assert not (tmp_path / "no").exists()


def test_what_is_signed_verifies_with_the_published_key_and_nothing_else_does(keys, tmp_path):
    pem, _ = keys.publish(tmp_path)
    signature = keys.sign(b"statement")
    assert len(signature) == 64
    load_public_key(pem).verify(signature, b"statement")
    with pytest.raises(InvalidSignature):
        load_public_key(pem).verify(signature, b"statement.")


def test_a_passphrase_locks_both_keys(tmp_path):
    folder = tmp_path / "keys"
    made = Keys.create(folder, "見本の合言葉")
    assert b"AGE-SECRET-KEY" not in (folder / IDENTITY).read_bytes()
    assert b"ENCRYPTED" in (folder / SIGNING).read_bytes()
    again = Keys(folder, "見本の合言葉")
    assert (again.recipient, again.public_key_pem()) == (made.recipient, made.public_key_pem())
    for wrong in (None, "", "other"):
        with pytest.raises(SettingsError, match="cannot be unlocked") as caught:
            Keys(folder, wrong).public_key_pem()
        assert "SAKUSEI_PASSPHRASE" in caught.value.hint.render()
    with pytest.raises(SettingsError, match="cannot be unlocked"):
        _ = Keys(folder, None).recipient


@pytest.mark.parametrize("name", [IDENTITY, SIGNING])
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_key_that_others_may_read_is_not_used(keys, tmp_path, name, mode):
    (tmp_path / "keys" / name).chmod(mode)
    fresh = Keys(tmp_path / "keys")
    with pytest.raises(SettingsError, match="can be read by others"):
        _ = fresh.recipient if name == IDENTITY else fresh.public_key_pem()


@pytest.mark.parametrize("content", [None, b"", b"no key", b"\xff\xfe"])
@pytest.mark.parametrize("name", [IDENTITY, SIGNING])
def test_a_missing_or_spoilt_key_is_named(keys, tmp_path, name, content):
    path = tmp_path / "keys" / name
    path.unlink()
    if content is not None:
        write_secret(path, content)
    fresh = Keys(tmp_path / "keys")
    with pytest.raises(SettingsError) as caught:
        _ = fresh.recipient if name == IDENTITY else fresh.public_key_pem()
    assert name in str(caught.value)


@pytest.mark.parametrize("content", [None, b"", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"])
def test_a_spoilt_public_key_is_named(tmp_path, content):
    path = tmp_path / PUBLIC_PEM
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"office\.pub\.pem holds no Ed25519 public key"):
        load_public_key(path)


def test_a_secret_does_not_show(keys):
    assert repr(keys) == "Keys(…)"


def test_a_wrapped_secret_opens_for_its_office_alone(keys, tmp_path):
    wrapped = keys.encrypt(b"secret")
    assert keys.decrypt(wrapped) == b"secret"
    for other, content in ((Keys.create(tmp_path / "other"), wrapped), (keys, wrapped[:-1]), (keys, b"")):
        with pytest.raises(VerificationFailed):
            other.decrypt(content)


def test_the_head_file_keeps_the_latest_head(keys, tmp_path):
    witness = HeadFile(tmp_path / "head.json", keys)
    key = load_public_key(keys.publish(tmp_path)[0])
    assert read_head_file(witness.path, key) is None
    first, late, early = Head(sequence=2, hash="c" * 64), Head(sequence=7, hash="a" * 64), Head(sequence=6, hash="b" * 64)
    for head in (first, late, early):
        witness.keep(witness.attest(head, {"c" * 64, "a" * 64}.__contains__))
    assert read_head_file(witness.path, key) == late


@pytest.mark.parametrize("content", [None, b"", b"{}", b'{"sequence": 2, "hash": "unknown"}'])
def test_nothing_is_written_on_a_chain_that_lost_its_kept_head(keys, tmp_path, content):
    witness = HeadFile(tmp_path / "head.json", keys)
    if content is not None:
        witness.path.write_bytes(content)
    with pytest.raises(VerificationFailed, match="does not hold the head kept beside it"):
        witness.attest(Head(sequence=3, hash="a" * 64), {"a" * 64}.__contains__)
    witness.attest(Head(sequence=2, hash="a" * 64), {"a" * 64}.__contains__)


def test_a_head_by_another_office_or_changed_is_refused(keys, tmp_path):
    statement = sign_head(Head(sequence=7, hash="a" * 64), keys)
    key = load_public_key(keys.publish(tmp_path)[0])
    assert check_head(statement, key) == Head(sequence=7, hash="a" * 64)
    changes = [{"sequence": 6}, {"hash": "b" * 64}, {"signature": "00" * 64}, {"signature": "zz"}, {"sequence": "x"}, {"hash": None}]
    for change in changes:
        with pytest.raises(VerificationFailed):
            check_head(statement | change, key)
    for part in statement:
        with pytest.raises(VerificationFailed):
            check_head({name: value for name, value in statement.items() if name != part}, key)
    other = Keys.create(tmp_path / "other")
    with pytest.raises(VerificationFailed):
        check_head(sign_head(Head(sequence=7, hash="a" * 64), other), key)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"null", b"\xff"])
def test_a_head_file_that_is_no_statement_is_refused(keys, tmp_path, content):
    path = tmp_path / "head.json"
    path.write_bytes(content)
    with pytest.raises(VerificationFailed):
        read_head_file(path, load_public_key(keys.publish(tmp_path)[0]))
