"""The last lines of the local search, too few for a class of their own: each joins the class that costs least.

Decided here: whom a line joins. The class is lifted to the finest levels that hold both. Where joining could break a model that does not
*grow* (entropy or recursive diversity, t-closeness), the nearest classes are tried in turn, and merged until the union meets it: the
coarsest cell as a whole does, or its lines would not have been kept.
"""

import numpy as np
from numpy.typing import NDArray

from anonymize.search.clusters import Clusters
from schemas.errors import InternalError
from schemas.messages import N_

CANDIDATES = 8


def join_leftovers(clusters: Clusters, leftovers: NDArray[np.int64]) -> None:
    """Give every leftover line a class.

    Parameters
    ----------
    clusters : Clusters
        Classes so far, each satisfied.
    leftovers : NDArray[np.int64]
        Lines without a class, in the order in which they choose.
    """
    numbers = clusters.add(leftovers)
    waits = np.zeros(len(clusters.levels), dtype=np.bool_)
    waits[numbers] = True
    for number in numbers:
        waits[number] = False
        if clusters.rows[number] > 0:
            _settle(clusters, number, waits)


def repair(clusters: Clusters) -> None:
    """Lower the classes to the finest levels that hold them, and merge those that fail then."""
    clusters.lower()
    merge_failing(clusters)


def merge_failing(clusters: Clusters) -> None:
    """Unify the classes that a reader cannot tell apart, and merge on until every class is satisfied.

    Classes fail here only where models are not monotone: persons who stand in several classes, and a model that does not grow.
    """
    clusters.unify()
    while len(failing := clusters.failing()):
        for number in failing:
            if clusters.rows[number] > 0:
                _settle(clusters, int(number), np.zeros(len(clusters.levels), dtype=np.bool_))
        clusters.unify()


def _settle(clusters: Clusters, number: int, waits: NDArray[np.bool_]) -> None:
    """Merge a class that fails with its nearest ones, those that wait for a class last, until it is satisfied."""
    grows = clusters.gauge.requirement.grows
    while not clusters.is_satisfied(number):
        near, waiting = clusters.find_nearest(number, waits, CANDIDATES)
        if not near and waiting < 0:
            if not clusters.lift(number):
                raise InternalError(N_("a coarsest class fails that did not fail before"), N_("report this defect"))
            return
        fits = (c for c in near if grows or clusters.is_satisfied(number, c, levels=clusters.union(number, c)))
        target = next(fits, near[0] if near else waiting)
        clusters.merge(number, target, clusters.union(number, target))
        number = target
