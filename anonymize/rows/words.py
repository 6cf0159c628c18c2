"""Rows as few whole numbers that sort as the rows do: what is sorted, spilled and moved is then a fraction of the cells.

Decided here: which neighbouring columns share a word, and how values become places in it and back. A column is packed when its values are
known before rows are joined: class numbers, and columns that are released as they came in. The others stay as they are, between the words.
Missing values come last, as everywhere. Not decided here: the order of columns (`anonymize.rows.apply`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from anonymize.engines.engine import Engine
from anonymize.treatments.treatment import attach
from schemas.errors import EngineFailed
from schemas.messages import N_

WORD_BITS = 62
MOST_TEXTS = 1 << 12  # distinct texts of a column that is packed
EPOCH = "1970-01-01"
WORD, CODE = "__word", "__code"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Places:
    """The values of one column in ascending order, a missing value last, as numbers from 0.

    Parameters
    ----------
    name : str
        The column.
    kind : pa.DataType
        Its type.
    least : int
        Least whole number (of dates: day since 1970); 0 for texts.
    values : int
        How many numbers there are, that of a missing value among them.
    texts : pa.Array or None
        Texts by number; None: the number is `least` plus the place.
    """

    name: str
    kind: pa.DataType
    least: int
    values: int
    texts: pa.Array | None = None

    def __repr__(self) -> str:
        """Show counts, never values."""
        return f"Places({self.values})"

    @property
    def bits(self) -> int:
        """Bits that hold every number."""
        return max((self.values - 1).bit_length(), 1)

    def number(self, column: Any) -> Any:
        """Return the expression of a value's place; of texts, `column` holds the places already."""
        if self.texts is not None:
            return column
        return (_to_number(column, self.kind) - self.least).coalesce(self.values - 1)

    def read(self, places: NDArray[np.int64]) -> pa.Array:
        """Return the values at these places."""
        if self.texts is not None:
            return self.texts.take(pa.array(places))
        missing = places == self.values - 1
        numbers = pa.array(places + self.least, mask=missing if missing.any() else None)
        return numbers.cast(pa.int32()).cast(self.kind) if pa.types.is_date32(self.kind) else numbers.cast(self.kind)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Packing:
    """How the columns of rows, in the order they are sorted by, become fewer columns that sort the same.

    Parameters
    ----------
    groups : tuple[tuple[str, ...], ...]
        Columns in their order; those of one group share a word.
    places : Mapping[str, Places]
        Of every packed column. A column without is a group of its own.
    """

    groups: tuple[tuple[str, ...], ...]
    places: Mapping[str, Places]

    def pack(self, rows: ibis.Table, engine: Engine) -> ibis.Table:
        """Return the packed columns of rows."""
        for name, places in self.places.items():
            if places.texts is not None:
                answers = pa.table({name: places.texts, f"{CODE}_{name}": np.arange(places.values)})
                rows = attach(rows, engine.load(answers), [name], f"{CODE}_{name}")
        return rows.select(*[self._pack_group(rows, number, group) for number, group in enumerate(self.groups)])

    def _pack_group(self, rows: ibis.Table, number: int, group: tuple[str, ...]) -> Any:
        if group[0] not in self.places:
            return rows[group[0]]
        word: Any = ibis.literal(0, "int64")
        for name in group:
            places = self.places[name]
            word = word * (1 << places.bits) + places.number(rows[name if places.texts is None else f"{CODE}_{name}"])
        return word.cast("int64").name(f"{WORD}{number}")

    def unpack(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield the rows as they were before."""
        for batch in batches:
            cells: dict[str, pa.Array] = {}
            for number, group in enumerate(self.groups):
                if group[0] in self.places:
                    cells |= self._read_word(batch.column(number), group)
                else:
                    cells[group[0]] = batch.column(number)
            yield pa.RecordBatch.from_pydict(cells)

    def _read_word(self, column: pa.Array, group: tuple[str, ...]) -> dict[str, pa.Array]:
        if column.null_count:
            raise EngineFailed(N_("a value arose that was not there when the rows were packed"), N_("report this to the maintainers"))
        word = column.to_numpy()
        found: dict[str, pa.Array] = {}
        for name in reversed(group):
            bits = self.places[name].bits
            found[name] = self.places[name].read(word & ((1 << bits) - 1))
            word = word >> bits
        return {name: found[name] for name in group}


def plan_packing(order: Sequence[str], places: Mapping[str, Places]) -> Packing:
    """Return the packing of columns in their order; a word is full when the next column no longer fits into it."""
    groups: list[list[str]] = []
    used = WORD_BITS
    for name in order:
        bits = places[name].bits if name in places else WORD_BITS
        if name in places and used + bits <= WORD_BITS:
            groups[-1].append(name)
            used += bits
        else:
            groups.append([name])
            used = bits
    return Packing(groups=tuple(map(tuple, groups)), places=places)


def find_places(engine: Engine, rows: ibis.Table, names: Sequence[str]) -> dict[str, Places]:
    """Return the places of those columns that can be packed: whole numbers, dates, yes/no, and texts of few values.

    Parameters
    ----------
    engine : Engine
        Where the rows are.
    rows : ibis.Table
        Rows that hold every value that will be packed.
    names : Sequence[str]
        Columns to look at.
    """
    kinds = {name: kind for name, kind in zip(rows.columns, rows.schema().to_pyarrow().types, strict=True) if name in names}
    numbers = {name: _to_number(rows[name], kind) for name, kind in kinds.items() if not _is_text(kind) and not pa.types.is_floating(kind)}
    asked = {f"{end}_{name}": getattr(number, end)() for name, number in numbers.items() for end in ("min", "max")}
    asked |= {f"texts_{name}": rows[name].approx_nunique() for name, kind in kinds.items() if _is_text(kind)}
    if not asked:
        return {}
    facts = engine.fetch(rows.agg(**asked)).to_pylist()[0]
    found = {}
    for name, kind in kinds.items():
        if _is_text(kind) and facts[f"texts_{name}"] <= MOST_TEXTS:
            found[name] = _list_texts(engine, rows, name, kind)
        elif name in numbers:
            least, most = facts[f"min_{name}"] or 0, facts[f"max_{name}"] or 0
            found[name] = Places(name=name, kind=kind, least=least, values=most - least + 2)
    return {name: places for name, places in found.items() if places.bits <= WORD_BITS}


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind))


def _to_number(column: Any, kind: pa.DataType) -> Any:
    whole = column.delta(ibis.date(EPOCH), unit="day") if pa.types.is_date32(kind) else column
    return whole.cast("int64")


def _list_texts(engine: Engine, rows: ibis.Table, name: str, kind: pa.DataType) -> Places:
    """Return the texts of a column in the order engines sort them: by code points."""
    texts = engine.fetch(rows.select(name).distinct()).column(name).combine_chunks().cast(kind)
    ordered = texts.take(pc.array_sort_indices(texts, null_placement="at_end"))
    return Places(name=name, kind=kind, least=0, values=len(ordered), texts=ordered)
