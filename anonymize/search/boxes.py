"""The optimum of full-domain generalisation: best-first branch and bound over boxes of the lattice.

A *box* is all nodes between a finest and a coarsest corner. Its coarsest corner is measured; what is doomed there fails in the whole box,
so those rows cost 1 everywhere in it, and the others cost at least what they cost at the finest corner: a lower bound of the box (and
proof that the box is empty, when more rows are doomed than may be suppressed). The box with the lowest bound is cut in two along one
column; only one half needs a new measurement. When no box is left below the best node found, that node is proven optimal.

Decided here: order of boxes, where they are cut, ties, and when to stop. Not decided here: how a node is measured.
"""

import heapq
import time
from dataclasses import dataclass

import numpy as np

from anonymize.search.dives import Diver, descend, descend_sparingly, move_about
from anonymize.search.lines import Lines
from anonymize.search.nodes import Gauge, Node
from anonymize.search.problem import Levels, Problem

EPSILON = 1e-12
HEAP_LIMIT = 100_000
SMALL_LATTICE = 100_000


@dataclass(frozen=True, slots=True, eq=False)
class Box:
    """Nodes between two corners, the coarsest one measured, and the lower bound of their loss."""

    bound: float
    finest: Levels
    top: Node

    def __lt__(self, other: "Box") -> bool:
        """Order by bound, then by the finest corner, so that the search never depends on chance."""
        return (self.bound, self.finest) < (other.bound, other.finest)


@dataclass(frozen=True, slots=True, eq=False)
class Optimum:
    """The best node, and what is proven of it."""

    node: Node | None
    lower_bound: float
    optimal: bool


class BoxSearch:
    """One run of the search.

    Parameters
    ----------
    gauge : Gauge
        Measures nodes.
    deadline : float or None
        Clock time (`time.perf_counter`) at which to stop with the best so far.
    node_limit : int or None
        The same as a number of measured nodes.
    """

    def __init__(self, gauge: Gauge, *, deadline: float | None, node_limit: int | None) -> None:
        self.gauge = gauge
        self.problem: Problem = gauge.problem
        self.deadline, self.node_limit = deadline, node_limit
        self.best: Node | None = None
        self.heap: list[Box] = []
        self.stack: list[Box] = []

    def run(self) -> Optimum:
        """Return the optimum, or the best found within the budget."""
        top = self.measure(self.problem.coarsest, self.gauge.lines)
        if self.gauge.is_barren(top):
            return Optimum(None, 1.0, optimal=False)
        if self.deadline is not None or self.node_limit is not None or self.problem.lattice > SMALL_LATTICE:
            self.dive()
        self.push(self.problem.finest, top)
        while (box := self.pop()) is not None:
            if self.is_over():
                self.heap.append(box)
                bound = min((b.bound for b in (*self.heap, *self.stack)), default=1.0)
                loss = 1.0 if self.best is None else self.best.loss
                return Optimum(self.best, min(bound, loss), optimal=False)
            self.split(box)
        return Optimum(self.best, 1.0 if self.best is None else self.best.loss, optimal=True)

    def is_over(self) -> bool:
        """Whether the budget is used up."""
        timed = self.deadline is not None and time.perf_counter() >= self.deadline
        return timed or (self.node_limit is not None and self.gauge.evaluated >= self.node_limit)

    def measure(self, levels: Levels, lines: Lines) -> Node:
        """Return a node, and keep it when it is the best so far; among equals the one with the smaller levels, column by column."""
        node = self.gauge.measure(levels, lines)
        if self.gauge.is_feasible(node):
            best = self.best
            if best is None or node.loss < best.loss - EPSILON or (node.loss <= best.loss + EPSILON and node.levels < best.levels):
                self.best = node
        return node

    def dive(self) -> None:
        """Look for a first good answer: a descent by loss, and in large lattices a sparing one and moves between neighbours."""
        diver = Diver(self.gauge, self.measure, lambda: self.best, self.is_over)
        descend(diver)
        if self.problem.lattice > SMALL_LATTICE:
            descend_sparingly(diver)
            move_about(diver)

    def is_hopeless(self, bound: float, finest: Levels) -> bool:
        """Whether no node of a box can replace the best: its loss is larger, or equal with levels that come later."""
        best = self.best
        return best is not None and (bound > best.loss + EPSILON or (bound > best.loss - EPSILON and finest >= best.levels))

    def push(self, finest: Levels, top: Node) -> None:
        """Keep a box that may hold something better."""
        if self.gauge.is_barren(top):
            return
        bound = self.gauge.bound(finest, top)
        if finest != top.levels and not self.is_hopeless(bound, finest):
            if len(self.heap) < HEAP_LIMIT:
                heapq.heappush(self.heap, Box(bound, finest, top))
            else:
                self.stack.append(Box(bound, finest, top))

    def pop(self) -> Box | None:
        """Return the next box worth splitting: what did not fit the heap first (depth first, so memory stays bounded)."""
        while self.stack or self.heap:
            box = self.stack.pop() if self.stack else heapq.heappop(self.heap)
            if not self.is_hopeless(box.bound, box.finest):
                return box
        return None

    def split(self, box: Box) -> None:
        """Cut a box in two along one column and keep both halves."""
        column, level = self.cut(box)
        coarse = (*box.finest[:column], level + 1, *box.finest[column + 1 :])
        self.push(coarse, box.top)
        corner = (*box.top.levels[:column], level, *box.top.levels[column + 1 :])
        lines = self.gauge.base(box.finest, self.gauge.lines)
        self.push(box.finest, self.measure(corner, lines))

    def cut(self, box: Box) -> tuple[int, int]:
        """Return the column whose levels differ most in loss within the box, and the level after which to cut it."""
        chosen, widest = (0, 0), -1.0
        for j, (low, high) in enumerate(zip(box.finest, box.top.levels, strict=True)):
            if low == high:
                continue
            start = int(self.problem.level_starts[j])
            span = self.gauge.whole_losses[start + low : start + high + 1] - box.top.doomed_losses[start + low : start + high + 1]
            width = float(span[-1] - span[0])
            if width > widest:
                half = int(np.searchsorted(span - span[0], width / 2, side="left"))
                chosen, widest = (j, min(low + max(half - 1, 0), high - 1)), width
        return chosen
