"""Storage: what a Parquet file tells beside its cells: statistics, indexes, filters, metadata of other software, values no row has.

Decided here: which traces are looked for. They would be finer, older or more than what was released, whatever the rows say.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from anonymize.parts import find_parts
from anonymize.risk.attacks.result import Score
from schemas.embedded_sql import open_duckdb
from schemas.messages import N_

CODE = "storage"
TITLE = N_("reading what the file tells beside its cells")
ATTACKER = N_("reads statistics, indexes, filters, dictionaries and metadata of the file")
SOURCE = "S. Melnik et al. (2010), Dremel, doi:10.14778/1920841.1920886; Apache Parquet format 2.11"
OWN_KEYS = {b"sakusei", b"ARROW:schema"}
TRACES = ("statistics", "bloom_filters", "metadata", "dictionaries")
STATISTICS = "coalesce(stats_min, stats_max, stats_min_value, stats_max_value, stats_null_count::VARCHAR, stats_distinct_count::VARCHAR)"


def find_traces(path: Path) -> set[str]:
    """Return which of `TRACES` a Parquet file, or a folder of parts, shows."""
    parts = find_parts(path)
    found = {trace for part in parts for trace in _find_in_part(part)}
    return found | ({"dictionaries"} if _has_unused(parts) else set())


def attack(path: Path) -> Score:
    """Return the share of the kinds of traces that are found; 0 where the file tells its cells alone."""
    share = len(find_traces(path)) / len(TRACES)
    return Score(members=share, strangers=None, baseline=0.0, excess=share, interval=(share, share))


def write_careless(table: pa.Table, path: Path) -> None:
    """Write the positive control: a table as usual software writes it, with rows left out of a table that had more."""
    coded = [column.dictionary_encode() if pa.types.is_string(column.type) else column for column in table.columns]
    pa.table(coded, names=table.column_names).to_pandas().iloc[::2].to_parquet(path, index=True)


def _find_in_part(part: Path) -> Iterator[str]:
    with open_duckdb(None) as connection:
        sql = f"SELECT count({STATISTICS}), count(bloom_filter_offset) FROM parquet_metadata(?)"  # noqa: S608 - a constant
        ((statistics, filters),) = connection.execute(sql, [str(part)]).fetchall()
    with pq.ParquetFile(part) as file:
        groups = [file.metadata.row_group(i) for i in range(file.metadata.num_row_groups)]
        columns = [group.column(i) for group in groups for i in range(group.num_columns)]
        if statistics or any(column.has_column_index for column in columns):
            yield "statistics"
        if filters:
            yield "bloom_filters"
        if set(file.metadata.metadata or {}) - OWN_KEYS:
            yield "metadata"


def _has_unused(parts: Sequence[Path]) -> bool:
    """Return whether a dictionary holds a value that no row of the whole table has."""
    listed: dict[str, set[object]] = {}
    used: dict[str, set[object]] = {}
    for part in parts:
        with pq.ParquetFile(part) as file:
            for number in range(file.metadata.num_row_groups):
                for name, chunk in _read_coded(file.read_row_group(number)):
                    listed.setdefault(name, set()).update(chunk.dictionary.to_pylist())
                    used.setdefault(name, set()).update(chunk.dictionary.take(chunk.indices.drop_null().unique()).to_pylist())
    return listed != used


def _read_coded(table: pa.Table) -> Iterator[tuple[str, pa.DictionaryArray]]:
    """Yield the pieces of every column that has a dictionary."""
    for name, column in zip(table.column_names, table.columns, strict=True):
        if pa.types.is_dictionary(column.type):
            yield from ((name, chunk) for chunk in column.chunks)
