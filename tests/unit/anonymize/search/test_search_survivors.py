"""What the global search keeps between its cuts never shows in its answer: not in the levels, not in the last digit of its bound."""

import numpy as np
import pytest

from anonymize.classes import SensitiveCounts
from anonymize.search import boxes, find_recoding, nodes, survivors
from schemas.plan_models import Closeness, Diversity

WISHES = {
    "k": {},
    "l": {"diversity": (Diversity(column="secret", kind="distinct", l=3),)},
    "t": {"closeness": (Closeness(column="secret", t=0.5),)},
}


def make_hard_table(table_of):
    """Four columns of eight values, and a secret with skewed values."""
    rng = np.random.default_rng(3)
    lines = np.unique(np.minimum(rng.geometric(0.35, (700, 4)), 8) - 1, axis=0)
    groups = [[(v, v // 2, v // 4, 0) for v in range(8)]] * 4
    sizes = rng.integers(1, 4, len(lines))
    values = [np.sort(rng.choice(5, size, replace=False, p=[0.5, 0.2, 0.1, 0.1, 0.1])) for size in sizes]
    secret = SensitiveCounts(
        offsets=np.concatenate(([0], np.cumsum(sizes))),
        values=np.concatenate(values).astype(np.int32),
        persons=rng.integers(1, 4, int(sizes.sum())),
        distinct=5,
    )
    owners = np.repeat(np.arange(len(lines)), sizes)
    rows = np.bincount(owners, weights=secret.persons).astype(np.int64)
    return table_of(lines.tolist(), groups, rows=rows, sensitive={"secret": secret})


@pytest.mark.parametrize("wishes", WISHES.values(), ids=WISHES)
@pytest.mark.parametrize("limit", [0.1, 1.0])
@pytest.mark.parametrize("most", [7, 30, None])
def test_what_is_kept_changes_nothing(monkeypatch, table_of, task_of, wishes, limit, most):
    task = task_of(make_hard_table(table_of), 5, suppression_limit=limit, budget_nodes=most, **wishes)
    expected = find_recoding(task)
    settings = [{survivors: ("CACHED_BYTES", 1)}, {nodes: ("WORTH_MERGING", 1.0)}, {boxes: ("MOST_THREADS", 1)}]
    for setting in settings:
        with monkeypatch.context() as patch:
            for module, (name, value) in setting.items():
                patch.setattr(module, name, value)
            found = find_recoding(task)
        assert np.array_equal(found.levels, expected.levels)
        assert np.array_equal(found.suppressed, expected.suppressed)
        assert (found.search.evaluated, found.search.lower_bound, found.search.optimal) == (
            expected.search.evaluated,
            expected.search.lower_bound,
            expected.search.optimal,
        )


@pytest.mark.parametrize("wishes", WISHES.values(), ids=WISHES)
def test_lines_without_the_doomed_ones_give_the_same_answer(monkeypatch, table_of, task_of, wishes):
    task = task_of(make_hard_table(table_of), 5, suppression_limit=1.0, **wishes)
    expected = find_recoding(task)
    monkeypatch.setattr(survivors, "WORTH_TAKING", 1.0)
    found = find_recoding(task)
    assert np.array_equal(found.levels, expected.levels)
    assert found.search.lower_bound == pytest.approx(expected.search.lower_bound, abs=1e-12)
