"""Mondrian along hierarchies, as the books have it: a reference that the local search is compared with.

A class is cut along the column that is widest in it, into the children of its group; a cut is allowed where every part keeps k persons.

References
----------
LeFevre, DeWitt, Ramakrishnan (2006), Mondrian multidimensional k-anonymity, doi:10.1109/ICDE.2006.101.
"""

import numpy as np
from numpy.typing import NDArray

from anonymize.classes import ClassTable


def split_all(table: ClassTable, k: int) -> float:
    """Return the loss of the classes that no cut is left for, each released at the finest levels that hold it."""
    losses = [levels.loss_of() for levels in table.levels]
    waiting, total = [np.arange(len(table.rows))], 0.0
    while waiting:
        lines = waiting.pop()
        at = find_levels(table, lines)
        widths = [losses[j][table.codes[lines[0], j], at[j]] for j in range(len(at))]
        for j in np.argsort(widths, kind="stable")[::-1]:
            parts = cut(table, lines, int(j), int(at[j]), k)
            if parts:
                waiting += parts
                break
        else:
            total += float(table.rows[lines].sum()) * float(np.mean(widths))
    return total / table.total_rows


def find_levels(table: ClassTable, lines: NDArray[np.int64]) -> list[int]:
    """Return the finest level of each column at which the lines are equal."""
    codes = table.codes[lines]
    return [int((levels.codes[codes[:, j]] == levels.codes[codes[0, j]]).all(axis=0).argmax()) for j, levels in enumerate(table.levels)]


def cut(table: ClassTable, lines: NDArray[np.int64], column: int, level: int, k: int) -> list[NDArray[np.int64]]:
    """Return the parts by the children of the lines' group; none where one has fewer than k persons."""
    if level == 0:
        return []
    children = table.levels[column].codes[table.codes[lines, column], level - 1]
    numbers = np.unique(children, return_inverse=True)[1].reshape(-1)
    if np.bincount(numbers, weights=table.persons[lines]).min() < k:
        return []
    return [lines[numbers == part] for part in range(int(numbers.max()) + 1)]
