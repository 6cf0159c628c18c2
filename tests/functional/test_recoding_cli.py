"""Narrowing, blank cells and an earlier recoding as a person uses them: plans, commands, texts, exit codes."""

import csv
import json
import random

import pyarrow.parquet as pq
import pytest
import yaml

from casework.console import run

COLUMNS = {
    "age": {"role": "quasi_identifier", "hierarchy": {"intervals": [5, 10, 20], "unit": "歳"}, "clause": 5, "type": "integer"},
    "area": {"role": "quasi_identifier", "hierarchy": "areas.csv", "clause": 5},
    "sex": {"role": "quasi_identifier", "hierarchy": {"levels": 1}, "clause": 5},
    "name": {"role": "direct_identifier", "treatment": "drop", "clause": 1},
}
AREAS = "a;north;*\nb;north;*\nc;south;*\nd;south;*\n"


def write_people(path, people, seed):
    draw = random.Random(seed)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["age", "area", "sex", "name"])
        writer.writerows([draw.randint(20, 79), draw.choice("abcd"), draw.choice("mf"), f"CANARY{n}"] for n in range(people))


def write_plan(folder, **more):
    plan = {"plan": "again-v1", "privacy": {"k": 4}, "method": "local", "columns": COLUMNS} | more
    (folder / "plan.yaml").write_text(yaml.safe_dump(plan, sort_keys=False, allow_unicode=True), encoding="utf-8")


@pytest.fixture
def place(tmp_path):
    (tmp_path / "areas.csv").write_text(AREAS, encoding="utf-8")
    write_people(tmp_path / "first.csv", 120, 1)
    write_people(tmp_path / "second.csv", 120, 2)
    write_plan(tmp_path)
    return tmp_path


def process(place, source, *extra, name="out"):
    files = {"input": source, "plan": "plan.yaml", "output": f"{name}.parquet", "report": f"{name}.json"}
    return run(["anonymize", "run", *[part for key, file in files.items() for part in (f"--{key}", str(place / file))], *extra])


def read_report(place, name="out"):
    return json.loads((place / f"{name}.json").read_text(encoding="utf-8"))


def refuse(place, capsys, code, *extra):
    assert process(place, "second.csv", *extra, name="refused") == code
    said = capsys.readouterr()
    assert "error:" in said.err
    assert "hint:" in said.err
    assert "CANARY" not in said.err + said.out
    assert not (place / "refused.parquet").exists()
    assert not (place / "refused.json").exists()
    return said.err


def test_a_plan_narrows_and_the_answer_says_what_that_tells(place, capsys):
    assert process(place, "first.csv") == 0
    wide = read_report(place)
    write_plan(place, tighten={"nominal": True})
    capsys.readouterr()
    assert process(place, "first.csv", name="narrow") == 0
    said = capsys.readouterr().out
    narrow = read_report(place, "narrow")
    assert narrow["loss"] < wide["loss"] == pytest.approx(narrow["tightened"]["loss_before"])
    assert wide["tightened"] == {}
    assert "Cohen 2022" in narrow["tightened"]["reveals"]
    assert f"loss before: {wide['loss']:.4f}" in said
    assert narrow["classes"] == wide["classes"]
    assert {"age_from", "age_to", "area_values", "sex_values"} <= set(pq.read_schema(place / "narrow.parquet").names)
    assert run(["anonymize", "verify", "--input", str(place / "narrow.parquet"), "--plan", str(place / "plan.yaml")]) == 0
    capsys.readouterr()
    assert process(place, "first.csv", "--lang", "ja", name="japanese") == 0
    assert "値を各組の実際の範囲に狭めました" in capsys.readouterr().out


def test_cells_are_blanked_and_counted(place, capsys):
    write_plan(place, method="cells")
    assert process(place, "first.csv") == 0
    report = read_report(place)
    table = pq.read_table(place / "out.parquet")
    assert report["method"] == "cells"
    assert report["suppressed_rows"] == 0
    assert report["smallest_class"] >= 4
    assert f"{sum(report['blank_cells'].values())} cells are blank" in capsys.readouterr().out
    blank = sum(label == "すべて" for label in table["age"].to_pylist())
    assert blank == report["blank_cells"]["age"] or report["levels"]["age"] == 4
    assert table["age_from"].null_count == blank
    assert report["losses"]["cells"] == report["loss"]
    assert report["losses"]["global"] is not None
    assert process(place, "first.csv", "--method", "global", name="whole") == 0
    assert report["loss"] <= read_report(place, "whole")["loss"]


def test_blank_cells_may_stand_above_the_level_a_user_wished(place):
    columns = {**COLUMNS, "age": {**COLUMNS["age"], "max_level": 1}, "area": {**COLUMNS["area"], "max_level": 1}}
    write_plan(place, method="cells", columns=columns)
    assert process(place, "first.csv") == 0
    assert sum(read_report(place)["blank_cells"].values()) > 0
    assert run(["anonymize", "verify", "--input", str(place / "out.parquet"), "--plan", str(place / "plan.yaml")]) == 0


@pytest.mark.parametrize("method", ["local", "global", "cells"])
def test_an_earlier_recoding_is_applied_again(place, capsys, method):
    write_plan(place, method=method)
    assert process(place, "first.csv", "--method-info", str(place / "method.parquet")) == 0
    capsys.readouterr()
    assert process(place, "second.csv", "--recoding", str(place / "method.parquet"), name="next") == 0
    assert "earlier recoding:" in capsys.readouterr().out
    report = read_report(place, "next")
    told = report["reapplied"]
    assert report["method"] == method
    assert report["smallest_class"] >= 4
    assert told["combinations_known"] > 0
    assert told["combinations_new"] > 0
    assert told["classes_kept"] + told["classes_broken"] > 0
    assert told["persons_in_broken"] is None or told["persons_in_broken"] >= 10 or not told["classes_broken"]
    assert process(place, "first.csv", "--recoding", str(place / "method.parquet"), name="same") == 0
    assert (place / "same.parquet").read_bytes() == (place / "out.parquet").read_bytes()
    assert read_report(place)["reapplied"] == {}


def test_another_plan_is_refused(place, capsys):
    assert process(place, "first.csv", "--method-info", str(place / "method.parquet")) == 0
    write_plan(place, privacy={"k": 5})
    assert "made with another plan" in refuse(place, capsys, 13, "--recoding", str(place / "method.parquet"))


def test_another_method_is_refused(place, capsys):
    assert process(place, "first.csv", "--method-info", str(place / "method.parquet")) == 0
    said = refuse(place, capsys, 13, "--recoding", str(place / "method.parquet"), "--method", "global")
    assert "by another method than global" in said


def test_a_hierarchy_that_groups_in_another_way_is_refused(place, capsys):
    assert process(place, "first.csv", "--method-info", str(place / "method.parquet")) == 0
    (place / "areas.csv").write_text(AREAS.replace("b;north", "b;south"), encoding="utf-8")
    assert "the hierarchy of area" in refuse(place, capsys, 13, "--recoding", str(place / "method.parquet"))
    # A new leaf changes nothing of what was released.
    (place / "areas.csv").write_text(AREAS + "e;south;*\n", encoding="utf-8")
    assert process(place, "second.csv", "--recoding", str(place / "method.parquet"), name="grown") == 0


@pytest.mark.parametrize("damage", ["release", "text", "nothing"])
def test_what_is_no_method_information_is_refused(place, capsys, damage):
    assert process(place, "first.csv") == 0
    (place / "text.parquet").write_text("CANARY", encoding="utf-8")
    file = {"release": "out.parquet", "text": "text.parquet", "nothing": "nowhere.parquet"}[damage]
    assert "is not method information" in refuse(place, capsys, 12, "--recoding", str(place / file))


def test_the_earlier_recoding_may_not_be_overwritten(place, capsys):
    assert process(place, "first.csv", "--method-info", str(place / "method.parquet")) == 0
    before = (place / "method.parquet").read_bytes()
    same = str(place / "method.parquet")
    refuse(place, capsys, 10, "--recoding", same, "--method-info", same)
    assert (place / "method.parquet").read_bytes() == before


@pytest.mark.shared_data
def test_narrowed_adult_loses_little(shared_data, tmp_path, capsys):
    folder = shared_data / "adult"
    with (folder / "adult.csv").open(encoding="utf-8", newline="") as file:
        heading, *rows = csv.reader(file, delimiter=";")
    left_out = heading.index("salary-class")
    with (tmp_path / "adult.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([cell for i, cell in enumerate(row) if i != left_out] for row in [heading, *rows])
    columns = {
        name: {"role": "quasi_identifier", "hierarchy": str(folder / f"adult_hierarchy_{name}.csv"), "clause": 5}
        for name in heading
        if name != "salary-class"
    }
    for tighten, most in ((False, 0.0485), ({"nominal": True}, 0.0196)):
        plan = {"plan": "adult", "privacy": {"k": 5}, "method": "local", "tighten": tighten, "columns": columns}
        (tmp_path / "plan.yaml").write_text(yaml.safe_dump(plan, sort_keys=False), encoding="utf-8")
        assert process(tmp_path, "adult.csv", "--no-compare", name=f"out{most}") == 0
        report = read_report(tmp_path, f"out{most}")
        assert report["loss"] <= most
        assert (report["suppressed_rows"], report["smallest_class"]) == (0, 5)
