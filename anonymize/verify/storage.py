"""What a Parquet file tells beside its cells: statistics, indexes, filters, values no row has, and words of other software.

Decided here: which traces are looked for. They would be finer, older or more than what was released, whatever the rows say. The verifier
refuses a release with any of them; the attack `risk.attacks.storage` looks with the same eyes.

References
----------
Apache Parquet format 2.11: file layout, column chunks, page index, bloom filters.
"""

import base64
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from anonymize.parts import find_parts
from schemas.embedded_sql import open_duckdb

TRACES = ("statistics", "bloom_filters", "metadata", "dictionaries", "order", "software", "gaps")
ARROW_SCHEMA = b"ARROW:schema"
OWN_KEYS = {b"sakusei", ARROW_SCHEMA}
FIELD_KEYS = {b"sakusei", b"PARQUET:field_id"}
SOFTWARE = re.compile(r"parquet-cpp-arrow version \d+(\.\d+)*(-SNAPSHOT)?")
MAGIC_BYTES, LENGTH_BYTES = 4, 4
STATISTICS = "coalesce(stats_min, stats_max, stats_min_value, stats_max_value, stats_null_count::VARCHAR, stats_distinct_count::VARCHAR)"


def find_traces(path: Path) -> set[str]:
    """Return which of `TRACES` a Parquet file, or a folder of parts, shows.

    Raises
    ------
    pa.ArrowException, OSError
        A file is not Parquet.
    """
    parts = find_parts(path)
    found = {trace for part in parts for trace in _find_in_part(part)}
    return found | ({"dictionaries"} if _has_unused(parts) else set())


def _find_in_part(part: Path) -> Iterator[str]:
    with open_duckdb(None) as connection:
        sql = f"SELECT count({STATISTICS}), count(bloom_filter_offset) FROM parquet_metadata(?)"  # noqa: S608 - a constant
        ((statistics, filters),) = connection.execute(sql, [str(part)]).fetchall()
    footer = pq.read_metadata(part)
    groups = [footer.row_group(i) for i in range(footer.num_row_groups)]
    columns = [group.column(i) for group in groups for i in range(group.num_columns)]
    if statistics or any(column.has_column_index or column.has_offset_index for column in columns):
        yield "statistics"
    if filters:
        yield "bloom_filters"
    if _has_foreign_words(footer, columns):
        yield "metadata"
    if any(group.sorting_columns for group in groups):
        yield "order"
    if not SOFTWARE.fullmatch(footer.created_by or ""):
        yield "software"
    if _has_gaps(part, columns):
        yield "gaps"


def _has_foreign_words(footer: Any, columns: Sequence[Any]) -> bool:
    """Return whether footer, columns or the stored Arrow schema carry words that are no release's."""
    said = footer.metadata or {}
    if set(said) - OWN_KEYS or any(column.metadata for column in columns):
        return True
    if ARROW_SCHEMA not in said:
        return False
    stored = pa.ipc.read_schema(pa.py_buffer(base64.b64decode(said[ARROW_SCHEMA])))
    return bool(set(stored.metadata or {}) - OWN_KEYS) or any(set(field.metadata or {}) - FIELD_KEYS for field in stored)


def _has_gaps(part: Path, columns: Sequence[Any]) -> bool:
    """Return whether bytes lie between the columns, or between them and the footer, which no reader of cells would meet."""
    spans = sorted((_find_start(column), column.total_compressed_size) for column in columns)
    place = MAGIC_BYTES
    for start, length in spans:
        if start != place:
            return True
        place += length
    with part.open("rb") as file:
        size = file.seek(-MAGIC_BYTES - LENGTH_BYTES, 2) + MAGIC_BYTES + LENGTH_BYTES
        footer_bytes = int.from_bytes(file.read(LENGTH_BYTES), "little")
    return place != size - MAGIC_BYTES - LENGTH_BYTES - footer_bytes


def _find_start(column: Any) -> int:
    return int(column.dictionary_page_offset if column.has_dictionary_page else column.data_page_offset)


def _has_unused(parts: Sequence[Path]) -> bool:
    """Return whether a dictionary holds a value that no row of the whole table has."""
    listed: dict[str, set[object]] = {}
    used: dict[str, set[object]] = {}
    for part in parts:
        schema = pq.read_schema(part)
        texts = [field.name for field in schema if pa.types.is_string(field.type)]
        coded = [field.name for field in schema if pa.types.is_dictionary(field.type)]
        with pq.ParquetFile(part, read_dictionary=texts) as file:
            for number in range(file.metadata.num_row_groups if texts or coded else 0):
                wanted = [*coded, *(name for name in texts if _is_coded(file.metadata.row_group(number), name))]
                for name, chunk in _read_coded(file.read_row_group(number, columns=wanted)):
                    listed.setdefault(name, set()).update(chunk.dictionary.to_pylist())
                    used.setdefault(name, set()).update(chunk.dictionary.take(chunk.indices.drop_null().unique()).to_pylist())
    return listed != used


def _is_coded(group: Any, name: str) -> bool:
    """Return whether a column of texts is stored as places in a dictionary (in part, perhaps: the rest stands in the rows alone)."""
    chunks = (group.column(i) for i in range(group.num_columns))
    return any(chunk.path_in_schema == name and chunk.has_dictionary_page for chunk in chunks)


def _read_coded(table: pa.Table) -> Iterator[tuple[str, pa.DictionaryArray]]:
    """Yield the pieces of every column that has a dictionary."""
    for name, column in zip(table.column_names, table.columns, strict=True):
        if pa.types.is_dictionary(column.type):
            yield from ((name, chunk) for chunk in column.chunks)
