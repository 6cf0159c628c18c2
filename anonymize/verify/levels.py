"""Whether released labels are those of levels the plan allows, by the plan's hierarchies; what the file says of its levels does not count.

Decided here: which labels and bounds a column may hold. Where the finest level is the value itself, any text may begin with its prefix, and
any day may be a birthday; the values of lists, municipalities and ICD-10 are known, and those with bounds are told by them. A release with
blank cells may also hold the coarsest level of all.
"""

import datetime
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa

from anonymize.verify import sql
from schemas.codes import code_list_names, load_code_list
from schemas.errors import PlanError
from schemas.findings import Reason
from schemas.hierarchies import Hierarchy, LevelTable, load_hierarchy
from schemas.hierarchies.ages import AgeHierarchy
from schemas.hierarchies.dates import DateHierarchy
from schemas.hierarchies.diseases import CODE, DiseaseHierarchy
from schemas.hierarchies.domains import list_domain
from schemas.hierarchies.listings import read_arx_file, read_tree, read_tree_file
from schemas.hierarchies.load import FOLDER
from schemas.hierarchies.prefixes import PrefixHierarchy, WholeHierarchy
from schemas.hierarchies.ranges import BandHierarchy
from schemas.hierarchies.trees import ListedHierarchy
from schemas.markup import read_marked
from schemas.messages import N_, Message, Name
from schemas.plan import ANY_DAY, Plan, PlannedColumn

# Label, lower and upper bound; None for a bound that is missing.
Cell: TypeAlias = tuple[str, Any, Any]
OLDEST_YEARS = 1000
# What a label carries where a finer group has the same text; which labels do depends on the values of the file.
LEVEL_MARK = re.compile(r"（第\d+階層）$")


def check_levels(file: sql.WrittenFile, plan: Plan, *, blanked: bool) -> Iterator[Reason]:
    """Return the columns that hold a label, or bounds, of no level between the finest and the coarsest the plan allows.

    Columns that are narrowed are left to `verify.tightened`.
    """
    for column in plan.recoded:
        bounds = [name for name in (f"{column.name}_from", f"{column.name}_to") if name in file.quasi]
        if plan.tighten and (plan.tighten.nominal or bounds):
            continue
        cells = set(sql.list_cells(file, column.name, bounds))
        allowed = find_allowed(column, plan, cells, blanked=blanked)
        if allowed is not None and any(unmark(cell) not in allowed for cell in drop_birthdays(cells, column, plan)):
            message = N_("column {column} holds labels that no level the plan allows has")
            yield Reason(code="verify-label", message=Message(message, {"column": Name(column.name)}))


def drop_birthdays(cells: Iterable[Cell], column: PlannedColumn, plan: Plan) -> list[Cell]:
    """Return the cells without those that are a day of birth as it came: its label is not known from its bounds, which are an age."""
    hierarchy = load_hierarchy(column.hierarchy or "", folder=plan.folder, as_of=plan.as_of or ANY_DAY)
    if column.min_level or not isinstance(hierarchy, AgeHierarchy):
        return list(cells)
    return [cell for cell in cells if cell[1] is None or cell[1] != cell[2]]


def is_closed(column: PlannedColumn, plan: Plan) -> bool:
    """Whether the values themselves are known: those of lists, municipalities and ICD-10, not numbers, days and prefixes."""
    hierarchy = load_hierarchy(column.hierarchy or "", folder=plan.folder, as_of=plan.as_of or ANY_DAY)
    return not isinstance(hierarchy, AgeHierarchy) and list_domain(hierarchy) is not None


def find_allowed(column: PlannedColumn, plan: Plan, cells: Iterable[Cell], *, blanked: bool = False) -> set[Cell] | None:
    """Return the labels with bounds that groups of allowed levels have, as far as they matter for `cells`; None: not known.

    Parameters
    ----------
    column : PlannedColumn
        A recoded column.
    plan : Plan
        Says where hierarchies lie.
    cells : Iterable[Cell]
        What the file holds. A group that holds such a cell is looked up by a value inside its bounds, or by its prefix.
    blanked : bool
        Whether the coarsest level of the hierarchy is allowed whatever the plan says: single cells are blanked.
    """
    hierarchy = load_hierarchy(column.hierarchy or "", folder=plan.folder, as_of=plan.as_of or ANY_DAY)
    probes = probe_values(hierarchy, column, plan, list(cells))
    if probes is None:
        return None
    try:
        tables = [hierarchy.resolve(values, column=column.name) for values in probes]
    except (PlanError, pa.ArrowException, ValueError, OverflowError):
        return set()  # bounds that are no values of the column
    return {cell for table in tables for cell in _list_groups(table, column, blanked=blanked)}


def _list_groups(table: LevelTable, column: PlannedColumn, *, blanked: bool) -> Iterator[Cell]:
    last = len(table.level_names) - 1
    top = last if column.max_level is None else column.max_level
    for level in {*range(column.min_level, top + 1), *([last] if blanked else ())}:
        bounds, labels = table.bounds[level], table.labels[level]
        nothing = [None] * len(labels)
        lower, upper = (nothing, nothing) if bounds is None else (bounds.lower.to_pylist(), bounds.upper.to_pylist())
        yield from (unmark(cell) for cell in zip(labels, lower, upper, strict=True))


def unmark(cell: Cell) -> Cell:
    """Return a cell with its label as the hierarchy has it, without the mark of its level."""
    return LEVEL_MARK.sub("", cell[0] or ""), cell[1], cell[2]


def probe_values(hierarchy: Hierarchy, column: PlannedColumn, plan: Plan, cells: Sequence[Cell]) -> list[pa.Array] | None:
    """Return values, a missing one among them, whose groups are all that the cells may be; None where values cannot be found."""
    inside = {cell[1] if cell[1] is not None else cell[2] for cell in cells} - {None}
    if isinstance(hierarchy, AgeHierarchy):
        ages = sorted(age for age in inside if isinstance(age, int) and 0 <= age < OLDEST_YEARS)
        return [pa.array([*(datetime.date(hierarchy.as_of.year - age, 1, 1) for age in ages), None], pa.date32())]
    if isinstance(hierarchy, DateHierarchy):
        return [pa.array([*sorted(inside), None], pa.date32())]
    if isinstance(hierarchy, BandHierarchy):
        kind = pa.float64() if any(isinstance(number, float) for number in inside) else pa.int64()
        return [pa.array([*sorted(inside), None], kind)]
    if isinstance(hierarchy, (PrefixHierarchy, WholeHierarchy)):
        labels = {unmark(cell)[0] for cell in cells}
        texts = labels | {label.removesuffix("*") for label in labels}
        nothing = {"", "*"} if column.min_level else set()  # "*" alone is no prefix: every value begins with nothing
        return [pa.array([*sorted(texts - nothing), None], pa.string())]
    leaves = list_leaves(column.hierarchy or "", plan.folder) if isinstance(hierarchy, ListedHierarchy) else None
    if leaves is None:
        known = list_domain(hierarchy)
        codes = [cell[0] for cell in cells if isinstance(hierarchy, DiseaseHierarchy) and cell[0] and CODE.match(cell[0])]
        return None if known is None else [pa.array([*dict.fromkeys([*known.to_pylist(), *codes]), None], pa.string())]
    whole = pa.array([*map(int, leaves), None], pa.int64()) if any(isinstance(value, int) for value in inside) else None
    texts = pa.array([*leaves, None], pa.string())
    return [texts] if whole is None else [whole, texts]


def list_leaves(spec: str | Mapping[str, Any], folder: Path | None) -> Sequence[str] | None:
    """Return the leaves a hierarchy lists: those of an ARX file, a tree or a code list; None for others.

    Parameters
    ----------
    spec : str or Mapping
        As a plan names it (see `schemas.hierarchies.load_hierarchy`).
    folder : Path or None
        Where relative paths start.
    """
    form = _read_form(spec)
    home = folder or Path()
    if "file" in form:
        return read_arx_file(home / form["file"]).leaves
    if "tree" in form:
        tree = form["tree"]
        return (read_tree_file(home / tree) if isinstance(tree, str) else read_tree(tree, "inline")).leaves
    return list(load_code_list(form["codes"]).entries) if "codes" in form else None


def _read_form(spec: str | Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a specification as parameters by name."""
    if not isinstance(spec, str):
        return {**_read_form(str(spec["name"])), **spec} if "name" in spec else spec
    if spec.isidentifier() and (FOLDER / f"{spec}.yaml").exists():
        return read_marked(FOLDER / f"{spec}.yaml").values
    if spec in code_list_names():
        return {"codes": spec}
    return {"file": spec} if spec.lower().endswith(".csv") else {"tree": spec}
