"""Analyses that people really do, on the original and on the release: counts, shares and means of groups.

Decided here: how an error is summed up. Groups of fewer rows than may be published are not compared: nobody would publish them, and a
figure of the release about them would tell of few.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from anonymize.risk.utility.grids import Floats, Grid
from anonymize.risk.utility.measures import total_variation
from anonymize.risk.utility.result import AnalysisUtility

CHUNK = 20_000
LEAST_WEIGHT = 0.5  # rows: with less, the analyst has nothing on a group


def count_groups(grids: Sequence[Grid], amounts: tuple[Floats, Floats] | None = None) -> tuple[Floats, Floats]:
    """Return the rows of every combination of groups, in the original and as the release shares them out.

    Parameters
    ----------
    grids : sequence of Grid
        One to four columns.
    amounts : tuple of two arrays or None
        What each row counts, in original and release; None: 1.

    Returns
    -------
    tuple of two arrays
        One axis per column.
    """
    shape = tuple(grid.groups for grid in grids)
    flat = np.ravel_multi_index(tuple(grid.original for grid in grids), shape) if len(grids[0].original) else np.empty(0, np.int64)
    weights = (None, None) if amounts is None else amounts
    before = np.bincount(flat, weights=weights[0], minlength=int(np.prod(shape))).reshape(shape)
    return before.astype(np.float64), _share_rows(grids, weights[1]).reshape(shape)


def _share_rows(grids: Sequence[Grid], amounts: Floats | None) -> Floats:
    """Return (combinations): what released rows weigh in each combination of groups."""
    sizes = tuple(len(grid.weights) for grid in grids)
    lines = np.ravel_multi_index(tuple(grid.released for grid in grids), sizes) if len(grids[0].released) else np.empty(0, np.int64)
    distinct, place = np.unique(lines, return_inverse=True)
    rows = np.bincount(place, weights=amounts, minlength=len(distinct)).astype(np.float64)
    parts = np.unravel_index(distinct, sizes)
    found = np.zeros((grids[0].groups, int(np.prod([grid.groups for grid in grids[1:]], dtype=np.int64))))
    for start in range(0, len(distinct), CHUNK):
        piece = slice(start, start + CHUNK)
        first = grids[0].weights[parts[0][piece]] * rows[piece, None]
        rest = np.ones((len(first), 1))
        for grid, lines_of in zip(grids[1:], parts[1:], strict=True):
            rest = (rest[:, :, None] * grid.weights[lines_of[piece]][:, None, :]).reshape(len(first), -1)
        found += first.T @ rest
    return found


def compare_means(column: Grid, by: Sequence[Grid], least: int, *, planned: bool) -> AnalysisUtility:
    """Return how far the mean of a column in every group of the release lies from the original's.

    Error: Σ n |mean' - mean| / Σ n |mean|, n the original's rows of a group; a group the release says nothing of gets the whole file's
    mean. Baseline: every group gets it.
    """
    if column.numbers is None:
        return _nothing("mean", column.name, by, planned)
    known = [~np.isnan(cells) for cells in column.numbers]
    before, after = count_groups(by, (known[0].astype(np.float64), known[1].astype(np.float64)))
    sums = count_groups(by, (np.nan_to_num(column.numbers[0]), np.nan_to_num(column.numbers[1])))
    told = before >= least
    if not told.any() or not after.sum():
        return _nothing("mean", column.name, by, planned)
    overall = float(sums[1].sum() / after.sum())
    true = sums[0][told] / before[told]
    guess = np.where(after[told] >= LEAST_WEIGHT, sums[1][told] / np.maximum(after[told], LEAST_WEIGHT), overall)
    scale = float(before[told] @ np.abs(true))
    errors = [float(before[told] @ np.abs(means - true)) / scale if scale else None for means in (guess, np.full(len(true), overall))]
    return AnalysisUtility(
        kind="mean",
        column=column.name,
        by=tuple(grid.name for grid in by),
        error=errors[0],
        baseline=errors[1],
        groups=int(told.sum()),
        planned=planned,
    )


def compare_shares(column: Grid, by: Sequence[Grid], least: int, *, planned: bool) -> AnalysisUtility:
    """Return how far the shares of a column's values in every group of the release lie from the original's.

    Error: the total variation of a group's shares, on average over the original's rows. Baseline: every group has the whole file's shares.
    """
    tables = [table.reshape(-1, column.groups) for table in count_groups([*by, column])]
    rows = tables[0].sum(axis=1)
    told = rows >= least
    if not told.any() or not tables[1].sum():
        return _nothing("share", column.name, by, planned)
    overall = tables[1].sum(axis=0)
    guesses = np.where(tables[1].sum(axis=1)[:, None] >= LEAST_WEIGHT, tables[1], overall[None, :])
    errors = [
        _mean_variation(tables[0][told], guess, rows[told]) for guess in (guesses[told], np.broadcast_to(overall, guesses[told].shape))
    ]
    return AnalysisUtility(
        kind="share",
        column=column.name,
        by=tuple(grid.name for grid in by),
        error=errors[0],
        baseline=errors[1],
        groups=int(told.sum()),
        planned=planned,
    )


def _mean_variation(true: Floats, guess: NDArray[np.float64], rows: Floats) -> float:
    distances = np.array([total_variation(a, b) for a, b in zip(true, guess, strict=True)])
    return float(rows @ distances / rows.sum())


def compare_counts(by: Sequence[Grid], *, planned: bool) -> AnalysisUtility:
    """Return how far the shares of all groups in the file lie from the original's: total variation, groups of any size.

    Baseline: one who knows each column alone, and takes them for independent.
    """
    before, after = count_groups(by)
    alone: Floats = np.ones(1)
    for axis in range(len(by)):
        alone = np.multiply.outer(alone, before.sum(axis=tuple(i for i in range(len(by)) if i != axis)))
    return AnalysisUtility(
        kind="count",
        column=None,
        by=tuple(grid.name for grid in by),
        error=total_variation(before, after),
        baseline=total_variation(before, alone.reshape(before.shape)),
        groups=int(np.count_nonzero(before)),
        planned=planned,
    )


def _nothing(kind: Literal["mean", "share"], column: str, by: Sequence[Grid], planned: bool) -> AnalysisUtility:
    return AnalysisUtility(
        kind=kind, column=column, by=tuple(grid.name for grid in by), error=None, baseline=None, groups=0, planned=planned
    )
