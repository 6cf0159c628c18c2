"""What to say when no recoding meets the requirements: how much fails, and which single wish is cheapest to relax.

Decided here: the order of proposals (a coarser column if one is enough, then a milder model with the value that suffices, then fewer linked
rows, then the suppression limit, then k). Not decided here: whether anything is relaxed; people do that.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from anonymize.classes import SearchTask
from anonymize.search.lines import asked_columns
from anonymize.search.milder import Milder, find_milder, is_possible
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
    if task.method == "global" and failed_rows < rows:
        hint = N_("raise suppression_limit to {share}, or lower k")
        return TargetNotReached(message, hint, **counts, share=_round_up(failed_rows / rows))
    return TargetNotReached(message, N_("lower k: the file has too few persons"), **counts)


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
