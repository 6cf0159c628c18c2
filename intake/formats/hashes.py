"""A short hash of every row, to notice rows that are there twice. Not for security: a finding of it is a note."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

_BASIS, _PRIME, _BETWEEN = 0xCBF29CE484222325, 0x100000001B3, 0x1F


@njit(cache=True)
def _hash(data, starts, ends, hashes):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    for row in range(starts.shape[0]):
        value = np.uint64(_BASIS)
        for index in range(starts.shape[1]):
            for pos in range(starts[row, index], ends[row, index]):
                value = (value ^ np.uint64(data[pos])) * np.uint64(_PRIME)
            value = (value ^ np.uint64(_BETWEEN)) * np.uint64(_PRIME)
        hashes[row] = value


def hash_rows(data: NDArray[np.uint8], starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return a hash per row of its fields (FNV-1a, 64 bits); rows of equal fields have equal hashes.

    References
    ----------
    G. Fowler, L. C. Noll, K.-P. Vo, D. Eastlake, 2011, The FNV non-cryptographic hash algorithm.
    """
    hashes = np.empty(starts.shape[0], dtype=np.uint64)
    _hash(data, starts, ends, hashes)
    return hashes


def find_repeats(hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return the places of hashes that occurred before, ascending."""
    _, first = np.unique(hashes, return_index=True)
    seen = np.zeros(hashes.size, dtype=np.bool_)
    seen[first] = True
    return np.flatnonzero(~seen)
