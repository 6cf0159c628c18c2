"""Subgroups, outliers, membership and gain of certainty for all small files, beside a slow obvious count."""

import tempfile
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymize.risk.attributes import measure_attributes
from anonymize.risk.models import measure_membership
from anonymize.risk.outliers import measure_outliers
from anonymize.risk.released import open_released
from anonymize.risk.subgroups import find_subgroups
from tests.unit.anonymize.risk.conftest import write_release_file

# Person, two quasi-identifiers, a number.
ROW = st.tuples(st.integers(0, 5), st.sampled_from(["a", "b", None]), st.sampled_from(["x", "y"]), st.integers(0, 3) | st.just(90))
FILES = st.lists(ROW, min_size=1, max_size=14)


def write(folder: str, rows: list[tuple[int, str | None, str, int]]) -> Path:
    persons, first, second, numbers = zip(*rows, strict=True)
    return write_release_file(
        Path(folder) / "r.parquet", {"q": first, "z": second}, {"cost": numbers}, ids=[str(person) for person in persons]
    )


def count_persons(rows: list[tuple[int, str | None, str, int]], *places: int) -> dict[tuple[object, ...], set[int]]:
    found = defaultdict(set)
    for row in rows:
        found[tuple(row[place] for place in places)].add(row[0])
    return found


@settings(max_examples=30, deadline=None)
@given(FILES)
def test_subgroups_are_those_of_the_obvious_count(rows: list[tuple[int, str | None, str, int]]) -> None:
    classes = count_persons(rows, 1, 2)
    with tempfile.TemporaryDirectory() as folder, open_released(write(folder, rows), "person") as released:
        found = {group.column: group for group in find_subgroups(released)}
    for column, place in (("q", 1), ("z", 2), ("cost", 3)):
        risks = defaultdict(list)
        for (*_, value), persons in count_persons(rows, 1, 2, place).items():
            key = _[0], _[1]
            risks[value] += [1 / len(classes[key])] * len(persons)
        averages = {value: np.mean(shares) for value, shares in risks.items()}
        assert found[column].groups == len(averages)
        assert found[column].average == pytest.approx(max(averages.values()))
        assert found[column].smallest == min(len(shares) for shares in risks.values())
        highest = [len(risks[value]) for value, average in averages.items() if average == pytest.approx(max(averages.values()))]
        assert found[column].persons in highest


@settings(max_examples=30, deadline=None)
@given(FILES, st.integers(1, 4), st.integers(0, 30))
def test_outliers_and_membership_are_those_of_the_obvious_count(
    rows: list[tuple[int, str | None, str, int]], rare: int, people: int
) -> None:
    held = {value: persons for (value,), persons in count_persons(rows, 3).items()}
    everybody = {row[0] for row in rows}
    low, high = np.quantile([row[3] for row in rows], [0.25, 0.75])
    far = {value for value in held if (value < low - 3 * (high - low) or value > high + 3 * (high - low)) and len(held[value]) < rare}
    with tempfile.TemporaryDirectory() as folder, open_released(write(folder, rows), "person") as released:
        figures = {figure.code: figure.value for figure in measure_outliers(released, rare)}
        (membership,) = measure_membership(released, people, 3)
    assert figures["outliers"] == pytest.approx(len({p for value in far for p in held[value]}) / len(everybody))
    assert figures["value_uniques"] == pytest.approx(len({p for ps in held.values() if len(ps) == 1 for p in ps}) / len(everybody))
    assert figures["extreme_persons"] == min(len(held[min(held)]), len(held[max(held)]))
    alone = {person for persons in count_persons(rows, 1, 2, 3).values() if len(persons) == 1 for person in persons}
    assert membership.value == pytest.approx(len(alone) / max(people, 3, len(everybody)))


@settings(max_examples=30, deadline=None)
@given(FILES)
def test_gain_of_certainty_is_that_of_the_obvious_count(rows: list[tuple[int, str | None, str, int]]) -> None:
    # One row a person: shares are of rows.
    single = [(place, *row[1:]) for place, row in enumerate(rows)]
    whole = Counter(row[3] for row in single)
    gains = [0.0]
    for key in {row[1:3] for row in single}:
        inside = Counter(row[3] for row in single if row[1:3] == key)
        gains += [count / inside.total() - whole[value] / len(single) for value, count in inside.items()]
    with tempfile.TemporaryDirectory() as folder, open_released(write(folder, single), "person") as released:
        (found,) = (figure for figure in measure_attributes(released) if figure.code == "skewness")
    assert found.value == pytest.approx(max(gains))
    assert found.details["class_share"] - found.details["file_share"] == pytest.approx(max(gains))
