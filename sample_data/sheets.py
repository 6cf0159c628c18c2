"""A table as one sender writes it: cells in the order of a layout, before they become bytes."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import yaml

import intake
from sample_data.spelling import find_style, spell
from schemas.errors import SettingsError
from schemas.messages import N_, Name
from schemas.tables import load_table

LAYOUTS = Path(intake.__file__).parent / "layouts"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sheet:
    """Rows of one file, as cells.

    Parameters
    ----------
    layout : Mapping[str, Any]
        The layout as its YAML says.
    headings : tuple[str, ...]
        What each column is called; column names of the table where the file has no headings.
    cells : tuple[pa.Array, ...]
        One array per column: text, or dates and numbers in a spreadsheet.
    first_row : int
        Number of the first row in the file, 1-based, a heading line counted.
    """

    layout: Mapping[str, Any]
    headings: tuple[str, ...]
    cells: tuple[pa.Array, ...]
    first_row: int

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self.cells[0])

    def __repr__(self) -> str:
        """Show counts, never a cell."""
        return f"Sheet({len(self)} rows, {len(self.cells)} columns)"

    def find(self, column: str) -> int | None:
        """Return the place of a column of the table; None when the layout does not have it."""
        names = [entry["column"] for entry in self.layout["columns"]]
        return names.index(column) if column in names else None

    def put(self, place: int, cells: pa.Array) -> "Sheet":
        """Return the sheet with other cells in one column."""
        return replace(self, cells=(*self.cells[:place], cells, *self.cells[place + 1 :]))


@functools.cache
def load_layout(name: str) -> Mapping[str, Any]:
    """Return a layout of `intake/layouts` by name.

    Raises
    ------
    SettingsError
        There is no such layout.
    """
    path = LAYOUTS / f"{name}.yaml"
    if name not in list_layouts():
        raise SettingsError(
            N_("there is no layout {layout}"),
            N_("the layouts are: {layouts}"),
            layout=Name(name),
            layouts=Name(", ".join(list_layouts())),
        )
    layout: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return layout


def list_layouts(table: str | None = None) -> tuple[str, ...]:
    """Return the names of all layouts, or of those for one table."""
    names = sorted(path.stem for path in LAYOUTS.glob("*.yaml"))
    return tuple(name for name in names if table is None or load_layout_table(name) == table)


def load_layout_table(name: str) -> str:
    """Return the table a layout is for."""
    return str(load_layout(name)["table"])


def make_sheet(table: pa.Table, layout: Mapping[str, Any], rng: np.random.Generator, *, rows_before: int = 0) -> Sheet:
    """Return the cells a sender writes for rows of the common schema.

    Parameters
    ----------
    table : pa.Table
        Rows in the schema of the table of the layout.
    layout : Mapping[str, Any]
        How the sender writes.
    rng : np.random.Generator
        Chooses among spellings.
    rows_before : int
        Rows already written to the same file.
    """
    schema, style = load_table(layout["table"]), find_style(layout)
    cells = [
        spell(table[entry["column"]].combine_chunks(), entry["rule"], schema.get_column(entry["column"]), style, rng)
        for entry in layout["columns"]
    ]
    headings = tuple(entry.get("heading", entry["column"]) for entry in layout["columns"])
    first_row = 1 + rows_before + (1 if layout.get("header") else 0)
    return Sheet(layout=layout, headings=headings, cells=tuple(cells), first_row=first_row)
