"""Merging of rare codes: codes of fewer than n persons become one label, or their parents in a hierarchy.

Decided here: every released code, the merged one included, has at least n persons. Where the rare codes together are too few, the rarest
of the others joins them; where all persons together are too few, nothing of the column is released.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from anonymize.treatments.treatment import Surroundings, Treatment, look_up
from schemas.hierarchies import load_hierarchy

OTHERS = "その他"
COUNT, LABEL, PERSONS = "__count", "__label", "__persons"


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeRare(Treatment):
    """Merge rare values of a column, which becomes text; a missing value stays missing.

    Parameters
    ----------
    persons : int
        Fewest persons (not rows) of a released code.
    label : str or None
        What rare codes become; None: 「その他」.
    hierarchy : str, Mapping or None
        Rare codes become their labels one level up, and further up as long as those are rare; None: the label.
    """

    persons: int
    label: str | None = None
    hierarchy: str | Mapping[str, Any] | None = None
    name: ClassVar[str] = "merge_rare"
    clauses: ClassVar[tuple[int, ...]] = (4,)

    def apply(self, rows: ibis.Table, column: str, around: Surroundings) -> ibis.Table:
        """Return the rows with rare codes merged."""
        known = rows.filter(rows[column].notnull())
        keys = [column] if around.unit is None else [column, around.unit]
        cells = around.engine.keep(known.group_by(keys).agg(**{COUNT: known.count()}))
        distinct = cells.select(column).distinct()
        old = around.engine.fetch(distinct.order_by(distinct[column])).column(column).combine_chunks()
        labels = self._merge(_Counter(cells=cells, column=column, old=old, around=around), self._find_ladder(old, column, around))
        return look_up(rows, column, around.engine.load(pa.table({column: old, LABEL: labels})), LABEL)

    def _find_ladder(self, old: pa.Array, column: str, around: Surroundings) -> list[pa.Array]:
        """Return the labels of the values, finest first: themselves, then one label or those of the hierarchy."""
        text = pc.cast(old, pa.string())
        if self.hierarchy is None or not len(old):
            return [text, pa.array([self.label or OTHERS] * len(old), type=pa.string())]
        table = load_hierarchy(self.hierarchy, folder=around.folder).resolve(old, column=column)
        levels = range(1, len(table.level_names))
        parents = [pa.array(table.labels[level], type=pa.string()).take(pa.array(table.codes[:, level])) for level in levels]
        return [text, *parents]

    def _merge(self, counter: "_Counter", ladder: list[pa.Array]) -> pa.Array:
        """Climb while a label is rare; at the top, take the rarest other label in."""
        rungs = np.zeros(len(counter.old), dtype=np.int64)
        for top in range(1, len(ladder)):
            rare = counter.count(_pick(ladder, rungs)) < self.persons
            rungs[rare] = top
        labels = _pick(ladder, rungs)
        persons = counter.count(labels)
        rare = persons < self.persons
        if rare.any():
            rungs[rare] = len(ladder) - 1
            if not rare.all():
                rungs[_find_rarest(labels, persons, ~rare)] = len(ladder) - 1
            labels = _pick(ladder, rungs)
            rare = counter.count(labels) < self.persons
        return pc.if_else(pa.array(rare), pa.scalar(None, pa.string()), labels) if len(labels) else labels


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Counter:
    """Counts the persons of labels."""

    cells: ibis.Table
    column: str
    old: pa.Array
    around: Surroundings

    def __repr__(self) -> str:
        """Show counts, never values."""
        return f"_Counter({len(self.old)} values)"

    def count(self, labels: pa.Array) -> NDArray[np.int64]:
        """Return, per value, the persons who have a value of the same label."""
        engine, unit = self.around.engine, self.around.unit
        named = engine.load(pa.table({self.column: self.old, LABEL: labels}))
        joined = self.cells.join(named, self.cells[self.column] == named[self.column])
        persons = joined[COUNT].sum() if unit is None else joined[unit].nunique()
        found = engine.fetch(joined.group_by(named[LABEL]).agg(**{PERSONS: persons.cast("int64")}))
        places = pc.index_in(labels, value_set=found.column(LABEL).combine_chunks()).to_numpy(zero_copy_only=False)
        counts: NDArray[np.int64] = found.column(PERSONS).to_numpy()[places.astype(np.int64)]
        return counts


def _pick(ladder: list[pa.Array], rungs: NDArray[np.int64]) -> pa.Array:
    """Return each value's label at its rung."""
    picked = ladder[0]
    for rung in range(1, len(ladder)):
        picked = pc.if_else(pa.array(rungs == rung), ladder[rung], picked)
    return picked


def _find_rarest(labels: pa.Array, persons: NDArray[np.int64], among: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which values have the label of fewest persons, the first by text of several."""
    text = np.array(labels.to_pylist(), dtype=object)
    fewest = persons[among].min()
    chosen = min(text[among & (persons == fewest)])
    return np.asarray(text == chosen)
