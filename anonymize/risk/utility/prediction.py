"""Does a model learned from the release still work? A classifier is trained on originals and on their release, and tried on other persons.

Decided here: what it learns (the first sensitive columns; amounts by quarter), from what (all other released columns; generalised values
are decoded as the attacks do, see `attacks.encoding`), and that those it is tried on had no part in either. The release it learns from is
that of half of the persons, made by the plan: k persons are a larger part of a half than of the file, so the whole release does no worse.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from anonymize.risk.attacks.encoding import Rows
from anonymize.risk.attacks.scene import Scene
from anonymize.risk.utility.result import PredictionUtility

MOST_COLUMNS = 3
TREES, LEAST_LEAF = 40, 5
MOST_VALUES = 50  # rarer values are one
QUARTERS = (0.25, 0.5, 0.75)


def compare_predictions(scene: Scene, bare: Scene, *, seed: int) -> Iterator[PredictionUtility]:
    """Yield, per sensitive column, what a classifier gets right on strangers.

    Parameters
    ----------
    scene, bare : Scene
        The release of the members, and the members as they came; both with the same strangers.
    seed : int
        Of the trees.

    References
    ----------
    L. Breiman (2001), Random forests, doi:10.1023/A:1010933404324; K. LeFevre, D. DeWitt, R. Ramakrishnan (2006), Workload-aware
    anonymization, doi:10.1145/1150402.1150435.
    """
    for secret in scene.secrets[:MOST_COLUMNS]:
        right = [_score(part, secret, seed) for part in (bare, scene)]
        truth = [_classes(part, rows, secret) for part, rows in ((bare, bare.members), (bare, bare.strangers))]
        usual = int(np.bincount(truth[0]).argmax())
        yield PredictionUtility(
            column=secret,
            original=right[0],
            released=right[1],
            guessing=float(np.mean(truth[1] == usual)),
            tried=len(truth[1]),
        )


def _score(scene: Scene, secret: str, seed: int) -> float:
    """Return the share of strangers whose class is foretold."""
    from sklearn.ensemble import RandomForestClassifier

    learned, true = (_classes(scene, rows, secret) for rows in (scene.released, scene.strangers))
    usual = np.bincount(learned).argsort(kind="stable")[::-1][:MOST_VALUES]
    forest = RandomForestClassifier(n_estimators=TREES, min_samples_leaf=LEAST_LEAF, random_state=seed, n_jobs=1)
    forest.fit(_features(scene, scene.released, secret), np.where(np.isin(learned, usual), learned, -1))
    return float(np.mean(forest.predict(_features(scene, scene.strangers, secret)) == true))


def _classes(scene: Scene, rows: Rows, secret: str) -> NDArray[np.int64]:
    """Return the class of each row: the category, or the quarter of the members' amounts; a missing one is a class."""
    if secret in rows.categories:
        return rows.categories[secret].astype(np.int64) + 1
    amounts = scene.members.numbers[secret]
    known = amounts[~np.isnan(amounts)]
    edges = np.unique(np.quantile(known, QUARTERS)) if len(known) else np.empty(0)
    classes = np.searchsorted(edges, rows.numbers[secret], side="right") + 1
    return np.where(np.isnan(rows.numbers[secret]), 0, classes).astype(np.int64)


def _features(scene: Scene, rows: Rows, secret: str) -> NDArray[np.float64]:
    """Return (rows, features): the group at every level of each quasi-identifier, and all other columns but the secret."""
    parts = [scene.quasi_identifiers[name].levels.codes[known.value][:, :-1] for name, known in rows.known.items()]
    others = [cells for kind in (rows.numbers, rows.categories) for name, cells in kind.items() if name != secret]
    columns = [part.astype(np.float64) for part in parts] + [np.nan_to_num(cells.astype(np.float64), nan=-1.0)[:, None] for cells in others]
    return np.concatenate(columns, axis=1)
