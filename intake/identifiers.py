"""Individual numbers (個人番号) and other identification codes: found by form, check digit, heading and share of hits, in any column.

Decided here: when a file is refused. One twelve-digit text in ten passes the check digit by luck, so a column is judged as a whole: on
its distinct twelve-digit numbers, wherever they stand in its cells, in half or full width, closed up or in groups of four.

A column holds individual numbers when
- its heading says so and any cell holds twelve digits with a right check digit, or is not empty; or
- at least half of its distinct twelve-digit numbers have a right check digit; or
- so many have that luck explains it with a probability below one in a million.

References
----------
行政手続における特定の個人を識別するための番号の利用等に関する法律 第19条, 第20条; 平成26年総務省令第85号 第5条 (check digit).
"""

import math
import re
import unicodedata
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from intake.formats.digits import Found, find_twelve_digits
from intake.formats.rows import Block
from schemas import check_digits

# Of all bodies, two in eleven have the check digit 0, one in eleven each other digit.
LUCK_OF_ZERO, LUCK_OF_OTHERS = 2 / 11, 1 / 11
ALMOST_IMPOSSIBLE = 1e-6
_MY_NUMBER_HEADING = re.compile("個人番号|個人ナンバー|マイナンバー|まいなんばー|my_?number|mynumber|特定個人")
_SOME_ROWS = 2000
_FEWEST = 10
# 住民票コード, 運転免許証番号: check digit; 旅券番号, 在留カード番号: form alone (施行令1条)
_FORMS = {
    "住民票コード": ("resident_code", None),
    "運転免許証番号": ("licence", None),
    "旅券番号": (None, "^[A-Z]{2}[0-9]{7}$"),
    "在留カード番号": (None, "^[A-Z]{2}[0-9]{8}[A-Z]{2}$"),
}


@dataclass(slots=True)
class NumberCount:
    """What a column has shown so far.

    Parameters
    ----------
    numbers : NDArray[int64]
        Its distinct twelve-digit numbers.
    cells : int
        Cells that hold a number with a right check digit.
    filled : int
        Cells that are not empty.
    """

    numbers: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    cells: int = 0
    filled: int = 0


def is_my_number_heading(heading: str) -> bool:
    """Return whether a heading names the individual number."""
    folded = re.sub(r"[\s\-・]+", "", unicodedata.normalize("NFKC", heading)).lower()
    return _MY_NUMBER_HEADING.search(folded) is not None


def count_numbers(block: Block, counts: list[NumberCount]) -> None:
    """Add what a block shows to the counts: one per field, and the last for rows that could not be cut into fields."""
    lead = 0x82 if block.encoding == "cp932" else 0xEF
    _add(find_twelve_digits(block.data, block.starts, block.ends, wide_lead=lead), counts)
    for count, filled in zip(counts, np.count_nonzero(block.ends > block.starts, axis=0).tolist(), strict=False):
        count.filled += filled
    if block.bad.raw:
        data = np.frombuffer(b"\n".join(block.bad.raw) + b"\n", dtype=np.uint8)
        place = np.array([[0]], dtype=np.int64)
        _add(find_twelve_digits(data, place, place + data.size, wide_lead=lead), counts[-1:])


def _add(found: Found, counts: list[NumberCount]) -> None:
    for index in np.unique(found.fields).tolist():
        numbers = found.numbers[found.fields == index]
        counts[index].cells += int(np.count_nonzero(are_my_numbers(numbers)))
        counts[index].numbers = np.union1d(counts[index].numbers, numbers)


def are_my_numbers(numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which numbers have twelve digits with a right check digit; a number of one repeated digit is none."""
    digits = numbers[:, None] // 10 ** np.arange(11, -1, -1) % 10
    texts = np.char.zfill(numbers.astype(np.str_), 12)
    repeated = (digits == digits[:, :1]).all(axis=1)
    return np.asarray(check_digits.are_valid("my_number", texts) & ~repeated) if numbers.size else np.empty(0, dtype=np.bool_)


def holds_my_numbers(count: NumberCount, *, named: bool) -> bool:
    """Return whether a column holds individual numbers.

    Parameters
    ----------
    count : NumberCount
        What the whole column showed.
    named : bool
        Its heading names the individual number.
    """
    if named:
        return count.filled > 0
    valid = int(np.count_nonzero(are_my_numbers(count.numbers)))
    if valid == 0:
        return False
    luck = float(np.where(count.numbers % 10 == 0, LUCK_OF_ZERO, LUCK_OF_OTHERS).mean())
    return 2 * valid >= count.numbers.size or tail_of_luck(valid, count.numbers.size, luck) < ALMOST_IMPOSSIBLE


def tail_of_luck(hits: int, trials: int, luck: float) -> float:
    """Return an upper bound of the probability that luck gives at least so many right check digits.

    Chernoff's bound of the binomial distribution: exp(-n D(h/n || p)); 1 when the hits are no more than expected.

    Parameters
    ----------
    hits, trials : int
        Right check digits, and numbers.
    luck : float
        Probability of one hit, given the last digits of the numbers.

    References
    ----------
    H. Chernoff, 1952, doi:10.1214/aoms/1177729330.
    """
    share = hits / trials
    if share <= luck:
        return 1.0
    rest = 0.0 if share == 1 else (1 - share) * math.log((1 - share) / (1 - luck))
    return math.exp(-trials * (share * math.log(share / luck) + rest))


def find_code_kind(texts: pa.StringArray) -> str | None:
    """Return which other identification code the distinct texts of a column look like; None for none.

    Parameters
    ----------
    texts : pa.StringArray
        Distinct texts; only the first 2,000 are looked at. At least ten, and at least half of all, must fit.
    """
    some = [text for text in texts.slice(0, _SOME_ROWS).to_pylist() if text]
    if len(some) < _FEWEST:
        return None
    for kind, (scheme, form) in _FORMS.items():
        hits = (
            np.count_nonzero(check_digits.are_valid(scheme, some))
            if scheme
            else sum(re.match(form or "", text) is not None for text in some)
        )
        if hits >= _FEWEST and 2 * hits >= len(some):
            return kind
    return None
