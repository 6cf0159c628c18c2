"""Released classes while the local search still changes them: who is in which, at which levels, and what it costs to merge two.

Decided here: how classes are merged, lifted and lowered. Not decided here: which ones.
"""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from anonymize.search.lines import sum_classes
from anonymize.search.nearness import NONE, Standing, find_nearest, link_members, list_members
from anonymize.search.nodes import Gauge
from anonymize.search.walks import Trees, plant_trees


class Clusters:
    """A partition of the lines into released classes.

    Parameters
    ----------
    gauge : Gauge
        Lines and requirement.
    classes : NDArray[np.int64]
        (lines): class of each line, -1 for none.
    levels : NDArray[np.int8]
        (classes, columns): released levels of each class.
    """

    def __init__(self, gauge: Gauge, classes: NDArray[np.int64], levels: NDArray[np.int8]) -> None:
        self.gauge, self.problem = gauge, gauge.problem
        self.classes, self.levels = classes, levels
        count = len(levels)
        self.firsts: NDArray[np.int64] = np.full(count, -1, dtype=np.int64)
        inside = np.flatnonzero(classes >= 0)[::-1]
        self.firsts[classes[inside]] = inside
        self.rows: NDArray[np.int64] = np.bincount(classes[inside], weights=self.problem.rows[inside], minlength=count).astype(np.int64)

    def line_levels(self) -> NDArray[np.int8]:
        """Return (lines, columns) the released level of each cell; the coarsest for lines without a class."""
        levels = np.empty(self.problem.values.shape, dtype=np.int8)
        inside = self.classes >= 0
        levels[inside] = self.levels[self.classes[inside]]
        levels[~inside] = np.array(self.problem.coarsest, dtype=np.int8)
        return levels

    def loss(self) -> float:
        """Return the loss so far, a line without a class counting 1 in every cell."""
        levels = self.line_levels()
        inside = self.classes >= 0
        total = float(self.problem.rows[~inside].sum()) / self.problem.total
        for j, losses in enumerate(self.problem.column_losses):
            total += float(self.problem.rows[inside] @ losses[self.problem.values[inside, j], levels[inside, j]])
        return total

    def find_nearest(self, number: int, waits: NDArray[np.bool_], most: int) -> tuple[list[int], int]:
        """Return the classes that are cheapest to merge with, and the cheapest of those that wait for a class themselves.

        Parameters
        ----------
        number : int
            The class that is to be merged.
        waits : NDArray[np.bool_]
            (classes): who waits.
        most : int
            How many to return.
        """
        near, waiting = find_nearest(self._trees, Standing(self._positions, self.levels, self.rows, waits), number, most)
        return [int(c) for c in near], int(waiting)

    def union(self, one: int, other: int) -> NDArray[np.int8]:
        """Return the finest levels that hold two classes."""
        union: NDArray[np.int8] = np.maximum(self.levels[one], self.levels[other])
        for j, table in enumerate(self.problem.task.table.levels):
            mine, theirs = table.codes[self.problem.values[self.firsts[[one, other]], j]]
            union[j] = max(union[j], int((mine == theirs).argmax()))
        return union

    def merge(self, source: int, target: int, levels: NDArray[np.int8]) -> None:
        """Move all lines of one class into another and set its levels."""
        heads, tails, following = self._links
        self.classes[list_members(heads, following, source)] = target
        following[tails[target]] = heads[source]
        tails[target], heads[source] = tails[source], NONE
        self.rows[target] += self.rows[source]
        self.rows[source] = 0
        self.levels[target] = levels

    def add(self, lines: NDArray[np.int64]) -> list[int]:
        """Make a class of each line at the finest levels; return their numbers."""
        numbers = np.arange(len(lines)) + len(self.levels)
        self.classes[lines] = numbers
        finest = np.array(self.problem.finest, dtype=np.int8)
        self.levels = np.concatenate([self.levels, np.broadcast_to(finest, (len(lines), len(finest)))])
        self.firsts = np.concatenate([self.firsts, lines])
        self.rows = np.concatenate([self.rows, self.problem.rows[lines]])
        self._forget_links()
        return [int(number) for number in numbers]

    @cached_property
    def _trees(self) -> Trees:
        """The hierarchies side by side."""
        return plant_trees(self.problem)

    @cached_property
    def _positions(self) -> NDArray[np.int32]:
        """(classes, columns): positions of the first line of each class, side by side."""
        return np.ascontiguousarray(self.problem.positions[self.firsts])

    @cached_property
    def _links(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Lines of each class as linked lists: first, last, and who follows each line."""
        return link_members(self.classes, len(self.levels))

    def _forget_links(self) -> None:
        """Look up the lines of classes anew when they are asked for next."""
        self.__dict__.pop("_links", None)
        self.__dict__.pop("_positions", None)

    def is_satisfied(self, *numbers: int, levels: NDArray[np.int8] | None = None) -> bool:
        """Whether the union of some classes meets the requirement, at given levels or those of the first."""
        heads, _, following = self._links
        inside = np.concatenate([list_members(heads, following, number) for number in numbers])
        sums = self.gauge.sum_some(inside, np.zeros(len(inside), dtype=np.int32), 1)
        matched = self.gauge.match(sums, self.problem.positions[inside[:1]], self.levels[numbers[0]] if levels is None else levels)
        return bool(self.gauge.requirement.satisfied(matched)[0])

    def lower(self) -> None:
        """Lower each class to the finest levels at which its lines are still equal; same classes or unions of them, never more loss."""
        inside = np.flatnonzero(self.classes >= 0)
        own = self.classes[inside]
        for j, table in enumerate(self.problem.task.table.levels):
            for level in range(self.problem.coarsest[j] - 1, self.problem.finest[j] - 1, -1):
                groups = table.codes[self.problem.values[:, j], level]
                differs = np.zeros(len(self.levels), dtype=np.bool_)
                differs[own[groups[inside] != groups[self.firsts[own]]]] = True
                at = (self.levels[:, j] == level + 1) & ~differs
                self.levels[at, j] = level
                self._lift_unmatched(j, np.flatnonzero(at & (self.rows > 0)))

    def _lift_unmatched(self, column: int, lowered: NDArray[np.int64]) -> None:
        """Lift classes again that fewer people of the population match now than must."""
        if self.gauge.population is None or self.gauge.least_matches is None:
            return
        matches = self.gauge.population.count(self.problem.values[self.firsts[lowered]], self.levels[lowered])
        self.levels[lowered[matches.people < self.gauge.least_matches], column] += 1

    def lift(self, number: int) -> bool:
        """Lift a class to the coarsest levels, where more people of the population match it; return whether that is enough."""
        self.levels[number] = np.array(self.problem.coarsest, dtype=np.int8)
        return self.gauge.population is not None and self.is_satisfied(number)

    def unify(self) -> None:
        """Make one class of those with equal released values, as a reader of the release would see them."""
        present = np.flatnonzero(self.rows > 0)
        cells = np.empty((len(present), 2 * self.levels.shape[1]), dtype=np.int32)
        for j, table in enumerate(self.problem.task.table.levels):
            cells[:, 2 * j] = self.levels[present, j]
            cells[:, 2 * j + 1] = table.codes[self.problem.values[self.firsts[present], j], self.levels[present, j]]
        order = np.lexsort(cells.T[::-1])
        same = np.zeros(len(order), dtype=np.bool_)
        same[1:] = (cells[order[1:]] == cells[order[:-1]]).all(axis=1)
        leaders = np.maximum.accumulate(np.where(same, 0, np.arange(len(order))))
        sources, targets = present[order[same]], present[order[leaders[same]]]
        names = np.arange(len(self.levels))
        names[sources] = targets
        inside = self.classes >= 0
        self.classes[inside] = names[self.classes[inside]]
        np.add.at(self.rows, targets, self.rows[sources])
        self.rows[sources] = 0
        self._forget_links()

    def failing(self) -> NDArray[np.int64]:
        """Return the classes that do not meet the requirement, counted exactly."""
        sums = sum_classes(self.gauge.lines, self.classes.astype(np.int32), len(self.levels))
        matched = self.gauge.match(sums, self.problem.positions[self.firsts], self.levels)
        return np.flatnonzero((self.rows > 0) & ~self.gauge.requirement.satisfied(matched))
