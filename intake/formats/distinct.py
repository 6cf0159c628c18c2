"""The distinct texts of a field, met so far: every cell becomes the number of its text, and each text is handed on once.

Decided here: texts are compared byte by byte, their hash only finds them; a field with very many texts is begun anew now and then, so that
memory stays flat whatever the size of the file. Not decided here: what a text means.
"""

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from intake.formats.rows import Block

Bytes: TypeAlias = NDArray[np.uint8]
Codes: TypeAlias = NDArray[np.int32]
Hashes: TypeAlias = NDArray[np.uint64]

LIMIT_TEXTS, LIMIT_BYTES = 1 << 19, 64 << 20
_FEWEST_SLOTS = 1 << 10
_WORD = 8
_ONES = np.uint64(0xFFFFFFFFFFFFFFFF)
_FIRST, _SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)
_HALF, _SHIFT, _BYTE = np.uint64(32), np.uint64(29), np.uint64(8)
_LOW = np.uint64(0xFFFFFFFF)


@njit(cache=True, nogil=True)
def _read_word(data, pos, left):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return the next bytes, eight at most, as a number."""
    if pos + 8 > data.size:
        word = np.uint64(0)
        for place in range(min(left, 8)):
            word |= np.uint64(data[pos + place]) << np.uint64(8 * place)
        return word
    # the compiler makes one load of these
    low = np.uint64(data[pos]) | np.uint64(data[pos + 1]) << np.uint64(8) | np.uint64(data[pos + 2]) << np.uint64(16)
    low |= np.uint64(data[pos + 3]) << np.uint64(24) | np.uint64(data[pos + 4]) << np.uint64(32)
    low |= np.uint64(data[pos + 5]) << np.uint64(40) | np.uint64(data[pos + 6]) << np.uint64(48) | np.uint64(data[pos + 7]) << np.uint64(56)
    return low if left >= _WORD else low & (_ONES >> np.uint64(64 - 8 * left))


@njit(cache=True, nogil=True)
def _hash(data, begin, end):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return a hash of a text; every bit depends on every byte."""
    value = np.uint64(end - begin) * _FIRST
    while begin < end:
        value = (value ^ _read_word(data, begin, end - begin)) * _SECOND
        value ^= value >> _SHIFT
        begin += _WORD
    value = (value ^ (value >> _HALF)) * _FIRST
    return value ^ (value >> _SHIFT)


@njit(cache=True, nogil=True)
def _is_same(data, begin, store, place, size):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return whether two texts of one size are equal."""
    for done in range(0, size, _WORD):
        if _read_word(data, begin + done, size - done) != _read_word(store, place + done, size - done):
            return False
    return True


@njit(cache=True, nogil=True)
def _encode(data, spans, table, place, outs):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Write the number of each text to `outs[0]`, mix its hash into `outs[1]`; `place` is the row to begin with, and the texts known.

    Return how many texts are known then, and the row to go on with, which is not the end when the slots are half full.
    A slot is 0 or the upper half of the hash and, below it, the number of the text plus 1.
    """
    starts, ends = spans
    slots, offsets, store = table
    codes, hashes = outs
    next_row, count = place
    mask = np.uint64(slots.size - 1)
    for row in range(next_row, starts.size):
        if 2 * count >= slots.size:
            return count, row
        begin, end = np.int64(starts[row]), np.int64(ends[row])
        value = _hash(data, begin, end)
        hashes[row] = (hashes[row] ^ value) * _SECOND + _FIRST
        tag = value >> _HALF
        slot = tag & mask
        while True:
            held = slots[slot]
            if held == np.uint64(0):
                slots[slot] = tag << _HALF | np.uint64(count + 1)
                cursor = np.int64(offsets[count])
                for done in range(end - begin):
                    store[cursor + done] = data[begin + done]
                offsets[count + 1] = cursor + end - begin
                codes[row] = count
                count += 1
                break
            if held >> _HALF == tag:
                code = np.int64(held & _LOW) - 1
                first = np.int64(offsets[code])
                if np.int64(offsets[code + 1]) - first == end - begin and _is_same(data, begin, store, first, end - begin):
                    codes[row] = code
                    break
            slot = (slot + np.uint64(1)) & mask
    return count, starts.size


@njit(cache=True, nogil=True)
def _move(slots, larger):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Put what is in the slots into more slots."""
    mask = np.uint64(larger.size - 1)
    for held in slots:
        if held != np.uint64(0):
            slot = (held >> _HALF) & mask
            while larger[slot] != np.uint64(0):
                slot = (slot + np.uint64(1)) & mask
            larger[slot] = held


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Coded:
    """One field of a block.

    Parameters
    ----------
    codes : NDArray[int32]
        Number of the text of each row.
    fresh : pa.BinaryArray
        Texts not met before, as they came, in the order of their numbers.
    texts : pa.StringArray
        The same as text; null where bytes begin or end inside a character.
    first : int
        Number of the first fresh text; 0 when the field was begun anew.
    """

    codes: Codes
    fresh: pa.BinaryArray
    texts: pa.StringArray
    first: int

    def __repr__(self) -> str:
        """Counts only."""
        return f"Coded(rows={self.codes.size}, fresh={len(self.fresh)})"


@dataclass(slots=True, repr=False)
class DistinctTexts:
    """The distinct texts of one field."""

    count: int = 0
    slots: Hashes = field(default_factory=lambda: np.zeros(_FEWEST_SLOTS, dtype=np.uint64))
    offsets: Codes = field(default_factory=lambda: np.zeros(1, dtype=np.int32))
    store: Bytes = field(default_factory=lambda: np.empty(0, dtype=np.uint8))

    def encode(self, block: Block, index: int, hashes: Hashes) -> Coded:
        """Return the numbers of the texts of a field, and mix the hash of each into the hash of its row.

        Parameters
        ----------
        block : Block
            Rows.
        index : int
            Field, counted from 0.
        hashes : NDArray[uint64]
            One per row; changed in place.
        """
        if self.count > LIMIT_TEXTS or int(self.offsets[self.count]) > LIMIT_BYTES:
            self.count, self.slots = 0, np.zeros(_FEWEST_SLOTS, dtype=np.uint64)
        starts, ends = (np.ascontiguousarray(part[:, index], dtype=np.int32) for part in (block.starts, block.ends))
        self._make_room(starts.size, int((ends - starts).sum(dtype=np.int64)))
        codes, first, row = np.empty(starts.size, dtype=np.int32), self.count, 0
        while row < starts.size:
            table = (self.slots, self.offsets, self.store)
            self.count, row = _encode(block.data, (starts, ends), table, (row, self.count), (codes, hashes))
            if row < starts.size:
                self._grow()
        fresh = self._take(first)
        return Coded(codes=codes, fresh=fresh, texts=decode_texts(fresh, block.encoding), first=first)

    def _make_room(self, texts: int, size: int) -> None:
        """Have room for so many more texts of so many bytes together."""
        known, used = self.count + texts, int(self.offsets[self.count])
        if known + 1 > self.offsets.size:
            offsets = np.empty(2 * known + 1, dtype=np.int32)
            offsets[: self.count + 1] = self.offsets[: self.count + 1]
            self.offsets = offsets
        if used + size > self.store.size:
            store = np.empty(2 * (used + size), dtype=np.uint8)
            store[:used] = self.store[:used]
            self.store = store

    def _grow(self) -> None:
        """Have more slots; few of them for few texts, so that they stay near the processor."""
        larger = np.zeros(4 * self.slots.size, dtype=np.uint64)
        _move(self.slots, larger)
        self.slots = larger

    def _take(self, first: int) -> pa.BinaryArray:
        """Return the texts from a number on."""
        begin, end = int(self.offsets[first]), int(self.offsets[self.count])
        offsets = self.offsets[first : self.count + 1] - self.offsets[first]
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(self.store[begin:end].tobytes())]
        return pa.BinaryArray.from_buffers(pa.binary(), self.count - first, buffers)


def decode_texts(fresh: pa.BinaryArray, encoding: str) -> pa.StringArray:
    """Return bytes as text; null where they begin or end inside a character."""
    data = fresh.buffers()[2]
    if encoding == "utf-8" or data is None or not data.size or data.to_pybytes().isascii():
        return fresh.cast(pa.string())
    cells = fresh.to_pylist()
    try:
        # no cell holds a NUL, so all can be decoded in one piece
        return pa.array(b"\0".join(cells).decode(encoding).split("\0"), pa.string())
    except UnicodeDecodeError:
        return pa.array([_decode(cell, encoding) for cell in cells], pa.string())


def _decode(cell: bytes, encoding: str) -> str | None:
    try:
        return cell.decode(encoding)
    except UnicodeDecodeError:
        return None


def encode_block(block: Block, fields: list[DistinctTexts]) -> tuple[list[Coded], Hashes]:
    """Return the fields of a block as numbers of texts, and a hash of each row; rows of equal fields have equal hashes.

    A block without rows has no fields.
    """
    hashes = np.zeros(block.rows.size, dtype=np.uint64)
    if not block.rows.size:
        return [], hashes
    return [texts.encode(block, index, hashes) for index, texts in enumerate(fields)], hashes
