"""Which nodes the local search looks at: all of a small lattice, a guided choice of a large one."""

import numpy as np
from numpy.typing import NDArray

from anonymize.search.problem import Problem

ENUMERABLE = 2**17


def list_nodes(problem: Problem, kept: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the nodes, (nodes, columns), finest first in each column."""
    spans = [np.arange(low, high + 1) for low, high in zip(problem.finest, problem.coarsest, strict=True)]
    nodes: NDArray[np.int64] = np.stack([axis.ravel() for axis in np.meshgrid(*spans, indexing="ij")], axis=1).astype(np.int64)
    return nodes
