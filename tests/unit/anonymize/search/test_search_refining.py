"""Passes over finished classes: only cuts that pay are made. Nearest classes, and persons of few lines, are as slow counts find them."""

import numpy as np
import pytest

from anonymize.classes import Diversity, Memberships, SensitiveCounts
from anonymize.search.clusters import Clusters
from anonymize.search.lines import sum_classes
from anonymize.search.nodes import Gauge
from anonymize.search.patterns import PatternIndex
from anonymize.search.problem import Problem
from anonymize.search.refining import count_work, resplit_classes

PAIRS = [[0, 0, 0], [1, 0, 0], [2, 1, 0], [3, 1, 0]]
TWO = [[0, 0], [1, 0]]


def open_clusters(task, classes, levels):
    return Clusters(Gauge(Problem(task)), np.array(classes, dtype=np.int64), np.array(levels, dtype=np.int8))


def test_a_class_is_cut_where_both_pieces_reach_k(table_of, task_of):
    # k = 2, values 0 … 3 with two rows each. All in one class lose 1 each; four classes of one value lose nothing.
    clusters = open_clusters(task_of(table_of([(0,), (1,), (2,), (3,)], [PAIRS], rows=[2] * 4), 2), [0] * 4, [[2]])
    assert (clusters.loss(), count_work(clusters)) == (1.0, 4)
    found = resplit_classes(clusters)
    assert found.loss() == 0.0
    assert len(set(found.classes.tolist())) == 4
    assert found.failing().tolist() == []


def test_a_piece_that_nobody_completes_is_not_cut_off(table_of, task_of):
    # k = 2. Class 1 holds values 0 and 2, one row each. Cut, value 0 could join class 0's value, but value 2 would be alone.
    table = table_of([(0, 0), (0, 1), (2, 0)], [PAIRS, TWO], rows=[3, 1, 1])
    clusters = open_clusters(task_of(table, 2), [0, 1, 1], [[0, 0], [2, 1]])
    assert resplit_classes(clusters).loss() == pytest.approx(2 / 5)


def test_a_piece_is_completed_by_lines_others_can_spare(table_of, task_of):
    lines, groups = [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0)], [PAIRS, TWO]
    clusters = open_clusters(task_of(table_of(lines, groups, rows=[2, 1, 1, 1, 2]), 2), [0, 0, 0, 1, 1], [[1, 1], [2, 1]])
    # Class 0 (pair 0, both values of the other column): 4 rows at (1/3 + 1) / 2 = 2/3. Class 1 (values 1 and 2): 3 rows at 1.
    assert clusters.loss() == pytest.approx((4 * 2 / 3 + 3) / 7)
    found = resplit_classes(clusters)
    assert found.failing().tolist() == []
    # (2, 0) stands alone, no loss. (1, 1) needs one more of pair 0: class 0 spares (0, 1), 2 × 1/6. The rest of class 0: 3 × 1/6.
    assert found.loss() == pytest.approx(5 / 6 / 7)


def test_a_class_that_can_spare_nobody_is_left_alone(table_of, task_of):
    table = table_of([(0,), (1,), (2,), (3,)], [PAIRS])
    clusters = open_clusters(task_of(table, 2), [0, 0, 1, 1], [[1], [1]])
    found = resplit_classes(clusters)
    assert found.classes.tolist() == [0, 0, 1, 1]
    assert found.levels.tolist() == [[1], [1]]


def test_the_nearest_classes_come_cheapest_first(table_of, task_of):
    # Value 0 (1 row) with value 1 (5 rows): pair, 6 × 1/3 = 2; with value 2 (1 row): all, 2 × 1 = 2; with value 3 (4 rows): 5.
    clusters = open_clusters(task_of(table_of([(0,), (1,), (2,), (3,)], [PAIRS], rows=[1, 5, 1, 4]), 2), [0, 1, 2, 3], [[0]] * 4)
    nobody = np.zeros(4, dtype=np.bool_)
    assert clusters.find_nearest(0, nobody, 8) == ([1, 2, 3], -1)
    assert clusters.find_nearest(0, nobody, 2) == ([1, 2], -1)
    assert clusters.find_nearest(0, np.array([False, True, False, True]), 8)[0] == [2]
    assert clusters.find_nearest(0, ~nobody, 8) == ([], 1)
    assert clusters.union(0, 1).tolist() == [1]
    assert clusters.union(0, 3).tolist() == [2]


def test_beyond_the_coarsest_levels_nobody_is_near(table_of, task_of):
    table = table_of([(0,), (1,), (2,)], [PAIRS], rows=[1, 5, 1])
    clusters = open_clusters(task_of(table, 2, max_levels=np.array([1], np.int8)), [0, 1, 2], [[0]] * 3)
    assert clusters.find_nearest(2, np.zeros(3, dtype=np.bool_), 8) == ([], -1)


def test_members_follow_merges_and_additions(table_of, task_of):
    clusters = open_clusters(task_of(table_of([(0,), (1,), (2,), (3,)], [PAIRS]), 3), [0, 0, 1, -1], [[1], [0]])
    assert not clusters.is_satisfied(0)
    assert clusters.is_satisfied(0, 1)
    (number,) = clusters.add(np.array([3]))
    clusters.merge(1, number, np.array([1], dtype=np.int8))
    assert clusters.classes.tolist() == [0, 0, 2, 2]
    clusters.merge(0, number, np.array([2], dtype=np.int8))
    assert clusters.is_satisfied(number)
    assert clusters.rows.tolist() == [0, 0, 4]


@pytest.mark.parametrize("seed", range(5))
def test_persons_of_few_lines_are_those_of_a_count_of_all(table_of, task_of, seed):
    rng = np.random.default_rng(seed)
    lines = [(a, b) for a in range(4) for b in range(2)]
    members = [np.sort(rng.choice(16, rng.integers(1, 6), replace=False)) for _ in range(9)]
    offsets = np.concatenate(([0], np.cumsum([len(m) for m in members])))
    people = rng.integers(1, 4, 9)
    counts = SensitiveCounts(
        offsets=np.arange(0, 17, 2),
        values=np.tile(np.arange(2, dtype=np.int32), 8),
        persons=np.array([sum(int(n) for m, n in zip(members, people, strict=True) if e in m) for e in range(16)]),
        distinct=2,
        memberships=Memberships(offsets=offsets, combinations=np.concatenate(members), persons=people),
    )
    in_lines = [np.unique(m // 2) for m in members]
    together = Memberships(
        offsets=np.concatenate(([0], np.cumsum([len(m) for m in in_lines]))), combinations=np.concatenate(in_lines), persons=people
    )
    table = table_of(lines, [PAIRS, TWO], memberships=together, sensitive={"s": counts})
    gauge = Gauge(Problem(task_of(table, 2, diversity=(Diversity(column="s", kind="distinct", l=2),))))
    chosen = np.flatnonzero(rng.random(8) < 0.5)
    ids = rng.integers(0, 3, len(chosen)).astype(np.int32)
    everyone = np.full(8, -1, dtype=np.int32)
    everyone[chosen] = ids
    slow, fast = sum_classes(gauge.lines, everyone, 3), PatternIndex(gauge.lines).sum_some(chosen, ids, 3)
    assert fast.persons.tolist() == slow.persons.tolist()
    for name in ("offsets", "values", "persons"):
        assert getattr(fast.sensitive["s"], name).tolist() == getattr(slow.sensitive["s"], name).tolist()
