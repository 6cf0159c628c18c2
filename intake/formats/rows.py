"""What every reader yields: a block of rows whose fields are stretches of bytes, and the rows that could not be cut."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Chunks = Callable[[], Iterator[bytes]]
Places = NDArray[np.int32] | NDArray[np.int64]
BLOCK_BYTES = 16 << 20


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
    starts, ends : NDArray of int32 or int64, (rows, fields)
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
    left_out : BadRows or None
        Summary lines, which are no rows.
    longer : NDArray[int64] or None
        Rows that were read without empty fields at their end.
    """

    data: NDArray[np.uint8]
    starts: Places
    ends: Places
    rows: NDArray[np.int64]
    source: NDArray[np.uint8]
    spans: NDArray[np.int64]
    encoding: str
    bad: BadRows
    blanks: int
    left_out: BadRows | None = None
    longer: NDArray[np.int64] | None = None

    def __repr__(self) -> str:
        """Counts only."""
        return f"Block(rows={self.rows.size}, bad={self.bad.rows.size})"

    def get_raw(self, index: int) -> bytes:
        """Return a row as it came."""
        begin, end = self.spans[index]
        return self.source[begin:end].tobytes().removesuffix(b"\r")
