"""Linked rows by hand: who shares a history, whom a failing class takes along, what each method answers, and what the refusal says."""

import numpy as np
import pytest

from anonymize.classes import Closeness, Diversity, Memberships, SensitiveCounts
from anonymize.loss import compute_loss
from anonymize.search import find_recoding
from anonymize.search.histories import number_histories, split_classes
from anonymize.solve import is_close
from schemas.errors import TargetNotReached

SEX = [[0, 0], [1, 0]]
# Four months in two quarters, then the year.
MONTH = [[0, 0, 0], [1, 0, 0], [2, 1, 0], [3, 1, 0]]


@pytest.fixture
def linked_of(table_of):
    def build(groups, patterns, **more):
        """patterns: (persons, {values: rows of one person}) of each pattern; one line per pattern and combination."""
        lines = sorted((values, p, persons * rows) for p, (persons, cells) in enumerate(patterns) for values, rows in cells.items())
        members = [[i for i, (_, p, _) in enumerate(lines) if p == number] for number in range(len(patterns))]
        found = Memberships(
            offsets=np.cumsum([0] + [len(m) for m in members]),
            combinations=np.array([i for m in members for i in m]),
            persons=np.array([persons for persons, _ in patterns]),
        )
        return table_of(
            [values for values, _, _ in lines],
            groups,
            rows=[rows for *_, rows in lines],
            persons=[patterns[p][0] for _, p, _ in lines],
            memberships=found,
            total_persons=int(found.persons.sum()),
            **more,
        )

    return build


# Persons by the classes of their rows: 0 and 2 share the set {0, 1} but not the numbers; 1 and 3 share {1}; 4 has {0, 2}.
IDS = np.array([0, 1, 1, 1, 0, 0, 1, 0, 2], dtype=np.int32)
OFFSETS = np.array([0, 2, 3, 6, 7, 9])
NOTHING = np.empty(0, dtype=np.int64)


@pytest.mark.parametrize(
    ("amounts", "wanted"),
    [
        (NOTHING, [0, 1, 0, 1, 2]),
        # 0 has one row in each of 0 and 1; 2 has one in 1 and two in 0.
        (np.ones(9, dtype=np.int64), [0, 1, 2, 1, 3]),
        # Rows of a class add up within a person: 1 has 3 rows in class 1, and so has 3.
        (np.array([1, 1, 3, 1, 1, 0, 3, 1, 1]), [0, 1, 0, 1, 2]),
    ],
)
def test_histories_are_sets_or_numbers_of_rows(amounts, wanted):
    numbers, count = number_histories(IDS, OFFSETS, amounts, 3)
    assert (numbers.tolist(), count) == (wanted, len(set(wanted)))


def test_equal_hashes_are_compared_class_by_class():
    # 4,000 patterns of two classes each among 90: every pair occurs, many slots are shared, and the answer is that of a dictionary.
    pairs = [(a, b) for a in range(90) for b in range(a + 1, 90)][:4000] * 2
    ids = np.array(pairs, dtype=np.int32).ravel()
    numbers, count = number_histories(ids, np.arange(0, len(ids) + 1, 2), NOTHING, 90)
    assert count == 4000
    assert (numbers[:4000] == numbers[4000:]).all()


def test_classes_of_k_are_not_enough(linked_of, task_of):
    # Two men were treated in months 0 and 1, two in 0 alone, two in 1 alone: both classes (m, 0) and (m, 1) hold 4 persons. By quarter the
    # sets are equal. k = 2 holds in months; k = 4 holds for classes in months, but for histories only in quarters: loss (0 + 1/3) / 2.
    patterns = [(2, {(0, 0): 1, (0, 1): 1}), (2, {(0, 0): 1}), (2, {(0, 1): 1})]
    table = linked_of([SEX, MONTH], patterns)
    in_months = find_recoding(task_of(table, 2, linked="classes"))
    assert in_months.levels[0].tolist() == [0, 0]
    unlinked, linked = (find_recoding(task_of(table, 4, linked=asked)) for asked in (None, "classes"))
    assert unlinked.levels[0].tolist() == [0, 0]
    assert (linked.levels[0].tolist(), compute_loss(table, linked, np.ones(2))) == ([0, 1], pytest.approx(1 / 6))


def test_numbers_of_rows_tell_persons_apart(linked_of, task_of):
    # In quarters the first two have two rows, the other four one: with numbers of rows nobody shares more than 4, whatever the level.
    patterns = [(2, {(0, 0): 1, (0, 1): 1}), (2, {(0, 0): 1}), (2, {(0, 1): 1})]
    table = linked_of([SEX, MONTH], patterns)
    with pytest.raises(TargetNotReached) as caught:
        find_recoding(task_of(table, 3, linked="rows"))
    assert caught.value.message.params == {"failed": 4, "rows": 8, "limit": 0, "k": 3, "share": 0.5}
    assert "rows_per_person" in caught.value.hint.template
    found = find_recoding(task_of(table, 3, linked="rows", suppression_limit=0.5))
    # The two persons with two rows (4 of 8 rows) are suppressed, with all rows.
    assert table.rows[found.suppressed].sum() == 4
    members = table.memberships
    assert found.suppressed[members.combinations[: members.offsets[1]]].all()


def test_whoever_is_suppressed_leaves_with_all_rows(linked_of, task_of):
    # Three persons in month 0; one in months 0 and 2. Rather than every row in quarters or the year, the one is suppressed (2 of 5 rows).
    table = linked_of([MONTH], [(3, {(0,): 1}), (1, {(0,): 1, (2,): 1})])
    found = find_recoding(task_of(table, 3, linked="classes", suppression_limit=0.4))
    assert found.levels.tolist() == [[0]] * 3
    assert sorted(table.rows[found.suppressed].tolist()) == [1, 1]
    held = find_recoding(task_of(table, 3, linked="classes", suppression_limit=0.3))
    assert not held.suppressed.any()
    assert held.levels[0].tolist() == [2]


@pytest.mark.parametrize("method", ["global", "local"])
def test_a_class_that_fails_takes_its_persons_along(linked_of, task_of, method):
    # Secrets 0 and 1. Pattern 0: two persons with month 0 (secrets 0, 1) and month 2 (secret 0 alone). Pattern 1: two with month 0 (0, 1).
    # Month 2 has one secret: with l = 2 its persons are suppressed in month 0 too, unless quarters and more are taken: the year holds all.
    table = linked_of([MONTH], [(2, {(0,): 1, (2,): 1}), (2, {(0,): 1})])
    # Lines sorted by month, then pattern: (0, p0), (0, p1), (2, p0).
    secrets = SensitiveCounts(
        offsets=np.array([0, 2, 4, 5]), values=np.array([0, 1, 0, 1, 0], dtype=np.int32), persons=np.array([1, 1, 1, 1, 2]), distinct=2,
        memberships=Memberships(
            offsets=np.array([0, 2, 4, 5, 6]), combinations=np.array([0, 4, 1, 4, 2, 3]), persons=np.array([1, 1, 1, 1])
        ),
    )  # fmt: skip
    table = linked_of([MONTH], [(2, {(0,): 1, (2,): 1}), (2, {(0,): 1})], sensitive={"column": secrets})
    wish = (Diversity(column="column", kind="distinct", l=2),)
    strict = find_recoding(task_of(table, 2, linked="classes", diversity=wish, method=method))
    assert not strict.suppressed.any()
    assert (strict.levels[~strict.suppressed] == 2).all()
    loose = find_recoding(task_of(table, 2, linked="classes", diversity=wish, method=method, suppression_limit=0.7))
    assert compute_loss(table, loose, np.ones(1)) == pytest.approx(4 / 6)
    assert loose.suppressed.tolist() == [True, False, True]


@pytest.fixture
def told_apart(linked_of):
    """Two persons with months 0 and 2, two with month 0 alone. Month 0: the first two have secret 0, the others 1. Month 2: one each."""
    secrets = SensitiveCounts(
        offsets=np.array([0, 1, 2, 4]), values=np.array([0, 1, 0, 1], dtype=np.int32), persons=np.array([2, 2, 1, 1]), distinct=2,
        memberships=Memberships(offsets=np.array([0, 2, 4, 5]), combinations=np.array([0, 2, 0, 3, 1]), persons=np.array([1, 1, 2])),
    )  # fmt: skip
    return linked_of([MONTH], [(2, {(0,): 1, (2,): 1}), (2, {(0,): 1})], sensitive={"column": secrets})


@pytest.mark.parametrize("method", ["global", "local"])
def test_secrets_are_asked_of_those_who_share_a_history(told_apart, task_of, method):
    # Month 0 as a class has both secrets. Who knows of months 0 and 2 of a person sees two rows of month 0, both with secret 0.
    # By year the four persons have one history and both secrets.
    wish = (Diversity(column="column", kind="distinct", l=2),)
    free = find_recoding(task_of(told_apart, 2, diversity=wish, method=method))
    assert (free.levels == 0).all()
    assert not free.suppressed.any()
    linked = find_recoding(task_of(told_apart, 2, linked="classes", diversity=wish, method=method))
    assert (linked.levels == 2).all()
    assert not linked.suppressed.any()


def test_classes_are_split_by_history(told_apart):
    # Lines: month 0 of the first pattern, month 0 of the second, month 2 of the first. Released as two classes, month by month.
    assert split_classes(told_apart, np.array([0, 0, 1]), "classes").tolist() == [0, 2, 1]
    assert split_classes(told_apart, np.array([0, 0, 0]), "classes").tolist() == [0, 0, 0]
    assert split_classes(told_apart, np.array([0, 0, 0]), "rows").tolist() == [0, 1, 0]
    assert split_classes(told_apart, np.array([-1, 0, -1]), "classes").tolist() == [-1, 0, -1]


def test_closeness_is_measured_among_those_who_share_a_history(told_apart):
    # Released month by month as one class each: month 0 has half and half, as the whole (3 of 6 each). Split by history it has one secret.
    wish = (Closeness(column="column", t=0.1),)
    assert is_close(told_apart, np.array([0, 0, 1]), wish)
    assert not is_close(told_apart, np.array([0, 0, 1]), wish, "classes")
    assert is_close(told_apart, np.array([0, 0, 0]), wish, "classes")


def test_persons_of_one_combination_may_be_released_unlike(linked_of, task_of):
    # Four persons have month 0 alone; four have 0 and 1; two have 0 and 3; two have 1 and 2. k = 4.
    # Local: the first eight keep their months, the last four share both quarters.
    patterns = [(4, {(0,): 1}), (4, {(0,): 1, (1,): 1}), (2, {(0,): 1, (3,): 1}), (2, {(1,): 1, (2,): 1})]
    table = linked_of([MONTH], patterns)
    everywhere = find_recoding(task_of(table, 4, linked="classes"))
    found = find_recoding(task_of(table, 4, linked="classes", method="local"))
    # Global: in quarters the last two patterns share {0, 1}; the first two share {0}: loss 1/3. Local: 8 of 20 rows at 1/3, the rest at 0.
    assert compute_loss(table, everywhere, np.ones(1)) == pytest.approx(1 / 3)
    assert compute_loss(table, found, np.ones(1)) == pytest.approx(8 / 20 / 3)
    first = [found.levels[i].tolist() for i in range(3)]  # month 0 of the three patterns that have it
    assert first == [[0], [0], [1]]


def test_a_coarser_column_is_proposed_first(linked_of, task_of):
    table = linked_of([MONTH], [(1, {(0,): 1}), (1, {(3,): 1})])
    with pytest.raises(TargetNotReached) as caught:
        find_recoding(task_of(table, 2, linked="classes", max_levels=np.array([1], dtype=np.int8)))
    assert caught.value.hint.params["column"] == "column_0"
    assert caught.value.hint.params["level"] == "level 2"


@pytest.mark.parametrize("method", ["global", "local"])
def test_without_time_there_is_still_an_answer_that_holds(linked_of, task_of, method):
    patterns = [(4, {(0,): 1}), (4, {(0,): 1, (1,): 1}), (2, {(0,): 1, (3,): 1}), (2, {(1,): 1, (2,): 1})]
    table = linked_of([MONTH], patterns)
    found = find_recoding(task_of(table, 4, linked="classes", method=method, budget_seconds=0.0))
    assert not found.suppressed.any()
    members = table.memberships
    cells = [(int(level), MONTH[month][level]) for (month,), (level,) in zip(table.codes, found.levels, strict=True)]
    histories = [frozenset(cells[i] for i in members.combinations[a:b]) for a, b in zip(members.offsets, members.offsets[1:], strict=False)]
    shared = {h: sum(p for p, other in zip(members.persons, histories, strict=True) if other == h) for h in histories}
    assert min(shared.values()) >= 4


def test_those_who_fail_are_grouped_anew_in_larger_groups(linked_of, task_of):
    # k = 2. One month each. Histories of two persons by sex and month have one secret each: months 0 and 1 (secrets 0, 1) and
    # months 2 and 3 (secrets 0, 1) are diverse by quarter, in groups of four. Sex 1, month 0 has both secrets and keeps its month.
    patterns = [(2, {(0, month): 1}) for month in range(4)] + [(2, {(1, 0): 1})]
    secrets = SensitiveCounts(
        offsets=np.array([0, 1, 2, 3, 4, 6]), values=np.array([0, 1, 0, 1, 0, 1], dtype=np.int32), persons=np.array([2, 2, 2, 2, 1, 1]),
        distinct=2,
    )  # fmt: skip
    table = linked_of([SEX, MONTH], patterns, sensitive={"column": secrets})
    wish = (Diversity(column="column", kind="distinct", l=2),)
    limits = {"max_levels": np.array([0, 2], dtype=np.int8), "diversity": wish, "linked": "classes"}
    found = find_recoding(task_of(table, 2, method="local", **limits))
    assert found.levels.tolist() == [[0, 1]] * 4 + [[0, 0]]
    assert not found.suppressed.any()
