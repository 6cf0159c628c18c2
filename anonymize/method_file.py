"""The method information (加工方法等情報) as a file: the class table, at which levels and in which class it was released, and the seed.

Decided here: what the file holds, and when it fits a plan and its hierarchies. It holds input values and must stay sealed. Not decided
here: what is done with an earlier recoding (`anonymize.reapply`), or with other releases (`anonymize.risk.sealed`).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from anonymize.classes import Method, SensitiveCounts
from anonymize.method_secrets import list_patterns, seal_secrets
from anonymize.recoding import Recoding
from anonymize.rows.class_table import Classes
from schemas.errors import FileRejected, PlanError
from schemas.files import canonical_json, sha256_bytes, sha256_file
from schemas.hierarchies import load_hierarchy
from schemas.messages import N_, Name
from schemas.plan import KEEP, Plan

KEY = b"sakusei-method"
LEVEL, SUPPRESSED = "__level_", "__suppressed"
CLASS, PERSONS, ROWS = "__class", "__persons", "__rows"
PATTERNS, SHARING = "__patterns", "__sharing"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Earlier:
    """A recoding that was found for an earlier file.

    Parameters
    ----------
    method : {"global", "local", "cells"}
        How it was found.
    base : NDArray[np.int8] or None
        As in `Recoding`.
    values : pa.Table
        The combinations, one per line. Input values.
    levels : NDArray[np.int8]
        (lines, columns): released levels.
    suppressed : NDArray[np.bool_]
        (lines): combinations that were not released.
    """

    method: Method
    base: NDArray[np.int8] | None
    values: pa.Table
    levels: NDArray[np.int8]
    suppressed: NDArray[np.bool_]

    def __repr__(self) -> str:
        """Show counts, never values."""
        return f"Earlier({self.method}, {len(self.suppressed)} combinations)"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Made:
    """What a run made, beside the class table and its recoding.

    Parameters
    ----------
    of_line : NDArray[np.int64]
        Released class of each line, -1 where suppressed.
    input_sha256 : str
        Of the input.
    seed : bytes
        Of the release.
    engine : str
        What computed on the rows.
    loss : float
        Mean loss of the quasi-identifiers, 0–1.
    secrets : Mapping[str, SensitiveCounts]
        Per sensitive column, the released values of each line.
    """

    of_line: NDArray[np.int64]
    input_sha256: str
    seed: bytes
    engine: str
    loss: float
    secrets: Mapping[str, SensitiveCounts] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Show nothing of the seed."""
        return f"Made({len(self.of_line)} lines)"


def write_method(path: Path, plan: Plan, classes: Classes, recoding: Recoding, made: Made) -> None:
    """Write the method information of a run.

    Parameters
    ----------
    path : Path
        Parquet file to make.
    plan, classes, recoding
        The plan, the class table with its keys, and the levels of its lines.
    made : Made
        The rest.
    """
    names = list(classes.table.columns)
    table = classes.keys.select(names)
    for j, name in enumerate(names):
        table = table.append_column(f"{LEVEL}{name}", pa.array(recoding.levels[:, j]))
    counted = {SUPPRESSED: recoding.suppressed, CLASS: made.of_line, PERSONS: classes.table.persons, ROWS: classes.table.rows}
    for name, content in counted.items():
        table = table.append_column(name, pa.array(content))
    members = classes.table.memberships
    if members is not None:
        for name, lists in zip((PATTERNS, SHARING), list_patterns(members, len(classes.table.rows)), strict=True):
            table = table.append_column(name, lists)
    table, secrets = seal_secrets(table, made.secrets)
    facts = {
        "plan": plan.name,
        "plan_sha256": plan.sha256,
        "seed": made.seed.hex(),
        "engine": made.engine,
        "method": recoding.method,
        "loss": made.loss,
        "base": None if recoding.base is None else recoding.base.tolist(),
        "as_of": classes.as_of,
        "hierarchies": _fingerprint(table, plan, classes.as_of),
        "columns": names,
        "unit": plan.unit,
        "k": plan.privacy.k,
        "privacy": plan.privacy.to_document(),
        "secrets": {name: {**said, "kept": plan.get_column(name).treatment == KEEP} for name, said in secrets.items()},
        "linked": plan.person_id is not None,
        "rows_of": _name_rows(plan, made),
        "input_sha256": made.input_sha256,
        "whole": all(part is None for part in (plan.remove, plan.sample, plan.rows_per_person, plan.aggregate)),
    }
    pq.write_table(table.replace_schema_metadata({KEY: json.dumps(facts, sort_keys=True)}), path, compression="zstd")


def _name_rows(plan: Plan, made: Made) -> str:
    """Return a hash that two releases share when the same rows took part: of the input, and of what left rows out."""
    document = plan.to_document()
    left_out = {key: document.get(key) for key in ("remove", "sample", "rows_per_person", "aggregate")}
    if plan.remove is not None:
        left_out["remove"] = sha256_file((plan.folder or Path()) / plan.remove)
    drawn = made.seed.hex() if plan.sample is not None or plan.rows_per_person is not None else None
    unit = plan.unit if any(left_out.values()) else None
    return sha256_bytes(canonical_json({"input": made.input_sha256, "unit": unit, **left_out, "seed": drawn}))


def read_method(path: Path, plan: Plan, method: Method | None = None) -> Earlier:
    """Return the recoding of an earlier file, after checking that plan and hierarchies are those it was made with.

    Raises
    ------
    FileRejected
        The file is no method information.
    PlanError
        It was made with another plan or method, or a hierarchy groups its values in another way now.
    """
    table, facts = read_facts(path)
    if method is not None and method != facts.get("method"):
        raise PlanError(
            N_("the method information {file} was made by another method than {method}"),
            N_("leave out --method; the method of the earlier recoding is used"),
            file=Name(path.name),
            method=Name(method),
        )
    if facts.get("plan_sha256") != plan.sha256:
        raise PlanError(
            N_("the method information {file} was made with another plan"),
            N_("use the very plan of the earlier file; a plan that was changed needs a recoding of its own"),
            file=Name(path.name),
        )
    names = [column.name for column in plan.recoded]
    if not {*names, *(f"{LEVEL}{name}" for name in names), SUPPRESSED} <= set(table.column_names):
        raise _refuse(path)
    found = _fingerprint(table, plan, facts.get("as_of"))
    for name in names:
        if found[name] != facts.get("hierarchies", {}).get(name):
            raise PlanError(
                N_("the hierarchy of {column} groups the values of {file} in another way than when it was written"),
                N_("put the hierarchy back as it was, or process without the earlier recoding"),
                column=Name(name),
                file=Name(path.name),
            )
    levels = [table.column(f"{LEVEL}{name}").to_numpy() for name in names]
    return Earlier(
        method=facts["method"],
        base=None if facts.get("base") is None else np.array(facts["base"], dtype=np.int8),
        values=table.select(names),
        levels=np.stack(levels, axis=1).astype(np.int8),
        suppressed=table.column(SUPPRESSED).to_numpy().astype(np.bool_),
    )


def read_facts(path: Path) -> tuple[pa.Table, dict[str, Any]]:
    """Return the lines of method information and what it says of itself.

    Raises
    ------
    FileRejected
        The file is no method information.
    """
    try:
        table = pq.read_table(path)
        facts = json.loads((table.schema.metadata or {})[KEY])
    except (pa.ArrowException, OSError, KeyError, ValueError):
        raise _refuse(path) from None
    return table, facts


def _refuse(path: Path) -> FileRejected:
    return FileRejected(
        N_("{file} is not method information that can be applied again"),
        N_("give the file that `sakusei anonymize run --method-info` wrote"),
        file=Name(path.name),
    )


def _fingerprint(table: pa.Table, plan: Plan, as_of: str | None) -> dict[str, str]:
    """Return, per column, a hash over what the hierarchy makes of the values: the labels of every level."""
    found = {}
    for column in plan.recoded:
        values = table.column(column.name).combine_chunks().unique()
        levels = load_hierarchy(column.hierarchy or "", folder=plan.folder, as_of=as_of).resolve(values, column=column.name)
        texts = [np.array(labels, dtype=object)[levels.codes[:, level]].tolist() for level, labels in enumerate(levels.labels)]
        found[column.name] = sha256_bytes(canonical_json([list(levels.level_names), sorted(zip(*texts, strict=True))]))
    return found
