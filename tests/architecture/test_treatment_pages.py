"""The page on treatments names every treatment in the order it acts, its clauses as the code has them, and examples that are plans."""

import re
from pathlib import Path

import pytest
import yaml

from anonymize.treatments import STEPS, WHOLE, make_treatments
from schemas.plan_aggregate import parse_aggregate
from schemas.plan_treatments import STEP_SETTINGS

PAGE = (Path(__file__).parents[2] / "docs" / "treatments.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.partition("## Who takes part")[0].splitlines()
    if line.startswith("| `")
]
SETTINGS = {
    "swap": {"share": 0.1}, "date_shift": {"days": 3}, "noise": {"kind": "normal", "scale": 1}, "recode": {"values": {}},
    "merge_rare": {"persons": 2}, "suppress": {"persons": 2}, "microaggregate": {"persons": 2}, "bottom_code": {"persons": 2},
    "top_code": {"persons": 2}, "round_to": 5,
}  # fmt: skip


def test_the_page_lists_what_the_code_has_in_its_order():
    assert [row[0].strip("`") for row in ROWS] == [*WHOLE, *STEPS]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_clauses_are_those_of_the_code(row):
    name = row[0].strip("`")
    (treatment,) = make_treatments(name if name in WHOLE else {name: SETTINGS[name]})
    low, _, high = row[3].partition("–")
    said = tuple(range(int(low), int(high) + 1)) if high else tuple(int(clause) for clause in low.split(","))
    assert said == treatment.clauses


def test_examples_are_plans():
    treated, reduced = (yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
    steps = [step for column in treated.values() for step in column["treatment"].items()]
    assert all(STEP_SETTINGS[step](settings) for step, settings in steps)
    assert parse_aggregate(reduced["aggregate"]).made == {"claims", "cost_highest"}
