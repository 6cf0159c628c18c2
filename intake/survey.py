"""The first reading of a file: rows and persons are counted and every column is searched for individual numbers; nothing is written.

Decided here: a file with 個人番号 ends here, named by column and count, before a byte of it is kept.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from intake.defects import (
    BLANK_LINES,
    DUPLICATE_ROWS,
    HEADING_ALONE,
    LONGER_ROWS,
    MY_NUMBER,
    MY_NUMBER_NAME,
    NO_ROWS,
    SUMMARY_LINES,
    UNDECLARED_CODE,
)
from intake.formats.distinct import Coded, DistinctTexts, Hashes, encode_block
from intake.formats.hashes import Repeats
from intake.formats.rows import Block
from intake.identification import find_code_kind
from intake.identifiers import NumberCount, count_numbers, holds_my_numbers
from intake.reading import Opened
from intake.values.codes import convert_municipality_codes
from intake.values.conversion import trim_texts
from schemas.ahead import work_ahead
from schemas.errors import FileRejected
from schemas.findings import ROWS_SHOWN, Finding
from schemas.messages import N_, Name

BLOCKS_AHEAD = 1
_COMPACT_EVERY = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What the first reading showed.

    Parameters
    ----------
    rows : int
        Rows of the file, sound or not; the heading line and blank lines are none.
    persons : int
        Distinct values of the person key among the rows that could be cut; rows when the table has no person key.
    municipalities : frozenset[str]
        Municipality codes in the file, to tell real from synthetic files.
    findings : tuple[Finding, ...]
        Notes.
    """

    rows: int
    persons: int
    municipalities: frozenset[str]
    findings: tuple[Finding, ...]


@dataclass(slots=True)
class DistinctCount:
    """Counts distinct texts over blocks; keeps each once."""

    parts: list[pa.Array] = field(default_factory=list)

    def add(self, texts: pa.Array) -> None:
        """Add the distinct texts of a block."""
        self.parts.append(texts)
        if len(self.parts) >= _COMPACT_EVERY:
            self.parts = [pc.unique(pa.chunked_array(self.parts))]

    def count(self) -> int:
        """Return how many distinct texts there were; empty ones are none."""
        return len(pc.drop_null(pc.unique(pa.chunked_array(self.parts)))) if self.parts else 0


class Numbered(NamedTuple):
    """A block, its fields as numbers of texts (none where it has no rows), and a hash of each row."""

    block: Block
    coded: list[Coded]
    hashes: Hashes


class Surveyor:
    """Looks at the blocks of a file in turn.

    Parameters
    ----------
    opened : Opened
        The file.
    """

    def __init__(self, opened: Opened) -> None:
        self.opened = opened
        self.fields = [DistinctTexts() for _ in opened.labels]
        # one count per field, and a last one for all rows that could not be cut into fields
        self.counts = [NumberCount() for _ in (*opened.labels, None)]
        self.repeats = Repeats()
        self.units, self.worlds = DistinctCount(), DistinctCount()
        self.rows, self.blanks = 0, 0
        self.left_out: list[int] = []
        self.longer: list[int] = []
        self.notes: list[Finding] = []

    def read(self) -> Iterator[Numbered]:
        """Yield the blocks with their fields as numbers of texts, made by a thread of its own."""
        blocks = (Numbered(block, *encode_block(block, self.fields)) for block in self.opened.read())
        return work_ahead(blocks, BLOCKS_AHEAD)

    def look(self, numbered: Numbered) -> None:
        """Look at a block, each after those before it."""
        block, coded, hashes = numbered
        if coded and not self.repeats.parts:
            self.notes += _find_undeclared_codes(block, coded, self.opened)
        self.rows += block.rows.size + block.bad.rows.size
        self.blanks += block.blanks
        self.left_out += block.left_out.rows.tolist() if block.left_out else []
        self.longer += block.longer.tolist() if block.longer is not None else []
        count_numbers(block, coded, self.counts)
        self.repeats.add(hashes, block.rows)
        for index, column in self.opened.places if coded else ():
            if column.name == self.opened.layout.table.unit:
                self.units.add(trim_texts(coded[index].texts))
            if column.name == "municipality_code":
                self.worlds.add(trim_texts(coded[index].texts))

    def suspects(self) -> bool:
        """Return whether, so far, a column seems to hold individual numbers."""
        return bool(_list_hits(self.counts, self.opened))

    def finish(self) -> Survey:
        """Return what the blocks showed, after the last of them.

        Raises
        ------
        FileRejected
            There were no rows, or a column holds individual numbers.
        """
        opened = self.opened
        _check_numbers(self.counts, opened)
        if self.rows == 0:
            raise FileRejected(
                N_("the file has no rows"),
                N_("export it again; look at the period and the filter of the export"),
                findings=(Finding(kind=HEADING_ALONE if opened.layout.header else NO_ROWS),),
            )
        notes = [*self.notes, *(Finding(kind=MY_NUMBER_NAME, column=opened.labels[index]) for index in sorted(opened.my_number_fields))]
        notes += [Finding(kind=BLANK_LINES, count=self.blanks)] if self.blanks else []
        told = ((SUMMARY_LINES, self.left_out), (LONGER_ROWS, self.longer))
        notes += [Finding(kind=kind, count=len(rows), rows=tuple(rows[:ROWS_SHOWN])) for kind, rows in told if rows]
        notes += _find_duplicates(self.repeats.find())
        persons = self.units.count() if opened.layout.table.unit else self.rows
        return Survey(rows=self.rows, persons=persons, municipalities=_read_municipalities(self.worlds), findings=tuple(notes))


def survey(opened: Opened, advance: Callable[[int], None] | None = None) -> Survey:
    """Read a file once.

    Raises
    ------
    FileRejected
        The file has no rows, cannot be cut into rows, or holds individual numbers.
    """
    surveyor = Surveyor(opened)
    for numbered in surveyor.read():
        surveyor.look(numbered)
        if advance:
            advance(numbered.block.rows.size + numbered.block.bad.rows.size)
    return surveyor.finish()


def _find_duplicates(repeats: NDArray[np.int64]) -> list[Finding]:
    """Return what there is to say of rows that repeat an earlier one."""
    return [Finding(kind=DUPLICATE_ROWS, count=repeats.size, rows=tuple(repeats[:ROWS_SHOWN].tolist()))] if repeats.size else []


def _list_hits(counts: list[NumberCount], opened: Opened) -> list[int]:
    return [index for index, count in enumerate(counts) if holds_my_numbers(count, named=index in opened.my_number_fields)]


def _check_numbers(counts: list[NumberCount], opened: Opened) -> None:
    """Refuse a file with a column of individual numbers."""
    hits, labels = _list_hits(counts, opened), (*opened.labels, None)
    if hits:
        raise FileRejected(
            N_("the file holds individual numbers (個人番号); nothing of it was kept"),
            N_("delete the columns named above at the municipality and send a new file; it must not be received with them"),
            findings=tuple(Finding(kind=MY_NUMBER, column=labels[i], count=counts[i].cells or counts[i].filled) for i in hits),
        )


def _read_municipalities(worlds: DistinctCount) -> frozenset[str]:
    """Return the municipality codes seen, in six digits; what is no code is left out."""
    if not worlds.parts:
        return frozenset()
    codes = convert_municipality_codes(pc.unique(pa.chunked_array(worlds.parts)))
    return frozenset(code for code in codes.values.to_pylist() if code)


def _find_undeclared_codes(block: Block, coded: list[Coded], opened: Opened) -> list[Finding]:
    """Return fields that no column takes and that look like an identification code; judged on the first block."""
    taken = {index for index, _ in opened.places}
    notes = []
    for index, label in enumerate(opened.labels):
        if index in taken:
            continue
        lengths = block.ends[:, index] - block.starts[:, index]
        if not np.any((lengths >= 8) & (lengths <= 40)):
            continue
        kind = find_code_kind(trim_texts(coded[index].texts))
        if kind:
            notes.append(Finding(kind=UNDECLARED_CODE, column=label, params={"kind": Name(kind)}))
    return notes
