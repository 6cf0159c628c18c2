"""First nodes of large lattices: what descents and moves find, what is proven when the budget ends, and how much memory it takes."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from anonymize.loss import compute_loss
from anonymize.search import boxes, find_recoding
from anonymize.search.boxes import BoxSearch
from anonymize.search.dives import Diver, descend, descend_sparingly, move_about
from anonymize.search.nodes import Gauge
from anonymize.search.problem import Problem

ROOT = Path(__file__).parents[4]
PAIRS = [[0, 0, 0], [1, 0, 0], [2, 1, 0], [3, 1, 0]]
TWO = [[0, 0], [1, 0]]
GIB = 2**30

# Prints the loss, the bound and the memory of a search over 5 · 10^16 nodes.
WIDE = """
from anonymize.report import measure_peak_bytes
from dataclasses import replace
from anonymize.loss import compute_loss
from anonymize.search import find_recoding
from bench.search import make_task
from bench.wide import make_wide
table = make_wide(30)
task = replace(make_task(table, 5, 1.0, "global"), budget_nodes=2500)
found = find_recoding(task)
memory = measure_peak_bytes()  # of the process itself, not of the one that started it
print(found.search.lattice, compute_loss(table, found, task.weights), found.search.lower_bound, memory)
"""


@pytest.fixture
def wide(monkeypatch):
    """Files with many columns, as the benchmark generates them."""
    monkeypatch.syspath_prepend(str(ROOT))
    return import_module("bench.wide")


def dive_of(task):
    gauge = Gauge(Problem(task))
    search = BoxSearch(gauge, deadline=None, node_limit=None)
    search.measure(gauge.problem.coarsest, gauge.lines)
    return search, Diver(gauge, search.measure, lambda: search.best, lambda: False)


def test_a_sparing_descent_prefers_what_saves_the_same_for_less(table_of, task_of):
    # k = 2, half of 8 rows may fail. Column 0 has one value in four rows of each pair; column 1 splits into eight single rows at level 0.
    # Lowering column 0 (to pairs: saves 2/3) spends log 2; lowering column 1 from "all" to single values saves 1 and spends log 8.
    single = [[v, 0] for v in range(8)]
    table = table_of([(0, v) if v < 4 else (2, v) for v in range(8)], [PAIRS, single])
    search, diver = dive_of(task_of(table, 2, suppression_limit=0.5))
    descend_sparingly(diver)
    assert search.best.levels == (0, 1)
    assert search.best.failed_rows == 0


def test_a_move_lowers_one_column_and_raises_another(table_of, task_of):
    # Either column can keep its two values, not both; from (0, 1) the dearer second column is lowered while the first is raised.
    table = table_of([(0, 0), (0, 1), (1, 0), (1, 1)], [TWO, TWO])
    task = task_of(table, 2, weights=np.array([1.0, 3.0]))
    search, diver = dive_of(task)
    search.best = None
    search.measure((0, 1), diver.gauge.lines)
    descend(diver)
    assert search.best.levels == (0, 1)
    move_about(diver)
    assert search.best.levels == (1, 0)


@pytest.mark.parametrize("limit", [0.1, 1.0])
def test_dives_come_near_the_optimum(wide, task_of, limit):
    table = wide.make_wide(7, rows=800)
    task = task_of(table, 5, suppression_limit=limit)
    search, diver = dive_of(task)
    descend(diver)
    by_loss = search.best.loss
    descend_sparingly(diver)
    move_about(diver)
    optimum = compute_loss(table, find_recoding(task), task.weights)
    assert optimum - 1e-9 <= search.best.loss <= min(by_loss, 1.02 * optimum)


@pytest.mark.parametrize("nodes", [3, 30, 100, 300, 1000])
def test_the_optimum_lies_between_the_bound_and_the_answer_whenever_the_search_stops(wide, task_of, monkeypatch, nodes):
    monkeypatch.setattr(boxes, "SMALL_LATTICE", 0)
    table = wide.make_wide(6, rows=600)
    optimum = compute_loss(table, find_recoding(task_of(table, 5, suppression_limit=0.3)), np.ones(6))
    found = find_recoding(task_of(table, 5, suppression_limit=0.3, budget_nodes=nodes))
    assert found.search.lower_bound - 1e-9 <= optimum <= compute_loss(table, found, np.ones(6)) + 1e-9
    assert found.search.evaluated <= nodes + 31
    if found.search.optimal:
        assert found.search.lower_bound == pytest.approx(optimum, abs=1e-9)


def test_thirty_columns_are_answered_within_a_gibibyte():
    done = subprocess.run([sys.executable, "-c", WIDE], capture_output=True, text=True, check=True, cwd=ROOT)
    lattice, loss, bound, memory = (float(word) for word in done.stdout.split())
    assert lattice > 1e16
    # A descent by loss alone ends at 0.8527.
    assert bound < loss < 0.779
    assert memory < GIB
