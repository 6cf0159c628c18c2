"""The Adult file: optima known from elsewhere, and what the local search must reach."""

import dataclasses

import numpy as np
import pytest

from anonymize.loss import compute_loss
from anonymize.recoding import number_classes
from anonymize.search import find_recoding

pytestmark = pytest.mark.shared_data
CASES = [(k, limit) for k in (2, 5, 10, 100) for limit in (0, 0.05, 1)]


@pytest.mark.parametrize(("k", "limit"), CASES)
def test_the_known_optimum_is_found(adult, adult_reference, task_of, k, limit):
    expected = next(o for o in adult_reference["optima"] if (o["k"], o["suppression_limit"]) == (k, limit))
    task = task_of(adult, k, suppression_limit=limit)
    recoding = find_recoding(task)
    assert recoding.search.optimal
    assert recoding.search.lattice == adult_reference["lattice_nodes"]
    assert recoding.levels[0].tolist() == [expected["levels"][column] for column in adult.columns]
    assert compute_loss(adult, recoding, task.weights) == pytest.approx(expected["loss"], abs=1e-6)
    assert recoding.search.lower_bound == pytest.approx(expected["loss"], abs=1e-6)
    assert adult.rows[recoding.suppressed].sum() == expected["suppressed_rows"]
    sizes = np.bincount(number_classes(adult, recoding)[~recoding.suppressed], weights=adult.persons[~recoding.suppressed])
    assert (len(sizes), sizes.min()) == (expected["classes"], expected["smallest_class"])


@pytest.mark.parametrize(("k", "most"), [(2, 0.0210), (5, 0.0505), (10, 0.0747), (100, 0.188)])
def test_local_recoding_loses_little(adult, task_of, k, most):
    task = task_of(adult, k, method="local")
    recoding = find_recoding(task)
    assert not recoding.suppressed.any()
    assert np.bincount(number_classes(adult, recoding), weights=adult.persons).min() >= k
    assert compute_loss(adult, recoding, task.weights) <= most


@pytest.mark.parametrize("method", ["global", "local"])
def test_the_order_of_lines_changes_nothing(adult, task_of, method):
    order = np.random.default_rng(7).permutation(len(adult.rows))
    shuffled = dataclasses.replace(adult, codes=adult.codes[order], rows=adult.rows[order], persons=adult.persons[order])
    plain = find_recoding(task_of(adult, 10, suppression_limit=0.05, method=method))
    other = find_recoding(task_of(shuffled, 10, suppression_limit=0.05, method=method))
    assert (other.levels == plain.levels[order]).all()
    assert (other.suppressed == plain.suppressed[order]).all()


def test_a_budget_of_nodes_gives_the_best_so_far(adult, task_of):
    task = task_of(adult, 5, suppression_limit=1, budget_nodes=60)
    recoding = find_recoding(task)
    loss = compute_loss(adult, recoding, task.weights)
    assert not recoding.search.optimal
    assert recoding.search.lower_bound <= 0.2277 <= loss < 0.3


def test_blank_cells_lose_far_less_than_whole_rows(adult, task_of):
    task = task_of(adult, 5, method="cells")
    recoding = find_recoding(task)
    tops = np.array([len(levels.level_names) - 1 for levels in adult.levels])
    blank = recoding.levels != recoding.base
    assert not recoding.suppressed.any()
    assert (recoding.levels[blank] == np.broadcast_to(tops, blank.shape)[blank]).all()
    assert np.bincount(number_classes(adult, recoding), weights=adult.persons).min() >= 5
    assert compute_loss(adult, recoding, task.weights) <= 0.090
    assert (adult.rows @ blank).sum() <= 0.08 * adult.total_rows * len(tops)
