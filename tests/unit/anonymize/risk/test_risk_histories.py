"""Linked rows: who shares the set of classes their rows fall into."""

import pytest

from anonymize.risk.attributes import measure_attributes
from anonymize.risk.histories import count_histories, measure_histories, split_by_history
from anonymize.risk.released import open_released

# Classes (age, sex): A = (30, f), B = (30, m), C = (40, f). k = 2 holds in every class: A has persons 1 2 3, B 3 4, C 1 2.
ROWS = {"age": ["30", "30", "30", "30", "30", "40", "40", "30"], "sex": ["f", "f", "f", "m", "m", "f", "f", "f"]}
IDS = ["1", "2", "3", "3", "4", "1", "2", "1"]


@pytest.fixture
def released(write_release):
    def open_it(ids):
        return open_released(write_release(ROWS, ids=ids), "person" if ids else None)

    return open_it


def test_sets_of_classes_are_counted_in_persons(released):
    # Persons 1 and 2 have the set {A, C} (a row more changes nothing), person 3 has {A, B}, person 4 has {B}: sizes 2, 1, 1.
    with released(IDS) as open_file:
        assert count_histories(open_file) == {1: 2, 2: 1}
        smallest, alone, counted = measure_histories(open_file)
        assert (smallest.code, smallest.value) == ("linked_smallest", 1)
        assert (alone.code, alone.value) == ("linked_uniques", 0.5)
        assert (counted.code, counted.value, counted.persons) == ("linked_rows_smallest", 1, 1)


def test_numbers_of_rows_are_told_apart(released):
    # Persons 1 and 2 share the set {A, C}, but 1 has two rows in A: with numbers of rows all four are alone.
    with released(IDS) as open_file:
        assert count_histories(open_file, rows=True) == {1: 4}
    # Persons 1 and 2 have one row in each of A and C, persons 3 and 4 one in each of A and B.
    with released(["1", "2", "3", "3", "4", "1", "2", "4"]) as open_file:
        assert count_histories(open_file, rows=True) == {2: 2} == count_histories(open_file)
        smallest, alone, counted = measure_histories(open_file)
        assert smallest.value == counted.value == 2
        assert alone.value == 0
        # Reports hide figures that stand for few persons, so each says for how many it stands.
        assert [figure.persons for figure in (smallest, alone, counted)] == [2, 0, 2]


def test_one_row_per_person_is_the_class_itself(released):
    # Eight persons with one row each: classes of 4 (A), 2 (B), 2 (C).
    with released([str(number) for number in range(8)]) as open_file:
        assert count_histories(open_file) == {2: 2, 4: 1} == open_file.count_classes()
        assert [figure.code for figure in measure_histories(open_file)] == ["linked_smallest", "linked_uniques"]


def test_nothing_is_linked_without_an_id(released):
    with released(None) as open_file:
        assert measure_histories(open_file) == ()


def test_secrets_are_counted_among_those_who_share_a_history(write_release):
    # Persons 1 and 2: class A with x, class B with x and y. Persons 3 and 4: class A with y. A holds x and y; of 1 and 2 it holds x alone.
    ages, drugs = ["30", "30", "40", "40", "30", "30"], ["x", "x", "x", "y", "y", "y"]
    path = write_release({"age": ages}, {"drug": drugs}, ids=["1", "2", "1", "2", "3", "4"])
    with open_released(path, "person") as open_file:
        whole, apart = ({f.code: f.value for f in measure_attributes(file)} for file in (open_file, split_by_history(open_file)))
        assert (whole["diversity"], apart["diversity"]) == (2, 1)
        # Of the six (person, value) pairs, the four of A hold one value only when histories are known.
        assert (whole["homogeneous_share"], apart["homogeneous_share"]) == (0, pytest.approx(4 / 6))
        assert count_histories(open_file) == {2: 2}


def test_one_row_each_is_split_by_nothing(released):
    with released([str(number) for number in range(8)]) as open_file:
        assert split_by_history(open_file) is open_file
