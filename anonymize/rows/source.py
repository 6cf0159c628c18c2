"""The input of a run: a CSV or Parquet file, checked at the door and brought to Parquet, the one form the engines read.

Decided here: which bytes are a table (strict: a damaged row refuses the file, it is never dropped) and as which types CSV cells are read.
Not decided here: what the columns mean (the plan).
"""

import csv
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq

from anonymize.parts import find_parts, hash_table, read_schema
from anonymize.rows.cell_types import csv_types
from anonymize.rows.limits import check_whole
from schemas.errors import FileRejected
from schemas.findings import Finding, FindingKind, Severity
from schemas.forced_roles import check_forced_roles
from schemas.messages import N_, Name
from schemas.plan import Plan

PARQUET_MAGIC = b"PAR1"
BLOCK_BYTES = 8 << 20
ROWS_KEPT = 20

ROW_WIDTH = FindingKind("row-width", Severity.FILE, N_("the row has another number of cells than the heading"))
HEADING_TWICE = FindingKind("heading-twice", Severity.FILE, N_("the heading names this column twice, or not at all"))
COLUMN_TYPE = FindingKind("column-type", Severity.FILE, N_("columns of this type cannot be processed"))
HINT_PLACE = N_("see the delimiter, quotes and the types that plan or table give the columns")
HINT_NO_PLACE = N_("0 means that the place is unknown; see the delimiter, quotes and the types that plan or table give the columns")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A checked input.

    Parameters
    ----------
    path : Path
        Parquet file for the engine: the input itself, or its copy in the work folder.
    schema : pa.Schema
        The columns the plan releases or counts by, in Arrow types every engine shares.
    sha256 : str
        SHA-256 of the input as it was given.
    """

    path: Path
    schema: pa.Schema
    sha256: str


def open_source(path: Path, plan: Plan, *, work: Path, delimiter: str = ",") -> Source:
    """Check an input against the plan and make it ready for an engine.

    Parameters
    ----------
    path : Path
        CSV (UTF-8, with a heading), Parquet, or a folder of Parquet files that are one table.
    plan : Plan
        Names every column of the input.
    work : Path
        Private folder for the Parquet copy of a CSV file; columns the plan drops are not copied.
    delimiter : str
        One character between CSV cells.

    Raises
    ------
    FileRejected
        The file cannot be read as a table; findings give row numbers, never cells.
    PlanError
        A column of the input is missing in the plan, or the reverse, or the file itself says that a role is too weak.
    """
    if not path.exists():
        raise FileRejected(N_("there is no file {file}"), N_("give a CSV or Parquet file"), file=Name(path.name))
    with _guard(path):
        schema = _read_parquet(path, plan) if is_parquet(path) else _convert_csv(path, plan, work / "input.parquet", delimiter)
    ready = path if is_parquet(path) else work / "input.parquet"
    return Source(path=ready, schema=schema, sha256=hash_table(path))


def is_parquet(path: Path) -> bool:
    """Return whether a file begins as Parquet does; so must the parts of a folder."""
    if path.is_dir():
        return all(is_parquet(part) for part in find_parts(path))
    with path.open("rb") as file:
        return file.read(4) == PARQUET_MAGIC


def needed_columns(plan: Plan) -> list[str]:
    """Return the columns that are released or counted by, in the order of the plan."""
    read, made = (plan.aggregate.sources, plan.aggregate.made) if plan.aggregate else (frozenset(), frozenset())
    needed = [column.name for column in plan.columns if not column.is_dropped or column.name == plan.unit or column.name in read]
    return [name for name in needed if name not in made]


def _read_parquet(path: Path, plan: Plan) -> pa.Schema:
    found = read_schema(path)
    check_heading(found.names)
    plan.check_input(found.names)
    check_forced_roles(find_parts(path)[0], plan)  # the parts have one schema and one metadata
    shared = {name: _share_type(found.field(name).type) for name in needed_columns(plan)}
    _check_unsigned(path, [name for name in shared if found.field(name).type == pa.uint64()])
    refused = [name for name, kind in shared.items() if kind is None]
    if refused:
        raise FileRejected(
            N_("column {column} has a type that cannot be processed"),
            N_("give text, whole numbers, numbers, dates or yes/no; cast nested and time columns first"),
            findings=tuple(Finding(kind=COLUMN_TYPE, column=Name(name)) for name in refused),
            column=Name(refused[0]),
        )
    return pa.schema([pa.field(name, kind) for name, kind in shared.items()])


def _check_unsigned(path: Path, names: list[str]) -> None:
    """Refuse whole numbers that no engine gives back; they are looked for before an engine meets them."""
    for part in find_parts(path) if names else ():
        with pq.ParquetFile(part) as file:
            check_whole(file.iter_batches(columns=names), names)


def _share_type(kind: pa.DataType) -> pa.DataType | None:
    """Return the type every engine gives back for a Parquet column, or None; a column without any value is one of texts."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_null(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_integer(kind):
        return pa.int64()
    if pa.types.is_floating(kind):
        return pa.float64()
    return kind if pa.types.is_boolean(kind) or pa.types.is_date32(kind) else None


def check_heading(names: list[str]) -> None:
    """Refuse a heading with a column named twice or not at all, or without any column."""
    if not names:
        raise FileRejected(N_("the input has no columns"), N_("give a file with a heading and rows; see that it was written to its end"))
    # By place, not by name: a file without a heading has cells in its first line.
    places = [place for place, name in enumerate(names, start=1) if names.count(name) > 1 or not name.strip()]
    if places:
        raise FileRejected(
            N_("the heading is not usable: a column has no name, or the name of another"),
            N_("give every column its own name in the first row"),
            findings=tuple(Finding(kind=HEADING_TWICE, column=Name(f"#{place}")) for place in places),
        )


def read_columns(path: Path, delimiter: str) -> list[str]:
    """Return the column names of a CSV or Parquet file.

    Raises
    ------
    FileRejected
        The file or its heading cannot be read.
    """
    if not path.exists():
        raise FileRejected(N_("there is no file {file}"), N_("give a CSV or Parquet file"), file=Name(path.name))
    with _guard(path):
        names: list[str] = read_schema(path).names if is_parquet(path) else read_heading(path, delimiter)
    return names


def read_heading(path: Path, delimiter: str) -> list[str]:
    """Return the column names of a CSV file."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        names = next(csv.reader(file, delimiter=delimiter), [])
    check_heading(names)
    return names


def check_quotes(path: Path) -> None:
    """Refuse a file with an odd number of quotes: a quote that is never closed would swallow the rows after it."""
    with path.open("rb") as file:
        quotes = sum(block.count(b'"') for block in iter(lambda: file.read(BLOCK_BYTES), b""))
    if quotes % 2:
        raise FileRejected(
            N_("{file} holds a quote that is never closed"),
            N_("close or double the quote, and see that no row is lost behind it"),
            file=Name(path.name),
        )


def _convert_csv(path: Path, plan: Plan, target: Path, delimiter: str) -> pa.Schema:
    """Copy a CSV file to Parquet; every row is either taken or refuses the file."""
    plan.check_input(read_heading(path, delimiter))
    check_quotes(path)
    whole, broken = (_make_schema(plan, whole_numbers=whole) for whole in (True, False))
    if whole == broken:
        return _copy_csv(path, whole, target, delimiter)
    try:
        return _copy_csv(path, whole, target, delimiter)
    except pa.ArrowInvalid:
        return _copy_csv(path, broken, target, delimiter)


def _make_schema(plan: Plan, *, whole_numbers: bool) -> pa.Schema:
    wanted = needed_columns(plan)
    return pa.schema([pa.field(name, kind) for name, kind in csv_types(plan, whole_numbers=whole_numbers).items() if name in wanted])


def _copy_csv(path: Path, schema: pa.Schema, target: Path, delimiter: str) -> pa.Schema:
    damaged: list[int] = []
    with _open_csv(path, schema, delimiter, damaged) as rows, pq.ParquetWriter(target, schema, compression="lz4") as writer:
        for batch in rows:
            writer.write_batch(batch)
    if damaged:
        raise FileRejected(
            N_("{count} rows of {file} are damaged, first at row {row}"),
            N_("mend the rows, or give the delimiter the file uses with --delimiter"),
            findings=(Finding(kind=ROW_WIDTH, rows=tuple(damaged[:ROWS_KEPT]), count=len(damaged)),),
            count=len(damaged),
            file=Name(path.name),
            row=damaged[0],
        )
    return schema


def _open_csv(path: Path, schema: pa.Schema, delimiter: str, damaged: list[int]) -> Any:
    def note(row: Any) -> str:
        damaged.append(int(row.number or 0))
        return "skip"  # counted, and refused as a whole at the end

    return pc_csv.open_csv(
        path,
        read_options=pc_csv.ReadOptions(block_size=BLOCK_BYTES, use_threads=False),
        parse_options=pc_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=note),
        convert_options=pc_csv.ConvertOptions(
            include_columns=schema.names,
            column_types={field.name: field.type for field in schema},
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
        ),
    )


@contextmanager
def _guard(path: Path) -> Iterator[None]:
    """Turn errors of the readers, whose text may quote cells, into a refusal with the place alone."""
    try:
        yield
    except UnicodeDecodeError:
        raise _refuse_encoding(path) from None
    except (pa.ArrowException, OSError, csv.Error) as error:
        text = str(error)
        if "UTF8" in text or "UTF-8" in text:
            raise _refuse_encoding(path) from None
        row = _find_number(r"[Rr]ow #(\d+)", text)
        column = _find_number(r"column #(\d+)", text) + (1 if "column #" in text else 0)
        raise FileRejected(
            N_("{file} cannot be read as a table (row {row}, column number {column})"),
            HINT_PLACE if row and column else HINT_NO_PLACE,
            file=Name(path.name),
            row=row,
            column=column,
        ) from None


def _refuse_encoding(path: Path) -> FileRejected:
    return FileRejected(N_("{file} is not UTF-8"), N_("convert the file first: sakusei intake convert"), file=Name(path.name))


def _find_number(pattern: str, text: str) -> int:
    found = re.search(pattern, text)
    return int(found.group(1)) if found else 0
