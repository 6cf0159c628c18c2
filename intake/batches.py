"""Blocks of rows become record batches of the common schema: each distinct text of a column is converted once.

Decided here: a row comes out whole or not at all. Not decided here: what a text means (`intake.values`), where batches go
(`intake.convert`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from intake.columns import ConvertedColumn, start_column
from intake.defects import ROW_KINDS, SOUND
from intake.formats.distinct import Coded, Codes
from intake.formats.rows import Block
from intake.layout import LayoutColumn
from intake.quality.account import Tally
from intake.quality.book import QualityBook
from intake.quality.cells import Rows
from intake.quarantine import SOURCE_ROW, Reasons, make_quarantine
from intake.reading import Opened
from intake.survey import DistinctCount, Survey, Surveyor, survey
from schemas.tables import TableSchema

PACKED = (pa.string(), pa.date32(), pa.int64())


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
    columns : dict[str, ConvertedColumn]
        Name in the table → what its texts became.
    surveyor : Surveyor
        Looks at every block first.
    found : Survey
        What it saw; known at the end.
    """

    opened: Opened
    tally: Tally = field(default_factory=Tally)
    book: QualityBook = field(init=False)
    rows_out: int = 0
    rows_aside: int = 0
    persons: DistinctCount = field(default_factory=DistinctCount)
    columns: dict[str, ConvertedColumn] = field(default_factory=dict)
    surveyor: Surveyor = field(init=False)
    found: Survey = field(init=False)

    def __post_init__(self) -> None:
        """Open the book of the table."""
        self.surveyor = Surveyor(self.opened)
        self.book = QualityBook(table=self.opened.layout.table)

    def run(self, advance: Callable[[int], None] | None = None) -> Iterator[Piece]:
        """Yield what the blocks of the file become.

        As soon as a column seems to hold individual numbers, the whole file is looked through before anything more is yielded.

        Raises
        ------
        FileRejected
            The file has no rows, cannot be cut into rows, or holds individual numbers.
        """
        looked_through = False
        for numbered in self.surveyor.read():
            self.surveyor.look(numbered)
            if not looked_through and self.surveyor.suspects():
                survey(self.opened)
                looked_through = True
            block = numbered.block
            piece = self._convert(block, numbered.coded)
            self.rows_out += piece.table.num_rows
            self.rows_aside += piece.aside.num_rows
            self.tally.add_aside(piece.aside.column(SOURCE_ROW).to_pylist())
            yield piece
            if advance:
                advance(block.rows.size + block.bad.rows.size)
        for known in self.columns.values():
            self._close(known)
        self.found = self.surveyor.finish()

    def _convert(self, block: Block, coded: list[Coded]) -> Piece:
        reasons = Reasons(block.rows.size)
        codes: dict[str, Codes] = {}
        for index, column in self.opened.places if coded else ():
            known = self._extend(column, coded[index])
            codes[column.name] = coded[index].codes
            if known.has_defects or known.notes:
                self._note(block, known, codes[column.name], reasons)
        kept = reasons.sound_rows()
        if kept.size < block.rows.size:
            codes = {name: every[kept] for name, every in codes.items()}
        rows = block.rows[kept]
        cells = {name: self.columns[name].use(each) for name, each in codes.items()}
        if cells:
            self.book.checks.add(Rows(columns=cells, numbers=rows, as_of=self.opened.places[0][1].use.as_of))
        for defect in np.unique(block.bad.defects).tolist():
            self.tally.add_rows(ROW_KINDS[defect], None, block.bad.rows[block.bad.defects == defect])
        return Piece(table=self._make_batch(rows, codes), aside=make_quarantine(block, reasons))

    def _extend(self, column: LayoutColumn, coded: Coded) -> ConvertedColumn:
        """Convert the texts a block brings; begin a column anew when its texts were."""
        known = self.columns.get(column.name)
        if known is None or (coded.first == 0 and known.size):
            if known:
                self._close(known)
            known = self.columns[column.name] = start_column(column)
            self.book.open_column(column.name, column.label)
        known.extend(coded.texts)
        return known

    def _close(self, known: ConvertedColumn) -> None:
        """Count what the texts of a column have shown."""
        name = known.column.name
        self.tally.add_used(name, known.to_converted(), known.used)
        self.book.add_column(name, known.use(np.empty(0, dtype=np.int32)), known.used)
        if name == self.opened.layout.table.unit:
            self.persons.add(known.values.filter(pa.array(known.used > 0)))

    def _note(self, block: Block, known: ConvertedColumn, codes: Codes, reasons: Reasons) -> None:
        label = known.column.label
        if known.has_defects:
            defects = known.defects[codes]
            for defect in np.unique(defects[defects != SOUND]).tolist():
                self.tally.add_rows(ROW_KINDS[defect], label, block.rows[defects == defect])
            reasons.add(known.column.name, defects)
        for kind, mask in known.notes.items():
            self.tally.add_rows(kind, label, block.rows[mask[codes]])

    def _make_batch(self, rows: NDArray[np.int64], codes: dict[str, Codes]) -> pa.RecordBatch:
        """Return the rows that came out, in the columns of the table, with their numbers in the sender's file."""
        schema = packed_schema(self.opened)
        arrays = []
        for column in schema:
            if column.name in codes:
                arrays.append(self.columns[column.name].to_array(codes[column.name], column.type))
            else:
                arrays.append(pa.array(rows) if column.name == SOURCE_ROW else pa.nulls(rows.size, column.type))
        return pa.record_batch(arrays, schema=schema)


def packed_schema(opened: Opened) -> pa.Schema:
    """Return the Arrow schema of the batches: texts, days and whole numbers of the columns the file has, each value once.

    Parquet has no such types: what is written is a file of `output_schema`.
    """
    held = {column.name for _, column in opened.places}
    fields = [
        pa.field(column.name, pa.dictionary(pa.int32(), column.type)) if column.name in held and column.type in PACKED else column
        for column in output_schema(opened.layout.table)
    ]
    return pa.schema(fields)


def output_schema(table: TableSchema) -> pa.Schema:
    """Return the Arrow schema of a converted file: the table and `source_row`."""
    schema: pa.Schema = table.arrow_schema().append(pa.field(SOURCE_ROW, pa.int64()))
    return schema
