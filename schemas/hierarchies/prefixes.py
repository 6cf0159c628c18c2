"""Hierarchies of codes that carry their own grouping: leading characters, and the value alone. Leaves are the distinct observed values."""

import itertools
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from schemas.errors import PlanError
from schemas.hierarchies.assemble import Step, assemble, label_values, present_only
from schemas.hierarchies.hierarchy import Hierarchy
from schemas.hierarchies.level_table import LevelTable
from schemas.messages import N_, Name


class PrefixHierarchy(Hierarchy):
    """Leading characters kept per level: `{prefix: [5, 3]}`.

    Parameters
    ----------
    lengths : Sequence[int]
        Characters kept, falling from level to level.
    """

    def __init__(self, name: str, lengths: Sequence[int]) -> None:
        if any(finer <= coarser for finer, coarser in itertools.pairwise(lengths)):
            raise PlanError(
                N_("the lengths of the hierarchy {hierarchy} do not fall"),
                N_("give the numbers of leading characters from many to few, such as 5, 3"),
                hierarchy=Name(name),
            )
        super().__init__(name, {f"prefix_{length}": f"先頭{length}文字" for length in lengths})
        self._lengths = tuple(lengths)

    def resolve(self, values: pa.Array, *, column: str | None = None) -> LevelTable:
        """Return the groups of distinct values at every level."""
        present = present_only(values)
        texts = np.asarray(present.cast(pa.string()).to_pylist(), dtype=np.str_)
        steps = [step_of_keys(texts.astype(f"U{length}"), "{}*") for length in self._lengths]
        return assemble(self, values, steps, value_labels=texts.tolist(), leaves=len(present))


class WholeHierarchy(Hierarchy):
    """The value, then all: `{levels: 1}`."""

    def __init__(self, name: str) -> None:
        super().__init__(name, {})

    def resolve(self, values: pa.Array, *, column: str | None = None) -> LevelTable:
        """Return the groups of distinct values at both levels."""
        present = present_only(values)
        return assemble(self, values, (), value_labels=label_values(present), leaves=len(present))


def step_of_keys(keys: NDArray[np.str_], template: str = "{}") -> Step:
    """Return a level whose groups are the distinct keys; leaves are the values seen under each.

    Parameters
    ----------
    keys : NDArray[np.str_]
        Key of each value.
    template : str
        Label of a group, with a gap for its key.
    """
    distinct, positions = np.unique(keys, return_inverse=True)
    return Step(
        groups=positions.astype(np.int64),
        labels=[template.format(key) for key in distinct.tolist()],
        leaves=np.bincount(positions, minlength=len(distinct)).astype(np.int64),
    )
