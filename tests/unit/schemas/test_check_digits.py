"""Check digits: published and hand-computed vectors, one digit off, wrong forms, whole columns."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.check_digits import KINDS, append, are_valid, is_valid
from schemas.errors import InternalError

# 010006: 0·6+1·5+0·4+0·3+0·2 = 5; 11-5 = 6.   131041: 1·6+3·5+1·4+0·3+4·2 = 33; 11-0 = 11 → 1.
# 141003: 6+20+4+0+0 = 30; 30 mod 11 = 8; 11-8 = 3.
# 138016: from the right 1·2+0·1+8·2+3·1+1·2 → digits 2+0+(1+6)+3+2 = 14; 20-14 = 6.
# 309012345620: 3·5+0+9·3+0·2+1·7+2·6+3·5+4·4+5·3+6·2 = 119; 119 mod 11 = 9; 11-9 = 2.
VECTORS = [
    ("my_number", "983205673214"),
    ("licence", "309012345620"),
    ("municipality", "010006"),
    ("municipality", "141003"),
    ("municipality", "131041"),
    ("corporate", "7000012050002"),
    ("insurer", "33120015"),
    ("insurer", "138016"),
    ("insurer", "131045"),
    ("insurer", "141002"),
    ("care_office", "1370100016"),
]


def split(kind, text):
    """Return the number without its check digit."""
    index = KINDS[kind].position % len(text)
    return text[:index] + text[index + 1 :]


@pytest.mark.parametrize(("kind", "text"), VECTORS)
def test_vector_is_valid(kind, text):
    assert is_valid(kind, text)
    assert append(kind, split(kind, text)) == text


@pytest.mark.parametrize(("kind", "text"), VECTORS)
def test_every_other_check_digit_is_not_valid(kind, text):
    index = KINDS[kind].position % len(text)
    others = [text[:index] + digit + text[index + 1 :] for digit in "0123456789" if digit != text[index]]
    assert not are_valid(kind, others).any()


@pytest.mark.parametrize(
    "text",
    ["", "98320567321", "9832056732140", "９８３２０５６７３２１４", "98320567321A", " 98320567321", "98320567321\n", "-8320567321", None],
    ids=["empty", "short", "long", "full-width", "letter", "space", "newline", "sign", "missing"],
)
def test_wrong_form_is_not_valid(text):
    assert not is_valid("my_number", text)


def test_my_number_with_remainder_0_or_1_has_check_digit_0():
    # Weights 6,5,4,3,2,7,6,5,4,3,2. Body 00000000000: sum 0, r = 0 → 0. Body 00000100000 : 7·1 = 7, r = 7 → 4.
    # Body 20000000000: 12, r = 1 → 0.
    assert append("my_number", "00000000000") == "000000000000"
    assert append("my_number", "00000100000") == "000001000004"
    assert append("my_number", "20000000000") == "200000000000"


def test_licence_with_remainder_1_and_0_ends_in_0_and_1():
    # 11 - 1 = 10 → 0; 11 - 0 = 11 → 1. Weights 5,4,3,2,7,…: body 0300000000: 12, r = 1 → 0; body 0000000000: r = 0 → 1.
    assert append("licence", "03000000000") == "030000000000"
    assert append("licence", "00000000000") == "000000000010"


def test_care_office_number_takes_letters_but_not_those_that_look_like_digits():
    # A = 10. 13A010001: from the right 1·2,0·1,0·2,0·1,1·2,0·1,A·2=20→2+0,3·1,1·2 = 2+2+2+3+2 = 11 → 9.
    assert append("care_office", "13A010001") == "13A0100019"
    assert not are_valid("care_office", ["13I0100019", "13O0100019", "13Q0100019", "13a0100019"]).any()
    assert not is_valid("insurer", "13A016")


def test_column_of_arrow_texts_with_missing_values():
    column = pa.chunked_array([["138016", None], ["138017"]])
    assert are_valid("insurer", column).tolist() == [True, False, False]
    assert are_valid("insurer", pa.array([], pa.string())).tolist() == []


def test_one_in_ten_random_texts_passes_by_luck():
    texts = [f"{number:012d}" for number in range(0, 10_000_000_000, 1_000_003)]
    assert 0.09 < are_valid("my_number", texts).mean() < 0.19


def test_body_of_wrong_length_and_unknown_kind_are_defects_of_the_caller():
    with pytest.raises(InternalError, match="wrong length"):
        append("my_number", "123")
    with pytest.raises(InternalError, match="no check digit of kind"):
        is_valid("nothing", "1")


@settings(max_examples=60, deadline=None)
@given(kind=st.sampled_from(sorted(KINDS)), data=st.data())
def test_appended_number_is_valid_and_any_single_changed_digit_of_mod_10_is_found(kind, data):
    length = data.draw(st.sampled_from(KINDS[kind].lengths))
    body = data.draw(st.text("0123456789", min_size=length - 1, max_size=length - 1))
    number = append(kind, body)
    assert len(number) == length
    assert is_valid(kind, number)
    if KINDS[kind].lengths[0] != 6 or kind == "insurer":
        place = data.draw(st.integers(0, length - 1))
        digit = data.draw(st.sampled_from([d for d in "0123456789" if d != number[place]]))
        changed = number[:place] + digit + number[place + 1 :]
        if kind in {"insurer", "medical_facility", "late_elderly_insured", "public_payer"}:
            assert not is_valid(kind, changed)


def test_scalar_and_vector_agree():
    texts = [append("insurer", f"{n:05d}") for n in range(50)] + [f"{n:06d}" for n in range(50)]
    assert np.array_equal(are_valid("insurer", texts), [is_valid("insurer", text) for text in texts])
