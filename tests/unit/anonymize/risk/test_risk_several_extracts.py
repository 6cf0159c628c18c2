"""Three extracts at once, by hand and by the obvious count; and what a comparison of releases must not fall below."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymize.risk.differences import overlap_all
from anonymize.risk.releases import Extract
from anonymize.risk.together import Code, Together, Told
from schemas.messages import Name

PERSONS = {"a": 4, "b": 3, "c": 5, "d": 6}


def extract(classes: dict[str, int], persons: dict[str, int] = PERSONS) -> Extract:
    """Make an extract of one column: value → class; -1 is suppressed."""
    counts = np.array([persons[value] for value in classes], dtype=np.int64)
    return Extract(keys=pa.table({"q": list(classes)}), classes=np.array(list(classes.values()), dtype=np.int64), persons=counts)


ONE = extract({"a": 0, "b": 0, "c": 0, "d": 0})
ROWS = extract({"a": 0, "b": 0, "c": 1, "d": 1})
COLUMNS = extract({"a": 0, "b": 1, "c": 0, "d": 1})


def sizes(others: list[Extract], last: Extract) -> dict[int, int]:
    found = overlap_all(others, last)
    assert found is not None
    return found.sizes


def test_two_others_split_what_neither_splits_alone() -> None:
    assert sizes([ROWS], ONE) == {7: 1, 11: 1}
    assert sizes([COLUMNS], ONE) == {9: 2}
    assert sizes([ROWS, COLUMNS], ONE) == {3: 1, 4: 1, 5: 1, 6: 1}


def test_to_be_suppressed_in_one_of_them_is_a_class_of_its_own() -> None:
    missing = extract({"a": 0, "b": -1, "c": 0, "d": 0})
    assert sizes([missing, ONE], ONE) == {15: 1, 3: 1}
    assert sizes([ONE, missing], ONE) == {15: 1, 3: 1}
    assert sizes([missing, missing], missing) == {15: 1}


def test_combinations_that_one_of_the_others_lacks_are_left_out() -> None:
    # d is in one of the two others alone: the class it is in there holds a, b and c; nobody else is lost or counted twice.
    assert sizes([extract({"a": 0, "b": 0, "c": 0}), ONE], extract({"a": 0, "b": 0, "c": 0})) == {12: 1}


def test_a_joint_class_has_as_many_persons_as_the_side_with_fewer() -> None:
    fewer = extract({"a": 0, "b": 0, "c": 0, "d": 0}, PERSONS | {"d": 2})
    assert sizes([ROWS, COLUMNS], fewer) == {4: 1, 3: 1, 5: 1, 2: 1}


def test_persons_told_apart_beyond_their_values_cannot_be_joined() -> None:
    apart = Extract(keys=pa.table({"q": ["a", "a"]}), classes=np.array([0, 1]), persons=np.array([2, 2]))
    assert overlap_all([ROWS, apart], ONE) is None


CLASSES = st.lists(st.integers(-1, 2), min_size=6, max_size=6)


@settings(max_examples=100, deadline=None)
@given(CLASSES, CLASSES, CLASSES, st.lists(st.integers(1, 4), min_size=6, max_size=6))
def test_three_extracts_are_those_of_the_obvious_count(one: list[int], two: list[int], three: list[int], persons: list[int]) -> None:
    counts = dict(zip("uvwxyz", persons, strict=True))
    tables = [extract(dict(zip("uvwxyz", classes, strict=True)), counts) for classes in (one, two, three)]
    expected: Counter[tuple[int, ...]] = Counter()
    for cell, number in zip(zip(one, two, three, strict=True), persons, strict=True):
        if set(cell) != {-1}:
            expected[cell] += number
    assert sizes(tables[:2], tables[2]) == dict(Counter(expected.values()))


def together(code: Code, smallest: int, *, promised: int = 0, failed: tuple[Name, ...] = ()) -> Together:
    other = (Name("R-1"),)
    told = Told(code=code, releases=other, sizes={0: 3, smallest: 1, 100: 2})
    return Together(others=other, told=(told,), failed=failed, promised=promised)


@pytest.mark.parametrize("code", ["joint", "difference", "change"])
@pytest.mark.parametrize(("promised", "limit"), [(0, 10), (9, 10), (11, 11), (20, 20)])
def test_what_an_earlier_release_promised_is_not_taken_back(code: Code, promised: int, limit: int) -> None:
    for smallest, holds in ((1, False), (limit - 1, False), (limit, True), (limit + 1, True)):
        found = together(code, smallest, promised=promised)
        assert found.find_limit(found.told[0], 10, 3) == limit
        assert found.holds(10, 3) is holds
        assert found.told[0].smallest == smallest


@pytest.mark.parametrize(("smallest", "holds"), [(2, False), (3, True)])
def test_linked_rows_have_a_limit_of_their_own(smallest: int, holds: bool) -> None:
    assert together("joint_linked", smallest, promised=20).holds(10, 3) is holds
    assert together("joint_linked", smallest, promised=20).holds(10, 0)


def test_what_cannot_be_compared_does_not_hold() -> None:
    assert together("joint", 50).holds(10, 3)
    assert not together("joint", 50, failed=(Name("R-1"),)).holds(10, 3)


def test_a_comparison_of_nothing_has_no_smallest_count() -> None:
    assert Told(code="difference", releases=(), sizes={0: 4}).smallest is None
