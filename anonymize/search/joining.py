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
    pending = clusters.add(leftovers)
    while pending:
        number = pending.pop(0)
        if clusters.rows[number] > 0:
            _settle(clusters, number, pending)


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
                _settle(clusters, int(number), [])
        clusters.unify()


def _settle(clusters: Clusters, number: int, pending: list[int]) -> None:
    """Merge a class that fails with its nearest ones until it is satisfied."""
    while not clusters.is_satisfied(number):
        costs = clusters.merge_costs(number)
        settled = costs.copy()
        settled[pending] = np.inf
        near = _find_least(settled)
        grows = clusters.gauge.requirement.grows
        if not np.isfinite(costs).any() and not clusters.lift(number):
            raise InternalError(N_("a coarsest class fails that did not fail before"), N_("report this defect"))
        if not np.isfinite(costs).any():
            return
        fits = (c for c in near if grows or clusters.is_satisfied(number, c, levels=clusters.union(number, c)))
        target = next(fits, near[0] if near else int(np.argmin(costs)))
        clusters.merge(number, target, clusters.union(number, target))
        number = target


def _find_least(costs: NDArray[np.float64]) -> list[int]:
    """Return the classes of the smallest finite costs, ascending; of equal ones the first."""
    last = min(CANDIDATES, len(costs)) - 1
    few = np.flatnonzero(costs <= np.partition(costs, last)[last])
    few = few[np.argsort(costs[few], kind="stable")][:CANDIDATES]
    return [int(c) for c in few if np.isfinite(costs[c])]
