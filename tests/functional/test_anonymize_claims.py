"""Claims as the office processes them: persons with several rows, linked by a fresh id, by the commands alone."""

import csv
import io
import json
import random
from collections import Counter, defaultdict

import pyarrow.parquet as pq
import pytest
import yaml

from casework.console import run

K = 4
QUASI = {
    "age": {"role": "quasi_identifier", "hierarchy": {"intervals": [10, 20]}, "type": "integer", "clause": 5},
    "sex": {"role": "quasi_identifier", "hierarchy": {"levels": 1}, "varies": "person", "clause": 5},
    "month": {"role": "quasi_identifier", "hierarchy": {"dates": ["month", "quarter", "fiscal_year"]}, "type": "date", "clause": 5},
}
PLAN = {
    "plan": "claims-v1",
    "unit": "person",
    "privacy": {"k": K},
    "suppression_limit": 0.1,
    "columns": {
        "person": {"role": "linking_code", "treatment": "fresh_id", "clause": 3},
        **QUASI,
        "cost": {"role": "attribute", "treatment": "keep", "type": "integer", "clause": 4},
    },
}


def draw_claims(seed=7, persons=160):
    """Persons of one to four claims in a fiscal year; every cost occurs once, so that a released row is known again."""
    rng, rows = random.Random(seed), []
    for number in range(persons):
        age, sex = rng.randrange(20, 80), rng.choice("mf")
        for _ in range(rng.choice((1, 1, 2, 3, 4))):
            month = rng.randrange(4, 16)
            rows.append((f"CANARY-{number}", age, sex, f"{2024 + (month > 12)}-{(month - 1) % 12 + 1:02d}-01", len(rows)))
    return rows


def write_csv(path, rows):
    out = io.StringIO()
    csv.writer(out).writerows([tuple(PLAN["columns"]), *rows])
    path.write_text(out.getvalue(), encoding="utf-8")


@pytest.fixture
def place(tmp_path):
    write_csv(tmp_path / "in.csv", draw_claims())
    (tmp_path / "plan.yaml").write_text(yaml.safe_dump(PLAN, sort_keys=False), encoding="utf-8")
    return tmp_path


def change_plan(place, **more):
    columns = PLAN["columns"] | more.pop("columns", {})
    (place / "plan.yaml").write_text(yaml.safe_dump(PLAN | more | {"columns": columns}, sort_keys=False), encoding="utf-8")


def arguments(place, **more):
    named = {"input": "in.csv", "plan": "plan.yaml", "output": "out.parquet", "report": "report.json"} | more
    return ["anonymize", "run", *[part for key, name in named.items() for part in (f"--{key}", str(place / name))], "--seed", "1"]


def read_rows(place, name="out.parquet"):
    """Return the released rows of every id, and of every id its history."""
    rows, histories = defaultdict(list), defaultdict(Counter)
    for row in pq.read_table(place / name).to_pylist():
        rows[row["person"]].append(row["cost"])
        histories[row["person"]][tuple(str(value) for name, value in row.items() if name not in {"person", "cost"})] += 1
    return rows, histories


@pytest.mark.parametrize("method", ["global", "local"])
@pytest.mark.parametrize("linked", [True, "rows"])
def test_k_persons_share_every_history(place, capsys, method, linked):
    change_plan(place, privacy={"k": K, "linked": linked}, suppression_limit=0.5)
    assert run([*arguments(place), "--method", method]) == 0
    report = json.loads((place / "report.json").read_text(encoding="utf-8"))
    rows, histories = read_rows(place)
    shared = Counter(tuple(sorted(h.items())) if linked == "rows" else frozenset(h) for h in histories.values())
    assert min(shared.values()) == report["verified"]["linked"] >= K
    assert report["varies"] == {"age": "person", "sex": "person", "month": "event"}
    assert f"at least {min(shared.values())} share" in capsys.readouterr().out
    # Who is released has all rows; nobody is released in part.
    whole = defaultdict(set)
    for person, *_, cost in draw_claims():
        whole[person].add(cost)
    assert all(set(costs) in whole.values() for costs in rows.values())
    assert report["rows_in"] == report["rows_out"] + report["suppressed_rows"]
    assert report["suppressed_rows"] <= 0.5 * report["rows_in"]
    assert run(["anonymize", "verify", "--input", str(place / "out.parquet"), "--plan", str(place / "plan.yaml")]) == 0


MODELS = [
    {"l_diversity": {"drug": {"kind": "entropy", "l": 2}}},
    {"l_diversity": {"drug": {"kind": "recursive", "l": 2, "c": 2}}},
    {"t_closeness": {"drug": 0.35}},
    {"population": {"file": "people.csv", "k_map": 60}},
    {"population": {"file": "people.csv", "delta_presence": [0.0, 0.5]}},
]


@pytest.mark.parametrize("models", MODELS)
def test_models_hold_with_linked_rows(place, models):
    rng = random.Random(5)
    heading, *lines = (place / "in.csv").read_text(encoding="utf-8").splitlines()
    (place / "in.csv").write_text("\n".join([f"{heading},drug", *(f"{line},{rng.choice('xyz')}" for line in lines)]), encoding="utf-8")
    people = "\n".join(["age,sex,persons", *(f"{age},{sex},20" for age in range(20, 80) for sex in "mf")])
    (place / "people.csv").write_text(people, encoding="utf-8")
    drug = {"drug": {"role": "sensitive", "treatment": "keep", "clause": 5}}
    losses = {}
    for method in ("global", "local"):
        change_plan(place, privacy={"k": K, **models}, method=method, columns=drug)
        assert run([*arguments(place), "--no-compare"]) == 0
        report = json.loads((place / "report.json").read_text(encoding="utf-8"))
        losses[method] = report["loss"]
        assert report["verified"]["linked"] >= K
        assert report["suppressed_rows"] <= 0.1 * report["rows_in"]
    assert losses["local"] <= losses["global"]


def test_local_loses_less_and_links_cost_something(place):
    losses = {}
    for name, linked, method in (("global", True, "global"), ("local", True, "local"), ("free", False, "local")):
        change_plan(place, privacy={"k": K, "linked": linked})
        assert run([*arguments(place), "--method", method]) == 0
        losses[name] = json.loads((place / "report.json").read_text(encoding="utf-8"))["loss"]
    assert losses["free"] < losses["local"] < losses["global"]


@pytest.mark.parametrize("more", [{}, {"rows_per_person": 2}, {"privacy": {"k": K, "linked": "rows"}, "suppression_limit": 0.6}])
@pytest.mark.parametrize("engine", ["duckdb", pytest.param("spark", marks=[pytest.mark.spark, pytest.mark.xdist_group("spark")])])
def test_shuffled_rows_and_engines_give_the_same_bytes(place, engine, more):
    change_plan(place, **more)
    rows = draw_claims()
    random.Random(3).shuffle(rows)
    write_csv(place / "shuffled.csv", rows)
    assert run(arguments(place)) == 0
    assert run([*arguments(place, input="shuffled.csv", output="again.parquet", report="again.json"), "--engine", engine]) == 0
    assert (place / "out.parquet").read_bytes() == (place / "again.parquet").read_bytes()


def test_which_rows_a_person_gives_hangs_on_the_seed(place):
    change_plan(place, rows_per_person=1)
    chosen = []
    for seed in ("1", "2"):
        assert run([*arguments(place)[:-1], seed]) == 0
        chosen.append(frozenset(pq.read_table(place / "out.parquet")["cost"].to_pylist()))
    # Person by person another row may be drawn; a choice by value would always give the same.
    first = {min(row[-1] for row in draw_claims() if row[0] == person) for person in {row[0] for row in draw_claims()}}
    assert chosen[0] != chosen[1]
    assert not chosen[0] <= first


def test_rows_by_quarter_are_one_per_person_and_quarter(place, capsys):
    change_plan(
        place,
        aggregate={
            "by": {"person": "value", "month": "quarter"}, "order": "month",
            "columns": {"age": "first", "sex": "first", "cost": "sum", "claims": {"take": "count", "bands": [1, 2, 4]}},
        },
        columns={"claims": {"role": "attribute", "treatment": "keep", "clause": 4}},
    )  # fmt: skip
    assert run(arguments(place)) == 0
    report = json.loads((place / "report.json").read_text(encoding="utf-8"))
    quarters = {(person, (int(month[:4]), (int(month[5:7]) - 1) // 3)) for person, _, _, month, _ in draw_claims()}
    assert report["rows_out"] + report["suppressed_rows"] == len(quarters)
    assert report["verified"]["linked"] >= K
    assert run(["anonymize", "verify", "--input", str(place / "out.parquet"), "--plan", str(place / "plan.yaml")]) == 0


def refuse(place, capsys, code, *extra):
    assert run([*arguments(place), *extra]) == code
    said = capsys.readouterr()
    assert "CANARY" not in said.err + said.out
    assert not (place / "out.parquet").exists()
    assert not (place / "report.json").exists()
    assert not list(place.glob(".sakusei*"))
    return said.err


@pytest.mark.parametrize("method", ["global", "local"])
def test_rare_numbers_of_rows_are_refused_with_the_way_out(place, capsys, method):
    change_plan(place, privacy={"k": 60, "linked": "rows"}, suppression_limit=0.0)
    said = refuse(place, capsys, 14, "--method", method)
    assert "error: " in said
    assert "linked rows fewer than 60 persons share" in said
    assert "hint: give fewer rows of each person (rows_per_person)" in said
    change_plan(place, privacy={"k": 60, "linked": "rows"}, suppression_limit=0.0, rows_per_person=1)
    assert run(arguments(place)) == 0


def test_the_refusal_speaks_japanese(place, capsys):
    change_plan(place, privacy={"k": 60, "linked": "rows"}, suppression_limit=0.0)
    said = refuse(place, capsys, 14, "--lang", "ja")
    assert "連結" in said
    assert "rows_per_person" in said
    assert "persons" not in said.replace("rows_per_person", "")


def test_a_column_that_varies_is_told_with_counts_alone(place, capsys):
    change_plan(place, columns={"month": QUASI["month"] | {"varies": "person"}})
    several = sum(len(months) > 1 for months in group_months().values())
    said = refuse(place, capsys, 13)
    assert f"but {several} persons have several values" in said
    assert "2024" not in said


def group_months():
    found = defaultdict(set)
    for person, _, _, month, _ in draw_claims():
        found[person].add(month)
    return found


def test_the_gate_refuses_what_the_plan_lets_pass(place, capsys):
    """`linked: false` is the plan's word; the office's policy is not the plan's to change."""
    codes = {}
    for linked in (True, False):
        change_plan(place, privacy={"k": 12, "linked": linked})
        assert run([*arguments(place), "--method", "local"]) == 0
        verify = ["anonymize", "verify", "--input", str(place / "out.parquet"), "--plan", str(place / "plan.yaml")]
        assert run(verify) == 0
        files = {"original": "in.csv", "released": "out.parquet", "plan": "plan.yaml", "report": "risk.json", "html": "risk.html"}
        named = [part for key, name in files.items() for part in (f"--{key}", str(place / name))]
        codes[linked] = run(["risk", "assess", *named, "--no-attacks", "--gate"])
        verdict = json.loads((place / "risk.json").read_text(encoding="utf-8"))["verdict"]
        assert ("linked-rows" in json.dumps(verdict)) is not linked
    assert codes == {True: 0, False: 15}
    capsys.readouterr()


def test_the_shipped_plan_keeps_claims_as_linked_rows(tmp_path, capsys):
    sample = ["sample", "write", "--output", str(tmp_path / "sample"), "--table", "kokuho_benefit", "--people", "700", "--seed", "5"]
    assert run(sample) == 0
    (source,) = (tmp_path / "sample").glob("*.csv")
    convert = ["intake", "convert", str(source), "--table", "kokuho_benefit"]
    assert run([*convert, "--output", str(tmp_path / "in.parquet"), "--report", str(tmp_path / "converted.json")]) == 0
    assert run(["anonymize", "plan", "--table", "kokuho_benefit_events", "--output", str(tmp_path / "plan.yaml")]) == 0
    assert run(arguments(tmp_path, input="in.parquet")) == 0
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert report["verified"]["linked"] >= report["k"] == 12
    assert report["rows_out"] > 2 * report["persons_out"]  # rows, not persons, are released
    assert report["loss"] < 0.25 < report["losses"]["global"]
    assert report["varies"]["treated_month"] == "event"
    capsys.readouterr()
