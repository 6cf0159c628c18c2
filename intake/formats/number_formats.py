"""Number formats of spreadsheets that hold the leading zeros of codes: `00000000` shows 12 as 00000012.

Decided here: which formats say how a whole number is written, digit for digit, and which only seem to; those are not guessed at.
"""

import re
from enum import Enum
from functools import cache

_SECTION = re.compile(r"^(?:\[(<=?|>=?|=)([0-9]+)\])?(.*)$", re.DOTALL)
_COLOUR = re.compile(r"\[(?:Black|Blue|Cyan|Green|Magenta|Red|White|Yellow|黒|青|赤|\$[^\]]*|DBNum[0-9])\]", re.IGNORECASE)
_LITERAL = re.compile(r'"([^"]*)"|\\(.)|[_*].')
_DATE = re.compile(r"[ymdhsgeb年月日]", re.IGNORECASE)


class Zeros(Enum):
    """What a format does with leading zeros."""

    NONE = "none"
    KEPT = "kept"
    UNCLEAR = "unclear"


def _split(code: str) -> list[tuple[str, int, str]]:
    """Return the sections of a format: comparison, its number, and the body without colours; literals are joined by `-` alone."""
    sections = []
    for text in code.split(";"):
        match = _SECTION.match(_COLOUR.sub("", text))
        operator, limit, body = match.groups() if match else (None, None, text)
        body = _LITERAL.sub(lambda found: found[1] or found[2] or "", body)
        sections.append((operator or "", int(limit or 0), body.strip()))
    return sections


@cache
def judge_format(code: str) -> Zeros:
    r"""Return whether a format shows leading zeros, and whether it is clear which.

    Parameters
    ----------
    code : str
        Format code, as `00000000`, `000\-0000`, or with conditions: `[<=999]000;[<=9999]000\-00;000\-0000`.
    """
    bare = _LITERAL.sub("", _COLOUR.sub("", code))
    if _DATE.search(bare) or bare.lower() in {"general", "@", ""}:
        return Zeros.NONE
    whole = re.split(r"[.Ee]", bare.split(";")[0])[0]
    if whole.count("0") < 2:
        return Zeros.NONE
    sections = _split(code)
    if len(sections) > 1 and not sections[0][0]:
        # the second section is that of negative numbers; a code is none
        sections = sections[:1]
    return Zeros.KEPT if all(re.fullmatch("[0-]*0[0-]*", body) for _, _, body in sections) else Zeros.UNCLEAR


def write_number(number: int, code: str) -> str:
    """Return a whole number as a format of kept zeros shows it; negative ones as they are.

    Parameters
    ----------
    number : int
        The number of the cell.
    code : str
        A format of which `judge_format` says KEPT.
    """
    body = next((body for operator, limit, body in _split(code) if _holds(number, operator, limit)), "0")
    if number < 0:
        return str(number)
    digits = list(str(number).zfill(body.count("0")))
    shown = [digits.pop() if mark == "0" else mark for mark in reversed(body)]
    return "".join([*digits, *reversed(shown)])


def _holds(number: int, operator: str, limit: int) -> bool:
    tests = {"": True, "<": number < limit, "<=": number <= limit, ">": number > limit, ">=": number >= limit, "=": number == limit}
    return tests[operator]
