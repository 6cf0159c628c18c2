"""What every reader yields: a block of rows whose fields are stretches of bytes, and the rows that could not be cut."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Chunks = Callable[[], Iterator[bytes]]
BLOCK_BYTES = 4 << 20


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class BadRows:
    """Rows that could not be cut into fields.

    Parameters
    ----------
    rows : NDArray[int64]
        Numbers in the sender's file.
    defects : NDArray[uint8]
        Index into `intake.defects.ROW_KINDS`.
    raw : list[bytes]
        The rows as they came.
    """

    rows: NDArray[np.int64]
    defects: NDArray[np.uint8]
    raw: list[bytes]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Block:
    """Some rows of a file.

    Parameters
    ----------
    data : NDArray[uint8]
        Bytes that hold the fields.
    starts, ends : NDArray[int64], (rows, fields)
        Where each field lies in `data`.
    rows : NDArray[int64]
        Numbers in the sender's file, 1-based, the heading line counted.
    source : NDArray[uint8]
        Bytes that hold the rows as they came.
    spans : NDArray[int64], (rows, 2)
        Where each row lies in `source`.
    encoding : str
        Encoding of the fields: `utf-8`, or `cp932` where bytes were cut before decoding.
    bad : BadRows
        Rows of this stretch that could not be cut.
    blanks : int
        Lines without content in this stretch.
    """

    data: NDArray[np.uint8]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    rows: NDArray[np.int64]
    source: NDArray[np.uint8]
    spans: NDArray[np.int64]
    encoding: str
    bad: BadRows
    blanks: int

    def __repr__(self) -> str:
        """Counts only."""
        return f"Block(rows={self.rows.size}, bad={self.bad.rows.size})"

    def get_column(self, index: int) -> pa.DictionaryArray:
        """Return one column, its distinct values once, as bytes.

        The offsets of all fields of the column and of the gaps between them make one array without copying; every second element
        is a field.
        """
        offsets = np.empty(2 * self.rows.size + 1, dtype=np.int32)
        offsets[0:-1:2] = self.starts[:, index]
        offsets[1::2] = self.ends[:, index]
        offsets[-1] = self.ends[-1, index] if self.rows.size else 0
        parts = pa.BinaryArray.from_buffers(
            pa.binary(), 2 * self.rows.size, [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(self.data))]
        )
        return parts.take(pa.array(np.arange(0, 2 * self.rows.size, 2))).dictionary_encode()

    def get_raw(self, index: int) -> bytes:
        """Return a row as it came."""
        begin, end = self.spans[index]
        return self.source[begin:end].tobytes().removesuffix(b"\r")
