"""What each treatment promised of its column, measured again on the written file.

Decided here: which promise of a step can be measured without the input, and how. A column that a privacy model asks about learnt its rare
values and ends before rows were suppressed; for it the models are what is measured, and steps by persons are left out.
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from anonymize.verify import sql
from schemas.findings import Reason
from schemas.messages import N_, Message, Name, Param
from schemas.plan import Plan, PlannedColumn
from schemas.plan_treatments import read_steps

Check = Callable[[sql.WrittenFile, PlannedColumn, Mapping[str, Any]], Iterator[Reason]]


def check_treatments(file: sql.WrittenFile, plan: Plan) -> Iterator[Reason]:
    """Return the broken promises of treatments."""
    asked = {d.column for d in plan.privacy.diversity} | {c.column for c in plan.privacy.closeness}
    for column in plan.released:
        steps = read_steps(column)
        for step in steps:
            if step in BY_PERSONS and column.name not in asked:
                yield from BY_PERSONS[step](file, column, steps[step])
            if step in BY_VALUE:
                yield from BY_VALUE[step](file, column, steps)


def _reason(code: str, template: str, **params: Param) -> Reason:
    return Reason(code=f"verify-{code}", message=Message(template, params))


def _check_end(side: str) -> Check:
    def check(file: sql.WrittenFile, column: PlannedColumn, settings: Mapping[str, Any]) -> Iterator[Reason]:
        least = settings.get("persons") or 0
        if least and 0 <= sql.count_at_end(file, column.name, side) < least:
            yield _reason("end", N_("fewer than {least} persons share the end of {column}"), least=least, column=Name(column.name))

    return check


def _check_rarest(file: sql.WrittenFile, column: PlannedColumn, settings: Mapping[str, Any]) -> Iterator[Reason]:
    least = settings["persons"]
    if 0 <= sql.count_rarest(file, column.name) < least:
        yield _reason("rare", N_("fewer than {least} persons share a value of {column}"), least=least, column=Name(column.name))


def _check_suppressed(file: sql.WrittenFile, column: PlannedColumn, settings: Mapping[str, Any]) -> Iterator[Reason]:
    yield from _check_rarest(file, column, settings)
    least = settings["persons"]
    if 0 < sql.count_absent(file, column.name) < least:
        yield _reason("absent", N_("fewer than {least} persons lack a value of {column}"), least=least, column=Name(column.name))


def _check_grid(file: sql.WrittenFile, column: PlannedColumn, steps: Mapping[str, Any]) -> Iterator[Reason]:
    if sql.count_off_grid(file, column.name, float(steps["round_to"])):
        yield _reason("grid", N_("column {column} holds numbers between the steps of its rounding"), column=Name(column.name))


def _check_limits(file: sql.WrittenFile, column: PlannedColumn, steps: Mapping[str, Any]) -> Iterator[Reason]:
    limits = steps["noise"].get("minimum"), steps["noise"].get("maximum")
    if not {"recode", "merge_rare", "round_to"} & set(steps) and sql.count_beyond(file, column.name, *limits):
        yield _reason("limits", N_("column {column} holds numbers beyond the limits of its noise"), column=Name(column.name))


# Promises about persons, and promises about single values.
BY_PERSONS: Mapping[str, Check] = MappingProxyType(
    {
        "top_code": _check_end("top"),
        "bottom_code": _check_end("bottom"),
        "suppress": _check_suppressed,
        "merge_rare": _check_rarest,
        "microaggregate": _check_rarest,
    }
)
BY_VALUE: Mapping[str, Check] = MappingProxyType({"round_to": _check_grid, "noise": _check_limits})
