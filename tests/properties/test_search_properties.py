"""For all small tables: the search against slow, obvious dictionaries and exhaustive enumeration."""

import itertools
from collections import defaultdict
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymize.classes import ClassTable, Memberships, SearchTask, SensitiveCounts
from anonymize.loss import compute_loss
from anonymize.recoding import number_classes
from anonymize.search import boxes, find_recoding, local, nodes, problem, survivors, walks
from schemas.errors import TargetNotReached
from schemas.hierarchies import LevelTable
from schemas.plan_models import Closeness, Diversity

# Four values: two pairs, then all; three values: a pair and a single, then all; two values.
SHAPES = (
    [[0, 0, 0], [1, 0, 0], [2, 1, 0], [3, 1, 0]],
    [[0, 0, 0], [1, 0, 0], [2, 1, 0]],
    [[0, 0], [1, 0]],
)


def make_levels(groups):
    codes = np.array(groups, dtype=np.int32)
    leaves = tuple(np.bincount(codes[:, level]).astype(np.int64) for level in range(codes.shape[1]))
    names = tuple(f"level {level}" for level in range(codes.shape[1]))
    labels = tuple(tuple(str(g) for g in range(len(counts))) for counts in leaves)
    bounds = (None,) * len(names)
    return LevelTable(level_names=names, codes=codes, leaves=leaves, total_leaves=len(codes), labels=labels, bounds=bounds, ordered=False)


@st.composite
def files(draw):
    """Rows of (quasi-identifier values, person, sensitive value)."""
    shapes = draw(st.lists(st.sampled_from(SHAPES), min_size=1, max_size=3))
    several = draw(st.booleans())
    count = draw(st.integers(1, 14))
    rows = [
        (
            tuple(draw(st.integers(0, len(shape) - 1)) for shape in shapes),
            draw(st.integers(0, 6)) if several else i,
            draw(st.integers(0, 2)),
        )
        for i in range(count)
    ]
    return shapes, rows


def make_table(shapes, rows):
    """The class table of such a file, with person patterns for both counts."""
    combinations = sorted({values for values, _, _ in rows})
    place = {values: i for i, values in enumerate(combinations)}
    people = defaultdict(set)
    for values, person, secret in rows:
        people[person].add((place[values], secret))
    entries = sorted({(place[values], secret) for values, _, secret in rows})
    entry_of = {entry: i for i, entry in enumerate(entries)}
    several = any(len({c for c, _ in pairs}) > 1 for pairs in people.values())
    mixed = any(len(pairs) > 1 for pairs in people.values())
    sensitive = SensitiveCounts(
        offsets=np.searchsorted([c for c, _ in entries], np.arange(len(combinations) + 1)).astype(np.int64),
        values=np.array([s for _, s in entries], dtype=np.int32),
        persons=np.array([len({p for p, pairs in people.items() if e in pairs}) for e in entries], dtype=np.int64),
        distinct=3,
        memberships=to_memberships([{entry_of[e] for e in pairs} for pairs in people.values()]) if mixed else None,
    )
    return ClassTable(
        columns=tuple(f"column_{j}" for j in range(len(shapes))),
        levels=tuple(make_levels(shape) for shape in shapes),
        codes=np.array(combinations, dtype=np.int32).reshape(len(combinations), len(shapes)),
        rows=np.array([sum(values == c for values, _, _ in rows) for c in combinations], dtype=np.int64),
        persons=np.array([len({p for values, p, _ in rows if values == c}) for c in combinations], dtype=np.int64),
        memberships=to_memberships([{c for c, _ in pairs} for pairs in people.values()]) if several else None,
        sensitive={"secret": sensitive},
        total_rows=len(rows),
        total_persons=len(people),
    )


def to_memberships(patterns):
    sizes = [len(pattern) for pattern in patterns]
    return Memberships(
        offsets=np.concatenate(([0], np.cumsum(sizes))).astype(np.int64),
        combinations=np.array([c for pattern in patterns for c in sorted(pattern)], dtype=np.int64),
        persons=np.ones(len(patterns), dtype=np.int64),
    )


def make_task(table, k, limit, **wishes):
    tops = np.array([len(levels.level_names) - 1 for levels in table.levels], dtype=np.int8)
    return SearchTask(
        table=table,
        k=k,
        suppression_limit=limit,
        weights=np.arange(1.0, len(tops) + 1),
        max_levels=tops,
        min_levels=np.zeros(len(tops), dtype=np.int8),
        **wishes,
    )


WISHES = (
    {},
    {"diversity": (Diversity(column="secret", kind="distinct", l=2),)},
    {"diversity": (Diversity(column="secret", kind="entropy", l=1.8),)},
    {"diversity": (Diversity(column="secret", kind="recursive", l=2, c=2.0),)},
    {"closeness": (Closeness(column="secret", t=0.25),)},
    {"closeness": (Closeness(column="secret", t=0.2, distance="ordered"),)},
)

# Small tables would never meet these: one pack per column, keys wider than a word, lattices too large to enumerate or to keep in the heap.
SHAPES_OF_WORK = (
    {},
    {"PACK_LIMIT": 1},
    {"PACK_LIMIT": 1, "WORD_LIMIT": 1, "ENUMERABLE_NODES": 0, "HEAP_LIMIT": 1, "CACHED_BYTES": 1},
    {"ENUMERABLE_NODES": 0, "WALKABLE_NODES": 0},
    {"WORTH_MERGING": 1.0, "WORTH_TAKING": 1.0},
)
HOMES = {
    "PACK_LIMIT": problem,
    "WORD_LIMIT": problem,
    "ENUMERABLE_NODES": walks,
    "HEAP_LIMIT": boxes,
    "CACHED_BYTES": survivors,
    "WORTH_MERGING": nodes,
    "WORTH_TAKING": survivors,
    "WALKABLE_NODES": local,
}


@contextmanager
def shaped(settings_of_work):
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings_of_work.items():
            patch.setattr(HOMES[name], name, value)
        yield


NAMES = ("k", "distinct", "entropy", "recursive", "close", "close in order")


def is_allowed(cell, rows, k, wishes):
    """Whether a set of rows meets all wishes: the definition, with dictionaries."""
    if len({person for _, person, _ in cell}) < k:
        return False
    counts = value_counts(cell)
    total = sum(counts.values())
    for wish in wishes.get("diversity", ()):
        if wish.kind == "distinct" and len(counts) < wish.l:
            return False
        if wish.kind == "entropy" and -sum(n / total * np.log(n / total) for n in counts.values()) < np.log(wish.l) - 1e-9:
            return False
        falling = sorted(counts.values(), reverse=True)
        if wish.kind == "recursive" and not (sum(falling[int(wish.l) - 1 :]) and falling[0] < wish.c * sum(falling[int(wish.l) - 1 :])):
            return False
    everything = value_counts(rows)
    whole = sum(everything.values())
    gaps = [counts.get(v, 0) / total - everything.get(v, 0) / whole for v in range(3)]
    for wish in wishes.get("closeness", ()):
        distance = sum(map(abs, gaps)) / 2 if wish.distance == "equal" else sum(map(abs, itertools.accumulate(gaps))) / 2
        if distance > wish.t + 1e-9:
            return False
    return True


def value_counts(rows):
    people = defaultdict(set)
    for _, person, secret in rows:
        people[secret].add(person)
    return {secret: len(persons) for secret, persons in people.items()}


def enumerate_optimum(shapes, rows, k, limit, wishes):
    """(loss, levels) of the best node, by trying all of them; None when none is allowed."""
    weights = np.arange(1.0, len(shapes) + 1)
    best = None
    for node in itertools.product(*(range(len(shape[0])) for shape in shapes)):
        cells = defaultdict(list)
        for row in rows:
            cells[tuple(shape[v][level] for shape, v, level in zip(shapes, row[0], node, strict=True))].append(row)
        loss, suppressed = 0.0, 0
        for cell in cells.values():
            allowed = is_allowed(cell, rows, k, wishes)
            suppressed += 0 if allowed else len(cell)
            for values, _, _ in cell:
                loss += (
                    sum(w * price(s, v, level) for w, s, v, level in zip(weights, shapes, values, node, strict=True))
                    if allowed
                    else weights.sum()
                )
        loss /= weights.sum() * len(rows)
        if suppressed <= limit * len(rows) + 1e-9 and (best is None or (loss, node) < (best[0] - 1e-12, best[1])):
            best = (loss, node)
    return best


def price(shape, value, level):
    leaves = sum(other[level] == shape[value][level] for other in shape)
    return (leaves - 1) / (len(shape) - 1)


def released_cells(shapes, rows, table, recoding):
    """The rows of each released class, by released values."""
    place = {tuple(codes): i for i, codes in enumerate(table.codes.tolist())}
    cells = defaultdict(list)
    for row in rows:
        i = place[row[0]]
        if not recoding.suppressed[i]:
            cells[tuple((int(level), shape[v][level]) for shape, v, level in zip(shapes, row[0], recoding.levels[i], strict=True))].append(
                row
            )
    return cells


@pytest.mark.parametrize("wishes", WISHES, ids=NAMES)
@given(file=files(), k=st.integers(1, 4), limit=st.sampled_from([0, 0.2, 0.5, 1]), shape=st.sampled_from(SHAPES_OF_WORK))
@settings(max_examples=40, deadline=None)
def test_the_global_search_finds_the_optimum(wishes, file, k, limit, shape):
    shapes, rows = file
    table = make_table(shapes, rows)
    task = make_task(table, k, limit, **wishes)
    expected = enumerate_optimum(shapes, rows, k, limit, wishes)
    if expected is None:
        with pytest.raises(TargetNotReached):
            find_recoding(task)
        return
    with shaped(shape):
        recoding = find_recoding(task)
    assert recoding.search.optimal
    assert compute_loss(table, recoding, task.weights) == pytest.approx(expected[0], abs=1e-9)
    assert recoding.search.lower_bound == pytest.approx(expected[0], abs=1e-9)
    assert all(is_allowed(cell, rows, k, wishes) for cell in released_cells(shapes, rows, table, recoding).values())
    if not recoding.suppressed.all():
        assert tuple(recoding.levels[0].tolist()) == expected[1]


@pytest.mark.parametrize("wishes", WISHES, ids=NAMES)
@given(file=files(), k=st.integers(1, 4), shape=st.sampled_from(SHAPES_OF_WORK))
@settings(max_examples=40, deadline=None)
def test_the_local_search_is_always_valid(wishes, file, k, shape):
    shapes, rows = file
    table = make_table(shapes, rows)
    task = make_task(table, k, 0.0, method="local", **wishes)
    try:
        with shaped(shape):
            recoding = find_recoding(task)
    except TargetNotReached:
        assert not is_allowed(rows, rows, k, wishes)
        return
    assert not recoding.suppressed.any()
    assert all(is_allowed(cell, rows, k, wishes) for cell in released_cells(shapes, rows, table, recoding).values())
    assert len(set(number_classes(table, recoding))) == len(released_cells(shapes, rows, table, recoding))


@given(file=files(), k=st.integers(1, 3), seed=st.integers(0, 1000), method=st.sampled_from(["global", "local"]))
@settings(max_examples=40, deadline=None)
def test_permuted_lines_permute_the_answer(file, k, seed, method):
    shapes, rows = file
    table = make_table(shapes, rows)
    order = np.random.default_rng(seed).permutation(len(table.rows))
    place = np.argsort(order)
    members = table.memberships
    shuffled = ClassTable(
        columns=table.columns,
        levels=table.levels,
        codes=table.codes[order],
        rows=table.rows[order],
        persons=table.persons[order],
        memberships=members and Memberships(offsets=members.offsets, combinations=place[members.combinations], persons=members.persons),
        sensitive={},
        total_rows=table.total_rows,
        total_persons=table.total_persons,
    )
    try:
        plain = find_recoding(make_task(table, k, 0.3, method=method))
    except TargetNotReached:
        with pytest.raises(TargetNotReached):
            find_recoding(make_task(shuffled, k, 0.3, method=method))
        return
    other = find_recoding(make_task(shuffled, k, 0.3, method=method))
    assert (other.levels == plain.levels[order]).all()
    assert (other.suppressed == plain.suppressed[order]).all()


def find_or_none(task):
    try:
        return find_recoding(task)
    except TargetNotReached:
        return None


@pytest.mark.parametrize("wishes", WISHES, ids=NAMES)
@given(file=files(), k=st.integers(1, 4), limit=st.sampled_from([0, 0.3, 1]))
@settings(max_examples=15, deadline=None)
def test_every_class_meets_the_wishes_and_no_loss_is_above_global(wishes, file, k, limit):
    shapes, rows = file
    table = make_table(shapes, rows)
    whole = find_or_none(make_task(table, k, limit, method="global", **wishes))
    found = find_or_none(make_task(table, k, limit, method="cells", **wishes))
    if found is None:
        assert whole is None
        assert not is_allowed(rows, rows, k, wishes)
        return
    tops = np.array([len(levels.level_names) - 1 for levels in table.levels])
    kept = found.levels[~found.suppressed]
    assert ((kept == found.base) | (kept == tops)).all()
    assert all(is_allowed(cell, rows, k, wishes) for cell in released_cells(shapes, rows, table, found).values())
    assert table.rows[found.suppressed].sum() <= limit * len(rows) + 1e-9
    loss = compute_loss(table, found, np.arange(1.0, len(shapes) + 1))
    assert loss >= found.search.lower_bound - 1e-9
    if whole is not None:
        assert loss <= compute_loss(table, whole, np.arange(1.0, len(shapes) + 1)) + 1e-9


def best_by_trying_all(shapes, rows, k):
    """The least loss over every node and every choice of blank cells of its lines (k alone, one row one person)."""
    lines = sorted({values for values, _, _ in rows})
    weights = np.arange(1.0, len(shapes) + 1)
    best = 1.0
    for node in itertools.product(*(range(len(shape[0])) for shape in shapes)):
        for blanks in itertools.product(list(itertools.product((False, True), repeat=len(shapes))), repeat=len(lines)):
            sizes, loss = {}, 0.0
            for line, blank in zip(lines, blanks, strict=True):
                levels = [len(shape[0]) - 1 if b else level for shape, b, level in zip(shapes, blank, node, strict=True)]
                key = tuple((level, shape[v][level]) for shape, v, level in zip(shapes, line, levels, strict=True))
                number = sum(values == line for values, _, _ in rows)
                sizes[key] = sizes.get(key, 0) + number
                loss += number * sum(w * price(s, v, level) for w, s, v, level in zip(weights, shapes, line, levels, strict=True))
            if min(sizes.values()) >= k:
                best = min(best, loss / weights.sum() / len(rows))
    return best


def test_the_loss_is_the_least_possible_on_most_tiny_tables():
    rng = np.random.default_rng(5)
    gaps = []
    for _ in range(40):
        shapes = [SHAPES[0], SHAPES[2]]
        chosen = rng.permutation(8)[:4]
        rows = [((int(c) // 2, int(c) % 2), i, 0) for i, c in enumerate(rng.choice(chosen, 9))]
        table = make_table(shapes, rows)
        found = find_recoding(make_task(table, 3, 0.0, method="cells"))
        gap = compute_loss(table, found, np.array([1.0, 2.0])) - best_by_trying_all(shapes, rows, 3)
        assert gap >= -1e-9
        gaps.append(gap)
    assert np.mean(np.array(gaps) < 1e-9) >= 0.85
    assert max(gaps) < 0.25


def test_blank_cells_may_lie_above_the_coarsest_level_of_the_plan():
    # Five rows are alike but for one value of the first column: with the value kept at its level, only blanking that column helps.
    rows = [((0, 0), 0, 0), ((0, 0), 1, 0), ((1, 0), 2, 0), ((2, 0), 3, 0), ((3, 0), 4, 0)]
    table = make_table([SHAPES[0], SHAPES[2]], rows)
    task = make_task(table, 2, 0.0, method="cells")
    task.max_levels[:] = 0
    found = find_recoding(task)
    assert found.base.tolist() == [0, 0]
    assert found.levels.tolist() == [[0, 0], [2, 0], [2, 0], [2, 0]]
    assert make_levels(SHAPES[0]).loss_of()[0].tolist() == [0, 1 / 3, 1]
