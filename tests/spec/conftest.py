"""What an operation means, on every engine: a table as text goes in, columns come out."""

import datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anonymize.pipeline import Job, process
from schemas.plan import parse_plan
from schemas.plan_rules import check_plan

ENGINES = ["duckdb", pytest.param("spark", marks=[pytest.mark.spark, pytest.mark.xdist_group("spark")])]


def read_table(text):
    """Return an Arrow table from `name:type | …` headings and rows; `-` is a missing value."""
    lines = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in text.strip().splitlines()]
    parse = {"int": int, "float": float, "text": str, "date": datetime.date.fromisoformat}
    kinds = {"int": pa.int64(), "float": pa.float64(), "text": pa.string(), "date": pa.date32()}
    columns = {}
    for position, heading in enumerate(lines[0]):
        name, _, kind = heading.partition(":")
        cells = [None if line[position] == "-" else parse[kind](line[position]) for line in lines[1:]]
        columns[name] = pa.array(cells, type=kinds[kind])
    return pa.table(columns)


@pytest.fixture(params=ENGINES)
def anonymize(request, tmp_path):
    """Return a function: table as text and a plan → the released table and the report."""

    def run(text, *, columns, k=2, unit=None, l_diversity=None, t_closeness=None, limit=1.0, method="global", seed=7):
        privacy = {"k": k} | ({"l_diversity": l_diversity} if l_diversity else {}) | ({"t_closeness": t_closeness} if t_closeness else {})
        document = {"plan": "spec", "unit": unit, "privacy": privacy, "suppression_limit": limit, "method": method, "columns": columns}
        plan = parse_plan(document)
        check_plan(plan)
        pq.write_table(read_table(text), tmp_path / "in.parquet")
        report = process(
            Job(
                source=tmp_path / "in.parquet",
                plan=plan,
                output=tmp_path / "out.parquet",
                engine=request.param,
                seed=seed,
                threads=1,
                compare=False,
            )
        )
        return pq.read_table(tmp_path / "out.parquet"), report

    return run


def quasi(hierarchy, **more):
    """Return the plan entry of a quasi-identifier."""
    return {"role": "quasi_identifier", "hierarchy": hierarchy, "clause": 5, **more}


def attribute(treatment, role="attribute"):
    """Return the plan entry of another column."""
    return {"role": role, "treatment": treatment, "clause": 4}


@pytest.fixture
def entries():
    """The two makers of plan entries."""
    return quasi, attribute
