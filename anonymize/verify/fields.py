"""Whether the fields of a written file are those of its plan: names, types, roles, clauses, levels and metadata, and no statistics.

Decided here: what is read from the schema and the footer alone. Not decided here: what the rows must hold (`verify.file`).
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pyarrow as pa

from anonymize.verify.storage import TRACES, find_traces
from schemas.errors import FileRejected
from schemas.findings import Reason
from schemas.hierarchies import load_hierarchy
from schemas.messages import N_, Message, Name, Param
from schemas.plan import ANY_DAY, FRESH_ID, Plan, PlannedColumn
from schemas.tables import load_table

KEY = b"sakusei"
FIELD_ID = b"PARQUET:field_id"
# What file and fields may say; anything else could carry a value of the input.
SAID_OF_FILE = frozenset(
    [
        "format",
        "plan",
        "plan_sha256",
        "table",
        "k",
        "l_diversity",
        "t_closeness",
        "unit",
        "as_of",
        "person_id",
        "quasi_identifiers",
        "method",
    ]
)
SAID_OF_FIELD = frozenset(["column", "part", "role", "clause", "treatment", "hierarchy", "level", "levels", "description"])


def _reason(code: str, template: str, **params: Param) -> Reason:
    return Reason(code=f"verify-{code}", message=Message(template, params))


def check_layout(schema: pa.Schema, plan: Plan) -> list[Reason]:
    """Return what is wrong with columns, types, roles and metadata."""
    reasons = list(_check_promise(schema, plan))
    expected: list[str] = []
    for column in plan.released:
        expected += _check_column(schema, column, plan, reasons)
    reasons += [
        _reason("column-extra", N_("column {column} is not released by the plan"), column=Name(name))
        for name in schema.names
        if name not in expected
    ]
    return reasons


def _check_promise(schema: pa.Schema, plan: Plan) -> Iterator[Reason]:
    metadata = schema.metadata or {}
    promise = _read_json(metadata.get(KEY))
    if set(metadata) - {KEY} or set(promise) - SAID_OF_FILE:
        yield _reason("foreign-metadata", N_("the file carries metadata that no release has"))
    if promise.get("plan_sha256") != plan.sha256:
        yield _reason("plan", N_("the file was made with another plan"))
    if (promise.get("k"), promise.get("unit")) != (plan.privacy.k, plan.unit):
        yield _reason("promise", N_("the file states another k or unit than the plan"))


def _has_right_levels(levels: object, column: PlannedColumn, plan: Plan, *, blanked: bool) -> bool:
    """Return whether the levels a field states lie between the finest and the coarsest the plan allows, or are "all" for blank cells."""
    names = load_hierarchy(column.hierarchy or "", folder=plan.folder, as_of=plan.as_of or ANY_DAY).level_names
    top = len(names) - 1 if column.max_level is None else column.max_level
    allowed = {*names[column.min_level : top + 1], *(names[-1:] if blanked else ())}
    return isinstance(levels, list) and set(levels) <= allowed


def _find_companions(schema: pa.Schema, column: PlannedColumn, plan: Plan) -> list[str]:
    """Return the fields beside a label: both bounds of an ordered column, the parts where sets are released."""
    if not column.is_recoded:
        return []
    bounds = [name for name in (f"{column.name}_from", f"{column.name}_to") if name in schema.names]
    parts = [f"{column.name}_values"] if plan.tighten and plan.tighten.nominal and not bounds else []
    return bounds + parts


def _check_column(schema: pa.Schema, column: PlannedColumn, plan: Plan, reasons: list[Reason]) -> list[str]:
    """Return the fields a column may have, and note what is wrong with them."""
    beside = _find_companions(schema, column, plan)
    present = [name for name in [column.name, *beside] if name in schema.names]
    if len(present) != 1 + len(beside) or beside in ([f"{column.name}_from"], [f"{column.name}_to"]):
        reasons.append(_reason("column-missing", N_("column {column} is missing, or has one bound alone"), column=Name(column.name)))
        return present
    blanked = has_blank_cells(schema)
    described = {None, column.description, *_describe_by_table(column, plan)}
    for name in present:
        said = _read_json((schema.field(name).metadata or {}).get(KEY))
        if (said.get("column"), said.get("role"), said.get("clause")) != (column.name, column.role.value, column.clause):
            reasons.append(_reason("metadata", N_("column {column} does not state its role and clause"), column=Name(name)))
        if (
            set(schema.field(name).metadata or {}) - {KEY, FIELD_ID}
            or set(said) - SAID_OF_FIELD
            or said.get("description") not in described
        ):
            reasons.append(_reason("foreign-metadata", N_("column {column} carries metadata that no release has"), column=Name(name)))
        if column.is_recoded and not _has_right_levels(said.get("levels"), column, plan, blanked=blanked):
            reasons.append(_reason("level", N_("column {column} is released at a level the plan does not allow"), column=Name(name)))
    if not _has_right_type(schema, column, present):
        reasons.append(_reason("type", N_("column {column} has not the type it is released as"), column=Name(column.name)))
    return present


def _describe_by_table(column: PlannedColumn, plan: Plan) -> tuple[str, ...]:
    """Return how a column without words of the plan may be described: by its table, or by its name."""
    known = {entry.name: entry.description_ja for entry in load_table(plan.table).columns} if plan.table else {}
    return () if column.description else (known.get(column.name, column.name),)


def _has_right_type(schema: pa.Schema, column: PlannedColumn, present: list[str]) -> bool:
    kind = schema.field(column.name).type
    if column.treatment == FRESH_ID:
        return bool(kind == pa.int64())
    if not column.is_recoded:
        return not pa.types.is_nested(kind)
    if present[1:] == [f"{column.name}_values"] and not _is_list_of_texts(schema.field(present[1]).type):
        return False
    bounds = [schema.field(name).type for name in present[1:]]
    return bool(kind == pa.dictionary(pa.int32(), pa.string())) and len(set(bounds)) <= 1


def has_blank_cells(schema: pa.Schema) -> bool:
    """Return whether the file says that single cells are blanked, whatever the coarsest level of their column."""
    return _read_json((schema.metadata or {}).get(KEY)).get("method") == "cells"


def _is_list_of_texts(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) and pa.types.is_string(kind.value_type))


def _read_json(text: bytes | None) -> dict[str, Any]:
    try:
        found = json.loads(text or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


# What the storage would tell beyond the rows → what is said of it.
TOLD: Mapping[str, str] = MappingProxyType(
    {
        "statistics": N_("the file carries statistics of its row groups"),
        "bloom_filters": N_("the file carries filters that tell whether a value is in it"),
        "metadata": N_("the file carries metadata that no release has"),
        "dictionaries": N_("a dictionary of the file lists values that no row has"),
        "order": N_("the file states by which columns its rows are sorted"),
        "software": N_("the file was written by other software"),
        "gaps": N_("the file holds bytes that belong to no column"),
    }
)


def check_storage(path: Path) -> list[Reason]:
    """Return what the storage would tell beyond the rows.

    Raises
    ------
    FileRejected
        The file cannot be read to its end.
    """
    try:
        found = find_traces(path)
    except (pa.ArrowException, OSError, ValueError):
        raise FileRejected(
            N_("{file} is not a Parquet file that can be read to its end"),
            N_("give the file that anonymize run wrote"),
            file=Name(path.name),
        ) from None
    return [_reason(trace.replace("_", "-"), TOLD[trace]) for trace in TRACES if trace in found]
