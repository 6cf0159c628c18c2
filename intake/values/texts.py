"""Names, notes and other text: kept as it came, apart from spaces at the ends and byte order marks.

Decided here: what in a text is worth a finding (formulas, gaiji, control characters). Nothing is normalised: 髙 stays 髙.
"""

import re
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from intake.defects import CELL_TOO_LONG, CONTROL_CHARACTER, FORMULA_LIKE, GAIJI, INNER_BOM
from intake.values.conversion import Converted, Outcome, collect_marks, convert_mostly, to_mask
from intake.values.width import fold_address, fold_code, fold_reading

CELL_LIMIT_CHARACTERS = 32_767
_SUSPECT = r"[\x00-\x1f\x7f\x{0080}-\x{009f}\x{feff}\x{fffd}〓\x{e000}-\x{f8ff}\x{f0000}-\x{10ffff}]|^[=＝+＋@＠\-－]"
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_GAIJI = re.compile("[\ufffd〓\ue000-\uf8ff\U000f0000-\U0010ffff]")
_FORMULA = re.compile(r"[=＝@＠+＋]|[\-－](?![\d０-９\s\-－]|$)")
_PHONE = re.compile(r"\+?[0-9]{2,5}(?:-[0-9]{1,5}){0,4}")


def convert_texts(texts: pa.StringArray) -> Converted:
    """Return texts as they stand."""
    clean = pc.invert(pc.or_(pc.match_substring_regex(texts, _SUSPECT), pc.greater(pc.utf8_length(texts), CELL_LIMIT_CHARACTERS)))
    return convert_mostly(texts, clean, lambda kept: kept, parse_text)


def parse_text(text: str) -> Outcome:
    """Return one text, without byte order marks, and what is noticed about it."""
    if len(text) > CELL_LIMIT_CHARACTERS:
        return Outcome(defect=CELL_TOO_LONG)
    if _CONTROL.search(text):
        return Outcome(defect=CONTROL_CHARACTER)
    if "\ufeff" in text:
        return Outcome(value=text.replace("\ufeff", "") or None, repair="byte_order_mark_drop", note=INNER_BOM)
    if _FORMULA.match(text):
        return Outcome(value=text, note=FORMULA_LIKE)
    return Outcome(value=text, note=GAIJI if _GAIJI.search(text) else None)


def convert_kana(texts: pa.StringArray) -> Converted:
    """Return readings in full-width kana, one ideographic space between their parts."""
    return _convert_folded(texts, fold_reading, "kana_full")


def convert_addresses(texts: pa.StringArray) -> Converted:
    """Return addresses with half-width digits, Latin letters and hyphens between digits."""
    return _convert_folded(texts, fold_address, "width_fold")


def _convert_folded(texts: pa.StringArray, fold: Callable[[str], str], repair: str) -> Converted:
    """Return texts folded; those that look odd are judged as text first."""
    odd = to_mask(pc.or_(pc.match_substring_regex(texts, _SUSPECT), pc.greater(pc.utf8_length(texts), CELL_LIMIT_CHARACTERS)))
    cells = texts.to_pylist()
    outcomes = {place: parse_text(cells[place]) for place in np.flatnonzero(odd).tolist()}
    kept = [outcomes[place].value if place in outcomes else cell for place, cell in enumerate(cells)]
    # a text with a NUL is a defect, so none of these holds one and all can be folded in one piece
    parts = iter(fold("\0".join(cell for cell in kept if isinstance(cell, str))).split("\0"))
    folded = [next(parts) if isinstance(cell, str) else None for cell in kept]
    changed = np.array([now != before for now, before in zip(folded, kept, strict=True)], dtype=np.bool_)
    defects = np.zeros(len(cells), dtype=np.uint8)
    defects[list(outcomes)] = [outcome.defect for outcome in outcomes.values()]
    repairs, notes = collect_marks(outcomes, len(cells))
    return Converted(
        values=pa.array(folded, pa.string()),
        defects=defects,
        repairs={**repairs, **({repair: changed} if changed.any() else {})},
        notes=notes,
    )


def convert_phones(texts: pa.StringArray) -> Converted:
    """Return telephone numbers in half-width digits and hyphens; what is no number stays text."""
    return convert_mostly(texts, pc.match_substring_regex(texts, r"^[0-9]{2,5}(-[0-9]{1,5}){0,3}$"), lambda kept: kept, _parse_phone)


def _parse_phone(text: str) -> Outcome:
    folded = re.sub(r"[()\s]+", "-", fold_code(text).replace("ー", "-").replace("ｰ", "-")).strip("-")
    if _PHONE.fullmatch(folded):
        return Outcome(value=folded, repair="" if folded == text else "width_fold")
    return parse_text(text)
