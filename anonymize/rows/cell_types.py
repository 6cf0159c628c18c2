"""As which type the cells of a CSV file are read.

Decided here: the plan's word comes first, then the table's; without either, a hierarchy of numbers or dates and a treatment of numbers say
what the cells must be. Everything else is text, as the ARX form of hierarchies expects. Not decided here: the types of Parquet files, which
they bring along.
"""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from schemas.hierarchies import load_hierarchy
from schemas.hierarchies.ages import AgeHierarchy
from schemas.hierarchies.dates import DateHierarchy
from schemas.hierarchies.ranges import BandHierarchy
from schemas.plan import ANY_DAY, Plan, PlannedColumn
from schemas.tables import ColumnType, arrow_types, load_table

NUMERIC_STEPS = frozenset({"bottom_code", "top_code", "round_to", "noise", "microaggregate"})
DATE_STEPS = frozenset({"date_shift"})


def csv_types(plan: Plan, *, whole_numbers: bool = True) -> dict[str, pa.DataType]:
    """Return the type to read each planned column of a CSV file as.

    Parameters
    ----------
    plan : Plan
        Names types, table, hierarchies and treatments.
    whole_numbers : bool
        Whether a column that must be of numbers, and of which nothing more is said, holds whole ones.
    """
    usual = {column.name: column.type for column in load_table(plan.table).columns} if plan.table else {}
    types = {}
    for column in plan.columns:
        stated = ColumnType(column.type) if column.type else usual.get(column.name)
        types[column.name] = arrow_types()[stated or _guess(column, plan, whole_numbers=whole_numbers)]
    return types


def _guess(column: PlannedColumn, plan: Plan, *, whole_numbers: bool) -> ColumnType:
    number = ColumnType.INTEGER if whole_numbers else ColumnType.NUMBER
    steps: Mapping[str, Any] = column.treatment if isinstance(column.treatment, Mapping) else {}
    if not NUMERIC_STEPS.isdisjoint(steps):
        return number
    if not DATE_STEPS.isdisjoint(steps):
        return ColumnType.DATE
    spec = column.hierarchy if column.is_recoded else steps.get("recode", {}).get("hierarchy")
    if spec is None:
        return ColumnType.STRING
    hierarchy = load_hierarchy(spec, folder=plan.folder, as_of=plan.as_of or ANY_DAY)
    if isinstance(hierarchy, (DateHierarchy, AgeHierarchy)):
        return ColumnType.DATE
    return number if isinstance(hierarchy, BandHierarchy) else ColumnType.STRING
