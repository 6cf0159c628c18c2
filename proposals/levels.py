"""Levels of the columns of a table: what a proposal may name as a grain, and what each is called in Japanese."""

from collections.abc import Mapping
from datetime import date
from typing import TypeAlias

from schemas.hierarchies import load_hierarchy
from schemas.tables import TableSchema

# Column → name of a level → its title in Japanese, finest level first. A column without a hierarchy is absent.
Levels: TypeAlias = Mapping[str, Mapping[str, str]]


def column_levels(table: TableSchema, as_of: date) -> Levels:
    """Return the levels of each column that has a hierarchy, finest first.

    Parameters
    ----------
    as_of : date
        Day for bands of age; names and titles do not depend on it.
    """
    loaded = {column.name: load_hierarchy(column.hierarchy, as_of=as_of) for column in table.columns if column.hierarchy}
    return {name: dict(zip(hierarchy.level_names, hierarchy.level_titles, strict=True)) for name, hierarchy in loaded.items()}
