"""Small released files, written by hand with the metadata every release carries."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

Writer = Callable[..., Path]


def field(name: str, kind: pa.DataType, part: str, role: str, **more: Any) -> pa.Field:
    said = {"column": more.pop("column", name), "part": part, "role": role, "clause": 5, "treatment": "keep", **more}
    return pa.field(name, kind, metadata={b"sakusei": json.dumps(said).encode()})


def write_release_file(
    path: Path,
    quasi: Mapping[str, Sequence[Any]],
    sensitive: Mapping[str, Sequence[Any]] | None = None,
    ids: Sequence[str] | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Path:
    fields, arrays = [], []
    for name, cells in quasi.items():
        fields.append(field(name, pa.dictionary(pa.int32(), pa.string()), "label", "quasi_identifier", treatment="generalise", level="value"))
        arrays.append(pa.array(cells, type=pa.string()).dictionary_encode())
    for name, cells in (sensitive or {}).items():
        values = pa.array(cells)
        fields.append(field(name, values.type, "value", "sensitive"))
        arrays.append(values)
    if ids is not None:
        fields.append(field("person", pa.string(), "id", "linking_code", treatment="fresh_id"))
        arrays.append(pa.array(ids))
    schema = pa.schema(fields, metadata={b"sakusei": json.dumps(dict(facts or {})).encode()})
    pq.write_table(pa.table(arrays, schema=schema), path)
    return path


@pytest.fixture
def write_release(tmp_path: Path) -> Writer:
    """Write a released file into the test's folder."""

    def write(quasi: Mapping[str, Sequence[Any]], sensitive: Mapping[str, Sequence[Any]] | None = None, **more: Any) -> Path:
        return write_release_file(tmp_path / "released.parquet", quasi, sensitive, **more)

    return write
