"""A short hash of every text, and which unusual characters it holds: one pass over bytes. Imported only to compile."""

import numpy as np
from numba import njit

from intake.loops import signs

_BASIS, _PRIME, _NULL = np.uint64(signs.BASIS), np.uint64(signs.PRIME), np.uint64(signs.NOTHING)
# 12 of the compatibility block are ideographs of their own
_UNIFIED = (0xFA0E, 0xFA0F, 0xFA11, 0xFA13, 0xFA14, 0xFA1F, 0xFA21, 0xFA23, 0xFA24, 0xFA27, 0xFA28, 0xFA29)


@njit
def _mix(value):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return a hash whose every bit depends on every bit of the value."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@njit
def _read_point(data, pos):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return a code point of UTF-8 and its width in bytes."""
    byte = np.int64(data[pos])
    if byte < 0x80:
        return byte, 1
    if byte < 0xE0:
        return (byte & 0x1F) << 6 | (np.int64(data[pos + 1]) & 0x3F), 2
    tail = (np.int64(data[pos + 1]) & 0x3F) << 6 | (np.int64(data[pos + 2]) & 0x3F)
    if byte < 0xF0:
        return (byte & 0x0F) << 12 | tail, 3
    return (byte & 0x07) << 18 | tail << 6 | (np.int64(data[pos + 3]) & 0x3F), 4


@njit
def _flag(point):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return the bit of a code point, 0 for a usual one."""
    if 0xE000 <= point <= 0xF8FF or point >= 0xF0000:
        return 1
    if point in (0xFFFD, 0x3013):
        return 2
    if 0xFE00 <= point <= 0xFE0F or 0xE0100 <= point <= 0xE01EF:
        return 4
    if 0xF900 <= point <= 0xFAFF or 0x2F800 <= point <= 0x2FA1F:
        return 0 if point in _UNIFIED else 8
    return 16 if 0x20000 <= point <= 0x3FFFF else 0


@njit
def _is_kept(point):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return whether a character is one that no rule may change: an ideograph, or one of the unusual kinds."""
    return 0x3400 <= point <= 0x9FFF or point in (0x3005, 0x3007) or _flag(point) > 0 or 0xF900 <= point <= 0xFAFF


@njit
def hash_texts(data, offsets, hashes, flags):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - compiled
    """Write a hash of each text of UTF-8, and the bits of the unusual characters in it."""
    for row in range(hashes.size):
        value, seen = _BASIS, 0
        pos, end = offsets[row], offsets[row + 1]
        while pos < end:
            byte = data[pos]
            if byte >= 0xE0:
                point, width = _read_point(data, pos)
                seen |= _flag(point)
            else:
                width = 1
            for place in range(pos, pos + width):
                value = (value ^ np.uint64(data[place])) * _PRIME
            pos += width
        hashes[row], flags[row] = _mix(value), seen
    return 0


@njit
def hash_kept(data, offsets, hashes):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - compiled
    """Write a hash of the characters of each text that no rule may change."""
    for row in range(hashes.size):
        value, pos, end = _BASIS, offsets[row], offsets[row + 1]
        while pos < end:
            point, width = _read_point(data, pos)
            if _is_kept(point):
                value = (value ^ np.uint64(point)) * _PRIME
            pos += width
        hashes[row] = value
    return 0


@njit
def mix_all(values, hashes):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - compiled
    """Write a hash of each number."""
    for row in range(values.size):
        hashes[row] = _mix(values[row] + _NULL)
    return 0
