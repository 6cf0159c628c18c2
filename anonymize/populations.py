"""Tables of the population a file was taken from: how they are read, and where their cells lie in the hierarchies of a plan.

Decided here: a cell is a value or a label of the column's hierarchy (for birth dates an age in whole years, or a band of ages), and it
lies in a group only if wholly inside, so that nobody is counted who may not match. An empty cell lies in "all" alone. Not decided here:
what is counted (`anonymize.models.population` for the search, `anonymize.verify.population` for the written file).
"""

import csv
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from anonymize.classes import ClassTable, Population
from schemas.errors import FileRejected, PlanError
from schemas.files import sha256_file
from schemas.hierarchies import Hierarchy, LevelTable, load_hierarchy
from schemas.hierarchies.ages import AgeHierarchy
from schemas.hierarchies.dates import DateHierarchy
from schemas.hierarchies.domains import born_at, list_domain
from schemas.hierarchies.ranges import BandHierarchy
from schemas.messages import N_, Name
from schemas.plan import ANY_DAY, Plan, PlannedColumn

PERSONS = "persons"
MARK = re.compile(r"（第\d+階層）$")
# Per level, the texts under which a release may show the group a cell lies in; none where the cell is coarser than the level.
Texts = tuple[frozenset[str], ...]


def read_heading(path: Path) -> list[str]:
    """Return the column names of a CSV file.

    Raises
    ------
    FileRejected
        It cannot be read as UTF-8 text.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return next(csv.reader(file), [])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise refuse_table(path) from error


def read_people(path: Path) -> pa.Table:
    """Return a population table: cells as text, `persons` as whole numbers (1 in each row when it is not given).

    Raises
    ------
    FileRejected
        It cannot be read, or a count is missing or negative.
    """
    import pyarrow.csv as pc_csv

    names = read_heading(path)
    types = {name: pa.int64() if name == PERSONS else pa.string() for name in names}
    try:
        table = pc_csv.read_csv(path, convert_options=pc_csv.ConvertOptions(column_types=types, strings_can_be_null=True, null_values=[""]))
    except (pa.ArrowException, OSError):
        raise refuse_table(path) from None
    if PERSONS not in names:
        table = table.append_column(PERSONS, pa.array(np.ones(table.num_rows, dtype=np.int64)))
    counts = table.column(PERSONS)
    if counts.null_count or (pc.min(counts).as_py() or 0) < 0:
        raise refuse_table(path)
    return table


def refuse_table(path: Path) -> FileRejected:
    """Return the error for a table that cannot be read."""
    return FileRejected(
        N_("the population table {file} cannot be read"),
        N_("give a CSV file in UTF-8 with a heading, and whole numbers in `persons`"),
        file=Name(path.name),
    )


def refuse_columns(path: Path) -> FileRejected:
    """Return the error for a table without a column that the plan recodes."""
    return FileRejected(
        N_("the population table {file} has no column named as a quasi-identifier"),
        N_("name its columns as in the plan, and its counts `persons`"),
        file=Name(path.name),
    )


def open_population(plan: Plan) -> pa.Table:
    """Return the population table a plan names.

    Raises
    ------
    FileRejected
        It cannot be read, is not the one the plan was loaded with, or has a column that is neither a quasi-identifier nor `persons`: what
        nobody compares must not look as if it were.
    """
    models = plan.privacy.population
    if models is None:
        raise PlanError(N_("the plan names no population table"), N_("add privacy.population to the plan"))
    path = (plan.folder or Path()) / models.file
    people = read_people(path)
    if models.sha256 is not None and sha256_file(path) != models.sha256:
        raise FileRejected(N_("the population table {file} has changed since the plan was read"), N_("start again"), file=Name(path.name))
    names = {column.name for column in plan.recoded}
    if not names & set(people.schema.names):
        raise refuse_columns(path)
    for place, name in enumerate(people.schema.names, start=1):
        if name not in {*names, PERSONS}:
            raise FileRejected(
                N_("column {place} of the population table {file} is no quasi-identifier of the plan"),
                N_("take it out, or name it as in the plan"),
                file=Name(path.name),
                place=place,
            )
    return people


def make_population(plan: Plan, table: ClassTable) -> Population | None:
    """Return the population a plan names, in groups of a class table; None when the plan names none.

    Raises
    ------
    FileRejected
        The table cannot be used, or has cells a hierarchy does not know.
    """
    models = plan.privacy.population
    if models is None:
        return None
    people = open_population(plan)
    found = find_texts(people, plan, Path(models.file))
    columns = [j for j, name in enumerate(table.columns) if name in found]
    codes, groups = [], []
    for j in columns:
        encoded = people.column(table.columns[j]).combine_chunks().dictionary_encode(null_encoding="encode")
        codes.append(encoded.indices.to_numpy(zero_copy_only=False))
        groups.append(_find_groups([found[table.columns[j]][cell] for cell in encoded.dictionary.to_pylist()], table.levels[j]))
    return Population(
        columns=tuple(columns),
        groups=tuple(groups),
        codes=np.stack(codes, axis=1).astype(np.int32),
        persons=people.column(PERSONS).to_numpy().astype(np.int64),
        k_map=models.k_map,
        presence=models.delta_presence,
    )


def _find_groups(cells: Sequence[Texts], table: LevelTable) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
    """Return (cells, levels) the group each cell lies in; -1 where the file has none that holds it."""
    groups = np.full((len(cells), len(table.labels)), -1, dtype=np.int32)
    for level, labels in enumerate(table.labels):
        group_of = {label: group for group, label in enumerate(labels)}
        for i, texts in enumerate(cells):
            groups[i, level] = next((group_of[text] for text in texts[level] if text in group_of), -1)
    return groups


def find_texts(people: pa.Table, plan: Plan, path: Path) -> dict[str, dict[str | None, Texts]]:
    """Return, per quasi-identifier of a population table and per distinct cell, under which labels it may be released.

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
    found: dict[str, dict[str | None, Texts]] = {}
    for column in plan.recoded:
        if column.name in people.schema.names:
            cells = people.column(column.name).unique().to_pylist()
            found[column.name] = dict(zip(cells, _locate(cells, column, plan, path), strict=True))
    return found


def _locate(cells: Sequence[str | None], column: PlannedColumn, plan: Plan, path: Path) -> list[Texts]:
    hierarchy = load_hierarchy(column.hierarchy or "", folder=plan.folder, as_of=plan.as_of or ANY_DAY)
    values = [cell for cell in cells if cell is not None]
    table = _resolve(hierarchy, _read_values(hierarchy, values), column)
    if table is not None:
        # An age in years is no birth date: it lies in bands of ages alone.
        finest = 1 if isinstance(hierarchy, AgeHierarchy) else 0
        places = {cell: (finest, i) for i, cell in enumerate(values)}
    else:
        table, places = _locate_labels(hierarchy, values, column)
        if table is None or len(places) < len(values):
            raise FileRejected(
                N_("the population table {file} has {count} values of {column} that the plan's hierarchy does not know"),
                N_("give values or labels of the hierarchy; leave the cell empty where a value is not known"),
                file=Name(path.name),
                column=Name(column.name),
                count=len(values) - len(places),
            )
    texts = _name_groups(table)
    top = len(table.labels) - 1
    return [_take_texts(texts, table, *places[cell]) if cell is not None else (*[frozenset[str]()] * top, texts[top][0]) for cell in cells]


def _take_texts(texts: Sequence[Sequence[frozenset[str]]], table: LevelTable, finest: int, value: int) -> Texts:
    """Return the texts of the groups a value lies in, from a level on."""
    return tuple(texts[level][table.codes[value, level]] if level >= finest else frozenset() for level in range(len(table.labels)))


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
    """Return values in whose groups the cells may lie: whole numbers for bands, the given start for prefixes."""
    if isinstance(hierarchy, BandHierarchy):
        numbers = {int(number) for cell in cells for number in re.findall(r"\d+", cell)}
        return pa.array(sorted(numbers | {number - 1 for number in numbers}), pa.int64())
    return pa.array(sorted({cell.rstrip("*") for cell in cells} - {""}), pa.string())


def _read_values(hierarchy: Hierarchy, cells: Sequence[str]) -> pa.Array | None:
    """Return cells as values of the type a hierarchy wants; None where they are none."""
    texts = pa.array(cells, pa.string())
    try:
        if isinstance(hierarchy, AgeHierarchy):
            return born_at(hierarchy, [int(age) for age in texts.cast(pa.int64()).to_pylist()])
        if isinstance(hierarchy, DateHierarchy):
            return texts.cast(pa.date32())
        if isinstance(hierarchy, BandHierarchy):
            return texts.cast(pa.float64()) if pc.any(pc.match_substring(texts, ".")).as_py() else texts.cast(pa.int64())
    except (pa.ArrowInvalid, ValueError, OverflowError):
        return None
    return texts


def _resolve(hierarchy: Hierarchy, values: pa.Array | None, column: PlannedColumn) -> LevelTable | None:
    """Return the groups of values; None where the hierarchy does not know them all."""
    if values is None:
        return None
    try:
        return hierarchy.resolve(values, column=column.name)
    except PlanError:
        return None
