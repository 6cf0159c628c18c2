"""Special uniques (SUDA2): persons whom a few columns tell apart, and which columns do it.

Decided here: what a minimal sample unique is, how it is scored, and how far the search goes. Not decided here: which file is looked at
(`combinations`), which figures are told (`uniques`).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

LARGEST = 3  # columns of a minimal sample unique at most; larger ones score least and cost most
MOST_CELLS = 500_000_000  # lines × sets of columns that are looked at: some 20 seconds of one core
Flags = NDArray[np.bool_]
Owners = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SpecialUniques:
    """What the minimal sample uniques of a file are.

    A minimal sample unique (MSU) of a person is a set of columns whose values nobody else has, and of which no smaller part will do.

    Parameters
    ----------
    scores : NDArray[np.float64]
        (lines): sum over the person's MSUs of ∏ (columns − i), i = size … `largest`; 0 without one.
    smallest : NDArray[np.int8]
        (lines): columns of the person's smallest MSU; 0 without one.
    contributions : NDArray[np.float64]
        (columns): share (0–1) of all scores that comes from MSUs with this column; they do not add up to 1.
    largest : int
        Columns of an MSU at most.
    """

    scores: NDArray[np.float64]
    smallest: NDArray[np.int8]
    contributions: NDArray[np.float64]
    largest: int

    def __repr__(self) -> str:
        """Show a count, never a line."""
        return f"SpecialUniques({int(np.count_nonzero(self.smallest))} lines)"


def choose_largest(lines: int, columns: int, *, most_cells: int = MOST_CELLS) -> int:
    """Return how many columns a minimal sample unique may have, so that the search stays within its bound; at least 1, at most 3."""
    for largest in range(min(LARGEST, columns), 1, -1):
        if lines * sum(math.comb(columns, size) for size in range(1, largest + 1)) <= most_cells:
            return largest
    return 1


def find_special_uniques(codes: NDArray[np.int32], owners: Owners, *, largest: int = LARGEST) -> SpecialUniques:
    """Return the minimal sample uniques of a class table.

    Parameters
    ----------
    codes : NDArray[np.int32]
        (lines, columns): value of each combination, 0 … in each column. Lines are distinct.
    owners : NDArray[np.int64]
        (lines): number of the one person of each combination, 0 …; -1 where several persons have it. A person may stand in several lines.
    largest : int
        Columns of an MSU at most, at least 1; cut to the number of columns.

    Returns
    -------
    SpecialUniques
        Scores 0 and contributions 0 where nobody is special.

    References
    ----------
    M. J. Elliot, A. Manning, K. Mayes, J. Gurd, M. Bane (2005), SUDA: a program for detecting special uniques (score).
    A. M. Manning, D. J. Haglin, J. A. Keane (2008), A recursive search algorithm for statistical disclosure assessment,
    doi:10.1007/s10618-007-0078-6 (minimality: only the parts with one column less need a look).
    """
    lines, columns = codes.shape
    largest = min(largest, columns)
    scores, smallest = np.zeros(lines), np.zeros(lines, dtype=np.int8)
    shares = np.zeros(columns)
    below: dict[tuple[int, ...], Flags] = {(): np.zeros(lines, dtype=bool)}
    for size in range(1, largest + 1):
        weight = float(math.prod(columns - i for i in range(size, largest + 1) if columns > i))
        alone: dict[tuple[int, ...], Flags] = {}
        for chosen, unique in _find_alone(codes, owners, size):
            if size < largest:
                alone[chosen] = unique
            minimal = unique.copy()
            for part in combinations(chosen, size - 1):
                minimal &= ~below[part]
            found = int(np.count_nonzero(minimal))
            if found:
                scores[minimal] += weight
                smallest[minimal & (smallest == 0)] = size
                shares[list(chosen)] += weight * found
        below = alone
    total = scores.sum()
    return SpecialUniques(scores=scores, smallest=smallest, contributions=shares / total if total else shares, largest=largest)


def _find_alone(codes: NDArray[np.int32], owners: Owners, size: int) -> Iterator[tuple[tuple[int, ...], Flags]]:
    """Yield every set of `size` columns with the lines whose one person nobody shares the values with."""
    numbered: dict[tuple[int, ...], tuple[NDArray[np.int64], int]] = {(): (np.zeros(len(codes), dtype=np.int64), 1)}
    for chosen in combinations(range(codes.shape[1]), size):
        groups, count = _number_groups(codes, chosen, numbered)
        first = np.full(count, -1, dtype=np.int64)
        first[groups] = owners  # one line of each group; the group is one person's when all its lines are
        others = np.zeros(count, dtype=np.bool_)
        others[groups[(owners < 0) | (first[groups] != owners)]] = True
        yield chosen, ~others[groups]


def _number_groups(
    codes: NDArray[np.int32], chosen: tuple[int, ...], numbered: dict[tuple[int, ...], tuple[NDArray[np.int64], int]]
) -> tuple[NDArray[np.int64], int]:
    """Return the group of each line by the chosen columns; prefixes are kept, so that a set costs one more column."""
    known = chosen[:-1]
    while known not in numbered:
        known = known[:-1]
    for stale in [key for key in numbered if key != known[: len(key)]]:
        del numbered[stale]
    for end in range(len(known) + 1, len(chosen) + 1):
        groups, _ = numbered[chosen[: end - 1]]
        column = codes[:, chosen[end - 1]].astype(np.int64)
        width = int(column.max(initial=0)) + 1
        fresh, values = pd.factorize(groups * width + column)
        numbered[chosen[:end]] = (fresh.astype(np.int64), len(values))
    return numbered[chosen]


def score_disclosure(scores: NDArray[np.float64], columns: int, *, pairs: int, fraction: float) -> NDArray[np.float64]:
    """Return the DIS-SUDA score of each line: the probability that a unique match is the right person, spread by the SUDA scores.

    With S the score, Q = 1 + (8 − columns)/20 and A = Σ S^−Q over all lines with a score: 1/(1 + P·(1 − π)/π / (S^Q·A)); the mean
    over all uniques is near U·π/(U·π + P·(1 − π)), what taking away a person and matching with a pair tells.

    Parameters
    ----------
    scores : NDArray[np.float64]
        (lines): SUDA scores; 0 gives 0.
    columns : int
        Columns that were searched.
    pairs : int
        P: persons who share all columns with exactly one other.
    fraction : float
        π: sampling fraction, above 0, at most 1.

    References
    ----------
    C. J. Skinner, M. J. Elliot (2002), A measure of disclosure risk for microdata, doi:10.1111/1467-9868.00365;
    M. J. Elliot et al. (2005), SUDA; the weights are those of sdcMicro (M. Templ et al. 2015, doi:10.18637/jss.v067.i04).
    """
    found = np.zeros(len(scores))
    special = scores > 0
    weights = scores[special] ** (1 + (8 - columns) / 20)
    if len(weights):
        found[special] = 1 / (1 + pairs * (1 - fraction) / fraction / (weights * (1 / weights).sum()))
    return found
