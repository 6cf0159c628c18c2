"""The office: settings, store, vault and keys of one workspace, opened together for one command."""

import getpass
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from casework.clock import read_clock
from casework.console import Session
from casework.database import check_revision, open_engine, parse_url, upgrade
from casework.keys import PUBLIC_AGE, PUBLIC_PEM, Keys, make_private
from casework.settings import FILE_NAME, STORE_NAME, Settings, check_office_name, load_settings, save_settings
from casework.store import Head, Store
from casework.vault import Vault
from casework.witness import HeadFile, read_head_file
from casework.workshop import sweep_work
from schemas.errors import SettingsError, VerificationFailed
from schemas.files import sha256_file
from schemas.messages import N_, Name

HEAD_FILE = "head.json"
# What a stopped `sakusei init` may have left.
OWN = frozenset({"keys", "vault", "work", "papers", HEAD_FILE, ".head.lock", PUBLIC_PEM, PUBLIC_AGE}) | {
    f"{STORE_NAME}{suffix}" for suffix in ("", "-wal", "-shm", "-journal")
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """Everything a command of the office needs.

    Parameters
    ----------
    home : Path
        The workspace.
    actor : str
        Who acts; the store checks what they may.
    now : Callable[[], datetime]
        The clock.
    """

    home: Path
    settings: Settings
    store: Store
    vault: Vault
    keys: Keys
    actor: str
    now: Callable[[], datetime]


def get_home(session: Session) -> Path:
    """Return the workspace that the person named.

    Raises
    ------
    SettingsError
        None was named.
    """
    if session.home is None:
        raise SettingsError(N_("no workspace was named"), N_("add --home DIR or set SAKUSEI_HOME; a new one: sakusei init --home DIR"))
    return session.home.absolute()


def get_actor(session: Session) -> str:
    """Return who acts: named by --as or SAKUSEI_ACTOR, else the login."""
    return (session.actor or getpass.getuser()).lower()


def get_passphrase() -> str | None:
    """Return the passphrase of the keys, from SAKUSEI_PASSPHRASE; None for none."""
    return os.environ.get("SAKUSEI_PASSPHRASE") or None


def _open_store(home: Path, settings: Settings, keys: Keys, now: Callable[[], datetime]) -> Store:
    engine = open_engine(parse_url(settings.store_url(home)))
    return Store(engine, papers=home / "papers", now=now, witness=HeadFile(home / HEAD_FILE, keys))


@contextmanager
def open_office(session: Session, *, now: Callable[[], datetime] = read_clock) -> Iterator[Office]:
    """Yield the office of a workspace; first finish what a stopped command left, at the end close the store.

    Parameters
    ----------
    session : Session
        Workspace and actor.
    now : Callable[[], datetime]
        The clock.

    Raises
    ------
    SettingsError
        No workspace, wrong settings, other tables than needed, or the flag `synthetic` was changed.
    """
    home, actor = get_home(session), get_actor(session)
    settings = load_settings(home)
    keys = Keys(home / "keys", get_passphrase())
    store = _open_store(home, settings, keys, now)
    try:
        check_revision(store.engine)
        _check_opening(home, settings, store)
        vault = Vault(home, store, keys, actor)
        sweep_work(home / "work")
        store.sweep_papers()
        vault.resume()
        yield Office(home=home, settings=settings, store=store, vault=vault, keys=keys, actor=actor, now=now)
    finally:
        store.close()


def _check_opening(home: Path, settings: Settings, store: Store) -> None:
    """Raise unless workspace and store were set up together, with these decisions."""
    facts = store.opening().facts
    if bool(facts.get("synthetic")) != settings.synthetic:
        raise SettingsError(
            N_("the setting synthetic was changed after the office was set up"),
            N_("put it back; real and synthetic data never share an office"),
        )
    if facts.get("regime") != settings.regime:
        raise SettingsError(
            N_("the setting regime was changed after the office was set up"),
            N_("put it back to {regime}; under other rules set up an office of its own: sakusei init"),
            regime=Name(facts.get("regime", "?")),
        )
    if facts.get("key_sha256") != _fingerprint(home):
        raise SettingsError(
            N_("the case store belongs to another office than the workspace"), N_("mend database_url, or restore office.pub.pem")
        )


def _fingerprint(home: Path) -> str:
    """Return the SHA-256 of the public key of the workspace."""
    path = home / PUBLIC_PEM
    return sha256_file(path) if path.is_file() else ""


def init_office(
    home: Path, settings: Settings, *, actor: str, passphrase: str | None = None, now: Callable[[], datetime] = read_clock
) -> tuple[Path, Path]:
    """Set up a workspace and return the public keys for others: `office.pub.pem`, `office.age.pub`.

    A stop in the middle does no harm: the settings are written last, and until then the same call carries on.

    Parameters
    ----------
    home : Path
        A folder that is absent, empty, or was left by a stopped call.
    actor : str
        The first person of the office, who gets all roles (the two-person rule still holds).
    passphrase : str or None
        Lock the keys under it.

    Raises
    ------
    SettingsError
        The folder holds a workspace or other things, or the name of the office cannot stand in letters.
    """
    check_office_name(settings.office_name)
    if (home / FILE_NAME).exists():
        raise SettingsError(N_("the folder is a workspace already"), N_("use another folder; for newer tables: sakusei init --upgrade"))
    if home.is_dir() and any(path.name not in OWN and not path.name.endswith(".part") for path in home.iterdir()):
        raise SettingsError(N_("the folder is not empty"), N_("use an empty folder for the workspace"))
    for folder in (home, home / "vault", home / "work", home / "papers"):
        make_private(folder)
    keys = Keys.create(home / "keys", passphrase)
    published = keys.publish(home)
    store = _open_store(home, settings, keys, now)
    try:
        upgrade(store.engine)
        facts = {"regime": settings.regime, "key_sha256": _fingerprint(home)}
        store.open_books(synthetic=settings.synthetic, actor=actor, **facts)
        # Said again, because a stopped call may have written the first events without it.
        witness = HeadFile(home / HEAD_FILE, keys)
        witness.keep(witness.attest(store.chain_head(), lambda _hash: True))
    finally:
        store.close()
    save_settings(home, settings)
    return published


def read_head(home: Path, key: Ed25519PublicKey) -> Head | None:
    """Return the signed head kept beside the store; None when it is missing or not by this office."""
    try:
        return read_head_file(home / HEAD_FILE, key)
    except VerificationFailed:
        return None


def upgrade_office(home: Path) -> None:
    """Bring the tables of a workspace to the revision this software needs."""
    settings = load_settings(home)
    engine = open_engine(parse_url(settings.store_url(home)))
    try:
        upgrade(engine)
    finally:
        engine.dispose()
