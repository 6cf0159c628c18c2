"""Several releases of the same persons, taken together: who is told apart by being in two classes at once, or by a class that shrank.

Decided here: what releases that are each safe tell together. An attacker may hold all of them, since recipients may collude. Needed are
the class tables alone (which combination of values went into which class, and how many persons it has), not the persons. Not decided here:
where the tables come from, what is too much.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

NOT_RELEASED = -1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Extract:
    """The class table of one release.

    Parameters
    ----------
    keys : pa.Table
        One line per distinct combination of quasi-identifier values, as they came.
    classes : NDArray[np.int64]
        (lines): released class, 0 …; -1 where the line was suppressed.
    persons : NDArray[np.int64]
        (lines): persons of the line; nobody stands in two.
    """

    keys: pa.Table
    classes: NDArray[np.int64]
    persons: NDArray[np.int64]

    def __repr__(self) -> str:
        """Show a count, never a value."""
        return f"Extract({len(self.classes)} lines)"


@dataclass(frozen=True, slots=True, kw_only=True)
class JointClasses:
    """What the classes of several releases of the same file are together.

    Parameters
    ----------
    sizes : dict[int, int]
        Size in persons → number of joint classes: persons who share their class in every release. Who is suppressed in one of the releases
        shares that.
    persons : int
        Persons in any of the releases.
    """

    sizes: dict[int, int]
    persons: int

    @property
    def smallest(self) -> int:
        """Persons of the smallest joint class; 0 without one."""
        return min(self.sizes, default=0)

    def count_below(self, k: int) -> tuple[int, int]:
        """Return the joint classes of fewer than k persons, and their persons."""
        below = {size: number for size, number in self.sizes.items() if size < k}
        return sum(below.values()), sum(size * number for size, number in below.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """By how many persons the same part of a population differs between two releases.

    Parameters
    ----------
    sizes : dict[int, int]
        Absolute difference in persons → number of parts. A part is the smallest union of classes that both releases cover alike.
    """

    sizes: dict[int, int]

    def count_small(self, k: int) -> tuple[int, int]:
        """Return the parts that differ by 1 … k − 1 persons, and these persons: the secrets of who left are what remains by subtraction."""
        small = {size: number for size, number in self.sizes.items() if 0 < size < k}
        return sum(small.values()), sum(size * number for size, number in small.items())


def number_lines(tables: Sequence[pa.Table]) -> list[NDArray[np.int64]]:
    """Return, per table, a number for each line: equal exactly where all values are equal; a missing value equals a missing value.

    Parameters
    ----------
    tables : sequence of pa.Table
        With the same columns; types may differ in width.
    """
    numbers = np.zeros(sum(table.num_rows for table in tables), dtype=np.int64)
    for name in tables[0].column_names:
        column = pa.concat_tables([table.select([name]) for table in tables], promote_options="permissive").column(0)
        codes = pc.dictionary_encode(column.combine_chunks(), null_encoding="encode").indices.to_numpy()
        numbers = pd.factorize(numbers * (int(codes.max(initial=0)) + 1) + codes)[0].astype(np.int64)
    ends = np.cumsum([table.num_rows for table in tables])[:-1]
    return np.split(numbers, ends)


def join_classes(extracts: Sequence[Extract]) -> JointClasses:
    """Return the joint classes of releases of one and the same file.

    Parameters
    ----------
    extracts : sequence of Extract
        Of releases with the same quasi-identifiers, made from the same rows; at least one.

    References
    ----------
    S. R. Ganta, S. P. Kasiviswanathan, A. Smith (2008), Composition attacks and auxiliary information in data privacy,
    doi:10.1145/1401890.1401926.
    """
    lines = number_lines([extract.keys for extract in extracts])
    width = max(int(number.max(initial=-1)) for number in lines) + 1
    joint, persons = np.zeros(width, dtype=np.int64), np.zeros(width, dtype=np.int64)
    released = np.zeros(width, dtype=bool)
    for number, extract in zip(lines, extracts, strict=True):
        classes = np.full(width, NOT_RELEASED, dtype=np.int64)
        classes[number] = extract.classes
        joint = pd.factorize(joint * (int(classes.max(initial=0)) + 2) + classes + 1)[0].astype(np.int64)
        persons[number] = np.maximum(persons[number], extract.persons)
        released |= classes != NOT_RELEASED
    sizes = np.bincount(joint[released], weights=persons[released]).astype(np.int64)
    return JointClasses(sizes=_count(sizes[sizes > 0]), persons=int(persons[released].sum()))


def compare_extracts(before: Extract, after: Extract) -> Differences:
    """Return by how many persons two releases differ, in every part of the population that both cover alike.

    Classes of the two releases belong to one part when a combination of values is in both, directly or by way of other classes. Of equal
    recodings every class is a part of its own; of different ones the parts are larger, and tell less.

    Parameters
    ----------
    before, after : Extract
        Of two extracts of the same register at different times, or of the same file where rows were suppressed; the same
        quasi-identifiers.

    References
    ----------
    J.-W. Byun, Y. Sohn, E. Bertino, N. Li (2006), Secure anonymization for incremental datasets, doi:10.1007/11844662_4.
    """
    first, second = number_lines([before.keys, after.keys])
    width = max(int(first.max(initial=-1)), int(second.max(initial=-1))) + 1
    of_before, of_after = (_spread(number, extract.classes, width) for number, extract in ((first, before), (second, after)))
    start = int(of_before.max(initial=-1)) + 1
    nodes = start + int(of_after.max(initial=-1)) + 1
    both = (of_before != NOT_RELEASED) & (of_after != NOT_RELEASED)
    links = coo_array((np.ones(both.sum(), dtype=np.int8), (of_before[both], of_after[both] + start)), shape=(nodes, nodes))
    parts, part_of = connected_components(links, directed=False)
    change = np.zeros(parts, dtype=np.int64)
    for extract, shift, sign in ((before, 0, -1), (after, start, 1)):
        released = extract.classes != NOT_RELEASED
        np.add.at(change, part_of[extract.classes[released] + shift], sign * extract.persons[released])
    return Differences(sizes=_count(np.abs(change)))


def _spread(number: NDArray[np.int64], classes: NDArray[np.int64], width: int) -> NDArray[np.int64]:
    """Return the class of every numbered line, -1 where the extract lacks it."""
    spread = np.full(width, NOT_RELEASED, dtype=np.int64)
    spread[number] = classes
    return spread


def _count(sizes: NDArray[np.int64]) -> dict[int, int]:
    """Return size → how many have it."""
    found, numbers = np.unique(sizes, return_counts=True)
    return dict(zip(found.tolist(), numbers.tolist(), strict=True))
