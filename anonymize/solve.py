"""From a plan and a class table to the question the search answers, and the answer's loss beside that of the other method."""

import dataclasses
import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from anonymize.classes import ClassTable, Linked, Method, SearchTask
from anonymize.layout import ColumnValues, ReleasedClasses, list_values, number_released
from anonymize.loss import measure_columns
from anonymize.reapply import Matched, reapply
from anonymize.recoding import Recoding
from anonymize.report import Stopwatch
from anonymize.rows.class_table import Classes, level_limits
from anonymize.tightening import release_values
from schemas.errors import TargetNotReached
from schemas.messages import N_
from schemas.plan import Plan
from schemas.plan_models import Closeness


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solved:
    """A recoding and what it releases.

    Parameters
    ----------
    classes : Classes
        The class table.
    recoding : Recoding
        Levels and suppressed lines.
    values : tuple[ColumnValues, ...]
        Per quasi-identifier, what every line is released as.
    released : ReleasedClasses
        The released classes, in canonical order.
    """

    classes: Classes
    recoding: Recoding
    values: tuple[ColumnValues, ...]
    released: ReleasedClasses

    @property
    def losses(self) -> NDArray[np.float64]:
        """Loss of each quasi-identifier, as released."""
        return measure_columns(self.classes.table, self.recoding.suppressed, self.values)

    @property
    def loss(self) -> float:
        """Their mean."""
        return float(self.losses.mean()) if len(self.values) else 0.0

    @property
    def suppressed_rows(self) -> int:
        """Rows that are not released."""
        return int(self.classes.table.rows[self.recoding.suppressed].sum())


REVEALS = "ends of ranges and members of sets are values that somebody of the class has (downcoding, Cohen 2022)"
COMPARISON_SECONDS = 10.0
# The search measures t-closeness against the whole input, the verifier against the release: it lacks the suppressed rows, and a person
# with rows in several classes counts in each. Where that makes the difference, the search is asked for a smaller t.
SHARES_OF_T = (1.0, 0.9, 0.75, 0.5)


def make_task(classes: Classes, plan: Plan, method: Method, *, share_of_t: float = 1.0) -> SearchTask:
    """Return what the plan asks of the search, with every t of t-closeness times `share_of_t`."""
    finest, coarsest = level_limits(plan, classes.table.levels)
    return SearchTask(
        table=classes.table,
        k=plan.privacy.k,
        suppression_limit=plan.suppression_limit,
        weights=np.array([column.weight for column in plan.recoded], dtype=np.float64),
        diversity=plan.privacy.diversity,
        population=classes.population,
        closeness=tuple(dataclasses.replace(c, t=c.t * share_of_t) for c in plan.privacy.closeness),
        method=method,
        linked=find_linked(classes, plan),
        budget_seconds=plan.budget_seconds,
        min_levels=finest,
        max_levels=coarsest,
    )


def find_linked(classes: Classes, plan: Plan) -> Linked | None:
    """Return what k persons must share of their rows; None where the file links none, or the plan does not ask."""
    return None if classes.owners is None else plan.linked


def solve(task: SearchTask) -> Recoding:
    """Return the recoding of a task; imported late, because compiled kernels load with it."""
    from anonymize.search import find_recoding

    return find_recoding(task)


def is_close(table: ClassTable, of_line: NDArray[np.int64], wishes: tuple[Closeness, ...], linked: Linked | None = None) -> bool:
    """Return whether a release holds its t-closeness, measured as the verifier does: against what is released, not the whole input.

    Parameters
    ----------
    table : ClassTable
        Lines, with the sensitive columns that are asked for.
    of_line : NDArray[np.int64]
        Released class of each line, -1 where suppressed.
    wishes : tuple[Closeness, ...]
        What is asked.
    linked : {"classes", "rows"} or None
        Where rows are linked, it is asked among those who share a history.
    """
    from anonymize.models.closeness import CloseValues, whole_distribution
    from anonymize.models.requirement import ClassSums
    from anonymize.search.lines import sum_sensitive

    if wishes and linked is not None:
        from anonymize.search.histories import split_classes

        of_line = split_classes(table, of_line, linked)
    classes = int(of_line.max(initial=-1)) + 1
    for wish in wishes:
        counts = sum_sensitive(table.sensitive[wish.column], of_line.astype(np.int32), classes)
        sums = ClassSums(persons=np.empty(0, dtype=np.int64), sensitive={wish.column: counts})
        if not CloseValues(wish, whole_distribution(counts)).satisfied(sums).all():
            return False
    return True


def propose(classes: Classes, plan: Plan, method: Method, clock: Stopwatch, matched: Matched | None = None) -> Iterator[Recoding]:
    """Yield recodings to try, the best first: one, or with t-closeness those for t and for less, then the global ones, which lose more.

    Parameters
    ----------
    classes : Classes
        The class table.
    plan : Plan
        What is asked.
    method : {"global", "local", "cells"}
        How levels are chosen; it is also what a global recoding is called that answers for the local method.
    clock : Stopwatch
        Told the seconds of the search.
    matched : Matched or None
        An earlier recoding whose levels are kept where they hold.

    Raises
    ------
    TargetNotReached
        The plan's own t cannot be reached. (What a smaller t cannot reach, the next proposal may.)
    """
    shares = SHARES_OF_T if plan.privacy.closeness else SHARES_OF_T[:1]
    methods: list[Method] = [method, "global"] if method != "global" and plan.privacy.closeness else [method]
    for number, (how, share) in enumerate(itertools.product(methods, shares)):
        with clock.measure("search"):
            try:
                task = make_task(classes, plan, how, share_of_t=share)
                recoding = solve(task) if matched is None or how != method else reapply(task, matched)
            except TargetNotReached:
                if number == 0:
                    raise
                continue
        base = recoding.levels[0] if method == "cells" and recoding.base is None else recoding.base
        yield dataclasses.replace(recoding, method=method, base=base)


def find_solution(classes: Classes, plan: Plan, method: Method, clock: Stopwatch, matched: Matched | None = None) -> Solved:
    """Return the first recoding proposed whose release holds what the plan promises, t-closeness as the verifier measures it too.

    Parameters
    ----------
    classes, plan, method, clock, matched
        As `propose` takes them.

    Raises
    ------
    TargetNotReached
        There is none.
    """
    for recoding in propose(classes, plan, method, clock, matched):
        with clock.measure("apply"):
            values = release_values(classes, recoding, plan)
            released = number_released(classes.table.columns, values, recoding.suppressed)
            if is_close(classes.table, released.of_line, plan.privacy.closeness, find_linked(classes, plan)):
                return Solved(classes=classes, recoding=recoding, values=values, released=released)
    raise TargetNotReached(
        N_("no recoding was found whose release holds the t-closeness of the plan"),
        N_("raise t, allow coarser levels, or lower suppression_limit: suppressed rows move the whole that classes are compared with"),
    )


def describe_tightening(plan: Plan, solved: Solved) -> dict[str, object]:
    """Return what narrowing did, for the report; nothing when the plan does not ask for it."""
    if plan.tighten is None:
        return {}
    table, recoding = solved.classes.table, solved.recoding
    before = measure_columns(table, recoding.suppressed, list_values(table, recoding))
    columns = [name for name, was, now in zip(table.columns, before, solved.losses, strict=True) if now < was]
    return {"columns": columns, "loss_before": float(before.mean()), "reveals": REVEALS}


def compare_losses(classes: Classes, plan: Plan, written: float, method: Method, *, seek_other: bool) -> dict[str, float | None]:
    """Return the loss of each method; those that were not chosen get a short budget and may remain unknown (None).

    Parameters
    ----------
    classes, plan
        The class table, and what is asked.
    written : float
        Loss of what was written, by `method`.
    method : {"global", "local", "cells"}
        The method that was chosen; it is compared with global or, if it is that, with local.
    seek_other : bool
        Whether to look for the other loss at all.
    """
    losses: dict[str, float | None] = {"global": None, "local": None, method: written}
    other: Method = "local" if method == "global" else "global"
    if seek_other:
        budget = min(COMPARISON_SECONDS, plan.budget_seconds or COMPARISON_SECONDS)
        losses[other] = _find_loss(classes, plan, dataclasses.replace(make_task(classes, plan, other), budget_seconds=budget))
    return losses


def _find_loss(classes: Classes, plan: Plan, task: SearchTask) -> float | None:
    try:
        recoding = solve(task)
    except TargetNotReached:
        return None
    return float(measure_columns(task.table, recoding.suppressed, release_values(classes, recoding, plan)).mean())
