"""Earlier levels on new counts, by hand: what holds stays, what fails is searched anew, what is left over joins."""

import numpy as np
import pyarrow as pa
import pytest

from anonymize.classes import ClassTable, Memberships, SearchTask
from anonymize.recoding import number_classes
from anonymize.search import find_recoding
from anonymize.search.mending import Given, mend_recoding
from schemas.errors import TargetNotReached
from schemas.hierarchies import load_hierarchy

AREAS = {"tree": {"東": {"北東": ["a", "b"], "南東": ["c", "d", "e"]}, "西": {"北西": ["f"], "南西": ["g", "h"]}}}
VALUE, PART, SIDE, ALL = range(4)


def make_task(persons, k=2, method="local", limit=0.0, memberships=None):
    """A table of one column: area → persons."""
    values = sorted(persons)
    counts = np.array([persons[value] for value in values], dtype=np.int64)
    table = ClassTable(
        columns=("area",),
        levels=(load_hierarchy(AREAS).resolve(pa.array(values)),),
        codes=np.arange(len(values), dtype=np.int32)[:, None],
        rows=counts,
        persons=counts,
        memberships=memberships,
        sensitive={},
        total_rows=int(counts.sum()),
        total_persons=int(counts.sum()),
    )
    ends = {"min_levels": np.zeros(1, np.int8), "max_levels": np.array([ALL], np.int8)}
    return SearchTask(table=table, k=k, suppression_limit=limit, weights=np.ones(1), method=method, **ends)


def mend(task, levels, **more):
    """Apply levels, None where nothing is given."""
    assigned = np.array([level is not None for level in levels])
    filled = np.array([[level or 0] for level in levels], dtype=np.int8)
    return mend_recoding(task, Given(levels=filled, assigned=assigned, **more), find_recoding)


def told(found):
    facts = found.search.reapplied
    return facts["classes_kept"], facts["classes_broken"], facts["persons_in_broken"], facts["solved_anew"]


def test_a_class_that_holds_stays_although_finer_levels_would_do():
    found = mend(make_task({"a": 5, "b": 5, "c": 3}), [PART, PART, VALUE])
    assert found.levels.ravel().tolist() == [PART, PART, VALUE]
    assert told(found) == (2, 0, 0, False)
    assert find_recoding(make_task({"a": 5, "b": 5, "c": 3})).levels.ravel().tolist() == [VALUE, VALUE, VALUE]


def test_only_the_lines_of_a_broken_class_are_searched_anew():
    # c has one person now and d is new: together they are 南東. a and b keep the class they had.
    found = mend(make_task({"a": 5, "b": 5, "c": 1, "d": 1}), [PART, PART, VALUE, None])
    assert found.levels.ravel().tolist() == [PART, PART, PART, PART]
    assert number_classes(make_task({"a": 5, "b": 5, "c": 1, "d": 1}).table, found).tolist() == [0, 0, 1, 1]
    # One person in the broken class: not said.
    assert told(found) == (1, 1, None, False)


def test_the_last_line_joins_a_class_that_held_and_lifts_it():
    # Alone in its half of the tree, f fits nowhere; it joins the smaller of the two classes that held, at the top.
    found = mend(make_task({"a": 3, "c": 40, "f": 1}), [VALUE, VALUE, None])
    assert found.levels.ravel().tolist() == [ALL, VALUE, ALL]
    assert told(found) == (2, 0, 0, False)


def test_a_line_that_was_suppressed_is_searched_like_a_new_one():
    found = mend(make_task({"a": 3, "f": 4}), [VALUE, None])
    assert found.levels.ravel().tolist() == [VALUE, VALUE]
    assert not found.suppressed.any()


def test_persons_with_several_rows_are_counted_once():
    # Two persons, both in a and in c: every class has two persons, the broken one as well when k is 3.
    memberships = Memberships(offsets=np.array([0, 2]), combinations=np.array([0, 1]), persons=np.array([2]))
    task = make_task({"a": 2, "c": 2}, memberships=memberships)
    assert told(mend(task, [VALUE, VALUE])) == (2, 0, 0, False)
    with pytest.raises(TargetNotReached):
        mend(make_task({"a": 2, "c": 2}, k=3, memberships=memberships), [VALUE, VALUE])


def test_a_global_recoding_keeps_its_node_within_the_limit():
    persons = {"a": 5, "b": 5, "c": 1, "f": 5}
    found = mend(make_task(persons, method="global", limit=0.1), [VALUE] * 4)
    assert found.levels.ravel().tolist() == [VALUE] * 4
    assert found.suppressed.tolist() == [False, False, True, False]
    assert told(found) == (3, 1, None, False)
    # Nothing may be suppressed: the search begins anew and finds the halves of the tree.
    anew = mend(make_task(persons, method="global"), [VALUE] * 4)
    assert anew.levels.ravel().tolist() == [SIDE] * 4
    assert anew.search.reapplied["solved_anew"]


def test_cells_keep_their_node_and_their_blanks():
    base = np.array([PART], dtype=np.int8)
    found = mend(make_task({"a": 5, "c": 5, "f": 1, "g": 1}, method="cells"), [PART, PART, ALL, ALL], base=base)
    assert found.method == "cells"
    assert found.levels.ravel().tolist() == [PART, PART, ALL, ALL]
    assert found.base.tolist() == [PART]
    # With one more person in f, its class could be told; it holds as it was, and stays blank.
    more = mend(make_task({"a": 5, "c": 5, "f": 2, "g": 1}, method="cells"), [PART, PART, ALL, ALL], base=base)
    assert more.levels.ravel().tolist() == [PART, PART, ALL, ALL]
