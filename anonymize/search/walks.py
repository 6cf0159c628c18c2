"""Which nodes the local search looks at: all of a small lattice, or a guided choice of a large one.

The guide takes lines that are spread evenly over those still without a class, and asks of each: which class of k persons around it loses
least? It starts at the coarsest cell and narrows one column at a time, the one that saves most loss for the persons it gives up, until no
column can be narrowed. The nodes of these classes are the ones to look at.

Decided here: the choice of nodes. Not decided here: which classes leave there.
"""

import itertools
import os
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from anonymize.compiled import compiled
from anonymize.search.problem import Problem

ENUMERABLE_NODES = 2**17
# Nodes times lines. Lines leave early, most of them at the first nodes: on six columns a walk looked at one in twenty of these; at worst it
# looks at all of them.
ENUMERABLE_WORK = 6 * 10**10
GUIDE_WORK = 10**8
MOST_THREADS = 8
FEWEST_GUIDES, MOST_GUIDES = 48, 256


def is_enumerable(problem: Problem) -> bool:
    """Whether all nodes can be looked at."""
    return problem.lattice <= ENUMERABLE_NODES and problem.lattice * len(problem.rows) <= ENUMERABLE_WORK


def list_nodes(problem: Problem) -> NDArray[np.int64]:
    """Return all nodes, (nodes, columns), in lexicographic order."""
    spans = [np.arange(low, high + 1) for low, high in zip(problem.finest, problem.coarsest, strict=True)]
    nodes: NDArray[np.int64] = np.stack([axis.ravel() for axis in np.meshgrid(*spans, indexing="ij")], axis=1).astype(np.int64)
    return nodes


class Trees(NamedTuple):
    """Hierarchies side by side: (values of all columns, levels) groups and weighted losses, and where lines stand in them."""

    groups: NDArray[np.int32]
    losses: NDArray[np.float64]
    positions: NDArray[np.int32]
    starts: NDArray[np.int64]
    finest: NDArray[np.int64]
    coarsest: NDArray[np.int64]


def plant_trees(problem: Problem) -> Trees:
    """Return the hierarchies of a problem side by side."""
    tables = problem.task.table.levels
    deepest = max(table.codes.shape[1] for table in tables)
    groups = np.zeros((int(problem.value_starts[-1]), deepest), dtype=np.int32)
    losses = np.zeros(groups.shape)
    for j, table in enumerate(tables):
        span = slice(int(problem.value_starts[j]), int(problem.value_starts[j + 1]))
        groups[span, : table.codes.shape[1]] = table.codes
        losses[span, : table.codes.shape[1]] = table.loss_of() * problem.weights[j]
    ends = np.array(problem.finest, dtype=np.int64), np.array(problem.coarsest, dtype=np.int64)
    return Trees(groups, losses, problem.positions, problem.value_starts.astype(np.int64), *ends)


def count_guides(problem: Problem, alive: int) -> int:
    """Return how many lines to ask."""
    affordable = GUIDE_WORK // max(alive * problem.values.shape[1], 1)
    return int(min(max(affordable, FEWEST_GUIDES), MOST_GUIDES, alive))


def guide_nodes(problem: Problem, trees: Trees, alive: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the nodes of the classes that lose least around lines spread over `alive`, and the loss of each."""
    count = count_guides(problem, len(alive))
    guides = alive[(np.arange(count) * len(alive)) // count]
    nodes = np.empty((count, problem.values.shape[1]), dtype=np.int64)
    losses = np.empty(count)
    workers = min(os.cpu_count() or 1, MOST_THREADS)
    ends = [count * part // workers for part in range(workers + 1)]
    with ThreadPoolExecutor(max_workers=workers) as threads:
        answers = [(guides[a:b], nodes[a:b], losses[a:b]) for a, b in itertools.pairwise(ends)]
        list(threads.map(lambda answer: narrow(trees, problem.persons, problem.task.k, alive, answer), answers))
    return nodes, losses


@compiled
def _meet(trees: Trees, line: int, meets: NDArray[np.int64]) -> None:
    """Write, per value of each column, the finest level at which it is in one group with the line's value."""
    for j in range(trees.positions.shape[1]):
        mine = trees.positions[line, j]
        for v in range(trees.starts[j], trees.starts[j + 1]):
            level = trees.finest[j]
            while level < trees.coarsest[j] and trees.groups[v, level] != trees.groups[mine, level]:
                level += 1
            if trees.groups[v, level] != trees.groups[mine, level]:
                level += 1
            meets[v] = level


@compiled
def _choose(trees: Trees, line: int, levels: NDArray[np.int64], kept: NDArray[np.int64], k: int) -> int:
    """Return the column to narrow: most loss saved per share of persons given up (in logarithms); -1 when none can be."""
    persons = kept[-1]
    chosen, best = -1, -1.0
    for j in range(len(levels)):
        if levels[j] > trees.finest[j] and kept[j] >= k:
            mine = trees.positions[line, j]
            saved = trees.losses[mine, levels[j]] - trees.losses[mine, levels[j] - 1]
            score = np.inf if kept[j] == persons else saved / np.log(persons / kept[j])
            if score > best:
                chosen, best = j, score
    return chosen


@compiled
def _count_kept(trees: Trees, around: tuple[NDArray[np.int64], NDArray[np.int64]], i: int, persons: int, kept: NDArray[np.int64]) -> None:
    """Add a line's persons to each column that could be narrowed without losing it, and to the total."""
    meets, levels = around
    columns = trees.positions.shape[1]
    kept[columns] += persons
    for j in range(columns):
        if meets[trees.positions[i, j]] < levels[j]:
            kept[j] += persons


@compiled
def narrow(
    trees: Trees,
    persons: NDArray[np.int64],
    k: int,
    alive: NDArray[np.int64],
    answers: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]],
) -> None:
    """Fill, for each guide, the levels of its class and its loss; `answers` are guides, levels (guides, columns), losses."""
    guides, nodes, losses = answers
    columns = trees.positions.shape[1]
    meets = np.empty(len(trees.groups), np.int64)
    members = np.empty(len(alive), np.int64)
    kept = np.empty(columns + 1, np.int64)
    for g in range(len(guides)):
        line, levels = guides[g], nodes[g]
        _meet(trees, line, meets)
        levels[:] = trees.coarsest
        kept[:] = 0
        count = 0
        for a in range(len(alive)):
            inside = True
            for j in range(columns):
                inside = inside and meets[trees.positions[alive[a], j]] <= levels[j]
            if inside:
                members[count] = alive[a]
                count += 1
                _count_kept(trees, (meets, levels), alive[a], persons[alive[a]], kept)
        column = _choose(trees, line, levels, kept, k)
        while column >= 0:
            # Lines that fall out are taken off the counts; only the narrowed column is counted anew.
            left, narrower = 0, np.int64(0)
            for m in range(count):
                i = members[m]
                meet = meets[trees.positions[i, column]]
                if meet < levels[column]:
                    members[left] = i
                    left += 1
                    if meet < levels[column] - 1:
                        narrower += persons[i]
                else:
                    _count_kept(trees, (meets, levels), i, -persons[i], kept)
            count = left
            levels[column] -= 1
            kept[column] = narrower
            column = _choose(trees, line, levels, kept, k)
        losses[g] = 0.0
        for j in range(columns):
            losses[g] += trees.losses[trees.positions[line, j], levels[j]]
