"""The database under the store: SQLite with no set-up, PostgreSQL by URL. How it is opened, how writers queue, how it is upgraded.

Decided here: durability (SQLite WAL with synchronous=FULL), one writer at a time, the revision of the tables this software needs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError

from schemas.errors import EngineUnavailable, SettingsError
from schemas.messages import N_, Name

REVISION = "0001"
BUSY_SECONDS = 30
WRITE = "sakusei_write"
MIGRATIONS = Path(__file__).parent / "migrations"


def parse_url(text_url: str) -> URL:
    """Return the address of a database; `postgresql://` means psycopg 3.

    Raises
    ------
    SettingsError
        The text is no address, or of a database that is not served.
    """
    hint = N_("leave database_url out for SQLite, or write postgresql://user@host/name")
    try:
        url = make_url(text_url)
    except ArgumentError as error:
        raise SettingsError(N_("the setting database_url is not an address of a database"), hint) from error
    if url.drivername in {"postgresql", "postgres"}:
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername not in {"sqlite", "postgresql+psycopg"}:
        raise SettingsError(N_("databases of the kind {kind} are not served"), hint, kind=Name(url.drivername))
    return url


def open_engine(url: URL) -> Engine:
    """Return an engine that opens connections with the durability and the queue of writers decided here.

    Raises
    ------
    EngineUnavailable
        The driver of PostgreSQL is not installed.
    """
    sqlite = url.get_backend_name() == "sqlite"
    arguments: dict[str, Any] = {"timeout": BUSY_SECONDS} if sqlite else {"options": f"-c lock_timeout={BUSY_SECONDS}s -c timezone=UTC"}
    try:
        engine = create_engine(url, connect_args=arguments, hide_parameters=True, pool_pre_ping=not sqlite)
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise EngineUnavailable(
            N_("the driver of PostgreSQL is not installed"), N_("install it: pip install 'sakusei[postgres]'")
        ) from error
    if sqlite:
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    """Leave transactions to us, and make every commit survive a power cut."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "trusted_schema=OFF"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """Take the lock of the writer at the beginning, so that what is read then stays true until commit."""
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get(WRITE) else "BEGIN")


@contextmanager
def database_errors() -> Iterator[None]:
    """Turn failures of the database into errors with a hint; the text of the statement stays inside.

    Raises
    ------
    SettingsError
        The database does not answer, or refuses a statement.
    """
    try:
        yield
    except (OperationalError, DBAPIError) as error:
        raise SettingsError(
            N_("the case store does not answer ({kind})"),
            N_("check database_url, free disk space, and that no other command holds it for long; then run the command again"),
            kind=Name(type(error.orig or error).__name__),
        ) from error


def find_revision(engine: Engine) -> str | None:
    """Return the revision of the tables; None when there are none yet."""
    with database_errors(), engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return str(found) if found else None


def check_revision(engine: Engine) -> None:
    """Raise unless the tables are of the revision this software needs.

    Raises
    ------
    SettingsError
        There are no tables, or older or newer ones.
    """
    found = find_revision(engine)
    if found == REVISION:
        return
    raise SettingsError(
        N_("the case store is of revision {found}, this software needs {needed}"),
        N_("older: run `sakusei init --upgrade`; newer: install the newer software"),
        found=Name(found or "-"),
        needed=Name(REVISION),
    )


def upgrade(engine: Engine) -> None:
    """Bring the tables to the revision this software needs, in one transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    with database_errors(), engine.connect().execution_options(**{WRITE: True}) as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
