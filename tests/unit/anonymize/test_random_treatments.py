"""Date shift, noise and swapping on tables small enough to check by hand: what they must keep, and what the seed alone decides."""

import datetime
from collections import Counter, defaultdict
from math import sqrt

import numpy as np
import pyarrow as pa
import pytest

from anonymize.engines.engine import EngineSettings, open_engine
from anonymize.treatments import Surroundings, make_treatments
from anonymize.treatments.date_shift import draw_days
from anonymize.treatments.noise import Noise
from anonymize.treatments.swap import pair_rows
from schemas.errors import PlanError

DAY = datetime.date(2024, 2, 28)


def days_after(number):
    return DAY + datetime.timedelta(days=number)


@pytest.fixture
def treat(tmp_path):
    """Treat columns of a table that has its rows numbered in `n`; return its columns in this order."""
    engine = open_engine("duckdb", EngineSettings(work=tmp_path))

    def run(cells, specs, *, unit=None, seed=b"s"):
        rows = engine.load(pa.table({"n": list(range(len(next(iter(cells.values()))))), **cells}))
        around = Surroundings(engine=engine, unit=unit, seed=seed, folder=None)
        for column, spec in specs.items():
            for treatment in make_treatments(spec):
                rows = treatment.apply(rows, column, around)
        found = engine.fetch(rows.order_by("n"))
        assert found.column_names == ["n", *cells]
        return {name: found[name].to_pylist() for name in cells}

    yield run
    engine.close()


def test_all_dates_of_a_person_move_by_the_same_days(treat):
    cells = {"p": ["a", "a", "b", "b"], "d": pa.array([DAY, days_after(10), DAY, None]), "e": pa.array([days_after(3)] * 4)}
    found = treat(cells, {"d": {"date_shift": {"days": 30}}, "e": {"date_shift": {"days": 30}}}, unit="p")
    moved = {person: found["d"][row] - DAY for row, person in ((0, "a"), (2, "b"))}
    assert found["d"] == [DAY + moved["a"], days_after(10) + moved["a"], DAY + moved["b"], None]
    assert found["e"] == [days_after(3) + moved[person] for person in cells["p"]]
    assert all(1 <= abs(days.days) <= 30 for days in moved.values())


@pytest.mark.parametrize("days", [1, 2, 30])
def test_shifts_are_uniform_without_standing_still(days):
    # 2·days values, 1000 expected each: five standard deviations are 158.
    drawn = Counter(draw_days(2000 * days, days, b"s").tolist())
    assert set(drawn) == set(range(-days, days + 1)) - {0}
    assert all(abs(count - 1000) < 160 for count in drawn.values())


def test_shifts_hang_on_the_seed_alone_not_on_the_order_of_rows(treat):
    cells = {"p": list("abcdefgh"), "d": pa.array([DAY] * 8)}
    turned = {"p": cells["p"][::-1], "d": cells["d"]}
    spec = {"d": {"date_shift": {"days": 400}}}
    first = treat(cells, spec, unit="p")["d"]
    assert treat(turned, spec, unit="p")["d"] == first[::-1]
    assert treat(cells, spec, unit="p", seed=b"other")["d"] != first


def test_shifting_needs_dates_and_persons(treat):
    with pytest.raises(PlanError):
        treat({"p": ["a"], "d": ["2024-01-01"]}, {"d": {"date_shift": {"days": 3}}}, unit="p")
    with pytest.raises(PlanError):
        treat({"p": ["a"], "d": pa.array([DAY])}, {"d": {"date_shift": {"days": 3}}})


@pytest.mark.parametrize("kind", ["laplace", "normal"])
def test_noise_has_the_stated_width_and_no_drift(kind):
    # 40 000 draws of standard deviation 7: the mean within 5·7/200, the deviation within 3 %.
    drawn = Noise(kind=kind, scale=7.0).draw(40_000, 7.0, b"s", "c")
    assert abs(drawn.mean()) < 5 * 7 / 200
    assert drawn.std() == pytest.approx(7, rel=0.03)
    # Mean distance from 0 tells the kinds apart: width / √2 for Laplace, width · √(2/π) for normal.
    assert np.abs(drawn).mean() == pytest.approx(7 / sqrt(2) if kind == "laplace" else 7 * sqrt(2 / np.pi), rel=0.02)


def test_the_share_is_of_the_deviation_of_the_rows(treat):
    # 0, 0, 10, 10 deviates by 5. The same draws at twice the share are twice as wide.
    cells = {"c": pa.array([0.0, 0.0, 10.0, 10.0, None])}
    half, whole = (treat(cells, {"c": {"noise": {"kind": "normal", "share": share}}})["c"] for share in (0.5, 1.0))
    by_scale = treat(cells, {"c": {"noise": {"kind": "normal", "scale": 5.0}}})["c"]
    assert whole == by_scale
    assert [w - v for w, v in zip(whole[:4], [0, 0, 10, 10], strict=True)] == pytest.approx(
        [2 * (h - v) for h, v in zip(half[:4], [0, 0, 10, 10], strict=True)]
    )
    assert whole[4] is None


def test_equal_values_of_a_person_get_equal_noise_and_whole_numbers_stay_whole(treat):
    cells = {"p": ["a", "a", "a", "b"], "c": pa.array([100, 100, 500, 100])}
    found = treat(cells, {"c": {"noise": {"kind": "laplace", "scale": 40}}}, unit="p")["c"]
    assert found[0] == found[1]
    assert found[0] != found[3]
    assert found[2] - 500 != found[0] - 100
    assert all(isinstance(value, int) for value in found)


def test_without_a_unit_every_row_has_its_own_noise_whatever_the_order(treat):
    cells = {"c": pa.array([7] * 50)}
    found = treat(cells, {"c": {"noise": {"kind": "normal", "scale": 100}}})["c"]
    assert len(set(found)) > 30
    turned = treat({"m": list(range(50))[::-1], "c": pa.array([7] * 50)}, {"c": {"noise": {"kind": "normal", "scale": 100}}})["c"]
    assert Counter(turned) == Counter(found)


def test_noise_ends_at_its_limits(treat):
    cells = {"c": pa.array([1] * 60)}
    found = treat(cells, {"c": {"noise": {"kind": "normal", "scale": 50, "minimum": 0, "maximum": 20.5}}})["c"]
    assert min(found) == 0
    assert max(found) == 20


def test_text_takes_no_noise(treat):
    with pytest.raises(PlanError):
        treat({"c": ["a"]}, {"c": {"noise": {"kind": "normal", "scale": 1}}})


def test_partners_are_neighbours_by_turn_and_an_odd_one_stays():
    # Group 1 has turns 4 < 5 < 9: rows 10 and 12 exchange, row 11 stays. Group 2: rows 13 and 14.
    found = pair_rows(np.array([10, 11, 12, 13, 14]), np.array([1, 1, 1, 2, 2]), np.array([4, 9, 5, 8, 1])).to_pylist()
    assert {(pair["__row"], pair["__partner"]) for pair in found} == {(10, 12), (12, 10), (13, 14), (14, 13)}
    assert pair_rows(np.array([1]), np.array([0]), np.array([0])).num_rows == 0


def test_swapping_keeps_all_counts_within_the_named_columns(treat):
    area = ["n", "s", None] * 20
    cells = {"area": area, "c": pa.array([None if i == 7 else i for i in range(60)])}
    found = treat(cells, {"c": {"swap": {"share": 0.5, "within": ["area"]}}})
    assert found["area"] == area
    before, after = defaultdict(Counter), defaultdict(Counter)
    for i, where in enumerate(area):
        before[where][cells["c"][i].as_py()] += 1
        after[where][found["c"][i]] += 1
    assert after == before
    # 30 rows are drawn; one may be left over in each of the three areas.
    changed = sum(new != old.as_py() for new, old in zip(found["c"], cells["c"], strict=True))
    assert 30 - 3 <= changed <= 30


def test_swapping_without_columns_crosses_the_file_and_needs_two_rows(treat):
    found = treat({"c": list(range(40))}, {"c": {"swap": {"share": 0.999}}})["c"]
    assert sorted(found) == list(range(40))
    assert sum(new == old for new, old in enumerate(found)) <= 1
    assert treat({"c": ["only"]}, {"c": {"swap": {"share": 0.9}}})["c"] == ["only"]
