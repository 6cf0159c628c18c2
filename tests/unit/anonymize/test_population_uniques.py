"""Estimates of population uniques: by hand, where the sample is everybody, and where the model's own population is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymize.risk.population_uniques import (
    choose_model,
    estimate_pitman,
    estimate_snb,
    estimate_uniqueness,
    estimate_zayatz,
    make_sample,
)


def histogram(sizes):
    found, counts = np.unique(sizes[sizes > 0], return_counts=True)
    return dict(zip(found.tolist(), counts.tolist(), strict=True))


def rng():
    return np.random.default_rng(7)


def test_zayatz_by_hand():
    # Population 4, sample 2 persons alone in 2 classes... one more class of 2 makes a sample of 3: sizes 1, 2; fraction 3/4.
    # P(f=1|F=1) = 3/4; P(f=1|F=2) = C(2,1)·C(2,2)/C(4,3) = 2/4. P(F=1|f=1) = (1/2·3/4)/(1/2·3/4 + 1/2·1/2) = 0.6. 1·0.6/0.75 = 0.8.
    assert estimate_zayatz(make_sample({1: 1, 2: 1}, 4)) == pytest.approx(0.8)


def test_a_sample_of_everybody_gives_its_own_uniques():
    found = estimate_uniqueness({1: 30, 2: 10, 5: 4}, 70, rng())
    assert (found.model, found.share) == ("zayatz", pytest.approx(30 / 70))


def test_without_sample_uniques_none_are_estimated():
    found = estimate_uniqueness({2: 5, 7: 1}, 1000, rng())
    assert (found.model, found.share, found.interval) == ("none", 0.0, (0.0, 0.0))


def test_a_population_smaller_than_the_sample_is_taken_for_the_sample():
    assert make_sample({1: 3, 4: 1}, 2).population == 7


@pytest.mark.parametrize(
    ("fraction", "estimates", "model"),
    [
        (0.1, {"pitman": 9.0, "snb": 1.0, "zayatz": 2.0}, "pitman"),
        (0.1, {"pitman": None, "snb": 1.0, "zayatz": 2.0}, "zayatz"),
        (0.1001, {"pitman": 9.0, "snb": 1.0, "zayatz": 2.0}, "snb"),
        (0.1001, {"pitman": 9.0, "snb": 3.0, "zayatz": 2.0}, "zayatz"),
        (0.1001, {"pitman": 9.0, "snb": None, "zayatz": 2.0}, "zayatz"),
    ],
)
def test_the_rule_of_dankar(fraction, estimates, model):
    assert choose_model(estimates, fraction) == model


@pytest.mark.parametrize(("alpha", "beta"), [(0.3, 0.05), (1.0, 0.1), (3.0, 0.3)])
def test_snb_finds_the_uniques_of_its_own_population(alpha, beta):
    classes = 1 + rng().negative_binomial(alpha, beta, size=40_000)
    seen = rng().binomial(classes, 0.5)
    found = estimate_snb(make_sample(histogram(seen), int(classes.sum())))
    assert found == pytest.approx((classes == 1).sum(), rel=0.15)


def draw_pitman(alpha, theta, persons, draws):
    """Seat persons one by one: a new class with probability (θ + α·classes)/(θ + persons so far), else a class by its size less α."""
    seats, sizes = [], []
    for already in range(persons):
        if draws.random() * (theta + already) < theta + alpha * len(sizes):
            seats.append(len(sizes))
            sizes.append(1)
            continue
        while True:  # a class by the seat of a random earlier person, kept with probability (size − α)/size
            chosen = seats[int(draws.random() * already)]
            if draws.random() < (sizes[chosen] - alpha) / sizes[chosen]:
                break
        seats.append(chosen)
        sizes[chosen] += 1
    return np.array(seats), np.array(sizes)


def test_pitman_finds_the_uniques_of_its_own_population():
    seats, sizes = draw_pitman(0.6, 50.0, 60_000, rng())
    sample = rng().choice(seats, 5_000, replace=False)
    found = estimate_pitman(make_sample(histogram(np.bincount(sample)), len(seats)))
    assert found == pytest.approx((sizes == 1).sum(), rel=0.15)


def test_no_pitman_where_every_class_is_alone_or_all_are_one():
    assert estimate_pitman(make_sample({1: 50}, 1000)) is None
    assert estimate_pitman(make_sample({50: 1}, 1000)) is None


def test_the_interval_holds_the_estimate_and_repeats_with_its_seed():
    seen = rng().binomial(1 + rng().negative_binomial(0.5, 0.1, size=3_000), 0.3)
    once, again = (estimate_uniqueness(histogram(seen), 10 * int(seen.sum()) // 3, rng()) for _ in range(2))
    assert once == again
    assert 0 < once.interval[0] <= once.share <= once.interval[1] < 1
    assert set(once.every) == {"zayatz", "snb", "pitman"}


@settings(max_examples=15, deadline=None)
@given(st.dictionaries(st.integers(1, 20), st.integers(1, 200), max_size=5), st.integers(0, 5_000))
def test_a_share_is_a_share(sizes, population):
    found = estimate_uniqueness(sizes, population, rng())
    assert 0 <= found.share <= 1
    assert 0 <= found.interval[0] <= found.interval[1] <= 1


def test_a_model_that_mostly_fails_has_no_narrow_interval():
    # SNB needs classes of one and of two persons; with one class of two, more than a third of the redrawn samples have none.
    found = estimate_uniqueness({1: 2, 2: 1, 3: 1}, 12, rng())
    assert (found.model, found.interval) == ("snb", (0.0, 1.0))
    assert found.every["pitman"] is None
