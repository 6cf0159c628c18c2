"""Whether the columns of an input are those of a plan: what each side lacks, without a word of the rows.

Not decided here: types and values.
"""

from collections.abc import Sequence

from schemas.findings import Finding, FindingKind, Severity
from schemas.messages import N_, Name

INPUT_COLUMN_UNPLANNED = FindingKind("input-column-unplanned", Severity.FILE, N_("a column of the input is missing in the plan"))
PLAN_COLUMN_ABSENT = FindingKind("plan-column-absent", Severity.FILE, N_("a column of the plan is missing in the input"))


def compare_columns(present: Sequence[str], planned: Sequence[str]) -> tuple[Finding, ...]:
    """Return what differs between the columns of an input and those of a plan; empty when they are the same.

    Parameters
    ----------
    present, planned : Sequence[str]
        Names of columns in the input, and in the plan.

    Returns
    -------
    tuple[Finding, ...]
        One per column that a side lacks, first those of the input. They are named, except where the input has none of the planned
        columns: its first line is then perhaps no heading but a row, and its columns go by their place (`#1`).
    """
    is_heading = not set(present).isdisjoint(planned)
    unplanned = [
        Finding(kind=INPUT_COLUMN_UNPLANNED, column=Name(name if is_heading else f"#{place}"))
        for place, name in enumerate(present, start=1)
        if name not in planned
    ]
    return (*unplanned, *(Finding(kind=PLAN_COLUMN_ABSENT, column=Name(name)) for name in planned if name not in present))
