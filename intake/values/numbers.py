"""Amounts and counts: full width, separators, currency marks, and the triangle that stands for a minus in Japanese accounts."""

import re
from decimal import Decimal, InvalidOperation

import pyarrow as pa
import pyarrow.compute as pc

from intake.defects import NOT_A_NUMBER
from intake.values.conversion import Converted, Outcome, convert_mostly, to_mask
from intake.values.width import fold_code

YEN_PER_POINT = 10
_INTEGER = re.compile(r"-?(?:[0-9]{1,18}|[0-9]{1,3}(?:,[0-9]{3}){1,5})(?:\.0+)?")
_NUMBER = re.compile(r"-?(?:[0-9]{1,15}|[0-9]{1,3}(?:,[0-9]{3}){1,4})?(?:\.[0-9]{1,15})?")
_TRIANGLE = re.compile("^[△▲]\\s*")
_YEN = re.compile(r"^(-?)\s*[\\¥￥]?\s*(.*?)\s*(?:円|-)?$")
_PLAIN_INTEGER = r"^-?[0-9]{1,18}$"
_PLAIN_NUMBER = r"^-?[0-9]{1,15}(\.[0-9]{1,15})?$"


def convert_integers(texts: pa.StringArray) -> Converted:
    """Return whole numbers: `1,234`, `△500`, `▲500`, `-500`, full width too."""
    return convert_mostly(texts, pc.match_substring_regex(texts, _PLAIN_INTEGER), _cast_integers, parse_integer)


def convert_yen(texts: pa.StringArray) -> Converted:
    """Return amounts of yen: as whole numbers, with ￥ before or 円 behind as well."""
    return convert_mostly(texts, pc.match_substring_regex(texts, _PLAIN_INTEGER), _cast_integers, parse_yen)


def convert_points(texts: pa.StringArray) -> Converted:
    """Return the yen that points of the fee schedules come to: ten each, by the notices on 診療報酬・調剤報酬の算定方法."""
    points = convert_integers(texts)
    return Converted(
        values=pc.multiply(points.values, YEN_PER_POINT),
        defects=points.defects,
        repairs={**points.repairs, "points_to_yen": to_mask(pc.is_valid(points.values))},
        notes=points.notes,
    )


def convert_numbers(texts: pa.StringArray) -> Converted:
    """Return decimal numbers."""
    return convert_mostly(texts, pc.match_substring_regex(texts, _PLAIN_NUMBER), _cast_numbers, parse_number)


def parse_integer(text: str) -> Outcome:
    """Return one whole number."""
    folded = _fold_sign(text)
    if not _INTEGER.fullmatch(folded):
        return Outcome(defect=NOT_A_NUMBER)
    return Outcome(value=int(folded.replace(",", "").partition(".")[0]), repair=_repair_of(text, folded))


def parse_yen(text: str) -> Outcome:
    """Return one amount of yen."""
    match = _YEN.match(_fold_sign(text))
    if match is None:
        return Outcome(defect=NOT_A_NUMBER)
    outcome = parse_integer("".join(match.groups()))
    return outcome if outcome.defect else Outcome(value=outcome.value, repair=_repair_of(text, _fold_sign(text)))


def parse_number(text: str) -> Outcome:
    """Return one decimal number."""
    folded = _fold_sign(text)
    if not _NUMBER.fullmatch(folded):
        return Outcome(defect=NOT_A_NUMBER)
    try:
        value = float(Decimal(folded.replace(",", "")))
    except InvalidOperation:
        return Outcome(defect=NOT_A_NUMBER)
    return Outcome(value=value, repair=_repair_of(text, folded))


def find_out_of_range(values: pa.Array, minimum: int | None, maximum: int | None) -> pa.BooleanArray:
    """Return which values lie outside an inclusive range; null for null."""
    outside = pa.array([False] * len(values)) if len(values) else pa.array([], pa.bool_())
    if minimum is not None:
        outside = pc.or_(outside, pc.less(values, minimum))
    if maximum is not None:
        outside = pc.or_(outside, pc.greater(values, maximum))
    return outside


def _fold_sign(text: str) -> str:
    return _TRIANGLE.sub("-", fold_code(text)).strip()


def _repair_of(text: str, folded: str) -> str:
    """Return what was mended: the triangle, the width, or the separators."""
    if text[:1] in "△▲":
        return "triangle_minus"
    if folded != text:
        return "width_fold"
    return "separator_drop" if re.search(r"[,円¥\\.]", folded) else ""


def _cast_integers(texts: pa.StringArray) -> pa.Array:
    return pc.cast(texts, pa.int64())


def _cast_numbers(texts: pa.StringArray) -> pa.Array:
    return pc.cast(texts, pa.float64())
