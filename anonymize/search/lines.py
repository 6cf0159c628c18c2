"""Lines and what becomes of them at a node: classes, their sums, and the rolled-up lines from which coarser nodes are counted faster.

Decided here: how counts are added when lines merge, exactly for persons with several rows too. Not decided here: which node is next.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from anonymize.classes import Memberships, SearchTask, SensitiveCounts
from anonymize.models.closeness import CloseValues, whole_distribution
from anonymize.models.diversity import DiverseValues
from anonymize.models.k import AtLeastPersons
from anonymize.models.population import EnoughMatches, PresenceWithin
from anonymize.models.requirement import ClassSums, Every, Requirement
from anonymize.search.entries import Entries, sum_entries, take_entries
from anonymize.search.kernels import Patterns, count_distinct, group, sum_by_class
from anonymize.search.problem import Problem, number_keys
from schemas.plan_models import Closeness

LINE_BYTES, ENTRY_BYTES = 28, 12


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Lines of the class table, or classes of them at some node, each standing for its first line.

    Parameters
    ----------
    firsts : NDArray[np.int32]
        (lines): the line of the problem that each stands for.
    rows, persons : NDArray[np.int64]
        Sums; persons are an upper bound where `memberships` is given.
    memberships : Memberships or None
        Person patterns over these lines.
    sensitive : Mapping[str, SensitiveCounts]
        Persons per sensitive value.
    """

    firsts: NDArray[np.int32]
    rows: NDArray[np.int64]
    persons: NDArray[np.int64]
    memberships: Memberships | None
    sensitive: Mapping[str, SensitiveCounts]

    @property
    def nbytes(self) -> int:
        """Bytes in memory, person patterns left aside."""
        entries = sum(len(counts.values) for counts in self.sensitive.values())
        return LINE_BYTES * len(self.firsts) + ENTRY_BYTES * entries


def all_lines(problem: Problem) -> Lines:
    """Return the lines of the class table in canonical order."""
    table, order = problem.task.table, problem.order
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    memberships = table.memberships
    if memberships is not None:
        memberships = Memberships(
            offsets=memberships.offsets.astype(np.int64), combinations=place[memberships.combinations], persons=memberships.persons
        )
    sensitive = {name: table.sensitive[name] for name in asked_columns(problem.task)}
    if not np.array_equal(order, np.arange(len(order))):
        sensitive = {name: _reorder(counts, order) for name, counts in sensitive.items()}
    return Lines(np.arange(len(order), dtype=np.int32), problem.rows, problem.persons, memberships, sensitive)


def asked_columns(task: SearchTask) -> tuple[str, ...]:
    """Return the sensitive columns that any model asks about, each once, in order."""
    names = [wish.column for wish in task.diversity] + [wish.column for wish in task.closeness]
    return tuple(dict.fromkeys(names))


def make_requirement(task: SearchTask) -> Requirement:
    """Return all that a task asks of a released class."""
    parts: list[Requirement] = [AtLeastPersons(task.k)]
    parts += [DiverseValues(wish) for wish in task.diversity]
    parts += [_closeness(task, wish) for wish in task.closeness]
    population = task.population
    if population is not None and population.k_map is not None:
        parts.append(EnoughMatches(population.k_map))
    every = parts[0] if len(parts) == 1 else Every(tuple(parts))
    if population is None or population.presence is None:
        return every
    return PresenceWithin(every, *population.presence, exact=task.table.memberships is None)


def _closeness(task: SearchTask, wish: Closeness) -> CloseValues:
    """Return one closeness with the distribution of the whole file."""
    counts = task.table.sensitive[wish.column]
    return CloseValues(wish, whole_distribution(sum_sensitive(counts, np.zeros(len(task.table.rows), np.int32), 1)))


def group_lines(problem: Problem, chosen: NDArray[np.int32], levels: Sequence[int]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the class of each chosen line of the problem at a node, and where the first of each class stands among the chosen."""
    ids, firsts = np.empty(len(chosen), np.int32), np.empty(len(chosen), np.int32)
    count = group(problem.flat(problem.codes), chosen, problem.place(levels), ids, firsts)
    return ids, firsts[:count]


def sum_classes(lines: Lines, ids: NDArray[np.int32], classes: int) -> ClassSums:
    """Return exact counts per class; lines with a negative class count nowhere."""
    if lines.memberships is None:
        persons = sum_by_class(ids, lines.persons, classes)
    else:
        persons = count_distinct(ids, to_patterns(lines.memberships), classes)
    return ClassSums(persons=persons, sensitive={name: sum_sensitive(c, ids, classes) for name, c in lines.sensitive.items()})


def roll_up(problem: Problem, lines: Lines, levels: Sequence[int], *, most: float = 1.0) -> Lines:
    """Return the classes of lines at a node as lines; the lines themselves where more than this share of them would be left.

    Every coarser node can be counted from either.
    """
    ids, firsts = group_lines(problem, lines.firsts, levels)
    classes = len(firsts)
    if classes > most * len(lines.firsts):
        return lines
    return Lines(
        lines.firsts[firsts],
        sum_by_class(ids, lines.rows, classes),
        sum_by_class(ids, lines.persons, classes),
        None if lines.memberships is None else _merge_members(lines.memberships, ids),
        {name: sum_sensitive(counts, ids, classes, to_be_summed=True) for name, counts in lines.sensitive.items()},
    )


def take_lines(lines: Lines, chosen: NDArray[np.int64]) -> Lines:
    """Return some of the lines; only for lines without person patterns."""
    sensitive = {name: _reorder(counts, chosen) for name, counts in lines.sensitive.items()}
    return Lines(lines.firsts[chosen], lines.rows[chosen], lines.persons[chosen], None, sensitive)


def sum_sensitive(counts: SensitiveCounts, ids: NDArray[np.int32], classes: int, *, to_be_summed: bool = False) -> SensitiveCounts:
    """Return the persons of each sensitive value per class (exact when `counts.memberships` is given or not needed).

    Who stands in which class is kept only for sums that are to be summed again.
    """
    memberships = counts.memberships
    if memberships is None:
        return sum_additive(counts, np.arange(len(ids)), ids, classes)
    owners = np.repeat(ids.astype(np.int64), np.diff(counts.offsets))
    kept = owners >= 0
    keys, numbers = number_keys(owners[kept] * counts.distinct + counts.values[kept], classes * counts.distinct)
    entry_of = np.full(len(owners), -1, dtype=np.int32)
    entry_of[kept] = numbers
    persons = count_distinct(entry_of, to_patterns(memberships), len(keys))
    memberships = _merge_members(memberships, entry_of) if to_be_summed else None
    offsets = np.searchsorted(keys, np.arange(classes + 1) * counts.distinct).astype(np.int64)
    return replace(counts, offsets=offsets, values=(keys % counts.distinct).astype(np.int32), persons=persons, memberships=memberships)


def sum_additive(counts: SensitiveCounts, chosen: NDArray[np.int64], ids: NDArray[np.int32], classes: int) -> SensitiveCounts:
    """Return the persons of each sensitive value per class over some of the lines, where persons may be added."""
    return _with_entries(counts, sum_entries(_to_entries(counts), chosen, ids, (classes, counts.distinct)))


def to_patterns(memberships: Memberships) -> Patterns:
    """Return memberships in the form the loops want."""
    return Patterns(memberships.offsets, memberships.combinations, memberships.persons)


def _merge_members(memberships: Memberships, ids: NDArray[np.int32]) -> Memberships:
    """Return the patterns over classes instead of lines, each class once per pattern; lines with a negative class fall out."""
    patterns = np.repeat(np.arange(len(memberships.persons)), np.diff(memberships.offsets))
    targets = ids[memberships.combinations].astype(np.int64)
    kept = targets >= 0
    width = int(ids.max(initial=0)) + 1
    pairs = np.unique(patterns[kept] * width + targets[kept])
    counts = np.bincount(pairs // width, minlength=len(memberships.persons))
    offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    return Memberships(offsets=offsets, combinations=pairs % width, persons=memberships.persons)


def _reorder(counts: SensitiveCounts, order: NDArray[np.int64]) -> SensitiveCounts:
    """Return the counts with their lines in another order."""
    entries, memberships = _to_entries(counts), counts.memberships
    if memberships is not None:
        numbers = np.arange(len(entries.values), dtype=np.int64)
        place = np.empty(len(numbers), dtype=np.int64)
        place[take_entries(entries._replace(persons=numbers), order).persons] = numbers
        memberships = replace(memberships, combinations=place[memberships.combinations])
    return replace(_with_entries(counts, take_entries(entries, order)), memberships=memberships)


def _to_entries(counts: SensitiveCounts) -> Entries:
    """Return the entries in the form the loops want."""
    integers, numbers = np.dtype(np.int32), np.dtype(np.int64)
    return Entries(
        counts.offsets.astype(numbers, copy=False), counts.values.astype(integers, copy=False), counts.persons.astype(numbers, copy=False)
    )


def _with_entries(counts: SensitiveCounts, found: Entries) -> SensitiveCounts:
    """Return the same column with other entries."""
    return replace(counts, offsets=found.offsets, values=found.values, persons=found.persons)
