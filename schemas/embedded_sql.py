"""SQL on files with a DuckDB of one's own: nothing fetched from anywhere, nothing spilled where others may look."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

OVERFLOW = "overflow"


@contextmanager
def open_duckdb(work: Path | None) -> "Iterator[duckdb.DuckDBPyConnection]":
    """Yield a connection in memory, closed at the end; duckdb is imported late.

    Parameters
    ----------
    work : Path or None
        Private folder for what does not fit into memory. None: everything stays in memory. (By itself DuckDB would write it into the
        current folder.)
    """
    import duckdb

    settings: dict[str, str | int | bool] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "temp_directory": str(work / OVERFLOW) if work else "",
    }
    with duckdb.connect(config=settings) as connection:
        yield connection


def quote(name: str) -> str:
    """Return a name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'
