"""The scene of an attack: what the attacker holds, who is in the file, who is not.

Decided here: that members and strangers are equally many, one row a person, and which columns are compared.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from anonymize.risk.attacks.encoding import UNKNOWN, QuasiIdentifier, Rows


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene:
    """One release under attack.

    Parameters
    ----------
    quasi_identifiers : Mapping[str, QuasiIdentifier]
        By column.
    released : Rows
        What the attacker holds (the release of the members, or an unprotected copy of them).
    members, strangers : Rows
        Originals of persons in the release, and of as many who are not.
    secrets : tuple[str, ...]
        Sensitive columns, in `numbers` or `categories` of the rows.
    """

    quasi_identifiers: Mapping[str, QuasiIdentifier]
    released: Rows
    members: Rows
    strangers: Rows
    secrets: tuple[str, ...]

    def __repr__(self) -> str:
        """Show counts only."""
        return f"Scene({len(self.released)} released, {len(self.members)} members, {len(self.strangers)} strangers)"

    def draw_targets(self, trials: int, rng: np.random.Generator) -> list[Rows]:
        """Return so many members, and as many strangers, drawn without replacement."""
        return [rows.take(rng.choice(len(rows), size=trials, replace=False)) for rows in (self.members, self.strangers)]

    def of_outsider(self) -> "Scene":
        """Return the scene of an attacker who knows quasi-identifiers alone, as the roles of the plan say."""
        return dataclasses.replace(
            self, released=self.released.only_known(), members=self.members.only_known(), strangers=self.strangers.only_known(), secrets=()
        )


def plain_frame(scene: Scene, rows: Rows) -> pd.DataFrame:
    """Return rows with one plain value per column; column names are neutral.

    Quasi-identifiers alone are asked for exactly. Beside amounts, ordered ones are asked for as "at least" or "at most", since a value that
    was drawn from a generalised one is near the truth and rarely the truth.
    """
    as_numbers = bool(rows.numbers or rows.categories)
    columns: dict[str, pd.Series] = {}
    for i, (name, known) in enumerate(rows.known.items()):
        columns[f"q{i}"] = scene.quasi_identifiers[name].decode(known, as_numbers=as_numbers)
    for i, values in enumerate(rows.numbers.values()):
        columns[f"n{i}"] = pd.Series(values)
    for i, codes in enumerate(rows.categories.values()):
        columns[f"c{i}"] = _as_names(codes)
    return pd.DataFrame(columns)


def level_frame(scene: Scene, rows: Rows) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """Return rows with one column per column and level in use, and which of them belong to each original column.

    Levels finer than anything released say nothing and are left out, as is "all". An unknown level never equals a known one, so that the
    number of differing columns is the distance in the tree of the hierarchy.
    """
    columns: dict[str, pd.Series] = {}
    parts: dict[str, list[str]] = {}
    for i, (name, known) in enumerate(rows.known.items()):
        released = scene.released.known[name]
        top = released.groups.shape[1] - 1
        first = min(int(released.finest.min(initial=top)), top)
        for level in range(first, top):
            columns[f"q{i}l{level}"] = _as_names(known.groups[:, level])
            parts.setdefault(name, []).append(f"q{i}l{level}")
    for i, (name, values) in enumerate(rows.numbers.items()):
        columns[f"n{i}"] = pd.Series(_as_ranks(values, scene.released.numbers[name]))
        parts[name] = [f"n{i}"]
    for i, (name, codes) in enumerate(rows.categories.items()):
        columns[f"c{i}"] = _as_names(codes)
        parts[name] = [f"c{i}"]
    return pd.DataFrame(columns), parts


def _as_names(codes: NDArray[np.int32]) -> pd.Series:
    names = np.array([f"v{code}" if code != UNKNOWN else "unknown" for code in range(UNKNOWN, int(codes.max(initial=0)) + 1)], dtype=object)
    return pd.Series(names[codes + 1], dtype="object")


def _as_ranks(values: NDArray[np.float64], scale: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return numbers as shares of the released numbers below them, -1 where missing: amounts are skewed, ranks are not."""
    ordered = np.sort(scale[~np.isnan(scale)])
    ranks = np.searchsorted(ordered, np.nan_to_num(values), side="left") / max(len(ordered), 1)
    return np.where(np.isnan(values), -1.0, ranks)
