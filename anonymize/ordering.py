"""Rows of small whole numbers in ascending order, first column first: as few machine words as they fit into are sorted, not the columns."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

WORD_VALUES = 1 << 62


def sort_rows(codes: NDArray[np.signedinteger[Any]]) -> NDArray[np.int64]:
    """Return the order that puts rows into ascending order, first column first; equal rows keep theirs.

    Parameters
    ----------
    codes : NDArray[np.signedinteger[Any]]
        (n, q): whole numbers from 0.
    """
    words = pack_rows(codes)
    if len(words) == 1:
        return np.argsort(words[0], kind="stable")
    return np.lexsort(words[::-1]) if words else np.arange(len(codes))


def pack_rows(codes: NDArray[np.signedinteger[Any]]) -> list[NDArray[np.int64]]:
    """Return the columns as mixed-radix numbers: rows compare as these do, the first word first. No columns are no words.

    Parameters
    ----------
    codes : NDArray[np.signedinteger[Any]]
        (n, q): whole numbers from 0.
    """
    words: list[NDArray[np.int64]] = []
    values = 1
    for j in range(codes.shape[1]):
        distinct = int(codes[:, j].max(initial=0)) + 1
        if not words or values * distinct > WORD_VALUES:
            words.append(np.zeros(len(codes), dtype=np.int64))
            values = 1
        words[-1] *= distinct
        words[-1] += codes[:, j]
        values *= distinct
    return words


def number_present(cells: NDArray[np.signedinteger[Any]], distinct: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which of the numbers 0 … distinct - 1 occur, ascending, and the place of each cell's number among them."""
    seen = np.zeros(distinct, dtype=bool)
    seen[cells] = True
    return np.flatnonzero(seen), (np.cumsum(seen) - 1)[cells]
