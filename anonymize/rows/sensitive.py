"""Persons per sensitive value and line of the class table: what diversity and closeness are asked of.

Decided here: how values are numbered (ascending, a missing one last), so that neither the order of rows nor the engine decides. Not decided
here: which lines there are (`anonymize.rows.class_table`).
"""

import ibis
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from anonymize.classes import SensitiveCounts
from anonymize.compiled import compiled
from anonymize.engines.engine import Engine, match
from anonymize.ordering import number_values
from anonymize.rows.persons import LINE, PERSONS, ROWS, find_patterns
from schemas.hierarchies import LevelTable, load_hierarchy
from schemas.plan import ANY_DAY, Plan

ENTRY = "__entry"


def count_sensitive(engine: Engine, linked: ibis.Table, name: str, plan: Plan, lines: int) -> SensitiveCounts:
    """Return the persons of each value of a sensitive column per line.

    Parameters
    ----------
    engine : Engine
        Where the rows are.
    linked : ibis.Table
        Counted cells with the number of their line.
    name : str
        The sensitive column.
    plan : Plan
        Names the unit, and the hierarchy of the column where its distance needs one.
    lines : int
        Lines in all.

    Raises
    ------
    PlanError
        The hierarchy does not know some values.
    """
    found = engine.fetch(_count_entries(linked, name, plan))
    values, codes = number_values(found.column(name))
    line, persons = found.column(LINE).to_numpy().astype(np.int32), found.column(PERSONS).to_numpy().astype(np.int64)
    del found
    pa.default_memory_pool().release_unused()
    offsets, ordered, counts = sort_entries(line, codes, persons, (lines, len(values)))
    memberships = None
    if plan.unit is not None:
        owners = np.repeat(np.arange(lines, dtype=np.int64), np.diff(offsets))
        entries = {LINE: owners, name: values.take(pa.array(ordered)), ENTRY: np.arange(len(ordered), dtype=np.int64)}
        numbered = engine.load(pa.table(entries))
        cells = linked.join(numbered, match(linked, numbered, [LINE, name])).select(linked[plan.unit], numbered[ENTRY])
        single = engine.fetch_number(cells.agg(n=cells[plan.unit].nunique())) == int(counts.sum())
        memberships = None if single else find_patterns(engine, cells, ENTRY, plan.unit)
    return SensitiveCounts(
        offsets=offsets,
        values=ordered,
        persons=counts,
        distinct=len(values),
        memberships=memberships,
        levels=resolve_values(values, name, plan),
        missing=len(values) - 1 if values.null_count else None,
    )


def _count_entries(linked: ibis.Table, name: str, plan: Plan) -> ibis.Table:
    """Return line, value and persons; cells that were counted by this one column are such lines already."""
    if plan.unit is None and len(plan.privacy.asked) == 1:
        return linked.select(linked[LINE], linked[name], linked[ROWS].cast("int64").name(PERSONS))
    persons = linked[plan.unit].nunique() if plan.unit else linked[ROWS].sum().cast("int64")
    return linked.group_by([LINE, name]).agg(**{PERSONS: persons})


def resolve_values(values: pa.Array, name: str, plan: Plan) -> LevelTable | None:
    """Return the groups of a sensitive column's values where its distance is hierarchical; None where it is not."""
    spec = next((model.hierarchy for model in plan.privacy.closeness if model.column == name and model.hierarchy is not None), None)
    if spec is None:
        return None
    return load_hierarchy(spec, folder=plan.folder, as_of=plan.as_of or ANY_DAY).resolve(values, column=name)


@compiled
def sort_entries(
    lines: NDArray[np.int32], codes: NDArray[np.int32], persons: NDArray[np.int64], sizes: tuple[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64]]:
    """Return where each line starts, and codes and persons by line, then by code; `sizes` are lines and codes in all.

    Two counting sorts, by code and then by line: as fast as memory.
    """
    count, distinct = sizes
    starts = np.zeros(distinct + 1, np.int64)
    offsets = np.zeros(count + 1, np.int64)
    for i in range(len(lines)):
        starts[codes[i] + 1] += 1
        offsets[lines[i] + 1] += 1
    starts, offsets = np.cumsum(starts), np.cumsum(offsets)
    by_code = np.empty(len(lines), np.int64)
    for i in range(len(lines)):
        by_code[starts[codes[i]]] = i
        starts[codes[i]] += 1
    following = offsets[:-1].copy()
    values, counts = np.empty(len(lines), np.int32), np.empty(len(lines), np.int64)
    for i in by_code:
        at = following[lines[i]]
        values[at], counts[at] = codes[i], persons[i]
        following[lines[i]] += 1
    return offsets, values, counts
