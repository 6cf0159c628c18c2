"""Whether the numbers and days of an input can be computed with exactly; what cannot is refused before anything is made of it.

Decided here: which values are too large, no number at all, or beyond the calendar. A number that overflowed, or lost its last
digits, in the middle of a run would be released wrong or stop it without a word. Not decided here: what is computed (treatments,
hierarchies, aggregation).
"""

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

import ibis
import pyarrow as pa

from anonymize.engines.engine import Engine
from schemas.errors import FileRejected
from schemas.findings import Finding, FindingKind, Severity
from schemas.messages import N_, Name
from schemas.plan import Plan, PlannedColumn
from schemas.plan_aggregate import SUM
from schemas.plan_treatments import read_steps

EXACT = 1 << 53  # every whole number up to here is a double of its own
MOST_IN_ALL = 1 << 62  # the sum over a whole file; no person's sum is then beyond 64 bits
LARGEST_WHOLE = (1 << 63) - 1
COMPUTED = frozenset({"round_to", "noise", "microaggregate"})
# Days that are released as they are, and days that are shifted or put into periods, whose ends are days as well.
KEPT_DAYS = (datetime.date.min, datetime.date.max)
COUNTED_DAYS = (datetime.date(1000, 1, 1), datetime.date(9000, 1, 1))

NOT_FINITE = FindingKind("not-finite", Severity.FILE, N_("{count} cells are infinite or no number at all (NaN)"))
TOO_LARGE = FindingKind("too-large", Severity.FILE, N_("{count} numbers are too large to be computed with"))
SUM_TOO_LARGE = FindingKind("sum-too-large", Severity.FILE, N_("the sum of the column is too large for whole numbers of 64 bits"))
DAY_BEYOND = FindingKind("day-beyond", Severity.FILE, N_("{count} dates lie outside the years {first} to {last}"))

FINITE, LARGE, TOTAL, DAYS = "finite", "large", "total", "days"


def check_values(engine: Engine, rows: ibis.Table, plan: Plan) -> None:
    """Refuse an input with values that no column may hold, or whose sums no column can hold.

    Parameters
    ----------
    engine : Engine
        Where the rows are.
    rows : ibis.Table
        The input; only columns of fractions, dates, and those that are summed are read.
    plan : Plan
        Says what happens to columns.

    Raises
    ------
    FileRejected
        Cells are not finite, dates beyond the calendar, or a sum is too large; all columns are told, no value.
    """
    summed = {made.source for made in plan.aggregate.columns if made.take == SUM} if plan.aggregate else set()
    counted = {column.name for column in plan.released if column.is_recoded or "date_shift" in read_steps(column)}
    asked: dict[tuple[str, str], Any] = {}
    for name in rows.columns:
        value: Any = rows[name]
        if value.type().is_floating():
            asked[FINITE, name] = (value.isnan() | value.isinf()).cast("int64").sum()
        elif value.type().is_date():
            asked[DAYS, name] = _lies_outside(value, _choose_days(name, counted)).cast("int64").sum()
        elif value.type().is_integer() and name in summed:
            asked[TOTAL, name] = value.cast("float64").abs().sum()
    found = _measure(engine, rows, asked)
    wrong = [(what, name, amount) for (what, name), amount in found.items() if _is_wrong(what, amount)]
    _refuse([_tell(what, name, _choose_days(name, counted), amount) for what, name, amount in wrong])


def check_computed(engine: Engine, rows: ibis.Table, plan: Plan) -> None:
    """Refuse rows whose numbers are too large for the treatments of their columns.

    Parameters
    ----------
    engine : Engine
        Where the rows are.
    rows : ibis.Table
        The rows that take part, reduced if the plan reduces them.
    plan : Plan
        Says which columns are computed with.

    Raises
    ------
    FileRejected
        There are such numbers; all columns are told, with how many.
    """
    asked = {
        (LARGE, column.name): (_count_large(rows[column.name], column)).cast("int64").sum()
        for column in plan.released
        if COMPUTED & set(read_steps(column)) and rows[column.name].type().is_numeric()
    }
    found = _measure(engine, rows, asked)
    _refuse([Finding(kind=TOO_LARGE, column=Name(name), count=int(amount)) for (_, name), amount in found.items() if amount])


def check_whole(batches: Iterable[pa.RecordBatch], names: Iterable[str]) -> None:
    """Refuse unsigned whole numbers that signed ones of 64 bits cannot hold.

    Parameters
    ----------
    batches : iterable of pa.RecordBatch
        Pieces of the columns.
    names : iterable of str
        The columns, of unsigned whole numbers of 64 bits.
    """
    large = dict.fromkeys(names, 0)
    for batch in batches:
        for name in large:
            large[name] += int((batch.column(name).drop_null().to_numpy() > LARGEST_WHOLE).sum())
    _refuse([Finding(kind=TOO_LARGE, column=Name(name), count=count) for name, count in large.items() if count])


def _measure(engine: Engine, rows: ibis.Table, asked: Mapping[tuple[str, str], Any]) -> dict[tuple[str, str], float]:
    """Return the figures of one scan; nothing is scanned where nothing is asked."""
    if not asked:
        return {}
    names = {key: f"__figure{number}" for number, key in enumerate(asked)}
    answer = engine.fetch(rows.agg(**{names[key]: figure for key, figure in asked.items()}))
    return {key: answer.column(name)[0].as_py() or 0 for key, name in names.items()}


def _choose_days(name: str, counted: set[str]) -> tuple[datetime.date, datetime.date]:
    return COUNTED_DAYS if name in counted else KEPT_DAYS


def _lies_outside(value: Any, limits: tuple[datetime.date, datetime.date]) -> Any:
    first, last = (ibis.date(limit.isoformat()) for limit in limits)
    return (value < first) | (value > last)


def _count_large(value: Any, column: PlannedColumn) -> Any:
    """Return which numbers are too large; of fractions that are rounded, those whose steps are too many to be counted."""
    step = float(read_steps(column).get("round_to", 1))
    return value.cast("float64").abs() > EXACT * (1 if value.type().is_integer() else min(step, 1.0))


def _is_wrong(what: str, amount: float) -> bool:
    return amount > MOST_IN_ALL if what == TOTAL else amount > 0


def _tell(what: str, name: str, days: tuple[datetime.date, datetime.date], amount: float) -> Finding:
    if what == TOTAL:
        return Finding(kind=SUM_TOO_LARGE, column=Name(name))
    if what == FINITE:
        return Finding(kind=NOT_FINITE, column=Name(name), count=int(amount))
    return Finding(kind=DAY_BEYOND, column=Name(name), count=int(amount), params={"first": days[0].year, "last": days[1].year})


def _refuse(findings: list[Finding]) -> None:
    if findings:
        raise FileRejected(
            N_("column {column} holds numbers or dates that cannot be computed with ({count} such columns)"),
            N_("make what means nothing (NaN, 9999-12-31) missing at intake, give codes the type code, or keep or drop the column"),
            findings=tuple(findings),
            count=len(findings),
            column=findings[0].column or Name("?"),
        )
