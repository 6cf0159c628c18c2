"""Releases held against each other: persons of several rows, extracts of two times, values that went away, what would pass."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymize.method_file import KEY
from anonymize.pipeline import Job, process
from anonymize.risk.differences import compare_extracts, count_changes, find_parts, overlap_classes
from anonymize.risk.inputs import count_cells
from anonymize.risk.nearest import find_nearest
from anonymize.risk.releases import Extract, Members, count_between, count_classes, join_extracts
from anonymize.risk.sealed import Sealed, align, read_sealed, widen
from anonymize.risk.together import take_together
from schemas.errors import FileRejected
from schemas.messages import Name
from schemas.plan import Plan, load_plan

K, ONE = 5, np.ones(1, dtype=np.int64)


def extract(rows: list[tuple[str, str]], classes: dict[str, int], *, linked: bool = False) -> Extract:
    """Make an extract of rows (person, value) by a class for each value; a person may have several values."""
    values = sorted({value for _, value in rows})
    owners = {value: sorted({person for person, held in rows if held == value}) for value in values}
    people = sorted({person for person, _ in rows})
    sizes = [len(owners[value]) for value in values]
    patterns = [people.index(person) for value in values for person in owners[value]]
    members = Members(
        offsets=np.concatenate(([0], np.cumsum(sizes))).astype(np.int64),
        patterns=np.array(patterns, dtype=np.int64),
        persons=np.ones(len(people), dtype=np.int64),
    )
    found = np.array([classes[value] for value in values], dtype=np.int64)
    keys = pa.table({"q": values})
    return Extract(keys=keys, classes=found, persons=np.array(sizes, dtype=np.int64), members=members, linked=linked)


ROWS = [("p", "a"), ("p", "b"), ("q", "a"), ("q", "b"), ("r", "a"), ("s", "c"), ("t", "c")]


def join_classes(extracts):
    """Return the joint classes of releases of the same file, counted."""
    joint = join_extracts(extracts)
    return None if joint is None else count_classes(joint)


def test_a_person_with_several_rows_is_counted_once_in_each_joint_class() -> None:
    # First release {a, b}, {c}; second {a}, {b, c}. Joint: a: p, q, r; b: p, q; c: s, t.
    joint = join_classes([extract(ROWS, {"a": 0, "b": 0, "c": 1}), extract(ROWS, {"a": 0, "b": 1, "c": 1})])
    assert joint is not None
    assert (joint.sizes, joint.persons, joint.linked) == ({2: 2, 3: 1}, 5, {})


def test_linked_rows_are_counted_by_their_sets_of_joint_classes() -> None:
    # Sets of joint classes: p, q have {a, b}; r has {a}; s, t have {c}.
    joint = join_classes([extract(ROWS, {"a": 0, "b": 0, "c": 1}, linked=True), extract(ROWS, {"a": 0, "b": 1, "c": 1})])
    assert joint is not None
    assert joint.linked == {1: 1, 2: 2}
    assert count_between(joint.linked, 0, 2) == (1, 1)


def test_what_is_suppressed_everywhere_is_in_no_set() -> None:
    joint = join_classes([extract(ROWS, {"a": 0, "b": -1, "c": 1}, linked=True)])
    assert joint is not None
    assert (joint.sizes, joint.linked) == ({2: 1, 3: 1}, {2: 1, 3: 1})


def test_classes_that_depend_on_more_than_the_values_are_joined_line_by_line_or_not_at_all() -> None:
    keys = pa.table({"q": ["a", "a", "b"]})
    lines = Members(offsets=np.arange(4), patterns=np.arange(3), persons=np.array([5, 6, 7]))
    first = Extract(keys=keys, classes=np.array([0, 1, 1]), persons=np.array([5, 6, 7]), members=lines, linked=True)
    second = replace(first, classes=np.array([0, 0, 1]))
    joint = join_classes([first, second])
    assert joint is not None
    assert joint.sizes == {5: 1, 6: 1, 7: 1}
    plain = Extract(keys=pa.table({"q": ["a", "b"]}), classes=np.array([0, 1]), persons=np.array([11, 7]))
    assert join_extracts([first, plain]) is None
    assert join_extracts([first]) is not None


PEOPLE = st.lists(st.tuples(st.sampled_from("pqrstuvw"), st.sampled_from("abcd")), min_size=1, max_size=20, unique=True)
CLASSES = st.fixed_dictionaries({value: st.integers(-1, 2) for value in "abcd"})


@settings(max_examples=150, deadline=None)
@given(PEOPLE, CLASSES, CLASSES, CLASSES)
def test_three_releases_are_joined_as_the_obvious_way_does(
    rows: list[tuple[str, str]], one: dict[str, int], two: dict[str, int], three: dict[str, int]
) -> None:
    found = (one, two, three)
    joint = join_classes([extract(rows, classes, linked=True) for classes in found])
    assert joint is not None
    cells: dict[tuple[int, ...], set[str]] = {}
    sets: dict[str, set[tuple[int, ...]]] = {}
    for person, value in rows:
        cell = tuple(classes[value] for classes in found)
        if cell != (-1, -1, -1):
            cells.setdefault(cell, set()).add(person)
            sets.setdefault(person, set()).add(cell)
    assert joint.sizes == dict(Counter(len(people) for people in cells.values()))
    assert joint.linked == dict(Counter(Counter(frozenset(cells) for cells in sets.values()).values()))
    assert joint.persons == len(sets)


def plain(lines: list[tuple[str, int, int]]) -> Extract:
    values, classes, persons = zip(*lines, strict=True)
    return Extract(keys=pa.table({"q": list(values)}), classes=np.array(classes), persons=np.array(persons))


def test_overlaps_of_two_extracts_by_hand() -> None:
    # a, b → class 0, c → 1; then a → 0, b, c → 1. Overlaps: a (6, then 5), b (3, 4), c (7, 7). d is new, and its class meets class 0 and 1.
    before = plain([("a", 0, 6), ("b", 0, 3), ("c", 1, 7)])
    after = plain([("a", 0, 5), ("b", 1, 4), ("c", 1, 7), ("d", 1, 2)])
    assert overlap_classes(before, after).sizes == {5: 1, 3: 1, 7: 1}


def test_a_new_combination_counts_where_its_class_meets_a_single_one() -> None:
    # Ten persons and ten: one combination went, another came, both in the same class of equal recodings.
    before = plain([("a", 0, 9), ("b", 0, 1)])
    after = plain([("a", 0, 9), ("c", 0, 1)])
    assert overlap_classes(before, after).sizes == {10: 1}


def test_overlaps_with_the_suppressed_are_classes_of_their_own() -> None:
    assert overlap_classes(plain([("a", 0, 6), ("b", 0, 3)]), plain([("a", 0, 6), ("b", -1, 3)])).sizes == {6: 1, 3: 1}
    assert overlap_classes(plain([("a", -1, 6)]), plain([("a", -1, 6)])).sizes == {}


def test_persons_of_several_rows_differ_once() -> None:
    # p and q leave with two rows each: the part of {a, b} differs by two persons, not four.
    stayed = [row for row in ROWS if row[0] not in "pq"] + [("u", "b")]
    classes = {"a": 0, "b": 0, "c": 1}
    assert compare_extracts(extract(ROWS, classes), extract(stayed, classes)).sizes == {0: 1, 1: 1}


def values(*rows: tuple[int, str | None, int]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=["class", "value", "persons"]).astype({"value": "string"})


def test_a_change_hides_behind_an_equal_number_of_persons() -> None:
    # Ten persons before and after: one with x and none with y went, one with z came. Subtraction of sizes tells nothing, of values all.
    before, after = plain([("a", 0, 10)]), plain([("a", 0, 10)])
    parts = find_parts(before, after)
    assert count_between(compare_extracts(before, after, parts).sizes, 1, 5) == (0, 0)
    assert count_changes(values((0, "x", 4), (0, None, 6)), values((0, "x", 3), (0, None, 6), (0, "z", 1)), parts) == {1: 2}
    assert count_changes(values((0, "x", 4), (0, None, 6)), values((0, "x", 4), (0, None, 6)), parts) == {}


def test_changes_are_summed_over_the_parts_both_cover_alike() -> None:
    # Classes 0 and 1 of before are one class of after: 2 + 3 of x stay 5 of x.
    before, after = plain([("a", 0, 5), ("b", 1, 6)]), plain([("a", 0, 5), ("b", 0, 6)])
    old, new = values((0, "x", 2), (0, "y", 3), (1, "x", 3), (1, "y", 3)), values((0, "x", 5), (0, "y", 6))
    assert count_changes(old, new, find_parts(before, after)) == {}


# Through method information.
PLAN = """plan: p
unit: key
privacy: {k: 5}
method: METHOD
suppression_limit: 0.3
columns:
  key: {role: linking_code, treatment: fresh_id, clause: 3}
  age: {role: quasi_identifier, hierarchy: {intervals: [5, 10, 20, 40]}, min_level: LOW, clause: 5}
  sex: {role: SEX, clause: 5}
  care: {role: sensitive, treatment: keep, clause: 5}
"""
SEX = "quasi_identifier, hierarchy: {levels: 1}"


def write_plan(path: Path, *, method: str = "global", low: int = 1, sex: str = SEX, shift: bool = False) -> Plan:
    text = PLAN.replace("METHOD", method).replace("LOW", str(low)).replace("SEX", sex)
    path.write_text(text.replace("[5, 10, 20, 40]", "[7, 21]") if shift else text, encoding="utf-8")
    return load_plan(path)


def write_rows(path: Path, persons: int = 600, *, rows_each: int = 1, leave: float = 0.0, seed: int = 2) -> Path:
    rng = np.random.default_rng(seed)
    count = persons * rows_each
    table = pa.table(
        {
            "key": np.repeat(np.arange(persons), rows_each).astype(str),
            "age": np.repeat(rng.integers(0, 60, persons), rows_each) if rows_each == 1 else rng.integers(0, 60, count),
            "sex": rng.choice(["m", "f"], count),
            "care": rng.choice(["1", "2", "3"], count),
        }
    )
    stay = np.repeat(np.random.default_rng(9).random(persons) >= leave, rows_each)
    pq.write_table(table.filter(pa.array(stay)), path)
    return path


def release(folder: Path, name: str, source: Path, plan: Plan) -> Sealed:
    output, method = folder / f"{name}.parquet", folder / f"{name}-method.parquet"
    process(Job(source=source, plan=plan, output=output, method_output=method, seed=1, compare=False))
    return read_sealed(method, Name(name), released=output, original=source)


def smallest(sealed: Sealed) -> int:
    return min(count_classes(sealed.extract).sizes)


@pytest.mark.parametrize(("method", "rows_each"), [("global", 1), ("local", 1), ("cells", 1), ("global", 2)])
def test_the_same_release_twice_tells_no_more_than_once(tmp_path: Path, method: str, rows_each: int) -> None:
    source = write_rows(tmp_path / "in.parquet", rows_each=rows_each)
    first = release(tmp_path, "a", source, write_plan(tmp_path / "a.yaml", method=method, low=2))
    second = release(tmp_path, "b", source, write_plan(tmp_path / "a.yaml", method=method, low=2))
    assert smallest(first) == pq.read_table(first.released, columns=["age", "sex"]).to_pandas().value_counts().min() or rows_each > 1
    found = take_together(second, [first], tmp_path)
    assert found.failed == ()
    assert found.holds(K, K)
    assert {told.code: told.smallest for told in found.told}["joint"] == smallest(first)


def test_shifted_bands_do_not_hold_although_each_does(tmp_path: Path) -> None:
    source = write_rows(tmp_path / "in.parquet")
    first = release(tmp_path, "a", source, write_plan(tmp_path / "a.yaml"))
    second = release(tmp_path, "b", source, write_plan(tmp_path / "b.yaml", shift=True))
    assert min(smallest(first), smallest(second)) >= K
    found = take_together(second, [first], tmp_path)
    assert not found.holds(K, K)
    people = pq.read_table(source).to_pandas()
    cells = people.groupby([people["age"] // 5, people["age"] // 7, "sex"]).size()
    told = next(told for told in found.told if told.code == "joint")
    assert told.sizes == dict(Counter(cells.tolist()))


def test_other_columns_are_compared_from_the_input_as_counting_rows_does(tmp_path: Path) -> None:
    source = write_rows(tmp_path / "in.parquet")
    first = release(tmp_path, "a", source, write_plan(tmp_path / "a.yaml"))
    second = release(tmp_path, "b", source, write_plan(tmp_path / "b.yaml", shift=True, sex="attribute, treatment: drop"))
    people = pq.read_table(source).to_pandas()
    cells = people.groupby([people["age"] // 5, people["age"] // 7, "sex"]).size()
    (told, *_) = take_together(second, [first], tmp_path).told
    assert told.sizes == dict(Counter(cells.tolist()))
    assert take_together(replace(second, original=None), [replace(first, original=None)], tmp_path).failed == ("a",)
    wrong = write_rows(tmp_path / "other.parquet", seed=3)
    extracts, failed = align([replace(second, original=wrong), replace(first, original=wrong)], tmp_path)
    assert (extracts, failed) == ([], ["b", "a"])
    assert count_cells(source, ["age", "sex", "absent"], None, tmp_path) is None


@pytest.mark.parametrize("method", ["global", "local"])
def test_linked_persons_are_found_again_in_the_input_by_what_they_hold(tmp_path: Path, method: str) -> None:
    # Persons with equal values in one row may be in several classes, because of their other rows.
    source = write_rows(tmp_path / "in.parquet", persons=300, rows_each=2)
    sealed = release(tmp_path, "a", source, write_plan(tmp_path / "a.yaml", low=2, method=method))
    assert sealed.extract.linked
    other = Extract(keys=pa.table({"age": [1], "sex": ["m"]}), classes=ONE, persons=ONE)
    assert (join_extracts([sealed.extract, other]) is None) == (method == "local")
    cells = count_cells(source, ["age", "sex", "care"], "key", tmp_path)
    assert cells is not None
    wide = widen(sealed, cells)
    assert wide is not None
    people = pq.read_table(source).to_pandas()
    assert wide.persons.sum() == len(people.drop_duplicates(["key", "age", "sex", "care"]))
    told, again = count_classes(sealed.extract), count_classes(wide)
    assert (told.sizes, told.linked, told.persons) == (again.sizes, again.linked, again.persons)


def test_a_linked_and_an_unlinked_release_are_compared_person_by_person(tmp_path: Path) -> None:
    source = write_rows(tmp_path / "in.parquet", persons=300, rows_each=2)
    plan = write_plan(tmp_path / "a.yaml", low=2, method="local")
    linked = release(tmp_path, "a", source, plan)
    loose = release(tmp_path, "b", source, replace(plan, privacy=replace(plan.privacy, linked=False)))
    assert join_extracts([linked.extract, loose.extract]) is None
    found = take_together(loose, [linked], tmp_path)
    assert found.failed == ()
    assert {told.code for told in found.told} == {"joint", "joint_linked"}
    assert take_together(replace(loose, original=None), [replace(linked, original=None)], tmp_path).failed == ("a",)


def test_one_per_cent_who_left_are_found_by_size_and_by_value(tmp_path: Path) -> None:
    plan = write_plan(tmp_path / "a.yaml", low=2)
    first = release(tmp_path, "a", write_rows(tmp_path / "in.parquet", 5000), plan)
    second = release(tmp_path, "b", write_rows(tmp_path / "in2.parquet", 5000, leave=0.01), plan)
    found = take_together(second, [first], tmp_path)
    told = {one.code: one for one in found.told}
    old, new = (pq.read_table(tmp_path / name).to_pandas() for name in ("in.parquet", "in2.parquet"))
    sizes = [frame.groupby([frame["age"] // 10, "sex"]).size() for frame in (old, new)]
    assert told["difference"].sizes == dict(Counter((sizes[0] - sizes[1]).tolist()))
    by_value = [frame.groupby([frame["age"] // 10, "sex", "care"]).size() for frame in (old, new)]
    gone = (by_value[0] - by_value[1]).groupby(level=[0, 1]).sum()
    assert told["change"].sizes == dict(Counter(size for size in gone.tolist() if size))
    assert not found.holds(K, K)


def test_a_written_file_that_is_not_that_of_the_class_table_is_not_compared(tmp_path: Path) -> None:
    plan = write_plan(tmp_path / "a.yaml", low=2)
    first = release(tmp_path, "a", write_rows(tmp_path / "in.parquet"), plan)
    second = release(tmp_path, "b", write_rows(tmp_path / "in2.parquet", leave=0.1), plan)
    assert take_together(second, [replace(first, released=second.released)], tmp_path).failed == ("a",)


def test_what_is_suggested_passes_when_it_is_made(tmp_path: Path) -> None:
    source = write_rows(tmp_path / "in.parquet", 2000)
    first = release(tmp_path, "a", source, write_plan(tmp_path / "a.yaml", low=2))
    plan = write_plan(tmp_path / "b.yaml", shift=True)
    second = release(tmp_path, "b", source, plan)
    passes = lambda tried: take_together(tried, [first], tmp_path).holds(30, 30)  # noqa: E731
    assert not passes(second)
    like, node = find_nearest(second, [first], plan, 30, passes)
    assert like.like == "a"
    assert like.loss < node.loss
    assert like.loss == pytest.approx(first.facts["loss"])
    document: dict[str, Any] = plan.to_document()
    for column, level, _ in node.levels:
        document["columns"][column] |= {"min_level": level, "max_level": level}
    (tmp_path / "c.yaml").write_text(json.dumps(document), encoding="utf-8")
    again = release(tmp_path, "c", source, load_plan(tmp_path / "c.yaml"))
    assert passes(again)
    assert again.facts["loss"] == pytest.approx(node.loss)
    assert node.tell()[0].render().startswith("nearest release that passes")


def test_nothing_is_suggested_where_nothing_passes(tmp_path: Path) -> None:
    plan = write_plan(tmp_path / "a.yaml")
    sealed = release(tmp_path, "a", write_rows(tmp_path / "in.parquet"), plan)
    assert find_nearest(sealed, [], plan, 5, lambda _tried: False) == ()


def test_method_information_without_a_class_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "old.parquet"
    pq.write_table(pa.table({"age": [1]}).replace_schema_metadata({KEY: b'{"plan_sha256": "0"}'}), path)
    with pytest.raises(FileRejected, match="no class table"):
        read_sealed(path, Name("old"))


def test_a_sample_is_other_rows_than_the_whole(tmp_path: Path) -> None:
    source = write_rows(tmp_path / "in.parquet")
    plan = write_plan(tmp_path / "a.yaml", low=2)
    whole, part = release(tmp_path, "a", source, plan), release(tmp_path, "b", source, replace(plan, sample=0.9))
    assert not part.has_rows_of(whole)
    found = take_together(part, [whole], tmp_path)
    assert {told.code for told in found.told} == {"joint", "difference", "change"}


def test_other_opt_outs_are_other_rows_though_the_list_has_the_same_name(tmp_path: Path) -> None:
    source, names = write_rows(tmp_path / "in.parquet"), tmp_path / "out.txt"
    plan = replace(write_plan(tmp_path / "a.yaml", low=2), remove="out.txt")
    names.write_text("1\n2\n", encoding="utf-8")
    first, again = release(tmp_path, "a", source, plan), release(tmp_path, "b", source, plan)
    names.write_text("3\n4\n", encoding="utf-8")
    other = release(tmp_path, "c", source, plan)
    assert again.has_rows_of(first)
    assert not other.has_rows_of(first)
    found = {told.code: told for told in take_together(other, [first], tmp_path).told}
    # Two went and two came, in four parts or fewer: whoever knows that one opted out finds the values by subtraction.
    assert found["change"].count_below(K)[0] > 0


def test_a_release_without_rows_tells_nothing(tmp_path: Path) -> None:
    plan = write_plan(tmp_path / "a.yaml", low=2)
    first = release(tmp_path, "a", write_rows(tmp_path / "in.parquet"), plan)
    none = replace(first, extract=replace(first.extract, classes=np.full(len(first.rows), -1)), released=None)
    assert take_together(none, [none], tmp_path).told[0].sizes == {}
    later = replace(none, facts={**none.facts, "rows_of": "later"})
    assert [told.sizes for told in take_together(later, [none], tmp_path).told] == [{}, {}]
    assert find_nearest(none, [first], plan, K, lambda _tried: True)[0].like == "a"


RECIPES = st.tuples(st.integers(1, 12), st.integers(0, 11), st.integers(1, 4))


@settings(max_examples=150, deadline=None)
@given(st.lists(RECIPES, min_size=2, max_size=4), st.integers(0, 1000), st.integers(2, 6))
def test_recipes_accepted_in_sequence_keep_k_jointly(recipes: list[tuple[int, int, int]], seed: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    people = np.column_stack([rng.integers(0, 24, 120), rng.integers(0, 4, 120)])
    lines, persons = np.unique(people, axis=0, return_counts=True)
    keys, accepted = pa.table({"age": lines[:, 0], "area": lines[:, 1]}), list[Sealed]()
    for width, start, areas in recipes:
        names = np.unique(np.column_stack([(lines[:, 0] + start) // width, lines[:, 1] // areas]), axis=0, return_inverse=True)[1].reshape(
            -1
        )
        classes = np.where(np.bincount(names, weights=persons)[names] < k, -1, names)
        made = Extract(keys=keys, classes=classes, persons=persons.astype(np.int64))
        facts = {"rows_of": "same", "input_sha256": "0"}
        sealed = Sealed(name=Name(len(accepted)), extract=made, rows=made.persons, levels=np.zeros((len(lines), 2), np.int8), facts=facts)
        if take_together(sealed, accepted, Path()).holds(k, k):
            accepted.append(sealed)
    cells = Counter[tuple[int, ...]]()
    for line, number in enumerate(persons.tolist()):
        cells[tuple(int(sealed.extract.classes[line]) for sealed in accepted)] += number
    assert all(number >= k for cell, number in cells.items() if max(cell, default=-1) >= 0)
