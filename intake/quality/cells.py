"""The rows of a block that came out, seen column by column: distinct values, and which of them each row has.

Decided here: how a condition of a check is judged over all rows at once. A missing value fulfils no condition but `missing`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from intake.quality.fingerprints import Hashes, fingerprint
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


def make_cells(values: pa.Array, indices: NDArray[np.int64], label: Name) -> ColumnCells:
    """Return a column with the hashes of its distinct values."""
    hashes, flags = fingerprint(values)
    return ColumnCells(values=values, indices=indices, hashes=hashes, flags=flags, label=label)


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
    """

    columns: Mapping[str, ColumnCells]
    numbers: NDArray[np.int64]
    as_of: date | None

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
        cells = self.columns[operand]
        values = cells.values.cast(pa.int32()) if pa.types.is_date32(cells.values.type) else cells.values
        return np.asarray(values.cast(pa.float64()).to_numpy(zero_copy_only=False)[cells.indices])

    def get_months(self, operand: str) -> Numbers:
        """Return the month per row, counted from 1970; NaN where nothing is."""
        years, months, _ = self._split(operand)
        return years * 12 + months

    def _split(self, operand: str) -> tuple[Numbers, Numbers, Numbers]:
        """Return year, month and day per row."""
        if operand == AS_OF and self.as_of is not None:
            parts = (self.as_of.year, self.as_of.month, self.as_of.day)
            return tuple(np.full(self.numbers.size, float(part)) for part in parts)  # type: ignore[return-value]
        cells = self.columns[operand]
        found = (function(cells.values).cast(pa.float64()).to_numpy(zero_copy_only=False) for function in (pc.year, pc.month, pc.day))
        return tuple(part[cells.indices] for part in found)

    def get_ages(self, birth: str, day: str) -> Numbers:
        """Return the age in whole years per row on a day."""
        born, then = self._split(birth), self._split(day)
        not_yet = (then[1] < born[1]) | ((then[1] == born[1]) & (then[2] < born[2]))
        return np.asarray(then[0] - born[0] - not_yet)


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
