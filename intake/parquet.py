"""Batches of rows to a Parquet file, written by a thread of its own while the next rows are converted.

Decided here: how a file is written. Small ones and large ones look the same to whoever reads them.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from intake.quarantine import SOURCE_ROW
from schemas.files import replace_file

ROW_GROUP_ROWS, GROUPS_AHEAD = 1 << 16, 2


@contextmanager
def open_parquet(
    path: Path | None, schema: pa.Schema, describe: Callable[[], dict[str, str]] = dict
) -> Iterator[Callable[[pa.RecordBatch], None]]:
    """Yield a function that writes batches to a Parquet file, which appears whole at the end; without a path it does nothing.

    Parameters
    ----------
    path : Path or None
        File to write.
    schema : pa.Schema
        Schema of the batches.
    describe : Callable
        Asked at the end for what the file says of itself besides.
    """
    if path is None:
        yield lambda _batch: None
        return
    with replace_file(path) as temporary, pq.ParquetWriter(temporary, schema, **_choose_options(schema)) as writer:
        temporary.chmod(0o600)
        with ThreadPoolExecutor(max_workers=1) as thread:
            groups = _RowGroups(writer=writer, thread=thread)
            yield groups.add
            groups.flush()
            groups.wait(0)
        writer.add_key_value_metadata(describe())


def _choose_options(schema: pa.Schema) -> dict[str, Any]:
    """Return how a Parquet file is written: row numbers as differences, anything else each value once; no smallest and largest values."""
    others = [column.name for column in schema if column.name != SOURCE_ROW]
    return {
        "compression": "zstd",
        "store_schema": False,
        "write_statistics": False,
        "use_dictionary": others,
        "column_encoding": {SOURCE_ROW: "DELTA_BINARY_PACKED"},
    }


@dataclass(slots=True)
class _RowGroups:
    """Gathers batches until they make a row group worth reading at once."""

    writer: pq.ParquetWriter
    thread: ThreadPoolExecutor
    waiting: list[pa.RecordBatch] = field(default_factory=list)
    under_way: list[Future[None]] = field(default_factory=list)

    def add(self, batch: pa.RecordBatch) -> None:
        self.waiting.append(batch)
        if sum(part.num_rows for part in self.waiting) >= ROW_GROUP_ROWS:
            self.flush()

    def flush(self) -> None:
        if self.waiting:
            self.wait(GROUPS_AHEAD - 1)
            self.under_way.append(self.thread.submit(self._write, self.waiting))
            self.waiting = []

    def wait(self, most: int) -> None:
        """Wait until so many groups at most are under way."""
        while len(self.under_way) > most:
            self.under_way.pop(0).result()

    def _write(self, batches: list[pa.RecordBatch]) -> None:
        table = pa.Table.from_batches(batches)
        # a dictionary of its own for each batch would not go to the file as it is
        self.writer.write_table(table if len(batches) == 1 else table.unify_dictionaries().combine_chunks())
