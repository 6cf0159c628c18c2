"""Risk of the known optimum on Adult: the figures follow from the classes and rows that an independent tool found."""

import json
from pathlib import Path

import pytest

from casework.console import run

pytestmark = pytest.mark.shared_data


@pytest.mark.parametrize("k", [10, 100])
def test_figures_of_the_reference_optimum(shared_data: Path, tmp_path: Path, k: int) -> None:
    # reference.json, global recoding, suppression limit 0.05. k = 10: 196 classes, 1,437 rows suppressed, so that the average is
    # 196 / (30,162 − 1,437) = 0.006823 and the highest 1/10; k = 100: 20 classes, 1,339 suppressed, smallest class 104.
    adult = shared_data / "adult"
    reference = json.loads((adult / "reference.json").read_text(encoding="utf-8"))
    (optimum,) = (o for o in reference["optima"] if o["k"] == k and o["suppression_limit"] == 0.05)
    plan, released = tmp_path / "plan.yaml", tmp_path / "released.parquet"
    limits = ["--k", str(k), "--suppression-limit", "0.05", "--method", "global"]
    assert run(["anonymize", "plan", "--from-hierarchies", str(adult), "--output", str(plan), *limits]) == 0
    given = ["--plan", str(plan), "--delimiter", ";"]
    made = ["--output", str(released), "--report", str(tmp_path / "run.json"), "--no-compare"]
    assert run(["anonymize", "run", "--input", str(adult / "adult.csv"), *given, *made]) == 0
    written = ["--report", str(tmp_path / "risk.json"), "--html", str(tmp_path / "risk.html"), "--no-attacks"]
    assert run(["risk", "assess", "--original", str(adult / "adult.csv"), "--released", str(released), *given, *written]) == 0
    told = json.loads((tmp_path / "risk.json").read_text(encoding="utf-8"))
    figures = {figure["code"]: figure["value"] for figure in told["figures"]}
    persons = 30_162 - optimum["suppressed_rows"]
    assert told["extent"]["unreleased_rows"] == optimum["suppressed_rows"]
    assert figures["classes"] == optimum["classes"]
    assert figures["smallest_class"] == optimum["smallest_class"]
    assert figures["prosecutor_highest"] == pytest.approx(1 / optimum["smallest_class"])
    assert figures["prosecutor_average"] == pytest.approx(optimum["classes"] / persons)
    assert figures["sample_uniques"] == 0.0
