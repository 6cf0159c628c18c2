"""Who lives with whom: couples, children, lone parents, grandparents; decided by ages alone, for whole arrays at once.

Not decided here: names and addresses (see `people`).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RELATIONSHIPS = ("head", "spouse", "child", "grandchild", "parent", "other")
HEAD, SPOUSE, CHILD, GRANDCHILD, PARENT, OTHER = range(6)

MARRIED = ([18, 20, 25, 30, 35, 45, 60, 75, 90, 110], [0.0, 0.03, 0.25, 0.50, 0.62, 0.70, 0.75, 0.78, 0.55, 0.2])
WITH_PARENTS = ([17, 18, 22, 30, 40, 50, 60], [1.0, 0.9, 0.65, 0.40, 0.25, 0.12, 0.0])
LONE_PARENT = ([18, 25, 35, 50, 60], [0.0, 0.10, 0.25, 0.20, 0.0])
WITH_ADULT_CHILD = ([65, 70, 80, 90, 100], [0.0, 0.12, 0.30, 0.50, 0.55])
GENERATION_YEARS = (30.5, 5.0)
PARENT_GAP_YEARS = (16, 50)
ADULT_YEARS = 18


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Households:
    """Which household each person belongs to.

    Parameters
    ----------
    number : NDArray[np.int64]
        Household of each person, 0 … count − 1.
    relationship : NDArray[np.int8]
        Index into `RELATIONSHIPS`: relation to the head.
    head : NDArray[np.int64]
        Person who is the head, per household.
    size : NDArray[np.int64]
        Persons per household.
    """

    number: NDArray[np.int64]
    relationship: NDArray[np.int8]
    head: NDArray[np.int64]
    size: NDArray[np.int64]


def form_households(sex: NDArray[np.int8], age_years: NDArray[np.int16], rng: np.random.Generator) -> Households:
    """Return households that suit the ages.

    Parameters
    ----------
    sex : NDArray[np.int8]
        1 male, 2 female.
    age_years : NDArray[np.int16]
        Age of each person.
    rng : np.random.Generator
        Source of chance.
    """
    persons = len(sex)
    leader = np.arange(persons, dtype=np.int64)
    relationship = np.zeros(persons, dtype=np.int8)
    husbands, wives = _pair(sex, age_years, rng)
    leader[wives], relationship[wives] = husbands, SPOUSE
    single = np.ones(persons, dtype=bool)
    single[husbands] = single[wives] = False
    parents = np.concatenate([wives, _choose(single & (sex == 2), age_years, LONE_PARENT, rng)])
    single[parents] = False
    children = _choose(single, age_years, WITH_PARENTS, rng)
    single[children] = False
    _join(children, parents, -1.0, (leader, relationship, age_years), rng)
    elders = _choose(single, age_years, WITH_ADULT_CHILD, rng)
    _join(elders, parents, 1.0, (leader, relationship, age_years), rng)
    return _number(leader, relationship)


def live_alone(persons: int) -> Households:
    """Return one household per person, for files that hold single members of households."""
    alone = np.arange(persons, dtype=np.int64)
    return Households(number=alone, relationship=np.zeros(persons, dtype=np.int8), head=alone, size=np.ones(persons, dtype=np.int64))


def _choose(
    among: NDArray[np.bool_], age_years: NDArray[np.int16], curve: tuple[list[int], list[float]], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return the persons `among` whom chance picks with the share their age has on the curve."""
    share = np.interp(age_years, *curve)
    return np.flatnonzero(among & (rng.random(len(age_years)) < share))


def _pair(sex: NDArray[np.int8], age_years: NDArray[np.int16], rng: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return husbands and wives, as many of each, near in age."""
    men, women = (_choose(sex == side, age_years, MARRIED, rng) for side in (1, 2))
    couples = min(len(men), len(women))
    men, women = (rng.permutation(side)[:couples] for side in (men, women))
    order = [np.argsort(age_years[side] + shift + rng.normal(0, 2.5, couples)) for side, shift in ((men, 0.0), (women, 2.0))]
    return men[order[0]], women[order[1]]


def _join(
    persons: NDArray[np.int64],
    anchors: NDArray[np.int64],
    direction: float,
    arrays: tuple[NDArray[np.int64], NDArray[np.int8], NDArray[np.int16]],
    rng: np.random.Generator,
) -> None:
    """Move persons into the households of anchors one generation older (direction −1) or younger (+1)."""
    leader, relationship, age_years = arrays
    if not len(anchors) or not len(persons):
        relationship[persons] = HEAD
        return
    anchors = anchors[np.argsort(age_years[anchors], kind="stable")]
    ages = age_years[anchors]
    wanted = np.rint(age_years[persons] - direction * rng.normal(*GENERATION_YEARS, len(persons)))
    low, high = np.searchsorted(ages, wanted - 1), np.searchsorted(ages, wanted + 1, side="right")
    lost = high <= low  # nobody of that age: a minor goes to anybody, an adult stays alone
    low, high = np.where(lost, 0, low), np.where(lost, len(anchors), high)
    moves = ~lost | (age_years[persons] < ADULT_YEARS)
    persons, low, high = persons[moves], low[moves], high[moves]
    chosen = anchors[low + (rng.random(len(persons)) * (high - low)).astype(np.int64)]
    gap = (age_years[chosen].astype(np.int64) - age_years[persons]) * -direction
    fits = (gap >= PARENT_GAP_YEARS[0]) & (gap <= PARENT_GAP_YEARS[1])
    leader[persons] = leader[chosen]
    near = np.where(gap > PARENT_GAP_YEARS[1], GRANDCHILD if direction < 0 else OTHER, OTHER)
    relationship[persons] = np.where(fits, CHILD if direction < 0 else PARENT, near)


def _number(leader: NDArray[np.int64], relationship: NDArray[np.int8]) -> Households:
    """Return households numbered without gaps."""
    head, number, size = np.unique(leader, return_inverse=True, return_counts=True)
    return Households(number=number.astype(np.int64), relationship=relationship, head=head.astype(np.int64), size=size.astype(np.int64))
