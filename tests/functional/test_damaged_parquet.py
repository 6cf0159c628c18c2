"""Damaged Parquet at every place where one is read: a clean refusal or a sound answer, never a crash, and no output after a refusal."""

import json
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from casework.console import run

PLAN = """
plan: synthetic-v1
privacy: {k: 5}
columns:
  age: {role: quasi_identifier, hierarchy: {intervals: [5, 10, 20]}, type: integer, clause: 5}
  sex: {role: quasi_identifier, hierarchy: {levels: 1}, clause: 5}
"""
DAMAGES = 40
# In a process of its own: a crash of a parser would take the tests along.
CHILD = """
import contextlib, io, json, sys
from pathlib import Path
import numpy as np
from casework.console import run

folder, which, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
sound = (folder / f"{which}.parquet").read_bytes()
told = []
for number in range(count):
    rng = np.random.default_rng(number)
    broken = bytearray(sound)
    if number % 3 == 2:
        broken = broken[: rng.integers(0, len(broken))]
    else:
        # half of the damage lies in the footer, where lengths and levels are
        start = len(broken) - 600 if number % 2 else 0
        for place in rng.integers(start, len(broken), rng.integers(1, 8)):
            broken[place] = rng.integers(256)
    (folder / "broken.parquet").write_bytes(broken)
    plan, errors = str(folder / "plan.yaml"), io.StringIO()
    if which == "in":
        words = ["anonymize", "run", "--input", str(folder / "broken.parquet"), "--plan", plan, "--output", str(folder / "out.parquet")]
        words += ["--report", str(folder / "report.json")]
    else:
        words = ["anonymize", "verify", "--input", str(folder / "broken.parquet"), "--plan", plan]
    with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(io.StringIO()):
        code = run(words)
    left = [path for path in (folder / "out.parquet", folder / "report.json") if path.exists()]
    told.append([code, errors.getvalue(), len(left)])
    for path in left:
        path.unlink()
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("damaged")
    rng = np.random.default_rng(1)
    pq.write_table(pa.table({"age": rng.integers(20, 80, 300), "sex": rng.choice(["CANARYm", "CANARYf"], 300)}), folder / "in.parquet")
    (folder / "plan.yaml").write_text(PLAN, encoding="utf-8")
    arguments = ["anonymize", "run", "--input", str(folder / "in.parquet"), "--plan", str(folder / "plan.yaml"), "--seed", "1"]
    assert run([*arguments, "--output", str(folder / "released.parquet"), "--report", str(folder / "made.json")]) == 0
    return folder


@pytest.mark.parametrize("which", ["in", "released"])
def test_damaged_files_are_refused_cleanly(place, which):
    words = [sys.executable, "-c", CHILD, str(place), which, str(DAMAGES)]
    child = subprocess.run(words, capture_output=True, text=True, timeout=200, check=False)
    assert child.returncode == 0, child.stderr[-2000:]
    told = json.loads(child.stdout)
    assert len(told) == DAMAGES
    refused = [(code, errors) for code, errors, _ in told if code]
    assert len(refused) > DAMAGES // 2
    for code, errors, left in told:
        assert code in {0, 12, 13, 14, 16, 20}, errors  # 20: the engine could not read it; the hint says so
        assert (left == 0) if code or which == "released" else (left == 2)
        if code:
            assert errors.startswith("error: ")
            assert "hint: " in errors
        assert "Traceback" not in errors
        assert "CANARY" not in errors
