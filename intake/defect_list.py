"""The list of defects for the sender: row numbers and headings as the sender knows them, what is wrong, and no contents.

Decided here: a CSV file that a spreadsheet opens as it is (UTF-8 with byte order mark). Its texts are ours and the layout's, so that no
cell of it can be taken for a formula.
"""

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from casework.i18n import translate
from intake.defects import ROW_KINDS
from intake.layout import Layout
from intake.quarantine import SOURCE_ROW
from schemas.files import replace_file
from schemas.messages import N_

_TEXTS = {kind.code: kind.template for kind in ROW_KINDS}


@contextmanager
def open_defect_list(path: Path | None, layout: Layout) -> Iterator[Callable[[pa.RecordBatch], None]]:
    """Yield a function that lists the defects of rows put aside; the file appears whole at the end. Without a path it does nothing.

    Parameters
    ----------
    path : Path or None
        CSV file to write.
    layout : Layout
        Names the columns as the sender does.
    """
    if path is None:
        yield lambda _batch: None
        return
    labels = {column.name: str(column.label) for column in layout.columns}
    with replace_file(path) as temporary, temporary.open("x", encoding="utf-8-sig", newline="") as target:
        writer = csv.writer(target)
        writer.writerow([translate(N_("row")), translate(N_("column")), translate(N_("what is wrong")), translate(N_("code"))])
        yield lambda batch: writer.writerows(_list_rows(batch, labels))


def _list_rows(batch: pa.RecordBatch, labels: dict[str, str]) -> Iterator[list[str | int]]:
    rows, findings = batch.column(SOURCE_ROW).to_pylist(), batch.column("findings").to_pylist()
    for row, codes in zip(rows, findings, strict=True):
        for entry in codes:
            code, _, column = entry.partition(":")
            yield [row, labels.get(column, ""), translate(_TEXTS[code]), code]
