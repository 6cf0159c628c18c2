"""What a hierarchy says about the values of one column: groups, leaves, labels and bounds per level.

Decided here: the arithmetic of the certainty penalty. Not decided here: how groups come about (see the kinds of hierarchies).
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bounds:
    """Inclusive range of each group of one level.

    Parameters
    ----------
    lower, upper : pa.Array
        One entry per group, in the type of the column (int64, float64, date32, string for ordered codes); null for the group of missing
        values and on a side without a limit.
    """

    lower: pa.Array
    upper: pa.Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LevelTable:
    """The groups of a column's distinct values at every level.

    Parameters
    ----------
    level_names : tuple[str, ...]
        From the value itself to "all".
    codes : NDArray[np.int32]
        Shape (values, levels): the group of each distinct value. Level 0 is its own group, the last level is one group (0).
    leaves : tuple[NDArray[np.int64], ...]
        Per level: how many leaves of the column lie under each group.
    total_leaves : int
        Leaves of the column.
    labels : tuple[tuple[str, ...], ...]
        Per level: Japanese label of each group.
    bounds : tuple[Bounds or None, ...]
        Per level: typed inclusive range of each group; None where the column has no order.
    ordered : bool
        Whether the values have an order that groups keep.
    """

    level_names: tuple[str, ...]
    codes: NDArray[np.int32]
    leaves: tuple[NDArray[np.int64], ...]
    total_leaves: int
    labels: tuple[tuple[str, ...], ...]
    bounds: tuple[Bounds | None, ...]
    ordered: bool

    def loss_of(self) -> NDArray[np.float64]:
        """Return the certainty penalty of each value at each level, 0 (the value itself) to 1 (nothing left).

        Returns
        -------
        NDArray[np.float64]
            Shape (values, levels): (leaves - 1) / (total_leaves - 1); 0 everywhere when the column has one leaf.

        References
        ----------
        J. Xu et al. (2006), Utility-based anonymization using local recoding, doi:10.1145/1150402.1150504 (normalised certainty penalty).
        """
        loss = np.zeros(self.codes.shape, dtype=np.float64)
        if self.total_leaves <= 1:
            return loss
        for level, leaves in enumerate(self.leaves):
            loss[:, level] = (leaves[self.codes[:, level]] - 1) / (self.total_leaves - 1)
        return loss

    def __repr__(self) -> str:
        """Return counts only: the labels are values of the data."""
        values, levels = self.codes.shape
        return f"LevelTable({values} values, {levels} levels, {self.total_leaves} leaves)"
