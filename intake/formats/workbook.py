"""Runs alone in a child process: reads a workbook or a Parquet file from outside and writes its rows as CSV to standard output.

Decided here: the text of a cell (whole numbers without a point, dates as ISO), and that the first field of each line is the row number
of the sheet. This process limits itself before it opens the file; what it dies of is the parent's to tell. It prints no cell to
standard error.
"""

import csv
import datetime
import io
import os
import resource
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from intake.formats.number_formats import Zeros, judge_format, write_number

NO_SHEET, NO_COLUMNS, OTHER_SHEETS = 4, 5, 6
LINES_AT_ONCE = 4096
Range: TypeAlias = tuple[tuple[int, int], tuple[int, int]]


def limit_process(memory_bytes: int, cpu_seconds: int) -> None:
    """Set limits of memory and CPU for this process; libraries must not reserve room for threads they will not start."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def to_text(cell: object) -> str:
    """Return the text of a cell."""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime.datetime):
        midnight = cell.time() == datetime.time(0)
        return cell.date().isoformat() if midnight else cell.isoformat(sep=" ")
    return "" if cell is None else str(cell)


def choose_sheet(names: Sequence[str], sheet: str) -> str:
    """Return the name of a sheet given by number (from 1) or name; ends the process when there is none."""
    found = names[int(sheet) - 1] if sheet.isdigit() and 0 < int(sheet) <= len(names) else sheet
    if found not in names:
        sys.exit(NO_SHEET)
    return found


def to_letters(index: int) -> str:
    """Return the letters a spreadsheet gives a column, counted from 0."""
    letters, rest = "", index + 1
    while rest:
        rest, digit = divmod(rest - 1, 26)
        letters = chr(65 + digit) + letters
    return letters


def read_sheet(page: Any) -> Iterator[list[str]]:
    """Yield the rows of a sheet that are not empty, each with its number in front."""
    for number, row in enumerate(page.iter_rows(), start=1):
        texts = [to_text(cell) for cell in row]
        if any(texts):
            yield [str(number), *texts]


def read_exactly(path: str, page: Any) -> Iterator[list[str]]:
    """Yield the same rows with leading zeros that only number formats show, and with the marks of cells in error; slower, .xlsx alone."""
    import openpyxl

    # columns before the first one with a cell are no fields
    first = page.start[1] + 1 if page.start else 1
    cells = openpyxl.load_workbook(io.BytesIO(Path(path).read_bytes()), read_only=True, data_only=True)[page.name]
    for number, row in enumerate(cells.iter_rows(min_col=first), start=1):
        texts = [to_shown(cell.value, cell.number_format) if cell.value is not None else "" for cell in row]
        if any(texts):
            yield [str(number), *texts]


def to_shown(value: object, number_format: str) -> str:
    """Return the text of a cell, with the zeros its format keeps."""
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if whole and not isinstance(value, bool) and judge_format(number_format) is Zeros.KEPT:
        return write_number(int(value), number_format)  # type: ignore[call-overload]
    return to_text(value)


def has_content(sheet: Any) -> bool:
    """Return whether any cell of a sheet, shown or hidden, holds something."""
    return any(to_text(cell) for row in sheet.iter_rows() for cell in row)


def join_headings(rows: Iterable[list[str]], titles: int, headings: int, merged: Sequence[Range]) -> Iterator[list[str]]:
    """Yield rows without the lines of titles, their lines of headings joined into one.

    Parameters
    ----------
    rows : Iterable of rows
        Number and cells; rows without content may be missing.
    titles, headings : int
        Lines of titles at the top of the sheet, and lines of headings under them.
    merged : Sequence of ((row, column), (row, column))
        Merged cells, counted from 0 and from the first column of the rows: the text of the first counts for all of them, once.
    """
    waiting: list[list[str]] = []
    for row in rows:
        number = int(row[0])
        if number <= titles:
            continue
        if number <= titles + headings and headings > 1:
            waiting.append(row)
            continue
        if waiting:
            yield _join(waiting, merged)
            waiting = []
        yield row
    if waiting:
        yield _join(waiting, merged)


def _join(rows: list[list[str]], merged: Sequence[Range]) -> list[str]:
    """Return one line of headings: for each column the texts from above to below."""
    texts = {(int(row[0]) - 1, place): text.strip() for row in rows for place, text in enumerate(row[1:])}
    width = max(len(row) - 1 for row in rows)
    joined = []
    for column in range(width):
        seen: list[tuple[int, int]] = []
        for line in sorted({line for line, _ in texts}):
            corner = next(
                (first for first, last in merged if first <= (line, column) and _is_in((line, column), first, last)), (line, column)
            )
            if corner not in seen:
                seen.append(corner)
        joined.append("".join(texts.get(corner, "") for corner in seen))
    return [rows[-1][0], *joined]


def _is_in(cell: tuple[int, int], first: tuple[int, int], last: tuple[int, int]) -> bool:
    return first[0] <= cell[0] <= last[0] and first[1] <= cell[1] <= last[1]


def find_merged(page: Any) -> list[Range]:
    """Return the merged cells of a sheet, columns counted from its first one; none where the format of file does not tell them."""
    shift = page.start[1] if page.start else 0
    ranges = page.merged_cell_ranges or []
    return [((first[0], first[1] - shift), (last[0], last[1] - shift)) for first, last in ranges]


def write_sheet(path: str, sheet: str, titles: int, headings: int) -> None:
    """Write a sheet to standard output as CSV."""
    import python_calamine

    from intake.formats.workbook_facts import find_facts

    facts = find_facts(path, sheet)
    # by contents: a name may end otherwise
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(Path(path).read_bytes()))
    name = choose_sheet(book.sheet_names, sheet)
    if any(has_content(book.get_sheet_by_name(other)) for other in book.sheet_names if other != name):
        sys.exit(OTHER_SHEETS)
    page = book.get_sheet_by_name(name)
    rows = read_exactly(path, page) if facts.exact and (facts.kept or facts.errors) else read_sheet(page)
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    merged = find_merged(page) if headings > 1 else []
    for count, row in enumerate(join_headings(rows, titles, headings, merged)):
        writer.writerow(row)
        if count % LINES_AT_ONCE == 0:
            flush(buffer)
    flush(buffer)


def flush(buffer: io.StringIO) -> None:
    """Write what has come together and empty the buffer."""
    sys.stdout.buffer.write(buffer.getvalue().encode("utf-8", "replace"))
    buffer.seek(0)
    buffer.truncate()


def write_parquet(path: str) -> None:
    """Write a Parquet file to standard output as CSV, row 0 its column names."""
    import pyarrow as pa
    import pyarrow.csv as pa_csv
    import pyarrow.parquet as pq

    file = pq.ParquetFile(path)
    names = file.schema_arrow.names
    if not names or any(pa.types.is_nested(field.type) for field in file.schema_arrow):
        sys.exit(NO_COLUMNS)
    csv.writer(head := io.StringIO(), lineterminator="\n").writerow(["0", *names])
    flush(head)
    schema = pa.schema([pa.field("row", pa.string()), *(pa.field(f"c{index}", pa.string()) for index in range(len(names)))])
    first = 1
    with pa_csv.CSVWriter(sys.stdout.buffer, schema, write_options=pa_csv.WriteOptions(include_header=False)) as writer:
        for batch in file.iter_batches(batch_size=16384):
            numbers = pa.array(range(first, first + batch.num_rows)).cast(pa.string())
            columns = [to_strings(column) for column in batch.columns]
            writer.write_batch(pa.record_batch([numbers, *columns], schema=schema))
            first += batch.num_rows


def to_strings(column: Any) -> Any:
    """Return an Arrow column as texts."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return column.cast(pa.string())


def main(arguments: list[str]) -> None:
    """Read what the arguments name: kind, path, sheet, lines of titles and of headings, memory limit, CPU limit."""
    kind, path, sheet, titles, headings, memory, cpu = arguments
    limit_process(int(memory), int(cpu))
    sys.stderr.close()
    if kind == "parquet":
        write_parquet(path)
    else:
        write_sheet(path, sheet, int(titles), int(headings))
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
