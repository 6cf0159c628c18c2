"""The distinct texts of a field, met so far: every cell becomes the number of its text, and each text is handed on once.

Decided here: texts are compared byte by byte, their hash only finds them; a field with very many texts is begun anew now and then, so that
memory stays flat whatever the size of the file. Not decided here: what a text means.
"""

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import pyarrow as pa
from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from intake.formats.rows import Block

Bytes: TypeAlias = NDArray[np.uint8]
Codes: TypeAlias = NDArray[np.int32]
Hashes: TypeAlias = NDArray[np.uint64]

LIMIT_TEXTS, LIMIT_BYTES = 1 << 19, 64 << 20
_FEWEST_SLOTS, _MANY_SLOTS, _ROWS_AT_ONCE = 1 << 10, 1 << 18, 1 << 15
_WORD = 8
_ONES = np.uint64(0xFFFFFFFFFFFFFFFF)
_FIRST, _SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)
_HALF, _SHIFT = np.uint64(32), np.uint64(29)
_LOW = np.uint64(0xFFFFFFFF)


@intrinsic
def _load_word(typingctx, data, pos):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return eight bytes as a number; they need not lie at a multiple of eight, and must be there."""

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
        array = context.make_array(signature.args[0])(context, builder, args[0])
        place = builder.gep(array.data, [args[1]])
        return builder.load(builder.bitcast(place, ir.IntType(64).as_pointer()), align=1)

    return types.uint64(data, pos), generate


@njit(cache=True, nogil=True)
def _read_word(data, pos, left):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return the next bytes, eight at most, as a number; eight are read."""
    word = _load_word(data, pos)
    return word if left >= _WORD else word & (_ONES >> np.uint64(64 - 8 * left))


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
def _hash_all(data, starts, ends, hashes, tags):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Write the upper half of the hash of each text to `tags`, and mix the hash into that of its row."""
    for row in range(starts.size):
        value = _hash(data, np.int64(starts[row]), np.int64(ends[row]))
        hashes[row] = (hashes[row] ^ value) * _SECOND + _FIRST
        tags[row] = value >> _HALF


@njit(cache=True, nogil=True)
def _is_text(data, begin, end, offsets, store, code):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, PLR0917 - compiled
    """Return whether a cell is a known text."""
    place = np.int64(offsets[code])
    size = end - begin
    if np.int64(offsets[code + 1]) - place != size:
        return False
    for done in range(0, size, _WORD):
        if _read_word(data, begin + done, size - done) != _read_word(store, place + done, size - done):
            return False
    return True


@njit(cache=True, nogil=True)
def _guess(slots, tags, codes):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Write the number of the text that each cell may be, -1 where none is seen at first sight.

    A loop of its own: the processor then waits for many slots at once, and not for one after the other.
    """
    mask = np.uint64(slots.size - 1)
    for row in range(tags.size):
        held = slots[tags[row] & mask]
        codes[row] = np.int64(held & _LOW) - 1 if held >> _HALF == tags[row] else -1


# arrays one by one: taking them out of a tuple costs more than the work
@njit(cache=True, nogil=True)
def _number(data, starts, ends, slots, offsets, store, codes, tags, next_row, count):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, PLR0917 - compiled
    """Write the number of each text to `codes`, where a guess stands; begin with `next_row`, when `count` texts are known.

    Return how many texts are known then, and the row to go on with, which is not the end when the slots are half full.
    A slot is 0 or the upper half of the hash and, below it, the number of the text plus 1.
    """
    mask = np.uint64(slots.size - 1)
    for row in range(next_row, starts.size):
        begin, end = np.int64(starts[row]), np.int64(ends[row])
        if codes[row] >= 0 and _is_text(data, begin, end, offsets, store, np.int64(codes[row])):
            continue
        if 2 * count >= slots.size:
            return count, row
        tag = tags[row]
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
            code = np.int64(held & _LOW) - 1
            if held >> _HALF == tag and _is_text(data, begin, end, offsets, store, code):
                codes[row] = code
                break
            slot = (slot + np.uint64(1)) & mask
    return count, starts.size


@njit(cache=True, nogil=True)
def _encode(data, starts, ends, slots, offsets, store, codes, hashes, tags, count):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, PLR0917 - compiled
    """Do all three; one call, because between two calls a thread may wait for another to let go of the interpreter."""
    _hash_all(data, starts, ends, hashes, tags)
    _guess(slots, tags, codes)
    return _number(data, starts, ends, slots, offsets, store, codes, tags, 0, count)


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

    def begin(self, block: Block, index: int) -> tuple[Codes, Codes]:
        """Make ready for the texts of a field, and return where each begins and ends."""
        if self.count > LIMIT_TEXTS or int(self.offsets[self.count]) > LIMIT_BYTES:
            self.count, self.slots = 0, np.zeros(_FEWEST_SLOTS, dtype=np.uint64)
        starts, ends = (np.ascontiguousarray(part[:, index], dtype=np.int32) for part in (block.starts, block.ends))
        self._make_room(starts.size, int(ends.sum(dtype=np.int64) - starts.sum(dtype=np.int64)))
        return starts, ends

    def encode(self, data: Bytes, spans: tuple[Codes, Codes], codes: Codes, hashes: Hashes) -> None:
        """Number the texts of some rows, and mix the hash of each into the hash of its row.

        Parameters
        ----------
        data : NDArray[uint8]
            Bytes that hold the texts, and eight more behind the last.
        spans : tuple of NDArray[int32]
            Where each begins and ends.
        codes : NDArray[int32]
            Filled with their numbers.
        hashes : NDArray[uint64]
            One per row; changed in place.
        """
        tags = np.empty(codes.size, dtype=np.uint64)
        self.count, row = _encode(data, *spans, self.slots, self.offsets, self.store, codes, hashes, tags, self.count)
        while row < codes.size:
            self._grow()
            self.count, row = _number(data, *spans, self.slots, self.offsets, self.store, codes, tags, row, self.count)

    def _make_room(self, texts: int, size: int) -> None:
        """Have room for so many more texts of so many bytes together."""
        known, used = self.count + texts, int(self.offsets[self.count])
        if known + 1 > self.offsets.size:
            offsets = np.empty(2 * known + 1, dtype=np.int32)
            offsets[: self.count + 1] = self.offsets[: self.count + 1]
            self.offsets = offsets
        if used + size + _WORD > self.store.size:
            store = np.empty(2 * (used + size) + _WORD, dtype=np.uint8)
            store[:used] = self.store[:used]
            self.store = store

    def _grow(self) -> None:
        """Have more slots; few of them for few texts, so that they stay near the processor."""
        larger = np.zeros((4 if self.slots.size < _MANY_SLOTS else 2) * self.slots.size, dtype=np.uint64)
        _move(self.slots, larger)
        self.slots = larger

    def take(self, first: int) -> pa.BinaryArray:
        """Return the texts from a number on."""
        begin, end = int(self.offsets[first]), int(self.offsets[self.count])
        offsets = self.offsets[first : self.count + 1] - self.offsets[first]
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(self.store[begin:end].tobytes())]
        return pa.BinaryArray.from_buffers(pa.binary(), self.count - first, buffers)


def _make_readable(data: Bytes, end: int) -> Bytes:
    """Return bytes of which a whole word can be read wherever a text before `end` has a byte."""
    return data if end + _WORD <= data.size else np.concatenate([data, np.zeros(_WORD, dtype=np.uint8)])


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
    rows = block.rows.size
    hashes = np.zeros(rows, dtype=np.uint64)
    if not rows:
        return [], hashes
    spans = [texts.begin(block, index) for index, texts in enumerate(fields)]
    firsts = [texts.count for texts in fields]
    codes = np.empty((len(fields), rows), dtype=np.int32)
    data = _make_readable(block.data, int(block.ends.max()))
    # some rows of all fields, then the next: their bytes are still near the processor
    for begin in range(0, rows, _ROWS_AT_ONCE):
        part = slice(begin, begin + _ROWS_AT_ONCE)
        for index, texts in enumerate(fields):
            starts, ends = spans[index]
            texts.encode(data, (starts[part], ends[part]), codes[index, part], hashes[part])
    fresh = [texts.take(first) for texts, first in zip(fields, firsts, strict=True)]
    return [
        Coded(codes=codes[index], fresh=cells, texts=decode_texts(cells, block.encoding), first=first)
        for index, (cells, first) in enumerate(zip(fresh, firsts, strict=True))
    ], hashes
