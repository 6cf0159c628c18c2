"""Every column of the plan: clause → treatment → evidence in the written file.

Decided here: what counts as evidence. A column without a clause, or a clause without evidence, is a reason not to release.
"""

from dataclasses import dataclass

from anonymize.risk.released import Released
from anonymize.treatments import name_treatment
from schemas.messages import N_, Message
from schemas.plan import FRESH_ID, Plan, PlannedColumn

ABSENT = N_("not in the written file")
STILL_THERE = N_("still in the written file")
MISSING = N_("expected in the written file, but not there")
FRESH = N_("{distinct:,} new ids, all different for each person")
RECODED = N_("{distinct:,} labels in the written file")
TREATED = N_("{distinct:,} distinct values in the written file")


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnTrace:
    """One column from the standard to the file.

    Parameters
    ----------
    column, role, treatment : str
        As in the plan.
    clause : int
        Item of the processing standard.
    level : tuple[str, ...]
        Released levels, for recoded columns.
    evidence : Message
        What was found in the written file.
    holds : bool
        Whether the evidence agrees with the treatment.
    """

    column: str
    role: str
    treatment: str
    clause: int
    level: tuple[str, ...]
    evidence: Message
    holds: bool

    def to_json(self) -> dict[str, object]:
        """Return the trace for machines."""
        return {
            "column": self.column,
            "role": self.role,
            "clause": self.clause,
            "treatment": self.treatment,
            "levels": list(self.level),
            "evidence": self.evidence.render(),
            "holds": self.holds,
        }


def trace_columns(plan: Plan, released: Released) -> tuple[ColumnTrace, ...]:
    """Return the trace of every column of the plan, in its order."""
    return tuple(_trace(column, released) for column in plan.columns)


def _trace(column: PlannedColumn, released: Released) -> ColumnTrace:
    found = [c for c in released.fields if c.column == column.name]
    main = next((c for c in found if c.part in {"label", "value", "id"}), None)
    if column.is_dropped:
        holds, evidence = not found, Message(STILL_THERE if found else ABSENT)
    elif main is None:
        holds, evidence = False, Message(MISSING)
    else:
        holds = True
        template = FRESH if column.treatment == FRESH_ID else RECODED if column.is_recoded else TREATED
        evidence = Message(template, {"distinct": released.count_distinct(main.name)})
    return ColumnTrace(
        column=column.name,
        role=column.role.value,
        treatment=name_treatment(column.treatment),
        clause=column.clause,
        level=main.levels if main else (),
        evidence=evidence,
        holds=holds,
    )
