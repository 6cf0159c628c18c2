"""A plan with a population table and a hierarchical distance, as a person runs it: figures, refusals in both languages, no output."""

import json

import pytest

from casework.console import run

PLAN = """\
plan: sample-of-a-town
privacy:
  k: 2
  population: {{file: people.csv, {models}}}
  t_closeness:
    illness: {{t: 0.9, distance: hierarchical, hierarchy: {{tree: {{lungs: [flu, asthma], other: [ulcer]}}}}}}
suppression_limit: 0.2
method: {method}
columns:
  age: {{role: quasi_identifier, hierarchy: {{intervals: [5, 10], unit: 歳}}, clause: 5, type: integer}}
  sex: {{role: quasi_identifier, hierarchy: {{levels: 1}}, clause: 5}}
  illness: {{role: sensitive, treatment: keep, clause: 5}}
"""
ROWS = "age,sex,illness\n" + "".join(f"{30 + i % 6},{'mf'[i % 2]},{('flu', 'asthma', 'ulcer')[i % 3]}\n" for i in range(24))
PEOPLE = "age,persons\n" + "".join(f"{age},{50 + age}\n" for age in range(25, 45))


@pytest.fixture
def start(tmp_path, capsys):
    """A function that runs a plan on a small file and returns exit code and texts."""

    def run_plan(models, *more, people=PEOPLE, method="local"):
        (tmp_path / "in.csv").write_text(ROWS, encoding="utf-8")
        (tmp_path / "plan.yaml").write_text(PLAN.format(models=models, method=method), encoding="utf-8")
        if people is not None:
            (tmp_path / "people.csv").write_text(people, encoding="utf-8")
        named = {"input": "in.csv", "plan": "plan.yaml", "output": "out.parquet", "report": "report.json"}
        code = run(["anonymize", "run", *[part for key, name in named.items() for part in (f"--{key}", str(tmp_path / name))], *more])
        said = capsys.readouterr()
        if code:
            assert not (tmp_path / "out.parquet").exists()
            assert not (tmp_path / "report.json").exists()
        return code, said.out + said.err

    return run_plan


@pytest.mark.parametrize("method", ["global", "local"])
def test_figures_of_the_population_are_in_the_report(start, tmp_path, method, capsys):
    code, said = start("k_map: 80, delta_presence: [0.0, 0.2]", method=method)
    assert code == 0, said
    found = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["verified"]["population"]
    assert f"at least {int(found['k_map'])} people of the population match every class" in said
    assert found["k_map"] >= 80
    assert found["presence_highest"] <= 0.2
    assert run(["anonymize", "verify", "--input", str(tmp_path / "out.parquet"), "--plan", str(tmp_path / "plan.yaml"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["population"] == found


def test_a_release_is_no_longer_that_of_its_plan_when_the_population_changes(start, tmp_path, capsys):
    assert start("k_map: 80")[0] == 0
    (tmp_path / "people.csv").write_text(PEOPLE.replace("30,80", "30,81"), encoding="utf-8")
    assert run(["anonymize", "verify", "--input", str(tmp_path / "out.parquet"), "--plan", str(tmp_path / "plan.yaml")]) == 16
    assert "another plan" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("models", "people", "code", "english", "japanese"),
    [
        ("k_map: 80", None, 13, "cannot be read", "読めません"),
        ("k_map: 80", PEOPLE + "CANARY,4\n", 12, "does not know", "階層にない"),
        ("k_map: 80", "age,town\n30,5\n", 12, "no quasi-identifier", "準識別子"),
        ("k_map: 99999", PEOPLE, 14, "lower k_map", "k_map"),
        ("delta_presence: [0.5, 0.2]", PEOPLE, 13, "the least and the greatest share", "最小"),
    ],
    ids=["no-file", "unknown-value", "stray-column", "out-of-reach", "bounds-swapped"],
)
def test_refusals_say_why_in_both_languages(start, models, people, code, english, japanese):
    for language, words in (("en", english), ("ja", japanese)):
        found, said = start(models, "--lang", language, people=people)
        assert found == code
        assert words in said
        assert "CANARY" not in said
