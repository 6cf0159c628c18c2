"""The columns of a conversion: what each distinct text of a field became, kept over all blocks, so that a text is converted once.

Decided here: what is kept per distinct text, and how the cells of a block become an array for the output. Not decided here: what a text
means (`intake.values`), and what becomes of a row with a defect (`intake.batches`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from intake.defects import CUT_CHARACTER, REQUIRED_EMPTY, SOUND
from intake.formats.distinct import Codes
from intake.layout import LayoutColumn
from intake.loops import order_texts
from intake.quality.cells import ColumnCells
from intake.quality.fingerprints import Flags, Hashes, fingerprint
from intake.values.conversion import Converted, Defects, Mask
from intake.values.rules import convert_distinct
from schemas.findings import FindingKind

Key = TypeVar("Key")


@dataclass(slots=True, repr=False)
class ConvertedColumn:
    """What the distinct texts of one field became.

    Parameters
    ----------
    column : LayoutColumn
        The column.
    values : pa.Array
        One value per text; null where empty or defective.
    is_valid : NDArray[bool]
        Which texts have a value.
    defects : NDArray[uint8]
        Index into `intake.defects.ROW_KINDS` per text.
    repairs, notes : Mapping
        Which texts were mended how, and which are spoken of.
    hashes, flags : NDArray
        Hash of each value, and its unusual characters (`intake.quality.fingerprints`).
    used : NDArray[int64]
        Cells of rows that came out, per text.
    """

    column: LayoutColumn
    values: pa.Array
    is_valid: Mask = field(default_factory=lambda: np.empty(0, dtype=np.bool_))
    defects: Defects = field(default_factory=lambda: np.empty(0, dtype=np.uint8))
    repairs: Mapping[str, Mask] = field(default_factory=dict)
    notes: Mapping[FindingKind, Mask] = field(default_factory=dict)
    hashes: Hashes = field(default_factory=lambda: np.empty(0, dtype=np.uint64))
    flags: Flags = field(default_factory=lambda: np.empty(0, dtype=np.uint8))
    used: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    has_defects: bool = False

    @property
    def size(self) -> int:
        """Distinct texts so far."""
        return self.defects.size

    def extend(self, texts: pa.StringArray) -> None:
        """Convert texts not met before."""
        if not len(texts):
            return
        fresh = convert_texts(texts, self.column)
        hashes, flags = fingerprint(fresh.values)
        self.repairs = _join(self.repairs, fresh.repairs, self.size, len(texts))
        self.notes = _join(self.notes, fresh.notes, self.size, len(texts))
        self.values = pa.concat_arrays([self.values, fresh.values]) if self.size else fresh.values
        self.is_valid = np.concatenate([self.is_valid, fresh.values.is_valid().to_numpy(zero_copy_only=False)])
        self.defects = np.concatenate([self.defects, fresh.defects])
        self.hashes, self.flags = np.concatenate([self.hashes, hashes]), np.concatenate([self.flags, flags])
        self.used = np.concatenate([self.used, np.zeros(len(texts), dtype=np.int64)])
        self.has_defects |= bool(fresh.defects.any())

    def use(self, codes: Codes) -> ColumnCells:
        """Count the cells of rows that come out, and return them."""
        self.used += np.bincount(codes, minlength=self.size)
        return ColumnCells(values=self.values, indices=codes, hashes=self.hashes, flags=self.flags, label=self.column.label)

    def to_converted(self) -> Converted:
        """Return what the texts became."""
        return Converted(values=self.values, defects=self.defects, repairs=self.repairs, notes=self.notes)

    def to_array(self, codes: Codes, type_: pa.DataType) -> pa.Array:
        """Return the values of some cells; of a dictionary type with each value once."""
        if not pa.types.is_dictionary(type_):
            return self.values.take(pa.array(codes)).cast(type_)
        order, places = np.empty(min(codes.size, self.size), dtype=np.int32), np.empty(codes.size, dtype=np.int32)
        numbers = np.full(self.size, -2, dtype=np.int32)
        count = order_texts(codes, self.is_valid.view(np.uint8), numbers, order, places)
        dictionary = self.values.take(pa.array(order[:count])).cast(type_.value_type)
        missing = places < 0
        indices = pa.array(places, mask=missing) if missing.any() else pa.array(places)
        return pa.DictionaryArray.from_arrays(indices, dictionary)


def start_column(column: LayoutColumn) -> ConvertedColumn:
    """Return a column of which no text is known yet."""
    return ConvertedColumn(column=column, values=pa.nulls(0))


def convert_texts(texts: pa.StringArray, column: LayoutColumn) -> Converted:
    """Return what texts of a column become; null stands for one that begins or ends inside a character."""
    cut = texts.is_null().to_numpy(zero_copy_only=False)
    converted = convert_distinct(texts, column.use)
    defects = converted.defects.copy()
    if column.use.column.required:
        defects[(defects == SOUND) & ~converted.values.is_valid().to_numpy(zero_copy_only=False)] = REQUIRED_EMPTY
    defects[cut] = CUT_CHARACTER
    return Converted(values=converted.values, defects=defects, repairs=converted.repairs, notes=converted.notes)


def _join(before: Mapping[Key, Mask], fresh: Mapping[Key, Mask], size: int, count: int) -> dict[Key, Mask]:
    """Return masks over all texts of masks over those before and the fresh ones."""
    none, nothing = np.zeros(size, dtype=np.bool_), np.zeros(count, dtype=np.bool_)
    return {
        key: np.concatenate([before.get(key, none), fresh.get(key, nothing)])
        for key in (*before, *(key for key in fresh if key not in before))
    }
