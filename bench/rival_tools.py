"""The other tools, run in their own environment, each by its documented call.

`anjana ADULT K ANSWER` and `anonypy ADULT K ANSWER` write seconds, released values and the rows of each; `pycanon RELEASE SENSITIVE ANSWER`
writes seconds, k, l and t. Reading and writing files is outside the seconds.
"""

import csv
import json
import sys
import time
from pathlib import Path

import pandas as pd

SENSITIVE = "salary-class"


def read_adult(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "adult.csv", sep=";", dtype=str)


def read_hierarchy(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as source:
        return list(csv.reader(source, delimiter=";"))


def run_anjana(folder: Path, k: int) -> dict[str, object]:
    from anjana.anonymity import k_anonymity

    frame = read_adult(folder)
    quasi = [name for name in frame.columns if name != SENSITIVE]
    hierarchies = {}
    for name in quasi:
        lines = read_hierarchy(folder / f"adult_hierarchy_{name}.csv")
        hierarchies[name] = {level: [line[level] for line in lines] for level in range(len(lines[0]))}
    began = time.perf_counter()
    found = k_anonymity(frame, [], quasi, k, 0, hierarchies)
    seconds = time.perf_counter() - began
    rows = found[quasi].astype(str).values.tolist()
    return {"seconds": seconds, "rows": rows, "counts": [1] * len(rows)}


def run_anonypy(folder: Path, k: int) -> dict[str, object]:
    from anonypy import Preserver

    frame = read_adult(folder)
    quasi = [name for name in frame.columns if name != SENSITIVE]
    frame["age"] = frame["age"].astype(int)
    for name in frame.columns:
        if name != "age":
            frame[name] = frame[name].astype("category")
    began = time.perf_counter()
    found = Preserver(frame, quasi, SENSITIVE).anonymize_k_anonymity(k=k)
    seconds = time.perf_counter() - began
    cells = [[read_cell(row[name]) for name in quasi] for row in found]
    return {"seconds": seconds, "rows": cells, "counts": [int(row["count"]) for row in found]}


def read_cell(cell: object) -> str:
    return str(cell[0]) if isinstance(cell, list) else str(cell)


def run_pycanon(release: Path, sensitive: str) -> dict[str, object]:
    from pycanon import anonymity

    frame = pd.DataFrame(json.loads(release.read_text(encoding="utf-8")))
    quasi = [name for name in frame.columns if name != sensitive]
    began = time.perf_counter()
    k = anonymity.k_anonymity(frame, quasi)
    distinct = anonymity.l_diversity(frame, quasi, [sensitive])
    t = anonymity.t_closeness(frame, quasi, [sensitive])
    return {"seconds": time.perf_counter() - began, "k": int(k), "l": int(distinct), "t": float(t)}


def main(tool: str, source: str, setting: str, answer: str) -> None:
    """Run one tool and write its answer."""
    if tool == "pycanon":
        found = run_pycanon(Path(source), setting)
    else:
        found = {"anjana": run_anjana, "anonypy": run_anonypy}[tool](Path(source), int(setting))
    Path(answer).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
