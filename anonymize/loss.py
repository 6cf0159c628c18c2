"""The loss of a recoding: the normalised certainty penalty, the one figure by which searches are compared.

Decided here: what a released cell costs. Not decided here: which recoding is chosen.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from anonymize.classes import ClassTable
    from anonymize.layout import ColumnValues
    from anonymize.recoding import Recoding


def cell_losses(table: "ClassTable", levels: NDArray[np.int8]) -> NDArray[np.float64]:
    """Return the loss of each released cell, 0–1.

    Parameters
    ----------
    table : ClassTable
        n combinations, q columns.
    levels : NDArray[np.int8]
        (n, q) or (q,): level of each cell.
    """
    losses = np.empty(table.codes.shape, dtype=np.float64)
    wide = np.broadcast_to(levels, table.codes.shape)
    for j, hierarchy in enumerate(table.levels):
        losses[:, j] = hierarchy.loss_of()[table.codes[:, j], wide[:, j]]
    return losses


def compute_loss(table: "ClassTable", recoding: "Recoding", weights: NDArray[np.float64]) -> float:
    """Return the loss of a recoding, 0 (the original) to 1 (nothing left).

    Per cell (leaves under the released value - 1) / (leaves of the column - 1), 1 where suppressed; the mean over all rows, weighted by
    column. An empty table has loss 0.

    Parameters
    ----------
    table : ClassTable
        The table the recoding was made from.
    recoding : Recoding
        Levels and suppressed lines.
    weights : NDArray[np.float64]
        (columns): weight of each column, positive.

    References
    ----------
    Xu, Wang, Pei, Wang, Shi, Fu (2006), Utility-based anonymization using local recoding, doi:10.1145/1150402.1150504.
    """
    if table.total_rows == 0:
        return 0.0
    losses = cell_losses(table, recoding.levels)
    losses[recoding.suppressed] = 1.0
    per_line = losses @ (weights / weights.sum())
    return float(per_line @ table.rows / table.total_rows)


def measure_columns(table: "ClassTable", suppressed: NDArray[np.bool_], values: Sequence["ColumnValues"]) -> NDArray[np.float64]:
    """Return (columns): the mean loss of what each quasi-identifier is released as, over all rows, 1 for a suppressed row.

    Parameters
    ----------
    table : ClassTable
        n lines.
    suppressed : NDArray[np.bool_]
        (n): lines that are not released.
    values : Sequence[ColumnValues]
        Per column, the released value of each line, narrowed or not.
    """
    means = [float(table.rows @ np.where(suppressed, 1.0, column.line_losses())) / max(table.total_rows, 1) for column in values]
    return np.array(means, dtype=np.float64)
