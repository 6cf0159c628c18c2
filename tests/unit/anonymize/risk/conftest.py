"""Small released files, written by hand with the metadata every release carries."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anonymize.pipeline import Job, process
from schemas.plan import load_plan

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
        fields.append(
            field(name, pa.dictionary(pa.int32(), pa.string()), "label", "quasi_identifier", treatment="generalise", level="value")
        )
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


PLAN = """
plan: synthetic-v1
privacy: {k: 10}
suppression_limit: 0.1
method: METHOD
columns:
  name:    {role: direct_identifier, treatment: drop, clause: 1}
  age:     {role: quasi_identifier, hierarchy: {intervals: [5, 10, 20, 40]}, type: integer, clause: 5}
  sex:     {role: quasi_identifier, hierarchy: {levels: 1}, clause: 5}
  area:    {role: quasi_identifier, hierarchy: {prefix: [3, 2, 1]}, clause: 5}
  job:     {role: quasi_identifier, hierarchy: {levels: 1}, clause: 5}
  illness: {role: sensitive, treatment: keep, clause: 5}
  cost:    {role: attribute, type: integer, treatment: {round_to: 1000}, clause: 4}
"""


def make_people(count: int, seed: int = 1) -> pa.Table:
    """Synthetic people: area and illness hang together a little, cost is skewed."""
    rng = np.random.default_rng(seed)
    area = rng.integers(1000, 1400, count)
    illness = np.where(rng.random(count) < 0.3, area % 7, rng.integers(0, 7, count))
    return pa.table(
        {
            "name": [f"CANARY-NAME-{i}" for i in range(count)],
            "age": rng.integers(20, 90, count),
            "sex": rng.choice(["m", "f"], count),
            "area": [str(code) for code in area],
            "job": rng.choice([f"CANARYJOB{i}" for i in range(12)], count),
            "illness": [f"CANARYILL{code}" for code in illness],
            "cost": (rng.lognormal(10, 1, count)).astype(np.int64),
        }
    )


@dataclass(frozen=True)
class Made:
    """A synthetic original, its release and plan."""

    original: Path
    released: Path
    plan_path: Path


def make_release(folder: Path, count: int, method: str = "local", plan: str = PLAN) -> Made:
    folder.mkdir(exist_ok=True)
    made = Made(folder / "original.parquet", folder / "released.parquet", folder / "plan.yaml")
    pq.write_table(make_people(count), made.original)
    made.plan_path.write_text(plan.replace("METHOD", method), encoding="utf-8")
    process(Job(source=made.original, plan=load_plan(made.plan_path), output=made.released, seed=1, compare=False))
    return made


@pytest.fixture(scope="session")
def made_local(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make_release(tmp_path_factory.mktemp("local"), 4000)


@pytest.fixture(scope="session")
def made_global(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make_release(tmp_path_factory.mktemp("global"), 4000, "global")
