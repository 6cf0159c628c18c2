"""Small counts in what people outside see: hidden, and hidden so that subtraction does not bring them back.

Decided here: a count of 1 … minimum - 1 persons is never shown (primary suppression), and in a list or table with totals further cells are
hidden until every such count could be larger by `minimum - 1` or more, as far as what is shown can tell (complementary suppression). 0 is
shown: it speaks of nobody. Not decided here: the minimum (a policy), and tables that share margins with each other; put those into one
table, or show only one of them.

How: a hidden cell can be larger only if others change with it and every total that is shown stays true. In a table with margins these
changes run along closed paths of hidden cells. For each small count the cheapest closed path is hidden on which every cell that has to
shrink holds at least `minimum - 1`.

References
----------
L. H. Cox (1995), Network models for complementary cell suppression, J. Am. Stat. Assoc. 90, doi:10.1080/01621459.1995.10476652.
厚生労働省 NDBの第三者提供 公表物の満たすべき基準: 患者等の数が原則10未満となる集計単位を公表しない.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.errors import InternalError
from schemas.messages import N_, Message

MINIMUM = 10

# What hiding a cell costs readers: margins are read most, and a hidden zero looks like a person.
_COST_CELL, _COST_MARGIN, _COST_TOTAL, _COST_ZERO = 1.0, 5.0, 20.0, 40.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardedCounts:
    """Counts as they may be shown; None stands where a count is hidden.

    Parameters
    ----------
    cells : tuple
        The list, or one tuple per row of the table.
    row_totals, column_totals : tuple
        Margins of a table; empty for a list.
    total : int or None
        Sum of all.
    minimum : int
        Counts of 1 … minimum - 1 are hidden.
    hidden : int
        How many cells and totals are hidden.
    """

    cells: tuple[Any, ...]
    row_totals: tuple[int | None, ...]
    column_totals: tuple[int | None, ...]
    total: int | None
    minimum: int
    hidden: int

    def to_json(self) -> dict[str, Any]:
        """Return the counts for machines, null where hidden."""
        margins = {"row_totals": list(self.row_totals), "column_totals": list(self.column_totals)} if self.row_totals else {}
        cells = [list(row) if isinstance(row, tuple) else row for row in self.cells]
        return {"cells": cells, **margins, "total": self.total, "minimum": self.minimum}


def is_small(count: int, minimum: int = MINIMUM) -> bool:
    """Return whether a count must not be shown: 1 … minimum - 1."""
    return 0 < count < minimum


def guard_count(count: int, minimum: int = MINIMUM) -> int | None:
    """Return a count that stands alone, or None when it is 1 … minimum - 1.

    Only for counts that no other count shown nearby gives away; for parts of a whole use `guard_counts`.
    """
    return None if is_small(count, minimum) else int(count)


def describe_count(count: int | None, minimum: int = MINIMUM) -> Message:
    """Return what to print for a guarded count."""
    if count is None:
        return Message(N_("fewer than {minimum}, or hidden to protect such a count"), {"minimum": minimum})
    return Message(N_("{count:,}"), {"count": count})


def guard_counts(counts: Sequence[Any] | NDArray[Any], minimum: int = MINIMUM) -> GuardedCounts:
    """Return a list (shown with its total) or a table (shown with row, column and grand totals) with small counts hidden.

    Parameters
    ----------
    counts : sequence or array
        One or two dimensions of counts of persons, 0 or more, without totals.
    minimum : int
        Smallest count above 0 that may be shown.

    Returns
    -------
    GuardedCounts
        For every hidden count of 1 … minimum - 1 there is another table with the same visible figures in which that count is larger by
        `minimum - 1`.

    Raises
    ------
    InternalError
        A count is negative, or there are more than two dimensions.
    """
    cells = np.asarray(counts, dtype=np.int64)
    if cells.ndim not in {1, 2} or (cells < 0).any():
        raise InternalError(N_("counts to guard must be a list or a table of numbers from 0"), N_("report this to the maintainers"))
    # A table of one row or column says everything twice: guard it as a list.
    if cells.ndim == 2 and 1 not in cells.shape and cells.size:
        return _guard_table(cells, minimum)
    shown = _guard_list(cells.ravel(), minimum)
    return shown if cells.ndim == 1 else _fold(shown, cells.shape)


def _guard_list(cells: NDArray[np.int64], minimum: int) -> GuardedCounts:
    """Return a list with its total: where small counts do not cover each other, one large partner is hidden, or else the total."""
    total = int(cells.sum())
    hide = (cells > 0) & (cells < minimum)
    hide_total = is_small(total, minimum)
    covered = not hide.any() or int(cells[hide].sum() - cells[hide].max()) >= minimum - 1
    if not covered and not hide_total:
        partners = np.flatnonzero(cells >= minimum)
        if len(partners):
            hide[partners[np.argmin(cells[partners])]] = True
        else:
            hide_total = True
    return GuardedCounts(
        cells=_show(cells, hide),
        row_totals=(),
        column_totals=(),
        total=None if hide_total else total,
        minimum=minimum,
        hidden=int(hide.sum()) + hide_total,
    )


def _fold(shown: GuardedCounts, shape: tuple[int, ...]) -> GuardedCounts:
    """Return a guarded list as the table of one row or column it came from."""
    one_row = shape[0] == 1
    rows = (shown.cells,) if one_row else tuple((cell,) for cell in shown.cells)
    line, single = shown.cells, (shown.total,) if min(shape) else ()
    return GuardedCounts(
        cells=rows,
        row_totals=single if one_row else line,
        column_totals=line if one_row else single,
        total=shown.total,
        minimum=shown.minimum,
        hidden=shown.hidden,
    )


def _guard_table(cells: NDArray[np.int64], minimum: int) -> GuardedCounts:
    whole = np.zeros((cells.shape[0] + 1, cells.shape[1] + 1), dtype=np.int64)
    whole[:-1, :-1] = cells
    whole[:-1, -1] = cells.sum(axis=1)
    whole[-1, :] = whole[:-1, :].sum(axis=0)
    hide = hide_cells(whole, minimum)
    return GuardedCounts(
        cells=tuple(_show(row, mask) for row, mask in zip(whole[:-1, :-1], hide[:-1, :-1], strict=True)),
        row_totals=_show(whole[:-1, -1], hide[:-1, -1]),
        column_totals=_show(whole[-1, :-1], hide[-1, :-1]),
        total=None if hide[-1, -1] else int(whole[-1, -1]),
        minimum=minimum,
        hidden=int(hide.sum()),
    )


def _show(counts: NDArray[np.int64], hide: NDArray[np.bool_]) -> tuple[int | None, ...]:
    return tuple(None if hidden else int(count) for count, hidden in zip(counts, hide, strict=True))


def hide_cells(whole: NDArray[np.int64], minimum: int) -> NDArray[np.bool_]:
    """Return which cells of a table with margins (last row and column) to hide.

    Parameters
    ----------
    whole : NDArray[np.int64]
        (rows + 1, columns + 1): counts with their totals; at least two rows and columns of counts.
    minimum : int
        Smallest count above 0 that may be shown.

    Notes
    -----
    Rows and columns (the totals are one each) are nodes, cells are edges. With margins counted negatively each row and column sums to 0,
    so a closed path takes +d and -d in turn. Along -d a count shrinks and along +d it grows; for a margin it is the other way round. The
    path over the three totals only ever grows, so there always is one.
    """
    small = (whole > 0) & (whole < minimum)
    hide = small.copy()
    costs = _costs(whole)
    may_shrink = whole >= max(minimum - 1, 1)
    margin = np.zeros(whole.shape, dtype=np.bool_)
    margin[:-1, -1] = margin[-1, :-1] = True
    for row, column in np.argwhere(small):
        grows = not margin[row, column]
        # Edges are passed column → row with the sign opposite to the cell's own, row → column with the same sign.
        to_row = np.where(margin != grows, may_shrink, True)
        to_column = np.where(margin == grows, may_shrink, True)
        price = np.where(hide, 0.0, costs)
        steps = (np.where(to_row, price, np.inf), np.where(to_column, price, np.inf))
        for cell in _find_path(steps, int(row), int(column)):
            hide[cell] = True
    return hide


def _costs(whole: NDArray[np.int64]) -> NDArray[np.float64]:
    costs = np.full(whole.shape, _COST_CELL) + whole / max(int(whole[-1, -1]), 1)
    costs[:-1, -1] += _COST_MARGIN
    costs[-1, :-1] += _COST_MARGIN
    costs[-1, -1] += _COST_TOTAL
    costs[whole == 0] += _COST_ZERO
    return np.asarray(costs)


def _find_path(steps: tuple[NDArray[np.float64], NDArray[np.float64]], row: int, column: int) -> list[tuple[int, int]]:
    """Return the cells of the cheapest path from a column back to a row, without the cell between them (Dijkstra's algorithm).

    Parameters
    ----------
    steps : tuple of two arrays
        (rows, columns): price of passing a cell from its column to its row, and from its row to its column.
    row, column : int
        The cell to protect.
    """
    to_row, to_column = (prices.copy() for prices in steps)
    to_row[row, column] = to_column[row, column] = np.inf
    rows, columns = to_row.shape
    distance = np.full(rows + columns, np.inf)
    before = np.full(rows + columns, -1)
    done = np.zeros(rows + columns, dtype=np.bool_)
    distance[rows + column] = 0.0
    while not done[row]:
        node = int(np.argmin(np.where(done, np.inf, distance)))
        done[node] = True
        reached = slice(0, rows) if node >= rows else slice(rows, None)
        prices = to_row[:, node - rows] if node >= rows else to_column[node]
        better = distance[node] + prices < distance[reached]
        distance[reached] = np.where(better, distance[node] + prices, distance[reached])
        before[reached] = np.where(better, node, before[reached])
    path, node = [], row
    while node != rows + column:
        previous = int(before[node])
        path.append((min(node, previous), max(node, previous) - rows))
        node = previous
    return path
