"""An earlier recoding applied to the next file of the same layout.

Decided here: a combination that was known keeps its released levels; a new one gets those of the known class that covers it and loses
least, if there is one. A combination keeps its levels, not its labels: where ages are counted on a later day, its band moves with it. What
no longer holds is mended by the search (`anonymize.search.mending`). Not decided here: whether the result may be released (verifier).
"""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from anonymize.classes import SearchTask
from anonymize.method_file import Earlier
from anonymize.ordering import number_values
from anonymize.recoding import Recoding
from anonymize.rows.class_table import Classes
from schemas.errors import PlanError
from schemas.hierarchies import LevelTable, load_hierarchy
from schemas.messages import N_, Name
from schemas.plan import Plan

GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Matched:
    """What an earlier recoding says of the lines of a class table.

    Parameters
    ----------
    earlier : Earlier
        The recoding.
    levels : NDArray[np.int8]
        (lines, columns): levels, meaningless where neither known nor covered.
    known : NDArray[np.bool_]
        (lines): the combination was in the earlier file.
    assigned : NDArray[np.bool_]
        (lines): it has levels, its own or those of a class that covers it.
    """

    earlier: Earlier
    levels: NDArray[np.int8]
    known: NDArray[np.bool_]
    assigned: NDArray[np.bool_]

    @property
    def facts(self) -> dict[str, object]:
        """The combinations, for the report."""
        return {
            "combinations_known": int(self.known.sum()),
            "combinations_new": int((~self.known).sum()),
            "combinations_covered": int((self.assigned & ~self.known).sum()),
        }


def match_lines(classes: Classes, plan: Plan, earlier: Earlier) -> Matched:
    """Return what an earlier recoding says of the lines of a class table.

    Parameters
    ----------
    classes : Classes
        The new file.
    plan : Plan
        The plan of both files.
    earlier : Earlier
        The recoding of the earlier file.

    Raises
    ------
    PlanError
        A column has another type than it had, or rows are linked and not every column has one level.
    """
    if classes.owners is not None and earlier.method != "global":
        raise PlanError(
            N_("rows are linked by a fresh id; a recoding of linked rows can be applied again only when it was made by the global method"),
            N_("process without the earlier recoding, use method: global in both years, or reduce the rows to one per person"),
        )
    before, now, levels = _code_both(classes, plan, earlier)
    weights = np.array([column.weight for column in plan.recoded])
    known, place = _find_known(before, now)
    found = np.zeros(now.shape, dtype=np.int8)
    released = known & ~earlier.suppressed[place]
    found[released] = earlier.levels[place[released]]
    assigned = released.copy()
    rest = np.flatnonzero(~released)
    if len(rest) and not earlier.suppressed.all():
        shown = ~earlier.suppressed
        chosen, covered = _cover(_Sides(before[shown], earlier.levels[shown], now[rest]), levels, weights)
        found[rest[covered]], assigned[rest[covered]] = chosen[covered], True
    return Matched(earlier=earlier, levels=found, known=known, assigned=assigned)


@dataclass(frozen=True, slots=True)
class _Sides:
    """Codes and levels of released combinations of before, and codes of lines of now that need levels."""

    before: NDArray[np.int64]
    levels: NDArray[np.int8]
    now: NDArray[np.int64]


def _code_both(classes: Classes, plan: Plan, earlier: Earlier) -> tuple[NDArray[np.int64], NDArray[np.int64], list[LevelTable]]:
    """Return both files' combinations by positions in common level tables."""
    before = np.empty((len(earlier.suppressed), len(plan.recoded)), dtype=np.int64)
    now = np.empty((len(classes.table.rows), len(plan.recoded)), dtype=np.int64)
    levels = []
    for j, column in enumerate(plan.recoded):
        old, new = earlier.values.column(column.name), classes.keys.column(column.name)
        if old.type != new.type:
            raise PlanError(
                N_("the column {column} has another type than in the earlier file"),
                N_("apply an earlier recoding to files of the same layout only"),
                column=Name(column.name),
            )
        values, codes = number_values(pa.chunked_array([*old.chunks, *new.chunks], type=new.type))
        before[:, j], now[:, j] = codes[: len(old)], codes[len(old) :]
        hierarchy = load_hierarchy(column.hierarchy or "", folder=plan.folder, as_of=classes.as_of)
        levels.append(hierarchy.resolve(values, column=column.name))
    return before, now, levels


def _find_known(before: NDArray[np.int64], now: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Return which lines were in the earlier file, and where."""
    _, numbers = np.unique(np.concatenate([before, now]), axis=0, return_inverse=True)
    numbers = numbers.reshape(-1)
    place = np.full(int(numbers.max(initial=-1)) + 1, -1, dtype=np.int64)
    place[numbers[: len(before)][::-1]] = np.arange(len(before))[::-1]
    found = place[numbers[len(before) :]]
    return found >= 0, np.maximum(found, 0)


def _cover(sides: _Sides, levels: list[LevelTable], weights: NDArray[np.float64]) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    """Return the levels of the earlier class that covers each line and loses least, and whether there is one."""
    nodes, of_line = np.unique(sides.levels, axis=0, return_inverse=True)
    of_line = of_line.reshape(-1)
    order = np.argsort(of_line, kind="stable")
    ends = np.concatenate(([0], np.cumsum(np.bincount(of_line))))
    least = np.full(len(sides.now), np.inf)
    found = np.zeros((len(sides.now), nodes.shape[1]), dtype=np.int8)
    losses = [table.loss_of() * weight for table, weight in zip(levels, weights, strict=True)]
    for number, node in enumerate(nodes):
        mine = order[ends[number] : ends[number + 1]]
        inside = np.isin(_hash_groups(sides.now, levels, node), _hash_groups(sides.before[mine], levels, node))
        loss = np.sum([table[sides.now[:, j], node[j]] for j, table in enumerate(losses)], axis=0)
        better = inside & (loss < least - 1e-12)
        least[better], found[better] = loss[better], node
    return found, np.isfinite(least)


def _hash_groups(codes: NDArray[np.int64], levels: list[LevelTable], node: NDArray[np.int8]) -> NDArray[np.uint64]:
    """Return one word per line for its groups at a node. Should two differ and meet, a line gets levels that are checked all the same."""
    words = np.zeros(len(codes), dtype=np.uint64)
    for j, table in enumerate(levels):
        words = (words + table.codes[codes[:, j], node[j]].astype(np.uint64) + np.uint64(1)) * GOLDEN
        words ^= words >> np.uint64(29)
    return words


def reapply(task: SearchTask, matched: Matched) -> Recoding:
    """Return the recoding of a task that keeps what still holds of an earlier one; its record says what held.

    Raises
    ------
    TargetNotReached
        As the search itself.
    """
    from anonymize.search import find_recoding
    from anonymize.search.mending import Given, mend_recoding

    given = Given(levels=matched.levels, assigned=matched.assigned, base=matched.earlier.base)
    found = mend_recoding(task, given, find_recoding)
    return replace(found, search=replace(found.search, reapplied={**matched.facts, **(found.search.reapplied or {})}))
