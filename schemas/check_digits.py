"""Check digits of Japanese numbers, one text at a time or a whole column.

Decided here: form (length, characters) and check digit of each kind. Not decided here: whether a column *is* such a number; one text in ten
passes by luck, so a detector also looks at names and at the share of hits.

References
----------
個人番号: 平成26年総務省令第85号第5条. 法人番号: 平成26年財務省令第70号第2条. 全国地方公共団体コード: 総務省 コードの検査数字の算出方法.
保険者番号・事業所番号: 診療報酬請求書等の記載要領 別表 (モジュラス10 ウェイト2・1分割). 住民票コード: no formula could be read in an
official text; the weights of 個人番号 are used, so do not refuse on it alone. 運転免許証番号: no official publication of the formula.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from schemas.errors import InternalError
from schemas.messages import N_, Name

if TYPE_CHECKING:
    import pyarrow as pa

Matrix: TypeAlias = NDArray[np.int64]
Texts: TypeAlias = "Sequence[str | None] | NDArray[Any] | pa.Array | pa.ChunkedArray"

_NOT_A_CHARACTER = -1
_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"  # I, O and Q are skipped: they look like 1 and 0
_DIGITS_FROM_THE_LEFT = (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckDigit:
    """How one kind of number is checked.

    Parameters
    ----------
    lengths : tuple[int, ...]
        Allowed lengths in characters, the check digit included.
    position : int
        Index of the check digit; negative from the end.
    compute : Callable
        Values of the other characters (rows, characters) → check digit per row.
    letters : bool
        Whether capital letters may occur (A = 10 … Z = 32 without I, O, Q).
    """

    lengths: tuple[int, ...]
    position: int
    compute: Callable[[Matrix], Matrix]
    letters: bool = False


def _weigh_mod_11(weights: tuple[int, ...], *, small_is_zero: bool) -> Callable[[Matrix], Matrix]:
    """Return 11 - (weighted sum mod 11); 10 and 11 become 0, or (licence, municipality) their last digit."""

    def compute(body: Matrix) -> Matrix:
        rest = 11 - (body @ np.asarray(weights, dtype=np.int64)) % 11
        return np.asarray(np.where(rest >= 10, 0, rest) if small_is_zero else rest % 10)

    return compute


def _weigh_mod_10(body: Matrix) -> Matrix:
    """Return the check digit of weights 2, 1, 2, 1 … from the right, digits of each product added."""
    weights = np.where(np.arange(body.shape[1])[::-1] % 2 == 0, 2, 1)
    product = body * weights
    return np.asarray((10 - (product // 10 + product % 10).sum(axis=1) % 10) % 10)


def _weigh_mod_9(body: Matrix) -> Matrix:
    """Return 9 - (weights 1, 2, 1, 2 … from the right, mod 9)."""
    weights = np.where(np.arange(body.shape[1])[::-1] % 2 == 0, 1, 2)
    return np.asarray(9 - (body @ weights) % 9)


KINDS: dict[str, CheckDigit] = {
    "my_number": CheckDigit(lengths=(12,), position=-1, compute=_weigh_mod_11(_DIGITS_FROM_THE_LEFT, small_is_zero=True)),
    "resident_code": CheckDigit(lengths=(11,), position=-1, compute=_weigh_mod_11(_DIGITS_FROM_THE_LEFT[1:], small_is_zero=True)),
    "licence": CheckDigit(lengths=(12,), position=-2, compute=_weigh_mod_11((*_DIGITS_FROM_THE_LEFT[1:], 0), small_is_zero=False)),
    "municipality": CheckDigit(lengths=(6,), position=-1, compute=_weigh_mod_11((6, 5, 4, 3, 2), small_is_zero=False)),
    "corporate": CheckDigit(lengths=(13,), position=0, compute=_weigh_mod_9),
    "insurer": CheckDigit(lengths=(6, 8), position=-1, compute=_weigh_mod_10),
    "late_elderly_insured": CheckDigit(lengths=(8,), position=-1, compute=_weigh_mod_10),
    "public_payer": CheckDigit(lengths=(8,), position=-1, compute=_weigh_mod_10),
    "medical_facility": CheckDigit(lengths=(7,), position=-1, compute=_weigh_mod_10),
    "care_office": CheckDigit(lengths=(10,), position=-1, compute=_weigh_mod_10, letters=True),
}


def get_check_digit(kind: str) -> CheckDigit:
    """Return how a kind of number is checked.

    Raises
    ------
    InternalError
        There is no such kind.
    """
    if kind not in KINDS:
        raise InternalError(
            N_("there is no check digit of kind {kind}"),
            N_("the kinds are: {kinds}"),
            kind=Name(kind),
            kinds=Name(", ".join(KINDS)),
        )
    return KINDS[kind]


def are_valid(kind: str, values: Texts) -> NDArray[np.bool_]:
    """Return for each text whether its form and check digit are right; a missing value is not valid.

    Parameters
    ----------
    kind : str
        A key of `KINDS`.
    values : texts
        Sequence, NumPy or Arrow array of texts; half-width characters only.
    """
    scheme = get_check_digit(kind)
    texts = _to_texts(values)
    valid = np.zeros(len(texts), dtype=np.bool_)
    for length in scheme.lengths:
        valid |= _are_valid_of_length(scheme, texts, length)
    return valid


def is_valid(kind: str, text: str | None) -> bool:
    """Return whether the form and check digit of one text are right."""
    return bool(are_valid(kind, [text])[0])


def append(kind: str, body: str) -> str:
    """Return the whole number made of a body and its check digit, put where the kind has it.

    Raises
    ------
    InternalError
        The body has a wrong length or characters.
    """
    scheme = get_check_digit(kind)
    values = _to_matrix(np.asarray([body], dtype=np.str_), len(body), letters=scheme.letters)
    if len(body) + 1 not in scheme.lengths or (values == _NOT_A_CHARACTER).any():
        raise InternalError(
            N_("the body of a number of kind {kind} has a wrong length or wrong characters"),
            N_("give {length} half-width digits"),
            kind=Name(kind),
            length=scheme.lengths[0] - 1,
        )
    check = str(int(scheme.compute(values)[0]))
    index = scheme.position if scheme.position >= 0 else len(body) + 1 + scheme.position
    return body[:index] + check + body[index:]


def _to_texts(values: Texts) -> NDArray[np.str_]:
    items = values.to_pylist() if hasattr(values, "to_pylist") else list(values)
    longest = max(length for scheme in KINDS.values() for length in scheme.lengths)
    # Longer texts are cut to one character more than any kind has, so that they stay too long.
    return np.asarray(["" if item is None else item for item in items], dtype=f"U{longest + 1}")


def _to_matrix(texts: NDArray[np.str_], length: int, *, letters: bool) -> Matrix:
    """Return the values of characters, -1 for what may not occur."""
    points = texts.astype(f"U{length}").view(np.uint32).reshape(len(texts), length)
    table = np.full(128, _NOT_A_CHARACTER, dtype=np.int64)
    table[ord("0") : ord("9") + 1] = np.arange(10)
    if letters:
        table[[ord(letter) for letter in _LETTERS]] = np.arange(10, 10 + len(_LETTERS))
    return np.where(points < 128, table[np.minimum(points, 127)], _NOT_A_CHARACTER)


def _are_valid_of_length(scheme: CheckDigit, texts: NDArray[np.str_], length: int) -> NDArray[np.bool_]:
    values = _to_matrix(texts, length, letters=scheme.letters)
    good = (np.char.str_len(texts) == length) & (values != _NOT_A_CHARACTER).all(axis=1)
    index = scheme.position % length
    check = scheme.compute(np.delete(values, index, axis=1))
    return np.asarray(good & (check == values[:, index]))
