"""What a rule answers for the distinct texts of a column, and how rules of the two kinds (whole arrays, one text) are written.

Decided here: a cell is empty when nothing but spaces is in it; each text gets one defect at most and one repair at most. Not decided
here: what becomes of a row with a defect.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from intake.defects import SOUND
from schemas.findings import FindingKind

SPACES = " \t\u3000\u00a0"
Mask: TypeAlias = NDArray[np.bool_]
Defects: TypeAlias = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one text became.

    Parameters
    ----------
    value : object
        The value; None where there is none.
    defect : int
        Index into `intake.defects.ROW_KINDS`; 0 when sound.
    repair : str
        Id of what was mended on the way; empty when nothing was.
    note : FindingKind or None
        Something worth telling that changes nothing.
    """

    value: object = None
    defect: int = SOUND
    repair: str = ""
    note: FindingKind | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Converted:
    """What the distinct texts of a column became.

    Parameters
    ----------
    values : pa.Array
        One value per distinct text; null where empty or defective.
    defects : NDArray[uint8]
        Index into `intake.defects.ROW_KINDS` per distinct text.
    repairs : Mapping[str, NDArray[bool]]
        Rule id → which texts it changed.
    notes : Mapping[FindingKind, NDArray[bool]]
        Kind → which texts it speaks of.
    """

    values: pa.Array
    defects: Defects
    repairs: Mapping[str, Mask] = field(default_factory=dict)
    notes: Mapping[FindingKind, Mask] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Counts only."""
        return f"Converted(distinct={len(self.values)}, defects={np.count_nonzero(self.defects)})"


def trim_texts(texts: pa.StringArray, empty_marks: frozenset[str] = frozenset()) -> pa.StringArray:
    """Return the texts without spaces at their ends; null where nothing, or a mark of emptiness, remains."""
    trimmed = pc.utf8_trim(texts, characters=SPACES)
    empty = pc.equal(trimmed, "")
    if empty_marks:
        empty = pc.or_kleene(empty, pc.is_in(trimmed, value_set=pa.array(sorted(empty_marks), pa.string())))
    return pc.if_else(pc.fill_null(empty, True), pa.scalar(None, pa.string()), trimmed)


def to_mask(condition: pa.BooleanArray) -> Mask:
    """Return an Arrow condition as NumPy booleans; null counts as False."""
    mask: Mask = pc.fill_null(condition, False).to_numpy(zero_copy_only=False)
    return mask


def convert_each(texts: pa.StringArray, type_: pa.DataType, parse: Callable[[str], Outcome]) -> Converted:
    """Apply a rule text by text.

    Parameters
    ----------
    texts : pa.StringArray
        Distinct trimmed texts; null where empty.
    type_ : pa.DataType
        Type of the values.
    parse : Callable
        Text → outcome; never called for an empty one.
    """
    outcomes = [Outcome() if text is None else parse(text) for text in texts.to_pylist()]
    return Converted(
        values=pa.array([outcome.value for outcome in outcomes], type_),
        defects=np.array([outcome.defect for outcome in outcomes], dtype=np.uint8),
        repairs=_to_masks([outcome.repair for outcome in outcomes]),
        notes=_to_masks([outcome.note for outcome in outcomes]),
    )


def convert_mostly(
    texts: pa.StringArray,
    clean: pa.BooleanArray,
    convert: Callable[[pa.StringArray], pa.Array],
    parse: Callable[[str], Outcome],
) -> Converted:
    """Apply a whole-array conversion to the clean texts and a rule text by text to the others.

    Parameters
    ----------
    texts : pa.StringArray
        Distinct trimmed texts; null where empty.
    clean : pa.BooleanArray
        Which texts the whole-array conversion takes; null as False.
    convert : Callable
        Texts → values, null to null.
    parse : Callable
        Text → outcome.
    """
    fast = to_mask(clean)
    values = convert(pc.if_else(pa.array(fast), texts, pa.scalar(None, pa.string())))
    rest = np.flatnonzero(~fast & to_mask(pc.is_valid(texts)))
    if rest.size == 0:
        return Converted(values=values, defects=np.zeros(len(texts), dtype=np.uint8))
    slow = convert_each(texts.take(pa.array(rest)), values.type, parse)
    defects = np.zeros(len(texts), dtype=np.uint8)
    defects[rest] = slow.defects
    choice = np.arange(len(texts))
    choice[rest] = len(texts) + np.arange(rest.size)
    return Converted(
        values=pa.concat_arrays([values, slow.values]).take(pa.array(choice)),
        defects=defects,
        repairs={key: _spread(mask, rest, len(texts)) for key, mask in slow.repairs.items()},
        notes={kind: _spread(mask, rest, len(texts)) for kind, mask in slow.notes.items()},
    )


def collect_marks(outcomes: Mapping[int, Outcome], size: int) -> tuple[dict[str, Mask], dict[FindingKind, Mask]]:
    """Return the repairs and notes of some texts, as masks over all.

    Parameters
    ----------
    outcomes : Mapping[int, Outcome]
        Place of a text → its outcome.
    size : int
        Number of all texts.
    """
    where = np.fromiter(outcomes, dtype=np.int64, count=len(outcomes))
    repairs = _to_masks([outcome.repair for outcome in outcomes.values()])
    notes = _to_masks([outcome.note for outcome in outcomes.values()])
    return (
        {key: _spread(mask, where, size) for key, mask in repairs.items()},
        {kind: _spread(mask, where, size) for kind, mask in notes.items()},
    )


def _spread(mask: Mask, where: NDArray[np.int64], size: int) -> Mask:
    spread = np.zeros(size, dtype=np.bool_)
    spread[where] = mask
    return spread


def _to_masks(marks: list) -> dict:  # type: ignore[type-arg]
    """Return for each mark that occurs where it occurs."""
    return {mark: np.array([other == mark for other in marks], dtype=np.bool_) for mark in sorted(filter(None, set(marks)), key=str)}
