"""For all tables: what is shown leaves every small count room (linear programming over all tables with the same visible figures)."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linprog

from schemas.counts import guard_counts

COUNTS = st.sampled_from([0, 0, 1, 2, 8, 9, 10, 11, 17, 40, 300])
MINIMUM = 10


def with_margins(cells):
    whole = np.zeros((cells.shape[0] + 1, cells.shape[1] + 1), dtype=np.int64)
    whole[:-1, :-1] = cells
    whole[:-1, -1] = cells.sum(axis=1)
    whole[-1] = whole[:-1].sum(axis=0)
    return whole


def shown_with_margins(cells):
    shown = guard_counts(cells)
    rows = [[*row, total] for row, total in zip(shown.cells, shown.row_totals, strict=True)]
    return [*rows, [*shown.column_totals, shown.total]]


def ranges(shown):
    """Return {hidden place: (smallest, largest)} that any reader can compute from the visible figures."""
    rows, columns = len(shown), len(shown[0])
    places = [(i, j) for i in range(rows) for j in range(columns) if shown[i][j] is None]
    # Each row and each column: parts minus total = 0.
    lines = [[(i, j) for j in range(columns)] for i in range(rows)] + [[(i, j) for i in range(rows)] for j in range(columns)]
    matrix, right = [], []
    for line in lines:
        signs = [*([1] * (len(line) - 1)), -1]
        matrix.append([sum(s for place, s in zip(line, signs, strict=True) if place == hidden) for hidden in places])
        right.append(-sum(s * shown[i][j] for (i, j), s in zip(line, signs, strict=True) if shown[i][j] is not None))
    found = {}
    for number, place in enumerate(places):
        goal = np.zeros(len(places))
        goal[number] = 1
        low, high = (linprog(sign * goal, A_eq=matrix, b_eq=right, bounds=(0, None)) for sign in (1, -1))
        assert low.status == 0
        found[place] = (low.fun, np.inf if high.status == 3 else -high.fun)
    return found


@settings(max_examples=80, deadline=None)
@given(cells=arrays(np.int64, st.tuples(st.integers(2, 4), st.integers(2, 4)), elements=COUNTS))
def test_no_small_count_can_be_derived(cells):
    whole, shown = with_margins(cells), shown_with_margins(cells)
    possible = ranges(shown)
    for place, count in np.ndenumerate(whole):
        visible = shown[place[0]][place[1]]
        assert visible is None or (visible == count and not 0 < count < MINIMUM)
        if 0 < count < MINIMUM:
            smallest, largest = possible[place]
            assert smallest <= count
            assert largest >= count + MINIMUM - 1 - 1e-6


@settings(max_examples=80, deadline=None)
@given(cells=arrays(np.int64, st.tuples(st.integers(2, 4), st.integers(2, 4)), elements=COUNTS))
def test_no_sum_of_hidden_cells_of_a_line_is_small(cells):
    whole, shown = with_margins(cells), shown_with_margins(cells)
    for lines, counts in ((shown, whole), (list(zip(*shown, strict=True)), whole.T)):
        for line, true in zip(lines, counts, strict=True):
            if line[-1] is not None:
                rest = sum(count for visible, count in zip(line, true, strict=True) if visible is None)
                assert not 0 < rest < MINIMUM


@settings(max_examples=200, deadline=None)
@given(counts=st.lists(COUNTS, max_size=6))
def test_no_small_count_of_a_list_can_be_derived(counts):
    shown = guard_counts(counts)
    hidden = [count for count, visible in zip(counts, shown.cells, strict=True) if visible is None]
    small = [count for count in counts if 0 < count < MINIMUM]
    assert sorted(small) == sorted(count for count in hidden if count < MINIMUM)
    if small and shown.total is not None:
        # The total minus what is visible is the sum of what is hidden.
        assert sum(hidden) - max(small) >= MINIMUM - 1
    if shown.total is None:
        assert small


@settings(max_examples=50, deadline=None)
@given(cells=arrays(np.int64, st.tuples(st.integers(2, 4), st.integers(2, 4)), elements=st.sampled_from([0, 10, 50])))
def test_nothing_is_hidden_without_need(cells):
    assert guard_counts(cells).hidden == 0
