"""Several releases of the same file, taken together: who is told apart by being in two classes at once.

Decided here: what releases that are each safe tell together. An attacker may hold all of them, since recipients may collude. Needed are
the class tables alone (which combination of values went into which class, and how many persons it has), not the persons. To be suppressed
in one release is a class of its own: whoever holds another release sees which of its rows are missing. Not decided here: extracts of
different times (`differences`), where the tables come from (`sealed`), what is too much (`gate`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from anonymize.classes import Memberships
from anonymize.risk.secrets import Secret, Spread, measure_spread
from anonymize.rows.persons import number_patterns

NOT_RELEASED = -1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Members:
    """Which persons stand in which lines, where a person may stand in several.

    Parameters
    ----------
    offsets : NDArray[np.int64]
        (lines + 1): where each line starts in `patterns`.
    patterns : NDArray[np.int64]
        Patterns of the persons of each line, distinct within a line.
    persons : NDArray[np.int64]
        (patterns): persons who share the pattern.
    """

    offsets: NDArray[np.int64]
    patterns: NDArray[np.int64]
    persons: NDArray[np.int64]

    def take(self, lines: NDArray[np.int64]) -> "Members":
        """Return the persons of some lines."""
        sizes = np.diff(self.offsets)[lines]
        starts = np.cumsum(sizes) - sizes
        within = np.arange(sizes.sum()) - np.repeat(starts, sizes)
        patterns = self.patterns[np.repeat(self.offsets[lines], sizes) + within]
        return Members(offsets=np.append(starts, sizes.sum()).astype(np.int64), patterns=patterns, persons=self.persons)

    def to_memberships(self) -> Memberships:
        """Return the same by pattern: the lines of each."""
        lines = np.repeat(np.arange(len(self.offsets) - 1, dtype=np.int64), np.diff(self.offsets))
        order = np.argsort(self.patterns, kind="stable")
        sizes = np.bincount(self.patterns, minlength=len(self.persons))
        return Memberships(offsets=np.append(0, np.cumsum(sizes)).astype(np.int64), combinations=lines[order], persons=self.persons)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Extract:
    """The class table of one release.

    Parameters
    ----------
    keys : pa.Table
        One line per distinct combination of quasi-identifier values, as they came; several where persons of a combination were told apart.
    classes : NDArray[np.int64]
        (lines): released class, 0 …; -1 where the line was suppressed.
    persons : NDArray[np.int64]
        (lines): persons of the line.
    members : Members or None
        Who they are; None when nobody stands in two lines.
    linked : bool
        Whether the release tells which rows are one person's.
    secrets : tuple[Secret, ...]
        Sensitive columns of the releases it is of.
    """

    keys: pa.Table
    classes: NDArray[np.int64]
    persons: NDArray[np.int64]
    members: Members | None = None
    linked: bool = False
    secrets: tuple[Secret, ...] = ()

    def __repr__(self) -> str:
        """Show a count, never a value."""
        return f"Extract({len(self.classes)} lines)"

    @property
    def released(self) -> NDArray[np.int64]:
        """The lines that were released."""
        return np.flatnonzero(self.classes != NOT_RELEASED)

    def take(self, lines: NDArray[np.int64]) -> "Extract":
        """Return some lines."""
        members = None if self.members is None else self.members.take(lines)
        went = np.full(len(self.classes), NOT_RELEASED, dtype=np.int64)
        went[lines] = np.arange(len(lines))
        return replace(
            self,
            keys=self.keys.take(pa.array(lines)),
            classes=self.classes[lines],
            persons=self.persons[lines],
            members=members,
            secrets=tuple(secret.move(went) for secret in self.secrets),
        )

    def count_persons(self, lines: NDArray[np.int64], groups: NDArray[np.int64], count: int) -> NDArray[np.int64]:
        """Return the distinct persons of each group of lines.

        Parameters
        ----------
        lines : NDArray[np.int64]
            (n): lines; a line may be in several groups.
        groups : NDArray[np.int64]
            (n): their groups, 0 … count - 1.
        count : int
            Groups in all.
        """
        owners, persons = lines, self.persons
        if self.members is not None:
            members = self.members.take(lines)
            owners, persons = members.patterns, members.persons
            groups = np.repeat(groups, np.diff(members.offsets))
        pairs = pd.unique(groups * max(len(persons), 1) + owners)
        weights = persons[pairs % max(len(persons), 1)]
        return np.bincount(pairs // max(len(persons), 1), weights=weights, minlength=count).astype(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class JointClasses:
    """What the classes of several releases of the same file are together.

    Parameters
    ----------
    sizes : dict[int, int]
        Size in persons → number of joint classes: persons who share their class in every release. Who is suppressed in one of the releases
        shares that.
    persons : int
        Persons in any of the releases.
    linked : dict[int, int]
        Size in persons → number of sets of joint classes: persons who share the joint classes of all their rows. Empty where no release
        links rows.
    spreads : tuple[Spread, ...]
        What they tell of each sensitive column.
    """

    sizes: dict[int, int]
    persons: int
    linked: dict[int, int] = field(default_factory=dict)
    spreads: tuple[Spread, ...] = ()


def count_between(sizes: Mapping[int, int], least: int, below: int) -> tuple[int, int]:
    """Return how many have a size from `least` to `below` − 1, and the sum of these sizes."""
    found = {size: number for size, number in sizes.items() if least <= size < below}
    return sum(found.values()), sum(size * number for size, number in found.items())


def number_lines(tables: Sequence[pa.Table]) -> list[NDArray[np.int64]]:
    """Return, per table, a number for each line: equal exactly where all values are equal; a missing value equals a missing value.

    Parameters
    ----------
    tables : sequence of pa.Table
        With the same columns; types may differ in width.
    """
    numbers = np.zeros(sum(table.num_rows for table in tables), dtype=np.int64)
    for name in tables[0].column_names:
        column = pa.concat_tables([table.select([name]) for table in tables], promote_options="permissive").column(0)
        codes = pc.dictionary_encode(column.combine_chunks(), null_encoding="encode").indices.to_numpy()
        numbers = pd.factorize(numbers * (int(codes.max(initial=0)) + 1) + codes)[0].astype(np.int64)
    ends = np.cumsum([table.num_rows for table in tables])[:-1]
    return np.split(numbers, ends)


def join_extracts(extracts: Sequence[Extract]) -> Extract | None:
    """Return several releases of one and the same file as one: its classes are the joint classes.

    Parameters
    ----------
    extracts : sequence of Extract
        Of releases with the same quasi-identifiers, made from the same rows; at least one.

    Returns
    -------
    Extract or None
        None where it cannot be told exactly: persons with the same values got different classes, and not all tables tell them apart alike.
    """
    first, *others = extracts
    linked = any(extract.linked for extract in extracts)
    if all(_has_lines_of(first, other) for other in others):
        secrets = tuple(secret for extract in extracts for secret in extract.secrets)
        return replace(first, classes=_number_joint([extract.classes for extract in extracts]), linked=linked, secrets=secrets)
    lines = number_lines([extract.keys for extract in extracts])
    width = max(int(number.max(initial=-1)) for number in lines) + 1
    classes, persons = [], np.zeros(width, dtype=np.int64)
    for number, extract in zip(lines, extracts, strict=True):
        spread = np.full(width, NOT_RELEASED, dtype=np.int64)
        spread[number] = extract.classes
        if (spread[number] != extract.classes).any():
            return None
        classes.append(spread)
        persons = np.maximum(persons, extract.count_persons(np.arange(len(number)), number, width))
    where = np.concatenate(lines)
    _, place = np.unique(where, return_index=True)
    keys = pa.concat_tables([extract.keys for extract in extracts], promote_options="permissive").take(pa.array(place))
    owner = next(((number, e.members) for number, e in zip(lines, extracts, strict=True) if e.members is not None), None)
    members = None if owner is None else _gather(*owner, width)
    secrets = tuple(secret.move(number) for number, extract in zip(lines, extracts, strict=True) for secret in extract.secrets)
    return Extract(keys=keys, classes=_number_joint(classes), persons=persons, members=members, linked=linked, secrets=secrets)


def _has_lines_of(first: Extract, other: Extract) -> bool:
    """Return whether two tables have the same lines and tell persons apart alike."""
    mine, theirs = first.members, other.members
    if not first.keys.equals(other.keys) or (mine is None) != (theirs is None):
        return False
    if mine is None or theirs is None:
        return bool(np.array_equal(first.persons, other.persons))
    return all(np.array_equal(getattr(mine, name), getattr(theirs, name)) for name in ("offsets", "patterns", "persons"))


def _number_joint(classes: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Return a number for every combination of classes that occurs; -1 where no release has the line."""
    joint, released = np.zeros(len(classes[0]), dtype=np.int64), np.zeros(len(classes[0]), dtype=bool)
    for these in classes:
        joint = pd.factorize(joint * (int(these.max(initial=0)) + 2) + these + 1)[0].astype(np.int64)
        released |= these != NOT_RELEASED
    joint[~released] = NOT_RELEASED
    joint[released] = pd.factorize(joint[released])[0]
    return joint


def _gather(number: NDArray[np.int64], members: Members, width: int) -> Members:
    """Return the persons of numbered lines, of which several may have one number."""
    owners = np.repeat(number, np.diff(members.offsets))
    pairs = np.unique(owners * max(len(members.persons), 1) + members.patterns)
    owners, patterns = np.divmod(pairs, max(len(members.persons), 1))
    offsets = np.concatenate(([0], np.cumsum(np.bincount(owners, minlength=width))))
    return Members(offsets=offsets.astype(np.int64), patterns=patterns, persons=members.persons)


def count_classes(joint: Extract) -> JointClasses:
    """Return how many persons share each class, and each set of classes where rows are linked."""
    lines = joint.released
    classes = joint.classes[lines]
    sizes = joint.count_persons(lines, classes, int(classes.max(initial=-1)) + 1)
    persons = int(joint.count_persons(lines, np.zeros(len(lines), dtype=np.int64), 1)[0])
    found = count_sizes(sizes[sizes > 0])
    linked = {} if not joint.linked else found if joint.members is None else _count_sets(joint, joint.members)
    return JointClasses(sizes=found, persons=persons, linked=linked, spreads=_measure_secrets(joint))


def _count_sets(joint: Extract, members: Members) -> dict[int, int]:
    """Return size in persons → number of sets of released classes that so many persons share with all their lines."""
    present, sets = _number_sets(joint, members)
    return count_sizes(np.bincount(sets, weights=members.persons[present]).astype(np.int64))


def _number_sets(joint: Extract, members: Members) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the patterns that are released, and for each the number of its set of classes."""
    owners = np.repeat(joint.classes, np.diff(members.offsets))
    shown = owners != NOT_RELEASED
    width = int(joint.classes.max(initial=0)) + 1
    pairs = np.unique(members.patterns[shown] * width + owners[shown])
    patterns, content = np.divmod(pairs, width)
    present, counts = np.unique(patterns, return_counts=True)
    return present, number_patterns(content, np.concatenate(([0], np.cumsum(counts))).astype(np.int64))


def _measure_secrets(joint: Extract) -> tuple[Spread, ...]:
    """Return what the classes tell of each sensitive column; where rows are linked, among those who share a set of classes."""
    lines, of_line = joint.released, joint.classes.copy()
    members = joint.members
    if joint.linked and members is not None and (np.diff(members.offsets) == 1).all():
        present, sets = _number_sets(joint, members)
        of_line[lines] = pd.factorize(
            of_line[lines] * (int(sets.max(initial=0)) + 1) + sets[np.searchsorted(present, members.patterns[lines])]
        )[0]
    persons = joint.count_persons(lines, of_line[lines], int(of_line.max(initial=-1)) + 1)
    return tuple(measure_spread(secret, of_line, persons) for secret in joint.secrets)


def count_sizes(sizes: NDArray[np.int64]) -> dict[int, int]:
    """Return size → how many have it."""
    found, numbers = np.unique(sizes, return_counts=True)
    return dict(zip(found.tolist(), numbers.tolist(), strict=True))
