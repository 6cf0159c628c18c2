"""What a release looks like: its columns, their types and metadata, and the released value of every class.

Decided here: the typed output. A quasi-identifier becomes its label (a dictionary of text) and, where values have an order, two typed
bounds; every field says where it comes from. Also decided here: the canonical order of classes, by released values. Not decided here: which
level is released (search) and how rows are written (`anonymize.rows.write`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from anonymize.classes import ClassTable
from anonymize.ordering import number_present, sort_rows
from anonymize.recoding import Recoding, released_cells
from anonymize.treatments import name_treatment
from schemas.files import canonical_json
from schemas.hierarchies import LevelTable
from schemas.plan import FRESH_ID, Plan, PlannedColumn
from schemas.tables import load_table

METADATA_KEY = "sakusei"
FORMAT = "sakusei-release-1"
LABEL, LOWER, UPPER, PARTS = "label", "from", "to", "values"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ColumnValues:
    """What a column may be released as, and the value of each line.

    Parameters
    ----------
    values : pa.Table
        Label and, where there are any, bounds ("from", "to") and parts ("values") of each value.
    leaves : NDArray[np.int64]
        Leaves under each value.
    total_leaves : int
        Leaves of the column.
    cells : NDArray[np.int64]
        (lines): value of each line of the class table; meaningless where suppressed.
    """

    values: pa.Table
    leaves: NDArray[np.int64]
    total_leaves: int
    cells: NDArray[np.int64]

    def __repr__(self) -> str:
        """Show counts, never values."""
        return f"ColumnValues({len(self.values)} values, {len(self.cells)} lines)"

    def extend(self, more: pa.Table, leaves: Sequence[int]) -> "ColumnValues":
        """Return the column with more values; lines keep theirs."""
        values = pa.concat_tables([self.values, more.select(self.values.column_names).cast(self.values.schema)])
        known = np.concatenate([self.leaves, np.array(leaves, dtype=np.int64)])
        return ColumnValues(values=values, leaves=known, total_leaves=self.total_leaves, cells=self.cells)

    def line_losses(self) -> NDArray[np.float64]:
        """Return (lines): the loss of each released cell, 0–1 (see `anonymize.loss`)."""
        return np.asarray((self.leaves[self.cells] - 1) / max(self.total_leaves - 1, 1), dtype=np.float64)


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
    parts : pa.Array or None
        Per released value, the labels it is made of; None where sets are not released.
    of_class : NDArray[np.int32]
        Per class, its released value.
    """

    name: str
    labels: pa.Array
    label_codes: NDArray[np.int32]
    lower: pa.Array | None
    upper: pa.Array | None
    parts: pa.Array | None
    of_class: NDArray[np.int32]

    def __repr__(self) -> str:
        """Show counts, never values."""
        return f"ReleasedColumn({len(self.label_codes)} values)"

    @property
    def companions(self) -> dict[str, pa.Array]:
        """The fields beside the label, by name: bounds, or parts."""
        beside = {LOWER: self.lower, UPPER: self.upper, PARTS: self.parts}
        return {f"{self.name}_{part}": array for part, array in beside.items() if array is not None}


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


def list_values(table: ClassTable, recoding: Recoding) -> tuple[ColumnValues, ...]:
    """Return what every line is released as, column by column: groups of levels."""
    cells = released_cells(table, recoding.levels)
    return tuple(
        ColumnValues(values=_all_groups(levels), leaves=np.concatenate(levels.leaves), total_leaves=levels.total_leaves, cells=cells[:, j])
        for j, levels in enumerate(table.levels)
    )


def number_released(names: Sequence[str], values: Sequence[ColumnValues], suppressed: NDArray[np.bool_]) -> ReleasedClasses:
    """Return the released classes: lines with equal released values, sorted by those values, first column first.

    Parameters
    ----------
    names : Sequence[str]
        Names of the quasi-identifiers.
    values : Sequence[ColumnValues]
        Per quasi-identifier, the value of each of n lines.
    suppressed : NDArray[np.bool_]
        (n): lines that are not released.
    """
    kept = ~suppressed
    ranks = np.empty((int(kept.sum()), len(names)), dtype=np.int64)
    distinct_values = []
    for j, column in enumerate(values):
        released, ranks[:, j] = rank_values(column.values, column.cells[kept])
        distinct_values.append(released)
    distinct, of_kept = _number_rows(ranks)
    of_line = np.full(len(kept), -1, dtype=np.int64)
    of_line[kept] = of_kept
    columns = tuple(
        _encode_column(name, released, distinct[:, j].astype(np.int32))
        for j, (name, released) in enumerate(zip(names, distinct_values, strict=True))
    )
    return ReleasedClasses(of_line=of_line, columns=columns)


def rank_values(values: pa.Table, cells: NDArray[np.int64]) -> tuple[pa.Table, NDArray[np.int64]]:
    """Return the released values of a column in canonical order, and the place of each cell's value in it.

    Values with equal label and bounds are one value.

    Parameters
    ----------
    values : pa.Table
        All values a cell may have (see `ColumnValues`).
    cells : NDArray[np.int64]
        Value of each cell.
    """
    used, place = number_present(cells, values.num_rows)
    keys = [key for key in (LOWER, UPPER, LABEL) if key in values.column_names]
    every = values.take(pa.array(used))
    order = pc.sort_indices(every, sort_keys=[(key, "ascending") for key in keys], null_placement="at_end")
    ordered = every.take(order)
    fresh = _starts_anew(ordered.select(keys))
    rank_of = np.empty(len(used), dtype=np.int64)
    rank_of[order.to_numpy()] = np.cumsum(fresh) - 1
    return ordered.filter(pa.array(fresh)), rank_of[place.reshape(-1)]


def _encode_column(name: str, released: pa.Table, of_class: NDArray[np.int32]) -> ReleasedColumn:
    """Return the values of a column with its labels as a dictionary."""
    encoded = released.column(LABEL).combine_chunks().dictionary_encode()
    encoded = encoded.combine_chunks() if isinstance(encoded, pa.ChunkedArray) else encoded
    beside = {part: released.column(part).combine_chunks() if part in released.column_names else None for part in (LOWER, UPPER, PARTS)}
    return ReleasedColumn(
        name=name,
        labels=encoded.dictionary,
        label_codes=encoded.indices.to_numpy().astype(np.int32),
        lower=beside[LOWER],
        upper=beside[UPPER],
        parts=beside[PARTS],
        of_class=of_class,
    )


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
    order = sort_rows(ranks)
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
    parts = [LABEL, LOWER, UPPER, PARTS] if column.is_recoded else ["id" if column.treatment == FRESH_ID else "value"]
    fields = []
    for part in parts:
        name = f"{column.name}_{part}" if part in {LOWER, UPPER, PARTS} else column.name
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
