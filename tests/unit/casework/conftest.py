"""A store on each database, with one person per role; a real PostgreSQL server in a temporary folder."""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from casework.console import Session
from casework.database import open_engine, parse_url, upgrade
from casework.office import init_office, open_office
from casework.settings import Settings
from casework.states import Role
from casework.store import Store

# The people of the tests are called after what they do.
PEOPLE = {"chief": set(Role), "deputy": set(Role)} | {role.value: {role} for role in Role}


class Clock:
    """A clock that goes one second at each look."""

    def __init__(self) -> None:
        self.at = datetime(2026, 4, 1, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at


def find_postgres() -> Path | None:
    """The newest server found: distribution folders first, then PATH."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name.split(".")[0]))
    if folders:
        return folders[-1]
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found and shutil.which("pg_ctl") else None


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a server that lives as long as the session; listens on a socket alone."""
    binaries = find_postgres()
    if binaries is None:
        reason = "no PostgreSQL server (initdb, pg_ctl) on this machine"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    # The server refuses to run as root, and a socket's path has to be short.
    as_user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    if as_user:
        entry = pwd.getpwnam("postgres")
        os.chown(folder, entry.pw_uid, entry.pw_gid)

    def run(*command: str) -> None:
        subprocess.run(command, check=True, capture_output=True, cwd=folder, timeout=120, **as_user)  # type: ignore[call-overload]

    quick = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off -c shared_buffers=16MB -c max_connections=20"
    try:
        run(f"{binaries}/initdb", "-D", f"{folder}/data", "-U", "sakusei", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C")
        options = f"-k {folder} -c listen_addresses='' {quick}"
        run(f"{binaries}/pg_ctl", "-D", f"{folder}/data", "-w", "-l", f"{folder}/log", "-o", options, "start")
        try:
            yield f"postgresql+psycopg://sakusei@/{{name}}?host={folder}"
        finally:
            run(f"{binaries}/pg_ctl", "-D", f"{folder}/data", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """A database with the tables, to copy from."""
    from sqlalchemy import create_engine, text

    admin = create_engine(postgres_server.format(name="postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE blank"))
    admin.dispose()
    engine = open_engine(parse_url(postgres_server.format(name="blank")))
    upgrade(engine)
    engine.dispose()
    return postgres_server


@contextlib.contextmanager
def fresh_database(server: str, name: str) -> Iterator[str]:
    """The URL of a copy of the blank database, dropped at the end."""
    from sqlalchemy import create_engine, text

    admin = create_engine(server.format(name="postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE blank"))
    try:
        yield server.format(name=name)
    finally:
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        admin.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database with tables, one of each kind."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/store.db"
        engine = open_engine(parse_url(url))
        upgrade(engine)
        engine.dispose()
        yield url
        return
    with fresh_database(request.getfixturevalue("postgres_template"), f"t{abs(hash(tmp_path)):x}") as url:
        yield url


def add_everybody(store: Store) -> None:
    """One person per role; the chief, who opened the books, and a deputy have all roles."""
    with store.transaction():
        for person in sorted(set(PEOPLE) - {"chief"}):
            store.add_person(person, PEOPLE[person], actor="chief")


@pytest.fixture
def store(database_url: str, tmp_path: Path) -> Iterator[Store]:
    """A store with everybody in it."""
    (tmp_path / "papers").mkdir()
    store = Store(open_engine(parse_url(database_url)), papers=tmp_path / "papers", now=Clock())
    store.open_books(synthetic=True, actor="chief", regime="tokumei-2023", key_sha256="0" * 64)
    add_everybody(store)
    yield store
    store.close()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A workspace on SQLite with everybody in it."""
    folder = tmp_path / "office"
    settings = Settings(office_name="見本作成組織", regime="tokumei-2023", synthetic=True)
    init_office(folder, settings, actor="chief", now=Clock())
    with open_office(Session(home=folder, actor="chief")) as office:
        add_everybody(office.store)
    return folder
