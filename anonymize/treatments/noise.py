"""Noise (ノイズ付加): a secret random number is added to every number.

Decided here: equal values of one person get equal noise, so that repeating a value does not average it away; without a unit every row has
its own. The width is stated in the column's unit, or as a share of its standard deviation. This alone promises no differential privacy.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import ibis
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from anonymize.rows.draws import RANK, ROW, draw_shares, number_rows, rank_distinct
from anonymize.treatments.numbers import check_number
from anonymize.treatments.tail_code import COUNT, VALUE, count_rows
from anonymize.treatments.treatment import Surroundings, Treatment, attach, replace_column
from schemas.errors import PlanError
from schemas.messages import N_, Name

ADDED, PURPOSE = "__added", "noise"
WIDEST = 1 << 53  # in the unit of the column; numbers that noise is added to lie within it as well
BEYOND = 1 << 62


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise(Treatment):
    """Add noise to numbers; whole numbers stay whole, missing ones missing.

    Parameters
    ----------
    kind : {"laplace", "normal"}
        Distribution, with mean 0.
    scale : float or None
        Standard deviation of the noise in the unit of the column.
    share : float or None
        Standard deviation of the noise as a share of that of the released rows. One of the two is given.
    minimum, maximum : float or None
        Where a sum is cut off, so that no cost falls below 0.

    References
    ----------
    Hundepool et al. (2012), Statistical Disclosure Control, ch. 3.4 (noise addition), doi:10.1002/9781118348239.
    """

    kind: Literal["laplace", "normal"]
    scale: float | None = None
    share: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    name: ClassVar[str] = "noise"
    clauses: ClassVar[tuple[int, ...]] = (5,)

    def apply(self, rows: ibis.Table, column: str, around: Surroundings) -> ibis.Table:
        """Return the rows with noise in the column."""
        whole = check_number(rows, column).type().is_integer()
        width = self.scale if self.scale is not None else (self.share or 0) * measure_deviation(rows, column, around)
        if width > WIDEST:
            raise PlanError(
                N_("the noise of column {column} is wider than numbers can be computed with"),
                N_("give a smaller scale or share"),
                column=Name(column),
            )
        keys = [ROW] if around.unit is None else [column, around.unit]
        if around.unit is None:
            ready, count = number_rows(rows, around.engine)
            ranked = ready.select(ready[ROW], ready[ROW].name(RANK))
        else:
            ready = rows
            ranked, count = rank_distinct(rows.filter(rows[column].notnull()), keys, around.engine)
        added = self.draw(count, width, around.seed, column)
        numbers = pa.table({RANK: np.arange(count, dtype=np.int64), ADDED: np.rint(added).astype(np.int64) if whole else added})
        drawn = around.engine.load(numbers)
        answers = ranked.join(drawn, ranked[RANK] == drawn[RANK]).select(*[ranked[key] for key in keys], drawn[ADDED])
        noisy = attach(ready, answers, keys, ADDED)
        return replace_column(noisy, column, self._cut(noisy[column] + noisy[ADDED])).select(*rows.columns)

    def draw(self, count: int, width: float, seed: bytes, column: str) -> NDArray[np.float64]:
        """Return random numbers with mean 0 and a standard deviation of `width`."""
        shares = draw_shares(count, seed, column, PURPOSE)
        if self.kind == "laplace":
            centred = shares - 0.5
            drawn: NDArray[np.float64] = -np.sign(centred) * np.log1p(-2 * np.abs(centred)) * width / np.sqrt(2)
            return drawn
        turns = draw_shares(count, seed, column, f"{PURPOSE} angle")
        drawn = np.sqrt(-2 * np.log(shares)) * np.cos(2 * np.pi * turns) * width
        return drawn.astype(np.float64)

    def _cut(self, value: Any) -> Any:
        """Return the value, no smaller than the minimum and no larger than the maximum; for whole numbers the next whole ones inside."""
        kind = value.type()
        lowest, highest = (limit if limit is None else ibis.literal(limit, kind) for limit in self._limits(kind.is_integer()))
        if lowest is not None:
            value = (value < lowest).ifelse(lowest, value)
        return value if highest is None else (value > highest).ifelse(highest, value)

    def _limits(self, whole: bool) -> tuple[float | None, float | None]:
        if not whole:
            return self.minimum, self.maximum
        # No sum lies beyond these ends, so that limits beyond them cut nothing off.
        lowest, highest = (None if limit is None else min(max(limit, -BEYOND), BEYOND) for limit in (self.minimum, self.maximum))
        return None if lowest is None else math.ceil(lowest), None if highest is None else math.floor(highest)


def measure_deviation(rows: ibis.Table, column: str, around: Surroundings) -> float:
    """Return the standard deviation of a column over its rows, 0 without any; summed in order of value, so the same by every engine."""
    counts = around.engine.fetch(count_rows(rows, column)).sort_by(VALUE)
    values, weights = counts.column(VALUE).to_numpy().astype(np.float64), counts.column(COUNT).to_numpy().astype(np.float64)
    total = weights.sum()
    if not total:
        return 0.0
    mean = (values * weights).sum() / total
    return float(np.sqrt((weights * (values - mean) ** 2).sum() / total))
