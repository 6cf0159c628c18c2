"""Releases taken together: joint classes and differences, by hand, by the obvious way, and in the two cases that are known to hurt."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymize.risk.differences import compare_extracts
from anonymize.risk.releases import Extract, JointClasses, count_between, count_classes, join_extracts, number_lines


def extract(lines):
    """Make an extract of lines (values, class, persons)."""
    values, classes, persons = zip(*lines, strict=True)
    columns = dict(enumerate(zip(*values, strict=True)))
    keys = pa.table({f"q{i}": list(cells) for i, cells in columns.items()})
    return Extract(keys=keys, classes=np.array(classes, dtype=np.int64), persons=np.array(persons, dtype=np.int64))


def join_classes(extracts):
    """Return the joint classes of releases of the same file, counted."""
    joint = join_extracts(extracts)
    return None if joint is None else count_classes(joint)


def test_equal_values_get_equal_numbers_and_missing_equals_missing():
    first, second = number_lines([pa.table({"a": ["x", None], "b": [1, 2]}), pa.table({"a": [None, "x", "x"], "b": [2, 2, 1]})])
    assert [first.tolist().index(number) if number in first else None for number in second.tolist()] == [1, None, 0]


def test_joint_classes_by_hand():
    # Ages 30–34 in fives against bands that start at 32: {30, 31}, {32, 33, 34}; 35 is suppressed in the second release.
    ages = [((30,), 0, 3), ((31,), 0, 2), ((32,), 0, 4), ((33,), 0, 1), ((34,), 0, 1), ((35,), 1, 5)]
    shifted = [((30,), 0, 3), ((31,), 0, 2), ((32,), 1, 4), ((33,), 1, 1), ((34,), 1, 1), ((35,), -1, 5)]
    joint = join_classes([extract(ages), extract(shifted)])
    assert joint == JointClasses(sizes={5: 2, 6: 1}, persons=16)
    assert min(joint.sizes) == 5
    assert [count_between(joint.sizes, 0, k) for k in (5, 6, 7)] == [(0, 0), (2, 10), (3, 16)]


def test_one_release_alone_is_its_own_joint():
    assert join_classes([extract([(("a",), 0, 4), (("b",), 0, 1), (("c",), -1, 9)])]) == JointClasses(sizes={5: 1}, persons=5)


def test_nothing_released_anywhere():
    assert join_classes([extract([(("a",), -1, 4)])]).sizes == {}


def test_difference_by_hand():
    # Women: 6, then 5: the part differs by one. Men: 7, then 9 in two classes that together cover the men's class: 2.
    before = extract([(("f", 1), 0, 6), (("m", 1), 1, 3), (("m", 2), 1, 4)])
    after = extract([(("f", 1), 0, 5), (("m", 1), 1, 4), (("m", 2), 2, 5)])
    found = compare_extracts(before, after)
    assert found.sizes == {1: 1, 2: 1}
    assert [count_between(found.sizes, 1, k) for k in (1, 2, 3)] == [(0, 0), (1, 1), (2, 3)]


def test_a_class_that_went_away_differs_by_all_its_persons():
    found = compare_extracts(extract([(("a",), 0, 6), (("b",), 1, 8)]), extract([(("a",), 0, 6)]))
    assert found.sizes == {0: 1, 8: 1}


def test_suppressed_lines_count_as_gone():
    found = compare_extracts(extract([(("a",), 0, 6), (("b",), 0, 2)]), extract([(("a",), 0, 6), (("b",), -1, 2)]))
    assert found.sizes == {2: 1}


@pytest.fixture(scope="module")
def people():
    rng = np.random.default_rng(4)
    return np.column_stack([rng.integers(0, 100, 20_000), rng.integers(0, 2, 20_000), rng.integers(0, 10, 20_000)])


def band(people, width, start=0):
    """One extract: ages in bands, by sex and area; classes of fewer than five are suppressed."""
    lines, persons = np.unique(people, axis=0, return_counts=True)
    released = np.column_stack([(lines[:, 0] + start) // width, lines[:, 1:]])
    classes = np.unique(released, axis=0, return_inverse=True)[1].reshape(-1)
    small = np.bincount(classes, weights=persons)[classes] < 5
    keys = pa.table({f"q{i}": lines[:, i] for i in range(3)})
    return Extract(keys=keys, classes=np.where(small, -1, classes), persons=persons.astype(np.int64))


def smallest(extract):
    kept = extract.classes >= 0
    return min(size for size in np.bincount(extract.classes[kept], weights=extract.persons[kept]) if size)


def test_shifted_bands_that_are_safe_alone_are_not_safe_together(people):
    few = people[:5_000]
    fives, shifted = band(few, 5), band(few, 5, start=3)
    assert smallest(fives) >= 5
    assert smallest(shifted) >= 5
    cells, persons = count_between(join_classes([fives, shifted]).sizes, 0, 5)
    assert cells > 10
    assert persons / len(few) > 0.01


def test_the_same_recipe_twice_is_safe_together(people):
    fives = band(people, 5)
    assert min(join_classes([fives, fives]).sizes) == smallest(fives)
    assert set(compare_extracts(fives, fives).sizes) == {0}


def test_one_per_cent_who_left_are_read_off_by_subtraction(people):
    stayed = people[np.random.default_rng(5).random(len(people)) >= 0.01]
    parts, persons = count_between(compare_extracts(band(people, 5), band(stayed, 5)).sizes, 1, 5)
    assert parts > 50
    assert persons > 100


def test_many_lines_take_no_time():
    rng = np.random.default_rng(6)
    keys = pa.table({"a": np.arange(200_000) % 997, "b": pa.array((np.arange(200_000) // 997).astype(str))})
    two = [Extract(keys=keys, classes=rng.integers(0, 5_000, 200_000), persons=rng.integers(1, 9, 200_000)) for _ in range(2)]
    joint = join_classes(two)
    assert joint.persons == two[0].persons.clip(two[1].persons).sum()


LINES = st.dictionaries(st.tuples(st.integers(0, 2), st.integers(0, 1)), st.tuples(st.integers(-1, 2), st.integers(1, 4)), min_size=1)


@settings(max_examples=100, deadline=None)
@given(LINES, st.lists(st.integers(-1, 2), min_size=6, max_size=6))
def test_joint_classes_are_those_of_the_obvious_count(lines, others):
    first = extract([(values, number, persons) for values, (number, persons) in lines.items()])
    second = extract([(values, other, persons) for (values, (_, persons)), other in zip(lines.items(), others, strict=False)])
    pairs: Counter[tuple[int, int]] = Counter()
    for (number, persons), other in zip(lines.values(), others, strict=False):
        if (number, other) != (-1, -1):
            pairs[number, other] += persons
    assert join_classes([first, second]).sizes == dict(Counter(pairs.values()))


@settings(max_examples=100, deadline=None)
@given(LINES, st.integers(0, 5))
def test_a_coarser_second_recoding_adds_nothing(lines, merged):
    first = extract([(values, number, persons) for values, (number, persons) in lines.items()])
    coarse = Extract(keys=first.keys, classes=np.where(first.classes >= 0, first.classes // (merged + 1), -1), persons=first.persons)
    assert join_classes([first, coarse]).sizes == join_classes([first]).sizes
