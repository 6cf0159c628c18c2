"""Numbers with their check digits, for whole arrays: keys, insurer, office, corporate and personal numbers.

Written from the rules, apart from `schemas.check_digits`, so that each can test the other.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Digits: TypeAlias = NDArray[np.int64]
Whole: TypeAlias = NDArray[np.integer[Any]]
STRIDE = 1_000_003  # prime, so that consecutive persons get distant keys


def to_text(numbers: Whole, width: int) -> pa.Array:
    """Return numbers as text with leading zeros.

    Parameters
    ----------
    numbers : NDArray of whole numbers
        Not negative, below 10**width.
    width : int
        Digits.
    """
    return pc.utf8_lpad(pc.cast(pa.array(numbers), pa.string()), width=width, padding="0")


def join_text(parts: Sequence[pa.Array | str], separator: str = "") -> pa.Array:
    """Return the parts joined element by element; a null part is left out."""
    return pc.binary_join_element_wise(*parts, separator, null_handling="skip")


def unique_numbers(size: int, digits: int, rng: np.random.Generator) -> Digits:
    """Return distinct numbers of `digits` digits in no visible order.

    Raises
    ------
    ValueError
        More numbers are wanted than exist.
    """
    space = 10**digits
    if size > space:
        raise ValueError("more numbers wanted than exist")
    start = int(rng.integers(0, space))
    stride = STRIDE if space > STRIDE else 7
    numbers: Digits = (start + np.arange(size, dtype=np.int64) * stride) % space
    return numbers


def split_digits(numbers: Whole, width: int) -> Digits:
    """Return the decimal digits, shape (numbers, width), highest first."""
    powers = 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)
    digits: Digits = (numbers.astype(np.int64)[:, None] // powers) % 10
    return digits


def check_modulus_10(digits: Digits) -> Digits:
    """Return the check digit of insurers, medical institutions and care offices.

    Weights 2, 1, 2 … from the right; the digits of each product are added.
    """
    weights = np.where(np.arange(digits.shape[1])[::-1] % 2 == 0, 2, 1)
    products = digits * weights
    total = (products // 10 + products % 10).sum(axis=1)
    check: Digits = (10 - total % 10) % 10
    return check


def check_personal(digits: Digits) -> Digits:
    """Return the check digit of an individual number (12 digits in all) or a resident code (11).

    References
    ----------
    平成26年総務省令第85号 第5条.
    """
    places = np.arange(1, digits.shape[1] + 1)
    weights = np.where(places <= 6, places + 1, places - 5)[::-1]
    rest = (digits * weights).sum(axis=1) % 11
    return np.where(rest <= 1, 0, 11 - rest)


def check_corporate(digits: Digits) -> Digits:
    """Return the check digit that stands in front of the 12 digits of a corporate number."""
    weights = np.where(np.arange(digits.shape[1])[::-1] % 2 == 0, 1, 2)
    check: Digits = 9 - (digits * weights).sum(axis=1) % 9
    return check


def append_check(numbers: Whole, width: int, check: Digits) -> pa.Array:
    """Return the numbers as text with their check digit behind."""
    return join_text([to_text(numbers, width), to_text(check, 1)])


def make_office_numbers(prefecture: int, size: int, rng: np.random.Generator) -> pa.Array:
    """Return care office numbers (事業所番号): prefecture 2, kind 7, district 2, office 4, check 1."""
    bodies = prefecture * 10**7 + 7 * 10**6 + unique_numbers(size, 6, rng)
    return append_check(bodies, 9, check_modulus_10(split_digits(bodies, 9)))


def make_institution_numbers(size: int, rng: np.random.Generator) -> pa.Array:
    """Return codes of medical institutions: 6 digits and a check digit."""
    bodies = unique_numbers(size, 6, rng)
    return append_check(bodies, 6, check_modulus_10(split_digits(bodies, 6)))


def make_corporate_numbers(size: int, rng: np.random.Generator) -> pa.Array:
    """Return corporate numbers of the kind 9000…: a check digit, then 12 digits that the register has not given out."""
    bodies = 99 * 10**10 + unique_numbers(size, 10, rng)
    return join_text([to_text(check_corporate(split_digits(bodies, 12)), 1), to_text(bodies, 12)])


def make_personal_numbers(size: int, rng: np.random.Generator) -> pa.Array:
    """Return individual numbers (個人番号) that pass their check: random, belonging to nobody we know of; for refusal tests only."""
    bodies = rng.integers(0, 10**11, size)
    return append_check(bodies, 11, check_personal(split_digits(bodies, 11)))


def make_insurer_number(municipality_code: str) -> str:
    """Return the six-digit insurer number of a municipality: its first five digits and a check digit."""
    body = np.array([int(municipality_code[:5])])
    return str(append_check(body, 5, check_modulus_10(split_digits(body, 5)))[0])
