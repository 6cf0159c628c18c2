"""Spellings of dates: packed era numbers, era text in every common form, western dates; days and months.

Decided here: which text is which date; everything ambiguous is a defect, never a guess. Packed dates of zeros or nines only mean "none"
in mainframe files and become empty. The arithmetic is in `intake.values.wareki`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from intake.defects import DATE_LEFT_EMPTY, DAY_NUMBER, NOT_A_DATE, SOUND, UNKNOWN_PART
from intake.values.conversion import Converted, Defects, Mask, to_mask
from intake.values.wareki import ERAS, WESTERN, Days, find_era, to_days
from intake.values.width import fold_code

NO_DAY, NO_ERA = -1, -1
Parts: TypeAlias = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class DatePolicy:
    """What a layout says about difficult dates.

    Parameters
    ----------
    overflow : bool
        Days outside their era are taken over by arithmetic.
    open_as_empty : bool
        Dates with an open part (S20.00.00) become empty with a note; otherwise they put the row aside.
    """

    overflow: bool = False
    open_as_empty: bool = False


_SPELLINGS = "|".join(sorted((re.escape(s) for era in ERAS for s in era.spellings), key=len, reverse=True))
_ERA_TEXT = re.compile(
    rf"(?P<era>{_SPELLINGS})\s*(?P<year>元|[0-9]{{1,3}})"
    rf"(?:\s*[年./\-]\s*(?:(?P<month>[0-9]{{1,2}})(?:\s*[月./\-]\s*(?:(?P<day>[0-9]{{1,2}})\s*日?)?)?)?)?",
    re.IGNORECASE,
)
_ERA_PACKED = re.compile(rf"(?P<era>{_SPELLINGS})(?P<year>[0-9]{{2}})(?P<month>[0-9]{{2}})(?P<day>[0-9]{{2}})?", re.IGNORECASE)
_WESTERN_TEXT = re.compile(
    r"(?:西暦\s*)?(?P<year>[0-9]{4})\s*[年./\-]\s*(?P<month>[0-9]{1,2})\s*(?:[月./\-]\s*(?P<day>[0-9]{1,2})\s*日?|月?)"
    r"(?:[ T]0?0:00(?::00(?:\.0+)?)?)?"
)
_WESTERN_PACKED = re.compile(r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})?")
_KANJI_NUMBER = re.compile("[〇一二三四五六七八九十]+")
_KANJI_DIGITS = {digit: value for value, digit in enumerate("〇一二三四五六七八九")}
_NOTHING = re.compile(r"0+|9+")
# 1900-01-01 is 1, 2064-04-08 is 60000; fewer digits are no day a spreadsheet would be asked for
_DAY_NUMBER = re.compile(r"[1-5][0-9]{4}(?:\.[0-9]+)?")


def _fold_date(text: str) -> str:
    """Return a date in half width, kanji numerals as digits, dots and dashes of any kind as . and -."""
    folded = fold_code(text).replace("・", ".").replace("．", ".").replace("－", "-").replace("零", "〇")
    return _KANJI_NUMBER.sub(lambda match: _read_kanji(match.group()), folded)


def _read_kanji(numeral: str) -> str:
    """Return 二十三 or 二三 as 23."""
    if "十" not in numeral:
        return "".join(str(_KANJI_DIGITS[digit]) for digit in numeral)
    tens, _, ones = numeral.partition("十")
    if len(tens) > 1 or len(ones) > 1:
        return numeral
    return str((_KANJI_DIGITS[tens] if tens else 1) * 10 + (_KANJI_DIGITS[ones] if ones else 0))


def _read_era(text: str) -> Parts | None:
    """Return (era, year, month, day) of era text; 0 for open parts; NO_DAY where only a month is written."""
    folded = _fold_date(text)
    match = _ERA_PACKED.fullmatch(folded) or _ERA_TEXT.fullmatch(folded)
    if match is None:
        return None
    year = 1 if match["year"] == "元" else int(match["year"])
    day = NO_DAY if match["day"] is None else int(match["day"])
    return find_era(match["era"]) or 0, year, int(match["month"] or 0), day if match["month"] else 0


def _read_western(text: str) -> Parts | None:
    folded = _fold_date(text)
    match = _WESTERN_PACKED.fullmatch(folded) or _WESTERN_TEXT.fullmatch(folded)
    if match is None:
        return None
    return WESTERN, int(match["year"]), int(match["month"]), NO_DAY if match["day"] is None else int(match["day"])


def _read_any(text: str) -> Parts | None:
    return _read_western(text) or _read_era(text)


def convert_packed_era(texts: pa.StringArray, policy: DatePolicy, *, month: bool) -> Converted:
    """Return days of GYYMMDD, or first days of GYYMM."""
    width = 5 if month else 7
    folded = pa.array([None if text is None else fold_code(text) for text in texts.to_pylist()], pa.string())
    filled = pc.if_else(pc.match_substring_regex(folded, r"^(0+|9+)$"), pa.scalar(None, pa.string()), folded)
    packed = to_mask(pc.match_substring_regex(filled, f"^[0-9]{{{width}}}$"))
    number = pc.cast(pc.if_else(pa.array(packed), filled, pa.scalar("0")), pa.int64()).to_numpy(zero_copy_only=False)
    day = np.ones_like(number) if month else number % 100
    rest = number if month else number // 100
    # 0 stands for western years elsewhere; a packed date has no western form
    era = np.where(rest // 10000 == WESTERN, NO_ERA, rest // 10000)
    result = to_days(era, rest // 100 % 100, rest % 100, day, overflow=policy.overflow)
    present = to_mask(pc.is_valid(filled))
    defects = np.where(packed, result.defects, np.where(present, NOT_A_DATE, SOUND)).astype(np.uint8)
    repairs = {"era_overflow": result.overflowed & packed, "empty_date": to_mask(pc.is_valid(folded)) & ~present}
    return _finish(result, defects, packed, policy, repairs)


def _finish(result: Days, defects: Defects, present: Mask, policy: DatePolicy, repairs: dict[str, Mask]) -> Converted:
    """Return days as dates; open parts as the policy says."""
    open_part = (defects == UNKNOWN_PART) & present
    if policy.open_as_empty:
        defects = np.where(open_part, SOUND, defects).astype(np.uint8)
    sound = present & (defects == SOUND) & ~open_part
    values = pa.array(result.days.astype("datetime64[D]"), mask=~sound).cast(pa.date32())
    notes = {DATE_LEFT_EMPTY: open_part} if policy.open_as_empty and open_part.any() else {}
    return Converted(values=values, defects=defects, repairs={key: mask for key, mask in repairs.items() if mask.any()}, notes=notes)


def convert_era_text(texts: pa.StringArray, policy: DatePolicy, *, month: bool) -> Converted:
    """Return days of era text (昭和20年4月1日, S20.4.1, 昭20.04.01, R010501), or first days of months."""
    return _convert_read(texts, policy, _read_era, month=month)


def convert_western(texts: pa.StringArray, policy: DatePolicy, *, month: bool) -> Converted:
    """Return days of 2024-04-01, 2024/4/1, 2024年4月1日 or 20240401, or first days of months."""
    return _convert_read(texts, policy, _read_western, month=month)


def convert_any_date(texts: pa.StringArray, policy: DatePolicy, *, month: bool) -> Converted:
    """Return days, or first days of months, of every spelling that has one meaning; packed GYYMMDD has not and is refused."""
    return _convert_read(texts, policy, _read_any, month=month)


def _convert_read(texts: pa.StringArray, policy: DatePolicy, read: Callable[[str], Parts | None], *, month: bool) -> Converted:
    """Return days of the texts a reader understands."""
    parts = [None if text is None or _NOTHING.fullmatch(text) else read(text) for text in texts.to_pylist()]
    table = np.array([(0, 0, 0, 0) if part is None else part for part in parts], dtype=np.int64).reshape(-1, 4)
    read_well = np.array([part is not None for part in parts], dtype=np.bool_)
    empty = np.array([text is None or _NOTHING.fullmatch(text) is not None for text in texts.to_pylist()], dtype=np.bool_)
    given = table[:, 3]
    days = np.where(given == NO_DAY, 1 if month else 0, given)
    result = to_days(table[:, 0], table[:, 1], table[:, 2], days, overflow=policy.overflow)
    numbers = np.array(
        [not month and text is not None and _DAY_NUMBER.fullmatch(text) is not None for text in texts.to_pylist()], dtype=np.bool_
    )
    unread = np.where(numbers, DAY_NUMBER, NOT_A_DATE)
    defects = np.where(read_well, result.defects, np.where(empty, SOUND, unread)).astype(np.uint8)
    repairs = {"era_overflow": result.overflowed & read_well, "empty_date": empty & to_mask(pc.is_valid(texts))}
    if month:
        repairs["day_dropped"] = read_well & (given > 1) & (defects == SOUND)
        first = result.days.astype("datetime64[D]").astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
        result = Days(days=first, defects=result.defects, overflowed=result.overflowed)
    return _finish(result, defects, read_well, policy, repairs)
