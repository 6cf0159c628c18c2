"""Recoding of a column that is no quasi-identifier: by a level of a hierarchy (ICD-10 code to chapter) or by a list of values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from anonymize.treatments.treatment import Surroundings, Treatment, look_up
from schemas.errors import PlanError
from schemas.hierarchies import load_hierarchy
from schemas.messages import N_, Name

NEW = "__new"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recode(Treatment):
    """Replace values by coarser ones; the column becomes text. A missing value stays missing.

    Parameters
    ----------
    hierarchy : str, Mapping or None
        Hierarchy whose labels at `level` are released.
    level : int
        Level of the hierarchy.
    values : Mapping[str, str] or None
        Old value → new value.
    other : str or None
        New value of what `values` does not name; None: it becomes missing (plans must name it).
    """

    hierarchy: str | Mapping[str, Any] | None = None
    level: int = 0
    values: Mapping[str, str] | None = None
    other: str | None = None
    name: ClassVar[str] = "recode"
    clauses: ClassVar[tuple[int, ...]] = (1, 4, 5)

    def apply(self, rows: ibis.Table, column: str, around: Surroundings) -> ibis.Table:
        """Return the rows with the column recoded."""
        old = around.engine.fetch(rows.filter(rows[column].notnull()).select(column).distinct()).column(column).combine_chunks()
        new = self._by_hierarchy(old, column, around) if self.hierarchy is not None else self._by_list(old)
        answers = around.engine.load(pa.table({column: old, NEW: new}))
        return look_up(rows, column, answers, NEW)

    def _by_hierarchy(self, old: pa.Array, column: str, around: Surroundings) -> pa.Array:
        table = load_hierarchy(self.hierarchy or "", folder=around.folder).resolve(old, column=column)
        if self.level >= len(table.level_names):
            raise PlanError(
                N_("the hierarchy of {column} has no level {level}"),
                N_("levels count from 0 (the value itself)"),
                column=Name(column),
                level=self.level,
            )
        groups = table.codes[:, self.level] if len(old) else np.empty(0, dtype=np.int32)
        return pa.array(table.labels[self.level], type=pa.string()).take(pa.array(groups))

    def _by_list(self, old: pa.Array) -> pa.Array:
        given = {str(key): str(value) for key, value in (self.values or {}).items()}
        text = pc.cast(old, pa.string()).to_pylist()
        return pa.array([given.get(value, self.other) for value in text], type=pa.string())
