"""Adult, 8 quasi-identifiers: this project and other Python tools at the same k, under one scorer; and k, l, t beside pycanon's.

The others run in an environment of their own, made once: ~/.cache/sakusei-bench.
"""

import csv
import hashlib
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from anonymize.pipeline import Job, process
from anonymize.verify.file import verify_file
from bench.search import ADULT
from schemas.hierarchies import LevelTable, load_hierarchy
from schemas.hierarchies.hierarchy import ALL_LABEL
from schemas.plan import Plan, parse_plan

HERE = Path(__file__).parent
REQUIREMENTS = HERE / "rivals-requirements.txt"
K, REPEATS = 5, 3
SENSITIVE = "salary-class"
MOST_SECONDS = 900


def run() -> Iterator[str]:
    """Yield one line per tool, then the comparison of measures."""
    if not ADULT.is_dir():
        yield "the Adult file is not beside this checkout: nothing measured"
        return
    with tempfile.TemporaryDirectory(prefix="sakusei-bench-") as name:
        folder = Path(name)
        levels = read_levels()
        yield f"k = {K}, no suppression, {len(levels)} quasi-identifiers; seconds of the whole run in a warm process, loss"
        for method, tighten in (("global", False), ("local", False), ("local", {"nominal": True})):
            seconds, release = time_own(make_plan(method, tighten=tighten), folder)
            title = f"this, {method}{', narrowed' if tighten else ''}"
            yield f"  {title:<21} {seconds:8.2f} s  loss {score_release(release, levels):.4f}"
        python, reason = make_environment()
        if python is None:
            yield f"  the others were left out: {reason}"
            return
        for rival in ("anjana", "anonypy"):
            yield run_rival(python, rival, folder, levels)
        yield compare_measures(python, folder)


def read_levels() -> dict[str, LevelTable]:
    """Return the hierarchies of the quasi-identifiers over the values of the file."""
    with (ADULT / "adult.csv").open(encoding="utf-8", newline="") as source:
        columns, *rows = csv.reader(source, delimiter=";")
    names = [name for name in columns if name != SENSITIVE]
    return {
        name: load_hierarchy(f"adult_hierarchy_{name}.csv", folder=ADULT).resolve(
            pa.array(sorted({row[columns.index(name)] for row in rows}))
        )
        for name in names
    }


def make_plan(method: str, *, tighten: object = False, models: bool = False) -> Plan:
    """Return the plan of the comparison; with models, l and t that ask for nothing are measured."""
    columns = {name: {"role": "quasi_identifier", "hierarchy": f"adult_hierarchy_{name}.csv", "clause": 5} for name in read_levels()}
    columns[SENSITIVE] = {"role": "sensitive", "treatment": "keep", "clause": 5}
    asked = {"l_diversity": {SENSITIVE: {"kind": "distinct", "l": 1}}, "t_closeness": {SENSITIVE: 1.0}} if models else {}
    document = {"plan": "bench", "privacy": {"k": K, **asked}, "suppression_limit": 0, "method": method, "columns": columns}
    return replace(parse_plan(document | ({"tighten": tighten} if tighten else {})), folder=ADULT)


def time_own(plan: Plan, folder: Path) -> tuple[float, Path]:
    """Return the median seconds of a run, verification included, and the release."""
    target = folder / "own.parquet"
    seconds = []
    for _ in range(REPEATS + 1):
        began = time.perf_counter()
        process(Job(source=ADULT / "adult.csv", plan=plan, output=target, delimiter=";", compare=False))
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds[1:]), target


def score_release(path: Path, levels: dict[str, LevelTable]) -> float:
    """Return the loss of a release of this project, read from its labels, or where it has them from the parts a value is made of."""
    table = pq.read_table(path)
    columns = [read_cells(table, name) for name in levels]
    rows = list(zip(*columns, strict=True))
    return score(rows, [1] * len(rows), levels)


def read_cells(table: pa.Table, name: str) -> list[str]:
    """Return the released values of a column as text."""
    labels = [str(cell) for cell in table.column(name).to_pylist()]
    if f"{name}_values" not in table.column_names:
        return labels
    parts = table.column(f"{name}_values").to_pylist()
    return [",".join(part) if part else label for part, label in zip(parts, labels, strict=True)]


def score(rows: Sequence[tuple[str, ...]], counts: Sequence[int], levels: dict[str, LevelTable]) -> float:
    """Return the normalised certainty penalty: mean of (leaves of a cell - 1) / (leaves of its column - 1); 1 for a row left out.

    Parameters
    ----------
    rows : Sequence[tuple[str, ...]]
        Released values: labels of a hierarchy, `from-to`, or leaves joined by commas.
    counts : Sequence[int]
        Rows released with these values.
    levels : dict[str, LevelTable]
        Hierarchy of each column.
    """
    with (ADULT / "adult.csv").open(encoding="utf-8") as source:
        total = sum(1 for _ in source) - 1
    weights = np.array(counts, dtype=float)
    lost = 0.0
    for j, (name, table) in enumerate(levels.items()):
        known = read_labels(name)
        cells = np.array([count_leaves(row[j], known) for row in rows], dtype=float)
        lost += float(weights @ ((cells - 1) / (table.total_leaves - 1)))
    return (lost / len(levels) + total - weights.sum()) / total


def read_labels(column: str) -> dict[str, int]:
    """Return every label of a hierarchy file with the number of leaves below it."""
    below: dict[str, set[str]] = {}
    with (ADULT / f"adult_hierarchy_{column}.csv").open(encoding="utf-8", newline="") as source:
        for leaf, *labels in csv.reader(source, delimiter=";"):
            for label in (leaf, *labels):
                below.setdefault(label, set()).add(leaf)
    below[ALL_LABEL] = below["*"]  # what a release calls the whole
    return {label: len(leaves) for label, leaves in below.items()}


def count_leaves(value: str, known: dict[str, int]) -> int:
    """Return the leaves a released value stands for."""
    if value in known:
        return known[value]
    low, _, high = value.partition("-")
    if low.isdigit() and high.isdigit():
        return int(high) - int(low) + 1
    return len(value.split(","))


def make_environment() -> tuple[Path | None, str]:
    """Return the Python of the other tools' environment, or why there is none."""
    cache = Path.home() / ".cache" / "sakusei-bench"
    digest = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]
    folder = cache / f"rivals-{sys.version_info.major}.{sys.version_info.minor}-{digest}"
    python = folder / "bin" / "python"
    if (folder / "ready").exists():
        return python, ""
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, with_pip=True)
    command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", REQUIREMENTS]
    try:
        done = subprocess.run(command, capture_output=True, timeout=MOST_SECONDS, check=False).returncode
    except subprocess.TimeoutExpired:
        done = 1
    if done:
        shutil.rmtree(folder, ignore_errors=True)
        return None, "they could not be installed (is the package registry reachable?)"
    (folder / "ready").touch()
    return python, ""


def run_rival(python: Path, rival: str, folder: Path, levels: dict[str, LevelTable]) -> str:
    """Return the line of one other tool."""
    answer = folder / f"{rival}.json"
    command = [python, HERE / "rival_tools.py", rival, ADULT, str(K), answer]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=MOST_SECONDS)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        return f"  {rival:<21} stopped with {type(error).__name__}"
    found = json.loads(answer.read_text(encoding="utf-8"))
    loss = score([tuple(row) for row in found["rows"]], found["counts"], levels)
    return f"  {rival:<21} {found['seconds']:8.2f} s  loss {loss:.4f}  ({sum(found['counts'])} rows released)"


def compare_measures(python: Path, folder: Path) -> str:
    """Return the line on k, l and t of one release, measured by both."""
    release, plan, answer = folder / "asked.parquet", make_plan("local", models=True), folder / "measures.json"
    process(Job(source=ADULT / "adult.csv", plan=plan, output=release, delimiter=";", compare=False))
    seconds = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        found = verify_file(release, plan)
        seconds.append(time.perf_counter() - began)
    table = pq.read_table(release, columns=[*read_levels(), SENSITIVE])
    labels = {name: [str(cell) for cell in table.column(name).to_pylist()] for name in table.column_names}
    (folder / "release.json").write_text(json.dumps(labels), encoding="utf-8")
    command = [python, HERE / "rival_tools.py", "pycanon", folder / "release.json", SENSITIVE, answer]
    subprocess.run(command, check=True, capture_output=True, timeout=MOST_SECONDS)
    theirs = json.loads(answer.read_text(encoding="utf-8"))
    mine = (found.smallest_class, found.diversity[SENSITIVE], found.closeness[SENSITIVE])
    equal = mine[:2] == (theirs["k"], theirs["l"]) and abs(mine[2] - theirs["t"]) < 1e-9
    own = statistics.median(seconds)
    return (
        f"k, l, t of a local release: {mine[0]}, {mine[1]:.0f}, {mine[2]:.9f}; pycanon says {'the same' if equal else 'otherwise'} "
        f"({theirs['k']}, {theirs['l']}, {theirs['t']:.9f}) in {theirs['seconds']:.2f} s, "
        f"the verifier with all its checks in {own:.3f} s: {theirs['seconds'] / own:.0f} x as fast"
    )


if __name__ == "__main__":
    for line in run():
        print(line, flush=True)
