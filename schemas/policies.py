"""Policies: the numbers and lists an office chose itself, apart from the law. None of them is law, all of them are data.

Decided here: what a policy holds. Not decided here: which policy a law is read with (`schemas.regimes`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

CONTEXTS = ("public", "contract", "enclave")


@dataclass(frozen=True, slots=True, kw_only=True)
class Safeguard:
    """One protective measure an applicant declares (適切な管理のための措置), and the contexts where it is needed."""

    contexts: tuple[str, ...]
    text_ja: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Granularity:
    """The finest grain a proposal may ask for.

    Parameters
    ----------
    roles : Mapping[str, tuple[str, ...]]
        Role of a column → the only answers it allows; a role absent here allows every level.
    finest_levels : Mapping[str, str]
        Name of a hierarchy → its finest level that may be asked for.
    """

    roles: Mapping[str, tuple[str, ...]]
    finest_levels: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """Numbers of the office's policy; none is law.

    Parameters
    ----------
    k : Mapping[str, int]
        Persons per class, by context.
    k_small_municipality, small_municipality_population : int
        k where fewer people than this live in the municipality.
    rare_code_persons, small_count : int
        A code, or a published count, below this many persons is rare.
    tail_share, tail_persons : float, int
        Extremes: the larger of this share (0–1) of persons and this many persons.
    age_band_years, age_top_years : int
        Narrowest band and start of the open top band.
    sampling_share, suppression_limit, expected_risk : float
        Shares, 0–1.
    maximum_period_years, request_deadline_days, fee_deadline_days : int
        Longest period that passes without a second look; days given to answer and to pay.
    """

    k: Mapping[str, int]
    k_small_municipality: int
    small_municipality_population: int
    rare_code_persons: int
    small_count: int
    tail_share: float
    tail_persons: int
    age_band_years: int
    age_top_years: int
    l_diversity: int
    sampling_share: float
    suppression_limit: float
    expected_risk: float
    maximum_period_years: int
    request_deadline_days: int
    fee_deadline_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OverridePolicy:
    """What two persons together may override of what the gate found (例外承認).

    Parameters
    ----------
    may : frozenset[str]
        Codes of reasons that may be overridden. A code that stands nowhere may not.
    never : frozenset[str]
        Codes of reasons that may not, said so that every code is somewhere.
    grounds : Mapping[str, str]
        Code of a ground → its Japanese text.
    note_characters, note_digits : int
        Longest note, and most digits in a row in it: a note is no place for values.
    """

    may: frozenset[str]
    never: frozenset[str]
    grounds: Mapping[str, str]
    note_characters: int
    note_digits: int

    def find_standing(self, codes: Iterable[str]) -> tuple[str, ...]:
        """Return those codes that nobody can override, each once."""
        return tuple(dict.fromkeys(code for code in codes if code not in self.may or code in self.never))


def freeze(mapping: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """Return a mapping that cannot be changed, nor the mappings in it."""
    return MappingProxyType({key: freeze(value) if isinstance(value, dict) else value for key, value in mapping.items()})


def policy_fields(policy: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a regime that come from the policy's file."""
    grain, override = policy["granularity"], policy["override"]
    return {
        "contexts": freeze(policy["contexts"]),
        "supply_methods": freeze(policy["supply_methods"]),
        "letters": freeze(policy["letters"]),
        "risk_thresholds": freeze(policy["risk_thresholds"]),
        "resident_tables": frozenset(policy.get("resident_tables", ())),
        "safeguards": MappingProxyType(
            {code: Safeguard(contexts=tuple(item["contexts"]), text_ja=item["text_ja"]) for code, item in policy["safeguards"].items()}
        ),
        "defaults": Defaults(**{**policy["defaults"], "k": freeze(policy["defaults"]["k"])}),
        "override": OverridePolicy(
            may=frozenset(override["may"]),
            never=frozenset(override["never"]),
            grounds=freeze(override["grounds"]),
            note_characters=override["note_characters"],
            note_digits=override["note_digits"],
        ),
        "granularity": Granularity(
            roles=MappingProxyType({role: tuple(levels) for role, levels in grain["roles"].items()}),
            finest_levels=freeze(grain["finest_levels"]),
        ),
    }
