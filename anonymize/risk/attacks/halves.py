"""Members and strangers: two equal samples of the original, of which only the first is processed.

Decided here: the original is split *before* processing, by person, one row each; the members' half goes through the same plan by the same
software. Only so is there a control that the release knows nothing of.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from anonymize.risk.attacks.originals import Originals
from schemas.plan import Plan

Process: TypeAlias = Callable[[Path, Path], object]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Halves:
    """One row each of persons who are in the attacked release and of as many who are not; typed as the processing reads them."""

    members: pa.Table
    strangers: pa.Table

    def __repr__(self) -> str:
        """Show counts only."""
        return f"Halves({self.members.num_rows} members, {self.strangers.num_rows} strangers)"


def split_halves(originals: Originals, rng: np.random.Generator, most: int) -> Halves:
    """Return two equal halves of a sample of persons, one row each.

    Parameters
    ----------
    originals : Originals
        The original file.
    rng : np.random.Generator
        Seeded.
    most : int
        Persons in each half at most.
    """
    rows = originals.choose(rng, 2 * most)
    half = len(rows) // 2
    table = originals.read(rows[: 2 * half])
    return Halves(members=table.slice(0, half), strangers=table.slice(half, half))


def release_members(halves: Halves, plan: Plan, process: Process, work: Path) -> Path:
    """Write the members' half, process it by the plan, and return the released file.

    Columns that the plan drops are given empty: the plan names them, nothing is made of them.
    """
    source, output = work / "members.parquet", work / "members-released.parquet"
    table = halves.members
    for column in plan.columns:
        if column.name not in table.schema.names:
            table = table.append_column(column.name, pa.nulls(table.num_rows, pa.string()))
    pq.write_table(table, source)
    process(source, output)
    return output
