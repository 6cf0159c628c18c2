"""Individual numbers (個人番号): found by form, check digit, heading and share of hits, in any column.

Decided here: when a file is refused. One twelve-digit text in eleven passes the check digit by luck, so a column is judged as a whole:
on its distinct twelve-digit numbers, wherever they stand in its cells, in any width and any grouping.

A column holds individual numbers when
- its heading says so and any cell is not empty; or
- at least half of its distinct twelve-digit numbers have a right check digit, be it one of one, but not one of two; or
- so many have that luck explains it with a probability below one in ten thousand; or
- those written in groups of four, as on the card (番号カード), are so by themselves, by either of the two rules above; or
- those written in any other one way are so by themselves, with a probability below one in a thousand; or
- those that share their first digits with no other number of the column are so by themselves, with a probability below one in a thousand,
  because numbers given out in series share them; or
- one with a right check digit follows its name in a text (`マイナンバー：`).

What no rule can see: a few true numbers without a name among many others drawn at random and written alike, no more than luck gives.

Both error rates are in docs/identifiers.md; `python -m bench my_number` measures them again.

References
----------
行政手続における特定の個人を識別するための番号の利用等に関する法律 第19条, 第20条; 平成26年総務省令第85号 第5条 (check digit).
"""

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from intake.formats.digits import Found, find_twelve_digits
from intake.formats.distinct import Coded
from intake.formats.rows import Block
from schemas import check_digits

# Of all bodies, two in eleven have the check digit 0, one in eleven each other digit.
LUCK_OF_ZERO, LUCK_OF_OTHERS = 2 / 11, 1 / 11
# of a column, and of the numbers in it that are written in one way
ALMOST_IMPOSSIBLE, IMPOSSIBLE_BY_FORM = 1e-4, 1e-3
FORM_SHIFT, LIMIT = 40, 10**12
# a separator after the fourth and the eighth digit; the lowest bit is set in full width
_GROUPS_OF_FOUR = 1 << 4 | 1 << 8
_MY_NUMBER_HEADING = re.compile("個人番号|個人ナンバー|マイナンバー|まいなんばー|my_?number|mynumber|特定個人")
_NEGLIGIBLE = 1e-12
# twelve digits in groups of four, in full width
_LONGEST_ALONE = 14
_NAMED_NUMBER = re.compile(
    "(?:個人番号|個人ナンバー|マイナンバー|(?i:my ?number))(?!カード)[^0-9]{0,10}"
    "((?:[0-9][^0-9A-Za-zぁ-んァ-ヶ一-龠]{0,3}){11}[0-9])(?![0-9])"
)
_SPACES_IN_NAME = re.compile(r"(?<=[^\s0-9])\s+(?=[^\s0-9])")
# how seldom numbers drawn at random may share their first digits
_SHARED_BY_LUCK = 0.05
_FEWEST_SCATTERED = 2


@dataclass(slots=True)
class NumberCount:
    """What a column has shown so far.

    Parameters
    ----------
    numbers : NDArray[int64]
        Its distinct twelve-digit numbers, each with the form it is written in above bit 40 (see `intake.formats.digits.Found`).
    cells : int
        Cells that hold a number with a right check digit.
    filled : int
        Cells that are not empty.
    right : NDArray[int64]
        How many numbers with a right check digit each text known so far holds.
    named : int
        Texts in which such a number follows its name (`マイナンバー：`).
    """

    numbers: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    cells: int = 0
    filled: int = 0
    right: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    named: int = 0

    def add(self, coded: Coded, encoding: str) -> None:
        """Add the cells of a block; only texts not met before are looked into."""
        _, offsets, data = coded.fresh.buffers()
        places = np.frombuffer(offsets, dtype=np.int32).astype(np.int64)
        texts = np.frombuffer(data, dtype=np.uint8) if data is not None and data.size else np.zeros(1, dtype=np.uint8)
        found = find_twelve_digits(texts, places[None, :-1], places[None, 1:], encoding=encoding)
        # the texts are the fields of one row here
        right = np.bincount(found.fields[are_my_numbers(found.numbers)], minlength=len(coded.fresh))
        self.right = np.concatenate([self.right[: coded.first], right])
        telling = np.flatnonzero((right > 0) & (np.diff(places) > _LONGEST_ALONE))
        self.named += sum(names_its_number(coded.fresh[place].as_py().decode(encoding, "replace")) for place in telling.tolist())
        if self.right.any():
            self.cells += int(self.right[coded.codes].sum())
        self._keep(found)

    def add_found(self, found: Found) -> None:
        """Add numbers that stand in no field."""
        self.cells += int(np.count_nonzero(are_my_numbers(found.numbers)))
        self._keep(found)

    def _keep(self, found: Found) -> None:
        if found.numbers.size:
            self.numbers = np.union1d(self.numbers, found.numbers | found.forms << FORM_SHIFT)


def is_my_number_heading(heading: str) -> bool:
    """Return whether a heading names the individual number."""
    folded = re.sub(r"[\s\-・]+", "", unicodedata.normalize("NFKC", heading)).lower()
    return _MY_NUMBER_HEADING.search(folded) is not None


def names_its_number(text: str) -> bool:
    """Return whether a number with a right check digit follows its name in a text."""
    found = _NAMED_NUMBER.findall(_SPACES_IN_NAME.sub("", unicodedata.normalize("NFKC", text)))
    return bool(are_my_numbers(np.array([int(re.sub("[^0-9]", "", number)) for number in found], dtype=np.int64)).any())


def count_my_numbers(text: str) -> int:
    """Return how many twelve-digit numbers with a right check digit a text that is no cell holds."""
    data = np.frombuffer(text.encode("utf-8", "replace") or b"\0", dtype=np.uint8)
    start = np.zeros((1, 1), dtype=np.int64)
    found = find_twelve_digits(data, start, start + data.size, encoding="utf-8")
    return int(np.count_nonzero(are_my_numbers(found.numbers)))


def count_numbers(block: Block, coded: Sequence[Coded], counts: list[NumberCount]) -> None:
    """Add what a block shows to the counts: one per field, and the last for rows that could not be cut into fields."""
    for count, cells in zip(counts, coded, strict=False):
        count.add(cells, block.encoding)
    for count, filled in zip(counts, np.count_nonzero(block.ends > block.starts, axis=0).tolist(), strict=False):
        count.filled += filled
    raw = [*block.bad.raw, *(block.left_out.raw if block.left_out else ())]
    if raw:
        # a comma or a tab may be in a number, but not where it stands between two fields
        data = np.frombuffer(b"\0".join(raw).replace(b",", b"\0").replace(b"\t", b"\0") + b"\0", dtype=np.uint8)
        place = np.array([[0]], dtype=np.int64)
        counts[-1].add_found(find_twelve_digits(data, place, place + data.size, encoding=block.encoding))


def are_my_numbers(numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which numbers have twelve digits with a right check digit; a number of one repeated digit is none."""
    digits = numbers[:, None] // 10 ** np.arange(11, -1, -1) % 10
    right = check_digits.get_check_digit("my_number").compute(digits[:, :-1]) == digits[:, -1]
    return np.asarray(right & (digits != digits[:, :1]).any(axis=1) & (numbers < LIMIT))


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
    numbers, forms = count.numbers & ((1 << FORM_SHIFT) - 1), count.numbers >> FORM_SHIFT
    if not numbers.size or not are_my_numbers(numbers).any():
        return False
    whole = np.unique(numbers)
    cards = np.unique(numbers[forms & ~1 == _GROUPS_OF_FOUR])
    if count.named or any(_are_half(part) or _tail(part) < ALMOST_IMPOSSIBLE for part in (whole, cards)):
        return True
    scattered = find_scattered(whole)
    if _FEWEST_SCATTERED <= scattered.size < whole.size and _tail(scattered) < IMPOSSIBLE_BY_FORM:
        return True
    return any(_tail(numbers[forms == form]) < IMPOSSIBLE_BY_FORM for form in np.unique(forms).tolist())


def find_scattered(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the numbers that share their first digits with no other: numbers given out in series share them, individual numbers do not.

    Parameters
    ----------
    numbers : NDArray[int64]
        Distinct numbers. As many first digits count as make it seldom (one in twenty) that numbers drawn at random share them.
    """
    digits = min(11, math.ceil(math.log10(max(numbers.size, 1) / _SHARED_BY_LUCK)))
    _, place, sizes = np.unique(numbers // 10 ** (12 - digits), return_inverse=True, return_counts=True)
    return np.asarray(numbers[sizes[place] == 1])


def _are_half(numbers: NDArray[np.int64]) -> bool:
    """Return whether at least half of some numbers have a right check digit; luck alone gives one of two in one pair of six."""
    hits = int(np.count_nonzero(are_my_numbers(numbers)))
    return 2 * hits > numbers.size or (2 * hits == numbers.size and hits > 1)


def _tail(numbers: NDArray[np.int64]) -> float:
    """Return the probability that luck gives so many right check digits; 1 without numbers."""
    if not numbers.size:
        return 1.0
    luck = float(np.where(numbers % 10 == 0, LUCK_OF_ZERO, LUCK_OF_OTHERS).mean())
    return tail_of_luck(int(np.count_nonzero(are_my_numbers(numbers))), numbers.size, luck)


def tail_of_luck(hits: int, trials: int, luck: float) -> float:
    """Return the probability that luck gives at least so many right check digits.

    The upper tail of the binomial distribution, summed from `hits` on; 1 when the hits are no more than expected. Where the chances of
    the numbers differ, the tail at their mean is no smaller than the true one (Hoeffding).

    Parameters
    ----------
    hits, trials : int
        Right check digits, and numbers.
    luck : float
        Mean probability of a hit, given the last digits of the numbers.

    References
    ----------
    W. Hoeffding, 1956, doi:10.1214/aoms/1177728178.
    """
    if hits <= trials * luck:
        return 1.0
    ways = math.lgamma(trials + 1) - math.lgamma(hits + 1) - math.lgamma(trials - hits + 1)
    term = math.exp(ways + hits * math.log(luck) + (trials - hits) * math.log1p(-luck))
    total = 0.0
    for number in range(hits, trials + 1):
        total += term
        term *= (trials - number) / (number + 1) * luck / (1 - luck)
        if term < total * _NEGLIGIBLE:
            break
    return total
