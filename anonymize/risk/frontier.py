"""The frontier of risk and utility: what each k costs, by each method, so that people can choose before anything is written.

Decided here: which plans are tried (the plan's own, with another k and method) and what is told of each. Nothing is released: the figures
are those of recodings over the class table; a release made by one of them is verified and assessed like any other.
"""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from anonymize.classes import Method
from anonymize.engines.engine import EngineSettings, open_engine
from anonymize.pipeline import read_classes
from anonymize.report import Stopwatch
from anonymize.risk.utility.measures import information_kept
from anonymize.rows.class_table import Classes
from anonymize.rows.source import open_source
from anonymize.solve import Solved, find_solution
from anonymize.treatments import Surroundings
from anonymize.work_folder import open_work_folder
from schemas.errors import TargetNotReached
from schemas.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One plan that was tried.

    Parameters
    ----------
    method : {"global", "local", "cells"}
        How levels are chosen.
    k : int
        Fewest persons of a class that were asked for.
    loss : float or None
        Normalised certainty penalty, 0–1; None when k cannot be reached within the plan.
    suppressed : float
        Share of rows that would not be released, 0–1.
    highest, average : float
        Prosecutor's risk of one person at most (1/smallest class), and on average (classes/persons); 0 when nothing is released.
    classes : int
        Released classes.
    loss_per_column : tuple[float, ...]
        In the order of the quasi-identifiers.
    kept_per_column : tuple[float, ...]
        Share (0–1) of the column's information that released rows keep, by their levels (see `utility.measures.information_kept`).
    seconds : float
        Of the search.
    """

    method: Method
    k: int
    loss: float | None
    suppressed: float = 0.0
    highest: float = 0.0
    average: float = 0.0
    classes: int = 0
    loss_per_column: tuple[float, ...] = ()
    kept_per_column: tuple[float, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontier:
    """All points of one file and plan.

    Parameters
    ----------
    columns : tuple[str, ...]
        The quasi-identifiers.
    points : tuple[Point, ...]
        By method and ascending k.
    plan : Plan
        What was varied.
    rows : int
        Rows of the file.
    """

    columns: tuple[str, ...]
    points: tuple[Point, ...]
    plan: Plan
    rows: int

    def to_json(self) -> dict[str, object]:
        """Return the frontier for machines."""
        points = [
            {
                **{field.name: getattr(point, field.name) for field in dataclasses.fields(point)},
                "loss_per_column": dict(zip(self.columns, point.loss_per_column, strict=True)) if point.loss is not None else None,
                "kept_per_column": dict(zip(self.columns, point.kept_per_column, strict=True)) if point.loss is not None else None,
                "seconds": round(point.seconds, 3),
            }
            for point in self.points
        ]
        return {"plan": self.plan.name, "plan_sha256": self.plan.sha256, "points": points}


def trace_frontier(
    source: Path,
    plan: Plan,
    *,
    ks: Sequence[int],
    methods: Sequence[Method],
    work: Path,
    delimiter: str = ",",
    advance: Callable[[int], None] = lambda _: None,
) -> Frontier:
    """Return what each k costs by each method, from one class table.

    Parameters
    ----------
    source : Path
        CSV or Parquet file, or a folder of parts.
    plan : Plan
        Everything but k and method.
    ks, methods
        What is tried; each k at least 2.
    work : Path
        Existing folder; a private folder is made in it and removed.
    delimiter : str
        Between the cells of a CSV file.
    advance : Callable[[int], None]
        Called with 1 after the class table and after each point.

    Raises
    ------
    FileRejected, PlanError
        The file cannot be read, or does not fit the plan.
    """
    with open_work_folder(work) as private:
        opened = open_source(source, plan, work=private, delimiter=delimiter)
        engine = open_engine("duckdb", EngineSettings(work=private))
        try:
            _, _, classes = read_classes(opened, plan, Surroundings(engine=engine, unit=plan.unit, seed=b"", folder=plan.folder))
        finally:
            engine.close()
    advance(1)
    points = tuple(_try_all(classes, plan, ks, methods, advance))
    return Frontier(columns=classes.table.columns, points=points, plan=plan, rows=classes.table.total_rows)


def _try_all(classes: Classes, plan: Plan, ks: Sequence[int], methods: Sequence[Method], advance: Callable[[int], None]) -> Iterator[Point]:
    for method in methods:
        for k in sorted(set(ks)):
            tried = dataclasses.replace(plan, privacy=dataclasses.replace(plan.privacy, k=k), method=method)
            yield _try(classes, tried)
            advance(1)


def _try(classes: Classes, plan: Plan) -> Point:
    """Return the point of one plan."""
    clock = Stopwatch()
    try:
        solved = find_solution(classes, plan, plan.method, clock)
    except TargetNotReached:
        return Point(method=plan.method, k=plan.privacy.k, loss=None)
    persons = _count_persons(solved)
    return Point(
        method=plan.method,
        k=plan.privacy.k,
        loss=solved.loss,
        suppressed=solved.suppressed_rows / max(classes.table.total_rows, 1),
        highest=1 / int(persons.min()) if len(persons) else 0.0,
        average=len(persons) / int(persons.sum()) if len(persons) else 0.0,
        classes=len(persons),
        loss_per_column=tuple(solved.losses.tolist()),
        kept_per_column=tuple(_measure_kept(solved)),
        seconds=clock.read().get("search", 0.0),
    )


def _measure_kept(solved: Solved) -> Iterator[float]:
    """Yield, per quasi-identifier, how much of its information the levels of the released rows keep."""
    table, recoding = solved.classes.table, solved.recoding
    chosen = np.broadcast_to(recoding.levels, table.codes.shape)
    rows = np.where(recoding.suppressed, 0, table.rows)
    for j, levels in enumerate(table.levels):
        codes, values = table.codes[:, j], len(levels.codes)
        released, members = [], []
        for level in np.unique(chosen[:, j]):
            groups, here = levels.codes[:, level], chosen[:, j] == level
            count = len(levels.leaves[level])
            released.append(np.bincount(groups[codes[here]], weights=rows[here], minlength=count))
            members.append(csr_array((np.ones(values), (groups, np.arange(values))), shape=(count, values)))
        before = np.bincount(codes, weights=table.rows, minlength=values).astype(np.float64)
        yield information_kept(before, np.concatenate(released), csr_array(vstack(members)))


def _count_persons(solved: Solved) -> NDArray[np.int64]:
    """Return the distinct persons of every released class."""
    from anonymize.search.kernels import count_distinct
    from anonymize.search.lines import to_patterns

    table, of_line = solved.classes.table, solved.released.of_line
    if table.memberships is None:
        kept = of_line >= 0
        return np.bincount(of_line[kept], weights=table.persons[kept]).astype(np.int64)
    return count_distinct(of_line.astype(np.int32), to_patterns(table.memberships), int(of_line.max(initial=-1)) + 1)
