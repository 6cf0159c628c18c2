"""A task in the form the loops want: lines in canonical order, columns packed together, groups and losses in flat tables.

Decided here: the order of lines (by their codes, so that no answer depends on the order of the class table), how columns are packed, and
how a node becomes a mixed-radix key. Not decided here: which nodes are looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from anonymize.classes import SearchTask
from anonymize.compiled import compiled
from anonymize.ordering import sort_rows
from anonymize.search.kernels import Flat, Place

WORD_LIMIT = 2**62
PACK_LIMIT = 2**18
GOLDEN_NUMBER = 0x9E3779B97F4A7C15
Levels = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Pack:
    """Several columns as one: distinct packed values, and for each choice of levels their groups and weighted losses.

    Parameters
    ----------
    columns : tuple[int, ...]
        Positions of the columns.
    codes : NDArray[np.int32]
        (lines): packed value of each line.
    values : int
        Number of packed values.
    groups : NDArray[np.int32]
        (choices, values): group of each packed value.
    losses : NDArray[np.float64]
        (choices, values): its weighted loss, summed over the columns.
    sizes : tuple[int, ...]
        Per choice of levels, number of groups.
    """

    columns: tuple[int, ...]
    codes: NDArray[np.int32]
    values: int
    groups: NDArray[np.int32]
    losses: NDArray[np.float64]
    sizes: tuple[int, ...]


class Places(NamedTuple):
    """Where many nodes stand in the flat tables: one `Place` per line, and the number of keys, 0 where they are wide."""

    starts: NDArray[np.int64]
    factors: NDArray[np.int64]
    wide: NDArray[np.bool_]
    sizes: NDArray[np.int64]


class Problem:
    """What every search works on.

    Parameters
    ----------
    task : SearchTask
        The task; its lines are put into the order of their codes, `order` leads back.
    """

    def __init__(self, task: SearchTask) -> None:
        table = task.table
        self.task = task
        self.order: NDArray[np.int64] = sort_rows(table.codes)
        self.values: NDArray[np.int32] = np.ascontiguousarray(table.codes[self.order], dtype=np.int32)
        self.rows: NDArray[np.int64] = table.rows[self.order].astype(np.int64)
        self.persons: NDArray[np.int64] = table.persons[self.order].astype(np.int64)
        self.finest: Levels = tuple(int(level) for level in task.min_levels)
        self.coarsest: Levels = tuple(int(level) for level in task.max_levels)
        self.weights: NDArray[np.float64] = task.weights / task.weights.sum()
        self.total = max(int(self.rows.sum()), 1)
        self.packs = _pack_columns(self)
        self.codes: NDArray[np.int32] = np.ascontiguousarray(np.stack([pack.codes for pack in self.packs], axis=1))
        self.groups: NDArray[np.int32] = np.concatenate([pack.groups.ravel() for pack in self.packs])
        self.losses: NDArray[np.float64] = np.concatenate([pack.losses.ravel() for pack in self.packs])
        self._bases: list[int] = np.cumsum([0] + [pack.groups.size for pack in self.packs[:-1]]).tolist()
        # Odd multiples of the golden ratio's 61-bit number spread a key that is too wide for one word over all of it.
        self._hash_factors = np.array([(GOLDEN_NUMBER * (2 * p + 1) % 2**61) | 1 for p in range(len(self.packs))], dtype=np.int64)

    @cached_property
    def lattice(self) -> int:
        """Nodes between the finest and the coarsest levels."""
        size = 1
        for low, high in zip(self.finest, self.coarsest, strict=True):
            size *= high - low + 1
        return size

    def flat(self, codes: NDArray[np.int32]) -> Flat:
        """Return the flat tables for some lines."""
        return Flat(codes, self.groups, self.losses)

    @cached_property
    def column_losses(self) -> tuple[NDArray[np.float64], ...]:
        """Per column, (values, levels): weighted loss of one row, as a share of all rows."""
        tables = self.task.table.levels
        return tuple(t.loss_of() * (w / self.total) for t, w in zip(tables, self.weights, strict=True))

    @cached_property
    def value_starts(self) -> NDArray[np.int64]:
        """(columns + 1): where each column's values start in a histogram over all columns."""
        return np.cumsum([0] + [len(t.codes) for t in self.task.table.levels])

    @cached_property
    def positions(self) -> NDArray[np.int32]:
        """(lines, columns): position of each value in a histogram over all columns."""
        return np.ascontiguousarray(self.values + self.value_starts[:-1], dtype=np.int32)

    @cached_property
    def level_starts(self) -> NDArray[np.int64]:
        """(columns + 1): where each column's levels start in a vector over all columns and levels."""
        return np.cumsum([0] + [t.codes.shape[1] for t in self.task.table.levels])

    def losses_by_level(self, histogram: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return, for each column and level, the loss of the rows counted in a histogram, if they were released there."""
        parts = []
        for j, losses in enumerate(self.column_losses):
            parts.append(histogram[self.value_starts[j] : self.value_starts[j + 1]] @ losses)
        return np.concatenate(parts)

    def pack_shapes(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Return, per pack, where it starts in the flat tables, its packed values, its choices of levels."""
        shapes = [(base, pack.values, len(pack.sizes)) for base, pack in zip(self._bases, self.packs, strict=True)]
        starts, values, choices = np.array(shapes, dtype=np.int64).T
        return starts.copy(), values.copy(), choices.copy()

    def place(self, levels: Sequence[int]) -> Place:
        """Return where a node's groups stand and how they make a key."""
        starts, factors, size = [0] * len(self.packs), [0] * len(self.packs), 1
        for p, pack in reversed(list(enumerate(self.packs))):
            chosen = 0
            for j in pack.columns:
                chosen = chosen * (self.coarsest[j] - self.finest[j] + 1) + levels[j] - self.finest[j]
            starts[p], factors[p] = self._bases[p] + chosen * pack.values, size
            size *= pack.sizes[chosen]
        wide = size > WORD_LIMIT
        multiples = self._hash_factors if wide else np.array(factors, dtype=np.int64)
        return Place(np.array(starts, dtype=np.int64), multiples, wide, 0 if wide else size)

    def places(self, nodes: NDArray[np.int64]) -> Places:
        """Return the same for many nodes, (nodes, columns).

        The first pack weighs most, so that lines in canonical order have keys that lie close together.
        """
        starts = np.empty((len(nodes), len(self.packs)), dtype=np.int64)
        factors = np.empty_like(starts)
        size = np.ones(len(nodes))
        for p, pack in reversed(list(enumerate(self.packs))):
            chosen = np.zeros(len(nodes), dtype=np.int64)
            for j in pack.columns:
                chosen = chosen * (self.coarsest[j] - self.finest[j] + 1) + nodes[:, j] - self.finest[j]
            starts[:, p] = self._bases[p] + chosen * pack.values
            factors[:, p] = np.minimum(size, WORD_LIMIT)
            size = size * np.array(pack.sizes)[chosen]
        wide = size > WORD_LIMIT
        factors[wide] = self._hash_factors
        return Places(starts, factors, wide, np.where(wide, 0, size).astype(np.int64))


def number_keys(keys: NDArray[np.int64], limit: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return the distinct keys (0 … limit - 1) in order, and the place of each key among them."""
    if limit > 8 * len(keys) + 2**20:
        distinct, places = np.unique(keys, return_inverse=True)
        return distinct, places.reshape(-1).astype(np.int32)
    present = np.zeros(limit, dtype=np.bool_)
    present[keys] = True
    numbers = np.cumsum(present, dtype=np.int32) - 1
    return np.flatnonzero(present), numbers[keys]


def number_each(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return, for each line of keys from 0, the place of each key among the distinct keys of its line."""
    limit = int(keys.max(initial=0)) + 1
    if limit > 8 * keys.shape[1] + 2**16:
        return np.stack([number_keys(line, limit)[1] for line in keys]).astype(np.int64)
    return _number_lines(np.ascontiguousarray(keys), limit)


@compiled
def _number_lines(keys: NDArray[np.int64], limit: int) -> NDArray[np.int64]:
    """Return the same by a table of all keys."""
    places = np.empty_like(keys)
    numbers = np.empty(limit, np.int64)
    for line in range(keys.shape[0]):
        numbers[:] = 0
        for i in range(keys.shape[1]):
            numbers[keys[line, i]] = 1
        count = 0
        for key in range(limit):
            present = numbers[key]
            numbers[key] = count
            count += present
        for i in range(keys.shape[1]):
            places[line, i] = numbers[keys[line, i]]
    return places


def _pack_columns(problem: Problem) -> list[Pack]:
    """Return packs of neighbouring columns, each with a table of at most `PACK_LIMIT` cells (one column may need more)."""
    packs: list[Pack] = []
    pending: list[int] = []
    codes, values = np.zeros(len(problem.rows), dtype=np.int64), 1
    for j in range(problem.values.shape[1]):
        domain = len(problem.task.table.levels[j].codes)
        distinct, inverse = number_keys(codes * domain + problem.values[:, j], values * domain)
        choices = 1
        for i in [*pending, j]:
            choices *= problem.coarsest[i] - problem.finest[i] + 1
        if pending and choices * len(distinct) > PACK_LIMIT:
            packs.append(_make_pack(problem, tuple(pending), codes, values))
            pending = []
            distinct, inverse = number_keys(problem.values[:, j].astype(np.int64), domain)
        pending.append(j)
        codes, values = inverse.astype(np.int64), len(distinct)
    packs.append(_make_pack(problem, tuple(pending), codes, values))
    return packs


def _make_pack(problem: Problem, columns: tuple[int, ...], codes: NDArray[np.int64], values: int) -> Pack:
    """Return one pack: groups and losses of its distinct values at every choice of levels."""
    first = np.zeros(values, dtype=np.int64)
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    groups = np.zeros((1, values), dtype=np.int64)
    losses = np.zeros((1, values))
    for j in columns:
        table = problem.task.table.levels[j]
        span = slice(problem.finest[j], problem.coarsest[j] + 1)
        at = problem.values[first, j]
        finer = table.codes[at, span].T.astype(np.int64)
        groups = (groups[:, None, :] * (finer.max(initial=0) + 1) + finer[None]).reshape(-1, values)
        groups = number_each(groups)
        losses = (losses[:, None, :] + (table.loss_of()[at, span].T * problem.weights[j])[None]).reshape(-1, values)
    sizes = tuple(int(line.max(initial=0)) + 1 for line in groups)
    return Pack(columns, codes.astype(np.int32), values, groups.astype(np.int32), losses, sizes)
