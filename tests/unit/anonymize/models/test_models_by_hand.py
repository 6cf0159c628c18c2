"""Models on counts small enough to compute by hand, with the published examples."""

import numpy as np
import pytest

from anonymize.classes import SensitiveCounts
from anonymize.models.closeness import CloseValues, measure_distances, whole_distribution
from anonymize.models.diversity import DiverseValues, count_distinct_values, effective_values, recursive_ratio
from anonymize.models.k import AtLeastPersons
from anonymize.models.requirement import ClassSums, Every
from schemas.hierarchies import LevelTable
from schemas.plan_models import Closeness, Diversity


def counts_of(*classes, distinct, levels=None):
    """Each class: value → persons."""
    return SensitiveCounts(
        offsets=np.cumsum([0] + [len(c) for c in classes]).astype(np.int64),
        values=np.array([v for c in classes for v in sorted(c)], dtype=np.int32),
        persons=np.array([c[v] for c in classes for v in sorted(c)], dtype=np.int64),
        distinct=distinct,
        levels=levels,
    )


def sums_of(counts, persons=None):
    sizes = np.array([1] * (len(counts.offsets) - 1) if persons is None else persons, dtype=np.int64)
    return ClassSums(persons=sizes, sensitive={"secret": counts})


@pytest.mark.parametrize(("k", "expected"), [(4, [False, True]), (5, [False, True]), (6, [False, False])])
def test_k_counts_persons(k, expected):
    assert AtLeastPersons(k).satisfied(ClassSums(persons=np.array([3, 5]), sensitive={})).tolist() == expected


def test_distinct_diversity_counts_values():
    counts = counts_of({0: 3}, {0: 1, 2: 1}, {}, distinct=3)
    assert count_distinct_values(counts).tolist() == [1, 2, 0]
    assert DiverseValues(Diversity(column="secret", kind="distinct", l=2)).satisfied(sums_of(counts)).tolist() == [False, True, False]


def test_entropy_diversity_is_the_number_of_equally_frequent_values():
    # Two values at 1/2 each: entropy ln 2. Shares 3/4 and 1/4: exp(-(3/4 ln 3/4 + 1/4 ln 1/4)) = 4 / 3^(3/4) = 1.7548.
    counts = counts_of({0: 5, 1: 5}, {0: 3, 1: 1}, {2: 7}, {}, distinct=3)
    assert effective_values(counts) == pytest.approx([2.0, 4 / 3**0.75, 1.0, 0.0])
    wish = DiverseValues(Diversity(column="secret", kind="entropy", l=2))
    assert wish.satisfied(sums_of(counts)).tolist() == [True, False, False, False]


def test_recursive_diversity_compares_the_first_with_the_tail():
    # Falling 4, 3, 2, 1: l = 2 → 4 / (3 + 2 + 1) = 2/3; l = 3 → 4 / (2 + 1) = 4/3; one value only → no tail.
    counts = counts_of({0: 1, 1: 4, 2: 3, 3: 2}, {1: 9}, distinct=4)
    assert recursive_ratio(counts, 2) == pytest.approx([2 / 3, np.inf])
    assert recursive_ratio(counts, 3) == pytest.approx([4 / 3, np.inf])


@pytest.mark.parametrize(("c", "expected"), [(4 / 3, False), (1.34, True)])
def test_recursive_diversity_is_strict_at_its_threshold(c, expected):
    counts = counts_of({0: 1, 1: 4, 2: 3, 3: 2}, distinct=4)
    assert DiverseValues(Diversity(column="secret", kind="recursive", l=3, c=c)).satisfied(sums_of(counts)).tolist() == [expected]


def test_closeness_of_the_published_salaries():
    # Li et al. 2007, section 4.2: salaries 3k … 11k, one person each; {3k, 4k, 5k} lies 0.375 away, {6k, 8k, 11k} lies 0.167 away.
    whole = np.full(9, 1 / 9)
    counts = counts_of({0: 1, 1: 1, 2: 1}, {3: 1, 5: 1, 8: 1}, distinct=9)
    assert measure_distances(counts, whole, "ordered") == pytest.approx([0.375, 1 / 6])


def test_equal_distance_is_half_the_sum_of_gaps():
    # Whole 1/2, 1/4, 1/4; class 1, 0, 0: (1/2 + 1/4 + 1/4) / 2 = 1/2.
    counts = counts_of({0: 4}, {0: 2, 1: 1, 2: 1}, distinct=3)
    assert measure_distances(counts, np.array([0.5, 0.25, 0.25]), "equal") == pytest.approx([0.5, 0.0])


def test_hierarchical_distance_is_the_height_where_values_meet():
    # Values 0, 1 | 2, 3, height 2. All at 0 against all at 1: they meet at height 1 of 2; against all at 2: at 2 of 2.
    codes = np.array([[0, 0, 0], [1, 0, 0], [2, 1, 0], [3, 1, 0]], dtype=np.int32)
    levels = LevelTable(
        level_names=("value", "pair", "all"),
        codes=codes,
        leaves=tuple(np.bincount(codes[:, level]) for level in range(3)),
        total_leaves=4,
        labels=(("a", "b", "c", "d"), ("ab", "cd"), ("all",)),
        bounds=(None,) * 3,
        ordered=False,
    )
    counts = counts_of({1: 1}, {2: 1}, distinct=4, levels=levels)
    assert measure_distances(counts, np.array([1.0, 0.0, 0.0, 0.0]), "hierarchical") == pytest.approx([0.5, 1.0])


@pytest.mark.parametrize(("t", "expected"), [(0.49, False), (0.5, True), (0.51, True)])
def test_closeness_holds_at_its_threshold(t, expected):
    counts = counts_of({0: 4}, distinct=3)
    wish = CloseValues(Closeness(column="secret", t=t), np.array([0.5, 0.25, 0.25]))
    assert wish.satisfied(sums_of(counts)).tolist() == [expected]
    assert wish.floor.satisfied(sums_of(counts)).tolist() == [expected]


def test_the_whole_is_the_share_of_each_value():
    assert whole_distribution(counts_of({0: 2, 2: 1}, {0: 1}, distinct=3)).tolist() == [0.75, 0.0, 0.25]
    assert whole_distribution(counts_of({}, distinct=2)).tolist() == [0.0, 0.0]


def test_every_asks_all_and_grows_only_when_all_grow():
    k, spread = AtLeastPersons(2), DiverseValues(Diversity(column="secret", kind="entropy", l=1.9))
    sums = sums_of(counts_of({0: 1, 1: 1}, {0: 2}, {1: 1}, distinct=2), persons=[2, 2, 1])
    assert Every((k, spread)).satisfied(sums).tolist() == [True, False, False]
    assert not Every((k, spread)).grows
    assert Every((k, spread)).floor.grows
    assert Every((k, spread)).floor.satisfied(sums).tolist() == [True, False, False]
