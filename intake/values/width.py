"""Full and half width, by explicit tables and per kind of field.

Decided here: which characters fold to which, for numbers and codes, for addresses, and for kana. A general normalisation (NFKC) is
used nowhere on names or addresses: it would turn ㈱ into (株) and leave − (U+2212) alone, and common libraries turn the hyphen － into
the long vowel ー, so that 1－2 becomes 1ー2. The long vowel is read as a hyphen only between digits.
"""

import re
import unicodedata

# Full-width forms U+FF01–U+FF5E are U+0021–U+007E plus 0xFEE0; the ideographic space stands alone.
_ASCII = {code + 0xFEE0: code for code in range(0x21, 0x7F)}
_SPACE = {0x3000: 0x20, 0x00A0: 0x20}
# Every dash that is typed for a hyphen or a minus: － − ‐ ‑ ‒ – — ― ﹣ ─
HYPHENS = "\uff0d\u2212\u2010\u2011\u2012\u2013\u2014\u2015\ufe63\u2500"
_HYPHENS = {ord(mark): 0x2D for mark in HYPHENS}
_LONG_VOWELS = "\u30fc\uff70"
_ALNUM = {code: _ASCII[code] for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))}

_CODE_TABLE = {**_ASCII, **_SPACE, **_HYPHENS}
_ADDRESS_TABLE = _ALNUM
_HYPHEN_BETWEEN_DIGITS = re.compile(f"(?<=[0-9])[{HYPHENS}{_LONG_VOWELS}](?=[0-9])")

_HALF_KANA = "｡｢｣､･ｦｧｨｩｪｫｬｭｮｯｰｱｲｳｴｵｶｷｸｹｺｻｼｽｾｿﾀﾁﾂﾃﾄﾅﾆﾇﾈﾉﾊﾋﾌﾍﾎﾏﾐﾑﾒﾓﾔﾕﾖﾗﾘﾙﾚﾛﾜﾝ"
_FULL_KANA = "。「」、・ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン"
_VOICED, _SEMI_VOICED = "\uff9e", "\uff9f"
# a mark without a kana before it that can take it becomes the mark it was, in full width
_KANA_TABLE = {**dict(zip(map(ord, _HALF_KANA), _FULL_KANA, strict=True)), ord(_VOICED): "\u309b", ord(_SEMI_VOICED): "\u309c"}
_PAIRS = tuple(
    (half + mark, joined)
    for mark, combining in ((_VOICED, "\u3099"), (_SEMI_VOICED, "\u309a"))
    for half, full in zip(_HALF_KANA, _FULL_KANA, strict=True)
    if len(joined := unicodedata.normalize("NFC", full + combining)) == 1
)
_MANY_SPACES = re.compile("[ \u3000\u00a0\t]+")


def fold_code(text: str) -> str:
    """Return a number or code in half-width characters: digits, letters, marks, spaces and every dash as a hyphen."""
    return text if text.isascii() else text.translate(_CODE_TABLE)


def fold_address(text: str) -> str:
    """Return an address with half-width digits and Latin letters, and half-width hyphens between digits; nothing else changes."""
    return text if text.isascii() else _HYPHEN_BETWEEN_DIGITS.sub("-", text.translate(_ADDRESS_TABLE))


def fold_kana(text: str) -> str:
    """Return text with half-width kana in full width, voiced marks joined to their kana; other characters stay.

    Only half-width kana are joined with their marks: normalising the whole text would replace variant characters of names.
    """
    if text.isascii():
        return text
    if _VOICED in text or _SEMI_VOICED in text:
        for pair, joined in _PAIRS:
            text = text.replace(pair, joined)
    return text.translate(_KANA_TABLE)


def fold_reading(text: str) -> str:
    """Return a reading in full-width kana with one ideographic space between its parts."""
    return _MANY_SPACES.sub("\u3000", fold_kana(text))
