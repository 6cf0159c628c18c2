"""A table as one Parquet file or as a folder of part files, which read in the order of their names are one table.

Decided here: which files of a folder are its parts, that all have one schema, and the one hash of them all. Not decided here: how rows come
into parts (engines), and in what order (`anonymize.rows.apply`).
"""

import hashlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.errors import FileRejected
from schemas.files import sha256_file
from schemas.messages import N_, Name

SUFFIX = ".parquet"
ASIDE = ("_", ".")  # what Spark and file systems leave beside parts


def name_part(number: int) -> str:
    """Return the file name of a part, from 0; names sort as numbers do."""
    return f"part-{number:05d}{SUFFIX}"


def find_parts(path: Path) -> list[Path]:
    """Return the files of a table in order: the file itself, or the parts of a folder.

    Parameters
    ----------
    path : Path
        A file, or a folder of `*.parquet`; names that begin with `_` or `.` are passed over.

    Raises
    ------
    FileRejected
        The folder holds no part, or something else.
    """
    if not path.is_dir():
        return [path]
    held = sorted(entry for entry in path.iterdir() if not entry.name.startswith(ASIDE))
    if not held or any(not part.is_file() or part.suffix != SUFFIX for part in held):
        raise FileRejected(
            N_("the folder {file} holds other than Parquet files, or nothing"),
            N_("give a folder with the part files of one table and nothing else"),
            file=Name(path.name),
        )
    return held


def name_parts(path: Path) -> list[str]:
    """Return the files of a table in order, as DuckDB takes them.

    Raises
    ------
    FileRejected
        As `find_parts`.
    """
    return [str(part) for part in find_parts(path)]


def read_schema(path: Path) -> pa.Schema:
    """Return the one schema of a table, metadata included.

    Raises
    ------
    FileRejected
        As `find_parts`, or the parts differ.
    pa.ArrowException, OSError
        A file is not Parquet.
    """
    first, *others = find_parts(path)
    schema = pq.read_schema(first)
    if any(not pq.read_schema(part).equals(schema, check_metadata=True) for part in others):
        raise FileRejected(
            N_("the parts of {file} do not have the same columns, types and metadata"),
            N_("give the part files of one table and nothing else"),
            file=Name(path.name),
        )
    return schema


def hash_table(path: Path) -> str:
    """Return the SHA-256 of a file; of a folder, that of what `sha256sum *.parquet` prints in it.

    Raises
    ------
    FileRejected
        As `find_parts`.
    """
    if not path.is_dir():
        return sha256_file(path)
    lines = "".join(f"{sha256_file(part)}  {part.name}\n" for part in find_parts(path))
    return hashlib.sha256(lines.encode()).hexdigest()
