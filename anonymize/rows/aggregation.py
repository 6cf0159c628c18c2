"""Reduction of rows: one row per person, or per person and period, before classes are formed.

Decided here: how each column of a reduced row is computed, so that neither the order of rows nor the engine decides. First and last are
told by the order column, then by the whole content of the rows. Not decided here: which reductions make sense (`schemas.plan_aggregate`).
"""

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import ibis
import pyarrow.parquet as pq

from anonymize.engines.engine import EngineSettings, open_engine
from anonymize.rows.source import Source
from schemas.errors import PlanError
from schemas.messages import N_, Name
from schemas.plan import Plan
from schemas.plan_aggregate import COUNT, SUM, VALUE, Aggregate, Made

ENDS = {"first": "__first", "last": "__last"}
FISCAL_YEAR, MONTHS_BEFORE = "fiscal_year", 3  # 会計年度 begins on 1 April
UNITS = {"month": "M", "quarter": "Q", "year": "Y", FISCAL_YEAR: "Y"}


def aggregate_rows(rows: ibis.Table, asked: Aggregate) -> ibis.Table:
    """Return the reduced rows: the columns of `by`, then the others.

    Parameters
    ----------
    rows : ibis.Table
        All columns the reduction reads.
    asked : Aggregate
        What is one row, and what becomes of the other columns.

    Raises
    ------
    PlanError
        A sum or band of other than whole numbers, a period of other than dates.
    """
    keys = {name: _cut_date(rows, name, period) for name, period in asked.by.items()}
    placed = rows.mutate(**{ENDS[end]: _place(rows, list(keys.values()), asked.order, end) for end in _find_ends(asked)})
    cut = placed.select(**{name: keys[name] if name in keys else placed[name] for name in placed.columns})
    reduced = cut.group_by(list(keys)).agg(**{made.name: _take(cut, made) for made in asked.columns})
    return reduced.mutate(**{made.name: _name_band(reduced[made.name], made) for made in asked.columns if made.bands})


def reduce_source(source: Source, plan: Plan, work: Path) -> Source:
    """Return an input as the plan reduces it, for whoever compares it with a release; the input itself when nothing is reduced."""
    if plan.aggregate is None:
        return source
    engine, path = open_engine("duckdb", EngineSettings(work=work)), work / "reduced.parquet"
    try:
        rows = aggregate_rows(engine.open_parquet(source.path, source.schema), plan.aggregate)
        schema = rows.schema().to_pyarrow()
        with pq.ParquetWriter(path, schema, compression="lz4") as writer:
            for batch in engine.stream(rows.order_by(rows.columns)):
                writer.write_batch(batch)
    finally:
        engine.close()
    return replace(source, path=path, schema=schema)


def _find_ends(asked: Aggregate) -> list[str]:
    return [end for end in ENDS if any(made.take == end for made in asked.columns)]


def _cut_date(rows: ibis.Table, name: str, period: str) -> Any:
    """Return a column, or the first day of the period its dates lie in."""
    value: Any = rows[name]
    if period == VALUE:
        return value
    if not value.type().is_date():
        raise PlanError(
            N_("column {column} holds no dates; rows cannot be reduced by its period"),
            N_("state `type: date` for a column of a CSV file, or reduce by its value"),
            column=Name(name),
        )
    months = ibis.interval(months=MONTHS_BEFORE if period == FISCAL_YEAR else 0)
    begin = (value - months).cast("date").truncate(UNITS[period]).cast("date")
    return (begin + months).cast("date")


def _place(rows: ibis.Table, keys: list[Any], order: str | None, end: str) -> ibis.Value:
    """Return the place of a row among the rows of its keys, 0 at the asked end."""
    direction = ibis.asc if end == "first" else ibis.desc
    names = dict.fromkeys(([order] if order else []) + list(rows.columns))
    told = [direction(rows[name], nulls_first=end != "first") for name in names]
    return ibis.row_number().over(ibis.window(group_by=keys, order_by=told))


def _take(rows: ibis.Table, made: Made) -> Any:
    """Return one column of the reduced rows."""
    if made.source is None or made.take == COUNT:
        return rows.count().cast("int64")
    value: Any = rows[made.source]
    if made.take in ENDS:
        return value.max(where=rows[ENDS[made.take]] == 0)
    if made.take == SUM:
        _check_whole(value, made)
        return value.sum().cast("int64")
    return value.min() if made.take == "min" else value.max()


def _check_whole(value: Any, made: Made) -> None:
    if not value.type().is_integer():
        raise PlanError(
            N_("column {column} is made of other than whole numbers, whose sum would hang on the order of rows"),
            N_("state `type: integer`, or take min, max, first or last"),
            column=Name(made.name),
        )


def _name_band(value: Any, made: Made) -> Any:
    """Return the text of the band a whole number lies in."""
    _check_whole(value, made)
    lows = made.bands
    names = [f"{low}" if low + 1 == high else f"{low}〜{high - 1}" for low, high in itertools.pairwise(lows)]
    bounded = [(value < high, name) for high, name in zip(lows[1:], names, strict=True)]
    return ibis.cases((value.isnull(), ibis.null("string")), (value < lows[0], f"{lows[0]}未満"), *bounded, else_=f"{lows[-1]}以上")
