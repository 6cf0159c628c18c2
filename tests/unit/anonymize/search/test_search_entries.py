"""Sensitive values per class, against dictionaries."""

from collections import Counter

import numpy as np
import pytest

from anonymize.classes import SensitiveCounts
from anonymize.search.entries import Entries, take_entries
from anonymize.search.lines import sum_sensitive


@pytest.mark.parametrize("distinct", [3, 40, 3000], ids=["few values", "many in a class", "few of many in a class"])
@pytest.mark.parametrize("classes", [1, 7, 90, 2000])
def test_values_are_added_per_class(distinct, classes):
    rng = np.random.default_rng(distinct + classes)
    cells = [np.sort(rng.choice(distinct, rng.integers(0, min(distinct, 9) + 1), replace=False)) for _ in range(200)]
    counts = SensitiveCounts(
        offsets=np.cumsum([0] + [len(cell) for cell in cells]),
        values=np.concatenate(cells).astype(np.int32),
        persons=rng.integers(1, 5, sum(len(cell) for cell in cells)),
        distinct=distinct,
        missing=1,
    )
    ids = rng.integers(-1, classes, 200).astype(np.int32)
    expected = [Counter() for _ in range(classes)]
    for e, line in enumerate(np.repeat(np.arange(200), np.diff(counts.offsets))):
        if ids[line] >= 0:
            expected[ids[line]][int(counts.values[e])] += int(counts.persons[e])
    found = sum_sensitive(counts, ids, classes)
    pairs = [list(zip(found.values[a:b].tolist(), found.persons[a:b].tolist(), strict=True)) for a, b in ends_of(found)]
    assert pairs == [sorted(counter.items()) for counter in expected]
    assert (found.distinct, found.missing, found.memberships) == (distinct, 1, None)


def ends_of(counts):
    return list(zip(counts.offsets[:-1].tolist(), counts.offsets[1:].tolist(), strict=True))


def test_nothing_to_add_gives_empty_classes():
    empty = SensitiveCounts(offsets=np.array([0, 0]), values=np.empty(0, np.int32), persons=np.empty(0, np.int64), distinct=2)
    found = sum_sensitive(empty, np.zeros(1, np.int32), 3)
    assert found.offsets.tolist() == [0, 0, 0, 0]
    assert len(found.values) == 0


def test_entries_of_some_lines_come_in_the_order_asked_for():
    entries = Entries(np.array([0, 2, 2, 3]), np.array([0, 4, 1], dtype=np.int32), np.array([7, 8, 9]))
    found = take_entries(entries, np.array([2, 1, 0, 2]))
    assert (found.offsets.tolist(), found.values.tolist(), found.persons.tolist()) == ([0, 1, 1, 3, 4], [1, 0, 4, 1], [9, 7, 8, 9])
