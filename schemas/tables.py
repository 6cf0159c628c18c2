"""The common schema: the tables a municipal file is put in order to.

Decided here: columns, their types, units, usual roles and code lists (data in `schemas/tables/*.yaml`). Not decided here: what is done
to a column (that is the plan) and how a municipality writes it (that is the layout).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from schemas.errors import SettingsError
from schemas.markup import read_marked
from schemas.messages import N_, Name

if TYPE_CHECKING:
    import pyarrow as pa

FOLDER = Path(__file__).parent / "tables"


class ColumnType(StrEnum):
    """What a cell is: text, a code with leading zeros, a number, a day, a month (its first day), or yes/no."""

    STRING = "string"
    CODE = "code"
    INTEGER = "integer"
    NUMBER = "number"
    DATE = "date"
    MONTH = "month"
    BOOLEAN = "boolean"


class Role(StrEnum):
    """What a column is to the person it speaks of; one vocabulary for tables and plans."""

    DIRECT_IDENTIFIER = "direct_identifier"
    IDENTIFICATION_CODE = "identification_code"
    LINKING_CODE = "linking_code"
    QUASI_IDENTIFIER = "quasi_identifier"
    SENSITIVE = "sensitive"
    ATTRIBUTE = "attribute"
    FREE_TEXT = "free_text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table.

    Parameters
    ----------
    name : str
        English snake_case name; the name in Parquet files and plans.
    title_ja, description_ja : str
        What people see.
    type : ColumnType
        Type of the cells.
    role : Role
        The usual role; a plan states its own.
    required : bool
        Where the file has the column, a row without a value is put aside at intake. A file may leave it out, since a municipality is
        asked for the least; only the key of persons (`unit`) must be there.
    code_list : str or None
        Name in `schemas/codes/`: the only values allowed.
    hierarchy : str or None
        Name in `schemas/hierarchies/`: the hierarchy offered first.
    clause : int
        Item 1–5 of the processing standard (加工基準, 規則62条) the usual treatment serves.
    unit : str or None
        Unit of a number, in Japanese (円, 点, 日 …).
    minimum, maximum : int or None
        Inclusive range of a number.
    pattern : str or None
        Regular expression the whole text must match.
    check_digit : str or None
        Kind of check digit (`schemas.check_digits`).
    ahead_days : int
        Days and months: how many days they may lie after the day the contents are of. 0 for births and for what has happened; more for
        the end of a term, which is known before it comes.
    """

    name: str
    title_ja: str
    type: ColumnType
    role: Role
    clause: int
    description_ja: str
    required: bool = False
    code_list: str | None = None
    hierarchy: str | None = None
    unit: str | None = None
    minimum: int | None = None
    maximum: int | None = None
    pattern: str | None = None
    check_digit: str | None = None
    ahead_days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSchema:
    """A table of the common schema.

    Parameters
    ----------
    name, title_ja, description_ja, version : str
        What it is; the version changes with the columns.
    unit : str or None
        Column that tells persons apart; None when one row is one person.
    columns : tuple[Column, ...]
        Columns in the order of files.
    """

    name: str
    title_ja: str
    description_ja: str
    version: str
    unit: str | None
    columns: tuple[Column, ...]

    def get_column(self, name: str) -> Column:
        """Return a column by name.

        Raises
        ------
        SettingsError
            The table has no such column.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise SettingsError(
            N_("table {table} has no column {column}"),
            N_("see schemas/tables for the columns of each table"),
            table=Name(self.name),
            column=Name(name),
        )

    def arrow_schema(self) -> "pa.Schema":
        """Return the Arrow schema of a file in this table: required columns are still nullable, rows are judged at intake."""
        return _arrow_schema(self)


def table_names() -> tuple[str, ...]:
    """Return the names of all tables, sorted."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


@cache
def load_table(name: str) -> TableSchema:
    """Return a table of the common schema by name.

    Raises
    ------
    SettingsError
        There is no such table.
    """
    if name not in table_names():
        raise SettingsError(
            N_("there is no table {table}"),
            N_("the tables are: {tables}"),
            table=Name(name),
            tables=Name(", ".join(table_names())),
        )
    document = read_marked(FOLDER / f"{name}.yaml").values
    columns = tuple(_to_column(key, entry) for key, entry in document.pop("columns").items())
    return TableSchema(columns=columns, **document)


def _to_column(name: str, entry: dict[str, Any]) -> Column:
    return Column(name=name, **{**entry, "type": ColumnType(entry["type"]), "role": Role(entry["role"])})


@cache
def arrow_types() -> "Mapping[ColumnType, pa.DataType]":
    """Return the Arrow type of each type of column; pyarrow is imported late."""
    import pyarrow as pa

    return MappingProxyType(
        {
            ColumnType.STRING: pa.string(),
            ColumnType.CODE: pa.string(),
            ColumnType.INTEGER: pa.int64(),
            ColumnType.NUMBER: pa.float64(),
            ColumnType.DATE: pa.date32(),
            ColumnType.MONTH: pa.date32(),
            ColumnType.BOOLEAN: pa.bool_(),
        }
    )


@cache
def _arrow_schema(table: TableSchema) -> "pa.Schema":
    import pyarrow as pa

    return pa.schema([pa.field(column.name, arrow_types()[column.type]) for column in table.columns])
