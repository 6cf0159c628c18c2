"""What the refusal names: for every kind of wish the one whose relaxing is enough, and it is enough."""

import numpy as np
import pytest

from anonymize.classes import Closeness, Diversity, Population, SensitiveCounts
from anonymize.search import find_recoding
from schemas.errors import TargetNotReached

PAIRS = [[0, 0, 0], [1, 0, 0], [2, 1, 0], [3, 1, 0]]
TWO = [[0, 0], [1, 0]]
METHODS = ("global", "local")


def refuse(task):
    with pytest.raises(TargetNotReached) as caught:
        find_recoding(task)
    return caught.value


def secret_of(*values):
    lines = len(values)
    return SensitiveCounts(offsets=np.arange(lines + 1), values=np.array(values, np.int32), persons=np.ones(lines, np.int64), distinct=2)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"diversity": (Diversity(column="disease", kind="distinct", l=3),)}, "lower l of disease to 2"),
        ({"diversity": (Diversity(column="disease", kind="entropy", l=1.9),)}, "lower l of disease to 1.75"),
        (
            {"diversity": (Diversity(column="disease", kind="recursive", l=2, c=2.0),)},
            "relax the model on disease, or drop it from the plan",
        ),
    ],
    ids=["distinct", "entropy", "recursive"],
)
def test_a_diversity_the_whole_file_lacks_is_named(table_of, task_of, method, wish, said):
    # Three of four persons share a disease: 2 values, entropy 0.56 (l = 1.75), and 3 is not below 2 · 1.
    table = table_of([(0,), (1,), (2,), (3,)], [PAIRS], sensitive={"disease": secret_of(0, 0, 0, 1)})
    error = refuse(task_of(table, 2, method=method, **wish))
    assert error.hint.render() == said
    assert error.message.params["failed"] == 4
    find_recoding(task_of(table, 2, method=method))


@pytest.mark.parametrize("method", METHODS)
def test_a_closeness_that_the_levels_do_not_allow_names_the_level_that_would(table_of, task_of, method):
    # Pairs hold one disease each: 1/2 away from the whole. Everybody together is 0 away.
    table = table_of([(0,), (1,), (2,), (3,)], [PAIRS], sensitive={"disease": secret_of(0, 0, 1, 1)})
    low = np.array([1], np.int8)
    wish = (Closeness(column="disease", t=0.4),)
    error = refuse(task_of(table, 2, method=method, closeness=wish, max_levels=low))
    assert error.hint.params["column"] == "column_0"
    assert error.hint.params["level"] == "level 2"
    find_recoding(task_of(table, 2, method=method, closeness=wish))


@pytest.mark.parametrize("method", METHODS)
def test_a_closeness_is_named_where_no_single_column_is_enough(table_of, task_of, method):
    # Two columns that both tell the disease: with one of them lifted the other still does.
    table = table_of([(0, 0), (1, 1)], [TWO, TWO], rows=[2, 2], sensitive={"disease": secret_of(0, 1)})
    low = np.zeros(2, np.int8)
    error = refuse(task_of(table, 2, method=method, closeness=(Closeness(column="disease", t=0.4),), max_levels=low))
    assert error.hint.render() == "raise t of disease to 0.5"
    find_recoding(task_of(table, 2, method=method, closeness=(Closeness(column="disease", t=0.5),), max_levels=low))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("asked", [{"k_map": 9}, {"presence": (0.0, 0.1)}], ids=["k-map", "presence"])
def test_a_population_that_is_too_small_is_named(table_of, task_of, method, asked):
    # Four people in the population, all of them in the file.
    table = table_of([(0,), (1,), (2,), (3,)], [PAIRS])
    groups = (np.array(PAIRS, dtype=np.int32),)
    population = Population(columns=(0,), groups=groups, codes=np.arange(4, dtype=np.int32)[:, None], persons=np.ones(4, np.int64), **asked)
    error = refuse(task_of(table, 2, method=method, population=population))
    expected = {"k_map": 4} if "k_map" in asked else {"low": 0.0, "high": 1.0}
    assert {name: error.hint.params[name] for name in expected} == expected
    find_recoding(task_of(table, 2, method=method))


def test_the_share_that_is_enough_is_named_and_is_enough(table_of, task_of):
    # Value 0 has nine rows, value 1 one, and levels are fixed in both columns: no single column helps.
    table = table_of([(0, 0), (1, 1)], [TWO, TWO], rows=[9, 1])
    low = np.zeros(2, np.int8)
    error = refuse(task_of(table, 2, max_levels=low))
    assert error.hint.params["share"] == pytest.approx(0.1)
    found = find_recoding(task_of(table, 2, max_levels=low, suppression_limit=error.hint.params["share"]))
    assert found.suppressed.tolist() == [False, True]


@pytest.mark.parametrize("method", METHODS)
def test_of_two_columns_the_cheaper_is_named(table_of, task_of, method):
    # Either column lifted is enough; the second costs a third of the first.
    table = table_of([(0, 0), (1, 0), (0, 1), (1, 1)], [TWO, TWO])
    error = refuse(task_of(table, 2, method=method, max_levels=np.zeros(2, np.int8), weights=np.array([3.0, 1.0])))
    assert error.hint.params["column"] == "column_1"


@pytest.mark.parametrize("method", METHODS)
def test_k_beyond_the_file_names_the_k_that_is_enough(table_of, task_of, method):
    table = table_of([(0,), (1,)], [TWO])
    error = refuse(task_of(table, 4, method=method))
    assert error.hint.render() == "lower k to 2"
    find_recoding(task_of(table, 2, method=method))


@pytest.mark.parametrize("method", METHODS)
def test_columns_that_are_enough_together_are_named(table_of, task_of, method):
    # Two persons who differ in the first two columns: both must be lifted, the third tells nothing.
    table = table_of([(0, 0, 0), (1, 1, 0)], [TWO, TWO, TWO])
    error = refuse(task_of(table, 2, method=method, max_levels=np.zeros(3, np.int8)))
    assert error.hint.render() == "allow coarser levels of all these columns: column_0, column_1"
    find_recoding(task_of(table, 2, method=method, max_levels=np.array([1, 1, 0], np.int8)))


@pytest.mark.parametrize("method", METHODS)
def test_a_file_of_one_person_has_no_single_wish_to_relax(table_of, task_of, method):
    error = refuse(task_of(table_of([(0,)], [TWO]), 3, method=method))
    assert error.hint.render() == "relax several wishes of the plan together: no single one is enough, whatever its value"
