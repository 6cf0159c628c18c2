"""Codes drawn with the shares of `shares.yaml`, and the arrays they make."""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import yaml
from numpy.typing import NDArray

SHARES = Path(__file__).parent / "shares.yaml"


@functools.cache
def load_shares() -> Mapping[str, Mapping[str, float]]:
    """Return name → code → share."""
    document: dict[str, dict[str, float]] = yaml.safe_load(SHARES.read_text(encoding="utf-8"))
    return {name: {str(code): float(share) for code, share in shares.items()} for name, shares in document.items()}


def draw_codes(name: str, rng: np.random.Generator, size: int) -> pa.DictionaryArray:
    """Return codes drawn with the shares called `name`."""
    shares = load_shares()[name]
    steps = np.cumsum(list(shares.values()))
    drawn = np.searchsorted(steps, rng.random(size) * steps[-1], side="right")
    return pa.DictionaryArray.from_arrays(
        pa.array(np.minimum(drawn, len(shares) - 1).astype(np.int32)), pa.array(list(shares), pa.string())
    )


def make_codes(which: NDArray[np.integer[Any]], codes: tuple[str, ...]) -> pa.DictionaryArray:
    """Return `codes[which]`; a negative entry is a null."""
    index = which.astype(np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(index, mask=index < 0), pa.array(codes, pa.string()))


def repeat(value: str, times: int) -> pa.DictionaryArray:
    """Return the same text `times` times."""
    return make_codes(np.zeros(times, dtype=np.int32), (value,))


def decode(column: pa.Array) -> pa.Array:
    """Return plain values of a dictionary column, any other column unchanged."""
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def to_table(columns: Mapping[str, pa.Array], schema: pa.Schema) -> pa.Table:
    """Return a table in the types and order of the schema; every column of the schema must be there."""
    return pa.table([decode(columns[field.name]).cast(field.type) for field in schema], schema=schema)
