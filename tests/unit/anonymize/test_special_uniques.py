"""Minimal sample uniques: published examples, hand-computed tables, and a slow obvious search."""

import math
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymize.risk.special_uniques import LARGEST, choose_largest, find_special_uniques, score_disclosure


def number_owners(persons):
    """A person of their own for every line of one person."""
    return np.where(np.asarray(persons) == 1, np.arange(len(persons)), -1)


def find(table, *, persons=None, largest=None):
    """Search a table given as columns of any values."""
    codes = np.column_stack([pd.factorize(pd.Series(values))[0] for values in table.values()]).astype(np.int32)
    counts = np.ones(len(codes), dtype=np.int64) if persons is None else np.array(persons, dtype=np.int64)
    return find_special_uniques(codes, number_owners(counts), largest=largest or codes.shape[1])


def test_the_example_of_the_book():
    """M. Templ (2017), Statistical Disclosure Control for Microdata, doi:10.1007/978-3-319-50272-4; sdcMicro tests it: 4, 2, 6, 8."""
    lines = [("20s", "male", "50k+", "highschool", 2), ("20s", "male", "50k-", "highschool", 2)]
    lines += [("20s", "female", "50k-", level, 1) for level in ("university", "highschool", "middleschool")]
    lines += [("60s", "male", "50k-", "university", 1)]
    *table, persons = zip(*lines, strict=True)
    found = find(dict(enumerate(table)), persons=persons)
    assert found.scores.tolist() == [0, 0, 4, 2, 6, 8]
    assert found.smallest.tolist() == [0, 0, 2, 2, 1, 1]


def test_contributions_of_columns_are_those_of_sdcmicro():
    # Row 1 is alone by a (2! = 2); row 2 by b and by c (2 + 2); row 3 by a with b and by a with c (1 + 1). Of 8: a 4, b 3, c 3.
    found = find({"a": [2, 1, 1], "b": [0, 3, 0], "c": [0, 6, 0]})
    assert found.scores.tolist() == [2, 4, 2]
    assert found.contributions.tolist() == [0.5, 0.375, 0.375]


def test_a_combination_of_two_persons_is_never_unique():
    found = find({"a": [1, 2], "b": [1, 1]}, persons=[2, 1])
    assert found.smallest.tolist() == [0, 1]


def test_nobody_is_special_where_everybody_is_two():
    found = find({"a": [1, 2, 1, 2], "b": [1, 1, 2, 2]}, persons=[2, 2, 2, 2])
    assert not found.scores.any() and not found.contributions.any()
    assert repr(found) == "SpecialUniques(0 lines)"


@pytest.mark.parametrize(("largest", "scores"), [(1, [0, 0, 0, 0]), (2, [1, 1, 1, 1]), (9, [1, 1, 1, 1])])
def test_sets_larger_than_asked_are_not_looked_for(largest, scores):
    # Every pair of values occurs once and every value twice; two columns: ∏ from 2 to 2 of (2 − 2) is left out, so a pair scores 1.
    assert find({"a": [1, 1, 2, 2], "b": [1, 2, 1, 2]}, largest=largest).scores.tolist() == scores


def obvious(rows, columns):
    """Score by trying every set of columns for every row."""
    scores = []
    for row in rows:
        alone = [
            chosen
            for size in range(1, columns + 1)
            for chosen in combinations(range(columns), size)
            if sum(all(other[j] == row[j] for j in chosen) for other in rows) == 1
        ]
        minimal = [chosen for chosen in alone if not any(set(part) < set(chosen) for part in alone)]
        scores.append(float(sum(math.factorial(columns - len(chosen)) for chosen in minimal)))
    return scores


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 2)] * 4), min_size=1, max_size=12))
def test_scores_are_those_of_the_obvious_search(rows):
    distinct = sorted(set(rows))
    persons = np.array([rows.count(row) for row in distinct], dtype=np.int64)
    found = find_special_uniques(np.array(distinct, dtype=np.int32), number_owners(persons), largest=4)
    expected = dict(zip(rows, obvious(rows, 4), strict=True))
    assert found.scores.tolist() == [expected[row] for row in distinct]


def test_lines_of_one_person_are_one_person():
    # Person 0 has the lines (1, 1) and (1, 2): nobody else has a = 1, so a alone tells person 0 apart in both. Person 1 has b = 1 as person
    # 0 does, and alone a = 2.
    codes = np.array([[1, 1], [1, 2], [2, 1]], dtype=np.int32)
    found = find_special_uniques(codes, np.array([0, 0, 1]), largest=2)
    assert found.smallest.tolist() == [1, 1, 1]
    # b = 2 is person 0's alone as well: lines score 1! for a, and the second 1! more for b.
    assert found.scores.tolist() == [1, 2, 1]
    several = find_special_uniques(codes, np.array([0, -1, 1]), largest=2)
    assert several.smallest.tolist() == [2, 0, 1]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.tuples(*[st.integers(0, 2)] * 3)), min_size=1, max_size=14))
def test_persons_of_several_lines_are_those_of_the_obvious_search(rows):
    people = {}
    for person, values in rows:
        people.setdefault(values, set()).add(person)
    distinct = sorted(people)
    owners = np.array([next(iter(people[line])) if len(people[line]) == 1 else -1 for line in distinct])
    found = find_special_uniques(np.array(distinct, dtype=np.int32), owners, largest=3)
    for line, smallest in zip(distinct, found.smallest, strict=True):
        sizes = [
            size
            for size in (1, 2, 3)
            for chosen in combinations(range(3), size)
            if len({person for person, values in rows if all(values[j] == line[j] for j in chosen)}) == 1
        ]
        assert smallest == min(sizes, default=0)


def test_the_search_stays_within_its_bound():
    # 8 columns: 8 + 28 + 56 = 92 sets; 3 columns at most. 100 columns: 100 + 4,950 + 161,700 sets.
    assert choose_largest(1_000_000, 8) == LARGEST == 3
    assert [choose_largest(1000, 8, most_cells=cells) for cells in (92_000, 91_999, 36_000, 35_999, 1)] == [3, 2, 2, 1, 1]
    assert choose_largest(50_000, 100) == 2
    assert choose_largest(10, 2) == 2
    assert choose_largest(10, 0) == 1


def test_disclosure_scores_by_hand():
    # The scores 4, 2, 6, 8 of the book's example with 4 columns: Q = 1 + 4/20 = 1.2; S^Q: 5.278, 2.297, 8.586, 12.126.
    # A = 0.18946 + 0.43528 + 0.11647 + 0.08247 = 0.82368. One pair of persons at 1 of 100: 2·0.99/0.01 = 198.
    # 8: 1/(1 + 198/(12.126·0.82368)) = 0.04802; 2: 1/(1 + 198/(2.297·0.82368)) = 0.00947.
    found = score_disclosure(np.array([0, 0, 4, 2, 6, 8.0]), 4, pairs=2, fraction=0.01)
    assert found.tolist() == pytest.approx([0, 0, 0.02149, 0.00947, 0.03449, 0.04802], abs=1e-5)


def test_whoever_is_alone_is_the_right_person_where_everybody_is_in_the_file():
    assert score_disclosure(np.array([0.0, 3.0]), 4, pairs=6, fraction=1.0).tolist() == [0, 1]
    assert score_disclosure(np.array([0.0, 3.0]), 4, pairs=0, fraction=0.1).tolist() == [0, 1]
    assert score_disclosure(np.zeros(2), 4, pairs=6, fraction=0.5).tolist() == [0, 0]
