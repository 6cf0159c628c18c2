"""Canaries: unique marks planted in every personal field of a file, and the search that must not find them anywhere else.

Decided here: what a mark looks like in each kind of field, and in which disguises it is looked for (encodings, widths, inside zip files,
Parquet and SQLite). Not decided here: which folders must be free of them.
"""

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sample_data import numbering
from sample_data.defects import Defect
from sample_data.pools import open_stream
from sample_data.spelling import halve_kana, widen
from sample_data.write import Sample, WrittenFile, write_file
from schemas.files import canonical_json, write_bytes
from schemas.tables import Role, TableSchema, load_table

ENCODINGS = ("utf-8", "cp932", "utf-16-le", "utf-16-be")
DEPTH_LIMIT = 4
ROWS = (7, 33, 71)
PERSONAL = frozenset({Role.DIRECT_IDENTIFIER, Role.IDENTIFICATION_CODE, Role.LINKING_CODE, Role.FREE_TEXT})
# Kanji with a CP932 code that no name pool holds; a run of them cannot come about by chance.
KANJI = "鱶鰰鱚鮟鱇鯱鰊鮖鯒鰉鱆鮠鯔鰡鱸鰕鰌鮴鮹"
KANA = "ヂヅヴヰヱヲ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """A mark and where it was planted: table, column, row counted from 0."""

    table: str
    column: str
    row: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A mark that was found: the file (parts inside it after `!`), the mark, and in which encoding."""

    path: str
    canary: Canary
    encoding: str


def plant_canaries(table: pa.Table, name: str, *, seed: int, rows: tuple[int, ...] = ROWS) -> tuple[pa.Table, tuple[Canary, ...]]:
    """Return the table with a mark in every personal field of some rows, and the marks.

    Parameters
    ----------
    table : pa.Table
        Rows in the common schema.
    name : str
        Name of the table; its schema says which columns are personal: direct identifiers, identification codes, linking codes, free text.
    seed : int
        Same seed, same marks.
    rows : tuple[int, ...]
        Rows that get marks, counted from 0; those beyond the end are left out.
    """
    schema = load_table(name)
    rng = open_stream(seed, name, "canaries")
    places = tuple(row for row in rows if row < len(table))
    marks = []
    for column in schema.columns:
        if column.role not in PERSONAL or not places:
            continue
        texts = [make_mark(schema, column.name, rng) for _ in places]
        values = table[column.name].to_pylist()
        for row, text in zip(places, texts, strict=True):
            values[row] = text
            marks.append(Canary(table=name, column=column.name, row=row, text=text))
        table = table.set_column(table.column_names.index(column.name), column.name, pa.array(values, pa.string()))
    return table, tuple(canary for canary in marks if is_unique(canary.text))


def make_mark(schema: TableSchema, column: str, rng: np.random.Generator) -> str:
    """Return a mark in the form of a column: valid numbers where numbers stand, else a run of rare characters."""
    found = schema.get_column(column)
    if found.check_digit == "insurer":
        body = rng.integers(90000, 93999, 1)
        return str(numbering.append_check(body, 5, numbering.check_modulus_10(numbering.split_digits(body, 5)))[0])
    if column in _DIGITS:
        return str(numbering.to_text(rng.integers(10 ** (_DIGITS[column] - 1), 10 ** _DIGITS[column], 1), _DIGITS[column])[0])
    if column.endswith("_key") or column.endswith("_number"):
        return f"CN{rng.integers(10**7, 10**8)}"
    if "phone" in column:
        return f"000-{rng.integers(100, 1000)}-{rng.integers(1000, 10000)}"
    if column == "email":
        return f"canary{rng.integers(10**9, 10**10)}@mihon.example"
    letters = KANA if "kana" in column else KANJI
    return "".join(letters[place] for place in rng.integers(0, len(letters), 10 if "kana" in column else 6))


# Columns whose form allows digits alone, and how many.
_DIGITS: Mapping[str, int] = {"insured_branch": 2, "insured_number": 10, "care_manager_number": 8}
FEWEST_CHARACTERS = 6
FEWEST_DIGITS = 10


def is_unique(text: str) -> bool:
    """Return whether a mark is long enough that it cannot be found by chance; shorter ones are planted and not looked for."""
    return len(text) >= (FEWEST_DIGITS if text.isdigit() else FEWEST_CHARACTERS)


def write_with_canaries(
    sample: Sample, path: Path, *, layout: str, defects: tuple[Defect, ...] = (), count: int = 5
) -> tuple[WrittenFile, tuple[Canary, ...]]:
    """Write a synthetic file with marks in its personal fields, and return the file and the marks to look for."""
    planted: list[Canary] = []

    def plant(table: pa.Table) -> pa.Table:
        marked, canaries = plant_canaries(table, sample.table, seed=sample.seed)
        planted.extend(canaries)
        return marked

    return write_file(sample, path, layout=layout, defects=defects, count=count, change=plant), tuple(planted)


def save_canaries(path: Path, canaries: tuple[Canary, ...]) -> None:
    """Write a list of marks as JSON."""
    write_bytes(path, canonical_json([asdict(canary) for canary in canaries]))


def load_canaries(path: Path) -> tuple[Canary, ...]:
    """Return a list of marks that was written."""
    return tuple(Canary(**entry) for entry in json.loads(path.read_text(encoding="utf-8")))


def find_canaries(folder: Path, canaries: tuple[Canary, ...]) -> list[Sighting]:
    """Return every place below a folder where a mark stands.

    Names of files, raw bytes, parts of zip files, and the decoded cells and metadata of Parquet files are searched; each mark as it is,
    in half-width kana and in full width, in UTF-8, CP932 and UTF-16.

    Parameters
    ----------
    folder : Path
        A folder, or one file.
    canaries : tuple[Canary, ...]
        What to look for.
    """
    needles = make_needles(canaries)
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else [folder]
    found = []
    for path in files:
        name = str(path.relative_to(folder)) if folder.is_dir() else path.name
        for part, content in open_parts(name, path.read_bytes()):
            found += _search(part, content, needles)
    return found


def make_needles(canaries: tuple[Canary, ...]) -> list[tuple[bytes, str, Canary]]:
    """Return the bytes to look for, with their encoding and the mark they are."""
    needles = {}
    for canary in canaries:
        for text in dict.fromkeys((canary.text, halve_kana(canary.text), widen(canary.text))):
            for encoding in ENCODINGS:
                needles[text.encode(encoding, errors="ignore")] = (encoding, canary)
    return [(needle, encoding, canary) for needle, (encoding, canary) in needles.items() if len(needle) >= FEWEST_CHARACTERS]


def open_parts(name: str, content: bytes, depth: int = 0) -> Iterator[tuple[str, bytes]]:
    """Yield a file's name and bytes, and those of all that is packed inside it."""
    yield name, name.encode() + b"\n" + content
    if depth >= DEPTH_LIMIT:
        return
    if zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for inner in archive.infolist():
                yield from open_parts(f"{name}!{inner.filename}", archive.read(inner), depth + 1)
    if content[:4] == b"PAR1":
        yield f"{name}!cells", _read_parquet(content)


def _read_parquet(content: bytes) -> bytes:
    """Return all text of a Parquet file, cells and metadata, as UTF-8."""
    table = pq.read_table(io.BytesIO(content))
    metadata = [part for field in table.schema for pair in (field.metadata or {}).items() for part in pair]
    metadata += [part for pair in (table.schema.metadata or {}).items() for part in pair]
    cells: set[str] = set()
    for column in table.columns:
        cells |= {str(value) for value in column.unique().to_pylist() if value is not None}
    return b"\n".join([*metadata, *(cell.encode() for cell in sorted(cells))])


def _search(name: str, content: bytes, needles: list[tuple[bytes, str, Canary]]) -> list[Sighting]:
    return [Sighting(path=name, canary=canary, encoding=encoding) for needle, encoding, canary in needles if needle in content]
