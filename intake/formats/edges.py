"""What stands around a table of delimited text and is no row of it: rows of nothing but separators, summary lines, empty fields at the end.

Decided here: a row without any content is a blank line. A row that is too long only by empty fields at its end is read without them, and
told. A line that begins with a word the layout declares (合計, 以上, 件数) and has no key of a person is no row: it is left out, searched
for individual numbers, and told. Without that declaration such lines are put aside like any other row.
"""

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from intake.defects import RAGGED, SOUND
from intake.formats.rows import BadRows, Block
from intake.formats.scan import scan_records
from intake.loops.signs import EOF_MARK

_SPACES = " \t\u3000\u00a0"
_LETTER = 0x80


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """What a table looks like at its edges.

    Parameters
    ----------
    delimiter : str
        One ASCII character.
    fields : int
        Fields of a sound row, a row number in front not counted.
    summary_lines : tuple[str, ...]
        Words that lines begin with that are no rows.
    key : int or None
        Field with the key of persons.
    """

    delimiter: str
    fields: int
    summary_lines: tuple[str, ...] = ()
    key: int | None = None


def tidy_blocks(blocks: Iterable[Block], edges: Edges) -> Iterator[Block]:
    """Yield the blocks without what is no row of the table; rows that only ended in empty fields come in a block behind theirs."""
    marks = _to_pattern(edges.summary_lines)
    for block in blocks:
        tidy = _drop_bad_edges(_drop_blanks(_drop_end_mark(block), edges), edges, marks)
        longer = _find_longer(tidy, edges)
        yield _drop_summaries(replace(tidy, bad=_drop_rows(tidy.bad, list(longer))) if longer else tidy, edges, marks)
        if longer:
            yield _drop_summaries(_drop_blanks(_cut_again(tidy, longer, edges), edges), edges, marks)


def _drop_end_mark(block: Block) -> Block:
    """Return a block without the mark of the end of the file (1A) behind its last row, where no line end stands between."""
    if not block.rows.size or block.spans[-1, 1] != block.source.size or block.source[-1] != EOF_MARK:
        return block
    ends = block.ends.copy(order="K")
    place = ends[-1, -1] - 1
    if place < block.starts[-1, -1] or block.data[place] != EOF_MARK:
        return block
    ends[-1, -1] = place
    return replace(block, ends=ends)


def _drop_blanks(block: Block, edges: Edges) -> Block:
    """Return a block without rows of which every field is empty."""
    short = np.flatnonzero(block.spans[:, 1] - block.spans[:, 0] <= 4 * edges.fields) if edges.fields > 1 else np.empty(0, np.int64)
    # the row number of a workbook, which every row has, is no longer among the fields
    empty = short[(block.ends[short] == block.starts[short]).all(axis=1)]
    return _drop(block, empty, blanks=empty.size) if empty.size else block


def _drop(block: Block, places: NDArray[np.int64], *, blanks: int = 0) -> Block:
    kept = np.ones(block.rows.size, dtype=np.bool_)
    kept[places] = False
    return replace(
        block,
        starts=np.asfortranarray(block.starts[kept]),
        ends=np.asfortranarray(block.ends[kept]),
        rows=block.rows[kept],
        spans=block.spans[kept],
        blanks=block.blanks + blanks,
    )


def _take(bad: BadRows, kept: NDArray[np.bool_]) -> BadRows:
    return BadRows(rows=bad.rows[kept], defects=bad.defects[kept], raw=[raw for raw, keep in zip(bad.raw, kept, strict=True) if keep])


def _drop_bad_edges(block: Block, edges: Edges, marks: re.Pattern[str] | None) -> Block:
    """Return a block without ragged rows that hold nothing, or are summary lines."""
    bad = block.bad
    ragged, delimiter = bad.defects == RAGGED, edges.delimiter.encode()
    empty = ragged & np.array([not raw.strip(delimiter) for raw in bad.raw], dtype=np.bool_)
    # blocks of tapes and old transfers are filled up with zeros
    empty |= np.array([not raw.strip(b"\0\x1a") for raw in bad.raw], dtype=np.bool_)
    summary = np.zeros(bad.rows.size, dtype=np.bool_)
    if marks:
        for place in np.flatnonzero(ragged & ~empty).tolist():
            cells = bad.raw[place].decode(block.encoding, "replace").replace('"', "").split(edges.delimiter)
            summary[place] = _is_summary(cells, edges, marks)
    if not (empty.any() or summary.any()):
        return block
    return replace(
        block,
        bad=_take(bad, ~(empty | summary)),
        blanks=block.blanks + int(empty.sum()),
        left_out=_join(block.left_out, _take(bad, summary)),
    )


def _drop_summaries(block: Block, edges: Edges, marks: re.Pattern[str] | None) -> Block:
    """Return a block with its summary lines beside its rows."""
    if not marks or not block.rows.size:
        return block
    found = [place for place in _find_keyless(block, edges) if _is_summary(_read_cells(block, place), edges, marks)]
    if not found:
        return block
    places = np.array(found, dtype=np.int64)
    lines = BadRows(rows=block.rows[places], defects=np.full(places.size, SOUND, np.uint8), raw=[block.get_raw(place) for place in found])
    return replace(_drop(block, places), left_out=_join(block.left_out, lines))


def _join(first: BadRows | None, second: BadRows) -> BadRows:
    if first is None:
        return second
    return BadRows(
        rows=np.concatenate([first.rows, second.rows]), defects=np.concatenate([first.defects, second.defects]), raw=first.raw + second.raw
    )


def _find_keyless(block: Block, edges: Edges) -> list[int]:
    """Return rows whose key of persons is empty, or does not begin like a number or a letter of ASCII."""
    if edges.key is None:
        return list(range(block.rows.size))
    starts, ends = block.starts[:, edges.key], block.ends[:, edges.key]
    first = block.data[np.minimum(starts, block.data.size - 1)]
    plain = (first < _LETTER) & (first > ord("/"))
    found: list[int] = np.flatnonzero((starts == ends) | ~plain).tolist()
    return found


def _read_cells(block: Block, row: int) -> list[str]:
    places = zip(block.starts[row].tolist(), block.ends[row].tolist(), strict=True)
    return [block.data[begin:end].tobytes().decode(block.encoding, "replace") for begin, end in places]


def _is_summary(cells: Sequence[str], edges: Edges, marks: re.Pattern[str]) -> bool:
    """Return whether the first filled cell of a line is a declared word, perhaps with a number behind it, and the line names no person."""
    filled = [(place, text) for place, cell in enumerate(cells) if (text := cell.strip(_SPACES))]
    if not filled or not is_marked(filled[0][1], marks):
        return False
    return edges.key is None or all(place != edges.key or is_marked(text, marks) for place, text in filled)


def is_marked(text: str, marks: re.Pattern[str]) -> bool:
    """Return whether a text is a word of summary lines, with a number and its unit or without."""
    return marks.fullmatch(re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))) is not None


def _to_pattern(words: Sequence[str]) -> re.Pattern[str] | None:
    """Return what matches the folded text of a summary line."""
    folded = [re.escape(re.sub(r"\s+", "", unicodedata.normalize("NFKC", word))) for word in words]
    return re.compile(rf"[【\[(<]?(?:{'|'.join(folded)})[】\])>]?:?[0-9,]*(?:件|名|人|円|行)?", re.IGNORECASE) if folded else None


def _drop_rows(bad: BadRows, places: list[int]) -> BadRows:
    return _take(bad, np.isin(np.arange(bad.rows.size), places, invert=True))


def _find_longer(block: Block, edges: Edges) -> dict[int, bytes]:
    """Return ragged rows (place → bytes) without the fields at their end, where these are too many and empty."""
    bad, end, found = block.bad, edges.delimiter.encode(), {}
    for place, raw in enumerate(bad.raw):
        if bad.defects[place] != RAGGED or not raw.endswith(end):
            continue
        more = _count_fields(raw.decode(block.encoding, "replace"), edges.delimiter) - edges.fields
        if more > 0 and raw.endswith(end * more):
            found[place] = raw[: len(raw) - more]
    return found


def _count_fields(text: str, delimiter: str) -> int:
    """Return the fields of a record; 0 where the marks in it make none."""
    try:
        return len(next(csv.reader([text], delimiter=delimiter), []))
    except csv.Error:  # a carriage return alone, outside quotes
        return 0


def _cut_again(block: Block, longer: dict[int, bytes], edges: Edges) -> Block:
    """Return a block of ragged rows that are sound without their last, empty fields."""
    places = np.fromiter(longer, dtype=np.int64, count=len(longer))
    data = np.frombuffer(b"\n".join(longer.values()), dtype=np.uint8)
    scan = scan_records(data, separator=ord(edges.delimiter), expected=edges.fields, last=True)
    rows, stays = block.bad.rows[places], places[scan.bad[:, 2]]
    return Block(
        data=scan.out,
        starts=scan.starts,
        ends=scan.ends,
        rows=rows[scan.good[:, 2]],
        source=data,
        spans=scan.good[:, :2],
        encoding=block.encoding,
        bad=_take(block.bad, np.isin(np.arange(block.bad.rows.size), stays)),
        blanks=0,
        longer=rows[scan.good[:, 2]],
    )
