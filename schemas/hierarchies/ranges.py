"""Hierarchies of numbers: bands of one width per level, or bands between listed limits.

Leaves are the whole numbers from the smallest to the largest observed value; for fractions, the distinct observed values.
"""

import itertools
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from schemas.errors import PlanError
from schemas.hierarchies.assemble import Step, assemble
from schemas.hierarchies.hierarchy import Hierarchy, decode, wrong_type
from schemas.hierarchies.level_table import Bounds, LevelTable
from schemas.messages import N_, Name


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Where bands start and stop.

    Parameters
    ----------
    start : float
        A limit between bands; the others lie whole widths away from it.
    bottom, top : float or None
        Values below `bottom`, and from `top` on, are one group at every level above the value.
    unit : str
        What stands behind a number in a label (歳, 円).
    """

    start: float = 0
    bottom: float | None = None
    top: float | None = None
    unit: str = ""


FARTHEST = 1 << 61  # bands and their leaves are counted in 64 bits
FARTHEST_FRACTION = 1 << 53  # beyond, a double holds no units


class BandHierarchy(Hierarchy):
    """Numbers in bands; kinds say where the limits of a level lie."""

    ordered = True

    def __init__(self, name: str, steps: Mapping[str, str], unit: str, parts: Iterable[float | None]) -> None:
        super().__init__(name, steps)
        self._unit = unit
        self._whole = all(part is None or float(part).is_integer() for part in parts)

    @abstractmethod
    def lower_limits(self, level: int, numbers: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return for each number the lower limit of its band and of the next band; the ends of int64, or ±infinity, without one."""

    def resolve(self, values: pa.Array, *, column: str | None = None) -> LevelTable:
        """Return the groups of distinct values at every level."""
        typed = self.type_values(values, column=column)
        numbers = typed.drop_null().to_numpy(zero_copy_only=False)
        farthest = FARTHEST if pa.types.is_integer(typed.type) else FARTHEST_FRACTION
        if len(numbers) and max(abs(numbers.min().item()), abs(numbers.max().item())) >= farthest:
            raise PlanError(
                N_("the column {column} holds numbers too large to be put into bands"),
                N_("they are codes rather than amounts: give the column the type code and another hierarchy, or correct them at intake"),
                column=Name(column or "?"),
            )
        steps = [self._to_step(level, numbers) for level in range(len(self.level_names) - 2)]
        whole = pa.types.is_integer(typed.type)
        leaves = int(numbers.max()) - int(numbers.min()) + 1 if whole and len(numbers) else len(numbers)
        return assemble(
            self,
            typed,
            steps,
            value_labels=[f"{to_text(value)}{self._unit}" for value in numbers.tolist()],
            leaves=leaves,
            value_bounds=Bounds(lower=typed, upper=typed),
        )

    def type_values(self, values: pa.Array, *, column: str | None = None) -> pa.Array:
        """Return values as whole numbers, or as fractions where values or limits are."""
        typed = to_numbers(values, hierarchy=self.name, column=column)
        return typed if self._whole else typed.cast(pa.float64())

    def count_span(self, values: pa.Array, lower: NDArray[np.float64], upper: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the whole numbers between two ranks; for fractions, the distinct observed values."""
        typed = self.type_values(values).drop_null()
        if pa.types.is_integer(typed.type):
            return super().count_span(values, lower, upper)
        observed = np.sort(typed.to_numpy())
        return np.searchsorted(observed, upper, side="right") - np.searchsorted(observed, lower, side="left")

    def label_span(self, lower: Any, upper: Any) -> str:
        """Return 31〜37歳, 85歳以上, 20歳未満; for fractions 0.5以上1未満 between limits of bands, 0.5〜0.75 between values."""
        if isinstance(lower, int) or isinstance(upper, int):
            return label_band(_LOW if lower is None else lower, _HIGH if upper is None else upper + 1, self._unit)
        following = np.inf if upper is None else float(np.nextafter(upper, np.inf))
        if lower is None or upper is None or len(repr(following)) < len(repr(upper)):
            return label_band(-np.inf if lower is None else lower, following, self._unit)
        return f"{to_text(lower)}〜{to_text(upper)}{self._unit}"

    def _to_step(self, level: int, numbers: NDArray[Any]) -> Step:
        lower, following = self.lower_limits(level, numbers)
        distinct, first, positions = np.unique(lower, return_index=True, return_inverse=True)
        upper = following[first]
        if numbers.dtype.kind == "i":
            leaves = np.minimum(upper - 1, numbers.max(initial=_LOW)) - np.maximum(distinct, numbers.min(initial=_HIGH)) + 1
        else:
            leaves = np.bincount(positions, minlength=len(distinct))
        return Step(
            groups=positions.astype(np.int64),
            labels=[label_band(a, b, self._unit) for a, b in zip(distinct.tolist(), upper.tolist(), strict=True)],
            leaves=leaves,
            bounds=to_bounds(distinct, upper),
        )


_LOW, _HIGH = np.iinfo(np.int64).min, np.iinfo(np.int64).max


class IntervalHierarchy(BandHierarchy):
    """One width per level: `{intervals: [5, 10, 20]}`.

    Parameters
    ----------
    widths : Sequence[float]
        Ascending, each a whole multiple of the one before.
    """

    def __init__(self, name: str, widths: Sequence[float], limits: Limits | None = None) -> None:
        limits = limits or Limits()
        _check_widths(name, widths)
        parts = (*widths, limits.start, limits.bottom, limits.top)
        super().__init__(
            name, {f"width_{to_text(width).replace(',', '')}": f"{to_text(width)}{limits.unit}階級" for width in widths}, limits.unit, parts
        )
        self._widths = tuple(widths)
        self._limits = limits

    def lower_limits(self, level: int, numbers: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return the limits of each number's band at a level."""
        kind = numbers.dtype.type
        start, finest = kind(self._limits.start), kind(self._widths[0])
        index = np.floor_divide(numbers - start, finest)
        # Fractions are rounded: a value at a limit may have come out one band too low or too high.
        index = index - (index * finest + start > numbers) + ((index + 1) * finest + start <= numbers)
        ratio = round(self._widths[level] / self._widths[0])
        band = np.floor_divide(index, ratio) * ratio
        return self._cut(numbers, band * finest + start, (band + ratio) * finest + start)

    def _cut(self, numbers: NDArray[Any], lower: NDArray[Any], following: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return the limits with everything below `bottom` and from `top` on in one group each."""
        kind, low, high = numbers.dtype.type, *_ends_of(numbers)
        if self._limits.top is not None:
            top = kind(self._limits.top)
            above = numbers >= top
            lower = np.where(above, top, lower)
            following = np.where(above, high, np.minimum(following, top))
        if self._limits.bottom is not None:
            bottom = kind(self._limits.bottom)
            below = numbers < bottom
            lower = np.where(below, low, np.maximum(lower, bottom))
            following = np.where(below, bottom, following)
        return lower, following


class BreakHierarchy(BandHierarchy):
    """Listed limits per level: `{breaks: [[0, 1, 1000, 5000], [0, 1, 5000]]}`, from fine to coarse.

    Parameters
    ----------
    breaks : Sequence[Sequence[float]]
        Per level the ascending lower limits of bands; each level's limits are among those of the level before.
    """

    def __init__(self, name: str, breaks: Sequence[Sequence[float]], unit: str = "") -> None:
        _check_breaks(name, breaks)
        super().__init__(name, {f"bands_{len(level) + 1}": f"{len(level) + 1}区分" for level in breaks}, unit, itertools.chain(*breaks))
        self._breaks = breaks

    def lower_limits(self, level: int, numbers: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return the limits of each number's band at a level."""
        low, high = _ends_of(numbers)
        limits = np.asarray([low, *self._breaks[level], high], dtype=numbers.dtype)
        index = np.searchsorted(limits[1:-1], numbers, side="right")
        return limits[index], limits[index + 1]


def to_numbers(values: pa.Array, *, hierarchy: str, column: str | None) -> pa.Array:
    """Return values as int64 or float64; texts that are all numbers are read as such.

    Raises
    ------
    PlanError
        The values are not numbers.
    """
    plain = decode(values)
    wanted = [pa.int64()] if pa.types.is_integer(plain.type) else [pa.int64(), pa.float64()]
    if pa.types.is_floating(plain.type) or pa.types.is_decimal(plain.type):
        wanted = [pa.float64()]
    for kind in wanted:
        try:
            numbers = plain.cast(kind)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            continue
        if kind == pa.int64() or np.isfinite(numbers.drop_null().to_numpy()).all():
            return numbers
    raise wrong_type("number", hierarchy=hierarchy, column=column)


def to_text(number: float) -> str:
    """Return a number with thousands separated."""
    return f"{int(number):,}" if float(number).is_integer() else f"{number:,}"


def label_band(lower: float, following: float, unit: str) -> str:
    """Return the label of a band: 30〜34歳, 90歳以上, 20歳未満; for fractions 0.5以上1未満."""
    if lower in {_LOW, -np.inf} and following in {_HIGH, np.inf}:
        return "全範囲"
    if lower in {_LOW, -np.inf}:
        return f"{to_text(following)}{unit}未満"
    if following in {_HIGH, np.inf}:
        return f"{to_text(lower)}{unit}以上"
    if isinstance(lower, float):
        return f"{to_text(lower)}以上{to_text(following)}{unit}未満"
    return f"{to_text(lower)}{unit}" if following - lower == 1 else f"{to_text(lower)}〜{to_text(following - 1)}{unit}"


def _ends_of(numbers: NDArray[Any]) -> tuple[Any, Any]:
    return (np.int64(_LOW), np.int64(_HIGH)) if numbers.dtype.kind == "i" else (np.float64(-np.inf), np.float64(np.inf))


def to_bounds(lower: NDArray[Any], following: NDArray[Any]) -> Bounds:
    """Return inclusive bounds, null where a band has no limit."""
    if lower.dtype.kind == "i":
        return Bounds(lower=pa.array(lower, mask=lower == _LOW), upper=pa.array(following - 1, mask=following == _HIGH))
    last = np.nextafter(following, -np.inf)
    return Bounds(lower=pa.array(lower, mask=np.isneginf(lower)), upper=pa.array(last, mask=np.isposinf(following)))


def _check_widths(name: str, widths: Sequence[float]) -> None:
    ratios = [after / before if before > 0 else 0 for before, after in itertools.pairwise(widths)]
    wrong = [level for level, ratio in enumerate(ratios, start=2) if ratio < 2 or abs(ratio - round(ratio)) > 1e-9]
    if min(widths) <= 0 or wrong:
        raise PlanError(
            N_("the widths of the hierarchy {hierarchy} do not nest, first at level {level}"),
            N_("give positive widths from small to large, each a whole multiple of the one before, such as 5, 10, 20"),
            hierarchy=Name(name),
            level=wrong[0] if wrong else 1,
        )


def _check_breaks(name: str, breaks: Sequence[Sequence[float]]) -> None:
    tangled = [level for level, limits in enumerate(breaks, start=1) if not limits or list(limits) != sorted(set(limits))]
    split = [level for level, (fine, coarse) in enumerate(itertools.pairwise(breaks), start=2) if not set(coarse) < set(fine)]
    if tangled or split:
        raise PlanError(
            N_("the limits of the hierarchy {hierarchy} do not nest, first at level {level}"),
            N_("give ascending limits for each level, fewer from level to level, all of them among those of the level before"),
            hierarchy=Name(name),
            level=min(tangled + split),
        )
