"""What a run tells: counts, losses, levels, times and hashes. No value of the data has a place in it.

Decided here: the fields of the report. Not decided here: the figures (classes, search, verifier).
"""

import resource
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np

from anonymize.classes import ClassTable
from anonymize.recoding import Recoding

STEPS = ("read", "classes", "search", "apply", "verify")


@dataclass(slots=True)
class Stopwatch:
    """Seconds of each step, and of all."""

    began: float = field(default_factory=time.perf_counter)
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def measure(self, step: str) -> Iterator[None]:
        """Add the time of the block to a step."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[step] = self.seconds.get(step, 0.0) + time.perf_counter() - began

    def read(self) -> dict[str, float]:
        """Return the seconds of every step and in total."""
        steps = {step: round(self.seconds.get(step, 0.0), 6) for step in (*STEPS, *(s for s in self.seconds if s not in STEPS))}
        return {**steps, "total": round(time.perf_counter() - self.began, 6)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessingReport:
    """The report of one run.

    Parameters
    ----------
    rows_in, rows_out, suppressed_rows : int
        rows_in = rows_out + suppressed_rows + removed_rows + sampled_out_rows + surplus_rows + merged_rows.
    removed_rows, sampled_out_rows, surplus_rows, merged_rows : int
        Rows that took no part: of persons who opted out, who were not drawn, beyond the rows a person may give; and rows that became one.
    listed_persons, found_persons : int
        Persons on the opt-out list, and how many of them the file holds.
    persons_in, persons_out : int
        Distinct persons before and in the release.
    k : int
        What the plan asks.
    classes, smallest_class : int
        Measured on the written file; the smallest class in persons.
    loss : float
        Normalised certainty penalty, 0–1, mean over all rows that took part and quasi-identifiers, of what is written.
    loss_per_column : Mapping[str, float]
        The same per quasi-identifier.
    losses : Mapping[str, float or None]
        Loss of the global and of the local method; None where it was not sought or there is none.
    method : str
        "global", "local" or "cells".
    levels : Mapping[str, int]
        Released level per column; empty for a local recoding; for cells the level of those that are not blank.
    blank_cells : Mapping[str, int]
        Released rows whose cell was blanked, per column; empty for other methods.
    tightened : Mapping[str, object]
        Whether values were narrowed to what their class holds: `columns`, the `loss_before`, and what this `reveals`; empty when not.
    reapplied : Mapping[str, object]
        What of an earlier recoding still held (see `anonymize.reapply`); empty when none was given.
    varies : Mapping[str, str]
        Per quasi-identifier, "person" where it is the same in all rows of every person, else "event".
    released_levels : Mapping[str, Mapping[str, int]]
        Rows released at each level, by name of the level.
    search : Mapping[str, object]
        lattice, evaluated, optimal, lower_bound.
    verified : Mapping[str, object]
        What the verifier measured on the written file.
    seconds : Mapping[str, float]
        read, classes, search, apply, verify, total.
    peak_rss_bytes : int
        Most memory of this process so far (a Java process of Spark is not in it).
    as_of : str or None
        Day on which ages were counted; None: no column needed it.
    engine, plan, plan_sha256, input_sha256, output_sha256 : str
        What made what of what.
    """

    rows_in: int
    rows_out: int
    persons_in: int
    persons_out: int
    suppressed_rows: int
    removed_rows: int
    sampled_out_rows: int
    surplus_rows: int
    merged_rows: int
    listed_persons: int
    found_persons: int
    k: int
    classes: int
    smallest_class: int
    loss: float
    loss_per_column: Mapping[str, float]
    losses: Mapping[str, float | None]
    method: str
    levels: Mapping[str, int]
    blank_cells: Mapping[str, int]
    tightened: Mapping[str, object]
    reapplied: Mapping[str, object]
    varies: Mapping[str, str]
    released_levels: Mapping[str, Mapping[str, int]]
    search: Mapping[str, object]
    verified: Mapping[str, object]
    seconds: Mapping[str, float]
    peak_rss_bytes: int
    as_of: str | None
    engine: str
    plan: str
    plan_sha256: str
    input_sha256: str
    output_sha256: str

    def to_json(self) -> dict[str, object]:
        """Return the report for machines."""
        found = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        return {name: dict(value) if isinstance(value, Mapping) else value for name, value in found.items()}


def count_levels(table: ClassTable, recoding: Recoding) -> dict[str, dict[str, int]]:
    """Return the rows released at each level, by the level's name, finest first."""
    kept = ~recoding.suppressed
    found: dict[str, dict[str, int]] = {}
    for j, (column, levels) in enumerate(zip(table.columns, table.levels, strict=True)):
        rows = np.bincount(recoding.levels[kept, j], weights=table.rows[kept], minlength=len(levels.level_names))
        found[column] = {name: int(count) for name, count in zip(levels.level_names, rows, strict=True) if count}
    return found


def find_levels(table: ClassTable, recoding: Recoding) -> dict[str, int]:
    """Return the one released level of each column, blank cells apart; empty for a local recoding or when nothing is released."""
    if recoding.method == "local" or recoding.suppressed.all():
        return {}
    chosen = recoding.levels[~recoding.suppressed][0] if recoding.base is None else recoding.base
    return {name: int(level) for name, level in zip(table.columns, chosen, strict=True)}


def count_blank_cells(table: ClassTable, recoding: Recoding) -> dict[str, int]:
    """Return the released rows whose cell was blanked, per column."""
    if recoding.base is None:
        return {}
    blank = (recoding.levels != recoding.base) & ~recoding.suppressed[:, None]
    return {name: int(rows) for name, rows in zip(table.columns, table.rows @ blank, strict=True)}


def measure_peak_bytes() -> int:
    """Return the most memory this process has held.

    On Linux it is asked of the process itself: the usage of resources also counts what the process held that started it.
    """
    status = Path("/proc/self/status")
    if status.exists():
        (high,) = (line for line in status.read_text(encoding="utf-8", errors="replace").splitlines() if line.startswith("VmHWM:"))
        return int(high.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak if sys.platform == "darwin" else peak * 1024)
