"""For all columns and hierarchies: groups nest, leaves add up, bounds hold their values, labels tell apart, order does not matter."""

import datetime as dt
import itertools

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codes import load_code_list
from schemas.hierarchies import load_hierarchy
from schemas.municipalities import list_municipalities

CODES = [place.code for synthetic in (True, False) for place in list_municipalities(synthetic=synthetic)]
AS_OF = dt.date(2026, 4, 1)
DAYS = st.dates(dt.date(1900, 1, 1), AS_OF)
ICD = st.builds(lambda letter, rest: f"{letter}{rest}", st.sampled_from("CIJ"), st.sampled_from(["00", "10", "109", "11.9", "45", "442"]))


def integers_spec(data):
    width = data.draw(st.integers(1, 12))
    factors = data.draw(st.lists(st.integers(2, 4), max_size=3))
    widths = [width]
    for factor in factors:
        widths.append(widths[-1] * factor)
    options = {name: data.draw(st.integers(-50, 150)) for name in ("start",) if data.draw(st.booleans())}
    limits = sorted(data.draw(st.lists(st.integers(-100, 200), min_size=2, max_size=2)))
    options |= {name: limit for name, limit in zip(("bottom", "top"), limits, strict=True) if data.draw(st.booleans())}
    return {"intervals": widths, **options}


def breaks_spec(data):
    fine = sorted(data.draw(st.sets(st.integers(-100, 200), min_size=2, max_size=8)))
    return {"breaks": [fine, fine[::2]]} if len(fine) > 2 else {"breaks": [fine]}


def draw_column(data):
    """Return a specification and distinct values for it."""
    kind = data.draw(
        st.sampled_from(["integers", "fractions", "breaks", "dates", "months", "ages", "codes", "places", "icd", "prefix", "whole"])
    )
    numbers = st.integers(-300, 300)
    if kind in {"integers", "breaks"}:
        return (integers_spec if kind == "integers" else breaks_spec)(data), pa.array(data.draw(distinct(numbers)), pa.int64())
    if kind == "fractions":
        values = data.draw(distinct(st.floats(-1e6, 1e6, allow_subnormal=False)))
        return {"intervals": data.draw(st.sampled_from([[0.1, 0.2], [0.5], [3, 6]]))}, pa.array(values, pa.float64())
    if kind in {"dates", "ages"}:
        spec = data.draw(st.sampled_from(["date", "calendar_date", {"dates": ["quarter", "fiscal_half", "fiscal_year"]}]))
        return "birth_to_age_band" if kind == "ages" else spec, pa.array(data.draw(distinct(DAYS)), pa.date32())
    if kind == "months":
        return "month", pa.array(data.draw(distinct(DAYS.map(lambda day: day.replace(day=1)))), pa.date32())
    texts = {
        "codes": ("care_level", st.sampled_from(list(load_code_list("care_level").entries))),
        "places": ("municipality_with_wards", st.sampled_from(CODES)),
        "icd": ("icd10", ICD),
        "prefix": ({"prefix": [3, 1]}, st.text("abc*", max_size=5)),
        "whole": ("whole_code", st.text(max_size=5)),
    }
    spec, values = texts[kind]
    return spec, pa.array(data.draw(distinct(values)), pa.string())


def distinct(values):
    """Return a strategy of lists of distinct values of which one may be missing."""
    lists = st.lists(values, max_size=25, unique_by=lambda value: value + 0.0 if isinstance(value, float) else value)
    return st.tuples(lists, st.booleans(), st.randoms()).map(lambda drawn: shuffled([*drawn[0], *([None] * drawn[1])], drawn[2]))


def shuffled(values, random):
    random.shuffle(values)
    return values


@settings(max_examples=250, deadline=None)
@given(data=st.data())
def test_level_table_holds_together(data):
    spec, values = draw_column(data)
    table = load_hierarchy(spec, as_of=AS_OF).resolve(values)
    count = len(values)
    assert table.codes.shape == (count, len(table.level_names))
    assert table.codes[:, 0].tolist() == list(range(count))
    assert (table.codes[:, -1] == 0).all()
    assert [len(leaves) for leaves in table.leaves] == [len(labels) for labels in table.labels]
    for level in range(len(table.level_names) - 1):
        finer, coarser = table.codes[:, level], table.codes[:, level + 1]
        parents = {int(group): set(coarser[finer == group].tolist()) for group in set(finer.tolist())}
        # Every group is used, has one parent, and holds at least the leaves of its observed parts.
        assert set(parents) == set(range(len(table.labels[level])))
        assert all(len(parent) == 1 for parent in parents.values())
        sums = np.zeros(len(table.leaves[level + 1]), dtype=np.int64)
        for group, parent in parents.items():
            sums[min(parent)] += table.leaves[level][group]
        assert (sums <= table.leaves[level + 1]).all()
        assert (table.leaves[level] >= 1).all()
    assert table.leaves[-1].tolist() == [table.total_leaves]
    loss = table.loss_of()
    assert ((loss >= 0) & (loss <= 1)).all()
    assert (np.diff(loss, axis=1) >= -1e-12).all()


@settings(max_examples=250, deadline=None)
@given(data=st.data())
def test_one_text_names_one_set_of_values(data):
    spec, values = draw_column(data)
    table = load_hierarchy(spec, as_of=AS_OF).resolve(values)
    named = {}
    for level, labels in enumerate(table.labels):
        assert len(set(labels)) == len(labels)
        bounds = table.bounds[level]
        for group, label in enumerate(labels):
            members = frozenset(np.flatnonzero(table.codes[:, level] == group).tolist())
            told = (members, int(table.leaves[level][group]), *((bounds.lower[group], bounds.upper[group]) if bounds else ()))
            assert named.setdefault(label, told) == told


@settings(max_examples=250, deadline=None)
@given(data=st.data())
def test_bounds_hold_their_values_and_do_not_overlap(data):
    spec, values = draw_column(data)
    hierarchy = load_hierarchy(spec, as_of=AS_OF)
    table = hierarchy.resolve(values)
    assert table.ordered == hierarchy.ordered
    if not table.ordered:
        assert table.bounds == (None,) * len(table.level_names)
        return
    # The range of the value itself (its age for a birth date, its month for a month).
    own = table.bounds[0].lower
    assert own.null_count == values.null_count
    order = [code.as_py() for code in own.drop_null()]
    if spec == "care_level":
        order = [list(load_code_list("care_level").entries).index(code) for code in order]
        return
    for bounds, codes in zip(table.bounds, table.codes.T, strict=True):
        assert bounds.lower.type == bounds.upper.type == own.type
        lower, upper = bounds.lower.take(pa.array(codes)), bounds.upper.take(pa.array(codes))
        assert pc.all(pc.fill_null(pc.less_equal(lower, own), True)).as_py() is not False
        assert pc.all(pc.fill_null(pc.greater_equal(upper, own), True)).as_py() is not False
    for bounds in table.bounds[1:-1]:
        ends = sorted((low, high) for low, high in zip(bounds.lower.to_pylist(), bounds.upper.to_pylist(), strict=True) if low and high)
        assert all(before[1] < after[0] for before, after in itertools.pairwise(ends))


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_order_of_the_values_does_not_matter(data):
    spec, values = draw_column(data)
    hierarchy = load_hierarchy(spec, as_of=AS_OF)
    turned = hierarchy.resolve(values[::-1])
    table = hierarchy.resolve(values)
    for level in range(len(table.level_names)):
        told = [table.labels[level][group] for group in table.codes[:, level]]
        told_turned = [turned.labels[level][group] for group in turned.codes[:, level]]
        assert told == told_turned[::-1]
    assert table.total_leaves == turned.total_leaves
    assert np.array_equal(table.loss_of(), turned.loss_of()[::-1])
