"""Ascending order: of rows of small whole numbers (as few machine words as they fit into are sorted, not the columns), and of values."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
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
    if len(words) == 1 and (words[0][1:] >= words[0][:-1]).all():
        return np.arange(len(codes))
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


def number_values(column: pa.ChunkedArray) -> tuple[pa.Array, NDArray[np.int32]]:
    """Return the distinct values in ascending order, a missing value last, and the number of each cell's value."""
    encoded = column.dictionary_encode(null_encoding="encode")
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    order: NDArray[np.int64] = pc.array_sort_indices(encoded.dictionary, null_placement="at_end").to_numpy().astype(np.int64)
    position = np.empty(len(order), dtype=np.int32)
    position[order] = np.arange(len(order), dtype=np.int32)
    numbers: NDArray[np.int32] = position[encoded.indices.to_numpy()]
    return encoded.dictionary.take(pa.array(order)), numbers
