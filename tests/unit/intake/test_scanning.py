"""Cutting text into records and fields, against Python's own reader and by hand."""

import csv
import io

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from intake.defects import BROKEN_QUOTES, NUL_BYTE, RAGGED
from intake.formats import csv as our_csv
from intake.formats import fixed
from intake.formats.scan import scan_records
from schemas.errors import FileRejected


def scan(text, *, expected, last=True, separator=","):
    data = np.frombuffer(text.encode(), dtype=np.uint8)
    return scan_records(data, separator=ord(separator), expected=expected, last=last)


def fields_of(result):
    data = result.out.tobytes()
    pairs = zip(result.starts.tolist(), result.ends.tolist(), strict=True)
    return [[data[a:b].decode() for a, b in zip(starts, ends, strict=True)] for starts, ends in pairs]


def cells_of(block, index):
    return [block.data[begin:end].tobytes() for begin, end in zip(block.starts[:, index], block.ends[:, index], strict=True)]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a,b\r\nc,d\r\n", [["a", "b"], ["c", "d"]]),
        ("a,b\nc,d", [["a", "b"], ["c", "d"]]),
        ('"a,1","b ""q"""\n', [["a,1", 'b "q"']]),
        ('"a\nb",c\r\n', [["a\nb", "c"]]),
        (",\n", [["", ""]]),
        ('"",""\n', [["", ""]]),
        ('x"y,"z"\r\n', [['x"y', "z"]]),
        ('"a","b"', [["a", "b"]]),
        ("a,b\r\n\x1a", [["a", "b"]]),
        ("あ,い\n", [["あ", "い"]]),
        ("\n\na,b\n\n", [["a", "b"]]),
        ('a,"b\r\n"\r\n', [["a", "b\r\n"]]),
    ],
)
def test_sound_records(text, rows):
    result = scan(text, expected=2)
    assert fields_of(result) == rows
    assert not result.bad.size


@pytest.mark.parametrize(
    ("text", "defect", "raw"),
    [
        ("a,b\nx\nc,d\n", RAGGED, "x"),
        ("a,b\nx,y,z\nc,d\n", RAGGED, "x,y,z"),
        ("a,b\nx,\x00\nc,d\n", NUL_BYTE, "x,\x00"),
        ('a,b\n"x"y,z\nc,d\n', BROKEN_QUOTES, '"x"y,z'),
    ],
)
def test_a_bad_record_is_set_aside_and_its_neighbours_stay(text, defect, raw):
    result = scan(text, expected=2)
    assert fields_of(result) == [["a", "b"], ["c", "d"]]
    begin, end, ordinal, found = result.bad[0].tolist()
    assert (text.encode()[begin:end].decode(), ordinal, found) == (raw, 1, defect)


def test_a_record_that_is_not_whole_waits_for_more():
    result = scan("a,b\nc,", expected=2, last=False)
    assert fields_of(result) == [["a", "b"]]
    assert (result.consumed, result.open_quote) == (4, False)


def test_an_open_quote_is_told():
    assert scan('a,b\n"c,d\ne,f\n', expected=2).open_quote


texts = st.text(alphabet=st.sampled_from(list('ab,"\n\r あー')), max_size=6)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(texts, texts, texts), min_size=1, max_size=6),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)
def test_what_pythons_writer_writes_comes_back(rows, line_end, quoting):
    # with LF alone, Python writes a CR at the end of a line without quotes, and nobody can tell it from a line end
    assume(quoting == csv.QUOTE_ALL or line_end == "\r\n" or not any("\r" in cell for row in rows for cell in row))
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator=line_end, quoting=quoting).writerows(rows)
    assert fields_of(scan(buffer.getvalue(), expected=3)) == [list(row) for row in rows]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=8), st.integers(1, 7))
def test_pieces_of_any_size_make_the_same_rows(rows, size):
    buffer = io.StringIO()
    csv.writer(buffer, quoting=csv.QUOTE_ALL).writerows(rows)
    data = buffer.getvalue().encode()
    chunks = [data[place : place + size] for place in range(0, len(data), size)]
    found = []
    for block in our_csv.read_blocks(iter(chunks), delimiter=",", fields=2, header=False):
        columns = [[value.decode() for value in cells_of(block, index)] for index in range(2)]
        found += list(zip(*columns, strict=True))
    assert found == rows


def test_blocks_smaller_than_the_file_number_rows_on(monkeypatch):
    monkeypatch.setattr(our_csv, "BLOCK_BYTES", 64)
    lines = ["h,i", *(f"{number},x" if number % 7 else "bad" for number in range(2, 101))]
    data = "\r\n".join(lines).encode()
    chunks = [data[place : place + 10] for place in range(0, len(data), 10)]
    blocks = list(our_csv.read_blocks(iter(chunks), delimiter=",", fields=2, header=True))
    assert len(blocks) > 5
    assert np.concatenate([block.rows for block in blocks]).tolist() == [n for n in range(2, 101) if n % 7]
    assert np.concatenate([block.bad.rows for block in blocks]).tolist() == [n for n in range(2, 101) if n % 7 == 0]
    assert [value for block in blocks for value in cells_of(block, 0)] == [str(n).encode() for n in range(2, 101) if n % 7]


@pytest.mark.parametrize(("data", "code"), [(b'a,"b\n' + b"x,y\n" * 5, "open-quote"), (b"a" * 300, "line-too-long")])
def test_what_can_never_become_a_row_refuses_the_file(monkeypatch, data, code):
    monkeypatch.setattr(our_csv, "BLOCK_BYTES", 64)
    monkeypatch.setattr(our_csv, "LINE_LIMIT_BYTES", 128)
    with pytest.raises(FileRejected) as refused:
        list(our_csv.read_blocks(iter([data]), delimiter=",", fields=2, header=False))
    assert [finding.kind.code for finding in refused.value.findings] == [code]


def test_records_of_fixed_length():
    data = "山田0001\r\nﾔﾏﾀﾞ0002\n短\r\n佐藤0003\x1a".encode("cp932")
    chunks = [data[place : place + 3] for place in range(0, len(data), 3)]
    (block,) = fixed.read_blocks(iter(chunks), record_bytes=8, places=[(0, 4), (4, 4)], encoding="cp932")
    assert block.rows.tolist() == [1, 2]
    assert [value.decode("cp932") for value in cells_of(block, 0)] == ["山田", "ﾔﾏﾀﾞ"]
    assert block.bad.rows.tolist() == [3, 4]
    assert block.bad.raw[0] == "短".encode("cp932")
    assert block.get_raw(0) == "山田0001".encode("cp932")
    assert "山田" not in repr(block)


def test_the_mark_at_the_end_of_old_files_is_no_row():
    (block,) = fixed.read_blocks(iter([b"0001\r\n0002\r\n\x1a"]), record_bytes=4, places=[(0, 4)], encoding="cp932")
    assert (block.rows.tolist(), block.bad.rows.size, block.blanks) == ([1, 2], 0, 1)
