"""Ranges that are no group of any level: their labels, their leaves, and the order of their bounds."""

import datetime

import numpy as np
import pyarrow as pa
import pytest

from schemas.hierarchies import load_hierarchy

DAY = datetime.date


def count(hierarchy, values, *ends):
    lower, upper = (hierarchy.rank_bounds(pa.array(side, values.type if len(ends) == 2 else ends[2])) for side in ends[:2])
    return hierarchy.count_span(values, lower, upper).tolist()


@pytest.mark.parametrize(
    ("spec", "lower", "upper", "label"),
    [
        ({"intervals": [5], "unit": "歳"}, 31, 37, "31〜37歳"),
        ({"intervals": [5]}, 31, 31, "31"),
        ({"intervals": [5], "unit": "歳"}, 85, None, "85歳以上"),
        ({"intervals": [5], "unit": "歳"}, None, 19, "20歳未満"),
        ({"intervals": [1000], "unit": "円"}, 1500, 12000, "1,500〜12,000円"),
        ({"intervals": [0.5]}, 0.5, float(np.nextafter(1.5, 0)), "0.5以上1.5未満"),
        ({"intervals": [0.5]}, 0.25, 0.75, "0.25〜0.75"),
        ({"dates": ["month"]}, DAY(2024, 5, 1), DAY(2024, 7, 31), "2024年5〜7月"),
        ({"dates": ["month"]}, DAY(2024, 11, 1), DAY(2025, 2, 28), "2024年11月〜2025年2月"),
        ({"dates": ["month"]}, DAY(2024, 5, 3), DAY(2024, 6, 2), "2024年5月3日〜6月2日"),
        ({"dates": ["month"]}, DAY(2024, 5, 1), DAY(2024, 5, 30), "2024年5月1日〜5月30日"),
        ({"dates": ["month"], "by_month": True}, DAY(2024, 2, 1), DAY(2024, 4, 30), "2024年2〜4月"),
        ({"ages": [5, 10], "as_of": "2025-04-01", "top": 90}, 31, 37, "31〜37歳"),
        ({"ages": [5, 10], "as_of": "2025-04-01", "top": 90}, 87, None, "87歳以上"),
        ({"codes": "care_level"}, "21", "25", "要介護1〜要介護5"),
    ],
)
def test_a_range_is_labelled_in_the_manner_of_its_hierarchy(spec, lower, upper, label):
    assert load_hierarchy(spec).label_span(lower, upper) == label


def test_leaves_of_numbers_are_those_between_the_smallest_and_the_largest_value():
    values = pa.array([3, 34, 120, None])
    bands = load_hierarchy({"intervals": [10]})
    # 3 … 120 are observed: 30 … 39 holds ten, 0 … 5 is cut to 3, 4, 5.
    assert count(bands, values, [30, 0], [39, 5]) == [10, 3]
    # Texts that are numbers count alike; an open side reaches the last value.
    assert bands.count_span(pa.array(["3", "120"]), np.array([100.0]), np.array([np.inf])).tolist() == [21]


def test_leaves_of_fractions_are_the_observed_values():
    values = pa.array([0.1, 0.2, 0.4, 1.6])
    assert load_hierarchy({"intervals": [0.5]}).count_span(values, np.array([0.2, 0.0]), np.array([1.0, 9.0])).tolist() == [2, 4]


def test_leaves_of_dates_are_days_or_months():
    values = pa.array([DAY(2024, 1, 31), DAY(2024, 3, 10)])
    assert count(
        load_hierarchy({"dates": ["month"]}), values, [DAY(2024, 2, 1), DAY(2024, 3, 1)], [DAY(2024, 2, 29), DAY(2024, 3, 31)]
    ) == [
        29,
        10,
    ]
    months = pa.array([DAY(2024, 1, 1), DAY(2024, 6, 1)])
    by_month = load_hierarchy({"dates": ["quarter"], "by_month": True})
    assert count(by_month, months, [DAY(2024, 2, 1), DAY(2023, 11, 1)], [DAY(2024, 4, 30), DAY(2024, 1, 31)]) == [3, 1]


def test_leaves_of_ages_are_days_of_birth():
    born = pa.array([DAY(1993, 4, 2), DAY(1995, 4, 1)])
    ages = load_hierarchy({"ages": [5], "as_of": "2025-04-01"})
    # As of 1 April 2025 those born from 1994-04-02 to 1995-04-01 are 30: 365 days; from 1993-04-02 they are 31: 365 days more.
    assert ages.count_span(born, np.array([30.0, 30.0, 40.0]), np.array([30.0, 31.0, 50.0])).tolist() == [365, 730, 0]
    assert ages.count_span(pa.array([], pa.date32()), np.array([30.0]), np.array([31.0])).tolist() == [0]


def test_listed_leaves_count_seen_or_not_and_rank_by_the_list():
    levels = load_hierarchy({"codes": "care_level"})
    ranks = levels.rank_bounds(pa.array(["21", "25", None, "nowhere"]))
    assert ranks[1] - ranks[0] == 4
    assert np.isnan(ranks[2:]).all()
    assert levels.count_span(pa.array(["21"]), ranks[:1], ranks[1:2]).tolist() == [5]
