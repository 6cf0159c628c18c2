"""Keys of the office at rest: an age identity that opens the vault, an Ed25519 key that signs. Under a passphrase if wished.

Decided here: where keys lie, with which rights, how they are unlocked. Not decided here: what is sealed or signed.
"""

import os
from functools import cached_property
from pathlib import Path

import pyrage
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from schemas.errors import SettingsError, VerificationFailed
from schemas.files import replace_file, write_bytes
from schemas.messages import N_, Name

IDENTITY = "office.age"
SIGNING = "office.ed25519.pem"
PUBLIC_PEM = "office.pub.pem"
PUBLIC_AGE = "office.age.pub"
AGE_HEADER = b"age-encryption.org/"


def write_secret(path: Path, content: bytes) -> None:
    """Write a file that its owner alone may read, whole or not at all."""
    with replace_file(path) as temporary:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as target:
            target.write(content)


def make_private(folder: Path) -> Path:
    """Make a folder that its owner alone may enter, or take others' rights from an existing one."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    return folder


def decrypt_whole(source: Path, target: Path, identity: pyrage.x25519.Identity) -> None:
    """Decrypt an age envelope to a file that appears only when every byte of it was authentic.

    Parameters
    ----------
    source, target : Path
        The envelope, and the plain file; `target` gets rights 0600.

    Raises
    ------
    VerificationFailed
        The envelope was cut, changed, or is for another key. Nothing of the plain bytes stays: pyrage itself leaves what it had
        decrypted before it met the damage.
    """
    with replace_file(target) as temporary:
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            pyrage.decrypt_file(str(source), str(temporary), [identity])
        except (pyrage.DecryptError, OSError) as error:
            raise VerificationFailed(
                N_("the envelope {name} is damaged, cut short, or sealed to another key"),
                N_("fetch it again from its sender or from the backup; check disk space"),
                name=Name(source.name),
            ) from error


class Keys:
    """The keys of the office; a secret is read when it is first needed.

    Parameters
    ----------
    folder : Path
        `keys/` of the workspace.
    passphrase : str or None
        What the keys are locked under.
    """

    def __init__(self, folder: Path, passphrase: str | None = None) -> None:
        self._folder = folder
        self._passphrase = passphrase or None

    def __repr__(self) -> str:
        return "Keys(…)"

    @classmethod
    def create(cls, folder: Path, passphrase: str | None = None) -> "Keys":
        """Make both keys, unless they are there already, and return them.

        Parameters
        ----------
        passphrase : str or None
            Lock both under it (age scrypt; PKCS #8 with the best encryption of the library).
        """
        keys = cls(make_private(folder), passphrase)
        if not (folder / IDENTITY).exists():
            # Kept unlocked for this command: unlocking costs a second by design.
            keys._identity = pyrage.x25519.Identity.generate()
            secret = str(keys._identity).encode()
            write_secret(folder / IDENTITY, pyrage.passphrase.encrypt(secret, passphrase) if passphrase else secret)
        if not (folder / SIGNING).exists():
            lock: serialization.KeySerializationEncryption = (
                serialization.BestAvailableEncryption(passphrase.encode()) if passphrase else serialization.NoEncryption()
            )
            keys._signing = Ed25519PrivateKey.generate()
            pem = keys._signing.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)
            write_secret(folder / SIGNING, pem)
        return keys

    def _read(self, name: str) -> bytes:
        """Return the bytes of a key file.

        Raises
        ------
        SettingsError
            It is absent, or others may read it.
        """
        path = self._folder / name
        if not path.is_file():
            raise SettingsError(N_("the key {name} is missing"), N_("restore keys/ from its backup"), name=Name(name))
        if path.stat().st_mode & 0o077:
            raise SettingsError(
                N_("the key {name} can be read by others"), N_("run: chmod 600 on it and 700 on its folder"), name=Name(name)
            )
        return path.read_bytes()

    @cached_property
    def _identity(self) -> pyrage.x25519.Identity:
        content = self._read(IDENTITY)
        locked = content.startswith(AGE_HEADER)
        if locked and self._passphrase is None:
            raise _locked(IDENTITY)
        try:
            if locked:
                content = pyrage.passphrase.decrypt(content, self._passphrase)
            return pyrage.x25519.Identity.from_str(content.decode().strip())
        except (pyrage.DecryptError, pyrage.IdentityError, UnicodeDecodeError) as error:
            raise _locked(IDENTITY) from error

    @cached_property
    def _signing(self) -> Ed25519PrivateKey:
        content = self._read(SIGNING)
        encrypted = b"ENCRYPTED" in content.split(b"\n", 1)[0]
        try:
            key = serialization.load_pem_private_key(content, (self._passphrase or "").encode() if encrypted else None)
        except (ValueError, TypeError) as error:
            raise _locked(SIGNING) from error
        if not isinstance(key, Ed25519PrivateKey):
            raise _locked(SIGNING)
        return key

    @property
    def recipient(self) -> str:
        """The age public key of the office, as text: what municipalities seal to."""
        return str(self._identity.to_public())

    def decrypt_file(self, source: Path, target: Path) -> None:
        """Open what was sealed to the office.

        Raises
        ------
        VerificationFailed
            The envelope is damaged or for another key; `target` does not exist then.
        """
        decrypt_whole(source, target, self._identity)

    def decrypt(self, content: bytes) -> bytes:
        """Return a short secret that was sealed to the office.

        Raises
        ------
        VerificationFailed
            It is damaged or for another key.
        """
        try:
            return bytes(pyrage.decrypt(content, [self._identity]))
        except pyrage.DecryptError as error:
            raise VerificationFailed(
                N_("a wrapped key is damaged or for another office"), N_("restore vault/ and keys/ from the same backup")
            ) from error

    def encrypt(self, content: bytes) -> bytes:
        """Return a short secret sealed to the office."""
        return bytes(pyrage.encrypt(content, [self._identity.to_public()]))

    def sign(self, data: bytes) -> bytes:
        """Return the Ed25519 signature (64 bytes) of the office."""
        return self._signing.sign(data)

    def public_key_pem(self) -> str:
        """Return the public key that verifies what the office signed, as PEM."""
        spki = serialization.PublicFormat.SubjectPublicKeyInfo
        return self._signing.public_key().public_bytes(serialization.Encoding.PEM, spki).decode()

    def publish(self, folder: Path) -> tuple[Path, Path]:
        """Write `office.pub.pem` and `office.age.pub` for municipalities and data users, and return where."""
        pem, recipient = folder / PUBLIC_PEM, folder / PUBLIC_AGE
        write_bytes(pem, self.public_key_pem().encode())
        write_bytes(recipient, f"{self.recipient}\n".encode())
        return pem, recipient


def load_public_key(path: Path) -> Ed25519PublicKey:
    """Return the public key of an office from its PEM file.

    Raises
    ------
    SettingsError
        There is none, or the file holds something else.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _no_public_key(path.name) from error
    return parse_public_key(content, path.name)


def parse_public_key(pem: bytes, name: str = PUBLIC_PEM) -> Ed25519PublicKey:
    """Return the public key of an office from its PEM text.

    Parameters
    ----------
    pem : bytes
        The text.
    name : str
        What to call it in a message.

    Raises
    ------
    SettingsError
        The text is something else.
    """
    try:
        key = serialization.load_pem_public_key(pem)
    except ValueError as error:
        raise _no_public_key(name) from error
    if not isinstance(key, Ed25519PublicKey):
        raise _no_public_key(name)
    return key


def _no_public_key(name: str) -> SettingsError:
    return SettingsError(
        N_("{name} holds no Ed25519 public key"), N_("restore it from its backup, or ask the office for it"), name=Name(name)
    )


def _locked(name: str) -> SettingsError:
    return SettingsError(
        N_("the key {name} cannot be unlocked"),
        N_("set SAKUSEI_PASSPHRASE to the passphrase given to sakusei init"),
        name=Name(name),
    )
