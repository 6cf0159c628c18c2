"""Inference: a secret read off the released rows that fit what is known of a person.

Decided here: the guess (the most frequent secret among fitting rows, by containment in the hierarchy, so that rows of any level count), and
our own baseline: always guessing the most frequent secret of the release.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from anonymize.risk.attacks.encoding import UNKNOWN, Rows
from anonymize.risk.attacks.quiet import quieten
from anonymize.risk.attacks.result import Score, score_against_control
from anonymize.risk.attacks.scene import Scene
from schemas.messages import N_

CODE = "inference"
TITLE = N_("inference")
ATTACKER = N_("knows all {columns} quasi-identifiers of a person and guesses the secret that most fitting released rows have")
SOURCE = "M. Giomi et al. (2023), doi:10.56553/popets-2023-0055"
BINS = 20
SECRET = "secret"  # noqa: S105 - name of a column


@dataclass(frozen=True, slots=True, eq=False)
class FittingRows:
    """The attacker's guess, in the shape anonymeter asks for.

    Parameters
    ----------
    released : Rows
        What the attacker holds.
    secret : NDArray[np.int32]
        Secret of each released row.
    targets : Rows
        Members, then strangers; the frames carry positions in it.
    """

    released: Rows
    secret: NDArray[np.int32]
    targets: Rows

    def predict(self, x: pd.DataFrame) -> pd.Series:
        """Return the guessed secret of each target, with the index of `x`."""
        positions = x["position"].to_numpy()
        return pd.Series([self._guess(int(position)) for position in positions], index=x.index)

    def _guess(self, position: int) -> int:
        """Return the most frequent secret among the released rows nearest in the trees of the hierarchies."""
        distance = np.zeros(len(self.released), dtype=np.int32)
        for name, known in self.released.known.items():
            mine = self.targets.known[name].groups[position]
            at_level = known.groups[np.arange(len(distance)), known.finest]
            distance += at_level != mine[known.finest]
        near = self.secret[distance == distance.min()]
        return int(np.bincount(near).argmax())


def attack(scene: Scene, secret: str, *, trials: int, seed: int) -> Score:
    """Return how often the guess is right for members, beyond strangers.

    Parameters
    ----------
    scene : Scene
        The release, members and strangers.
    secret : str
        Sensitive column; amounts are guessed as twentieths of the release.
    trials : int
        Persons attacked in each group.
    seed : int
        Of the drawing of targets.

    References
    ----------
    M. Giomi et al. (2023), doi:10.56553/popets-2023-0055.
    """
    from anonymeter.evaluators import InferenceEvaluator

    drawn = scene.draw_targets(trials, np.random.default_rng(seed))
    released, members, strangers = (secret_codes(scene, rows, secret) for rows in (scene.released, *drawn))
    guess = FittingRows(released=scene.released, secret=released, targets=_stack(drawn))
    frames = [_frame(members, 0), _frame(strangers, trials)]
    with quieten():
        evaluator = InferenceEvaluator(
            ori=frames[0],
            syn=_frame(released, 0),
            control=frames[1],
            aux_cols=["position"],
            secret=SECRET,
            regression=False,
            n_attacks=trials,
            inference_model=guess,
        ).evaluate(n_jobs=1)
        found = evaluator.results()
    usual = int(np.bincount(released).argmax())
    return score_against_control(
        trials=trials,
        members=int(found.n_success),
        strangers=int(found.n_control or 0),
        baseline=float(np.mean(members == usual)),
    )


def _frame(secret: NDArray[np.int32], start: int) -> pd.DataFrame:
    index = pd.RangeIndex(start, start + len(secret))
    return pd.DataFrame({"position": np.arange(start, start + len(secret)), SECRET: secret}, index=index)


def secret_codes(scene: Scene, rows: Rows, secret: str) -> NDArray[np.int32]:
    """Return the secret as small whole numbers; a missing secret is a secret of its own."""
    if secret in rows.categories:
        return (rows.categories[secret] - UNKNOWN).astype(np.int32)
    scale = scene.released.numbers[secret]
    edges = np.unique(np.nanquantile(scale, np.linspace(0, 1, BINS + 1)[1:-1])) if not np.isnan(scale).all() else np.array([])
    codes = np.searchsorted(edges, rows.numbers[secret], side="right") + 1
    return np.where(np.isnan(rows.numbers[secret]), 0, codes).astype(np.int32)


def _stack(parts: list[Rows]) -> Rows:
    """Return the known quasi-identifiers of several groups, one after another."""
    first = parts[0]
    known = {
        name: type(first.known[name])(
            groups=np.concatenate([part.known[name].groups for part in parts]),
            finest=np.concatenate([part.known[name].finest for part in parts]),
            value=np.concatenate([part.known[name].value for part in parts]),
        )
        for name in first.known
    }
    return Rows(known=known, numbers={}, categories={})
