"""Which released labels hold a cell of a population table: values, coarser labels, ages, narrowed values; k-map as by the verifier."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anonymize.pipeline import Job, process
from anonymize.risk.models import Universe, find_universe
from anonymize.risk.population import Sizes, find_labels, read_sizes
from anonymize.risk.released import open_released
from anonymize.verify.file import verify_file
from schemas.errors import FileRejected
from schemas.plan import Plan, load_plan, parse_plan
from tests.unit.anonymize.risk.conftest import field, write_release_file

BANDS = {"intervals": [5, 10], "unit": "歳"}


def make_plan(hierarchy: Mapping[str, Any], **more: Any) -> Plan:
    columns = {"x": {"role": "quasi_identifier", "hierarchy": hierarchy, "clause": 5}}
    return parse_plan({"plan": "n", "privacy": {"k": 2}, "columns": columns, **more})


def labels_of(folder: Path, released: Path, plan: Plan, people: str) -> Mapping[str | None, Sequence[str]] | None:
    (folder / "people.csv").write_text(people, encoding="utf-8")
    with open_released(released) as opened:
        return find_labels(opened, plan, folder / "people.csv").get("x")


def sizes_of(folder: Path, released: Path, plan: Plan, people: str) -> Sizes:
    (folder / "people.csv").write_text(people, encoding="utf-8")
    with open_released(released) as opened:
        return read_sizes(opened, folder / "people.csv", find_labels(opened, plan, folder / "people.csv"))


def test_values_and_coarser_labels_lie_in_what_holds_them_wholly(tmp_path: Path) -> None:
    released = write_release_file(tmp_path / "r.parquet", {"x": ["30歳", "30〜34歳", "30〜39歳", "すべて"]})
    found = labels_of(tmp_path, released, make_plan(BANDS), "x,persons\n30,1\n31,2\n30〜34歳,4\n30〜39歳,8\n,16\n")
    assert found == {
        "30": ("30〜34歳", "30〜39歳", "30歳", "すべて"),
        "31": ("30〜34歳", "30〜39歳", "すべて"),
        "30〜34歳": ("30〜34歳", "30〜39歳", "すべて"),
        "30〜39歳": ("30〜39歳", "すべて"),
        None: ("すべて",),
    }
    assert labels_of(tmp_path, released, make_plan(BANDS), "x,persons\nすべて,1\n") == {"すべて": ("すべて",)}


def test_people_of_a_band_are_not_those_of_one_age_nor_lost_to_wider_bands(tmp_path: Path) -> None:
    # Before, cells that were released labels were compared as they are, so that the four of the band were missing in the decade.
    released = write_release_file(tmp_path / "r.parquet", {"x": ["30〜34歳", "30〜39歳", "すべて"]})
    found = sizes_of(tmp_path, released, make_plan(BANDS), "x,persons\n30〜34歳,4\n30〜39歳,8\n,16\n")
    assert sorted(found.population.tolist()) == [4, 12, 28]
    assert found.people == 28


def test_ages_in_years_lie_in_bands_of_birth_dates(tmp_path: Path) -> None:
    hierarchy = {"ages": [5, 10], "as_of": "2025-04-01"}
    released = write_release_file(tmp_path / "r.parquet", {"x": ["1993年5月1日", "30〜34歳", "30〜39歳"]})
    assert labels_of(tmp_path, released, make_plan(hierarchy), "x,persons\n31,4\n") == {"31": ("30〜34歳", "30〜39歳")}
    dates = labels_of(tmp_path, released, make_plan(hierarchy), "x,persons\n1993-05-01,4\n")
    assert dates == {"1993-05-01": ("1993年5月1日", "30〜34歳", "30〜39歳")}


def write_narrowed(folder: Path, labels: list[str], lower: list[int], upper: list[int]) -> Path:
    kind = pa.dictionary(pa.int32(), pa.string())
    fields = [field("x", kind, "label", "quasi_identifier", treatment="generalise", level="value")]
    fields += [field(f"x_{part}", pa.int64(), part, "quasi_identifier", column="x") for part in ("from", "to")]
    arrays = [pa.array(labels).dictionary_encode(), pa.array(lower), pa.array(upper)]
    pq.write_table(pa.table(arrays, schema=pa.schema(fields)), folder / "narrowed.parquet")
    return folder / "narrowed.parquet"


def test_narrowed_labels_hold_what_lies_between_their_ends(tmp_path: Path) -> None:
    released = write_narrowed(tmp_path, ["31歳〜37歳", "30〜34歳"], [31, 30], [37, 34])
    plan = make_plan(BANDS, tighten=True)
    found = labels_of(tmp_path, released, plan, "x,persons\n30,1\n31,2\n37,4\n38,8\n")
    assert found == {"30": ("30〜34歳",), "31": ("30〜34歳", "31歳〜37歳"), "37": ("31歳〜37歳",), "38": ()}
    # A band lies in a narrowed range only if all of it does: 30 of 30〜34 lies outside.
    band = labels_of(tmp_path, released, plan, "x,persons\n30〜34歳,4\n35,1\n")
    assert band == {"30〜34歳": ("30〜34歳",), "35": ("31歳〜37歳",)}


def test_a_table_of_the_narrowed_labels_themselves_is_compared_as_it_is(tmp_path: Path) -> None:
    released = write_narrowed(tmp_path, ["31歳〜37歳", "30〜34歳"], [31, 30], [37, 34])
    found = sizes_of(tmp_path, released, make_plan(BANDS, tighten=True), "x,persons\n31歳〜37歳,9\n30〜34歳,5\n")
    assert sorted(found.population.tolist()) == [5, 9]


def test_an_unknown_cell_is_refused_without_being_named(tmp_path: Path) -> None:
    released = write_release_file(tmp_path / "r.parquet", {"x": ["30〜34歳"]})
    with pytest.raises(FileRejected) as refused:
        labels_of(tmp_path, released, make_plan(BANDS), "x,persons\nCANARY,4\n")
    assert "CANARY" not in str(refused.value)


PLAN = """\
plan: sample-of-a-town
privacy: {k: 2, population: {file: people.csv, k_map: 60}}
method: METHOD
columns:
  age: {role: quasi_identifier, hierarchy: {intervals: [5, 10], unit: 歳}, clause: 5, type: integer}
  sex: {role: quasi_identifier, hierarchy: {levels: 1}, clause: 5}
"""


@pytest.mark.parametrize("method", ["global", "local"])
@pytest.mark.parametrize(
    "people", ["age,persons\n" + "".join(f"{a},{a}\n" for a in range(25, 45)), "age,persons\n25〜29歳,80\n30〜34歳,90\n,5\n"]
)
def test_k_map_is_that_of_the_verifier(tmp_path: Path, method: str, people: str) -> None:
    rows = {"age": [30 + i % 6 for i in range(40)], "sex": ["mf"[i % 2] for i in range(40)]}
    pq.write_table(pa.table(rows), tmp_path / "in.parquet")
    (tmp_path / "people.csv").write_text(people + "35〜39歳,70\n" * ("歳" in people), encoding="utf-8")
    (tmp_path / "plan.yaml").write_text(PLAN.replace("METHOD", method), encoding="utf-8")
    plan = load_plan(tmp_path / "plan.yaml")
    process(Job(source=tmp_path / "in.parquet", plan=plan, output=tmp_path / "out.parquet", seed=1, compare=False))
    universe = find_universe(plan)
    with open_released(tmp_path / "out.parquet") as opened:
        sizes = read_sizes(opened, tmp_path / "people.csv", find_labels(opened, plan, tmp_path / "people.csv"))
    measured = verify_file(tmp_path / "out.parquet", plan).population["k_map"]
    assert sizes.short == 0
    assert sizes.population.min() == measured >= 60
    assert universe == Universe(table=tmp_path / "people.csv", people=sizes.people)


def test_the_population_is_the_given_one_that_of_the_table_or_unknown(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("x,persons\n30,4\n31,5\n", encoding="utf-8")
    plan = make_plan(BANDS)
    assert find_universe(plan) == Universe(table=None, people=None)
    assert len(find_universe(plan).tell()) == 2
    assert find_universe(plan, tmp_path / "people.csv").people == 9
    given = find_universe(plan, tmp_path / "people.csv", 1000)
    assert (given.people, given.tell()) == (1000, ())
    assert [note.render().split(" ")[0] for note in find_universe(plan, None, 10).tell()] == ["journalist"]
