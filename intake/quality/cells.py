"""The rows of a block that came out, seen column by column: distinct values, and which of them each row has.

Decided here: how a condition of a check is judged over all rows at once. A missing value fulfils no condition but `missing`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from intake.quality.fingerprints import Hashes
from intake.values.conversion import Mask, to_mask
from schemas.messages import Name

AS_OF = "as_of"
Numbers: TypeAlias = NDArray[np.float64]
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ColumnCells:
    """One column of the rows that came out.

    Parameters
    ----------
    values : pa.Array
        Distinct values of the block.
    indices : NDArray[int32] or NDArray[int64]
        Which of them each row has.
    hashes : NDArray[uint64]
        Hash of each distinct value.
    flags : NDArray[uint8]
        Bits of the unusual characters in it (`intake.quality.fingerprints.CHARACTERS`).
    label : Name
        What the sender calls the column.
    """

    values: pa.Array
    indices: NDArray[np.int32] | NDArray[np.int64]
    hashes: Hashes
    flags: NDArray[np.uint8]
    label: Name

    def __repr__(self) -> str:
        """Counts only."""
        return f"ColumnCells(rows={self.indices.size}, distinct={len(self.values)})"

    def spread(self, mask: Mask) -> Mask:
        """Return for each row what holds for its distinct value."""
        return np.asarray(mask[self.indices])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Rows:
    """The rows of a block that came out.

    Parameters
    ----------
    columns : Mapping[str, ColumnCells]
        Name in the table → cells; columns the file does not have are not there.
    numbers : NDArray[int64]
        Row numbers in the sender's file.
    as_of : date or None
        The day the contents are of.
    known_numbers, known_days : dict
        What was worked out for a column already.
    """

    columns: Mapping[str, ColumnCells]
    numbers: NDArray[np.int64]
    as_of: date | None
    known_numbers: dict[str, Numbers] = field(default_factory=dict)
    known_days: dict[str, tuple[Numbers, Numbers]] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Counts only."""
        return f"Rows(rows={self.numbers.size}, columns={len(self.columns)})"

    def has(self, name: str) -> bool:
        """Return whether the rows have a column, or the day they are of."""
        return name in self.columns or (name == AS_OF and self.as_of is not None)

    def get_numbers(self, operand: str | int) -> Numbers:
        """Return a number per row: a constant, a number, or a day counted from 1970; NaN where nothing is."""
        if isinstance(operand, int):
            return np.full(self.numbers.size, float(operand))
        if operand == AS_OF and self.as_of is not None:
            return np.full(self.numbers.size, float((self.as_of - _EPOCH).days))
        if operand not in self.known_numbers:
            cells = self.columns[operand]
            values = cells.values.cast(pa.int32()) if pa.types.is_date32(cells.values.type) else cells.values
            self.known_numbers[operand] = values.cast(pa.float64()).to_numpy(zero_copy_only=False)[cells.indices]
        return self.known_numbers[operand]

    def get_months(self, operand: str) -> Numbers:
        """Return the month per row, counted from 1970; NaN where nothing is."""
        return self._split(operand)[0]

    def get_ages(self, birth: str, day: str) -> Numbers:
        """Return the age in whole years per row on a day."""
        (born_month, born_day), (month, day_of_month) = self._split(birth), self._split(day)
        return np.asarray(np.floor((month - born_month - (day_of_month < born_day)) / 12))

    def _split(self, operand: str) -> tuple[Numbers, Numbers]:
        """Return the month, counted from 1970, and the day of the month per row."""
        if operand not in self.known_days:
            is_day = operand == AS_OF
            days = pa.array([self.as_of], pa.date32()) if is_day else self.columns[operand].values
            indices = np.zeros(self.numbers.size, dtype=np.int64) if is_day else self.columns[operand].indices
            months, rest = _split_days(days)
            self.known_days[operand] = months[indices], rest[indices]
        return self.known_days[operand]


def _split_days(days: pa.Array) -> tuple[Numbers, Numbers]:
    """Return months, counted from 1970, and days of the month; NaN where nothing is."""
    whole = np.asarray(days.cast(pa.int32()).fill_null(0).to_numpy(zero_copy_only=False)).astype("datetime64[D]")
    months = whole.astype("datetime64[M]")
    parts = (months.astype(np.float64), (whole - months.astype("datetime64[D]")).astype(np.float64) + 1)
    missing = ~days.is_valid().to_numpy(zero_copy_only=False)
    for part in parts:
        part[missing] = np.nan
    return parts


def _is(rows: Rows, operands: Any) -> Mask:
    cells = rows.columns[operands[0]]
    return cells.spread(to_mask(pc.is_in(cells.values, value_set=pa.array(operands[1:], pa.string()), skip_nulls=True)))


def _is_disease(rows: Rows, operands: Any) -> Mask:
    cells = rows.columns[operands[0]]
    heads = pc.utf8_slice_codeunits(cells.values, 0, 3)
    found = np.zeros(len(cells.values), dtype=np.bool_)
    for span in operands[1:]:
        first, _, last = span.partition("-")
        found |= to_mask(pc.and_(pc.greater_equal(heads, first), pc.less_equal(heads, last or first)))
    return cells.spread(found)


def _is_given(rows: Rows, operand: Any) -> Mask:
    cells = rows.columns[operand]
    return cells.spread(to_mask(pc.is_valid(cells.values)))


# name of a condition → rows and operands → where it holds; a comparison with NaN never does
CONDITIONS: Mapping[str, Callable[[Rows, Any], Mask]] = {
    "later": lambda rows, o: np.greater(rows.get_numbers(o[0]), rows.get_numbers(o[1])),
    "later_month": lambda rows, o: np.greater(rows.get_months(o[0]), rows.get_months(o[1])),
    "more": lambda rows, o: np.greater(rows.get_numbers(o[0]), rows.get_numbers(o[1])),
    "older": lambda rows, o: np.greater_equal(rows.get_ages(o[0], o[1]), o[2]),
    "younger": lambda rows, o: np.less(rows.get_ages(o[0], o[1]), o[2]),
    "beyond_age": lambda rows, o: np.greater(rows.get_numbers(o[0]), rows.get_ages(o[1], o[2]) - o[3]),
    "is": _is,
    "disease": _is_disease,
    "missing": lambda rows, o: np.logical_not(_is_given(rows, o)),
    "given": _is_given,
}


def columns_of(condition: str, operands: Any) -> tuple[str, ...]:
    """Return the columns a condition looks at."""
    if condition in {"missing", "given"}:
        return (operands,)
    if condition in {"is", "disease"}:
        return (operands[0],)
    return tuple(operand for operand in operands if isinstance(operand, str))
