"""Hierarchies that list their domain: ARX files, trees and code lists. Every listed leaf counts, seen or not."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from schemas.errors import PlanError
from schemas.hierarchies.assemble import Step, assemble, check_nesting, compact, present_only, valid_mask
from schemas.hierarchies.hierarchy import Hierarchy, decode, refuse_unknown
from schemas.hierarchies.level_table import Bounds, LevelTable
from schemas.messages import N_, Name


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A hierarchy written out: one entry per leaf.

    Parameters
    ----------
    leaves : Sequence[str]
        The leaves as texts, each once.
    groups : Sequence[Sequence[str]]
        Per level between "value" and "all": the group of each leaf, by label.
    steps : Mapping[str, str]
        Name → title of each of these levels.
    labels : Mapping[str, str]
        Leaf → label where it differs from the leaf.
    ordered : bool
        Whether the order of the leaves means something.
    """

    leaves: Sequence[str]
    groups: Sequence[Sequence[str]]
    steps: Mapping[str, str]
    labels: Mapping[str, str] = field(default_factory=dict)
    ordered: bool = False


class ListedHierarchy(Hierarchy):
    """A hierarchy with a listed domain.

    Leaves that are whole numbers in unbroken groups make an ordered hierarchy for integer columns: an ARX file of ages gets bounds.
    """

    def __init__(self, name: str, listing: Listing) -> None:
        super().__init__(name, listing.steps)
        self._leaves = pa.array(listing.leaves, pa.string())
        self._labels = listing.labels
        pairs = [_number_groups(level) for level in listing.groups]
        self._step_labels = [labels for labels, _ in pairs]
        self._step_groups = [groups for _, groups in pairs]
        self._check_listing()
        self._numbers = _to_integers(listing.leaves)
        self._listed_order = listing.ordered
        rank = np.arange(len(listing.leaves)) if self._numbers is None or listing.ordered else np.argsort(np.argsort(self._numbers))
        self._unbroken = all(_is_unbroken(groups, rank) for groups in self._step_groups)
        self.ordered = self._unbroken and (listing.ordered or self._numbers is not None)
        self._rank = rank

    @property
    def leaves(self) -> pa.Array:
        """The listed leaves, as texts."""
        return self._leaves

    def resolve(self, values: pa.Array, *, column: str | None = None) -> LevelTable:
        """Return the groups of distinct values at every level; all listed leaves count."""
        present = present_only(values)
        texts = present.cast(pa.string())
        found = pc.index_in(texts, value_set=self._leaves)
        refuse_unknown(found.null_count, hierarchy=self.name, column=column)
        places = found.to_numpy(zero_copy_only=False).astype(np.int64)
        bound_values = self._bound_values(present.type)
        steps = [self._to_step(level, places, bound_values) for level in range(len(self._step_groups))]
        own = None if bound_values is None else _spread(bound_values.take(pa.array(places)), values)
        return assemble(
            self,
            values,
            steps,
            value_labels=[self._labels.get(text, text) for text in texts.to_pylist()],
            leaves=len(self._leaves),
            value_bounds=None if own is None else Bounds(lower=own, upper=own),
        )

    def rank_bounds(self, bounds: pa.Array) -> NDArray[np.float64]:
        """Return the place of each bound among the listed leaves."""
        found = pc.index_in(decode(bounds).cast(pa.string()), value_set=self._leaves)
        places = found.fill_null(0).to_numpy(zero_copy_only=False)
        return np.where(np.asarray(found.is_valid()), self._rank[places], np.nan).astype(np.float64)

    def count_span(self, values: pa.Array, lower: NDArray[np.float64], upper: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the listed leaves between two ranks, seen or not."""
        last = len(self._leaves) - 1
        return np.asarray(np.minimum(upper, last) - np.maximum(lower, 0) + 1, dtype=np.int64)

    def label_span(self, lower: Any, upper: Any) -> str:
        """Return 要介護1〜要介護3; 17〜24 for numbers."""
        return "〜".join(self._labels.get(str(bound), str(bound)) for bound in (lower, upper))

    def _bound_values(self, kind: pa.DataType) -> pa.Array | None:
        """Return what bounds are made of, per leaf; None when there is no order for a column of this type."""
        if not self.ordered:
            return None
        if self._listed_order:
            return self._leaves if pa.types.is_string(kind) or pa.types.is_large_string(kind) else None
        return pa.array(self._numbers) if pa.types.is_integer(kind) else None

    def _to_step(self, level: int, places: NDArray[np.int64], bound_values: pa.Array | None) -> Step:
        groups = self._step_groups[level]
        distinct, positions = compact(groups[places])
        leaves = np.bincount(groups, minlength=len(self._step_labels[level]))[distinct]
        bounds = None
        if bound_values is not None:
            first, last = _ends(groups, self._rank, len(self._step_labels[level]))
            bounds = Bounds(lower=bound_values.take(pa.array(first[distinct])), upper=bound_values.take(pa.array(last[distinct])))
        return Step(groups=positions, labels=[self._step_labels[level][group] for group in distinct], leaves=leaves, bounds=bounds)

    def _check_listing(self) -> None:
        repeated = len(self._leaves) - len(self._leaves.unique())
        if repeated:
            raise PlanError(
                N_("the hierarchy {hierarchy} lists {count} leaves twice"),
                N_("list every leaf once"),
                hierarchy=Name(self.name),
                count=repeated,
            )
        for level, (finer, coarser) in enumerate(itertools.pairwise(self._step_groups), start=2):
            check_nesting(self, level, finer, coarser)


def _number_groups(level: Sequence[str]) -> tuple[list[str], NDArray[np.int64]]:
    """Return the labels of a level in the order they first appear, and the number of each leaf's label."""
    numbers: dict[str, int] = {}
    groups = np.asarray([numbers.setdefault(label, len(numbers)) for label in level], dtype=np.int64)
    return list(numbers), groups


def _to_integers(leaves: Sequence[str]) -> NDArray[np.int64] | None:
    if not all(leaf.lstrip("-").isdecimal() and str(int(leaf)) == leaf for leaf in leaves):
        return None
    return np.asarray([int(leaf) for leaf in leaves], dtype=np.int64)


def _is_unbroken(groups: NDArray[np.int64], rank: NDArray[np.int64]) -> bool:
    """Return whether every group is one run in the order of the leaves."""
    in_order = groups[np.argsort(rank)]
    runs = 1 + int((in_order[1:] != in_order[:-1]).sum()) if len(in_order) else 0
    return runs == len(np.unique(groups))


def _ends(groups: NDArray[np.int64], rank: NDArray[np.int64], count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first and last leaf of each group in the order of the leaves."""
    order = np.argsort(rank)
    last = np.zeros(count, dtype=np.int64)
    last[groups[order]] = order
    first = np.zeros(count, dtype=np.int64)
    first[groups[order[::-1]]] = order[::-1]
    return first, last


def _spread(present: pa.Array, values: pa.Array) -> pa.Array:
    """Return one entry per value, null where the value is null."""
    valid = valid_mask(values)
    return present.take(pa.array(np.cumsum(valid) - 1, mask=~valid))
