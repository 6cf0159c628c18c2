"""What a release is held against: thresholds of the regime for one context, and what the plan itself promises.

Decided here: how the two meet (the stricter holds). The numbers are data of the regime's policy; none stands in code.
"""

from dataclasses import dataclass

from schemas.errors import SettingsError
from schemas.messages import N_, Name
from schemas.plan import Plan
from schemas.regimes import Regime, load_regime


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Limits of one context.

    Parameters
    ----------
    regime, context : str
        Where they come from.
    k : int
        Fewest persons of a class: the stricter of policy and plan.
    highest : float
        Highest risk of one person (0–1).
    average : float
        Highest average risk (0–1).
    uniques : float
        Highest share of persons alone in their class (0–1).
    attack, inference : float
        Highest excess success of an attack that finds persons, and of one that guesses a secret (0–1).
    insider : float or None
        The same for one who knows every released column; None: told, and not held against the release.
    linked : int
        Fewest persons who share the classes of all their linked rows: k, or what the policy names (0: told, not held against).
    counted : int
        Fewest persons who share the number of linked rows in each class as well: what the policy names (0: told, not held against).
    diversity : int
        Fewest distinct sensitive values of a class.
    skewness, outliers : float or None
        Most a class may raise the share of a sensitive value above that of the file; most persons (a share, 0–1) with an outlying number
        that few have. None: told, and not held against the release.
    similar, subgroup : float or None
        Most persons (a share, 0–1) whose class tells the kind of a secret; highest average risk of the persons who share a released value.
        None: told, and not held against the release.
    rare : int
        A value of fewer persons is rare.
    article : str
        Citation of the processing standard.
    """

    regime: str
    context: str
    k: int
    highest: float
    average: float
    uniques: float
    attack: float
    inference: float
    insider: float | None
    linked: int
    counted: int
    diversity: int
    skewness: float | None
    outliers: float | None
    similar: float | None
    subgroup: float | None
    rare: int
    article: str

    def limit_attacks(self) -> dict[str, float]:
        """Return the limit of each attack; linking with a register of everybody is the average risk, tried out; storage tells nothing."""
        found = {"linkage": self.average, "neighbours": self.average, "singling_out": self.attack, "linkability": self.attack}
        found |= {"sparse": self.average, "sparse_named": self.attack, "membership": self.attack, "pseudonyms": self.attack}
        found["storage"] = 0.0
        limits = {**found, "inference": self.inference, "classification": self.inference}
        return limits if self.insider is None else {**limits, "singling_out_all": self.insider}

    def to_json(self) -> dict[str, object]:
        """Return the thresholds for machines."""
        return {name: getattr(self, name) for name in self.__slots__}


def find_thresholds(regime_name: str, context: str, plan: Plan, *, people: int | None = None) -> Thresholds:
    """Return the limits for a release.

    Parameters
    ----------
    regime_name : str
        Name of a regime.
    context : str
        public, contract or enclave: where the release will be used.
    plan : Plan
        Its k holds where it is stricter.
    people : int or None
        People of the population, where it is known: where they are few, the policy's k for small municipalities holds.

    Raises
    ------
    SettingsError
        There is no such regime or context.
    """
    regime = load_regime(regime_name)
    if context not in regime.risk_thresholds:
        raise SettingsError(
            N_("no thresholds for the context {context}"),
            N_("use one of: {known}"),
            context=Name(context),
            known=Name(", ".join(regime.risk_thresholds)),
        )
    limits, defaults = regime.risk_thresholds[context], regime.defaults
    is_small = people is not None and people < defaults.small_municipality_population
    k = max(int(limits["k"]), plan.privacy.k, defaults.k_small_municipality if is_small else 0)
    return Thresholds(
        regime=regime.name,
        context=context,
        k=k,
        highest=limits["max_prosecutor_risk"],
        average=limits["expected_risk"],
        uniques=limits["population_uniques_share"],
        attack=limits["attack_success_share"],
        inference=limits["inference_success_share"],
        insider=limits.get("insider_success_share"),
        linked=int(limits.get("linked_k", k)),
        counted=max(int(limits["linked_rows_k"]), k) if limits.get("linked_rows_k") else 0,
        diversity=defaults.l_diversity,
        skewness=limits.get("skewness"),
        outliers=limits.get("outlier_share"),
        similar=limits.get("similar_share"),
        subgroup=limits.get("subgroup_risk"),
        rare=defaults.tail_persons,
        article=_cite(regime),
    )


def _cite(regime: Regime) -> str:
    return regime.clauses[max(regime.clauses)].citation
