"""The state machine that cuts delimited text into records and fields, in one pass over bytes.

Decided here: a quote opens a field only as its first character; inside, two quotes are one; a line feed inside quotes is content; a
record ends at LF or CRLF. Not decided here: encodings (always UTF-8 bytes come in), and what a field means.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from intake.defects import BROKEN_QUOTES, NUL_BYTE, RAGGED

LF, CR, QUOTE, NUL, EOF_MARK = 10, 13, 34, 0, 26
PLAIN, CLOSED, UNCLOSED, MALFORMED = 0, 1, 2, 3
COMPLETE, OPEN_QUOTE = 0, 1


@njit(cache=True)
def _copy_plain(data, pos, out, cursor, separator):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Copy up to the next separator or line end."""
    begin = cursor
    nul = False
    while pos < data.size and data[pos] != separator and data[pos] != LF:
        nul |= data[pos] == NUL
        out[cursor] = data[pos]
        cursor += 1
        pos += 1
    ended = pos >= data.size or data[pos] == LF
    if ended and cursor > begin and out[cursor - 1] == CR:
        cursor -= 1
    return pos, cursor, nul


@njit(cache=True)
def _copy_quoted(data, pos, out, cursor):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Copy up to the closing quote; `pos` stands after the opening one."""
    nul = False
    while pos < data.size:
        byte = data[pos]
        if byte == QUOTE and (pos + 1 >= data.size or data[pos + 1] != QUOTE):
            return pos + 1, cursor, nul, CLOSED
        nul |= byte == NUL
        out[cursor] = byte
        cursor += 1
        pos += 2 if byte == QUOTE else 1
    return pos, cursor, nul, UNCLOSED


@njit(cache=True)
def _copy_field(data, pos, out, cursor, separator):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Copy one field of either kind; return where it ends, the cursor, whether a NUL was met, and how it went."""
    if pos >= data.size or data[pos] != QUOTE:
        pos, cursor, nul = _copy_plain(data, pos, out, cursor, separator)
        return pos, cursor, nul, PLAIN
    pos, cursor, nul, status = _copy_quoted(data, pos + 1, out, cursor)
    if status == UNCLOSED:
        return pos, cursor, nul, status
    if pos + 1 < data.size and data[pos] == CR and data[pos + 1] == LF:
        pos += 1
    if pos < data.size and data[pos] != separator and data[pos] != LF:
        pos, cursor, more = _copy_plain(data, pos, out, cursor, separator)
        return pos, cursor, nul or more, MALFORMED
    return pos, cursor, nul, status


@njit(cache=True)
def _scan_record(data, place, out, spans, shape):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Cut one record at `place` (input, output); `shape` is separator, first span, expected fields.

    Return where it ends, the cursor, how many fields it has (-1: its quote does not close), and its defect (0 when sound).
    """
    pos, cursor = place
    separator, base, expected = shape
    fields, defect = 0, 0
    while True:
        begin = cursor
        pos, cursor, nul, status = _copy_field(data, pos, out, cursor, separator)
        if status == UNCLOSED:
            return pos, cursor, -1, defect
        if fields < expected:
            spans[base + fields, 0] = begin
            spans[base + fields, 1] = cursor
        fields += 1
        if nul:
            defect = NUL_BYTE
        if status == MALFORMED:
            defect = BROKEN_QUOTES
        if pos >= data.size or data[pos] == LF:
            return pos, cursor, fields, defect
        pos += 1


@njit(cache=True)
def _is_blank(out, kept, cursor, at_end):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return whether the one field of a record is nothing, or the mark that old systems put at the end of a file."""
    return cursor == kept or (at_end and cursor == kept + 1 and out[kept] == EOF_MARK)


@njit(cache=True)
def _scan(data, rule, out, spans, books):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Cut a piece of text; `rule` is separator, expected fields, last piece; `books` are the good and the bad records."""
    separator, expected, last = rule
    good, bad = books
    pos, cursor, goods, bads, ordinal = 0, 0, 0, 0, 0
    while pos < data.size:
        begin, kept = pos, cursor
        pos, cursor, fields, defect = _scan_record(data, (pos, cursor), out, spans, (separator, goods * expected, expected))
        if fields < 0 or (pos >= data.size and not last):
            return begin, kept, goods, bads, ordinal, OPEN_QUOTE if fields < 0 else COMPLETE
        if fields != expected and defect == 0:
            defect = RAGGED
        if fields == 1 and expected > 1 and _is_blank(out, kept, cursor, pos >= data.size):
            cursor = kept
        elif defect == 0:
            good[goods, 0], good[goods, 1], good[goods, 2] = begin, pos, ordinal
            goods += 1
        else:
            bad[bads, 0], bad[bads, 1], bad[bads, 2], bad[bads, 3] = begin, pos, ordinal, defect
            bads += 1
            cursor = kept
        ordinal += 1
        pos += 1
    return pos, cursor, goods, bads, ordinal, COMPLETE


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scan:
    """Records cut from a piece of text.

    Parameters
    ----------
    out : NDArray[uint8]
        The bytes of all fields of the sound records, quotes removed.
    starts, ends : NDArray[int64], (records, fields)
        Where each field lies in `out`.
    good : NDArray[int64], (records, 3)
        Begin and end in the input and ordinal of each sound record.
    bad : NDArray[int64], (records, 4)
        Begin, end, ordinal and defect of each other record.
    consumed : int
        Bytes of input up to the end of the last whole record.
    records : int
        Records seen, blank lines counted.
    open_quote : bool
        The remaining input begins with a record whose quote does not close.
    """

    out: NDArray[np.uint8]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    good: NDArray[np.int64]
    bad: NDArray[np.int64]
    consumed: int
    records: int
    open_quote: bool


def scan_records(data: NDArray[np.uint8], *, separator: int, expected: int, last: bool) -> Scan:
    """Cut a piece of text that starts at the start of a record.

    Parameters
    ----------
    data : NDArray[uint8]
        UTF-8 bytes.
    separator : int
        The byte between fields.
    expected : int
        Fields of a sound record.
    last : bool
        Nothing follows; the last record may lack its line end.
    """
    lines = int(np.count_nonzero(data == LF)) + 1
    # a sound record has a byte for every separator and its line end, so lines of nothing reserve no room
    most = min(lines, data.size // expected + 1)
    out = np.empty(data.size, dtype=np.uint8)
    spans = np.empty(((most + 1) * expected, 2), dtype=np.int64)
    good = np.empty((most, 3), dtype=np.int64)
    bad = np.empty((lines, 4), dtype=np.int64)
    consumed, used, goods, bads, records, status = _scan(data, (separator, expected, last), out, spans, (good, bad))
    cut = spans[: goods * expected].reshape(goods, expected, 2)
    return Scan(
        out=out[:used],
        starts=cut[:, :, 0],
        ends=cut[:, :, 1],
        good=good[:goods],
        bad=bad[:bads],
        consumed=min(consumed, data.size),
        records=records,
        open_quote=status == OPEN_QUOTE,
    )
