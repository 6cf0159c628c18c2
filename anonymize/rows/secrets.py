"""Sensitive values as they are released, per line of the class table: what the method information keeps beside persons and rows.

Decided here: which columns (all that are released and sensitive, but for those changed at random, which tell nothing by comparing). Not
decided here: how they are sealed (`anonymize.method_secrets`), or what they tell together with other releases (`anonymize.risk.secrets`).
"""

import ibis

from anonymize.classes import SensitiveCounts
from anonymize.engines.engine import match
from anonymize.rows.apply import Release, attach_patterns, helping_columns
from anonymize.rows.persons import LINE, ROWS
from anonymize.rows.sensitive import count_sensitive
from anonymize.treatments import Surroundings, make_treatments
from schemas.plan import Plan, PlannedColumn
from schemas.plan_treatments import read_steps
from schemas.tables import Role

RANDOM = frozenset({"noise", "swap", "date_shift", "microaggregate"})


def list_secrets(plan: Plan) -> list[str]:
    """Return the sensitive columns whose released values can be told from the class table."""
    return [column.name for column in plan.released if column.role is Role.SENSITIVE and not RANDOM & set(read_steps(column))]


def count_secrets(rows: ibis.Table, release: Release, around: Surroundings) -> dict[str, SensitiveCounts]:
    """Return the persons of each released sensitive value per line of the class table, suppressed lines too.

    Parameters
    ----------
    rows : ibis.Table
        The rows, as `treat_early` left them.
    release : Release
        Plan and class table. Columns that a model asks about were counted already.
    around : Surroundings
        Engine, unit and seed. What a treatment learns (a top code by share), it learns here from all rows, not the released ones alone.
    """
    plan, classes = release.plan, release.classes
    counted = {name: counts for name, counts in classes.table.sensitive.items() if name in list_secrets(plan)}
    missing = [plan.get_column(name) for name in list_secrets(plan) if name not in counted]
    if not missing:
        return counted
    engine = around.engine
    keys = engine.load(classes.keys)
    owned = attach_patterns(rows, release, around)
    for column in missing:
        wanted = dict.fromkeys([column.name, *helping_columns(plan)])
        met = owned.join(keys, match(owned, keys, classes.matched)).select(keys[LINE], *[owned[name] for name in wanted])
        counted[column.name] = _count(met, column, release, around)
    return counted


def _count(met: ibis.Table, column: PlannedColumn, release: Release, around: Surroundings) -> SensitiveCounts:
    for treatment in make_treatments(column.treatment):
        met = treatment.apply(met, column.name, around)
    plan = release.plan
    detail = [LINE, column.name, *([plan.unit] if plan.unit else [])]
    cells = around.engine.keep(met.group_by(detail).agg(**{ROWS: met.count()}))
    return count_sensitive(around.engine, cells, column.name, plan, len(release.classes.table.rows))
