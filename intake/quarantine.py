"""Rows that were put aside: their numbers, the codes of what is wrong, and their bytes as they came.

A quarantine holds personal information: in the office it is sealed in the vault, and on plain files it is written only where asked.
"""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from intake.defects import ROW_KINDS, SOUND
from intake.formats.rows import Block

SOURCE_ROW = "source_row"
QUARANTINE_SCHEMA = pa.schema(
    [
        pa.field(SOURCE_ROW, pa.int64()),
        pa.field("findings", pa.list_(pa.string())),
        pa.field("raw", pa.binary()),
        pa.field("encoding", pa.string()),
    ]
)


class Reasons:
    """Which rows of a block have which defects.

    Parameters
    ----------
    size : int
        Rows of the block.
    """

    def __init__(self, size: int) -> None:
        self.bad = np.zeros(size, dtype=np.bool_)
        self.columns: list[tuple[str, NDArray[np.uint8]]] = []

    def add(self, column: str, defects: NDArray[np.uint8]) -> None:
        """Add the defects of a column, one per row; 0 is sound."""
        if defects.any():
            self.bad |= defects != SOUND
            self.columns.append((column, defects))

    def sound_rows(self) -> NDArray[np.int64]:
        """Return the rows without a defect, counted from 0 in the block."""
        return np.flatnonzero(~self.bad)

    def of_row(self, row: int) -> list[str]:
        """Return the codes of a row's defects, each with its column."""
        return [f"{ROW_KINDS[defects[row]].code}:{column}" for column, defects in self.columns if defects[row] != SOUND]


def make_quarantine(block: Block, reasons: Reasons) -> pa.RecordBatch:
    """Return the rows that were put aside, with finding codes and the bytes as they came."""
    aside = np.flatnonzero(reasons.bad)
    bad = block.bad
    rows = np.concatenate([block.rows[aside], bad.rows]).astype(np.int64)
    findings = [reasons.of_row(row) for row in aside.tolist()] + [[ROW_KINDS[defect].code] for defect in bad.defects.tolist()]
    raw = [block.get_raw(row) for row in aside.tolist()] + bad.raw
    order = np.argsort(rows, kind="stable")
    columns = [rows, findings, raw, [block.encoding] * rows.size]
    arrays = [pa.array(column, part.type) for column, part in zip(columns, QUARANTINE_SCHEMA, strict=True)]
    batch = pa.record_batch(arrays, schema=QUARANTINE_SCHEMA)
    return batch.take(pa.array(order))
