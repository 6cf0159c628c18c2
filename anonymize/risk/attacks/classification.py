"""Inference by learning: a classifier trained on the release guesses the secret of persons.

Decided here: what it learns from (every released row, its generalised values decoded by drawing one of those they stand for, with all
levels above), and that what it can tell of strangers is knowledge of the population, not of the file: only success beyond that counts.
"""

import numpy as np
from numpy.typing import NDArray

from anonymize.risk.attacks.encoding import Rows
from anonymize.risk.attacks.inference import secret_codes
from anonymize.risk.attacks.result import Score, score_against_control
from anonymize.risk.attacks.scene import Scene
from schemas.messages import N_

CODE = "classification"
TITLE = N_("inference by a classifier")
ATTACKER = N_("trains a classifier on all released rows, knows all {columns} quasi-identifiers of a person and lets it guess the secret")
SOURCE = (
    "S. Yeom et al. (2018), Privacy risk in machine learning, doi:10.1109/CSF.2018.00027; L. Breiman (2001), doi:10.1023/A:1010933404324"
)
TREES = 30
MOST_VALUES = 50  # rarer secrets are one


def attack(scene: Scene, secret: str, *, trials: int, seed: int) -> Score:
    """Return how often the classifier is right for members, beyond strangers.

    Parameters
    ----------
    scene : Scene
        The release, members and strangers.
    secret : str
        Sensitive column; amounts are guessed as twentieths of the release.
    trials : int
        Persons attacked in each group.
    seed : int
        Of targets and trees.

    References
    ----------
    S. Yeom, I. Giacomelli, M. Fredrikson, S. Jha (2018), doi:10.1109/CSF.2018.00027.
    """
    from sklearn.ensemble import RandomForestClassifier

    drawn = scene.draw_targets(trials, np.random.default_rng([seed, 5]))
    learned, members, strangers = (secret_codes(scene, rows, secret) for rows in (scene.released, *drawn))
    usual = np.bincount(learned).argsort(kind="stable")[::-1][:MOST_VALUES]
    forest = RandomForestClassifier(n_estimators=TREES, random_state=seed, n_jobs=1)
    forest.fit(_features(scene, scene.released), np.where(np.isin(learned, usual), learned, -1))
    guessed = [forest.predict(_features(scene, rows)) for rows in drawn]
    return score_against_control(
        trials=trials,
        members=int(np.count_nonzero(guessed[0] == members)),
        strangers=int(np.count_nonzero(guessed[1] == strangers)),
        baseline=float(np.mean(members == usual[0])),
    )


def _features(scene: Scene, rows: Rows) -> NDArray[np.int32]:
    """Return position and group at every level below the top, of each quasi-identifier."""
    parts = [scene.quasi_identifiers[name].levels.codes[known.value][:, :-1] for name, known in rows.known.items()]
    return np.concatenate(parts, axis=1)
