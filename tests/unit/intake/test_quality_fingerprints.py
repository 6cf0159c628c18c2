"""Hashes of values, kinds of unusual characters, and distinct values counted in little memory."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.quality.fingerprints import CHARACTERS, SKETCH_SIZE, Sketch, fingerprint, hash_ideographs, join_hashes


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("山田花子", set()),
        ("髙田", set()),  # has a code in CP932, and is no variant
        ("\ue000田", {"private_use"}),
        ("\U000f0000", {"private_use"}),
        ("〓田", {"replacement"}),
        ("\ufffd", {"replacement"}),
        ("葛\U000e0100城", {"variation_selector"}),
        ("邉\ufe00", {"variation_selector"}),
        ("\ufa19社", {"compatibility_ideograph"}),
        ("﨑", set()),  # U+FA11, an ideograph of its own in the compatibility block
        ("𠮷野家", {"beyond_cp932"}),
        ("\ue000〓", {"private_use", "replacement"}),
        ("ｱ1-é", set()),
    ],
)
def test_unusual_characters_are_told_by_kind(text, kinds):
    _, flags = fingerprint(pa.array([text]))
    assert {kind for kind, bit in CHARACTERS.items() if flags[0] & bit} == kinds


@pytest.mark.parametrize(
    "values",
    [
        pa.array(["甲", "乙", None, ""]),
        pa.array([1, 2, None, 3]),
        pa.array([0.5, -0.25, None, 2.0]),
        pa.array([0, 1, None, 2], pa.date32()),
        pa.array([True, False, None]),
    ],
    ids=lambda values: str(values.type),
)
def test_equal_values_have_equal_hashes_and_others_do_not(values):
    hashes, _ = fingerprint(values)
    assert len(set(hashes.tolist())) == len(values)
    assert fingerprint(pa.concat_arrays([values, values]))[0].tolist() == [*hashes, *hashes]
    coded = pa.concat_arrays([values, values]).dictionary_encode()
    assert fingerprint(coded)[0].tolist() == [*hashes, *hashes]


def test_a_part_of_an_array_is_read_from_where_it_begins():
    texts = pa.array(["甲", "乙乙", "丙"])
    assert fingerprint(texts[1:])[0].tolist() == fingerprint(pa.array(["乙乙", "丙"]))[0].tolist()
    assert hash_ideographs(texts[2:]).tolist() == hash_ideographs(pa.array(["丙"])).tolist()


def test_ideographs_are_compared_without_what_rules_may_change():
    before, after, other = (hash_ideographs(pa.array([text]))[0] for text in ("髙１－２　ｶﾅ", "髙1-2 カナ", "高1-2 カナ"))
    assert before == after != other
    assert hash_ideographs(pa.array([None], pa.string()))[0] == 0


def test_rows_alike_in_all_columns_have_one_hash():
    first, second = (fingerprint(pa.array(column))[0] for column in (["a", "a", "b"], ["x", "y", "x"]))
    joined = join_hashes([first, second])
    assert len(set(joined.tolist())) == 3
    assert join_hashes([second, first])[0] != joined[0]


@given(st.lists(st.lists(st.integers(0, 500)), max_size=8))
def test_few_distinct_values_are_counted_exactly_in_any_order(blocks):
    sketch = Sketch()
    for block in blocks:
        sketch.add(fingerprint(pa.array(block, pa.int64()))[0])
    assert sketch.count() == (len({value for block in blocks for value in block}), True)


def test_many_distinct_values_are_estimated_within_two_per_cent():
    sketch = Sketch()
    for start in range(0, 500_000, 50_000):
        hashes, _ = fingerprint(pa.array(np.arange(start, start + 50_000)))
        sketch.add(hashes)
        sketch.add(hashes)
    count, exact = sketch.count()
    assert not exact
    assert abs(count - 500_000) < 10_000
    assert sketch.smallest.size == SKETCH_SIZE
