"""Reference == DuckDB == Spark: the class table counted by hand in Python, and releases compared byte for byte."""

import datetime
import itertools
from collections import defaultdict

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anonymize.engines.engine import EngineSettings, open_engine
from anonymize.pipeline import Job, process
from anonymize.rows.class_table import build_class_table
from anonymize.treatments import Surroundings
from anonymize.treatments.date_shift import DateShift
from schemas.plan import parse_plan
from schemas.plan_rules import check_plan

DOCUMENT = {
    "plan": "engines",
    "unit": "person",
    "privacy": {"k": 2, "l_diversity": {"drug": {"kind": "distinct", "l": 2}}},
    "suppression_limit": 1.0,
    "method": "global",
    "columns": {
        "person": {"role": "linking_code", "treatment": "fresh_id", "clause": 3},
        "area": {"role": "quasi_identifier", "hierarchy": {"levels": 1}, "clause": 5},
        "age": {"role": "quasi_identifier", "hierarchy": {"intervals": [5]}, "clause": 5},
        "drug": {"role": "sensitive", "treatment": {"suppress": {"persons": 2}}, "clause": 5},
        "cost": {"role": "attribute", "treatment": {"top_code": {"persons": 2}, "round_to": 10}, "clause": 4},
    },
}
ROW = st.tuples(
    st.sampled_from("pqrstu"),
    st.sampled_from(["n", "s", None]),
    st.one_of(st.none(), st.integers(0, 12)),
    st.sampled_from(["x", "y", "z", None]),
    st.one_of(st.none(), st.integers(-30, 60)),
)
TYPES = [pa.string(), pa.string(), pa.int64(), pa.string(), pa.int64()]


TREATED = {
    "drug": {"role": "sensitive", "treatment": {"swap": {"share": 0.6, "within": ["area"]}, "merge_rare": {"persons": 2}}, "clause": 5},
    "cost": {"role": "attribute", "treatment": {"noise": {"kind": "laplace", "share": 0.5}, "microaggregate": {"persons": 2}}, "clause": 5},
}


def make_plan(unit=True, columns=None, **more):
    document = DOCUMENT | more | ({} if unit else {"unit": None}) | {"columns": DOCUMENT["columns"] | (columns or {})}
    plan = parse_plan(document)
    check_plan(plan)
    return plan


def make_table(rows):
    names = list(DOCUMENT["columns"])
    return pa.table({name: pa.array([row[i] for row in rows], type=TYPES[i]) for i, name in enumerate(names)})


def count_by_hand(rows, unit):
    """Return, per combination, its rows and persons, and per combination and drug its persons; the drug as it is."""
    lines, entries = defaultdict(list), defaultdict(list)
    for number, (person, area, age, drug, _cost) in enumerate(rows):
        lines[area, age].append(person if unit else number)
        entries[area, age, drug].append(person if unit else number)
    return {key: (len(who), len(set(who))) for key, who in lines.items()}, {key: len(set(who)) for key, who in entries.items()}


def patterns_by_hand(rows):
    """Return how many persons have each set of combinations."""
    places = defaultdict(set)
    for person, area, age, *_ in rows:
        places[person].add((area, age))
    found = defaultdict(int)
    for where in places.values():
        found[frozenset(where)] += 1
    return dict(found)


def read_lines(classes):
    """Return the key of every line of a class table."""
    return [tuple(row[name] for name in ("area", "age")) for row in classes.keys.to_pylist()]


def check_against_hand(engine_name, folder, rows, unit):
    engine = open_engine(engine_name, EngineSettings(work=folder, threads=1))
    try:
        loaded = engine.load(make_table(rows))
        classes = build_class_table(engine, loaded, make_plan(unit, privacy=DOCUMENT["privacy"] | {"linked": False}))
        linked = build_class_table(engine, loaded, make_plan(unit))
    finally:
        engine.close()
    check_linked_against_hand(linked, rows)
    lines, entries = count_by_hand(rows, unit)
    table, keys = classes.table, read_lines(classes)
    assert dict(zip(keys, zip(table.rows.tolist(), table.persons.tolist(), strict=True), strict=True)) == lines
    assert keys == sorted(keys, key=lambda key: tuple((part is None, part if part is not None else 0) for part in key))
    drug = table.sensitive["drug"]
    values = sorted({row[3] for row in rows}, key=lambda value: (value is None, value or ""))
    owners = np.repeat(np.arange(len(keys)), np.diff(drug.offsets))
    found = {(*keys[line], values[code]): int(n) for line, code, n in zip(owners, drug.values, drug.persons, strict=True)}
    assert found == entries
    if table.memberships is not None:
        groups = itertools.pairwise(table.memberships.offsets)
        sets = [frozenset(keys[i] for i in table.memberships.combinations[low:high]) for low, high in groups]
        assert dict(zip(sets, table.memberships.persons.tolist(), strict=True)) == patterns_by_hand(rows)
    else:
        assert table.total_persons == int(table.persons.sum())


def check_linked_against_hand(classes, rows):
    """Lines split by person pattern: the rows and persons of everybody who stands in the same set of combinations."""
    if classes.owners is None:
        return
    places = defaultdict(set)
    for person, area, age, *_ in rows:
        places[person].add((area, age))
    keys, table = read_lines(classes), classes.table
    pattern_of = {row["person"]: row["__pattern"] for row in classes.owners.to_pylist()}
    assert {person: frozenset(where) for person, where in places.items()} == {
        person: frozenset(key for key, row in zip(keys, classes.keys.to_pylist(), strict=True) if row["__pattern"] == pattern)
        for person, pattern in pattern_of.items()
    }
    lines = defaultdict(lambda: [0, set()])
    for person, area, age, *_ in rows:
        line = lines[(area, age), pattern_of[person]]
        line[0] += 1
        line[1].add(person)
    patterns = [row["__pattern"] for row in classes.keys.to_pylist()]
    found = dict(zip(zip(keys, patterns, strict=True), zip(table.rows.tolist(), table.persons.tolist(), strict=True), strict=True))
    assert found == {line: (count, len(people)) for line, (count, people) in lines.items()}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROW, min_size=1, max_size=14), unit=st.booleans())
def test_class_table_of_duckdb_is_what_hands_count(tmp_path, rows, unit):
    check_against_hand("duckdb", tmp_path, rows, unit)


@pytest.mark.spark
@pytest.mark.xdist_group("spark")
def test_class_table_of_spark_is_what_hands_count(tmp_path):
    rows = [("p", "n", 3, "x", 5), ("p", "s", 3, "x", 5), ("q", "n", 3, None, None), ("q", "s", 3, "y", 1), ("r", None, None, "x", 2)]
    check_against_hand("spark", tmp_path, rows, unit=True)


ROWS = [
    (person, area, age, drug, cost)
    for person, area, age, drug, cost in zip(
        "ppqqrrstuvwx", ["n", "s", "n", "s", None, "s", "n", "n", None, "s", "n", "s"], [1, 2, 1, 3, 9, 9, 2, 4, 8, 3, None, 2],
        ["x", "y", "y", "x", "x", "y", "z", "x", "y", None, "x", "y"], [5, 15, -25, 99, None, 14, 6, 7, 8, 25, 35, 44], strict=True
    )
]  # fmt: skip


def release(folder, engine, rows, *, columns=None, steps=None, **more):
    pq.write_table(make_table(rows), folder / "in.parquet")
    out = folder / f"{engine}.parquet"
    process(
        Job(
            source=folder / "in.parquet",
            plan=make_plan(columns=columns, **(steps or {})),
            output=out,
            engine=engine,
            seed=3,
            compare=False,
            **more,
        )
    )
    return out.read_bytes()


def test_threads_memory_and_order_do_not_show(tmp_path):
    first = release(tmp_path, "duckdb", ROWS, threads=1)
    assert release(tmp_path, "duckdb", ROWS[::-1], threads=2, memory_limit_bytes=100 << 20) == first


@pytest.mark.spark
@pytest.mark.xdist_group("spark")
@pytest.mark.parametrize("turn", [1, -1])
def test_spark_writes_the_bytes_of_duckdb(tmp_path, turn):
    assert release(tmp_path, "spark", ROWS[::turn], threads=1) == release(tmp_path, "duckdb", ROWS)


def test_drawn_treatments_hang_on_content_and_seed_alone(tmp_path):
    first = release(tmp_path, "duckdb", ROWS, columns=TREATED, threads=1)
    assert release(tmp_path, "duckdb", ROWS[::-1], columns=TREATED, threads=2) == first
    assert first != release(tmp_path, "duckdb", ROWS)


@pytest.mark.spark
@pytest.mark.xdist_group("spark")
def test_spark_draws_what_duckdb_draws(tmp_path):
    assert release(tmp_path, "spark", ROWS, columns=TREATED, threads=1) == release(tmp_path, "duckdb", ROWS[::-1], columns=TREATED)


@pytest.mark.spark
@pytest.mark.xdist_group("spark")
def test_dates_shift_alike_on_both_engines(tmp_path):
    cells = {"p": ["a", "a", "b", None], "d": pa.array([19_000, 19_010, None, 19_020], pa.int32()).cast(pa.date32()), "n": [1, 2, 3, 4]}
    found = []
    for name in ("duckdb", "spark"):
        engine = open_engine(name, EngineSettings(work=tmp_path, threads=1))
        around = Surroundings(engine=engine, unit="p", seed=b"s", folder=None)
        rows = DateShift(days=9).apply(engine.load(pa.table(cells)), "d", around)
        found.append(engine.fetch(rows.order_by("n")).to_pylist())
        engine.close()
    assert found[0] == found[1]
    assert found[0][1]["d"] - found[0][0]["d"] == datetime.timedelta(days=10)


SELECTED = {"sample": {"share": 0.8}, "rows_per_person": 1}


def test_who_takes_part_hangs_on_content_and_seed_alone(tmp_path):
    first = release(tmp_path, "duckdb", ROWS, steps=SELECTED, threads=1)
    assert release(tmp_path, "duckdb", ROWS[::-1], steps=SELECTED, threads=2) == first


@pytest.mark.spark
@pytest.mark.xdist_group("spark")
def test_spark_selects_whom_duckdb_selects(tmp_path):
    assert release(tmp_path, "spark", ROWS, steps=SELECTED, threads=1) == release(tmp_path, "duckdb", ROWS[::-1], steps=SELECTED)
