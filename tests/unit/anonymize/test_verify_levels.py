"""A label finer than the plan allows is found out whatever the file says of its levels; labels that are allowed never are."""

import json
import random
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anonymize.pipeline import Job, process
from anonymize.verify.file import verify_file
from anonymize.verify.levels import list_leaves
from schemas.errors import VerificationFailed
from schemas.plan import parse_plan

DRAW = random.Random(3)
ROWS = 60
# A leaf X and a group X, a leaf that is alone in a group of its name, a group that is the same at two levels.
ARX = "a;a;X;*\nb;a;X;*\nc;c;Y;*\nd;c;Y;*\nX;X;X;*\ne;Y;Y;*\n"


def pick(values, *, missing=True):
    return [None if missing and DRAW.random() < 0.1 else DRAW.choice(values) for _ in range(ROWS)]


def days(first, step):
    return pa.array(pick([first + timedelta(days=i * step) for i in range(10)]), pa.date32())


MONTHS = [date(2023 + i // 12, i % 12 + 1, 1) for i in range(24)]
KINDS = {
    "intervals": ({"intervals": [5, 10, 20]}, pick(range(-10, 60))),
    "limits": ({"intervals": [5, 10], "bottom": 20, "top": 40, "unit": "歳"}, pick(range(60))),
    "named": ("age", pick(range(18, 105))),
    "fractions": ({"intervals": [0.5, 2]}, pa.array(pick([-3.25, 0.1, 0.5, 0.75, 1.9, 2.0, 7.3]), pa.float64())),
    "texts": ({"intervals": [10]}, pa.array(pick(["1", "12", "13", "25"]), pa.string())),
    "breaks": ({"breaks": [[0, 1, 10, 50], [0, 10]]}, pick(range(-5, 80))),
    "dates": ({"dates": ["month", "quarter", "fiscal_year"]}, days(date(2023, 1, 1), 83)),
    "months": ("month", pa.array(pick(MONTHS), pa.date32())),
    "ages": ("birth_to_age_band", days(date(1930, 1, 1), 2_503)),
    "prefix": ({"prefix": [5, 3]}, pick([f"{i:07d}" for i in range(0, 3_000_000, 70_707)] + ["12", "ab*"])),
    "whole": ({"levels": 1}, pick(["x", "y", "*"])),
    "codes": ("care_level", pick(["01", "06", "12", "21", "22", "24", "25"])),
    "list": ("sex", pick(["1", "2"])),
    "arx": ("h.csv", pick("abcdXe")),
    "arx-part": ("h.csv", pick("abcd", missing=False)),
    "numbered": ("n.csv", pa.array(pick(range(8)), pa.int64())),
    "tree": ({"tree": {"East": {"E1": ["p", "q"], "E2": ["r"]}, "West": {"W1": ["s", "t"]}}}, pick("pqrst")),
    "places": ("municipality", pick(["011002", "012025", "131016", "131024", "271004"])),
    "wards": ({"municipality": ["city", "prefecture", "region"]}, pick(["131016", "141003", "141011", "141020", "271004"])),
    "diseases": ("icd10", pick(["A00", "A00.1", "B200", "C34.9", "C341", "J45"])),
}


@pytest.fixture
def make(tmp_path):
    """A function that makes a release of one quasi-identifier, and its plan."""
    (tmp_path / "h.csv").write_text(ARX, encoding="utf-8")
    (tmp_path / "n.csv").write_text("".join(f"{i};{i // 2 * 2}-{i // 2 * 2 + 1};{i // 4};*\n" for i in range(8)), encoding="utf-8")

    def run(kind, method, min_level, **more):
        spec, values = KINDS[kind]
        entry = {"role": "quasi_identifier", "hierarchy": spec, "min_level": min_level, "clause": 5} | more
        head = {"plan": "v", "privacy": {"k": 3}, "suppression_limit": 1.0, "method": method, "as_of": "2026-04-01"}
        plan = parse_plan({**head, "columns": {"q": entry}}, folder=tmp_path)
        pq.write_table(pa.table({"q": values}), tmp_path / "in.parquet")
        process(Job(source=tmp_path / "in.parquet", plan=plan, output=tmp_path / "out.parquet", seed=1, compare=False))
        return tmp_path / "out.parquet", plan

    return run


@pytest.mark.parametrize("min_level", [0, 1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_what_processing_writes_is_never_found_out(make, kind, min_level):
    if min_level == 2 and kind in {"whole", "list"}:
        pytest.skip("the hierarchy ends at level 1")
    path, plan = make(kind, "local", min_level)
    assert verify_file(path, plan).rows > 0


# A hierarchy, the level allowed, and one below it that the same values can have.
DEEP = ("intervals", "named", "breaks", "dates", "months", "ages", "prefix", "codes", "arx", "numbered", "tree", "places", "diseases")
FINER = [(kind, 1, 0) for kind in KINDS] + [(kind, 2, 1) for kind in DEEP]


@pytest.mark.parametrize(("kind", "allowed", "given"), FINER)
def test_a_finer_release_that_states_an_allowed_level_is_found_out(make, kind, allowed, given):
    _, plan = make(kind, "global", allowed)
    path, _ = make(kind, "global", given, max_level=given)
    table = pq.read_table(path)
    said = json.loads(table.schema.metadata[b"sakusei"]) | {"plan_sha256": plan.sha256}
    fields = [field.with_metadata({b"sakusei": lie(field)}) for field in table.schema]
    table = table.cast(pa.schema(fields, {b"sakusei": json.dumps(said).encode()}))
    pq.write_table(table, path, write_statistics=False)
    with pytest.raises(VerificationFailed) as caught:
        verify_file(path, plan)
    assert caught.value.exit_code == 16
    assert {reason.code for reason in caught.value.reasons} == {"verify-label"}


def lie(field):
    return json.dumps(json.loads(field.metadata[b"sakusei"]) | {"levels": ["all"]}).encode()


@pytest.mark.parametrize(
    ("label", "lower", "upper"),
    [("25", 25, 25), ("25", 25, 29), ("25〜29", 25, 25), ("25〜29", 26, 29), ("25〜28", 25, 28), ("すべて", 25, 25), ("記録なし", 25, 25)],
)
def test_label_and_bounds_must_be_of_one_group(make, label, lower, upper):
    path, plan = make("intervals", "local", 1)
    table = pq.read_table(path)
    rows = table.to_pylist()
    changed = {"q": label, "q_from": lower, "q_to": upper}
    rows = [changed if row["q"] == rows[0]["q"] else row for row in rows]
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path, write_statistics=False)
    with pytest.raises(VerificationFailed) as caught:
        verify_file(path, plan)
    assert "verify-label" in {reason.code for reason in caught.value.reasons}


@pytest.mark.parametrize(("label", "lower", "upper"), [("123", 25, 25), ("25", 25, 29), ("0〜999", 0, 999), ("すべて", None, None)])
def test_labels_and_bounds_are_checked_where_values_may_be_released(make, label, lower, upper):
    path, plan = make("intervals", "local", 0, max_level=2)
    table = pq.read_table(path)
    rows = table.to_pylist()
    changed = {"q": label, "q_from": lower, "q_to": upper}
    rows = [changed if row["q"] == rows[0]["q"] else row for row in rows]
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path, write_statistics=False)
    with pytest.raises(VerificationFailed) as caught:
        verify_file(path, plan)
    assert "verify-label" in {reason.code for reason in caught.value.reasons}


@pytest.mark.parametrize("more", [{}, {"max_level": 1}])
@pytest.mark.parametrize("kind", ["prefix", "intervals", "arx", "dates", "tree"])
def test_blank_cells_may_stand_beyond_the_coarsest_level(make, kind, more):
    path, plan = make(kind, "cells", 1, **more)
    assert verify_file(path, plan).rows > 0


def test_everything_is_no_prefix(make):
    path, plan = make("prefix", "local", 1, max_level=1)
    table = pq.read_table(path)
    rows = [{"q": "*"}] * table.num_rows
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path, write_statistics=False)
    with pytest.raises(VerificationFailed) as caught:
        verify_file(path, plan)
    assert "verify-label" in {reason.code for reason in caught.value.reasons}


@pytest.mark.parametrize("kind", ["list", "codes", "arx", "tree", "places", "diseases"])
def test_a_label_of_no_known_value_is_found_out_where_values_may_be_released(make, kind):
    path, plan = make(kind, "local", 0)
    table = pq.read_table(path)
    rows = table.to_pylist()
    rows = [{"q": "9Z9"} if row["q"] == rows[0]["q"] else row for row in rows]
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path, write_statistics=False)
    with pytest.raises(VerificationFailed) as caught:
        verify_file(path, plan)
    assert "verify-label" in {reason.code for reason in caught.value.reasons}


def test_leaves_are_those_a_hierarchy_lists(tmp_path):
    (tmp_path / "h.csv").write_text(ARX, encoding="utf-8")
    (tmp_path / "t.yaml").write_text("A: [x, y]\nB: [z]\n", encoding="utf-8")
    assert list(list_leaves("h.csv", tmp_path)) == ["a", "b", "c", "d", "X", "e"]
    assert list(list_leaves("t.yaml", tmp_path)) == list(list_leaves({"tree": "t.yaml"}, tmp_path)) == ["x", "y", "z"]
    assert list_leaves({"name": "care_level"}, None) == list_leaves("care_level", None)
    assert list_leaves("municipality", None) is None
