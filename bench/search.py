"""Searches on the Adult file: seconds and losses beside the known optima, in this process and in new ones, once compiled."""

import csv
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa

from anonymize.classes import ClassTable, Method, SearchTask
from anonymize.loss import compute_loss
from anonymize.recoding import Recoding
from anonymize.search import find_recoding
from schemas.hierarchies import load_hierarchy

ADULT = Path(__file__).parent.parent.parent / "shared" / "data" / "adult"
REPEATS = 5
NEW_PROCESSES = 3
LOCAL = (2, 5, 10, 100)


def read_adult(folder: Path) -> ClassTable:
    """Return the class table of the Adult file."""
    with (folder / "adult.csv").open(encoding="utf-8", newline="") as source:
        columns, *rows = csv.reader(source, delimiter=";")
    levels, codes = [], []
    for j, column in enumerate(columns):
        values, places = np.unique([row[j] for row in rows], return_inverse=True)
        levels.append(load_hierarchy(f"adult_hierarchy_{column}.csv", folder=folder).resolve(pa.array(values.tolist())))
        codes.append(places)
    distinct, counts = np.unique(np.array(codes, dtype=np.int32).T, axis=0, return_counts=True)
    counts = counts.astype(np.int64)
    return ClassTable(
        columns=tuple(columns),
        levels=tuple(levels),
        codes=distinct,
        rows=counts,
        persons=counts,
        memberships=None,
        sensitive={},
        total_rows=len(rows),
        total_persons=len(rows),
    )


def make_task(table: ClassTable, k: int, limit: float, method: Method) -> SearchTask:
    """Return a task without weights or limits on levels."""
    tops = np.array([len(levels.level_names) - 1 for levels in table.levels], dtype=np.int8)
    weights = np.ones(len(tops))
    return SearchTask(
        table=table, k=k, suppression_limit=limit, weights=weights, max_levels=tops, min_levels=np.zeros_like(tops), method=method
    )


def run() -> list[str]:
    """Return one line per k and suppression limit (global), and per k (local): median seconds, nodes, loss."""
    if not ADULT.is_dir():
        return ["the Adult file is not beside this checkout: nothing measured"]
    table = read_adult(ADULT)
    lines = [
        f"global: {len(table.rows)} combinations, {len(table.columns)} columns; k, limit: seconds, nodes counted, loss (known optimum)"
    ]
    optima = json.loads((ADULT / "reference.json").read_text(encoding="utf-8"))["optima"]
    for optimum in optima:
        task = make_task(table, optimum["k"], optimum["suppression_limit"], "global")
        seconds, recoding = measure(task)
        loss = compute_loss(table, recoding, task.weights)
        known = f"({optimum['loss']:.6f})"
        lines.append(f"{task.k:4d} {task.suppression_limit:5.2f}: {seconds:.3f} s {recoding.search.evaluated:5d} {loss:.6f} {known}")
    lines.append("local: k: seconds, nodes counted, loss")
    for k in LOCAL:
        task = make_task(table, k, 0.0, "local")
        seconds, recoding = measure(task)
        lines.append(f"{k:4d}: {seconds:.3f} s {recoding.search.evaluated:5d} {compute_loss(table, recoding, task.weights):.5f}")
    lines.append("in a new process (`anonymize run`): k, limit, method: seconds of the search, of all steps")
    asked: list[tuple[int, float, Method]] = [(optimum["k"], optimum["suppression_limit"], "global") for optimum in optima]
    for k, limit, method in (*asked, *((k, 0.0, "local") for k in LOCAL)):
        search, total = measure_new_process(table.columns, k, limit, method)
        lines.append(f"{k:4d} {limit:5.2f} {method}: {search:.3f} s of {total:.2f} s")
    return lines


def measure_new_process(columns: tuple[str, ...], k: int, limit: float, method: Method) -> tuple[float, float]:
    """Return the seconds of the search and of all steps that a run reports; the median of several new processes."""
    roles = [f"  {name}: {{role: quasi_identifier, hierarchy: {ADULT}/adult_hierarchy_{name}.csv, clause: 5}}" for name in columns]
    plan = [
        "plan: bench-v1",
        f"privacy: {{k: {k}}}",
        f"suppression_limit: {limit}",
        f"method: {method}",
        "columns:",
        *roles,
    ]
    found = []
    with tempfile.TemporaryDirectory(prefix="sakusei-bench-") as name:
        folder = Path(name)
        (folder / "plan.yaml").write_text("\n".join(plan), encoding="utf-8")
        for number in range(NEW_PROCESSES):
            report = folder / f"{number}.json"
            command = [sys.executable, "-c", "from casework.console import main; main()", "anonymize", "run", "--no-compare"]
            command += ["--input", str(ADULT / "adult.csv"), "--delimiter", ";", "--plan", str(folder / "plan.yaml")]
            command += ["--output", str(folder / f"{number}.parquet"), "--report", str(report)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            seconds = json.loads(report.read_text(encoding="utf-8"))["seconds"]
            found.append((float(seconds["search"]), float(seconds["total"])))
    return statistics.median(search for search, _ in found), statistics.median(total for _, total in found)


def measure(task: SearchTask) -> tuple[float, Recoding]:
    """Return the median of the search's seconds, after one run that loads the compiled loops, and the recoding."""
    find_recoding(task)
    recodings = [find_recoding(task) for _ in range(REPEATS)]
    return statistics.median(recoding.search.seconds for recoding in recodings), recodings[0]


if __name__ == "__main__":
    print("\n".join(run()))
