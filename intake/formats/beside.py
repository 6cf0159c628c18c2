"""Runs in a child process: what parts of a workbook hold beside the cells, as text, and what of it nobody could look through.

Decided here: which parts hold free text, pictures or copies of other tables (comments, embedded objects, caches, charts), and which texts
beside the cells are looked through for individual numbers (headers and footers, names, lists of choices, properties, readings). Not decided
here: what becomes of the file (`intake.workbooks`). References: ECMA-376 part 1, 18; OpenDocument 1.3 part 3.
"""

import html
import re
import zipfile
from typing import IO

PART_BYTES, CHUNK_BYTES = 64 << 20, 1 << 20
# between two texts: what stands left of it and right of it is not read together
GAP = "\0"
_COMMENTS = re.compile(r"xl/(?:comments|threadedComments)[^/]*(?:/[^/]+)?\.(?:xml|bin)")
_COMMENT = re.compile(rb"<(?:\w+:)?(?:comment|threadedComment)\s")
_EMBEDDED = re.compile(
    r"xl/(?:pivotCache|embeddings|externalLinks|media|charts|chartEx|activeX|model|customData)/(?!_rels/).+|docProps/thumbnail.*"
    r"|Object [^/]+/content\.xml|Pictures/.+|ObjectReplacements/.+"
)
_DRAWING = re.compile(r"xl/drawings/[^/]+\.xml")
_DRAWN_TEXT = re.compile(rb"<a:t>[^<]*\S[^<]*</a:t>")
_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml")
_TEXTS = re.compile(r".+\.(?:xml|vml|rels)")
_NO_TEXTS = re.compile(r"xl/sharedStrings\.xml|content\.xml|META-INF/.+")
_CELLS_BEGIN = re.compile(rb"<(?:\w+:)?sheetData\s*>")
_CELLS_END = re.compile(rb"</(?:\w+:)?sheetData\s*>")
_TABLE_BEGIN, _TABLE_END = re.compile(rb"<table:table(?=[\s>])[^>]*>"), re.compile(rb"</table:table>")
_NOT_WIDE = re.compile("[^０-９－‐ー　]+")
_READING = re.compile(rb"<(?:\w+:)?rPh\b.*?</(?:\w+:)?rPh>", re.DOTALL)
# identifiers programs make up, and lengths: no text of a person
_MADE = re.compile(r"\b[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}\b|=[\"']-?[0-9]+\.[0-9]+(?:[Ee]-?[0-9]+)?[\"']")
_LONGEST_MARK = 256


def read_beside(archive: zipfile.ZipFile) -> tuple[str, int, int]:
    """Return texts beside the cells of a workbook in a zip, its comments, and its parts nobody can look through.

    Raises
    ------
    MemoryError
        A part is larger than any of its kind.
    """
    texts, comments, embedded = [archive.comment.decode("utf-8", "replace")], 0, 0
    for info in archive.infolist():
        name = info.filename
        if _COMMENTS.fullmatch(name):
            comments += max(1, len(_COMMENT.findall(_read(archive, info))))
        elif _EMBEDDED.fullmatch(name):
            embedded += 1
        elif _SHEET.fullmatch(name):
            with archive.open(info) as content:
                texts.append(_to_text(read_around(content)))
        elif name == "content.xml":
            with archive.open(info) as content:
                texts.append(_to_text(read_around(content, _TABLE_BEGIN, _TABLE_END)))
        elif name == "xl/sharedStrings.xml":
            texts += [_to_text(reading) for reading in _READING.findall(archive.read(info))]
        elif _TEXTS.fullmatch(name) and not _NO_TEXTS.fullmatch(name):
            part = _read(archive, info)
            embedded += bool(_DRAWING.fullmatch(name) and _DRAWN_TEXT.search(part))
            texts.append(_to_text(part))
        elif name == "xl/workbook.bin":
            texts.append(to_narrow(_read(archive, info)))
    return GAP.join(texts), comments, embedded


def read_around(content: IO[bytes], begin: re.Pattern[bytes] = _CELLS_BEGIN, end: re.Pattern[bytes] = _CELLS_END) -> bytes:
    """Return a part of a sheet without its rows of cells, which lie between two marks."""
    kept, rest, mark = [b""], b"", begin
    while chunk := content.read(CHUNK_BYTES):
        rest += chunk
        while found := mark.search(rest):
            if mark is begin:
                kept.append(rest[: found.start()])
            rest = rest[found.end() :]
            mark = end if mark is begin else begin
        if mark is end:
            rest = rest[-_LONGEST_MARK:]
        elif len(rest) > PART_BYTES:
            raise MemoryError(len(rest))
    return b"\0".join([*kept, rest if mark is begin else b""])


def to_narrow(content: bytes) -> str:
    """Return the text in binary records, of one or two bytes a character: ASCII, and behind it digits in full width."""
    wide = GAP.join(_NOT_WIDE.sub(GAP, content[place:].decode("utf-16-le", "ignore")) for place in (0, 1))
    return GAP.join([content.replace(b"\0", b"").decode("ascii", "replace"), wide])


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    if info.file_size > PART_BYTES:
        raise MemoryError(info.filename)
    return archive.read(info)


def _to_text(part: bytes) -> str:
    """Return the text of a part, tags left in: they hold texts, and keep apart what is written apart."""
    return _MADE.sub(GAP, html.unescape(part.decode("utf-8", "replace")))
