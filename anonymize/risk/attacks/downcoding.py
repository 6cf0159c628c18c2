"""Downcoding: what coarser classes tell because finer ones stand beside them.

Decided here: a deduction anybody can make from the file and the knowledge that values with enough persons were released finer. Where a
class and a finer one differ in one column only, nobody of the finer one's values is in the coarser class; what is left is finer than the
label says. Whether that holds is counted on the original. With global recoding classes never lie within another, and nothing is recovered.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from anonymize.risk.attacks.encoding import Rows
from anonymize.risk.attacks.linkage import ReleasedClasses
from anonymize.risk.attacks.result import Score
from anonymize.risk.figures import wilson_interval
from schemas.messages import N_

CODE = "downcoding"
TITLE = N_("recovering finer values from coarser classes")
ATTACKER = N_("holds the release alone, and takes from each class the values that stand in finer classes beside it")
SOURCE = "A. Cohen (2022), Attacks on deidentification's defenses, USENIX Security, doi:10.48550/arXiv.2202.13470"
MOST_CLASSES = 100


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Combinations:
    """The original, counted: value positions and rows of every combination.

    Parameters
    ----------
    positions : Mapping[str, NDArray[np.int32]]
        Per column: position of the value of each combination.
    rows : NDArray[np.int64]
        (combinations): rows.
    """

    positions: Mapping[str, NDArray[np.int32]]
    rows: NDArray[np.int64]

    def count_rows(self, box: Mapping[str, NDArray[np.int64]]) -> int:
        """Return the rows whose values lie in a box: per column some values."""
        inside = np.ones(len(self.rows), dtype=np.bool_)
        for name, values in box.items():
            inside &= np.isin(self.positions[name], values)
        return int(self.rows[inside].sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class Deduction:
    """Of one class: the column it is narrowed in, and the finer classes that say so."""

    column: str
    finer: tuple[int, ...]


def find_deductions(classes: ReleasedClasses) -> dict[int, Deduction]:
    """Return class → what its finer neighbours tell of it; classes nothing is told of are left out."""
    found: dict[int, Deduction] = {}
    codes = np.stack([of_class for _, of_class in classes.labels.values()], axis=1)
    for i, (name, (members, _)) in enumerate(classes.labels.items()):
        sets = [frozenset(part.tolist()) for part in members]
        _, group = np.unique(np.delete(codes, i, axis=1), axis=0, return_inverse=True)
        order = np.argsort(group.reshape(-1), kind="stable")
        for alike in np.split(order, np.flatnonzero(np.diff(group.reshape(-1)[order])) + 1):
            for coarse in alike if len(alike) > 1 else ():
                finer = [int(other) for other in alike if sets[codes[other, i]] < sets[codes[coarse, i]]]
                covered = frozenset().union(*(sets[codes[other, i]] for other in finer))
                if finer and covered < sets[codes[coarse, i]]:
                    found.setdefault(int(coarse), Deduction(column=name, finer=tuple(finer)))
    return found


def attack(classes: ReleasedClasses, originals: Combinations | None, rng: np.random.Generator) -> Score:
    """Return the share of released rows of which a strictly finer value is recovered.

    Parameters
    ----------
    classes : ReleasedClasses
        Of the written file.
    originals : Combinations or None
        To see whether deductions hold, for at most `MOST_CLASSES` classes; None: they hold. Where classes are left out the interval is
        that of the share of deductions that hold (Wilson), else none is left to chance.
    rng : np.random.Generator
        Of the classes looked at.

    References
    ----------
    A. Cohen (2022), doi:10.48550/arXiv.2202.13470.
    """
    found = find_deductions(classes)
    told = np.array(sorted(found), dtype=np.int64)
    share = float(classes.rows[told].sum()) / max(int(classes.rows.sum()), 1)
    looked = rng.permutation(told)[:MOST_CLASSES]
    if originals is None or not len(looked):
        return Score(members=share, strangers=None, baseline=0.0, excess=share, interval=(share, share))
    held = np.array([_holds(classes, originals, found[int(one)]) for one in looked])
    true = share * float(classes.rows[looked][held].sum()) / float(classes.rows[looked].sum())
    low, high = wilson_interval(int(held.sum()), len(looked)) if len(looked) < len(told) else (1.0, 0.0)
    return Score(members=true, strangers=None, baseline=0.0, excess=true, interval=(min(share * low, true), max(share * high, true)))


def attack_careless(classes: ReleasedClasses, targets: Rows, k: int) -> Score:
    """Return what the attack recovers from careless copies, the most of all: the positive control.

    The copies: every column by itself, its rare values blanked, at every level; and the file's own classes, released as such an
    algorithm would release them, so that every deduction holds. The latter is never less than what is true of the file itself.

    Parameters
    ----------
    classes : ReleasedClasses
        Of the written file.
    targets : Rows
        Original rows.
    k : int
        Values of fewer rows are blanked; the rarest, where none is.
    """
    nothing = np.random.default_rng(0)  # no class is left out where nothing is looked up
    groups = [known.groups[:, level] for known in targets.known.values() for level in range(known.groups.shape[1] - 1)]
    scores = [attack(suppress_rare(group, k), None, nothing) for group in groups if len(group)]
    return max([*scores, attack(classes, None, nothing)], key=attrgetter("excess"))


def suppress_rare(values: NDArray[np.int32], k: int) -> ReleasedClasses:
    """Return one column with rare values replaced by "all", as is often done; with the rarest replaced where none is rare."""
    distinct, persons = np.unique(values, return_counts=True)
    k = max(k, int(persons.min()) + 1)
    usual = distinct[persons >= k]
    members = [np.array([value]) for value in usual] + [distinct.astype(np.int64)]
    of_class = np.arange(len(members), dtype=np.int32)
    sizes = np.append(persons[persons >= k], persons[persons < k].sum()).astype(np.int64)
    return ReleasedClasses(labels={"column": (members, of_class)}, persons=sizes, rows=sizes, single=True)


def _holds(classes: ReleasedClasses, originals: Combinations, deduction: Deduction) -> bool:
    """Return whether all original rows in the finer classes were released there or finer, so that none is in the coarser class."""
    for finer in deduction.finer:
        box = {name: members[of_class[finer]] for name, (members, of_class) in classes.labels.items()}
        inside = np.ones(len(classes.persons), dtype=np.bool_)
        for name, (members, of_class) in classes.labels.items():
            within = np.array([np.isin(part, box[name], assume_unique=True).all() for part in members])
            inside &= within[of_class]
        if originals.count_rows(box) > int(classes.rows[inside].sum()):
            return False
    return True
