"""Originals and releases in one language, so that an attacker can compare them.

Decided here: how a generalised value is understood. A released label stands for a group of one level of its hierarchy; what lies below is
unknown, what lies above follows. Originals are known at every level. Attacks that need one plain value get one drawn at random from the
group, as an attacker would guess it. Nothing is compared as text across levels, and no number is compared with a label.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from anonymize.risk.narrowed import Members
from schemas.errors import FileRejected
from schemas.hierarchies import LevelTable
from schemas.messages import N_, Name

UNKNOWN = -1
Others: TypeAlias = tuple[dict[str, NDArray[np.float64]], dict[str, NDArray[np.int32]]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Known:
    """What is known of one quasi-identifier, row by row.

    Parameters
    ----------
    groups : NDArray[np.int32]
        (rows, levels): group at each level; -1 where unknown.
    finest : NDArray[np.int8]
        (rows): the finest level that is known.
    value : NDArray[np.int32]
        (rows): position of a value in the level table: the value itself, or one drawn from the known group.
    """

    groups: NDArray[np.int32]
    finest: NDArray[np.int8]
    value: NDArray[np.int32]

    def take(self, rows: NDArray[np.int64]) -> "Known":
        """Return some rows."""
        return Known(groups=self.groups[rows], finest=self.finest[rows], value=self.value[rows])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """Encoded rows: quasi-identifiers, and the other released columns as numbers or category numbers.

    Parameters
    ----------
    known : Mapping[str, Known]
        Per quasi-identifier.
    numbers : Mapping[str, NDArray[np.float64]]
        Ordered columns (days for dates); NaN where missing.
    categories : Mapping[str, NDArray[np.int32]]
        Other columns; -1 where missing.
    """

    known: Mapping[str, Known]
    numbers: Mapping[str, NDArray[np.float64]]
    categories: Mapping[str, NDArray[np.int32]]

    def __len__(self) -> int:
        """Return the number of rows."""
        sizes = [len(known.value) for known in self.known.values()]
        sizes += [len(values) for values in self.numbers.values()] + [len(codes) for codes in self.categories.values()]
        return sizes[0] if sizes else 0

    def __repr__(self) -> str:
        """Show counts only."""
        return f"Rows({len(self)} rows)"

    def only_known(self) -> "Rows":
        """Return the quasi-identifiers alone."""
        return Rows(known=self.known, numbers={}, categories={})

    def take(self, rows: NDArray[np.int64]) -> "Rows":
        """Return some rows."""
        return Rows(
            known={name: known.take(rows) for name, known in self.known.items()},
            numbers={name: values[rows] for name, values in self.numbers.items()},
            categories={name: values[rows] for name, values in self.categories.items()},
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class QuasiIdentifier:
    """A quasi-identifier: its distinct original values, what the hierarchy says of them, and what narrowed labels stand for."""

    name: str
    values: pa.Array
    levels: LevelTable
    narrowed: Members = field(default_factory=dict)

    def encode_values(self, column: pa.ChunkedArray) -> Known:
        """Return original values, known at every level."""
        value = _positions(column, self.values)
        return Known(groups=self.levels.codes[value], finest=np.zeros(len(value), dtype=np.int8), value=value)

    def encode_labels(self, column: pa.ChunkedArray, rng: np.random.Generator) -> Known:
        """Return released labels, known from their level upwards.

        Raises
        ------
        FileRejected
            A label stands for no group of the hierarchy.
        """
        coded = _one_chunk(column.cast(pa.string())).dictionary_encode()
        places = [self.find_label(label) for label in coded.dictionary.to_pylist()]
        index = coded.indices.to_numpy(zero_copy_only=False)
        finest = np.array([level for level, _ in places], dtype=np.int8)
        picked = np.zeros(len(index), dtype=np.int32)
        groups = np.full((len(places), self.levels.codes.shape[1]), UNKNOWN, dtype=np.int32)
        for i, (label, (level, _)) in enumerate(zip(coded.dictionary.to_pylist(), places, strict=True)):
            members = self.find_members(label)
            groups[i, level:] = self.levels.codes[members[0], level:]
            rows = np.flatnonzero(index == i)
            picked[rows] = rng.choice(members, size=len(rows))
        return Known(groups=groups[index], finest=finest[index], value=picked)

    def find_label(self, label: str | None) -> tuple[int, int]:
        """Return the finest level and the group a released label stands for, or lies in if it is narrowed."""
        if label is not None and label in self.narrowed:
            inside = self.levels.codes[self.narrowed[label]]
            level = int((inside == inside[0]).all(axis=0).argmax())
            return level, int(inside[0, level])
        for level, labels in enumerate(self.levels.labels):
            if label in labels:
                return level, labels.index(label)
        raise FileRejected(
            N_("a released label of {column} is unknown to the hierarchy of the plan"),
            N_("assess the release with the plan and the original it was made from"),
            column=Name(self.name),
        )

    def find_members(self, label: str | None) -> NDArray[np.int64]:
        """Return the positions of the values a released label stands for."""
        if label is not None and label in self.narrowed:
            return self.narrowed[label]
        level, group = self.find_label(label)
        return np.flatnonzero(self.levels.codes[:, level] == group)

    def decode(self, known: Known, *, as_numbers: bool) -> pd.Series:
        """Return plain values: as names, so that questions ask for the very value, or ordered ones as numbers, to ask for more or less."""
        if as_numbers and self.levels.ordered and _is_numeric(self.values.type):
            return pd.Series(to_numbers(self.values)[known.value])
        return pd.Series([f"v{code}" for code in known.value], dtype="str")


def encode_others(tables: Sequence[pa.Table], names: Sequence[str]) -> list[Others]:
    """Return, per table, the other released columns as numbers and as categories, in one common coding.

    Parameters
    ----------
    tables : sequence of pa.Table
        Originals and releases that hold the columns.
    names : sequence of str
        Columns to encode. A column is a number where it is one in every table.
    """
    result: list[Others] = [({}, {}) for _ in tables]
    for name in names:
        columns = [_one_chunk(table[name]) for table in tables]
        if all(_is_numeric(column.type) for column in columns):
            for (numbers, _), column in zip(result, columns, strict=True):
                numbers[name] = to_numbers(column)
            continue
        texts = [pc.cast(column, pa.string()) for column in columns]
        domain = pc.drop_null(pc.unique(pa.chunked_array(texts)))
        for (_, categories), text in zip(result, texts, strict=True):
            categories[name] = pc.fill_null(pc.index_in(text, value_set=domain), UNKNOWN).to_numpy(zero_copy_only=False).astype(np.int32)
    return result


def to_numbers(column: pa.Array) -> NDArray[np.float64]:
    """Return an ordered column as floats; days for dates, NaN where missing."""
    if pa.types.is_temporal(column.type):
        column = pc.cast(pc.cast(column, pa.date32()), pa.int32())
    filled: NDArray[np.float64] = pc.cast(column, pa.float64(), safe=False).to_numpy(zero_copy_only=False).astype(np.float64)
    return filled


def _is_numeric(kind: pa.DataType) -> bool:
    tests = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_date, pa.types.is_timestamp)
    return any(test(kind) for test in tests)


def _one_chunk(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    if isinstance(column, pa.Array):
        whole = column
    else:
        whole = pa.concat_arrays(column.unify_dictionaries().chunks) if column.num_chunks else pa.array([], type=column.type)
    return whole.dictionary_decode() if pa.types.is_dictionary(whole.type) else whole


def _positions(column: pa.ChunkedArray, values: pa.Array) -> NDArray[np.int32]:
    """Return the position of each cell in the distinct values (which may hold one null)."""
    found = pc.index_in(_one_chunk(column), value_set=values, skip_nulls=False)
    positions: NDArray[np.int32] = found.to_numpy(zero_copy_only=False).astype(np.int32)
    return positions
