"""Which rows of a file take part: without opted-out persons, of a sample, at most n of each person, and last perhaps reduced to one.

Decided here: the order (opt-out before sampling, so that nobody who refused decides who is drawn), and that every row left out is counted
under one heading. All draws come from the seed and the content. Not decided here: which of the rows left are suppressed (search).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import ibis
import numpy as np
import pyarrow as pa

from anonymize.engines.engine import Engine, match
from anonymize.rows.aggregation import aggregate_rows
from anonymize.rows.draws import RANK, ROW, draw_numbers, number_rows, permute, place_by, rank_distinct
from anonymize.treatments import Surroundings
from schemas.errors import FileRejected
from schemas.messages import N_, Name
from schemas.plan import Plan

KEY, PLACE, COUNT = "__key", "__place", "__count"
SAMPLE, LIMIT = "sample", "rows per person"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Rows that take no part, each counted once.

    Parameters
    ----------
    removed_rows : int
        Of persons on the opt-out list.
    sampled_out_rows : int
        Of persons who were not drawn.
    surplus_rows : int
        Beyond the rows a person may give.
    merged_rows : int
        Fewer because rows were reduced to one per person, or per person and period.
    listed_persons, found_persons : int
        Keys on the opt-out list, and how many of them the file holds.
    """

    removed_rows: int = 0
    sampled_out_rows: int = 0
    surplus_rows: int = 0
    merged_rows: int = 0
    listed_persons: int = 0
    found_persons: int = 0

    @property
    def rows(self) -> int:
        """Rows left out in all."""
        return self.removed_rows + self.sampled_out_rows + self.surplus_rows + self.merged_rows


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Selection:
    """The rows that take part.

    Parameters
    ----------
    rows : ibis.Table
        These rows.
    rows_in, persons_in : int or None
        Rows and distinct persons of the file, counted before anything is left out; None when the plan leaves nothing out.
    left_out : LeftOut
        What was left out.
    """

    rows: ibis.Table
    rows_in: int | None = None
    persons_in: int | None = None
    left_out: LeftOut = field(default_factory=LeftOut)

    def __repr__(self) -> str:
        """Show counts, never values."""
        return f"Selection({self.left_out!r})"


def select_rows(rows: ibis.Table, plan: Plan, around: Surroundings) -> Selection:
    """Return the rows that take part by the plan; all of them without a scan when it selects nothing.

    Raises
    ------
    FileRejected
        The opt-out list cannot be read, or a row has no person key.
    """
    if plan.remove is None and plan.sample is None and plan.rows_per_person is None and plan.aggregate is None:
        return Selection(rows=rows)
    check_unit(around.engine, rows, plan.unit)
    persons_in, rows_in = _count_persons(rows, around), _count(rows, around)
    before, counts = rows_in, {"listed_persons": len(_read_list(plan))}
    for heading, select in STEPS:
        kept = select(rows, plan, around)
        if kept is rows:
            continue
        rows = around.engine.keep(kept)
        after = _count(rows, around)
        counts[heading] = before - after
        before = after
        if select is _remove:
            counts["found_persons"] = persons_in - _count_persons(rows, around)
    return Selection(rows=rows, rows_in=rows_in, persons_in=persons_in, left_out=LeftOut(**counts))


def _remove(rows: ibis.Table, plan: Plan, around: Surroundings) -> ibis.Table:
    return rows if plan.remove is None or plan.unit is None else remove_persons(rows, _read_list(plan), plan.unit, around)


def _sample(rows: ibis.Table, plan: Plan, around: Surroundings) -> ibis.Table:
    return rows if plan.sample is None else draw_sample(rows, plan.sample, around)


def _limit(rows: ibis.Table, plan: Plan, around: Surroundings) -> ibis.Table:
    limited = plan.rows_per_person is not None and plan.unit is not None
    return limit_rows(rows, plan.rows_per_person or 0, plan.unit or "", around) if limited else rows


def _merge(rows: ibis.Table, plan: Plan, _around: Surroundings) -> ibis.Table:
    return rows if plan.aggregate is None else aggregate_rows(rows, plan.aggregate)


# Heading of the count → what leaves rows out, in the order they act.
STEPS: tuple[tuple[str, Callable[[ibis.Table, Plan, Surroundings], ibis.Table]], ...] = (
    ("removed_rows", _remove),
    ("sampled_out_rows", _sample),
    ("surplus_rows", _limit),
    ("merged_rows", _merge),
)


def check_unit(engine: Engine, rows: ibis.Table, unit: str | None) -> None:
    """Refuse rows without a person key.

    Raises
    ------
    FileRejected
        There are some.
    """
    missing = engine.fetch_number(rows.agg(n=rows[unit].isnull().cast("int64").sum())) if unit else 0
    if missing:
        raise FileRejected(
            N_("{count} rows have no person key in {column}"),
            N_("give every row its person key, or take these rows out before processing"),
            count=missing,
            column=Name(unit or ""),
        )


def remove_persons(rows: ibis.Table, keys: tuple[str, ...], unit: str, around: Surroundings) -> ibis.Table:
    """Return the rows of persons whose key, as text, is not listed."""
    listed = around.engine.load(pa.table({KEY: pa.array(keys, type=pa.string())}))
    return rows.anti_join(listed, rows[unit].cast("string") == listed[KEY])


def draw_sample(rows: ibis.Table, share: float, around: Surroundings) -> ibis.Table:
    """Return all rows of a random share (0–1) of the persons, at least one person; of the rows where every row is a person."""
    if around.unit is None:
        ready, count = number_rows(rows, around.engine)
        ranked, keys = ready.select(ready[ROW], ready[ROW].name(RANK)), [ROW]
    else:
        ready, keys = rows, [around.unit]
        ranked, count = rank_distinct(rows, keys, around.engine)
    drawn = np.flatnonzero(permute(count, around.seed, "", SAMPLE) < max(round(share * count), 1))
    asked = around.engine.load(pa.table({RANK: drawn}))
    chosen = ranked.semi_join(asked, ranked[RANK] == asked[RANK])
    return ready.semi_join(chosen, match(ready, chosen, keys)).select(*rows.columns)


def limit_rows(rows: ibis.Table, limit: int, unit: str, around: Surroundings) -> ibis.Table:
    """Return at most `limit` rows of every person, each set of their rows as likely as any other."""
    placed = around.engine.keep(rows.mutate(**{PLACE: place_by(rows, list(rows.columns), within=unit)}))
    counted = placed.group_by(unit).agg(**{COUNT: placed.count()})
    many = counted.filter(counted[COUNT] > limit)
    found = around.engine.fetch(many.order_by(many[unit]))
    sizes = found.column(COUNT).to_numpy()
    owners = np.repeat(np.arange(len(sizes)), sizes)
    order = np.lexsort((draw_numbers(len(owners), around.seed, "", LIMIT), owners))
    places = np.arange(len(owners)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    surplus = order[places >= limit]  # `places` is the place of each entry within its owner, before and after the shuffle
    beyond = pa.table({unit: found.column(unit).take(pa.array(owners[surplus])), PLACE: places[surplus].astype(np.int64)})
    left = around.engine.load(beyond)
    return placed.anti_join(left, match(placed, left, [unit, PLACE])).select(*rows.columns)


def _count(rows: ibis.Table, around: Surroundings) -> int:
    return around.engine.fetch_number(rows.agg(n=rows.count()))


def _count_persons(rows: ibis.Table, around: Surroundings) -> int:
    return _count(rows.select(around.unit).distinct() if around.unit else rows, around)


def _read_list(plan: Plan) -> tuple[str, ...]:
    """Return the distinct keys of the opt-out list, none without a list: UTF-8 text, one key per line."""
    if plan.remove is None:
        return ()
    path = (plan.folder or Path()) / plan.remove
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        raise FileRejected(
            N_("the opt-out list {file} cannot be read"),
            N_("write one person key per line, as UTF-8 text, and name the file relative to the plan"),
            file=Name(path.name),
        ) from None
    return tuple(sorted({line.strip() for line in lines if line.strip()}))
