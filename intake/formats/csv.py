"""Delimited text: pieces of bytes in, blocks of rows out; memory stays flat whatever the size of the file.

Decided here: which encodings are cut as they came (`can_cut`); any other text is UTF-8 before it comes here.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import IO

import numpy as np
from numpy.typing import NDArray

from intake.defects import LINE_TOO_LONG, OPEN_QUOTE
from intake.formats.rows import BLOCK_BYTES, BadRows, Block
from intake.formats.scan import Scan, scan_records
from intake.loops import read_numbers
from schemas.errors import FileRejected
from schemas.findings import Finding
from schemas.messages import N_

LINE_LIMIT_BYTES = 4 << 20
FIRST_SECOND_BYTE = 0x40


@dataclass(slots=True)
class _Position:
    """How far the reading has come: rows and blank lines before the next piece."""

    records: int = 0


def read_first_records(chunks: Iterable[bytes], delimiter: str, *, titles: int = 0, skip_blank: bool = False) -> list[list[str]]:
    """Return the records of titles and the one behind them, or the first there that is not blank, as texts; none where there is none."""
    text = b""
    for chunk in chunks:
        text += chunk
        lines = text.split(b"\n", titles + 1)
        if len(text) >= LINE_LIMIT_BYTES or (len(lines) > titles + 1 and lines[titles].strip() and b'"' not in b"".join(lines[:-1])):
            break
    csv.field_size_limit(LINE_LIMIT_BYTES)
    reader = csv.reader(io.StringIO(text.decode("utf-8", errors="replace"), newline=""), delimiter=delimiter)
    try:
        above = list(islice(reader, titles))
        first = next((record for record in reader if record or not skip_blank), [])
    except csv.Error:
        return []
    return [*above, first] if first else []


def can_cut(encoding: str, delimiter: str) -> bool:
    """Return whether text of an encoding is cut as it came: in CP932 no second byte of a character is below 0x40."""
    return encoding == "cp932" and ord(delimiter) < FIRST_SECOND_BYTE


def read_blocks(  # what the text is, and how it is cut
    chunks: Iterable[bytes], *, delimiter: str, fields: int, header: int, numbered: bool = False, encoding: str = "utf-8"
) -> Iterator[Block]:
    """Cut text into blocks of rows.

    Parameters
    ----------
    chunks : Iterable[bytes]
        Text in pieces of any size, without a byte order mark.
    delimiter : str
        One ASCII character.
    fields : int
        Fields of a sound row.
    header : int
        Records of titles and headings at the top; they have row numbers but are no rows.
    numbered : bool
        The first field of each record is the sender's row number (the text comes from another reader of ours).
    encoding : str
        `utf-8`, or one of which `can_cut` is true; the text is known to be valid in it.

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
        block = _to_block(data, scan, position, header=header, encoding=encoding)
        yield _renumber(block) if numbered else block
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
    elif rest.size > LINE_LIMIT_BYTES or (row := _find_long(scan, position)):
        finding = Finding(kind=LINE_TOO_LONG, rows=(row,), params={"limit": LINE_LIMIT_BYTES})
    else:
        return
    raise FileRejected(
        N_("the file cannot be cut into rows"), N_("mend the row named above in the system the file came from"), findings=(finding,)
    )


def _find_long(scan: Scan, position: _Position) -> int:
    """Return the number of a record that is longer than any may be; 0 for none."""
    for records in (scan.good, scan.bad):
        long = np.flatnonzero(records[:, 1] - records[:, 0] > LINE_LIMIT_BYTES)
        if long.size:
            return position.records + int(records[long[0], 2]) + 1
    return 0


def _to_block(data: NDArray[np.uint8], scan: Scan, position: _Position, *, header: int, encoding: str) -> Block:
    """Return the sound rows of a scan, numbered as the sender numbers them."""
    first = position.records + 1
    sound = int(np.searchsorted(scan.good[:, 2], header - position.records))
    return Block(
        data=scan.out,
        starts=scan.starts[sound:],
        ends=scan.ends[sound:],
        rows=scan.good[sound:, 2] + first,
        source=data,
        spans=scan.good[sound:, :2],
        encoding=encoding,
        bad=_to_bad(data, scan, first, skip=header),
        blanks=scan.records - scan.good.shape[0] - scan.bad.shape[0],
    )


def _to_bad(data: NDArray[np.uint8], scan: Scan, first: int, *, skip: int) -> BadRows:
    bad = scan.bad[scan.bad[:, 2] + first > skip]
    return BadRows(
        rows=bad[:, 2] + first,
        defects=bad[:, 3].astype(np.uint8),
        raw=[data[begin:end].tobytes().removesuffix(b"\r") for begin, end in bad[:, :2].tolist()],
    )


def _renumber(block: Block) -> Block:
    """Take the row numbers from the first field."""
    return replace(block, starts=block.starts[:, 1:], ends=block.ends[:, 1:], rows=_read_numbers(block))


def _read_numbers(block: Block) -> NDArray[np.int64]:
    """Return the numbers in the first field, digits that we wrote."""
    numbers = np.empty(block.rows.size, dtype=np.int64)
    starts, ends = (np.ascontiguousarray(part[:, 0], dtype=np.int32) for part in (block.starts, block.ends))
    read_numbers(block.data, starts, ends, numbers)
    return numbers


def number_records(source: IO[bytes], delimiter: str, limit: int) -> Iterator[tuple[int, bytes]]:
    """Yield lines, in pieces of at most `limit` bytes, each with the number of its record; without a delimiter each line is one."""
    number, inside = 1, False
    for line in iter(lambda: source.readline(limit), b""):
        yield number, line
        inside = bool(delimiter) and _ends_inside(line, delimiter.encode(), inside=inside)
        number += not inside and line.endswith(b"\n")


def _ends_inside(line: bytes, delimiter: bytes, *, inside: bool) -> bool:
    """Return whether a quote is open at the end of a line; it opens at the beginning of a field alone."""
    place = 0
    while inside or place >= 0:
        if inside or line.startswith(b'"', place):
            place = line.find(b'"', place if inside else place + 1)
            if place < 0:
                return True
            inside = line.startswith(b'""', place)
            place += 2 if inside else 0
        if not inside:
            end = line.find(delimiter, place)
            place = end + 1 if end >= 0 else -1
    return False
