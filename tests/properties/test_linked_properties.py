"""For all small files of persons with several rows: the searches against enumeration and dictionaries."""

import itertools
from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymize.classes import ClassTable, Memberships, SearchTask
from anonymize.loss import compute_loss
from anonymize.recoding import number_classes
from anonymize.rows.persons import number_patterns
from anonymize.search import find_recoding, linked
from schemas.errors import TargetNotReached
from schemas.hierarchies import LevelTable

SHAPES = (
    [[0, 0, 0], [1, 0, 0], [2, 1, 0], [3, 1, 0]],
    [[0, 0, 0], [1, 0, 0], [2, 1, 0]],
    [[0, 0], [1, 0]],
)


def make_levels(groups):
    codes = np.array(groups, dtype=np.int32)
    leaves = tuple(np.bincount(codes[:, level]).astype(np.int64) for level in range(codes.shape[1]))
    names = tuple(f"level {level}" for level in range(codes.shape[1]))
    labels = tuple(tuple(f"{level}.{g}" for g in range(len(counts))) for level, counts in enumerate(leaves))
    bounds = (None,) * len(names)
    return LevelTable(level_names=names, codes=codes, leaves=leaves, total_leaves=len(codes), labels=labels, bounds=bounds, ordered=False)


@st.composite
def files(draw):
    """Shapes of columns, and rows per person; the columns before `fixed` are the same in all rows of a person."""
    shapes = draw(st.lists(st.sampled_from(SHAPES), min_size=1, max_size=3))
    fixed = draw(st.integers(0, len(shapes)))
    values = st.tuples(*[st.integers(0, len(shape) - 1) for shape in shapes])
    people = draw(st.lists(st.lists(values, min_size=1, max_size=4), min_size=1, max_size=8))
    return shapes, [[(*rows[0][:fixed], *row[fixed:]) for row in rows] for rows in people]


def make_table(shapes, people, asked, order=None):
    """The class table of a file: a line per combination and pattern, in any order."""
    shared = Counter(tuple(sorted(Counter(rows).items())) if asked == "rows" else tuple(sorted(set(rows))) for rows in people)
    sums = defaultdict(Counter)
    for rows in people:
        sums[tuple(sorted(Counter(rows).items())) if asked == "rows" else tuple(sorted(set(rows)))] += Counter(rows)
    lines = [(values, p) for p, key in enumerate(sorted(shared)) for values in sorted(sums[key])]
    lines = [lines[i] for i in order] if order is not None else lines
    keys = sorted(shared)
    members = [[i for i, (_, p) in enumerate(lines) if p == number] for number in range(len(keys))]
    found = Memberships(
        offsets=np.cumsum([0] + [len(m) for m in members]),
        combinations=np.array([i for m in members for i in m]),
        persons=np.array([shared[key] for key in keys]),
    )
    return ClassTable(
        columns=tuple(f"column_{j}" for j in range(len(shapes))),
        levels=tuple(make_levels(shape) for shape in shapes),
        codes=np.array([values for values, _ in lines], dtype=np.int32).reshape(-1, len(shapes)),
        rows=np.array([sums[keys[p]][values] for values, p in lines]),
        persons=np.array([shared[keys[p]] for _, p in lines]),
        memberships=found,
        sensitive={},
        total_rows=sum(len(rows) for rows in people),
        total_persons=len(people),
    )


def make_task(table, k, limit, asked, method="global"):
    tops = np.array([len(levels.level_names) - 1 for levels in table.levels], dtype=np.int8)
    ones, zeros = np.ones(len(tops)), np.zeros(len(tops), dtype=np.int8)
    return SearchTask(
        table=table, k=k, suppression_limit=limit, weights=ones, max_levels=tops, min_levels=zeros, linked=asked, method=method
    )


def list_losses(shapes, people, asked, k):
    """Yield, for every node, suppressed rows and loss, counted by dictionaries."""
    rows = sum(len(own) for own in people)
    for node in itertools.product(*[range(len(shape[0])) for shape in shapes]):
        seen = [[tuple(shape[v][at] for shape, v, at in zip(shapes, row, node, strict=True)) for row in own] for own in people]
        histories = [tuple(sorted(cells)) if asked == "rows" else frozenset(cells) for cells in seen]
        sizes = Counter(histories)
        lost, loss = 0, 0.0
        for own, history in zip(people, histories, strict=True):
            if sizes[history] < k:
                lost, loss = lost + len(own), loss + len(own)
                continue
            for row in own:
                shares = [sum(o[at] == shape[v][at] for o in shape) - 1 for shape, v, at in zip(shapes, row, node, strict=True)]
                loss += sum(share / (len(shape) - 1) for share, shape in zip(shares, shapes, strict=True)) / len(shapes)
        yield lost, loss / rows


def count_by_hand(table, recoding, asked):
    """Return history → persons of what a recoding releases; nobody is suppressed in part."""
    classes, members, found = number_classes(table, recoding), table.memberships, Counter()
    for p, (low, high) in enumerate(itertools.pairwise(members.offsets)):
        lines = members.combinations[low:high]
        assert len(set(recoding.suppressed[lines].tolist())) == 1
        if recoding.suppressed[lines[0]]:
            continue
        history = Counter()
        for line in lines:
            history[int(classes[line])] += table.rows[line] // members.persons[p] if asked == "rows" else 0
        found[tuple(sorted(history.items()))] += members.persons[p]
    return found


@settings(max_examples=150, deadline=None)
@given(files(), st.integers(1, 4), st.sampled_from([0.0, 0.2, 0.5, 1.0]), st.sampled_from(["classes", "rows"]))
def test_the_global_answer_is_the_optimum(file, k, limit, asked):
    shapes, people = file
    allowed = int(np.floor(limit * sum(len(rows) for rows in people) + 1e-9))
    possible = [loss for lost, loss in list_losses(shapes, people, asked, k) if lost <= allowed]
    table = make_table(shapes, people, asked)
    task = make_task(table, k, limit, asked)
    if not possible:
        with pytest.raises(TargetNotReached):
            find_recoding(task)
        return
    found = find_recoding(task)
    assert compute_loss(table, found, task.weights) == pytest.approx(min(possible))
    assert found.search.optimal
    assert all(persons >= k for persons in count_by_hand(table, found, asked).values())


@settings(max_examples=100, deadline=None)
@given(files(), st.integers(1, 4), st.sampled_from([0.0, 0.3, 1.0]), st.sampled_from(["classes", "rows"]), st.data())
def test_the_local_answer_holds_loses_no_more_and_knows_no_order(file, k, limit, asked, data):
    shapes, people = file
    table = make_table(shapes, people, asked)
    order = data.draw(st.permutations(range(len(table.rows))))
    shuffled = make_table(shapes, people, asked, order)
    try:
        best = find_recoding(make_task(table, k, limit, asked))
    except TargetNotReached:
        with pytest.raises(TargetNotReached):
            find_recoding(make_task(table, k, limit, asked, "local"))
        return
    found, again = (find_recoding(make_task(t, k, limit, asked, "local")) for t in (table, shuffled))
    assert all(persons >= k for persons in count_by_hand(table, found, asked).values())
    assert table.rows[found.suppressed].sum() <= limit * table.total_rows + 1e-9
    weights = np.ones(len(shapes))
    assert compute_loss(table, found, weights) <= compute_loss(table, best, weights) + 1e-12
    assert (found.levels[order] == again.levels).all()
    assert (found.suppressed[order] == again.suppressed).all()


@settings(max_examples=60, deadline=None)
@given(files(), st.integers(1, 3), st.sampled_from([0.0, 0.4]))
def test_a_large_file_is_answered_by_one_chain(file, k, limit):
    shapes, people = file
    table = make_table(shapes, people, "classes")
    patch = pytest.MonkeyPatch()
    try:
        patch.setattr(linked, "MANY_LINES", 0)
        found = find_recoding(make_task(table, k, limit, "classes", "local"))
    except TargetNotReached:
        return
    finally:
        patch.undo()
    assert all(persons >= k for persons in count_by_hand(table, found, "classes").values())
    assert table.rows[found.suppressed].sum() <= limit * table.total_rows + 1e-9


@given(st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=4), max_size=12), st.randoms(use_true_random=False))
def test_patterns_are_numbered_by_content_alone(people, random):
    content = [sorted(own) for own in people]
    numbers = number_patterns(np.array([x for own in content for x in own], dtype=np.int64), np.cumsum([0] + [len(c) for c in content]))
    ranks = {own: rank for rank, own in enumerate(sorted({tuple(own) for own in content}, key=lambda own: (len(own), own)))}
    assert numbers.tolist() == [ranks[tuple(own)] for own in content]
    random.shuffle(content)
    again = number_patterns(np.array([x for own in content for x in own], dtype=np.int64), np.cumsum([0] + [len(c) for c in content]))
    assert again.tolist() == [ranks[tuple(own)] for own in content]
