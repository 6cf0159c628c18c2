"""Splits from above: which column is split, who stays together, who is left over, and which start the local search keeps."""

import dataclasses
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from anonymize.classes import Closeness, SensitiveCounts
from anonymize.loss import compute_loss
from anonymize.recoding import number_classes
from anonymize.search import find_recoding, local
from anonymize.search.nodes import Gauge
from anonymize.search.problem import Problem
from anonymize.search.splits import Ground, split_classes, split_lines
from anonymize.search.walks import plant_trees

PAIRS = [[0, 0, 0], [1, 0, 0], [2, 1, 0], [3, 1, 0]]
TWO = [[0, 0], [1, 0]]


@pytest.fixture
def wide(monkeypatch):
    """Files with many columns, as the benchmark generates them."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[4]))
    return import_module("bench.wide")


def split(task, k):
    problem = Problem(task)
    return split_lines(Ground(plant_trees(problem), problem.rows, problem.persons), np.arange(len(problem.rows)), k)


def test_every_part_that_reaches_k_stands_alone(table_of, task_of):
    # k = 2, two rows of each value: four classes of one value.
    classes, levels = split(task_of(table_of([(0,), (1,), (2,), (3,)], [PAIRS], rows=[2] * 4), 2), 2)
    assert len(set(classes.tolist())) == 4
    assert levels.tolist() == [[0]] * 4


def test_parts_below_k_stay_together_where_they_reach_it_and_wait_where_they_do_not(table_of, task_of):
    # k = 2. Single values: value 0 alone reaches 2; 1, 2, 3 (one row each) stay together, and are then split into pairs: 2 and 3 stand at
    # level 1, value 1 is left over.
    classes, levels = split(task_of(table_of([(0,), (1,), (2,), (3,)], [PAIRS], rows=[2, 1, 1, 1]), 2), 2)
    at = [levels[c].tolist() if c >= 0 else None for c in classes]
    assert at == [[0], None, [1], [1]]
    assert classes[2] == classes[3]


def test_the_column_is_split_that_saves_most_for_what_it_spends(table_of, task_of):
    # k = 2. Either column splits the four lines into two halves, which is all there is to spend; the second weighs three times as much.
    table = table_of([(0, 0), (0, 1), (1, 0), (1, 1)], [TWO, TWO])
    _, levels = split(task_of(table, 2, weights=np.array([1.0, 3.0])), 2)
    assert levels.tolist() == [[1, 0], [1, 0]]
    _, levels = split(task_of(table, 2, weights=np.array([3.0, 1.0])), 2)
    assert levels.tolist() == [[0, 1], [0, 1]]


def test_levels_stay_within_their_limits(table_of, task_of):
    table = table_of([(0,), (1,), (2,), (3,)], [PAIRS], rows=[2] * 4)
    low, high = np.array([1], np.int8), np.array([1], np.int8)
    problem = Problem(task_of(table, 2, min_levels=low, max_levels=np.array([2], np.int8)))
    _, levels = split_lines(Ground(plant_trees(problem), problem.rows, problem.persons), np.arange(4), 2)
    assert levels.tolist() == [[1], [1]]
    clusters, _ = split_classes(Gauge(Problem(task_of(table, 4, max_levels=high))), np.ones(4, np.bool_), lambda: False)
    assert clusters.levels.tolist() == [[1], [1]]
    nobody, _ = split_classes(Gauge(Problem(task_of(table, 8, max_levels=high))), np.ones(4, np.bool_), lambda: False)
    assert nobody.classes.tolist() == [-1] * 4


def test_a_model_is_met_by_larger_classes(table_of, task_of):
    # Values 0 and 1 have one disease, 2 and 3 another; t = 0.1 asks for both in equal parts: only everybody together is close.
    counts = SensitiveCounts(offsets=np.arange(5), values=np.array([0, 0, 1, 1], np.int32), persons=np.array([2] * 4), distinct=2)
    table = table_of([(0,), (1,), (2,), (3,)], [PAIRS], rows=[2] * 4, sensitive={"disease": counts})
    gauge = Gauge(Problem(task_of(table, 2, closeness=(Closeness(column="disease", t=0.1),))))
    clusters, _ = split_classes(gauge, np.ones(4, np.bool_), lambda: False)
    assert clusters.levels.tolist() == [[2]]
    assert clusters.classes.tolist() == [0] * 4


@pytest.mark.parametrize("k", [5, 50])
def test_wide_files_lose_less_than_mondrian(wide, task_of, k):
    table = wide.make_wide(16, rows=3000)
    task = task_of(table, k, method="local")
    recoding = find_recoding(task)
    assert recoding.search.lattice > local.WALKABLE_NODES
    assert np.bincount(number_classes(table, recoding), weights=table.persons).min() >= k
    assert compute_loss(table, recoding, task.weights) < 0.85 * wide.split_all(table, k)


def test_the_better_of_two_starts_is_kept(wide, task_of, monkeypatch):
    table = wide.make_wide(7, rows=1500)
    task = task_of(table, 5, method="local")
    monkeypatch.setattr(local, "is_enumerable", lambda _problem: False)
    losses = {}
    for name, most in (("both", 10**6), ("split", 0)):
        monkeypatch.setattr(local, "WALKABLE_NODES", most)
        losses[name] = compute_loss(table, find_recoding(task), task.weights)
    # A walk alone: the other start answers the same.
    monkeypatch.setattr(local, "WALKABLE_NODES", 10**6)
    monkeypatch.setattr(local.LocalSearch, "split", local.LocalSearch.find_classes)
    losses["walk"] = compute_loss(table, find_recoding(task), task.weights)
    assert losses["walk"] != losses["split"]
    assert losses["both"] == pytest.approx(min(losses["walk"], losses["split"]), abs=1e-12)


def test_lines_that_the_coarsest_level_keeps_apart_never_meet(table_of, task_of):
    # At most pairs in the first column: 0 and 1, 2 and 3. The last pair has two rows, too few for k = 3.
    table = table_of([(0, 0), (1, 1), (2, 0), (3, 1)], [PAIRS, TWO], rows=[2, 2, 1, 1])
    task = task_of(table, 3, max_levels=np.array([1, 1], np.int8))
    classes, levels = split(task, 3)
    assert classes.tolist() == [0, 0, -1, -1]
    assert levels.tolist() == [[1, 1]]
    apart = task_of(table_of([(0, 0), (1, 1), (2, 0), (3, 1)], [PAIRS, TWO], rows=[2, 2, 2, 2]), 3, max_levels=np.array([1, 1], np.int8))
    recoding = find_recoding(dataclasses.replace(apart, method="local"))
    assert number_classes(apart.table, recoding).tolist() == [0, 0, 1, 1]
