"""`sakusei risk assess --other-method`: two releases of plain files, without an office."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from casework.console import run

PLAN = """plan: NAME
privacy: {k: 10}
method: global
columns:
  age: {role: quasi_identifier, hierarchy: {intervals: [BANDS]}, min_level: 1, clause: 5}
  sex: {role: quasi_identifier, hierarchy: {levels: 1}, clause: 5}
  care: {role: sensitive, treatment: keep, clause: 5}
"""
PERSONS = 2500


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Input, the same without 1 % of the persons, and three releases with their method information."""
    folder = tmp_path_factory.mktemp("files")
    rng = np.random.default_rng(8)
    people = pa.table(
        {
            "age": rng.integers(0, 100, PERSONS),
            "sex": rng.choice(["CANARYm", "CANARYf"], PERSONS),
            "care": rng.choice(["CANARY1", "CANARY2", "CANARY3"], PERSONS),
        }
    )
    pq.write_table(people, folder / "now.parquet")
    pq.write_table(people.filter(pa.array(rng.random(PERSONS) >= 0.01)), folder / "later.parquet")
    for name, source, bands in (("a", "now", "5, 10, 50"), ("b", "now", "7, 14, 28"), ("c", "later", "5, 10, 50")):
        (folder / f"{name}.yaml").write_text(PLAN.replace("BANDS", bands).replace("NAME", name), encoding="utf-8")
        words = ["--input", f"{source}.parquet", "--plan", f"{name}.yaml", "--output", f"{name}.parquet", "--report", f"{name}.json"]
        paths = [word if word.startswith("--") else str(folder / word) for word in [*words, "--method-info", f"{name}-method.parquet"]]
        assert run(["anonymize", "run", *paths]) == 0
    return folder


def assess(files: Path, folder: Path, name: str, source: str, *words: str, method: str | None = "") -> int:
    """Assess release `name` beside release `a`."""
    info = [] if method is None else ["--method-info", str(files / f"{method or name}-method.parquet")]
    return run(
        [
            "risk", "assess", "--original", str(files / f"{source}.parquet"), "--released", str(files / f"{name}.parquet"),
            "--plan", str(files / f"{name}.yaml"), "--report", str(folder / "r.json"), "--html", str(folder / "r.html"),
            "--no-attacks", *info, *words,
        ]
    )  # fmt: skip


def beside(files: Path, *, written: bool = True) -> list[str]:
    return ["--other-method", str(files / "a-method.parquet"), *(["--other-released", str(files / "a.parquet")] if written else [])]


def read(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "r.json").read_text(encoding="utf-8"))
    return found


def test_shifted_bands_are_refused_and_the_answer_says_what_passes(files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert assess(files, tmp_path, "b", "now", "--gate", *beside(files)) == 15
    told = capsys.readouterr()
    assert "joint classes" in told.err
    assert "hint:" in told.err
    report, page = read(tmp_path), (tmp_path / "r.html").read_text(encoding="utf-8")
    assert [reason["code"] for reason in report["verdict"]["reasons"]] == ["joint-below-k"]
    assert {suggestion["like"] for suggestion in report["beside"]["suggestions"]} == {None, "a-method.parquet"}
    assert "基準を満たす" in page
    assert "10.1145/1401890.1401926" in page
    assert "CANARY" not in told.out + told.err + page + json.dumps(report)
    smallest = next(figure["value"] for figure in report["figures"] if figure["code"] == "joint_smallest")
    assert 0 < smallest < 10
    (line,) = (line for line in page.splitlines() if "組を共にする最も少ない人数" in line)
    assert "10未満" in line
    assert f">{smallest:.0f}<" not in line


def test_without_the_gate_the_answer_is_told_with_what_passes(files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert assess(files, tmp_path, "b", "now", "--lang", "en", *beside(files)) == 0
    told = capsys.readouterr().out
    assert "nearest release that passes: the global method at these levels" in told
    assert "age: level" in told


def test_the_same_release_beside_itself_passes(files: Path, tmp_path: Path) -> None:
    assert assess(files, tmp_path, "a", "now", "--gate", *beside(files)) == 0
    report = read(tmp_path)
    figures = {figure["code"]: figure["value"] for figure in report["figures"]}
    assert figures["joint_smallest"] == figures["smallest_class"]
    assert report["beside"]["suggestions"] == []


@pytest.mark.parametrize(("written", "codes"), [(True, ["difference-small", "difference-values"]), (False, ["difference-small"])])
def test_those_who_left_are_told_by_size_and_by_value(files: Path, tmp_path: Path, written: bool, codes: list[str]) -> None:
    assert assess(files, tmp_path, "c", "later", "--gate", *beside(files, written=written)) == 15
    report = read(tmp_path)
    assert [reason["code"] for reason in report["verdict"]["reasons"]] == codes
    now, later = (pq.read_table(files / f"{name}.parquet").to_pandas() for name in ("now", "later"))
    gone = now.groupby([now["age"] // 5, "sex"]).size() - later.groupby([later["age"] // 5, "sex"]).size()
    assert gone.min() >= 0
    figures = {figure["code"]: figure["value"] for figure in report["figures"]}
    assert figures["difference_smallest"] == gone[gone > 0].min()
    assert figures["difference_below_k"] == pytest.approx((gone.between(1, 9)).mean())


@pytest.mark.parametrize(
    ("words", "method", "code"),
    [
        (["--other-method", "a-method.parquet"], None, 10),
        (["--other-released", "a.parquet"], "", 10),
        (["--other-method", "a-method.parquet", "--other-released", "a.parquet", "--other-released", "a.parquet"], "", 10),
        (["--other-method", "a-method.parquet"], "a", 16),
    ],
)
def test_what_does_not_belong_together_is_refused_without_reports(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], method: str | None, code: int
) -> None:
    paths = [word if word.startswith("--") else str(files / word) for word in words]
    assert assess(files, tmp_path, "b", "now", *paths, method=method) == code
    told = capsys.readouterr().err
    assert "error:" in told
    assert "hint:" in told
    assert list(tmp_path.iterdir()) == []


def test_another_file_is_no_method_information_and_is_not_compared(files: Path, tmp_path: Path) -> None:
    assert assess(files, tmp_path, "b", "now", "--gate", "--other-method", str(files / "a.parquet")) == 15
    report = read(tmp_path)
    assert [reason["code"] for reason in report["verdict"]["reasons"]] == ["other-not-comparable"]
    assert report["beside"]["failed"] == ["a.parquet"]
