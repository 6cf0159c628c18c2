"""A short hash of every value, and which unusual characters it holds: one pass over bytes. And distinct values counted in little memory.

Decided here: the kinds of unusual characters, and that distinct values are counted exactly up to 65,536 and estimated beyond. Not for
security: two values share a hash with a probability of about one in 10^19.
"""

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from intake.loops import hash_kept, hash_texts, mix_all, signs

Hashes: TypeAlias = NDArray[np.uint64]
Flags: TypeAlias = NDArray[np.uint8]

# Bits of a text, by kind of character: private use (外字), 〓 or U+FFFD, variation selectors (IVS), compatibility ideographs,
# ideographs beyond the basic plane, for which CP932 has no code.
CHARACTERS = {"private_use": 1, "replacement": 2, "variation_selector": 4, "compatibility_ideograph": 8, "beyond_cp932": 16}
SKETCH_SIZE = 1 << 16
_BASIS, _PRIME, _NULL = np.uint64(signs.BASIS), np.uint64(signs.PRIME), np.uint64(signs.NOTHING)


def fingerprint(values: pa.Array) -> tuple[Hashes, Flags]:
    """Return a hash of each value, and the bits of the unusual characters in it.

    Parameters
    ----------
    values : pa.Array
        Texts (valid UTF-8), whole numbers, numbers, days or yes/no, or a dictionary of them; a missing value has the hash of nothing.
    """
    if pa.types.is_dictionary(values.type):
        return _fingerprint_coded(values)
    hashes, flags = np.empty(len(values), dtype=np.uint64), np.zeros(len(values), dtype=np.uint8)
    if pa.types.is_string(values.type):
        hash_texts(*_get_buffers(values), hashes, flags)
    else:
        mix_all(_to_integers(values), hashes)
    if values.null_count:
        hashes[~values.is_valid().to_numpy(zero_copy_only=False)] = _NULL
    return hashes, flags


def _fingerprint_coded(values: pa.DictionaryArray) -> tuple[Hashes, Flags]:
    hashes, flags = fingerprint(values.dictionary)
    hashes, flags = np.append(hashes, _NULL), np.append(flags, np.uint8(0))
    places = values.indices.fill_null(len(values.dictionary)).to_numpy(zero_copy_only=False)
    return hashes[places], flags[places]


def hash_ideographs(texts: pa.StringArray) -> Hashes:
    """Return a hash of the ideographs and unusual characters of each text alone, in their order; 0 for a missing text."""
    hashes = np.zeros(len(texts), dtype=np.uint64)
    hash_kept(*_get_buffers(texts), hashes)
    if texts.null_count:
        hashes[~texts.is_valid().to_numpy(zero_copy_only=False)] = 0
    return hashes


def join_hashes(parts: list[Hashes]) -> Hashes:
    """Return one hash per row of the hashes of its columns."""
    whole = np.full(parts[0].size, _BASIS, dtype=np.uint64)
    hashes = np.empty_like(whole)
    for part in parts:
        mix_all(whole * _PRIME ^ part, hashes)
        whole = hashes.copy()
    return whole


def _get_buffers(texts: pa.StringArray) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    _, offsets, data = texts.buffers()
    empty = np.zeros(1, dtype=np.uint8)
    if offsets is None or len(texts) == 0:
        return empty, np.zeros(1, dtype=np.int32)
    places = np.frombuffer(offsets, dtype=np.int32)[texts.offset : texts.offset + len(texts) + 1]
    return (np.frombuffer(data, dtype=np.uint8) if data is not None and data.size else empty), places


def _to_integers(values: pa.Array) -> NDArray[np.uint64]:
    if pa.types.is_floating(values.type):
        return np.asarray(values.fill_null(0.0).to_numpy(zero_copy_only=False).astype(np.float64)).view(np.uint64)
    if pa.types.is_date32(values.type):
        values = values.cast(pa.int32())
    return np.asarray(values.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)).view(np.uint64)


@dataclass(slots=True)
class Sketch:
    """Counts distinct values by the smallest of their hashes.

    Up to `SKETCH_SIZE` the count is exact; beyond, it follows from how closely the smallest hashes lie, with a standard error of 0.4 %.

    References
    ----------
    Z. Bar-Yossef, T. S. Jayram, R. Kumar, D. Sivakumar, L. Trevisan, 2002, doi:10.1007/3-540-45726-7_1.
    """

    smallest: Hashes = field(default_factory=lambda: np.empty(0, dtype=np.uint64))
    waiting: list[Hashes] = field(default_factory=list)
    size: int = 0

    def add(self, hashes: Hashes) -> None:
        """Add hashes of values, in any order and any number of times."""
        if self.smallest.size >= SKETCH_SIZE:
            hashes = hashes[hashes < self.smallest[-1]]
        self.waiting.append(hashes)
        self.size += hashes.size
        if self.size > SKETCH_SIZE:
            self._settle()

    def _settle(self) -> None:
        self.smallest = np.unique(np.concatenate([self.smallest, *self.waiting]))[:SKETCH_SIZE]
        self.waiting, self.size = [], 0

    def count(self) -> tuple[int, bool]:
        """Return the number of distinct values, and whether it is exact."""
        self._settle()
        if self.smallest.size < SKETCH_SIZE:
            return int(self.smallest.size), True
        return round((SKETCH_SIZE - 1) * 2**64 / float(self.smallest[-1])), False
