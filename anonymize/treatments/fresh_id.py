"""Fresh id: a linking code is replaced by a number that links rows of one person inside this release and leads nowhere else.

Decided here: ids are a random permutation of 1 … n drawn per release and column. They are no function of the code, of the order of rows, or
of the engine: the codes are numbered in their own order, and a cipher keyed by the seed of the release shuffles the numbers.
"""

import hashlib
from dataclasses import dataclass
from typing import ClassVar

import ibis
import numpy as np
import pyarrow as pa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from numpy.typing import NDArray

from anonymize.treatments.treatment import Surroundings, Treatment, look_up

RANK, ID = "__rank", "__id"
KEY_BYTES = 8


@dataclass(frozen=True, slots=True)
class FreshId(Treatment):
    """Replace a code by a random number; a missing code stays missing."""

    name: ClassVar[str] = "fresh_id"

    def apply(self, rows: ibis.Table, column: str, around: Surroundings) -> ibis.Table:
        """Return the rows with fresh ids, drawn from all the codes of the rows."""
        codes = rows.filter(rows[column].notnull()).select(column).distinct()
        place = ibis.row_number().over(ibis.window(order_by=codes[column])).cast("int64")
        ranked = around.engine.keep(codes.mutate(**{RANK: place}))
        count = around.engine.fetch_number(ranked.agg(n=ranked.count()))
        ids = around.engine.load(draw_ids(count, around.seed, column))
        drawn = ranked.join(ids, ranked[RANK] == ids[RANK]).select(ranked[column], ids[ID])
        return look_up(rows, column, drawn, ID)


def draw_ids(count: int, seed: bytes, column: str) -> pa.Table:
    """Return a random number 1 … count for each rank 0 … count - 1.

    Parameters
    ----------
    count : int
        How many ids.
    seed : bytes
        Secret of the release; the same seed gives the same ids.
    column : str
        Ids of different columns are drawn independently.
    """
    return pa.table({RANK: np.arange(count, dtype=np.int64), ID: permute(count, seed, column) + 1})


def permute(count: int, seed: bytes, label: str) -> NDArray[np.int64]:
    """Return a random permutation of 0 … count - 1: the ranks of 64-bit numbers from the ChaCha20 key stream of seed and label.

    Notes
    -----
    Two of n numbers coincide with probability below n² / 2⁶⁵ (under 10⁻⁴ for 50 million); ties keep their order, which does no harm.

    References
    ----------
    D. J. Bernstein (2008), ChaCha, a variant of Salsa20; RFC 8439.
    """
    key = hashlib.sha256(b"sakusei fresh id\0" + label.encode() + b"\0" + seed).digest()
    stream = Cipher(algorithms.ChaCha20(key, bytes(16)), mode=None).encryptor().update(bytes(count * KEY_BYTES))
    order = np.argsort(np.frombuffer(stream, dtype="<u8"), kind="stable")
    ranks = np.empty(count, dtype=np.int64)
    ranks[order] = np.arange(count, dtype=np.int64)
    return ranks
