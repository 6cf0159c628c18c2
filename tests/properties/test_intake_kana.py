"""Half-width kana to full width: the same, for every text, as the slow way of one run of kana at a time under Unicode composition."""

import re
import unicodedata

import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from intake.values.texts import convert_addresses, convert_kana
from intake.values.width import fold_address, fold_kana, fold_reading

HALF = "".join(map(chr, range(0xFF61, 0xFFA0)))
# U+FF61–U+FF9F are in the compatibility order of Unicode: NFKC of each alone is its full-width form
FULL = {ord(half): unicodedata.normalize("NFKC", half) for half in HALF}
MIXED = st.text(st.sampled_from(HALF + "カハウ゛゜\u3099\u309a髙神a1 \u3000－ー"), max_size=12)


def fold_slowly(text):
    def compose(run):
        joined = unicodedata.normalize("NFC", run.group().translate(FULL))
        return joined.replace("\u3099", "\u309b").replace("\u309a", "\u309c")

    return re.sub("[\uff61-\uff9f]+", compose, text)


@settings(deadline=None)
@given(MIXED | st.text(max_size=12))
@example("ｶﾞﾞ")
@example("カﾞ")
@example("ｳﾞﾜﾞｦﾞﾊﾟﾊﾞ")
@example("ｱﾞｱﾟ")
@example("神ｶﾞ")
def test_the_fast_way_and_the_slow_way_agree(text):
    assert fold_kana(text) == fold_slowly(text)


def test_every_pair_of_half_width_characters_is_as_unicode_has_it():
    for first in HALF:
        for second in HALF:
            assert fold_kana(first + second) == fold_slowly(first + second)


@settings(deadline=None)
@given(st.lists(st.none() | MIXED.map(lambda text: text.strip(" \u3000")).filter(bool), max_size=6))
@example([])
@example([None])
@example(["ｶ", "ﾞｶ", "1", "-2"])
def test_texts_of_a_column_are_folded_each_by_itself(texts):
    column = pa.array(texts, pa.string())
    assert convert_kana(column).values.to_pylist() == [text and fold_reading(text) for text in texts]
    assert convert_addresses(column).values.to_pylist() == [text and fold_address(text) for text in texts]


def test_a_text_with_a_nul_is_put_aside_and_does_not_shift_its_neighbours():
    converted = convert_kana(pa.array(["ｱ", "ｲ\0ｳ", None, "ｴ"]))
    assert converted.values.to_pylist() == ["ア", None, None, "エ"]
    assert [bool(defect) for defect in converted.defects] == [False, True, False, False]
