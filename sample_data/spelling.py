"""How senders spell values: the reverse of the rules of layouts, written without the converters so that each can test the other.

Decided here: half-width kana, full-width digits, Japanese-era dates, labels instead of codes. Not decided here: bytes (see `write`).
"""

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from schemas.codes import load_code_list
from schemas.tables import Column

# First day of each era, its number, its name, its letter, and the western year before its first.
ERAS = (
    ("1868-01-25", 1, "明治", "M", 1867),
    ("1912-07-30", 2, "大正", "T", 1911),
    ("1926-12-25", 3, "昭和", "S", 1925),
    ("1989-01-08", 4, "平成", "H", 1988),
    ("2019-05-01", 5, "令和", "R", 2018),
)
WIDE = str.maketrans({code: code + 0xFEE0 for code in range(0x21, 0x7F)})
WIDE_DIGITS = str.maketrans("0123456789-", "０１２３４５６７８９－")
ERA_TEXT_SHARES = (0.7, 0.9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """The habits of one kind of system.

    Parameters
    ----------
    wide : bool
        Digits, codes and dates in full width.
    half_kana : bool
        Readings in half-width kana.
    labels : bool
        Codes as their Japanese labels.
    flags : tuple[str, str]
        Yes and no.
    typed : bool
        Dates and numbers stay what they are (spreadsheet cells).
    """

    wide: bool = False
    half_kana: bool = True
    labels: bool = False
    flags: tuple[str, str] = ("1", "0")
    typed: bool = False


MAINFRAME = Style()
PACKAGE = Style(wide=True, labels=True, flags=("有", "無"))
SPREADSHEET = Style(half_kana=False, labels=True, flags=("○", "×"), typed=True)


def find_style(layout: Mapping[str, Any]) -> Style:
    """Return the habits that go with a layout: spreadsheet, package export with headings, or mainframe."""
    if layout["format"] == "excel":
        return SPREADSHEET
    return PACKAGE if layout.get("header") else MAINFRAME


def spell(values: pa.Array, rule: str, column: Column, style: Style, rng: np.random.Generator) -> pa.Array:
    """Return the cells a sender writes for values of the common schema; empty text for null.

    Parameters
    ----------
    values : pa.Array
        Values in the type of the column.
    rule : str
        Id of the rule by which the layout reads the cells.
    column : Column
        Column of the table.
    style : Style
        Habits of the sender.
    rng : np.random.Generator
        Chooses among spellings where a sender mixes them.
    """
    if style.typed and rule in {"date", "month", "integer", "yen", "number"}:
        return values
    return _SPELLERS[rule](values, column, style, rng)


def map_distinct(values: pa.Array, write: Callable[[Any], str]) -> pa.Array:
    """Return `write` of each distinct value, spread over the array; empty text for null."""
    coded = values.dictionary_encode()
    texts = pa.array([write(value) for value in coded.dictionary.to_pylist()], pa.string())
    return pc.fill_null(texts.take(coded.indices), "")


def widen(text: str) -> str:
    """Return ASCII in full width."""
    return text.translate(WIDE)


def halve_kana(text: str) -> str:
    """Return full-width kana in half width, voiced marks apart, spaces as ASCII."""
    return "".join(_HALF.get(letter, letter) for letter in text)


def _half_table() -> dict[str, str]:
    """Return full-width kana → half-width kana, derived from the Unicode forms."""
    plain = {unicodedata.normalize("NFKC", chr(code)): chr(code) for code in range(0xFF66, 0xFF9E)}
    table = {"\u3000": " ", "・": "･", "ー": "ｰ", **plain}
    for letter, half in plain.items():
        for mark, half_mark in (("\u3099", "ﾞ"), ("\u309a", "ﾟ")):
            joined = unicodedata.normalize("NFC", letter + mark)
            if len(joined) == 1:
                table[joined] = half + half_mark
    return table


_HALF = _half_table()


def pack_era(values: pa.Array, *, month: bool) -> pa.Array:
    """Return dates as GYYMMDD, or months as GYYMM; empty text for null."""
    days = pc.fill_null(values.cast(pa.date32()).cast(pa.int32()), 0).to_numpy(zero_copy_only=False).astype("datetime64[D]")
    era, year = _find_eras(days)
    months = days.astype("datetime64[M]").astype(np.int64) % 12 + 1
    day = (days - days.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64) + 1
    number = (era * 100 + year) * 100 + months
    packed = pc.cast(pa.array(number if month else number * 100 + day), pa.string())
    return pc.if_else(values.is_valid(), packed, "")


def _find_eras(days: NDArray[np.datetime64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the number of the era and the year in it."""
    firsts = np.array([era[0] for era in ERAS], dtype="datetime64[D]")
    which = np.maximum(np.searchsorted(firsts, days, side="right") - 1, 0)
    years = days.astype("datetime64[Y]").astype(np.int64) + 1970
    return np.array([era[1] for era in ERAS])[which], years - np.array([era[4] for era in ERAS])[which]


def write_era(days: pa.Array, form: int) -> pa.Array:
    """Return dates as 昭和20年4月1日 (form 0), S20.4.1 (1) or 昭和２０年４月１日 (2)."""

    def write(day: Any) -> str:
        _, _, name, letter, before = next(era for era in reversed(ERAS) if day.isoformat() >= era[0])
        year = day.year - before
        if form == 1:
            return f"{letter}{year}.{day.month}.{day.day}"
        text = f"{name}{'元' if year == 1 else year}年{day.month}月{day.day}日"
        return widen(text) if form else text

    return map_distinct(days, write)


def _mix_eras(values: pa.Array, rng: np.random.Generator) -> pa.Array:
    """Return era text of all three forms, one form more often than the others."""
    form = np.searchsorted(ERA_TEXT_SHARES, rng.random(len(values)))
    first, second, third = (write_era(values, kind) for kind in range(3))
    return pc.choose(pa.array(form), first, second, third)


def _spell_text(values: pa.Array, _column: Column, _style: Style, _rng: np.random.Generator) -> pa.Array:
    return pc.fill_null(values, "")


def _spell_kana(values: pa.Array, _column: Column, style: Style, _rng: np.random.Generator) -> pa.Array:
    return map_distinct(values, halve_kana if style.half_kana else str)


def _spell_address(values: pa.Array, _column: Column, _style: Style, _rng: np.random.Generator) -> pa.Array:
    return map_distinct(values, lambda text: text.translate(WIDE_DIGITS))


def _spell_number(values: pa.Array, _column: Column, style: Style, _rng: np.random.Generator) -> pa.Array:
    text = values if pa.types.is_string(values.type) else pc.cast(values, pa.string())
    return map_distinct(text, widen) if style.wide else pc.fill_null(text, "")


def _spell_decimal(values: pa.Array, _column: Column, style: Style, _rng: np.random.Generator) -> pa.Array:
    return map_distinct(values, lambda number: widen(f"{number:.2f}") if style.wide else f"{number:.2f}")


def _spell_code(values: pa.Array, column: Column, style: Style, _rng: np.random.Generator) -> pa.Array:
    if not style.labels or column.code_list is None:
        return pc.fill_null(values, "")
    labels = load_code_list(column.code_list)
    return map_distinct(values, lambda code: labels.get_label(code).translate(WIDE_DIGITS if style.wide else {}))


def _spell_flag(values: pa.Array, _column: Column, style: Style, _rng: np.random.Generator) -> pa.Array:
    return pc.if_else(values.is_valid(), pc.if_else(pc.fill_null(values, False), *style.flags), "")


_SPELLERS: dict[str, Callable[[pa.Array, Column, Style, np.random.Generator], pa.Array]] = {
    "text": _spell_text,
    "kana_full": _spell_kana,
    "address": _spell_address,
    "phone": _spell_number,
    "digits_half": _spell_number,
    "municipality_code": _spell_number,
    "icd10": _spell_number,
    "integer": _spell_number,
    "yen": _spell_number,
    "number": _spell_decimal,
    "code": _spell_code,
    "sex_12": _spell_code,
    "care_level_code": _spell_code,
    "flag": _spell_flag,
    "wareki_gyymmdd": lambda values, _column, _style, _rng: pack_era(values, month=False),
    "wareki_gyymm": lambda values, _column, _style, _rng: pack_era(values, month=True),
    "wareki_text": lambda values, _column, _style, rng: _mix_eras(values, rng),
}
