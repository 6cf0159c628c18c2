"""Figures of the literature and of other tools, reproduced: which of our models give the numbers that others published."""

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from anonymize.risk.population_uniques import choose_model, estimate_pitman, estimate_snb, estimate_zayatz, make_sample
from anonymize.risk.samples import measure_samples
from anonymize.risk.special_uniques import find_special_uniques

# ARX, src/test/org/deidentifier/arx/test/TestRiskMetrics.java (Apache-2.0), testAverageRisk2 and testDecisionRule2: all nine columns of
# data/adult.csv, 30,162 records; sampling fractions of 0.01, 0.1, 0.2 and 1. ARX itself compares shares of uniques to four digits.
ARX_AVERAGE = 0.6465751607983555
ARX_PITMAN = {0.01: 0.1446083531167384, 0.1: 0.27684993883653597}
ARX_ZAYATZ = {0.1: 0.3207402393466189, 0.2: 0.3577099234829125, 1.0: 0.5142895033485844}
ARX_DIGITS = 5e-5


@pytest.fixture(scope="module")
def adult(shared_data: Path) -> dict[int, int]:
    """Class sizes of Adult by all nine columns: size → classes."""
    table = pd.read_csv(shared_data / "adult" / "adult.csv", sep=";", dtype=str)
    return dict(Counter(table.groupby(list(table.columns)).size().tolist()))


@pytest.mark.shared_data
def test_average_and_highest_risk_of_adult_are_those_of_arx(adult: dict[int, int]) -> None:
    found = {figure.code: figure.value for figure in measure_samples(adult, 0.1)}
    assert found["prosecutor_average"] == pytest.approx(ARX_AVERAGE, abs=1e-15)
    assert found["prosecutor_highest"] == 1.0
    assert found["sample_uniques"] == pytest.approx(ARX_ZAYATZ[1.0], abs=1e-12)


@pytest.mark.shared_data
@pytest.mark.parametrize("fraction", ARX_PITMAN)
def test_pitman_on_adult_is_that_of_arx(adult: dict[int, int], fraction: float) -> None:
    sample = make_sample(adult, round(30_162 / fraction))
    assert estimate_pitman(sample) == pytest.approx(ARX_PITMAN[fraction] * sample.population, abs=ARX_DIGITS * sample.population)


@pytest.mark.shared_data
@pytest.mark.parametrize("fraction", ARX_ZAYATZ)
def test_zayatz_on_adult_is_that_of_arx(adult: dict[int, int], fraction: float) -> None:
    sample = make_sample(adult, round(30_162 / fraction))
    assert estimate_zayatz(sample) == pytest.approx(ARX_ZAYATZ[fraction] * sample.population, abs=1e-9 * sample.population)


@pytest.mark.shared_data
@pytest.mark.parametrize(("fraction", "model"), [(0.01, "pitman"), (0.1, "pitman"), (0.2, "snb"), (1.0, "zayatz")])
def test_the_rule_chooses_as_in_arx_but_for_the_model_it_does_not_solve(adult: dict[int, int], fraction: float, model: str) -> None:
    # At 0.2 ARX finds no solution of SNB"unexpected convergence" would fail its test) and falls back to Zayatz, 0.3577; the
    # equations have one, 0.3195, and the rule takes the smaller.
    sample = make_sample(adult, round(30_162 / fraction))
    estimates = {"pitman": estimate_pitman(sample), "snb": estimate_snb(sample), "zayatz": estimate_zayatz(sample)}
    assert choose_model(estimates, sample.fraction) == model


def find_scores(columns: dict[str, list[str]]) -> list[float]:
    """Return the SUDA score of every row; equal rows are one line of several persons and have none."""
    table = pd.DataFrame(columns)
    codes = np.stack([pd.factorize(table[name])[0] for name in table], axis=1).astype(np.int32)
    lines, place, persons = np.unique(codes, axis=0, return_inverse=True, return_counts=True)
    owners = np.where(persons == 1, np.arange(len(lines)), -1).astype(np.int64)
    found = find_special_uniques(lines.astype(np.int32), owners)
    return [float(score) for score in found.scores[place.reshape(-1)]]


def test_scores_of_the_practice_guide_are_those_of_sdcmicro() -> None:
    # sdcMicro, tests/testthat/test_suda2.R, "suda2 sdc guideline": the ten records of T. Benschop et al., Statistical Disclosure Control:
    # A Practice Guide; four key variables. Expected: 0, 0, 6, 0, 12, 0, 6, 10, 0, 0.
    u, f, m = "Urban", "Female", "Male"
    guide = {
        "residence": [u, u, u, u, "Rural", u, u, u, u, u],
        "gender": [f, f, f, m, f, m, f, m, f, f],
        "education": ["sec-", "sec-", "prim-", "sec", "sec", "sec", "prim", "post", "sec-", "sec-"],
        "labor": ["Employed", "Employed", "Non-LF", "Employed", "Unemployed", "Employed", "Non-LF", "Unemployed", "Non-LF", "Non-LF"],
    }
    assert find_scores(guide) == [0, 0, 6, 0, 12, 0, 6, 10, 0, 0]


def test_frequencies_of_eight_records_are_those_of_sdcmicro() -> None:
    # sdcMicro, tests/testthat/test_indivRisk.R: eight records, key variables A, B, C; without weights the individual risk is 1/f:
    # 1/3, 1, 1/3, 1, 1/2, 1/2, 1, 1/3, so classes of 3, 1, 1, 2 and 1. Average: 5 classes of 8 persons.
    rows = zip([2, 3, 2, 2, 3, 3, 1, 2], [3, 3, 3, 3, 3, 3, 4, 3], [1, 3, 1, 2, 1, 1, 1, 1], strict=True)
    sizes = dict(Counter(Counter(rows).values()))
    assert sizes == {3: 1, 2: 1, 1: 3}
    risks = [1 / 3, 1, 1 / 3, 1, 1 / 2, 1 / 2, 1, 1 / 3]
    found = {figure.code: figure.value for figure in measure_samples(sizes, 0.4)}
    assert found["prosecutor_average"] == pytest.approx(sum(risks) / 8)
    assert found["prosecutor_highest"] == max(risks)
    assert found["prosecutor_share_above"] == pytest.approx(sum(risk > 0.4 for risk in risks) / 8)
    assert found["sample_uniques"] == pytest.approx(3 / 8)
