"""The project speaks of itself alone: no path of a machine, no registry host, nothing about how it came to be."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
BINARY = {".png", ".mo", ".parquet", ".xlsx", ".zip", ".age"}
FORBIDDEN = re.compile(
    r"/work/|/tmp/bash|/root/|/opt/pypi|pypi\.org|files\.pythonhosted|registry\.npmjs|deb\.debian\.org"
    r"|\bsubagent|\bAI assistant|\bLLM\b|language model",
    re.IGNORECASE,
)


def tracked():
    done = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True, check=True, cwd=ROOT)
    return [ROOT / name for name in done.stdout.splitlines() if Path(name).suffix not in BINARY]


@pytest.mark.parametrize("path", tracked(), ids=lambda path: str(path.relative_to(ROOT)))
def test_public_wording(path):
    if path == Path(__file__) or not path.is_file():
        return
    found = FORBIDDEN.search(path.read_text(encoding="utf-8", errors="replace"))
    assert found is None, f"{found.group(0)!r} in {path.name}"
