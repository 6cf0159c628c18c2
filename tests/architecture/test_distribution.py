"""Which distribution owns our package names, and what the wheel holds."""

import ast
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("schemas", "casework", "intake", "proposals", "anonymize", "release", "sample_data")


@pytest.mark.parametrize("package", PACKAGES)
def test_our_names_are_ours_alone(package):
    assert set(packages_distributions().get(package, ["sakusei"])) == {"sakusei"}
    found = subprocess.run(
        [sys.executable, "-c", f"import {package}; print({package}.__file__)"], capture_output=True, text=True, check=True, cwd="/"
    )
    assert Path(found.stdout.strip()).is_relative_to(ROOT)


def test_help_pays_for_nothing_heavy():
    heavy = ("pandas", "sklearn", "ibis", "numba", "pyspark", "sqlalchemy")
    code = f"import sys; from casework.console import run; run(['--help']); print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="/")
    assert done.stdout.strip().endswith("[]")


@pytest.mark.parametrize("package", ["intake", "proposals", "release", "anonymize"])
def test_command_rooms_import_heavy_libraries_late(package):
    code = f"import sys; import {package}.cli; print([m for m in ('sklearn','pyspark','anonymeter','numba') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="/")
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "path", sorted(p for package in PACKAGES for p in (ROOT / package).rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT))
)
def test_the_core_takes_no_clock_environment_or_chance_from_the_air(path):
    """Only the console, the office and command rooms look at clock and environment; chance always has a seed."""
    allowed = {"cli.py", "console.py", "clock.py", "office.py", "settings.py", "i18n.py", "keys.py"}
    if path.name in allowed or path.is_relative_to(ROOT / "sample_data"):
        return
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    found = {ast.unparse(call.func) for call in calls}
    assert not found & {"datetime.now", "date.today", "datetime.utcnow", "time.time", "os.getenv", "os.environ.get", "random.random"}
    assert all(call.args for call in calls if ast.unparse(call.func).endswith("default_rng"))
