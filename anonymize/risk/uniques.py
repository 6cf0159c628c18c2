"""Figures of uniques: persons whom few columns tell apart, before processing and in the release, and how many of the population are unique.

Decided here: which of it is told, and over whom. What a special unique is stands in `special_uniques`, the estimators in
`population_uniques`. Figures before processing say what the processing has to take away; no limit is held against them.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from anonymize.risk.attacks.originals import Originals
from anonymize.risk.combinations import Combinations, read_original, read_released
from anonymize.risk.figures import Definition, Figure
from anonymize.risk.histories import count_histories
from anonymize.risk.population_uniques import Uniqueness, estimate_uniqueness
from anonymize.risk.released import Released
from anonymize.risk.samples import SKINNER_2002
from anonymize.risk.special_uniques import SpecialUniques, choose_largest, find_special_uniques, score_disclosure
from schemas.messages import N_, Message, Name
from schemas.plan import Plan

ELLIOT_2005 = "M. J. Elliot et al. (2005), SUDA: a program for detecting special uniques, Proc. UNECE/Eurostat Work Session, Geneva"
MANNING_2008 = "A. M. Manning, D. J. Haglin, J. A. Keane (2008), A recursive search algorithm, doi:10.1007/s10618-007-0078-6"
DANKAR_2012 = "F. K. Dankar et al. (2012), Estimating the re-identification risk of clinical data sets, doi:10.1186/1472-6947-12-66"

NEIGHBOUR = N_("knows that a person is in the file, and a few of its columns")
MATCHER = N_("matches a person who is unique in the file with somebody of the population who looks the same")
STRANGER = N_("does not know who is in the file, and looks for persons nobody else in the population is like")
SEVERAL = N_("not estimated: persons stand in several classes, and the models know persons of one class")

TITLES: Mapping[int, str] = {
    1: N_("share of persons whom a single column tells apart"),
    2: N_("share of persons whom two columns or fewer tell apart"),
    3: N_("share of persons whom three columns or fewer tell apart"),
}
CONTRIBUTION = N_("share of the special uniques' scores that this column is part of")
DISCLOSURE = N_("highest probability that a special unique is matched with the right person")
POPULATION = N_("estimated share of the population that is unique")
BEFORE = N_("everybody in the file before processing; all sets of at most {largest} of {columns} columns")
AFTER = N_("everybody in the written file; all sets of at most {largest} of {columns} columns")
ESTIMATED = N_("{people:,} people, of whom the file is taken for a simple random sample; model: {model}")
ORIGINAL, RELEASE = "original_", ""
NOBODY = N_("{people:,} people; nobody of the file is alone, so that nobody of them is taken for unique")
MODELS = {"zayatz": "Zayatz", "snb": "SNB", "pitman": "Pitman"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """One file, its special uniques, and the population it is a sample of.

    Parameters
    ----------
    place : str
        Beginning of the codes: "original_", or nothing for the release.
    lines : Combinations
        Its combinations.
    special : SpecialUniques
        Of its lines.
    class_sizes : Mapping[int, int] or None
        Size in persons → number of classes; None where persons stand in several classes.
    population : int or None
        People of the population, where it is known.
    """

    place: str
    lines: Combinations
    special: SpecialUniques
    class_sizes: Mapping[int, int] | None
    population: int | None

    @property
    def everybody(self) -> Message:
        """Over whom sets of columns are searched; not how many they are: that of the original is told beside that of the release."""
        gaps = {"largest": self.special.largest, "columns": len(self.lines.columns)}
        return Message(BEFORE if self.place else AFTER, gaps)


def measure_uniques(
    originals: Originals, released: Released, plan: Plan, population: int | None, rng: np.random.Generator
) -> tuple[Figure, ...]:
    """Return the figures of special and population uniques, of the release and of the original.

    Parameters
    ----------
    originals : Originals
        The file before processing.
    released : Released
        The written file.
    plan : Plan
        Names the quasi-identifiers.
    population : int or None
        People of the population the file was taken from; None: nothing about it is estimated.
    rng : np.random.Generator
        Of the intervals.

    Returns
    -------
    tuple[Figure, ...]
        special_uniques_1 … _3 and, where there are any, special_contribution by column; with a population population_uniques and
        special_disclosure. The same with `original_` before. Empty without quasi-identifiers or rows.
    """
    names = [column.name for column in plan.recoded]
    if not names or not released.rows:
        return ()
    after = read_released(released)
    sizes = count_histories(released) if released.person_id else after.count_classes()
    before = read_original(originals, names, originals.count()[1])
    known = before.count_classes() if before.is_partition else None
    observed = _observe(RELEASE, after, sizes, population), _observe(ORIGINAL, before, known, population)
    return tuple(figure for file in observed for figure in (*_measure_special(file), *_estimate(file, rng)))


def _observe(place: str, lines: Combinations, class_sizes: Mapping[int, int] | None, population: int | None) -> Observed:
    largest = choose_largest(*lines.codes.shape)
    special = find_special_uniques(lines.codes, lines.owners, largest=largest)
    return Observed(place=place, lines=lines, special=special, class_sizes=class_sizes, population=population)


def _measure_special(file: Observed) -> Iterator[Figure]:
    """Yield the shares of persons by columns needed, and what each column has to do with it."""
    special, lines = file.special, file.lines
    over, persons = file.everybody, 0
    for size in range(1, special.largest + 1):
        persons = lines.count_owners((special.smallest > 0) & (special.smallest <= size))
        defined = Definition(
            code=f"{file.place}special_uniques_{size}", title=TITLES[size], attacker=NEIGHBOUR, source=MANNING_2008, unit="share"
        )
        yield defined.measure(persons / lines.total, over, persons=persons, total=lines.total)
    if persons:
        share = Definition(
            code=f"{file.place}special_contribution", title=CONTRIBUTION, attacker=NEIGHBOUR, source=ELLIOT_2005, unit="share"
        )
        for column, contribution in zip(lines.columns, special.contributions.tolist(), strict=True):
            yield share.measure(contribution, over, column=column, persons=persons)


def _estimate(file: Observed, rng: np.random.Generator) -> Iterator[Figure]:
    """Yield what is estimated of the population; nothing where it is not known."""
    if file.population is None:
        return
    defined = Definition(code=f"{file.place}population_uniques", title=POPULATION, attacker=STRANGER, source=DANKAR_2012, unit="share")
    if file.class_sizes is None:
        yield dataclasses.replace(defined.measure(None, file.everybody), attacker=Message(SEVERAL))
        return
    people = max(file.population, file.lines.total)
    found = estimate_uniqueness(file.class_sizes, people, rng)
    model = MODELS.get(found.model)
    over = Message(ESTIMATED, {"people": people, "model": Name(model)}) if model else Message(NOBODY, {"people": people})
    alone = file.class_sizes.get(1, 0)
    yield defined.measure(found.share, over, interval=found.interval, persons=alone, details=_list_models(found, file, people))
    yield _measure_disclosure(file, people, over)


def _list_models(found: Uniqueness, file: Observed, people: int) -> dict[str, float]:
    """Return every model's share, the sampling fraction and the population."""
    told = {name: share for name, share in found.every.items() if share is not None}
    return {**told, "sampling_fraction": file.lines.total / people, "people": people}


def _measure_disclosure(file: Observed, people: int, over: Message) -> Figure:
    """Return the highest DIS-SUDA score."""
    pairs = 2 * int(np.count_nonzero(file.lines.persons == 2))
    fraction = file.lines.total / people
    scores = score_disclosure(file.special.scores, len(file.lines.columns), pairs=pairs, fraction=fraction)
    defined = Definition(code=f"{file.place}special_disclosure", title=DISCLOSURE, attacker=MATCHER, source=SKINNER_2002, unit="share")
    return defined.measure(float(scores.max(initial=0.0)), over, persons=file.lines.count_owners(scores > 0), modelled=True)
