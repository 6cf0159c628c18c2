"""Searches on tables small enough to solve on paper."""

import numpy as np
import pytest

from anonymize.classes import Memberships, SensitiveCounts
from anonymize.loss import compute_loss
from anonymize.recoding import Recoding, SearchRecord, number_classes, released_cells
from anonymize.search import find_recoding
from anonymize.search.lines import group_lines
from anonymize.search.problem import Problem
from schemas.errors import PlanError, TargetNotReached
from schemas.plan_models import Diversity

PAIRS = [[0, 0, 0], [1, 0, 0], [2, 1, 0], [3, 1, 0]]
TWO = [[0, 0], [1, 0]]
RECORD = SearchRecord(lattice=1, evaluated=1, optimal=True, lower_bound=0.0, seconds=0.0)


def recode(method, levels, suppressed):
    return Recoding(method=method, levels=np.array(levels, np.int8), suppressed=np.array(suppressed), search=RECORD)


def test_loss_is_the_weighted_mean_of_cells(table_of):
    # Rows 1 and 3. Line 0 at levels (1, 0): 1/3 and 0, weights 3 : 1 → 1/4. Line 1 suppressed: 1. (1 × 1/4 + 3 × 1) / 4 = 0.8125.
    table = table_of([(0, 0), (3, 1)], [PAIRS, TWO], rows=[1, 3])
    recoding = recode("local", [[1, 0], [0, 0]], [False, True])
    assert compute_loss(table, recoding, np.array([3.0, 1.0])) == pytest.approx(0.8125)


def test_the_same_group_at_another_level_is_another_class(table_of):
    table = table_of([(0,), (1,), (2,)], [[[0, 0, 0], [1, 0, 0], [2, 1, 0]]])
    recoding = recode("local", [[1], [1], [0]], [False] * 3)
    assert number_classes(table, recoding).tolist() == [1, 1, 0]
    assert released_cells(table, np.array([1], np.int8)).ravel().tolist() == [3, 3, 4]


def test_global_search_suppresses_what_fails(table_of, task_of):
    # k = 2. As they are, only line 0 has 2 persons: 3 of 5 rows fail. In pairs (loss 1/3): both classes hold, 2 + 1 and 1 + 1.
    table = table_of([(0,), (1,), (2,), (3,)], [PAIRS], rows=[2, 1, 1, 1])
    recoding = find_recoding(task_of(table, 2, suppression_limit=1))
    assert recoding.levels.tolist() == [[1]] * 4
    assert not recoding.suppressed.any()
    assert recoding.search.lower_bound == pytest.approx(1 / 3)


def test_local_search_moves_only_what_must(table_of, task_of):
    # k = 2: value 0 (2 rows) stays as it is at no loss; values 2 and 3 become their pair; value 1 must join a class.
    table = table_of([(0,), (1,), (2,), (3,)], [PAIRS], rows=[2, 1, 1, 1])
    recoding = find_recoding(task_of(table, 2, method="local"))
    # Joining value 0 in the pair costs 3 × 1/3; two lines at 1/3 each besides: 5/3 over 5 rows.
    assert compute_loss(table, recoding, np.ones(1)) == pytest.approx(1 / 3)
    alone = find_recoding(task_of(table_of([(0,), (2,), (3,)], [PAIRS], rows=[2, 1, 1]), 2, method="local"))
    assert alone.levels.tolist() == [[0], [1], [1]]


def test_equal_losses_are_settled_by_the_smaller_levels(table_of, task_of):
    # Two equal columns: raising either is enough. The first column keeps its values.
    table = table_of([(0, 0), (1, 1)], [TWO, TWO], rows=[1, 1])
    table = table_of([(0, 0), (0, 1), (1, 0), (1, 1)], [TWO, TWO])
    recoding = find_recoding(task_of(table, 2))
    assert recoding.levels[0].tolist() == [0, 1]


def test_limits_on_levels_are_kept(table_of, task_of):
    table = table_of([(0, 0), (0, 1), (1, 0), (1, 1)], [TWO, TWO])
    finest = find_recoding(task_of(table, 2, min_levels=np.array([1, 0], np.int8)))
    assert finest.levels[0].tolist() == [1, 0]
    coarsest = find_recoding(task_of(table, 2, max_levels=np.array([1, 0], np.int8)))
    assert coarsest.levels[0].tolist() == [1, 0]


def test_weights_turn_the_choice(table_of, task_of):
    table = table_of([(0, 0), (0, 1), (1, 0), (1, 1)], [TWO, TWO])
    assert find_recoding(task_of(table, 2, weights=np.array([1.0, 2.0]))).levels[0].tolist() == [1, 0]


@pytest.mark.parametrize("method", ["global", "local"])
def test_persons_in_two_classes_are_counted_once(table_of, task_of, method):
    # Two persons, each in both lines: sums say 4, there are 2.
    members = Memberships(offsets=np.array([0, 2]), combinations=np.array([0, 1]), persons=np.array([2]))
    table = table_of([(0,), (1,)], [TWO], rows=[2, 2], memberships=members, total_persons=2)
    assert find_recoding(task_of(table, 2, method=method)).levels.tolist() == [[0], [0]]
    with pytest.raises(TargetNotReached):
        find_recoding(task_of(table, 3, method=method))


@pytest.mark.parametrize("method", ["global", "local"])
def test_the_cheapest_column_to_relax_is_named(table_of, task_of, method):
    table = table_of([(0, 0), (1, 0), (2, 1), (3, 1)], [PAIRS, TWO])
    with pytest.raises(TargetNotReached) as caught:
        find_recoding(task_of(table, 2, max_levels=np.array([0, 1], np.int8), method=method))
    assert caught.value.message.params == {"failed": 4, "rows": 4, "limit": 0, "column": "column_0", "level": "level 1"}
    assert caught.value.hint.render() == "allow column_0 up to level level 1"


def test_a_model_that_fails_alone_is_named(table_of, task_of):
    secret = SensitiveCounts(offsets=np.array([0, 1, 2]), values=np.array([0, 0], np.int32), persons=np.array([1, 1]), distinct=1)
    table = table_of([(0,), (1,)], [TWO], sensitive={"disease": secret})
    with pytest.raises(TargetNotReached, match="2 of 2 rows") as caught:
        find_recoding(task_of(table, 2, diversity=(Diversity(column="disease", kind="distinct", l=2),)))
    assert caught.value.hint.params["column"] == "disease"


def test_a_share_that_would_be_enough_is_named(table_of, task_of):
    levels = np.zeros(1, np.int8)
    table = table_of([(0,), (1,)], [TWO], rows=[9, 1])
    one_level = task_of(table, 2, max_levels=levels)
    # Raising the column to its top would be enough too, and comes first.
    with pytest.raises(TargetNotReached, match="1 of 10") as caught:
        find_recoding(one_level)
    assert caught.value.hint.params["column"] == "column_0"
    with pytest.raises(TargetNotReached) as caught:
        find_recoding(task_of(table, 11))
    assert "lower k" in caught.value.hint.render()


@pytest.mark.parametrize(
    "wishes",
    [
        {"max_levels": np.array([9], np.int8)},
        {"min_levels": np.array([2], np.int8), "max_levels": np.array([1], np.int8)},
        {"weights": np.array([0.0])},
        {"suppression_limit": 1.5},
        {"diversity": (Diversity(column="nowhere", kind="distinct", l=2),)},
    ],
    ids=["level too high", "levels crossed", "weight", "limit", "column"],
)
def test_a_task_that_contradicts_its_table_is_refused(table_of, task_of, wishes):
    with pytest.raises(PlanError):
        find_recoding(task_of(table_of([(0,), (1,)], [PAIRS]), 1, **wishes))


@pytest.mark.parametrize("method", ["global", "local"])
def test_an_empty_table_stays_empty(table_of, task_of, method):
    recoding = find_recoding(task_of(table_of([], [TWO]), 5, method=method))
    assert recoding.levels.shape == (0, 1)
    assert recoding.suppressed.shape == (0,)


def test_a_key_wider_than_a_word_groups_exactly(table_of, task_of):
    # Thirty columns of 40 values: 40^30 keys. Grouping must agree with the columns themselves.
    values = 40
    hierarchy = [[v, v // 4, 0] for v in range(values)]
    lines = np.unique(np.random.default_rng(3).integers(0, values, (3000, 30)), axis=0)
    lines[1::2, :29] = lines[::2, :29]
    problem = Problem(task_of(table_of(lines.tolist(), [hierarchy] * 30), 2))
    assert problem.place(problem.finest).wide
    nodes = np.array([problem.finest, (1,) * 30, problem.coarsest])
    for levels in nodes.tolist():
        ids, firsts = group_lines(problem, np.arange(len(lines), dtype=np.int32), levels)
        cells = problem.values if levels[0] == 0 else problem.values // 4 if levels[0] == 1 else problem.values * 0
        _, expected = np.unique(cells, axis=0, return_inverse=True)
        assert len(firsts) == expected.max() + 1
        assert len(set(zip(ids.tolist(), expected.reshape(-1).tolist(), strict=True))) == len(firsts)


@pytest.mark.parametrize("method", ["global", "local"])
def test_a_lattice_of_billions_of_nodes_is_searched_within_its_budget(table_of, task_of, method):
    # Twenty columns of three levels each: 3^20 = 3.5 billion nodes.
    rng = np.random.default_rng(5)
    towns = rng.integers(0, 4, (400, 1))
    lines = np.unique(np.where(rng.random((400, 20)) < 0.8, towns, rng.integers(0, 4, (400, 20))), axis=0)
    table = table_of(lines.tolist(), [PAIRS] * 20)
    task = task_of(table, 3, suppression_limit=0.2, method=method, budget_nodes=300)
    recoding = find_recoding(task)
    assert recoding.search.lattice == 3**20
    kept = ~recoding.suppressed
    assert np.bincount(number_classes(table, recoding)[kept], weights=table.persons[kept]).min() >= 3
    assert recoding.search.lower_bound <= compute_loss(table, recoding, task.weights) < 1.0
