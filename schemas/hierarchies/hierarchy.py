"""What every hierarchy answers, and how it refuses."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from schemas.errors import PlanError
from schemas.hierarchies.level_table import LevelTable
from schemas.messages import N_, Name

ALL = "all"
VALUE = "value"
ALL_LABEL = "すべて"
VALUE_TITLE = "値のまま"
MISSING_LABEL = "記録なし"


class Hierarchy(ABC):
    """A way to make values coarser, level by level, up to "all".

    Parameters
    ----------
    name : str
        Name of the file, or a short text of the inline form.
    steps : Mapping[str, str]
        Levels between "value" and "all": name → title in Japanese.

    Attributes
    ----------
    level_names : tuple[str, ...]
        From "value" (level 0) to "all".
    level_titles : tuple[str, ...]
        The same in Japanese, for plans, dictionaries and reports (5歳階級, 都道府県, 年度).
    ordered : bool
        Whether values have an order, so that levels have bounds.
    """

    ordered: bool = False

    def __init__(self, name: str, steps: Mapping[str, str]) -> None:
        self.name = name
        self.level_names: tuple[str, ...] = (VALUE, *steps, ALL)
        self.level_titles: tuple[str, ...] = (VALUE_TITLE, *steps.values(), ALL_LABEL)

    @abstractmethod
    def resolve(self, values: pa.Array, *, column: str | None = None) -> LevelTable:
        """Return the groups of distinct values at every level.

        Parameters
        ----------
        values : pa.Array
            Distinct values; may hold one null, which is a group (and a leaf) of its own below the top.
        column : str or None
            Name of the column, for messages.

        Raises
        ------
        PlanError
            The hierarchy does not know some values, the column has another type, or groups do not nest.
        """

    def rank_bounds(self, bounds: pa.Array) -> NDArray[np.float64]:
        """Return the place of each bound in the order of the column, a whole number apart for neighbours; NaN for a null.

        Parameters
        ----------
        bounds : pa.Array
            Bounds of an ordered column: numbers, days, or leaves of a listed order.
        """
        numbers = bounds.cast(pa.int32()) if pa.types.is_date32(bounds.type) else bounds
        ranks: NDArray[np.float64] = numbers.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False).astype(np.float64)
        return ranks

    def type_values(self, values: pa.Array) -> pa.Array:
        """Return values in the type of the bounds."""
        return decode(values)

    def count_span(self, values: pa.Array, lower: NDArray[np.float64], upper: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return how many leaves lie between two ranks, both included.

        Parameters
        ----------
        values : pa.Array
            Distinct values of the column, as `resolve` was given them: leaves lie between the smallest and the largest.
        lower, upper : NDArray[np.float64]
            Ranks (see `rank_bounds`); infinite on an open side.
        """
        ranks = self.rank_bounds(self.type_values(values).drop_null())
        first, last = (ranks.min(), ranks.max()) if len(ranks) else (0.0, -1.0)
        return np.asarray(np.minimum(upper, last) - np.maximum(lower, first) + 1, dtype=np.int64)

    def label_span(self, lower: Any, upper: Any) -> str:
        """Return the label of a range that is no group of any level: from one bound to the other, in the manner of the hierarchy.

        Parameters
        ----------
        lower, upper : object
            Inclusive bounds, in the type of the column's bounds; None on an open side.
        """
        return f"{'' if lower is None else lower}〜{'' if upper is None else upper}"

    def __repr__(self) -> str:
        """Return the name and the levels."""
        return f"{type(self).__name__}({self.name}: {' → '.join(self.level_names)})"


def decode(values: pa.Array) -> pa.Array:
    """Return values plain, not dictionary-encoded."""
    return values.dictionary_decode() if pa.types.is_dictionary(values.type) else values


def refuse_unknown(count: int, *, hierarchy: str, column: str | None) -> None:
    """Raise when values are not known to a hierarchy.

    Raises
    ------
    PlanError
        `count` is not 0.
    """
    if count:
        raise PlanError(
            N_("the hierarchy {hierarchy} does not know {count} distinct values of the column {column}"),
            N_("add them to the hierarchy, choose another one, or correct the values at intake"),
            hierarchy=Name(hierarchy),
            column=Name(column or "?"),
            count=count,
        )


def wrong_type(expected: str, *, hierarchy: str, column: str | None) -> PlanError:
    """Return the error for a column whose values are of another type; `expected` is a name of the type."""
    return PlanError(
        N_("the hierarchy {hierarchy} needs values of type {expected}, the column {column} has others"),
        N_("choose a hierarchy for the type of the column, or convert the file with its table first"),
        hierarchy=Name(hierarchy),
        column=Name(column or "?"),
        expected=Name(expected),
    )
