"""For all small files: treatments lose no row, keep their promises, and neither the order of rows nor the names of persons decide."""

from collections import Counter, defaultdict
from itertools import combinations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anonymize.engines.engine import EngineSettings, open_engine
from anonymize.pipeline import Job, process
from anonymize.treatments import Surroundings, make_treatments
from anonymize.treatments.microaggregate import NOBODY, assign_groups
from schemas.plan import parse_plan

QUIET = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
ROWS = st.lists(st.tuples(st.integers(0, 6), st.one_of(st.none(), st.integers(-40, 40)), st.sampled_from("xyz")), min_size=1, max_size=20)
TREATMENTS = (
    {"noise": {"kind": "laplace", "scale": 8}, "round_to": 5},
    {"microaggregate": {"persons": 3}},
    {"swap": {"share": 0.5, "within": ["c"]}},
    {"merge_rare": {"persons": 3}},
)


def treat(folder, rows, treatment):
    """Return the treated cells of `v`, in the order of the rows."""
    engine = open_engine("duckdb", EngineSettings(work=folder, threads=1))
    cells = {"p": [row[0] for row in rows], "v": pa.array([row[1] for row in rows], pa.int64()), "c": [row[2] for row in rows]}
    try:
        found = engine.load(pa.table(cells | {"n": list(range(len(rows)))}))
        around = Surroundings(engine=engine, unit="p", seed=b"s", folder=None)
        for step in make_treatments(treatment):
            found = step.apply(found, "v", around)
        return engine.fetch(found.order_by("n"))["v"].to_pylist()
    finally:
        engine.close()


def count_persons(rows, values):
    persons = defaultdict(set)
    for row, value in zip(rows, values, strict=True):
        if value is not None:
            persons[value].add(row[0])
    return {value: len(who) for value, who in persons.items()}


@QUIET
@given(rows=ROWS, persons=st.integers(2, 4))
def test_suppressed_cells_are_those_of_nobody_or_of_enough_persons(tmp_path, rows, persons):
    found = treat(tmp_path, rows, {"suppress": {"persons": persons}})
    assert all(new in {None, row[1]} for new, row in zip(found, rows, strict=True))
    assert all(count >= persons for count in count_persons(rows, found).values())
    lacking = {row[0] for new, row in zip(found, rows, strict=True) if new is None}
    assert not lacking or len(lacking) >= persons or set(found) == {None}


@QUIET
@given(rows=ROWS, persons=st.integers(2, 4))
def test_merged_values_are_shared_and_missing_stays_missing(tmp_path, rows, persons):
    for step in ("microaggregate", "merge_rare"):
        found = treat(tmp_path, rows, {step: {"persons": persons}})
        assert all(count >= persons for count in count_persons(rows, found).values())
        assert all(new is None for new, row in zip(found, rows, strict=True) if row[1] is None)
        enough = len({row[0] for row in rows if row[1] is not None}) >= persons
        assert enough == any(new is not None for new in found)


@QUIET
@given(rows=ROWS)
def test_microaggregation_keeps_the_order_of_values(tmp_path, rows):
    found = treat(tmp_path, rows, {"microaggregate": {"persons": 2, "by": "median"}})
    pairs = [(row[1], new) for row, new in zip(rows, found, strict=True) if new is not None]
    assert all((a - b) * (x - y) >= 0 for (a, x), (b, y) in combinations(pairs, 2))
    assert {new for _, new in pairs} <= {old for old, _ in pairs}


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 4)), min_size=1, max_size=20), st.integers(2, 4))
@settings(deadline=None, max_examples=60)
def test_groups_are_runs_of_enough_persons(entries, least):
    fresh = np.array([True, *[entry[0] for entry in entries[1:]]])
    owners = np.array([entry[1] for entry in entries], dtype=np.int64)
    for who in (owners, np.full(len(owners), NOBODY)):
        groups = assign_groups(fresh, who, np.ones(len(who), dtype=np.int64), least)
        members = [
            set(np.flatnonzero(groups == group) if who[0] == NOBODY else who[groups == group]) for group in set(groups.tolist()) - {-1}
        ]
        assert all(len(member) >= least for member in members)
        assert (np.diff(groups) >= 0).all()
        assert not np.any(np.diff(groups)[~fresh[1:]])


@QUIET
@given(rows=ROWS, data=st.data(), treatment=st.sampled_from(TREATMENTS))
def test_treatments_hang_on_content_alone(tmp_path, rows, data, treatment):
    shuffled = data.draw(st.permutations(rows))
    first, again = (Counter(zip(order, treat(tmp_path, order, treatment), strict=True)) for order in (rows, shuffled))
    assert first == again


@QUIET
@given(rows=ROWS, share=st.floats(0.05, 1.0), limit=st.integers(1, 3))
def test_every_row_is_counted_once(tmp_path, rows, share, limit):
    (tmp_path / "out.txt").write_text("0\n3\n", encoding="utf-8")
    columns = {
        "p": {"role": "linking_code", "treatment": "fresh_id", "clause": 3},
        "v": {"role": "quasi_identifier", "hierarchy": {"intervals": [20]}, "clause": 5},
    }
    steps = {"remove": {"persons": "out.txt"}, "sample": {"share": share}, "rows_per_person": limit}
    head = {"plan": "t", "unit": "p", "privacy": {"k": 2}, "suppression_limit": 1.0, "method": "global"}
    plan = parse_plan({**head, **steps, "columns": columns}, folder=tmp_path)
    people = {row[0] for row in rows} - {0, 3}
    if not people:
        return
    pq.write_table(pa.table({"p": [row[0] for row in rows], "v": pa.array([row[1] for row in rows], pa.int64())}), tmp_path / "in.parquet")
    report = process(Job(source=tmp_path / "in.parquet", plan=plan, output=tmp_path / "o.parquet", seed=1, compare=False))
    assert report.removed_rows == sum(row[0] in {0, 3} for row in rows)
    left_out = report.removed_rows + report.sampled_out_rows + report.surplus_rows
    assert report.rows_in == len(rows) == report.rows_out + report.suppressed_rows + left_out
    assert max(Counter(pq.read_table(tmp_path / "o.parquet")["p"].to_pylist()).values(), default=0) <= limit
