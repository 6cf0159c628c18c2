"""A line of fixed records that never ends is refused at its own row."""

import pytest

from intake.formats.fixed import read_blocks
from intake.formats.rows import BLOCK_BYTES
from schemas.errors import FileRejected


def test_the_refusal_names_the_row_of_the_endless_line():
    rows = BLOCK_BYTES // 4 + 3
    chunks = [b"abc\n" * rows, b"x" * (BLOCK_BYTES + 1)]
    blocks = read_blocks(iter(chunks), record_bytes=3, places=[(0, 3)], encoding="cp932")
    assert next(blocks).rows.size == rows
    with pytest.raises(FileRejected) as caught:
        list(blocks)
    (finding,) = caught.value.findings
    assert (finding.kind.code, finding.rows, finding.params["limit"]) == ("line-too-long", (rows + 1,), BLOCK_BYTES)
