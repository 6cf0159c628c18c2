"""DuckDB, embedded: the engine of one machine. Spills to the private work folder beyond its memory limit."""

import os
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa

from anonymize.engines.engine import BATCH_ROWS, Engine, EngineSettings
from anonymize.parts import name_parts

DEFAULT_SHARE_OF_MEMORY = 0.4
MOST_BYTES = 2 << 30


class DuckDBEngine(Engine):
    """An embedded DuckDB in memory, with its overflow in the work folder."""

    name = "duckdb"
    dialect = "duckdb"
    errors = (duckdb.Error,)

    def __init__(self, settings: EngineSettings) -> None:
        super().__init__()
        limit = settings.memory_limit_bytes or default_memory_bytes()
        config: dict[str, str | int | bool] = {
            "temp_directory": str(settings.work / "overflow"),
            "memory_limit": f"{limit // (1 << 20)}MiB",
            "preserve_insertion_order": False,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
        if settings.threads:
            config["threads"] = settings.threads
        with self.guard():
            self._connection = duckdb.connect(config=config)

    def _run(self, sql: str) -> pa.Table:
        return self._connection.sql(sql).to_arrow_table()

    def _stream(self, sql: str) -> Iterator[pa.RecordBatch]:
        yield from self._connection.sql(sql).to_arrow_reader(BATCH_ROWS)

    def _keep(self, name: str, sql: str) -> None:
        self._connection.execute(f'CREATE TEMP TABLE "{name}" AS {sql}')

    def _load(self, name: str, rows: pa.Table) -> None:
        self._connection.register("arriving", rows)
        self._connection.execute(f'CREATE TEMP TABLE "{name}" AS FROM arriving')
        self._connection.unregister("arriving")

    def _drop(self, names: list[str]) -> None:
        for name in names:
            self._connection.execute(f'DROP TABLE "{name}"')

    def _open(self, name: str, path: Path) -> None:
        self._connection.read_parquet(name_parts(path)).create_view(name)

    def close(self) -> None:
        """Close the connection and drop its tables."""
        self._connection.close()


def default_memory_bytes() -> int:
    """Return the default memory limit: 40 % of the machine's memory, at most 2 GiB."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min(int(total * DEFAULT_SHARE_OF_MEMORY), MOST_BYTES)
