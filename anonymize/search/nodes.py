"""What one node of the lattice is worth: rows that fail there, its loss, and what that proves of all finer nodes.

Decided here: how a node is measured and what is kept of it. Not decided here: which node is next.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from anonymize.models.k import AtLeastPersons
from anonymize.models.population import PopulationIndex, PresenceWithin
from anonymize.models.requirement import ClassSums, Requirement
from anonymize.search.kernels import measure_failed
from anonymize.search.lines import Lines, all_lines, group_lines, make_requirement, roll_up, sum_classes
from anonymize.search.patterns import PatternIndex
from anonymize.search.problem import Levels, Problem

# Where persons stand in several classes, and fewer than this part of the lines is asked for, only these are looked at.
FEW_LINES = 4
# Lines with sensitive values are rolled up where at most this share of them is left: adding up their values costs more than it saves.
WORTH_MERGING = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A measured node.

    Parameters
    ----------
    levels : tuple[int, ...]
        Level of each column.
    failed_rows : int
        Rows in classes that fail here.
    doomed_rows : int
        Rows in classes that fail what grows (see `Requirement.floor`): they fail at every finer node too.
    doomed_losses : NDArray[np.float64]
        (columns × levels): loss the doomed rows would have if they were released, per column and level.
    loss : float
        Loss of the node with the rows suppressed that fail, 0–1.
    """

    levels: Levels
    failed_rows: int
    doomed_rows: int
    doomed_losses: NDArray[np.float64]
    loss: float


@dataclass(frozen=True, slots=True, eq=False)
class Count:
    """A measured node with what a box needs of it.

    Parameters
    ----------
    node : Node
        What the node is worth.
    alive : NDArray[np.bool_] or None
        Per line it was counted from, whether it is not doomed; None where doomed lines must be counted again at every finer node.
    """

    node: Node
    alive: NDArray[np.bool_] | None


class Gauge:
    """Measures nodes, and bounds what lies between two of them.

    Parameters
    ----------
    problem : Problem
        The task in flat form.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.requirement: Requirement = make_requirement(problem.task)
        self.floor = self.requirement.floor
        self.lines = all_lines(problem)
        self.population = None if problem.task.population is None else PopulationIndex(problem.task.population, problem.task.table.levels)
        self.is_additive = all(counts.memberships is None for counts in self.lines.sensitive.values())
        self.adds_up = self.is_additive and self.lines.memberships is None
        if isinstance(self.requirement, PresenceWithin) and self.requirement.low > 0 and not self.requirement.exact:
            self.is_additive = False
        self.least_persons = self.requirement.least_persons if self.adds_up else problem.task.k
        # k alone, and nobody in two combinations: persons may be added and taken off one by one.
        self.is_simple = isinstance(self.requirement, AtLeastPersons) and self.lines.memberships is None
        # Doomed lines need not be counted again where classes stand for themselves: nobody lies in two, no model looks at all of them.
        self.drops_doomed = self.adds_up and not isinstance(self.requirement, PresenceWithin)
        self.least_matches = None if problem.task.population is None else problem.task.population.k_map
        self.row_limit = int(np.floor(problem.task.suppression_limit * problem.rows.sum() + 1e-9))
        self.evaluated = 0
        histogram = np.bincount(
            problem.positions.ravel(), weights=np.repeat(problem.rows, problem.positions.shape[1]), minlength=int(problem.value_starts[-1])
        )
        self.whole_losses = problem.losses_by_level(histogram.astype(np.int64))
        self._starts = problem.level_starts[:-1]

    def roll_up(self, finer: Lines, levels: Levels) -> Lines:
        """Return lines from which every node coarser than this one can be counted: its classes, where that is worth it."""
        return roll_up(self.problem, finer, levels, most=WORTH_MERGING if finer.sensitive else 1.0)

    def find_failed(self, levels: Levels) -> NDArray[np.bool_]:
        """Return which lines are suppressed at a node."""
        ids, firsts = group_lines(self.problem, self.lines.firsts, levels)
        return ~self.requirement.satisfied(self.sum_up(self.lines, ids, firsts, levels))[ids]

    def measure(self, levels: Levels, lines: Lines) -> Node:
        """Return the node, counted from lines at the same or a finer node."""
        self.evaluated += 1
        return self.count(levels, lines, None).node

    def count(self, levels: Levels, lines: Lines, left_out: Node | None) -> Count:
        """Return the node, counted from lines at the same or a finer node; `evaluated` does not change, threads may count at once.

        Parameters
        ----------
        levels : Levels
            The node.
        lines : Lines
            All lines, or those that are not doomed at a coarser node. (Classes doomed there hold whole classes of this node: the others
            are the same without them.)
        left_out : Node or None
            That coarser node, where lines were left out.
        """
        ids, firsts = group_lines(self.problem, lines.firsts, levels)
        sums = self.sum_up(lines, ids, firsts, levels)
        satisfied = self.requirement.satisfied(sums)
        failed = self._add_failed(lines, ids, satisfied, left_out)
        loss = self._add_loss(levels, *failed)
        if self.requirement.grows:
            return Count(Node(levels, failed[0], *failed, loss), satisfied[ids] if self.drops_doomed else None)
        hopeful = self.floor.satisfied(sums)
        doomed = self._add_failed(lines, ids, hopeful, left_out)
        return Count(Node(levels, failed[0], *doomed, loss), hopeful[ids] if self.drops_doomed else None)

    def find_alive(self, levels: Levels) -> NDArray[np.bool_]:
        """Return which of all lines are not doomed at a node."""
        ids, firsts = group_lines(self.problem, self.lines.firsts, levels)
        return self.floor.satisfied(self.sum_up(self.lines, ids, firsts, levels))[ids]

    def settle_presence(self) -> None:
        """Ask for δ-presence no more: which lines are kept, and one level per column of the population table, have settled it."""
        if isinstance(self.requirement, PresenceWithin):
            self.requirement = self.requirement.inner
            self.is_simple = isinstance(self.requirement, AtLeastPersons) and self.lines.memberships is None

    def match(self, sums: ClassSums, positions: NDArray[np.int32], levels: Levels | NDArray[np.int8]) -> ClassSums:
        """Return the counts with the people of the population who match each class, where a model asks for them.

        Parameters
        ----------
        sums : ClassSums
            Counts per class.
        positions : NDArray[np.int32]
            (classes, columns): positions of one line of each class, as in `Problem`.
        levels
            (columns) or (classes, columns): released levels.
        """
        if self.population is None:
            return sums
        values = (positions - self.problem.value_starts[:-1]).astype(np.int32)
        return replace(sums, matches=self.population.count(values, np.asarray(levels)))

    def sum_up(self, lines: Lines, ids: NDArray[np.int32], firsts: NDArray[np.int32], levels: Levels) -> ClassSums:
        """Return all counts per class of some lines at a node, `firsts` being where the first line of each class stands among them."""
        sums = sum_classes(lines, ids, len(firsts))
        return sums if self.population is None else self.match(sums, self.problem.positions[lines.firsts[firsts]], levels)

    def _add_failed(
        self, lines: Lines, ids: NDArray[np.int32], satisfied: NDArray[np.bool_], left_out: Node | None
    ) -> tuple[int, NDArray[np.float64]]:
        """Return the rows of classes that fail, and their losses by column and level; with those that were left out."""
        histogram = np.zeros(int(self.problem.value_starts[-1]), np.int64)
        failed = measure_failed(ids, satisfied, lines.rows, (self.problem.positions, lines.firsts), histogram)
        losses = self.problem.losses_by_level(histogram)
        return (failed, losses) if left_out is None else (failed + left_out.doomed_rows, losses + left_out.doomed_losses)

    def _add_loss(self, levels: Levels, lost_rows: int, lost_losses: NDArray[np.float64]) -> float:
        """Return the loss when some rows cost 1 and the others what they cost at a node."""
        at = self._starts + np.array(levels)
        return lost_rows / self.problem.total + float((self.whole_losses[at] - lost_losses[at]).sum())

    def sum_some(self, chosen: NDArray[np.int64], ids: NDArray[np.int32], classes: int) -> ClassSums:
        """Return exact counts per class over some of the lines, `ids` being their classes."""
        if self.adds_up or FEW_LINES * len(chosen) <= len(self.lines.rows):
            return self._index.sum_some(chosen, ids, classes)
        everyone = np.full(len(self.lines.rows), -1, dtype=np.int32)
        everyone[chosen] = ids
        return sum_classes(self.lines, everyone, classes)

    @cached_property
    def _index(self) -> PatternIndex:
        """The lines, so that some of them are counted without the others."""
        return PatternIndex(self.lines)

    def bound(self, finest: Levels, coarsest: Node) -> float:
        """Return a loss that no node between the two stays below: rows doomed at the coarsest cost 1, others at least the finest."""
        return self._add_loss(finest, coarsest.doomed_rows, coarsest.doomed_losses)

    def is_feasible(self, node: Node) -> bool:
        """Whether the rows that fail may be suppressed."""
        return node.failed_rows <= self.row_limit

    def is_barren(self, coarsest: Node) -> bool:
        """Whether no finer node can be feasible: too many rows are doomed, or one fails and none may be suppressed.

        The second holds where models are monotone under merging, which they are while counts may be added: were all classes of a finer
        node satisfied, so were their unions. Persons who stand in several classes break that for the models that do not grow.
        """
        if coarsest.doomed_rows > self.row_limit:
            return True
        return self.row_limit == 0 and coarsest.failed_rows > 0 and (self.requirement.grows or self.is_additive)
