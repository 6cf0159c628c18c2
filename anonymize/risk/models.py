"""All figures of the models about one release, and the population they are held against.

Decided here: which models are measured, in which order, and how many people the population has. Not decided here: any formula.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.compute as pc

from anonymize.populations import PERSONS, read_people
from anonymize.risk.attacks.originals import Originals
from anonymize.risk.attributes import measure_attributes
from anonymize.risk.figures import Definition, Figure
from anonymize.risk.histories import measure_histories, split_by_history
from anonymize.risk.outliers import measure_outliers
from anonymize.risk.population import find_labels, measure_population, read_sizes
from anonymize.risk.released import Released
from anonymize.risk.samples import measure_samples
from anonymize.risk.subgroups import find_subgroups
from anonymize.risk.thresholds import Thresholds
from anonymize.risk.uniques import measure_uniques
from schemas.embedded_sql import quote
from schemas.messages import N_, Message
from schemas.plan import Plan

NERGIZ_2007 = "M. E. Nergiz et al. (2007), Hiding the presence of individuals from shared databases, doi:10.1145/1247480.1247554"
UNIVERSE = N_("knows everything that is released of a person, and asks whether the person is in the file")
MEMBERSHIP = Definition(
    code="membership",
    title=N_("share of the population who can be proved to be in the file: sampling fraction × share of unique rows"),
    attacker=UNIVERSE,
    source=NERGIZ_2007,
    unit="share",
)
PEOPLE = N_("a population of {people:,} people")
NO_POPULATION = N_("journalist risk and k-map were not measured: no population table was given; they are at most the prosecutor figures")
NO_PEOPLE = N_("population uniques were not estimated: neither a population table nor the number of people was given")
FILE = N_("everybody in the file before processing, as the population is not known")


@dataclass(frozen=True, slots=True, kw_only=True)
class Universe:
    """The population a file was taken from.

    Parameters
    ----------
    table : Path or None
        CSV of people (`docs/models.md`).
    people : int or None
        How many they are, where it is known.
    """

    table: Path | None = None
    people: int | None = None

    def tell(self) -> tuple[Message, ...]:
        """Return what cannot be measured without it."""
        absent = (NO_POPULATION if self.table is None else None, NO_PEOPLE if self.people is None else None)
        return tuple(Message(text) for text in absent if text)


def find_universe(plan: Plan, table: Path | None = None, people: int | None = None) -> Universe:
    """Return the population: the given table or that of the plan, and the given number of people or that of the table.

    Raises
    ------
    FileRejected
        The table cannot be read.
    """
    models = plan.privacy.population
    if table is None and models is not None and plan.folder is not None:
        table = plan.folder / models.file
    if people is None and table is not None:
        people = int(pc.sum(read_people(table).column(PERSONS)).as_py() or 0)
    return Universe(table=table, people=people)


def measure_models(
    originals: Originals, released: Released, plan: Plan, universe: Universe, thresholds: Thresholds, *, seed: int = 0
) -> tuple[Figure, ...]:
    """Return the figures of all models.

    Parameters
    ----------
    originals : Originals
        The file before processing.
    released : Released
        The written file.
    plan : Plan
        With the day on which ages are counted.
    universe : Universe
        Without it nothing about a population is measured.
    thresholds : Thresholds
        Of the context.
    seed : int
        Of the intervals that are drawn.
    """
    figures = measure_samples(released.count_classes(), thresholds.highest, released.counted) + measure_histories(released)
    if universe.table is not None:
        sizes = read_sizes(released, universe.table, find_labels(released, plan, universe.table))
        figures += measure_population(sizes, thresholds.highest)
    figures += measure_uniques(originals, released, plan, universe.people, np.random.default_rng([seed, 7]))
    figures += measure_membership(released, universe.people, originals.count()[1])
    figures += measure_attributes(split_by_history(released), plan)
    figures += measure_outliers(released, thresholds.rare)
    return figures + tuple(subgroups.to_figure() for subgroups in find_subgroups(released))


def measure_membership(released: Released, people: int | None, persons_in: int) -> tuple[Figure, ...]:
    """Return the figure of membership: in a whole-town extract everybody who is unique can be proved to be in the file.

    Parameters
    ----------
    released : Released
        The written file; a person is unique when some row has values, over all columns but ids, that nobody else has.
    people : int or None
        People of the population; None: the file before processing is the least there is.
    persons_in : int
        Persons of the file before processing.

    References
    ----------
    M. E. Nergiz et al. (2007), doi:10.1145/1247480.1247554: the presence of a person as a disclosure.
    """
    if not released.rows:
        return ()
    universe = max(people or 0, persons_in, released.persons)
    names = [quote(field.name) for field in released.fields if field.part in {"label", "value"}]
    keys = ", ".join(names) or "true"
    unique = f"SELECT min({quote(released.person_id)}) AS owner" if released.person_id else "SELECT min(1) AS owner"
    listed = f"{unique} FROM released GROUP BY {keys} HAVING {released.person_sql} = 1"
    counted = "count(DISTINCT owner)" if released.person_id else "count(*)"
    alone = int(released.fetch_row(f"SELECT {counted} FROM ({listed})")[0])  # noqa: S608
    over = Message(FILE) if people is None else Message(PEOPLE, {"people": universe})
    details = {"sampling_fraction": released.persons / universe, "unique_share": alone / released.persons}
    return (MEMBERSHIP.measure(alone / universe, over, persons=alone, total=universe, details=details),)
