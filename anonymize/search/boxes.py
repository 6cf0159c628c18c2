"""The optimum of full-domain generalisation: best-first branch and bound over boxes of the lattice.

A *box* is all nodes between a finest and a coarsest corner. Its coarsest corner is measured; what is doomed there fails in the whole box,
so those rows cost 1 everywhere in it, and the others cost at least what they cost at the finest corner: a lower bound of the box (and
proof that the box is empty, when more rows are doomed than may be suppressed). The box with the lowest bound is cut in two along one
column; only one half needs a new measurement. When no box is left below the best node found, that node is proven optimal.

Decided here: order of boxes, where they are cut, ties, and when to stop. Not decided here: how a node is measured.
"""

import heapq
import itertools
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from anonymize.search.dives import Diver, descend, descend_sparingly, move_about
from anonymize.search.lines import Lines
from anonymize.search.nodes import Gauge, Node
from anonymize.search.problem import Levels, Problem
from anonymize.search.survivors import Survivors

EPSILON = 1e-12
HEAP_LIMIT = 100_000
SMALL_LATTICE = 100_000
# Boxes that are cut at the same time, whatever the number of threads: the search must not depend on the machine. Nearly all boxes below the
# optimum are cut in the end, so few of them are cut in vain.
TOGETHER = 8
MOST_THREADS = 8


@dataclass(frozen=True, slots=True, eq=False)
class Box:
    """Nodes between two corners, the coarsest one measured, and the lower bound of their loss.

    With the finest corner of the box that it was cut from, and a node coarser than all of it whose doomed lines need not be counted.
    """

    bound: float
    finest: Levels
    top: Node
    wider: Levels
    left_out: Node | None

    def __lt__(self, other: "Box") -> bool:
        """Order by bound, then by the finest corner, so that the search never depends on chance."""
        return (self.bound, self.finest) < (other.bound, other.finest)


class Halves(NamedTuple):
    """A box that was cut: the finest corner of its coarse half, and the coarsest of its fine half, measured; what each leaves out."""

    box: Box
    coarse: Levels
    corner: Node
    left_out: tuple[Node | None, Node | None]


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
        self.survivors = Survivors(gauge)
        # People of a population table are looked up in one place, by one thread.
        self.threads = 1 if gauge.population else min(os.cpu_count() or 1, MOST_THREADS)
        self.heap: list[Box] = []
        self.stack: list[Box] = []

    def run(self) -> Optimum:
        """Return the optimum, or the best found within the budget."""
        top = self.measure(self.problem.coarsest, self.gauge.lines)
        if self.gauge.is_barren(top):
            return Optimum(None, 1.0, optimal=False)
        if self.deadline is not None or self.node_limit is not None or self.problem.lattice > SMALL_LATTICE:
            self.dive()
        self.push(self.problem.finest, top, self.problem.finest, None)
        with ThreadPoolExecutor(max_workers=self.threads) as threads:
            while boxes := self.pop():
                if self.is_over():
                    bound = min(box.bound for box in (*boxes, *self.heap, *self.stack))
                    loss = 1.0 if self.best is None else self.best.loss
                    return Optimum(self.best, min(bound, loss), optimal=False)
                ends = [len(boxes) * part // self.threads for part in range(self.threads + 1)]
                for cut in threads.map(self.split, [boxes[a:b] for a, b in itertools.pairwise(ends)]):
                    self.keep(cut)
        return Optimum(self.best, 1.0 if self.best is None else self.best.loss, optimal=True)

    def is_over(self) -> bool:
        """Whether the budget is used up."""
        timed = self.deadline is not None and time.perf_counter() >= self.deadline
        return timed or (self.node_limit is not None and self.gauge.evaluated >= self.node_limit)

    def measure(self, levels: Levels, lines: Lines) -> Node:
        """Return a node counted from lines, and keep it when it is the best so far."""
        node = self.gauge.measure(levels, lines)
        self.consider(node)
        return node

    def consider(self, node: Node) -> None:
        """Keep a node when it is the best so far; among equals the one with the smaller levels, column by column."""
        if self.gauge.is_feasible(node):
            best = self.best
            if best is None or node.loss < best.loss - EPSILON or (node.loss <= best.loss + EPSILON and node.levels < best.levels):
                self.best = node

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

    def push(self, finest: Levels, top: Node, wider: Levels, left_out: Node | None) -> None:
        """Keep a box that may hold something better."""
        bound = self.gauge.bound(finest, top)
        if self.gauge.is_barren(top) or finest == top.levels or self.is_hopeless(bound, finest):
            return
        box = Box(bound, finest, top, wider, left_out)
        if len(self.heap) < HEAP_LIMIT:
            heapq.heappush(self.heap, box)
        else:
            self.stack.append(box)

    def pop(self) -> list[Box]:
        """Return the next boxes worth splitting: what did not fit the heap first (depth first, so memory stays bounded)."""
        boxes: list[Box] = []
        while len(boxes) < TOGETHER and (self.stack or self.heap):
            box = self.stack.pop() if self.stack else heapq.heappop(self.heap)
            if not self.is_hopeless(box.bound, box.finest):
                boxes.append(box)
        return boxes

    def split(self, boxes: list[Box]) -> list[Halves]:
        """Cut some boxes in two, each along one column; several threads do so at the same time."""
        return [self.halve(box) for box in boxes]

    def halve(self, box: Box) -> Halves:
        """Cut a box in two along one column."""
        column, level = self.cut(box)
        kept = self.survivors.find(box.finest, box.wider, box.left_out)
        corner = (*box.top.levels[:column], level, *box.top.levels[column + 1 :])
        count = self.gauge.count(corner, kept.lines, kept.left_out)
        left_out = kept.left_out
        if not self.is_hopeless(self.gauge.bound(box.finest, count.node), box.finest):
            left_out = self.survivors.narrow(box.finest, kept, count)
        return Halves(box, (*box.finest[:column], level + 1, *box.finest[column + 1 :]), count.node, (kept.left_out, left_out))

    def keep(self, cut: list[Halves]) -> None:
        """Keep both halves of some boxes, and the nodes that were measured."""
        for box, coarse, corner, left_out in cut:
            self.gauge.evaluated += 1
            self.consider(corner)
            self.push(coarse, box.top, box.finest, left_out[0])
            self.push(box.finest, corner, box.finest, left_out[1])

    def cut(self, box: Box) -> tuple[int, int]:
        """Return the column and level within the box after which loss grows most in one step."""
        chosen, widest = (0, 0), -1.0
        for j, (low, high) in enumerate(zip(box.finest, box.top.levels, strict=True)):
            if low == high:
                continue
            start = int(self.problem.level_starts[j])
            span = self.gauge.whole_losses[start + low : start + high + 1] - box.top.doomed_losses[start + low : start + high + 1]
            steps = np.diff(span)
            step = int(np.argmax(steps))
            if steps[step] > widest:
                chosen, widest = (j, low + step), float(steps[step])
        return chosen
