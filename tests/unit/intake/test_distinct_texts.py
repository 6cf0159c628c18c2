"""Texts are numbered by their bytes alone: length, place, neighbours and growth of the table change nothing."""

import numpy as np
import pytest

from intake.formats import distinct
from intake.formats.csv import read_blocks
from intake.formats.distinct import DistinctTexts, encode_block


def read(lines, fields):
    return list(read_blocks([b"\n".join(lines)], delimiter=",", fields=fields, header=False))


def texts_of(coded):
    return [coded.texts[code].as_py() for code in coded.codes]


def test_texts_of_every_length_are_told_apart_by_their_last_byte():
    # words of eight bytes: lengths 0 to 25 end before, at and behind their ends
    cells = [b"x" * length + end for length in range(26) for end in (b"a", b"b", b"")]
    block = read([cell + b",1" for cell in (*cells, *cells)], 2)[0]
    coded, _ = encode_block(block, [DistinctTexts(), DistinctTexts()])
    assert texts_of(coded[0]) == [cell.decode() for cell in (*cells, *cells)]
    assert len(coded[0].fresh) == len(set(cells))
    assert len(coded[1].fresh) == 1


def test_what_stands_beside_a_text_is_no_part_of_it():
    # the last line has no end: the bytes of the file end with the text
    block = read([b"ab,c", b"ab,d", b"zz,ab"], 2)[0]
    coded, hashes = encode_block(block, [DistinctTexts(), DistinctTexts()])
    assert texts_of(coded[0]) == ["ab", "ab", "zz"]
    assert texts_of(coded[1]) == ["c", "d", "ab"]
    assert len(set(hashes.tolist())) == 3


@pytest.mark.parametrize("rows_at_once", [1, 7, 1 << 15])
def test_more_texts_than_slots_and_more_rows_than_are_taken_at_once(monkeypatch, rows_at_once):
    monkeypatch.setattr(distinct, "_ROWS_AT_ONCE", rows_at_once)
    numbers = [*range(1500), *range(0, 1500, 3)]
    fields = [DistinctTexts(), DistinctTexts()]
    block = read([f"{number},{number % 7}".encode() for number in numbers], 2)[0]
    coded, hashes = encode_block(block, fields)
    assert texts_of(coded[0]) == [str(number) for number in numbers]
    assert coded[0].codes.max() == 1499
    assert len(coded[1].fresh) == 7
    # rows of equal fields have equal hashes, wherever the table grew between them
    assert np.array_equal(hashes[1500:], hashes[0:1500:3])
    again, more = encode_block(block, fields)
    assert len(again[0].fresh) == 0
    assert np.array_equal(again[0].codes, coded[0].codes)
    assert np.array_equal(more, hashes)
