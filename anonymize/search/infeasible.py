"""What to say when no recoding meets the requirements: how much fails, and which single wish is cheapest to relax.

Decided here: the order of proposals (a coarser column if one is enough, then a milder model with the value that suffices, then fewer linked
rows, then the suppression limit, then several coarser columns, then k). Not decided here: whether anything is relaxed; people do that.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from anonymize.classes import SearchTask
from anonymize.search.lines import asked_columns
from anonymize.search.milder import Milder, find_milder, find_smaller_k, is_possible
from schemas.errors import TargetNotReached
from schemas.messages import N_, Name


def make_error(task: SearchTask, failed_rows: int) -> TargetNotReached:
    """Return the error that names rows and the cheapest wish to relax.

    Parameters
    ----------
    task : SearchTask
        The task that cannot be met.
    failed_rows : int
        Rows in classes that fail at the coarsest levels allowed.
    """
    message = N_("{failed} of {rows} rows cannot meet the privacy models even at the coarsest levels allowed; {limit} may be suppressed")
    rows = int(task.table.total_rows)
    counts: dict[str, Any] = {"failed": int(failed_rows), "rows": rows, "limit": row_limit(task)}
    column = _cheapest_column(task)
    if column is not None:
        j, level = column
        names: dict[str, Any] = {"column": Name(task.table.columns[j]), "level": Name(task.table.levels[j].level_names[level])}
        return TargetNotReached(message, N_("allow {column} up to level {level}"), **counts, **names)
    model = find_milder(task) or _whole_model(task)
    if model is not None:
        return TargetNotReached(message, model[0], **counts, **model[1])
    if task.linked is not None and is_possible(replace(task, linked=None))[0]:
        message = N_(
            "{failed} of {rows} rows are of persons whose linked rows fewer than {k} persons share even at the coarsest levels allowed; "
            "{limit} may be suppressed"
        )
        hint = N_(
            "give fewer rows of each person (rows_per_person), reduce them to periods (aggregate), or raise suppression_limit to {share}"
        )
        return TargetNotReached(message, hint, **counts, k=task.k, share=_round_up(failed_rows / rows))
    hint, values = _relax_sizes(task, _round_up(failed_rows / rows))
    return TargetNotReached(message, hint, **counts, **values)


def _relax_sizes(task: SearchTask, share: float) -> Milder:
    """Return the hint, with its values, about the suppression limit, several columns, or k: what was tried and is enough."""
    k = find_smaller_k(task)
    if share < 1.0 and is_possible(replace(task, suppression_limit=share))[0]:
        if k is None:
            return N_("raise suppression_limit to {share}"), {"share": share}
        return N_("raise suppression_limit to {share}, or lower k to {smaller}"), {"share": share, "smaller": k}
    columns = _several_columns(task)
    if columns:
        return N_("allow coarser levels of all these columns: {columns}"), {"columns": Name(", ".join(columns))}
    if k is not None:
        return N_("lower k to {smaller}"), {"smaller": k}
    return N_("relax several wishes of the plan together: no single one is enough, whatever its value"), {}


def _round_up(share: float) -> float:
    return int(np.ceil(1000 * share)) / 1000


def row_limit(task: SearchTask) -> int:
    """Return how many rows may be suppressed."""
    return int(np.floor(task.suppression_limit * task.table.total_rows + 1e-9))


def _cheapest_column(task: SearchTask) -> tuple[int, int] | None:
    """Return the one column, and the level, that would be enough; among several the one with the smallest loss."""
    found = []
    for j, level in _coarser(task):
        higher = task.max_levels.copy()
        higher[j] = level
        possible, loss = is_possible(replace(task, max_levels=higher))
        if possible:
            found.append((loss, j, level))
    return min(found)[1:] if found else None


def _several_columns(task: SearchTask) -> list[str]:
    """Return columns that are enough when all of them may reach their coarsest level, and none of which can be left out; empty for none."""
    coarsest = np.array([len(table.level_names) - 1 for table in task.table.levels], dtype=task.max_levels.dtype)
    if not is_possible(replace(task, max_levels=coarsest))[0]:
        return []
    for j in range(len(coarsest)):
        fewer = coarsest.copy()
        fewer[j] = task.max_levels[j]
        if is_possible(replace(task, max_levels=fewer))[0]:
            coarsest = fewer
    return [task.table.columns[j] for j in np.flatnonzero(coarsest != task.max_levels)]


def _coarser(task: SearchTask) -> Iterator[tuple[int, int]]:
    """Yield each column and level above its coarsest allowed."""
    for j, table in enumerate(task.table.levels):
        for level in range(int(task.max_levels[j]) + 1, len(table.level_names)):
            yield j, level


def _whole_model(task: SearchTask) -> Milder | None:
    """Return the hint for the sensitive column whose models, all left out, would make the task possible; or for the population."""
    for column in asked_columns(task):
        diversity = tuple(wish for wish in task.diversity if wish.column != column)
        closeness = tuple(wish for wish in task.closeness if wish.column != column)
        if is_possible(replace(task, diversity=diversity, closeness=closeness))[0]:
            return N_("relax the model on {column}, or drop it from the plan"), {"column": Name(column)}
    if task.population is not None and is_possible(replace(task, population=None))[0]:
        return N_("lower k_map, widen delta_presence, or give a population table that covers the file"), {}
    return None
