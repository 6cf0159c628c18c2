"""What every hierarchy answers, and how it refuses."""

from abc import ABC, abstractmethod
from collections.abc import Mapping

import pyarrow as pa

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

    def __repr__(self) -> str:
        """Return the name and the levels."""
        return f"{type(self).__name__}({self.name}: {' → '.join(self.level_names)})"


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
