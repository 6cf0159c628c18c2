"""Tables of the population a file was taken from: how they are read, and which groups of a class table their lines lie in.

Not decided here: where a cell lies in a hierarchy (`anonymize.population_cells`), what is counted (`anonymize.models.population` for the
search, `anonymize.verify.population` for the written file).
"""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from anonymize.classes import ClassTable, Population
from anonymize.population_cells import Texts, find_texts
from schemas.errors import FileRejected, PlanError
from schemas.files import sha256_file
from schemas.hierarchies import LevelTable
from schemas.messages import N_, Name
from schemas.plan import Plan

PERSONS = "persons"


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


MOST_PERSONS = 10_000_000_000  # in one row; more would be a mistake, and could not be added up


def read_people(path: Path) -> pa.Table:
    """Return a population table: cells as text, `persons` as whole numbers (1 in each row when it is not given).

    Raises
    ------
    FileRejected
        It cannot be read, a name of its heading comes twice, or a count is missing, negative or absurdly large.
    """
    import pyarrow.csv as pc_csv

    names = read_heading(path)
    if len(set(names)) < len(names):
        raise refuse_table(path)
    types = {name: pa.int64() if name == PERSONS else pa.string() for name in names}
    try:
        table = pc_csv.read_csv(path, convert_options=pc_csv.ConvertOptions(column_types=types, strings_can_be_null=True, null_values=[""]))
    except (pa.ArrowException, OSError):
        raise refuse_table(path) from None
    if PERSONS not in names:
        table = table.append_column(PERSONS, pa.array(np.ones(table.num_rows, dtype=np.int64)))
    counts = table.column(PERSONS)
    least, most = (pc.min_max(counts)[end].as_py() or 0 for end in ("min", "max"))
    if counts.null_count or least < 0 or most > MOST_PERSONS:
        raise refuse_table(path)
    return table


def refuse_table(path: Path) -> FileRejected:
    """Return the error for a table that cannot be read."""
    return FileRejected(
        N_("the population table {file} cannot be read"),
        N_("give a CSV file in UTF-8 with a heading, each name in it once, and whole numbers in `persons`"),
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
