"""Levels of the columns of a table: what a proposal may name as a grain, and what each is called in Japanese."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import TypeAlias

from schemas.hierarchies import load_hierarchy
from schemas.plan import ANY_DAY
from schemas.tables import TableSchema

# Column → name of a level → its title in Japanese, finest level first. A column without a hierarchy is absent.
Levels: TypeAlias = Mapping[str, Mapping[str, str]]


@cache
def column_levels(table: TableSchema) -> Levels:
    """Return the levels of each column that has a hierarchy, finest first; the same object for the same table."""
    loaded = {column.name: load_hierarchy(column.hierarchy, as_of=ANY_DAY) for column in table.columns if column.hierarchy}
    titles = {name: dict(zip(hierarchy.level_names, hierarchy.level_titles, strict=True)) for name, hierarchy in loaded.items()}
    return MappingProxyType({name: MappingProxyType(levels) for name, levels in titles.items()})
