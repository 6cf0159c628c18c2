"""The original file, as the processing reads it: what the attacks need of it, with SQL of our own.

Decided here: which rows are drawn. Values stay in memory and in the private work folder; nothing here reaches a message or a report.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from anonymize.parts import find_parts, name_parts
from schemas.embedded_sql import open_duckdb, quote

PLACE = "__place"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Originals:
    """A typed Parquet file, or a folder of parts.

    Parameters
    ----------
    path : Path
        The file, or the folder of its parts.
    schema : pa.Schema
        Columns that are released or counted by, as the processing reads them.
    unit : str or None
        Person key; None: every row is one person.
    work : Path or None
        Private folder for what does not fit into memory; None: it has to fit.
    """

    path: Path
    schema: pa.Schema
    unit: str | None
    work: Path | None = None

    @property
    def person_sql(self) -> str:
        """SQL that counts persons in a group of rows."""
        return f"count(DISTINCT {quote(self.unit)})" if self.unit else "count(*)"

    def count(self) -> tuple[int, int]:
        """Return rows and distinct persons."""
        with open_duckdb(self.work) as connection:
            connection.read_parquet(name_parts(self.path)).create_view("original")
            ((rows, persons),) = connection.execute(f"SELECT count(*), {self.person_sql} FROM original").fetchall()  # noqa: S608
        return int(rows), int(persons)

    def distinct(self, name: str) -> pa.ChunkedArray:
        """Return the distinct values of a column; a missing value is one of them."""
        with open_duckdb(self.work) as connection:
            connection.read_parquet(name_parts(self.path)).create_view("original")
            found = connection.sql(f"SELECT DISTINCT {quote(name)} FROM original").to_arrow_table()  # noqa: S608 - the name is quoted
        return found.column(0).cast(self.schema.field(name).type)

    def latest(self, names: list[str]) -> pa.Table:
        """Return one row: the greatest value of each column."""
        with open_duckdb(self.work) as connection:
            connection.read_parquet(name_parts(self.path)).create_view("original")
            greatest = ", ".join(f"max({quote(name)}) AS {quote(name)}" for name in names)
            found = connection.sql(f"SELECT {greatest} FROM original").to_arrow_table()  # noqa: S608 - names are quoted
        return found.cast(pa.schema([self.schema.field(name) for name in names]))

    def choose(self, rng: np.random.Generator, most: int) -> NDArray[np.int64]:
        """Return row numbers in random order: one random row of each of at most so many random persons."""
        if self.unit is None:
            return rng.permutation(sum(pq.read_metadata(part).num_rows for part in find_parts(self.path)))[:most].astype(np.int64)
        keys = self._read_keys()
        codes = pc.fill_null(keys.indices, len(keys.dictionary)).to_numpy(zero_copy_only=False)
        shuffled = rng.permutation(len(codes))
        _, first = np.unique(codes[shuffled], return_index=True)
        return rng.permutation(shuffled[first])[:most].astype(np.int64)

    def choose_histories(self, rng: np.random.Generator, most: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return all row numbers of at most so many random persons with several rows, and whose they are, 0 …."""
        keys = self._read_keys()
        codes = pc.fill_null(keys.indices, len(keys.dictionary)).to_numpy(zero_copy_only=False)
        several = np.flatnonzero(np.bincount(codes, minlength=len(keys.dictionary) + 1)[:-1] > 1)
        place = np.full(len(keys.dictionary) + 1, -1, dtype=np.int64)
        chosen = rng.permutation(several)[:most]
        place[chosen] = np.arange(len(chosen))
        owners = place[codes]
        rows = np.flatnonzero(owners >= 0)
        order = np.argsort(owners[rows], kind="stable")
        return rows[order], owners[rows][order]

    def order_keys(self) -> tuple[dict[str, int], dict[str, int]]:
        """Return the place of every person key, as text, by first row and by the order of the keys themselves."""
        keys = self._read_keys().dictionary
        texts = [str(key) for key in keys.to_pylist()]
        ranks = np.argsort(pc.sort_indices(keys).to_numpy(), kind="stable")
        return {text: i for i, text in enumerate(texts)}, {text: int(rank) for text, rank in zip(texts, ranks, strict=True)}

    def _read_keys(self) -> pa.DictionaryArray:
        """Return the person key of every row."""
        return pq.read_table(name_parts(self.path), columns=[self.unit]).column(0).combine_chunks().dictionary_encode()

    def count_combinations(self, columns: list[str]) -> tuple[pa.Table, NDArray[np.int64]]:
        """Return the distinct combinations of values in some columns, and the rows of each."""
        names = ", ".join(quote(name) for name in columns)
        with open_duckdb(self.work) as connection:
            connection.read_parquet(name_parts(self.path)).create_view("original")
            sql = f"SELECT {names}, count(*) AS {PLACE} FROM original GROUP BY {names}"  # noqa: S608 - names are quoted
            found = connection.sql(sql).to_arrow_table()
        rows: NDArray[np.int64] = found.column(PLACE).to_numpy().astype(np.int64)
        return found.select(columns).cast(pa.schema([self.schema.field(name) for name in columns])), rows

    def read(self, rows: NDArray[np.int64]) -> pa.Table:
        """Return some rows, in the order of their numbers as given."""
        with open_duckdb(self.work) as connection:
            connection.register("chosen", pa.table({"__chosen": rows, PLACE: np.arange(len(rows))}))
            connection.read_parquet(name_parts(self.path)).create_view("original")
            names = ", ".join(f"original.{quote(name)}" for name in self.schema.names)
            numbered = "SELECT *, row_number() OVER () - 1 AS __number FROM original"
            sql = f"SELECT {names} FROM ({numbered}) AS original JOIN chosen ON __number = __chosen ORDER BY {PLACE}"  # noqa: S608 - names are quoted
            return connection.sql(sql).to_arrow_table().cast(self.schema)

    def count_same(self, drawn: pa.Table, columns: list[str]) -> NDArray[np.int64]:
        """Return, per drawn row, how many persons of the original have the same values in these columns."""
        names = ", ".join(quote(name) for name in columns)
        equal = " AND ".join(f"d.{quote(name)} IS NOT DISTINCT FROM w.{quote(name)}" for name in columns)
        with open_duckdb(self.work) as connection:
            connection.register("drawn", drawn.select(columns).append_column(PLACE, pa.array(np.arange(drawn.num_rows))))
            connection.read_parquet(name_parts(self.path)).create_view("original")
            whole = f"SELECT {names}, {self.person_sql} AS persons FROM original GROUP BY {names}"  # noqa: S608 - names are quoted
            sql = f"SELECT persons FROM drawn d JOIN ({whole}) w ON {equal} ORDER BY {PLACE}"  # noqa: S608
            found: NDArray[np.int64] = connection.sql(sql).to_arrow_table().column(0).to_numpy().astype(np.int64)
        return found
