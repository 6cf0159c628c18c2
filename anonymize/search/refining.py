"""Passes over the classes of a finished local recoding that cut them anew (`resplit`).

Decided here: when such passes are worth their time, and how many are made. Not decided here: the cuts.
"""

import numpy as np

from anonymize.search.clusters import Clusters
from anonymize.search.resplit import Partition, resplit
from anonymize.search.walks import Trees, plant_trees

LEAST_PASS_GAIN = 1e-4
FEWEST_PASSES, MOST_PASSES = 2, 10
USUAL_COLUMNS = 8
# Lines times classes of one pass: above the first there is no time for exchanges beside it, above the second none for the pass itself.
LIGHT_WORK, AFFORDABLE_WORK = 3 * 10**6, 10**7


def count_work(clusters: Clusters) -> int:
    """Return lines times classes, times the pairs of columns beyond the usual: how long one pass takes."""
    return int((clusters.rows > 0).sum()) * len(clusters.classes) * max(clusters.levels.shape[1] // USUAL_COLUMNS, 1) ** 2


def resplit_classes(clusters: Clusters) -> Clusters:
    """Return classes that lose no more in sum, after passes until one gains next to nothing."""
    problem = clusters.problem
    trees = plant_trees(problem)
    passes = AFFORDABLE_WORK // max(count_work(clusters), 1)
    for _ in range(max(FEWEST_PASSES, min(passes, MOST_PASSES))):
        clusters.lower()
        part = _make_partition(trees, clusters)
        present = np.flatnonzero(clusters.rows > 0)
        gained = resplit(trees, part, problem.task.k, present[np.argsort(-part.losses[present], kind="stable")])
        clusters = Clusters(clusters.gauge, part.classes, part.levels[: part.numbers[0]].astype(np.int8))
        if gained <= LEAST_PASS_GAIN * problem.total:
            break
    return clusters


def _make_partition(trees: Trees, clusters: Clusters) -> Partition:
    """Return the classes in the form the loop wants."""
    problem, count = clusters.problem, len(clusters.levels)
    # One pass makes at most one class per line.
    room = count + len(problem.rows)
    levels = np.zeros((room, problem.values.shape[1]), dtype=np.int64)
    levels[:count] = clusters.levels
    firsts, sums, losses = np.zeros(room, dtype=np.int64), np.zeros(room, dtype=np.int64), np.zeros(room)
    firsts[:count] = np.maximum(clusters.firsts, 0)
    inside = clusters.classes >= 0
    np.add.at(sums, clusters.classes[inside], problem.persons[inside])
    for j in range(levels.shape[1]):
        losses[:count] += trees.losses[problem.positions[firsts[:count], j], levels[:count, j]]
    return Partition(
        problem.rows, problem.persons, clusters.classes.copy(), levels, firsts, sums, losses, np.array([count], dtype=np.int64)
    )
