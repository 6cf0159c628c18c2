"""Small counts: boundary triples and tables worked out by hand."""

import pytest

from schemas.counts import describe_count, guard_count, guard_counts
from schemas.errors import InternalError


@pytest.mark.parametrize(("count", "shown"), [(0, 0), (1, None), (9, None), (10, 10), (11, 11)])
def test_count_that_stands_alone(count, shown):
    assert guard_count(count) == shown


@pytest.mark.parametrize(("count", "shown"), [(2, None), (3, 3)])
def test_other_minimum(count, shown):
    assert guard_count(count, minimum=3) == shown


def test_words_for_a_hidden_count():
    assert describe_count(None).render() == "fewer than 10, or hidden to protect such a count"
    assert describe_count(12345).render() == "12,345"


@pytest.mark.parametrize(
    ("counts", "cells", "total"),
    [
        ([10, 0, 50], (10, 0, 50), 60),  # nothing small
        ([3, 40, 100], (None, None, 100), 143),  # 143 - 100 = 43 for two: the smallest partner goes with 3
        ([3, 4, 100], (None, None, None), 107),  # 3 and 4 alone would give away 7: a partner goes with them
        ([3, 4, 5, 6], (None,) * 4, 18),  # the others hold 12 beside 6: each could be larger by 9
        ([3, 4, 5], (None,) * 3, None),  # 12 in all leaves 5 only 7 of others: the total goes too
        ([3], (None,), None),
        ([], (), 0),
        ([0, 0], (0, 0), 0),
        ([9, 0, 9, 9], (None, 0, None, None), 27),  # 18 beside 9
        ([9, 9], (None, None), 18),  # 9 beside 9: just enough
        ([9, 8], (None, None), None),  # 8 beside 9: one too few
    ],
)
def test_list_with_its_total(counts, cells, total):
    shown = guard_counts(counts)
    assert (shown.cells, shown.total) == (cells, total)


def test_table_with_margins():
    #   3  20  30 |  53        3 must go. Row and column need a partner each, the partners one in their other line:
    #  40  50  60 | 150        20 (row 1), 40 (column 1) and 50 close the path 3 +d, 20 -d, 50 +d, 40 -d.
    #  15   0  70 |  85        15 instead of 40 would end at the zero or take 70 and 30.
    #  58  70 160 | 288
    shown = guard_counts([[3, 20, 30], [40, 50, 60], [15, 0, 70]])
    assert shown.cells == ((None, None, 30), (None, None, 60), (15, 0, 70))
    assert (shown.row_totals, shown.column_totals, shown.total) == ((53, 150, 85), (58, 70, 160), 288)
    assert shown.hidden == 4


def test_table_of_small_counts_hides_its_totals():
    shown = guard_counts([[1, 0], [0, 2]])
    assert shown.cells == ((None, 0), (0, None))
    assert shown.hidden == 7
    assert shown.total is None
    assert shown.row_totals == (None, None)
    assert shown.column_totals == (None, None)


def test_table_of_one_row_or_column_says_everything_twice():
    row = guard_counts([[3, 40, 100]])
    assert (row.cells, row.row_totals, row.column_totals, row.total) == (((None, None, 100),), (143,), (None, None, 100), 143)
    column = guard_counts([[3], [40], [100]])
    assert (column.cells, column.row_totals, column.column_totals) == (((None,), (None,), (100,)), (None, None, 100), (143,))


def test_nothing_small_leaves_the_table_as_it_is():
    shown = guard_counts([[10, 0], [0, 20]])
    assert shown.to_json() == {"cells": [[10, 0], [0, 20]], "row_totals": [10, 20], "column_totals": [10, 20], "total": 30, "minimum": 10}
    assert guard_counts([3], minimum=1).to_json() == {"cells": [3], "total": 3, "minimum": 1}


@pytest.mark.parametrize("counts", [[-1], [[[1]]], 3])
def test_what_is_not_a_list_or_table_of_counts(counts):
    with pytest.raises(InternalError, match="must be a list or a table"):
        guard_counts(counts)
