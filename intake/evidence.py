"""What the cells of a field say about the column it may be: which rule reads them, and how much that alone proves.

Decided here: the order of rules tried for each type of column, and the weight of check digits, code lists and forms. Nothing here
returns or keeps a cell.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from intake.defects import SOUND
from intake.values.conversion import trim_texts
from intake.values.rules import RuleUse, convert_distinct, get_plain_rule
from schemas.codes import load_code_list
from schemas.findings import FindingKind, Severity
from schemas.messages import N_
from schemas.tables import Column, ColumnType

ENOUGH = 0.95
FEWEST = 10
PROOF, SIGN, HINT, NONE = 3, 2, 1, 0
_DATE_RULES = ("wareki_gyymmdd", "date_ymd", "wareki_text", "date")
_MONTH_RULES = ("wareki_gyymm", "month_ym", "wareki_month", "month")
_BY_NAME = {"kana": "kana_full", "address": "address", "phone": "phone"}
_KANA = r"^[\x{ff61}-\x{ff9f}\x{30a1}-\x{30ff}\s]+$"
_FIXED = re.compile(r"\[0-9\]\{([0-9]+)\}")


def _reason(code: str, template: str) -> FindingKind:
    return FindingKind(f"proposal-{code}", Severity.NOTE, template)


READS_ALL = _reason("reads-all", N_("the rule reads the cells of the sample"))
READS_SOME = _reason("reads-some", N_("no rule reads all cells of the sample; the best reads {percent} % of them: confirm"))
NO_CELLS = _reason("no-cells", N_("the sample has no cells here; the rule is the usual one: confirm"))
CHECK_DIGIT = _reason("check-digit", N_("the check digits fit"))
IN_LIST = _reason("code-list", N_("the cells are in the code list"))
KANA_ONLY = _reason("kana", N_("the cells are kana alone"))
FORM = _reason("form", N_("the cells have the form of the column"))
ZEROS_LOST = _reason("zeros-lost", N_("leading zeros seem to be lost: the width puts them back"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the cells of a field say about one column.

    Parameters
    ----------
    rule : str
        The rule that reads most of them.
    vendor : str or None
        Way of writing of the code list that it needs.
    width : int or None
        Digits of the column, where leading zeros are lost.
    share : float
        Filled cells the rule reads; 0 where there are none.
    weight : int
        PROOF, SIGN, HINT or NONE: what the cells prove without a heading.
    reasons : tuple[FindingKind, ...]
        Why.
    """

    rule: str
    vendor: str | None
    width: int | None
    share: float
    weight: int
    reasons: tuple[FindingKind, ...]


def weigh_cells(cells: Sequence[str], column: Column) -> Evidence:
    """Return what the cells of a field say about a column.

    Parameters
    ----------
    cells : Sequence[str]
        Cells of the sample, empty ones included.
    column : Column
        Column of the table.
    """
    texts = pc.drop_null(trim_texts(pa.array(cells, pa.string())))
    uses = list(_find_uses(column))
    if len(texts) == 0:
        return Evidence(rule=uses[0].rule, vendor=None, width=None, share=0.0, weight=NONE, reasons=(NO_CELLS,))
    coded = texts.dictionary_encode()
    shares = [_share_read(coded, use) for use in uses]
    # the first of the best: rules are tried from the strict one to the lenient one
    best = shares.index(max(shares))
    use, share = uses[best], shares[best]
    reads = READS_ALL if share == 1.0 else READS_SOME
    width = _find_lost_zeros(texts, column)
    # cells that are short of digits may be any number
    telling = share >= ENOUGH and len(texts) >= FEWEST and width is None
    weight, reason = _weigh(coded, column, share) if telling else (NONE, None)
    reasons = tuple(kind for kind in (reads, reason, ZEROS_LOST if width else None) if kind is not None)
    vendor = use.vendors[0] if use.vendors else None
    return Evidence(rule=use.rule, vendor=vendor, width=width, share=share, weight=weight, reasons=reasons)


def _find_uses(column: Column) -> Iterator[RuleUse]:
    """Yield the rules a column of this type may need, the strictest first."""
    if column.type in {ColumnType.DATE, ColumnType.MONTH}:
        names = _DATE_RULES if column.type is ColumnType.DATE else _MONTH_RULES
        yield from (RuleUse(rule=name, column=column) for name in names)
    elif column.code_list == "sex":
        yield RuleUse(rule="sex_12", column=column)
    elif column.code_list:
        rule = "care_level_code" if column.code_list == "care_level" else "code"
        yield RuleUse(rule=rule, column=column)
        yield from (RuleUse(rule=rule, column=column, vendors=(vendor,)) for vendor in load_code_list(column.code_list).vendor)
    elif column.unit == "円":
        yield RuleUse(rule="yen", column=column)
    elif column.type is ColumnType.STRING:
        named = next((rule for word, rule in _BY_NAME.items() if word in column.name), None)
        yield RuleUse(rule=named or ("digits_half" if column.pattern else "text"), column=column)
    else:
        width = _FIXED.fullmatch(column.pattern or "")
        plain = get_plain_rule(column)
        yield RuleUse(rule=plain, column=column, width=int(width[1]) if width and plain == "digits_half" else None)


def _share_read(coded: pa.DictionaryArray, use: RuleUse) -> float:
    """Return the share of the cells that a rule reads without a defect."""
    sound = convert_distinct(coded.dictionary, use).defects == SOUND
    return float(np.mean(sound[coded.indices.to_numpy()]))


def _weigh(coded: pa.DictionaryArray, column: Column, share: float) -> tuple[int, FindingKind | None]:
    """Return what cells that a rule reads prove, and by what."""
    texts, distinct = coded.dictionary, len(coded.dictionary)
    if column.check_digit:
        return (PROOF if share == 1.0 and distinct >= 2 else HINT), CHECK_DIGIT
    if column.code_list:
        telling = distinct >= 2 and any(len(text) > 1 and not text.isdigit() for text in texts.to_pylist())
        return (SIGN if telling else HINT), IN_LIST
    if column.hierarchy == "icd10" or column.type is ColumnType.MONTH:
        return SIGN, FORM
    if "kana" in column.name:
        kana = bool(pc.all(pc.match_substring_regex(texts, _KANA)).as_py())
        return (SIGN, KANA_ONLY) if kana else (NONE, None)
    return (HINT, FORM) if column.pattern or column.type is ColumnType.DATE else (NONE, None)


def _find_lost_zeros(texts: pa.StringArray, column: Column) -> int | None:
    """Return the digits of a column whose cells are often shorter than it."""
    found = _FIXED.fullmatch(column.pattern or "")
    if not found or column.type is not ColumnType.CODE or column.check_digit == "municipality":
        return None
    short = pc.and_(pc.less(pc.utf8_length(texts), int(found[1])), pc.match_substring_regex(texts, "^[0-9]+$"))
    return int(found[1]) if bool(pc.any(short).as_py()) else None
