"""Synthetic persons of one invented municipality: sex, age, household, name, address; whole arrays at once.

One million persons take seconds. The same seed gives the same persons.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sample_data import numbering, pools
from sample_data.households import OTHER, PARENT, Households, form_households, live_alone
from schemas.municipalities import Municipality

OLDEST_FROM_PERSONS = 1000
OLDEST_YEARS = (110, 114)
OWN_SURNAME_SHARE = 0.3
BUILDING_SHARE = 0.3
BUILDINGS = ("ハイツ", "コーポ", "パレス", "メゾン", "グリーン")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class People:
    """Persons of one municipality as arrays.

    Parameters
    ----------
    municipality : Municipality
        Where they live: an invented place.
    as_of : np.datetime64
        The day of the ages.
    seed : int
        What they were made from.
    sex : NDArray[np.int8]
        1 male, 2 female.
    age_years : NDArray[np.int16]
        Full years on the day.
    birth_date : NDArray[np.datetime64]
        Days.
    households : Households
        Who lives with whom.
    surname, given : NDArray[np.int64]
        Entries of the name pools.
    frailty : NDArray[np.float64]
        How often a person needs care, mean 1; the same in every file made from these persons.
    """

    municipality: Municipality
    as_of: np.datetime64
    seed: int
    sex: NDArray[np.int8]
    age_years: NDArray[np.int16]
    birth_date: NDArray[np.datetime64]
    households: Households
    surname: NDArray[np.int64]
    given: NDArray[np.int64]
    frailty: NDArray[np.float64]

    def __len__(self) -> int:
        """Return how many persons there are."""
        return len(self.sex)

    def __repr__(self) -> str:
        """Show the count, never a person."""
        return f"People({len(self)})"

    def open_stream(self, part: str) -> np.random.Generator:
        """Return a stream of chance for one part of the files of these persons."""
        return pools.open_stream(self.seed, self.municipality.code, part)


def make_people(persons: int, municipality: Municipality, *, file_kind: str, seed: int, as_of: np.datetime64) -> People:
    """Return synthetic persons.

    Parameters
    ----------
    persons : int
        How many, 1 or more. From 1,000 on, a shape that reaches 100 years holds a person of 110 or more.
    municipality : Municipality
        Where they live.
    file_kind : str
        Whose shape the population has: `resident` or the name of a table.
    seed : int
        Same seed, same persons.
    as_of : np.datetime64
        The day of the ages.
    """
    rng = pools.open_stream(seed, municipality.code, file_kind)
    pyramid = pools.load_pyramid(file_kind)
    sex, age_years = pyramid.draw(rng, persons)
    if persons >= OLDEST_FROM_PERSONS and pyramid.cumulative[-2] < 1:
        sex[0], age_years[0] = 2, rng.integers(*OLDEST_YEARS)
    households = form_households(sex, age_years, rng) if pyramid.together else live_alone(persons)
    return People(
        municipality=municipality,
        as_of=as_of,
        seed=seed,
        sex=sex,
        age_years=age_years,
        birth_date=_draw_births(age_years, as_of, rng),
        households=households,
        surname=_draw_surnames(households, rng),
        given=_draw_given_names(sex, rng),
        frailty=rng.gamma(0.8, 1 / 0.8, persons),
    )


def _draw_births(age_years: NDArray[np.int16], as_of: np.datetime64, rng: np.random.Generator) -> NDArray[np.datetime64]:
    """Return birth dates that give the ages on the day."""
    month = as_of.astype("datetime64[M]")
    birthdays = (month - age_years.astype("timedelta64[M]") * 12).astype("datetime64[D]") + (as_of - month.astype("datetime64[D]"))
    births: NDArray[np.datetime64] = birthdays - rng.integers(0, 365, len(age_years)).astype("timedelta64[D]")
    return births


def _draw_surnames(households: Households, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the surname of the household, or another for some parents and all others."""
    own = pools.load_surnames().draw(rng, len(households.number))
    keeps = (households.relationship == OTHER) | ((households.relationship == PARENT) & (rng.random(len(own)) < OWN_SURNAME_SHARE))
    return np.where(keeps, own, own[households.head[households.number]])


def _draw_given_names(sex: NDArray[np.int8], rng: np.random.Generator) -> NDArray[np.int64]:
    """Return entries of the pool of each person's sex."""
    men, women = (pools.load_given_names(side).draw(rng, len(sex)) for side in (1, 2))
    return np.where(sex == 1, men, women)


def write_surnames(people: People) -> pa.Array:
    """Return surnames."""
    return pools.load_surnames().names.take(pa.array(people.surname))


def write_names(people: People, *, kana: bool = False) -> pa.Array:
    """Return full names, surname and given name with a full-width space between; in katakana when asked."""
    surnames, *given = (pools.load_surnames(), pools.load_given_names(1), pools.load_given_names(2))
    first, *both = [(pool.readings if kana else pool.names) for pool in (surnames, *given)]
    offset = np.where(people.sex == 1, 0, len(both[0]))
    second = pa.concat_arrays(both).take(pa.array(people.given + offset))
    return numbering.join_text([first.take(pa.array(people.surname)), second], "\u3000")


def write_addresses(people: People) -> tuple[pa.Array, pa.Array, pa.Array]:
    """Return town names, house numbers with buildings, and postal codes; one household, one address."""
    rng, households = people.open_stream("address"), people.households
    count = len(households.size)
    towns = pools.list_towns()
    town = (rng.random(count) ** 2.5 * len(towns)).astype(np.int64)
    number = numbering.join_text([_draw_text(rng, 1, 6, count), _draw_text(rng, 1, 40, count), _draw_text(rng, 1, 26, count)], "-")
    building = pc.if_else(pa.array(rng.random(count) < BUILDING_SHARE), _draw_buildings(rng, count), pa.scalar(None, pa.string()))
    detail = numbering.join_text([number, building], "\u3000")
    postal = numbering.join_text(["000", numbering.to_text(101 + town * 17, 4)])
    where = pa.array(households.number)
    return towns.take(pa.array(town)).take(where), detail.take(where), postal.take(where)


def write_phones(people: People) -> pa.Array:
    """Return telephone numbers of households, all beginning with 000, which no line has."""
    return draw_phones(len(people.households.size), people.open_stream("phone")).take(pa.array(people.households.number))


def draw_phones(size: int, rng: np.random.Generator) -> pa.Array:
    """Return telephone numbers that begin with 000."""
    numbers = rng.integers(0, 10**7, size)
    return numbering.join_text(["000", numbering.to_text(numbers // 10_000, 3), numbering.to_text(numbers % 10_000, 4)], "-")


def draw_names(people: People, rng: np.random.Generator) -> pa.Array:
    """Return names of relatives: the person's surname, another given name."""
    given = pa.concat_arrays([pools.load_given_names(sex).names for sex in (1, 2)])
    return numbering.join_text([write_surnames(people), given.take(pa.array(rng.integers(0, len(given), len(people))))], "\u3000")


def write_keys(people: People, part: str, digits: int, *, of_household: bool = False) -> pa.Array:
    """Return a distinct number per person (or per household), as text of `digits` digits."""
    count = len(people.households.size) if of_household else len(people)
    keys = numbering.to_text(numbering.unique_numbers(count, digits, people.open_stream(part)), digits)
    return keys.take(pa.array(people.households.number)) if of_household else keys


def _draw_text(rng: np.random.Generator, low: int, high: int, size: int) -> pa.Array:
    """Return random whole numbers as text."""
    return pa.array([str(number) for number in range(low, high)]).take(pa.array(rng.integers(0, high - low, size)))


def _draw_buildings(rng: np.random.Generator, size: int) -> pa.Array:
    """Return names of buildings with a room."""
    names = pa.array([f"{name}見本" for name in BUILDINGS], pa.string()).take(pa.array(rng.integers(0, len(BUILDINGS), size)))
    return numbering.join_text([names, _draw_text(rng, 101, 410, size)])
