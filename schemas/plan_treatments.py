"""Which treatments a column may have, with which settings: every rule of a plan about the steps that columns take.

Decided here: the steps and their settings, and what they need around them (a unit, columns to compare). Not decided here: what a step does
(`anonymize.treatments`), which roles must be dropped or recoded (`schemas.plan_rules`).
"""

import math
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from schemas.errors import PlanError
from schemas.findings import Finding, FindingKind, Severity
from schemas.messages import N_, Name
from schemas.plan import ANY_DAY, DROP, FRESH_ID, KEEP, Plan, PlannedColumn

Check = Callable[[Any], bool]
MOST_DAYS = 36_525  # a hundred years
LARGEST_STEP = (1 << 53) - 1  # the canonical form of a document holds no larger whole number (RFC 8785)


def _kind(code: str, template: str) -> FindingKind:
    return FindingKind(code, Severity.FILE, template)


UNKNOWN_TREATMENT = _kind(
    "treatment-unknown",
    N_(
        "the treatment is not one of: drop, fresh_id, keep, swap, date_shift, noise, recode, merge_rare, suppress, microaggregate, "
        "bottom_code, top_code, round_to"
    ),
)
BAD_STEP = _kind("treatment-settings", N_("the settings of treatment {step} are incomplete or out of range"))
SHIFT_UNIT = _kind("date-shift-unit", N_("dates are shifted per person; the plan must name its unit"))
SHIFT_DAYS = _kind("date-shift-days", N_("all date shifts of a plan have the same days, so that intervals of a person stay"))
SWAP_WITHIN = _kind("swap-within", N_("values are swapped between rows that are equal in other released columns; {within} is none"))
RECODE_OTHER = _kind(
    "recode-other", N_("recode by a list of values needs other: what a value becomes that is not listed, so that none passes unchanged")
)
RANDOM_MODEL = _kind("random-model-column", N_("a privacy model asks about the column; its values can be neither shifted nor noisy"))
BAD_HIERARCHY = _kind("hierarchy-unusable", N_("the hierarchy cannot be loaded"))
LEVEL_RANGE = _kind("level-out-of-range", N_("levels must lie between 0 and {top}, min_level not above max_level"))


def is_count(value: Any) -> bool:
    """Return whether a setting is a whole number of at least two persons."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 2


def is_share(value: Any) -> bool:
    """Return whether a setting is a share above 0 and below 1."""
    return isinstance(value, float) and 0 < value < 1


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return math.isfinite(value) if isinstance(value, float) else abs(value) <= LARGEST_STEP


def _is_positive(value: Any) -> bool:
    return _is_number(value) and value > 0


def _is_whole(least: int) -> Check:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= least


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_names(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(name, str) for name in value)


def _is_hierarchy(value: Any) -> bool:
    return isinstance(value, (str, Mapping))


def _settings(must: Mapping[str, Check] | None = None, may: Mapping[str, Check] | None = None, *, one_of: tuple[str, ...] = ()) -> Check:
    """Return the check of a step's settings: all of `must`, any of `may`, at least one of `one_of`, nothing else."""
    needed, known = must or {}, {**(must or {}), **(may or {})}

    def check(settings: Any) -> bool:
        if not isinstance(settings, Mapping) or set(needed) - set(settings) or set(settings) - set(known):
            return False
        chosen = not one_of or any(name in settings for name in one_of)
        return chosen and all(known[name](value) for name, value in settings.items())

    return check


def _either(*checks: Check) -> Check:
    return lambda settings: any(check(settings) for check in checks)


_TAIL = _settings(may={"share": is_share, "persons": is_count}, one_of=("share", "persons"))
_LIMITS: Mapping[str, Check] = {"minimum": _is_number, "maximum": _is_number}
_NOISE: Mapping[str, Check] = {"kind": lambda value: value in ("laplace", "normal")}

STEP_SETTINGS: Mapping[str, Check] = MappingProxyType(
    {
        "swap": _settings({"share": is_share}, {"within": _is_names}),
        "date_shift": _settings({"days": lambda value: _is_whole(1)(value) and value <= MOST_DAYS}),
        "noise": _either(_settings({**_NOISE, "scale": _is_positive}, _LIMITS), _settings({**_NOISE, "share": _is_positive}, _LIMITS)),
        "recode": _either(
            _settings({"hierarchy": _is_hierarchy, "level": _is_whole(0)}),
            _settings({"values": lambda value: isinstance(value, Mapping)}, {"other": _is_text}),
        ),
        "merge_rare": _either(
            _settings({"persons": is_count}, {"label": _is_text}), _settings({"persons": is_count, "hierarchy": _is_hierarchy})
        ),
        "suppress": _settings({"persons": is_count}),
        "microaggregate": _settings({"persons": is_count}, {"by": lambda value: value in ("mean", "median")}),
        "bottom_code": _TAIL,
        "top_code": _TAIL,
        "round_to": lambda value: _is_positive(value) and value <= LARGEST_STEP,
    }
)


def read_steps(column: PlannedColumn) -> Mapping[str, Any]:
    """Return the steps of a column with their settings; none for drop, fresh_id, keep and recoded columns."""
    return column.treatment if isinstance(column.treatment, Mapping) else {}


def check_treatments(plan: Plan) -> Iterator[Finding]:
    """Return the findings about the treatments of a plan."""
    for column in plan.columns:
        steps = read_steps(column)
        no_steps = column.treatment is not None and not steps
        if (no_steps and column.treatment not in (DROP, FRESH_ID, KEEP)) or set(steps) - set(STEP_SETTINGS):
            yield _find(UNKNOWN_TREATMENT, column)
        faults = [step for step in steps if step in STEP_SETTINGS and not STEP_SETTINGS[step](steps[step])]
        yield from (_find(BAD_STEP, column, step=Name(step)) for step in faults)
        if not faults:
            yield from _check_surroundings(plan, column, steps)


def _check_surroundings(plan: Plan, column: PlannedColumn, steps: Mapping[str, Any]) -> Iterator[Finding]:
    """Return what the steps of a column miss elsewhere in the plan."""
    if "date_shift" in steps:
        if plan.unit is None:
            yield _find(SHIFT_UNIT, column)
        shifts = [read_steps(other).get("date_shift") for other in plan.columns]
        if any(shift is not None and shift != steps["date_shift"] for shift in shifts):
            yield _find(SHIFT_DAYS, column)
    if "values" in steps.get("recode", {}) and "other" not in steps["recode"]:
        yield _find(RECODE_OTHER, column)
    asked = {d.column for d in plan.privacy.diversity} | {c.column for c in plan.privacy.closeness}
    if column.name in asked and {"date_shift", "noise"} & set(steps):
        yield _find(RANDOM_MODEL, column)
    comparable = {other.name for other in plan.released if other.treatment != FRESH_ID} - {column.name}
    within = steps.get("swap", {}).get("within", ())
    yield from (_find(SWAP_WITHIN, column, within=Name(name)) for name in within if name not in comparable)
    for step in ("recode", "merge_rare"):
        settings = steps.get(step, {})
        if "hierarchy" in settings:
            yield from _check_level(plan, column, settings)


def _check_level(plan: Plan, column: PlannedColumn, settings: Mapping[str, Any]) -> Iterator[Finding]:
    top, findings = find_top(plan, column.name, settings["hierarchy"])
    yield from findings
    if top is not None and settings.get("level", 0) > top:
        yield _find(LEVEL_RANGE, column, top=top)


def find_top(plan: Plan, column: str, spec: str | Mapping[str, Any]) -> tuple[int | None, list[Finding]]:
    """Return the last level of a hierarchy, or what is wrong with it."""
    from schemas.hierarchies import load_hierarchy

    try:
        return len(load_hierarchy(spec, folder=plan.folder, as_of=plan.as_of or ANY_DAY).level_names) - 1, []
    except PlanError as error:
        return None, [Finding(kind=BAD_HIERARCHY, column=Name(column)), *error.findings]


def _find(kind: FindingKind, column: PlannedColumn, **params: int | Name) -> Finding:
    return Finding(kind=kind, column=Name(column.name), params=params)
