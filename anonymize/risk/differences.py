"""Releases of two extracts of the same register, taken together: classes that shrank, and classes that overlap.

Decided here: what is compared, from the class tables alone. Who left or came between two extracts is told by subtraction wherever the same
part of the population has a few persons more or fewer; the secrets of these persons are what remains. Not decided here: what is too much.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from anonymize.risk.releases import NOT_RELEASED, Extract, JointClasses, count_sizes, number_lines
from anonymize.risk.secrets import measure_spread

ABSENT = -2


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """By how many persons the same part of a population differs between two releases.

    Parameters
    ----------
    sizes : dict[int, int]
        Absolute difference in persons → number of parts. A part is the smallest union of classes that both releases cover alike.
    """

    sizes: dict[int, int]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parts:
    """The parts of a population that two releases cover alike: the smallest unions of classes.

    Parameters
    ----------
    of_before, of_after : NDArray[np.int64]
        Part of each class.
    count : int
        Parts in all.
    """

    of_before: NDArray[np.int64]
    of_after: NDArray[np.int64]
    count: int


def _meet(before: Extract, after: Extract) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pairs of lines with equal values."""
    first, second = number_lines([before.keys, after.keys])
    left = pd.DataFrame({"number": first, "before": np.arange(len(first))})
    right = pd.DataFrame({"number": second, "after": np.arange(len(second))})
    met = left.merge(right, on="number")
    return met["before"].to_numpy(), met["after"].to_numpy()


def overlap_classes(before: Extract, after: Extract) -> JointClasses:
    """Return how many persons may share their class in both of two extracts, for everybody who is in both.

    A joint class holds the combinations of values that are in a class of the one and a class of the other; being suppressed is a class of
    its own. A combination that only one extract has counts where its class meets a single class of the other. A joint class has as many
    persons as the extract in which it has fewer: so many at the most are in both.

    Parameters
    ----------
    before, after : Extract
        Of two extracts of the same register; the same quasi-identifiers.
    """
    lines = _meet(before, after)
    pair = np.stack([before.classes[lines[0]], after.classes[lines[1]]])
    kept = (pair != NOT_RELEASED).any(axis=0)
    if not kept.any():
        return JointClasses(sizes={}, persons=0)
    width = int(pair.max()) + 2
    found, cells = np.unique((pair[0, kept] + 1) * width + pair[1, kept] + 1, return_inverse=True)
    sizes, sides = [], []
    for side, extract in enumerate((before, after)):
        class_of_cell = (found // width if side == 0 else found % width) - 1
        alone = np.setdiff1d(extract.released, lines[side])
        single = _find_single(class_of_cell, int(extract.classes.max(initial=0)) + 1)[extract.classes[alone]]
        placed = single >= 0
        these = np.concatenate([lines[side][kept], alone[placed]])
        cell_of = np.concatenate([cells.reshape(-1), single[placed]])
        sizes.append(extract.count_persons(these, cell_of, len(found)))
        sides.append((extract, these, cell_of))
    smaller = np.minimum(*sizes)
    spreads = tuple(measure_spread(s.repeat(lines), cell, smaller) for side, lines, cell in sides for s in side.secrets)
    return JointClasses(sizes=count_sizes(smaller[smaller > 0]), persons=int(smaller.sum()), spreads=spreads)


def overlap_all(others: Sequence[Extract], last: Extract) -> JointClasses | None:
    """Return how many persons may share their class in all of several extracts; None where a table tells persons of a combination apart.

    Parameters
    ----------
    others : sequence of Extract
        Of other extracts of the same register; the same quasi-identifiers, at least one.
    last : Extract
        The one they are held against. Combinations that not all of `others` have are left to the comparison of two.
    """
    first, *rest = others
    for other in rest:
        refined = _refine(first, other)
        if refined is None:
            return None
        first = refined
    return overlap_classes(first, last)


def _refine(before: Extract, after: Extract) -> Extract | None:
    """Return the lines of one extract that another has too, in joint classes of both."""
    mine, theirs = number_lines([before.keys, after.keys])
    class_of = np.full(max(int(mine.max(initial=-1)), int(theirs.max(initial=-1))) + 1, ABSENT, dtype=np.int64)
    class_of[theirs] = after.classes
    if (class_of[theirs] != after.classes).any():
        return None
    met = np.flatnonzero(class_of[mine] != ABSENT)
    pair = np.stack([before.classes[met], class_of[mine[met]]])
    joint = pd.factorize((pair[0] + 1) * (int(pair[1].max(initial=0)) + 2) + pair[1] + 1)[0].astype(np.int64)
    joint[(pair == NOT_RELEASED).all(axis=0)] = NOT_RELEASED
    return replace(before.take(met), classes=joint)


def _find_single(class_of_cell: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """Return, per class, its cell where it has one alone, else -1."""
    known = np.flatnonzero(class_of_cell >= 0)
    single = np.full(classes, NOT_RELEASED, dtype=np.int64)
    single[class_of_cell[known]] = known
    single[np.bincount(class_of_cell[known], minlength=classes) != 1] = NOT_RELEASED
    return single


def find_parts(before: Extract, after: Extract) -> Parts:
    """Return the parts of a population that two releases cover alike.

    Classes of the two releases belong to one part when a combination of values is in both, directly or by way of other classes. Of equal
    recodings every class is a part of its own; of different ones the parts are larger, and tell less.
    """
    of_before, of_after = (extract.classes[lines] for extract, lines in zip((before, after), _meet(before, after), strict=True))
    start = int(before.classes.max(initial=-1)) + 1
    nodes = start + int(after.classes.max(initial=-1)) + 1
    both = (of_before != NOT_RELEASED) & (of_after != NOT_RELEASED)
    links = coo_array((np.ones(both.sum(), dtype=np.int8), (of_before[both], of_after[both] + start)), shape=(nodes, nodes))
    count, numbers = connected_components(links, directed=False) if nodes else (0, ())
    part_of: NDArray[np.int64] = np.array(numbers, dtype=np.int64)
    return Parts(of_before=part_of[:start], of_after=part_of[start:], count=int(count))


def compare_extracts(before: Extract, after: Extract, parts: Parts | None = None) -> Differences:
    """Return by how many persons two releases differ, in every part of the population that both cover alike.

    Parameters
    ----------
    before, after : Extract
        Of two extracts of the same register at different times, or of the same file where rows were suppressed; the same
        quasi-identifiers.
    parts : Parts or None
        Their parts, where they are known.

    References
    ----------
    J.-W. Byun, Y. Sohn, E. Bertino, N. Li (2006), Secure anonymization for incremental datasets, doi:10.1007/11844662_4.
    """
    found = parts or find_parts(before, after)
    old, new = (
        extract.count_persons(extract.released, part_of[extract.classes[extract.released]], found.count)
        for extract, part_of in ((before, found.of_before), (after, found.of_after))
    )
    return Differences(sizes=count_sizes(np.abs(new - old)))


def count_changes(before: pd.DataFrame, after: pd.DataFrame, parts: Parts) -> dict[int, int]:
    """Return by how many persons the values of a sensitive column went away, or came, in a part: size → number of parts and directions.

    Parameters
    ----------
    before, after : pd.DataFrame
        Columns `class`, `value`, `persons`.
    parts : Parts
        Of the two releases.

    References
    ----------
    X. Xiao, Y. Tao (2007), m-invariance: towards privacy preserving re-publication of dynamic datasets, doi:10.1145/1247480.1247556.
    """
    old = before.assign(part=parts.of_before[before["class"].to_numpy()], change=-before["persons"])
    new = after.assign(part=parts.of_after[after["class"].to_numpy()], change=after["persons"])
    change = pd.concat([old, new]).groupby(["part", "value"], dropna=False)["change"].sum()
    sides = (change[sign * change > 0].abs().groupby("part").sum().to_numpy() for sign in (-1, 1))
    return count_sizes(np.concatenate([side.astype(np.int64) for side in sides]))
