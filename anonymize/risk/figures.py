"""One record for every figure of risk: never a bare number.

Decided here: what must stand beside a number (interval, attacker, population, source) and how an interval of a share is made. Not decided
here: any model.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import sqrt
from typing import Literal, TypeAlias

from schemas.messages import N_, Message, check_params

Z_95 = 1.959963984540054
Unit: TypeAlias = Literal["probability", "share", "persons", "classes", "distance", "values"]
Source: TypeAlias = str

# What stands in place of an interval, or beside it.
EXACT = N_("exact (full count)")
INTERVAL = N_("95 % interval")
MODELLED = N_("follows from a model; no interval")
NOT_MEASURED = N_("not measured")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A measured quantity and all that is needed to read it.

    Parameters
    ----------
    code : str
        Stable name (`prosecutor_highest`).
    title : str
        English template: what was measured.
    value : float or None
        None when it could not be measured; `attacker` then says why.
    unit : str
        probability and share: 0–1; distance: 0–1; persons, classes, values: counts.
    attacker : Message
        The assumption: what the attacker knows and wants.
    population : Message
        Over whom it was measured.
    source : str
        Author, year, DOI or article.
    interval : tuple[float, float] or None
        95 % confidence interval; None where every record was counted, so that there is no sampling error.
    persons : int or None
        Count of persons that could be read off the value; it is what guards the figure in a report.
    total : int or None
        Of how many persons they are a share; a report rounds the share so that no count of few can be subtracted from another.
    column : str or None
        The column it is about.
    modelled : bool
        Whether the value follows from a model of the population, so that it is no count although it has no interval.
    """

    code: str
    title: str
    value: float | None
    unit: Unit
    attacker: Message
    population: Message
    source: Source
    interval: tuple[float, float] | None = None
    persons: int | None = None
    total: int | None = None
    column: str | None = None
    modelled: bool = False
    details: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse details that could carry a value of the data."""
        check_params(self.details)

    @property
    def basis(self) -> str:
        """What the interval is, or why there is none: English template."""
        if self.value is None:
            return NOT_MEASURED
        return INTERVAL if self.interval else MODELLED if self.modelled else EXACT

    def to_json(self) -> dict[str, object]:
        """Return the figure for machines; texts in English."""
        return {
            "code": self.code,
            "title": self.title,
            "value": self.value,
            "interval": list(self.interval) if self.interval else None,
            "interval_basis": self.basis,
            "unit": self.unit,
            "assumption": self.attacker.render(),
            "population": self.population.render(),
            "source": self.source,
            "column": self.column,
            **({"details": dict(self.details)} if self.details else {}),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What a figure is, before it is measured: code, title, unit, attacker, source."""

    code: str
    title: str
    attacker: str
    source: Source
    unit: Unit = "probability"

    def measure(
        self,
        value: float | None,
        population: Message,
        *,
        interval: tuple[float, float] | None = None,
        persons: int | None = None,
        total: int | None = None,
        column: str | None = None,
        modelled: bool = False,
        details: Mapping[str, float] | None = None,
    ) -> Figure:
        """Return the figure: this definition with a value over a population."""
        return Figure(
            code=self.code,
            title=self.title,
            value=value,
            unit=self.unit,
            attacker=Message(self.attacker),
            population=population,
            source=self.source,
            interval=interval,
            persons=persons,
            total=total,
            column=column,
            modelled=modelled,
            details=details or {},
        )


def get_figure(figures: Iterable[Figure], code: str, column: str | None = None) -> Figure:
    """Return the figure of this code (and column).

    Raises
    ------
    KeyError
        There is none.
    """
    for figure in figures:
        if figure.code == code and column in {None, figure.column}:
            return figure
    raise KeyError(code)


def wilson_interval(successes: int, trials: int, z: float = Z_95) -> tuple[float, float]:
    """Return the interval of a share, 0–1.

    Parameters
    ----------
    successes, trials : int
        0 ≤ successes ≤ trials.
    z : float
        Normal quantile; 95 % by default.

    Returns
    -------
    tuple[float, float]
        (0, 1) when nothing was tried.

    References
    ----------
    E. B. Wilson (1927), Probable inference, the law of succession, and statistical inference, doi:10.1080/01621459.1927.10502953.
    """
    if trials == 0:
        return 0.0, 1.0
    share = successes / trials
    denominator = 1 + z * z / trials
    centre = (share + z * z / (2 * trials)) / denominator
    half = z * sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials)) / denominator
    return max(0.0, centre - half), min(1.0, centre + half)
