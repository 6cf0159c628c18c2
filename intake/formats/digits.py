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
from numba import njit
from numpy.typing import NDArray

LENGTH = 12
SEPARATOR, OTHER, BRACKET, SPELLED = 10, 11, 12, 16
WIDEST_GAP = 3
_KANJI = {"〇": 0, "○": 0, "◯": 0, "零": 0} | {kanji: value for value, kanji in enumerate("一二三四五六七八九", 1)}
_SEPARATORS = frozenset("-./,_·•‧∙⋅・･ーｰ−．／，＿⁃∕⁄─━|｜\u00ad\u200b\u200c\u200d\u2060\ufeff")
_BRACKETS = frozenset("()[]{}<>\t\r\n（）［］〔〕【】「」〈〉｛｝")
_THREE_BYTES, _FOUR_BYTES = 0xE0, 0xF0


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


@njit(cache=True)
def _read(data, pos, end, classes, utf8):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return the class of a character and its width in bytes."""
    byte = data[pos]
    if byte < 0x80:
        return classes[byte], 1
    if utf8:
        if byte < _THREE_BYTES and pos + 1 < end:
            return classes[((byte & 0x1F) << 6) | (data[pos + 1] & 0x3F)], 2
        if byte < _FOUR_BYTES and pos + 2 < end:
            return classes[((byte & 0x0F) << 12) | ((data[pos + 1] & 0x3F) << 6) | (data[pos + 2] & 0x3F)], 3
        return OTHER, 4
    if 0xA0 <= byte <= 0xDF or pos + 1 >= end:
        return classes[byte], 1
    return classes[(np.int64(byte) << 8) | data[pos + 1]], 2


@njit(cache=True)
def _read_group(data, pos, end, classes, utf8):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return digits, value and spelling of a group, and where it ends; no digits when none begins here."""
    count, value, spelled = 0, np.int64(0), 0
    while pos < end:
        kind, width = _read(data, pos, end, classes, utf8)
        if SEPARATOR <= kind < SPELLED:
            break
        if kind >= SPELLED:
            spelled, kind = 1, kind - SPELLED
        count += 1
        value = value * 10 + kind if count <= LENGTH else np.int64(0)
        pos += width
    return count, value, spelled, pos


@njit(cache=True)
def _is_dates(groups, first, last):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return whether groups begin with a day of the calendar and go on, or are two days of six digits."""
    if last - first < 3:
        return False
    day = 1 <= groups[first + 1, 1] <= 12 and 1 <= groups[first + 2, 1] <= 31 and groups[first + 1, 0] <= 2 and groups[first + 2, 0] <= 2
    if groups[first, 0] == 4:
        return day and 1868 <= groups[first, 1] <= 2100
    six = last - first == 5 and groups[first, 0] == 2 and groups[first + 3, 0] == 2
    return six and day and 1 <= groups[first + 4, 1] <= 12 and 1 <= groups[first + 5, 1] <= 31


@njit(cache=True)
def _join(groups, last, size, run_ends):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return the number that ends with a group, its form, and whether it has a wide gap; -1 when there is none. Twelve groups are kept."""
    digits, value, power, form, shortest, first, wide = 0, np.int64(0), np.int64(1), 0, LENGTH, last, False
    while first >= 0:
        count = groups[first, 0]
        if digits + count > LENGTH:
            return np.int64(-1), 0, False
        value += groups[first, 1] * power
        power *= 10**count
        digits += count
        shortest = min(shortest, count)
        form |= groups[first, 2]
        if digits == LENGTH:
            break
        form |= 1 << (LENGTH - digits)
        wide = wide or groups[first, 3] == 1
        first -= 1
    if digits != LENGTH or (shortest < 3 and not (run_ends and last - first + 1 == size)) or _is_dates(groups, first, last):
        return np.int64(-1), 0, False
    return value, form, wide


@njit(cache=True)
def _read_gap(data, pos, end, how):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return where the next group begins and whether a wide gap is before it; 0 for no wide gap, 1 for one, -1 when the run ends here."""
    wide, width = 0, 0
    for step in range(WIDEST_GAP + 1):
        if pos >= end:
            break
        kind, width = _read(data, pos, end, how[0], how[1])
        if kind < SEPARATOR or kind >= SPELLED:
            return pos, wide if step else -1
        if kind == OTHER:
            break
        wide = 1 if wide or step or kind == BRACKET else 0
        pos += width
    return pos, -1


@njit(cache=True)
def _next_run(data, pos, end, how, found):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Write the numbers of the run that begins here to `found`; return how many, where it ends, and whether a wide gap follows it.

    With `how[2]` the run goes on across wide gaps, and only numbers with one are written.
    """
    groups = np.zeros((LENGTH, 4), dtype=np.int64)
    size, hits, gap = 0, 0, 0
    across = how[2]
    goes_on = True
    while goes_on:
        count, value, spelled, pos = _read_group(data, pos, end, how[0], how[1])
        if size >= LENGTH:
            groups[:-1] = groups[1:].copy()
        last = min(size, LENGTH - 1)
        groups[last, 0], groups[last, 1], groups[last, 2], groups[last, 3] = count, value, spelled, gap
        size += 1
        after, gap = _read_gap(data, pos, end, how)
        goes_on = gap == 0 or (across and gap == 1)
        pos = after if goes_on else pos
        number, form, wide = _join(groups, last, size, not goes_on)
        if number >= 0 and wide == across:
            found[hits, 0], found[hits, 1] = number, form
            hits += 1
    return hits, pos, gap == 1


@njit(cache=True)
def _find(data, starts, ends, how, books):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    fields, numbers = books
    found = 0
    for row in range(starts.shape[0]):
        for index in range(starts.shape[1]):
            pos, end = starts[row, index], ends[row, index]
            seen = pos
            while end - pos >= LENGTH:
                kind, width = _read(data, pos, end, how[0], how[1])
                if SEPARATOR <= kind < SPELLED:
                    pos += width
                    continue
                hits, after, wide = _next_run(data, pos, end, (how[0], how[1], False), numbers[found:])
                if wide and pos >= seen:
                    more, seen, _ = _next_run(data, pos, end, (how[0], how[1], True), numbers[found + hits :])
                    hits += more
                pos = after
                fields[found : found + hits] = index
                found += hits
    return found


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
    count = _find(data, starts, ends, (_classes(encoding), encoding == "utf-8"), (fields, numbers))
    return Found(fields=fields[:count], numbers=numbers[:count, 0], forms=numbers[:count, 1])
