"""The first reading of a file: rows and persons are counted and every column is searched for individual numbers; nothing is written.

Decided here: a file with 個人番号 ends here, named by column and count, before a byte of it is kept.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from intake.defects import BLANK_LINES, DUPLICATE_ROWS, MY_NUMBER, MY_NUMBER_NAME, NO_ROWS, UNDECLARED_CODE
from intake.formats.hashes import find_repeats, hash_rows
from intake.formats.rows import Block
from intake.identifiers import NumberCount, count_numbers, find_code_kind, holds_my_numbers
from intake.reading import Opened
from intake.values.codes import convert_municipality_codes
from intake.values.conversion import trim_texts
from schemas.errors import FileRejected
from schemas.findings import ROWS_SHOWN, Finding
from schemas.messages import N_, Name
from schemas.tables import Role

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


def survey(opened: Opened, advance: Callable[[int], None] | None = None) -> Survey:
    """Read a file once.

    Raises
    ------
    FileRejected
        The file has no rows, cannot be cut into rows, or holds individual numbers.
    """
    # one count per field, and a last one for all rows that could not be cut into fields
    counts = [NumberCount() for _ in (*opened.labels, None)]
    hashes, numbers = [np.empty(0, dtype=np.uint64)], [np.empty(0, dtype=np.int64)]
    units, worlds = DistinctCount(), DistinctCount()
    rows, blanks = 0, 0
    notes: list[Finding] = []
    for block in opened.read():
        found = block.rows.size + block.bad.rows.size
        if rows == 0 and block.rows.size:
            notes += _find_undeclared_codes(block, opened)
        rows += found
        blanks += block.blanks
        count_numbers(block, counts)
        hashes.append(hash_rows(block.data, block.starts, block.ends))
        numbers.append(block.rows)
        _add_distinct(block, opened, units, worlds)
        if advance:
            advance(found)
    _check_numbers(counts, opened)
    if rows == 0:
        raise FileRejected(N_("the file has no rows"), N_("export it again"), findings=(Finding(kind=NO_ROWS),))
    notes += [Finding(kind=MY_NUMBER_NAME, column=opened.labels[index]) for index in sorted(opened.my_number_fields)]
    notes += [Finding(kind=BLANK_LINES, count=blanks)] if blanks else []
    notes += _find_duplicates(np.concatenate(hashes), np.concatenate(numbers))
    persons = units.count() if opened.layout.table.unit else rows
    return Survey(rows=rows, persons=persons, municipalities=_read_municipalities(worlds), findings=tuple(notes))


def _find_duplicates(hashes: NDArray[np.uint64], numbers: NDArray[np.int64]) -> list[Finding]:
    """Return the rows that repeat an earlier one."""
    repeats = numbers[find_repeats(hashes)]
    return [Finding(kind=DUPLICATE_ROWS, count=repeats.size, rows=tuple(repeats[:ROWS_SHOWN].tolist()))] if repeats.size else []


def _check_numbers(counts: list[NumberCount], opened: Opened) -> None:
    """Refuse a file with a column of individual numbers."""
    labels = (*opened.labels, None)
    hits = [index for index, count in enumerate(counts) if holds_my_numbers(count, named=index in opened.my_number_fields)]
    if hits:
        raise FileRejected(
            N_("the file holds individual numbers (個人番号); nothing of it was kept"),
            N_("delete the columns named above at the municipality and send a new file; it must not be received with them"),
            findings=tuple(Finding(kind=MY_NUMBER, column=labels[i], count=counts[i].cells or counts[i].filled) for i in hits),
        )


def _get_texts(block: Block, index: int) -> pa.Array:
    """Return the distinct trimmed texts of a field."""
    dictionary = block.get_column(index).dictionary
    if block.encoding == "utf-8":
        return trim_texts(dictionary.cast(pa.string()))
    texts = [value.decode(block.encoding, "replace") for value in dictionary.to_pylist()]
    return trim_texts(pa.array(texts, pa.string()))


def _add_distinct(block: Block, opened: Opened, units: DistinctCount, worlds: DistinctCount) -> None:
    if not block.rows.size:
        return
    for index, column in opened.places:
        if column.name == opened.layout.table.unit:
            units.add(_get_texts(block, index))
        if column.name == "municipality_code":
            worlds.add(_get_texts(block, index))


def _read_municipalities(worlds: DistinctCount) -> frozenset[str]:
    """Return the municipality codes seen, in six digits; what is no code is left out."""
    if not worlds.parts:
        return frozenset()
    codes = convert_municipality_codes(pc.unique(pa.chunked_array(worlds.parts)))
    return frozenset(code for code in codes.values.to_pylist() if code)


def _find_undeclared_codes(block: Block, opened: Opened) -> list[Finding]:
    """Return columns that look like an identification code and are not declared as one; judged on the first block."""
    declared = {
        index for index, column in opened.places if column.use.column.role is Role.IDENTIFICATION_CODE or column.use.column.check_digit
    }
    notes = []
    for index, label in enumerate(opened.labels):
        lengths = (block.ends - block.starts)[:, index]
        if index in declared or not np.any((lengths >= 9) & (lengths <= 40)):
            continue
        kind = find_code_kind(_get_texts(block, index))
        if kind:
            notes.append(Finding(kind=UNDECLARED_CODE, column=label, params={"kind": Name(kind)}))
    return notes
