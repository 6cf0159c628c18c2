"""The verifier reads the written file alone: every way a file can differ from its plan is told, and figures are those of hand counts."""

import dataclasses
import json
import math

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anonymize.pipeline import Job, process
from anonymize.verify.file import verify_file
from schemas.errors import FileRejected, TargetNotReached, VerificationFailed
from schemas.plan import parse_plan

ROWS = {
    "person": ["p1", "p2", "p3", "p4", "p5", "p6"],
    "age": [31, 32, 33, 71, 72, 73],
    "sex": ["m", "m", "m", "f", "f", "f"],
    "disease": ["a", "b", "b", "a", "a", "c"],
    "cost": [100, 200, 300, 400, 500, 500],
}


def make_plan(k=3, *, l_diversity=None, t_closeness=None, cost="keep"):
    privacy = {"k": k, "l_diversity": l_diversity or {}, "t_closeness": t_closeness or {}}
    columns = {
        "person": {"role": "linking_code", "treatment": "fresh_id", "clause": 3},
        "age": {"role": "quasi_identifier", "hierarchy": {"intervals": [10]}, "max_level": 1, "clause": 5},
        "sex": {"role": "quasi_identifier", "hierarchy": {"levels": 1}, "clause": 5},
        "disease": {"role": "sensitive", "treatment": "keep", "clause": 5},
        "cost": {"role": "attribute", "treatment": cost, "clause": 4},
    }
    return parse_plan({"plan": "v", "unit": "person", "privacy": privacy, "method": "global", "columns": columns})


@pytest.fixture
def written(tmp_path):
    """A release of six persons in two classes, and a function that writes a changed one."""

    def write(plan):
        pq.write_table(pa.table(ROWS), tmp_path / "in.parquet")
        process(Job(source=tmp_path / "in.parquet", plan=plan, output=tmp_path / "out.parquet", seed=1, compare=False))
        return tmp_path / "out.parquet"

    return write


def rewrite(path, change, **options):
    """Write a changed table with the metadata of the first."""
    table = pq.read_table(path)
    pq.write_table(change(table), path, **({"write_statistics": False} | options))
    return path


def reasons(path, plan):
    with pytest.raises(VerificationFailed) as caught:
        verify_file(path, plan)
    assert caught.value.exit_code == 16
    return {reason.code for reason in caught.value.reasons}


def say_level(field, level):
    said = json.loads(field.metadata[b"sakusei"])
    return field.with_metadata({b"sakusei": json.dumps(said | {"levels": [level]}).encode()}) if said["column"] == "age" else field


def replace(table, name, values):
    index = table.schema.get_field_index(name)
    return table.set_column(index, table.schema.field(name), pa.array(values, type=table.schema.field(name).type))


def test_what_is_measured_is_what_hands_count(written):
    wanted = {"disease": {"kind": "entropy", "l": 1.5}}
    plan = make_plan(l_diversity=wanted, t_closeness={"disease": 0.5})
    found = verify_file(written(plan), plan)
    assert (found.rows, found.persons, found.classes, found.smallest_class) == (6, 6, 2, 3)
    # Both classes hold one value once and one twice: entropy ln 3 - 2/3 ln 2, so exp = 3 / 2^(2/3).
    assert found.diversity["disease"] == pytest.approx(3 / 2 ** (2 / 3))
    # The whole: a 1/2, b 1/3, c 1/6. Class one: a 1/3, b 2/3 → (1/6 + 1/3 + 1/6) / 2 = 1/3. Class two: a 2/3, c 1/3 → the same.
    assert found.closeness["disease"] == pytest.approx(1 / 3)


def test_ordered_closeness_and_recursive_diversity(written):
    wanted = {"disease": {"kind": "recursive", "l": 2, "c": 2.5}}
    plan = make_plan(l_diversity=wanted, t_closeness={"disease": {"t": 0.4, "distance": "ordered"}})
    found = verify_file(written(plan), plan)
    # r1 = 2, r2 = 1 in both classes: ratio 2.
    assert found.diversity["disease"] == 2
    # Class one: gaps a -1/6, b +1/3, c -1/6 → running 1/6, 1/6, 0 → sum 1/3 over (3 - 1). Class two: 1/6, 1/6 → the same.
    assert found.closeness["disease"] == pytest.approx(1 / 6)


@pytest.mark.parametrize(("limit", "good"), [(2.01, True), (2.0, False), (1.99, False)])
def test_recursive_diversity_is_strict(written, limit, good):
    path = written(make_plan())
    plan = make_plan(l_diversity={"disease": {"kind": "recursive", "l": 2, "c": limit}})
    found = reasons(path, plan)
    assert ("verify-l" in found) is False  # another plan: the layout alone is told first
    assert found == {"verify-plan"}
    path = rewrite(path, lambda table: table.replace_schema_metadata(promise(table, plan)))
    if good:
        assert verify_file(path, plan).diversity["disease"] == 2
    else:
        assert reasons(path, plan) == {"verify-l"}


def promise(table, plan):
    said = json.loads(table.schema.metadata[b"sakusei"])
    return {b"sakusei": json.dumps(said | {"plan_sha256": plan.sha256, "k": plan.privacy.k}).encode()}


def say(field, **more):
    return field.with_metadata({b"sakusei": json.dumps(json.loads(field.metadata[b"sakusei"]) | more).encode()})


@pytest.mark.parametrize(("k", "good"), [(2, True), (3, True), (4, False)])
def test_k_at_its_boundary(written, k, good):
    path = written(make_plan())
    plan = make_plan(k)
    path = rewrite(path, lambda table: table.replace_schema_metadata(promise(table, plan)))
    assert verify_file(path, plan).smallest_class == 3 if good else reasons(path, plan) == {"verify-k"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda t: t.drop_columns(["cost"]), "verify-column-missing"),
        (lambda t: t.drop_columns(["age_to"]), "verify-column-missing"),
        (lambda t: t.append_column("name", pa.array(["x"] * 6)), "verify-column-extra"),
        (lambda t: t.replace_schema_metadata({}), "verify-plan"),
        (lambda t: t.replace_schema_metadata({**t.schema.metadata, b"pandas": b"{}"}), "verify-foreign-metadata"),
        (lambda t: t.replace_schema_metadata({**t.schema.metadata, b"note": b"P1"}), "verify-foreign-metadata"),
        (lambda t: t.cast(pa.schema([say(f, note="P1") for f in t.schema], t.schema.metadata)), "verify-foreign-metadata"),
        (lambda t: t.cast(pa.schema([say(f, description="P1") for f in t.schema], t.schema.metadata)), "verify-foreign-metadata"),
        (lambda t: t.cast(pa.schema([f.remove_metadata() for f in t.schema], t.schema.metadata)), "verify-metadata"),
        (lambda t: t.set_column(1, t.schema.field("age").with_type(pa.string()), t["age"].cast(pa.string())), "verify-type"),
        (lambda t: t.set_column(0, t.schema.field("person").with_type(pa.string()), t["person"].cast(pa.string())), "verify-type"),
        (lambda t: t.take(pa.array([1, 0, 2, 3, 4, 5])), "verify-order"),
        (lambda t: replace(t, "person", [1, 1, 1, 2, 3, 4]), "verify-k"),
        (lambda t: replace(t, "person", [None, 1, 2, 3, 4, 5]), "verify-person-missing"),
        (lambda t: t.slice(1), "verify-k"),
        (lambda t: t.cast(pa.schema([say_level(f, "all") for f in t.schema], t.schema.metadata)), "verify-level"),
    ],
)
def test_a_changed_file_is_found_out(written, change, code):
    plan = make_plan()
    assert code in reasons(rewrite(written(plan), change), plan)


def test_statistics_are_found_out(written):
    plan = make_plan()
    assert reasons(rewrite(written(plan), lambda table: table, write_statistics=True), plan) == {"verify-statistics"}


def test_the_end_and_rare_values_are_counted_again(written):
    plan = make_plan(cost={"top_code": {"persons": 3}, "suppress": {"persons": 2}})
    path = written(plan)
    costs = sorted(cost for cost in pq.read_table(path)["cost"].to_pylist() if cost is not None)
    assert costs == [] or costs.count(costs[-1]) >= 3
    lone = rewrite(path, lambda table: replace(table, "cost", [1, 2, 3, 4, 5, 6]))
    assert reasons(lone, plan) == {"verify-end", "verify-rare"}


@pytest.mark.parametrize(
    ("treatment", "cells", "code"),
    [
        ({"microaggregate": {"persons": 2}}, [1, 1, 2, 2, 2, 3], "verify-rare"),
        ({"microaggregate": {"persons": 2}}, [1, 1, 2, 2, 2, None], None),
        ({"round_to": 10}, [0, 10, 20, 20, 30, 35], "verify-grid"),
        ({"round_to": 10}, [0, 10, 20, 20, 30, None], None),
        ({"round_to": 4}, [0, 4, 8, 8, 2**53 - 4, 2**53 - 3], "verify-grid"),
        ({"round_to": 4}, [0, 4, 8, 8, 2**53 - 4, 2**53], None),
        ({"noise": {"kind": "normal", "scale": 5, "minimum": 0}}, [0, 1, 2, 3, 4, -1], "verify-limits"),
        ({"noise": {"kind": "normal", "scale": 5, "maximum": 4}}, [0, 1, 2, 3, 4, 5], "verify-limits"),
        ({"noise": {"kind": "normal", "scale": 5, "minimum": 0, "maximum": 4}}, [0, 1, 2, 3, 4, None], None),
    ],
)
def test_promises_of_treatments_are_measured_again(written, treatment, cells, code):
    plan = make_plan(cost=treatment)
    path = rewrite(written(plan), lambda table: replace(table, "cost", cells))
    assert "cost" in pq.read_schema(path).names
    try:
        verify_file(path, plan)
        found = set()
    except VerificationFailed as error:
        found = {reason.code for reason in error.reasons}
    assert found - {"verify-order"} == ({code} if code else set())


@pytest.mark.parametrize(("lacking", "good"), [(0, True), (1, False), (2, True), (3, True), (6, True)])
def test_few_missing_cells_point_at_rare_values(written, lacking, good):
    plan = make_plan(cost={"suppress": {"persons": 2}})
    path = rewrite(written(plan), lambda table: replace(table, "cost", [1] * (6 - lacking) + [None] * lacking))
    try:
        verify_file(path, plan)
        found = set()
    except VerificationFailed as error:
        found = {reason.code for reason in error.reasons}
    assert found - {"verify-order"} == (set() if good else {"verify-absent"})


def test_a_missing_value_is_none_of_the_values_of_distinct_diversity(written):
    plan = make_plan(l_diversity={"disease": {"kind": "distinct", "l": 2}})
    path = written(plan)
    assert verify_file(path, plan).diversity["disease"] == 2
    lone = rewrite(path, lambda table: replace(table, "disease", ["a", "b", "b", "a", "a", None]))
    assert "verify-l" in reasons(lone, plan)


def test_processing_counts_values_as_the_verifier_does(tmp_path):
    """Of one value and a missing one no class is diverse: rows are merged with others, not released as they are."""
    rows = ROWS | {"disease": ["a", "b", "b", "a", "a", None]}
    pq.write_table(pa.table(rows), tmp_path / "in.parquet")
    plan = make_plan(l_diversity={"disease": {"kind": "distinct", "l": 2}})
    with pytest.raises(TargetNotReached):
        process(Job(source=tmp_path / "in.parquet", plan=plan_with_top(plan, age=1, sex=0), output=tmp_path / "out.parquet", compare=False))
    report = process(
        Job(source=tmp_path / "in.parquet", plan=plan_with_top(plan, age=2, sex=1), output=tmp_path / "out.parquet", compare=False)
    )
    assert (report.classes, report.verified["l_diversity"]["disease"]) == (1, 2)


def plan_with_top(plan, **tops):
    columns = [dataclasses.replace(column, max_level=tops.get(column.name, column.max_level)) for column in plan.columns]
    return dataclasses.replace(plan, columns=tuple(columns))


def test_merged_codes_are_counted_again(written):
    plan = make_plan(cost={"merge_rare": {"persons": 3, "label": "rare"}})
    path = written(plan)
    assert set(pq.read_table(path)["cost"].to_pylist()) == {"rare"}
    lone = rewrite(path, lambda table: replace(table, "cost", ["500", "rare", "rare", "rare", "rare", "rare"]))
    assert "verify-rare" in reasons(lone, plan)


def test_what_is_no_parquet_is_refused(tmp_path):
    path = tmp_path / "x.parquet"
    path.write_bytes(b"PAR1 nothing PAR1")
    with pytest.raises(FileRejected):
        verify_file(path, make_plan())


def test_an_empty_release_holds_every_promise(written):
    plan = make_plan(l_diversity={"disease": {"kind": "distinct", "l": 2}})
    path = rewrite(written(plan), lambda table: table.slice(0, 0))
    found = verify_file(path, plan)
    assert (found.rows, found.classes, dict(found.diversity)) == (0, 0, {})
    assert not math.isnan(found.smallest_class)
