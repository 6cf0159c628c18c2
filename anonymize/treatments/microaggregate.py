"""Microaggregation (ミクロアグリゲーション): neighbours in order of value share one value, the mean or median of their group.

Decided here: groups are runs of the ordered values, closed as soon as they hold enough persons and the value changes; the last, too small,
joins the one before it. Equal values never part, so that the result is a function of the value alone.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

import ibis
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from anonymize.compiled import compiled
from anonymize.treatments.numbers import check_number
from anonymize.treatments.treatment import Surroundings, Treatment, look_up

COUNT, GROUPED = "__count", "__grouped"
NOBODY = -1  # entries of a file without a unit: every row is a person of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Microaggregate(Treatment):
    """Replace numbers by the middle of their group; a missing number stays missing.

    Parameters
    ----------
    persons : int
        Fewest persons (not rows) of a group.
    by : {"mean", "median"}
        What the group shares, over its rows: the mean (whole numbers: rounded, halves upwards) or the lower median.

    References
    ----------
    Defays, Nanopoulos (1993); Domingo-Ferrer, Mateo-Sanz (2002), Practical data-oriented microaggregation, doi:10.1109/69.979982.
    """

    persons: int
    by: Literal["mean", "median"] = "mean"
    name: ClassVar[str] = "microaggregate"
    clauses: ClassVar[tuple[int, ...]] = (4, 5)

    def apply(self, rows: ibis.Table, column: str, around: Surroundings) -> ibis.Table:
        """Return the rows with grouped numbers; with too few persons for any group, the cells become missing."""
        check_number(rows, column)
        known = rows.filter(rows[column].notnull())
        keys = [column] if around.unit is None else [column, around.unit]
        counted = around.engine.fetch(known.group_by(keys).agg(**{COUNT: known.count()})).sort_by(column)
        values = counted.column(column).to_numpy()
        weights = counted.column(COUNT).to_numpy().astype(np.int64)
        fresh = np.ones(len(values), dtype=np.bool_)
        fresh[1:] = values[1:] != values[:-1]
        groups = assign_groups(fresh, _number_persons(counted, around.unit), weights, self.persons)
        grouped = (
            self._find_middles(values[fresh], np.add.reduceat(weights, np.flatnonzero(fresh)), groups[fresh]) if len(values) else values
        )
        kept = groups[fresh] >= 0
        answers = pa.table({column: values[fresh][kept], GROUPED: grouped[kept]})
        return look_up(rows, column, around.engine.load(answers), GROUPED)

    def _find_middles(self, values: NDArray[np.generic], rows: NDArray[np.int64], groups: NDArray[np.int64]) -> NDArray[np.generic]:
        """Return the shared value of each distinct value's group, in the type of the values."""
        starts = np.flatnonzero(np.diff(groups, prepend=-2))
        sizes = np.add.reduceat(rows, starts)
        if self.by == "median":
            reached = np.cumsum(rows)
            half = reached[starts] - rows[starts] + (sizes + 1) // 2
            middles = values[np.searchsorted(reached, half)]
        else:
            first = np.repeat(values[starts], np.diff(starts, append=len(values)))
            distances = (values - first).astype(np.float64)  # sums of distances from the first value keep their digits
            means = np.add.reduceat(distances * rows, starts) / sizes
            rounded = np.floor(means + 0.5).astype(np.int64) if np.issubdtype(values.dtype, np.integer) else means
            middles = values[starts] + rounded
        return np.repeat(middles, np.diff(starts, append=len(values)))


def _number_persons(counted: pa.Table, unit: str | None) -> NDArray[np.int64]:
    if unit is None:
        return np.full(counted.num_rows, NOBODY, dtype=np.int64)
    encoded = counted.column(unit).combine_chunks().dictionary_encode()
    encoded = encoded.combine_chunks() if isinstance(encoded, pa.ChunkedArray) else encoded
    numbers: NDArray[np.int64] = encoded.indices.to_numpy().astype(np.int64)
    return numbers


@compiled
def assign_groups(fresh: NDArray[np.bool_], owners: NDArray[np.int64], rows: NDArray[np.int64], least: int) -> NDArray[np.int64]:
    """Return the group of each entry of an ordered column; -1 throughout where all persons together are too few.

    Parameters
    ----------
    fresh : NDArray[np.bool_]
        Whether an entry has another value than the one before.
    owners : NDArray[np.int64]
        Number of the entry's person, or `NOBODY`.
    rows : NDArray[np.int64]
        Rows of the entry.
    least : int
        Fewest persons of a group.
    """
    groups = np.zeros(len(fresh), dtype=np.int64)
    last_group = np.full(max(owners.max() + 1, 0) if len(owners) else 0, -1, dtype=np.int64)
    group, persons = 0, 0
    for i in range(len(fresh)):
        if fresh[i] and persons >= least:
            group += 1
            persons = 0
        groups[i] = group
        if owners[i] < 0:
            persons += rows[i]
        elif last_group[owners[i]] != group:
            last_group[owners[i]] = group
            persons += 1
    if persons < least:
        groups[groups == group] = group - 1
    return groups
