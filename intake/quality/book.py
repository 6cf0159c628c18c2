"""The quality of the rows that came out, added up over blocks: columns, unusual characters, codes and persons found, checks, repeats.

Decided here: which columns are searched for codes and for persons, and which role that forces on them. No value is kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intake.defects import PERSONS_MENTIONED, UNDECLARED_CODE
from intake.identification import CodeCount, is_declared
from intake.mentions import find_mentions
from intake.quality.account import Tally
from intake.quality.cells import ColumnCells, Rows
from intake.quality.checks import CheckBook, load_checks
from intake.quality.fingerprints import CHARACTERS, Sketch
from schemas.findings import Finding, Severity
from schemas.forced_roles import ForcedRole, to_metadata
from schemas.messages import Name
from schemas.tables import Column, ColumnType, Role, TableSchema

# A column of these roles is known to speak of a person; what is found in it is what it says it is.
_KNOWN = frozenset({Role.DIRECT_IDENTIFIER, Role.IDENTIFICATION_CODE, Role.LINKING_CODE})


@dataclass(slots=True)
class ColumnBook:
    """What one column has shown.

    Parameters
    ----------
    column : Column
        The column of the table.
    label : Name
        What the sender calls it.
    """

    column: Column
    label: Name
    distinct: Sketch = field(default_factory=Sketch)
    characters: dict[str, int] = field(default_factory=dict)
    mentions: dict[str, int] = field(default_factory=dict)
    codes: CodeCount = field(default_factory=CodeCount)

    def add(self, cells: ColumnCells, used: NDArray[np.int64]) -> None:
        """Add distinct values, given how many cells have each."""
        seen = used > 0
        if cells.values.null_count:
            seen &= cells.values.is_valid().to_numpy(zero_copy_only=False)
        self.distinct.add(cells.hashes[seen])
        if cells.flags.any():
            _count(self.characters, {kind: cells.flags & bit > 0 for kind, bit in CHARACTERS.items()}, used)
        if not is_declared(self.column):
            self.codes.add(cells.values)
        if self.column.type is ColumnType.STRING and self.column.role not in _KNOWN and not self.column.pattern:
            _count(self.mentions, find_mentions(cells.values), used)

    def find_code(self) -> str | None:
        """Return which identification code the column holds although it does not declare one."""
        return None if is_declared(self.column) else self.codes.find(self.label) or self.codes.find(self.column.title_ja)

    def find_forced_role(self) -> ForcedRole | None:
        """Return the role a plan has to give the column, and why; None when what was found forces none."""
        code = self.find_code()
        if code:
            return ForcedRole(column=self.column.name, role=Role.IDENTIFICATION_CODE, reason=code)
        if self.mentions:
            return ForcedRole(column=self.column.name, role=Role.FREE_TEXT, reason="+".join(sorted(self.mentions)))
        return None


def _count(totals: dict[str, int], masks: Mapping[str, NDArray[np.bool_]], used: NDArray[np.int64]) -> None:
    for kind, mask in masks.items():
        if cells := int(used[mask].sum()):
            totals[kind] = totals.get(kind, 0) + cells


@dataclass(slots=True)
class QualityBook:
    """What all columns of a table have shown, and the rows as wholes."""

    table: TableSchema
    columns: dict[str, ColumnBook] = field(default_factory=dict)
    checks: CheckBook = field(init=False)

    def __post_init__(self) -> None:
        """Look up the checks of the table."""
        self.checks = CheckBook(table=load_checks(self.table.name))

    def add(self, rows: Rows) -> None:
        """Add the rows of a block that came out."""
        for name, cells in rows.columns.items():
            self.open_column(name, cells.label)
            self.columns[name].add(cells, np.bincount(cells.indices, minlength=len(cells.values)))
        self.checks.add(rows)

    def open_column(self, name: str, label: Name) -> None:
        """Have a place for a column; the account tells them in the order they were opened."""
        if name not in self.columns:
            self.columns[name] = ColumnBook(column=self.table.get_column(name), label=label)

    def add_column(self, name: str, cells: ColumnCells, used: NDArray[np.int64]) -> None:
        """Add the distinct values of a column, given how many cells of rows that came out have each."""
        self.columns[name].add(cells, used)

    def list_forced_roles(self) -> tuple[ForcedRole, ...]:
        """Return the roles that what was found forces on columns."""
        return tuple(found for book in self.columns.values() if (found := book.find_forced_role()))

    def to_findings(self) -> tuple[Finding, ...]:
        """Return what the columns and the rows as wholes have shown, as notes."""
        notes = []
        for book in self.columns.values():
            code = book.find_code()
            notes += [Finding(kind=UNDECLARED_CODE, column=book.label, params={"kind": Name(code)})] if code else []
            if book.mentions:
                notes.append(Finding(kind=PERSONS_MENTIONED, column=book.label, count=max(book.mentions.values())))
        return (*notes, *self.checks.to_findings())

    def to_metadata(self) -> dict[str, str]:
        """Return what the Parquet file of these rows says of itself: the forced roles."""
        return to_metadata(self.list_forced_roles())

    def to_json(self, tally: Tally, rows_out: int) -> dict[str, object]:
        """Return the account of the columns, checks and repeats; counts alone.

        Parameters
        ----------
        tally : Tally
            Findings, repairs and filled cells of the same rows.
        rows_out : int
            Rows that came out.
        """
        forced = {role.column: role for role in self.list_forced_roles()}
        return {
            "columns": [_describe(book, tally, rows_out, forced.get(name)) for name, book in self.columns.items()],
            "checks": self.checks.to_json(),
            "repeats": self.checks.describe_repeats(),
            "forced_roles": [role.to_json() for role in forced.values()],
        }


def _describe(book: ColumnBook, tally: Tally, rows_out: int, forced: ForcedRole | None) -> dict[str, Any]:
    """Return the account of one column."""
    name, label = book.column.name, book.label
    defects = {kind.code: count for (kind, where), count in tally.counts.items() if where == label and kind.severity is Severity.ROW}
    filled = tally.filled.get(name, 0)
    distinct, exact = book.distinct.count()
    return {
        "column": name,
        "title_ja": book.column.title_ja,
        "heading": label,
        "role": book.column.role.value,
        "rows": rows_out,
        "filled": filled,
        "filled_share": round(filled / rows_out, 6) if rows_out else None,
        "distinct": distinct,
        "distinct_exact": exact,
        "out_of_list": defects.pop("unknown-code", 0),
        "required_empty": defects.pop("required-empty", 0),
        "invalid": defects,
        "repairs": {rule: columns[name] for rule, columns in tally.repairs.items() if name in columns},
        "characters": book.characters,
        "characters_lost": sum(count for (kind, where), count in tally.counts.items() if where == label and kind.code == "character-lost"),
        "mentions": book.mentions,
        "code": book.find_code(),
        "forced_role": forced.role.value if forced else None,
    }
