"""The class table and the search task: all that the solver knows of a file, integer codes and counts, never a value.

Decided here: what a combination, a person pattern and a task are. Not decided here: how an engine makes them, how a search solves them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from schemas.plan_models import Closeness, Diversity

if TYPE_CHECKING:
    from schemas.hierarchies import LevelTable

Method = Literal["global", "local", "cells"]
Linked = Literal["classes", "rows"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Memberships:
    """Which combinations a person occurs in, for persons with several rows; persons with equal answers share one pattern.

    Parameters
    ----------
    offsets : NDArray[np.int64]
        (patterns + 1): where each pattern starts in `combinations`.
    combinations : NDArray[np.int64]
        Line numbers of the class table, distinct within a pattern.
    persons : NDArray[np.int64]
        (patterns): persons who share the pattern.
    """

    offsets: NDArray[np.int64]
    combinations: NDArray[np.int64]
    persons: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SensitiveCounts:
    """Per combination, the persons of each value of one sensitive column.

    Parameters
    ----------
    offsets : NDArray[np.int64]
        (combinations + 1): where each combination starts in `values` and `persons`.
    values : NDArray[np.int32]
        Codes 0 … distinct - 1; for an ordered column in its order. Distinct within a combination. A missing value is a value.
    persons : NDArray[np.int64]
        Persons with that value in that combination.
    distinct : int
        Number of codes.
    memberships : Memberships or None
        Patterns of persons over the *entries* (positions in `values`), where a person may stand in several; None: counts may be added.
    levels : LevelTable or None
        Hierarchy of the sensitive column, for the hierarchical distance of t-closeness; its values are the codes.
    missing : int or None
        Code of the missing value: it counts as a value everywhere but in distinct l-diversity. None: no value is missing.
    """

    offsets: NDArray[np.int64]
    values: NDArray[np.int32]
    persons: NDArray[np.int64]
    distinct: int
    memberships: Memberships | None = None
    levels: "LevelTable | None" = None
    missing: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClassTable:
    """One line per distinct combination of quasi-identifier values; where rows are linked, one per combination and person pattern.

    Parameters
    ----------
    columns : tuple[str, ...]
        Names of the quasi-identifiers, in the order of the plan.
    levels : tuple[LevelTable, ...]
        Per column, the groups of its distinct values at each level.
    codes : NDArray[np.int32]
        (combinations, columns): position of the value in the column's level table. Lines are distinct, but for their person pattern.
    rows, persons : NDArray[np.int64]
        (combinations): rows, and distinct persons, of each combination.
    memberships : Memberships or None
        Person patterns; None when every person lies in one combination, so that persons of merged combinations may be added. Where rows
        are linked, every line belongs to exactly one pattern.
    sensitive : Mapping[str, SensitiveCounts]
        Per sensitive column that a model asks about.
    total_rows, total_persons : int
        Rows and distinct persons of the file.
    """

    columns: tuple[str, ...]
    levels: tuple["LevelTable", ...]
    codes: NDArray[np.int32]
    rows: NDArray[np.int64]
    persons: NDArray[np.int64]
    memberships: Memberships | None
    sensitive: Mapping[str, SensitiveCounts]
    total_rows: int
    total_persons: int

    def __repr__(self) -> str:
        """Show counts, never codes."""
        return f"ClassTable({len(self.rows)} combinations, {len(self.columns)} columns, {self.total_rows} rows)"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Population:
    """The population a file was taken from, by some of its quasi-identifiers, and what a release must hold against it.

    Parameters
    ----------
    columns : tuple[int, ...]
        Positions of the quasi-identifiers the population table has, ascending.
    groups : tuple[NDArray[np.int32], ...]
        Per such column, (cells, levels): group of the class table's level table in which a cell of the population table lies wholly; -1
        where there is none (nobody in the file lies there, or the cell is coarser than the level).
    codes : NDArray[np.int32]
        (lines, columns): cell of each line of the population table.
    persons : NDArray[np.int64]
        (lines): people.
    k_map : int or None
        Fewest people who match a released class.
    presence : tuple[float, float] or None
        Least and greatest share, 0–1, of the people who match that may be in the release.
    """

    columns: tuple[int, ...]
    groups: tuple[NDArray[np.int32], ...]
    codes: NDArray[np.int32]
    persons: NDArray[np.int64]
    k_map: int | None = None
    presence: tuple[float, float] | None = None

    def __repr__(self) -> str:
        """Show counts, never codes."""
        return f"Population({len(self.persons)} lines, {len(self.columns)} columns)"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SearchTask:
    """What to look for, in which table, within which limits.

    Parameters
    ----------
    table : ClassTable
        The file, as classes.
    k : int
        Fewest distinct persons of a released class.
    suppression_limit : float
        Greatest share (0–1) of rows that may be suppressed; `local` suppresses none.
    weights : NDArray[np.float64]
        (columns): weight of each column's loss, positive.
    max_levels, min_levels : NDArray[np.int8]
        (columns): coarsest and finest level allowed, inclusive.
    diversity : tuple[Diversity, ...]
        l-diversity of sensitive columns.
    closeness : tuple[Closeness, ...]
        t-closeness of sensitive columns.
    population : Population or None
        Population models.
    method : {"global", "local", "cells"}
        One level per column, rows that may differ, or one level per column with single cells blanked.
    linked : {"classes", "rows"} or None
        Every released person shares the classes of all rows ("rows": and how many rows lie in each) with k persons; who does not is
        suppressed with all rows. The table then has a line per combination and pattern. None: classes are all that is asked.
    budget_seconds : float or None
        When to stop with the best so far; None: run to the proof (global), or until nothing improves (local).
    budget_nodes : int or None
        The same, in evaluated nodes: a deterministic budget.
    """

    table: ClassTable
    k: int
    suppression_limit: float
    weights: NDArray[np.float64]
    max_levels: NDArray[np.int8]
    min_levels: NDArray[np.int8]
    diversity: tuple[Diversity, ...] = ()
    closeness: tuple[Closeness, ...] = field(default=())
    population: Population | None = None
    method: Method = "global"
    linked: Linked | None = None
    budget_seconds: float | None = None
    budget_nodes: int | None = None
