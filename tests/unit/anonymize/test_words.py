"""Columns in shared words: where a word ends, that words sort as rows do, and that nothing changes on the way there and back."""

import datetime

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anonymize.engines.engine import EngineSettings, open_engine
from anonymize.pipeline import Job, process
from anonymize.rows import apply
from anonymize.rows.words import MOST_TEXTS, WORD_BITS, Places, find_places, plan_packing
from schemas.errors import EngineFailed
from schemas.plan import parse_plan

ENGINES = ["duckdb", pytest.param("spark", marks=[pytest.mark.spark, pytest.mark.xdist_group("spark")])]
DAYS = [datetime.date(1969, 12, 31), None, datetime.date(2024, 2, 29), datetime.date(1970, 1, 1), datetime.date(2024, 2, 29), None]
ROWS = pa.table(
    {
        "text": pa.array(["b", None, "ä", "B", "b", ""]),
        "number": pa.array([-7, 3, None, 3, -7, 9], pa.int64()),
        "broken": pa.array([0.5, None, -1.0, 2.0, 0.5, 3.0], pa.float64()),
        "day": pa.array(DAYS, pa.date32()),
        "flag": pa.array([True, False, None, True, True, False]),
        "empty": pa.array([None] * 6, pa.int64()),
    }
)


def column(name, values):
    return Places(name=name, kind=pa.int64(), least=0, values=values)


@pytest.mark.parametrize(("bits", "groups"), [(30, (("a", "b"), ("c",))), (32, (("a", "b"), ("c",))), (33, (("a",), ("b",), ("c",)))])
def test_a_word_holds_62_bits(bits, groups):
    # a has 30 bits: with 32 more the word is full, with 33 b begins a word of its own, into which c (30 bits) no longer fits.
    places = {"a": column("a", 1 << 30), "b": column("b", 1 << bits), "c": column("c", 1 << 30)}
    assert WORD_BITS == 62
    assert plan_packing(["a", "b", "c"], places).groups == groups


def test_a_column_as_it_is_parts_the_words():
    places = {name: column(name, 8) for name in "abd"}
    assert plan_packing(["a", "b", "c", "d"], places).groups == (("a", "b"), ("c",), ("d",))
    assert plan_packing(["a", "c"], {}).groups == (("a",), ("c",))


@pytest.mark.parametrize(("values", "bits"), [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3)])
def test_bits_hold_every_number(values, bits):
    assert column("a", values).bits == bits


@pytest.mark.parametrize("name", ENGINES)
def test_words_sort_as_rows_do_and_come_back(tmp_path, name):
    engine = open_engine(name, EngineSettings(work=tmp_path, threads=1))
    rows = engine.load(ROWS)
    packing = plan_packing(rows.columns, find_places(engine, rows, rows.columns))
    assert packing.groups == (("text", "number"), ("broken",), ("day", "flag", "empty"))
    packed = packing.pack(rows, engine)
    answer = engine.stream(packed.order_by([ibis.asc(packed[each], nulls_first=False) for each in packed.columns]))
    found = pa.Table.from_batches(packing.unpack(answer)).cast(ROWS.schema)
    plain = rows.order_by([ibis.asc(rows[each], nulls_first=False) for each in rows.columns])
    assert found.to_pylist() == engine.fetch(plain).to_pylist()
    assert found["text"].to_pylist() == ["", "B", "b", "b", "ä", None]
    engine.close()


def test_wide_numbers_and_many_texts_stay_as_they_are(tmp_path):
    engine = open_engine("duckdb", EngineSettings(work=tmp_path, threads=1))
    ends = np.array([-(2**62), 2**62] * MOST_TEXTS)
    rows = engine.load(pa.table({"wide": ends, "many": [f"{i:06d}" for i in range(len(ends))], "few": ["x"] * len(ends)}))
    assert set(find_places(engine, rows, ["wide", "many", "few"])) == {"few"}
    assert find_places(engine, rows, []) == {}
    engine.close()


def test_a_value_that_was_not_there_stops_the_run(tmp_path):
    engine = open_engine("duckdb", EngineSettings(work=tmp_path, threads=1))
    known, other = engine.load(pa.table({"text": ["a"]})), engine.load(pa.table({"text": ["CANARY"]}))
    packing = plan_packing(["text"], find_places(engine, known, ["text"]))
    with pytest.raises(EngineFailed) as caught:
        list(packing.unpack(engine.stream(packing.pack(other, engine))))
    assert "CANARY" not in str(caught.value)
    engine.close()


def test_packed_rows_give_the_same_bytes(tmp_path, monkeypatch):
    columns = {
        "number": {"role": "quasi_identifier", "hierarchy": {"intervals": [5]}, "clause": 5},
        "text": {"role": "sensitive", "treatment": "keep", "clause": 5},
        "broken": {"role": "attribute", "treatment": {"round_to": 1}, "clause": 4},
        **{name: {"role": "attribute", "treatment": "keep", "clause": 4} for name in ("day", "flag", "empty")},
    }
    privacy = {"k": 2, "l_diversity": {"text": {"kind": "distinct", "l": 1}}}
    plan = parse_plan({"plan": "w", "privacy": privacy, "suppression_limit": 1, "method": "global", "columns": columns})
    pq.write_table(pa.concat_tables([ROWS] * 3), tmp_path / "in.parquet")
    written = []
    for least in (1 << 40, 0):
        monkeypatch.setattr(apply, "PACKED_ROWS", least)
        process(Job(source=tmp_path / "in.parquet", plan=plan, output=tmp_path / "out.parquet", compare=False))
        written.append((tmp_path / "out.parquet").read_bytes())
    assert written[0] == written[1]
