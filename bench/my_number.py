"""How often a column is called one of individual numbers (個人番号) that is none, and how often a true one is not: 10,000 columns each.

Columns are drawn with a fixed seed. A random column holds distinct twelve-digit numbers drawn evenly; a true one holds numbers with their
check digit. Mixed columns stand for text columns with a few true numbers among others written alike. The other codes
(`intake.identification`) are measured on random columns of their form.
"""

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from intake.identification import find_code_kind
from intake.identifiers import NumberCount, holds_my_numbers
from schemas.check_digits import get_check_digit

COLUMNS = 10_000
SEED = 20261101
Numbers: TypeAlias = NDArray[np.int64]
Draw: TypeAlias = Callable[[np.random.Generator], Numbers]


def draw_random(rng: np.random.Generator, count: int) -> Numbers:
    """Return twelve-digit numbers drawn evenly."""
    return rng.integers(0, 10**12, count)


def draw_true(rng: np.random.Generator, count: int) -> Numbers:
    """Return numbers with their check digit."""
    bodies = rng.integers(0, 10**11, count)
    digits = bodies[:, None] // 10 ** np.arange(10, -1, -1) % 10
    return np.asarray(bodies * 10 + get_check_digit("my_number").compute(digits))


def draw_series(rng: np.random.Generator, count: int) -> Numbers:
    """Return numbers given out in series, as receipt numbers are: a day of one year and a running number."""
    return np.asarray((20240000 + rng.integers(101, 1232, count)) * 10_000 + rng.integers(0, 10_000, count))


def mix(others: Callable[[np.random.Generator, int], Numbers], total: int, true: int) -> Draw:
    """Return a drawer of columns with some true numbers among others."""
    return lambda rng: np.concatenate([others(rng, total - true), draw_true(rng, true)])


def count_refused(draw: Draw, columns: int, seed: int = SEED) -> int:
    """Return how many of the columns are called columns of individual numbers."""
    rng = np.random.default_rng(seed)
    return sum(holds_my_numbers(NumberCount(numbers=np.unique(draw(rng))), named=False) for _ in range(columns))


KINDS: tuple[tuple[str, Draw], ...] = (
    *((f"{size:,} numbers at random", mix(draw_random, size, 0)) for size in (1, 2, 3, 10, 60, 1000)),
    *((f"{size:,} true numbers", mix(draw_random, size, size)) for size in (1, 2, 3, 10, 60, 1000)),
    ("60 of a series, none true", mix(draw_series, 60, 0)),
    *((f"{true} true of 60, the others of a series", mix(draw_series, 60, true)) for true in (2, 3, 5)),
    *((f"{true} true of 60, the others at random", mix(draw_random, 60, true)) for true in (5, 10, 15, 20)),
)


def count_false_codes(length: int, columns: int, cells: int = 60) -> int:
    """Return how many columns of random digits are called an identification code with a check digit."""
    rng = np.random.default_rng(SEED)
    found = 0
    for _ in range(columns):
        texts = pa.array(np.char.zfill(rng.integers(0, 10**length, cells).astype(np.str_), length).tolist(), pa.string())
        found += find_code_kind(texts) is not None
    return found


def run(columns: int = COLUMNS) -> Iterator[str]:
    """Yield a line per kind of column."""
    for name, draw in KINDS:
        refused = count_refused(draw, columns)
        yield f"{name:<44} {refused:>6,} of {columns:,} refused  {refused / columns:8.2%}"
    for length, kind in ((11, "住民票コード"), (12, "運転免許証番号")):
        found = count_false_codes(length, columns)
        yield f"60 random numbers of {length} digits called {kind} {found:>6,} of {columns:,}  {found / columns:8.2%}"
