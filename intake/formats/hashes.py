"""Rows that are there twice, noticed by a short hash of each. Not for security: a finding of it is a note."""

import numpy as np
from numpy.typing import NDArray


def find_repeats(hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return the places of hashes that occurred before, ascending."""
    ordered = np.sort(hashes)
    twice = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    # few hashes are there twice, and only for those it is looked where
    places = np.flatnonzero(np.isin(hashes, twice))
    _, first = np.unique(hashes[places], return_index=True)
    return np.delete(places, first)
