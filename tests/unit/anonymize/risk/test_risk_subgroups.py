"""Risk by subgroup, and numbers that stand out after their treatment: hand-computed files."""

import datetime
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from anonymize.risk.outliers import measure_outliers
from anonymize.risk.released import open_released
from anonymize.risk.subgroups import find_subgroups


def groups(path: Path, unit: str | None = None) -> dict[str, tuple[int, float, int, int]]:
    with open_released(path, unit) as released:
        return {g.column: (g.groups, g.average, g.persons, g.smallest) for g in find_subgroups(released)}


def test_average_risk_of_a_village(write_release: Callable[..., Path]) -> None:
    # Village v: classes of 2 and 2 (two classes, 4 persons: 1/2); town t: classes of 3 and 3 (2/6 = 1/3).
    # Sex m: classes of 2 and 3: 2/5; f: 2/5 as well, 5 persons each.
    found = groups(write_release({"area": ["v"] * 4 + ["t"] * 6, "sex": list("mmff") + list("mmmfff")}))
    assert found["area"] == (2, pytest.approx(1 / 2), 4, 4)
    assert found["sex"] == (2, pytest.approx(2 / 5), 5, 5)


def test_average_risk_of_a_rare_illness(write_release: Callable[..., Path]) -> None:
    # Class a of 2, class b of 4. The rare illness: one person in a, one in b: (1/2 + 1/4)/2 = 3/8; the others: (1/2 + 3/4)/4 = 5/16.
    found = groups(write_release({"q": ["a"] * 2 + ["b"] * 4}, {"ill": ["rare", "common", "rare", "common", "common", "common"]}))
    assert found["ill"] == (2, pytest.approx(3 / 8), 2, 2)


def test_missing_values_make_a_group(write_release: Callable[..., Path]) -> None:
    # Class of the missing value: 1 person, risk 1.
    found = groups(write_release({"q": ["a", "a", None]}, {"ill": [None, "x", "x"]}))
    assert found["q"] == (2, 1.0, 1, 1)
    # Missing illness: one person of class a: 1/2; x: (1/2 + 1)/2 = 3/4.
    assert found["ill"] == (2, pytest.approx(3 / 4), 2, 1)


def test_persons_of_a_group_are_counted_by_their_id(write_release: Callable[..., Path]) -> None:
    # Class a: persons p and r (p with two rows): risk 1/2 each. The illness x of p alone: 1/2.
    found = groups(write_release({"q": ["a"] * 3}, {"ill": ["x", "x", "y"]}, ids=["p", "p", "r"]), "person")
    assert found["q"] == (1, pytest.approx(1 / 2), 2, 2)
    assert found["ill"] == (2, pytest.approx(1 / 2), 1, 1)


def test_figure_guards_the_class_it_shows(write_release: Callable[..., Path]) -> None:
    with open_released(write_release({"q": ["a"] * 4 + ["b"] * 5})) as released:
        (found,) = find_subgroups(released)
    figure = found.to_figure()
    assert (figure.value, figure.persons, figure.column) == (pytest.approx(1 / 4), 4, "q")
    assert found.to_json() == {"column": "q", "groups": 2, "highest_average": 0.25, "persons": 4, "smallest_persons": 4}


def test_no_rows_no_groups(write_release: Callable[..., Path]) -> None:
    path = write_release({"q": []}, {"cost": []})
    assert groups(path) == {}
    with open_released(path) as released:
        assert measure_outliers(released, 10) == ()


def test_groups_without_quasi_identifiers(write_release: Callable[..., Path]) -> None:
    # One class of four persons: every group has the risk 1/4.
    assert groups(write_release({}, {"ill": ["x", "x", "y", "y"]}))["ill"] == (2, pytest.approx(1 / 4), 2, 2)


def outliers(path: Path, rare: int = 3, unit: str | None = None) -> dict[str, float | None]:
    with open_released(path, unit) as released:
        return {figure.code: figure.value for figure in measure_outliers(released, rare)}


def test_outliers_beyond_the_outer_fence(write_release: Callable[..., Path]) -> None:
    # 0 … 10 and one amount. Of 12 values the quartiles (linear) are 2.75 and 8.25: the upper fence is 8.25 + 3·5.5 = 24.75.
    for amount, share in ((24, 0), (25, 1 / 12)):
        found = outliers(write_release({"q": ["a"] * 12}, {"cost": [*range(11), amount]}))
        assert found == {"outliers": pytest.approx(share), "value_uniques": 1.0, "extreme_persons": 1}


def test_an_amount_that_enough_persons_share_is_no_outlier(write_release: Callable[..., Path]) -> None:
    # 60 times 1, 3 times 100: the fence is 1. Of 3 persons who share a value none is rare below 3, all are below 4.
    path = write_release({"q": ["a"] * 63}, {"cost": [1] * 60 + [100] * 3})
    assert outliers(path, rare=3) == {"outliers": 0.0, "value_uniques": 0.0, "extreme_persons": 3}
    assert outliers(path, rare=4)["outliers"] == pytest.approx(3 / 63)


def test_missing_amounts_are_no_values_and_dates_are_numbers(write_release: Callable[..., Path]) -> None:
    day = datetime.date(2024, 4, 1)
    days = [*[day] * 20, None, datetime.date(1950, 1, 1)]
    found = outliers(write_release({"q": ["a"] * 22}, {"since": days}))
    assert found == {"outliers": pytest.approx(1 / 22), "value_uniques": pytest.approx(1 / 22), "extreme_persons": 1}
    nothing = outliers(write_release({"q": ["a"] * 2}, {"cost": pa.array([None, None], pa.int64())}))
    assert nothing == {"outliers": 0.0, "value_uniques": 0.0, "extreme_persons": 0}


def test_a_person_with_the_same_amount_twice_is_one(write_release: Callable[..., Path]) -> None:
    # Amounts 5 5 of person p and 5 of r; 9 twice of s: of three persons one has a value that nobody else has.
    path = write_release({"q": ["a"] * 5}, {"cost": [5, 5, 5, 9, 9]}, ids=["p", "p", "r", "s", "s"])
    assert outliers(path, unit="person")["value_uniques"] == pytest.approx(1 / 3)


def test_text_and_quasi_identifiers_have_no_outliers(write_release: Callable[..., Path]) -> None:
    assert outliers(write_release({"q": ["a", "b"]}, {"ill": ["x", "y"]})) == {}
