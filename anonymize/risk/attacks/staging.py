"""Setting the scene: originals and released rows read, encoded in one language, and put before the attacks."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from anonymize.engines.engine import EngineSettings, open_engine
from anonymize.ordering import number_values
from anonymize.risk.attacks.encoding import QuasiIdentifier, Rows, encode_others
from anonymize.risk.attacks.halves import Halves
from anonymize.risk.attacks.linkage import ReleasedClasses, encode_classes
from anonymize.risk.attacks.scene import Scene
from anonymize.risk.narrowed import find_members, read_cells, take_cells
from anonymize.risk.released import QUASI_IDENTIFIER, Released, read_fields
from anonymize.treatments import Surroundings, make_treatments
from schemas.embedded_sql import quote
from schemas.hierarchies import load_hierarchy
from schemas.plan import FRESH_ID, Plan, PlannedColumn
from schemas.tables import Role

NUMBER = "__number"
CELL_STEPS = ("recode", "round_to")


def find_quasi_identifiers(plan: Plan, values: Mapping[str, pa.ChunkedArray]) -> dict[str, QuasiIdentifier]:
    """Return, per recoded column, its distinct values and what the hierarchy says of them.

    Parameters
    ----------
    plan : Plan
        Hierarchies.
    values : Mapping[str, pa.ChunkedArray]
        Values of each recoded column, with or without repetition.

    Raises
    ------
    PlanError
        A hierarchy does not know some values.
    """
    found = {}
    for column in plan.recoded:
        distinct, _ = number_values(values[column.name])
        levels = load_hierarchy(column.hierarchy or "", folder=plan.folder, as_of=plan.as_of).resolve(distinct, column=column.name)
        found[column.name] = QuasiIdentifier(name=column.name, values=distinct, levels=levels)
    return found


def stage_release(halves: Halves, release: Path, plan: Plan, *, seed: int) -> Scene:
    """Return the scene of the attacks on the processed half.

    Parameters
    ----------
    halves : Halves
        Members and strangers, cells already brought to the form in which they are released (see `treat_cells`).
    release : Path
        The members' half as it was processed.
    plan : Plan
        Hierarchies.
    seed : int
        Of values drawn from generalised ones.
    """
    rng = np.random.default_rng([seed, 1])
    columns, _ = read_fields(release)
    table = pq.read_table(release)
    quasi = _narrow(_of_halves(halves, plan), plan, partial(take_cells, table))
    labels = {c.column: c.name for c in columns if c.role == QUASI_IDENTIFIER and c.part == "label"}
    names = other_columns(plan)
    coded = encode_others([table, halves.members, halves.strangers], names)
    known = (
        {name: quasi[name].encode_labels(table.column(label), rng) for name, label in labels.items()},
        *({name: quasi[name].encode_values(half.column(name)) for name in labels} for half in (halves.members, halves.strangers)),
    )
    rows = [Rows(known=k, numbers=numbers, categories=categories) for k, (numbers, categories) in zip(known, coded, strict=True)]
    return Scene(quasi_identifiers=quasi, released=rows[0], members=rows[1], strangers=rows[2], secrets=secret_columns(plan))


def stage_unprotected(halves: Halves, plan: Plan) -> Scene:
    """Return the scene of the positive control: the attacker holds the members' own rows, as they came."""
    quasi = _of_halves(halves, plan)
    both = (halves.members, halves.strangers)
    coded = encode_others(both, other_columns(plan))
    members, strangers = (
        Rows(known={name: q.encode_values(half.column(name)) for name, q in quasi.items()}, numbers=numbers, categories=categories)
        for half, (numbers, categories) in zip(both, coded, strict=True)
    )
    return Scene(quasi_identifiers=quasi, released=members, members=members, strangers=strangers, secrets=secret_columns(plan))


def treat_cells(halves: Halves, plan: Plan, work: Path) -> Halves:
    """Return both halves with those treatments that need one cell only (recode, round_to), anybody can apply them."""
    steps = {column.name: _cell_steps(column) for column in plan.released if not column.is_recoded}
    todo = {name: spec for name, spec in steps.items() if spec}
    if not todo:
        return halves
    half = halves.members.num_rows
    both = pa.concat_tables([halves.members, halves.strangers]).append_column(NUMBER, pa.array(np.arange(2 * half)))
    engine = open_engine("duckdb", EngineSettings(work=work))
    try:
        around = Surroundings(engine=engine, unit=plan.unit, seed=b"", folder=plan.folder)
        rows = engine.load(both)
        for name, spec in todo.items():
            for treatment in make_treatments(spec):
                rows = treatment.apply(rows, name, around)
        treated = engine.fetch(rows.order_by(NUMBER)).drop_columns([NUMBER])
    finally:
        engine.close()
    return Halves(members=treated.slice(0, half), strangers=treated.slice(half, half))


def other_columns(plan: Plan) -> list[str]:
    """Return the released columns that are neither recoded nor ids."""
    return [column.name for column in plan.released if not column.is_recoded and column.treatment != FRESH_ID]


def secret_columns(plan: Plan) -> tuple[str, ...]:
    """Return the released sensitive columns."""
    return tuple(column.name for column in plan.released if column.role is Role.SENSITIVE)


def _cell_steps(column: PlannedColumn) -> dict[str, Any]:
    treatment = column.treatment
    return {step: treatment[step] for step in CELL_STEPS if step in treatment} if isinstance(treatment, Mapping) else {}


def _of_halves(halves: Halves, plan: Plan) -> dict[str, QuasiIdentifier]:
    both = pa.concat_tables([halves.members, halves.strangers])
    return find_quasi_identifiers(plan, {column.name: both.column(column.name) for column in plan.recoded})


def _narrow(quasi: Mapping[str, QuasiIdentifier], plan: Plan, cells: Callable[[PlannedColumn], pa.Table]) -> dict[str, QuasiIdentifier]:
    """Return the quasi-identifiers with what the narrowed labels of a release stand for."""
    if plan.tighten is None:
        return dict(quasi)
    found = {}
    for column in plan.recoded:
        known = quasi[column.name]
        found[column.name] = replace(known, narrowed=find_members(cells(column), column, plan, known.levels))
    return found


def read_classes(released: Released, quasi: Mapping[str, QuasiIdentifier], plan: Plan) -> ReleasedClasses:
    """Return the classes of the written file, in the language of the originals."""
    columns = [c for c in released.fields if c.role == QUASI_IDENTIFIER and c.part == "label"]
    names = ", ".join(quote(c.name) for c in columns)
    counts = f"{released.person_sql} AS __persons, count(*) AS __rows"
    sql = f"SELECT {names}, {counts} FROM released GROUP BY {names} ORDER BY {names}"  # noqa: S608 - names are quoted
    found = released.connection.sql(sql).to_arrow_table()
    quasi = _narrow(quasi, plan, partial(read_cells, released))
    labels = {column.column: found.column(column.name).cast(pa.string()).to_pylist() for column in columns}
    persons = found.column("__persons").to_numpy().astype(np.int64)
    rows = found.column("__rows").to_numpy().astype(np.int64)
    return encode_classes(quasi, labels, persons, rows, single=int(persons.sum()) == released.persons)


def read_holders(released: Released) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return person number and class number of every pair of them; classes are numbered as `read_classes` orders them."""
    names = ", ".join(quote(c.name) for c in released.fields if c.role == QUASI_IDENTIFIER and c.part == "label")
    numbered = (
        f"dense_rank() OVER (ORDER BY {quote(released.person_id or '')}) - 1 AS person, dense_rank() OVER (ORDER BY {names}) - 1 AS class"
    )
    found = released.connection.sql(f"SELECT DISTINCT {numbered} FROM released").to_arrow_table()  # noqa: S608 - names are quoted
    return found.column("person").to_numpy().astype(np.int64), found.column("class").to_numpy().astype(np.int64)
