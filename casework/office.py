"""The office: settings, store, vault and keys of one workspace, opened together for one command."""

import getpass
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from casework.console import Session
from casework.database import check_revision, find_revision, open_engine, parse_url, upgrade
from casework.keys import Keys, make_private
from casework.settings import FILE_NAME, Settings, load_settings, save_settings
from casework.store import Store
from casework.vault import Vault
from casework.witness import HeadFile
from casework.workshop import sweep_work
from schemas.errors import SettingsError
from schemas.messages import N_


def read_clock() -> datetime:
    """Return the time with its zone."""
    return datetime.now(UTC)


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


def _passphrase() -> str | None:
    return os.environ.get("SAKUSEI_PASSPHRASE") or None


def _open_store(home: Path, settings: Settings, keys: Keys, now: Callable[[], datetime]) -> Store:
    engine = open_engine(parse_url(settings.store_url(home)))
    return Store(engine, papers=home / "papers", now=now, witness=HeadFile(home / "head.json", keys))


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
    keys = Keys(home / "keys", _passphrase())
    store = _open_store(home, settings, keys, now)
    try:
        check_revision(store.engine)
        if store.is_synthetic() != settings.synthetic:
            raise SettingsError(
                N_("the setting synthetic was changed after the office was set up"),
                N_("put it back; real and synthetic data never share an office"),
            )
        vault = Vault(home, store, keys, actor)
        sweep_work(home / "work")
        store.sweep_papers()
        vault.resume()
        yield Office(home=home, settings=settings, store=store, vault=vault, keys=keys, actor=actor, now=now)
    finally:
        store.close()


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
        The folder holds a workspace or other things.
    """
    if (home / FILE_NAME).exists():
        raise SettingsError(N_("the folder is a workspace already"), N_("use another folder; for newer tables: sakusei init --upgrade"))
    known = {"keys", "vault", "work", "papers", "store.db", "store.db-wal", "store.db-shm", "head.json", "office.pub.pem", "office.age.pub"}
    if home.is_dir() and any(path.name not in known and not path.name.endswith(".part") for path in home.iterdir()):
        raise SettingsError(N_("the folder is not empty"), N_("use an empty folder for the workspace"))
    for folder in (home, home / "vault", home / "work", home / "papers"):
        make_private(folder)
    keys = Keys.create(home / "keys", passphrase)
    published = keys.publish(home)
    store = _open_store(home, settings, keys, now)
    try:
        resumed = find_revision(store.engine) is not None and store.chain_head().sequence == 2
        upgrade(store.engine)
        if not (resumed and settings.database_url is None):
            store.open_books(synthetic=settings.synthetic, actor=actor, regime=settings.regime)
    finally:
        store.close()
    save_settings(home, settings)
    return published


def upgrade_office(home: Path) -> None:
    """Bring the tables of a workspace to the revision this software needs."""
    settings = load_settings(home)
    engine = open_engine(parse_url(settings.store_url(home)))
    try:
        upgrade(engine)
    finally:
        engine.dispose()
