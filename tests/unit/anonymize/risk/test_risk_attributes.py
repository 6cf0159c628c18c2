"""Homogeneity, l and t on written files: by hand, and against the tables of the papers."""

from collections.abc import Callable
from pathlib import Path

import pytest

from anonymize.risk.attributes import measure_attributes
from anonymize.risk.released import open_released
from schemas.plan import parse_plan


def measure(path: Path, unit: str | None = None) -> dict[tuple[str, str | None], float | None]:
    with open_released(path, unit) as released:
        return {(figure.code, figure.column): figure.value for figure in measure_attributes(released)}


def test_homogeneous_class_by_hand(write_release: Callable[..., Path]) -> None:
    # Class a: x x (one value); class b: x y. Two of four persons are in a homogeneous class; l = 1; certainty 1.
    # Whole: x 3/4, y 1/4. Class a: |1 − 3/4| + |0 − 1/4| = 1/2, halved 1/4; class b: |1/2 − 3/4| + |1/2 − 1/4| = 1/2, halved 1/4.
    found = measure(write_release({"q": ["a", "a", "b", "b"]}, {"s": ["x", "x", "x", "y"]}))
    assert found["homogeneous_share", "s"] == pytest.approx(0.5)
    assert found["diversity", "s"] == 1
    assert found["certainty", "s"] == 1.0
    assert found["closeness", "s"] == pytest.approx(0.25)


def test_four_anonymous_table_of_machanavajjhala(write_release: Callable[..., Path]) -> None:
    # Machanavajjhala et al. (2007), figure 2: the last of three classes of four is all cancer: the homogeneity attack of the paper.
    disease = ["heart", "heart", "viral", "viral", "cancer", "heart", "viral", "viral", "cancer", "cancer", "cancer", "cancer"]
    found = measure(write_release({"q": ["1485*"] * 0 + ["1"] * 4 + ["2"] * 4 + ["3"] * 4}, {"condition": disease}))
    assert found["homogeneous_share", "condition"] == pytest.approx(4 / 12)
    assert found["diversity", "condition"] == 1


def test_t_closeness_table_of_li(write_release: Callable[..., Path]) -> None:
    # Li et al. (2007), tables 3 to 5: nine patients with salaries 3k … 11k. Published: the class {3k, 4k, 5k} is 0.375 from the whole, the
    # class {6k, 8k, 11k} 0.167; the release of table 5 (classes 3k 5k 9k, 6k 11k 8k, 4k 7k 10k) has 0.167-closeness in salary.
    classes = ["1"] * 3 + ["2"] * 3 + ["3"] * 3
    table_3 = measure(write_release({"q": classes}, {"salary": [3, 4, 5, 6, 8, 11, 7, 9, 10]}))
    assert table_3["closeness", "salary"] == pytest.approx(0.375, abs=1e-9)
    table_5 = measure(write_release({"q": classes}, {"salary": [3, 5, 9, 6, 11, 8, 4, 7, 10]}))
    assert table_5["closeness", "salary"] == pytest.approx(0.167, abs=5e-4)


def test_missing_value_is_a_value_but_none_of_the_distinct_ones(write_release: Callable[..., Path]) -> None:
    found = measure(write_release({"q": ["a", "a"]}, {"s": ["x", None]}))
    assert found["diversity", "s"] == 1
    assert found["homogeneous_share", "s"] == 0.0


def test_hierarchical_distance_when_the_plan_asks_for_it(write_release: Callable[..., Path]) -> None:
    # Values a, b in group A, c in B; class p: a a, class q: b c. Whole: a 1/2, b 1/4, c 1/4. Class p: equal distance 1/2, groups 1/4:
    # (1/2 + 1/4)/2 = 3/8. Class q: 1/2 and 1/4 as well.
    model = {"t": 1.0, "distance": "hierarchical", "hierarchy": {"tree": {"A": ["a", "b"], "B": ["c"]}}}
    columns = {
        "q": {"role": "quasi_identifier", "hierarchy": {"levels": 1}, "clause": 5},
        "s": {"role": "sensitive", "treatment": "keep", "clause": 5},
    }
    plan = parse_plan({"plan": "h", "privacy": {"k": 2, "t_closeness": {"s": model}}, "columns": columns})
    with open_released(write_release({"q": ["p", "p", "q", "q"]}, {"s": ["a", "a", "b", "c"]})) as released:
        found = {figure.code: figure.value for figure in measure_attributes(released, plan)}
    assert found["closeness"] == pytest.approx(3 / 8)
    # Class p holds values of group A alone (b would be as near as a), class q of both: two of four persons.
    assert found["similar_share"] == pytest.approx(2 / 4)


def test_persons_are_counted_not_rows(write_release: Callable[..., Path]) -> None:
    # One person with three rows x, one person with one row y: certainty is 1/2 by persons (3/4 by rows).
    path = write_release({"q": ["a"] * 4}, {"s": ["x", "x", "x", "y"]}, ids=["p", "p", "p", "r"])
    assert measure(path, "person")["certainty", "s"] == pytest.approx(0.5)


def test_skewed_class_is_far_from_the_whole(write_release: Callable[..., Path]) -> None:
    # attacks.md's example: 90 % in the class, 5 % elsewhere. 10 of 200 persons; whole: (9 + 9.5 → 9) … by hand below.
    # Class a: 9 of 10 severe; class b: 9 of 190 severe. Whole 18/200 = 0.09. Distance of a: 0.9 − 0.09 = 0.81.
    found = measure(write_release({"q": ["a"] * 10 + ["b"] * 190}, {"s": ["5"] * 9 + ["1"] + ["5"] * 9 + ["1"] * 181}))
    assert found["closeness", "s"] == pytest.approx(0.81)
    assert found["certainty", "s"] == pytest.approx(181 / 190)
    # In class a the belief in "5" grows from 0.09 to 0.9; the homogeneous majority of b gains 181/190 - 182/200 = 0.043 only.
    assert found["skewness", "s"] == pytest.approx(0.81)


@pytest.mark.parametrize(
    ("values", "gain", "inside", "outside"),
    [
        # Both classes as the file: nothing is gained.
        (["x", "y", "x", "y"], 0.0, 0.5, 0.5),
        # Class a: x x, class b: y y: from 1/2 to 1.
        (["x", "x", "y", "y"], 0.5, 1.0, 0.5),
        # Class a: x missing, class b: y y: y from 1/2 to 1; a missing value is a value: 1/4 to 1/2.
        (["x", None, "y", "y"], 0.5, 1.0, 0.5),
    ],
)
def test_gain_of_certainty_by_hand(
    write_release: Callable[..., Path], values: list[str | None], gain: float, inside: float, outside: float
) -> None:
    with open_released(write_release({"q": ["a", "a", "b", "b"]}, {"s": values})) as released:
        (figure,) = (figure for figure in measure_attributes(released) if figure.code == "skewness")
    assert figure.value == pytest.approx(gain)
    assert figure.details == {"class_share": pytest.approx(inside), "file_share": pytest.approx(outside)}


def test_no_sensitive_column_no_figure(write_release: Callable[..., Path]) -> None:
    assert measure(write_release({"q": ["a", "b"]})) == {}
