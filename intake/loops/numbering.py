"""Texts found in a table of hashes and numbered: every text once, compared byte by byte. Imported only to compile."""

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit, types
from numba.extending import intrinsic

_WORD = 8
_ONES = np.uint64(0xFFFFFFFFFFFFFFFF)
_FIRST, _SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)
_HALF, _SHIFT = np.uint64(32), np.uint64(29)
_LOW = np.uint64(0xFFFFFFFF)


@intrinsic
def _load_word(typingctx, data, pos):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return eight bytes as a number; they need not lie at a multiple of eight, and must be there."""

    def generate(context, builder, signature, args):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
        array = context.make_array(signature.args[0])(context, builder, args[0])
        place = builder.gep(array.data, [args[1]])
        return builder.load(builder.bitcast(place, ir.IntType(64).as_pointer()), align=1)

    return types.uint64(data, pos), generate


@njit
def _read_word(data, pos, left):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return the next bytes, eight at most, as a number; eight are read."""
    word = _load_word(data, pos)
    return word if left >= _WORD else word & (_ONES >> np.uint64(64 - 8 * left))


@njit
def _hash(data, begin, end):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return a hash of a text; every bit depends on every byte."""
    value = np.uint64(end - begin) * _FIRST
    while begin < end:
        value = (value ^ _read_word(data, begin, end - begin)) * _SECOND
        value ^= value >> _SHIFT
        begin += _WORD
    value = (value ^ (value >> _HALF)) * _FIRST
    return value ^ (value >> _SHIFT)


@njit
def _hash_all(data, starts, ends, hashes, tags):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Write the upper half of the hash of each text to `tags`, and mix the hash into that of its row."""
    for row in range(starts.size):
        value = _hash(data, np.int64(starts[row]), np.int64(ends[row]))
        hashes[row] = (hashes[row] ^ value) * _SECOND + _FIRST
        tags[row] = value >> _HALF


@njit
def _is_text(data, begin, end, offsets, store, code):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, PLR0917 - compiled
    """Return whether a cell is a known text."""
    place = np.int64(offsets[code])
    size = end - begin
    if np.int64(offsets[code + 1]) - place != size:
        return False
    for done in range(0, size, _WORD):
        if _read_word(data, begin + done, size - done) != _read_word(store, place + done, size - done):
            return False
    return True


@njit
def _guess(slots, tags, codes):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Write the number of the text that each cell may be, -1 where none is seen at first sight.

    A loop of its own: the processor then waits for many slots at once, and not for one after the other.
    """
    mask = np.uint64(slots.size - 1)
    for row in range(tags.size):
        held = slots[tags[row] & mask]
        codes[row] = np.int64(held & _LOW) - 1 if held >> _HALF == tags[row] else -1


# arrays one by one: taking them out of a tuple costs more than the work
@njit
def number_texts(data, starts, ends, slots, offsets, store, codes, tags, told):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201, PLR0917 - compiled
    """Write the number of each text to `codes`, where a guess stands.

    `told` says how many texts are known and the row to begin with, before and after; a row is left when the slots are half full.
    A slot is 0 or the upper half of the hash and, below it, the number of the text plus 1.
    """
    count, next_row = told[0], told[1]
    mask = np.uint64(slots.size - 1)
    for row in range(next_row, starts.size):
        begin, end = np.int64(starts[row]), np.int64(ends[row])
        if codes[row] >= 0 and _is_text(data, begin, end, offsets, store, np.int64(codes[row])):
            continue
        if 2 * count >= slots.size:
            told[0], told[1] = count, row
            return 0
        tag = tags[row]
        slot = tag & mask
        while True:
            held = slots[slot]
            if held == np.uint64(0):
                slots[slot] = tag << _HALF | np.uint64(count + 1)
                cursor = np.int64(offsets[count])
                for done in range(end - begin):
                    store[cursor + done] = data[begin + done]
                offsets[count + 1] = cursor + end - begin
                codes[row] = count
                count += 1
                break
            code = np.int64(held & _LOW) - 1
            if held >> _HALF == tag and _is_text(data, begin, end, offsets, store, code):
                codes[row] = code
                break
            slot = (slot + np.uint64(1)) & mask
    told[0], told[1] = count, starts.size
    return 0


@njit
def encode_texts(data, starts, ends, slots, offsets, store, codes, hashes, tags, told):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201, PLR0917 - compiled
    """Do all three; one call, because between two calls a thread may wait for another to let go of the interpreter."""
    _hash_all(data, starts, ends, hashes, tags)
    _guess(slots, tags, codes)
    return number_texts(data, starts, ends, slots, offsets, store, codes, tags, told)


@njit
def move_slots(slots, larger):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - compiled
    """Put what is in the slots into more slots."""
    mask = np.uint64(larger.size - 1)
    for held in slots:
        if held != np.uint64(0):
            slot = (held >> _HALF) & mask
            while larger[slot] != np.uint64(0):
                slot = (slot + np.uint64(1)) & mask
            larger[slot] = held
    return 0


@njit
def order_texts(codes, is_valid, numbers, order, places):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - compiled
    """Number the texts of a block in the order they come, -1 for those without a value; return how many there are.

    `numbers` has one place per text that is known, -2 in each.
    """
    count = 0
    for row in range(codes.size):
        code = codes[row]
        if numbers[code] == -2:
            numbers[code] = count if is_valid[code] else -1
            if is_valid[code]:
                order[count] = code
                count += 1
        places[row] = numbers[code]
    return count
