"""The list of defects for the sender: row numbers and headings as the sender knows them, what is wrong, and no contents.

Decided here: a CSV file that a spreadsheet opens as it is (UTF-8 with byte order mark), or a workbook whose first sheet groups the causes.
Headings come from a layout that someone may have written; a text that a spreadsheet could run is kept from running.
"""

import csv
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from casework.i18n import translate
from intake.advice import ADVICE
from intake.defects import ROW_KINDS
from intake.layout import Layout
from intake.quarantine import SOURCE_ROW
from schemas.files import replace_file
from schemas.findings import ROWS_SHOWN
from schemas.messages import N_

if TYPE_CHECKING:
    from openpyxl import Workbook

# A sheet holds 1,048,576 rows.
ROWS_LISTED = 1_000_000
_TEXTS = {kind.code: kind.template for kind in ROW_KINDS}
_UNSAFE = re.compile(r"^(?:\s|%0[9ad]|[\x00-\x1f])*[=+\-@＝＋－＠]|^[\t\r\n]|^%0[9ad]", re.IGNORECASE)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_WIDTHS = {"causes": (44, 26, 10, 30, 60), "rows": (10, 26, 44, 22)}
_CAUSES = (N_("what is wrong"), N_("column"), N_("cases"), N_("first rows"), N_("what to do"))
Sink = Callable[[pa.RecordBatch], None]


def guard_cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: an apostrophe stands before what could begin one, control characters go."""
    clean = _CONTROL.sub("", text)
    return f"'{clean}" if _UNSAFE.search(text) else clean


@contextmanager
def open_defect_list(path: Path | None, layout: Layout) -> Iterator[Sink]:
    """Yield a function that lists the defects of rows put aside; the file appears whole at the end. Without a path it does nothing.

    Parameters
    ----------
    path : Path or None
        CSV file, or Excel workbook (`.xlsx`), to write.
    layout : Layout
        Names the columns as the sender does.
    """
    labels = {column.name: guard_cell(column.label) for column in layout.columns}
    if path is None:
        yield lambda _batch: None
    elif path.suffix.lower() == ".xlsx":
        with _open_workbook(path, labels) as add:
            yield add
    else:
        with replace_file(path) as temporary, temporary.open("x", encoding="utf-8-sig", newline="") as target:
            writer = csv.writer(target)
            writer.writerow(_headings())
            yield lambda batch: writer.writerows(_list_rows(batch, labels))


def _headings() -> list[str]:
    return [translate(N_("row")), translate(N_("column")), translate(N_("what is wrong")), translate(N_("code"))]


def _list_rows(batch: pa.RecordBatch, labels: dict[str, str]) -> Iterator[list[str | int]]:
    rows, findings = batch.column(SOURCE_ROW).to_pylist(), batch.column("findings").to_pylist()
    for row, codes in zip(rows, findings, strict=True):
        for entry in codes:
            code, _, column = entry.partition(":")
            yield [row, labels.get(column, ""), translate(_TEXTS[code]), code]


@dataclass(slots=True)
class _Sheets:
    """A workbook under way: one line per defect, and what they add up to."""

    causes: Any
    rows: Any
    labels: dict[str, str]
    listed: int = 0
    counts: dict[tuple[str, str], int] = field(default_factory=dict)
    first: dict[tuple[str, str], list[int]] = field(default_factory=dict)

    def add(self, batch: pa.RecordBatch) -> None:
        for line in _list_rows(batch, self.labels):
            key = (str(line[3]), str(line[1]))
            self.counts[key] = self.counts.get(key, 0) + 1
            shown = self.first.setdefault(key, [])
            if len(shown) < ROWS_SHOWN:
                shown.append(int(line[0]))
            if self.listed < ROWS_LISTED:
                self.rows.append(line)
                self.listed += 1

    def close(self) -> None:
        for (code, label), count in sorted(self.counts.items(), key=lambda item: (-item[1], item[0])):
            shown = self.first[code, label]
            where = ", ".join(map(str, shown)) + ("…" if count > len(shown) else "")
            self.causes.append([translate(_TEXTS[code]), label, count, where, translate(ADVICE.get(code, ""))])
        if self.listed < sum(self.counts.values()):
            note = translate(N_("the second sheet lists the first {count} defects")).format(count=f"{ROWS_LISTED:,}")
            self.causes.append([note])


@contextmanager
def _open_workbook(path: Path, labels: dict[str, str]) -> Iterator[Sink]:
    """Yield a function that fills a workbook of two sheets: causes with counts, and defects by row."""
    from openpyxl import Workbook

    with replace_file(path) as temporary:
        book = Workbook(write_only=True)
        causes = _add_sheet(book, N_("causes"), _WIDTHS["causes"])
        rows = _add_sheet(book, N_("defects by row"), _WIDTHS["rows"])
        _add_headings(causes, [translate(text) for text in _CAUSES])
        _add_headings(rows, _headings())
        sheets = _Sheets(causes=causes, rows=rows, labels=labels)
        yield sheets.add
        sheets.close()
        book.save(temporary)


def _add_sheet(book: "Workbook", title: str, widths: tuple[int, ...]) -> Any:
    from openpyxl.utils import get_column_letter

    sheet = book.create_sheet(translate(title))
    for place, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = width
    sheet.freeze_panes = "A2"
    return sheet


def _add_headings(sheet: Any, headings: list[str]) -> None:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font, PatternFill

    cells = [WriteOnlyCell(sheet, value=heading) for heading in headings]
    for cell in cells:
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="E4E9EF")
    sheet.append(cells)
