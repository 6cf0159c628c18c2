"""Where the cells of a population table lie in the hierarchies of a plan, by hand; what population models do to a small file."""

import csv
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anonymize.pipeline import Job, process
from anonymize.population_cells import find_texts
from anonymize.populations import open_population, read_people
from anonymize.verify.file import verify_file
from schemas.check_digits import append
from schemas.errors import FileRejected, PlanError, TargetNotReached, VerificationFailed
from schemas.plan import load_plan

TREE = {"tree": {"East": {"E1": ["p", "q"], "E2": ["r"]}, "West": {"W1": ["s", "t"]}}}


def write_plan(folder, population, columns, **more):
    """A plan document in a folder, loaded."""
    head = {"plan": "people", "privacy": {"k": 2, "population": {"file": "people.csv", **population}}, **more}
    (folder / "plan.json").write_text(json.dumps({**head, "columns": columns}), encoding="utf-8")
    return load_plan(folder / "plan.json")


def quasi(hierarchy, **more):
    return {"role": "quasi_identifier", "hierarchy": hierarchy, "clause": 5, **more}


def texts_of(tmp_path, hierarchy, cells):
    """Per cell, per level, the label it may be released under (without marked spellings); None where it lies in no one group."""
    with (tmp_path / "people.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["q", "persons"], *([cell, 1] for cell in cells)])
    plan = write_plan(tmp_path, {"k_map": 2}, {"q": quasi(hierarchy)})
    people = read_people(tmp_path / "people.csv")
    found = find_texts(people, plan, tmp_path / "people.csv")["q"]
    return [[min(texts, key=len, default=None) for texts in found[cell or None]] for cell in cells]


BANDS = {"intervals": [5, 10], "unit": "歳"}
BORN = {"ages": [5, 10], "as_of": "2026-04-01"}
PLACES = "municipality"


@pytest.mark.parametrize(
    ("hierarchy", "cells", "wanted"),
    [
        (BANDS, ["34", ""], [["34歳", "30〜34歳", "30〜39歳", "すべて"], [None, None, None, "すべて"]]),
        (
            BANDS,
            ["30〜34歳", "30〜39歳", "すべて"],
            [[None, "30〜34歳", "30〜39歳", "すべて"], [None, None, "30〜39歳", "すべて"], [None] * 3 + ["すべて"]],
        ),
        (BORN, ["34"], [[None, "30〜34歳", "30〜39歳", "すべて"]]),
        (BORN, ["30〜39歳"], [[None, None, "30〜39歳", "すべて"]]),
        (PLACES, ["131016", "東京都"], [["東京都千代田区", "東京都", "関東地方", "全国"], [None, "東京都", "関東地方", "全国"]]),
        (TREE, ["E1", "r"], [[None, "E1", "East", "すべて"], ["r", "E2", "East", "すべて"]]),
    ],
    ids=["values", "bands", "age-of-birth", "band-of-birth", "places", "tree"],
)
def test_a_cell_lies_in_a_group_only_if_wholly_inside(tmp_path, hierarchy, cells, wanted):
    assert texts_of(tmp_path, hierarchy, cells) == wanted


def test_a_text_that_names_two_groups_counts_for_the_finer_alone(tmp_path):
    # The leaf X lies in the group X with a: a release may call the group "X" where no row has the leaf. Whoever has a is not in the leaf.
    (tmp_path / "h.csv").write_text("a;X;*\nX;X;*\nb;Y;*\n", encoding="utf-8")
    (tmp_path / "people.csv").write_text("q,persons\na,1\nX,1\nb,1\n", encoding="utf-8")
    plan = write_plan(tmp_path, {"k_map": 2}, {"q": quasi("h.csv")})
    found = find_texts(read_people(tmp_path / "people.csv"), plan, tmp_path / "people.csv")["q"]
    assert "X" not in frozenset().union(*found["a"])
    assert "X（第1階層）" in found["a"][1]
    assert "X" in found["X"][0]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("q,persons\nz,1\n", "does not know"),
        ("q,persons\np,-1\n", "cannot be read"),
        ("q,persons\np,\n", "cannot be read"),
        ("q,persons,area\np,1,x\n", "is no quasi-identifier"),
        ("persons\n1\n", "no column named as a quasi-identifier"),
    ],
    ids=["unknown", "negative", "no-count", "stray-column", "no-column"],
)
def test_tables_that_cannot_be_compared_are_refused_without_a_value(tmp_path, text, where):
    (tmp_path / "people.csv").write_text(text, encoding="utf-8")
    plan = write_plan(tmp_path, {"k_map": 2}, {"q": quasi({"tree": {"East": ["p", "q"]}})})
    with pytest.raises(FileRejected) as refused:
        find_texts(open_population(plan), plan, tmp_path / "people.csv")
    assert where in str(refused.value)


def test_the_hash_of_a_plan_covers_its_population_table(tmp_path):
    (tmp_path / "people.csv").write_text("q,persons\np,1\n", encoding="utf-8")
    plan = write_plan(tmp_path, {"k_map": 2}, {"q": quasi({"levels": 1})})
    (tmp_path / "people.csv").write_text("q,persons\np,2\n", encoding="utf-8")
    with pytest.raises(FileRejected):
        open_population(plan)
    other = write_plan(tmp_path, {"k_map": 2}, {"q": quasi({"levels": 1})})
    assert other.sha256 != plan.sha256
    assert other.privacy.population.sha256 in json.dumps(other.to_document())
    with pytest.raises(PlanError):
        write_plan(tmp_path, {"k_map": 2, "sha256": "0" * 64}, {"q": quasi({"levels": 1})})


def test_a_plan_without_its_population_table_is_refused(tmp_path):
    with pytest.raises(PlanError):
        write_plan(tmp_path, {"k_map": 2}, {"q": quasi({"levels": 1})})


@pytest.mark.parametrize(
    ("population", "code"),
    [({}, "population-model"), ({"delta_presence": [0.4, 0.2]}, "presence-range")],
)
def test_population_models_that_say_nothing_are_refused(tmp_path, population, code):
    (tmp_path / "people.csv").write_text("q,persons\np,1\n", encoding="utf-8")
    with pytest.raises(PlanError) as refused:
        write_plan(tmp_path, population, {"q": quasi({"levels": 1})})
    assert [finding.kind.code for finding in refused.value.findings] == [code]


# Four people of p, three of q, two of r, one of s in the file; more of them in the population, but nobody of s.
FILE = ["p"] * 4 + ["q"] * 3 + ["r"] * 2 + ["s"]
PEOPLE = "q,persons\np,8\nq,4\nr,40\nt,9\n"
COLUMNS = {"q": quasi(TREE)}


def run(tmp_path, population, method="global", people=PEOPLE, **more):
    (tmp_path / "people.csv").write_text(people, encoding="utf-8")
    pq.write_table(pa.table({"q": FILE}), tmp_path / "in.parquet")
    plan = write_plan(tmp_path, population, COLUMNS, method=method, **more)
    report = process(Job(source=tmp_path / "in.parquet", plan=plan, output=tmp_path / "out.parquet", compare=False))
    labels = [] if not report.rows_out else pq.read_table(tmp_path / "out.parquet").column("q").to_pylist()
    return report, sorted(set(labels)), plan


@pytest.mark.parametrize(
    ("population", "labels", "suppressed"),
    [
        # The one row of s is less than k but in "all". Values: loss 4/10 without q and s. E1, E2: (7/4 + 1)/10, 12 and 40 people.
        ({"k_map": 4}, ["p", "q", "r"], 1),
        ({"k_map": 5}, ["E1", "E2"], 1),
        ({"k_map": 13}, ["East"], 1),
        ({"delta_presence": [0.0, 0.5]}, ["p", "r"], 4),  # 4/8, 3/4, 2/40; E1 has 7/12
        ({"delta_presence": [0.0, 0.6]}, ["E1", "E2"], 1),
        ({"delta_presence": [0.0, 0.75]}, ["p", "q", "r"], 1),
        ({"k_map": 12, "delta_presence": [0.0, 0.6]}, ["E1", "E2"], 1),
    ],
)
def test_global_by_hand(tmp_path, population, labels, suppressed):
    found, shown, _ = run(tmp_path, population, suppression_limit=0.4)
    assert found.suppressed_rows == suppressed
    assert shown == labels


@pytest.mark.parametrize("method", ["global", "local"])
def test_figures_of_the_verifier(tmp_path, method):
    # Everything is one class: ten persons of 61.
    report, _, plan = run(tmp_path, {"k_map": 53, "delta_presence": [0.1, 0.2]}, method)
    measured = verify_file(tmp_path / "out.parquet", plan).population
    assert measured == pytest.approx({"k_map": 61, "presence_lowest": 10 / 61, "presence_highest": 10 / 61, "outside": 0, "overlap": 1})
    assert report.verified["population"]["k_map"] == 61


def test_shares_are_told_only_where_cells_cannot_overlap(tmp_path):
    assert set(run(tmp_path, {"k_map": 4}, "local")[0].verified["population"]) == {"k_map"}


def test_nobody_of_the_population_may_be_known_to_be_absent(tmp_path):
    # With a least share, p and r alone would tell of everybody in t that they are not in the file; East and West hold all people.
    report, shown, _ = run(tmp_path, {"delta_presence": [0.05, 0.9]}, suppression_limit=0.1)
    assert (report.suppressed_rows, shown) == (0, ["すべて"])


def test_what_cannot_be_reached_names_the_population(tmp_path):
    with pytest.raises(TargetNotReached) as refused:
        run(tmp_path, {"k_map": 62}, suppression_limit=0.4)
    assert "k_map" in str(refused.value.hint.template)
    assert not (tmp_path / "out.parquet").exists()


@pytest.mark.parametrize(
    ("population", "code"),
    [
        ({"k_map": 13}, "verify-k-map"),
        ({"delta_presence": [0.0, 0.4]}, "verify-presence"),
        ({"delta_presence": [0.5, 1.0]}, "verify-absence"),
    ],
)
def test_the_verifier_finds_a_release_that_holds_less(tmp_path, population, code):
    run(tmp_path, {"k_map": 5}, suppression_limit=0.4)
    table = pq.read_table(tmp_path / "out.parquet")
    plan = write_plan(tmp_path, population, COLUMNS, suppression_limit=0.4)
    said = json.loads(table.schema.metadata[b"sakusei"]) | {"plan_sha256": plan.sha256}
    lying = table.replace_schema_metadata({b"sakusei": json.dumps(said).encode()})
    pq.write_table(lying, tmp_path / "out.parquet", write_statistics=False)
    with pytest.raises(VerificationFailed) as failed:
        verify_file(tmp_path / "out.parquet", plan)
    assert {reason.code for reason in failed.value.reasons} == {code}


def test_overlapping_cells_are_found_out(tmp_path):
    # p and E1 in one release: whoever is p matches both, and no share of one cell tells how probable it is that they are in the file.
    run(tmp_path, {"k_map": 2}, people="q,persons\np,8\nq,8\nr,40\ns,9\n", method="local")
    table = pq.read_table(tmp_path / "out.parquet")
    plan = write_plan(tmp_path, {"delta_presence": [0.0, 1.0]}, COLUMNS, method="local")
    said = json.dumps(json.loads(table.schema.metadata[b"sakusei"]) | {"plan_sha256": plan.sha256}).encode()
    labels = pa.DictionaryArray.from_arrays(pa.array([1] * 2 + [0] * 2, pa.int32()), pa.array(["p", "E1"]))
    lying = pa.table([labels], schema=table.schema.with_metadata({b"sakusei": said}))
    pq.write_table(lying, tmp_path / "out.parquet", write_statistics=False)
    with pytest.raises(VerificationFailed) as failed:
        verify_file(tmp_path / "out.parquet", plan)
    assert {reason.code for reason in failed.value.reasons} == {"verify-presence-overlap"}


@pytest.mark.shared_data
@pytest.mark.parametrize("method", ["global", "local"])
def test_population_of_japan(tmp_path, shared_data, method):
    """One person in two thousand of every municipality of 2020, by municipality: k-map 50,000 and presence of at most 1 in 1,000."""
    with (shared_data / "population-2020.csv").open(encoding="utf-8-sig", newline="") as file:
        counts = {row["area_code"]: int(row["population"]) for row in csv.DictReader(file) if row["population"]}
    known = {append("municipality", code): n for code, n in counts.items()}
    from schemas.municipalities import find_municipality

    known = {code: n for code, n in known.items() if find_municipality(code) and n >= 2000}
    with (tmp_path / "people.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["place", "persons"], *known.items()])
    draw = np.random.default_rng(5)
    places = np.repeat(list(known), [n // 2000 for n in known.values()])
    pq.write_table(pa.table({"place": places, "age": draw.integers(20, 90, len(places))}), tmp_path / "in.parquet")
    columns = {"place": quasi(PLACES), "age": quasi({"intervals": [5, 10, 20]})}
    plan = write_plan(tmp_path, {"k_map": 50_000, "delta_presence": [0.0, 0.001]}, columns, method=method, suppression_limit=0.0)
    process(Job(source=tmp_path / "in.parquet", plan=plan, output=tmp_path / "out.parquet", compare=False))
    released = pq.read_table(tmp_path / "out.parquet").to_pandas()
    prefecture = {code: find_municipality(code).prefecture for code in known}
    if set(released["place"]) <= set(prefecture.values()):
        people = {name: sum(n for code, n in known.items() if prefecture[code] == name) for name in set(released["place"])}
        assert min(people.values()) >= 50_000
        shares = released.groupby("place", observed=True).size() / np.array([people[name] for name in sorted(people)])
        assert shares.max() <= 0.001
    assert verify_file(tmp_path / "out.parquet", plan).population["k_map"] >= 50_000


@pytest.mark.parametrize("text", ["n,n\na,b\n", "n,persons\na,9223372036854775807\n", "n,persons\na,10000000001\n"])
def test_a_table_that_cannot_be_counted_is_refused(tmp_path, text):
    (tmp_path / "p.csv").write_text(text, encoding="utf-8")
    with pytest.raises(FileRejected):
        read_people(tmp_path / "p.csv")
