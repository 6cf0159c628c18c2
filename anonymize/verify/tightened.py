"""Whether narrowed values are ones the plan allows: ranges that start and end with groups of the finest level, sets made of groups.

Decided here: what a label, bounds and parts of a narrowed column may be, by the plan's hierarchies. A range must begin where a group of the
finest level allowed begins, end where one ends, lie within one group of the coarsest level allowed, and be labelled as the hierarchy
labels ranges. A set must have one label, made of its parts, and parts of allowed levels within one group of the coarsest. As in
`verify.levels`, parts of hierarchies that are not known without the values are not looked up.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
import pyarrow as pa

from anonymize.verify import sql
from anonymize.verify.levels import Cell, drop_birthdays, find_allowed, is_closed, list_leaves, probe_values, unmark
from schemas.errors import PlanError
from schemas.findings import Reason
from schemas.hierarchies import Hierarchy, LevelTable, load_hierarchy
from schemas.hierarchies.trees import ListedHierarchy
from schemas.messages import N_, Message, Name
from schemas.plan import ANY_DAY, Plan, PlannedColumn

SEPARATORS = ("・", "／", "｜")
EXCEPT = "を除く）"


def check_tightened(file: sql.WrittenFile, plan: Plan, *, blanked: bool) -> Iterator[Reason]:
    """Return the columns that hold ranges or sets the plan does not allow; a blank cell, when narrowed, may be of any level."""
    for planned in plan.recoded:
        column = replace(planned, max_level=None) if blanked else planned
        bounds = [name for name in (f"{column.name}_from", f"{column.name}_to") if name in file.quasi]
        if bounds:
            wrong = not _are_ranges_allowed(sql.list_cells(file, column.name, bounds), column, plan, blanked=blanked)
        else:
            wrong = bool(plan.tighten and plan.tighten.nominal) and not _are_sets_allowed(file, column, plan, blanked=blanked)
        if wrong:
            message = N_("column {column} holds narrowed values that the plan does not allow")
            yield Reason(code="verify-tightened", message=Message(message, {"column": Name(column.name)}))


def _are_ranges_allowed(cells: Sequence[Cell], column: PlannedColumn, plan: Plan, *, blanked: bool) -> bool:
    """Return whether every cell is a group of an allowed level, or a range of groups of the finest."""
    allowed = find_allowed(column, plan, cells, blanked=blanked)
    if allowed is None:
        return True
    rest = [cell for cell in drop_birthdays(cells, column, plan) if unmark(cell) not in allowed]
    if not rest:
        return True
    hierarchy = load_hierarchy(column.hierarchy or "", folder=plan.folder, as_of=plan.as_of or ANY_DAY)
    ends = [cell[1:] for cell in rest]
    return all(cell[0] == hierarchy.label_span(*cell[1:]) for cell in rest) and _are_spans(ends, hierarchy, column, plan)


def _are_spans(ends: Sequence[tuple[object, object]], hierarchy: Hierarchy, column: PlannedColumn, plan: Plan) -> bool:
    """Return whether ranges are made of whole groups of the finest level, inside one group of the coarsest."""
    top = len(hierarchy.level_names) - 1 if column.max_level is None else column.max_level
    if any(lower is None and upper is None for lower, upper in ends):
        return False
    inside = [(upper if lower is None else lower, lower if upper is None else upper) for lower, upper in ends]
    for probes in probe_values(hierarchy, column, plan, [("", end, end) for pair in inside for end in pair]) or []:
        try:
            levels = hierarchy.resolve(probes, column=column.name)
        except (PlanError, pa.ArrowException, ValueError, OverflowError):
            continue
        if all(_is_span(levels, hierarchy, pair, (column.min_level, top)) for pair in zip(ends, inside, strict=True)):
            return True
    return False


def _is_span(
    levels: LevelTable,
    hierarchy: Hierarchy,
    pair: tuple[tuple[object, object], tuple[object, object]],
    limits: tuple[int, int],
) -> bool:
    """Return whether one range begins and ends with a group; `pair` is its bounds, and a value inside each end."""
    (lower, upper), within = pair
    own, bounds = levels.bounds[0], levels.bounds[limits[0]]
    if own is None or bounds is None:
        return False
    held = own.lower.to_pylist()
    if within[0] not in held or within[1] not in held:
        return False
    places = [held.index(end) for end in within]
    first, last = (int(levels.codes[place, limits[0]]) for place in places)
    together = levels.codes[places[0], limits[1]] == levels.codes[places[1], limits[1]]
    starts = hierarchy.rank_bounds(own.lower.take(pa.array(places)))
    return bool(together and starts[0] <= starts[1] and bounds.lower[first].as_py() == lower and bounds.upper[last].as_py() == upper)


def _are_sets_allowed(file: sql.WrittenFile, column: PlannedColumn, plan: Plan, *, blanked: bool) -> bool:
    """Return whether labels and parts of a column belong together, and parts are allowed."""
    found = sql.list_parts(file, column.name)
    if len({label for label, _ in found}) != len(found) or len({tuple(parts or ()) for _, parts in found}) != len(found):
        return False
    if not all(parts and None not in parts and _is_label_of(label, parts) for label, parts in found):
        return False
    texts = sorted({part for _, parts in found for part in parts})
    allowed = find_allowed(column, plan, [(text, None, None) for text in texts], blanked=blanked)
    if allowed is None or (column.min_level == 0 and not is_closed(column, plan)):
        return True
    names = {label for label, _, _ in allowed}
    return all(unmark((text, None, None))[0] in names for text in texts) and _lie_together(found, column, plan)


def _is_label_of(label: str, parts: Sequence[str]) -> bool:
    """Return whether a label is its parts joined, or names the group around them and what is not in it."""
    if label in [mark.join(parts) for mark in SEPARATORS]:
        return True
    absent = label.removesuffix(EXCEPT).rsplit("（", maxsplit=1)[-1]
    return len(parts) > 1 and label.endswith(EXCEPT) and all(set(absent.split(mark)).isdisjoint(parts) for mark in SEPARATORS)


def _lie_together(found: Sequence[tuple[str, Sequence[str]]], column: PlannedColumn, plan: Plan) -> bool:
    """Return whether the parts of every set have a group of the coarsest level allowed in common, where the leaves are listed."""
    hierarchy = load_hierarchy(column.hierarchy or "", folder=plan.folder, as_of=plan.as_of or ANY_DAY)
    leaves = list_leaves(column.hierarchy or "", plan.folder) if isinstance(hierarchy, ListedHierarchy) else None
    top = len(hierarchy.level_names) - 1 if column.max_level is None else column.max_level
    if leaves is None or top == len(hierarchy.level_names) - 1:
        return True
    groups = _groups_of(hierarchy.resolve(pa.array([*leaves, None], pa.string())), top)
    return all(groups[a] & groups[b] for _, parts in found for a, b in combinations(parts, 2) if a in groups and b in groups)


def _groups_of(levels: LevelTable, top: int) -> Mapping[str, set[int]]:
    """Return, per label of any level up to a level, its groups there."""
    groups: dict[str, set[int]] = {}
    for level in range(top + 1):
        for value, code in enumerate(levels.codes[:, level].tolist()):
            groups.setdefault(levels.labels[level][code], set()).add(int(np.int64(levels.codes[value, top])))
    return groups
