"""Narrowed values: what a class is released as when its values need not be those of a level.

Decided here: an ordered column is released as the range from the first to the last value its class holds, another one as the set of its
values; never finer than the groups of the finest level the plan allows. Classes stay what they are: where two would come out equal, both
keep the values of their levels. A class that holds missing values with others keeps the value of its level in an ordered column. Not
decided here: which rows make a class (search), how a range is labelled (hierarchies).
"""

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from anonymize.layout import LABEL, LOWER, PARTS, UPPER, ColumnValues, list_values, number_released, rank_values
from anonymize.recoding import Recoding
from anonymize.rows.class_table import Classes
from anonymize.sets import SetLabels
from schemas.hierarchies import Hierarchy, LevelTable, load_hierarchy
from schemas.plan import Plan

Entries: TypeAlias = NDArray[np.int64]
PART_LIST = pa.list_(pa.string())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Held:
    """The groups of the finest level allowed that each class holds in one column.

    Parameters
    ----------
    levels : LevelTable
        Of the column.
    finest : int
        The finest level allowed.
    owners, groups : NDArray[np.int64]
        Class and group of each pair that occurs, in ascending order.
    counts, starts : NDArray[np.int64]
        (classes): pairs of each class, and where they start.
    missing : int
        Group of the missing value; -1 without one.
    """

    levels: LevelTable
    finest: int
    owners: Entries
    groups: Entries
    counts: Entries
    starts: Entries
    missing: int

    @property
    def first_entry(self) -> int:
        """Where the groups of the finest level start among the groups of all levels."""
        return sum(len(leaves) for leaves in self.levels.leaves[: self.finest])


def release_values(classes: Classes, recoding: Recoding, plan: Plan) -> tuple[ColumnValues, ...]:
    """Return what every line is released as, column by column: groups of levels, narrowed where the plan says so.

    Parameters
    ----------
    classes : Classes
        The class table and its keys.
    recoding : Recoding
        Level of every cell.
    plan : Plan
        Whether, and in which columns, values are narrowed; finest levels; hierarchies.
    """
    table = classes.table
    columns = list_values(table, recoding)
    kept = ~recoding.suppressed
    if plan.tighten and plan.tighten.nominal:
        columns = tuple(column if LOWER in column.values.column_names else _add_parts(column) for column in columns)
    if plan.tighten is None or not kept.any():
        return columns
    of_line = number_released(table.columns, columns, recoding.suppressed).of_line
    _, firsts = np.unique(of_line[kept], return_index=True)
    wide = np.stack([column.cells[kept][firsts] for column in columns])
    narrowed, entries = [], []
    for j, planned in enumerate(plan.recoded):
        levels = table.levels[j]
        values = _distinct_values(classes, j)
        held = _find_held(levels, table.codes[kept, j], of_line[kept], values, planned.min_level)
        if LOWER in columns[j].values.column_names:
            hierarchy = load_hierarchy(planned.hierarchy or "", folder=plan.folder, as_of=classes.as_of)
            column, narrow = _narrow_ranges(columns[j], held, hierarchy, values, wide[j])
        elif plan.tighten.nominal:
            column, narrow = _narrow_sets(columns[j], held)
        else:
            column, narrow = columns[j], wide[j]
        narrowed.append(column)
        entries.append(narrow)
    _keep_apart(narrowed, np.stack(entries), wide, of_line)
    return tuple(narrowed)


def _distinct_values(classes: Classes, j: int) -> pa.Array:
    """Return the values of a column by their code."""
    codes = classes.table.codes[:, j]
    firsts = np.zeros(len(classes.table.levels[j].codes), dtype=np.int64)
    firsts[codes[::-1]] = np.arange(len(codes))[::-1]
    column = classes.keys.column(classes.table.columns[j])
    return column.take(pa.array(firsts)).combine_chunks()


def _find_held(levels: LevelTable, codes: NDArray[np.int32], of_line: Entries, values: pa.Array, finest: int) -> _Held:
    groups = levels.codes[codes, finest].astype(np.int64)
    width = len(levels.leaves[finest])
    owners, held = np.divmod(np.unique(of_line * width + groups), width)
    counts = np.bincount(owners)
    absent = np.flatnonzero(np.asarray(values.is_null()))
    alone = finest < len(levels.level_names) - 1 and len(absent) > 0
    return _Held(
        levels=levels,
        finest=finest,
        owners=owners,
        groups=held,
        counts=counts,
        starts=np.cumsum(counts) - counts,
        missing=int(levels.codes[absent[0], finest]) if alone else -1,
    )


def _narrow_ranges(
    column: ColumnValues, held: _Held, hierarchy: Hierarchy, values: pa.Array, wide: Entries
) -> tuple[ColumnValues, Entries]:
    """Return an ordered column with its ranges, and the value of each class."""
    low, high = _rank_groups(hierarchy, held.levels, held.finest)
    bottom = np.lexsort((low[held.groups], held.owners))[held.starts]
    top = np.lexsort((high[held.groups], held.owners))[held.starts + held.counts - 1]
    first, last = held.groups[bottom], held.groups[top]
    lower, upper = low[first], high[last]
    single = held.counts == 1
    absent = np.zeros(len(single), dtype=np.bool_)
    absent[held.owners[held.groups == held.missing]] = True
    entries = np.where(single, held.first_entry + held.groups[held.starts], wide)
    open_ones = np.flatnonzero(~single & ~absent)
    known = _known_ranges(hierarchy, held)
    leaves = hierarchy.count_span(values, lower[open_ones], upper[open_ones])
    whole, whole_leaves = _common_groups(held, first[open_ones], last[open_ones])
    made: dict[tuple[float, float], int] = {}
    chosen: list[tuple[int, int, int]] = []
    for c, count, group, most in zip(open_ones.tolist(), leaves.tolist(), whole.tolist(), whole_leaves.tolist(), strict=True):
        ends = (float(lower[c]), float(upper[c]))
        if count >= most or ends in known:
            entries[c] = group if count >= most else known[ends]
            continue
        if ends not in made:
            made[ends] = len(column.values) + len(chosen)
            chosen.append((int(first[c]), int(last[c]), count))
        entries[c] = made[ends]
    return _add_ranges(column, held, hierarchy, chosen), entries


def _rank_groups(hierarchy: Hierarchy, levels: LevelTable, level: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the ranks of the bounds of a level's groups, infinite where a side is open."""
    bounds = levels.bounds[level]
    if bounds is None:
        return np.empty(0), np.empty(0)
    low, high = hierarchy.rank_bounds(bounds.lower), hierarchy.rank_bounds(bounds.upper)
    return np.where(np.isnan(low), -np.inf, low), np.where(np.isnan(high), np.inf, high)


def _known_ranges(hierarchy: Hierarchy, held: _Held) -> dict[tuple[float, float], int]:
    """Return the ranges that are groups of a level above the finest, with their entry; the missing value and "all" are none."""
    known: dict[tuple[float, float], int] = {}
    entry = held.first_entry
    for level in range(held.finest, len(held.levels.level_names) - 1):
        if level > held.finest:
            for group, ends in enumerate(zip(*(side.tolist() for side in _rank_groups(hierarchy, held.levels, level)), strict=True)):
                if ends != (-np.inf, np.inf):
                    known.setdefault(ends, entry + group)
        entry += len(held.levels.leaves[level])
    return known


def _common_groups(held: _Held, first: Entries, last: Entries) -> tuple[Entries, Entries]:
    """Return the entry of the smallest group that holds two groups of the finest level, and its leaves but for the missing value."""
    levels = held.levels
    codes = np.zeros((len(levels.leaves[held.finest]), levels.codes.shape[1]), dtype=np.int64)
    codes[levels.codes[:, held.finest]] = levels.codes
    entry, leaves = np.full(len(first), -1), np.zeros(len(first), dtype=np.int64)
    start = held.first_entry
    for level in range(held.finest, codes.shape[1]):
        here = (entry < 0) & (codes[first, level] == codes[last, level])
        entry[here] = start + codes[first[here], level]
        leaves[here] = levels.leaves[level][codes[first[here], level]]
        start += len(levels.leaves[level])
    # Only "all" holds the missing value besides others. A range of all there is would tell its ends for that one leaf.
    return entry, leaves - ((held.missing >= 0) & (entry == start - 1))


def _add_ranges(column: ColumnValues, held: _Held, hierarchy: Hierarchy, chosen: list[tuple[int, int, int]]) -> ColumnValues:
    bounds = held.levels.bounds[held.finest]
    if not chosen or bounds is None:
        return column
    first, last, leaves = (list(part) for part in zip(*chosen, strict=True))
    lower, upper = bounds.lower.take(pa.array(first)), bounds.upper.take(pa.array(last))
    labels = [hierarchy.label_span(a, b) for a, b in zip(lower.to_pylist(), upper.to_pylist(), strict=True)]
    return column.extend(pa.table({LABEL: pa.array(labels, pa.string()), LOWER: lower, UPPER: upper}), leaves)


def _narrow_sets(column: ColumnValues, held: _Held) -> tuple[ColumnValues, Entries]:
    """Return a column without an order with its sets, and the value of each class."""
    single = held.counts == 1
    entries = np.where(single, held.first_entry + held.groups[held.starts], -1)
    names = SetLabels(held.levels, held.finest)
    made: dict[tuple[int, ...], int] = {}
    labels: list[str] = []
    parts: list[list[str]] = []
    leaves: list[int] = []
    for c in np.flatnonzero(~single).tolist():
        members = tuple(held.groups[held.starts[c] : held.starts[c] + held.counts[c]].tolist())
        if members not in made:
            found = names.name(members)
            made[members] = len(column.values) + len(labels) if found.entry is None else found.entry
            if found.entry is None:
                labels.append(found.label)
                parts.append(found.parts)
                leaves.append(found.leaves)
        entries[c] = made[members]
    return column.extend(pa.table({LABEL: pa.array(labels, pa.string()), PARTS: pa.array(parts, PART_LIST)}), leaves), entries


def _add_parts(column: ColumnValues) -> ColumnValues:
    """Return a column with the parts of its values: each group is one."""
    alone = pa.array([[label] for label in column.values[LABEL].to_pylist()], PART_LIST)
    return replace(column, values=column.values.append_column(PARTS, alone))


def _keep_apart(columns: list[ColumnValues], entries: Entries, wide: Entries, of_line: Entries) -> None:
    """Give every line the value of its class; classes that would come out equal keep the values of their levels.

    As the search left them all classes differ, so that this ends at the latest when none is narrowed.
    """
    while True:
        ranks = np.stack([rank_values(column.values, entry)[1] for column, entry in zip(columns, entries, strict=True)], axis=1)
        _, numbers, counts = np.unique(ranks, axis=0, return_inverse=True, return_counts=True)
        equal = (counts[numbers.reshape(-1)] > 1) & (entries != wide).any(axis=0)
        if not equal.any():
            break
        entries[:, equal] = wide[:, equal]
    kept = of_line >= 0
    for column, entry in zip(columns, entries, strict=True):
        column.cells[kept] = entry[of_line[kept]]
