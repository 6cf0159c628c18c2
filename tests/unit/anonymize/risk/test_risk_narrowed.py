"""What narrowed labels stand for to an attacker: exactly the originals within the range, or in the parts of the set."""

import numpy as np
import pyarrow as pa
import pytest

from anonymize.risk.attacks.encoding import QuasiIdentifier, Rows
from anonymize.risk.attacks.linkage import count_fitting, encode_classes
from anonymize.risk.narrowed import find_members, take_cells
from schemas.hierarchies import load_hierarchy
from schemas.plan import parse_plan

AREAS = {"tree": {"東": {"北東": ["a", "b"], "南東": ["c", "d", "e"]}, "西": {"北西": ["f"], "南西": ["g", "h"]}}}


def make_plan(hierarchy, tighten):
    columns = {"x": {"role": "quasi_identifier", "hierarchy": hierarchy, "clause": 5}}
    return parse_plan({"plan": "n", "privacy": {"k": 2}, "tighten": tighten, "columns": columns})


def narrow(hierarchy, values, cells, tighten):
    plan = make_plan(hierarchy, tighten)
    levels = load_hierarchy(hierarchy).resolve(values)
    members = find_members(take_cells(cells, plan.recoded[0]), plan.recoded[0], plan, levels)
    return QuasiIdentifier(name="x", values=values, levels=levels, narrowed=members)


@pytest.fixture
def ages():
    cells = pa.table({"x": ["31〜37", "30〜34", "31〜37", "35以上"], "x_from": [31, 30, 31, 35], "x_to": [37, 34, 37, None]})
    return narrow({"intervals": [5, 10]}, pa.array([30, 31, 34, 37, 38, None]), cells, tighten=True)


def test_a_range_stands_for_the_values_within(ages):
    # 30〜34 is a group of the hierarchy and is looked up there; the missing value lies in no range.
    assert {label: found.tolist() for label, found in ages.narrowed.items()} == {"31〜37": [1, 2, 3], "35以上": [3, 4]}
    assert ages.find_members("30〜34").tolist() == [0, 1, 2]
    # 31 … 37 lie together first at ten years.
    assert ages.find_label("31〜37")[0] == 2


def test_a_set_stands_for_the_values_of_its_parts():
    cells = pa.table({"x": ["c・d", "北東・f", "西"], "x_values": [["c", "d"], ["北東", "f"], ["西"]]})
    areas = narrow(AREAS, pa.array(list("abcdefgh")), cells, tighten={"nominal": True})
    assert areas.find_members("c・d").tolist() == [2, 3]
    assert areas.find_members("北東・f").tolist() == [0, 1, 5]
    assert areas.find_members("西").tolist() == [5, 6, 7]
    assert areas.find_label("北東・f")[0] == 3


def test_nothing_is_looked_up_where_the_plan_does_not_narrow():
    cells = pa.table({"x": ["31〜37"], "x_from": [31], "x_to": [37]})
    assert narrow({"intervals": [5]}, pa.array([31]), cells, tighten=False).narrowed == {}


def test_a_register_finds_fewer_persons_that_fit_a_narrowed_class(ages):
    labels = {"x": ["31〜37", "30〜34", "35以上"]}
    classes = encode_classes({"x": ages}, labels, np.array([5, 7, 11]), np.array([5, 7, 11]), single=True)
    column = pa.chunked_array([pa.array([30, 31, 37, 38, None])])
    targets = Rows(known={"x": ages.encode_values(column)}, numbers={}, categories={})
    # 30 fits 30〜34 alone; 31 fits both ranges; 37 fits 31〜37 and 35以上; 38 the last; a missing value none.
    assert count_fitting(classes, targets).tolist() == [7, 12, 16, 11, 0]


def test_an_attacker_guesses_a_value_within_the_range(ages):
    known = ages.encode_labels(pa.chunked_array([pa.array(["31〜37"] * 50)]), np.random.default_rng(0))
    assert set(known.value.tolist()) == {1, 2, 3}
    assert set(known.finest.tolist()) == {2}
