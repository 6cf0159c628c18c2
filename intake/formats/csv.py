"""Delimited text: pieces of UTF-8 in, blocks of rows out; memory stays flat whatever the size of the file."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from intake.defects import LINE_TOO_LONG, OPEN_QUOTE
from intake.formats.rows import BLOCK_BYTES, BadRows, Block
from intake.formats.scan import Scan, scan_records
from schemas.errors import FileRejected
from schemas.findings import Finding
from schemas.messages import N_

LINE_LIMIT_BYTES = 4 << 20


@dataclass(slots=True)
class _Position:
    """How far the reading has come: rows and blank lines before the next piece."""

    records: int = 0


def read_first_record(chunks: Iterable[bytes], delimiter: str) -> list[str]:
    """Return the fields of the first record, as text; an empty list when there is none."""
    text = b""
    for chunk in chunks:
        text += chunk
        if len(text) >= LINE_LIMIT_BYTES:
            break
    csv.field_size_limit(LINE_LIMIT_BYTES)
    reader = csv.reader(io.StringIO(text.decode("utf-8", errors="replace"), newline=""), delimiter=delimiter)
    try:
        return next(reader, [])
    except csv.Error:
        return []


def read_blocks(chunks: Iterable[bytes], *, delimiter: str, fields: int, header: bool, numbered: bool = False) -> Iterator[Block]:
    """Cut text into blocks of rows.

    Parameters
    ----------
    chunks : Iterable[bytes]
        UTF-8 text in pieces of any size, without a byte order mark.
    delimiter : str
        One ASCII character.
    fields : int
        Fields of a sound row.
    header : bool
        The first record is a heading line; it has a row number but is no row.
    numbered : bool
        The first field of each record is the sender's row number (the text comes from another reader of ours).

    Raises
    ------
    FileRejected
        A quote never closes, a line is too long, or lines end in CR alone.
    """
    position = _Position()
    for piece, last in _pieces(chunks):
        data = np.frombuffer(piece.data, dtype=np.uint8)
        scan = scan_records(data, separator=ord(delimiter), expected=fields, last=last)
        piece.drop(scan.consumed)
        _check_rest(data[scan.consumed :], scan, position, last=last)
        yield _to_block(data, scan, position, header=header, numbered=numbered)
        position.records += scan.records


@dataclass(slots=True)
class _Piece:
    """Text read and not yet cut."""

    data: bytes

    def drop(self, size: int) -> None:
        self.data = self.data[size:]


def _pieces(chunks: Iterable[bytes]) -> Iterator[tuple[_Piece, bool]]:
    """Yield what was read whenever enough has come together, and once more at the end."""
    piece = _Piece(b"")
    waiting: list[bytes] = []
    size = 0
    for chunk in chunks:
        waiting.append(chunk)
        size += len(chunk)
        if size >= BLOCK_BYTES:
            piece.data = b"".join([piece.data, *waiting])
            waiting, size = [], 0
            yield piece, False
    piece.data = b"".join([piece.data, *waiting])
    if piece.data:
        yield piece, True


def _check_rest(rest: NDArray[np.uint8], scan: Scan, position: _Position, *, last: bool) -> None:
    """Refuse a remainder that can never become a row."""
    row = position.records + scan.records + 1
    if scan.open_quote and (last or rest.size > LINE_LIMIT_BYTES):
        finding = Finding(kind=OPEN_QUOTE, rows=(row,))
    elif rest.size > LINE_LIMIT_BYTES:
        finding = Finding(kind=LINE_TOO_LONG, rows=(row,), params={"limit": LINE_LIMIT_BYTES})
    else:
        return
    raise FileRejected(
        N_("the file cannot be cut into rows"), N_("mend the row named above in the system the file came from"), findings=(finding,)
    )


def _to_block(data: NDArray[np.uint8], scan: Scan, position: _Position, *, header: bool, numbered: bool) -> Block:
    """Return the sound rows of a scan, numbered as the sender numbers them."""
    first = position.records + 1
    heading = header and position.records == 0
    good = scan.good[:, 2] + first
    kept = good > 1 if heading else np.ones(good.size, dtype=bool)
    starts, ends = scan.starts[kept], scan.ends[kept]
    rows = good[kept]
    block = Block(
        data=scan.out,
        starts=starts,
        ends=ends,
        rows=rows,
        source=data,
        spans=scan.good[kept, :2],
        encoding="utf-8",
        bad=_to_bad(data, scan, first, skip_first=heading),
        blanks=scan.records - scan.good.shape[0] - scan.bad.shape[0],
    )
    return _renumber(block) if numbered else block


def _to_bad(data: NDArray[np.uint8], scan: Scan, first: int, *, skip_first: bool) -> BadRows:
    bad = scan.bad[scan.bad[:, 2] + first > 1] if skip_first else scan.bad
    return BadRows(
        rows=bad[:, 2] + first,
        defects=bad[:, 3].astype(np.uint8),
        raw=[data[begin:end].tobytes().removesuffix(b"\r") for begin, end in bad[:, :2].tolist()],
    )


def _renumber(block: Block) -> Block:
    """Take the row numbers from the first field."""
    numbers = block.get_column(0)
    values = np.array([int(text) for text in numbers.dictionary.to_pylist()], dtype=np.int64)
    rows = values[numbers.indices.to_numpy()] if block.rows.size else block.rows
    return Block(
        data=block.data,
        starts=block.starts[:, 1:],
        ends=block.ends[:, 1:],
        rows=rows,
        source=block.source,
        spans=block.spans,
        encoding=block.encoding,
        bad=block.bad,
        blanks=block.blanks,
    )
