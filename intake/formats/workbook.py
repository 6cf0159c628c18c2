"""Runs alone in a child process: reads a workbook or a Parquet file from outside and writes its rows as CSV to standard output.

Decided here: the text of a cell (whole numbers without a point, dates as ISO), and that the first field of each line is the row number
of the sheet. This process limits itself before it opens the file; what it dies of is the parent's to tell. It prints no cell to
standard error.
"""

import csv
import datetime
import io
import resource
import sys
from collections.abc import Iterator
from typing import Any

NO_SHEET, NO_COLUMNS, OTHER_SHEETS = 4, 5, 6
LINES_AT_ONCE = 4096


def limit_process(memory_bytes: int, cpu_seconds: int) -> None:
    """Set limits of memory and CPU for this process."""
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


def read_sheet(path: str, sheet: str) -> Iterator[list[str]]:
    """Yield the rows of a sheet that are not empty, each with its number in front."""
    import python_calamine

    book = python_calamine.CalamineWorkbook.from_path(path)
    names = book.sheet_names
    found = names[int(sheet) - 1] if sheet.isdigit() and 0 < int(sheet) <= len(names) else sheet
    if found not in names:
        sys.exit(NO_SHEET)
    if any(has_content(book.get_sheet_by_name(name)) for name in names if name != found):
        sys.exit(OTHER_SHEETS)
    data = book.get_sheet_by_name(found)
    for number, row in enumerate(data.iter_rows(), start=1):
        texts = [to_text(cell) for cell in row]
        if any(texts):
            yield [str(number), *texts]


def has_content(sheet: Any) -> bool:
    """Return whether any cell of a sheet, shown or hidden, holds something."""
    return any(to_text(cell) for row in sheet.iter_rows() for cell in row)


def write_sheet(path: str, sheet: str) -> None:
    """Write a sheet to standard output as CSV."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    for count, row in enumerate(read_sheet(path, sheet)):
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
    """Read what the arguments name: kind, path, sheet, memory limit, CPU limit."""
    kind, path, sheet, memory, cpu = arguments
    limit_process(int(memory), int(cpu))
    sys.stderr.close()
    if kind == "parquet":
        write_parquet(path)
    else:
        write_sheet(path, sheet)
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
