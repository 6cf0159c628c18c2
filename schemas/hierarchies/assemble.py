"""From the groups of each level to a level table: missing values, the value itself, "all", and the check that groups nest."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from schemas.errors import PlanError
from schemas.hierarchies.hierarchy import ALL_LABEL, MISSING_LABEL, Hierarchy, decode
from schemas.hierarchies.level_table import Bounds, LevelTable
from schemas.messages import N_, Name


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Step:
    """The groups of one level between "value" and "all", over the values that are not missing.

    Parameters
    ----------
    groups : NDArray[np.int64]
        Group of each value, 0 … groups - 1, every group used.
    labels : Sequence[str]
        Label of each group.
    leaves : NDArray[np.int64]
        Leaves under each group.
    bounds : Bounds or None
        Range of each group.
    """

    groups: NDArray[np.int64]
    labels: Sequence[str]
    leaves: NDArray[np.int64]
    bounds: Bounds | None = None


def assemble(
    hierarchy: Hierarchy,
    values: pa.Array,
    steps: Sequence[Step],
    *,
    value_labels: Sequence[str],
    leaves: int,
    value_bounds: Bounds | None = None,
    all_label: str = ALL_LABEL,
) -> LevelTable:
    """Return the level table of a column.

    Parameters
    ----------
    hierarchy : Hierarchy
        Gives the names of the levels.
    values : pa.Array
        Distinct values, at most one of them null.
    steps : Sequence[Step]
        Levels between "value" and "all", over the values that are not null, in their order.
    value_labels : Sequence[str]
        Label of each value that is not null.
    leaves : int
        Leaves of the column without the missing value.
    value_bounds : Bounds or None
        Range of each value (null for a null); None where the column has no order.

    Raises
    ------
    PlanError
        Groups do not nest.
    """
    present = valid_mask(values)
    missing = int(len(values) - present.sum())
    columns = [np.arange(len(values), dtype=np.int32)]
    for level, step in enumerate(steps, start=1):
        codes = np.full(len(values), len(step.labels), dtype=np.int32)
        codes[present] = step.groups
        check_nesting(hierarchy, level, columns[-1], codes)
        columns.append(codes)
    total = leaves + missing
    one = np.ones(missing, dtype=np.int64)
    raw = [_spread_labels(value_labels, present), *([*step.labels, *[MISSING_LABEL] * missing] for step in steps), [all_label]]
    leaf_counts = (
        np.ones(len(values), dtype=np.int64),
        *(np.concatenate([step.leaves.astype(np.int64), one]) for step in steps),
        np.asarray([total], dtype=np.int64),
    )
    codes_by_level = np.column_stack([*columns, np.zeros(len(values), dtype=np.int32)])
    return LevelTable(
        level_names=hierarchy.level_names,
        codes=codes_by_level,
        leaves=leaf_counts,
        total_leaves=total,
        labels=tell_apart(raw, codes_by_level, leaf_counts),
        bounds=_all_bounds(steps, value_bounds, missing),
        ordered=value_bounds is not None,
    )


def _spread_labels(value_labels: Sequence[str], present: NDArray[np.bool_]) -> list[str]:
    labels = [MISSING_LABEL] * len(present)
    for index, label in zip(np.flatnonzero(present), value_labels, strict=True):
        labels[index] = label
    if not present.all() and MISSING_LABEL in value_labels:
        labels[int(np.flatnonzero(~present)[0])] = f"{MISSING_LABEL}（欠損）"
    return labels


def tell_apart(
    labels: Sequence[list[str]],
    codes: NDArray[np.int32],
    leaves: Sequence[NDArray[np.int64]],
) -> tuple[tuple[str, ...], ...]:
    """Return labels such that one text never names two different groups.

    Where a coarser group has the text of a finer one (a leaf "Other" in a group "Other") and holds more, it gets the number of its level.
    Groups that hold the same values at several levels (90歳以上) keep one text.
    """
    firsts, sizes = zip(*(np.unique(column, return_index=True, return_counts=True)[1:] for column in codes.T), strict=True)
    seen: dict[str, tuple[int, int]] = {}
    told: list[tuple[str, ...]] = []
    for level, texts in enumerate(labels):
        clashes = [group for group, text in enumerate(texts) if text in seen]
        renamed = list(texts)
        for group in clashes:
            finer, finer_group = seen[texts[group]]
            # Groups nest: as many values, as many leaves and one value in common make them the same set.
            same = sizes[level][group] == sizes[finer][finer_group] and leaves[level][group] == leaves[finer][finer_group]
            if not (same and codes[firsts[level][group], finer] == finer_group):
                renamed[group] = f"{texts[group]}（第{level}階層）"
        for group, text in enumerate(renamed):
            seen.setdefault(text, (level, group))
        told.append(tuple(renamed))
    return tuple(told)


def _all_bounds(steps: Sequence[Step], value_bounds: Bounds | None, missing: int) -> tuple[Bounds | None, ...]:
    if value_bounds is None:
        return (None,) * (len(steps) + 2)
    kind = value_bounds.lower.type
    between = [
        Bounds(lower=_with_nulls(step.bounds.lower, kind, missing), upper=_with_nulls(step.bounds.upper, kind, missing))
        for step in steps
        if step.bounds is not None
    ]
    return (value_bounds, *between, Bounds(lower=pa.nulls(1, kind), upper=pa.nulls(1, kind)))


def _with_nulls(array: pa.Array, kind: pa.DataType, count: int) -> pa.Array:
    return pa.concat_arrays([array.cast(kind), pa.nulls(count, kind)])


def check_nesting(hierarchy: Hierarchy, level: int, finer: NDArray[np.integer[Any]], coarser: NDArray[np.integer[Any]]) -> None:
    """Refuse a level whose groups are not made of whole groups of the level before.

    Parameters
    ----------
    hierarchy : Hierarchy
        Gives the names of the levels.
    level : int
        Number of the coarser level.
    finer, coarser : NDArray[np.integer]
        Group of each value at the level before, and at this one.

    Raises
    ------
    PlanError
        Groups are split; the two levels and the number of values in split groups are told.
    """
    split = count_split(finer, coarser)
    if split:
        before, here = hierarchy.level_names[level - 1 : level + 1]
        raise PlanError(
            N_("the hierarchy {hierarchy} does not nest: {count} values together at level {level} ({finer}) are apart at {coarser}"),
            N_("give levels from fine to coarse so that each group lies in one group of the next level"),
            hierarchy=Name(hierarchy.name),
            count=split,
            level=level - 1,
            finer=Name(before),
            coarser=Name(here),
        )


def count_split(finer: NDArray[np.integer[Any]], coarser: NDArray[np.integer[Any]]) -> int:
    """Return the values whose group of the finer level lies in several groups of the coarser level."""
    if len(finer) == 0:
        return 0
    parent = np.zeros(int(finer.max()) + 1, dtype=np.int64)
    parent[finer] = coarser
    broken = np.zeros(len(parent), dtype=np.bool_)
    broken[finer[parent[finer] != coarser]] = True
    return int(broken[finer].sum())


def compact(keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the sorted distinct keys and, for each entry, the position of its key."""
    distinct, positions = np.unique(keys, return_inverse=True)
    return distinct, positions.astype(np.int64)


def present_only(values: pa.Array) -> pa.Array:
    """Return the values that are not null, plain (not dictionary-encoded)."""
    return decode(values).drop_null()


def valid_mask(values: pa.Array) -> NDArray[np.bool_]:
    """Return which values are not null, also where the null stands in a dictionary."""
    return np.asarray(decode(values).is_valid(), dtype=np.bool_)


def label_values(values: pa.Array) -> list[str]:
    """Return the label of each value by its type: a day as 2024年4月1日, yes as 該当, everything else as its text."""
    if pa.types.is_boolean(values.type):
        return ["該当" if value else "非該当" for value in values.to_pylist()]
    if pa.types.is_date(values.type):
        return [f"{day.year}年{day.month}月{day.day}日" for day in values.to_pylist()]
    if pa.types.is_floating(values.type):
        return [str(int(value)) if value.is_integer() else str(value) for value in values.to_pylist()]
    return [str(value) for value in values.to_pylist()]
