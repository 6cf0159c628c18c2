"""δ-presence in the local search: the columns that the population table has keep one level each, those of the best global recoding.

With rows at different levels, one person of the population would match several classes that overlap, and no class alone would tell how
probable it is that the person is in the release. With one level per column everybody matches one cell (ADR 0016). The other columns vary.
"""

from dataclasses import replace

import numpy as np

from anonymize.classes import SearchTask
from anonymize.search.optimum import find_global


def hold_levels(task: SearchTask) -> SearchTask:
    """Return the task with one level allowed in each column of the population table; the task itself without δ-presence.

    Raises
    ------
    TargetNotReached
        No global recoding meets the models.
    """
    population = task.population
    if population is None or population.presence is None:
        return task
    columns = list(population.columns)
    finest, coarsest = task.min_levels.copy(), task.max_levels.copy()
    finest[columns] = coarsest[columns] = np.asarray(find_global(task).levels[0, columns])
    return replace(task, min_levels=finest, max_levels=coarsest)
