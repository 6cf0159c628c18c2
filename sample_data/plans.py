"""Plans the demonstration works with: the plan of a table, changed as `plans.yaml` says."""

from pathlib import Path
from typing import Any

import yaml

from schemas.files import write_bytes

PLANS = Path(__file__).parent / "plans.yaml"
KEPT = ("role", "clause")


def edit_plan(source: Path, name: str, output: Path) -> None:
    """Write the plan in `source`, changed as `plans.yaml` says under `name`.

    Parameters
    ----------
    source : Path
        A plan as `sakusei anonymize plan` writes it.
    name : str
        Entry of `plans.yaml`.
    output : Path
        The changed plan.
    """
    change = yaml.safe_load(PLANS.read_text(encoding="utf-8"))[name]
    plan: dict[str, Any] = yaml.safe_load(source.read_text(encoding="utf-8")) | change["top"]
    for column, treated in change.get("columns", {}).items():
        kept = {key: value for key, value in plan["columns"][column].items() if key in KEPT}
        plan["columns"][column] = kept | treated
    for column in change.get("remove", ()):
        del plan["columns"][column]
    write_bytes(output, yaml.safe_dump(plan, allow_unicode=True, sort_keys=False, width=140).encode())


def get_plan_table(name: str) -> str:
    """Return the table a plan of `plans.yaml` is for."""
    return str(yaml.safe_load(PLANS.read_text(encoding="utf-8"))[name]["table"])
