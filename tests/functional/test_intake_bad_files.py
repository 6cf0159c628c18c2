"""Every bad file of the folder is refused with its own finding, in time, within memory, without an output and without a crash."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from casework.console import run
from intake import defects
from sample_data.bad_files import BAD_FILES, LIST_NAME, write_bad_files
from schemas.findings import FindingKind

MOST_SECONDS = 30
MOST_BYTES = 1 << 30
# runs every file through both commands in a process of its own, whose memory is nobody else's
TRIAL = """
import contextlib, io, json, resource, sys, time
from pathlib import Path
from casework.console import run
from sample_data.bad_files import BAD_FILES

def attempt(arguments):
    began, errors = time.monotonic(), io.StringIO()
    with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(io.StringIO()):
        code = run(arguments)
    return [code, errors.getvalue(), time.monotonic() - began]

folder, out = Path(sys.argv[1]), Path(sys.argv[2])
told = {}
for bad in BAD_FILES:
    how = [str(folder / f"{bad.name}{bad.suffix}"), "--table", bad.table, "--as-of", "2025-04-01"]
    how += ["--layout", bad.layout] if bad.layout else []
    outputs = [part for name in ("output", "report", "quarantine") for part in (f"--{name}", str(out / name))]
    told[bad.name] = [attempt(["intake", "check", *how]), attempt(["intake", "convert", *how, *outputs])]
    told[bad.name].append(sorted(path.name for path in (*out.iterdir(), *folder.glob(".sakusei*"))))
# of the process itself by its own status: the usage of resources also counts what the process held that started it
(high,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
peaks = [int(high.split()[1]) * 1024, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024]
print(json.dumps({"told": told, "peaks": peaks}))
"""


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    folder, out = tmp_path_factory.mktemp("bad"), tmp_path_factory.mktemp("out")
    write_bad_files(folder)
    child = subprocess.run([sys.executable, "-c", TRIAL, folder, out], capture_output=True, text=True, timeout=600, check=False)
    assert child.returncode == 0, child.stderr[-2000:]
    return json.loads(child.stdout)


def to_pattern(bad):
    """Return what must stand in the refusal: the words of the finding behind its column, or the words themselves."""
    kinds = {kind.code: kind for kind in (*vars(defects).values(), *defects.ROW_KINDS) if isinstance(kind, FindingKind)}
    if bad.finding not in kinds:
        return re.escape(bad.finding)
    words = re.sub(r"\\\{[a-z_]+\\\}", ".+", re.escape(kinds[bad.finding].template))
    return (re.escape(f"[{bad.column}] ") if bad.column else "") + words


def test_there_are_at_least_sixty_and_each_has_a_finding_of_its_own():
    assert len(BAD_FILES) >= 60
    assert len({bad.name for bad in BAD_FILES}) == len(BAD_FILES)
    told = [(bad.finding, bad.column) for bad in BAD_FILES]
    assert sorted({pair for pair in told if told.count(pair) > 1}, key=str) == []


@pytest.mark.parametrize("bad", BAD_FILES, ids=[bad.name for bad in BAD_FILES])
def test_a_bad_file_is_refused_with_its_own_finding(trial, bad):
    checked, converted, left = trial["told"][bad.name]
    for code, errors, seconds in (checked, converted):
        assert code == 12, errors
        assert errors.startswith("error: ")
        assert "hint: " in errors
        assert "Traceback" not in errors
        assert re.search(to_pattern(bad), errors), errors
        assert seconds < MOST_SECONDS
    assert left == []


def test_neither_the_command_nor_its_children_pass_a_gibibyte(trial):
    assert max(trial["peaks"]) < MOST_BYTES


def test_the_command_writes_the_folder_and_the_list(tmp_path, capsys):
    assert run(["sample", "defects", "--output", str(tmp_path / "bad")]) == 0
    assert f"{len(BAD_FILES)} files" in capsys.readouterr().out
    told = json.loads((tmp_path / "bad" / LIST_NAME).read_text(encoding="utf-8"))["files"]
    assert {entry["file"] for entry in told} == {path.name for path in (tmp_path / "bad").iterdir()} - {LIST_NAME}
    assert all(Path(tmp_path / "bad" / entry["file"]).is_file() for entry in told)
