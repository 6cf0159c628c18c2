"""Searches over the class table: which recoding loses least and still meets every requirement.

Decided here: which method answers a task, and what a task must look like. Not decided here: how a method searches.
"""

import numpy as np

from anonymize.classes import SearchTask
from anonymize.models.requirement import ClassSums
from anonymize.recoding import Recoding, SearchRecord
from anonymize.search.lines import asked_columns, make_requirement
from schemas.errors import PlanError, TargetNotReached
from schemas.messages import N_, Name

__all__ = ["find_recoding"]


def find_recoding(task: SearchTask) -> Recoding:
    """Return the best recoding the task's method can find; the answer does not depend on the order of lines in the class table.

    Parameters
    ----------
    task : SearchTask
        Class table, models, limits, method, budget.

    Raises
    ------
    PlanError
        Levels, weights or thresholds of the task contradict the table.
    TargetNotReached
        No recoding within the limits meets the models; the message says how many rows fail, the hint what to relax.
    """
    check_task(task)
    if len(task.table.rows) == 0 or len(task.table.columns) == 0:
        return _leave_empty(task)
    if task.method == "cells":
        from anonymize.search.cells import find_cells

        return find_cells(task)
    if task.method == "local" and task.linked:
        from anonymize.search.linked import find_linked_local

        return find_linked_local(task)
    if task.method == "local":
        from anonymize.search.local import find_local

        return find_local(task)
    from anonymize.search.optimum import find_global

    return find_global(task)


def check_task(task: SearchTask) -> None:
    """Raise when a task contradicts its table.

    Raises
    ------
    PlanError
        A level is outside its hierarchy, a weight is not positive, a limit is not a share, k is below 1, or a model asks for a column
        that is not in the table.
    """
    for j, name in enumerate(task.table.columns):
        top = len(task.table.levels[j].level_names) - 1
        if not 0 <= task.min_levels[j] <= task.max_levels[j] <= top:
            hint = N_("give levels from 0 to {top}, the finest not above the coarsest")
            raise PlanError(N_("levels of column {column} do not fit its hierarchy"), hint, column=Name(name), top=top)
        if not (np.isfinite(task.weights[j]) and task.weights[j] > 0):
            raise PlanError(N_("weight of column {column} is not positive"), N_("give a number above 0"), column=Name(name))
    if task.k < 1 or not 0 <= task.suppression_limit <= 1:
        raise PlanError(N_("k or suppression_limit is out of range"), N_("give k of at least 1 and a share from 0 to 1"))
    for name in asked_columns(task):
        if name not in task.table.sensitive:
            hint = N_("name a sensitive column of the plan")
            raise PlanError(N_("no counts of sensitive column {column}"), hint, column=Name(name))


def _leave_empty(task: SearchTask) -> Recoding:
    """Return the recoding of a table without lines or without quasi-identifiers (everybody is one class).

    Raises
    ------
    TargetNotReached
        Without quasi-identifiers, the whole file fails.
    """
    lines = len(task.table.rows)
    everybody = ClassSums(persons=np.array([task.table.total_persons] * lines), sensitive=task.table.sensitive)
    if lines and not make_requirement(task).satisfied(everybody).all():
        raise TargetNotReached(N_("the whole file, taken as one class, fails the privacy models"), N_("lower k or relax the models"))
    levels = np.broadcast_to(task.min_levels.astype(np.int8), (lines, len(task.table.columns))).copy()
    record = SearchRecord(lattice=1, evaluated=0, optimal=True, lower_bound=0.0, seconds=0.0)
    return Recoding(method=task.method, levels=levels, suppressed=np.zeros(lines, dtype=np.bool_), search=record)
