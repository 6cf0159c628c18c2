"""Minimal sample uniques: published examples, hand-computed tables, and a slow obvious search."""

import math
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymize.risk.special_uniques import find_special_uniques


def find(table, *, persons=None, largest=None):
    """Search a table given as columns of any values."""
    codes = np.column_stack([pd.factorize(pd.Series(values))[0] for values in table.values()]).astype(np.int32)
    counts = np.ones(len(codes), dtype=np.int64) if persons is None else np.array(persons, dtype=np.int64)
    return find_special_uniques(codes, counts, largest=largest or codes.shape[1])


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
    found = find_special_uniques(np.array(distinct, dtype=np.int32), persons, largest=4)
    expected = dict(zip(rows, obvious(rows, 4), strict=True))
    assert found.scores.tolist() == [expected[row] for row in distinct]
