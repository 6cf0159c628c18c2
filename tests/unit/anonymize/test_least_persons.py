"""Numbers of persons below which no class can meet a model, against every class there is."""

import itertools

import numpy as np
import pytest

from anonymize.classes import SensitiveCounts
from anonymize.models.closeness import CloseValues, count_least_persons, measure_distances
from anonymize.models.diversity import DiverseValues
from anonymize.models.k import AtLeastPersons
from anonymize.models.requirement import ClassSums, Every
from schemas.plan_models import Closeness, Diversity


def make_counts(classes, distinct):
    """Classes as persons per value."""
    entries = [[(v, n) for v, n in enumerate(persons) if n] for persons in classes]
    return SensitiveCounts(
        offsets=np.cumsum([0, *map(len, entries)]),
        values=np.array([v for entry in entries for v, _ in entry], dtype=np.int32),
        persons=np.array([n for entry in entries for _, n in entry], dtype=np.int64),
        distinct=distinct,
    )


@pytest.mark.parametrize("whole", [(0.5, 0.3, 0.2), (0.9, 0.05, 0.05), (1 / 3, 1 / 3, 1 / 3), (1.0,)])
@pytest.mark.parametrize("t", [0.05, 0.1, 0.25, 0.5, 0.9])
def test_least_persons_are_the_fewest_of_any_close_class(whole, t):
    shares = np.array(whole)
    for persons in range(1, 12):
        classes = [c for c in itertools.product(range(persons + 1), repeat=len(whole)) if sum(c) == persons]
        if (measure_distances(make_counts(classes, len(whole)), shares, "equal") <= t + 1e-9).any():
            break
    else:
        persons = 12
    found = count_least_persons(shares, t)
    assert found == persons or (persons == 12 and found >= 12)


def test_a_distance_that_no_tried_number_reaches_gives_the_first_that_is_not_tried(monkeypatch):
    monkeypatch.setattr("anonymize.models.closeness.MOST_TRIED", 4)
    assert count_least_persons(np.array([1 / 7, 6 / 7]), 0.0) == 5


def test_a_whole_without_values_asks_for_one():
    assert count_least_persons(np.empty(0), 0.3) == 1


def test_several_models_ask_for_the_most_of_them():
    whole = np.array([0.4, 0.3, 0.2, 0.1])
    parts = (
        AtLeastPersons(3),
        DiverseValues(Diversity(column="a", kind="entropy", l=3.2)),
        CloseValues(Closeness(column="a", t=0.01), whole),
        CloseValues(Closeness(column="a", t=0.01, distance="ordered"), whole),
    )
    assert [part.least_persons for part in parts] == [3, 4, 10, 0]
    assert Every(parts).least_persons == 10
    assert Every(()).least_persons == 0


def test_the_floor_of_closeness_dooms_classes_that_are_too_small():
    closeness = CloseValues(Closeness(column="a", t=0.1), np.array([0.5, 0.5]))
    sums = ClassSums(persons=np.array([3, 2]), sensitive={"a": make_counts([(2, 1), (1, 1)], 2)})
    assert closeness.least_persons == 2
    assert closeness.floor.satisfied(sums).tolist() == [True, True]
    smaller = ClassSums(persons=np.array([1]), sensitive={"a": make_counts([(1, 0)], 2)})
    assert closeness.floor.satisfied(smaller).tolist() == [False]
