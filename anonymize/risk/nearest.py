"""The nearest coarser release that passes beside those that are out: looked for in the class table alone.

Decided here: what is tried (one level per column from the finest released ones upwards, and the releases of the same rows that are out) and
in which order (least loss first). What a variant releases is found by the search itself, with all that the plan asks; whether it passes is
decided by the same function that decided on the release (`together`).
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from anonymize.classes import ClassTable, SearchTask
from anonymize.ordering import number_values, pack_rows
from anonymize.populations import make_population
from anonymize.recoding import released_cells
from anonymize.risk.releases import NOT_RELEASED
from anonymize.risk.sealed import Sealed
from anonymize.rows.class_table import Classes, level_limits
from anonymize.solve import is_close, make_task, solve
from schemas.errors import TargetNotReached
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
        A release of the same rows that is out, whose plan would be used again.
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
            told = N_("what passes: the plan of {release} again (loss {loss} instead of {now})")
            return (Message(told, {**losses, "release": self.like}),)
        head = Message(N_("nearest release that passes: the global method at these levels (loss {loss} instead of {now})"), losses)
        line = N_("{column}: level {level} ({name})")
        return head, *(Message(line, {"column": column, "level": level, "name": name}) for column, level, name in self.levels)


def find_nearest(candidate: Sealed, others: Sequence[Sealed], plan: Plan, k: int, passes: Passes) -> tuple[Suggestion, ...]:
    """Return the node of least loss that passes, of those that are tried, and releases of the same rows that pass as they are; by loss.

    Parameters
    ----------
    candidate : Sealed
        What does not pass.
    others : sequence of Sealed
        Releases that are out.
    plan : Plan
        Its hierarchies, coarsest levels allowed, and share of rows that may be suppressed.
    k : int
        Fewest persons of a class.
    passes : Callable[[Sealed], bool]
        Whether a variant passes beside the others.
    """
    table, now = _make_table(candidate, plan), float(candidate.facts["loss"])
    found = []
    task = make_task(Classes(table=table, keys=candidate.extract.keys, population=make_population(plan, table)), plan, "global")
    task = replace(task, k=max(plan.privacy.k, k), linked=plan.linked if candidate.extract.members is not None else None)
    for node in _thin(_list_nodes(candidate, table, plan), _count_compared(candidate, others)):
        classes = _classify(task, node)
        if classes is None:
            continue
        tried = replace(candidate, extract=replace(candidate.extract, classes=classes), released=None)
        if (classes != NOT_RELEASED).any() and passes(tried):
            named = zip(table.columns, node, table.levels, strict=True)
            told = tuple((Name(column), level, Name(levels.level_names[level])) for column, level, levels in named)
            found.append(Suggestion(loss=_measure(node, classes, table), loss_now=now, levels=told))
            break
    same = [other for other in others if other.has_rows_of(candidate) and passes(replace(other, released=None))]
    found += [Suggestion(loss=float(other.facts["loss"]), loss_now=now, like=other.name) for other in same]
    return tuple(sorted(found, key=lambda suggestion: suggestion.loss))


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
        memberships=None if extract.members is None else extract.members.to_memberships(),
        sensitive={name: candidate.counts[name] for name in plan.privacy.asked},
        total_rows=int(candidate.rows.sum()),
        total_persons=int((extract.members or extract).persons.sum()),
    )


def _measure(node: tuple[int, ...], classes: NDArray[np.int64], table: ClassTable) -> float:
    """Return the mean loss of what the lines are released as at a node, 1 where suppressed."""
    losses = [levels.loss_of()[table.codes[:, j], level] for j, (levels, level) in enumerate(zip(table.levels, node, strict=True))]
    return float(table.rows @ np.where(classes == NOT_RELEASED, 1.0, np.mean(losses, axis=0)) / max(table.total_rows, 1))


def _list_nodes(candidate: Sealed, table: ClassTable, plan: Plan) -> list[tuple[int, ...]]:
    """Return one level per column, from the finest that were released to the coarsest allowed, the least loss first."""
    shown = candidate.levels[candidate.extract.released]
    if not table.columns or not len(shown):
        return []
    ranges = [
        range(low, high + 1) for low, high in zip(shown.min(axis=0).tolist(), level_limits(plan, table.levels)[1].tolist(), strict=True)
    ]
    means = [table.rows @ levels.loss_of()[table.codes[:, j]] for j, levels in enumerate(table.levels)]
    nodes = itertools.islice(itertools.product(*ranges), MOST_NODES)
    return sorted(nodes, key=lambda node: sum(mean[level] for mean, level in zip(means, node, strict=True)))


def _count_compared(candidate: Sealed, others: Sequence[Sealed]) -> int:
    """Return how many lines one try compares: those of the class tables or, where it counts from the inputs, as many as they have rows."""
    alike = all(set(other.columns) == set(candidate.columns) and other.extract.linked == candidate.extract.linked for other in others)
    return sum(len(one.rows) if alike else int(one.rows.sum()) for one in (candidate, *others))


def _thin(nodes: list[tuple[int, ...]], lines: int) -> list[tuple[int, ...]]:
    """Return as many nodes as may be tried: the first half of them, then evenly up to the last."""
    most = int(np.clip(LINES_TRIED // max(lines, 1), FEWEST_TRIED, MOST_TRIED))
    if len(nodes) <= most:
        return nodes
    rest = np.unique(np.linspace(most // 2, len(nodes) - 1, most - most // 2).astype(int))
    return [*nodes[: most // 2], *(nodes[place] for place in rest)]


def _classify(task: SearchTask, node: tuple[int, ...]) -> NDArray[np.int64] | None:
    """Return the classes that the global method gives at these levels, by the search itself; None where the plan is not met."""
    levels = np.array(node, dtype=np.int8)
    try:
        recoding = solve(replace(task, min_levels=levels, max_levels=levels))
    except TargetNotReached:
        return None
    joint = np.zeros(len(task.table.rows), dtype=np.int64)
    for word in pack_rows(released_cells(task.table, levels)):
        numbers, distinct = pd.factorize(word)
        joint = pd.factorize(joint * max(len(distinct), 1) + numbers)[0].astype(np.int64)
    classes = np.full(len(joint), NOT_RELEASED, dtype=np.int64)
    kept = ~recoding.suppressed
    classes[kept] = pd.factorize(joint[kept])[0]
    return classes if is_close(task.table, classes, task.closeness, task.linked) else None
