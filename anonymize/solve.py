"""From a plan and a class table to the question the search answers, and the answer's loss beside that of the other method."""

import dataclasses
import itertools
from collections.abc import Iterator

import numpy as np

from anonymize.classes import Method, SearchTask
from anonymize.loss import compute_loss
from anonymize.recoding import Recoding
from anonymize.report import Stopwatch
from anonymize.rows.class_table import Classes, level_limits
from schemas.errors import TargetNotReached
from schemas.plan import Plan

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
        linked=None if classes.owners is None else plan.linked,
        budget_seconds=plan.budget_seconds,
        min_levels=finest,
        max_levels=coarsest,
    )


def solve(task: SearchTask) -> Recoding:
    """Return the recoding of a task; imported late, because compiled kernels load with it."""
    from anonymize.search import find_recoding

    return find_recoding(task)


def propose(classes: Classes, plan: Plan, method: Method, clock: Stopwatch) -> Iterator[Recoding]:
    """Yield recodings to try, the best first: one, or with t-closeness those for t and for less, then the global ones, which lose more.

    Parameters
    ----------
    classes : Classes
        The class table.
    plan : Plan
        What is asked.
    method : {"global", "local"}
        How levels are chosen; it is also what a global recoding is called that answers for the local method.
    clock : Stopwatch
        Told the seconds of the search.

    Raises
    ------
    TargetNotReached
        The plan's own t cannot be reached. (What a smaller t cannot reach, the next proposal may.)
    """
    shares = SHARES_OF_T if plan.privacy.closeness else SHARES_OF_T[:1]
    methods: list[Method] = [method, "global"] if method == "local" and plan.privacy.closeness else [method]
    for number, (how, share) in enumerate(itertools.product(methods, shares)):
        with clock.measure("search"):
            try:
                recoding = solve(make_task(classes, plan, how, share_of_t=share))
            except TargetNotReached:
                if number == 0:
                    raise
                continue
        yield dataclasses.replace(recoding, method=method)


def compare_losses(classes: Classes, plan: Plan, recoding: Recoding, *, seek_other: bool) -> dict[str, float | None]:
    """Return the loss of both methods; the one that was not chosen gets a short budget and may remain unknown (None)."""
    losses: dict[str, float | None] = {"global": None, "local": None}
    losses[recoding.method] = compute_loss(classes.table, recoding, np.ones(len(plan.recoded)))
    other: Method = "local" if recoding.method == "global" else "global"
    if seek_other:
        budget = min(COMPARISON_SECONDS, plan.budget_seconds or COMPARISON_SECONDS)
        losses[other] = _find_loss(make_task(classes, plan, other), budget)
    return losses


def _find_loss(task: SearchTask, budget_seconds: float) -> float | None:
    try:
        recoding = solve(dataclasses.replace(task, budget_seconds=budget_seconds))
    except TargetNotReached:
        return None
    return compute_loss(task.table, recoding, np.ones(len(task.weights)))
