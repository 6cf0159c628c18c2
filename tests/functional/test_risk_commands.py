"""`sakusei risk assess` as a person runs it, on plain files."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq
import pytest

from casework.console import run

PLAN = """
plan: synthetic-v1
privacy: {k: 10}
method: global
columns:
  name: {role: direct_identifier, treatment: drop, clause: 1}
  age:  {role: quasi_identifier, hierarchy: {intervals: [5, 10, 20]}, type: integer, clause: 5}
  sex:  {role: quasi_identifier, hierarchy: {levels: 1}, clause: 5}
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    rng = np.random.default_rng(4)
    table = pa.table(
        {
            "name": [f"CANARY-{i}" for i in range(1200)],
            "age": rng.integers(20, 90, 1200),
            "sex": rng.choice(["CANARYm", "CANARYf"], 1200),
        }
    )
    pc_csv.write_csv(table, folder / "original.csv", pc_csv.WriteOptions(delimiter=";", quoting_style="none"))
    (folder / "plan.yaml").write_text(PLAN, encoding="utf-8")
    arguments = ["anonymize", "run", "--input", str(folder / "original.csv"), "--delimiter", ";", "--plan", str(folder / "plan.yaml")]
    assert run([*arguments, "--output", str(folder / "released.parquet"), "--report", str(folder / "run.json"), "--seed", "1"]) == 0
    return folder


def command(files: Path, output: Path, *more: str) -> list[str]:
    given = {"--original": files / "original.csv", "--released": files / "released.parquet", "--plan": files / "plan.yaml"}
    made = {"--report": output / "risk.json", "--html": output / "risk.html"}
    return ["risk", "assess", *(str(part) for pair in {**given, **made}.items() for part in pair), "--delimiter", ";", *more]


def test_both_reports_are_written(files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*command(files, tmp_path, "--attacks", "60", "--sample", "300"), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    written = json.loads((tmp_path / "risk.json").read_text(encoding="utf-8"))
    assert written["verdict"] == shown["verdict"]
    by_file, by_half = {"linkage", "downcoding", "storage"}, {"singling_out", "linkability", "neighbours", "membership"}
    assert {attack["code"] for attack in written["attacks"]} == by_file | by_half
    codes = {figure["code"]: figure["value"] for figure in written["figures"]}
    assert codes["smallest_class"] >= 10
    assert codes["prosecutor_highest"] == pytest.approx(1 / codes["smallest_class"])
    assert "inference was not tried: nothing sensitive is released" in written["notes"]
    page = (tmp_path / "risk.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["risk.html", "risk.json"]


def test_no_value_is_shown_anywhere(files: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(command(files, tmp_path, "--no-attacks")) == 0
    told = capfd.readouterr()
    everything = told.out + told.err + "".join(path.read_text(encoding="utf-8") for path in tmp_path.iterdir())
    assert "CANARY" not in everything


def test_population_table_gives_journalist_figures(files: Path, tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    rows = [f"{age},{sex},25" for age in range(20, 90) for sex in ("CANARYm", "CANARYf")]
    people.write_text("age,sex,persons\n" + "\n".join(rows) + "\n", encoding="utf-8")
    output = tmp_path / "out"
    output.mkdir()
    assert run(command(files, output, "--no-attacks", "--population", str(people))) == 0
    figures = {figure["code"]: figure["value"] for figure in json.loads((output / "risk.json").read_text(encoding="utf-8"))["figures"]}
    assert figures["k_map"] >= 25
    assert figures["journalist_highest"] == pytest.approx(1 / figures["k_map"])
    assert figures["journalist_highest"] < figures["prosecutor_highest"]
    assert "CANARY" not in (output / "risk.html").read_text(encoding="utf-8")


def test_gate_exits_15_with_reasons_and_keeps_the_reports(files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = pq.read_table(files / "released.parquet")
    broken = tmp_path / "broken.parquet"
    pq.write_table(table.slice(0, table.num_rows - 5), broken)
    arguments = command(files, tmp_path, "--no-attacks", "--gate", "--context", "public")
    arguments[arguments.index("--released") + 1] = str(broken)
    assert run(arguments) in {0, 15}
    table = pq.read_table(files / "released.parquet")
    pq.write_table(table.slice(0, 1), broken)
    assert run(arguments) == 15
    told = capsys.readouterr().err
    assert "error:" in told
    assert "hint:" in told
    assert "fewer than 11 persons" in told
    verdict = json.loads((tmp_path / "risk.json").read_text(encoding="utf-8"))["verdict"]
    assert verdict["release"] is False
    assert "below-k" in {reason["code"] for reason in verdict["reasons"]}


def defect(name: str, files: Path, folder: Path) -> list[str]:
    arguments = command(files, folder / "out", "--no-attacks")
    if name == "not-parquet":
        arguments[arguments.index("--released") + 1] = str(files / "original.csv")
    if name == "no-metadata":
        pq.write_table(pa.table({"age": ["20"]}), folder / "bare.parquet")
        arguments[arguments.index("--released") + 1] = str(folder / "bare.parquet")
    if name == "other-plan":
        other = folder / "other.yaml"
        other.write_text(PLAN.replace("k: 10", "k: 11"), encoding="utf-8")
        arguments[arguments.index("--plan") + 1] = str(other)
    if name == "no-original":
        arguments[arguments.index("--original") + 1] = str(folder / "nothing.csv")
    if name == "unknown-regime":
        arguments += ["--regime", "nothing-1900"]
    if name == "output-is-input":
        arguments[arguments.index("--report") + 1] = str(files / "original.csv")
    return arguments


@pytest.mark.parametrize(
    ("name", "code"),
    [("not-parquet", 12), ("no-metadata", 12), ("other-plan", 16), ("no-original", 12), ("unknown-regime", 10), ("output-is-input", None)],
)
def test_failure_names_cause_and_hint_and_leaves_nothing(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, code: int | None
) -> None:
    (tmp_path / "out").mkdir()
    before = (files / "original.csv").read_bytes()
    found = run(defect(name, files, tmp_path))
    assert found == code if code is not None else found != 0
    told = capsys.readouterr().err
    assert "error:" in told
    assert "hint:" in told
    assert "CANARY" not in told
    assert list((tmp_path / "out").iterdir()) == []
    assert (files / "original.csv").read_bytes() == before


def test_one_process_from_the_shell(files: Path, tmp_path: Path) -> None:
    program = [sys.executable, "-m", "casework.console"] if False else [str(Path(sys.executable).with_name("sakusei"))]
    done: Any = subprocess.run(
        [*program, *command(files, tmp_path, "--no-attacks")], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "smallest class (k)" in done.stdout or "最小の組" in done.stdout


def figures_of(output: Path) -> dict[str, Any]:
    return {figure["code"]: figure for figure in json.loads((output / "risk.json").read_text(encoding="utf-8"))["figures"]}


def test_population_size_gives_estimates_and_the_k_of_small_municipalities(files: Path, tmp_path: Path) -> None:
    # 1,200 rows by age and sex, 140 combinations: hardly anybody is alone before processing, nobody after; a population of 20,000 is small.
    assert run(command(files, tmp_path, "--no-attacks", "--population-size", "20000")) == 0
    told, figures = json.loads((tmp_path / "risk.json").read_text(encoding="utf-8")), figures_of(tmp_path)
    assert told["thresholds"]["k"] == 20
    assert figures["population_uniques"]["value"] == 0
    assert 0 <= figures["original_population_uniques"]["interval"][0] <= figures["original_population_uniques"]["interval"][1] <= 1
    assert figures["membership"]["details"]["sampling_fraction"] == pytest.approx(told["extent"]["persons_out"] / 20_000)
    assert "20,000 people" in figures["original_population_uniques"]["assumption"] + figures["original_population_uniques"]["population"]
    assert not [note for note in told["notes"] if note.startswith("population uniques")]


def test_special_uniques_before_processing_are_told_and_gone_after(files: Path, tmp_path: Path) -> None:
    assert run(command(files, tmp_path, "--no-attacks")) == 0
    figures = figures_of(tmp_path)
    table = pc_csv.read_csv(files / "original.csv", parse_options=pc_csv.ParseOptions(delimiter=";"))
    sizes = table.group_by(["age", "sex"]).aggregate([("name", "count")]).column("name_count").to_pylist()
    # Ages are shared by some 17 persons each, so that nobody is alone by one column.
    assert figures["original_special_uniques_1"]["value"] == 0
    assert figures["original_special_uniques_2"]["value"] == pytest.approx(sizes.count(1) / 1200)
    assert figures["special_uniques_2"]["value"] == 0
    assert "subgroup_average" in figures
    notes = json.loads((tmp_path / "risk.json").read_text(encoding="utf-8"))["notes"]
    assert "population uniques were not estimated: neither a population table nor the number of people was given" in notes


def test_the_population_of_a_plan_needs_no_option(tmp_path: Path) -> None:
    rows = [f"{20 + i % 60};{'mf'[i % 2]};n{i}" for i in range(1200)]
    (tmp_path / "original.csv").write_text("age;sex;name\n" + "\n".join(rows) + "\n", encoding="utf-8")
    people = [f"{age},{sex},400" for age in range(20, 80) for sex in "mf"]
    (tmp_path / "people.csv").write_text("age,sex,persons\n" + "\n".join(people) + "\n", encoding="utf-8")
    models = "{k: 10, population: {file: people.csv, k_map: 50}}"
    (tmp_path / "plan.yaml").write_text(PLAN.replace("{k: 10}", models), encoding="utf-8")
    given = ["--plan", str(tmp_path / "plan.yaml"), "--delimiter", ";"]
    made = ["--output", str(tmp_path / "released.parquet"), "--report", str(tmp_path / "run.json")]
    assert run(["anonymize", "run", "--input", str(tmp_path / "original.csv"), *given, *made]) == 0
    output = tmp_path / "out"
    output.mkdir()
    assert run(command(tmp_path, output, "--no-attacks")) == 0
    figures, verified = figures_of(output), json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))["verified"]
    assert figures["k_map"]["value"] == verified["population"]["k_map"] >= 50
    assert figures["membership"]["details"]["sampling_fraction"] == pytest.approx(1200 / 48_000)
