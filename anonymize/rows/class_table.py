"""From rows to the class table: what the solver may know of a file.

Decided here: how combinations, persons, patterns of persons and sensitive values are numbered, so that the same content gives the same
numbers whatever the order of rows or the engine. Not decided here: which levels are released.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from anonymize.classes import ClassTable, Population, SensitiveCounts
from anonymize.engines import engine as engine_rooms
from anonymize.engines.engine import Engine, match
from anonymize.ordering import number_values, sort_rows
from anonymize.populations import make_population
from anonymize.rows.persons import LINE, PATTERN, PERSONS, ROWS, Histories, find_histories, find_patterns, find_varying
from anonymize.rows.selection import check_unit
from anonymize.rows.sensitive import count_sensitive
from anonymize.rows.table_size import check_size
from schemas.errors import FileRejected
from schemas.hierarchies import LevelTable, load_hierarchy
from schemas.messages import N_
from schemas.plan import Plan

MIN_DATES = 2  # a birth date alone does not tell the time of the file
ENTRY = "__entry"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Classes:
    """The class table and the raw values of its lines.

    Parameters
    ----------
    table : ClassTable
        What the solver sees.
    keys : pa.Table
        One line per line of the table: the quasi-identifier values in the input's types, `__line`, and `__pattern` where rows are linked.
        Never leaves the engine rooms.
    as_of : str or None
        Day on which ages were counted (see `find_as_of`).
    population : Population or None
        The population table of the plan, in groups of the class table.
    owners : pa.Table or None
        Person key and `__pattern` of every person; None: rows are not linked, or no two lines are one person's.
    varies : Mapping[str, str]
        Per quasi-identifier, "person" (the same in all rows of a person) or "event".
    secrets : Mapping[str, SensitiveCounts]
        Per sensitive column, the released values of each line, where method information is asked for.
    """

    table: ClassTable
    keys: pa.Table
    as_of: str | None = None
    population: Population | None = None
    owners: pa.Table | None = None
    varies: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, SensitiveCounts] = field(default_factory=dict)

    @property
    def matched(self) -> list[str]:
        """The columns by which a row meets its line."""
        return [*self.table.columns, *([] if self.owners is None else [PATTERN])]

    def __repr__(self) -> str:
        """Show counts, never values."""
        return f"Classes({self.table!r})"


def build_class_table(engine: Engine, rows: ibis.Table, plan: Plan) -> Classes:
    """Return the class table of a file.

    Parameters
    ----------
    engine : Engine
        Where the rows are.
    rows : ibis.Table
        The rows, with sensitive columns as they will be released.
    plan : Plan
        Names quasi-identifiers, unit and models.

    Raises
    ------
    FileRejected
        The file has no rows, or rows without a person key.
    PlanError
        A hierarchy does not know some values of its column, or the class table does not fit into memory.
    """
    columns = [column.name for column in plan.recoded]
    check_unit(engine, rows, plan.unit)
    cells = count_cells(engine, rows, plan)
    counted = engine.keep(count_combinations(cells, columns, plan))
    check_size(engine.fetch_number(counted.agg(n=counted.count())), len(columns), engine_rooms.find_free_bytes())
    counts = engine.fetch(counted)
    if counts.num_rows == 0:
        raise FileRejected(N_("the input has no rows"), N_("give a file with rows"))
    levels, codes = encode_columns(counts, plan)
    order = sort_rows(codes)
    keys = counts.select(columns).take(pa.array(order)).append_column(LINE, pa.array(np.arange(len(order), dtype=np.int64)))
    table = ClassTable(
        columns=tuple(columns),
        levels=levels,
        codes=codes[order],
        rows=_integers(counts, ROWS)[order],
        persons=_integers(counts, PERSONS)[order],
        memberships=None,
        sensitive={},
        total_rows=int(_integers(counts, ROWS).sum()),
        total_persons=_count_persons(engine, cells, plan, _integers(counts, PERSONS)),
    )
    classes = Classes(table=table, keys=keys, as_of=find_as_of(counts, plan), population=make_population(plan, table))
    return _add_persons(engine, cells, classes, plan)


def _add_persons(engine: Engine, cells: ibis.Table, classes: Classes, plan: Plan) -> Classes:
    """Return the class table with its person patterns and sensitive values; split by patterns where rows are linked."""
    table, sensitive = classes.table, list(plan.privacy.asked)
    several = plan.unit is not None and int(table.persons.sum()) > table.total_persons
    if several or sensitive or _counts_rows(table, plan):
        loaded = engine.load(classes.keys)
        memberships = None
        if plan.unit and plan.linked and (several or _counts_rows(table, plan)):
            linked = _link(cells, loaded, list(table.columns))
            classes = _split(classes, find_histories(engine, linked, plan.unit, plan.linked))
            owners, loaded = engine.load(classes.owners), engine.load(classes.keys)
            cells = cells.join(owners, cells[plan.unit] == owners[plan.unit]).select(
                *[cells[name] for name in cells.columns], owners[PATTERN]
            )
        elif several:
            memberships = find_patterns(engine, _link(cells, loaded, list(table.columns)), LINE, plan.unit)
        linked = _link(cells, loaded, classes.matched)
        counts = {name: count_sensitive(engine, linked, name, plan, len(classes.table.rows)) for name in sensitive}
        table = replace(classes.table, memberships=memberships or classes.table.memberships, sensitive=counts)
    return replace(classes, table=table, varies=find_varying(table, plan))


def _counts_rows(table: ClassTable, plan: Plan) -> bool:
    """Return whether persons in one combination may differ by their number of rows in it."""
    return plan.linked == "rows" and table.total_rows > table.total_persons


def _split(classes: Classes, found: Histories) -> Classes:
    """Return the class table with a line per combination and pattern."""
    keys = classes.keys.drop_columns([LINE]).take(pa.array(found.combinations))
    keys = keys.append_column(PATTERN, pa.array(found.patterns)).append_column(LINE, pa.array(np.arange(keys.num_rows, dtype=np.int64)))
    table = replace(
        classes.table,
        codes=classes.table.codes[found.combinations],
        rows=found.rows,
        persons=found.memberships.persons[found.patterns],
        memberships=found.memberships,
    )
    return replace(classes, table=table, keys=keys, owners=found.owners)


def count_cells(engine: Engine, rows: ibis.Table, plan: Plan) -> ibis.Table:
    """Return the rows grouped by all that is counted by; the rows themselves when combinations are all that matters."""
    detail = list(plan.privacy.asked) + ([plan.unit] if plan.unit else [])
    if not detail:
        return rows
    columns = [column.name for column in plan.recoded]
    return engine.keep(rows.group_by([*columns, *detail]).agg(**{ROWS: rows.count()}))


def count_combinations(cells: ibis.Table, columns: list[str], plan: Plan) -> ibis.Table:
    """Return the expression of rows and distinct persons per combination."""
    rows = cells[ROWS].sum().cast("int64") if ROWS in cells.columns else cells.count()
    if plan.unit is None:
        return cells.group_by(columns).agg(**{ROWS: rows, PERSONS: rows})
    persons = cells[plan.unit].nunique() if list(plan.privacy.asked) else cells.count()
    return cells.group_by(columns).agg(**{ROWS: rows, PERSONS: persons})


def encode_columns(counts: pa.Table, plan: Plan) -> tuple[tuple[LevelTable, ...], NDArray[np.int32]]:
    """Return, per quasi-identifier, its levels, and per combination the position of its values.

    Raises
    ------
    PlanError
        A hierarchy does not know some values.
    """
    levels = []
    codes = np.empty((counts.num_rows, len(plan.recoded)), dtype=np.int32)
    as_of = find_as_of(counts, plan)
    for j, column in enumerate(plan.recoded):
        values, codes[:, j] = number_values(counts.column(column.name))
        hierarchy = load_hierarchy(column.hierarchy or "", folder=plan.folder, as_of=as_of)
        levels.append(hierarchy.resolve(values, column=column.name))
    return tuple(levels), codes


def find_as_of(counts: pa.Table, plan: Plan) -> str | None:
    """Return the day on which ages are counted: the plan's, else the first of the month after the latest date of the quasi-identifiers.

    A birth date is among them, so that the day is never before a birth, and another date makes it the time of the file.
    """
    if plan.as_of is not None:
        return plan.as_of
    dates = [counts.column(column.name) for column in plan.recoded if pa.types.is_date32(counts.schema.field(column.name).type)]
    latest = [day for day in (pc.max(values).as_py() for values in dates) if day is not None]
    if len(latest) < MIN_DATES:
        return None
    month: datetime.date = max(latest).replace(day=1)
    following: datetime.date = month + datetime.timedelta(days=31)
    return following.replace(day=1).isoformat()


def _link(cells: ibis.Table, lines: ibis.Table, columns: list[str]) -> ibis.Table:
    """Return cells with the number of their line."""
    rest = [name for name in cells.columns if name not in columns]
    return cells.join(lines, match(cells, lines, columns)).select(*[cells[name] for name in rest], lines[LINE])


def _count_persons(engine: Engine, cells: ibis.Table, plan: Plan, persons: NDArray[np.int64]) -> int:
    if plan.unit is None:
        return int(persons.sum())
    return engine.fetch_number(cells.agg(n=cells[plan.unit].nunique()))


def _integers(table: pa.Table, name: str) -> NDArray[np.int64]:
    numbers: NDArray[np.int64] = table.column(name).to_numpy().astype(np.int64)
    return numbers


def level_limits(plan: Plan, levels: tuple[LevelTable, ...]) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """Return the finest and the coarsest level allowed of each quasi-identifier."""
    tops = [len(table.level_names) - 1 for table in levels]
    highest = [top if column.max_level is None else column.max_level for column, top in zip(plan.recoded, tops, strict=True)]
    return np.array([column.min_level for column in plan.recoded], dtype=np.int8), np.array(highest, dtype=np.int8)
