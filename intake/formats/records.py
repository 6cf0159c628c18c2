"""Files of several kinds of record, in the manner of レセプト電算, in blocks of rows.

Not decided here: how records become rows (`intake.formats.gather`). A row keeps the records it came from.
"""

import codecs
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from intake.defects import LINE_TOO_LONG
from intake.formats import csv
from intake.formats.gather import Batch, Gatherer, list_rests
from intake.formats.record_rules import RecordRules, Source
from intake.formats.rows import BLOCK_BYTES, BadRows, Block
from schemas.errors import FileRejected
from schemas.findings import Finding
from schemas.messages import N_

__all__ = ["list_rests", "read_blocks"]


def read_blocks(chunks: Iterable[bytes], *, rules: RecordRules, sources: Sequence[Source], delimiter: str) -> Iterator[Block]:
    """Gather the records of a file into blocks of rows.

    Parameters
    ----------
    chunks : Iterable[bytes]
        UTF-8 text in pieces of any size, without a byte order mark.
    rules : RecordRules
        The kinds of record.
    sources : Sequence of Source
        What each column is taken from; further fields of a row are those of `list_rests`.
    delimiter : str
        One ASCII character; records know no quotes.

    Raises
    ------
    FileRejected
        A group is not closed, or its closing record counts otherwise; or a line is far too long.
    """
    gatherer = Gatherer(rules, sources, delimiter)
    for text in _read_lines(chunks):
        gatherer.take(text)
        if gatherer.batch.size >= BLOCK_BYTES:
            yield _to_block(gatherer.collect(), gatherer.width)
    gatherer.finish()
    yield _to_block(gatherer.collect(), gatherer.width)


def _read_lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """Yield the lines of a text without their ends."""
    decoder, rest, number = codecs.getincrementaldecoder("utf-8")(), "", 1
    for chunk in chunks:
        *lines, rest = (rest + decoder.decode(chunk)).split("\n")
        number += len(lines)
        yield from (line.removesuffix("\r") for line in lines)
        if len(rest) > csv.LINE_LIMIT_BYTES:
            finding = Finding(kind=LINE_TOO_LONG, rows=(number,), params={"limit": csv.LINE_LIMIT_BYTES})
            raise FileRejected(N_("the file cannot be cut into rows"), N_("check that the file has one record a line"), findings=(finding,))
    if rest:
        yield rest.removesuffix("\r")


def _to_block(batch: Batch, width: int) -> Block:
    """Return rows as a block, with the records they came from."""
    bad = BadRows(
        rows=np.array([line for line, _, _ in batch.bad], dtype=np.int64),
        defects=np.array([defect for _, defect, _ in batch.bad], dtype=np.uint8),
        raw=[text for _, _, text in batch.bad],
    )
    ends = np.cumsum([len(text) for text in batch.came], dtype=np.int64) if batch.came else np.zeros(0, dtype=np.int64)
    begins = np.concatenate([[0], ends[:-1]]).astype(np.int64) if batch.came else ends
    blocks = list(csv.read_blocks([batch.text.getvalue().encode("utf-8")], delimiter=",", fields=width + 1, header=False, numbered=True))
    block = blocks[0] if blocks else _empty_block(width)
    source = np.frombuffer(b"".join(batch.came), dtype=np.uint8)
    return replace(block, source=source, spans=np.stack([begins, ends], axis=1), bad=bad, blanks=batch.blanks)


def _empty_block(width: int) -> Block:
    none, nothing = np.zeros((0, width), dtype=np.int64), np.zeros(0, dtype=np.uint8)
    return Block(
        data=nothing,
        starts=none,
        ends=none,
        rows=np.zeros(0, dtype=np.int64),
        source=nothing,
        spans=np.zeros((0, 2), dtype=np.int64),
        encoding="utf-8",
        bad=BadRows(rows=np.zeros(0, dtype=np.int64), defects=nothing, raw=[]),
        blanks=0,
    )
