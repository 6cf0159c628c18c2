"""Groups of digits read as numbers of twelve digits (see `intake.formats.digits`). Imported only to compile."""

import numpy as np
from numba import njit

from intake.loops.signs import BRACKET, DIGITS, OTHER, SEPARATOR, SPELLED, WIDEST_GAP

_THREE_BYTES, _FOUR_BYTES = 0xE0, 0xF0


@njit
def _read(data, pos, end, classes, utf8):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return the class of a character and its width in bytes."""
    byte = data[pos]
    if byte < 0x80:
        return classes[byte], 1
    if utf8:
        if byte < _THREE_BYTES and pos + 1 < end:
            return classes[((byte & 0x1F) << 6) | (data[pos + 1] & 0x3F)], 2
        if byte < _FOUR_BYTES and pos + 2 < end:
            return classes[((byte & 0x0F) << 12) | ((data[pos + 1] & 0x3F) << 6) | (data[pos + 2] & 0x3F)], 3
        return OTHER, 4
    if 0xA0 <= byte <= 0xDF or pos + 1 >= end:
        return classes[byte], 1
    return classes[(np.int64(byte) << 8) | data[pos + 1]], 2


@njit
def _read_group(data, pos, end, classes, utf8):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return digits, value and spelling of a group, and where it ends; no digits when none begins here."""
    count, value, spelled = 0, np.int64(0), 0
    while pos < end:
        kind, width = _read(data, pos, end, classes, utf8)
        if SEPARATOR <= kind < SPELLED:
            break
        if kind >= SPELLED:
            spelled, kind = 1, kind - SPELLED
        count += 1
        value = value * 10 + kind if count <= DIGITS else np.int64(0)
        pos += width
    return count, value, spelled, pos


@njit
def _is_dates(groups, first, last):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return whether groups begin with a day of the calendar and go on, or are two days of six digits."""
    if last - first < 3:
        return False
    day = 1 <= groups[first + 1, 1] <= 12 and 1 <= groups[first + 2, 1] <= 31 and groups[first + 1, 0] <= 2 and groups[first + 2, 0] <= 2
    if groups[first, 0] == 4:
        return day and 1868 <= groups[first, 1] <= 2100
    six = last - first == 5 and groups[first, 0] == 2 and groups[first + 3, 0] == 2
    return six and day and 1 <= groups[first + 4, 1] <= 12 and 1 <= groups[first + 5, 1] <= 31


@njit
def _join(groups, last, size, run_ends):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return the number that ends with a group, its form, and whether it has a wide gap; -1 when there is none. Twelve groups are kept."""
    digits, value, power, form, shortest, first, wide = 0, np.int64(0), np.int64(1), 0, DIGITS, last, False
    while first >= 0:
        count = groups[first, 0]
        if digits + count > DIGITS:
            return np.int64(-1), 0, False
        value += groups[first, 1] * power
        for _ in range(count):
            power *= 10
        digits += count
        shortest = min(shortest, count)
        form |= groups[first, 2]
        if digits == DIGITS:
            break
        form |= 1 << (DIGITS - digits)
        wide = wide or groups[first, 3] == 1
        first -= 1
    if digits != DIGITS or (shortest < 3 and not (run_ends and last - first + 1 == size)) or _is_dates(groups, first, last):
        return np.int64(-1), 0, False
    return value, form, wide


@njit
def _read_gap(data, pos, end, how):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return where the next group begins and whether a wide gap is before it; 0 for no wide gap, 1 for one, -1 when the run ends here."""
    wide, width = 0, 0
    for step in range(WIDEST_GAP + 1):
        if pos >= end:
            break
        kind, width = _read(data, pos, end, how[0], how[1])
        if kind < SEPARATOR or kind >= SPELLED:
            return pos, wide if step else -1
        if kind == OTHER:
            break
        wide = 1 if wide or step or kind == BRACKET else 0
        pos += width
    return pos, -1


@njit
def _next_run(data, pos, end, how, numbers, found):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, PLR0917 - compiled
    """Write the numbers of the run that begins here to `numbers`, from `found` on.

    Return how many, where the run ends, and whether a wide gap follows it. With `how[2]` the run goes on across wide gaps, and only
    numbers with one are written.
    """
    groups = how[3]
    size, hits, gap = 0, 0, 0
    across = how[2]
    goes_on = True
    while goes_on:
        count, value, spelled, pos = _read_group(data, pos, end, how[0], how[1])
        if size >= DIGITS:
            for place in range(1, DIGITS):
                for part in range(4):
                    groups[place - 1, part] = groups[place, part]
        last = min(size, DIGITS - 1)
        groups[last, 0], groups[last, 1], groups[last, 2], groups[last, 3] = count, value, spelled, gap
        size += 1
        after, gap = _read_gap(data, pos, end, how)
        goes_on = gap == 0 or (across and gap == 1)
        pos = after if goes_on else pos
        number, form, wide = _join(groups, last, size, not goes_on)
        if number >= 0 and wide == across:
            numbers[found + hits, 0], numbers[found + hits, 1] = number, form
            hits += 1
    return hits, pos, gap == 1


@njit
def find_digits(data, starts, ends, classes, utf8, groups, fields, numbers):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201, PLR0917 - compiled
    """Write every number of twelve digits, its form and its field; return how many there are. `groups` is room for twelve groups."""
    how, wider = (classes, utf8, False, groups), (classes, utf8, True, groups)
    found = 0
    for row in range(starts.shape[0]):
        for index in range(starts.shape[1]):
            pos, end = starts[row, index], ends[row, index]
            seen = pos
            while end - pos >= DIGITS:
                kind, width = _read(data, pos, end, how[0], how[1])
                if SEPARATOR <= kind < SPELLED:
                    pos += width
                    continue
                hits, after, wide = _next_run(data, pos, end, how, numbers, found)
                if wide and pos >= seen:
                    more, seen, _ = _next_run(data, pos, end, wider, numbers, found + hits)
                    hits += more
                pos = after
                for place in range(found, found + hits):
                    fields[place] = index
                found += hits
    return found
