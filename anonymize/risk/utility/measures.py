"""Formulas of utility: distances of distributions, information, and how a coarse value is shared out among those it stands for.

Pure: arrays in, numbers out. Not decided here: which distributions are compared (`grids`).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Floats = NDArray[np.float64]
Distance = Callable[[Floats, Floats], float]
ROUNDS = 20
FEWEST = 1e-12


def total_variation(first: Floats, second: Floats) -> float:
    """Return half the sum of absolute differences of two distributions, 0 (equal) to 1 (nothing in common).

    Parameters
    ----------
    first, second : Floats
        Weights of the same shape, of any sum above 0; each is scaled to 1. Two empty ones are equal, an empty and a full one are not.
    """
    return _compare(first, second, lambda p, q: float(np.abs(p - q).sum() / 2))


def hellinger(first: Floats, second: Floats) -> float:
    """Return the Hellinger distance of two distributions, 0 to 1: sqrt(1 - Σ sqrt(p q)); shapes as in `total_variation`.

    References
    ----------
    E. Hellinger (1909), doi:10.1515/crll.1909.136.210.
    """
    return _compare(first, second, lambda p, q: float(np.sqrt(max(0.0, 1 - float(np.sqrt(p * q).sum())))))


def _compare(first: Floats, second: Floats, distance: Distance) -> float:
    sums = float(first.sum()), float(second.sum())
    if not all(sums):
        return float(any(sums))
    return min(1.0, distance(first / sums[0], second / sums[1]))


def entropy(weights: Floats) -> float:
    """Return the entropy of a distribution in bits; 0 for an empty one.

    References
    ----------
    C. E. Shannon (1948), doi:10.1002/j.1538-7305.1948.tb01338.x.
    """
    shares = weights[weights > 0] / max(float(weights.sum()), FEWEST)
    return float(-(shares * np.log2(shares)).sum()) + 0.0


def mutual_information(table: Floats) -> float:
    """Return how much each of two columns tells of the other, in bits, from the table of their weights."""
    return max(0.0, entropy(table.sum(axis=0)) + entropy(table.sum(axis=1)) - entropy(table.ravel()))


def chance_information(table: Floats, rows: int) -> float:
    """Return the mutual information, in bits, that a table of so many rows shows on average although its columns are independent.

    References
    ----------
    G. A. Miller (1955), Note on the bias of information estimates: (r - 1)(c - 1) / (2 n ln 2), over the lines and columns in use.
    """
    used = [int(np.count_nonzero(table.sum(axis=axis))) for axis in (0, 1)]
    return float((used[0] - 1) * (used[1] - 1) / (2 * max(rows, 1) * np.log(2)))


def information_kept(original: Floats, released: Floats, members: csr_array) -> float:
    """Return the share of a column's information that its released labels keep, 0–1.

    1 - Σ q(y) H(X | X in y) / H(X): what is still unknown of the value X once its label y is read, by the frequencies of the original.

    Parameters
    ----------
    original : Floats
        (values): rows of each value.
    released : Floats
        (labels): rows of each released label.
    members : csr_array
        (labels, values): 1 where the label stands for the value.

    References
    ----------
    A. Gionis, T. Tassa (2009), k-Anonymization with minimal loss of information, doi:10.1109/TKDE.2008.129 (entropy measure).
    """
    whole = entropy(original)
    if whole < FEWEST or not released.sum():
        return 1.0 if released.sum() else 0.0
    inside = members.multiply(original[None, :]).tocsr()
    sums = np.asarray(inside.sum(axis=1)).ravel()
    logs = inside.copy()
    logs.data = inside.data * np.log2(np.maximum(inside.data, FEWEST))
    weighted = np.asarray(logs.sum(axis=1)).ravel()
    unknown = np.where(sums > 0, np.log2(np.maximum(sums, FEWEST)) - weighted / np.maximum(sums, FEWEST), 0.0)
    return float(np.clip(1 - (released @ unknown) / released.sum() / whole, 0.0, 1.0))


def share_out(released: Floats, members: csr_array) -> csr_array:
    """Return (labels, values): how the rows of each label are spread over the values it stands for; every line sums to 1.

    The most likely spread given the release alone: all values alike at first, then, for some rounds, each label by the share that the
    values have among all rows (EM for coarse data). So a blank cell is spread as the cells that are not blank.

    Parameters
    ----------
    released : Floats
        (labels): rows of each label.
    members : csr_array
        (labels, values): 1 where the label stands for the value; every line has one at least.

    References
    ----------
    A. P. Dempster, N. M. Laird, D. B. Rubin (1977), doi:10.1111/j.2517-6161.1977.tb01600.x; D. F. Heitjan, D. B. Rubin (1991), Ignorability
    and coarse data, doi:10.1214/aos/1176348396.
    """
    shares = np.full(members.shape[1], 1 / max(members.shape[1], 1))
    spread = _spread(members, shares)
    for _ in range(ROUNDS):
        found = np.asarray(spread.T @ released).ravel()
        shares = found / max(float(found.sum()), FEWEST)
        spread = _spread(members, np.maximum(shares, FEWEST))
    return spread


def _spread(members: csr_array, shares: Floats) -> csr_array:
    weighted = csr_array(members.multiply(shares[None, :]))
    sums = np.asarray(weighted.sum(axis=1)).ravel()
    weighted.data = weighted.data / np.repeat(sums, np.diff(weighted.indptr))
    return weighted
