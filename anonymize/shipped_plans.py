"""The plans that come with the software, one per table of the common schema: complete examples to start a real plan from."""

from pathlib import Path

from schemas.errors import PlanError
from schemas.messages import N_, Name

FOLDER = Path(__file__).parent / "plans"


def plan_names() -> tuple[str, ...]:
    """Return the tables there is a plan for, sorted."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def find_plan_file(table: str) -> Path:
    """Return the file of the plan for a table.

    Raises
    ------
    PlanError
        There is no plan for this table.
    """
    if table not in plan_names():
        raise PlanError(
            N_("there is no plan for table {table}"),
            N_("there are plans for: {tables}"),
            table=Name(table),
            tables=Name(", ".join(plan_names())),
        )
    return FOLDER / f"{table}.yaml"
