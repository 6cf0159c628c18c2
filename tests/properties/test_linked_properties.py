"""For all small files of persons with several rows: the searches against enumeration and dictionaries."""

import itertools
from collections import Counter, defaultdict
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymize.classes import ClassTable, Diversity, Memberships, SearchTask, SensitiveCounts
from anonymize.loss import compute_loss
from anonymize.recoding import number_classes
from anonymize.rows.persons import number_patterns
from anonymize.search import find_recoding, linked
from anonymize.search.histories import split_classes
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
    shared = Counter(find_key(rows, asked) for rows in people)
    sums = defaultdict(Counter)
    for rows in people:
        sums[find_key(rows, asked)] += Counter(rows)
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


def add_secrets(table, people, secrets, asked):
    """The table with the persons of each secret per line; `secrets` as many as each person has rows."""
    keys = sorted({find_key(rows, asked) for rows in people})
    members = [table.memberships.combinations[a:b].tolist() for a, b in itertools.pairwise(table.memberships.offsets)]
    line_of = {(keys[p], tuple(table.codes[i].tolist())): i for p, lines in enumerate(members) for i in lines}
    held = [
        sorted({(line_of[find_key(rows, asked), row], secret) for row, secret in zip(rows, own, strict=True)})
        for rows, own in zip(people, secrets, strict=True)
    ]
    entries = sorted({entry for own in held for entry in own})
    place = {entry: i for i, entry in enumerate(entries)}
    lines = np.array([line for line, _ in entries])
    counts = SensitiveCounts(
        offsets=np.searchsorted(lines, np.arange(len(table.rows) + 1)).astype(np.int64),
        values=np.array([secret for _, secret in entries], dtype=np.int32),
        persons=np.array([sum(entry in own for own in held) for entry in entries]),
        distinct=3,
        memberships=Memberships(
            offsets=np.cumsum([0] + [len(own) for own in held]),
            combinations=np.array([place[entry] for own in held for entry in own]),
            persons=np.ones(len(held), dtype=np.int64),
        ),
    )
    return replace(table, sensitive={"secret": counts})


def find_key(rows, asked):
    return tuple(sorted(Counter(rows).items())) if asked == "rows" else tuple(sorted(set(rows)))


def make_task(table, k, limit, asked, method="global"):
    tops = np.array([len(levels.level_names) - 1 for levels in table.levels], dtype=np.int8)
    ones, zeros = np.ones(len(tops)), np.zeros(len(tops), dtype=np.int8)
    return SearchTask(
        table=table, k=k, suppression_limit=limit, weights=ones, max_levels=tops, min_levels=zeros, linked=asked, method=method
    )


def list_losses(shapes, people, asked, k, secrets=None, least=1):
    """Yield, for every node, suppressed rows and loss, counted by dictionaries; with secrets, every class of a history needs `least`."""
    rows = sum(len(own) for own in people)
    secrets = secrets or [[0] * len(own) for own in people]
    for node in itertools.product(*[range(len(shape[0])) for shape in shapes]):
        seen = [[tuple(shape[v][at] for shape, v, at in zip(shapes, row, node, strict=True)) for row in own] for own in people]
        histories = [tuple(sorted(cells)) if asked == "rows" else frozenset(cells) for cells in seen]
        sizes, told = Counter(histories), defaultdict(set)
        for cells, history, held in zip(seen, histories, secrets, strict=True):
            for cell, secret in zip(cells, held, strict=True):
                told[history, cell].add(secret)
        lost, loss = 0, 0.0
        for own, cells, history in zip(people, seen, histories, strict=True):
            if sizes[history] < k or any(len(told[history, cell]) < least for cell in cells):
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


@settings(max_examples=120, deadline=None)
@given(files(), st.integers(1, 3), st.sampled_from([0.0, 0.3, 0.6]), st.sampled_from(["classes", "rows"]), st.data())
def test_secrets_differ_among_those_who_share_a_history(file, k, limit, asked, data):
    shapes, people = file
    secrets = [[data.draw(st.integers(0, 2)) for _ in rows] for rows in people]
    allowed = int(np.floor(limit * sum(len(rows) for rows in people) + 1e-9))
    possible = [loss for lost, loss in list_losses(shapes, people, asked, k, secrets, 2) if lost <= allowed]
    table = add_secrets(make_table(shapes, people, asked), people, secrets, asked)
    wish = (Diversity(column="secret", kind="distinct", l=2),)
    tasks = [replace(make_task(table, k, limit, asked, method), diversity=wish) for method in ("global", "local")]
    if not possible:
        for task in tasks:
            with pytest.raises(TargetNotReached):
                find_recoding(task)
        return
    best, found = (find_recoding(task) for task in tasks)
    assert compute_loss(table, best, np.ones(len(shapes))) == pytest.approx(min(possible))
    assert compute_loss(table, found, np.ones(len(shapes))) <= min(possible) + 1e-9
    assert table.rows[found.suppressed].sum() <= allowed
    for recoding in (best, found):
        split = split_classes(table, np.where(recoding.suppressed, -1, number_classes(table, recoding)), asked)
        told = defaultdict(set)
        for line, cell in enumerate(split):
            entries = slice(table.sensitive["secret"].offsets[line], table.sensitive["secret"].offsets[line + 1])
            told[cell] |= set(table.sensitive["secret"].values[entries].tolist())
        assert all(len(values) >= 2 for cell, values in told.items() if cell >= 0)


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
