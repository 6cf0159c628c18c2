"""What a written file tells beside its cells: nothing, in whatever order the rows came and however the release was made."""

import json

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anonymize.parts import find_parts, hash_table
from anonymize.pipeline import Job, process
from anonymize.risk.attacks import storage
from schemas.plan import parse_plan

HIERARCHIES = {"age": {"intervals": [5, 10, 20]}, "area": {"prefix": [2, 1]}}
KINDS = {
    "global": {},
    "local": {},
    "cells": {},
    "tightened": {"method": "local", "tighten": {"nominal": True}},
    "parts": {"method": "local"},
}


def people(count=600, seed=3):
    rng = np.random.default_rng(seed)
    table = {"key": np.arange(count) * 7 + 10_000, "age": rng.integers(20, 70, count), "area": rng.integers(100, 130, count).astype(str)}
    table["illness"] = rng.choice(["A", "B", "C"], count)
    return pa.table(table)


def make_plan(kind):
    columns = {
        "key": {"role": "linking_code", "treatment": "fresh_id", "clause": 3},
        **{name: {"role": "quasi_identifier", "hierarchy": spec, "clause": 5} for name, spec in HIERARCHIES.items()},
        "illness": {"role": "sensitive", "treatment": "keep", "clause": 5},
    }
    plan = {"plan": "p", "unit": "key", "privacy": {"k": 4}, "suppression_limit": 0.1, "columns": columns, "method": kind}
    return parse_plan(plan | KINDS[kind])


def release(table, folder, kind, name="out"):
    pq.write_table(table, folder / f"{name}-in.parquet")
    output = folder / (name if kind == "parts" else f"{name}.parquet")
    source = folder / f"{name}-in.parquet"
    process(Job(source=source, plan=make_plan(kind), output=output, seed=1, compare=False, in_parts=kind == "parts"))
    return output


@pytest.mark.parametrize("kind", KINDS)
def test_shuffled_rows_give_the_same_bytes_and_nothing_stands_beside_the_cells(tmp_path, kind):
    table = people()
    written = release(table, tmp_path, kind)
    shuffled = release(table.take(np.random.default_rng(9).permutation(len(table))), tmp_path, kind, "shuffled")
    assert hash_table(written) == hash_table(shuffled)
    assert [a.read_bytes() for a in find_parts(written)] == [b.read_bytes() for b in find_parts(shuffled)]
    assert storage.find_traces(written) == set()
    assert storage.attack(written).excess == 0.0


@pytest.mark.parametrize("kind", ["local", "tightened"])
def test_dictionaries_are_in_the_order_of_their_words(tmp_path, kind):
    table = pq.read_table(release(people(), tmp_path, kind))
    for column in table.columns:
        if pa.types.is_dictionary(column.type):
            (chunk,) = column.chunks
            assert chunk.dictionary.to_pylist() == sorted(set(chunk.to_pylist()))


def test_the_file_names_neither_input_nor_seed_nor_time(tmp_path):
    first = release(people(), tmp_path, "global")
    (tmp_path / "elsewhere").mkdir()
    second = release(people(), tmp_path / "elsewhere", "global", "other-name")
    assert first.read_bytes() == second.read_bytes()
    said = json.loads(pq.read_schema(first).metadata[b"sakusei"])
    assert {"plan", "plan_sha256", "k", "unit"} <= set(said)
    assert not {name for name in said if any(word in name for word in ("input", "seed", "time", "rows", "suppressed"))}


def test_control_a_careless_copy_shows_statistics_metadata_and_values_no_row_has(tmp_path):
    storage.write_careless(people(), tmp_path / "careless.parquet")
    found = storage.find_traces(tmp_path / "careless.parquet")
    assert found == {"statistics", "metadata"}
    only = pa.table({"name": ["left out", "kept"], "age": [1, 2]})
    storage.write_careless(only.take([1, 0]), tmp_path / "fewer.parquet")
    assert storage.find_traces(tmp_path / "fewer.parquet") == {"statistics", "metadata", "dictionaries"}
    share = 3 / len(storage.TRACES)
    assert storage.attack(tmp_path / "fewer.parquet").interval == (share, share)


def test_control_bloom_filters_are_seen(tmp_path):
    path = str(tmp_path / "filters.parquet")
    with duckdb.connect() as connection:
        connection.sql("SELECT 'x' || (i % 50) AS name FROM range(5000) t(i)").write_parquet(path)
    assert "bloom_filters" in storage.find_traces(tmp_path / "filters.parquet")


def test_a_value_of_another_part_is_none_that_no_row_has(tmp_path):
    (tmp_path / "parts").mkdir()
    shared = pa.array(["a", "b"])
    for number, codes in enumerate(([0, 0], [1, 1])):
        column = pa.DictionaryArray.from_arrays(pa.array(codes), shared)
        writer = {"write_statistics": False, "store_schema": True}
        pq.write_table(pa.table({"name": column}), tmp_path / "parts" / f"part-0000{number}.parquet", **writer)
    assert storage.find_traces(tmp_path / "parts") == set()
    (tmp_path / "parts" / "part-00001.parquet").unlink()
    assert storage.find_traces(tmp_path / "parts") == {"dictionaries"}


def outliers(table, order):
    """Three people with values nobody else has, which of them has which being a matter of order."""
    ages, areas = np.array([150, 171, 193])[order], np.array(["801", "902", "773"])[order]
    rare = {"key": [1, 2, 3], "age": ages, "area": areas, "illness": ["A", "B", "C"]}
    return pa.concat_tables([table, pa.table(rare, schema=table.schema)])


@pytest.mark.parametrize("kind", ["global", "local", "tightened"])
def test_which_outlier_was_suppressed_does_not_show(tmp_path, kind):
    bytes_of = {
        release(outliers(people(), order), tmp_path, kind, f"o{number}").read_bytes() for number, order in enumerate(([0, 1, 2], [2, 0, 1]))
    }
    assert len(bytes_of) == 1


def test_control_suppressed_outliers_are_not_in_the_file(tmp_path):
    written = release(outliers(people(), [0, 1, 2]), tmp_path, "global")
    assert pq.read_metadata(written).num_rows <= 600
