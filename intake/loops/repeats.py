"""Bits of hashes: which of many may have been there before. Imported only to compile."""

import numpy as np
from numba import njit

_THREE, _SEVEN, _ONE = np.uint64(3), np.uint64(7), np.uint64(1)


@njit
def mark_hashes(hashes, bits, again):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - compiled
    """Set the bit of each hash; write those whose bit was set to `again`, and return how many they are."""
    mask, count = np.uint64(8 * bits.size - 1), 0
    for row in range(hashes.size):
        place = hashes[row] & mask
        bit = np.uint8(_ONE << (place & _SEVEN))
        if bits[place >> _THREE] & bit:
            again[count] = hashes[row]
            count += 1
        else:
            bits[place >> _THREE] |= bit
    return count


@njit
def find_marked(hashes, bits, places):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - compiled
    """Write the places of the hashes whose bit is set to `places`, and return how many they are."""
    mask, count = np.uint64(8 * bits.size - 1), 0
    for row in range(hashes.size):
        place = hashes[row] & mask
        if bits[place >> _THREE] & np.uint8(_ONE << (place & _SEVEN)):
            places[count] = row
            count += 1
    return count
