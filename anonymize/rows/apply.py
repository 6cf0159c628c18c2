"""The second pass: every row meets its class by one join, is treated, sorted by what is released, and written.

Decided here: the canonical order (classes by released values, then the other released columns in the order of the plan, ids last; missing
values last), which makes the order of rows say nothing. Not decided here: which class a combination belongs to (search, layout).
"""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import ibis
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from anonymize.engines.engine import Engine, PartWriter, match
from anonymize.layout import ReleasedClasses, ReleasedColumn, describe_fields, describe_release
from anonymize.rows.class_table import Classes
from anonymize.rows.persons import LINE, PATTERN
from anonymize.rows.words import Packing, Places, find_places, plan_packing
from anonymize.rows.write import drop_empty_parts, write_part, write_release
from anonymize.treatments import Surroundings, make_treatments
from schemas.ahead import work_ahead
from schemas.plan import FRESH_ID, KEEP, Plan
from schemas.plan_treatments import read_steps

CLASS = "__class"
PACKED_ROWS = 1 << 20  # fewer rows are sorted at once as they are


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Release:
    """What is to be written.

    Parameters
    ----------
    plan : Plan
        Roles, treatments and order of columns.
    classes : Classes
        The class table and its keys.
    released : ReleasedClasses
        Class of every line and its released values.
    levels : Mapping[str, list[str]]
        Names of the levels each quasi-identifier is released at, for the metadata.
    method : str
        "global" or "local", for the metadata.
    """

    plan: Plan
    classes: Classes
    released: ReleasedClasses
    levels: Mapping[str, list[str]]
    method: str


def treat_early(rows: ibis.Table, plan: Plan, around: Surroundings) -> ibis.Table:
    """Return the rows with those treatments that privacy models must see: all steps of the columns they ask about."""
    for name in plan.privacy.asked:
        for treatment in make_treatments(plan.get_column(name).treatment):
            rows = treatment.apply(rows, name, around)
    return rows


def treat_late(rows: ibis.Table, plan: Plan, around: Surroundings) -> ibis.Table:
    """Return the released rows with all other treatments; what these learn, they learn from rows that are released."""
    done = set(plan.privacy.asked)
    for column in plan.released:
        if column.name not in done and column.treatment != FRESH_ID:
            for treatment in make_treatments(column.treatment):
                rows = treatment.apply(rows, column.name, around)
    return rows


def replace_ids(rows: ibis.Table, plan: Plan, around: Surroundings) -> ibis.Table:
    """Return the rows with fresh ids, drawn from all persons of the file."""
    for column in plan.released:
        if column.treatment == FRESH_ID:
            for treatment in make_treatments(column.treatment):
                rows = treatment.apply(rows, column.name, around)
    return rows


def helping_columns(plan: Plan) -> list[str]:
    """Return the columns that treatments look at: the unit, and those in which swapped rows are equal."""
    within = [name for column in plan.released for name in read_steps(column).get("swap", {}).get("within", ())]
    return list(dict.fromkeys([*([plan.unit] if plan.unit else []), *within]))


def apply_release(rows: ibis.Table, release: Release, around: Surroundings, path: Path, *, in_parts: bool = False) -> int:
    """Write the released rows and return how many they are.

    Parameters
    ----------
    rows : ibis.Table
        The rows, as `treat_early` left them.
    release : Release
        Classes and plan.
    around : Surroundings
        Engine, unit and seed.
    path : Path
        The Parquet file to make, or the folder of its parts.
    in_parts : bool
        Let the engine's executors write parts; the rows then never come together in this process.
    """
    plan, columns = release.plan, release.classes.matched
    rows = replace_ids(attach_patterns(rows, release, around), plan, around)
    mapping = around.engine.load(_map_lines(release))
    rest = [column.name for column in plan.released if column.name not in columns]
    needed = rest + [name for name in helping_columns(plan) if name not in rest]
    met = rows.join(mapping, match(rows, mapping, columns)).select(mapping[CLASS], *[rows[name] for name in needed])
    treated = treat_late(met, plan, around)
    ids = [column.name for column in plan.released if column.treatment == FRESH_ID]
    order = [CLASS, *[name for name in rest if name not in ids], *ids]
    schema = _make_schema(release, treated)
    packing = _plan_packing(release, order, rows, around.engine)
    packed = packing.pack(treated, around.engine)
    ordered = packed.order_by([ibis.asc(packed[name], nulls_first=False) for name in packed.columns])
    expand = partial(_expand, packing=packing, released=release.released, schema=schema)
    if in_parts:
        return _apply_in_parts(ordered, around.engine, partial(write_part, path, schema, expand), path)
    return write_release(path, schema, work_ahead(expand(around.engine.stream(ordered))))


def _plan_packing(release: Release, order: list[str], rows: ibis.Table, engine: Engine) -> Packing:
    """Return how columns share words: those whose values are those of `rows`; few rows are not worth looking."""
    plan, table = release.plan, release.classes.table
    if table.total_rows < PACKED_ROWS:
        return plan_packing(order, {})
    same = [column.name for column in plan.released if column.treatment == KEEP or column.name in plan.privacy.asked]
    classes = Places(name=CLASS, kind=pa.int32(), least=0, values=int(release.released.of_line.max(initial=-1)) + 2)
    return plan_packing(order, {CLASS: classes, **find_places(engine, rows, [name for name in order if name in same])})


def _apply_in_parts(ordered: ibis.Table, engine: Engine, write: PartWriter, folder: Path) -> int:
    """Write the parts of a release into a fresh folder and return its rows."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(mode=0o700)
    rows = engine.write_parts(ordered, write)
    if not rows:
        write(0, iter(()))
    drop_empty_parts(folder, rows)
    return sum(rows.values())


def attach_patterns(rows: ibis.Table, release: Release, around: Surroundings) -> ibis.Table:
    """Return the rows with the pattern of their person where lines are split by it: persons in one combination may be released unlike."""
    owners, unit = release.classes.owners, release.plan.unit
    if owners is None or unit is None:
        return rows
    loaded = around.engine.load(owners)
    return rows.join(loaded, rows[unit] == loaded[unit]).select(*[rows[name] for name in rows.columns], loaded[PATTERN])


def _map_lines(release: Release) -> pa.Table:
    """Return the quasi-identifier values of every released line, with its class."""
    of_line = release.released.of_line
    kept = np.flatnonzero(of_line >= 0)
    keys = release.classes.keys.drop_columns([LINE]).take(pa.array(kept))
    return keys.append_column(CLASS, pa.array(of_line[kept].astype(np.int32)))


def _make_schema(release: Release, rows: ibis.Table) -> pa.Schema:
    """Return fields in the order of the plan, each with its metadata."""
    kinds: dict[str, pa.DataType] = {field.name: field.type for field in rows.schema().to_pyarrow()}
    for column in release.released.columns:
        kinds[column.name] = pa.dictionary(pa.int32(), pa.string())
        kinds |= {name: array.type for name, array in column.companions.items()}
    fields = [field for planned in release.plan.released for field in describe_fields(planned, release.plan, release.levels, kinds)]
    return pa.schema(fields, metadata=describe_release(release.plan, method=release.method))


def _expand(batches: Iterator[pa.RecordBatch], packing: Packing, released: ReleasedClasses, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Replace the class of each row by its released values."""
    for batch in packing.unpack(batches):
        numbers = batch.column(CLASS).to_numpy()
        arrays = {name: batch.column(name) for name in batch.schema.names if name != CLASS}
        for column in released.columns:
            arrays |= _look_up(column, column.of_class[numbers])
        yield pa.RecordBatch.from_arrays([arrays[name] for name in schema.names], schema=schema)


def _look_up(column: ReleasedColumn, values: NDArray[np.int32]) -> dict[str, pa.Array]:
    """Return label, and bounds or parts, of released values."""
    codes = pa.array(column.label_codes[values])
    cells = {column.name: pa.DictionaryArray.from_arrays(codes, column.labels)}
    places = pa.array(values)
    return cells | {name: array.take(places) for name, array in column.companions.items()}
