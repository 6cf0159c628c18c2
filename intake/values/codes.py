"""Codes: half width, lost leading zeros put back where the layout gives the width, code lists and their spellings, check digits.

Decided here: how what is written is looked up in a code list: as a code, as a Japanese label, as a spelling in letters of any known
system, and as a spelling in digits only where the layout names that system, because digits mean different things in different systems.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

from intake.defects import (
    EXPONENT,
    FORMER_DIVIDED,
    NOT_YES_OR_NO,
    SOUND,
    UNKNOWN_CODE,
    UNKNOWN_MUNICIPALITY,
    WRONG_CHECK_DIGIT,
    WRONG_PATTERN,
)
from intake.values.conversion import Converted, Outcome, convert_each, convert_mostly
from intake.values.width import fold_code
from schemas import check_digits
from schemas.codes import load_code_list
from schemas.lineage import find_successors
from schemas.municipalities import find_municipality

# characters without width come along with copies from web pages
_BETWEEN = re.compile("[\\s\\-\u200b\u200c\u200d\u2060\ufeff]+")
# how exports and people keep spreadsheets from making a number of it: ="0012", '0012
_TEXT_MARK = re.compile(r"""="([^"]*)"|'([^']*)""")
_EXPONENT = re.compile(r"[0-9](?:\.[0-9]+)?E\+[0-9]{1,2}")
_YES = frozenset({"1", "有", "あり", "有り", "該当", "はい", "○", "〇", "◯", "✓", "レ", "TRUE", "T", "Y", "YES", "ON"})
_NO = frozenset({"0", "無", "なし", "無し", "非該当", "いいえ", "×", "✕", "✗", "FALSE", "F", "N", "NO", "OFF"})


def convert_digits(texts: pa.StringArray, width: int | None = None) -> Converted:
    """Return numbers kept as text: digits and capital letters in half width, nothing between them.

    Parameters
    ----------
    texts : pa.StringArray
        Distinct trimmed texts; null where empty.
    width : int or None
        Digits fewer than this get their leading zeros back.
    """
    pattern = r"^[0-9A-Z]+$" if width is None else rf"^(?:[0-9A-Z]{{{width},}}|[0-9]*[A-Z][0-9A-Z]*)$"
    return convert_mostly(texts, pc.match_substring_regex(texts, pattern), lambda kept: kept, lambda text: parse_digits(text, width))


def parse_digits(text: str, width: int | None = None) -> Outcome:
    """Return one number kept as text."""
    marked = _TEXT_MARK.fullmatch(text)
    if marked:
        outcome = parse_digits(marked[1] or marked[2] or "", width)
        return replace(outcome, repair=outcome.repair or "text_mark") if outcome.defect == SOUND else outcome
    folded = _BETWEEN.sub("", fold_code(text).replace("ー", "-").replace("ｰ", "-")).upper()
    if _EXPONENT.fullmatch(_BETWEEN.sub("", fold_code(text)).upper()):
        return Outcome(defect=EXPONENT)
    folded = re.sub(r"(?<=[0-9])\.0+$", "", folded)
    if not re.fullmatch("[0-9A-Z]+", folded):
        return Outcome(defect=WRONG_PATTERN)
    if width is not None and folded.isdigit() and len(folded) < width:
        return Outcome(value=folded.zfill(width), repair="zero_pad")
    return Outcome(value=folded, repair="" if folded == text else "width_fold")


def convert_codes(texts: pa.StringArray, code_list: str, vendors: tuple[str, ...] = ()) -> Converted:
    """Return codes of a list.

    Parameters
    ----------
    texts : pa.StringArray
        Distinct trimmed texts; null where empty.
    code_list : str
        Name in `schemas/codes/`.
    vendors : tuple[str, ...]
        Ways of writing of that list whose spellings in digits count.
    """
    known = _spellings(code_list, vendors)
    codes = load_code_list(code_list).entries

    def parse(text: str) -> Outcome:
        folded = _fold_label(text)
        code = text if text in codes and not vendors else known.get(folded)
        if code is None:
            return _pad_code(folded, codes, _digits_elsewhere(code_list))
        return Outcome(value=code, repair="" if code == text else "code_list")

    return convert_each(texts, pa.string(), parse)


def _pad_code(folded: str, codes: Mapping[str, str], elsewhere: frozenset[str]) -> Outcome:
    """Return a code whose leading zeros were lost, unless the bare digits mean something else in another system."""
    digits = re.sub(r"(?<=[0-9])\.0+$", "", folded)
    if digits in elsewhere:
        return Outcome(defect=UNKNOWN_CODE)
    for width in sorted({len(code) for code in codes}):
        if digits.isdigit() and digits.zfill(width) in codes:
            return Outcome(value=digits.zfill(width), repair="zero_pad")
    return Outcome(defect=UNKNOWN_CODE)


def _fold_label(text: str) -> str:
    """Return a label in the one form labels are compared in; code lists hold no names, so NFKC does no harm here."""
    return re.sub(r"[\s・·]+", "", unicodedata.normalize("NFKC", text))


@cache
def _digits_elsewhere(code_list: str) -> frozenset[str]:
    """Return the digits that other systems write for a code that is not those digits."""
    mappings = load_code_list(code_list).vendor.values()
    return frozenset(text for mapping in mappings for text, code in mapping.items() if text.isdigit() and int(text) != _to_number(code))


def _to_number(code: str) -> int:
    return int(code) if code.isdigit() else -1


@cache
def _spellings(code_list: str, vendors: tuple[str, ...]) -> Mapping[str, str]:
    """Return folded spelling → code; a system the layout names comes first, then codes, labels, spellings in letters."""
    found = load_code_list(code_list)
    known = {
        _fold_label(text): code for mapping in found.vendor.values() for text, code in mapping.items() if not _fold_label(text).isdigit()
    }
    known |= {_fold_label(label): code for code, label in found.entries.items()}
    known |= {_fold_label(code): code for code in found.entries}
    for vendor in vendors:
        known |= {_fold_label(text): code for text, code in found.vendor[vendor].items()}
    return known


def convert_municipality_codes(texts: pa.StringArray, as_of: date | None = None) -> Converted:
    """Return municipality codes of six digits; five digits get their check digit, a former municipality the code of its successor.

    Parameters
    ----------
    texts : pa.StringArray
        Distinct trimmed texts; null where empty.
    as_of : date or None
        The day the contents are of.
    """
    return convert_each(texts, pa.string(), lambda text: _follow(_parse_municipality(text), as_of))


def _follow(outcome: Outcome, as_of: date | None) -> Outcome:
    """Return the one successor of a former municipality; a code that nobody knows, or that was divided, is kept and told."""
    code = outcome.value
    if not isinstance(code, str):
        return outcome
    successors = find_successors(code, as_of)
    if len(successors) == 1:
        return Outcome(value=successors[0], repair="code_lineage")
    if successors:
        return replace(outcome, note=FORMER_DIVIDED)
    return outcome if find_municipality(code) else replace(outcome, note=UNKNOWN_MUNICIPALITY)


def _parse_municipality(text: str) -> Outcome:
    outcome = parse_digits(text)
    code = outcome.value
    if not isinstance(code, str) or not re.fullmatch("[0-9]{4,6}", code):
        return Outcome(defect=WRONG_PATTERN)
    if len(code) == 6:
        return outcome if check_digits.is_valid("municipality", code) else Outcome(defect=WRONG_CHECK_DIGIT)
    return _complete_municipality(code)


def _complete_municipality(code: str) -> Outcome:
    """Return the one municipality that four or five digits can mean.

    `11002` is 011002 (札幌市) without its zero, or a body of prefecture 11 without its check digit: whichever exists, if only one does.
    """
    readings = {check_digits.append("municipality", code.zfill(5)): "check_digit_added"}
    if len(code) == 5:
        readings[f"0{code}"] = "zero_pad"
    existing = {reading: repair for reading, repair in readings.items() if find_municipality(reading) or find_successors(reading)}
    if len(existing) != 1:
        return Outcome(defect=WRONG_CHECK_DIGIT)
    reading, repair = existing.popitem()
    return Outcome(value=reading, repair=repair)


def convert_icd10(texts: pa.StringArray) -> Converted:
    """Return ICD-10 codes in capital letters without the point."""
    clean = pc.match_substring_regex(texts, "^[A-Z][0-9]{2}[0-9]?$")
    return convert_mostly(texts, clean, lambda kept: kept, _parse_icd10)


def _parse_icd10(text: str) -> Outcome:
    folded = re.sub(r"[.\s\-]+", "", fold_code(text)).upper()
    if not re.fullmatch("[A-Z][0-9]{2}[0-9A-Z]{0,4}", folded):
        return Outcome(defect=WRONG_PATTERN)
    return Outcome(value=folded, repair="width_fold")


def convert_flags(texts: pa.StringArray) -> Converted:
    """Return yes/no of 1/0, 有/無, あり/なし, ○/× and the like."""
    return convert_each(texts, pa.bool_(), _parse_flag)


def _parse_flag(text: str) -> Outcome:
    folded = fold_code(text).upper()
    if folded in {"1.0", "0.0"}:
        folded = folded[0]
    if folded not in _YES | _NO:
        return Outcome(defect=NOT_YES_OR_NO)
    return Outcome(value=folded in _YES)
