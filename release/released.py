"""What a released Parquet file says of itself: roles, clauses, treatments and parts of its columns, and its smallest class.

Read from the written file alone. Shares no code with what wrote it.
"""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.embedded_sql import open_duckdb, quote
from schemas.errors import VerificationFailed
from schemas.messages import N_, Name

METADATA_KEY = b"sakusei"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasedColumn:
    """One column of a released file.

    Parameters
    ----------
    name : str
        Name in the file (`birth_date`, `birth_date_from` …).
    column : str
        Column of the original it stands for.
    part : str
        label, from, to, value or id.
    kind : pyarrow.DataType
        Type in the file.
    facts : Mapping[str, Any]
        Role, clause, treatment, hierarchy, level, description as written.
    """

    name: str
    column: str
    part: str
    kind: pa.DataType
    facts: Mapping[str, Any]

    @property
    def is_quasi_identifier(self) -> bool:
        """Whether classes are made by this column."""
        return self.facts.get("role") == "quasi_identifier"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasedFile:
    """A released Parquet file: its columns, its facts, its rows."""

    path: Path
    columns: tuple[ReleasedColumn, ...]
    facts: Mapping[str, Any]
    rows: int

    @property
    def id_column(self) -> str | None:
        """The fresh id that links the rows of one person, if there is one."""
        unit = self.facts.get("unit")
        return next((c.name for c in self.columns if c.part == "id" and c.column == unit), None)


def open_released(path: Path) -> ReleasedFile:
    """Return what a released file says of itself.

    Raises
    ------
    VerificationFailed
        Not a Parquet file, or one without the facts every released column carries.
    """
    name = Name(path.name)
    try:
        schema, rows = pq.read_schema(path), pq.read_metadata(path).num_rows
        facts = json.loads((schema.metadata or {})[METADATA_KEY])
        columns = tuple(_read_column(schema.field(index)) for index in range(len(schema)))
    except (pa.ArrowException, OSError, KeyError, ValueError, TypeError):
        # The cause may quote cells of a damaged file, so it is not chained.
        raise VerificationFailed(N_("{file} is not a released Parquet file"), N_("process the file again"), file=name) from None
    return ReleasedFile(path=path, columns=columns, facts=facts, rows=rows)


def _read_column(field: pa.Field) -> ReleasedColumn:
    facts = json.loads((field.metadata or {})[METADATA_KEY])
    return ReleasedColumn(name=field.name, column=facts["column"], part=facts["part"], kind=field.type, facts=facts)


def measure_smallest_class(released: ReleasedFile) -> int:
    """Return the persons in the smallest class of the written file; 0 when it has no rows.

    A class is the set of rows equal in every quasi-identifier column as written (labels and bounds alike, null being a value of its
    own). Persons are told apart by the fresh id of the plan's unit; without one, a row is a person.
    """
    keys = ", ".join(quote(c.name) for c in released.columns if c.is_quasi_identifier)
    persons = f"count(DISTINCT {quote(released.id_column)})" if released.id_column else "count(*)"
    source = f"read_parquet({_literal(str(released.path))})"
    groups = f" GROUP BY {keys}" if keys else ""
    grouped = f"SELECT {persons} AS persons FROM {source}{groups}"  # noqa: S608 - quoted names
    with tempfile.TemporaryDirectory(prefix="sakusei-release-") as folder, open_duckdb(Path(folder)) as connection:
        row = connection.execute(f"SELECT coalesce(min(persons), 0) FROM ({grouped}) WHERE persons > 0").fetchone()  # noqa: S608 - quoted names
    return int(row[0]) if row else 0


def count_persons(released: ReleasedFile) -> int:
    """Return the distinct persons of a written file; its rows when it has no id of persons."""
    if released.id_column is None:
        return released.rows
    query = f"SELECT count(DISTINCT {quote(released.id_column)}) FROM read_parquet({_literal(str(released.path))})"  # noqa: S608 - quoted names
    with tempfile.TemporaryDirectory(prefix="sakusei-release-") as folder, open_duckdb(Path(folder)) as connection:
        row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
