"""`risk assess` on files of unusual shapes: figures, words and progress make sense on each of them."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import yaml

from anonymize.pipeline import Job, process
from anonymize.risk.assessment import Assessment, Subject, assess, count_all_steps
from anonymize.risk.attacks.suite import AttackSettings
from anonymize.risk.figures import EXACT, INTERVAL, MODELLED, NOT_MEASURED
from anonymize.risk.gate import reasons_not_to_release
from anonymize.risk.models import Universe
from anonymize.risk.replies import to_document
from anonymize.risk.report import render_report
from anonymize.risk.thresholds import find_thresholds
from casework.i18n import find_translator
from schemas.plan import load_plan

ROWS = 400
LEVELS = {"levels": 1}


def quasi(**more: Any) -> dict[str, Any]:
    return {"role": "quasi_identifier", "clause": 5, **more}


def secret() -> dict[str, Any]:
    return {"role": "sensitive", "treatment": "keep", "clause": 5}


def make_shape(name: str) -> tuple[pa.Table, dict[str, Any], dict[str, Any]]:
    """Return the table of a shape, the columns of its plan, and what else the plan says."""
    rng = np.random.default_rng(3)
    ages = quasi(hierarchy={"intervals": [5, 10, 50]}, type="integer")
    ill, sex = rng.choice(list("abc"), ROWS), rng.choice(["m", "f"], ROWS)
    shapes: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
        "one column": ({"sex": sex}, {"sex": quasi(hierarchy=LEVELS)}, {}),
        "all missing": ({"sex": pa.nulls(ROWS, pa.string()), "ill": pa.nulls(ROWS, pa.string())},
                        {"sex": quasi(hierarchy=LEVELS), "ill": secret()}, {}),
        "one row": ({"sex": ["m"], "ill": ["a"]}, {"sex": quasi(hierarchy=LEVELS), "ill": secret()}, {"privacy": {"k": 2}}),
        "one class": ({"sex": ["m"] * ROWS, "ill": ill}, {"sex": quasi(hierarchy=LEVELS), "ill": secret()}, {}),
        "sparse numbers": ({"number": np.arange(20_000), "ill": rng.choice(list("abc"), 20_000)},
                           {"number": quasi(hierarchy={"intervals": [10]}, type="integer"), "ill": secret()}, {}),
        "no secret": ({"age": rng.integers(0, 99, ROWS), "sex": sex}, {"age": ages, "sex": quasi(hierarchy=LEVELS)}, {}),
        "village": ({"age": rng.integers(0, 99, 169), "ill": ill[:169]}, {"age": ages, "ill": secret()}, {}),
        "linked": ({"who": rng.integers(0, 120, ROWS), "age": rng.integers(0, 3, ROWS), "ill": ill},
                   {"who": {"role": "linking_code", "treatment": "fresh_id", "clause": 3},
                    "age": quasi(hierarchy={"intervals": [2]}, type="integer"), "ill": secret()}, {"unit": "who", "privacy": {"k": 5}}),
    }  # fmt: skip
    columns, planned, more = shapes[name]
    return pa.table(columns), planned, more


def assess_shape(folder: Path, name: str) -> tuple[Assessment, int]:
    """Return the assessment of a shape, and how many steps it told of."""
    import pyarrow.parquet as pq

    table, columns, more = make_shape(name)
    pq.write_table(table, folder / "in.parquet")
    plan_document = {"plan": "shape", "privacy": {"k": 10}, "suppression_limit": 1.0, "method": "local", **more, "columns": columns}
    (folder / "plan.yaml").write_text(yaml.dump(plan_document, Dumper=NoAliases, sort_keys=False))
    plan = load_plan(folder / "plan.yaml")
    process(Job(source=folder / "in.parquet", plan=plan, output=folder / "out.parquet", seed=1, compare=False))
    thresholds = find_thresholds("tokumei-2023", "contract", plan)
    settings = AttackSettings(limits=thresholds.limit_attacks(), trials=50, persons=200)
    steps: list[int] = []
    universe = Universe(people=5000)
    subject = Subject(original=folder / "in.parquet", released=folder / "out.parquet", plan=plan, universe=universe)
    found = assess(subject, thresholds, settings=settings, work=folder, advance=steps.append)
    assert sum(steps) == count_all_steps(plan, attacks=True)
    return found, len(steps)


class NoAliases(yaml.SafeDumper):
    """Plans have no anchors."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


SHAPES = ("one column", "all missing", "one row", "one class", "sparse numbers", "no secret", "village", "linked")


@pytest.mark.parametrize("name", SHAPES)
def test_unusual_shapes_are_assessed_and_told(tmp_path: Path, name: str) -> None:
    found, _ = assess_shape(tmp_path, name)
    document = json.loads(json.dumps(to_document(found, reasons_not_to_release(found, found.thresholds)), allow_nan=False))
    for figure in document["figures"]:
        assert figure["assumption"]
        assert figure["source"]
        assert figure["interval_basis"] in {EXACT, INTERVAL, MODELLED, NOT_MEASURED}
        assert (figure["interval"] is not None) == (figure["interval_basis"] == INTERVAL)
        if figure["unit"] in {"share", "probability", "distance"} and figure["value"] is not None:
            assert 0 <= figure["value"] <= 1
    for attack in document["attacks"]:
        assert 0 <= attack["interval"][0] <= attack["value"] + 1e-9 <= attack["interval"][1] + 1e-6 <= 1 + 1e-6
        assert attack["finding"] in {"withstood", "failed", "told", "not able to show"}
        assert (attack["finding"] == "not able to show") == (
            {"attack": attack["code"], "column": attack["column"]} in document["verdict"]["not_able_to_show"]
        )
    for language in ("ja", "en"):
        page = render_report(found, reasons_not_to_release(found, found.thresholds), find_translator(language), language=language)
        assert not re.search(r"\b(?:nan|inf|None)\b", re.sub(r"<svg.*?</svg>|<style.*?</style>", "", page, flags=re.DOTALL))
        assert ("判定不能" if language == "ja" else "not able to show") in page or not document["verdict"]["not_able_to_show"]


def test_what_was_not_attacked_stands_in_the_verdict(tmp_path: Path) -> None:
    for name, told in (("one row", "nothing is released"), ("village", "fewer than 200")):
        (tmp_path / name).mkdir()
        found, _ = assess_shape(tmp_path / name, name)
        document = to_document(found, [])
        assert [told in note for note in document["verdict"]["not_attacked"]] == [True]
        page = render_report(found, [], find_translator("en"), language="en")
        assert told in page.split('class="keys"')[0]


def test_linked_rows_have_no_estimate_before_processing_and_are_told_all_the_same(tmp_path: Path) -> None:
    found, _ = assess_shape(tmp_path, "linked")
    codes = {figure.code for figure in found.figures}
    assert "special_disclosure" in codes
    assert "original_special_disclosure" not in codes
