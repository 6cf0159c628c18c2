"""From bytes to UTF-8 text: which encoding a file is in, and its text in pieces.

Decided here: the order of tests (byte order mark, ISO-2022 escapes, strict UTF-8, strict CP932, strict EUC-JP), that a declared encoding
wins, and that a file which contradicts its declaration is refused. Statistical guessing is not used: it is wrong on files with columns
of half-width kana. Every test reads the whole file, in pieces.

A CP932 file with half-width kana can by chance be valid UTF-8 of two-byte characters; Japanese text in UTF-8 has three-byte characters,
so only those speak against a declaration of CP932.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from intake.defects import CARRIAGE_RETURNS, MARK_BEFORE_OTHER, MIXED_ENCODINGS, NO_ENCODING, OTHER_ENCODING, UNDECODABLE
from intake.formats.csv import number_records
from intake.loops import skip_characters
from schemas.errors import FileRejected
from schemas.files import CHUNK_BYTES
from schemas.findings import ROWS_SHOWN, Finding
from schemas.messages import N_, Name

LADDER = ("utf-8", "cp932", "euc_jp")
DECLARABLE = ("utf-8", "utf-8-sig", "cp932", "euc_jp", "iso2022_jp", "utf-16")
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_ESCAPES = re.compile(rb"\x1b\$[@B]|\x1b\(J")
_THREE_BYTES = re.compile(rb"[\xe3-\xe9][\x80-\xbf][\x80-\xbf]")
_EUC_KANA_SHARE, _NUL_SHARE, _FEWEST_NULS = 0.2, 0.05, 8
_LINE_LIMIT, _HEAD_BYTES = 4 << 20, 8 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """The encoding of a file.

    Parameters
    ----------
    name : str
        Codec name: one of `DECLARABLE`, or utf-16-le, utf-16-be where UTF-16 has no mark.
    declared : bool
        The layout named it; otherwise it was found.
    """

    name: str
    declared: bool


def find_encoding(path: Path, declared: str | None, delimiter: str = "") -> Encoding:
    """Return the encoding of a text file, after reading all of it; of one declared as CP932 the rest is left to `read_bytes`.

    Parameters
    ----------
    path : Path
        The file.
    declared : str or None
        What the layout says; None to find it.
    delimiter : str
        Between the fields of delimited text, whose rows are numbered as records; else each line is a row.

    Raises
    ------
    FileRejected
        The bytes are not text in the declared encoding, or are text in another; or nothing fits; or lines end in CR alone.
    """
    with path.open("rb") as source:
        head = source.read(CHUNK_BYTES)
    _check_line_ends(path, head)
    shown = find_mark(head)
    if declared is not None:
        return _check_declared(path, declared, shown, delimiter)
    candidates = (shown,) if shown else LADDER
    for name in candidates:
        if _can_decode(path, name):
            return Encoding(name=_find_contradiction(path, name) or name, declared=False)
    behind = next((name for name in LADDER[1:] if shown == "utf-8-sig" and _decodes(head.removeprefix(codecs.BOM_UTF8)[:-1], name)), None)
    if behind:
        raise _refusal(Finding(kind=MARK_BEFORE_OTHER, params={"found": Name(behind)}))
    raise _refusal(Finding(kind=NO_ENCODING, params={"encodings": Name(", ".join(candidates))}))


def find_mark(head: bytes) -> str | None:
    """Return the encoding that the beginning of a file shows by itself: byte order mark, escapes, or NULs in every other byte."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if _ESCAPES.search(head):
        return "iso2022_jp"
    # without a mark UTF-16 shows by the high bytes of its ASCII characters: all on one side, and many
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) >= max(_FEWEST_NULS, _NUL_SHARE * len(head)) and min(even, odd) == 0:
        return "utf-16-le" if odd else "utf-16-be"
    return None


def read_text(path: Path, encoding: str) -> Iterator[bytes]:
    """Yield the text of a file as UTF-8 without byte order mark, in pieces.

    Parameters
    ----------
    path : Path
        The file.
    encoding : str
        A codec that is known to decode it.
    """
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    plain = encoding in {"utf-8", "utf-8-sig"}
    with path.open("rb") as source:
        first = True
        while chunk := source.read(CHUNK_BYTES):
            piece = chunk if plain else decoder.decode(chunk).encode("utf-8")
            yield piece.removeprefix(codecs.BOM_UTF8) if first else piece
            first = False
    if not plain and (rest := decoder.decode(b"", final=True)):
        yield rest.encode("utf-8")


def read_bytes(path: Path, encoding: str, delimiter: str = "") -> Iterator[bytes]:
    """Yield the bytes of a file in pieces; CP932 is checked on the way.

    Raises
    ------
    FileRejected
        The bytes are not text in CP932.
    """
    lead = 0
    with path.open("rb") as source:
        while chunk := source.read(CHUNK_BYTES):
            if encoding == "cp932":
                lead = skip_characters(np.frombuffer(chunk, dtype=np.uint8), lead, _forms())
                if lead < 0:
                    break
            yield chunk
    if lead:
        raise _refusal(*_describe_undecodable(path, encoding, delimiter))


def _check_declared(path: Path, declared: str, shown: str | None, delimiter: str) -> Encoding:
    """Return the declared encoding, or refuse."""
    family = "utf-8" if declared == "utf-8-sig" else declared
    found = "utf-8" if shown == "utf-8-sig" else shown
    if family == "utf-16" and found in {"utf-16-le", "utf-16-be"} and _can_decode(path, found):
        return Encoding(name=found, declared=True)
    if found is None and family == "cp932" and _is_cp932(path, _HEAD_BYTES) and _find_contradiction(path, family) is None:
        # the rest is checked as it is read
        return Encoding(name=family, declared=True)
    if found is None and _can_decode(path, family):
        found = _find_contradiction(path, family)
        if found is None:
            return Encoding(name=family, declared=True)
    if found == family and _can_decode(path, family):
        return Encoding(name="utf-8-sig" if shown == "utf-8-sig" else family, declared=True)
    if found not in {None, family}:
        raise _refusal(Finding(kind=OTHER_ENCODING, params={"encoding": Name(declared), "found": Name(found or "")}))
    raise _refusal(*_describe_undecodable(path, family, delimiter))


def _find_contradiction(path: Path, family: str) -> str | None:
    """Return the encoding a file is really in although CP932 decodes it."""
    if family != "cp932":
        return None
    with path.open("rb") as source:
        sample = source.read(CHUNK_BYTES)
    if _THREE_BYTES.search(sample) and _can_decode(path, "utf-8"):
        return "utf-8"
    return "euc_jp" if _can_decode(path, "euc_jp") and _reads_as_euc(sample) else None


def _reads_as_euc(sample: bytes) -> bool:
    """Return whether text that decodes both as CP932 and as EUC-JP is EUC-JP.

    Such text has none of the lead bytes 81–9F of CP932, under which all its kana and nearly all kanji of names lie: read as CP932 it is
    half-width kana, perhaps with a rare kanji. A rare kanji alone, or much kana when read as EUC-JP, speaks for EUC-JP.
    """
    wide = [char for char in sample.decode("cp932", "ignore") if char > "\x7f" and not "\uff61" <= char <= "\uff9f"]
    letters = [char for char in sample.decode("euc_jp", "ignore") if char > "\x7f"]
    kana = sum("\u3041" <= char <= "\u30fe" for char in letters)
    return bool(wide) or (bool(letters) and kana >= _EUC_KANA_SHARE * len(letters))


def _can_decode(path: Path, encoding: str) -> bool:
    if encoding == "cp932":
        return _is_cp932(path)
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    try:
        with path.open("rb") as source:
            while chunk := source.read(CHUNK_BYTES):
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True


@cache
def _forms() -> NDArray[np.uint8]:
    """Return for each byte of CP932, and for each two, whether they are a character."""
    forms = np.zeros(1 << 16, dtype=np.uint8)
    singles = [byte for byte in range(0x80, 0x100) if _decodes(bytes([byte]), "cp932")]
    doubles = [pair for pair in range(0x8000, 1 << 16) if pair >> 8 not in singles and _decodes(pair.to_bytes(2, "big"), "cp932")]
    forms[[*range(0x80), *singles, *doubles]] = 1
    return forms


def _is_cp932(path: Path, head_bytes: int | None = None) -> bool:
    """Return whether a file, or the head of one that is longer, is CP932 as Python's codec has it."""
    lead, size = 0, 0
    with path.open("rb") as source:
        while lead >= 0 and (chunk := source.read(CHUNK_BYTES)):
            lead = skip_characters(np.frombuffer(chunk, dtype=np.uint8), lead, _forms())
            size += len(chunk)
            if head_bytes is not None and size > head_bytes:
                return bool(lead >= 0)
    return bool(lead == 0)


def _describe_undecodable(path: Path, encoding: str, delimiter: str) -> list[Finding]:
    """Return which rows are not text in an encoding, and in what else they are."""
    rows: list[int] = []
    # a byte of these may look like a quote and be none
    delimiter = "" if encoding.startswith(("utf-16", "iso2022")) else delimiter
    count, fine, elsewhere = 0, 0, {name: 0 for name in LADDER if name != encoding}
    with path.open("rb") as source:
        for number, line in number_records(source, delimiter, _LINE_LIMIT):
            if line.isascii():
                continue
            if _decodes(line, encoding):
                fine += 1
                continue
            count += 1
            rows += [number] if len(rows) < ROWS_SHOWN and number not in rows[-1:] else []
            for name in elsewhere:
                elsewhere[name] += _decodes(line, name)
    findings = [Finding(kind=UNDECODABLE, count=max(count, 1), rows=tuple(rows), params={"encoding": Name(encoding)})]
    whole = next((name for name in elsewhere if _can_decode(path, name)), None)
    other = max(elsewhere, key=lambda name: elsewhere[name])
    if whole:
        findings.append(Finding(kind=OTHER_ENCODING, params={"encoding": Name(encoding), "found": Name(whole)}))
    elif fine and elsewhere[other]:
        findings.append(Finding(kind=MIXED_ENCODINGS, count=elsewhere[other], params={"encoding": Name(other), "declared": Name(encoding)}))
    return findings


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeError:
        return False
    return True


def _check_line_ends(path: Path, head: bytes) -> None:
    """Refuse a file whose lines end in CR alone."""
    if b"\r" not in head or b"\n" in head:
        return
    with path.open("rb") as source:
        if not any(b"\n" in chunk for chunk in iter(lambda: source.read(CHUNK_BYTES), b"")):
            raise _refusal(Finding(kind=CARRIAGE_RETURNS))


def _refusal(*findings: Finding) -> FileRejected:
    return FileRejected(
        N_("the file cannot be read as text"),
        N_("export it again in the encoding of the layout; see the findings above"),
        findings=findings,
    )
