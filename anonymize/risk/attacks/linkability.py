"""Linkability: two lists about the same people, joined through the release.

Decided here: which columns each list has (the most telling third in both, the others dealt out), tree distance instead of equality of
labels, pre-drawn targets (anonymeter draws without a seed), our own baseline.
"""

import numpy as np
import pandas as pd

from anonymize.risk.attacks.encoding import Rows
from anonymize.risk.attacks.quiet import quieten
from anonymize.risk.attacks.result import Score, score_against_control
from anonymize.risk.attacks.scene import Scene, level_frame
from schemas.messages import N_

CODE = "linkability"
TITLE = N_("linkability")
ATTACKER = N_("holds two lists about the same people, {columns} columns each, and joins persons whose nearest released rows agree")
SOURCE = "M. Giomi et al. (2023), doi:10.56553/popets-2023-0055; J. C. Gower (1971), doi:10.2307/2528823"
NEIGHBOURS = 1


def attack(scene: Scene, *, trials: int, seed: int) -> Score:
    """Return how often both lists lead to the same released row, for members beyond strangers.

    Parameters
    ----------
    scene : Scene
        The release, members and strangers.
    trials : int
        Persons looked for in each group.
    seed : int
        Of the drawing of targets.

    References
    ----------
    M. Giomi et al. (2023), doi:10.56553/popets-2023-0055.
    """
    from anonymeter.evaluators import LinkabilityEvaluator

    rng = np.random.default_rng(seed)
    released, parts = level_frame(scene, scene.released)
    baseline = NEIGHBOURS / max(len(scene.released), 1)
    if not parts:  # everything is released as "all": no list leads anywhere
        return score_against_control(trials=trials, members=0, strangers=0, baseline=baseline)
    first, second = split_columns(scene, parts)
    targets = [_draw(scene, rows, trials, rng) for rows in (scene.members, scene.strangers)]
    with quieten():
        evaluator = LinkabilityEvaluator(
            ori=targets[0],
            syn=released,
            control=targets[1],
            aux_cols=(first, second),
            n_attacks=trials,
            n_neighbors=NEIGHBOURS,
        ).evaluate(n_jobs=1)
        found = evaluator.results()
    return score_against_control(
        trials=trials,
        members=int(found.n_success),
        strangers=int(found.n_control or 0),
        baseline=baseline,
    )


def split_columns(scene: Scene, parts: dict[str, list[str]]) -> tuple[list[str], list[str]]:
    """Return the columns of each list: the most telling third in both, the others in turn."""
    telling = sorted(parts, key=lambda name: (-_distinct(scene, name), name))
    shared = telling[: max(1, len(telling) // 3)]
    others = telling[len(shared) :]
    first, second = [*shared, *others[::2]], [*shared, *others[1::2]]
    return [part for name in first for part in parts[name]], [part for name in second for part in parts[name]]


def count_columns(total: int) -> int:
    """Return how many columns the longer list has, of so many in all."""
    shared = max(1, total // 3)
    return shared + (total - shared + 1) // 2


def _distinct(scene: Scene, name: str) -> int:
    rows = scene.members
    if name in rows.known:
        return len(np.unique(rows.known[name].value))
    return len(np.unique(rows.numbers[name] if name in rows.numbers else rows.categories[name]))


def _draw(scene: Scene, rows: Rows, trials: int, rng: np.random.Generator) -> pd.DataFrame:
    chosen = rng.choice(len(rows), size=trials, replace=False)
    return level_frame(scene, rows.take(chosen))[0]
