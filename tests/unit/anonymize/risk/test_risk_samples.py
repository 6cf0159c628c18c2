"""Prosecutor, marketer and uniques from class sizes: by hand, and against published figures."""

import pytest

from anonymize.risk.figures import get_figure, wilson_interval
from anonymize.risk.samples import measure_samples


def values(sizes: dict[int, int], threshold: float = 0.1) -> dict[str, float | None]:
    return {figure.code: figure.value for figure in measure_samples(sizes, threshold)}


def test_six_persons_by_hand() -> None:
    # Classes of 1, 2 and 3 persons: J = 3, n = 6. highest 1/1; average 3/6; above 0.4: the 1 and the 2 (1/2 > 0.4), 3 of 6; uniques 1/6.
    found = values({1: 1, 2: 1, 3: 1}, threshold=0.4)
    assert found["smallest_class"] == 1
    assert found["classes"] == 3
    assert found["prosecutor_highest"] == 1.0
    assert found["prosecutor_average"] == pytest.approx(3 / 6)
    assert found["prosecutor_share_above"] == pytest.approx(3 / 6)
    assert found["marketer"] == pytest.approx(3 / 6)
    assert found["sample_uniques"] == pytest.approx(1 / 6)


def test_published_figures_of_arx() -> None:
    # ARX, src/test/org/deidentifier/arx/test/TestRiskMetrics.java (Apache-2.0): seven persons, 2-anonymous in three classes (2, 2, 3):
    # highest risk 0.5, average (equivalence class) risk 0.42857142857142855 = 3/7; before anonymisation seven uniques: both 1.
    protected = values({2: 2, 3: 1})
    assert protected["prosecutor_highest"] == 0.5
    assert protected["prosecutor_average"] == pytest.approx(0.42857142857142855, abs=1e-15)
    bare = values({1: 7})
    assert bare["prosecutor_highest"] == bare["prosecutor_average"] == bare["sample_uniques"] == 1.0


def test_published_table_of_the_practice_guide() -> None:
    # T. Benschop, C. Machingauta, M. Welch, Statistical Disclosure Control: A Practice Guide, table of ten records and four key
    # variables: sample frequencies f = 2, 2, 1, 2, 1, 2, 1, 1, 2, 2, i.e. three classes of two and four sample uniques.
    found = values({2: 3, 1: 4})
    assert found["classes"] == 7
    assert found["sample_uniques"] == pytest.approx(4 / 10)
    assert found["marketer"] == pytest.approx(7 / 10)


@pytest.mark.parametrize(("size", "above"), [(9, 1.0), (10, 0.0), (11, 0.0)])
def test_threshold_triple(size: int, above: float) -> None:
    # 1/9 > 0.1, 1/10 = 0.1 is allowed, 1/11 < 0.1.
    assert values({size: 4}, threshold=0.1)["prosecutor_share_above"] == above


def test_empty_file_has_no_probabilities() -> None:
    found = values({})
    assert found["smallest_class"] == 0
    assert found["prosecutor_highest"] is None
    assert found["prosecutor_average"] is None


def test_every_figure_says_attacker_population_and_source() -> None:
    for figure in measure_samples({10: 3}, 0.1):
        told = figure.to_json()
        assert told["assumption"]
        assert "30 persons" in str(told["population"])
        assert "doi:" in str(told["source"])


def test_missing_figure_is_an_error() -> None:
    with pytest.raises(KeyError):
        get_figure(measure_samples({10: 3}, 0.1), "no_such")


def test_wilson_interval_by_hand() -> None:
    # 0 of 100, z² = 3.8415: lower 0, upper z²/(n + z²) = 3.8415/103.8415 = 0.03699.
    low, high = wilson_interval(0, 100)
    assert low == pytest.approx(0.0, abs=1e-12)
    assert high == pytest.approx(0.036994, abs=1e-5)
    assert wilson_interval(0, 0) == (0.0, 1.0)
    # Wilson (1927) as tabulated by Newcombe (1998), doi:10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E:
    # 81 of 263: 0.2553 to 0.3662; 15 of 148: 0.0624 to 0.1605.
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson_interval(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
