"""The one result type of every search: which level each cell of each combination is released at, or that its rows are suppressed.

Decided here: what a recoding is and which combinations it makes one released class. Not decided here: how it is found or applied.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from anonymize.classes import ClassTable


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRecord:
    """How a recoding was found.

    Parameters
    ----------
    lattice : int
        Nodes of the lattice between the finest and coarsest levels allowed.
    evaluated : int
        Nodes whose classes were counted.
    optimal : bool
        Whether the loss is proven to be the smallest of its method (always False for `local`).
    lower_bound : float
        No recoding of this method (for `local`: no full-domain recoding that is left) has a smaller loss, 0–1.
    seconds : float
        Wall time of the search.
    reapplied : Mapping[str, object] or None
        What of an earlier recoding still held; None when none was given.
    """

    lattice: int
    evaluated: int
    optimal: bool
    lower_bound: float
    seconds: float
    reapplied: Mapping[str, object] | None = None

    def to_json(self) -> dict[str, object]:
        """Return what a report tells: lattice, evaluated, optimal, lower_bound."""
        told = {"lattice": self.lattice, "evaluated": self.evaluated, "optimal": self.optimal}
        return {**told, "lower_bound": self.lower_bound}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recoding:
    """Released level of every cell, per combination of the class table it was made from.

    Parameters
    ----------
    method : str
        "global" (all lines of `levels` equal), "local", or "cells" (all lines equal to `base`, but for cells at the top level).
    levels : NDArray[np.int8]
        (combinations, columns): level at which the cell is released; meaningless where suppressed.
    suppressed : NDArray[np.bool_]
        (combinations): rows of this combination are not released.
    search : SearchRecord
        How it was found.
    base : NDArray[np.int8] or None
        (columns): level of the cells that are not blank, for "cells".
    """

    method: str
    levels: NDArray[np.int8]
    suppressed: NDArray[np.bool_]
    search: SearchRecord
    base: NDArray[np.int8] | None = None


def released_cells(table: "ClassTable", levels: NDArray[np.int8]) -> NDArray[np.int64]:
    """Return, per cell, a code of the released value: equal exactly when level and group are equal.

    Parameters
    ----------
    table : ClassTable
        n combinations, q columns.
    levels : NDArray[np.int8]
        (n, q) or (q,): level of each cell.

    Returns
    -------
    NDArray[np.int64]
        (n, q): group + number of groups at all finer levels.
    """
    cells = np.empty(table.codes.shape, dtype=np.int64)
    wide = np.broadcast_to(levels, table.codes.shape)
    for j, hierarchy in enumerate(table.levels):
        sizes = [len(leaves) for leaves in hierarchy.leaves]
        starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
        at = wide[:, j].astype(np.int64)
        cells[:, j] = hierarchy.codes[table.codes[:, j], at] + starts[at]
    return cells


def number_classes(table: "ClassTable", recoding: Recoding) -> NDArray[np.int64]:
    """Return the released class of each combination: 0 … classes - 1 in the order of released cells, -1 where suppressed.

    A released class is the set of combinations with equal released *values*: the same group at the same level in every column.
    """
    classes = np.full(len(table.rows), -1, dtype=np.int64)
    kept = ~recoding.suppressed
    if kept.any():
        cells = released_cells(table, recoding.levels)[kept]
        classes[kept] = np.unique(cells, axis=0, return_inverse=True)[1].reshape(-1)
    return classes
