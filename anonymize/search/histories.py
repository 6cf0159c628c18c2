"""Linked rows: what a fresh id shows is the *history* of a person, the classes of all their rows, and k persons must share it.

Decided here: which persons are released at a node. A history is a set of classes, or classes with their numbers of rows. Whoever shares it
with fewer than k persons is suppressed with all rows: to suppress some rows of a person would release a history that never was. Coarser
levels only unite histories, so that whoever fails at a node fails at every finer one, and the bounds of the search hold (ADR 0017). Also
decided here: whose sensitive values are counted, those of persons who share a history. Not decided here: which node is next.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from anonymize.classes import ClassTable, Linked, Memberships
from anonymize.compiled import compiled
from anonymize.search.kernels import measure_failed
from anonymize.search.lines import Lines, group_lines, make_requirement, sum_classes, take_lines
from anonymize.search.nodes import Count, Gauge, Node
from anonymize.search.problem import Levels, Problem, number_keys

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
EMPTY = -1


def make_gauge(problem: Problem) -> Gauge:
    """Return what measures the nodes of a problem: classes, and histories where rows are linked."""
    return LinkedGauge(problem) if problem.task.linked else Gauge(problem)


class LinkedGauge(Gauge):
    """Measures nodes on lines that stand together by pattern: persons are kept or suppressed with all their rows.

    Parameters
    ----------
    problem : Problem
        A task whose table has a line per combination and pattern.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.is_additive = self.drops_doomed = False
        # k persons share a history, so they share its classes. Values are asked for among them alone, the population for the whole class.
        self.asks_values = bool(problem.task.diversity or problem.task.closeness)
        self.asks_people = problem.task.population is not None
        self.of_values = make_requirement(replace(problem.task, population=None))
        self.of_people = make_requirement(replace(problem.task, diversity=(), closeness=()))
        found = self.lines.memberships or _one_each(self.lines)
        # In canonical order within a pattern too: sums that are equal but for rounding must not decide by the order of the class table.
        owners = np.repeat(np.arange(len(found.persons)), np.diff(found.offsets))
        self.members: NDArray[np.int64] = found.combinations[np.lexsort((found.combinations, owners))]
        together = Memberships(offsets=found.offsets, combinations=np.arange(len(found.combinations)), persons=found.persons)
        self.lines = replace(take_lines(self.lines, self.members), memberships=together)
        self.patterns = together

    def count(self, levels: Levels, lines: Lines, left_out: Node | None) -> Count:
        """Return the node, counted from lines at the same or a finer node; no line is left out."""
        ids, _ = group_lines(self.problem, lines.firsts, levels)
        kept = self.find_kept(lines, ids, levels)
        failed, losses = self._add_suppressed(lines, kept)
        loss = self._add_loss(levels, failed, losses)
        if self.requirement.grows:
            return Count(Node(levels, failed, failed, losses, loss), None)
        doomed, doomed_losses = self._add_suppressed(lines, self.find_kept(lines, ids, levels, floor=True))
        return Count(Node(levels, failed, doomed, doomed_losses, loss), None)

    def find_kept(
        self, lines: Lines, ids: NDArray[np.int32], levels: Levels | NDArray[np.int8], *, floor: bool = False
    ) -> NDArray[np.bool_]:
        """Return, per pattern, whether its persons are released when lines form these classes.

        Every history needs k persons. Whoever knows a history sees, of each of its classes, only the rows of those who share it: what is
        asked of sensitive values must hold there. A class that fails against the population takes all its persons with it, which may make
        another class fail; this goes on until nothing fails. For what grows, the answer is the largest set that holds.

        Parameters
        ----------
        lines : Lines
            Lines that stand together by pattern.
        ids : NDArray[np.int32]
            Class of each line.
        levels
            (columns) or (classes, columns): released levels.
        floor : bool
            Ask only for what grows (see `Requirement.floor`).
        """
        offsets, persons = _patterns(lines)
        classes = int(ids.max(initial=-1)) + 1
        histories, count = number_histories(ids, offsets, self._amounts(lines), classes)
        kept: NDArray[np.bool_] = (np.bincount(histories, weights=persons, minlength=count) >= self.problem.task.k)[histories]
        owners = np.repeat(np.arange(len(persons)), np.diff(offsets))
        if self.asks_values:
            keys, cells = number_keys(histories[owners] * classes + ids, count * classes)
            requirement = self.of_values.floor if floor else self.of_values
            kept[owners[~requirement.satisfied(sum_classes(lines, cells, len(keys)))[cells]]] = False
        firsts = np.zeros(classes, dtype=np.int64)
        firsts[ids[::-1]] = np.arange(len(ids))[::-1]
        requirement = self.of_people.floor if floor else self.of_people
        while self.asks_people and kept.any():
            sums = sum_classes(lines, np.where(kept[owners], ids, EMPTY).astype(np.int32), classes)
            satisfied = requirement.satisfied(self.match(sums, self.problem.positions[lines.firsts[firsts]], levels))
            failing = np.unique(owners[kept[owners] & ~satisfied[ids]])
            if not len(failing):
                break
            kept[failing] = False
        return kept

    def find_failed(self, levels: Levels) -> NDArray[np.bool_]:
        """Return which lines of the problem are suppressed at a node."""
        ids, _ = group_lines(self.problem, self.lines.firsts, levels)
        kept = self.find_kept(self.lines, ids, levels)
        suppressed = np.zeros(len(self.members), dtype=np.bool_)
        suppressed[self.members] = ~kept[np.repeat(np.arange(len(kept)), np.diff(_patterns(self.lines)[0]))]
        return suppressed

    def roll_up(self, finer: Lines, levels: Levels) -> Lines:
        """Return the lines of every distinct history at a node, rows and persons added up; all lines where classes are asked for more."""
        if self.asks_values or self.asks_people:
            return finer
        ids, firsts = group_lines(self.problem, finer.firsts, levels)
        offsets, persons = _patterns(finer)
        histories, count = number_histories(ids, offsets, self._amounts(finer), len(firsts))
        owners = np.repeat(histories, np.diff(offsets))
        keys, entries = number_keys(owners * len(firsts) + ids, count * len(firsts))
        leaders = firsts[keys % len(firsts)]
        together = Memberships(
            offsets=np.searchsorted(keys, np.arange(count + 1) * len(firsts)).astype(np.int64),
            combinations=np.arange(len(keys)),
            persons=np.bincount(histories, weights=persons, minlength=count).astype(np.int64),
        )
        rows = np.bincount(entries, weights=finer.rows, minlength=len(keys)).astype(np.int64)
        return Lines(finer.firsts[leaders], rows, rows, together, {})

    def _amounts(self, lines: Lines) -> NDArray[np.int64]:
        """Return, per line, the rows of one person, where a history counts them; nothing where it does not."""
        if self.problem.task.linked != "rows":
            return np.empty(0, dtype=np.int64)
        offsets, persons = _patterns(lines)
        return lines.rows // np.repeat(persons, np.diff(offsets))

    @property
    def amounts(self) -> NDArray[np.int64]:
        """Per line of the problem, as they stand together, what `number_histories` counts."""
        return self._amounts(self.lines)

    def _add_suppressed(self, lines: Lines, kept: NDArray[np.bool_]) -> tuple[int, NDArray[np.float64]]:
        """Return the rows of patterns that are not kept, and their losses by column and level."""
        offsets, _ = _patterns(lines)
        owners = np.repeat(np.arange(len(kept), dtype=np.int32), np.diff(offsets))
        histogram = np.zeros(int(self.problem.value_starts[-1]), np.int64)
        failed = measure_failed(owners, kept, lines.rows, (self.problem.positions, lines.firsts), histogram)
        return failed, self.problem.losses_by_level(histogram)


def split_classes(table: ClassTable, of_line: NDArray[np.int64], linked: Linked) -> NDArray[np.int64]:
    """Return the class of each line among the lines of persons who share a history, -1 where suppressed.

    Parameters
    ----------
    table : ClassTable
        A line per combination and pattern.
    of_line : NDArray[np.int64]
        Released class of each line, -1 where suppressed.
    linked : {"classes", "rows"}
        What a history is.
    """
    members = table.memberships
    if members is None:
        return of_line
    lengths, classes = np.diff(members.offsets), int(of_line.max(initial=-1)) + 2
    ids = of_line[members.combinations]
    amounts = table.rows[members.combinations] // np.repeat(members.persons, lengths) if linked == "rows" else np.empty(0, dtype=np.int64)
    histories, count = number_histories(np.where(ids < 0, classes - 1, ids).astype(np.int32), members.offsets, amounts, classes)
    split = np.full(len(of_line), EMPTY, dtype=np.int64)
    kept = ids >= 0
    split[members.combinations[kept]] = number_keys((np.repeat(histories, lengths) * classes + ids)[kept], count * classes)[1]
    return split


def _one_each(lines: Lines) -> Memberships:
    """Return the patterns of persons who have one line each."""
    count = len(lines.rows)
    return Memberships(offsets=np.arange(count + 1), combinations=np.arange(count), persons=lines.persons)


def _patterns(lines: Lines) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where the lines of each pattern start, and its persons."""
    found = lines.memberships or _one_each(lines)
    return found.offsets, found.persons


@compiled
def number_histories(
    ids: NDArray[np.int32], offsets: NDArray[np.int64], amounts: NDArray[np.int64], classes: int
) -> tuple[NDArray[np.int64], int]:
    """Return the history of each pattern, numbered in order of first appearance, and how many there are.

    Parameters
    ----------
    ids : NDArray[np.int32]
        Class of each line; lines stand together by pattern.
    offsets : NDArray[np.int64]
        (patterns + 1): where the lines of each pattern start.
    amounts : NDArray[np.int64]
        Per line, the rows of one person; empty: a history is a set of classes.
    classes : int
        Number of classes.
    """
    patterns = len(offsets) - 1
    bits = 4
    while (1 << bits) < 2 * patterns:
        bits += 1
    shift, mask = np.uint64(64 - bits), (1 << bits) - 1
    slots = np.full(1 << bits, EMPTY, np.int64)
    hashes, firsts, widths = np.empty(patterns, np.uint64), np.empty(patterns, np.int64), np.empty(patterns, np.int64)
    numbers = np.empty(patterns, np.int64)
    seen, totals = np.full(classes, EMPTY, np.int64), np.zeros(classes, np.int64)
    count = 0
    for p in range(patterns):
        key, width = np.uint64(0), 0
        for e in range(offsets[p], offsets[p + 1]):
            c = ids[e]
            amount = amounts[e] if len(amounts) else np.int64(seen[c] != p)
            if seen[c] != p:
                seen[c], totals[c] = p, 0
                width += 1
            totals[c] += amount
            mixed = (np.uint64(c) + np.uint64(1)) * GOLDEN
            key += ((mixed ^ (mixed >> np.uint64(32))) * GOLDEN) * np.uint64(amount)
        at = np.int64(((key ^ (key >> np.uint64(32))) * GOLDEN) >> shift)
        found = slots[at]
        while found != EMPTY:
            # The hash only finds candidates: what counts as equal has been compared class by class.
            if hashes[found] == key and widths[found] == width and _is_equal(ids, offsets, amounts, (firsts[found], p), (seen, totals)):
                break
            at = (at + 1) & mask
            found = slots[at]
        if found == EMPTY:
            slots[at], hashes[count], firsts[count], widths[count] = count, key, p, width
            found = count
            count += 1
        numbers[p] = found
    return numbers, count


@compiled
def _is_equal(
    ids: NDArray[np.int32],
    offsets: NDArray[np.int64],
    amounts: NDArray[np.int64],
    pair: tuple[int, int],
    counted: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> bool:
    """Whether a pattern has the history of another of as many classes, whose classes and totals have just been counted."""
    (one, other), (seen, totals) = pair, counted
    low, high = offsets[one], offsets[one + 1]
    for e in range(low, high):
        if seen[ids[e]] != other:
            return False
    if len(amounts) == 0:
        return True
    for e in range(low, high):
        totals[ids[e]] -= amounts[e]
    equal = True
    for e in range(low, high):
        equal = equal and totals[ids[e]] == 0
    for e in range(low, high):
        totals[ids[e]] += amounts[e]
    return equal
