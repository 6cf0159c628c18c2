"""What every hierarchy answers."""

from abc import ABC, abstractmethod

import pyarrow as pa

from schemas.hierarchies.level_table import LevelTable

ALL = "all"
VALUE = "value"
ALL_LABEL = "すべて"
MISSING_LABEL = "不明"


class Hierarchy(ABC):
    """A way to make values coarser, level by level, up to "all".

    Attributes
    ----------
    name : str
        Name of the file, or a short text of the inline form.
    level_names : tuple[str, ...]
        From "value" (level 0) to "all".
    ordered : bool
        Whether values have an order, so that levels have bounds.
    """

    name: str
    level_names: tuple[str, ...]
    ordered: bool = False

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
