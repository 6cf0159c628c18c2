"""Regimes: the rules of one law as data, so that no article number, amount or threshold stands in code.

Decided here: what a regime holds and how it is read. A regime (law) names a policy (`schemas.policies`, numbers the office chose): both are
YAML, in `schemas/regimes/` and `schemas/regimes/policies/`. Not decided here: what any stage does with them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

import yaml

from schemas.errors import SettingsError
from schemas.messages import N_, Name
from schemas.policies import Defaults, Granularity, OverridePolicy, Safeguard, freeze, policy_fields

Judge: TypeAlias = Literal["rule", "person"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One item of the processing standard (加工基準): number 1–5, where it stands, its title and its words."""

    number: int
    citation: str
    title_ja: str
    text_ja: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One test of the screening (審査基準).

    Parameters
    ----------
    code : str
        Stable name: `persons`, `method`, …
    number : int
        Its number in the article; 0 for a precondition, which is no test of its own.
    judged_by : {"rule", "person"}
        Whether a rule can pass it, or only a person.
    """

    code: str
    number: int
    article: str
    judged_by: Judge
    text_ja: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Disqualification:
    """One ground that bars a proposer (欠格事由); `applies_to` is individual, body or any."""

    code: str
    number: int
    article: str
    applies_to: str
    text_ja: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fee:
    """The fee (手数料) in yen: base, each started hour, each third party heard, and a change by the same user."""

    base_yen: int
    hour_yen: int
    third_party_yen: int
    change_yen: int
    article: str
    note_ja: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpinionStep:
    """Whether third parties are heard before creation (意見書提出の機会), and the ground."""

    required: bool
    article: str | None
    text_ja: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterItem:
    """One item of a register entry (個人情報ファイル簿の記載事項) and when it is needed."""

    key: str
    number: int
    citation: str
    when: str
    title_ja: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """One ground for cancelling a contract (契約の解除)."""

    article: str
    text_ja: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityPaper:
    """A paper that proves who proposes (本人確認書類): for which kinds of proposer, and how many months old at most (None: any)."""

    kinds: tuple[str, ...]
    months: int | None
    title_ja: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Regime:
    """The rules one case follows, from the register to the release.

    Parameters
    ----------
    articles : Mapping[str, str]
        Key (`screening`, `fee`, …) → citation; a key absent from a regime has no such rule there.
    forms : Mapping[str, str]
        Papers → number or name of the official form.
    criteria : tuple[Criterion, ...]
        Tests 1–7; `preconditions` come before them: complete papers, a file open to proposals.
    clauses : Mapping[int, Clause]
        1–5, the processing standard.
    defaults, granularity, safeguards, risk_thresholds, resident_tables, override, contexts, supply_methods, letters
        Policy of the office, not law.
    """

    name: str
    title_ja: str
    term_ja: str
    law_ja: str
    law_short_ja: str
    abbreviations: Mapping[str, str]
    in_force_from: date
    articles: Mapping[str, str]
    forms: Mapping[str, str]
    aims: Mapping[str, str]
    disqualifications: tuple[Disqualification, ...]
    criteria: tuple[Criterion, ...]
    preconditions: tuple[Criterion, ...]
    clauses: Mapping[int, Clause]
    fee: Fee
    opinion_step: OpinionStep
    register_items: tuple[RegisterItem, ...]
    file_kinds: Mapping[str, str]
    recruitment: Mapping[str, Any]
    cancellation_grounds: Mapping[str, Ground]
    minimum_persons: int
    identity_papers: Mapping[str, IdentityPaper]
    policy: str
    contexts: Mapping[str, str]
    safeguards: Mapping[str, Safeguard]
    supply_methods: Mapping[str, str]
    letters: Mapping[str, str]
    defaults: Defaults
    granularity: Granularity
    risk_thresholds: Mapping[str, Mapping[str, float]]
    resident_tables: frozenset[str]
    override: OverridePolicy

    def get_article(self, key: str) -> str:
        """Return a citation, or an empty text where this law has no such rule."""
        return self.articles.get(key, "")

    def get_criterion(self, code: str) -> Criterion:
        """Return a test or a precondition by its code.

        Raises
        ------
        KeyError
            There is no test of this code.
        """
        return {criterion.code: criterion for criterion in (*self.preconditions, *self.criteria)}[code]


def regime_names() -> tuple[str, ...]:
    """Return the names of the regimes, newest law first."""
    found = [name.removesuffix(".yaml") for name in (item.name for item in _folder().iterdir()) if name.endswith(".yaml")]
    return tuple(sorted(found, key=lambda name: name.rsplit("-", 1)[-1], reverse=True))


@cache
def load_regime(name: str) -> Regime:
    """Return a regime with the policy it names; the same object for the same name.

    Parameters
    ----------
    name : str
        `tokumei-2023` or `hishikibetsu-2017`.

    Raises
    ------
    SettingsError
        There is no regime of this name.
    """
    if name not in regime_names():
        raise SettingsError(N_("no regime named {name}"), N_("use one of: {known}"), name=Name(name), known=Name(", ".join(regime_names())))
    law = _read(_folder() / f"{name}.yaml")
    policy = _read(_folder() / "policies" / f"{law['policy']}.yaml")
    return Regime(**_law_fields(law), **policy_fields(policy))


def _folder() -> Traversable:
    return files("schemas") / "regimes"


def _read(source: Traversable) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(source.read_text(encoding="utf-8"))
    return document


def _identity_paper(item: Mapping[str, Any]) -> IdentityPaper:
    return IdentityPaper(kinds=tuple(item["kinds"]), months=item["months"], title_ja=item["title_ja"])


def _law_fields(law: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a regime that come from the law's file."""
    built = {
        "disqualifications": tuple(Disqualification(**item) for item in law["disqualifications"]),
        "criteria": tuple(Criterion(**item) for item in law["criteria"]),
        "preconditions": tuple(Criterion(**item) for item in law["preconditions"]),
        "identity_papers": MappingProxyType({code: _identity_paper(item) for code, item in law["identity_papers"].items()}),
        "clauses": MappingProxyType({number: Clause(number=number, **item) for number, item in law["clauses"].items()}),
        "fee": Fee(**law["fee"]),
        "opinion_step": OpinionStep(**law["opinion_step"]),
        "register_items": tuple(RegisterItem(**item) for item in law["register_items"]),
        "cancellation_grounds": MappingProxyType({code: Ground(**item) for code, item in law["cancellation_grounds"].items()}),
    }
    plain = {key: freeze(value) if isinstance(value, dict) else value for key, value in law.items() if key not in built}
    return {**plain, **built}
