"""For all small files and populations: k-map and δ-presence against the definition, with dictionaries and every node tried."""

import itertools
from collections import defaultdict

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymize.classes import ClassTable, Memberships, Population, SearchTask, SensitiveCounts
from anonymize.loss import compute_loss
from anonymize.search import find_recoding
from schemas.errors import TargetNotReached
from schemas.hierarchies import LevelTable
from schemas.plan_models import Closeness, Diversity

SHAPES = (
    [[0, 0, 0], [1, 0, 0], [2, 1, 0], [3, 1, 0]],
    [[0, 0, 0], [1, 0, 0], [2, 1, 0]],
    [[0, 0], [1, 0]],
)
EPSILON = 1e-9


def make_levels(groups):
    codes = np.array(groups, dtype=np.int32)
    leaves = tuple(np.bincount(codes[:, level]).astype(np.int64) for level in range(codes.shape[1]))
    names = tuple(f"level {level}" for level in range(codes.shape[1]))
    labels = tuple(tuple(str(g) for g in range(len(counts))) for counts in leaves)
    return LevelTable(
        level_names=names, codes=codes, leaves=leaves, total_leaves=len(codes), labels=labels, bounds=(None,) * len(names), ordered=False
    )


@st.composite
def worlds(draw):
    """Shapes, rows (values, secret), columns the population table has, its lines ((value, finest level) per column, people), and wishes."""
    shapes = draw(st.lists(st.sampled_from(SHAPES), min_size=1, max_size=3))
    row = st.tuples(st.tuples(*(st.integers(0, len(shape) - 1) for shape in shapes)), st.integers(0, 2))
    rows = draw(st.lists(row, min_size=1, max_size=12))
    columns = tuple(sorted(draw(st.sets(st.integers(0, len(shapes) - 1), min_size=1))))
    cell = [st.tuples(st.integers(0, len(shapes[j]) - 1), st.sampled_from([0, 0, 0, *range(len(shapes[j][0]))])) for j in columns]
    lines = draw(st.lists(st.tuples(st.tuples(*cell), st.integers(0, 6)), min_size=1, max_size=12))
    k_map = draw(st.sampled_from([None, 1, 3, 6]))
    presence = draw(st.sampled_from([None, (0.0, 0.5), (0.0, 1.0), (0.1, 1.0)])) if k_map else (0.0, draw(st.sampled_from([0.3, 0.6, 1.0])))
    return shapes, rows, columns, lines, (k_map, presence)


def make_population(shapes, columns, lines, wish):
    cells = [sorted({line[0][i] for line in lines}) for i in range(len(columns))]
    groups = []
    for j, known in zip(columns, cells, strict=True):
        groups.append(np.array([[g if level >= at else -1 for level, g in enumerate(shapes[j][v])] for v, at in known], dtype=np.int32))
    codes = np.array([[known.index(cell) for known, cell in zip(cells, line[0], strict=True)] for line in lines], dtype=np.int32)
    people = np.array([n for _, n in lines], dtype=np.int64)
    return Population(columns=columns, groups=tuple(groups), codes=codes, persons=people, k_map=wish[0], presence=wish[1])


def make_table(shapes, rows, *, persons=None):
    combinations = sorted({values for values, _ in rows})
    place = {values: i for i, values in enumerate(combinations)}
    entries = sorted({(place[values], secret) for values, secret in rows})
    counts = [sum((place[v], s) == entry for v, s in rows) for entry in entries]
    sensitive = SensitiveCounts(
        offsets=np.searchsorted([c for c, _ in entries], np.arange(len(combinations) + 1)).astype(np.int64),
        values=np.array([s for _, s in entries], dtype=np.int32),
        persons=np.array(counts, dtype=np.int64),
        distinct=3,
    )
    sizes = np.array([sum(values == c for values, _ in rows) for c in combinations], dtype=np.int64)
    return ClassTable(
        columns=tuple(f"c{j}" for j in range(len(shapes))),
        levels=tuple(make_levels(shape) for shape in shapes),
        codes=np.array(combinations, dtype=np.int32).reshape(len(combinations), len(shapes)),
        rows=sizes,
        persons=sizes if persons is None else persons,
        memberships=None,
        sensitive={"secret": sensitive},
        total_rows=len(rows),
        total_persons=len(rows),
    )


def make_task(world, method, limit, **wishes):
    shapes, rows, columns, lines, wish = world
    tops = np.array([len(shape[0]) - 1 for shape in shapes], dtype=np.int8)
    return SearchTask(
        table=make_table(shapes, rows),
        suppression_limit=limit,
        weights=np.ones(len(shapes)),
        max_levels=tops,
        min_levels=np.zeros(len(shapes), dtype=np.int8),
        population=make_population(shapes, columns, lines, wish),
        method=method,
        **wishes,
    )


def matching(world, cell):
    """The people whose known cells lie wholly inside released (level, group) pairs of all columns."""
    shapes, _, columns, lines, _ = world
    inside = [
        n
        for cells, n in lines
        if all(at <= cell[j][0] and shapes[j][v][cell[j][0]] == cell[j][1] for j, (v, at) in zip(columns, cells, strict=True))
    ]
    return sum(inside)


def keep(world, cells, k, least_values):
    """The released cells that hold everything: {cell: rows} → those that stay, by the definition."""
    _, _, columns, lines, (k_map, presence) = world
    inner = {c for c, rows in cells.items() if len(rows) >= k and len({s for _, s in rows}) >= least_values}
    inner = {c for c in inner if k_map is None or matching(world, c) >= k_map}
    if presence is None:
        return inner

    def known(cell):
        return tuple(cell[j] for j in columns)

    def persons(chosen):
        totals = defaultdict(int)
        for c in chosen:
            totals[known(c)] += len(cells[c])
        return totals

    low, high = presence
    present = persons(cells)
    fits = {c for c in inner if matching(world, c) > 0 and present[known(c)] <= high * matching(world, c) + EPSILON}
    if low == 0:
        return fits
    present = persons(fits)
    fits = {c for c in fits if present[known(c)] >= low * matching(world, c) - EPSILON}
    seen = {known(c): matching(world, c) for c in fits}
    return fits if sum(seen.values()) == sum(n for _, n in lines) else set()


def enumerate_optimum(world, k, least_values, limit):
    shapes, rows, *_ = world
    best = None
    for node in itertools.product(*(range(len(shape[0])) for shape in shapes)):
        cells = defaultdict(list)
        for row in rows:
            cells[tuple((level, shape[v][level]) for shape, v, level in zip(shapes, row[0], node, strict=True))].append(row)
        kept = keep(world, cells, k, least_values)
        suppressed = sum(len(cells[c]) for c in cells if c not in kept)
        loss = float(suppressed)
        for cell in kept:
            for values, _ in cells[cell]:
                loss += np.mean([price(s, v, level) for s, v, level in zip(shapes, values, node, strict=True)])
        loss /= len(rows)
        if suppressed <= limit * len(rows) + EPSILON and (best is None or loss < best - 1e-12):
            best = loss
    return best


def price(shape, value, level):
    return (sum(other[level] == shape[value][level] for other in shape) - 1) / (len(shape) - 1)


def released_cells(world, task, recoding):
    shapes, rows, *_ = world
    place = {tuple(codes): i for i, codes in enumerate(task.table.codes.tolist())}
    cells = defaultdict(list)
    for row in rows:
        i = place[row[0]]
        if not recoding.suppressed[i]:
            levels = recoding.levels[i].tolist()
            cells[tuple((level, shape[v][level]) for shape, v, level in zip(shapes, row[0], levels, strict=True))].append(row)
    return cells


@settings(max_examples=250, deadline=None)
@given(worlds(), st.integers(1, 3), st.integers(1, 2), st.sampled_from([0.0, 0.3, 1.0]))
def test_global_is_the_optimum(world, k, least_values, limit):
    task = make_task(world, "global", limit, k=k, diversity=(Diversity(column="secret", kind="distinct", l=least_values),))
    best = enumerate_optimum(world, k, least_values, limit)
    try:
        recoding = find_recoding(task)
    except TargetNotReached:
        assert best is None
        return
    assert best is not None
    assert abs(compute_loss(task.table, recoding, task.weights) - best) < EPSILON
    cells = released_cells(world, task, recoding)
    assert keep(world, cells, k, least_values) == set(cells)


@settings(max_examples=250, deadline=None)
@given(worlds(), st.integers(1, 3), st.integers(1, 2), st.sampled_from([0.0, 0.3]))
def test_local_holds_everything_and_loses_no_more_than_global(world, k, least_values, limit):
    wishes = {"k": k, "diversity": (Diversity(column="secret", kind="distinct", l=least_values),)}
    task = make_task(world, "local", limit, **wishes)
    best = enumerate_optimum(world, k, least_values, limit)
    try:
        recoding = find_recoding(task)
    except TargetNotReached:
        assert best is None
        return
    cells = released_cells(world, task, recoding)
    assert keep(world, cells, k, least_values) == set(cells)
    if world[4][1] is not None:
        assert len({tuple(c[j][0] for j in world[2]) for c in cells}) <= 1  # people match one cell at most


ALL_DISTANCES = st.sampled_from(["equal", "ordered"])


@settings(max_examples=100, deadline=None)
@given(worlds(), st.integers(1, 2), ALL_DISTANCES, st.sampled_from(["global", "local"]))
def test_every_model_at_once(world, k, distance, method):
    wishes = {
        "k": k,
        "diversity": (Diversity(column="secret", kind="entropy", l=1.3), Diversity(column="secret", kind="recursive", l=1, c=2.0)),
        "closeness": (Closeness(column="secret", t=0.4, distance=distance),),
    }
    task = make_task(world, method, 0.3, **wishes)
    try:
        recoding = find_recoding(task)
    except TargetNotReached:
        return
    cells = released_cells(world, task, recoding)
    assert keep(world, cells, k, 1) == set(cells)
    for rows in cells.values():
        counts = np.array([sum(s == value for _, s in rows) for value in range(3)])
        shares = counts[counts > 0] / counts.sum()
        assert np.exp(-(shares * np.log(shares)).sum()) >= 1.3 - EPSILON
        gaps = counts / counts.sum() - np.array([sum(s == value for _, s in world[1]) for value in range(3)]) / len(world[1])
        found = abs(gaps).sum() / 2 if distance == "equal" else abs(np.cumsum(gaps)).sum() / 2
        assert found <= 0.4 + EPSILON


def to_linked(rows, owners):
    """A class table with a line per combination and person pattern: rows of equal owners are linked."""
    people = defaultdict(list)
    for (values, _), owner in zip(rows, owners, strict=True):
        people[owner].append(values)
    patterns = sorted({tuple(sorted(set(values))) for values in people.values()})
    lines = sorted((values, p) for p, pattern in enumerate(patterns) for values in pattern)
    number = {line: i for i, line in enumerate(lines)}
    of_pattern = [[owner for owner, values in people.items() if tuple(sorted(set(values))) == pattern] for pattern in patterns]
    members = Memberships(
        offsets=np.concatenate(([0], np.cumsum([len(pattern) for pattern in patterns]))).astype(np.int64),
        combinations=np.array([number[values, p] for p, pattern in enumerate(patterns) for values in pattern], dtype=np.int64),
        persons=np.array([len(owners) for owners in of_pattern], dtype=np.int64),
    )
    counts = [sum(people[owner].count(values) for owner in of_pattern[p]) for values, p in lines]
    return lines, members, np.array(counts, dtype=np.int64), len(people)


@settings(max_examples=120, deadline=None)
@given(worlds(), st.integers(1, 2), st.data())
def test_linked_rows_hold_the_population_models(world, k, data):
    shapes, rows, *_ = world
    owners = [data.draw(st.integers(0, 5)) for _ in rows]
    lines, members, counts, persons = to_linked(rows, owners)
    task = make_task(world, "global", 0.5, k=k)
    table = ClassTable(
        columns=task.table.columns,
        levels=task.table.levels,
        codes=np.array([values for values, _ in lines], dtype=np.int32).reshape(len(lines), len(shapes)),
        rows=counts,
        persons=np.array([members.persons[p] for _, p in lines], dtype=np.int64),
        memberships=members,
        sensitive={},
        total_rows=len(rows),
        total_persons=persons,
    )
    task = SearchTask(**{name: getattr(task, name) for name in task.__slots__} | {"table": table, "linked": "classes"})
    try:
        recoding = find_recoding(task)
    except TargetNotReached:
        return
    place = {line: i for i, line in enumerate(lines)}
    patterns = {owner: tuple(sorted({v for (v, _), o in zip(rows, owners, strict=True) if o == owner})) for owner in owners}
    order = sorted(set(patterns.values()))
    cells = defaultdict(set)
    for (values, _), owner in zip(rows, owners, strict=True):
        i = place[values, order.index(patterns[owner])]
        if not recoding.suppressed[i]:
            cells[tuple((int(level), s[v][level]) for s, v, level in zip(shapes, values, recoding.levels[i], strict=True))].add(owner)
    k_map, presence = world[4]
    shares = defaultdict(set)
    for cell, people in cells.items():
        assert len(people) >= k
        assert k_map is None or matching(world, cell) >= k_map
        shares[tuple(cell[j] for j in world[2])] |= people
    if presence is not None:
        for cell in cells:
            share = len(shares[tuple(cell[j] for j in world[2])]) / matching(world, cell)
            assert presence[0] - EPSILON <= share <= presence[1] + EPSILON
