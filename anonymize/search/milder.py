"""How far one wish about sensitive values or the population must be relaxed: the mildest value with which the coarsest levels allowed hold.

Every value proposed has been tried. A milder wish fails no class that a stricter one holds, so halving finds it, in at most ten trials.

Decided here: the values that are tried. Not decided here: which kind of wish is proposed first (`infeasible`).
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from anonymize.classes import Population, SearchTask
from anonymize.search.histories import make_gauge
from anonymize.search.problem import Problem
from schemas.messages import N_, Name
from schemas.plan_models import Diversity

# t, shares of presence and l of entropy are proposed to so many parts of one.
THOUSANDTHS, HUNDREDTHS = 1000, 100
Milder = tuple[str, dict[str, Any]]


def is_possible(task: SearchTask) -> tuple[bool, float]:
    """Return whether the coarsest levels meet a task, and their loss."""
    gauge = make_gauge(Problem(task))
    node = gauge.measure(gauge.problem.coarsest, gauge.lines)
    return gauge.is_feasible(node), node.loss


def find_milder(task: SearchTask) -> Milder | None:
    """Return the hint, with its values, that names one wish and the value that suffices for it; None where no single wish does.

    Parameters
    ----------
    task : SearchTask
        A task that its coarsest levels do not meet.
    """
    return next((found for found in (*_diversity(task), *_closeness(task), *_population(task)) if found is not None), None)


def first_possible(values: Sequence[float], make: Callable[[float], SearchTask]) -> float | None:
    """Return the first of some values, the strictest first, with which a task is possible; None where the mildest is not enough."""
    if not values or not is_possible(make(values[-1]))[0]:
        return None
    return values[bisect_left(range(len(values)), True, key=lambda place: is_possible(make(values[place]))[0])]


def find_smaller_k(task: SearchTask) -> int | None:
    """Return the largest k below that of a task with which the coarsest levels meet it; None where not even 2 persons do."""
    found = first_possible(range(task.k - 1, 1, -1), lambda k: replace(task, k=int(k)))
    return None if found is None else int(found)


def _diversity(task: SearchTask) -> Iterator[Milder | None]:
    """Yield a smaller l for each l-diversity."""
    for number, wish in enumerate(task.diversity):

        def make(value: float, number: int = number, wish: Diversity = wish) -> SearchTask:
            return replace(task, diversity=(*task.diversity[:number], replace(wish, l=value), *task.diversity[number + 1 :]))

        found = first_possible(_smaller(wish), make)
        yield None if found is None else (N_("lower l of {column} to {l}"), {"column": Name(wish.column), "l": found})


def _smaller(wish: Diversity) -> Sequence[float]:
    """Return the values of l below that of a wish, falling: whole numbers from 2, and parts of one above 1 for entropy."""
    if wish.kind == "entropy":
        return [step / HUNDREDTHS for step in range(int(wish.l * HUNDREDTHS), HUNDREDTHS, -1) if step / HUNDREDTHS < wish.l]
    return range(int(wish.l) - 1, 1, -1)


def _closeness(task: SearchTask) -> Iterator[Milder | None]:
    """Yield a larger t for each t-closeness."""
    for number, wish in enumerate(task.closeness):

        def make(value: float, number: int = number) -> SearchTask:
            milder = replace(task.closeness[number], t=value)
            return replace(task, closeness=(*task.closeness[:number], milder, *task.closeness[number + 1 :]))

        found = first_possible(_larger(wish.t), make)
        yield None if found is None else (N_("raise t of {column} to {t}"), {"column": Name(wish.column), "t": found})


def _larger(share: float) -> Sequence[float]:
    """Return the thousandths above a share and below 1, rising."""
    return [step / THOUSANDTHS for step in range(int(share * THOUSANDTHS), THOUSANDTHS) if step / THOUSANDTHS > share]


def _population(task: SearchTask) -> Iterator[Milder | None]:
    """Yield a smaller k-map, a larger greatest share, a smaller least share."""
    population = task.population
    if population is None:
        return

    def make(changed: Population) -> SearchTask:
        return replace(task, population=changed)

    if population.k_map is not None:
        found = first_possible(range(population.k_map - 1, 0, -1), lambda value: make(replace(population, k_map=int(value))))
        yield None if found is None else (N_("lower k_map to {k_map}"), {"k_map": int(found)})
    if population.presence is not None:
        low, high = population.presence
        hint = N_("widen delta_presence to {low}–{high}")
        found = first_possible([*_larger(high), 1.0], lambda value: make(replace(population, presence=(low, value))))
        yield None if found is None else (hint, {"low": low, "high": found})
        lower = [1.0 - share for share in (*_larger(1.0 - low), 1.0)]
        found = first_possible([round(share, 3) for share in lower], lambda value: make(replace(population, presence=(value, high))))
        yield None if found is None else (hint, {"low": found, "high": high})
