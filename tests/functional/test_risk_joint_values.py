"""Releases that are each diverse and close, and no longer so where their classes meet: refused by counts alone, from what is sealed."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anonymize.method_file import KEY
from anonymize.risk.sealed import read_sealed
from casework.console import run
from schemas.messages import Name

# Twenty persons in each cell of x and y; care is "s" where x = y, else "t". A release by x alone, or by y alone, has classes of forty with
# twenty of each value. The four joint classes have twenty persons of one value: distinct 1, and half the distribution away from the whole.
PLAN = """plan: NAME
privacy: {k: 10MODELS}
method: global
columns:
  x: {role: quasi_identifier, hierarchy: {levels: 1}, min_level: X, clause: 5}
  y: {role: quasi_identifier, hierarchy: {levels: 1}, min_level: Y, clause: 5}
  care: {role: sensitive, treatment: TREATMENT, clause: 5}
"""
L, T = ", l_diversity: {care: {kind: distinct, l: 2}}", ", t_closeness: {care: 0.3}"
ENTROPY = ", l_diversity: {care: {kind: entropy, l: 1.5}}"
KEPT, RECODED = "keep", "{recode: {values: {s: CANARYone}, other: CANARYtwo}}"
CELL = 20


def make(folder: Path, name: str, *, by: str, models: str = "", treatment: str = KEPT, columns: str = "xy") -> None:
    """Process the file by one of its columns."""
    text = PLAN.replace("NAME", name).replace("MODELS", models).replace("TREATMENT", treatment)
    text = text.replace("min_level: X", f"min_level: {int(by != 'x')}").replace("min_level: Y", f"min_level: {int(by != 'y')}")
    for column in set("xy") - set(columns):
        text = "\n".join(
            f"  {column}: {{role: attribute, treatment: drop, clause: 4}}" if line.startswith(f"  {column}:") else line
            for line in text.split("\n")
        )
    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    files = {"--input": "in", "--output": name, "--method-info": f"{name}-method"}
    words = [word for option, file in files.items() for word in (option, str(folder / f"{file}.parquet"))]
    assert run(["anonymize", "run", *words, "--plan", str(folder / f"{name}.yaml"), "--report", str(folder / f"{name}.json")]) == 0


@pytest.fixture
def files(tmp_path: Path) -> Path:
    cells = [(x, y, "s" if x == y else "t") for x in ("0", "1") for y in ("0", "1") for _ in range(CELL)]
    pq.write_table(pa.table(dict(zip(("x", "y", "care"), map(list, zip(*cells, strict=True)), strict=True))), tmp_path / "in.parquet")
    return tmp_path


def assess(folder: Path, name: str, *others: str) -> tuple[int, dict[str, Any], set[str]]:
    words = [word for other in others for word in ("--other-method", str(folder / f"{other}-method.parquet"))]
    code = run(
        [
            "risk", "assess", "--original", str(folder / "in.parquet"), "--released", str(folder / f"{name}.parquet"), "--gate",
            "--no-attacks", "--plan", str(folder / f"{name}.yaml"), "--report", str(folder / "r.json"), "--html", str(folder / "r.html"),
            "--method-info", str(folder / f"{name}-method.parquet"), *words,
        ]
    )  # fmt: skip
    report = json.loads((folder / "r.json").read_text(encoding="utf-8"))
    return code, report, {reason["code"] for reason in report["verdict"]["reasons"]}


@pytest.mark.parametrize(
    ("models", "codes"),
    [
        ("", {"joint-homogeneous"}),
        (L, {"joint-homogeneous", "joint-below-l"}),
        (ENTROPY, {"joint-homogeneous", "joint-below-l"}),
        (T, {"joint-homogeneous", "joint-above-t"}),
    ],
)
def test_classes_that_meet_in_one_value_are_refused(files: Path, models: str, codes: set[str], capsys: pytest.CaptureFixture[str]) -> None:
    make(files, "a", by="x", models=models)
    make(files, "b", by="y", models=models)
    assert assess(files, "b")[2] == set()
    capsys.readouterr()
    code, report, found = assess(files, "b", "a")
    assert (code, found) == (15, codes)
    told = capsys.readouterr().err
    assert "fewer than 10" in told
    figures = {figure["code"]: figure["value"] for figure in report["figures"]}
    assert (figures["joint_smallest"], figures["joint_diversity"], figures["diversity"]) == (CELL, 1, 2)
    # What is suggested passes: the plan that is out, again, or nothing told at all.
    assert "a-method.parquet" in {suggestion["like"] for suggestion in report["beside"]["suggestions"]}
    for suggestion in report["beside"]["suggestions"]:
        assert suggestion["levels"].keys() <= {"x", "y"}
    assert assess(files, "a", "a")[2] == set()


def test_a_promise_of_the_release_that_is_out_is_not_taken_back(files: Path) -> None:
    make(files, "a", by="x", models=T)
    make(files, "b", by="y")
    assert assess(files, "b", "a")[2] == {"joint-homogeneous", "joint-above-t"}


def test_released_values_count_not_those_that_came_in(files: Path) -> None:
    # Both values become one in the second release only: by itself it is homogeneous, and so are the joint classes of its values.
    make(files, "a", by="x", treatment=RECODED, models=L)
    make(files, "b", by="y", treatment=RECODED, models=L)
    code, report, found = assess(files, "b", "a")
    assert (code, found) == (15, {"joint-homogeneous", "joint-below-l"})
    assert "CANARY" not in json.dumps(report)
    assert b"CANARY" not in (files / "b-method.parquet").read_bytes()


def test_other_columns_are_counted_from_the_input_or_are_not_comparable(files: Path) -> None:
    make(files, "a", by="x", columns="x", models=L)
    make(files, "b", by="y", columns="y", models=L)
    # Without the input of the other release (none is at hand for a plain file) nothing is known of its classes over y.
    assert assess(files, "b", "a")[2] >= {"joint-homogeneous", "joint-below-l"}
    make(files, "c", by="x", columns="x", models=L, treatment=RECODED)
    make(files, "d", by="y", columns="y", models=L, treatment=RECODED)
    assert assess(files, "d", "c")[2] == {"other-not-comparable"}


def test_entries_of_earlier_versions_stay_readable(files: Path) -> None:
    make(files, "a", by="x")
    make(files, "b", by="y", models=L)
    table = pq.read_table(files / "a-method.parquet")
    facts = json.loads(table.schema.metadata[KEY])
    for name in ("secrets", "privacy"):
        del facts[name]
    old = table.drop_columns([name for name in table.column_names if "care" in name]).replace_schema_metadata({KEY: json.dumps(facts)})
    pq.write_table(old, files / "a-method.parquet")
    assert read_sealed(files / "a-method.parquet", Name("a")).secrets == ()
    # The values of the release that is assessed are enough to see it.
    assert assess(files, "b", "a")[2] == {"joint-homogeneous", "joint-below-l"}
