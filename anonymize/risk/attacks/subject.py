"""What is attacked, and how hard."""

from collections.abc import Mapping
from dataclasses import dataclass

from anonymize.risk.attacks.halves import Process
from anonymize.risk.attacks.originals import Originals
from anonymize.risk.released import Released
from schemas.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class AttackSettings:
    """How much is attacked.

    Parameters
    ----------
    limits : Mapping[str, float]
        Code of each attack → acceptable excess of success, 0–1; an attack without an entry is told, and not held against the release.
    trials : int
        Targets or questions per attack.
    persons : int
        Persons in each half at most.
    seed : int
        Of all random choices.
    """

    limits: Mapping[str, float]
    trials: int = 500
    persons: int = 10_000
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Attacked:
    """What is attacked: the original, the written file, the plan, and the software that processes by the plan."""

    originals: Originals
    released: Released
    plan: Plan
    process: Process
