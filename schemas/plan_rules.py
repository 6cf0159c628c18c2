"""Which plans make sense: every rule that a form cannot state, each with its own finding, all reported at once.

Decided here: which roles must be dropped, replaced, recoded or treated, and that a plan is never weaker than the table it names. Not
decided here: settings of treatments (`schemas.plan_treatments`), whether the plan fits an input (`Plan.check_input`), whether values fit a
hierarchy (`schemas.hierarchies`).
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from schemas.errors import FormRejected, PlanError, SettingsError
from schemas.findings import Finding, FindingKind, Severity
from schemas.messages import N_, Name
from schemas.plan import DROP, FRESH_ID, Plan, PlannedColumn
from schemas.plan_aggregate import check_aggregate
from schemas.plan_analyses import check_analyses
from schemas.plan_models import check_models
from schemas.plan_tighten import check_tighten
from schemas.plan_treatments import LEVEL_RANGE, check_treatments, find_top
from schemas.tables import Role, TableSchema, load_table

MUST_DROP = frozenset({Role.DIRECT_IDENTIFIER, Role.IDENTIFICATION_CODE, Role.FREE_TEXT})
TAKEN_PREFIX = "__"

# What a plan may call a column of each usual role, unless it drops it: never weaker.
ALLOWED_ROLES: Mapping[Role, frozenset[Role]] = {
    Role.DIRECT_IDENTIFIER: MUST_DROP,
    Role.IDENTIFICATION_CODE: MUST_DROP,
    Role.FREE_TEXT: MUST_DROP,
    Role.LINKING_CODE: MUST_DROP | {Role.LINKING_CODE},
    Role.QUASI_IDENTIFIER: MUST_DROP | {Role.LINKING_CODE, Role.QUASI_IDENTIFIER},
    Role.SENSITIVE: frozenset(Role) - {Role.ATTRIBUTE},
    Role.ATTRIBUTE: frozenset(Role),
}


def _kind(code: str, template: str) -> FindingKind:
    return FindingKind(code, Severity.FILE, template)


NOT_DROPPED = _kind("identifier-not-dropped", N_("a column of role {role} must be dropped"))
NOT_REPLACED = _kind("linking-code-kept", N_("a linking code must be dropped or replaced by a fresh id"))
FRESH_ID_ROLE = _kind("fresh-id-role", N_("only a linking code can be replaced by a fresh id"))
NO_TREATMENT = _kind("treatment-missing", N_("a column of role {role} needs a treatment"))
NO_HIERARCHY = _kind("hierarchy-missing", N_("a quasi-identifier needs a hierarchy, or the treatment drop"))
STRAY_HIERARCHY = _kind("hierarchy-stray", N_("hierarchy, levels and weight belong to a recoded quasi-identifier alone"))
QUASI_TREATMENT = _kind(
    "quasi-identifier-treatment", N_("a quasi-identifier is recoded by its hierarchy or dropped; it has no other treatment")
)
NO_QUASI = _kind("no-quasi-identifier", N_("the plan recodes no quasi-identifier"))
UNIT_UNKNOWN = _kind("unit-unknown", N_("the unit is not a column of the plan"))
UNIT_NEEDED = _kind("unit-needed", N_("{step} acts on persons; the plan must name its unit"))
UNIT_TREATMENT = _kind("unit-treatment", N_("the unit must be dropped or replaced by a fresh id"))
VARIES = _kind("varies-stray", N_("`varies` belongs to a recoded quasi-identifier of a plan that names its unit"))
TABLE_UNKNOWN = _kind("table-unknown", N_("there is no such table schema"))
WEAKER_ROLE = _kind("role-weaker-than-table", N_("the role is weaker than the role {role} of the table schema"))
UNIT_MISSING = _kind("unit-missing", N_("the table counts persons by this column; the plan must name it as its unit"))
SAME_NAME = _kind("name-differs-by-case", N_("two columns of the plan differ in capital letters alone; engines take them for one"))
RESERVED_NAME = _kind("name-reserved", N_("the name is reserved or collides with a released bound"))


def read_document(path: Path) -> dict[str, Any]:
    """Return the YAML (or JSON) document of a plan, checked against its schema.

    Raises
    ------
    PlanError
        The file is missing, not well-formed, or does not meet the schema.
    """
    from schemas.documents import load_document

    try:
        return load_document("plan", path)
    except FormRejected as error:
        params: dict[str, Any] = dict(error.message.params)
        raise PlanError(error.message.template, error.hint.template, findings=error.findings, **params) from None


def check_plan(plan: Plan) -> None:
    """Check the meaning of a plan.

    Raises
    ------
    PlanError
        The plan contradicts itself, its table, or its hierarchies; every finding is given.
    """
    findings = tuple(finding for rule in RULES for finding in rule(plan))
    if findings:
        raise _reject(findings)


def _reject(findings: tuple[Finding, ...]) -> PlanError:
    return PlanError(
        N_("the plan has {count} faults, first at {column}"),
        N_("mend every fault in the list; a column without a role or a clause is never given one silently"),
        findings=findings,
        count=len(findings),
        column=findings[0].column or Name("?"),
    )


def _find(kind: FindingKind, column: str, **params: int | Name) -> Finding:
    return Finding(kind=kind, column=Name(column), params=params)


def _check_roles(plan: Plan) -> Iterator[Finding]:
    for column in plan.columns:
        if column.role in MUST_DROP and not column.is_dropped:
            yield _find(NOT_DROPPED, column.name, role=Name(column.role.value))
        elif column.role is Role.LINKING_CODE and column.treatment not in (DROP, FRESH_ID):
            yield _find(NOT_REPLACED, column.name)
        elif column.role is not Role.LINKING_CODE and column.treatment == FRESH_ID:
            yield _find(FRESH_ID_ROLE, column.name)
        elif column.role in {Role.SENSITIVE, Role.ATTRIBUTE} and column.treatment is None:
            yield _find(NO_TREATMENT, column.name, role=Name(column.role.value))
        elif column.role is Role.QUASI_IDENTIFIER and column.treatment not in (None, DROP):
            yield _find(QUASI_TREATMENT, column.name)


def _check_hierarchies(plan: Plan) -> Iterator[Finding]:
    for column in plan.columns:
        if column.is_recoded and column.hierarchy is None:
            yield _find(NO_HIERARCHY, column.name)
        elif column.is_recoded:
            yield from _check_levels(plan, column)
        elif column.hierarchy is not None or column.max_level is not None or column.min_level or column.weight != 1:
            yield _find(STRAY_HIERARCHY, column.name)
    if not plan.recoded:
        yield Finding(kind=NO_QUASI)


def _check_levels(plan: Plan, column: PlannedColumn) -> Iterator[Finding]:
    top, findings = find_top(plan, column.name, column.hierarchy or "")
    yield from findings
    if top is None:
        return
    highest = top if column.max_level is None else column.max_level
    if not 0 <= column.min_level <= highest <= top:
        yield _find(LEVEL_RANGE, column.name, top=top)


def _check_unit(plan: Plan) -> Iterator[Finding]:
    yield from (_find(VARIES, c.name) for c in plan.columns if c.varies is not None and not (c.is_recoded and plan.unit))
    if plan.unit is None:
        steps = {"remove": plan.remove, "rows_per_person": plan.rows_per_person}
        yield from (Finding(kind=UNIT_NEEDED, params={"step": Name(step)}) for step, setting in steps.items() if setting is not None)
        return
    column = next((column for column in plan.columns if column.name == plan.unit), None)
    if column is None:
        yield _find(UNIT_UNKNOWN, plan.unit)
    elif column.treatment not in (DROP, FRESH_ID):
        yield _find(UNIT_TREATMENT, plan.unit)


def _check_models(plan: Plan) -> Iterator[Finding]:
    yield from check_models(plan.privacy, frozenset(column.name for column in plan.released if column.role is Role.SENSITIVE))
    for closeness in plan.privacy.closeness:
        if closeness.hierarchy is not None:
            yield from find_top(plan, closeness.column, closeness.hierarchy)[1]


def _check_names(plan: Plan) -> Iterator[Finding]:
    bounds = {f"{column.name}_{part}" for column in plan.recoded for part in ("from", "to", "values")}
    seen: set[str] = set()
    for column in plan.columns:
        if column.name.lower() in seen:
            yield _find(SAME_NAME, column.name)
        seen.add(column.name.lower())
        collides = not column.is_dropped and column.name in bounds
        if collides or column.name.startswith(TAKEN_PREFIX):
            yield _find(RESERVED_NAME, column.name)


def _check_table(plan: Plan) -> Iterator[Finding]:
    if plan.table is None:
        return
    try:
        table = load_table(plan.table)
    except SettingsError:
        yield _find(TABLE_UNKNOWN, plan.table)
        return
    yield from _compare_roles(plan, table)
    if table.unit and plan.unit != table.unit:
        yield _find(UNIT_MISSING, table.unit)


def _compare_roles(plan: Plan, table: TableSchema) -> Iterator[Finding]:
    usual = {column.name: column.role for column in table.columns}
    for column in plan.columns:
        if column.name in usual and not column.is_dropped and column.role not in ALLOWED_ROLES[usual[column.name]]:
            yield _find(WEAKER_ROLE, column.name, role=Name(usual[column.name].value))


RULES: tuple[Callable[[Plan], Iterator[Finding]], ...] = (
    _check_roles,
    check_aggregate,
    check_treatments,
    _check_hierarchies,
    _check_unit,
    _check_models,
    _check_names,
    check_tighten,
    check_analyses,
    _check_table,
)
