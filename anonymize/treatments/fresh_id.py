"""Fresh id: a linking code is replaced by a number that links rows of one person inside this release and leads nowhere else.

Decided here: ids are a random permutation of 1 … n drawn per release and column. They are no function of the code, of the order of rows, or
of the engine: the codes are numbered in their own order, and a cipher keyed by the seed of the release shuffles the numbers.
"""

from dataclasses import dataclass
from typing import ClassVar

import ibis
import numpy as np
import pyarrow as pa

from anonymize.rows.draws import RANK, permute, rank_distinct
from anonymize.treatments.treatment import Surroundings, Treatment, look_up

ID, PURPOSE = "__id", "fresh id"


@dataclass(frozen=True, slots=True)
class FreshId(Treatment):
    """Replace a code by a random number; a missing code stays missing."""

    name: ClassVar[str] = "fresh_id"
    clauses: ClassVar[tuple[int, ...]] = (3,)

    def apply(self, rows: ibis.Table, column: str, around: Surroundings) -> ibis.Table:
        """Return the rows with fresh ids, drawn from all the codes of the rows."""
        ranked, count = rank_distinct(rows.filter(rows[column].notnull()), [column], around.engine)
        ids = around.engine.load(draw_ids(count, around.seed, column))
        drawn = ranked.join(ids, ranked[RANK] == ids[RANK]).select(ranked[column], ids[ID])
        return look_up(rows, column, drawn, ID)


def draw_ids(count: int, seed: bytes, column: str) -> pa.Table:
    """Return a random number 1 … count for each rank 0 … count - 1.

    Parameters
    ----------
    count : int
        How many ids.
    seed : bytes
        Secret of the release; the same seed gives the same ids.
    column : str
        Ids of different columns are drawn independently.
    """
    return pa.table({RANK: np.arange(count, dtype=np.int64), ID: permute(count, seed, column, PURPOSE) + 1})
