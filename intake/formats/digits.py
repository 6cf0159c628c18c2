"""Twelve digits, anywhere in any field, in any grouping: one pass over bytes.

Decided here: what is a digit (half width, full width, kanji, circled), what may stand between groups of digits (one dash, space, dot,
slash, comma or invisible character of Unicode, or a wide gap: up to three of these, of brackets, tabs and line ends), and which groups
are read as one number. Groups that follow one another make a run, read without wide gaps first and once more across them, so that neither
reading hides a number of the other; a number is a whole run of twelve digits, or twelve digits of a longer run when none of their groups
is shorter than three. A run that is a day and a time, or two days of six digits, is none: of true numbers so grouped one in seven hundred
looks like that.
"""

import unicodedata
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from intake.loops import find_digits
from intake.loops.signs import BRACKET, DIGITS, OTHER, SEPARATOR, SPELLED

_KANJI = {"〇": 0, "○": 0, "◯": 0, "零": 0} | {kanji: value for value, kanji in enumerate("一二三四五六七八九", 1)}
_SEPARATORS = frozenset("-./,_·•‧∙⋅・･ーｰ−．／，＿⁃∕⁄─━|｜\u00ad\u200b\u200c\u200d\u2060\ufeff")
_BRACKETS = frozenset("()[]{}<>\t\r\n（）［］〔〕【】「」〈〉｛｝")


def _classify(character: str) -> int:
    """Return the value of a digit (16 more when not in half width), or what else a character is."""
    if character in _SEPARATORS or unicodedata.category(character) in {"Pd", "Zs"}:
        return SEPARATOR
    if character in _BRACKETS:
        return BRACKET
    digit = _KANJI.get(character, unicodedata.digit(character, -1))
    if digit < 0:
        return OTHER
    return digit if character.isascii() else digit + SPELLED


@cache
def _classes(encoding: str) -> NDArray[np.uint8]:
    """Return the class of each code point of UTF-8 below 65,536, or of each one- and two-byte code of CP932."""
    classes = np.full(1 << 16, OTHER, dtype=np.uint8)
    for point in range(1 << 16):
        character = chr(point)
        kind = OTHER if 0xD800 <= point < 0xE000 else _classify(character)
        if kind == OTHER:
            continue
        code = character.encode(encoding, "ignore") if encoding != "utf-8" else b""
        index = int.from_bytes(code, "big") if encoding != "utf-8" else point
        if encoding == "utf-8" or code:
            classes[index] = kind
    if encoding != "utf-8":
        # CP932 has two codes for the minus and the long dash; Python writes one and reads both
        classes[[0x817C, 0x815C, 0x815D]] = SEPARATOR
    return classes


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Found:
    """Twelve-digit numbers.

    Parameters
    ----------
    fields : NDArray[int64]
        Index of the field each was found in.
    numbers : NDArray[int64]
        The numbers.
    forms : NDArray[int64]
        How each is written: bit i (1–11) is set when a separator stands after digit i, bit 0 when a digit is not in half width.
    """

    fields: NDArray[np.int64]
    numbers: NDArray[np.int64]
    forms: NDArray[np.int64]


def find_twelve_digits(data: NDArray[np.uint8], starts: NDArray[np.int64], ends: NDArray[np.int64], *, encoding: str) -> Found:
    """Return every number of exactly twelve digits.

    Parameters
    ----------
    data : NDArray[uint8]
        Bytes that hold the fields.
    starts, ends : NDArray[int64], (rows, fields)
        Where each field lies.
    encoding : str
        `utf-8` or `cp932`.
    """
    # every number ends with a group of its own, or with one and a wide gap; a separator stands between two groups
    most = int((ends - starts).sum()) + 2
    fields, numbers = np.empty(most, dtype=np.int64), np.empty((most, 2), dtype=np.int64)
    groups = np.zeros((DIGITS, 4), dtype=np.int64)
    count = find_digits(data, starts, ends, _classes(encoding), int(encoding == "utf-8"), groups, fields, numbers)
    return Found(fields=fields[:count], numbers=numbers[:count, 0], forms=numbers[:count, 1])
