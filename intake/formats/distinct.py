"""The distinct texts of a field, met so far: every cell becomes the number of its text, and each text is handed on once.

Decided here: texts are compared byte by byte, their hash only finds them; a field with very many texts is begun anew now and then, so that
memory stays flat whatever the size of the file. Not decided here: what a text means.
"""

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from intake.formats.rows import Block
from intake.loops import encode_texts, move_slots, number_texts

Bytes: TypeAlias = NDArray[np.uint8]
Codes: TypeAlias = NDArray[np.int32]
Hashes: TypeAlias = NDArray[np.uint64]

LIMIT_TEXTS, LIMIT_BYTES = 1 << 19, 64 << 20
_FEWEST_SLOTS, _MANY_SLOTS, _ROWS_AT_ONCE = 1 << 10, 1 << 18, 1 << 15
_WORD = 8


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
        # texts known, and the row to go on with
        told = np.array([self.count, 0])
        encode_texts(data, *spans, self.slots, self.offsets, self.store, codes, hashes, tags, told)
        while told[1] < codes.size:
            self._grow()
            number_texts(data, *spans, self.slots, self.offsets, self.store, codes, tags, told)
        self.count = int(told[0])

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
        move_slots(self.slots, larger)
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
