"""The description of a package: Data Package v2, from the written tables and the common schema; the dictionary people read comes from it.

References
----------
Data Package standard v2.0 (2024-06-26), datapackage.org.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from frictionless import FrictionlessException, Package

from release.released import ReleasedColumn, ReleasedFile
from schemas.codes import load_code_list
from schemas.errors import ReleaseRefused
from schemas.files import sha256_file
from schemas.messages import N_
from schemas.tables import Column, TableSchema

PACKAGE_SCHEMA = "https://datapackage.org/profiles/2.0/datapackage.json"
PARTS_JA = {"label": "", "value": "", "from": "（下限）", "to": "（上限）", "id": "（仮ID）", "values": "（内訳）"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedTable:
    """A written table and where it stands in the package."""

    path: str
    released: ReleasedFile
    schema: TableSchema
    municipality_ja: str


def describe_package(name: str, title: str, created: str, tables: Iterable[DescribedTable]) -> dict[str, Any]:
    """Return the Data Package descriptor, valid by frictionless.

    Parameters
    ----------
    name : str
        Identifier in lower case.
    title : str
        Japanese title.
    created : str
        ISO 8601 time.
    tables : iterable of DescribedTable
        What the package holds.

    Raises
    ------
    ReleaseRefused
        The descriptor is not a valid Data Package (a defect, found before anything is signed).
    """
    descriptor: dict[str, Any] = {
        "$schema": PACKAGE_SCHEMA,
        "name": name,
        "title": title,
        "created": created,
        "version": "1.0.0",
        "licenses": [{"name": "sakusei-terms", "title": "利用条件", "path": "terms/terms.ja.html"}],
        "resources": [describe_table(table) for table in tables],
    }
    check_descriptor(descriptor)
    return descriptor


def describe_table(table: DescribedTable) -> dict[str, Any]:
    """Return the resource of one table: hash, size, fields with type, title, description, clause and treatment."""
    path = table.released.path
    return {
        "name": Path(table.path).stem.replace("_", "-"),
        "type": "table",
        "path": table.path,
        "title": f"{table.schema.title_ja}（{table.municipality_ja}）",
        "format": "parquet",
        "mediatype": "application/vnd.apache.parquet",
        "bytes": path.stat().st_size,
        "hash": f"sha256:{sha256_file(path)}",
        "schema": {"fields": [_field(column, table.schema) for column in table.released.columns], "missingValues": [""]},
    }


def _field(column: ReleasedColumn, schema: TableSchema) -> dict[str, Any]:
    known = {c.name: c for c in schema.columns}.get(column.column)
    title = (known.title_ja if known else column.column) + PARTS_JA.get(column.part, "")
    facts: Mapping[str, Any] = column.facts
    field = {
        "name": column.name,
        "type": _type(column.kind),
        "title": title,
        "description": facts.get("description") or (known.description_ja if known else ""),
        "categories": _categories(known, column),
        "sakusei:clause": facts.get("clause"),
        "sakusei:treatment": facts.get("treatment"),
        "sakusei:levels": facts.get("levels"),
    }
    return {key: value for key, value in field.items() if value not in (None, "", [])}


def _categories(known: Column | None, column: ReleasedColumn) -> list[dict[str, str]]:
    """Return the codes a column may hold with their Japanese labels; empty where it holds none, or holds labels already."""
    treatment = str(column.facts.get("treatment"))
    if known is None or known.code_list is None or column.part != "value" or "recode" in treatment:
        return []
    return [{"value": code, "label": label} for code, label in load_code_list(known.code_list).entries.items()]


def _type(kind: pa.DataType) -> str:
    if pa.types.is_dictionary(kind):
        return _type(kind.value_type)
    tests = (
        (pa.types.is_integer, "integer"),
        (pa.types.is_floating, "number"),
        (pa.types.is_decimal, "number"),
        (pa.types.is_boolean, "boolean"),
        (pa.types.is_date, "date"),
        (pa.types.is_timestamp, "datetime"),
        (pa.types.is_list, "array"),
    )
    return next((name for is_kind, name in tests if is_kind(kind)), "string")


def check_descriptor(descriptor: Mapping[str, Any]) -> None:
    """Raise when frictionless finds a descriptor invalid.

    Raises
    ------
    ReleaseRefused
        It is.
    """
    try:
        Package.from_descriptor(dict(descriptor))
    except FrictionlessException as error:
        raise ReleaseRefused(
            N_("the description of the package is not a valid Data Package"), N_("report this to the maintainers")
        ) from error
