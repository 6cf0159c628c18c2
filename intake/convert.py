"""Rows to the common schema: block by block, each distinct text of a column once; rows with a defect are put aside with their reasons.

Decided here: a row comes out whole or not at all, and every row is either in the output or in the quarantine. Not decided here: what a
text means (`intake.values`), where files are kept (`intake.normalise`).
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from intake.defects import CUT_CHARACTER, REQUIRED_EMPTY, ROW_KINDS, SOUND
from intake.formats.rows import BadRows, Block
from intake.layout import Layout, LayoutColumn
from intake.quality import ConversionReport, Tally
from intake.reading import Opened, open_source
from intake.survey import DistinctCount, Survey, survey
from intake.values.conversion import Converted
from intake.values.rules import convert_distinct
from schemas.errors import FileRejected
from schemas.files import replace_file, sha256_file
from schemas.messages import N_, Name
from schemas.tables import TableSchema

SOURCE_ROW = "source_row"
QUARANTINE_SCHEMA = pa.schema(
    [
        pa.field(SOURCE_ROW, pa.int64()),
        pa.field("findings", pa.list_(pa.string())),
        pa.field("raw", pa.binary()),
        pa.field("encoding", pa.string()),
    ]
)


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
    """

    opened: Opened
    tally: Tally = field(default_factory=Tally)
    rows_out: int = 0
    rows_aside: int = 0
    persons: DistinctCount = field(default_factory=DistinctCount)

    def run(self, advance: Callable[[int], None] | None = None) -> Iterator[Piece]:
        """Yield what the blocks of the file become."""
        for block in self.opened.read():
            piece = self._convert(block)
            self.rows_out += piece.table.num_rows
            self.rows_aside += piece.aside.num_rows
            unit = self.opened.layout.table.unit
            if unit:
                self.persons.add(pc.unique(piece.table.column(unit)))
            yield piece
            if advance:
                advance(block.rows.size + block.bad.rows.size)

    def _convert(self, block: Block) -> Piece:
        size = block.rows.size
        columns: dict[str, tuple[Converted, NDArray[np.int64]]] = {}
        reasons = _Reasons(size)
        for index, column in self.opened.places if size else ():
            converted, indices = convert_field(block, index, column)
            defects = converted.defects[indices]
            self._note(block, column, converted, indices, defects)
            reasons.add(column.name, defects)
            columns[column.name] = converted, indices
        kept = reasons.sound_rows()
        for name, (converted, indices) in columns.items():
            self.tally.add_cells(name, converted, indices[kept])
        for defect in np.unique(block.bad.defects).tolist():
            self.tally.add_rows(ROW_KINDS[defect], None, block.bad.rows[block.bad.defects == defect])
        table = make_batch(self.opened.layout.table, block, columns, kept)
        return Piece(table=table, aside=make_quarantine(block, reasons))

    def _note(
        self, block: Block, column: LayoutColumn, converted: Converted, indices: NDArray[np.int64], defects: NDArray[np.uint8]
    ) -> None:
        for defect in np.unique(defects[defects != SOUND]).tolist():
            self.tally.add_rows(ROW_KINDS[defect], column.label, block.rows[defects == defect])
        for kind, mask in converted.notes.items():
            self.tally.add_rows(kind, column.label, block.rows[mask[indices]])


class _Reasons:
    """Which rows have which defects."""

    def __init__(self, size: int) -> None:
        self.bad = np.zeros(size, dtype=np.bool_)
        self.columns: list[tuple[str, NDArray[np.uint8]]] = []

    def add(self, column: str, defects: NDArray[np.uint8]) -> None:
        if defects.any():
            self.bad |= defects != SOUND
            self.columns.append((column, defects))

    def sound_rows(self) -> NDArray[np.int64]:
        return np.flatnonzero(~self.bad)

    def of_row(self, row: int) -> list[str]:
        return [f"{ROW_KINDS[defects[row]].code}:{column}" for column, defects in self.columns if defects[row] != SOUND]


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


def make_quarantine(block: Block, reasons: _Reasons) -> pa.RecordBatch:
    """Return the rows that were put aside, with finding codes and the bytes as they came."""
    aside = np.flatnonzero(reasons.bad)
    bad: BadRows = block.bad
    rows = np.concatenate([block.rows[aside], bad.rows]).astype(np.int64)
    findings = [reasons.of_row(row) for row in aside.tolist()] + [[ROW_KINDS[defect].code] for defect in bad.defects.tolist()]
    raw = [block.get_raw(row) for row in aside.tolist()] + bad.raw
    order = np.argsort(rows, kind="stable")
    batch = pa.record_batch(
        [pa.array(rows), pa.array(findings, QUARANTINE_SCHEMA.field(1).type), pa.array(raw, pa.binary()), pa.array([block.encoding] * rows.size, pa.string())],
        schema=QUARANTINE_SCHEMA,
    )
    return batch.take(pa.array(order))


def convert_file(
    source: Path,
    *,
    layout: Layout,
    output: Path | None = None,
    quarantine: Path | None = None,
    surveyed: Survey | None = None,
    advance: Callable[[int], None] | None = None,
) -> ConversionReport:
    """Convert a file to the common schema.

    Parameters
    ----------
    source : Path
        The file as it came.
    layout : Layout
        How it is written; its table is the table of the output.
    output : Path or None
        Parquet file to write; None to check only.
    quarantine : Path or None
        Parquet file for rows with a defect; None to count them only. Not written when there are none.
    surveyed : Survey or None
        The first reading, when it was made already.
    advance : Callable or None
        Told the rows of each block.

    Returns
    -------
    ConversionReport
        rows_in = rows_out + rows_quarantined.

    Raises
    ------
    FileRejected
        The file cannot be taken in at all; nothing is written.
    """
    began = time.monotonic()
    opened = open_source(source, layout)
    first = surveyed or survey(opened)
    conversion = Conversion(opened=opened)
    with ExitStack() as stack:
        out = stack.enter_context(open_parquet(output, output_schema(layout.table)))
        aside = stack.enter_context(open_parquet(quarantine, QUARANTINE_SCHEMA))
        for piece in conversion.run(advance):
            out(piece.table)
            aside(piece.aside)
        _check_counts(first, conversion)
    findings = (*opened.findings, *first.findings, *conversion.tally.to_findings())
    return ConversionReport(
        table=layout.table.name,
        layout=layout.name,
        encoding=opened.encoding,
        source_sha256=sha256_file(source),
        output_sha256=sha256_file(output) if output and conversion.rows_out else "",
        source_bytes=source.stat().st_size,
        rows_in=first.rows,
        rows_out=conversion.rows_out,
        rows_quarantined=conversion.rows_aside,
        persons_in=first.persons,
        persons_out=conversion.persons.count() if layout.table.unit else conversion.rows_out,
        findings=findings,
        repairs=conversion.tally.repairs,
        filled=conversion.tally.filled,
        rules={column.name: column.use.rule for column in layout.columns},
        seconds=round(time.monotonic() - began, 3),
    )


@contextmanager
def open_parquet(path: Path | None, schema: pa.Schema) -> Iterator[Callable[[pa.RecordBatch], None]]:
    """Yield a function that writes batches to a Parquet file, which appears whole at the end; without a path it does nothing."""
    if path is None:
        yield lambda _batch: None
        return
    with replace_file(path) as temporary, pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
        temporary.chmod(0o600)
        yield lambda batch: writer.write_batch(batch) if batch.num_rows else None


def _check_counts(first: Survey, conversion: Conversion) -> None:
    """Raise when the rows of both readings differ: the file changed while it was read."""
    if first.rows != conversion.rows_out + conversion.rows_aside:
        raise FileRejected(
            N_("the file changed while it was read: {first} rows at first, {then} afterwards"),
            N_("give a file that nobody is writing to"),
            first=first.rows,
            then=conversion.rows_out + conversion.rows_aside,
        )
    if conversion.rows_out == 0:
        raise FileRejected(
            N_("none of the {count} rows can be taken over"),
            N_("check that table and layout are those of the file; sakusei intake check names the causes"),
            findings=conversion.tally.to_findings(),
            count=first.rows,
        )


def describe_source(path: Path) -> Name:
    """Return the name of a file for messages."""
    return Name(path.name)
