"""Identification codes (個人識別符号) other than 個人番号, in columns that do not declare them: form, check digit, heading, hits.

Decided here: what each kind looks like, and when a column holds it. A kind whose form or check digit is telling is found by the cells
alone; a kind that many numbers look like needs the heading as well. A column is judged on its distinct texts; a code is never refused,
because the office may receive it, but it is taken out of what is released.

References
----------
個人情報の保護に関する法律施行令 第1条; 個人情報の保護に関する法律施行規則 第3条, 第4条.
"""

import re
import unicodedata
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas import check_digits
from schemas.tables import Column, ColumnType, Role

FEWEST = 10
# Distinct texts looked at in a column, and in each block once there are so many.
SAMPLE, SAMPLE_LATER = 20_000, 200
# not the long vowel: 住民票コード is a heading
_BETWEEN_HEADING = re.compile(r"[\s\-・]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeKind:
    """One kind of identification code.

    Parameters
    ----------
    name : str
        Its Japanese name.
    form : str
        Regular expression of the whole folded text: half width, capital letters, nothing between.
    check_digit : str or None
        Kind of its check digit.
    heading : str or None
        Regular expression of headings that name it; spaces and dashes left out.
    needs_heading : bool
        Whether the cells alone do not tell.
    """

    name: str
    form: str
    check_digit: str | None = None
    heading: str | None = None
    needs_heading: bool = True


# 住民票コード: the formula could not be read in an official text; it counts together with the share of hits alone.
_INSURED = "被保険者証?(等)?(の)?(記号|番号)|保険証(の)?(記号|番号)|証記号|証番号|^枝番$"
_LATE_ELDERLY = "後期高齢.*番号|後期.*被保険者番号"
KINDS: tuple[CodeKind, ...] = (
    CodeKind(name="住民票コード", form="[0-9]{11}", check_digit="resident_code", heading="住民票コード", needs_heading=False),
    CodeKind(name="運転免許証番号", form="[0-9]{12}", check_digit="licence", heading="免許証?(の)?番号", needs_heading=False),
    CodeKind(name="旅券番号", form="[A-Z]{2}[0-9]{7}", heading="旅券|パスポート|passport", needs_heading=False),
    CodeKind(name="在留カード等の番号", form="[A-Z]{2}[0-9]{8}[A-Z]{2}", heading="在留カード|特別永住者", needs_heading=False),
    CodeKind(name="基礎年金番号", form="[0-9]{10}", heading="基礎年金|年金番号"),
    CodeKind(name="雇用保険被保険者番号", form="[0-9]{11}", heading="雇用保険"),
    CodeKind(name="後期高齢者医療被保険者番号", form="[0-9]{8}", check_digit="late_elderly_insured", heading=_LATE_ELDERLY),
    CodeKind(name="介護保険被保険者番号", form="[0-9H][0-9]{9}", heading="介護.*被保険者番号|介護保険番号"),
    CodeKind(name="被保険者証の記号・番号・枝番", form=".+", heading=_INSURED),
)


@dataclass(slots=True)
class CodeCount:
    """What the distinct texts of a column have shown so far: how many were looked at, and how many fit each kind."""

    looked_at: int = 0
    hits: dict[str, int] = field(default_factory=dict)

    def add(self, texts: pa.StringArray) -> None:
        """Look at distinct texts of a block."""
        texts = pc.drop_null(texts)[: max(SAMPLE - self.looked_at, SAMPLE_LATER)]
        if len(texts) == 0:
            return
        self.looked_at += len(texts)
        folded = fold(texts)
        for kind in KINDS:
            fitting = pc.match_substring_regex(folded, f"^(?:{kind.form})$")
            if not pc.any(fitting).as_py():
                continue
            found = folded.filter(fitting)
            hits = int(np.count_nonzero(check_digits.are_valid(kind.check_digit, found))) if kind.check_digit else len(found)
            self.hits[kind.name] = self.hits.get(kind.name, 0) + hits

    def find(self, heading: str) -> str | None:
        """Return the kind a column holds; None for none.

        Parameters
        ----------
        heading : str
            Its heading or title.
        """
        folded = _BETWEEN_HEADING.sub("", unicodedata.normalize("NFKC", heading)).lower()
        for kind in KINDS:
            hits, named = self.hits.get(kind.name, 0), bool(kind.heading and re.search(kind.heading, folded))
            enough = hits >= 1 if named else hits >= FEWEST and not kind.needs_heading
            if enough and 2 * hits >= self.looked_at:
                return kind.name
        return None


def fold(texts: pa.StringArray) -> pa.StringArray:
    """Return texts in half width and capital letters, with nothing between; what is in half width already is not touched one by one."""
    plain = pc.string_is_ascii(texts)
    if not pc.all(plain).as_py():
        texts = pa.array([text if text.isascii() else unicodedata.normalize("NFKC", text) for text in texts.to_pylist()], pa.string())
    return pc.utf8_upper(pc.replace_substring_regex(texts, r"[\s\-ー－‐−]+", ""))


def is_declared(column: Column) -> bool:
    """Return whether a column is known to hold codes of its own: it is declared as one, or has a check digit, a code list or a range."""
    known = column.role in {Role.IDENTIFICATION_CODE, Role.DIRECT_IDENTIFIER} or column.check_digit or column.code_list
    return bool(known) or column.type not in {ColumnType.STRING, ColumnType.CODE}


def find_code_kind(texts: pa.StringArray, heading: str = "") -> str | None:
    """Return which identification code the distinct texts of a column look like; None for none."""
    count = CodeCount()
    count.add(texts)
    return count.find(heading)
