"""The input of a release, counted anew: person by person over columns that its class table does not have.

Decided here: what is read of an input that the vault still has. Not decided here: what it is joined to (`sealed`).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from anonymize.classes import SensitiveCounts
from anonymize.method_file import PERSONS
from anonymize.ordering import number_values
from anonymize.parts import hash_table, name_parts
from anonymize.risk.releases import number_lines
from anonymize.rows.sensitive import sort_entries
from anonymize.rows.source import is_parquet
from schemas.embedded_sql import open_duckdb, quote

PERSON, VALUE = "__person", "__value"


def has_input(path: Path, facts: Mapping[str, Any]) -> bool:
    """Return whether a file is Parquet, and the one a release was made from."""
    return is_parquet(path) and hash_table(path) == facts["input_sha256"]


def count_cells(source: Path, columns: list[str], unit: str | None, work: Path) -> pa.Table | None:
    """Return the distinct combinations of an input and their persons, one by one where there is a unit; None where a column is missing.

    Parameters
    ----------
    source : Path
        The input (Parquet).
    columns : list of str
        All quasi-identifiers that are wanted.
    unit : str or None
        Person key.
    work : Path
        Private folder for what does not fit into memory.
    """
    with open_duckdb(work) as connection:
        connection.read_parquet(name_parts(source)).create_view("original")
        known = {name for (name, *_) in connection.execute("DESCRIBE original").fetchall()}
        if not {*columns, *([unit] if unit else [])} <= known:
            return None
        names = ", ".join(quote(name) for name in columns)
        person = f", {quote(unit)} AS {PERSON}" if unit else ""
        counted = f"SELECT {names}{person}, {'1' if unit else 'count(*)'} AS {PERSONS} FROM original GROUP BY ALL"  # noqa: S608 - quoted
        return connection.sql(counted).to_arrow_table()


def count_values(source: Path, cells: pa.Table, unit: str | None, name: str, work: Path) -> SensitiveCounts:
    """Return the persons of each value of a column in each cell.

    Parameters
    ----------
    source : Path
        The input (Parquet).
    cells : pa.Table
        What `count_cells` found in it, by the same unit.
    unit : str or None
        Person key.
    name : str
        The sensitive column, released as it came.
    work : Path
        Private folder.
    """
    columns = [column for column in cells.column_names if column not in {PERSON, PERSONS}]
    person = f", {quote(unit)} AS {PERSON}" if unit else ""
    told = f"{', '.join(quote(column) for column in columns)}{person}, {quote(name)} AS {VALUE}"
    with open_duckdb(work) as connection:
        connection.read_parquet(name_parts(source)).create_view("original")
        counted = f"SELECT {told}, {'1' if unit else 'count(*)'} AS {PERSONS} FROM original GROUP BY ALL"  # noqa: S608 - quoted
        found = connection.sql(counted).to_arrow_table()
    keys = [*columns, *([PERSON] if unit else [])]
    mine, theirs = number_lines([cells.select(keys), found.select(keys)])
    line_of = np.empty(int(mine.max(initial=-1)) + 1, dtype=np.int32)
    line_of[mine] = np.arange(len(mine))
    values, codes = number_values(found.column(VALUE))
    persons = found.column(PERSONS).to_numpy().astype(np.int64)
    offsets, ordered, counts = sort_entries(line_of[theirs], codes, persons, (cells.num_rows, len(values)))
    missing = len(values) - 1 if values.null_count else None
    return SensitiveCounts(offsets=offsets, values=ordered, persons=counts, distinct=len(values), missing=missing)
