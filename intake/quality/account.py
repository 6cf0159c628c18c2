"""What a conversion did, in numbers: findings by cause and column, the repair ledger, the fill of each column. No value is in it.

Decided here: how cells are counted. A repair is counted only in rows that came out; a finding in every row that has it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from intake.values.conversion import Converted
from schemas.findings import ROWS_SHOWN, Finding, FindingKind
from schemas.messages import Name

ROWS_LISTED = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversionReport:
    """The account of one conversion; rows_in = rows_out + rows_quarantined.

    Parameters
    ----------
    table, layout : str
        What the file was read as.
    encoding : str or None
        Encoding of a text file.
    source_sha256, output_sha256 : str
        Hashes of the file and of the Parquet file; the latter empty when nothing was written.
    source_bytes : int
        Size of the file.
    rows_in, rows_out, rows_quarantined : int
        Rows.
    persons_in, persons_out : int
        Distinct person keys as written, and as values of the rows that came out; rows when the table has no person key.
    quarantined_rows : tuple[int, ...]
        Numbers of the rows put aside, the first 1,000 at most.
    findings : tuple[Finding, ...]
        By cause and column; row numbers as the sender counts them.
    repairs : Mapping[str, Mapping[str, int]]
        Rule id → column → cells changed.
    filled : Mapping[str, int]
        Column → rows with a value.
    rules : Mapping[str, str]
        Column → rule of the layout.
    seconds : float
        Time on the clock.
    quality : Mapping[str, object]
        Columns, checks across columns, repeats and forced roles (see `intake.quality.book`).
    persons : Mapping[str, object] or None
        In the office: how the persons compare with those of the register entry.
    changes : Mapping[str, object] or None
        In the office: what changed since the file that was received before.
    """

    table: str
    layout: str
    encoding: str | None
    source_sha256: str
    output_sha256: str
    source_bytes: int
    rows_in: int
    rows_out: int
    rows_quarantined: int
    persons_in: int
    persons_out: int
    quarantined_rows: tuple[int, ...]
    findings: tuple[Finding, ...]
    repairs: Mapping[str, Mapping[str, int]]
    filled: Mapping[str, int]
    rules: Mapping[str, str]
    seconds: float
    quality: Mapping[str, object] = field(default_factory=dict)
    persons: Mapping[str, object] | None = None
    changes: Mapping[str, object] | None = None

    def to_json(self) -> dict[str, object]:
        """Return the report for machines."""
        plain = {key: getattr(self, key) for key in self.__slots__ if key not in {"findings", "repairs"}}
        return {
            **plain,
            "findings": [finding.to_json() for finding in self.findings],
            "repairs": {rule: dict(columns) for rule, columns in self.repairs.items()},
        }


@dataclass(slots=True)
class Tally:
    """Adds up findings and repairs over blocks."""

    rows: dict[tuple[FindingKind, str | None], list[int]] = field(default_factory=dict)
    counts: dict[tuple[FindingKind, str | None], int] = field(default_factory=dict)
    repairs: dict[str, dict[str, int]] = field(default_factory=dict)
    filled: dict[str, int] = field(default_factory=dict)
    aside: list[int] = field(default_factory=list)

    def add_aside(self, rows: list[int]) -> None:
        """Keep the numbers of rows that were put aside, as many as are listed."""
        self.aside += rows[: ROWS_LISTED - len(self.aside)]

    def add_rows(self, kind: FindingKind, column: str | None, rows: NDArray[np.int64]) -> None:
        """Count rows with a finding; the first of them are kept by number."""
        if not rows.size:
            return
        key = (kind, column)
        self.counts[key] = self.counts.get(key, 0) + int(rows.size)
        shown = self.rows.setdefault(key, [])
        shown += rows[: ROWS_SHOWN - len(shown)].tolist()

    def add_used(self, column: str, converted: Converted, cells: NDArray[np.int64]) -> None:
        """Count what changed in the cells of rows that came out, given how many there are of each distinct text."""
        for rule, mask in converted.repairs.items():
            if changed := int(cells[mask].sum()):
                per_column = self.repairs.setdefault(rule, {})
                per_column[column] = per_column.get(column, 0) + changed
        valid = converted.values.is_valid().to_numpy(zero_copy_only=False)
        self.filled[column] = self.filled.get(column, 0) + int(cells[valid].sum())

    def to_findings(self) -> tuple[Finding, ...]:
        """Return the findings, those that put rows aside first, the most frequent first."""
        order = sorted(self.counts, key=lambda key: (key[0].severity.value != "row", -self.counts[key], key[0].code, key[1] or ""))
        return tuple(
            Finding(
                kind=kind, column=Name(column) if column else None, count=self.counts[kind, column], rows=tuple(self.rows[kind, column])
            )
            for kind, column in order
        )
