"""Repeated rows by their hashes, against counting with a dictionary."""

import numpy as np
import pytest

from intake.formats.hashes import Repeats


def find_slowly(hashes, numbers):
    known, found = set(), []
    for value, number in zip(hashes, numbers, strict=True):
        found += [number] if value in known else []
        known.add(value)
    return found


def find(parts):
    repeats = Repeats()
    for hashes, numbers in parts:
        repeats.add(np.array(hashes, dtype=np.uint64), np.array(numbers, dtype=np.int64))
    return repeats.find().tolist()


def test_nothing_repeats_in_nothing():
    assert find([]) == []
    assert find([([], [])]) == []
    assert find([([7], [2])]) == []


def test_the_first_row_is_no_repeat_and_every_later_one_is():
    # 5 stands in rows 1, 4 and 9; 6 in rows 2 and 8; rows need not follow one another
    assert find([([5, 6, 1], [1, 2, 3]), ([5, 2, 6, 5], [4, 6, 8, 9])]) == [4, 8, 9]


def test_hashes_that_share_their_last_bits_are_no_repeats():
    # the table of bits looks at the last bits alone
    shared = [place << 40 for place in range(50)]
    assert find([(shared, list(range(50)))]) == []
    assert find([(shared, list(range(50))), ([3 << 40], [60])]) == [60]


@pytest.mark.parametrize("distinct", [10, 2_000, 1 << 40])
def test_as_counting_does(distinct):
    rng = np.random.default_rng(7)
    drawn = rng.integers(0, distinct, 6_000, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    numbers = np.arange(2, 6_002)
    skipped = np.delete(np.arange(2, 3_003), 500)
    parts = [(drawn[:3_000], skipped), (drawn[3_000:], np.arange(3_100, 6_100))]
    assert find(parts) == find_slowly(drawn.tolist(), [*skipped.tolist(), *range(3_100, 6_100)])
    assert find([(drawn, numbers)]) == find_slowly(drawn.tolist(), numbers.tolist())
