"""What synthetic persons are made of: name pools, town names, population shapes, seeded streams.

Names come from the pools of Faker (ja_JP); everything else that could point at a real place or line is from ranges nobody uses:
invented towns, postal codes beginning with 000, telephone numbers beginning with 000.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import yaml
from numpy.typing import NDArray

Codes: TypeAlias = NDArray[np.int64]
PYRAMIDS = Path(__file__).parent / "pyramids.yaml"

# Spellings of one surname as family registers hold them; all have a CP932 code.
SPELLINGS = {
    "高橋": ("髙橋",),
    "山崎": ("山﨑",),
    "渡辺": ("渡邉", "渡邊"),
    "斎藤": ("齋藤", "齊藤"),
    "中島": ("中嶋", "中嶌"),
}
SPELLING_SHARE = 0.08
TOWN_PREFIXES = ("", "東", "西", "南", "北", "上", "下", "新", "本")
TOWN_STEMS = ("見本", "例示", "仮想", "架空", "模擬", "試作", "習作")
TOWN_SUFFIXES = ("町", "台", "丘", "野", "原", "川")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NamePool:
    """Names, their readings, and how often each is drawn.

    Parameters
    ----------
    names, readings : pa.Array
        Text, one per entry: kanji (or kana) and full-width katakana.
    cumulative : NDArray[np.float64]
        Cumulative share of draws, ending in 1.
    """

    names: pa.Array
    readings: pa.Array
    cumulative: NDArray[np.float64]

    def draw(self, rng: np.random.Generator, size: int) -> Codes:
        """Return indices into the pool."""
        return np.searchsorted(self.cumulative, rng.random(size), side="right").astype(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pyramid:
    """A population shape.

    Parameters
    ----------
    cumulative : NDArray[np.float64]
        Cumulative share over cells (sex, year of age), male first.
    ages : int
        Years of age per sex: 0 … ages − 1.
    together : bool
        Whether members of one household are in the same file.
    """

    cumulative: NDArray[np.float64]
    ages: int
    together: bool

    def draw(self, rng: np.random.Generator, size: int) -> tuple[NDArray[np.int8], NDArray[np.int16]]:
        """Return sex (1 male, 2 female) and age in years of `size` persons."""
        cells = np.searchsorted(self.cumulative, rng.random(size), side="right")
        return (cells // self.ages + 1).astype(np.int8), (cells % self.ages).astype(np.int16)


def open_stream(seed: int, *names: str) -> np.random.Generator:
    """Return a random generator of its own for one part of the work, so that a new column never changes the others.

    Parameters
    ----------
    seed : int
        The seed the person gave, 0 or more.
    *names : str
        What the stream is for: municipality, table, part.
    """
    return np.random.default_rng([seed, *"/".join(names).encode("utf-8")])


def _cumulate(weights: Sequence[float]) -> NDArray[np.float64]:
    total = np.cumsum(np.asarray(weights, dtype=np.float64))
    shares: NDArray[np.float64] = total / total[-1]
    shares[-1] = 1.0
    return shares


def _name_pool(entries: Sequence[tuple[str, str, float]]) -> NamePool:
    return NamePool(
        names=pa.array([name for name, _, _ in entries], pa.string()),
        readings=pa.array([reading for _, reading, _ in entries], pa.string()),
        cumulative=_cumulate([weight for _, _, weight in entries]),
    )


def _spell(name: str, reading: str, weight: float) -> list[tuple[str, str, float]]:
    """Return the usual spelling and the rarer ones."""
    others = SPELLINGS.get(name, ())
    rest = weight * (1 - SPELLING_SHARE) if others else weight
    return [(name, reading, rest), *((other, reading, weight * SPELLING_SHARE / len(others)) for other in others)]


@functools.cache
def load_surnames() -> NamePool:
    """Return Faker's Japanese surnames with its frequencies, and a few rarer spellings."""
    from faker.providers.person.ja_JP import Provider

    pairs: Any = Provider.last_name_pairs
    return _name_pool([entry for (name, reading, _), weight in pairs.items() for entry in _spell(name, reading, float(weight))])


@functools.cache
def load_given_names(sex: int) -> NamePool:
    """Return Faker's Japanese given names of men (1) or women (2)."""
    from faker.providers.person.ja_JP import Provider

    pairs: Any = Provider.first_name_male_pairs if sex == 1 else Provider.first_name_female_pairs
    return _name_pool([(name, reading, 1.0) for name, reading, _ in pairs])


@functools.cache
def list_towns() -> pa.Array:
    """Return invented town names such as 見本町 and 東架空台."""
    return pa.array(["".join(parts) for parts in product(TOWN_PREFIXES, TOWN_STEMS, TOWN_SUFFIXES)], pa.string())


@functools.cache
def load_pyramid(file_kind: str) -> Pyramid:
    """Return the population shape of one kind of file (`resident`, or the name of a table).

    References
    ----------
    Statistics Bureau of Japan, census of 2020, population by age and sex; rounded, used as a shape only.
    """
    shapes = yaml.safe_load(PYRAMIDS.read_text(encoding="utf-8"))
    kind = shapes["files"][file_kind]
    years = int(shapes["oldest_years"]) + 1
    weights = np.zeros((2, years))
    for row, (side, factor) in enumerate((("male", 1.0), ("female", float(kind["female_factor"])))):
        persons = np.asarray(shapes[side], dtype=np.float64) * np.asarray(kind["share"], dtype=np.float64) * factor
        weights[row, : 5 * (len(persons) - 1)] = np.repeat(persons[:-1] / 5, 5)
        tail = float(shapes["oldest_ratio"]) ** np.arange(years - shapes["bands"][-1])
        weights[row, shapes["bands"][-1] :] = persons[-1] * tail / tail.sum()
    return Pyramid(cumulative=_cumulate(weights.ravel().tolist()), ages=years, together=bool(kind["together"]))
