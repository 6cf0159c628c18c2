"""What changed between two files: rows paired by key, counted as values; and for all data the two sums hold."""

import csv

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intake.choice import choose_layout
from intake.quality import compare
from intake.quality.compare import Reading, compare_files
from schemas.check_digits import append
from schemas.errors import FileRejected

ROW = {
    "person_key": "K0000001", "insurer_number": append("insurer", "90202"), "birth_date": "1950-01-31", "sex": "2",
    "municipality_code": "902021", "treated_month": "2024-04", "care_kind": "1", "cost_yen": "1000", "points": "100",
}  # fmt: skip


def read(path, rows, table="kokuho_benefit"):
    with path.open("w", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return Reading(source=path, layout=choose_layout(path, table, "plain"))


def person(number, **changes):
    return {**ROW, "person_key": f"K{number:07d}", **changes}


def test_rows_are_counted_as_added_gone_changed_and_unchanged_whatever_their_order(tmp_path):
    old = [person(number) for number in range(6)]
    new = [person(7), person(5, cost_yen="2000"), person(4, cost_yen="３０００"), person(3), person(2, birth_date="S25.1.31")]
    found = compare_files(read(tmp_path / "old.csv", old), read(tmp_path / "new.csv", new))
    # 2 (written in another way) and 3 are as before, 4 and 5 cost more, 7 is new, 0 and 1 are gone
    assert (found.rows_old, found.rows_new) == (6, 5)
    assert (found.unchanged, found.changed, found.added, found.gone) == (2, 2, 1, 2)
    assert (found.columns_changed, found.looked_at) == ({"cost_yen": 2}, 2)
    assert found.key == ("person_key", "treated_month", "care_kind")


def test_columns_that_came_and_went_are_named_and_change_no_row(tmp_path):
    old = [{**person(1), "postal_code": "1000001"}]
    new = [{**person(1), "days": "3"}]
    found = compare_files(read(tmp_path / "old.csv", old), read(tmp_path / "new.csv", new))
    assert (found.unchanged, found.columns_added, found.columns_gone) == (1, ("days",), ("postal_code",))


def test_rows_that_share_a_key_are_paired_one_by_one(tmp_path):
    old = [person(1), person(1), person(1, cost_yen="5")]
    new = [person(1, cost_yen="6"), person(1)]
    found = compare_files(read(tmp_path / "old.csv", old), read(tmp_path / "new.csv", new))
    # one equal pair; of the two old ones left one is paired with the new one left
    assert (found.unchanged, found.changed, found.added, found.gone) == (1, 1, 0, 1)


def test_no_more_changed_rows_than_the_limit_are_looked_at(tmp_path, monkeypatch):
    monkeypatch.setattr(compare, "CHANGED_LOOKED_AT", 3)
    old, new = ([person(number, cost_yen=cost) for number in range(10)] for cost in ("1", "2"))
    found = compare_files(read(tmp_path / "old.csv", old), read(tmp_path / "new.csv", new))
    assert (found.changed, found.looked_at, found.columns_changed) == (10, 3, {"cost_yen": 3})


def test_files_of_different_tables_are_not_compared(tmp_path):
    old = read(tmp_path / "old.csv", [person(1)])
    new = read(tmp_path / "new.csv", [{"staff_key": "S00001"}], "care_provider_staff")
    with pytest.raises(FileRejected, match="different tables"):
        compare_files(old, new)


ROWS = st.lists(st.tuples(st.integers(0, 4), st.sampled_from(["1", "2", "3"])), min_size=1, max_size=8)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(ROWS, ROWS)
def test_every_row_of_both_files_is_counted_once(tmp_path, old, new):
    readings = [
        read(tmp_path / name, [person(key, cost_yen=cost) for key, cost in rows]) for name, rows in (("o.csv", old), ("n.csv", new))
    ]
    found = compare_files(*readings)
    assert found.rows_old == len(old) == found.unchanged + found.changed + found.gone
    assert found.rows_new == len(new) == found.unchanged + found.changed + found.added
    # as many equal rows as both have, and as many pairs of a key as both have
    assert found.unchanged == sum(min(old.count(row), new.count(row)) for row in set(old))
    keys = [[key for key, _ in rows] for rows in (old, new)]
    assert found.unchanged + found.changed <= sum(min(keys[0].count(key), keys[1].count(key)) for key in range(5))
    assert compare_files(readings[0], readings[0]).unchanged == len(old)
