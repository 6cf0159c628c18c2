"""Attacks of the suite on people with names: a voters' list by Faker, a tiny village, and leavers read off by subtraction."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from faker import Faker

from anonymize.pipeline import Job, process
from anonymize.risk.assessment import Subject, assess
from anonymize.risk.attacks import classification, inference, membership, neighbours, singling_out
from anonymize.risk.attacks.halves import release_members, split_halves
from anonymize.risk.attacks.originals import Originals
from anonymize.risk.attacks.staging import stage_release, stage_unprotected
from anonymize.risk.gate import reasons_not_to_release
from anonymize.risk.thresholds import find_thresholds
from schemas.plan import parse_plan

COLUMNS = {
    "name": {"role": "direct_identifier", "treatment": "drop", "clause": 1},
    "age": {"role": "quasi_identifier", "hierarchy": {"intervals": [5, 10, 20, 40]}, "type": "integer", "clause": 5},
    "sex": {"role": "quasi_identifier", "hierarchy": {"levels": 1}, "clause": 5},
    "postal": {"role": "quasi_identifier", "hierarchy": {"prefix": [3, 2, 1]}, "clause": 5},
    "care": {"role": "sensitive", "treatment": "keep", "clause": 5},
}


def make_plan(k=10, method="local", **more):
    return parse_plan({"plan": "people", "privacy": {"k": k}, "suppression_limit": 0.1, "method": method, "columns": COLUMNS, **more})


def draw_people(count, seed=11):
    """Residents with names as the register has them; postcodes of one prefecture."""
    fake, rng = Faker("ja_JP"), np.random.default_rng(seed)
    fake.seed_instance(seed)
    sex = rng.choice(["f", "m"], count)
    names = [fake.last_name() + (fake.first_name_female() if one == "f" else fake.first_name_male()) for one in sex]
    people = {"name": names, "age": rng.integers(18, 95, count), "sex": sex, "postal": rng.integers(6200, 6230, count).astype(str)}
    return pa.table(people | {"care": rng.choice(["none", "support", "care-1", "care-2", "care-5"], count, p=[0.6, 0.15, 0.1, 0.1, 0.05])})


@pytest.fixture(scope="module", params=["local", "global", "tightened", "cells"])
def scenes(request, tmp_path_factory):
    """The release of half of six thousand people, and their own rows, before the same attackers."""
    folder = tmp_path_factory.mktemp("people")
    more = {"tighten": {"nominal": True}} if request.param == "tightened" else {}
    plan = make_plan(method="local" if more else request.param, **more)
    pq.write_table(draw_people(6000), folder / "in.parquet")
    schema = pa.schema([field for field in pq.read_schema(folder / "in.parquet") if field.name != "name"])
    originals = Originals(path=folder / "in.parquet", schema=schema, unit=None)
    halves = split_halves(originals, np.random.default_rng(1), 3000)
    released = release_members(halves, plan, lambda a, b: process(Job(source=a, plan=plan, output=b, seed=1, compare=False)), folder)
    return stage_release(halves, released, plan, seed=1), stage_unprotected(halves, plan)


def test_a_voters_list_with_mistakes_finds_few(scenes):
    # Half of the people on the list are in the release at all; a tenth of the cells of the list is wrong.
    protected, bare = (neighbours.attack(scene, trials=300, seed=2) for scene in scenes)
    assert protected.interval[1] < 0.1  # one in k
    assert bare.interval[0] > 0.5


def test_who_is_in_the_file_does_not_show(scenes):
    protected, bare = (membership.attack(scene, trials=500, seed=2) for scene in scenes)
    assert protected.excess < 0.09
    assert bare.interval[0] > 0.3
    assert protected.interval[0] <= protected.excess <= protected.interval[1]


def test_singling_out_understands_every_method(scenes):
    # Labels of mixed levels, narrowed ranges and blank cells are groups of the hierarchy; controls are as many as members.
    protected, bare = (singling_out.attack(scene.of_outsider(), trials=150, seed=2) for scene in scenes)
    assert protected.interval[0] <= 0.09
    assert bare.interval[0] > 0.09
    assert bare.excess > protected.excess + 0.3


def test_guesses_of_care_levels_gain_little_on_every_method(scenes):
    for module in (inference, classification):
        protected, bare = (module.attack(scene, "care", trials=150, seed=2) for scene in scenes)
        assert protected.excess < 0.25
        assert bare.interval[0] > 0.25
        assert protected.baseline == pytest.approx(0.6, abs=0.12)  # six of ten need no care


def test_membership_by_hand(scenes):
    # 500 of 500 members fit and 400 of 500 strangers: the advantage is 0.2. Newcombe's interval from the Wilson intervals
    # (0.99238, 1) and (0.76268, 0.83272): 0.2 - √(0.00762² + 0.03272²) = 0.16640, 0.2 + √(0² + 0.03732²) = 0.23732.
    score = membership.compare(500, 400, 500)
    assert score.excess == pytest.approx(0.2)
    assert score.interval == pytest.approx((0.16640, 0.23732), abs=1e-4)


def village(folder, k):
    """Everybody of a village of 169 (Aogashima), as an extract of the whole village."""
    people = draw_people(169, seed=5)
    pq.write_table(people, folder / "village.parquet")
    plan = make_plan(k=k, method="global", privacy={"k": k})
    process(Job(source=folder / "village.parquet", plan=plan, output=folder / "out.parquet", seed=1, compare=False))
    return plan


def test_a_whole_village_in_small_classes_is_refused(tmp_path):
    plan = village(tmp_path, 2)
    thresholds = find_thresholds("tokumei-2023", "contract", plan)
    subject = Subject(original=tmp_path / "village.parquet", released=tmp_path / "out.parquet", plan=plan)
    assessment = assess(subject, thresholds, settings=None, work=tmp_path)
    reasons = {reason.code for reason in reasons_not_to_release(assessment, thresholds)}
    assert {"below-k", "prosecutor-highest"} <= reasons


def read_off(before, after, names):
    """Return the sensitive values that subtraction tells: of classes that lost exactly one row."""
    counts = [table.group_by([*names, "care"]).aggregate([([], "count_all")]).to_pylist() for table in (before, after)]
    first, second = ({tuple(row[name] for name in (*names, "care")): row["count_all"] for row in rows} for rows in counts)
    lost = {key: number - second.get(key, 0) for key, number in first.items() if number != second.get(key, 0)}
    classes = {}
    for (*place, care), number in lost.items():
        classes.setdefault(tuple(place), []).append((care, number))
    return [gone[0][0] for gone in classes.values() if len(gone) == 1 and gone[0][1] == 1]


def test_control_leavers_are_read_off_by_subtraction_of_two_safe_releases(tmp_path):
    # Each release has k = 5. One in a hundred leaves; of the classes that lost one person, the care level of that person is known.
    people = draw_people(20_000, seed=7)
    left = np.random.default_rng(8).random(20_000) < 0.01
    plan = make_plan(k=5, method="global", suppression_limit=0.2)
    tables = []
    for number, rows in enumerate((people, people.filter(pa.array(~left)))):
        pq.write_table(rows, tmp_path / f"{number}.parquet")
        process(Job(source=tmp_path / f"{number}.parquet", plan=plan, output=tmp_path / f"out{number}.parquet", seed=1, compare=False))
        tables.append(pq.read_table(tmp_path / f"out{number}.parquet"))
    names = ["age", "sex", "postal"]
    for table in tables:
        smallest = min(row["count_all"] for row in table.group_by(names).aggregate([([], "count_all")]).to_pylist())
        assert smallest >= 5
    assert len(read_off(*tables, names)) >= 20
    assert read_off(tables[0], tables[0], names) == []
