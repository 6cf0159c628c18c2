"""The state machine that cuts delimited text into records and fields, in one pass over bytes.

Decided here: a quote opens a field only as its first character; inside, two quotes are one; a line feed inside quotes is content; a
record ends at LF or CRLF. Fields are not copied: they are stretches of the bytes that came; only where two quotes are one does a field
get bytes of its own, behind the others. Not decided here: what a field means, and encodings: the bytes are UTF-8, or another encoding
in which no byte of a longer character is a separator, a quote or a line end (CP932, with a separator below 0x40).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from intake.defects import BROKEN_QUOTES, NUL_BYTE, RAGGED, SOUND
from intake.loops import cut_records
from intake.loops.signs import END, LF, NUL, NUL_KIND, QUOTE, QUOTE_KIND

# what the loop says of a record → what it is called
_DEFECTS = np.array([SOUND, NUL_BYTE, BROKEN_QUOTES, RAGGED])


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
    kinds = np.zeros(256, dtype=np.uint8)
    kinds[[NUL, QUOTE, LF, separator]] = NUL_KIND, QUOTE_KIND, END, END
    told = np.zeros(6, dtype=np.int64)
    cut_records(data, kinds, expected, int(last), extra, starts, ends, good, bad, told)
    consumed, used, goods, bads, records, open_quote = told.tolist()
    bad[:bads, 3] = _DEFECTS[bad[:bads, 3]]
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
        open_quote=bool(open_quote),
    )


def _has_doubled(data: NDArray[np.uint8]) -> bool:
    """Return whether two quotes stand side by side."""
    quotes = np.flatnonzero(data == QUOTE)
    return bool((np.diff(quotes) == 1).any())
