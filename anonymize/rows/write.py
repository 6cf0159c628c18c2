"""How a release becomes bytes: one Parquet writer for every engine, so that the same rows give the same bytes.

Decided here: no statistics, no page index, no pandas metadata, row groups of a fixed number of rows, each written from one piece of memory
so that pages break at the same places however the rows arrived.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from anonymize.parts import name_part
from schemas.files import replace_file

ROW_GROUP_ROWS = 1 << 18
Expand = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]


def write_release(path: Path, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> int:
    """Write a release and return its rows.

    Parameters
    ----------
    path : Path
        The file to make.
    schema : pa.Schema
        Fields and metadata of the release.
    batches : iterator of pa.RecordBatch
        Rows in canonical order, in pieces of any size.
    """
    rows = 0
    writer = pq.ParquetWriter(
        path,
        schema,
        version="2.6",
        compression="zstd",
        compression_level=3,
        use_dictionary=True,
        write_statistics=False,
        write_page_index=False,
        store_schema=True,
        data_page_version="1.0",
    )
    with writer:
        for group in _cut_groups(batches, schema):
            writer.write_table(group, row_group_size=ROW_GROUP_ROWS)
            rows += group.num_rows
        if not rows:
            writer.write_table(schema.empty_table())
    return rows


def write_part(folder: Path, schema: pa.Schema, expand: Expand, number: int, batches: Iterator[pa.RecordBatch]) -> int:
    """Write one part of a release and return its rows; a part written before under the same number gives way.

    Parameters
    ----------
    folder : Path
        Existing folder of the parts.
    schema : pa.Schema
        Fields and metadata of the release.
    expand : callable
        Makes released rows of what the engine holds.
    number : int
        Which part, from 0.
    batches : iterator of pa.RecordBatch
        The engine's rows of this part, in canonical order.
    """
    with replace_file(folder / name_part(number)) as temporary:
        return write_release(temporary, schema, expand(batches))


def drop_empty_parts(folder: Path, rows: Mapping[int, int]) -> None:
    """Remove parts without rows, as long as one part is left to say what the columns are.

    Parameters
    ----------
    folder : Path
        The parts.
    rows : Mapping[int, int]
        Number of a part → its rows.
    """
    empty = sorted(number for number, count in rows.items() if not count)
    for number in empty if any(rows.values()) else empty[1:]:
        (folder / name_part(number)).unlink()


def _cut_groups(batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.Table]:
    """Yield tables of exactly one row group each, the last one shorter."""
    waiting: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        start = 0
        while rows + batch.num_rows - start >= ROW_GROUP_ROWS:
            piece = batch.slice(start, ROW_GROUP_ROWS - rows)
            yield pa.Table.from_batches([*waiting, piece], schema=schema).combine_chunks()
            start += piece.num_rows
            waiting, rows = [], 0
        if start < batch.num_rows:
            waiting.append(batch.slice(start))
            rows += batch.num_rows - start
    if rows:
        yield pa.Table.from_batches(waiting, schema=schema).combine_chunks()
