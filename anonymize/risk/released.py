"""The written release as an attacker holds it: read from the file itself, with SQL of our own.

Decided here: which columns of the file say what (from the metadata of its fields, never from their names), and how persons are counted.
Nothing here comes from the memory of the processing.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from anonymize.parts import name_parts, read_schema
from schemas.embedded_sql import open_duckdb, quote
from schemas.errors import FileRejected
from schemas.messages import N_, Name

KEY = b"sakusei"
QUASI_IDENTIFIER = "quasi_identifier"
SENSITIVE = "sensitive"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasedColumn:
    """One field of the released file, as its metadata describes it.

    Parameters
    ----------
    name : str
        Name in the file.
    column : str
        Column of the plan it came from.
    part : str
        label, from, to (bounds of a generalised value), value, id.
    role, treatment : str
        As in the plan.
    clause : int or None
        Item of the processing standard.
    hierarchy : str or None
        Of a generalised value.
    levels : tuple[str, ...]
        Names of the levels that occur; several where they differ from row to row.
    ordered : bool
        Whether the values have an order (numbers, dates, months).
    """

    name: str
    column: str
    part: str
    role: str
    treatment: str
    clause: int | None
    hierarchy: str | None
    levels: tuple[str, ...]
    ordered: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Released:
    """An open released file.

    Parameters
    ----------
    path : Path
        The Parquet file, or the folder of its parts.
    fields : tuple[ReleasedColumn, ...]
        All fields, in the order of the file.
    facts : Mapping[str, Any]
        What the file says of itself (hash of the plan, k, unit).
    rows, persons : int
        Rows, and distinct persons by the released id (rows where there is none).
    counted : {"persons", "rows"}
        What a class size counts.
    person_id : str or None
        Released id that tells persons apart; None where every row is one person, or nothing tells.
    connection : duckdb.DuckDBPyConnection
        With the file as view `released`.
    """

    path: Path
    fields: tuple[ReleasedColumn, ...]
    facts: Mapping[str, Any]
    rows: int
    persons: int
    counted: str
    person_id: str | None
    connection: duckdb.DuckDBPyConnection

    def __repr__(self) -> str:
        """Show counts, never content."""
        return f"Released({self.rows} rows, {len(self.fields)} columns)"

    @property
    def quasi_identifiers(self) -> tuple[str, ...]:
        """Names of the label (or value) columns an attacker may know."""
        return tuple(c.name for c in self.fields if c.role == QUASI_IDENTIFIER and c.part in {"label", "value"})

    @property
    def sensitive(self) -> tuple[ReleasedColumn, ...]:
        """Columns an attacker wants to learn."""
        return tuple(c for c in self.fields if c.role == SENSITIVE and c.part in {"label", "value"})

    @property
    def person_sql(self) -> str:
        """SQL that counts persons in a group of rows."""
        return f"count(DISTINCT {quote(self.person_id)})" if self.person_id else "count(*)"

    @property
    def class_sql(self) -> str:
        """SQL list of the columns that make a class; one class for all where there are none."""
        return ", ".join(quote(name) for name in self.quasi_identifiers) or "true"

    def count_classes(self) -> dict[int, int]:
        """Return size in persons → number of classes of that size."""
        return self._histogram(self.class_sql)

    def count_distinct(self, name: str) -> int:
        """Return how many distinct values a field has; a missing value is one."""
        column = quote(name)
        sql = f"SELECT count(DISTINCT {column}) + max(CASE WHEN {column} IS NULL THEN 1 ELSE 0 END) FROM released"  # noqa: S608
        return int(self.fetch_row(sql)[0] or 0)

    def fetch_row(self, sql: str) -> tuple[Any, ...]:
        """Return the one row a query answers."""
        (row,) = self.connection.execute(sql).fetchall()
        return tuple(row)

    def distinct_labels(self, name: str) -> set[str]:
        """Return the distinct labels of a field; they stay with the caller and reach no message."""
        found = self.connection.execute(f"SELECT DISTINCT CAST({quote(name)} AS VARCHAR) FROM released").fetchall()  # noqa: S608
        return {label for (label,) in found if label is not None}

    def _histogram(self, keys: str) -> dict[int, int]:
        inner = f"SELECT {self.person_sql} AS persons FROM released GROUP BY {keys}"  # noqa: S608 - names are quoted
        found = self.connection.execute(f"SELECT persons, count(*) FROM ({inner}) GROUP BY persons ORDER BY persons").fetchall()  # noqa: S608
        return {int(size): int(number) for size, number in found if size}


@contextmanager
def open_released(path: Path, unit: str | None = None, *, work: Path | None = None) -> Iterator[Released]:
    """Open a released file for measuring.

    Parameters
    ----------
    path : Path
        A Parquet file, or a folder of part files, written by `sakusei anonymize run`.
    unit : str or None
        The plan's person key; persons are counted by the released id that replaces it, when there is one.
    work : Path or None
        Private folder for what does not fit into memory; None: it has to fit.

    Raises
    ------
    FileRejected
        The file is not Parquet, or its fields do not say what they are.
    """
    columns, facts = read_fields(path)
    ids = [c for c in columns if c.part == "id" and c.column == unit]
    counted = "persons" if ids or unit is None else "rows"
    with open_duckdb(work) as connection:
        connection.execute("SET preserve_insertion_order = false")
        connection.read_parquet(name_parts(path)).create_view("released")
        person = f"count(DISTINCT {quote(ids[0].name)})" if ids else "count(*)"
        ((rows, persons),) = connection.execute(f"SELECT count(*), {person} FROM released").fetchall()  # noqa: S608
        yield Released(
            path=path,
            fields=columns,
            facts=facts,
            rows=int(rows),
            persons=int(persons),
            counted=counted,
            person_id=ids[0].name if ids else None,
            connection=connection,
        )


def read_fields(path: Path) -> tuple[tuple[ReleasedColumn, ...], dict[str, Any]]:
    """Return what the fields and the file say of themselves."""
    try:
        schema = read_schema(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise FileRejected(
            N_("{file} is not a readable Parquet file"),
            N_("give the file that `sakusei anonymize run` wrote"),
            file=Name(path.name),
        ) from error
    if not all(KEY in (schema.field(i).metadata or {}) for i in range(len(schema))):
        raise FileRejected(
            N_("the fields of {file} do not say what they are"),
            N_("assess the file as `sakusei anonymize run` wrote it; rewriting it elsewhere loses the description of its fields"),
            file=Name(path.name),
        )
    facts = json.loads((schema.metadata or {}).get(KEY, b"{}"))
    return tuple(_read_field(schema.field(i)) for i in range(len(schema))), facts


def _read_field(field: pa.Field) -> ReleasedColumn:
    said = json.loads(field.metadata[KEY])
    kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    return ReleasedColumn(
        name=field.name,
        column=str(said.get("column", field.name)),
        part=str(said.get("part", "value")),
        role=str(said.get("role", "")),
        treatment=str(said.get("treatment", "")),
        clause=said.get("clause"),
        hierarchy=said.get("hierarchy"),
        levels=tuple(str(level) for level in said.get("levels") or [said.get("level")] if level),
        ordered=bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_temporal(kind) or pa.types.is_decimal(kind)),
    )
