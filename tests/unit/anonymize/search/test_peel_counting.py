"""The peel counts the same cells by a table of keys and by hashing, and exchanges know what lines lose."""

import numpy as np
import pytest

from anonymize.search import find_recoding, peel_state
from anonymize.search.exchange import find_losses
from anonymize.search.local import LocalSearch, find_local
from anonymize.search.nodes import Gauge
from anonymize.search.peel_state import make_peel
from anonymize.search.peeling import crowd_together
from anonymize.search.problem import Problem

TENS = [[v, v // 10, 0] for v in range(60)]
FIVES = [[v, v // 5, 0] for v in range(40)]
PAIR = [[0, 0], [1, 0]]


@pytest.fixture
def table(table_of):
    rng = np.random.default_rng(5)
    lines = np.unique(np.stack([rng.integers(0, 60, 900), rng.integers(0, 40, 900), rng.integers(0, 2, 900)], axis=1), axis=0)
    return table_of(lines.tolist(), [TENS, FIVES, PAIR], rows=rng.integers(1, 4, len(lines)).tolist())


@pytest.mark.parametrize("k", [2, 7, 40])
def test_a_table_of_keys_and_hashing_find_the_same_classes(monkeypatch, table, task_of, k):
    by_table = find_local(task_of(table, k, method="local"))
    # No key fits into the table any more: every node is counted by hashing.
    monkeypatch.setattr(peel_state, "KEYS_PER_LINE", 4)
    monkeypatch.setattr(peel_state, "FEWEST_KEYS", 1)
    monkeypatch.setattr(Problem, "places", lambda self, nodes, places=Problem.places: _without_sizes(places(self, nodes)))
    by_hash = find_local(task_of(table, k, method="local"))
    assert (by_table.levels == by_hash.levels).all()
    assert by_table.search.evaluated == by_hash.search.evaluated


def _without_sizes(places):
    return places._replace(sizes=np.zeros_like(places.sizes))


def test_keys_of_lines_in_canonical_order_ascend_at_the_finest_node(table, task_of):
    problem = Problem(task_of(table, 2))
    place = problem.place((0, 0, 0))
    keys = sum(problem.groups[place.starts[p] + problem.codes[:, p]] * place.factors[p] for p in range(len(problem.packs)))
    assert place.size > keys.max()
    assert (np.diff(keys) > 0).all()


def test_one_place_is_that_of_many(table, task_of):
    problem = Problem(task_of(table, 2))
    nodes = np.array([[0, 0, 0], [1, 2, 0], [2, 2, 1]])
    places = problem.places(nodes)
    for number, node in enumerate(nodes.tolist()):
        one = problem.place(node)
        assert one.starts.tolist() == places.starts[number].tolist()
        assert one.factors.tolist() == places.factors[number].tolist()
        assert (one.wide, one.size) == (False, places.sizes[number])
    assert places.sizes[2] == 1


def test_losses_of_lines_are_those_of_their_nodes(table_of, task_of):
    # Two columns of two values: at the top of one of them a line loses (2 - 1) / (2 - 1) of a half.
    problem = Problem(task_of(table_of([[0, 0], [0, 1], [1, 0]], [PAIR, PAIR]), 2))
    starts = problem.places(np.array([[0, 0], [1, 0], [1, 1]])).starts
    losses = find_losses(problem.flat(problem.codes), starts, np.array([1, 2, -1]))
    assert losses.tolist() == [0.5, 1.0, 0.0]


def test_lines_that_leave_take_their_persons_with_them(table, task_of):
    gauge = Gauge(Problem(task_of(table, 3)))
    problem = gauge.problem
    peel = LocalSearch(gauge, None).start(np.ones(len(problem.rows), dtype=bool))
    assert peel.codes.shape == (len(problem.packs), len(problem.rows))
    assert peel.crowds.sums.sum() % problem.persons.sum() == 0
    crowd_together(problem.flat(problem.codes), peel.crowds, peel.codes, -peel.persons, 3)
    assert not peel.crowds.sums.any()
    assert (peel.crowds.live < 0).all()


def test_only_some_lines_take_part(table, task_of):
    problem = Problem(task_of(table, 3))
    chosen = np.array([1, 4, 7])
    peel = make_peel(problem.flat(problem.codes), None, problem.persons, chosen)
    assert peel.alive.tolist() == chosen.tolist()
    assert peel.persons.tolist() == problem.persons[chosen].tolist()
    assert (peel.codes == problem.codes[chosen].T).all()


@pytest.mark.parametrize("nodes", [0, 2**17])
def test_large_tables_exchange_at_the_fullest_nodes_alone(monkeypatch, table, task_of, nodes):
    from anonymize.search import local, walks

    monkeypatch.setattr(walks, "ENUMERABLE_NODES", nodes)
    monkeypatch.setattr(local, "EXCHANGE_LINES", 1)
    recoding = find_recoding(task_of(table, 5, method="local"))
    assert not recoding.suppressed.any()
