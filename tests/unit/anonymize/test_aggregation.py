"""Reduction to one row per person or per person and period, by hand tables."""

import copy
import datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from anonymize.engines.engine import EngineSettings, open_engine
from anonymize.pipeline import Job, process
from anonymize.risk.assessment import Subject, assess
from anonymize.risk.attacks.suite import AttackSettings
from anonymize.risk.thresholds import find_thresholds
from anonymize.rows.aggregation import aggregate_rows
from anonymize.verify.file import verify_file
from schemas.errors import PlanError, VerificationFailed
from schemas.plan import load_plan
from schemas.plan_aggregate import parse_aggregate

ENGINES = ["duckdb", pytest.param("spark", marks=[pytest.mark.spark, pytest.mark.xdist_group("spark")])]
CLAIMS = {
    # a has three claims in the fiscal year 2023 and one in 2024; b has one in 2023.
    "p": ["a", "a", "a", "a", "b"],
    "month": [datetime.date(2023, 4, 1), datetime.date(2023, 12, 1), datetime.date(2024, 3, 31), datetime.date(2024, 4, 1),
              datetime.date(2023, 5, 1)],
    "cost": pa.array([100, 300, None, 50, None], pa.int64()),
    "code": ["x", "y", None, "w", "v"],
}  # fmt: skip


@pytest.fixture(params=ENGINES)
def reduce(request, tmp_path):
    engine = open_engine(request.param, EngineSettings(work=tmp_path, threads=1))

    def run(asked, cells=CLAIMS):
        rows = aggregate_rows(engine.load(pa.table(cells)), parse_aggregate(asked))
        return engine.fetch(rows.order_by(list(asked["by"]))).to_pylist()

    yield run
    engine.close()


def test_one_row_per_person_and_fiscal_year(reduce):
    columns = {
        "cost": "sum", "claims": {"take": "count"}, "most": {"take": "max", "of": "cost"}, "least": {"take": "min", "of": "cost"},
        "code": "last", "early": {"take": "first", "of": "code"}, "often": {"take": "count", "bands": [1, 2, 4]},
    }  # fmt: skip
    found = reduce({"by": {"p": "value", "month": "fiscal_year"}, "order": "month", "columns": columns})
    assert [tuple(row.values()) for row in found] == [
        ("a", datetime.date(2023, 4, 1), 400, 3, 300, 100, None, "x", "2〜3"),
        ("a", datetime.date(2024, 4, 1), 50, 1, 50, 50, "w", "w", "1"),
        ("b", datetime.date(2023, 4, 1), None, 1, None, None, "v", "v", "1"),
    ]


@pytest.fixture
def reduce_here(tmp_path):
    engine = open_engine("duckdb", EngineSettings(work=tmp_path, threads=1))

    def run(asked, cells=CLAIMS):
        rows = aggregate_rows(engine.load(pa.table(cells)), parse_aggregate(asked))
        return engine.fetch(rows.order_by(list(asked["by"]))).to_pylist()

    yield run
    engine.close()


@pytest.mark.parametrize(
    ("period", "days"),
    [
        ("year", [(2023, 1, 1), (2024, 1, 1)]),
        ("quarter", [(2023, 4, 1), (2023, 10, 1), (2024, 1, 1), (2024, 4, 1)]),
        ("month", [(2023, 4, 1), (2023, 5, 1), (2023, 12, 1), (2024, 3, 1), (2024, 4, 1)]),
        ("fiscal_year", [(2023, 4, 1), (2024, 4, 1)]),
    ],
)
def test_periods_begin_on_their_first_day(reduce_here, period, days):
    found = reduce_here({"by": {"month": period}, "columns": {}})
    assert [row["month"] for row in found] == [datetime.date(*day) for day in days]


def test_first_and_last_do_not_hang_on_the_order_of_rows(reduce_here):
    # Two rows of one day: the rest of the content decides, and one row gives all its values.
    cells = {"p": ["a", "a"], "month": [datetime.date(2024, 1, 1)] * 2, "cost": [2, 1], "code": ["k", "m"]}
    asked = {"by": {"p": "value"}, "order": "month", "columns": {"cost": "first", "code": "first"}}
    turned = {name: values[::-1] for name, values in cells.items()}
    assert reduce_here(asked, cells) == reduce_here(asked, turned) == [{"p": "a", "cost": 1, "code": "m"}]


@pytest.mark.parametrize(("count", "band"), [(1, "2未満"), (2, "2"), (3, "3〜4"), (4, "3〜4"), (5, "5以上"), (6, "5以上")])
def test_bands_are_told_in_words(reduce_here, count, band):
    found = reduce_here({"by": {"p": "value"}, "columns": {"n": {"take": "count", "bands": [2, 3, 5]}}}, {"p": ["a"] * count})
    assert found == [{"p": "a", "n": band}]


@pytest.mark.parametrize(
    ("asked", "cells"),
    [
        ({"by": {"p": "value"}, "columns": {"v": "sum"}}, {"p": ["a"], "v": [0.5]}),
        ({"by": {"p": "value"}, "columns": {"v": {"take": "max", "bands": [1]}}}, {"p": ["a"], "v": ["x"]}),
        ({"by": {"p": "year"}, "columns": {}}, {"p": ["a"]}),
    ],
)
def test_what_cannot_be_reduced_is_told(reduce_here, asked, cells):
    with pytest.raises(PlanError):
        reduce_here(asked, cells)


def test_an_entry_is_spelled_as_it_was_meant():
    asked = {"by": {"p": "value"}, "order": "d", "columns": {"c": {"take": "sum"}, "m": {"take": "max", "of": "c", "bands": [1, 2]}}}
    found = parse_aggregate(asked)
    assert found.to_document() == asked
    assert (found.made, found.sources) == ({"m"}, {"p", "d", "c"})
    assert parse_aggregate(None) is None


def make_plan(**changes):
    columns = {
        "p": {"role": "linking_code", "treatment": "fresh_id", "clause": 3},
        "age": {"role": "quasi_identifier", "hierarchy": {"intervals": [10]}, "clause": 5},
        "month": {"role": "quasi_identifier", "hierarchy": {"dates": ["fiscal_year"]}, "clause": 5},
        "code": {"role": "sensitive", "treatment": "drop", "clause": 4},
        "cost": {"role": "attribute", "treatment": {"round_to": 100}, "clause": 4},
        "claims": {"role": "attribute", "treatment": "keep", "clause": 4},
    }
    reduced = {"age": "first", "cost": "sum", "claims": {"take": "count", "bands": [1, 2]}}
    asked = {"by": {"p": "value", "month": "fiscal_year"}, "order": "month", "columns": reduced}
    head = {"plan": "y", "unit": "p", "privacy": {"k": 2}, "suppression_limit": 1.0, "method": "global"}
    return {**head, "aggregate": asked, "columns": columns, **changes}


def write_claims(folder):
    """Write forty persons with two claims in one fiscal year and one in the next."""
    people = [f"p{number}" for number in range(40) for _ in range(3)]
    months = [datetime.date(2023, 4, 1), datetime.date(2023, 9, 1), datetime.date(2024, 4, 1)] * 40
    cells = {
        "p": people,
        "age": [30 + number // 30 for number in range(120)],
        "month": months,
        "code": ["x"] * 120,
        "cost": [100, 200, 50] * 40,
    }
    pq.write_table(pa.table(cells), folder / "in.parquet")
    return folder / "in.parquet"


def load(folder, document):
    path = folder / "plan.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return load_plan(path)


def test_a_plan_releases_one_row_per_person_and_year(tmp_path):
    plan = load(tmp_path, make_plan())
    report = process(Job(source=write_claims(tmp_path), plan=plan, output=tmp_path / "out.parquet", seed=1, compare=False))
    assert (report.rows_in, report.merged_rows, report.rows_out, report.persons_out) == (120, 40, 80, 40)
    table = pq.read_table(tmp_path / "out.parquet")
    assert set(zip(table["cost"].to_pylist(), table["claims"].to_pylist(), strict=True)) == {(300, "2以上"), (100, "1")}
    assert load(tmp_path, plan.to_document()).sha256 == plan.sha256


def test_one_row_per_person_is_measured_on_the_written_file(tmp_path):
    reduced = {"age": "first", "cost": "sum", "claims": "count", "month": "last"}
    plan = load(tmp_path, make_plan(aggregate={"by": {"p": "value"}, "order": "month", "columns": reduced}))
    process(Job(source=write_claims(tmp_path), plan=plan, output=tmp_path / "out.parquet", seed=1, compare=False))
    table = pq.read_table(tmp_path / "out.parquet")
    ids = table["p"].to_pylist()
    assert sorted(ids) == list(range(1, 41))
    twice = table.set_column(0, table.schema.field("p"), pa.array([ids[0], ids[0], *ids[2:]]))
    pq.write_table(twice, tmp_path / "x.parquet", write_statistics=False)
    with pytest.raises(VerificationFailed) as caught:
        verify_file(tmp_path / "x.parquet", plan)
    assert "verify-rows-per-person" in {reason.code for reason in caught.value.reasons}


def test_risk_is_assessed_against_the_reduced_rows(tmp_path):
    plan = load(tmp_path, make_plan())
    process(Job(source=write_claims(tmp_path), plan=plan, output=tmp_path / "out.parquet", seed=1, compare=False))
    subject = Subject(original=tmp_path / "in.parquet", released=tmp_path / "out.parquet", plan=plan)
    thresholds = find_thresholds("tokumei-2023", "contract", plan)
    found = assess(subject, thresholds, settings=AttackSettings(limits={}, trials=20), work=tmp_path)
    assert found.attacks
    assert (found.extent.rows_in, found.extent.rows_out) == (80, 80)


def change_aggregate(**entries):
    return lambda document: document["aggregate"].update(entries)


@pytest.mark.parametrize(
    ("change", "code", "column"),
    [
        (lambda d: d.update(unit=None), "aggregate-unit", None),
        (change_aggregate(by={"p": "month"}), "aggregate-unit", None),
        (change_aggregate(by={"month": "value"}), "aggregate-unit", None),
        (lambda d: d["aggregate"]["columns"].pop("cost"), "aggregate-column-missing", "cost"),
        (lambda d: d["aggregate"]["columns"].update(extra="count"), "aggregate-unknown-column", "extra"),
        (change_aggregate(order="nowhere"), "aggregate-unknown-column", "nowhere"),
        (lambda d: d["aggregate"]["columns"].update(month="first"), "aggregate-column-twice", "month"),
        (lambda d: d["aggregate"].pop("order"), "aggregate-order", "age"),
        (lambda d: d["aggregate"]["columns"].update(claims={"take": "count", "bands": [2, 2]}), "aggregate-bands", "claims"),
        (lambda d: d["aggregate"]["columns"].update(age={"take": "first", "bands": [20]}), "aggregate-bands", "age"),
        (lambda d: d["aggregate"]["columns"].update(claims={"take": "max", "of": "code"}), "aggregate-source", "claims"),
        (lambda d: d["aggregate"]["columns"].update(cost="average"), "form.any-of", "aggregate.columns.cost"),
    ],
)
def test_every_rule_of_reduction_names_the_column(tmp_path, change, code, column):
    document = copy.deepcopy(make_plan())
    change(document)
    with pytest.raises(PlanError) as caught:
        load(tmp_path, document)
    assert (code, column) in {(finding.kind.code, finding.column) for finding in caught.value.findings}
