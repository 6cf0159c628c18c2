"""For all small files and plans: no row is lost, order and names of persons do not show, and an independent count agrees."""

from collections import Counter, defaultdict

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from anonymize.pipeline import Job, process
from anonymize.verify.file import verify_file
from schemas.errors import TargetNotReached
from schemas.plan import parse_plan

QUIET = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
ROW = st.tuples(st.integers(0, 5), st.one_of(st.none(), st.integers(0, 30)), st.sampled_from(["m", "f", None]), st.integers(0, 500))
ROWS = st.lists(ROW, min_size=1, max_size=24)


def make_plan(k, method, limit=1.0):
    columns = {
        "person": {"role": "linking_code", "treatment": "fresh_id", "clause": 3},
        "age": {"role": "quasi_identifier", "hierarchy": {"intervals": [5, 10]}, "clause": 5},
        "sex": {"role": "quasi_identifier", "hierarchy": {"levels": 1}, "clause": 5},
        "cost": {"role": "attribute", "treatment": "keep", "clause": 4},
    }
    document = {"plan": "p", "unit": "person", "privacy": {"k": k}, "suppression_limit": limit, "method": method, "columns": columns}
    return parse_plan(document)


def run(folder, rows, plan, name="out.parquet", seed=1):
    columns = ("person", "age", "sex", "cost")
    kinds = [pa.string(), pa.int64(), pa.string(), pa.int64()]
    cells = {c: pa.array([f"key-{row[0]}" if i == 0 else row[i] for row in rows], kinds[i]) for i, c in enumerate(columns)}
    pq.write_table(pa.table(cells), folder / "in.parquet")
    report = process(Job(source=folder / "in.parquet", plan=plan, output=folder / name, seed=seed, compare=False))
    return pq.read_table(folder / name).to_pylist(), report


@QUIET
@given(rows=ROWS, k=st.integers(2, 4), method=st.sampled_from(["global", "local"]))
def test_rows_are_conserved_and_classes_hold_k_persons(tmp_path, rows, k, method):
    assume(len({row[0] for row in rows}) >= k)
    try:
        released, report = run(tmp_path, rows, make_plan(k, method))
    except TargetNotReached:
        assume(False)
    assert report.rows_in == len(rows) == report.rows_out + report.suppressed_rows
    assert report.rows_out == len(released)
    # Costs are kept: each released row is one of the input.
    assert not Counter(row["cost"] for row in released) - Counter(row[3] for row in rows)
    classes = defaultdict(set)
    for row in released:
        classes[row["age"], row["age_from"], row["age_to"], row["sex"]].add(row["person"])
    assert all(len(persons) >= k for persons in classes.values())
    assert (report.classes, report.smallest_class) == (len(classes), min(map(len, classes.values()), default=0))
    assert verify_file(tmp_path / "out.parquet", make_plan(k, method)).rows == len(released)
    for row in released:
        low, high = row["age_from"], row["age_to"]
        assert (low is None) == (high is None)
        assert low is None or any(a is not None and low <= a <= high and cost == row["cost"] for _, a, _, cost in rows)


@QUIET
@given(rows=ROWS, data=st.data(), method=st.sampled_from(["global", "local"]))
def test_the_order_of_rows_does_not_show(tmp_path, rows, data, method):
    plan = make_plan(2, method)
    shuffled = data.draw(st.permutations(rows))
    hashes = []
    for order in (rows, shuffled):
        try:
            hashes.append(run(tmp_path, order, plan)[1].output_sha256)
        except TargetNotReached:
            hashes.append("")
    assert hashes[0] == hashes[1]


@pytest.mark.parametrize("seed", [1, 2])
def test_ids_are_neither_the_order_nor_a_function_of_the_key(tmp_path, seed):
    rows = [(person, 10, "m", person) for person in range(40)]
    first, _ = run(tmp_path, rows, make_plan(2, "global"), seed=seed)
    again, _ = run(tmp_path, rows, make_plan(2, "global"), seed=seed)
    other, _ = run(tmp_path, rows, make_plan(2, "global"), seed=seed + 10)
    drawn = [row["person"] for row in sorted(first, key=lambda row: row["cost"])]
    assert sorted(drawn) == list(range(1, 41))
    assert drawn != sorted(drawn)
    assert first == again
    assert drawn != [row["person"] for row in sorted(other, key=lambda row: row["cost"])]


def test_without_a_seed_every_release_has_its_own_ids(tmp_path):
    rows = [(person, 10, "m", person) for person in range(40)]
    first, _ = run(tmp_path, rows, make_plan(2, "global"), seed=None)
    second, _ = run(tmp_path, rows, make_plan(2, "global"), seed=None)
    assert first != second
