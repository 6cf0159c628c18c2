"""Blocks of rows become record batches of the common schema: each distinct text of a column is converted once.

Decided here: a row comes out whole or not at all. Not decided here: what a text means (`intake.values`), where batches go
(`intake.convert`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from intake.defects import CUT_CHARACTER, REQUIRED_EMPTY, ROW_KINDS, SOUND
from intake.formats.rows import Block
from intake.layout import LayoutColumn
from intake.quality.account import Tally
from intake.quality.book import QualityBook
from intake.quality.cells import Rows, make_cells
from intake.quarantine import SOURCE_ROW, Reasons, make_quarantine
from intake.reading import Opened
from intake.survey import DistinctCount
from intake.values.conversion import Converted
from intake.values.rules import convert_distinct
from schemas.tables import TableSchema


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Piece:
    """What one block became.

    Parameters
    ----------
    table : pa.RecordBatch
        Rows that came out.
    aside : pa.RecordBatch
        Rows that were put aside.
    """

    table: pa.RecordBatch
    aside: pa.RecordBatch


@dataclass(slots=True)
class Conversion:
    """A conversion under way: what the columns of a file are, and what has been counted.

    Parameters
    ----------
    opened : Opened
        The file.
    tally : Tally
        Findings and repairs.
    rows_out, rows_aside : int
        Rows so far.
    persons : DistinctCount
        Person keys that came out.
    book : QualityBook
        What the rows that came out have shown.
    """

    opened: Opened
    tally: Tally = field(default_factory=Tally)
    book: QualityBook = field(init=False)
    rows_out: int = 0
    rows_aside: int = 0
    persons: DistinctCount = field(default_factory=DistinctCount)

    def __post_init__(self) -> None:
        """Open the book of the table."""
        self.book = QualityBook(table=self.opened.layout.table)

    def run(self, advance: Callable[[int], None] | None = None) -> Iterator[Piece]:
        """Yield what the blocks of the file become."""
        for block in self.opened.read():
            piece = self._convert(block)
            self.rows_out += piece.table.num_rows
            self.rows_aside += piece.aside.num_rows
            self.tally.add_aside(piece.aside.column(SOURCE_ROW).to_pylist())
            unit = self.opened.layout.table.unit
            if unit:
                self.persons.add(pc.unique(piece.table.column(unit)))
            yield piece
            if advance:
                advance(block.rows.size + block.bad.rows.size)

    def _convert(self, block: Block) -> Piece:
        size = block.rows.size
        columns: dict[str, tuple[Converted, NDArray[np.int64]]] = {}
        reasons = Reasons(size)
        for index, column in self.opened.places if size else ():
            converted, indices = convert_field(block, index, column)
            defects = converted.defects[indices]
            self._note(block, column, converted, indices, defects)
            reasons.add(column.name, defects)
            columns[column.name] = converted, indices
        kept = reasons.sound_rows()
        self._account(columns, block.rows[kept], kept)
        for defect in np.unique(block.bad.defects).tolist():
            self.tally.add_rows(ROW_KINDS[defect], None, block.bad.rows[block.bad.defects == defect])
        table = make_batch(self.opened.layout.table, block, columns, kept)
        return Piece(table=table, aside=make_quarantine(block, reasons))

    def _account(
        self, columns: dict[str, tuple[Converted, NDArray[np.int64]]], numbers: NDArray[np.int64], kept: NDArray[np.int64]
    ) -> None:
        """Count what the rows that came out hold."""
        labels = {column.name: column.label for _, column in self.opened.places}
        cells = {}
        for name, (converted, indices) in columns.items():
            self.tally.add_cells(name, converted, indices[kept])
            cells[name] = make_cells(converted.values, indices[kept], labels[name])
        if cells:
            self.book.add(Rows(columns=cells, numbers=numbers, as_of=self.opened.places[0][1].use.latest_birth))

    def _note(
        self, block: Block, column: LayoutColumn, converted: Converted, indices: NDArray[np.int64], defects: NDArray[np.uint8]
    ) -> None:
        for defect in np.unique(defects[defects != SOUND]).tolist():
            self.tally.add_rows(ROW_KINDS[defect], column.label, block.rows[defects == defect])
        for kind, mask in converted.notes.items():
            self.tally.add_rows(kind, column.label, block.rows[mask[indices]])


def convert_field(block: Block, index: int, column: LayoutColumn) -> tuple[Converted, NDArray[np.int64]]:
    """Return what the distinct texts of a field became, and the distinct text of each row."""
    encoded = block.get_column(index)
    if block.encoding == "utf-8":
        texts, cut = encoded.dictionary.cast(pa.string()), None
    else:
        texts, cut = _decode_distinct(encoded.dictionary, block.encoding)
    converted = convert_distinct(texts, column.use)
    defects = converted.defects.copy()
    if column.use.column.required:
        defects[(defects == SOUND) & ~converted.values.is_valid().to_numpy(zero_copy_only=False)] = REQUIRED_EMPTY
    if cut is not None:
        defects[cut] = CUT_CHARACTER
    judged = Converted(values=converted.values, defects=defects, repairs=converted.repairs, notes=converted.notes)
    return judged, encoded.indices.to_numpy().astype(np.int64)


def _decode_distinct(values: pa.BinaryArray, encoding: str) -> tuple[pa.StringArray, NDArray[np.bool_]]:
    """Return the texts of bytes, and which of them begin or end inside a character."""
    texts: list[str | None] = []
    for value in values.to_pylist():
        try:
            texts.append(value.decode(encoding))
        except UnicodeError:
            texts.append(None)
    return pa.array(texts, pa.string()), np.array([text is None for text in texts], dtype=np.bool_)


def make_batch(
    table: TableSchema, block: Block, columns: dict[str, tuple[Converted, NDArray[np.int64]]], kept: NDArray[np.int64]
) -> pa.RecordBatch:
    """Return the rows that came out, in the columns and types of the table, with their numbers in the sender's file."""
    schema = output_schema(table)
    arrays = []
    for column in schema:
        if column.name in columns:
            converted, indices = columns[column.name]
            arrays.append(converted.values.take(pa.array(indices[kept])).cast(column.type))
        elif column.name == SOURCE_ROW:
            arrays.append(pa.array(block.rows[kept]))
        else:
            arrays.append(pa.nulls(kept.size, column.type))
    return pa.record_batch(arrays, schema=schema)


def output_schema(table: TableSchema) -> pa.Schema:
    """Return the Arrow schema of a converted file: the table and `source_row`."""
    schema: pa.Schema = table.arrow_schema().append(pa.field(SOURCE_ROW, pa.int64()))
    return schema
