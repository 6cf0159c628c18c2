"""The table of rules: id → how the distinct texts of a column become values; and what every column asks of its values.

Decided here: which rule serves which type of column, and that form, check digit and range are judged after the rule. A layout names the
rule of each column; the plain layout takes the rule of the type.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from intake.defects import AFTER_CONTENTS, CHARACTER_LOST, ERROR_CELL, IN_THE_FUTURE, OUT_OF_RANGE, SOUND, WRONG_CHECK_DIGIT, WRONG_PATTERN
from intake.quality.fingerprints import hash_ideographs
from intake.values import codes, dates, numbers, texts
from intake.values.conversion import Converted, Defects, Mask, to_mask, trim_texts
from intake.values.dates import DatePolicy
from schemas import check_digits
from schemas.findings import FindingKind
from schemas.tables import Column, ColumnType


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleUse:
    """How one column of a layout uses a rule.

    Parameters
    ----------
    rule : str
        Id in `RULES`.
    column : Column
        Column of the table the values are for.
    width : int or None
        Digits of a code whose leading zeros may be lost.
    vendors : tuple[str, ...]
        Ways of writing of the code list whose spellings in digits count.
    empty_marks : frozenset[str]
        Texts that mean "nothing".
    dates : DatePolicy
        What the layout says about difficult dates.
    as_of : date or None
        The day the contents are of; no birth and no event is later.
    ahead_days : int
        How many days after it a date of this column may lie.
    open_end : frozenset[date]
        Days that stand for a term without an end, in columns whose dates may lie ahead.
    """

    rule: str
    column: Column
    width: int | None = None
    vendors: tuple[str, ...] = ()
    empty_marks: frozenset[str] = field(default_factory=frozenset)
    dates: DatePolicy = field(default_factory=DatePolicy)
    as_of: date | None = None
    ahead_days: int = 0
    open_end: frozenset[date] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule: the types of column it serves, and its function."""

    types: frozenset[ColumnType]
    convert: Callable[[pa.StringArray, RuleUse], Converted]


# what spreadsheets write into a cell whose formula failed; exports to CSV hold them as text
_ERRORS = ("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!")
BIRTH = "birth_to_age_band"
_TEXTS = frozenset({ColumnType.STRING, ColumnType.CODE})
_CODES = frozenset({ColumnType.CODE})
_DATES = frozenset({ColumnType.DATE})
_MONTHS = frozenset({ColumnType.MONTH})
_DAYS = _DATES | _MONTHS
_NUMBERS = frozenset({ColumnType.INTEGER})

RULES: dict[str, Rule] = {
    "text": Rule(types=_TEXTS, convert=lambda t, _: texts.convert_texts(t)),
    "kana_full": Rule(types=_TEXTS, convert=lambda t, _: texts.convert_kana(t)),
    "address": Rule(types=_TEXTS, convert=lambda t, _: texts.convert_addresses(t)),
    "phone": Rule(types=_TEXTS, convert=lambda t, _: texts.convert_phones(t)),
    "digits_half": Rule(types=_TEXTS, convert=lambda t, use: codes.convert_digits(t, use.width)),
    "code": Rule(types=_CODES, convert=lambda t, use: codes.convert_codes(t, use.column.code_list or "", use.vendors)),
    "sex_12": Rule(types=_CODES, convert=lambda t, use: codes.convert_codes(t, use.column.code_list or "sex", ("resident_record",))),
    "care_level_code": Rule(types=_CODES, convert=lambda t, use: codes.convert_codes(t, use.column.code_list or "care_level", use.vendors)),
    "municipality_code": Rule(types=_CODES, convert=lambda t, use: codes.convert_municipality_codes(t, use.as_of)),
    "icd10": Rule(types=_CODES, convert=lambda t, _: codes.convert_icd10(t)),
    "wareki_gyymmdd": Rule(types=_DATES, convert=lambda t, use: dates.convert_packed_era(t, use.dates, month=False)),
    "wareki_gyymm": Rule(types=_MONTHS, convert=lambda t, use: dates.convert_packed_era(t, use.dates, month=True)),
    "wareki_text": Rule(types=_DATES, convert=lambda t, use: dates.convert_era_text(t, use.dates, month=False)),
    "wareki_month": Rule(types=_MONTHS, convert=lambda t, use: dates.convert_era_text(t, use.dates, month=True)),
    "date_ymd": Rule(types=_DATES, convert=lambda t, use: dates.convert_western(t, use.dates, month=False)),
    "month_ym": Rule(types=_MONTHS, convert=lambda t, use: dates.convert_western(t, use.dates, month=True)),
    "date": Rule(types=_DATES, convert=lambda t, use: dates.convert_any_date(t, use.dates, month=False)),
    "month": Rule(types=_MONTHS, convert=lambda t, use: dates.convert_any_date(t, use.dates, month=True)),
    "yen": Rule(types=_NUMBERS, convert=lambda t, _: numbers.convert_yen(t)),
    "points_yen": Rule(types=_NUMBERS, convert=lambda t, _: numbers.convert_points(t)),
    "integer": Rule(types=_NUMBERS, convert=lambda t, _: numbers.convert_integers(t)),
    "number": Rule(types=frozenset({ColumnType.NUMBER}), convert=lambda t, _: numbers.convert_numbers(t)),
    "flag": Rule(types=frozenset({ColumnType.BOOLEAN}), convert=lambda t, _: codes.convert_flags(t)),
}
_PLAIN = {
    ColumnType.STRING: "text",
    ColumnType.CODE: "digits_half",
    ColumnType.INTEGER: "integer",
    ColumnType.NUMBER: "number",
    ColumnType.DATE: "date",
    ColumnType.MONTH: "month",
    ColumnType.BOOLEAN: "flag",
}


def get_plain_rule(column: Column) -> str:
    """Return the rule for a column whose sender writes values as the table has them."""
    if column.check_digit == "municipality":
        return "municipality_code"
    if column.hierarchy == "icd10":
        return "icd10"
    return "code" if column.code_list else _PLAIN[column.type]


def convert_distinct(raw: pa.StringArray, use: RuleUse) -> Converted:
    """Return what the distinct texts of a column become: the rule first, then form, check digit and range.

    Parameters
    ----------
    raw : pa.StringArray
        Distinct texts as they came.
    use : RuleUse
        Rule, column and what the layout says.
    """
    trimmed = trim_texts(raw, use.empty_marks)
    converted = _open_ends(RULES[use.rule].convert(trimmed, use), use)
    defects = _judge(converted.values, converted.defects, use)
    defects[to_mask(pc.is_in(trimmed, value_set=pa.array(_ERRORS, pa.string())))] = ERROR_CELL
    values = pc.if_else(pa.array(defects == SOUND), converted.values, pa.scalar(None, converted.values.type))
    notes = {**converted.notes, **_find_lost(trimmed, values)} if use.column.type is ColumnType.STRING else converted.notes
    return Converted(values=values, defects=defects, repairs=converted.repairs, notes=notes)


def _open_ends(converted: Converted, use: RuleUse) -> Converted:
    """Return days with those the layout declares to mean "no end" left empty, where a date may lie ahead at all."""
    if not (use.open_end and use.ahead_days):
        return converted
    found = to_mask(pc.is_in(converted.values, value_set=pa.array(sorted(use.open_end), pa.date32())))
    if not found.any():
        return converted
    values = pc.if_else(pa.array(found), pa.scalar(None, pa.date32()), converted.values)
    return replace(converted, values=values, repairs={**converted.repairs, "open_end": found})


def _find_lost(texts: pa.StringArray, values: pa.StringArray) -> dict[FindingKind, Mask]:
    """Return which texts lost an ideograph or a gaiji on the way; no rule does that, and this is what proves it."""
    changed = to_mask(pc.not_equal(texts, values))
    if not changed.any():
        return {}
    places = np.flatnonzero(changed)
    before, after = (hash_ideographs(part.take(pa.array(places))) for part in (texts, values))
    changed[places] = before != after
    return {CHARACTER_LOST: changed} if changed.any() else {}


def _judge(values: pa.Array, defects: Defects, use: RuleUse) -> Defects:
    """Return the defects with those the column itself finds in values that were sound."""
    column = use.column
    checks: list[tuple[int, Mask]] = []
    if column.pattern:
        checks.append((WRONG_PATTERN, ~to_mask(pc.match_substring_regex(values, f"^(?:{column.pattern})$"))))
    if column.check_digit:
        checks.append((WRONG_CHECK_DIGIT, ~check_digits.are_valid(column.check_digit, values)))
    if column.minimum is not None or column.maximum is not None:
        checks.append((OUT_OF_RANGE, to_mask(numbers.find_out_of_range(values, column.minimum, column.maximum))))
    if use.as_of and column.type in _DAYS:
        last = date.fromordinal(min(use.as_of.toordinal() + use.ahead_days, date.max.toordinal()))
        late = IN_THE_FUTURE if column.hierarchy == BIRTH else AFTER_CONTENTS
        checks.append((late, to_mask(pc.greater(values, pa.scalar(last)))))
    judged = defects.copy()
    for defect, wrong in checks:
        judged[(judged == SOUND) & to_mask(pc.is_valid(values)) & wrong] = defect
    return judged
