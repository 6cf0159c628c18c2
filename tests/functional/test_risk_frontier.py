"""`sakusei risk frontier`: what each k costs, told before anything is released."""

import json
import re

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from casework.console import run

PLAN = """
plan: frontier-v1
privacy: {k: 5}
suppression_limit: 0.02
method: local
columns:
  age:  {role: quasi_identifier, hierarchy: {intervals: [5, 10, 20]}, type: integer, clause: 5}
  area: {role: quasi_identifier, hierarchy: {prefix: [2, 1]}, clause: 5}
  note: {role: free_text, treatment: drop, clause: 1}
"""


@pytest.fixture
def files(tmp_path):
    rng = np.random.default_rng(2)
    people = pa.table(
        {"age": rng.integers(20, 70, 800), "area": rng.integers(100, 130, 800).astype(str), "note": [f"CANARY{i}" for i in range(800)]}
    )
    pq.write_table(people, tmp_path / "original.parquet")
    (tmp_path / "plan.yaml").write_text(PLAN, encoding="utf-8")
    return tmp_path


def words(folder, *more):
    named = {"original": "original.parquet", "plan": "plan.yaml", "report": "f.json", "html": "f.html"}
    return ["risk", "frontier", *[word for key, name in named.items() for word in (f"--{key}", str(folder / name))], *more]


def test_every_k_and_method_is_told_and_larger_k_cost_more(files, capsys):
    assert run(words(files, "--k", "20,2,5", "--method", "local", "--method", "global")) == 0
    points = json.loads((files / "f.json").read_text())["points"]
    assert [(point["method"], point["k"]) for point in points] == [(m, k) for m in ("local", "global") for k in (2, 5, 20)]
    for method in ("local", "global"):
        losses = [point["loss"] for point in points if point["method"] == method]
        assert losses == sorted(losses)
        assert [point["highest"] <= 1 / point["k"] for point in points] == [True] * len(points)
    assert points[0]["loss"] < points[3]["loss"]
    assert "local" in capsys.readouterr().out


def test_the_figures_are_those_of_a_run(files):
    assert run(words(files, "--k", "7", "--method", "global")) == 0
    (point,) = json.loads((files / "f.json").read_text())["points"]
    plan = files / "seven.yaml"
    plan.write_text(PLAN.replace("k: 5", "k: 7").replace("local", "global"), encoding="utf-8")
    told = ["--input", "original.parquet", "--plan", "seven.yaml", "--output", "o.parquet", "--report", "r.json"]
    assert run(["anonymize", "run", *[str(files / word) if "." in word else word for word in told]]) == 0
    report = json.loads((files / "r.json").read_text())
    assert point["loss"] == pytest.approx(report["loss"])
    assert point["highest"] == pytest.approx(1 / report["smallest_class"])
    assert point["average"] == pytest.approx(report["classes"] / report["persons_out"])
    assert point["suppressed"] == pytest.approx(report["suppressed_rows"] / report["rows_in"])


@pytest.mark.parametrize("method", ["global", "local"])
def test_a_point_holds_the_closeness_that_a_run_holds(files, method):
    rng = np.random.default_rng(6)
    people = pq.read_table(files / "original.parquet").drop_columns(["note"])
    pq.write_table(people.append_column("care", pa.array((rng.random(800) ** 3 * 5).astype(int).astype(str))), files / "original.parquet")
    plan = PLAN.replace("{k: 5}", "{k: 7, t_closeness: {care: 0.25}}").replace("method: local", f"method: {method}")
    plan = plan.replace("  note: {role: free_text, treatment: drop, clause: 1}", "  care: {role: sensitive, treatment: keep, clause: 5}")
    (files / "plan.yaml").write_text(plan, encoding="utf-8")
    assert run(words(files, "--k", "7", "--method", method)) == 0
    (point,) = json.loads((files / "f.json").read_text())["points"]
    told = ["--input", "original.parquet", "--plan", "plan.yaml", "--output", "o.parquet", "--report", "r.json"]
    assert run(["anonymize", "run", *[str(files / word) if "." in word else word for word in told]]) == 0
    assert point["loss"] == pytest.approx(json.loads((files / "r.json").read_text())["loss"])


@pytest.mark.parametrize(("language", "heading"), [("ja", "方式別"), ("en", "Risk and loss")])
def test_the_page_is_self_contained_and_shows_no_value(files, language, heading):
    assert run(words(files, "--k", "２,5", "--method", "local", "--html-lang", language)) == 0
    page = (files / "f.html").read_text(encoding="utf-8")
    assert heading in page
    assert "<svg" in page and "Content-Security-Policy" in page
    assert not re.search(r"CANARY|https?://|<script", page)


def test_narrowed_values_lose_less(files):
    losses = []
    for more in ([], ["--tighten"]):
        assert run(words(files, "--k", "5", "--method", "local", *more)) == 0
        (point,) = json.loads((files / "f.json").read_text())["points"]
        losses.append(point["loss"])
        assert all(0 < kept <= 1 for kept in point["kept_per_column"].values())
    assert losses[1] < losses[0]


def test_values_are_not_narrowed_against_a_population(files, capsys):
    (files / "pop.csv").write_text("area,persons\n100,5000\n", encoding="utf-8")
    plan = PLAN.replace("privacy: {k: 5}", "privacy: {k: 5, population: {file: pop.csv, k_map: 5}}")
    (files / "plan.yaml").write_text(plan, encoding="utf-8")
    assert run(words(files, "--k", "5", "--method", "global", "--tighten")) == 13
    assert "hint:" in capsys.readouterr().err
    assert not (files / "f.json").exists()


def test_a_k_out_of_reach_is_told_and_no_error(files):
    (files / "plan.yaml").write_text(PLAN.replace("type: integer,", "type: integer, max_level: 0,"), encoding="utf-8")
    assert run(words(files, "--k", "2,400", "--method", "global")) == 0
    assert [point["loss"] for point in json.loads((files / "f.json").read_text())["points"]][-1] is None


@pytest.mark.parametrize("ks", ["1", "2,x", "", "2,,5", "-3"])
def test_bad_lists_of_k_are_refused_and_nothing_is_written(files, ks, capsys):
    assert run(words(files, "--k", ks)) == 2
    told = capsys.readouterr().err
    assert "error:" in told and "hint:" in told
    assert not (files / "f.json").exists() and not (files / "f.html").exists()


def test_persons_with_several_rows_are_counted_once(files):
    rng = np.random.default_rng(3)
    rows = pa.table({"who": np.repeat(np.arange(300), 3), "age": rng.integers(20, 70, 900), "area": rng.integers(10, 12, 900).astype(str)})
    pq.write_table(rows, files / "original.parquet")
    plan = PLAN.replace("plan: frontier-v1", "plan: frontier-v1\nunit: who").replace("k: 5", "k: 5, linked: false")
    plan = plan.replace(
        "  note: {role: free_text, treatment: drop, clause: 1}", "  who: {role: linking_code, treatment: fresh_id, clause: 3}"
    )
    (files / "plan.yaml").write_text(plan, encoding="utf-8")
    assert run(words(files, "--k", "5", "--method", "global")) == 0
    (point,) = json.loads((files / "f.json").read_text())["points"]
    told = ["--input", "original.parquet", "--plan", "plan.yaml", "--output", "o.parquet", "--report", "r.json", "--method", "global"]
    assert run(["anonymize", "run", *[str(files / word) if "." in word else word for word in told]]) == 0
    assert point["highest"] == pytest.approx(1 / json.loads((files / "r.json").read_text())["smallest_class"])
