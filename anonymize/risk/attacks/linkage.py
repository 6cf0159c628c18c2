"""Record linkage against the written file itself: a register with names and all quasi-identifiers, matched by containment.

Decided here: a released row fits a person when every released value contains the person's value; the attacker picks one fitting person at
random. Nothing is simulated: the file is the one that would leave the office, and the register is the original.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anonymize.risk.attacks.encoding import QuasiIdentifier, Rows
from anonymize.risk.attacks.result import Score
from anonymize.risk.figures import Z_95
from schemas.messages import N_

CODE = "linkage"
TITLE = N_("record linkage")
ATTACKER = N_(
    "holds a register with names and all {columns} quasi-identifiers of everybody in the original, and picks one of the persons that fit"
)
SOURCE = "L. Sweeney (2002), doi:10.1142/S0218488502001648; K. El Emam et al. (2011), doi:10.1186/1472-6947-11-53"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReleasedClasses:
    """The classes of the written file: what each label stands for, and persons.

    Parameters
    ----------
    labels : Mapping[str, tuple]
        Per column: the values each distinct label stands for, and (classes) which label each class has.
    persons : NDArray[np.int64]
        (classes): persons.
    rows : NDArray[np.int64]
        (classes): rows.
    single : bool
        Whether every person stands in one class only, so that persons of classes may be added.
    """

    labels: Mapping[str, tuple[list[NDArray[np.int64]], NDArray[np.int32]]]
    persons: NDArray[np.int64]
    rows: NDArray[np.int64]
    single: bool

    def __repr__(self) -> str:
        """Show counts only."""
        return f"ReleasedClasses({len(self.persons)} classes)"


def count_fitting(classes: ReleasedClasses, targets: Rows) -> NDArray[np.int64]:
    """Return, per target, how many released persons fit; 0 when none does.

    Parameters
    ----------
    classes : ReleasedClasses
        Of the written file. Where a person may stand in several classes the largest fitting class is counted: a lower bound.
    targets : Rows
        Originals.
    """
    fits = find_fitting(classes, targets)
    add = np.sum if classes.single else np.max
    return np.array([add(classes.persons[row], initial=0) for row in fits], dtype=np.int64)


def find_fitting(classes: ReleasedClasses, targets: Rows) -> NDArray[np.bool_]:
    """Return (targets, classes): whether the class contains the target's values."""
    fits = np.ones((len(targets), len(classes.persons)), dtype=bool)
    for name, (members, of_class) in classes.labels.items():
        mine = targets.known[name].value
        inside = np.stack([np.isin(mine, values) for values in members], axis=1)
        fits &= inside[:, of_class]
    return fits


def score(fitting: NDArray[np.int64], baseline: float) -> Score:
    """Return the expected share of targets found by picking one of the fitting persons.

    Parameters
    ----------
    fitting : NDArray[np.int64]
        Fitting persons per target; 0 counts as not found.
    baseline : float
        Success of picking anybody, 0–1.
    """
    chance = np.divide(1.0, fitting, out=np.zeros(len(fitting)), where=fitting > 0)
    mean = float(chance.mean()) if len(chance) else 0.0
    half = Z_95 * float(chance.std(ddof=1)) / float(np.sqrt(len(chance))) if len(chance) > 1 else 1.0
    return Score(members=mean, strangers=None, baseline=baseline, excess=mean, interval=(max(0.0, mean - half), min(1.0, mean + half)))


def encode_classes(
    quasi_identifiers: Mapping[str, QuasiIdentifier],
    labels: Mapping[str, list[str | None]],
    persons: NDArray[np.int64],
    rows: NDArray[np.int64],
    *,
    single: bool,
) -> ReleasedClasses:
    """Return the classes of the written file in the language of the originals.

    Parameters
    ----------
    quasi_identifiers : Mapping[str, QuasiIdentifier]
        By column.
    labels : Mapping[str, list[str or None]]
        Per column, the label of each class.
    persons, rows : NDArray[np.int64]
        Persons and rows of each class.
    single : bool
        Whether every person stands in one class only.
    """
    coded = {}
    for name, column in labels.items():
        distinct = sorted(set(column), key=str)
        number = {label: i for i, label in enumerate(distinct)}
        members = [quasi_identifiers[name].find_members(label) for label in distinct]
        coded[name] = (members, np.array([number[label] for label in column], dtype=np.int32))
    return ReleasedClasses(labels=coded, persons=persons, rows=rows, single=single)
