"""Treatments on tables small enough to count by hand."""

import numpy as np
import pyarrow as pa
import pytest

from anonymize.engines.engine import EngineSettings, open_engine
from anonymize.rows.draws import permute
from anonymize.treatments import Surroundings, make_treatments, name_treatment
from schemas.errors import PlanError


@pytest.fixture
def engine(tmp_path):
    opened = open_engine("duckdb", EngineSettings(work=tmp_path))
    yield opened
    opened.close()


@pytest.fixture
def treat(engine):
    def run(spec, values, *, kind=None, persons=None):
        cells = {"n": list(range(len(values))), "c": pa.array(values, type=kind)} | ({"p": persons} if persons else {})
        rows = engine.load(pa.table(cells))
        around = Surroundings(engine=engine, unit="p" if persons else None, seed=b"s", folder=None)
        for treatment in make_treatments(spec):
            rows = treatment.apply(rows, "c", around)
        found = engine.fetch(rows.order_by("n"))
        return found["c"].to_pylist() if "c" in found.column_names else None

    return run


@pytest.mark.parametrize(
    ("step", "value", "rounded"),
    [
        (10, 14, 10),
        (10, 15, 20),
        (10, 16, 20),
        (10, -14, -10),
        (10, -15, -10),
        (10, -16, -20),
        (1, 7, 7),
        (3, 4, 3),
        (3, 5, 6),
        (1000, 9_007_199_254_740_993, 9_007_199_254_741_000),
    ],
)
def test_whole_numbers_are_rounded_exactly_halves_upwards(treat, step, value, rounded):
    assert treat({"round_to": step}, [value]) == [rounded]


def test_numbers_are_rounded_to_steps_and_missing_stays_missing(treat):
    assert treat({"round_to": 0.25}, [0.1, 0.125, 0.9, None]) == [0.0, 0.25, 1.0, None]


@pytest.mark.parametrize(("share", "coded"), [(0.09, 10), (0.1, 9), (0.19, 9), (0.2, 8)])
def test_top_coding_by_share_leaves_at_most_the_share_beyond(treat, share, coded):
    # Ten rows 1 … 10: one row is a tenth of them.
    assert max(treat({"top_code": {"share": share}}, list(range(1, 11)))) == coded


@pytest.mark.parametrize(("persons", "coded"), [(2, 9), (3, 8), (4, 7)])
def test_top_coding_by_persons_leaves_enough_at_the_end(treat, persons, coded):
    found = treat({"top_code": {"persons": persons}}, list(range(1, 11)))
    assert (max(found), found.count(coded)) == (coded, persons)


def test_persons_are_counted_once_however_many_rows_they_have(treat):
    # One person has the three largest values: two persons are reached at 5.
    assert treat({"top_code": {"persons": 2}}, [9, 8, 7, 5, 1], persons=["a", "a", "a", "b", "c"]) == [5, 5, 5, 5, 1]


def test_bottom_coding_mirrors_top_coding(treat):
    assert treat({"bottom_code": {"persons": 2}}, [1, 2, 3]) == [2, 2, 3]
    assert treat({"bottom_code": {"share": 0.34}}, [1, 2, 3]) == [2, 2, 3]


def test_the_stronger_of_share_and_persons_holds(treat):
    assert max(treat({"top_code": {"share": 0.1, "persons": 4}}, list(range(1, 11)))) == 7
    assert max(treat({"top_code": {"share": 0.3, "persons": 2}}, list(range(1, 11)))) == 7


def test_with_too_few_persons_for_any_threshold_nothing_is_released(treat):
    assert treat({"top_code": {"persons": 3}}, [5, 7, None]) == [None, None, None]


@pytest.mark.parametrize("spec", [{"round_to": 10}, {"top_code": {"persons": 2}}])
def test_text_cannot_be_treated_as_numbers(treat, spec):
    with pytest.raises(PlanError):
        treat(spec, ["a"])


def test_whole_numbers_need_a_whole_step(treat):
    with pytest.raises(PlanError):
        treat({"round_to": 0.5}, [1])


def test_rare_codes_become_missing_by_persons_not_rows(treat):
    assert treat({"suppress": {"persons": 2}}, ["x", "x", "y", "y", None], persons=["a", "b", "c", "c", "d"]) == [
        "x",
        "x",
        None,
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("values", "treated"),
    [
        # One person alone had "r" and would be the only one without a value: the next rarest value goes too.
        (["x", "x", "x", "y", "y", "r"], ["x", "x", "x", None, None, None]),
        # Two missing cells are enough.
        (["x", "x", "x", "y", "y", "r", None], ["x", "x", "x", "y", "y", None, None]),
        # Of values that are equally rare, the first goes.
        (["b", "b", "a", "a", None], ["b", "b", None, None, None]),
        (["a", "a", "b", "b"], ["a", "a", "b", "b"]),
        (["r"], [None]),
        ([3, 3, 4, 4, 9], [None, None, 4, 4, None]),
    ],
)
def test_missing_cells_are_those_of_nobody_or_of_enough(treat, values, treated):
    assert treat({"suppress": {"persons": 2}}, values) == treated


def test_missing_cells_are_counted_by_persons(treat):
    # The cells of a are missing twice, but a is one person.
    assert treat({"suppress": {"persons": 2}}, ["r", "q", "x", "x"], persons=["a", "a", "b", "c"]) == [None] * 4
    assert treat({"suppress": {"persons": 2}}, ["r", "q", "x", "x"], persons=["a", "d", "b", "c"]) == [None, None, "x", "x"]


def test_a_list_without_other_lets_nothing_pass(treat):
    assert treat({"recode": {"values": {"1": "one"}, "other": "many"}}, ["1", "2", None]) == ["one", "many", None]
    assert treat({"recode": {"values": {"1": "one"}}}, ["1", "2", None]) == ["one", None, None]


def test_recoding_by_hierarchy(treat):
    assert treat({"recode": {"hierarchy": {"prefix": [2]}, "level": 2}}, ["1301", "2710", None])[2] is None
    with pytest.raises(PlanError):
        treat({"recode": {"hierarchy": {"levels": 1}, "level": 5}}, ["a"])


def test_steps_act_in_one_order_however_they_are_written(treat):
    spec = {"round_to": 10, "top_code": {"persons": 2}, "bottom_code": {"persons": 2}}
    assert treat(spec, [1, 4, 26, 34, 90]) == [0, 0, 30, 30, 30]
    assert name_treatment(spec) == "bottom_code+top_code+round_to"


def test_keep_drop_and_names(treat):
    assert treat("keep", [1, None]) == [1, None]
    assert treat("drop", [1]) is None
    assert (name_treatment(None), name_treatment("keep")) == ("generalise", "keep")


def test_fresh_ids_are_one_number_per_code(treat):
    found = treat("fresh_id", ["b", "a", "b", None, "c"])
    assert found[3] is None
    assert found[0] == found[2]
    assert sorted({found[0], found[1], found[4]}) == [1, 2, 3]


def test_permutations_are_uniform_and_depend_on_seed_and_column():
    # All 6 orders of three appear about equally often: 6000 draws, expected 1000, five standard deviations are 144.
    counts = {}
    for seed in range(6000):
        key = tuple(permute(3, str(seed).encode(), "c", "x"))
        counts[key] = counts.get(key, 0) + 1
    assert len(counts) == 6
    assert all(abs(count - 1000) < 144 for count in counts.values())
    assert not np.array_equal(permute(50, b"s", "a", "x"), permute(50, b"s", "b", "x"))
    assert np.array_equal(np.sort(permute(50, b"s", "a", "x")), np.arange(50))
