"""What a file really is, whatever its name says: by its first bytes, by the parts of a zip, by the streams of a compound document.

Decided here: files that hold no table which can be read here are refused by their true kind, with the way to a file that can; a readable
file under another ending is read as what it is, and told. Nothing is opened or unpacked for it: only first bytes and names of parts count.
"""

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

from intake.defects import OTHER_SUFFIX
from schemas.errors import FileRejected
from schemas.findings import Finding
from schemas.messages import N_, Name, Term

_HEAD_BYTES = 4096
_COMPOUND, _ZIP = b"\xd0\xcf\x11\xe0", b"PK\x03\x04"
_COMPOUND_BYTES = 64 << 20

AS_CSV = N_("open it in the program it belongs to, and export the table as CSV or .xlsx")
AS_BOOK = N_("open it in a spreadsheet program and save it as .xlsx, or export the sheet as CSV")
UNPACK = N_("unpack it, and give the data file itself")
FROM_SYSTEM = N_("ask for the data itself: CSV or .xlsx from the system it came from")
GIVE_TARGET = N_("give the file the shortcut leads to")
RECEIVE = N_("it was sealed for the office already; the office takes it in with sakusei intake receive")


@dataclass(frozen=True, slots=True, kw_only=True)
class Disguise:
    """A kind of file that holds no table which can be read here.

    Parameters
    ----------
    name : str
        What it is.
    hint : str
        How to come to a file that can be read.
    """

    name: str
    hint: str


_BOOK_2003 = Disguise(name=N_("a table in XML (XML Spreadsheet 2003)"), hint=AS_BOOK)
_WEB_PAGE = Disguise(name=N_("a web page (HTML) under the name of a table"), hint=AS_BOOK)
_PACKED = Disguise(name=N_("an archive of a kind that is not unpacked here"), hint=UNPACK)
_PICTURE = Disguise(name=N_("a picture"), hint=FROM_SYSTEM)
_ACCESS = Disguise(name=N_("a database of Microsoft Access"), hint=AS_CSV)
_HEADS: tuple[tuple[bytes, Disguise], ...] = (
    (b"%PDF-", Disguise(name=N_("a PDF document"), hint=FROM_SYSTEM)),
    (b"\x89PNG\r\n", _PICTURE),
    (b"\xff\xd8\xff", _PICTURE),
    (b"GIF8", _PICTURE),
    (b"II*\0", _PICTURE),
    (b"MM\0*", _PICTURE),
    (b"{\\rtf", Disguise(name=N_("a document of a word processor"), hint=AS_CSV)),
    (b"SQLite format 3\0", Disguise(name=N_("a database of SQLite"), hint=AS_CSV)),
    (b"\0\x01\0\0Standard Jet DB", _ACCESS),
    (b"\0\x01\0\0Standard ACE DB", _ACCESS),
    (b"7z\xbc\xaf\x27\x1c", _PACKED),
    (b"Rar!\x1a\x07", _PACKED),
    (b"MSCF\0\0\0\0", _PACKED),
    (b"BZh", _PACKED),
    (b"\xfd7zXZ\0", _PACKED),
    (b"\x28\xb5\x2f\xfd", _PACKED),
    (b"L\0\0\0\x01\x14\x02\0", Disguise(name=N_("a shortcut to a file, not the file"), hint=GIVE_TARGET)),
    (b"MZ\x90\0", Disguise(name=N_("a program"), hint=N_("do not open it; ask the sender what it is"))),
    (b"age-encryption.org/", Disguise(name=N_("a sealed envelope"), hint=RECEIVE)),
    *(
        (head, Disguise(name=N_("a workbook of Excel 4 or older"), hint=AS_BOOK))
        for head in (b"\x09\0\x04\0", b"\x09\x02\x06\0", b"\x09\x04\x06\0")
    ),
)
_LHA = re.compile(rb".{2}-l[hz][0-9ds]-", re.DOTALL)
_HTML = re.compile(rb"<(?:!doctype html|html|table|meta|head|body)\b", re.IGNORECASE)
_PARTS: tuple[tuple[str, Disguise], ...] = (
    ("word/", Disguise(name=N_("a document of a word processor"), hint=AS_CSV)),
    ("ppt/", Disguise(name=N_("a presentation"), hint=AS_CSV)),
    ("Index/", Disguise(name=N_("a table of Numbers (Apple)"), hint=AS_BOOK)),
    ("payload.age", Disguise(name=N_("a sealed bundle"), hint=RECEIVE)),
)
_STREAMS: tuple[tuple[str, Disguise], ...] = (
    ("WordDocument", Disguise(name=N_("a document of a word processor"), hint=AS_CSV)),
    ("PowerPoint Document", Disguise(name=N_("a presentation"), hint=AS_CSV)),
    ("__properties_version1.0", Disguise(name=N_("a mail of Outlook"), hint=N_("save the attached file, and give that"))),
)
_FORMS = {
    "text": (N_("text"), {".csv", ".tsv", ".txt"}),
    "new": (N_("a workbook (.xlsx or its like)"), {".xlsx", ".xlsm", ".xlsb", ".ods"}),
    "old": (N_("a workbook of the old form (.xls)"), {".xls"}),
    "parquet": (N_("Parquet"), {".parquet"}),
}


def check_disguise(path: Path) -> None:
    """Raise when a file holds no table that can be read here.

    Raises
    ------
    FileRejected
        It says what the file is.
    """
    found = find_disguise(path)
    if found:
        raise FileRejected(N_("{file} is {kind}, not a table that can be read"), found.hint, file=Name(path.name), kind=Term(found.name))


def find_disguise(path: Path) -> Disguise | None:
    """Return what kind of file without a readable table this is; None for tables, and for what nobody knows."""
    with path.open("rb") as source:
        head = source.read(_HEAD_BYTES)
    if head.startswith(_ZIP):
        return _find_part(path)
    if head.startswith(_COMPOUND):
        return _find_stream(path)
    for begin, disguise in _HEADS:
        if head.startswith(begin):
            return disguise
    return _find_markup(head) or (_PACKED if _LHA.match(head) else None)


def _find_markup(head: bytes) -> Disguise | None:
    """Return what a text in tags is."""
    # marks of order and the zeros of UTF-16 do not matter for tags
    text = head.removeprefix(b"\xef\xbb\xbf").removeprefix(b"\xff\xfe").replace(b"\0", b"").lstrip()
    if _HTML.match(text):
        return _WEB_PAGE
    if text.startswith(b"<?xml") or text.startswith(b"<Workbook"):
        if b"office:spreadsheet" in text or b"Excel.Sheet" in text:
            return _BOOK_2003
        return _WEB_PAGE if _HTML.search(text) else Disguise(name=N_("a document in XML"), hint=AS_CSV)
    return Disguise(name=N_("a saved web page or mail (MIME)"), hint=AS_BOOK) if text.startswith(b"MIME-Version:") else None


def _find_part(path: Path) -> Disguise | None:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        # the reader of archives or of workbooks says what is wrong
        return None
    known = "[Content_Types].xml" in names
    for begin, disguise in _PARTS:
        if any(name.startswith(begin) for name in names) and (known or begin in {"Index/", "payload.age"}):
            return disguise
    return None


def _find_stream(path: Path) -> Disguise | None:
    """Return what a compound document without a workbook is, by the names in its directory."""
    with path.open("rb") as source:
        content = source.read(_COMPOUND_BYTES)
    if any(name.encode("utf-16-le") + b"\0\0" in content for name in ("Workbook", "Book", "EncryptedPackage")):
        return None
    return next((disguise for name, disguise in _STREAMS if name.encode("utf-16-le") + b"\0\0" in content), None)


def tell_suffix(path: Path) -> tuple[Finding, ...]:
    """Return a note when a file that can be read is of another form than its name says."""
    with path.open("rb") as source:
        head = source.read(4)
    form = {_ZIP: "new", _COMPOUND: "old", b"PAR1": "parquet"}.get(head, "text")
    suffix = path.suffix.lower()
    if suffix in _FORMS[form][1] or not any(suffix in suffixes for _, suffixes in _FORMS.values()):
        return ()
    return (Finding(kind=OTHER_SUFFIX, params={"suffix": Name(suffix), "kind": Term(_FORMS[form][0])}),)
