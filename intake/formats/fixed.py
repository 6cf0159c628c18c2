"""Records of fixed length: cut at byte offsets, before decoding, because a full-width character is two bytes of CP932."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from intake.defects import LINE_TOO_LONG, NUL_BYTE, RECORD_LENGTH
from intake.formats.rows import BLOCK_BYTES, BadRows, Block
from intake.loops.signs import CR, EOF_MARK, LF, NUL
from schemas.errors import FileRejected
from schemas.findings import Finding
from schemas.messages import N_


def read_blocks(chunks: Iterable[bytes], *, record_bytes: int, places: list[tuple[int, int]], encoding: str) -> Iterator[Block]:
    """Cut records into blocks of rows.

    Parameters
    ----------
    chunks : Iterable[bytes]
        The bytes of the file in pieces of any size.
    record_bytes : int
        Length of a sound record without its line end.
    places : list of (first, length)
        Bytes of each field, the first counted from 0.
    encoding : str
        Encoding of the fields.

    Raises
    ------
    FileRejected
        A line is far longer than any record.
    """
    first = 1
    for piece, last in _pieces(chunks):
        block, records = _to_block(np.frombuffer(piece, dtype=np.uint8), first, record_bytes, places, encoding)
        first += records
        if records or last:
            yield block


def _pieces(chunks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Yield whole lines whenever enough have come together, and the rest at the end."""
    waiting, row = bytearray(), 1
    for chunk in chunks:
        waiting += chunk
        if len(waiting) < BLOCK_BYTES:
            continue
        end = waiting.rfind(b"\n") + 1
        if end == 0:
            limit = Finding(kind=LINE_TOO_LONG, rows=(row,), params={"limit": BLOCK_BYTES})
            raise FileRejected(N_("the file cannot be cut into rows"), N_("check that the file has one record a line"), findings=(limit,))
        yield bytes(waiting[:end]), False
        row += waiting.count(b"\n")
        del waiting[:end]
    if waiting:
        yield bytes(waiting), True


def _find_lines(data: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where lines begin and end, line ends left out."""
    feeds = np.flatnonzero(data == LF)
    begins = np.concatenate([[0], feeds + 1])
    ends = np.concatenate([feeds, [data.size]])
    if begins[-1] == data.size:
        begins, ends = begins[:-1], ends[:-1]
    returns = (ends > begins) & (data[np.maximum(ends - 1, 0)] == CR)
    return begins, ends - returns


def _to_block(data: NDArray[np.uint8], first: int, record_bytes: int, places: list[tuple[int, int]], encoding: str) -> tuple[Block, int]:
    begins, ends = _find_lines(data)
    lengths = ends - begins
    blank = (lengths == 0) | ((lengths == 1) & (data[np.minimum(begins, data.size - 1)] == EOF_MARK))
    zeros = np.concatenate([[0], np.cumsum(data == NUL)]) if (data == NUL).any() else None
    nul = np.zeros(begins.size, dtype=np.bool_) if zeros is None else zeros[ends] > zeros[begins]
    sound = (lengths == record_bytes) & ~nul
    bad = np.flatnonzero(~sound & ~blank)
    offsets = np.array(places, dtype=np.int32).reshape(-1, 2)
    # column by column in memory, as they are asked for
    starts = (offsets[:, :1] + begins[sound].astype(np.int32)).T
    block = Block(
        data=data,
        starts=starts,
        ends=starts + offsets[:, 1],
        rows=np.flatnonzero(sound) + first,
        source=data,
        spans=np.stack([begins[sound], ends[sound]], axis=1),
        encoding=encoding,
        bad=BadRows(
            rows=bad + first,
            defects=np.where(nul[bad], NUL_BYTE, RECORD_LENGTH).astype(np.uint8),
            raw=[data[begin:end].tobytes() for begin, end in zip(begins[bad].tolist(), ends[bad].tolist(), strict=True)],
        ),
        blanks=int(np.count_nonzero(blank)),
    )
    return block, begins.size
