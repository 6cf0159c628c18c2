"""Formulas of utility against tables small enough for hands."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from anonymize.risk.utility.measures import (
    chance_information,
    entropy,
    hellinger,
    information_kept,
    mutual_information,
    share_out,
    total_variation,
)

WEIGHTS = st.lists(st.integers(0, 50), min_size=3, max_size=3).map(lambda cells: np.array(cells, dtype=float))


def test_distances_of_two_small_distributions() -> None:
    # (1/2, 1/2) and (1, 0): |1/2 - 1| + |1/2 - 0| = 1, half of it 1/2; sqrt(1 - sqrt(1/2)) = 0.5412.
    first, second = np.array([5.0, 5.0]), np.array([3.0, 0.0])
    assert total_variation(first, second) == pytest.approx(0.5)
    assert hellinger(first, second) == pytest.approx(math.sqrt(1 - math.sqrt(0.5)))


def test_nothing_in_common_is_one_and_nothing_at_all_is_equal() -> None:
    none = np.zeros(2)
    assert total_variation(np.array([1.0, 0.0]), np.array([0.0, 4.0])) == hellinger(np.array([1.0, 0.0]), np.array([0.0, 4.0])) == 1.0
    assert total_variation(none, none) == 0.0
    assert total_variation(none, np.ones(2)) == 1.0


@given(WEIGHTS, WEIGHTS)
def test_distances_are_symmetric_bounded_and_ordered(first: np.ndarray, second: np.ndarray) -> None:
    # H² ≤ TV ≤ sqrt(2) H (L. Le Cam, 1986).
    variation, distance = total_variation(first, second), hellinger(first, second)
    assert variation == pytest.approx(total_variation(second, first))
    assert 0 <= distance**2 <= variation + 1e-6
    assert variation <= math.sqrt(2) * distance + 1e-6


def test_entropy_of_shares_of_a_half_and_two_quarters_is_one_and_a_half_bits() -> None:
    # 1/2 · 1 + 2 · 1/4 · 2 = 1.5
    assert entropy(np.array([2.0, 1.0, 1.0])) == pytest.approx(1.5)
    assert entropy(np.zeros(3)) == 0.0


def test_mutual_information_of_equal_and_of_independent_columns() -> None:
    assert mutual_information(np.eye(4)) == pytest.approx(2.0)
    assert mutual_information(np.outer([1.0, 3.0], [2.0, 2.0])) == pytest.approx(0.0, abs=1e-12)
    # (2 - 1)(2 - 1) / (2 · 100 · ln 2) = 0.00721
    assert chance_information(np.ones((2, 2)), 100) == pytest.approx(0.00721, abs=1e-5)


def stands_for(*labels: list[int]) -> csr_array:
    return csr_array(np.array(labels, dtype=float))


def test_information_kept_by_halves_is_half_and_by_all_is_nothing() -> None:
    # Four values alike: 2 bits. Pairs leave 1 bit unknown: 1 - 1/2. "All" leaves 2: 0. The values themselves: 1.
    before = np.ones(4)
    assert information_kept(before, np.array([2.0, 2.0]), stands_for([1, 1, 0, 0], [0, 0, 1, 1])) == pytest.approx(0.5)
    assert information_kept(before, np.array([4.0]), stands_for([1, 1, 1, 1])) == pytest.approx(0.0)
    assert information_kept(before, before, csr_array(np.eye(4))) == pytest.approx(1.0)


def test_information_of_mixed_levels_is_the_mean_over_rows() -> None:
    # Two of four rows are released as they are (0 bits unknown), two as "all" (2 bits): 1 - (2 · 2 / 4) / 2 = 0.5.
    members = stands_for([1, 0, 0, 0], [0, 1, 0, 0], [1, 1, 1, 1])
    assert information_kept(np.ones(4), np.array([1.0, 1.0, 2.0]), members) == pytest.approx(0.5)


def test_a_column_of_one_value_keeps_all_and_an_empty_release_nothing() -> None:
    assert information_kept(np.array([9.0]), np.array([9.0]), stands_for([1])) == 1.0
    assert information_kept(np.array([9.0, 1.0]), np.array([0.0]), stands_for([1, 1])) == 0.0


def test_a_blank_cell_is_spread_as_the_others_are() -> None:
    # 30 rows say a, 10 say b, 8 are blank: the blank ones are 3 : 1, as the likelihood of (a, b) = (3/4, 1/4) is highest.
    spread = share_out(np.array([30.0, 10.0, 8.0]), stands_for([1, 0], [0, 1], [1, 1])).toarray()
    assert spread[2] == pytest.approx([0.75, 0.25], abs=1e-6)


def test_bands_without_finer_rows_are_spread_evenly() -> None:
    spread = share_out(np.array([7.0, 3.0]), stands_for([1, 1, 0, 0], [0, 0, 1, 1])).toarray()
    assert spread == pytest.approx(np.array([[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]]))


@given(st.lists(st.integers(0, 30), min_size=4, max_size=4))
def test_every_label_is_shared_out_wholly(rows: list[int]) -> None:
    members = stands_for([1, 0, 0], [0, 1, 1], [1, 1, 1], [0, 0, 1])
    spread = share_out(np.array(rows, dtype=float), members).toarray()
    assert spread.sum(axis=1) == pytest.approx(np.ones(4))
    assert not spread[members.toarray() == 0].any()
