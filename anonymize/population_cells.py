"""Where the cells of a population table lie in the hierarchies of a plan.

Decided here: a cell is a value or a label of the column's hierarchy (for birth dates a date, an age in whole years, or a band of ages), and
it lies in a group only if wholly inside, so that nobody is counted who may not match. An empty cell lies in "all" alone. Not decided here:
how a table is read (`anonymize.populations`).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from schemas.errors import FileRejected, PlanError
from schemas.hierarchies import Hierarchy, LevelTable, load_hierarchy
from schemas.hierarchies.ages import AgeHierarchy
from schemas.hierarchies.dates import DateHierarchy
from schemas.hierarchies.domains import born_at, list_domain
from schemas.hierarchies.ranges import BandHierarchy
from schemas.messages import N_, Name
from schemas.plan import ANY_DAY, Plan, PlannedColumn

MARK = re.compile(r"（第\d+階層）$")
# Per level, the texts under which a release may show the group a cell lies in; none where the cell is coarser than the level.
Texts = tuple[frozenset[str], ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Located:
    """Where the cells of one column of a population table lie.

    Parameters
    ----------
    cells : tuple[str | None, ...]
        The distinct cells; None is an empty one.
    table : LevelTable
        Levels of the values the cells speak of.
    places : Mapping[str, tuple[int, int]]
        Cell → level and a value of the group it is.
    are_values : bool
        Whether the cells are the values of the table, in their order; else each is a value or a group of it.
    """

    cells: tuple[str | None, ...]
    table: LevelTable
    places: Mapping[str, tuple[int, int]]
    are_values: bool

    def __repr__(self) -> str:
        """Show a count, never cells."""
        return f"Located({len(self.cells)} cells)"

    def name(self) -> dict[str | None, Texts]:
        """Return the labels under which each cell may be released, level by level."""
        texts, top = _name_groups(self.table), len(self.table.labels) - 1
        codes, named = self.table.codes, dict[str | None, Texts]()
        for cell in self.cells:
            if cell is None:
                named[cell] = (*[frozenset[str]()] * top, texts[top][0])
                continue
            finest, value = self.places[cell]
            named[cell] = tuple(texts[level][codes[value, level]] if level >= finest else frozenset() for level in range(top + 1))
        return named

    def list_members(self, cell: str) -> NDArray[np.int64]:
        """Return the values of the table that a cell stands for."""
        level, value = self.places[cell]
        if self.are_values:
            return np.array([value])
        return np.flatnonzero(self.table.codes[:, level] == self.table.codes[value, level])


def find_texts(people: pa.Table, plan: Plan, path: Path) -> dict[str, dict[str | None, Texts]]:
    """Return, per quasi-identifier of a population table and per distinct cell, under which labels it may be released.

    Raises
    ------
    FileRejected
        Cells are neither values nor labels of the hierarchy.
    """
    return {name: located.name() for name, located in locate_cells(people, plan, path).items()}


def locate_cells(people: pa.Table, plan: Plan, path: Path) -> dict[str, Located]:
    """Return, per quasi-identifier of a population table, where its distinct cells lie in the hierarchy.

    Parameters
    ----------
    people : pa.Table
        As `read_people` returns it.
    plan : Plan
        Hierarchies.
    path : Path
        Its name is told when a cell is not known.

    Raises
    ------
    FileRejected
        Cells are neither values nor labels of the hierarchy.
    """
    return {
        column.name: _locate(people.column(column.name).unique().to_pylist(), column, plan, path)
        for column in plan.recoded
        if column.name in people.schema.names
    }


def _locate(cells: Sequence[str | None], column: PlannedColumn, plan: Plan, path: Path) -> Located:
    hierarchy = load_hierarchy(column.hierarchy or "", folder=plan.folder, as_of=plan.as_of or ANY_DAY)
    given = [cell for cell in cells if cell is not None]
    values, finest = _read_values(hierarchy, given)
    table = _resolve(hierarchy, values, column)
    if table is not None:
        return Located(cells=tuple(cells), table=table, places={cell: (finest, i) for i, cell in enumerate(given)}, are_values=True)
    table, places = _locate_labels(hierarchy, given, column)
    if table is None or len(places) < len(given):
        raise FileRejected(
            N_("the population table {file} has {count} values of {column} that the plan's hierarchy does not know"),
            N_("give values or labels of the hierarchy; leave the cell empty where a value is not known"),
            file=Name(path.name),
            column=Name(column.name),
            count=len(given) - len(places),
        )
    return Located(cells=tuple(cells), table=table, places=places, are_values=False)


def _name_groups(table: LevelTable) -> list[list[frozenset[str]]]:
    """Return, per level and group, the texts a release may show it under.

    A text that stands for groups of several levels is the finest of them, or carries the number of its level; which one a release shows
    depends on its own values. The bare text therefore counts only for what lies in the finest group of that name.
    """
    raw = [[MARK.sub("", label) for label in labels] for labels in table.labels]
    finest: dict[str, tuple[int, int]] = {}
    for level, labels in enumerate(raw):
        for group, label in enumerate(labels):
            finest.setdefault(label, (level, group))
    named: list[list[frozenset[str]]] = []
    for level, labels in enumerate(raw):
        named.append([])
        for group, label in enumerate(labels):
            at, least = finest[label]
            is_bare = (at, least) == (level, group) or bool((table.codes[table.codes[:, level] == group, at] == least).all())
            named[-1].append(frozenset({f"{label}（第{level}階層）", *([label] if is_bare else [])}))
    return named


def _locate_labels(
    hierarchy: Hierarchy, cells: Sequence[str], column: PlannedColumn
) -> tuple[LevelTable | None, dict[str, tuple[int, int]]]:
    """Return the table of all values a hierarchy knows, and per cell the level and a value of the finest group of its name."""
    domain = list_domain(hierarchy)
    if domain is None:
        domain = _probe(hierarchy, cells)
    table = _resolve(hierarchy, domain, column)
    if table is None:
        return None, {}
    places: dict[str, tuple[int, int]] = {}
    texts = domain.cast(pa.string()).to_pylist()
    for value, text in enumerate(texts):
        places.setdefault(text, (0, value))
    for level, labels in enumerate(table.labels):
        firsts = dict(zip(*np.unique(table.codes[:, level], return_index=True), strict=True))
        for group, label in enumerate(labels):
            places.setdefault(label, (level, int(firsts[group])))
    return table, {cell: places[cell] for cell in cells if cell in places}


def _probe(hierarchy: Hierarchy, cells: Iterable[str]) -> pa.Array:
    """Return values in whose groups the cells may lie: whole numbers for bands, at least one, the given start for prefixes."""
    if isinstance(hierarchy, BandHierarchy):
        numbers = {int(number) for cell in cells for number in re.findall(r"\d+", cell)}
        return pa.array(sorted(numbers | {number - 1 for number in numbers}) or [0], pa.int64())
    return pa.array(sorted({cell.rstrip("*") for cell in cells} - {""}), pa.string())


def _read_values(hierarchy: Hierarchy, cells: Sequence[str]) -> tuple[pa.Array | None, int]:
    """Return cells as values of the type a hierarchy wants, None where they are none, and the finest level they lie in."""
    texts = pa.array(cells, pa.string())
    if isinstance(hierarchy, AgeHierarchy):
        ages = _cast(texts, pa.int64())
        # An age in years is no birth date: it lies in bands of ages alone.
        return (_cast(texts, pa.date32()), 0) if ages is None else (_find_births(hierarchy, ages), 1)
    if isinstance(hierarchy, DateHierarchy):
        return _cast(texts, pa.date32()), 0
    if isinstance(hierarchy, BandHierarchy):
        return _cast(texts, pa.float64() if pc.any(pc.match_substring(texts, ".")).as_py() else pa.int64()), 0
    return texts, 0


def _cast(texts: pa.Array, kind: pa.DataType) -> pa.Array | None:
    try:
        return texts.cast(kind)
    except pa.ArrowInvalid:
        return None


def _find_births(hierarchy: AgeHierarchy, ages: pa.Array) -> pa.Array | None:
    try:
        return born_at(hierarchy, ages.to_pylist())
    except (ValueError, OverflowError):
        return None


def _resolve(hierarchy: Hierarchy, values: pa.Array | None, column: PlannedColumn) -> LevelTable | None:
    """Return the groups of values; None where the hierarchy does not know them all."""
    if values is None:
        return None
    try:
        return hierarchy.resolve(values, column=column.name)
    except PlanError:
        return None
