"""The fee, by hand."""

import pytest

from proposals.fee import compute_fee
from schemas.errors import FormRejected
from schemas.regimes import load_regime

NEW, OLD = load_regime("tokumei-2023"), load_regime("hishikibetsu-2017")


@pytest.mark.parametrize(
    ("hours", "yen"),
    [
        (0, 21000),
        (0.01, 24950),  # 21,000 + 3,950: a started hour counts
        (1, 24950),
        (1.01, 28900),  # 21,000 + 2 × 3,950
        (10, 60500),
    ],
)
def test_each_started_hour_counts(hours, yen):
    assert compute_fee(NEW, hours=hours).total_yen == yen


def test_outsourcing_is_added_as_it_is():
    # 鳥取県 2017 estimated 297,000 yen for one case: 21,000 + 12 × 3,950 + 297,000
    note = compute_fee(NEW, hours=12, outsourcing_yen=297000)
    assert note.total_yen == 365400
    assert [line.amount_yen for line in note.lines] == [21000, 47400, 297000]
    assert note.article == "法第119条・令第31条"


def test_the_former_law_adds_210_yen_per_third_party():
    # 21,000 + 2 × 3,950 + 100 × 210
    assert compute_fee(OLD, hours=2, third_parties=100).total_yen == 49900


def test_a_change_of_business_costs_one_amount():
    assert compute_fee(NEW, hours=40, outsourcing_yen=297000, is_change=True).total_yen == 12600


@pytest.mark.parametrize(
    "numbers", [{"hours": -0.5}, {"outsourcing_yen": -1}, {"third_parties": -1}, {"hours": float("inf")}, {"hours": float("nan")}]
)
def test_numbers_below_nothing_are_refused(numbers):
    with pytest.raises(FormRejected):
        compute_fee(OLD, **numbers)


def test_the_law_in_force_hears_nobody():
    with pytest.raises(FormRejected):
        compute_fee(NEW, third_parties=1)


def test_lines_of_nothing_are_left_out():
    assert [line.title_ja for line in compute_fee(NEW).lines] == ["基本額"]
