"""Checks across the columns of a row, and repeats: data in `intake/quality/tables/`, judged over whole blocks.

Decided here: a check is made where the file has all of its columns; a conspicuous row is counted and told, and comes out all the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from intake.defects import CROSS_CHECK, KEY_REPEATED
from intake.formats.hashes import Repeats
from intake.quality.cells import AS_OF, CONDITIONS, Rows, columns_of
from intake.quality.fingerprints import Hashes, join_hashes
from schemas.documents import load_document
from schemas.findings import ROWS_SHOWN, Finding
from schemas.messages import Name

FOLDER = Path(__file__).parent / "tables"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check across columns.

    Parameters
    ----------
    id, severity, text_ja : str
        Name; `contradiction` or `doubt`; what is conspicuous, in Japanese.
    when : tuple
        Conditions that all hold in a conspicuous row: name and operands.
    """

    id: str
    severity: str
    text_ja: str
    when: tuple[tuple[str, Any], ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it looks at, each once."""
        return tuple(dict.fromkeys(name for condition, operands in self.when for name in columns_of(condition, operands)))


@dataclass(frozen=True, slots=True, kw_only=True)
class TableChecks:
    """What is looked for in a table.

    Parameters
    ----------
    key : tuple[str, ...]
        Columns that tell rows apart.
    persons_share : tuple[float, float]
        Lowest and highest share of the persons the register states.
    checks : tuple[Check, ...]
        In the order they are told.
    """

    key: tuple[str, ...]
    persons_share: tuple[float, float]
    checks: tuple[Check, ...]


@cache
def load_checks(table: str) -> TableChecks:
    """Return what is looked for in a table; nothing for a table without such a document.

    Raises
    ------
    FormRejected
        The document does not meet its form.
    """
    path = FOLDER / f"{table}.yaml"
    if not path.is_file():
        return TableChecks(key=(), persons_share=(0.0, float("inf")), checks=())
    document = load_document("quality_checks", path)
    checks = tuple(
        Check(**{**entry, "when": tuple((name, operands) for part in entry["when"] for name, operands in part.items())})
        for entry in document["checks"]
    )
    lowest, highest = document["persons_share"]
    return TableChecks(key=tuple(document["key"]), persons_share=(lowest, highest), checks=checks)


@dataclass(slots=True)
class CheckBook:
    """Counts conspicuous rows and repeats over blocks."""

    table: TableChecks
    counts: dict[str, int] = field(default_factory=dict)
    rows: dict[str, list[int]] = field(default_factory=dict)
    repeats: Repeats = field(default_factory=Repeats)
    key: tuple[str, ...] = ()
    titles: dict[str, str] = field(default_factory=dict)
    told: dict[str, Any] = field(default_factory=dict)

    def add(self, rows: Rows) -> None:
        """Judge the rows of a block."""
        for check in self.table.checks:
            if all(rows.has(name) for name in check.columns):
                self._judge(check, rows)
        self.key = tuple(name for name in self.table.key if rows.has(name))
        self.titles = {name: str(rows.columns[name].label) for name in self.key}
        self.told = {}
        if self.key:
            self.repeats.add(hash_key(rows, self.key), rows.numbers)

    def _judge(self, check: Check, rows: Rows) -> None:
        found = np.ones(rows.numbers.size, dtype=np.bool_)
        for condition, operands in check.when:
            found &= CONDITIONS[condition](rows, operands)
            if not found.any():
                break
        hits = rows.numbers[found]
        self.counts[check.id] = self.counts.get(check.id, 0) + int(hits.size)
        shown = self.rows.setdefault(check.id, [])
        shown += hits[: ROWS_SHOWN - len(shown)].tolist()

    def to_json(self) -> list[dict[str, object]]:
        """Return every check: how many rows are conspicuous, the first of them, and None where it could not be made."""
        return [
            {
                "id": check.id,
                "severity": check.severity,
                "text_ja": check.text_ja,
                "columns": [name for name in check.columns if name != AS_OF],
                "count": self.counts.get(check.id),
                "rows": self.rows.get(check.id, []),
            }
            for check in self.table.checks
        ]

    def to_findings(self) -> tuple[Finding, ...]:
        """Return conspicuous rows as notes, the most frequent first, and rows that repeat a key."""
        found = sorted((check for check in self.table.checks if self.counts.get(check.id)), key=lambda check: -self.counts[check.id])
        notes = [
            Finding(kind=CROSS_CHECK, count=self.counts[check.id], rows=tuple(self.rows[check.id]), params={"check": Name(check.text_ja)})
            for check in found
        ]
        repeats = self.describe_repeats()
        if repeats["count"]:
            key = "・".join(self.titles.get(name, name) for name in self.key)
            notes.append(Finding(kind=KEY_REPEATED, count=repeats["count"], rows=tuple(repeats["rows"]), params={"key": Name(key)}))
        return tuple(notes)

    def describe_repeats(self) -> dict[str, Any]:
        """Return how many rows repeat the key of an earlier one, and the first of them."""
        if not self.repeats.parts:
            return {"key": [], "count": None, "rows": []}
        if not self.told:
            numbers = self.repeats.find()
            self.told = {"key": list(self.key), "count": int(numbers.size), "rows": numbers[:ROWS_SHOWN].tolist()}
        return self.told


def hash_key(rows: Rows, names: tuple[str, ...]) -> Hashes:
    """Return one hash per row of some columns."""
    return join_hashes([rows.columns[name].hashes[rows.columns[name].indices] for name in names])


def describe_persons(table: str, stated: int, found: int) -> Mapping[str, object]:
    """Return how the persons of a file compare with those the register states.

    Parameters
    ----------
    table : str
        Table of the file.
    stated, found : int
        Persons (本人の数) of the register entry, and of the file.
    """
    lowest, highest = load_checks(table).persons_share
    share = found / stated if stated else 0.0
    within = lowest <= share <= highest
    return {"stated": stated, "found": found, "share": round(share, 4), "lowest": lowest, "highest": highest, "within": within}
