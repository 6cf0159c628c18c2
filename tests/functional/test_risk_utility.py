"""Utility beside risk, through the command line: named analyses, languages, and nothing that small counts could be read from."""

import json
import re

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from casework.console import run

PLAN = """
plan: utility-v1
privacy: {k: 5}
suppression_limit: 0.05
method: METHOD
ANALYSES
columns:
  age:  {role: quasi_identifier, hierarchy: {intervals: [5, 10, 20]}, type: integer, clause: 5}
  area: {role: quasi_identifier, hierarchy: {prefix: [2, 1]}, clause: 5}
  ill:  {role: sensitive, treatment: keep, clause: 5}
  cost: {role: attribute, type: integer, treatment: {round_to: 100}, clause: 4}
"""


@pytest.fixture
def make(tmp_path):
    """Write original and release; the words of `risk assess` out."""

    def write(method="local", analyses="", rows=1500, seed=4):
        rng = np.random.default_rng(seed)
        age = rng.integers(20, 90, rows)
        table = {
            "age": age,
            "area": rng.integers(100, 130, rows).astype(str),
            "ill": np.where(rng.random(rows) < age / 120, "old", "young"),
            "cost": age * 100 + rng.integers(0, 400, rows),
        }
        pq.write_table(pa.table(table), tmp_path / "original.parquet")
        (tmp_path / "plan.yaml").write_text(PLAN.replace("METHOD", method).replace("ANALYSES", analyses), encoding="utf-8")
        paths = {name: str(tmp_path / name) for name in ("original.parquet", "plan.yaml", "o.parquet", "run.json", "r.json", "r.html")}
        plan, released = ["--plan", paths["plan.yaml"]], paths["o.parquet"]
        assert (
            run(["anonymize", "run", "--input", paths["original.parquet"], *plan, "--output", released, "--report", paths["run.json"]]) == 0
        )
        told = ["--report", paths["r.json"], "--html", paths["r.html"], "--sample", "400", "--attacks", "100"]
        return ["risk", "assess", "--original", paths["original.parquet"], "--released", released, *plan, *told]

    return write


def read(folder):
    return json.loads((folder / "r.json").read_text(encoding="utf-8"))["utility"]


@pytest.mark.parametrize("method", ["global", "local", "cells"])
def test_the_loss_is_that_of_the_run(make, tmp_path, method):
    assert run([*make(method), "--no-attacks"]) == 0
    told = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert read(tmp_path)["loss"] == pytest.approx(told["loss"])


def test_a_column_that_is_kept_differs_in_nothing(make, tmp_path):
    assert run([*make("cells"), "--no-attacks"]) == 0
    columns = {column["column"]: column for column in read(tmp_path)["columns"]}
    assert columns["ill"]["kept"] == pytest.approx(1.0, abs=0.01)
    assert columns["ill"]["variation"] < 0.01
    assert 0 < columns["age"]["kept"] < 1
    assert read(tmp_path)["predictions"] == []


def test_what_can_be_learned_is_learned_from_the_release_too(make, tmp_path):
    assert run(make(rows=3000)) == 0
    (found,) = read(tmp_path)["predictions"]
    assert found["column"] == "ill"
    assert found["original"] > found["guessing"]
    assert found["released"] > found["guessing"]


def test_analyses_of_the_plan_are_done_in_its_order(make, tmp_path):
    named = "analyses: [{mean: cost, by: [age]}, {share: ill, by: [age, area]}, {by: [age, area]}, {mean: ill, by: [age]}]"
    assert run([*make(analyses=named), "--no-attacks"]) == 0
    found = read(tmp_path)["analyses"]
    assert [(a["kind"], a["column"], a["by"]) for a in found] == [
        ("mean", "cost", ["age"]),
        ("share", "ill", ["age", "area"]),
        ("count", None, ["age", "area"]),
        ("mean", "ill", ["age"]),
    ]
    assert found[0]["error"] < found[0]["baseline"] / 3  # cost grows with age, and ages stay near
    assert found[3]["error"] is None
    assert any("ill" in note for note in read(tmp_path)["notes"])


@pytest.mark.parametrize(
    ("analyses", "word"),
    [
        ("analyses: [{mean: cost, by: [nobody]}]", "nobody"),
        ("analyses: [{mean: cost, by: [cost]}]", "cost"),
        ("analyses: [{mean: cost, share: ill, by: [age]}]", "analyses"),
        ("analyses: [{mean: cost, by: []}]", "analyses"),
    ],
)
def test_analyses_that_make_no_sense_are_refused_with_the_plan(make, tmp_path, capsys, analyses, word):
    words = make()
    text = (tmp_path / "plan.yaml").read_text(encoding="utf-8")
    (tmp_path / "plan.yaml").write_text(text.replace("columns:", f"{analyses}\ncolumns:", 1), encoding="utf-8")
    assert run([*words, "--no-attacks"]) == 13
    told = capsys.readouterr().err
    assert "error:" in told and "hint:" in told and word in told
    assert not (tmp_path / "r.json").exists()


@pytest.mark.parametrize(
    ("asked", "language"),
    [([], "ja"), (["--lang", "en"], "en"), (["--lang", "en", "--html-lang", "ja"], "ja"), (["--html-lang", "en"], "en")],
)
def test_the_language_of_the_report(make, tmp_path, asked, language):
    assert run([*make(), "--no-attacks", *asked]) == 0
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert f'<html lang="{language}"' in page
    assert ("加工後のデータの有用性" in page) == (language == "ja")


def test_the_person_of_the_story_does_not_depend_on_the_file(make, tmp_path):
    people = []
    for seed in (4, 9):
        assert run([*make("global", seed=seed), "--no-attacks"]) == 0
        page = (tmp_path / "r.html").read_text(encoding="utf-8")
        people.append(re.search(r'<table class="data known">.*?</table>', page, re.DOTALL)[0])
        assert "架空" in page
    known = [re.findall(r"</th><td[^>]*>(.*?)</td>", table) for table in people]
    assert known[0] == known[1] != []


def test_levels_are_told_by_their_titles_in_japanese(make, tmp_path):
    words = [*make("global"), "--no-attacks"]
    seen = []
    for language in ("ja", "en"):
        assert run([*words, "--html-lang", language]) == 0
        seen.append(
            re.findall(r'<span class="aside">[^<]*(?:levels:|水準：)[^<]*</span>', (tmp_path / "r.html").read_text(encoding="utf-8"))
        )
    assert seen[0] and seen[1]
    assert not re.search(r"width_|all|value", "".join(seen[0]))
