"""Nearest-neighbour linkage: a voters' list with mistakes in it, matched with the released rows that look most alike.

Decided here: the mistakes of the list, the distance (cells that differ, level by level of the hierarchies, so that near places and ages are
near), and that the attacker picks one of the nearest rows at random. Nothing is lost by a wrong digit in the list, as it would be by asking
for equal values.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from anonymize.risk.attacks import linkage
from anonymize.risk.attacks.encoding import Known, Rows
from anonymize.risk.attacks.result import Score
from anonymize.risk.attacks.scene import Scene
from schemas.messages import N_

CODE = "neighbours"
TITLE = N_("nearest-neighbour linkage")
ATTACKER = N_(
    "holds a list of voters with {columns} quasi-identifiers, {mistakes} of 100 cells of it wrong, and picks one of the most similar rows"
)
SOURCE = "J. Domingo-Ferrer, V. Torra (2003), Disclosure risk assessment via advanced record linkage, doi:10.1023/A:1025666923033"
MISTAKES = 10  # of 100 cells
TARGETS_AT_ONCE = 100


def attack(scene: Scene, *, trials: int, seed: int) -> Score:
    """Return the expected share of listed persons whose own row is picked.

    Parameters
    ----------
    scene : Scene
        The release and its members; only quasi-identifiers are looked at.
    trials : int
        Persons of the list.
    seed : int
        Of the drawing and the mistakes.

    Returns
    -------
    Score
        A person counts 1/(nearest rows) where these rows contain the person's true values, else 0: an upper bound, since a row that fits
        may be somebody else's.

    References
    ----------
    J. Domingo-Ferrer, V. Torra (2003), doi:10.1023/A:1025666923033.
    """
    rng = np.random.default_rng([seed, 4])
    truth = scene.members.take(rng.choice(len(scene.members), size=trials, replace=False)).known
    listed = {name: _spoil(scene, name, known, rng) for name, known in truth.items()}
    nearest = _find_nearest(_stretch(scene, scene.released.known), _stretch(scene, listed))
    fits = contains(scene.released, truth)
    counts = np.where((nearest & fits).any(axis=1), nearest.sum(axis=1), 0)
    return linkage.score(counts, 1 / max(len(scene.released), 1))


def _spoil(scene: Scene, name: str, known: Known, rng: np.random.Generator) -> Known:
    """Return the cells of a list, some of them replaced by a value of the column."""
    levels = scene.quasi_identifiers[name].levels
    wrong = rng.random(len(known.value)) < MISTAKES / 100
    value = np.where(wrong, rng.integers(len(levels.codes), size=len(wrong)), known.value).astype(np.int32)
    return Known(groups=levels.codes[value], finest=known.finest, value=value)


def _stretch(scene: Scene, known: Mapping[str, Known]) -> NDArray[np.int32]:
    """Return one column per quasi-identifier and level below the top that anything was released at."""
    parts = []
    for name, column in known.items():
        released = scene.released.known[name]
        top = released.groups.shape[1] - 1
        parts.append(column.groups[:, min(int(released.finest.min(initial=top)), top) : top])
    return np.concatenate(parts, axis=1)


def _find_nearest(released: NDArray[np.int32], listed: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return, per listed person, which released rows are nearest."""
    from sklearn.metrics import pairwise_distances

    if not released.shape[1]:
        return np.ones((len(listed), len(released)), dtype=bool)
    nearest = []
    for start in range(0, len(listed), TARGETS_AT_ONCE):
        distance = pairwise_distances(listed[start : start + TARGETS_AT_ONCE], released, metric="hamming")
        nearest.append(distance <= distance.min(axis=1, keepdims=True) + 1e-9)
    return np.concatenate(nearest)


def contains(released: Rows, truth: Mapping[str, Known]) -> NDArray[np.bool_]:
    """Return (persons, rows): whether every released value of the row contains the person's value."""
    targets = len(next(iter(truth.values())).value)
    fits = np.ones((targets, len(released)), dtype=bool)
    for name, known in released.known.items():
        at_level = known.groups[np.arange(len(released)), known.finest]
        fits &= truth[name].groups[:, known.finest] == at_level
    return fits
