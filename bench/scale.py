"""A whole run (verification included) against DuckDB's own sorted copy of the same file, the floor for an output in canonical order.

`python -m bench scale` measures one and ten million rows; `python -m bench scale --rows 10 50` other millions, `--methods global` one of
the kinds of run in `METHODS` alone. "strict" asks for l-diversity and t-closeness beside k, "spark" is a global run. Each line has wall
seconds, and CPU seconds, which a busy machine disturbs less. Peak memory is that of the process with all its children, ten looks a second.
"""

import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

METHODS = ("global", "strict", "local", "strict-local", "spark")
STRICT = "l_diversity: {disease: {kind: distinct, l: 3}}, t_closeness: {disease: 0.4}"
CHUNK_ROWS = 1_000_000
MILLION = 1_000_000
SIZES = (1, 10)
SPARK_MILLIONS = 10  # more would measure how long a machine of few cores can be kept busy
BYTES_PER_ROW = 80  # of disk: the file, two copies, and what sorting spills
LOOK_SECONDS = 0.1
FLOOR = """\
import sys, duckdb
source, target, overflow = sys.argv[1:]
with duckdb.connect(config={"temp_directory": overflow, "memory_limit": "2GiB"}) as connection:
    connection.read_parquet(source).order("ALL").write_parquet(target, compression="zstd")
"""
PLAN = """\
plan: scale-v1
privacy: {k: 10MODELS}
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a command took.

    Parameters
    ----------
    seconds, cpu_seconds : float
        Wall time; user and system time of the process and its children.
    peak_bytes : int
        Most resident memory of all of them together.
    """

    seconds: float
    cpu_seconds: float
    peak_bytes: int

    def over(self, floor: "Cost") -> str:
        """Return the text of this cost and its ratios to a floor."""
        wall, cpu = self.seconds / floor.seconds, self.cpu_seconds / floor.cpu_seconds
        return f"{self.seconds:.1f} s = {wall:.2f} x (CPU {self.cpu_seconds:.1f} s = {cpu:.2f} x), peak {self.peak_bytes / 2**30:.2f} GiB"


def measure(command: Sequence[str | Path]) -> Cost:
    """Run a command that must succeed and return what it took."""
    began, before = time.perf_counter(), os.times()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    peaks = [0]
    watcher = threading.Thread(target=_watch, args=(process, peaks), daemon=True)
    watcher.start()
    failed = process.wait()
    watcher.join()
    after = os.times()
    if failed:
        raise subprocess.CalledProcessError(failed, [str(part) for part in command])
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Cost(seconds=time.perf_counter() - began, cpu_seconds=cpu, peak_bytes=max(peaks))


def _watch(process: "subprocess.Popen[bytes]", peaks: list[int]) -> None:
    while process.poll() is None:
        peaks[0] = max(peaks[0], sum_resident_bytes(process.pid))
        time.sleep(LOOK_SECONDS)


def sum_resident_bytes(root: int) -> int:
    """Return the resident memory of a process and all that descend from it, as /proc tells; 0 where there is no /proc."""
    parents: dict[int, int] = {}
    pages: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(folder.name)], pages[int(folder.name)] = int(fields[1]), int(fields[21])
    family, waiting = set(), [root]
    while waiting:
        member = waiting.pop()
        family.add(member)
        waiting += [process for process, parent in parents.items() if parent == member and process not in family]
    return sum(pages.get(member, 0) for member in family) * os.sysconf("SC_PAGE_SIZE")


def measure_run(folder: Path, method: str, engine: str) -> tuple[Cost, dict[str, object]]:
    """Return cost and report of a run in a process of its own."""
    plan, name = folder / f"{method}.yaml", f"{method}-{engine}"
    models = f", {STRICT}" if method.startswith("strict") else ""
    text = PLAN.replace("METHOD", "local" if method.endswith("local") else "global").replace("MODELS", models)
    plan.write_text(text, encoding="utf-8")
    command = [sys.executable, "-c", "from casework.console import main; main()", "anonymize", "run", "--no-compare", "--engine", engine]
    command += ["--input", str(folder / "rows.parquet"), "--plan", str(plan)]
    command += ["--output", str(folder / f"{name}.parquet"), "--report", str(folder / f"{name}.json")]
    cost = measure(command)
    (folder / f"{name}.parquet").unlink()
    found: dict[str, object] = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return cost, found


def run(millions: Sequence[int] = SIZES, methods: Sequence[str] = METHODS) -> Iterator[str]:
    """Yield one line per size, method and engine, and how the totals grow."""
    totals: dict[tuple[str, str], list[tuple[int, float]]] = {}
    for size in millions:
        with tempfile.TemporaryDirectory(prefix="sakusei-bench-") as name:
            folder = Path(name)
            if shutil.disk_usage(folder).free < size * MILLION * BYTES_PER_ROW:
                yield f"{size:>4} million rows: left out, the disk has too little room"
                continue
            write_rows(folder / "rows.parquet", size * MILLION)
            floor = measure([sys.executable, "-c", FLOOR, folder / "rows.parquet", folder / "sorted.parquet", folder / "floor"])
            load = os.getloadavg()[0]
            yield f"{size:>4} million rows: DuckDB sorted copy {floor.seconds:.1f} s (CPU {floor.cpu_seconds:.1f} s), load {load:.1f}"
            hashes = set()
            for method, engine in list_runs(size, methods):
                cost, report = measure_run(folder, method, engine)
                totals.setdefault((method, engine), []).append((size, cost.seconds))
                if method == "global":
                    hashes.add(report["output_sha256"])
                yield describe(f"{method} {engine}", cost, floor, report)
            yield from compare_to_k(totals)
            if hashes:
                yield f"  the global release has {'the same bytes' if len(hashes) == 1 else 'OTHER BYTES'} on every engine that ran"
    for (method, engine), found in totals.items():
        for (size, before), (larger, after) in itertools.pairwise(found):
            yield f"{method} {engine}: {larger / size:.0f} x the rows ({size} → {larger} million) take {after / before:.2f} x the time"


def compare_to_k(totals: Mapping[tuple[str, str], list[tuple[int, float]]]) -> Iterator[str]:
    """Yield a line for each method that compares its last strict run with the last for k alone, where there are both."""
    for name, method in (("strict", "global"), ("strict-local", "local")):
        strict, alone = totals.get((name, "duckdb")), totals.get((method, "duckdb"))
        if strict and alone:
            yield f"  {name} takes {strict[-1][1] / alone[-1][1]:.2f} x the time of k alone"


def list_runs(size: int, methods: Sequence[str] = METHODS) -> list[tuple[str, str]]:
    """Return methods and engines to measure; Spark where there is Java, and not on the largest files."""
    from anonymize.engines.spark import has_java

    runs = [(method, "duckdb") for method in METHODS if method in methods and method != "spark"]
    asked = "spark" in methods and size <= SPARK_MILLIONS
    return [*runs, ("global", "spark")] if asked and has_java(os.environ) else runs


def describe(name: str, cost: Cost, floor: Cost, report: dict[str, object]) -> str:
    """Return the line of one run."""
    seconds: dict[str, float] = dict(report["seconds"])  # type: ignore[call-overload]
    steps = " ".join(f"{step} {seconds[step]:.1f}" for step in ("read", "classes", "search", "apply", "verify"))
    return f"  {name:<13} {cost.over(floor)} ({steps}), loss {report['loss']:.4f}"


if __name__ == "__main__":
    for line in run(tuple(int(size) for size in sys.argv[1:]) or SIZES):
        print(line, flush=True)
