"""Narrowed values of a release in the language of the originals: which of the original's values a label stands for.

Decided here: a range holds the values whose own bounds lie within its bounds, a set those of its parts. Labels that name a group of the
hierarchy are not narrowed and are left out.
"""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from anonymize.risk.released import Released
from schemas.embedded_sql import quote
from schemas.hierarchies import Hierarchy, LevelTable, load_hierarchy
from schemas.plan import Plan, PlannedColumn

Members = Mapping[str, NDArray[np.int64]]
COMPANIONS = ("from", "to", "values")


def read_cells(released: Released, column: PlannedColumn) -> pa.Table:
    """Return the distinct labels of a column of the written file, with bounds or parts."""
    names = [column.name, *companion_fields(column, [field.name for field in released.fields])]
    return released.connection.sql(f"SELECT DISTINCT {', '.join(map(quote, names))} FROM released").to_arrow_table()  # noqa: S608


def companion_fields(column: PlannedColumn, names: list[str]) -> list[str]:
    """Return the fields of a release that stand beside the label of a column."""
    return [name for name in (f"{column.name}_{part}" for part in COMPANIONS) if name in names]


def take_cells(table: pa.Table, column: PlannedColumn) -> pa.Table:
    """Return one line per label of a column of a released table, with bounds or parts."""
    labels = table.column(column.name).cast(pa.string()).combine_chunks().dictionary_encode(null_encoding="encode")
    _, firsts = np.unique(labels.indices.to_numpy(), return_index=True)
    return table.select([column.name, *companion_fields(column, table.column_names)]).take(pa.array(np.sort(firsts)))


def find_members(cells: pa.Table, column: PlannedColumn, plan: Plan, levels: LevelTable) -> dict[str, NDArray[np.int64]]:
    """Return narrowed label → positions of the values it stands for, in a level table of the originals.

    Parameters
    ----------
    cells : pa.Table
        Distinct labels of the column with bounds or parts (see `read_cells`, `take_cells`).
    column : PlannedColumn
        The column.
    plan : Plan
        Its hierarchy, and whether values are narrowed at all.
    levels : LevelTable
        Of the originals' values.
    """
    if plan.tighten is None or cells.num_columns == 1:
        return {}
    known = {label for labels in levels.labels for label in labels}
    names = cells.column(column.name).cast(pa.string()).to_pylist()
    fresh = [place for place, label in enumerate(names) if label not in known and label is not None]
    rest = cells.take(pa.array(fresh, pa.int64()))
    if f"{column.name}_values" in cells.column_names:
        found = [_union(levels, parts) for parts in rest.column(f"{column.name}_values").to_pylist()]
    else:
        hierarchy = load_hierarchy(column.hierarchy or "", folder=plan.folder, as_of=plan.as_of)
        found = _within(levels, hierarchy, rest.column(f"{column.name}_from"), rest.column(f"{column.name}_to"))
    return {names[place]: members for place, members in zip(fresh, found, strict=True) if len(members)}


def _union(levels: LevelTable, parts: list[str] | None) -> NDArray[np.int64]:
    """Return the values in the groups that some labels name."""
    inside = np.zeros(len(levels.codes), dtype=np.bool_)
    for part in parts or ():
        level = next((level for level, labels in enumerate(levels.labels) if part in labels), None)
        if level is not None:
            inside |= levels.codes[:, level] == levels.labels[level].index(part)
    return np.flatnonzero(inside)


def _within(levels: LevelTable, hierarchy: Hierarchy, lower: pa.ChunkedArray, upper: pa.ChunkedArray) -> list[NDArray[np.int64]]:
    """Return the values within each range; an open side holds all, a missing value lies in none."""
    own = levels.bounds[0]
    if own is None:
        return [np.empty(0, dtype=np.int64)] * len(lower)
    low, high = hierarchy.rank_bounds(own.lower), hierarchy.rank_bounds(own.upper)
    ends = [hierarchy.rank_bounds(side.combine_chunks()) for side in (lower, upper)]
    pairs = zip(np.where(np.isnan(ends[0]), -np.inf, ends[0]), np.where(np.isnan(ends[1]), np.inf, ends[1]), strict=True)
    return [np.flatnonzero((low >= a) & (high <= b)) for a, b in pairs]
