"""Counts, shares and means of groups, original against release, on tables for hands."""

import numpy as np
import pytest

from anonymize.risk.utility.analyses import compare_counts, compare_means, compare_shares, count_groups
from anonymize.risk.utility.grids import Grid


def grid(name, original, released, weights, **more):
    weights = np.array(weights, dtype=float)
    codes = (np.array(original, dtype=np.int64), np.array(released, dtype=np.int64))
    return Grid(name=name, groups=weights.shape[1], original=codes[0], released=codes[1], weights=weights, kept=None, **more)


# Two areas of two rows each. The release tells the area of the first three rows; the fourth is blank: half in each.
AREA = grid("area", [0, 0, 1, 1], [0, 0, 1, 2], [[1, 0], [0, 1], [0.5, 0.5]])
COST = grid("cost", [0] * 4, [0] * 4, [[1]], numbers=(np.array([10.0, 20.0, 30.0, 50.0]), np.array([10.0, 20.0, 30.0, 50.0])))
ILL = grid("ill", [0, 1, 0, 0], [0, 1, 0, 0], np.eye(2), sensitive=True)


def test_rows_of_a_blank_cell_are_shared_out():
    before, after = count_groups([AREA])
    assert before.tolist() == [2, 2]
    assert after.tolist() == [2.5, 1.5]
    _, pairs = count_groups([AREA, ILL])
    assert pairs.tolist() == [[1.5, 1], [1.5, 0]]


def test_three_columns_are_the_product_of_their_weights():
    _, after = count_groups([AREA, ILL, AREA])
    assert after.shape == (2, 2, 2)
    assert after[0, 0, 1] == pytest.approx(0.25)
    assert after.sum() == pytest.approx(4)


def test_error_of_means():
    # True means 15 and 40. Released: (10 + 20 + 25) / 2.5 = 22 and (30 + 25) / 1.5 = 36.67. Errors 7 and 3.33, over 2 rows each:
    # (14 + 6.67) / (30 + 80) = 0.1879. With the mean of all, 27.5: (25 + 25) / 110 = 0.4545.
    found = compare_means(COST, [AREA], 1, planned=True)
    assert found.error == pytest.approx(20.6667 / 110, abs=1e-5)
    assert found.baseline == pytest.approx(50 / 110)
    assert (found.groups, found.planned) == (2, True)


def test_error_of_shares():
    # Ill in area 0: 1/2, released 1 / 2.5: apart by 0.1; in area 1: 0 and 0: 0. Mean over 2 + 2 rows: 0.05.
    # Baseline: the whole file's 1/4: 0.25 and 0.25.
    found = compare_shares(ILL, [AREA], 1, planned=False)
    assert found.error == pytest.approx(0.05)
    assert found.baseline == pytest.approx(0.25)


def test_error_of_counts():
    # Shares (1/2, 1/2) and (5/8, 3/8): apart by 1/8. One column alone knows itself: 0.
    found = compare_counts([AREA], planned=True)
    assert found.error == pytest.approx(1 / 8)
    assert found.baseline == pytest.approx(0.0)


@pytest.mark.parametrize(("least", "groups"), [(1, 2), (2, 2), (3, 0)])
def test_groups_below_the_minimum_are_not_compared(least, groups):
    found = compare_means(COST, [AREA], least, planned=False)
    assert found.groups == groups
    assert (found.error is None) == (groups == 0)
    assert compare_shares(ILL, [AREA], least, planned=False).groups == groups


def test_the_mean_of_what_is_no_number_cannot_be_compared():
    assert compare_means(ILL, [AREA], 1, planned=True).error is None


def test_a_release_that_says_all_is_exact():
    whole = grid("area", [0, 0, 1, 1], [0, 0, 1, 1], np.eye(2))
    assert compare_means(COST, [whole], 1, planned=False).error == 0
    assert compare_counts([whole, ILL], planned=False).error == 0
    assert compare_shares(ILL, [whole], 1, planned=False).error == 0
