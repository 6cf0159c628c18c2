"""Counts and accounts: what is added up over blocks, and how it is told."""

import numpy as np
import pyarrow as pa
import pytest

from intake.defects import FORMULA_LIKE, NOTE_KINDS, ROW_KINDS, SOUND, UNKNOWN_CODE
from intake.formats.distinct import DistinctTexts, encode_block
from intake.formats.hashes import Repeats
from intake.formats.rows import BadRows, Block
from intake.quality.account import ROWS_LISTED, Tally
from intake.replies import compact_rows, list_findings
from intake.survey import DistinctCount
from intake.values.conversion import Converted
from schemas.findings import ROWS_SHOWN, Finding, Severity


def test_codes_of_findings_are_unique_and_of_their_weight():
    codes = [kind.code for kind in (*ROW_KINDS, *NOTE_KINDS)]
    assert len(set(codes)) == len(codes)
    assert all(kind.severity is Severity.ROW for kind in ROW_KINDS)
    assert ROW_KINDS[SOUND].code == "sound"
    assert ROW_KINDS[UNKNOWN_CODE].code == "unknown-code"


def test_findings_of_several_blocks_are_one_with_the_first_rows():
    tally = Tally()
    for block in range(4):
        tally.add_rows(ROW_KINDS[UNKNOWN_CODE], "性別", np.arange(10) + 100 * block)
    tally.add_rows(FORMULA_LIKE, "備考", np.array([7]))
    tally.add_rows(FORMULA_LIKE, "氏名", np.empty(0, dtype=np.int64))
    first, second = tally.to_findings()
    assert (first.count, first.rows) == (40, (*range(10), *range(100, 110)))
    assert len(first.rows) == ROWS_SHOWN
    assert (second.kind, second.column, second.count) == (FORMULA_LIKE, "備考", 1)


def test_repairs_and_filled_cells_are_counted_in_rows_that_came_out():
    converted = Converted(
        values=pa.array(["1", None, "2"]), defects=np.zeros(3, dtype=np.uint8), repairs={"code_list": np.array([True, False, True])}
    )
    tally = Tally()
    tally.add_used("sex", converted, np.array([2, 1, 1]))
    tally.add_used("sex", converted, np.array([0, 1, 1]))
    # the first text occurs twice, the third twice: four changed cells, all of them filled; the second is empty
    assert tally.repairs == {"code_list": {"sex": 4}}
    assert tally.filled == {"sex": 4}


def test_rows_put_aside_are_listed_up_to_a_limit():
    tally = Tally()
    tally.add_aside(list(range(ROWS_LISTED - 1)))
    tally.add_aside([5000, 5001])
    assert len(tally.aside) == ROWS_LISTED
    assert tally.aside[-1] == 5000


@pytest.mark.parametrize(("rows", "text"), [((), ""), ((3,), "3"), ((3, 5), "3, 5"), ((3, 4, 5, 7, 9, 10), "3–5, 7, 9–10")])
def test_neighbouring_rows_are_joined(rows, text):
    assert compact_rows(rows) == text


def test_findings_are_grouped_by_weight():
    lines = list_findings([Finding(kind=FORMULA_LIKE, count=1200), Finding(kind=ROW_KINDS[UNKNOWN_CODE], rows=(4,))])
    assert lines[0] == "rows put aside, by cause:"
    assert lines[2] == "notes:"
    assert "1,200 × " in lines[3]


def test_distinct_texts_are_counted_once_over_many_blocks():
    count = DistinctCount()
    for block in range(40):
        count.add(pa.array([f"{block % 7}", "same", None]))
    assert count.count() == 8
    assert len(count.parts) <= 16
    assert DistinctCount().count() == 0


def hash_rows(*rows):
    data = np.frombuffer("".join("".join(row) for row in rows).encode() or b"x", dtype=np.uint8)
    lengths = np.array([[len(cell.encode()) for cell in row] for row in rows])
    ends = np.cumsum(lengths.ravel()).reshape(lengths.shape)
    numbers, none = np.arange(1, len(rows) + 1), np.zeros((len(rows), 2), dtype=np.int64)
    nothing = BadRows(rows=numbers[:0], defects=np.empty(0, dtype=np.uint8), raw=[])
    block = Block(
        data=data, starts=ends - lengths, ends=ends, rows=numbers, source=data, spans=none, encoding="utf-8", bad=nothing, blanks=0
    )
    return encode_block(block, [DistinctTexts() for _ in rows[0]])[1]


def test_rows_repeat_when_every_field_is_the_same():
    hashes = hash_rows(("a", "bc"), ("ab", "c"), ("a", "bc"), ("", "abc"), ("a", "bc"))
    repeats = Repeats()
    repeats.add(hashes[:2], np.array([2, 3]))
    repeats.add(hashes[2:2], np.empty(0, dtype=np.int64))
    # line 5 was put aside
    repeats.add(hashes[2:], np.array([4, 6, 7]))
    assert repeats.find().tolist() == [4, 7]
    assert Repeats().find().tolist() == []
    assert len(set(hashes.tolist())) == 3
