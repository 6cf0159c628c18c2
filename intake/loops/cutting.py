"""The state machine that cuts delimited text into records and fields (see `intake.formats.scan`). Imported only to compile."""

from numba import njit

from intake.loops.signs import (
    CONTENT,
    CR,
    END,
    EOF_MARK,
    FIELDS_WRONG,
    LF,
    NUL,
    NUL_KIND,
    NUL_MET,
    QUOTE,
    QUOTES_BROKEN,
)

# how a field ended
PLAIN, CLOSED, DOUBLED, UNCLOSED, MALFORMED = 0, 1, 2, 3, 4


@njit
def _skip_plain(data, pos, kinds):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return where the next separator or line end stands, and whether a NUL was met."""
    nul = False
    while pos < data.size:
        kind = kinds[data[pos]]
        if kind == END:
            break
        if kind == NUL_KIND:
            nul = True
        pos += 1
    return pos, nul


@njit
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


@njit
def _copy_doubled(data, begin, end, extra, cursor):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Copy quoted text, two quotes as one; return the cursor."""
    pos = begin
    while pos < end:
        extra[cursor] = data[pos]
        cursor += 1
        pos += 2 if data[pos] == QUOTE else 1
    return cursor


@njit
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
    if pos < data.size and kinds[data[pos]] != END:
        pos, more = _skip_plain(data, pos, kinds)
        return begin, end, pos, cursor, nul or more, MALFORMED
    if status == DOUBLED:
        first, cursor = cursor, _copy_doubled(data, begin, end, extra, cursor)
        begin, end = data.size + first, data.size + cursor
    return begin, end, pos, cursor, nul, status


@njit
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
            defect = NUL_MET
        if status == MALFORMED:
            defect = QUOTES_BROKEN
        if pos >= data.size or data[pos] == LF:
            return pos, cursor, fields, defect
        pos += 1


@njit
def _scan_plain(data, pos, rule, spans):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Cut one record without quotes and NUL; return where it ends and how many fields it has, -1 when it is not so plain."""
    kinds, record, expected = rule
    starts, ends = spans
    fields, begin = 0, pos
    while True:
        kind = END if pos >= data.size else kinds[data[pos]]
        if kind == CONTENT:
            pos += 1
            continue
        if kind != END:
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


@njit
def _is_blank(data, begin, end, at_end):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return whether the one field of a record is nothing, or the mark that old systems put at the end of a file."""
    return end == begin or (at_end and end == begin + 1 and begin < data.size and data[begin] == EOF_MARK)


@njit
def cut_records(data, kinds, expected, last, extra, starts, ends, good, bad, told):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201, PLR0917 - compiled
    """Cut a piece of text; `kinds` says what each byte is, `last` whether nothing follows.

    `told` becomes: bytes cut, bytes of `extra` used, good records, bad records, all records, and whether a quote is open.
    """
    spans = starts, ends
    pos, cursor, goods, bads, ordinal = 0, 0, 0, 0, 0
    while pos < data.size:
        begin, kept = pos, cursor
        pos, fields = _scan_plain(data, begin, (kinds, goods, expected), spans)
        defect = 0
        if fields < 0:
            pos, cursor, fields, defect = _scan_record(data, (begin, cursor), (kinds, goods, expected), extra, spans)
        if fields < 0 or (pos >= data.size and not last):
            return _tell(told, begin, kept, goods, bads, ordinal, fields < 0)
        if fields != expected and defect == 0:
            defect = FIELDS_WRONG
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
    return _tell(told, pos, cursor, goods, bads, ordinal, False)


@njit
def _tell(told, pos, cursor, goods, bads, ordinal, open_quote):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, PLR0917 - compiled
    told[0], told[1], told[2], told[3], told[4], told[5] = pos, cursor, goods, bads, ordinal, open_quote
    return 0


@njit
def read_numbers(data, starts, ends, numbers):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - compiled
    """Write the numbers that fields of digits say."""
    for row in range(starts.size):
        number = 0
        for place in range(starts[row], ends[row]):
            number = number * 10 + data[place] - 48
        numbers[row] = number
    return 0
