"""Persons with many rows, by hand: the lines of a linked file, what varies within a person, and what a plan may say of both."""

import datetime

import pyarrow as pa
import pytest

from anonymize.engines.engine import EngineSettings, open_engine
from anonymize.rows.class_table import build_class_table
from anonymize.rows.persons import count_varying
from schemas.errors import PlanError
from schemas.plan import parse_plan
from schemas.plan_rules import check_plan, read_document

ENGINES = ["duckdb", pytest.param("spark", marks=[pytest.mark.spark, pytest.mark.xdist_group("spark")])]
DAYS = {n: datetime.date(2024, n, 1) for n in range(1, 13)}
# a and b: January and February; c: January twice and February; d: May. The sex of d is given once only.
CLAIMS = {
    "p": ["a", "a", "b", "b", "c", "c", "c", "d", "d"],
    "sex": ["m", "m", "m", "m", "m", "m", "m", "f", None],
    "month": [DAYS[n] for n in (1, 2, 2, 1, 1, 2, 1, 5, 5)],
    "drug": ["x", "y", "x", "x", "x", "y", "y", "x", "x"],
}
KINDS = {"p": pa.string(), "sex": pa.string(), "month": pa.date32(), "drug": pa.string()}


def make_plan(linked=True, varies=None, models=None, unit="p"):
    stated = {} if varies is None else {"varies": varies}
    document = {
        "plan": "claims",
        "unit": unit,
        "privacy": {"k": 2, "linked": linked, "l_diversity": models or {}},
        "columns": {
            "p": {"role": "linking_code", "treatment": "fresh_id", "clause": 3},
            "sex": {"role": "quasi_identifier", "hierarchy": {"levels": 1}, "clause": 5, **stated},
            "month": {"role": "quasi_identifier", "hierarchy": {"dates": ["quarter"]}, "clause": 5},
            "drug": {"role": "sensitive", "treatment": "keep", "clause": 5},
        },
    }
    return parse_plan(document)


@pytest.fixture(params=ENGINES)
def build(request, tmp_path):
    engine = open_engine(request.param, EngineSettings(work=tmp_path, threads=1))

    def run(plan, cells=CLAIMS):
        return build_class_table(engine, engine.load(pa.table(cells, schema=pa.schema(KINDS))), plan)

    yield run
    engine.close()


@pytest.fixture
def build_here(tmp_path):
    engine = open_engine("duckdb", EngineSettings(work=tmp_path, threads=1))

    def run(plan, cells=CLAIMS):
        return build_class_table(engine, engine.load(pa.table(cells, schema=pa.schema(KINDS))), plan)

    yield run
    engine.close()


def lines_of(classes):
    """sex, month, pattern → rows, persons; and the pattern of each person."""
    table, keys = classes.table, classes.keys.to_pylist()
    lines = {
        (k["sex"], k["month"].month, k["__pattern"]): (int(r), int(p)) for k, r, p in zip(keys, table.rows, table.persons, strict=True)
    }
    return lines, {row["p"]: row["__pattern"] for row in classes.owners.to_pylist()}


@pytest.mark.parametrize(
    ("linked", "lines", "owners"),
    [
        # Combinations: 0 (f, 5), 1 (m, 1), 2 (m, 2), 3 (None, 5). Patterns by their content: {0, 3} of d, {1, 2} of a, b and c.
        (True, {("f", 5, 0): (1, 1), (None, 5, 0): (1, 1), ("m", 1, 1): (4, 3), ("m", 2, 1): (3, 3)}, {"a": 1, "b": 1, "c": 1, "d": 0}),
        # With numbers of rows c has a pattern of its own, after that of a and b: January twice.
        (
            "rows",
            {("f", 5, 0): (1, 1), (None, 5, 0): (1, 1), ("m", 1, 1): (2, 2), ("m", 2, 1): (2, 2), ("m", 1, 2): (2, 1), ("m", 2, 2): (1, 1)},
            {"a": 1, "b": 1, "c": 2, "d": 0},
        ),
    ],
)
def test_lines_are_split_by_pattern(build, linked, lines, owners):
    classes = build(make_plan(linked))
    assert lines_of(classes) == (lines, owners)
    assert classes.table.total_persons == 4
    assert classes.matched == ["sex", "month", "__pattern"]
    members = classes.table.memberships
    assert sorted(members.combinations.tolist()) == list(range(len(lines)))
    assert classes.table.persons[members.combinations].tolist() == [
        p for p, n in zip(members.persons, [2] * 3, strict=False) for _ in range(n)
    ]


def test_sensitive_values_are_counted_per_line(build_here):
    classes = build_here(make_plan(models={"drug": {"kind": "distinct", "l": 1}}))
    found = classes.table.sensitive["drug"]
    persons = {}
    for i, key in enumerate(classes.keys.to_pylist()):
        entries = range(found.offsets[i], found.offsets[i + 1])
        persons[key["sex"], key["month"].month] = {"xy"[found.values[e]]: int(found.persons[e]) for e in entries}
    # January: x of a, b and c, y of c. February: y of a and c, x of b.
    assert persons == {("f", 5): {"x": 1}, (None, 5): {"x": 1}, ("m", 1): {"x": 3, "y": 1}, ("m", 2): {"x": 1, "y": 2}}


def test_lines_stay_whole_where_nothing_is_linked(build_here):
    classes = build_here(make_plan(linked=False))
    assert classes.owners is None
    assert classes.matched == ["sex", "month"]
    assert classes.table.rows.tolist() == [1, 4, 3, 1]
    one_each = {name: [cells[i] for i in (0, 2, 4, 7)] for name, cells in CLAIMS.items()}
    assert build_here(make_plan(), one_each).owners is None


def test_one_combination_may_still_hide_several_histories(build_here):
    # Everybody in one combination, with one row or two: linked by classes nothing is split, by rows there are two patterns.
    cells = {"p": ["a", "a", "b"], "sex": ["m"] * 3, "month": [DAYS[1]] * 3, "drug": ["x"] * 3}
    assert build_here(make_plan(), cells).owners is None
    assert build_here(make_plan("rows"), cells).table.rows.tolist() == [1, 2]


def test_what_varies_is_found(build):
    for linked in (True, "rows", False):
        classes = build(make_plan(linked))
        # d has a sex and a missing one; a, b and c have two months.
        assert count_varying(classes.table).tolist() == [1, 3]
        assert classes.varies == {"sex": "event", "month": "event"}


def test_a_stated_constant_is_checked(build_here):
    with pytest.raises(PlanError) as caught:
        build_here(make_plan(varies="person"))
    assert caught.value.message.params["persons"] == 1
    (finding,) = caught.value.findings
    assert (finding.kind.code, str(finding.column), finding.params) == ("varies-within-person", "sex", {"persons": 1})
    mended = CLAIMS | {"sex": [*CLAIMS["sex"][:-1], "f"]}
    assert build_here(make_plan(varies="person"), mended).varies == {"sex": "person", "month": "event"}
    assert build_here(make_plan(varies="event"), mended).varies["sex"] == "event"


def test_varies_needs_a_unit_and_a_recoded_column():
    with pytest.raises(PlanError) as caught:
        check_plan(parse_plan(make_plan(varies="person").to_document() | {"unit": None}))
    assert [finding.kind.code for finding in caught.value.findings] == ["varies-stray"]
    document = make_plan().to_document()
    document["columns"]["drug"]["varies"] = "event"
    with pytest.raises(PlanError) as caught:
        check_plan(parse_plan(document))
    assert [finding.kind.code for finding in caught.value.findings] == ["varies-stray"]


def test_the_plan_is_spelled_as_it_was_read(tmp_path):
    plan = make_plan("rows", "person")
    document = plan.to_document()
    assert document["privacy"]["linked"] == "rows"
    assert document["columns"]["sex"]["varies"] == "person"
    assert parse_plan(document).sha256 == plan.sha256
    assert "linked" not in make_plan().to_document()["privacy"]
    assert make_plan(linked=False).to_document()["privacy"]["linked"] is False
    for said in ("perhaps", "2"):
        text = "plan: x\nprivacy: {k: 2, linked: " + said + "}\ncolumns: {a: {role: attribute, treatment: keep, clause: 4}}\n"
        (tmp_path / "plan.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(PlanError) as caught:
            read_document(tmp_path / "plan.yaml")
        assert caught.value.findings


@pytest.mark.parametrize(
    ("linked", "treatment", "wanted"),
    [(True, "fresh_id", "classes"), ("rows", "fresh_id", "rows"), (False, "fresh_id", None), (True, "drop", None)],
)
def test_what_is_linked(linked, treatment, wanted):
    document = make_plan(linked).to_document()
    document["columns"]["p"]["treatment"] = treatment
    assert parse_plan(document).linked == wanted
