"""Little memory: what does not fit is spilled, what cannot fit is refused with a way out, and nothing is half written."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anonymize.engines import engine as engine_rooms
from anonymize.engines.engine import LEAST_MEMORY_BYTES, EngineSettings, find_free_bytes, open_engine
from anonymize.pipeline import Job, process
from anonymize.rows.table_size import check_size, needed_bytes
from schemas.errors import EngineFailed, PlanError, SettingsError
from schemas.plan import parse_plan

ROWS, TIGHT_BYTES = 400_000, 136 << 20


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A file that is sorted in more memory than an engine gets, and its plan."""
    rng = np.random.default_rng(8)
    numbers = {f"n{i}": rng.integers(0, 1 << 50, ROWS) for i in range(6)}
    texts = {f"t{i}": pa.array(rng.integers(10**15, 10**16, ROWS).astype(str)) for i in range(4)}
    table = pa.table({"age": rng.integers(0, 90, ROWS), "sex": rng.choice(["f", "m"], ROWS), **numbers, **texts})
    path = tmp_path_factory.mktemp("memory") / "in.parquet"
    pq.write_table(table, path)
    columns = {name: {"role": "attribute", "treatment": "keep", "clause": 4} for name in table.column_names}
    columns["age"] = {"role": "quasi_identifier", "hierarchy": {"intervals": [5]}, "clause": 5}
    columns["sex"] = {"role": "quasi_identifier", "hierarchy": {"levels": 1}, "clause": 5}
    return path, parse_plan({"plan": "m", "privacy": {"k": 5}, "suppression_limit": 0, "method": "global", "columns": columns})


def test_what_does_not_fit_is_spilled_and_the_bytes_stay(source, tmp_path):
    path, plan = source
    spacious = process(Job(source=path, plan=plan, output=tmp_path / "a.parquet", compare=False))
    tight = process(Job(source=path, plan=plan, output=tmp_path / "b.parquet", compare=False, memory_limit_bytes=TIGHT_BYTES, threads=1))
    assert tight.output_sha256 == spacious.output_sha256
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a.parquet", "b.parquet"]


def test_the_engine_spills_into_the_work_folder(source, tmp_path):
    path, _ = source
    engine = open_engine("duckdb", EngineSettings(work=tmp_path, threads=1, memory_limit_bytes=TIGHT_BYTES))
    rows = engine.open_parquet(path, pq.read_schema(path))
    batches = engine.stream(rows.order_by(rows.columns))
    first = next(batches)
    assert list((tmp_path / "overflow").iterdir())
    assert first.num_rows + sum(batch.num_rows for batch in batches) == ROWS
    engine.close()


def test_a_sort_that_needs_more_than_it_gets_stops_cleanly(source, tmp_path):
    path, plan = source
    with pytest.raises(EngineFailed) as caught:
        process(Job(source=path, plan=plan, output=tmp_path / "a.parquet", compare=False, memory_limit_bytes=LEAST_MEMORY_BYTES, threads=1))
    assert "memory and disk" in caught.value.hint.render()
    assert list(tmp_path.iterdir()) == []


def test_less_than_the_least_is_refused(tmp_path):
    with pytest.raises(SettingsError):
        open_engine("duckdb", EngineSettings(work=tmp_path, memory_limit_bytes=LEAST_MEMORY_BYTES - 1))


@pytest.mark.parametrize(("free", "good"), [(-1, False), (0, True), (1, True)])
def test_the_class_table_at_the_limit(free, good):
    # 1,000 lines of 2 columns: 1,000 × (2 × 96 + 128) bytes.
    assert needed_bytes(1_000, 2) == 320_000
    if good:
        check_size(1_000, 2, 320_000 + free)
        return
    with pytest.raises(PlanError):
        check_size(1_000, 2, 320_000 + free)


def test_a_class_table_that_does_not_fit_is_refused_before_it_is_fetched(source, tmp_path, monkeypatch):
    path, plan = source
    monkeypatch.setattr(engine_rooms, "find_free_bytes", lambda: 50_000)
    with pytest.raises(PlanError) as caught:
        process(Job(source=path, plan=plan, output=tmp_path / "out.parquet", compare=False))
    assert "180 combinations" in str(caught.value)  # 90 ages of 2 sexes
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("most", "used", "free"), [("max", "5", 4096 << 10), ("1000", "400", 600), ("1000", "1400", 0)])
def test_free_memory_is_the_least_of_system_and_container(tmp_path, most, used, free):
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("MemTotal: 9999999999 kB\nMemAvailable: 4096 kB\n", encoding="ascii")
    (tmp_path / "sys/fs/cgroup").mkdir(parents=True)
    (tmp_path / "sys/fs/cgroup/memory.max").write_text(f"{most}\n", encoding="ascii")
    (tmp_path / "sys/fs/cgroup/memory.current").write_text(f"{used}\n", encoding="ascii")
    assert find_free_bytes(tmp_path) == free


def test_free_memory_of_this_machine_is_some():
    assert find_free_bytes() > 0
