"""Downcoding: finer values recovered from coarser classes, by hand, by the real search on clustered data, and in the suite."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anonymize.pipeline import Job, process
from anonymize.risk.attacks import downcoding
from anonymize.risk.attacks.encoding import Known, Rows
from anonymize.risk.attacks.linkage import ReleasedClasses
from anonymize.risk.attacks.on_file import File, try_downcoding
from anonymize.risk.attacks.originals import Originals
from anonymize.risk.attacks.subject import Attacked, AttackSettings
from anonymize.risk.released import open_released
from schemas.plan import parse_plan

RNG = np.random.default_rng


def classes_of(columns, rows):
    """columns: name → (values each label stands for, label of each class)."""
    labels = {
        name: ([np.array(part) for part in members], np.array(of_class, dtype=np.int32)) for name, (members, of_class) in columns.items()
    }
    rows = np.array(rows, dtype=np.int64)
    return ReleasedClasses(labels=labels, persons=rows, rows=rows, single=True)


# Ages 20 to 23; classes: all ages of women (3 rows), age 20 of women (5 rows), all ages of men (4 rows).
NESTED = {"age": ([[0], [0, 1, 2, 3]], [1, 0, 1]), "sex": ([[0], [1]], [0, 0, 1])}


def test_a_finer_class_beside_a_coarser_one_narrows_it():
    found = downcoding.find_deductions(classes_of(NESTED, [3, 5, 4]))
    assert {one: (deduction.column, deduction.finer) for one, deduction in found.items()} == {0: ("age", (1,))}
    assert downcoding.attack(classes_of(NESTED, [3, 5, 4]), None, RNG(0)).excess == pytest.approx(3 / 12)


@pytest.mark.parametrize(("twenty", "expected"), [(5, 3 / 12), (6, 0.0)])
def test_a_deduction_counts_only_if_the_original_bears_it_out(twenty, expected):
    # With six women of 20 in the original and five in their class, one of them is in the coarse class: the deduction is wrong.
    positions = {"age": np.array([0, 1, 2, 0], dtype=np.int32), "sex": np.array([0, 0, 0, 1], dtype=np.int32)}
    originals = downcoding.Combinations(positions=positions, rows=np.array([twenty, 2, 1, 4]))
    assert downcoding.attack(classes_of(NESTED, [3, 5, 4]), originals, RNG(0)).excess == pytest.approx(expected)


def test_classes_that_differ_in_two_columns_say_nothing_of_each_other():
    columns = {"age": ([[0], [0, 1]], [1, 0]), "sex": ([[0], [0, 1]], [1, 0])}
    assert downcoding.find_deductions(classes_of(columns, [5, 5])) == {}


def test_a_class_that_is_covered_by_finer_ones_says_nothing():
    columns = {"age": ([[0], [1], [0, 1]], [2, 0, 1])}
    assert downcoding.find_deductions(classes_of(columns, [5, 5, 5])) == {}


def test_control_rare_values_replaced_by_all_are_known_not_to_be_the_usual_ones():
    values = np.array([0] * 20 + [1] * 15 + [2] * 3 + [3] * 2, dtype=np.int32)
    assert downcoding.attack(downcoding.suppress_rare(values, 10), None, RNG(0)).excess == pytest.approx(5 / 40)


COLUMNS = {
    "x": {"role": "quasi_identifier", "hierarchy": {"intervals": [2, 4, 8, 16, 32]}, "type": "integer", "clause": 5},
    "y": {"role": "quasi_identifier", "hierarchy": {"intervals": [2, 4, 8, 16, 32]}, "type": "integer", "clause": 5},
}


def draw_clusters(count=3000, seed=4):
    """Clustered and heteroskedastic: cluster c has spread 2^c, so that each is dense at a scale of its own (Cohen 2022, section 4)."""
    rng = RNG(seed)
    cluster = rng.integers(0, 5, count)
    centre = rng.integers(8, 120, (5, 2))
    points = np.clip(np.round(centre[cluster] + rng.normal(size=(count, 2)) * 2.0 ** cluster[:, None]), 0, 127).astype(np.int64)
    return pa.table({"x": points[:, 0], "y": points[:, 1]})


def assess_downcoding(folder, method, **more):
    plan = parse_plan({"plan": "p", "privacy": {"k": 10}, "suppression_limit": 0.05, "method": method, "columns": COLUMNS, **more})
    pq.write_table(draw_clusters(), folder / "in.parquet")
    process(Job(source=folder / "in.parquet", plan=plan, output=folder / "out.parquet", seed=1, compare=False))
    originals = Originals(path=folder / "in.parquet", schema=pq.read_schema(folder / "in.parquet"), unit=None)
    with open_released(folder / "out.parquet") as released:
        attacked = Attacked(originals=originals, released=released, plan=plan, process=lambda _from, _to: None)
        (result,) = try_downcoding(File(attacked=attacked, settings=AttackSettings(limits={}, seed=2), work=folder))
    return result


def test_nothing_is_recovered_from_global_recoding(tmp_path):
    result = assess_downcoding(tmp_path, "global")
    assert result.has_power
    assert result.released.excess == 0.0


@pytest.mark.parametrize(("method", "more"), [("local", {}), ("cells", {})])
def test_what_other_methods_let_be_recovered_is_told_and_not_held_against(tmp_path, method, more):
    result = assess_downcoding(tmp_path, method, **more)
    assert 0.0 < result.released.excess < 0.5
    assert result.limit is None
    assert not result.exceeds


def test_narrowed_values_say_themselves_what_could_be_recovered(tmp_path):
    local, narrowed = assess_downcoding(tmp_path, "local"), assess_downcoding(tmp_path, "local", tighten=True)
    assert narrowed.released.excess < local.released.excess


def test_control_recovers_something_from_every_column_of_two_values():
    # Nobody is rare: 12 and 8 rows. The rarest is blanked all the same, and 8 of 20 rows are known not to be the other.
    values = np.array([0] * 12 + [1] * 8, dtype=np.int32)
    assert downcoding.attack(downcoding.suppress_rare(values, 2), None, RNG(0)).excess == pytest.approx(8 / 20)
    assert downcoding.attack(downcoding.suppress_rare(values[:12], 2), None, RNG(0)).excess == 0.0


@pytest.mark.parametrize("method", ["global", "local", "cells"])
def test_the_control_is_at_least_as_strong_as_the_attack(tmp_path, method):
    result = assess_downcoding(tmp_path, method)
    assert result.unprotected.excess >= result.released.excess
    assert result.has_power


def test_the_control_is_at_least_as_strong_where_deductions_are_all_of_it():
    # One value a column: nothing is rare. The file's own classes are the control, with every deduction taken for true.
    classes = classes_of(NESTED, [300, 5, 4])
    codes = np.zeros(4, dtype=np.int32)
    known = Known(groups=np.zeros((4, 2), dtype=np.int32), finest=codes, value=codes)
    targets = Rows(known={"age": known}, numbers={}, categories={})
    assert downcoding.attack_careless(classes, targets, 10).excess == pytest.approx(300 / 309)


def test_deductions_that_were_not_all_looked_up_have_an_interval(monkeypatch):
    columns = {"age": ([[0], [0, 1, 2, 3]], [1, 0, 1, 0]), "sex": ([[0], [1]], [0, 0, 1, 1])}
    positions = {"age": np.array([1, 0, 1, 0], dtype=np.int32), "sex": np.array([0, 0, 1, 1], dtype=np.int32)}
    originals = downcoding.Combinations(positions=positions, rows=np.array([3, 5, 3, 5]))
    whole = downcoding.attack(classes_of(columns, [3, 5, 3, 5]), originals, RNG(0))
    assert whole.interval == (whole.excess, whole.excess) == (pytest.approx(6 / 16), pytest.approx(6 / 16))
    monkeypatch.setattr(downcoding, "MOST_CLASSES", 1)
    part = downcoding.attack(classes_of(columns, [3, 5, 3, 5]), originals, RNG(0))
    # One of one held: Wilson says 0.2065 to 1.
    assert part.interval == (pytest.approx(6 / 16 * 0.2065, abs=1e-4), pytest.approx(6 / 16))
