"""Where synthetic files come from: the invented bodies, the municipalities inside them, and days and months as arrays."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sample_data.shares import make_codes
from schemas.municipalities import Municipality, get_municipality, list_municipalities

Days = NDArray[np.datetime64]


def list_bodies() -> tuple[Municipality, ...]:
    """Return all invented municipalities and prefectures."""
    return list_municipalities(synthetic=True)


def list_members(body: Municipality) -> tuple[Municipality, ...]:
    """Return the municipalities of a prefecture, or the municipality itself."""
    if not body.is_prefecture:
        return (body,)
    return tuple(entry for entry in list_bodies() if entry.prefecture == body.prefecture and not entry.is_prefecture)


def draw_homes(body: Municipality, size: int, rng: np.random.Generator) -> pa.DictionaryArray:
    """Return the municipality code of each of `size` persons of a body, larger ones more often."""
    members = list_members(body)
    steps = np.cumsum([entry.population or 1 for entry in members])
    drawn = np.searchsorted(steps, rng.random(size) * steps[-1], side="right")
    return make_codes(np.minimum(drawn, len(members) - 1), tuple(entry.code for entry in members))


def limit_persons(code: str, persons: int) -> int:
    """Return how many persons a sample of this body may hold: not more than its population."""
    population = get_municipality(code).population
    return persons if population is None else min(persons, population)


def draw_days(rng: np.random.Generator, last: np.datetime64, mean_days: float, size: int) -> Days:
    """Return days up to `last`, most of them not long before."""
    back = rng.exponential(mean_days, size).astype(np.int64)
    days: Days = last.astype("datetime64[D]") - np.minimum(back, 40 * 365).astype("timedelta64[D]")
    return days


def add_months(days: Days, months: NDArray[np.int64]) -> Days:
    """Return the last day before the day `months` months later; days after the 28th count as the 28th."""
    first = days.astype("datetime64[M]")
    within = np.minimum((days - first.astype("datetime64[D]")).astype(np.int64), 27)
    later: Days = (first + months.astype("timedelta64[M]")).astype("datetime64[D]") + within.astype("timedelta64[D]") - 1
    return later
