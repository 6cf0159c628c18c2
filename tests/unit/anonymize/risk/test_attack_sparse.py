"""Sparse histories: two to eight dated facts against linked rows, by hand and on claims by the shipped plan."""

import dataclasses

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from anonymize.pipeline import Job, process
from anonymize.risk.assessment import Subject, assess
from anonymize.risk.attacks import sparse
from anonymize.risk.attacks.on_file import File, try_histories
from anonymize.risk.attacks.originals import Originals
from anonymize.risk.attacks.subject import Attacked, AttackSettings
from anonymize.risk.gate import reasons_not_to_release
from anonymize.risk.released import open_released
from anonymize.risk.thresholds import find_thresholds
from casework.console import run
from schemas.plan import load_plan


@pytest.fixture(scope="module")
def claims(tmp_path_factory):
    """Claims of some five hundred persons and the shipped plan, with the columns it drops left out."""
    folder = tmp_path_factory.mktemp("claims")
    sample = ["sample", "write", "--output", str(folder / "sample"), "--table", "kokuho_benefit", "--people", "600", "--seed", "5"]
    assert run(sample) == 0
    (source,) = (folder / "sample").glob("*.csv")
    convert = ["intake", "convert", str(source), "--table", "kokuho_benefit"]
    assert run([*convert, "--output", str(folder / "in.parquet"), "--report", str(folder / "converted.json")]) == 0
    assert run(["anonymize", "plan", "--table", "kokuho_benefit_events", "--output", str(folder / "plan.yaml")]) == 0
    return folder


def make_plan(folder):
    return load_plan(folder / "plan.yaml")


def make_unbinned(folder, k):
    """Months as they came, and k asked of classes alone: what an office might do that has read half of the book."""
    document = yaml.safe_load((folder / "plan.yaml").read_text(encoding="utf-8"))
    document["columns"]["treated_month"] |= {"min_level": 0, "max_level": 0}
    document["privacy"] = {"k": k, "linked": False}
    document |= {"suppression_limit": 0.5}
    (folder / "unbinned.yaml").write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return load_plan(folder / "unbinned.yaml")


def attack(folder, plan, *, seed=1, trials=60):
    output = folder / "out.parquet"
    process(Job(source=folder / "in.parquet", plan=plan, output=output, seed=1, compare=False))
    thresholds = find_thresholds("tokumei-2023", "contract", plan)
    schema = pq.read_schema(folder / "in.parquet")
    names = {column.name for column in plan.released} | {plan.unit}
    schema = pa.schema([field for field in schema if field.name in names])
    originals = Originals(path=folder / "in.parquet", schema=schema, unit=plan.unit)
    settings = AttackSettings(limits=thresholds.limit_attacks(), trials=trials, persons=400, seed=seed)
    with open_released(output, plan.unit) as released:
        attacked = Attacked(originals=originals, released=released, plan=plan, process=lambda _from, _to: None)
        return {result.code: result for result in try_histories(File(attacked=attacked, settings=settings, work=folder))}


def test_few_facts_name_nobody_in_claims_by_the_shipped_plan(claims):
    found = attack(claims, make_plan(claims))
    assert set(found) == {"sparse", "sparse_named"}
    for result in found.values():
        assert result.has_power, result.unprotected
        assert not result.exceeds, result.released
        assert result.unprotected.excess > 0.9
        assert "doi:" in result.source
    assert found["sparse_named"].released.members == 0.0  # no history is anybody's alone
    assert found["sparse"].released.excess <= 1 / 12
    assert found["sparse"].trials == found["sparse_named"].trials == 60


# Classes of twelve are enough against who picks one of the best now and then, and not against the limit; classes of two let names be told.
@pytest.mark.parametrize(("k", "refused"), [(12, {"sparse"}), (2, {"sparse", "sparse_named"})])
def test_events_left_unbinned_are_refused(claims, k, refused):
    plan = make_unbinned(claims, k)
    found = attack(claims, plan)
    assert {code for code, result in found.items() if result.has_power and result.exceeds} == refused
    thresholds = find_thresholds("tokumei-2023", "contract", plan)
    subject = Subject(original=claims / "in.parquet", released=claims / "out.parquet", plan=plan)
    assessment = dataclasses.replace(assess(subject, thresholds, settings=None, work=claims), attacks=tuple(found.values()))
    reasons = {reason.code for reason in reasons_not_to_release(assessment, thresholds)}
    assert {"linked-rows", *(f"attack-{code.replace('_', '-')}" for code in refused)} <= reasons


def test_the_same_seed_gives_the_same_answer(claims):
    plan = make_plan(claims)
    first, second, other = (attack(claims, plan, seed=seed, trials=15) for seed in (4, 4, 5))
    assert [r.released for r in first.values()] == [r.released for r in second.values()]
    assert first["sparse"].released != other["sparse"].released


# By hand: months 0 to 3 on days 0, 31, 59, 90; labels are the months themselves, or two halves.
DAYS = {"month": np.array([0.0, 31.0, 59.0, 90.0])}
MONTHS = {"month": 4}


def history(*months):
    return {"month": np.array(months, dtype=np.int32)}


def board(labels, persons, classes):
    columns = {"month": ([np.array(part) for part in labels], np.arange(len(labels), dtype=np.int32))}
    return sparse.make_board(columns, MONTHS, np.array(persons), np.array(classes))


def test_who_alone_has_the_months_is_picked_and_named():
    # Nine persons with months 0 and 1, one with 2 and 3: nothing else fits a fact about month 2 or 3.
    persons = [person for person in range(10) for _ in range(2)]
    classes = [0, 1] * 9 + [2, 3]
    held = board([[0], [1], [2], [3]], persons, classes)
    picked, named = sparse.attack(held, [history(2, 3)], DAYS, np.random.default_rng(0))
    assert (picked.members, named.members) == (1.0, 1.0)
    assert picked.baseline == pytest.approx(0.1)


def test_nine_alike_are_picked_one_time_in_nine_and_never_named():
    persons = [person for person in range(10) for _ in range(2)]
    held = board([[0], [1], [2], [3]], persons, [0, 1] * 9 + [2, 3])
    picked, named = sparse.attack(held, [history(0, 1)] * 30, DAYS, np.random.default_rng(0))
    assert picked.members == pytest.approx(1 / 9)
    assert named.members == 0.0
    assert named.interval[1] < 0.2


def test_halves_tell_less_than_months():
    # Persons 0 to 3 have rows in both halves, 4 has in the second alone: who knows month 2 and 3 picks one of five.
    held = board([[0, 1], [2, 3]], [0, 0, 1, 1, 2, 2, 3, 3, 4], [0, 1] * 4 + [1])
    picked, _ = sparse.attack(held, [history(2, 3)], DAYS, np.random.default_rng(1))
    assert picked.members == pytest.approx(1 / 5)


def test_a_best_candidate_with_other_rows_is_somebody_else():
    # The only candidate that fits month 2 also has a row in month 0, which the person has not.
    held = board([[0], [1], [2], [3]], [0, 0, 1], [0, 2, 1])
    picked, named = sparse.attack(held, [history(2, 2)], DAYS, np.random.default_rng(1))
    assert (picked.members, named.members) == (0.0, 0.0)


def test_nothing_fits_where_the_person_was_left_out():
    held = board([[0], [1]], [0, 1], [0, 1])
    picked, _ = sparse.attack(held, [history(3, 3)], {}, np.random.default_rng(1))
    assert picked.members == 0.0


@pytest.mark.parametrize("seed", range(20))
def test_facts_are_two_to_eight_and_admit_the_truth(seed):
    rng = np.random.default_rng(seed)
    days = {"month": np.arange(400, dtype=np.float64)}
    rows = rng.permutation(400)[:20].astype(np.int32)
    facts = sparse._draw_facts({"month": rows, "sex": np.zeros(20, dtype=np.int32)}, days, rng)
    assert sparse.FEWEST_FACTS <= len(facts) <= sparse.MOST_FACTS
    for fact in facts:
        assert fact["sex"].tolist() == [0]
        assert len(set(fact["month"].tolist()) & set(rows.tolist())) >= 1
        assert np.ptp(fact["month"]) <= 2 * sparse.DAYS


def test_a_missing_date_is_known_to_be_missing():
    days = {"month": np.array([0.0, np.nan])}
    (fact, *_) = sparse._draw_facts(history(1, 1), days, np.random.default_rng(0))
    assert fact["month"].tolist() == [1]


def test_originals_are_a_board_of_their_own_values():
    held = sparse.board_of_originals([history(0, 1, 1), history(2)], MONTHS)
    assert held.holders.toarray().tolist() == [[1, 1, 0], [0, 0, 1]]
    assert held.find_fitting({"month": np.array([1, 2])}).tolist() == [False, True, True]
    assert held.find_holders(np.array([False, True, False])).tolist() == [True, False]
    assert repr(held) == "Board(2 persons, 3 classes)"


def test_whole_histories_are_drawn(tmp_path):
    pq.write_table(pa.table({"key": ["a", "b", "a", None, "c", "c", None, "a"], "x": range(8)}), tmp_path / "in.parquet")
    originals = Originals(path=tmp_path / "in.parquet", schema=pq.read_schema(tmp_path / "in.parquet"), unit="key")
    rows, owners = originals.choose_histories(np.random.default_rng(0), 10)
    assert {tuple(rows[owners == owner].tolist()) for owner in (0, 1)} == {(0, 2, 7), (4, 5)}
    rows, owners = originals.choose_histories(np.random.default_rng(0), 1)
    assert set(owners.tolist()) == {0}
