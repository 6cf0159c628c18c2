"""A whole run (verification included) against DuckDB's own sorted copy of the same file, the floor for an output in canonical order.

`python -m bench scale` measures one and ten million rows; `python -m bench.scale ROWS …` other sizes.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

CHUNK_ROWS = 1_000_000
SIZES = (1_000_000, 10_000_000)
PLAN = """\
plan: scale-v1
privacy: {k: 10}
suppression_limit: 0.05
method: METHOD
columns:
  age: {role: quasi_identifier, hierarchy: {intervals: [5, 10, 20]}, clause: 5}
  sex: {role: quasi_identifier, hierarchy: {levels: 1}, clause: 5}
  area: {role: quasi_identifier, hierarchy: {prefix: [3, 2]}, clause: 5}
  job: {role: quasi_identifier, hierarchy: {levels: 1}, clause: 5}
  household: {role: quasi_identifier, hierarchy: {intervals: [2, 4]}, clause: 5}
  kind: {role: quasi_identifier, hierarchy: {levels: 1}, clause: 5}
  disease: {role: sensitive, treatment: keep, clause: 5}
  cost: {role: attribute, treatment: {round_to: 1000}, clause: 4}
  days: {role: attribute, treatment: keep, clause: 4}
  visits: {role: attribute, treatment: keep, clause: 4}
  month: {role: attribute, treatment: keep, clause: 4}
  score: {role: attribute, treatment: keep, clause: 4}
"""


def make_rows(rows: int, rng: np.random.Generator) -> pa.Table:
    """Return synthetic rows: six quasi-identifiers with skewed values, six other columns."""

    def draw(names: list[str], skew: float) -> pa.Array:
        weights = 1.0 / np.arange(1, len(names) + 1) ** skew
        return pa.array(names).take(pa.array(rng.choice(len(names), rows, p=weights / weights.sum())))

    months = np.array([f"2024-{month:02d}-01" for month in range(1, 13)], dtype="datetime64[D]")
    return pa.table(
        {
            "age": np.clip(rng.normal(48, 22, rows), 0, 104).astype(np.int64),
            "sex": draw(["1", "2"], 0.1),
            "area": draw([f"{10000 + 37 * i:05d}" for i in range(60)], 0.9),
            "job": draw([f"J{i:02d}" for i in range(12)], 0.8),
            "household": np.minimum(rng.poisson(1.6, rows) + 1, 7).astype(np.int64),
            "month": pa.array(months[rng.integers(0, 12, rows)], type=pa.date32()),
            "disease": draw([f"{chr(65 + i % 22)}{i:02d}" for i in range(80)], 0.9),
            "cost": (rng.lognormal(9.5, 1.1, rows)).astype(np.int64),
            "days": rng.integers(1, 31, rows),
            "visits": rng.poisson(2, rows).astype(np.int64),
            "kind": draw(["1", "2", "3", "4"], 0.7),
            "score": rng.integers(0, 200, rows),
        }
    )  # fmt: skip


def write_rows(path: Path, rows: int) -> None:
    """Write the synthetic file in pieces."""
    rng = np.random.default_rng(20250401)
    with pq.ParquetWriter(path, make_rows(1, rng).schema, compression="zstd") as writer:
        for start in range(0, rows, CHUNK_ROWS):
            writer.write_table(make_rows(min(CHUNK_ROWS, rows - start), rng))


def measure_floor(source: Path, target: Path) -> float:
    """Return the seconds of DuckDB's own sorted copy."""
    began = time.perf_counter()
    with duckdb.connect(config={"temp_directory": str(target.parent / "floor"), "memory_limit": "2GiB"}) as connection:
        rows = connection.read_parquet(str(source))
        rows.order("ALL").write_parquet(str(target), compression="zstd")
    return time.perf_counter() - began


def measure_run(folder: Path, method: str) -> dict[str, object]:
    """Return the report of a run in a process of its own, so that peak memory is its own."""
    import json

    plan = folder / f"{method}.yaml"
    plan.write_text(PLAN.replace("METHOD", method), encoding="utf-8")
    command = [
        sys.executable,
        "-c",
        "from casework.console import main; main()",
        "anonymize",
        "run",
        "--input",
        str(folder / "rows.parquet"),
        "--plan",
        str(plan),
    ]
    command += ["--output", str(folder / f"{method}.parquet"), "--report", str(folder / f"{method}.json"), "--no-compare"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    found: dict[str, object] = json.loads((folder / f"{method}.json").read_text(encoding="utf-8"))
    return found


def run(sizes: tuple[int, ...] = SIZES) -> Iterator[str]:
    """Yield one line per size and method."""
    for rows in sizes:
        with tempfile.TemporaryDirectory(prefix="sakusei-bench-") as name:
            folder = Path(name)
            write_rows(folder / "rows.parquet", rows)
            floor = measure_floor(folder / "rows.parquet", folder / "sorted.parquet")
            yield f"{rows:>11,} rows: DuckDB sorted copy {floor:.1f} s"
            for method in ("global", "local"):
                yield describe(method, measure_run(folder, method), floor)


def describe(method: str, report: dict[str, object], floor: float) -> str:
    """Return the line of one run."""
    seconds: dict[str, float] = dict(report["seconds"])  # type: ignore[call-overload]
    steps = " ".join(f"{step} {seconds[step]:.1f}" for step in ("read", "classes", "search", "apply", "verify"))
    peak = int(str(report["peak_rss_bytes"])) / 2**30
    total = seconds["total"]
    return f"  {method:<6} {total:.1f} s = {total / floor:.2f} x ({steps}), peak {peak:.2f} GiB, loss {report['loss']:.4f}"


if __name__ == "__main__":
    for line in run(tuple(int(size) for size in sys.argv[1:]) or SIZES):
        print(line, flush=True)
