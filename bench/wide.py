"""Files with many quasi-identifiers: seconds and losses of local and global searches, and of Mondrian under the same hierarchies.

Values are skewed (Zipf) and columns depend on each other; hierarchies are intervals, prefixes and trees.
"""

import resource
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from anonymize.classes import ClassTable, Method, SearchTask
from anonymize.loss import compute_loss
from anonymize.search import find_recoding
from bench.mondrian import split_all
from bench.search import ADULT, make_task, read_adult
from schemas.hierarchies import LevelTable

ROWS = 30_000
CIRCLES = 5  # hidden traits that columns have in common
FAITH = 0.6  # share of cells that follow their trait
LOCAL = tuple((columns, k) for columns in (8, 12, 16, 24) for k in (5, 20, 100))
BUDGET_SECONDS = 40.0


def make_levels(kind: int, values: int) -> LevelTable:
    """Return a hierarchy: 0 intervals (halves), 1 prefixes (tens), 2 a tree of uneven branches."""
    place = np.arange(values)
    if kind == 0:
        steps = [place // width for width in (1, 5, 10, 20) if width < values]
    elif kind == 1:
        steps = [place // width for width in (1, 10, 100) if width < values]
    else:
        steps = [place, (np.sqrt(place) * 1.5).astype(int)]
    steps.append(np.zeros(values, dtype=int))
    codes = np.stack([np.unique(step, return_inverse=True)[1].reshape(-1) for step in steps], axis=1).astype(np.int32)
    leaves = tuple(np.bincount(codes[:, level]) for level in range(codes.shape[1]))
    return LevelTable(
        level_names=tuple(str(level) for level in range(codes.shape[1])),
        codes=codes,
        leaves=leaves,
        total_leaves=values,
        labels=tuple(tuple(f"{level}.{group}" for group in range(len(counts))) for level, counts in enumerate(leaves)),
        bounds=(None,) * codes.shape[1],
        ordered=kind == 0,
    )


def draw_columns(columns: int, rows: int, seed: int) -> tuple[list[LevelTable], NDArray[np.int32]]:
    """Return hierarchies and codes of generated columns."""
    rng = np.random.default_rng(seed)
    traits = rng.random((rows, CIRCLES))
    levels, codes = [], []
    for j in range(columns):
        kind = j % 3
        values = int(((80, 40, 16), (300, 60, 24), (12, 30, 7))[kind][(j // 3) % 3])
        shares = 1.0 / np.arange(1, values + 1) ** rng.uniform(0.6, 1.3)
        ends = np.cumsum(shares / shares.sum())
        uniform = np.where(rng.random(rows) < FAITH, traits[:, j % CIRCLES], rng.random(rows))
        drawn = np.searchsorted(ends, uniform).clip(max=values - 1)
        levels.append(make_levels(kind, values))
        codes.append(drawn)
    return levels, np.stack(codes, axis=1).astype(np.int32)


def make_table(levels: list[LevelTable], codes: NDArray[np.int32]) -> ClassTable:
    """Return the class table of generated rows, each of another person."""
    distinct, counts = np.unique(codes, axis=0, return_counts=True)
    counts = counts.astype(np.int64)
    return ClassTable(
        columns=tuple(f"column_{j}" for j in range(codes.shape[1])),
        levels=tuple(levels),
        codes=distinct.astype(np.int32),
        rows=counts,
        persons=counts,
        memberships=None,
        sensitive={},
        total_rows=len(codes),
        total_persons=len(codes),
    )


def make_wide(columns: int, rows: int = ROWS, seed: int = 1) -> ClassTable:
    """Return a generated file."""
    return make_table(*draw_columns(columns, rows, seed))


def extend_adult(columns: int, seed: int = 1) -> ClassTable:
    """Return the Adult file with generated columns beside its own."""
    adult = read_adult(ADULT)
    codes = np.repeat(adult.codes, adult.rows, axis=0)
    levels, more = draw_columns(columns - codes.shape[1], len(codes), seed)
    return make_table([*adult.levels, *levels], np.concatenate([codes, more], axis=1))


def measure(task: SearchTask) -> tuple[float, float, int]:
    """Return CPU seconds, loss and nodes of one search."""
    began = time.process_time()
    recoding = find_recoding(task)
    return time.process_time() - began, compute_loss(task.table, recoding, task.weights), recoding.search.evaluated


def run() -> Iterator[str]:
    """Yield a line per file and k: CPU seconds and loss of the local search, and of Mondrian."""
    measure(make_task(make_wide(8, 1000), 5, 0.0, "local"))
    yield f"{ROWS} rows; columns, nodes, k: CPU seconds and loss; Mondrian along the same hierarchies"
    for columns, k in LOCAL:
        yield compare(make_wide(columns), k, "")
    if ADULT.is_dir():
        for columns in (12, 16):
            yield compare(extend_adult(columns), 5, "Adult and more")
    yield f"global, 30 columns, k = 5, within {BUDGET_SECONDS:.0f} s: suppression limit: CPU seconds, loss, bound, memory of this process"
    for limit in (0.1, 1.0):
        task = replace(make_task(make_wide(30), 5, limit, "global"), budget_seconds=BUDGET_SECONDS)
        began = time.process_time()
        found = find_recoding(task)
        seconds, loss = time.process_time() - began, compute_loss(task.table, found, task.weights)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        yield f"{limit:5.2f}: {seconds:6.2f} s {loss:.5f} {found.search.lower_bound:.5f} {memory} MiB"


def compare(table: ClassTable, k: int, name: str) -> str:
    """Return the line of one file."""
    method: Method = "local"
    task = make_task(table, k, 0.0, method)
    lattice = float(np.prod([float(top) + 1 for top in task.max_levels]))
    seconds, loss, visits = measure(task)
    began = time.process_time()
    rival = split_all(table, k)
    other = time.process_time() - began
    return (
        f"{len(table.columns):3d} {lattice:8.1e} {k:4d}: {seconds:6.2f} s {loss:.5f} ({visits} nodes); "
        f"Mondrian {other:6.2f} s {rival:.5f} {name}"
    )


if __name__ == "__main__":
    for line in run():
        print(line, flush=True)
