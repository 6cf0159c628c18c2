"""Swapping (データ交換): a share of rows exchange their value with a row that is equal in named columns.

Decided here: which rows, by secret draw, and who exchanges with whom: neighbours in the order of the draw among rows of equal values; one
left over keeps its value. All counts of the column, alone and together with the named columns, stay as they are.
"""

from dataclasses import dataclass
from typing import ClassVar

import ibis
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from anonymize.rows.draws import ROW, number_rows, permute
from anonymize.treatments.treatment import Surroundings, Treatment, replace_column

GROUP, PARTNER, VALUE, PURPOSE = "__group", "__partner", "__value", "swap"


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap(Treatment):
    """Exchange values between rows.

    Parameters
    ----------
    share : float
        Share (0–1) of rows drawn to exchange.
    within : tuple[str, ...]
        Columns in which partners are equal: quasi-identifiers as they came in, others as they are at this point. May be empty.

    References
    ----------
    Dalenius, Reiss (1982), Data-swapping, doi:10.1016/0378-3758(82)90058-1.
    """

    share: float
    within: tuple[str, ...] = ()
    name: ClassVar[str] = "swap"
    clauses: ClassVar[tuple[int, ...]] = (5,)

    def apply(self, rows: ibis.Table, column: str, around: Surroundings) -> ibis.Table:
        """Return the rows with exchanged values."""
        numbered, count = number_rows(rows, around.engine)
        partners = around.engine.load(self._pair(numbered, count, column, around))
        others = numbered.select(numbered[ROW].name(PARTNER), numbered[column].name(VALUE))
        given = partners.join(others, partners[PARTNER] == others[PARTNER]).select(partners[ROW], partners[PARTNER], others[VALUE])
        met = numbered.left_join(given, numbered[ROW] == given[ROW])
        exchanged = met.select(*[numbered[name] for name in rows.columns], given[PARTNER], given[VALUE])
        value = exchanged[PARTNER].isnull().ifelse(exchanged[column], exchanged[VALUE])
        return replace_column(exchanged, column, value).drop(PARTNER, VALUE)

    def _pair(self, numbered: ibis.Table, count: int, column: str, around: Surroundings) -> pa.Table:
        """Return the number of each exchanging row and of its partner."""
        turns = permute(count, around.seed, column, PURPOSE)
        drawn = np.flatnonzero(turns < round(self.share * count))
        asked = around.engine.load(pa.table({ROW: drawn}))
        chosen = numbered.join(asked, numbered[ROW] == asked[ROW]).select(numbered[ROW], *[numbered[name] for name in self.within])
        found = around.engine.fetch(chosen.select(chosen[ROW], self._number_groups(chosen)))
        row, group = found.column(ROW).to_numpy(), found.column(GROUP).to_numpy()
        return pair_rows(row, group, turns[row])

    def _number_groups(self, chosen: ibis.Table) -> ibis.Value:
        if not self.within:
            return ibis.literal(0, "int64").name(GROUP)
        order = [ibis.asc(chosen[name], nulls_first=False) for name in self.within]
        return ibis.dense_rank().over(ibis.window(order_by=order)).cast("int64").name(GROUP)


def pair_rows(rows: NDArray[np.int64], groups: NDArray[np.int64], turns: NDArray[np.int64]) -> pa.Table:
    """Return partners: in each group the first and second by turn, the third and fourth, and so on; an odd one out is not in it."""
    order = np.lexsort((turns, groups))
    ordered, group = rows[order], groups[order]
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    sizes = np.diff(starts, append=len(group))
    place = np.arange(len(group)) - np.repeat(starts, sizes)
    first = np.flatnonzero((place % 2 == 0) & (place + 1 < np.repeat(sizes, sizes)))
    ones, others = ordered[first], ordered[first + 1]
    return pa.table({ROW: np.concatenate((ones, others)), PARTNER: np.concatenate((others, ones))})
