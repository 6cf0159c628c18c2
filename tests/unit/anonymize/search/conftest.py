"""Class tables built from lists, and the Adult file."""

import csv
import json

import numpy as np
import pyarrow as pa
import pytest

from anonymize.classes import ClassTable, SearchTask
from schemas.hierarchies import LevelTable, load_hierarchy


def make_levels(groups):
    """groups: per distinct value its group at each level, level 0 first, last level all 0."""
    codes = np.array(groups, dtype=np.int32)
    leaves = tuple(np.bincount(codes[:, level]).astype(np.int64) for level in range(codes.shape[1]))
    return LevelTable(
        level_names=tuple(f"level {level}" for level in range(codes.shape[1])),
        codes=codes,
        leaves=leaves,
        total_leaves=len(codes),
        labels=tuple(tuple(f"{level}.{g}" for g in range(len(counts))) for level, counts in enumerate(leaves)),
        bounds=(None,) * codes.shape[1],
        ordered=False,
    )


def make_table(lines, groups, *, rows=None, persons=None, memberships=None, sensitive=None, total_persons=None):
    codes = np.array(lines, dtype=np.int32).reshape(len(lines), len(groups))
    rows = np.array(rows if rows is not None else [1] * len(lines), dtype=np.int64)
    persons = rows if persons is None else np.array(persons, dtype=np.int64)
    return ClassTable(
        columns=tuple(f"column_{j}" for j in range(len(groups))),
        levels=tuple(make_levels(g) for g in groups),
        codes=codes,
        rows=rows,
        persons=persons,
        memberships=memberships,
        sensitive=sensitive or {},
        total_rows=int(rows.sum()),
        total_persons=int(persons.sum()) if total_persons is None else total_persons,
    )


def make_task(table, k, **wishes):
    tops = [len(levels.level_names) - 1 for levels in table.levels]
    settings = {
        "suppression_limit": 0.0,
        "weights": np.ones(len(tops)),
        "max_levels": np.array(tops, dtype=np.int8),
        "min_levels": np.zeros(len(tops), dtype=np.int8),
    }
    return SearchTask(table=table, k=k, **{**settings, **wishes})


@pytest.fixture
def table_of():
    return make_table


@pytest.fixture
def task_of():
    return make_task


@pytest.fixture(scope="session")
def adult_reference(shared_data):
    return json.loads((shared_data / "adult" / "reference.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def adult(shared_data):
    """The class table of the Adult file."""
    folder = shared_data / "adult"
    with (folder / "adult.csv").open(encoding="utf-8", newline="") as source:
        columns, *rows = csv.reader(source, delimiter=";")
    levels, codes = [], []
    for j, column in enumerate(columns):
        values, places = np.unique([row[j] for row in rows], return_inverse=True)
        levels.append(load_hierarchy(f"adult_hierarchy_{column}.csv", folder=folder).resolve(pa.array(values.tolist())))
        codes.append(places)
    distinct, counts = np.unique(np.array(codes, dtype=np.int32).T, axis=0, return_counts=True)
    return ClassTable(
        columns=tuple(columns),
        levels=tuple(levels),
        codes=distinct,
        rows=counts.astype(np.int64),
        persons=counts.astype(np.int64),
        memberships=None,
        sensitive={},
        total_rows=len(rows),
        total_persons=len(rows),
    )
