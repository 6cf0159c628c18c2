"""Minimality: what the knowledge that loss was made as small as possible tells of secrets, by trying every small input.

The attacker of Wong et al. knows the quasi-identifiers of all persons, the release, and the search itself. Every way to give these persons
secrets is put through the real search; those that give the same release are what the attacker cannot tell apart.
"""

import itertools
from collections import Counter, defaultdict
from fractions import Fraction

import numpy as np
import pytest

from anonymize.classes import ClassTable, SearchTask, SensitiveCounts
from anonymize.recoding import number_classes
from anonymize.search import find_recoding
from schemas.errors import TargetNotReached
from schemas.hierarchies import LevelTable
from schemas.plan_models import Closeness, Diversity

# Four values in two pairs under "all".
CODES = np.array([[0, 0, 0], [1, 0, 0], [2, 1, 0], [3, 1, 0]], dtype=np.int32)
LEVELS = LevelTable(
    level_names=("value", "pair", "all"),
    codes=CODES,
    leaves=tuple(np.bincount(CODES[:, level]).astype(np.int64) for level in range(3)),
    total_leaves=4,
    labels=(("0", "1", "2", "3"), ("01", "23"), ("all",)),
    bounds=(None, None, None),
    ordered=False,
)
TWO = {"diversity": (Diversity(column="secret", kind="distinct", l=2),)}
CLOSE = {"closeness": (Closeness(column="secret", t=0.3),)}


def count_secrets(values, secrets):
    """The secrets of every value's persons, as the search takes them."""
    lines = sorted(set(values))
    entries = sorted(Counter(zip(values, secrets, strict=True)).items())
    places = [lines.index(value) for (value, _), _ in entries]
    return SensitiveCounts(
        offsets=np.searchsorted(places, np.arange(len(lines) + 1)).astype(np.int64),
        values=np.array([secret for (_, secret), _ in entries], dtype=np.int32),
        persons=np.array([persons for _, persons in entries], dtype=np.int64),
        distinct=2,
        memberships=None,
    )


def release(values, secrets, method, wishes):
    """Per person the released group (None: suppressed), by the real search; None when the target cannot be reached."""
    lines = sorted(set(values))
    sizes = np.array([values.count(value) for value in lines], dtype=np.int64)
    table = ClassTable(
        columns=("age",), levels=(LEVELS,), codes=np.array(lines, dtype=np.int32)[:, None], rows=sizes, persons=sizes, memberships=None,
        sensitive={"secret": count_secrets(values, secrets)}, total_rows=len(values), total_persons=len(values),
    )  # fmt: skip
    zero = np.zeros(1, dtype=np.int8)
    task = SearchTask(
        table=table, k=2, suppression_limit=0.34, weights=np.ones(1), max_levels=zero + 2, min_levels=zero, method=method, **wishes
    )  # fmt: skip
    try:
        found = find_recoding(task)
    except TargetNotReached:
        return None
    classes = number_classes(table, found)
    levels = found.levels[:, 0]
    groups = {
        value: None if number < 0 else (int(level), int(CODES[value, level]))
        for value, number, level in zip(lines, classes, levels, strict=True)
    }
    return tuple(groups[value] for value in values)


def see(values, secrets, groups):
    """What the attacker sees of a release: groups and the secrets in each; nothing of who was suppressed but their number."""
    seen = defaultdict(Counter)
    for group, secret in zip(groups, secrets, strict=True):
        if group is not None:
            seen[group][secret] += 1
    return frozenset((group, frozenset(counts.items())) for group, counts in seen.items())


def attack(size, method, wishes):
    """Over all inputs of a size: the share of released persons of mixed classes whose secret is certain, and the largest excess.

    The excess is how far the probability of the secret lies from its share among the persons of the class, which anybody sees.
    """
    excess, certain, mixed = Fraction(0), 0, 0
    for values in itertools.combinations_with_replacement(range(4), size):
        worlds = defaultdict(list)
        for secrets in itertools.product((0, 1), repeat=size):
            groups = release(list(values), secrets, method, wishes)
            if groups is not None:
                worlds[see(values, secrets, groups)].append((secrets, groups))
        for alike in worlds.values():
            chances = [Fraction(sum(secrets[person] for secrets, _ in alike), len(alike)) for person in range(size)]
            for secrets, groups in alike:
                for person, share in find_shares(secrets, groups):
                    excess = max(excess, abs(chances[person] - share))
                    mixed += 0 < share < 1
                    certain += 0 < share < 1 and chances[person] in {0, 1}
    return float(excess), certain / mixed


def find_shares(secrets, groups):
    """Per released person the share of secret 1 in the class."""
    for person, group in enumerate(groups):
        if group is not None:
            peers = [secret for secret, other in zip(secrets, groups, strict=True) if other == group]
            yield person, Fraction(sum(peers), len(peers))


@pytest.mark.parametrize("method", ["global", "local"])
def test_k_alone_looks_at_no_secret_and_tells_nothing_of_one(method):
    # Without a model on secrets the recoding is the same whatever the secrets are: the probability is the share in the class, exactly.
    assert attack(5 if method == "global" else 4, method, {}) == (0.0, 0.0)


# Shares as measured, rounded up; docs/attacks.md tells them. More would mean that the search tells more than it did.
@pytest.mark.parametrize(
    ("size", "method", "wishes", "limit"),
    [
        (4, "global", TWO, 0.094), (4, "local", TWO, 0.0), (4, "global", CLOSE, 0.0), (5, "global", TWO, 0.044),
    ],
)  # fmt: skip
def test_models_on_secrets_make_few_secrets_certain(size, method, wishes, limit):
    _, certain = attack(size, method, wishes)
    assert certain <= limit


def test_control_a_recoding_that_follows_the_secret_is_found():
    # The textbook case: one person of value 0 and three of value 1. Value 1 alone would have done, with one row suppressed, if diverse.
    # It was merged, so its persons are alike, and the odd secret is that of value 0, though one in four of the class has it.
    values, told = [0, 1, 1, 1], defaultdict(set)
    for secrets in itertools.product((0, 1), repeat=4):
        groups = release(values, secrets, "global", TWO)
        told[see(values, secrets, groups)].add(secrets) if groups else None
    merged = [worlds for worlds in told.values() if (1, 0, 0, 0) in worlds]
    assert merged == [{(1, 0, 0, 0)}]
