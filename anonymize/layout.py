"""What a release looks like: its columns, their types and metadata, and the released value of every class.

Decided here: the typed output. A quasi-identifier becomes its label (a dictionary of text) and, where values have an order, two typed
bounds; every field says where it comes from. Also decided here: the canonical order of classes, by released values. Not decided here: which
level is released (search) and how rows are written (`anonymize.rows.write`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from anonymize.classes import ClassTable
from anonymize.recoding import Recoding, released_cells
from anonymize.treatments import name_treatment
from schemas.files import canonical_json
from schemas.hierarchies import LevelTable
from schemas.plan import FRESH_ID, Plan, PlannedColumn
from schemas.tables import load_table

METADATA_KEY = "sakusei"
FORMAT = "sakusei-release-1"
LABEL, LOWER, UPPER = "label", "from", "to"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReleasedColumn:
    """The released values of one quasi-identifier, in canonical order.

    Parameters
    ----------
    name : str
        Name of the column.
    labels : pa.Array
        Distinct labels, in canonical order.
    label_codes : NDArray[np.int32]
        Per released value, the position of its label.
    lower, upper : pa.Array or None
        Per released value, its typed bounds; None without an order.
    of_class : NDArray[np.int32]
        Per class, its released value.
    """

    name: str
    labels: pa.Array
    label_codes: NDArray[np.int32]
    lower: pa.Array | None
    upper: pa.Array | None
    of_class: NDArray[np.int32]

    def __repr__(self) -> str:
        """Show counts, never values."""
        return f"ReleasedColumn({len(self.label_codes)} values)"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReleasedClasses:
    """The classes of a release, numbered in canonical order.

    Parameters
    ----------
    of_line : NDArray[np.int64]
        Per line of the class table, its class; -1 where suppressed.
    columns : tuple[ReleasedColumn, ...]
        Per quasi-identifier, its released values.
    """

    of_line: NDArray[np.int64]
    columns: tuple[ReleasedColumn, ...]


def number_released(table: ClassTable, recoding: Recoding) -> ReleasedClasses:
    """Return the released classes: lines with equal released values, sorted by those values, first column first.

    Parameters
    ----------
    table : ClassTable
        n lines.
    recoding : Recoding
        Level of every cell, and which lines are suppressed.
    """
    kept = ~recoding.suppressed
    cells = released_cells(table, recoding.levels)[kept]
    ranks = np.empty(cells.shape, dtype=np.int64)
    values = []
    for j, levels in enumerate(table.levels):
        released, ranks[:, j] = _rank_values(levels, cells[:, j])
        values.append(released)
    distinct, of_kept = _number_rows(ranks)
    of_line = np.full(len(kept), -1, dtype=np.int64)
    of_line[kept] = of_kept
    columns = tuple(
        ReleasedColumn(name=name, of_class=distinct[:, j].astype(np.int32), **released)
        for j, (name, released) in enumerate(zip(table.columns, values, strict=True))
    )
    return ReleasedClasses(of_line=of_line, columns=columns)


def _rank_values(levels: LevelTable, cells: NDArray[np.int64]) -> tuple[dict[str, Any], NDArray[np.int64]]:
    """Return the released values of a column in canonical order, and the place of each cell's value in it."""
    used, place = np.unique(cells, return_inverse=True)
    every = _all_groups(levels).take(pa.array(used))
    keys = [LOWER, UPPER, LABEL] if LOWER in every.column_names else [LABEL]
    order = pc.sort_indices(every, sort_keys=[(key, "ascending") for key in keys], null_placement="at_end")
    ordered = every.take(order)
    fresh = _starts_anew(ordered)
    rank_of = np.empty(len(used), dtype=np.int64)
    rank_of[order.to_numpy()] = np.cumsum(fresh) - 1
    distinct = ordered.filter(pa.array(fresh))
    encoded = distinct.column(LABEL).combine_chunks().dictionary_encode()
    encoded = encoded.combine_chunks() if isinstance(encoded, pa.ChunkedArray) else encoded
    bounds = {
        "lower": distinct.column(LOWER).combine_chunks() if LOWER in keys else None,
        "upper": distinct.column(UPPER).combine_chunks() if UPPER in keys else None,
    }
    return {"labels": encoded.dictionary, "label_codes": encoded.indices.to_numpy().astype(np.int32), **bounds}, rank_of[place.reshape(-1)]


def _all_groups(levels: LevelTable) -> pa.Table:
    """Return label and bounds of every group of every level, finest level first; the order `released_cells` counts in."""
    labels = pa.array([label for level in levels.labels for label in level], type=pa.string())
    bounds = [level for level in levels.bounds if level is not None]
    if not levels.ordered or len(bounds) < len(levels.labels):
        return pa.table({LABEL: labels})
    lower = pa.chunked_array([level.lower for level in bounds])
    upper = pa.chunked_array([level.upper for level in bounds])
    return pa.table({LABEL: labels, LOWER: lower.combine_chunks(), UPPER: upper.combine_chunks()})


def _starts_anew(ordered: pa.Table) -> NDArray[np.bool_]:
    """Return which lines of a sorted table differ from the line before."""
    fresh = np.zeros(ordered.num_rows, dtype=bool)
    fresh[:1] = True
    for name in ordered.column_names:
        codes = ordered.column(name).combine_chunks().dictionary_encode(null_encoding="encode").indices.to_numpy()
        fresh[1:] |= codes[1:] != codes[:-1]
    return fresh


def _number_rows(ranks: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the distinct rows in ascending order, and the number of each row in it."""
    order = np.lexsort(ranks.T[::-1])
    ordered = ranks[order]
    fresh = np.ones(len(ordered), dtype=bool)
    fresh[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    numbers = np.empty(len(ordered), dtype=np.int64)
    numbers[order] = np.cumsum(fresh) - 1
    return ordered[fresh], numbers


def describe_fields(column: PlannedColumn, plan: Plan, levels: Mapping[str, list[str]], kinds: Mapping[str, pa.DataType]) -> list[pa.Field]:
    """Return the fields a planned column is released as, with their metadata.

    Parameters
    ----------
    column : PlannedColumn
        A released column.
    plan : Plan
        Names table and unit.
    levels : Mapping[str, list[str]]
        Names of the levels each quasi-identifier is released at.
    kinds : Mapping[str, pa.DataType]
        Field name → Arrow type.
    """
    parts = [LABEL, LOWER, UPPER] if column.is_recoded else ["id" if column.treatment == FRESH_ID else "value"]
    fields = []
    for part in parts:
        name = f"{column.name}_{part}" if part in {LOWER, UPPER} else column.name
        if name in kinds:
            metadata = {METADATA_KEY: canonical_json(_describe(column, part, plan, levels.get(column.name)))}
            fields.append(pa.field(name, kinds[name], metadata=metadata))
    return fields


def _describe(column: PlannedColumn, part: str, plan: Plan, levels: list[str] | None) -> dict[str, Any]:
    return {
        "column": column.name,
        "part": part,
        "role": column.role.value,
        "clause": column.clause,
        "treatment": name_treatment(column.treatment),
        "hierarchy": name_hierarchy(column.hierarchy),
        "level": levels[0] if levels and len(levels) == 1 else None,
        "levels": levels,
        "description": describe_column(column, plan),
    }


def name_hierarchy(spec: str | Mapping[str, Any] | None) -> str | None:
    """Return what to call a hierarchy, without the folder it lies in."""
    if spec is None or isinstance(spec, str):
        return spec if spec is None else spec.replace("\\", "/").rsplit("/", 1)[-1]
    return "+".join(sorted(spec))


def describe_column(column: PlannedColumn, plan: Plan) -> str:
    """Return what data users read about a column: the plan's words, else the table's, else the name."""
    if column.description:
        return column.description
    known = {entry.name: entry.description_ja for entry in load_table(plan.table).columns} if plan.table else {}
    return known.get(column.name, column.name)


def describe_release(plan: Plan, *, method: str) -> dict[bytes, bytes]:
    """Return the schema metadata of a release: what it promises, nothing about the input."""
    promise = {
        "format": FORMAT,
        "plan": plan.name,
        "plan_sha256": plan.sha256,
        "table": plan.table,
        "k": plan.privacy.k,
        "l_diversity": {d.column: {"kind": d.kind, "l": d.l} | ({"c": d.c} if d.c is not None else {}) for d in plan.privacy.diversity},
        "t_closeness": {c.column: {"t": c.t, "distance": c.distance} for c in plan.privacy.closeness},
        "unit": plan.unit,
        "as_of": plan.as_of,
        "person_id": plan.person_id,
        "quasi_identifiers": [column.name for column in plan.recoded],
        "method": method,
    }
    return {METADATA_KEY.encode(): canonical_json(promise)}
