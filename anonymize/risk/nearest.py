"""The nearest coarser release that passes beside those that are out: looked for in the class table alone.

Decided here: what is tried (one level per column from the finest released ones upwards, and the recodings of the releases that are out) and
in which order (least loss first). Whether a variant passes is decided by the same function that decided on the release (`together`). What
models on sensitive values ask is measured when the file is processed again.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from anonymize.classes import ClassTable
from anonymize.ordering import number_values, pack_rows
from anonymize.recoding import released_cells
from anonymize.risk.releases import NOT_RELEASED, Extract, number_lines
from anonymize.risk.sealed import Sealed
from anonymize.rows.class_table import level_limits
from schemas.hierarchies import LevelTable, load_hierarchy
from schemas.messages import N_, Message, Name
from schemas.plan import Plan

LINES_TRIED, MOST_TRIED, FEWEST_TRIED, MOST_NODES = 20_000_000, 400, 20, 100_000

Passes = Callable[[Sealed], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A release that was checked to pass.

    Parameters
    ----------
    levels : tuple[tuple[Name, int, Name], ...]
        Per quasi-identifier, number and name of its level; empty where `like` names a release.
    like : Name or None
        A release that is out, whose levels and suppressed rows would be used again.
    loss, loss_now : float
        Mean loss of the quasi-identifiers (0–1), of the suggestion and of the release that does not pass.
    """

    loss: float
    loss_now: float
    levels: tuple[tuple[Name, int, Name], ...] = ()
    like: Name | None = None

    def to_json(self) -> dict[str, object]:
        """Return the suggestion for machines."""
        levels = {column: {"level": level, "name": name} for column, level, name in self.levels}
        return {"like": self.like, "levels": levels, "loss": round(self.loss, 6), "loss_now": round(self.loss_now, 6)}

    def tell(self) -> tuple[Message, ...]:
        """Return the suggestion for people: a line in all, and one per column."""
        losses = {"loss": round(self.loss, 3), "now": round(self.loss_now, 3)}
        if self.like is not None:
            told = N_("nearest release that passes: the levels and suppressed rows of {release} again (loss {loss} instead of {now})")
            return (Message(told, {**losses, "release": self.like}),)
        head = Message(N_("nearest release that passes: global, one level per column as follows (loss {loss} instead of {now})"), losses)
        line = N_("{column}: level {level} ({name})")
        return head, *(Message(line, {"column": column, "level": level, "name": name}) for column, level, name in self.levels)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Variant:
    """Another release of the candidate's lines: at one node, or with given classes."""

    loss: float
    node: tuple[int, ...] = ()
    like: Name | None = None
    classes: NDArray[np.int64] | None = None


def find_nearest(candidate: Sealed, others: Sequence[Sealed], plan: Plan, k: int, passes: Passes) -> Suggestion | None:
    """Return the variant of least loss that passes, of those that are tried; None without one.

    Parameters
    ----------
    candidate : Sealed
        What does not pass.
    others : sequence of Sealed
        Releases that are out; those of the same combinations are tried as they are.
    plan : Plan
        Its hierarchies, coarsest levels allowed, and share of rows that may be suppressed.
    k : int
        Fewest persons of a class.
    passes : Callable[[Sealed], bool]
        Whether a variant passes beside the others.
    """
    table = _make_table(candidate, plan)
    losses = [levels.loss_of() for levels in table.levels]
    now = _measure(candidate.levels, candidate.extract.classes, table, losses)
    variants = [*_list_nodes(candidate, table, plan, losses), *_list_others(candidate, others, table, losses)]
    for variant in _thin(sorted(variants, key=lambda variant: variant.loss), len(table.rows)):
        classes = variant.classes if variant.classes is not None else _classify(candidate.extract, table, variant.node, k)
        gone = table.rows[classes == NOT_RELEASED].sum() / max(table.total_rows, 1)
        tried = replace(candidate, extract=replace(candidate.extract, classes=classes), released=None)
        if gone <= plan.suppression_limit and (classes != NOT_RELEASED).any() and passes(tried):
            levels = np.broadcast_to(np.array(variant.node, dtype=np.int8), table.codes.shape) if variant.like is None else None
            loss = variant.loss if levels is None else _measure(levels, classes, table, losses)
            named = zip(table.columns, variant.node, table.levels, strict=True) if variant.like is None else ()
            told = tuple((Name(column), level, Name(found.level_names[level])) for column, level, found in named)
            return Suggestion(loss=loss, loss_now=now, levels=told, like=variant.like)
    return None


def _make_table(candidate: Sealed, plan: Plan) -> ClassTable:
    """Return the class table of a release, with the hierarchies of its plan."""
    keys, extract = candidate.extract.keys, candidate.extract
    codes = np.empty((keys.num_rows, len(candidate.columns)), dtype=np.int32)
    levels: list[LevelTable] = []
    for j, name in enumerate(candidate.columns):
        values, codes[:, j] = number_values(keys.column(name))
        hierarchy = load_hierarchy(plan.get_column(name).hierarchy or "", folder=plan.folder, as_of=candidate.facts["as_of"])
        levels.append(hierarchy.resolve(values, column=name))
    return ClassTable(
        columns=tuple(candidate.columns),
        levels=tuple(levels),
        codes=codes,
        rows=candidate.rows,
        persons=extract.persons,
        memberships=None,
        sensitive={},
        total_rows=int(candidate.rows.sum()),
        total_persons=int(extract.persons.sum()),
    )


def _measure(levels: NDArray[np.int8], classes: NDArray[np.int64], table: ClassTable, losses: Sequence[NDArray[np.float64]]) -> float:
    """Return the mean loss of what the lines are released as, 1 where suppressed."""
    if not losses:
        return 0.0
    cells = np.mean([loss[table.codes[:, j], levels[:, j]] for j, loss in enumerate(losses)], axis=0)
    return float(table.rows @ np.where(classes == NOT_RELEASED, 1.0, cells) / max(table.total_rows, 1))


def _list_nodes(candidate: Sealed, table: ClassTable, plan: Plan, losses: Sequence[NDArray[np.float64]]) -> Iterator[_Variant]:
    """Yield one level per column, from the finest that were released to the coarsest allowed."""
    shown = candidate.levels[candidate.extract.released]
    finest = shown.min(axis=0) if len(shown) else np.zeros(len(table.columns), dtype=np.int8)
    coarsest = level_limits(plan, table.levels)[1]
    means = [table.rows @ loss[table.codes[:, j]] / max(table.total_rows, 1) for j, loss in enumerate(losses)]
    ranges = [range(int(low), int(high) + 1) for low, high in zip(finest, coarsest, strict=True)]
    for node in itertools.islice(itertools.product(*ranges), MOST_NODES):
        yield _Variant(loss=float(np.mean([mean[level] for mean, level in zip(means, node, strict=True)])), node=node)


def _list_others(
    candidate: Sealed, others: Sequence[Sealed], table: ClassTable, losses: Sequence[NDArray[np.float64]]
) -> Iterator[_Variant]:
    """Yield the recodings of releases that have every combination of the candidate, by the same columns."""
    for other in others:
        if other.columns != candidate.columns:
            continue
        theirs, mine = number_lines([other.extract.keys, candidate.extract.keys])
        place = np.full(max(int(theirs.max(initial=-1)), int(mine.max(initial=-1))) + 1, NOT_RELEASED, dtype=np.int64)
        place[theirs] = np.arange(len(theirs))
        found = place[mine]
        if (found >= 0).all() and len(np.unique(theirs)) == len(theirs):
            classes, levels = other.extract.classes[found], other.levels[found]
            if levels.max(axis=0, initial=0).tolist() <= [len(part.level_names) - 1 for part in table.levels]:
                yield _Variant(loss=_measure(levels, classes, table, losses), like=other.name, classes=classes)


def _thin(variants: Sequence[_Variant], lines: int) -> list[_Variant]:
    """Return as many variants as may be tried: the first half of them, then evenly up to the last."""
    most = int(np.clip(LINES_TRIED // max(lines, 1), FEWEST_TRIED, MOST_TRIED))
    if len(variants) <= most:
        return list(variants)
    rest = np.unique(np.linspace(most // 2, len(variants) - 1, most - most // 2).astype(int))
    return [*variants[: most // 2], *(variants[place] for place in rest)]


def _classify(extract: Extract, table: ClassTable, node: tuple[int, ...], k: int) -> NDArray[np.int64]:
    """Return the classes of a node; those of fewer than k persons are suppressed."""
    joint = np.zeros(len(table.rows), dtype=np.int64)
    for word in pack_rows(released_cells(table, np.array(node, dtype=np.int8))):
        numbers, distinct = pd.factorize(word)
        joint = pd.factorize(joint * max(len(distinct), 1) + numbers)[0].astype(np.int64)
    sizes = extract.count_persons(np.arange(len(joint)), joint, int(joint.max(initial=-1)) + 1)
    kept = sizes >= k
    numbered = np.where(kept, np.cumsum(kept) - 1, NOT_RELEASED)
    return np.asarray(numbered[joint], dtype=np.int64)
