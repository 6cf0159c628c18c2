"""Nearest neighbours and learned guesses, on tables small enough to count by hand."""

import numpy as np
import pyarrow as pa
import pytest

from anonymize.risk.attacks import classification, neighbours
from anonymize.risk.attacks.encoding import QuasiIdentifier, Rows
from anonymize.risk.attacks.scene import Scene
from schemas.hierarchies import load_hierarchy


def quasi(values, spec):
    distinct = pa.array(sorted(set(values)))
    return QuasiIdentifier(name="age", values=distinct, levels=load_hierarchy(spec, folder=None).resolve(distinct, column="age"))


AGES = [20, 21, 34, 35, 36, 50, 51, 70]
AGE = quasi(AGES, {"intervals": [10, 20]})


def originals(ages, **others):
    known = {"age": AGE.encode_values(pa.chunked_array([pa.array(ages)]))}
    return Rows(known=known, numbers={}, categories={name: np.array(codes, dtype=np.int32) for name, codes in others.items()})


def generalised(ages, level, **others):
    labels = [AGE.levels.labels[level][AGE.levels.codes[AGES.index(age), level]] for age in ages]
    known = {"age": AGE.encode_labels(pa.chunked_array([pa.array(labels)]), np.random.default_rng(0))}
    return Rows(known=known, numbers={}, categories={name: np.array(codes, dtype=np.int32) for name, codes in others.items()})


def scene(released, members):
    return Scene(quasi_identifiers={"age": AGE}, released=released, members=members, strangers=members, secrets=("illness",))


def test_a_row_contains_the_values_below_it():
    fits = neighbours.contains(generalised([20, 36], level=1), originals([21, 34, 50]).known)
    assert fits.tolist() == [[True, False], [False, True], [False, False]]


def test_without_mistakes_the_own_row_is_the_nearest(monkeypatch):
    monkeypatch.setattr(neighbours, "MISTAKES", 0)
    found = neighbours.attack(scene(originals(AGES), originals(AGES)), trials=len(AGES), seed=1)
    assert (found.members, found.interval) == (1.0, (1.0, 1.0))


def test_a_class_of_three_is_found_one_time_in_three(monkeypatch):
    monkeypatch.setattr(neighbours, "MISTAKES", 0)
    found = neighbours.attack(scene(generalised([34, 35, 36], level=1), originals([34, 35, 36])), trials=3, seed=1)
    assert found.members == pytest.approx(1 / 3)


def test_where_everything_is_suppressed_anybody_is_as_near(monkeypatch):
    monkeypatch.setattr(neighbours, "MISTAKES", 0)
    top = AGE.levels.codes.shape[1] - 1
    found = neighbours.attack(scene(generalised(AGES, level=top), originals(AGES)), trials=4, seed=1)
    assert found.members == found.baseline == pytest.approx(1 / len(AGES))


def test_a_list_full_of_mistakes_finds_little(monkeypatch):
    monkeypatch.setattr(neighbours, "MISTAKES", 100)
    many = AGES * 40
    found = neighbours.attack(scene(originals(many), originals(many)), trials=200, seed=1)
    assert found.members < 2 / len(AGES)


def test_a_classifier_tells_no_more_of_members_than_of_strangers_where_the_secret_follows_the_age():
    # Whoever is over 40 is ill: knowledge of the population, the same for strangers.
    ages = AGES * 30
    rows = originals(ages, illness=[int(age > 40) for age in ages])
    found = classification.attack(scene(rows, rows), "illness", trials=100, seed=1)
    assert (found.members, found.strangers, found.excess) == (1.0, 1.0, pytest.approx(0.0, abs=0.05))


def test_a_classifier_reads_off_what_only_members_have():
    # Each age has a secret of its own among members; strangers of the same age have another.
    members = originals(AGES * 30, illness=list(range(len(AGES))) * 30)
    strangers = originals(AGES * 30, illness=list(range(1, len(AGES) + 1)) * 30)
    stage = Scene(quasi_identifiers={"age": AGE}, released=members, members=members, strangers=strangers, secrets=("illness",))
    found = classification.attack(stage, "illness", trials=100, seed=1)
    assert found.members == 1.0
    assert found.strangers == 0.0
    assert found.interval[0] > 0.9
