"""l-diversity and t-closeness of a written file, against the definitions of the papers; all models of a plan at once."""

import itertools
import json
import math
from collections import Counter, defaultdict

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anonymize.classes import SensitiveCounts
from anonymize.models.closeness import measure_distances
from anonymize.pipeline import Job, process
from anonymize.rows.sensitive import sort_entries
from anonymize.verify import sql
from anonymize.verify.file import verify_file
from anonymize.verify.models import measure_models
from schemas.errors import PlanError, TargetNotReached
from schemas.hierarchies import load_hierarchy
from schemas.plan import load_plan, parse_plan

# Li et al. (2007), figure 1: hierarchy of diseases.
DISEASES = {
    "respiratory": {"infection": ["flu", "pneumonia", "bronchitis"], "vascular": ["oedema", "embolism"]},
    "digestive": {"stomach": ["ulcer", "cancer", "gastritis"], "colon": ["colitis", "colon cancer"]},
}
TREE = {"tree": DISEASES}
LEAVES = [leaf for system in DISEASES.values() for group in system.values() for leaf in group]


def by_definition(class_counts, whole_counts):
    """The cost of Li et al. (2007), 5.3: per node, height over H times the smaller of what its children have above and below zero."""
    p, q = (Counter({leaf: n / sum(counts.values()) for leaf, n in counts.items()}) for counts in (class_counts, whole_counts))

    def visit(node):
        """Extra of a node, cost inside it, its height."""
        if isinstance(node, str):
            return p[node] - q[node], 0.0, 0
        parts = [visit(child) for child in (node.values() if isinstance(node, dict) else node)]
        above, below = sum(max(e, 0) for e, _, _ in parts), sum(max(-e, 0) for e, _, _ in parts)
        height = 1 + max(h for _, _, h in parts)
        return sum(e for e, _, _ in parts), sum(c for _, c, _ in parts) + height / 3 * min(above, below), height

    return visit(DISEASES)[1]


@pytest.mark.parametrize(("one", "other", "distance"), [("flu", "bronchitis", 1 / 3), ("flu", "embolism", 2 / 3), ("flu", "cancer", 1.0)])
def test_distances_of_diseases_as_published(one, other, distance):
    table = load_hierarchy(TREE).resolve(pa.array(LEAVES))
    place = {leaf: i for i, leaf in enumerate(LEAVES)}
    counts = SensitiveCounts(
        offsets=np.array([0, 1]), values=np.array([place[one]], np.int32), persons=np.array([1]), distinct=len(LEAVES), levels=table
    )
    whole = np.eye(len(LEAVES))[place[other]]
    assert measure_distances(counts, whole, "hierarchical") == pytest.approx([distance])
    assert by_definition(Counter([one]), Counter([other])) == pytest.approx(distance)


def write_release(path, classes, person=None):
    """A file with a class column, a sensitive column and maybe persons; only what the measures read."""
    rows = [(name, value) for name, values in classes.items() for value in values]
    columns = {"q": [name for name, _ in rows], "secret": [value for _, value in rows]}
    pq.write_table(pa.table(columns | ({"person": person} if person else {})), path)


def measure(path, model, person=None):
    sensitive = {"role": "sensitive", "treatment": "keep", "clause": 5}
    columns = {"q": {"role": "quasi_identifier", "hierarchy": {"levels": 1}, "clause": 5}, "secret": sensitive}
    plan = parse_plan({"plan": "m", "privacy": {"k": 2, **model}, "columns": columns})
    file = sql.open_written(path, ("q",), person)
    try:
        return measure_models(file, plan)
    finally:
        file.connection.close()


def test_hierarchical_distance_of_a_file_is_that_of_the_definition(tmp_path):
    draw = np.random.default_rng(2)
    for _ in range(5):
        classes = {f"c{i}": draw.choice(LEAVES[: draw.integers(2, 11)], draw.integers(1, 9)).tolist() for i in range(4)}
        write_release(tmp_path / "r.parquet", classes)
        whole = Counter(itertools.chain.from_iterable(classes.values()))
        wanted = max(by_definition(Counter(values), whole) for values in classes.values())
        found = measure(tmp_path / "r.parquet", {"t_closeness": {"secret": {"t": 1, "distance": "hierarchical", "hierarchy": TREE}}})
        assert found.closeness["secret"] == pytest.approx(wanted)


def test_salaries_as_published(tmp_path):
    # Li et al. (2007), section 5.2: {3k, 4k, 5k} lies 0.375 from {3k … 11k}, {6k, 8k, 11k} 0.167.
    write_release(tmp_path / "r.parquet", {"a": [3, 4, 5], "b": [6, 8, 11], "c": [7, 9, 10]})
    assert measure(tmp_path / "r.parquet", {"t_closeness": {"secret": {"t": 1, "distance": "ordered"}}}).closeness[
        "secret"
    ] == pytest.approx(0.375)
    write_release(tmp_path / "r.parquet", {"a": [3, 5, 9], "b": [6, 8, 11], "c": [4, 7, 10]})
    found = measure(tmp_path / "r.parquet", {"t_closeness": {"secret": {"t": 1, "distance": "ordered"}}})
    assert found.closeness["secret"] == pytest.approx(1 / 6)


@pytest.mark.parametrize(
    ("model", "wanted"),
    [
        ({"kind": "distinct", "l": 2}, 1),  # class b: one value and a missing one
        ({"kind": "entropy", "l": 2}, math.exp(-(2 / 3 * math.log(2 / 3) + 1 / 3 * math.log(1 / 3)))),
        ({"kind": "recursive", "l": 2, "c": 3}, 2.0),  # class b: 2 over 1
    ],
)
def test_diversity_by_hand(tmp_path, model, wanted):
    write_release(tmp_path / "r.parquet", {"a": ["x", "y", "z"], "b": ["x", "x", None]})
    assert measure(tmp_path / "r.parquet", {"l_diversity": {"secret": model}}).diversity["secret"] == pytest.approx(wanted)


def test_persons_are_counted_once_per_class_and_value(tmp_path):
    # Person 1 has x three times in class a: a is half x, half y; the whole is {a: x y, b: x x}, x 3/4; both lie 1/4 away.
    write_release(tmp_path / "r.parquet", {"a": ["x", "x", "x", "y"], "b": ["x", "x"]}, person=[1, 1, 1, 2, 3, 4])
    found = measure(tmp_path / "r.parquet", {"t_closeness": {"secret": 1.0}}, person="person")
    assert found.closeness["secret"] == pytest.approx(1 / 4)


def test_names_of_the_release_never_meet_those_of_the_measures(tmp_path):
    pq.write_table(pa.table({"value": ["a", "a", "b", "b"], "n": ["1"] * 4, "secret": ["x", "y", "x", "x"]}), tmp_path / "r.parquet")
    file = sql.open_written(tmp_path / "r.parquet", ("value", "n"), None)
    columns = {name: {"role": "quasi_identifier", "hierarchy": {"levels": 1}, "clause": 5} for name in ("value", "n")}
    columns["secret"] = {"role": "sensitive", "treatment": "keep", "clause": 5}
    plan = parse_plan({"plan": "m", "privacy": {"k": 2, "l_diversity": {"secret": {"kind": "distinct", "l": 1}}}, "columns": columns})
    assert measure_models(file, plan).diversity == {"secret": 1}
    file.connection.close()


def test_entries_are_sorted_by_line_then_by_code():
    draw = np.random.default_rng(1)
    lines, codes = np.divmod(draw.permutation(60)[:40], 6)
    persons = draw.integers(1, 9, 40)
    offsets, values, counts = sort_entries(lines.astype(np.int32), codes.astype(np.int32), persons, (10, 6))
    order = np.lexsort((codes, lines))
    assert np.array_equal(values, codes[order])
    assert np.array_equal(counts, persons[order])
    assert np.array_equal(offsets, np.searchsorted(lines[order], np.arange(11)))


MODELS = {
    "l_diversity": {"disease": {"kind": "distinct", "l": 2}, "grade": {"kind": "recursive", "l": 2, "c": 4}},
    "t_closeness": {"disease": {"t": 0.4, "distance": "hierarchical", "hierarchy": TREE}, "grade": {"t": 0.35, "distance": "ordered"}},
    "population": {"file": "people.csv", "k_map": 40, "delta_presence": [0.0, 0.5]},
}


@pytest.mark.parametrize("method", ["global", "local"])
@pytest.mark.parametrize("rows_per_person", [1, 3])
def test_all_models_at_once(tmp_path, method, rows_per_person):
    draw = np.random.default_rng(11)
    persons = np.repeat(np.arange(120), rows_per_person)
    constant = draw.integers(20, 60, 120)[persons]
    rows = {
        "person": [f"p{i}" for i in persons],
        "age": constant,
        "area": draw.choice(["n", "s"], 120)[persons],
        "disease": draw.choice(LEAVES[:6], len(persons)),
        "grade": draw.integers(1, 5, len(persons)),
    }
    pq.write_table(pa.table(rows), tmp_path / "in.parquet")
    people = ["age,persons", *(f"{age},{draw.integers(4, 12)}" for age in range(15, 70))]
    (tmp_path / "people.csv").write_text("\n".join(people) + "\n", encoding="utf-8")
    columns = {
        "person": {"role": "linking_code", "treatment": "fresh_id", "clause": 3},
        "age": {"role": "quasi_identifier", "hierarchy": {"intervals": [5, 10, 20]}, "clause": 5},
        "area": {"role": "quasi_identifier", "hierarchy": {"levels": 1}, "clause": 5},
        "disease": {"role": "sensitive", "treatment": "keep", "clause": 5},
        "grade": {"role": "sensitive", "treatment": "keep", "clause": 5},
    }
    head = {"plan": "all", "unit": "person", "privacy": {"k": 4, **MODELS}, "suppression_limit": 0.2, "method": method}
    (tmp_path / "plan.json").write_text(json.dumps({**head, "columns": columns}), encoding="utf-8")
    plan = load_plan(tmp_path / "plan.json")
    report = process(Job(source=tmp_path / "in.parquet", plan=plan, output=tmp_path / "out.parquet", seed=3, compare=False))
    assert report.rows_out > 0
    measured = verify_file(tmp_path / "out.parquet", plan)
    assert measured.population["k_map"] >= 40
    assert measured.population["presence_highest"] <= 0.5
    cells = defaultdict(lambda: defaultdict(set))
    released = pq.read_table(tmp_path / "out.parquet").to_pylist()
    for row in released:
        cells[row["age"], row["area"]][row["disease"]].add(row["person"])
    counts = {cell: Counter({value: len(owners) for value, owners in values.items()}) for cell, values in cells.items()}
    whole = sum(counts.values(), Counter())
    assert measured.closeness["disease"] == pytest.approx(max(by_definition(c, whole) for c in counts.values()))
    assert measured.closeness["disease"] <= 0.4 + 1e-9
    assert min(map(len, counts.values())) >= 2


def test_what_a_hierarchy_does_not_know_is_refused(tmp_path):
    pq.write_table(pa.table({"q": ["a"] * 4, "secret": ["flu", "flu", "cold", "ulcer"]}), tmp_path / "in.parquet")
    columns = {
        "q": {"role": "quasi_identifier", "hierarchy": {"levels": 1}, "clause": 5},
        "secret": {"role": "sensitive", "treatment": "keep", "clause": 5},
    }
    privacy = {"k": 2, "t_closeness": {"secret": {"t": 0.3, "distance": "hierarchical", "hierarchy": TREE}}}
    plan = parse_plan({"plan": "u", "privacy": privacy, "columns": columns})
    with pytest.raises(PlanError) as refused:
        process(Job(source=tmp_path / "in.parquet", plan=plan, output=tmp_path / "out.parquet", compare=False))
    assert "cold" not in str(refused.value)
    assert not (tmp_path / "out.parquet").exists()


@pytest.mark.parametrize("entry", [{"t": 0.2, "distance": "hierarchical"}, {"t": 0.2, "distance": "equal", "hierarchy": TREE}])
def test_distance_and_hierarchy_go_together(tmp_path, entry):
    columns = {
        "q": {"role": "quasi_identifier", "hierarchy": {"levels": 1}, "clause": 5},
        "secret": {"role": "sensitive", "treatment": "keep", "clause": 5},
    }
    (tmp_path / "p.json").write_text(
        json.dumps({"plan": "d", "privacy": {"k": 2, "t_closeness": {"secret": entry}}, "columns": columns}), encoding="utf-8"
    )
    with pytest.raises(PlanError) as refused:
        load_plan(tmp_path / "p.json")
    assert [finding.kind.code for finding in refused.value.findings] == ["distance-hierarchy"]


def test_a_distance_nobody_can_hold_is_a_target_not_reached(tmp_path):
    pq.write_table(pa.table({"q": ["a"] * 4, "secret": ["flu", "ulcer", None, "flu"]}), tmp_path / "in.parquet")
    columns = {
        "q": {"role": "quasi_identifier", "hierarchy": {"levels": 1}, "clause": 5},
        "secret": {"role": "sensitive", "treatment": "keep", "clause": 5},
    }
    privacy = {"k": 2, "l_diversity": {"secret": {"kind": "distinct", "l": 3}}}
    plan = parse_plan({"plan": "n", "privacy": privacy, "columns": columns})
    with pytest.raises(TargetNotReached):
        process(Job(source=tmp_path / "in.parquet", plan=plan, output=tmp_path / "out.parquet", compare=False))
