"""The state machine that cuts delimited text into records and fields, in one pass over bytes.

Decided here: a quote opens a field only as its first character; inside, two quotes are one; a line feed inside quotes is content; a
record ends at LF or CRLF. Fields are not copied: they are stretches of the bytes that came; only where two quotes are one does a field
get bytes of its own, behind the others. Not decided here: what a field means, and encodings: the bytes are UTF-8, or another encoding
in which no byte of a longer character is a separator, a quote or a line end (CP932, with a separator below 0x40).
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from intake.defects import BROKEN_QUOTES, NUL_BYTE, RAGGED

LF, CR, QUOTE, NUL, EOF_MARK = 10, 13, 34, 0, 26
PLAIN, CLOSED, DOUBLED, UNCLOSED, MALFORMED = 0, 1, 2, 3, 4
COMPLETE, OPEN_QUOTE = 0, 1
_CONTENT, _NUL_KIND, _QUOTE_KIND, _END = 0, 1, 2, 3


@njit(cache=True, nogil=True)
def _skip_plain(data, pos, kinds):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return where the next separator or line end stands, and whether a NUL was met."""
    nul = False
    while pos < data.size:
        kind = kinds[data[pos]]
        if kind == _END:
            break
        if kind == _NUL_KIND:
            nul = True
        pos += 1
    return pos, nul


@njit(cache=True, nogil=True)
def _skip_quoted(data, pos):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return where the quoted text ends, whether a NUL was met, and how it went; `pos` stands after the opening quote."""
    nul, status = False, CLOSED
    while pos < data.size:
        byte = data[pos]
        if byte == QUOTE:
            if pos + 1 >= data.size or data[pos + 1] != QUOTE:
                return pos, nul, status
            status = DOUBLED
            pos += 1
        elif byte == NUL:
            nul = True
        pos += 1
    return pos, nul, UNCLOSED


@njit(cache=True, nogil=True)
def _copy_doubled(data, begin, end, extra, cursor):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Copy quoted text, two quotes as one; return the cursor."""
    pos = begin
    while pos < end:
        extra[cursor] = data[pos]
        cursor += 1
        pos += 2 if data[pos] == QUOTE else 1
    return cursor


@njit(cache=True, nogil=True)
def _find_field(data, pos, kinds, extra, cursor):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return the begin and end of one field, where to go on, the cursor, whether a NUL was met, and how it went."""
    begin = pos
    if pos >= data.size or data[pos] != QUOTE:
        pos, nul = _skip_plain(data, pos, kinds)
        end = pos
        if end > begin and data[end - 1] == CR and (pos >= data.size or data[pos] == LF):
            end -= 1
        return begin, end, pos, cursor, nul, PLAIN
    begin += 1
    end, nul, status = _skip_quoted(data, begin)
    if status == UNCLOSED:
        return begin, end, end, cursor, nul, status
    pos = end + 1
    if pos + 1 < data.size and data[pos] == CR and data[pos + 1] == LF:
        pos += 1
    if pos < data.size and kinds[data[pos]] != _END:
        pos, more = _skip_plain(data, pos, kinds)
        return begin, end, pos, cursor, nul or more, MALFORMED
    if status == DOUBLED:
        first, cursor = cursor, _copy_doubled(data, begin, end, extra, cursor)
        begin, end = data.size + first, data.size + cursor
    return begin, end, pos, cursor, nul, status


@njit(cache=True, nogil=True)
def _scan_record(data, place, rule, texts, spans):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Cut one record at `place` (input, cursor); `rule` is kinds, record, expected fields.

    Return where it ends, the cursor, how many fields it has (-1: its quote does not close), and its defect (0 when sound).
    """
    pos, cursor = place
    kinds, record, expected = rule
    starts, ends = spans
    fields, defect = 0, 0
    while True:
        begin, end, pos, cursor, nul, status = _find_field(data, pos, kinds, texts, cursor)
        if status == UNCLOSED:
            return pos, cursor, -1, defect
        if fields < expected:
            starts[fields, record] = begin
            ends[fields, record] = end
        fields += 1
        if nul:
            defect = NUL_BYTE
        if status == MALFORMED:
            defect = BROKEN_QUOTES
        if pos >= data.size or data[pos] == LF:
            return pos, cursor, fields, defect
        pos += 1


@njit(cache=True, nogil=True)
def _scan_plain(data, pos, rule, spans):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Cut one record without quotes and NUL; return where it ends and how many fields it has, -1 when it is not so plain."""
    kinds, record, expected = rule
    starts, ends = spans
    fields, begin = 0, pos
    while True:
        kind = _END if pos >= data.size else kinds[data[pos]]
        if kind == _CONTENT:
            pos += 1
            continue
        if kind != _END:
            return pos, -1
        closes = pos >= data.size or data[pos] == LF
        if fields < expected:
            starts[fields, record] = begin
            ends[fields, record] = pos - 1 if closes and pos > begin and data[pos - 1] == CR else pos
        fields += 1
        if closes:
            return pos, fields
        pos += 1
        begin = pos


@njit(cache=True, nogil=True)
def _is_blank(data, begin, end, at_end):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return whether the one field of a record is nothing, or the mark that old systems put at the end of a file."""
    return end == begin or (at_end and end == begin + 1 and begin < data.size and data[begin] == EOF_MARK)


@njit(cache=True, nogil=True)
def _scan(data, rule, extra, spans, books):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Cut a piece of text; `rule` is separator, expected fields, last piece; `books` are the good and the bad records."""
    separator, expected, last = rule
    good, bad = books
    kinds = np.zeros(256, dtype=np.uint8)
    kinds[NUL], kinds[QUOTE], kinds[LF], kinds[separator] = _NUL_KIND, _QUOTE_KIND, _END, _END
    pos, cursor, goods, bads, ordinal = 0, 0, 0, 0, 0
    while pos < data.size:
        begin, kept = pos, cursor
        pos, fields = _scan_plain(data, begin, (kinds, goods, expected), spans)
        defect = 0
        if fields < 0:
            pos, cursor, fields, defect = _scan_record(data, (begin, cursor), (kinds, goods, expected), extra, spans)
        if fields < 0 or (pos >= data.size and not last):
            return begin, kept, goods, bads, ordinal, OPEN_QUOTE if fields < 0 else COMPLETE
        if fields != expected and defect == 0:
            defect = RAGGED
        if fields == 1 and expected > 1 and _is_blank(data, spans[0][0, goods], spans[1][0, goods], pos >= data.size):
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
        The bytes that hold the fields: those that came, and behind them fields in which two quotes became one.
    starts, ends : NDArray[int32], (records, fields)
        Where each field lies in `out`; column by column in memory.
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
    starts: NDArray[np.int32]
    ends: NDArray[np.int32]
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
        Bytes that are not written to; less than 1 GiB.
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
    extra = np.empty(data.size if _has_doubled(data) else 0, dtype=np.uint8)
    starts, ends = np.empty((2, expected, most + 1), dtype=np.int32)
    good = np.empty((most, 3), dtype=np.int64)
    bad = np.empty((lines, 4), dtype=np.int64)
    consumed, used, goods, bads, records, status = _scan(data, (separator, expected, last), extra, (starts, ends), (good, bad))
    out = np.concatenate([data, extra[:used]]) if used else data
    out.setflags(write=False)
    return Scan(
        out=out,
        starts=starts[:, :goods].T,
        ends=ends[:, :goods].T,
        good=good[:goods],
        bad=bad[:bads],
        consumed=min(consumed, data.size),
        records=records,
        open_quote=status == OPEN_QUOTE,
    )


def _has_doubled(data: NDArray[np.uint8]) -> bool:
    """Return whether two quotes stand side by side."""
    quotes = np.flatnonzero(data == QUOTE)
    return bool((np.diff(quotes) == 1).any())
