"""What is suggested beside a refusal passes when it is followed to the letter: same levels, same loss, nothing against it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from casework.console import run

PERSONS = 1500
AGES, SHIFTED = {"intervals": [5, 10, 20, 40]}, {"intervals": [7, 14, 28]}


def make_plan(name: str, ages: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a plan for the file; `more` replaces its items."""
    return {
        "plan": name,
        "privacy": {"k": 10},
        "method": "global",
        "suppression_limit": 0.02,
        "columns": {
            "person": {"role": "linking_code", "treatment": "fresh_id", "clause": 3},
            "age": {"role": "quasi_identifier", "hierarchy": ages, "min_level": 1, "clause": 5},
            "sex": {"role": "quasi_identifier", "hierarchy": {"levels": 1}, "clause": 5},
            "area": {"role": "quasi_identifier", "hierarchy": {"levels": 1}, "clause": 5},
            "care": {"role": "sensitive", "treatment": "keep", "clause": 5},
        },
        "unit": "person",
        **more,
    }


@pytest.fixture(scope="module")
def rows() -> pa.Table:
    """People of whom a third have a second row, elsewhere; care goes with age, so that l-diversity asks for something."""
    rng = np.random.default_rng(21)
    age = rng.integers(0, 80, PERSONS)
    people = {
        "person": [f"p{number}" for number in range(PERSONS)],
        "age": age,
        "sex": rng.choice(["m", "f"], PERSONS),
        "area": rng.choice(["1", "2"], PERSONS),
        "care": np.where(rng.random(PERSONS) < 0.8, age // 20, rng.integers(0, 4, PERSONS)).astype(str),
    }
    table = pa.table(people)
    moved = table.filter(pa.array(rng.random(PERSONS) < 0.3))
    return pa.concat_tables([table, moved.set_column(3, "area", pa.array(["3"] * moved.num_rows))])


def process(folder: Path, plan: dict[str, Any]) -> dict[str, Any]:
    name = plan["plan"]
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(plan, sort_keys=False), encoding="utf-8")
    places = {
        "input": "in.parquet",
        "plan": f"{name}.yaml",
        "output": f"{name}.parquet",
        "report": f"{name}.json",
        "method-info": f"{name}-m",
    }
    assert run(["anonymize", "run", *(word for key, place in places.items() for word in (f"--{key}", str(folder / place)))]) == 0
    report: dict[str, Any] = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return report


def assess(folder: Path, name: str) -> dict[str, Any]:
    """Assess a release beside `first`."""
    places = {
        "original": "in.parquet", "released": f"{name}.parquet", "plan": f"{name}.yaml", "report": "r.json", "html": "r.html",
        "method-info": f"{name}-m", "other-method": "first-m",
    }  # fmt: skip
    words = [word for key, place in places.items() for word in (f"--{key}", str(folder / place))]
    assert run(["risk", "assess", "--no-attacks", *words]) == 0
    report: dict[str, Any] = json.loads((folder / "r.json").read_text(encoding="utf-8"))
    return report


def find_joint(report: dict[str, Any]) -> set[str]:
    """Return the reasons that come from the other release."""
    return {reason["code"] for reason in report["verdict"]["reasons"] if reason["code"].startswith(("joint", "difference", "other"))}


DIVERSE = {"k": 10, "l_diversity": {"care": {"kind": "entropy", "l": 1.6}}}


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"method": "local"},
        {"method": "local", "tighten": True},
        {"privacy": DIVERSE},
        {"privacy": {"k": 10, "t_closeness": {"care": 0.6}}},
        {"privacy": {"k": 10, "linked": "rows"}},
    ],
    ids=["global", "local", "tightened", "diverse", "close", "rows"],
)
def test_a_suggestion_passes_when_it_is_followed(tmp_path: Path, rows: pa.Table, more: dict[str, Any]) -> None:
    pq.write_table(rows, tmp_path / "in.parquet")
    process(tmp_path, make_plan("first", AGES, **({"privacy": more["privacy"]} if "privacy" in more else {})))
    plan = make_plan("second", SHIFTED, **more)
    process(tmp_path, plan)
    refused = assess(tmp_path, "second")
    assert find_joint(refused)
    found = [suggestion for suggestion in refused["beside"]["suggestions"] if suggestion["levels"]]
    assert found
    (suggestion,) = found
    for column, level in suggestion["levels"].items():
        plan["columns"][column] |= {"min_level": level["level"], "max_level": level["level"]}
    written = process(tmp_path, {**plan, "plan": "third", "method": "global"})
    assert find_joint(assess(tmp_path, "third")) == set()
    if "tighten" not in more:
        assert written["loss"] == pytest.approx(suggestion["loss"], abs=1e-6)
