"""How generalised values are understood: containment, unknown levels, tree distance; by hand."""

import numpy as np
import pyarrow as pa
import pytest

from anonymize.risk.attacks.encoding import UNKNOWN, QuasiIdentifier, Rows, encode_others
from anonymize.risk.attacks.inference import FittingRows
from anonymize.risk.attacks.linkage import count_fitting, encode_classes, score
from anonymize.risk.attacks.scene import Scene, level_frame
from schemas.errors import FileRejected
from schemas.hierarchies import load_hierarchy

AGES = pa.array([20, 24, 25, 31], type=pa.int64())


@pytest.fixture
def age() -> QuasiIdentifier:
    # Levels: the value; five years (20–24, 25–29, 30–34); ten years (20–29, 30–39); all.
    return QuasiIdentifier(name="age", values=AGES, levels=load_hierarchy({"intervals": [5, 10]}).resolve(AGES, column="age"))


def label(age: QuasiIdentifier, level: int, value: int) -> str:
    return age.levels.labels[level][age.levels.codes[AGES.to_pylist().index(value), level]]


def column(*cells: object) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(cells)])


def test_originals_are_known_at_every_level(age: QuasiIdentifier) -> None:
    known = age.encode_values(column(24, 31))
    assert known.finest.tolist() == [0, 0]
    assert (known.groups != UNKNOWN).all()
    assert known.value.tolist() == [1, 3]


def test_labels_are_known_from_their_level_upwards(age: QuasiIdentifier) -> None:
    labels = column(label(age, 1, 20), label(age, 2, 20))
    known = age.encode_labels(labels, np.random.default_rng(0))
    assert known.finest.tolist() == [1, 2]
    assert known.groups[0].tolist()[0] == UNKNOWN
    assert known.groups[1].tolist()[:2] == [UNKNOWN, UNKNOWN]
    # 20–24 holds 20 and 24 (positions 0 and 1), 20–29 also 25 (position 2).
    assert known.value[0] in {0, 1}
    assert known.value[1] in {0, 1, 2}


def test_unknown_label_is_refused_without_showing_it(age: QuasiIdentifier) -> None:
    with pytest.raises(FileRejected) as refused:
        age.encode_labels(column("CANARY"), np.random.default_rng(0))
    assert "CANARY" not in str(refused.value)


def test_containment_counts_persons_of_every_class_that_fits(age: QuasiIdentifier) -> None:
    # Local recoding: classes 20–24 (10 persons), 20–29 (12), 30–34 (11). A person of 24 fits the first two (22), of 25 the second alone
    # (12), of 31 the third (11). Chances 1/22, 1/12, 1/11: mean 0.07323.
    labels = {"age": [label(age, 1, 20), label(age, 2, 20), label(age, 1, 31)]}
    classes = encode_classes({"age": age}, labels, np.array([10, 12, 11]), np.array([10, 12, 11]), single=True)
    targets = Rows(known={"age": age.encode_values(column(24, 25, 31))}, numbers={}, categories={})
    fitting = count_fitting(classes, targets)
    assert fitting.tolist() == [22, 12, 11]
    assert score(fitting, 0.0).excess == pytest.approx((1 / 22 + 1 / 12 + 1 / 11) / 3)


def test_persons_in_several_classes_are_counted_by_the_largest(age: QuasiIdentifier) -> None:
    labels = {"age": [label(age, 1, 20), label(age, 2, 20)]}
    classes = encode_classes({"age": age}, labels, np.array([10, 12]), np.array([10, 12]), single=False)
    targets = Rows(known={"age": age.encode_values(column(24))}, numbers={}, categories={})
    assert count_fitting(classes, targets).tolist() == [12]


def test_nobody_fits_counts_as_not_found(age: QuasiIdentifier) -> None:
    classes = encode_classes({"age": age}, {"age": [label(age, 1, 31)]}, np.array([10]), np.array([10]), single=True)
    targets = Rows(known={"age": age.encode_values(column(20))}, numbers={}, categories={})
    assert count_fitting(classes, targets).tolist() == [0]
    assert score(count_fitting(classes, targets), 0.0).excess == 0.0


def test_tree_distance_ignores_levels_nobody_released(age: QuasiIdentifier) -> None:
    # Released at five and ten years: the value level says nothing and is left out, "all" too; two columns remain.
    released = Rows(
        known={"age": age.encode_labels(column(label(age, 1, 20), label(age, 2, 20)), np.random.default_rng(0))}, numbers={}, categories={}
    )
    members = Rows(known={"age": age.encode_values(column(24, 31))}, numbers={}, categories={})
    scene = Scene(quasi_identifiers={"age": age}, released=released, members=members, strangers=members, secrets=())
    mine, parts = level_frame(scene, members)
    theirs, _ = level_frame(scene, released)
    assert parts == {"age": ["q0l1", "q0l2"]}
    # 24 against 20–24: equal at both; against 20–29: equal at ten years, unknown at five.
    assert (mine.iloc[0] == theirs.iloc[0]).tolist() == [True, True]
    assert (mine.iloc[0] == theirs.iloc[1]).tolist() == [False, True]
    assert (mine.iloc[1] == theirs.iloc[0]).tolist() == [False, False]


def test_guess_is_the_most_frequent_secret_that_fits(age: QuasiIdentifier) -> None:
    # Released 20–24 with secrets 1, 1, 2 and 30–34 with 3, 3: a person of 20 is guessed 1, one of 31 is guessed 3; nothing fits 25 fully,
    # all rows are one step away, and the most frequent of all (1 before 3 at a tie) is guessed.
    labels = column(*[label(age, 1, 20)] * 3, *[label(age, 1, 31)] * 2)
    released = Rows(known={"age": age.encode_labels(labels, np.random.default_rng(0))}, numbers={}, categories={})
    targets = Rows(known={"age": age.encode_values(column(20, 31, 25))}, numbers={}, categories={})
    guess = FittingRows(released, np.array([1, 1, 2, 3, 3]), targets)
    assert [guess._guess(i) for i in range(3)] == [1, 3, 1]


def test_other_columns_share_one_coding() -> None:
    left = pa.table({"cost": pa.array([1.5, None]), "kind": ["a", None]})
    right = pa.table({"cost": pa.array([2, 3]), "kind": ["b", "a"]})
    (numbers, kinds), (more, others) = encode_others([left, right], ["cost", "kind"])
    assert numbers["cost"][0] == 1.5
    assert np.isnan(numbers["cost"][1])
    assert more["cost"].tolist() == [2.0, 3.0]
    assert kinds["kind"].tolist() == [0, UNKNOWN]
    assert others["kind"].tolist() == [1, 0]


def test_repr_shows_counts_only(age: QuasiIdentifier) -> None:
    rows = Rows(known={"age": age.encode_values(column(20, 31))}, numbers={}, categories={})
    assert repr(rows) == "Rows(2 rows)"
