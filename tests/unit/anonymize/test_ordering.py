"""Rows of small numbers in order, whether they fit into one word, several, or none."""

import numpy as np
import pytest

from anonymize.ordering import WORD_VALUES, number_present, pack_rows, sort_rows


def test_rows_are_sorted_first_column_first():
    codes = np.array([[1, 0], [0, 2], [0, 1], [1, 0]], dtype=np.int32)
    # As two-digit numbers to base 3: 3, 2, 1, 3.
    assert pack_rows(codes)[0].tolist() == [3, 2, 1, 3]
    assert sort_rows(codes).tolist() == [2, 1, 0, 3]


@pytest.mark.parametrize(("widest", "words"), [((1 << 31) - 1, 1), (1 << 31, 2)])
def test_a_second_word_begins_where_the_first_is_full(widest, words):
    # Two columns of 2^31 values make 2^62 numbers, which one word still holds.
    codes = np.array([[widest, 0], [0, (1 << 31) - 1], [0, 0], [widest, (1 << 31) - 1]], dtype=np.int64)
    assert WORD_VALUES == 1 << 62
    assert len(pack_rows(codes)) == words
    assert sort_rows(codes).tolist() == [2, 1, 0, 3]


@pytest.mark.parametrize("columns", [0, 1, 4, 30])
def test_any_width_is_sorted_as_numpy_sorts_it(columns):
    rng = np.random.default_rng(columns)
    codes = rng.integers(0, 9, (400, columns)).astype(np.int32)
    expected = np.lexsort(codes.T[::-1]) if columns else np.arange(400)
    assert sort_rows(codes).tolist() == expected.tolist()
    assert len(pack_rows(codes)) == {0: 0, 1: 1, 4: 1, 30: 2}[columns]


def test_no_rows_have_an_order():
    assert sort_rows(np.empty((0, 3), dtype=np.int32)).tolist() == []


def test_present_numbers_and_their_places():
    present, places = number_present(np.array([7, 2, 7, 0]), 9)
    assert (present.tolist(), places.tolist()) == ([0, 2, 7], [2, 1, 2, 0])


def test_rows_in_order_stay_where_they_are():
    codes = np.array([[0, 1], [0, 1], [1, 0], [2, 5]])
    assert sort_rows(codes).tolist() == [0, 1, 2, 3]
