"""A complete plan out of a folder of hierarchies: every column that has a hierarchy file is a quasi-identifier.

Decided here: which file belongs to which column (`*_hierarchy_<column>.csv`, or `<column>.csv`). Not decided here: anything about columns
without a hierarchy; a person has to.
"""

import re
from pathlib import Path
from typing import Any

import yaml

from schemas.errors import PlanError
from schemas.files import write_bytes
from schemas.messages import N_, Name
from schemas.plan import Method, Plan, parse_plan
from schemas.plan_input import compare_columns
from schemas.plan_rules import check_plan
from schemas.tables import Role

NAMED = re.compile(r"(?:.*_)?hierarchy_(?P<column>.+)")
CLAUSE = 5  # 加工基準5号: measures in view of the differences between the records of the file


def find_hierarchies(folder: Path) -> dict[str, Path]:
    """Return column → hierarchy file, in the order of file names.

    Raises
    ------
    PlanError
        The folder has no hierarchy files, or two for one column.
    """
    found: dict[str, Path] = {}
    for path in sorted(folder.glob("*.csv")):
        named = NAMED.fullmatch(path.stem)
        if named is None:
            continue
        if named["column"] in found:
            raise PlanError(N_("two hierarchy files are for column {column}"), N_("keep one of them"), column=Name(named["column"]))
        found[named["column"]] = path
    if not found:
        raise PlanError(
            N_("folder {folder} holds no hierarchy files"),
            N_("name them NAME_hierarchy_COLUMN.csv, one line per value: value;coarser;…;*"),
            folder=Name(folder.name),
        )
    return found


def make_plan(folder: Path, *, k: int, suppression_limit: float, method: Method, home: Path, columns: list[str] | None = None) -> Plan:
    """Return a plan whose quasi-identifiers are the columns with a hierarchy.

    Parameters
    ----------
    folder : Path
        Where the hierarchy files are.
    k : int
        Fewest persons of a class.
    suppression_limit : float
        Greatest share (0–1) of suppressed rows.
    method : {"global", "local"}
        How levels are chosen.
    home : Path
        Folder the plan will lie in; hierarchies below it are named relative to it.
    columns : list[str] or None
        Columns of the input, in their order; None: those with a hierarchy, by file name.

    Raises
    ------
    PlanError
        A column of the input has no hierarchy, or the reverse.
    """
    found = find_hierarchies(folder)
    names = list(found) if columns is None else columns
    if findings := compare_columns(names, list(found)):
        raise PlanError(
            N_("{count} columns lack a hierarchy file, or the input lacks the column"),
            N_("add the missing hierarchies, or write the plan by hand: a column without a hierarchy needs a decision"),
            findings=findings,
            count=len(findings),
        )
    entry = {"role": Role.QUASI_IDENTIFIER.value, "clause": CLAUSE}
    document: dict[str, Any] = {
        "plan": _make_name(folder),
        "privacy": {"k": k},
        "suppression_limit": suppression_limit,
        "method": method,
        "columns": {name: {**entry, "hierarchy": _name_path(found[name], home)} for name in names},
    }
    plan = parse_plan(document, folder=home.resolve())
    check_plan(plan)
    return plan


def write_plan(plan: Plan, path: Path) -> None:
    """Write a plan as YAML, whole or not at all."""
    text = yaml.safe_dump(plan.to_document(), allow_unicode=True, sort_keys=False, width=140, default_flow_style=None)
    write_bytes(path, text.encode("utf-8"))


def _make_name(folder: Path) -> str:
    name = re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-")
    return f"{name or 'plan'}-v1"


def _name_path(path: Path, home: Path) -> str:
    """Return a path relative to the plan where the file lies below it, else the whole path."""
    resolved = path.resolve()
    return str(resolved.relative_to(home.resolve())) if resolved.is_relative_to(home.resolve()) else str(resolved)
