"""Grain (粒度): whether what a proposal asks of each column can be given under the processing standard.

Decided here: which answers a column's role allows, and what is finer than the policy. Not decided here: levels (hierarchies) and limits
(the regime's policy), both data; whether k can be reached, which only the file can tell.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from proposals.levels import Levels
from proposals.reasons import reason
from schemas.findings import Reason
from schemas.grains import DROP, VALUE
from schemas.messages import N_, Name
from schemas.regimes import Regime
from schemas.tables import Column, TableSchema


def reasons_against_columns(asked: Sequence[Mapping[str, Any]], table: TableSchema, levels: Levels, regime: Regime) -> list[Reason]:
    """Return why the columns asked for cannot be given so; an empty list means they can.

    Parameters
    ----------
    asked : Sequence[Mapping]
        `column` and `granularity` of each.
    levels : Levels
        Column → levels of its hierarchy, finest first; a column absent here has none.
    """
    known = {column.name: column for column in table.columns}
    found: list[Reason] = []
    if all(entry["granularity"] == DROP for entry in asked):
        found.append(reason("nothing-asked", N_("every column is asked to be left out")))
    for entry in asked:
        column = known.get(entry["column"])
        if column is None:
            found.append(
                reason(
                    "unknown-column", N_("column {column} is not in table {table}"), column=Name(entry["column"]), table=Name(table.name)
                )
            )
        else:
            found += _reasons_against_grain(column, entry["granularity"], tuple(levels.get(column.name, ())), regime)
    return found


def allowed_grains(column: Column, levels: tuple[str, ...], regime: Regime) -> tuple[str, ...]:
    """Return every grain a proposal may ask of a column, `drop` included; the same rule as the screening's.

    Parameters
    ----------
    levels : tuple[str, ...]
        Names of the levels of the column's hierarchy, finest first; empty when it has none.
    """
    by_role = regime.granularity.roles.get(column.role.value)
    if by_role is not None:
        return by_role
    offered = levels or (VALUE,)
    finest = regime.granularity.finest_levels.get(column.hierarchy or "")
    start = offered.index(finest) if finest in offered else 0
    return (DROP, *offered[start:])


def _reasons_against_grain(column: Column, grain: str, levels: tuple[str, ...], regime: Regime) -> list[Reason]:
    """Return why this grain of this column cannot be given."""
    allowed = allowed_grains(column, levels, regime)
    if grain in allowed:
        return []
    article = regime.clauses[column.clause].citation
    names = {"column": Name(column.name), "level": Name(grain)}
    if column.role.value in regime.granularity.roles:
        by_role = {"role": Name(column.role.value), "allowed": Name(", ".join(allowed))}
        return [reason("role-forbids", N_("column {column} ({role}) can only be: {allowed}"), article, column=names["column"], **by_role)]
    if grain in (levels or (VALUE,)):
        return [
            reason("too-fine", N_("column {column} at level {level} is finer than {finest}"), article, finest=Name(allowed[1]), **names)
        ]
    known = Name(", ".join(levels or (VALUE,)))
    return [reason("unknown-level", N_("column {column} has no level {level}; it has: {levels}"), levels=known, **names)]
