"""Half-width kana to full width: the same, for every text, as the slow way of one run of kana at a time under Unicode composition."""

import re
import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st

from intake.values.width import fold_kana

HALF = "".join(map(chr, range(0xFF61, 0xFFA0)))
# U+FF61–U+FF9F are in the compatibility order of Unicode: NFKC of each alone is its full-width form
FULL = {ord(half): unicodedata.normalize("NFKC", half) for half in HALF}
MIXED = st.text(st.sampled_from(HALF + "カハウ゛゜\u3099\u309a髙神a1 \u3000－ー"), max_size=12)


def fold_slowly(text):
    def compose(run):
        joined = unicodedata.normalize("NFC", run.group().translate(FULL))
        return joined.replace("\u3099", "\u309b").replace("\u309a", "\u309c")

    return re.sub("[\uff61-\uff9f]+", compose, text)


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
