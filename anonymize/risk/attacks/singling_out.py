"""Singling out: a question about a few columns that exactly one person of the file answers.

Decided here: how anonymeter's evaluator is fed so that its result means something: equally many members and strangers (its correction for
other sizes is wrong), a row number that keeps equal persons apart (it removes equal rows before it starts), plain values of one type per
column, a bounded number of questions, a seed, and a positive control. Its baseline of random questions is not repeatable and is left out.
"""

import numpy as np
import pandas as pd

from anonymize.risk.attacks.quiet import quieten
from anonymize.risk.attacks.result import Score, score_against_control
from anonymize.risk.attacks.scene import Scene, plain_frame
from schemas.messages import N_

CODE = "singling_out"
TITLE = N_("singling out")
ATTACKER = N_("asks questions about {columns} quasi-identifiers, hoping that exactly one person of the file answers each")
INSIDER_CODE = "singling_out_all"
INSIDER_TITLE = N_("singling out with all columns")
INSIDER = N_("knows amounts, secrets and everything else that is released, and asks questions about {columns} of these columns")
SOURCE = "M. Giomi et al. (2023), doi:10.56553/popets-2023-0055; A. Cohen, K. Nissim (2020), doi:10.1073/pnas.1914598117"
COLUMNS = 3
MAX_ATTEMPTS = 20_000


def attack(scene: Scene, *, trials: int, seed: int) -> Score:
    """Return how often such questions single out members, beyond strangers.

    Parameters
    ----------
    scene : Scene
        The release, members and strangers.
    trials : int
        Questions asked.
    seed : int
        Of the attacker's choices.

    References
    ----------
    M. Giomi et al. (2023), doi:10.56553/popets-2023-0055.
    """
    from anonymeter.evaluators import SinglingOutEvaluator

    released, members, strangers = (plain_frame(scene, rows) for rows in (scene.released, scene.members, scene.strangers))
    size = min(len(members), len(strangers))
    with quieten():
        evaluator = SinglingOutEvaluator(
            ori=_numbered(members.iloc[:size]),
            syn=released,
            control=_numbered(strangers.iloc[:size]),
            n_attacks=trials,
            n_cols=min(COLUMNS, released.shape[1]),
            max_attempts=MAX_ATTEMPTS,
            seed=seed,
        ).evaluate(mode="multivariate")
        found = evaluator.results()
    return score_against_control(trials=trials, members=int(found.n_success), strangers=int(found.n_control or 0), baseline=None)


def _numbered(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with a column of row numbers, which no question asks about."""
    return frame.assign(row=np.arange(len(frame)))
