"""Secret random draws: a stream of numbers that seed, purpose and label fix, whatever the order of rows, the engine or its threads.

Decided here: the cipher and how its stream becomes numbers. Not decided here: what is drawn for whom; that is numbered by content first.
"""

import hashlib

import ibis
import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from numpy.typing import NDArray

from anonymize.engines.engine import Engine

RANK, ROW = "__rank", "__row"
NUMBER_BYTES = 8
UNUSED_BITS, UNIT = np.uint64(11), 2.0**-53  # a double holds 53 bits


def draw_numbers(count: int, seed: bytes, label: str, purpose: str) -> NDArray[np.uint64]:
    """Return uniform 64-bit numbers: the ChaCha20 key stream of seed, purpose and label.

    Parameters
    ----------
    count : int
        How many.
    seed : bytes
        Secret of the release.
    label, purpose : str
        Draws of different labels (columns) or purposes are independent.

    References
    ----------
    D. J. Bernstein (2008), ChaCha, a variant of Salsa20; RFC 8439.
    """
    key = hashlib.sha256(b"sakusei " + purpose.encode() + b"\0" + label.encode() + b"\0" + seed).digest()
    stream = Cipher(algorithms.ChaCha20(key, bytes(16)), mode=None).encryptor().update(bytes(count * NUMBER_BYTES))
    return np.frombuffer(stream, dtype="<u8")


def draw_shares(count: int, seed: bytes, label: str, purpose: str) -> NDArray[np.float64]:
    """Return uniform numbers between 0 and 1, neither of which occurs."""
    shares: NDArray[np.float64] = ((draw_numbers(count, seed, label, purpose) >> UNUSED_BITS).astype(np.float64) + 0.5) * UNIT
    return shares


def permute(count: int, seed: bytes, label: str, purpose: str) -> NDArray[np.int64]:
    """Return a random permutation of 0 … count - 1: the ranks of 64-bit draws.

    Notes
    -----
    Two of n numbers coincide with probability below n² / 2⁶⁵ (under 10⁻⁴ for 50 million); ties keep their order, which does no harm.
    """
    order = np.argsort(draw_numbers(count, seed, label, purpose), kind="stable")
    ranks = np.empty(count, dtype=np.int64)
    ranks[order] = np.arange(count, dtype=np.int64)
    return ranks


def rank_distinct(rows: ibis.Table, columns: list[str], engine: Engine) -> tuple[ibis.Table, int]:
    """Return the distinct combinations of columns with their rank by value in `RANK`, and how many they are."""
    distinct = rows.select(*columns).distinct()
    ranked = engine.keep(distinct.mutate(**{RANK: place_by(distinct, columns)}))
    return ranked, engine.fetch_number(ranked.agg(n=ranked.count()))


def number_rows(rows: ibis.Table, engine: Engine) -> tuple[ibis.Table, int]:
    """Return the rows numbered by all their content in `ROW`, and how many they are; nobody sees which of two equal rows came first."""
    numbered = engine.keep(rows.mutate(**{ROW: place_by(rows, list(rows.columns))}))
    return numbered, engine.fetch_number(numbered.agg(n=numbered.count()))


def place_by(rows: ibis.Table, columns: list[str], *, within: str | None = None) -> ibis.Value:
    """Return a row's place from 0, by columns ascending, missing values last; among rows of equal values in `within` if named."""
    order = [ibis.asc(rows[name], nulls_first=False) for name in columns]
    window = ibis.window(order_by=order) if within is None else ibis.window(group_by=rows[within], order_by=order)
    return ibis.row_number().over(window).cast("int64")
