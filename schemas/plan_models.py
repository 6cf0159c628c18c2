"""The privacy models a plan may promise, as records, and their one spelling.

Decided here: what a model is called, which settings it has and which fit together. Not decided here: how a model is measured
(`anonymize.models`, `anonymize.verify`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from schemas.errors import PlanError
from schemas.files import sha256_file
from schemas.findings import Finding, FindingKind, Severity
from schemas.messages import N_, Name

DiversityKind = Literal["distinct", "entropy", "recursive"]
Distance = Literal["equal", "ordered", "hierarchical"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Diversity:
    """l-diversity asked of one sensitive column.

    Parameters
    ----------
    column : str
        Sensitive column.
    kind : {"distinct", "entropy", "recursive"}
        Which l-diversity (see `anonymize.models.diversity`).
    l : float
        Threshold, at least 1; a whole number for `distinct` and `recursive`.
    c : float or None
        The c of recursive (c, l)-diversity.
    """

    column: str
    kind: DiversityKind
    l: float  # noqa: E741 - the letter of the model
    c: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Closeness:
    """t-closeness asked of one sensitive column.

    Parameters
    ----------
    column : str
        Sensitive column.
    t : float
        Greatest distance from the whole, 0–1.
    distance : {"equal", "ordered", "hierarchical"}
        Ground distance of the earth mover's distance.
    hierarchy : str, Mapping or None
        Of the sensitive column, for the hierarchical distance.
    """

    column: str
    t: float
    distance: Distance = "equal"
    hierarchy: str | Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PopulationModels:
    """What a release must hold against a table of the population it was taken from.

    Parameters
    ----------
    file : str
        CSV file; a relative path starts in the plan's folder.
    sha256 : str or None
        Of the file; a plan that is loaded from its file always has it, so that the plan's own hash covers the population.
    k_map : int or None
        Fewest persons of the population who match a released class.
    delta_presence : tuple[float, float] or None
        Least and greatest probability, 0–1, that a person of the population who matches is in the release.
    """

    file: str
    sha256: str | None = None
    k_map: int | None = None
    delta_presence: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Privacy:
    """What every released class must hold; `k` counts persons. `linked`: k persons share the classes of all their rows too, or even how
    many rows lie in each ("rows").
    """  # noqa: D205

    k: int
    diversity: tuple[Diversity, ...] = ()
    closeness: tuple[Closeness, ...] = ()
    population: PopulationModels | None = None
    linked: bool | Literal["rows"] = True

    @property
    def asked(self) -> tuple[str, ...]:
        """The sensitive columns a model asks about, each once, in order."""
        return tuple(dict.fromkeys([*(d.column for d in self.diversity), *(c.column for c in self.closeness)]))

    def to_document(self) -> dict[str, Any]:
        """Return the models as a plan spells them."""
        entry: dict[str, Any] = {"k": self.k} | ({} if self.linked is True else {"linked": self.linked})
        if self.diversity:
            entry["l_diversity"] = {d.column: without_none(kind=d.kind, l=d.l, c=d.c) for d in self.diversity}
        if self.closeness:
            entry["t_closeness"] = {c.column: without_none(t=c.t, distance=c.distance, hierarchy=c.hierarchy) for c in self.closeness}
        if self.population:
            p = self.population
            presence = None if p.delta_presence is None else list(p.delta_presence)
            entry["population"] = without_none(file=p.file, sha256=p.sha256, k_map=p.k_map, delta_presence=presence)
        return entry


def parse_privacy(document: Mapping[str, Any]) -> Privacy:
    """Return the models of a document that meets its schema; nothing is checked here."""
    population = document.get("population")
    if population is not None:
        presence = population.get("delta_presence")
        population = PopulationModels(**{**population, "delta_presence": presence and tuple(float(bound) for bound in presence)})
    return Privacy(
        k=document["k"],
        diversity=tuple(Diversity(column=name, **entry) for name, entry in document.get("l_diversity", {}).items()),
        closeness=tuple(_parse_closeness(name, entry) for name, entry in document.get("t_closeness", {}).items()),
        population=population,
        linked=document.get("linked", True),
    )


def seal_population(privacy: Privacy, folder: Path | None) -> Privacy:
    """Return the models with the hash of the population file as it is now.

    Raises
    ------
    PlanError
        The file cannot be read, or has another hash than the plan states.
    """
    models = privacy.population
    if models is None:
        return privacy
    try:
        found = sha256_file((folder or Path()) / models.file)
    except OSError:
        raise PlanError(
            N_("the population table {file} of the plan cannot be read"),
            N_("give a CSV file; a relative path starts in the folder of the plan"),
            file=Name(Path(models.file).name),
        ) from None
    if models.sha256 not in (None, found):
        raise PlanError(
            N_("the population table {file} is not the one the plan names by its hash"),
            N_("give the file the plan was made for, or take sha256 out of the plan"),
            file=Name(Path(models.file).name),
        )
    return replace(privacy, population=replace(models, sha256=found))


def _kind(code: str, template: str) -> FindingKind:
    return FindingKind(code, Severity.FILE, template)


MODEL_COLUMN = _kind("model-column", N_("a privacy model asks about a column that is not a released sensitive column"))
RECURSIVE_C = _kind("recursive-c", N_("recursive diversity needs c, the other kinds have none"))
WHOLE_L = _kind("whole-l", N_("l of distinct and recursive diversity is a whole number"))
DISTANCE_HIERARCHY = _kind("distance-hierarchy", N_("the hierarchical distance needs a hierarchy, the other distances have none"))
NO_POPULATION_MODEL = _kind("population-model", N_("privacy.population needs k_map or delta_presence"))
PRESENCE_RANGE = _kind("presence-range", N_("delta_presence is the least and the greatest share, in this order"))


def check_models(privacy: Privacy, sensitive: frozenset[str]) -> Iterator[Finding]:
    """Yield what is wrong with the models of a plan; `sensitive` are the released sensitive columns."""
    yield from (Finding(kind=MODEL_COLUMN, column=Name(column)) for column in privacy.asked if column not in sensitive)
    for diversity in privacy.diversity:
        if (diversity.kind == "recursive") != (diversity.c is not None):
            yield Finding(kind=RECURSIVE_C, column=Name(diversity.column))
        if diversity.kind != "entropy" and diversity.l != int(diversity.l):
            yield Finding(kind=WHOLE_L, column=Name(diversity.column))
    for closeness in privacy.closeness:
        if (closeness.distance == "hierarchical") != (closeness.hierarchy is not None):
            yield Finding(kind=DISTANCE_HIERARCHY, column=Name(closeness.column))
    if (population := privacy.population) is not None:
        if population.k_map is None and population.delta_presence is None:
            yield Finding(kind=NO_POPULATION_MODEL)
        if population.delta_presence is not None and population.delta_presence[0] > population.delta_presence[1]:
            yield Finding(kind=PRESENCE_RANGE)


def _parse_closeness(column: str, entry: float | Mapping[str, Any]) -> Closeness:
    return Closeness(column=column, **entry) if isinstance(entry, Mapping) else Closeness(column=column, t=float(entry))


def without_none(**entries: Any) -> dict[str, Any]:
    """Return the entries that are given."""
    return {key: value for key, value in entries.items() if value is not None}
