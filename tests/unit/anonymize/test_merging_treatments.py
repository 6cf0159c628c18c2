"""Microaggregation and merging of rare codes, counted by hand."""

import numpy as np
import pyarrow as pa
import pytest

from anonymize.engines.engine import EngineSettings, open_engine
from anonymize.rows.draws import draw_numbers, draw_shares
from anonymize.treatments import STEPS, Surroundings, make_treatments
from anonymize.treatments.microaggregate import NOBODY, assign_groups
from schemas.errors import PlanError
from schemas.plan_treatments import STEP_SETTINGS


@pytest.fixture
def treat(tmp_path):
    engine = open_engine("duckdb", EngineSettings(work=tmp_path))

    def run(spec, values, *, kind=None, persons=None):
        cells = {"n": list(range(len(values))), "c": pa.array(values, type=kind)} | ({"p": persons} if persons else {})
        rows = engine.load(pa.table(cells))
        around = Surroundings(engine=engine, unit="p" if persons else None, seed=b"s", folder=tmp_path)
        for treatment in make_treatments(spec):
            rows = treatment.apply(rows, "c", around)
        return engine.fetch(rows.order_by("n"))["c"].to_pylist()

    yield run
    engine.close()


def test_every_step_of_a_plan_has_its_treatment_and_its_settings():
    assert set(STEPS) == set(STEP_SETTINGS)


def test_groups_close_when_full_and_the_last_small_one_joins(treat):
    # 1 2 | 4 5 9: the 9 alone would be one person. Means 1.5 → 2 (halves upwards) and 18/3 = 6.
    assert treat({"microaggregate": {"persons": 2}}, [9, 1, 5, 2, 4, None]) == [6, 2, 6, 2, 6, None]


@pytest.mark.parametrize(("persons", "groups"), [(2, 3), (3, 2), (4, 1), (6, 1)])
def test_the_number_of_groups_follows_the_persons(treat, persons, groups):
    assert len(set(treat({"microaggregate": {"persons": persons}}, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]))) == groups


def test_equal_values_never_part(treat):
    # The group of 1 and 3 threes holds four persons rather than two.
    assert treat({"microaggregate": {"persons": 2}}, [1, 3, 3, 3, 8, 10]) == [3, 3, 3, 3, 9, 9]


def test_persons_of_a_group_are_counted_once_and_means_go_over_rows(treat):
    # Person a alone has 1, 2, 3; b's 6 makes two persons: mean (1 + 2 + 3 + 6) / 4 = 3. Then c and d: 10.
    found = treat({"microaggregate": {"persons": 2}}, [1, 2, 3, 6, 9, 11], persons=["a", "a", "a", "b", "c", "d"])
    assert found == [3, 3, 3, 3, 10, 10]


def test_the_median_is_a_value_of_the_group_and_numbers_keep_their_type(treat):
    assert treat({"microaggregate": {"persons": 4, "by": "median"}}, [1, 2, 7, 100]) == [2, 2, 2, 2]
    assert treat({"microaggregate": {"persons": 3, "by": "median"}}, [1, 2, 7]) == [2, 2, 2]
    assert treat({"microaggregate": {"persons": 2}}, [0.25, 0.5]) == [0.375, 0.375]


def test_large_whole_numbers_keep_their_digits(treat):
    big = 9_007_199_254_740_993
    assert treat({"microaggregate": {"persons": 2}}, [big, big + 2]) == [big + 1, big + 1]


@pytest.mark.parametrize("values", [[5], [None, None], []])
def test_too_few_persons_leave_nothing(treat, values):
    assert treat({"microaggregate": {"persons": 2}}, values, kind=pa.int64()) == [None] * len(values)


def test_text_has_no_order_of_value(treat):
    with pytest.raises(PlanError):
        treat({"microaggregate": {"persons": 2}}, ["a"])


def test_the_compiled_loop_is_the_one_in_the_source():
    rng = np.random.default_rng(1)
    for _ in range(30):
        size = int(rng.integers(0, 12))
        fresh, rows = rng.random(size) < 0.6, rng.integers(1, 4, size)
        fresh[:1] = True
        owners = np.full(size, NOBODY) if rng.random() < 0.5 else rng.integers(0, 4, size)
        arguments = (fresh, owners.astype(np.int64), rows.astype(np.int64), 3)
        assert assign_groups(*arguments).tolist() == assign_groups.py_func(*arguments).tolist()


def test_rare_codes_become_one_label_by_persons(treat):
    spec = {"merge_rare": {"persons": 2}}
    # x has persons a and b; y and z one each: together c and d.
    found = treat(spec, ["x", "x", "y", "y", "z", None], persons=["a", "b", "c", "c", "d", "e"])
    assert found == ["x", "x", "その他", "その他", "その他", None]


def test_too_few_rare_persons_take_the_rarest_other_code_in(treat):
    # z has one person; y with two is rarer than x with three.
    spec = {"merge_rare": {"persons": 2, "label": "others"}}
    assert treat(spec, ["x", "x", "x", "y", "y", "z"]) == ["x", "x", "x", "others", "others", "others"]
    # Of two equally rare codes, the first by text.
    assert treat(spec, ["x", "x", "w", "w", "z"]) == ["x", "x", "others", "others", "others"]


@pytest.mark.parametrize(("persons", "kept"), [(2, True), (3, True), (4, False)])
def test_nothing_is_released_of_a_column_with_too_few_persons(treat, persons, kept):
    found = treat({"merge_rare": {"persons": persons}}, ["x", "y", "z"])
    assert found == (["その他"] * 3 if kept else [None] * 3)


def test_a_label_that_is_a_code_is_counted_with_it(treat):
    assert treat({"merge_rare": {"persons": 2, "label": "x"}}, ["x", "x", "y"]) == ["x", "x", "x"]


def test_codes_without_rare_ones_and_numbers_become_text_unchanged(treat):
    assert treat({"merge_rare": {"persons": 2}}, [1, 1, 2, 2, None]) == ["1", "1", "2", "2", None]
    assert treat({"merge_rare": {"persons": 2}}, [], kind=pa.string()) == []


def test_rare_codes_climb_their_hierarchy_as_far_as_needed(treat, tmp_path):
    # A1 and A2 are rare and meet in A; B1 is rare, B of it alone too, so that it climbs to the top, where C1, rarest of the rest, joins it.
    lines = ["A1;A;*", "A2;A;*", "A3;A;*", "B1;B;*", "C1;C;*", "C2;C;*"]
    (tmp_path / "h.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    values = ["A1", "A2", "A3", "A3", "A3", "B1", "C1", "C1", "C1", "C2", "C2", "C2", "C2"]
    found = treat({"merge_rare": {"persons": 2, "hierarchy": "h.csv"}}, values)
    top = found[5]
    # The rarest of the released labels are A (A1 and A2, two persons) before A3 and C1 (three).
    assert found == [top, top, "A3", "A3", "A3", top, "C1", "C1", "C1", "C2", "C2", "C2", "C2"]
    assert top not in {"A", "A3", "B", "C", "C1", "C2", None}
    several = [*values, "B1"]
    assert treat({"merge_rare": {"persons": 2, "hierarchy": "h.csv"}}, several)[:6] == ["A", "A", "A3", "A3", "A3", "B1"]


def test_draws_hang_on_seed_purpose_and_label():
    streams = [draw_numbers(8, seed, label, purpose).tolist() for seed, label, purpose in [
        (b"s", "a", "x"), (b"t", "a", "x"), (b"s", "b", "x"), (b"s", "a", "y")]]  # fmt: skip
    assert len({tuple(stream) for stream in streams}) == 4
    assert draw_numbers(8, b"s", "a", "x").tolist() == streams[0]
    shares = draw_shares(10_000, b"s", "a", "x")
    assert 0 < shares.min() < 0.01
    assert 0.99 < shares.max() < 1
    assert shares.mean() == pytest.approx(0.5, abs=0.015)  # five standard deviations of the mean
