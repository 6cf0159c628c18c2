"""Numbers made here pass the checks written elsewhere from the same rules."""

import numpy as np
import pytest

from sample_data import numbering
from sample_data.pools import open_stream
from schemas import check_digits
from schemas.municipalities import list_municipalities

SIZE = 500


@pytest.mark.parametrize(
    ("kind", "make"),
    [
        ("my_number", numbering.make_personal_numbers),
        ("corporate", numbering.make_corporate_numbers),
        ("care_office", lambda size, rng: numbering.make_office_numbers(90, size, rng)),
    ],
)
def test_numbers_have_valid_check_digits(kind, make):
    made = make(SIZE, open_stream(1, kind))
    assert check_digits.are_valid(kind, made).all()


def test_published_check_digits():
    # 983205673214 (平成26年総務省令85号 example), 7000012050002 (国税庁), insurer 138016, care office 137010001|6
    assert numbering.check_personal(numbering.split_digits(np.array([98320567321]), 11))[0] == 4
    assert numbering.check_corporate(numbering.split_digits(np.array([12050002]), 12))[0] == 7
    assert numbering.check_modulus_10(numbering.split_digits(np.array([13801]), 5))[0] == 6
    assert numbering.check_modulus_10(numbering.split_digits(np.array([137010001]), 9))[0] == 6


def test_insurer_numbers_of_all_invented_bodies_are_valid():
    numbers = [numbering.make_insurer_number(body.code) for body in list_municipalities(synthetic=True)]
    assert check_digits.are_valid("insurer", numbers).all()


def test_unique_numbers_are_distinct_and_fill_their_space():
    numbers = numbering.unique_numbers(1000, 3, open_stream(1, "all"))
    assert sorted(numbers.tolist()) == list(range(1000))


def test_more_unique_numbers_than_exist_are_refused():
    with pytest.raises(ValueError, match="more numbers"):
        numbering.unique_numbers(1001, 3, open_stream(1, "all"))


def test_unique_numbers_of_a_large_space_do_not_repeat():
    numbers = numbering.unique_numbers(1_000_000, 8, open_stream(1, "large"))
    assert len(np.unique(numbers)) == 1_000_000
