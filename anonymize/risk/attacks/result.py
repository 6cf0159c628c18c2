"""What an attack answers: success on members, on strangers, by guessing, and on an unprotected copy.

Decided here: how excess success over the control is computed and when an attack has shown its power. Not decided here: any attack.
"""

from dataclasses import dataclass

from anonymize.risk.attacks.quiet import quieten
from anonymize.risk.figures import Source
from schemas.messages import Message

# Whether the release withstood an attack → word for machines.
FINDINGS = {True: "withstood", False: "failed", None: "told"}
UNABLE = "not able to show"


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How often an attack succeeded.

    Parameters
    ----------
    members, strangers, baseline : float or None
        Share of successes (0–1) on persons in the file, on persons outside it (None where the attack needs no control), and by guessing
        (None where there is nothing to guess).
    excess : float
        Success on members beyond that on strangers, as a share of what was left to win, 0–1; success itself without a control.
    interval : tuple[float, float]
        95 % confidence interval of `excess`.
    """

    members: float
    strangers: float | None
    baseline: float | None
    excess: float
    interval: tuple[float, float]

    def to_json(self) -> dict[str, object]:
        """Return the score for machines."""
        return {
            "members": self.members,
            "strangers": self.strangers,
            "baseline": self.baseline,
            "excess": self.excess,
            "interval": list(self.interval),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class AttackResult:
    """One attack, on the release and on an unprotected copy.

    Parameters
    ----------
    code, title : str
        Stable name; English template.
    released : Score
        What the attack achieved on the release.
    unprotected : Score
        Positive control: what the same attack achieved on a copy without protection.
    limit : float or None
        Acceptable excess (0–1); the positive control must lie wholly above it to have shown power. None: told, and not held against the
        release.
    trials, max_attempts : int
        Targets attacked; queries the attacker may try (0: one a target).
    persons : int
        Persons in each half (members, strangers).
    column : str or None
        The secret that was guessed.
    seconds : float
        Time spent.
    """

    code: str
    title: str
    attacker: Message
    population: Message
    source: Source
    released: Score
    unprotected: Score
    limit: float | None
    trials: int
    persons: int
    max_attempts: int = 0
    column: str | None = None
    seconds: float = 0.0

    @property
    def has_power(self) -> bool:
        """Whether the positive control fired: the unprotected copy fails by more than chance allows."""
        return self.unprotected.interval[0] > (self.limit or 0.0)

    @property
    def fails(self) -> bool:
        """Whether it stands against the release: it exceeds the limit, and either showed its power or is above the limit beyond chance."""
        return self.exceeds and (self.has_power or self.released.interval[0] > (self.limit or 0.0))

    @property
    def passes(self) -> bool | None:
        """Whether the release withstood it; None where it was not able to show anything, or nothing is held against the release."""
        if self.limit is None:
            return None
        return False if self.fails else True if self.has_power else None

    @property
    def exceeds(self) -> bool:
        """Whether the release fails: there is a limit, and the estimate lies above it."""
        return self.limit is not None and self.released.excess > self.limit

    def to_json(self) -> dict[str, object]:
        """Return the result for machines; texts in English."""
        return {
            "code": self.code,
            "title": self.title,
            "column": self.column,
            "value": self.released.excess,
            "interval": list(self.released.interval),
            "assumption": self.attacker.render(),
            "population": self.population.render(),
            "source": self.source,
            "released": self.released.to_json(),
            "positive_control": {**self.unprotected.to_json(), "fired": self.has_power},
            "limit": self.limit,
            "exceeds": self.exceeds,
            "finding": FINDINGS[self.passes] if self.has_power or self.fails else UNABLE,
            "trials": self.trials,
            "max_attempts": self.max_attempts,
            "persons": self.persons,
            "seconds": round(self.seconds, 3),
        }


def score_against_control(*, trials: int, members: int, strangers: int, baseline: float | None) -> Score:
    """Return success on members beyond success on as many strangers.

    Parameters
    ----------
    trials : int
        Targets in each group.
    members, strangers : int
        Successes in each group.
    baseline : float
        Success by guessing, 0–1, computed by the caller.

    References
    ----------
    M. Giomi et al. (2023), A unified framework for quantifying privacy risk in synthetic data, doi:10.56553/popets-2023-0055.
    """
    from anonymeter.stats.confidence import EvaluationResults

    with quieten():
        risk = EvaluationResults(n_attacks=trials, n_success=members, n_baseline=0, n_control=strangers).risk()
    return Score(
        members=members / trials,
        strangers=strangers / trials,
        baseline=baseline,
        excess=float(risk.value),
        interval=(float(risk.ci[0]), float(risk.ci[1])),
    )
