"""The verifier on rows of persons: who shares the classes of all rows, and how many rows a person may have per period. All by hand."""

import datetime
import json

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anonymize.pipeline import Job, process
from anonymize.verify.file import verify_file
from anonymize.verify.models import measure_models
from anonymize.verify.persons import count_repeats, count_sharing, split_by_history
from anonymize.verify.sql import WrittenFile
from schemas.errors import VerificationFailed
from schemas.plan import parse_plan

# Classes (age, month): persons 1 and 2 have {(30, 1), (30, 2)}, 1 with two rows in the first; 3 has {(30, 1)}; 4 has {(30, 2)}, twice.
ROWS = [(1, 30, 1), (1, 30, 1), (1, 30, 2), (2, 30, 1), (2, 30, 2), (3, 30, 1), (4, 30, 2), (4, 30, 2)]


def open_rows(rows, names=("id", "age", "month"), quasi=("age", "month"), person="id"):
    connection = duckdb.connect()
    table = pa.table({name: [row[i] for row in rows] for i, name in enumerate(names)})
    connection.register("release", table)
    return WrittenFile(connection=connection, quasi=quasi, person=person)


@pytest.mark.parametrize(
    ("chosen", "classes", "numbers"),
    [
        (range(8), 1, 1),  # 3 and 4 are alone with their sets
        (range(5), 2, 1),  # 1 and 2 share the set, not the numbers of rows
        (range(1, 5), 2, 2),
        ([0, 1], 1, 1),
        ([], None, None),
    ],
)
def test_the_rarest_history_is_counted(chosen, classes, numbers):
    file = open_rows([ROWS[i] for i in chosen] or [(None, None, None)][:0])
    assert (count_sharing(file), count_sharing(file, rows=True)) == (classes, numbers)


def test_missing_values_are_values():
    file = open_rows([(1, None, 1), (1, 30, None), (2, 30, None), (2, None, 1), (3, None, 1)])
    assert count_sharing(file) == 1
    assert count_sharing(open_rows([(1, None, 1), (1, 30, None), (2, 30, None), (2, None, 1)])) == 2


def test_nothing_is_shared_without_ids():
    assert count_sharing(open_rows(ROWS, person=None)) is None


def test_without_quasi_identifiers_everybody_is_one_class():
    assert count_sharing(open_rows(ROWS, quasi=())) == 4
    assert count_sharing(open_rows(ROWS, quasi=()), rows=True) == 1


def claims_plan(linked=True, by=None):
    columns = {
        "person": {"role": "linking_code", "treatment": "fresh_id", "clause": 3},
        "month": {"role": "quasi_identifier", "hierarchy": {"dates": ["month", "quarter"]}, "clause": 5},
        "cost": {"role": "attribute", "treatment": "keep", "clause": 4},
    }
    document = {"plan": "v", "unit": "person", "privacy": {"k": 2, "linked": linked}, "method": "global", "columns": columns}
    aggregate = {} if by is None else {"aggregate": {"by": {"person": "value", "month": by}, "columns": {"cost": "sum"}}}
    return parse_plan(document | aggregate)


def day(month):
    return datetime.date(2024, month, 1)


@pytest.fixture
def written(tmp_path):
    """A release of January to March of two persons, by its plan, with other rows if given."""

    def write(plan, months=(1, 2, 3), change=None):
        cells = {"person": ["a"] * len(months) + ["b"] * len(months), "month": [day(m) for m in months] * 2, "cost": range(2 * len(months))}
        pq.write_table(pa.table(cells), tmp_path / "in.parquet")
        process(Job(source=tmp_path / "in.parquet", plan=plan, output=tmp_path / "out.parquet", seed=1, compare=False))
        if change:
            table = pq.read_table(tmp_path / "out.parquet")
            pq.write_table(change(table), tmp_path / "out.parquet", write_statistics=False)
        return tmp_path / "out.parquet"

    return write


def without_row(number):
    return lambda table: table.take([i for i in range(table.num_rows) if i != number])


def test_a_rare_history_is_refused_unless_the_plan_says_otherwise(written):
    # Both have the three months; classes of two persons. Without one row its person has two months: every class has one person or two.
    plan = claims_plan()
    assert verify_file(written(plan), plan).linked == 2
    path = written(plan, months=(1, 2, 3, 3), change=without_row(1))
    with pytest.raises(VerificationFailed) as caught:
        verify_file(path, plan)
    assert {reason.code for reason in caught.value.reasons} == {"verify-k", "verify-linked-rows"}


def test_numbers_of_rows_are_refused_only_where_they_are_promised(written):
    # March twice for both; without one of these rows the sets are still equal, the numbers are not.
    for linked, refused in ((True, False), ("rows", True), (False, False)):
        plan = claims_plan(linked)
        path = written(plan, months=(1, 2, 3, 3), change=without_row(7))
        if refused:
            with pytest.raises(VerificationFailed) as caught:
                verify_file(path, plan)
            assert [reason.code for reason in caught.value.reasons] == ["verify-linked-rows"]
        else:
            assert verify_file(path, plan).linked == 2


def test_one_row_per_person_links_nothing(written):
    plan = claims_plan()
    found = verify_file(written(plan, months=(1,)), plan)
    assert found.linked is None
    assert json.dumps(found.to_json())


RANGES = ("id", "month_from", "month_to")


@pytest.mark.parametrize(
    ("period", "low", "high", "allowed"),
    [
        ("month", day(1), day(1), 1),
        ("month", day(1), day(3), 3),
        ("quarter", day(1), datetime.date(2024, 12, 31), 4),
        ("year", day(1), datetime.date(2025, 12, 31), 2),
        ("fiscal_year", day(4), datetime.date(2025, 3, 31), 1),
        ("fiscal_year", day(3), datetime.date(2024, 4, 30), 2),
    ],
)
def test_a_person_has_as_many_rows_as_periods(period, low, high, allowed):
    plan = claims_plan(by=period)
    for rows, found in ((allowed, 0), (allowed + 1, 1)):
        file = open_rows([(1, low, high)] * rows + [(2, low, high)], RANGES, ("month", *RANGES[1:]))
        assert count_repeats(file, plan) == found


def test_what_a_release_cannot_tell_is_not_claimed():
    plan = claims_plan(by="month")
    assert count_repeats(open_rows([(1, 30, 1)] * 3), plan) == 0  # no bounds
    assert count_repeats(open_rows(ROWS), claims_plan()) == 0  # no reduction
    assert count_repeats(open_rows(ROWS, person=None), plan) == 0  # no ids


def test_a_row_too_many_is_refused(written):
    plan = claims_plan(by="quarter")
    assert verify_file(written(plan, months=(1, 2, 4)), plan).rows == 4  # January and February became one row
    path = written(plan, months=(1, 2, 4), change=lambda table: table.take([0, 0, 1, 1, 2, 3]))
    with pytest.raises(VerificationFailed) as caught:
        verify_file(path, plan)
    assert [reason.code for reason in caught.value.reasons] == ["verify-period"]


def test_secrets_are_counted_among_those_who_share_a_history(tmp_path):
    # a and b: January with x, February with x or y; c and d: January with y. January as a class has x and y; of a and b it has x alone.
    cells = {
        "person": ["a", "a", "b", "b", "c", "d"],
        "month": [day(n) for n in (1, 2, 1, 2, 1, 1)],
        "drug": ["x", "x", "x", "y", "y", "y"],
    }
    document = claims_plan(linked=False).to_document()
    del document["columns"]["cost"]
    document["columns"]["drug"] = {"role": "sensitive", "treatment": "keep", "clause": 5}
    document["privacy"]["l_diversity"] = {"drug": {"kind": "distinct", "l": 2}}
    pq.write_table(pa.table(cells), tmp_path / "in.parquet")
    figures = {}
    for linked in (False, True):
        document["privacy"]["linked"] = linked
        plan = parse_plan(document)
        process(Job(source=tmp_path / "in.parquet", plan=plan, output=tmp_path / "out.parquet", seed=1, compare=False))
        found = verify_file(tmp_path / "out.parquet", plan)
        figures[linked] = (found.classes, found.diversity["drug"], found.linked)
    # Apart by month the plan without links holds; with links the quarter is one class, which all four share.
    assert figures == {False: (2, 2.0, 2), True: (1, 2.0, 4)}
    # The file released month by month does not hold where histories are looked at.
    document["privacy"]["linked"] = False
    free = parse_plan(document)
    process(Job(source=tmp_path / "in.parquet", plan=free, output=tmp_path / "out.parquet", seed=1, compare=False))
    quasi = ("month_from", "month_to", "month")
    connection = duckdb.connect()
    connection.read_parquet(str(tmp_path / "out.parquet")).create_view("release")
    file = WrittenFile(connection=connection, quasi=quasi, person="person")
    assert measure_models(file, free).diversity == {"drug": 2.0}
    document["privacy"]["linked"] = True
    assert measure_models(split_by_history(file, parse_plan(document)), parse_plan(document)).diversity == {"drug": 1.0}
