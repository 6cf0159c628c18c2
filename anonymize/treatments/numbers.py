"""Which columns the treatments of numbers accept."""

from typing import Any

import ibis

from schemas.errors import PlanError
from schemas.messages import N_, Name


def check_number(rows: ibis.Table, column: str, step: float = 1) -> Any:
    """Return a column of numbers.

    Raises
    ------
    PlanError
        The column holds something else, or the step does not fit whole numbers.
    """
    value = rows[column]
    if not value.type().is_numeric():
        raise PlanError(
            N_("column {column} holds no numbers, which its treatment needs"),
            N_("state `type: integer` for a column of a CSV file, or choose another treatment"),
            column=Name(column),
        )
    if value.type().is_integer() and step != int(step):
        raise PlanError(
            N_("column {column} holds whole numbers; the step must be a whole number"),
            N_("give a whole number in round_to"),
            column=Name(column),
        )
    return value
