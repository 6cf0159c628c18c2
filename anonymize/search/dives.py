"""First good nodes of a large lattice: descents from the coarsest node, then moves between neighbours, until none improves.

Decided here: the nodes that are measured before the search by bounds begins. Not decided here: what is proven of the best one (`boxes`).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from anonymize.search.kernels import sum_by_class
from anonymize.search.lines import Lines, group_lines
from anonymize.search.nodes import Gauge, Node
from anonymize.search.problem import Levels

# As in `splits`: a power below 1 of the knowledge that a step spends.
SPENDING_POWER = 0.8


class Diver(NamedTuple):
    """What a dive needs: how a node is measured and kept if it is the best, which is the best, and when to stop."""

    gauge: Gauge
    measure: Callable[[Levels, Lines], Node]
    best: Callable[[], Node | None]
    is_over: Callable[[], bool]


def descend(diver: Diver) -> None:
    """Descend from the best node, each time to the best predecessor."""
    while (here := diver.best()) is not None:
        for j in _lowerable(diver, here.levels):
            if diver.is_over():
                return
            diver.measure(_shift(here.levels, j, -1), diver.gauge.lines)
        if diver.best() is here:
            return


def descend_sparingly(diver: Diver) -> None:
    """Descend from the coarsest node, each time where most loss is saved for the knowledge it spends (entropy of the classes).

    What a descent by loss alone spends on the first columns, it lacks for the others. The descent ends where more rows fail than not.
    """
    gauge = diver.gauge
    here = gauge.problem.coarsest
    known = _measure_entropy(gauge, here)
    while columns := _lowerable(diver, here):
        steps = []
        for j in columns:
            if diver.is_over():
                return
            lower = _shift(here, j, -1)
            entropy = _measure_entropy(gauge, lower)
            spent = max(entropy - known, 0.0)
            saved = _find_loss(gauge, here, j) - _find_loss(gauge, lower, j)
            steps.append((saved / spent**SPENDING_POWER if spent else np.inf, -j, lower, entropy))
        _, _, here, known = max(steps)
        if 2 * diver.measure(here, gauge.lines).failed_rows > gauge.problem.total:
            return


def move_about(diver: Diver) -> None:
    """Move from the best node to neighbours that lose less, one column lower and another higher, or one higher alone, until none does."""
    while (here := diver.best()) is not None:
        for j in (None, *_lowerable(diver, here.levels)):
            low = here.levels if j is None else _shift(here.levels, j, -1)
            lines = diver.gauge.roll_up(diver.gauge.lines, low)
            for i, level in enumerate(here.levels):
                if diver.is_over():
                    return
                if i != j and level < diver.gauge.problem.coarsest[i]:
                    diver.measure(_shift(low, i, 1), lines)
        if diver.best() is here:
            return
        descend(diver)


def _lowerable(diver: Diver, levels: Levels) -> list[int]:
    return [j for j, (level, finest) in enumerate(zip(levels, diver.gauge.problem.finest, strict=True)) if level > finest]


def _shift(levels: Levels, column: int, step: int) -> Levels:
    return (*levels[:column], levels[column] + step, *levels[column + 1 :])


def _find_loss(gauge: Gauge, levels: Levels, column: int) -> float:
    """Return what a column loses at a node if all rows are released."""
    return float(gauge.whole_losses[int(gauge.problem.level_starts[column]) + levels[column]])


def _measure_entropy(gauge: Gauge, levels: Levels) -> float:
    """Return the entropy of the classes of a node, by rows."""
    ids, firsts = group_lines(gauge.problem, gauge.lines.firsts, levels)
    shares = sum_by_class(ids, gauge.lines.rows, len(firsts)) / gauge.problem.total
    shares = shares[shares > 0]
    return float(-(shares * np.log(shares)).sum())
