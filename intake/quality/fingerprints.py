"""A short hash of every value, and which unusual characters it holds: one pass over bytes. And distinct values counted in little memory.

Decided here: the kinds of unusual characters, and that distinct values are counted exactly up to 65,536 and estimated beyond. Not for
security: two values share a hash with a probability of about one in 10^19.
"""

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

Hashes: TypeAlias = NDArray[np.uint64]
Flags: TypeAlias = NDArray[np.uint8]

# Bits of a text, by kind of character: private use (外字), 〓 or U+FFFD, variation selectors (IVS), compatibility ideographs,
# ideographs beyond the basic plane, for which CP932 has no code.
CHARACTERS = {"private_use": 1, "replacement": 2, "variation_selector": 4, "compatibility_ideograph": 8, "beyond_cp932": 16}
SKETCH_SIZE = 1 << 16
_BASIS, _PRIME, _NULL = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3), np.uint64(0x9E3779B97F4A7C15)
# 12 of the compatibility block are ideographs of their own
_UNIFIED = (0xFA0E, 0xFA0F, 0xFA11, 0xFA13, 0xFA14, 0xFA1F, 0xFA21, 0xFA23, 0xFA24, 0xFA27, 0xFA28, 0xFA29)


@njit(cache=True)
def _mix(value):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return a hash whose every bit depends on every bit of the value."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@njit(cache=True)
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


@njit(cache=True)
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


@njit(cache=True)
def _is_kept(point):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return whether a character is one that no rule may change: an ideograph, or one of the unusual kinds."""
    return 0x3400 <= point <= 0x9FFF or point in (0x3005, 0x3007) or _flag(point) > 0 or 0xF900 <= point <= 0xFAFF


@njit(cache=True)
def _scan(data, offsets, hashes, flags):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
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


@njit(cache=True)
def _scan_kept(data, offsets, hashes):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    for row in range(hashes.size):
        value, pos, end = _BASIS, offsets[row], offsets[row + 1]
        while pos < end:
            point, width = _read_point(data, pos)
            if _is_kept(point):
                value = (value ^ np.uint64(point)) * _PRIME
            pos += width
        hashes[row] = value


@njit(cache=True)
def _mix_all(values, hashes):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    for row in range(values.size):
        hashes[row] = _mix(values[row] + _NULL)


def fingerprint(values: pa.Array) -> tuple[Hashes, Flags]:
    """Return a hash of each value, and the bits of the unusual characters in it.

    Parameters
    ----------
    values : pa.Array
        Texts (valid UTF-8), whole numbers, numbers, days or yes/no, or a dictionary of them; a missing value has the hash of nothing.
    """
    if pa.types.is_dictionary(values.type):
        return _fingerprint_coded(values)
    hashes, flags = np.empty(len(values), dtype=np.uint64), np.zeros(len(values), dtype=np.uint8)
    if pa.types.is_string(values.type):
        _scan(*_get_buffers(values), hashes, flags)
    else:
        _mix_all(_to_integers(values), hashes)
    if values.null_count:
        hashes[~values.is_valid().to_numpy(zero_copy_only=False)] = _NULL
    return hashes, flags


def _fingerprint_coded(values: pa.DictionaryArray) -> tuple[Hashes, Flags]:
    hashes, flags = fingerprint(values.dictionary)
    hashes, flags = np.append(hashes, _NULL), np.append(flags, np.uint8(0))
    places = values.indices.fill_null(len(values.dictionary)).to_numpy(zero_copy_only=False)
    return hashes[places], flags[places]


def hash_ideographs(texts: pa.StringArray) -> Hashes:
    """Return a hash of the ideographs and unusual characters of each text alone, in their order; 0 for a missing text."""
    hashes = np.zeros(len(texts), dtype=np.uint64)
    _scan_kept(*_get_buffers(texts), hashes)
    if texts.null_count:
        hashes[~texts.is_valid().to_numpy(zero_copy_only=False)] = 0
    return hashes


def join_hashes(parts: list[Hashes]) -> Hashes:
    """Return one hash per row of the hashes of its columns."""
    whole = np.full(parts[0].size, _BASIS, dtype=np.uint64)
    hashes = np.empty_like(whole)
    for part in parts:
        _mix_all(whole * _PRIME ^ part, hashes)
        whole = hashes.copy()
    return whole


def _get_buffers(texts: pa.StringArray) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    _, offsets, data = texts.buffers()
    empty = np.zeros(1, dtype=np.uint8)
    if offsets is None or len(texts) == 0:
        return empty, np.zeros(1, dtype=np.int32)
    places = np.frombuffer(offsets, dtype=np.int32)[texts.offset : texts.offset + len(texts) + 1]
    return (np.frombuffer(data, dtype=np.uint8) if data is not None and data.size else empty), places


def _to_integers(values: pa.Array) -> NDArray[np.uint64]:
    if pa.types.is_floating(values.type):
        return np.asarray(values.fill_null(0.0).to_numpy(zero_copy_only=False).astype(np.float64)).view(np.uint64)
    if pa.types.is_date32(values.type):
        values = values.cast(pa.int32())
    return np.asarray(values.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)).view(np.uint64)


@dataclass(slots=True)
class Sketch:
    """Counts distinct values by the smallest of their hashes.

    Up to `SKETCH_SIZE` the count is exact; beyond, it follows from how closely the smallest hashes lie, with a standard error of 0.4 %.

    References
    ----------
    Z. Bar-Yossef, T. S. Jayram, R. Kumar, D. Sivakumar, L. Trevisan, 2002, doi:10.1007/3-540-45726-7_1.
    """

    smallest: Hashes = field(default_factory=lambda: np.empty(0, dtype=np.uint64))
    waiting: list[Hashes] = field(default_factory=list)
    size: int = 0

    def add(self, hashes: Hashes) -> None:
        """Add hashes of values, in any order and any number of times."""
        if self.smallest.size >= SKETCH_SIZE:
            hashes = hashes[hashes < self.smallest[-1]]
        self.waiting.append(hashes)
        self.size += hashes.size
        if self.size > SKETCH_SIZE:
            self._settle()

    def _settle(self) -> None:
        self.smallest = np.unique(np.concatenate([self.smallest, *self.waiting]))[:SKETCH_SIZE]
        self.waiting, self.size = [], 0

    def count(self) -> tuple[int, bool]:
        """Return the number of distinct values, and whether it is exact."""
        self._settle()
        if self.smallest.size < SKETCH_SIZE:
            return int(self.smallest.size), True
        return round((SKETCH_SIZE - 1) * 2**64 / float(self.smallest[-1])), False
