"""Roles that the contents of a column force on a plan: found at intake, carried by the Parquet file itself, obeyed where a plan meets it.

Decided here: how the file carries them (its own metadata, so that they cannot be left behind) and which roles of a plan meet a forced one.
Not decided here: what is found in a column (intake).
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from schemas.errors import PlanError
from schemas.findings import Finding, FindingKind, Severity
from schemas.messages import N_, Name
from schemas.tables import Role

if TYPE_CHECKING:
    from schemas.plan import Plan

METADATA_KEY = b"sakusei.forced_roles"
FORCED = FindingKind(
    "role-weaker-than-contents", Severity.FILE, N_("the cells hold {reason}; the role must be {role}, and the treatment drop")
)
# A plan may call a column with names in its text a direct identifier as well: it is dropped in either case.
_MEETS: Mapping[Role, frozenset[Role]] = {
    Role.IDENTIFICATION_CODE: frozenset({Role.IDENTIFICATION_CODE}),
    Role.FREE_TEXT: frozenset({Role.FREE_TEXT, Role.DIRECT_IDENTIFIER, Role.IDENTIFICATION_CODE}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ForcedRole:
    """A role a plan has to give a column.

    Parameters
    ----------
    column : str
        Name in the table.
    role : Role
        `identification_code` or `free_text`.
    reason : str
        What was found: the kind of code, or the kinds of mentions of persons; never a cell.
    """

    column: str
    role: Role
    reason: str

    def to_json(self) -> dict[str, str]:
        """Return the role for machines."""
        return {"column": self.column, "role": self.role.value, "reason": self.reason}


def to_metadata(roles: Iterable[ForcedRole]) -> dict[str, str]:
    """Return forced roles as metadata of a Parquet file; nothing when there are none."""
    listed = [role.to_json() for role in roles]
    return {METADATA_KEY.decode(): json.dumps(listed, ensure_ascii=False)} if listed else {}


def read_forced_roles(path: Path) -> tuple[ForcedRole, ...]:
    """Return the forced roles that a Parquet file carries; none for a file that was not made by intake.

    Raises
    ------
    PlanError
        The file carries roles that cannot be read.
    """
    import pyarrow.parquet as pq

    content = (pq.read_metadata(path).metadata or {}).get(METADATA_KEY)
    if content is None:
        return ()
    try:
        return tuple(
            ForcedRole(column=entry["column"], role=Role(entry["role"]), reason=Name(entry["reason"])) for entry in json.loads(content)
        )
    except (ValueError, KeyError, TypeError) as error:
        raise PlanError(
            N_("{file} carries roles of columns that cannot be read"),
            N_("convert the file again: sakusei intake convert"),
            file=Name(path.name),
        ) from error


def check_forced_roles(path: Path, plan: "Plan") -> None:
    """Raise when a plan gives a column a weaker role than its contents force.

    Raises
    ------
    PlanError
        Every such column is named.
    """
    planned = {column.name: column.role for column in plan.columns}
    findings = tuple(
        Finding(kind=FORCED, column=Name(role.column), params={"reason": Name(role.reason), "role": Name(role.role.value)})
        for role in read_forced_roles(path)
        if role.column in planned and planned[role.column] not in _MEETS.get(role.role, frozenset())
    )
    if findings:
        raise PlanError(
            N_("the plan takes {count} columns for less than their contents are, first {column}"),
            N_("give the columns named above the role and the treatment drop; intake found this in the file"),
            findings=findings,
            count=len(findings),
            column=findings[0].column or Name("?"),
        )
