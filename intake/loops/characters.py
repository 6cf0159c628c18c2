"""Characters of one and two bytes, told apart in one pass. Imported only to compile."""

import numpy as np
from numba import njit


@njit
def skip_characters(data, lead, forms):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - compiled
    """Return the first byte of a character that goes on in the next piece, 0 when none does, -1 when something is no character."""
    pos = 0
    if lead and data.size:
        if not forms[lead << 8 | data[0]]:
            return -1
        pos = 1
    while pos < data.size:
        byte = np.int64(data[pos])
        if forms[byte]:
            pos += 1
        elif pos + 1 == data.size:
            return byte
        elif forms[byte << 8 | data[pos + 1]]:
            pos += 2
        else:
            return -1
    return 0
