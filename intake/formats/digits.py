"""Twelve digits in a row, anywhere in any field: one pass over bytes, half and full width, closed up or in groups of four."""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

ZERO, NINE, HYPHEN, SPACE = 48, 57, 45, 32
UTF8_LEAD = 0xEF


@njit(cache=True)
def _read_digit(data, pos, end, wide_lead):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return a digit and its width in bytes; width 0 when there is none. Full width: EF BC 90–99 in UTF-8, 82 4F–58 in CP932."""
    byte = data[pos]
    if ZERO <= byte <= NINE:
        return byte - ZERO, 1
    if byte != wide_lead:
        return 0, 0
    if wide_lead == UTF8_LEAD:
        if pos + 2 < end and data[pos + 1] == 0xBC and 0x90 <= data[pos + 2] <= 0x99:
            return data[pos + 2] - 0x90, 3
        return 0, 0
    if pos + 1 < end and 0x4F <= data[pos + 1] <= 0x58:
        return data[pos + 1] - 0x4F, 2
    return 0, 0


@njit(cache=True)
def _separator_width(data, pos, end, wide_lead):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return the width of a hyphen or space between groups, full width too; 0 when there is none."""
    byte = data[pos]
    if byte in (HYPHEN, SPACE):
        return 1
    if wide_lead == UTF8_LEAD and pos + 2 < end:
        first, second = data[pos + 1], data[pos + 2]
        wide = (byte == 0xEF and first == 0xBC and second == 0x8D) or (byte == 0xE3 and first == 0x80 and second == 0x80)
        dash = byte == 0xE2 and ((first == 0x80 and 0x90 <= second <= 0x95) or (first == 0x88 and second == 0x92))
        return 3 if wide or dash else 0
    if wide_lead != UTF8_LEAD and pos + 1 < end and byte == 0x81 and data[pos + 1] in (0x40, 0x5C, 0x5D, 0x7C):
        return 2
    return 0


@njit(cache=True)
def _next_number(data, pos, end, wide_lead):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return the next number of twelve digits in a field and where to go on; -1 when there is none."""
    count, groups, value = 0, 0, 0
    while pos < end:
        digit, width = _read_digit(data, pos, end, wide_lead)
        if width:
            count += 1
            value = value * 10 + digit if count <= 12 else 0
            pos += width
            continue
        gap = _separator_width(data, pos, end, wide_lead) if count == 4 * (groups + 1) and groups < 2 else 0
        if gap and pos + gap < end and _read_digit(data, pos + gap, end, wide_lead)[1]:
            groups += 1
            pos += gap
            continue
        if count == 12 and groups != 1:
            return value, pos
        count, groups, value = 0, 0, 0
        pos += 1
    return (value if count == 12 and groups != 1 else -1), end


@njit(cache=True)
def _find(data, starts, ends, wide_lead, books):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    fields, numbers = books
    found = 0
    for row in range(starts.shape[0]):
        for index in range(starts.shape[1]):
            pos, end = starts[row, index], ends[row, index]
            while end - pos >= 12:
                number, pos = _next_number(data, pos, end, wide_lead)
                if number < 0:
                    break
                fields[found] = index
                numbers[found] = number
                found += 1
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
    """

    fields: NDArray[np.int64]
    numbers: NDArray[np.int64]


def find_twelve_digits(data: NDArray[np.uint8], starts: NDArray[np.int64], ends: NDArray[np.int64], *, wide_lead: int) -> Found:
    """Return every number of exactly twelve digits.

    Parameters
    ----------
    data : NDArray[uint8]
        Bytes that hold the fields.
    starts, ends : NDArray[int64], (rows, fields)
        Where each field lies.
    wide_lead : int
        First byte of a full-width digit: 0xEF in UTF-8, 0x82 in CP932.
    """
    most = int((ends - starts).sum()) // 12 + 1
    fields = np.empty(most, dtype=np.int64)
    numbers = np.empty(most, dtype=np.int64)
    count = _find(data, starts, ends, wide_lead, (fields, numbers))
    return Found(fields=fields[:count], numbers=numbers[:count])
