"""The verdict on a written file: does it hold what the plan promises? Nothing is taken from memory; only the file and the plan are read.

Decided here: what is checked (columns, types, roles, metadata, k on persons, l, t, ends and rare values, canonical order, no statistics).
Persons are counted by the fresh ids of the release. Where the plan drops its unit, or has none, every row counts as one person; that is
safe because processing refuses to drop the unit of a file in which a person has several rows.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from anonymize.parts import read_schema
from anonymize.verify import sql
from anonymize.verify.fields import check_layout, check_storage, has_blank_cells
from anonymize.verify.levels import check_levels
from anonymize.verify.models import ModelFigures, check_models, measure_models
from anonymize.verify.persons import check_persons, count_sharing, split_by_history
from anonymize.verify.population import check_population, measure_population, show_figures
from anonymize.verify.tightened import check_tightened
from anonymize.verify.treatments import check_treatments
from schemas.errors import FileRejected, VerificationFailed
from schemas.findings import Reason
from schemas.messages import N_, Message, Name, Param
from schemas.plan import FRESH_ID, Plan, PlannedColumn

TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What was measured on the written file.

    Parameters
    ----------
    rows, persons : int
        Released rows and distinct persons.
    classes, smallest_class : int
        Classes of equal quasi-identifiers, and the persons of the smallest.
    diversity : Mapping[str, float]
        Per column, the figure of the worst class (see `verify.models`).
    closeness : Mapping[str, float]
        Per column, the greatest distance from the whole release, 0–1.
    population : Mapping[str, float]
        Figures against the population table (see `verify.population`); empty where the plan names none.
    linked : int or None
        Fewest persons who share the classes of all their rows, and with `privacy.linked: rows` their numbers; None where no person has
        several rows.
    counted : int or None
        Fewest persons who share the classes of all their rows and how many lie in each, whatever the plan asks; None as above.
    """

    rows: int
    persons: int
    classes: int
    smallest_class: int
    diversity: Mapping[str, float]
    closeness: Mapping[str, float]
    linked: int | None = None
    counted: int | None = None
    population: Mapping[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        """Return the figures for machines."""
        counts = {"rows": self.rows, "persons": self.persons, "classes": self.classes, "smallest_class": self.smallest_class}
        models = {
            "linked": self.linked,
            "linked_rows": self.counted,
            "l_diversity": dict(self.diversity),
            "t_closeness": dict(self.closeness),
        }
        return {**counts, **models, **({"population": show_figures(self.population)} if self.population else {})}


def verify_file(path: Path, plan: Plan, *, work: Path | None = None) -> Verification:
    """Return what was measured on a release that meets its plan.

    Parameters
    ----------
    path : Path
        The written Parquet file, or the folder of its parts.
    plan : Plan
        What was promised.
    work : Path or None
        Folder for what does not fit in memory.

    Raises
    ------
    VerificationFailed
        The file does not meet the plan; every reason is given.
    FileRejected
        The file cannot be read.
    """
    schema = _read_schema(path)
    reasons = [*check_layout(schema, plan), *check_storage(path)]
    if reasons:
        raise _fail(path, reasons)
    quasi = tuple(name for column in plan.recoded for name in released_names(schema, column))
    file = sql.open_written(path, quasi, plan.person_id, work)
    try:
        measured = _measure(file, plan)
        reasons = [reason for check in CHECKS for reason in check(file, plan, measured)]
        reasons += [*_check_labels(file, plan, schema), *_check_order(file, plan, schema)]
    finally:
        file.connection.close()
    if reasons:
        raise _fail(path, reasons)
    return measured


def _read_schema(path: Path) -> pa.Schema:
    try:
        return read_schema(path)
    except (pa.ArrowException, OSError):
        raise FileRejected(N_("{file} is not a Parquet file"), N_("give the file that anonymize run wrote"), file=Name(path.name)) from None


def _fail(path: Path, reasons: list[Reason]) -> VerificationFailed:
    return VerificationFailed(
        N_("{file} does not meet the plan, in {count} points"),
        N_("do not release the file; process it again, and report this if it happens twice"),
        reasons=tuple(reasons),
        file=Name(path.name),
        count=len(reasons),
    )


def _reason(code: str, template: str, **params: Param) -> Reason:
    return Reason(code=f"verify-{code}", message=Message(template, params))


def released_names(schema: pa.Schema, column: PlannedColumn) -> list[str]:
    """Return the fields a quasi-identifier is released as: bounds first, since rows are sorted by them, then the label."""
    bounds = [f"{column.name}_from", f"{column.name}_to"]
    return [*[name for name in bounds if name in schema.names], column.name]


def _measure(file: sql.WrittenFile, plan: Plan) -> Verification:
    rows, persons = sql.count_release(file)
    classes, smallest = sql.count_classes(file)
    counted = count_sharing(file, rows=True) if rows > persons else None
    figures = measure_models(split_by_history(file, plan) if rows > persons else file, plan) if rows else ModelFigures()
    return Verification(
        rows=rows,
        persons=persons,
        classes=classes,
        smallest_class=smallest,
        population=measure_population(file, plan) if rows else {},
        linked=count_sharing(file) if rows > persons and plan.linked != "rows" else counted,
        counted=counted,
        diversity=figures.diversity,
        closeness=figures.closeness,
    )


def _check_k(file: sql.WrittenFile, plan: Plan, measured: Verification) -> Iterator[Reason]:
    if measured.rows and measured.smallest_class < plan.privacy.k:
        yield _reason("k", N_("a class has fewer than {k} persons"), k=plan.privacy.k)
    if plan.person_id and sql.count_missing(file, plan.person_id):
        yield _reason("person-missing", N_("rows without a person id in {column}"), column=Name(plan.person_id))


def _check_persons(file: sql.WrittenFile, plan: Plan, measured: Verification) -> Iterator[Reason]:
    yield from check_persons(file, plan, measured.linked)


def _check_treatments(file: sql.WrittenFile, plan: Plan, _measured: Verification) -> Iterator[Reason]:
    yield from check_treatments(file, plan)


def _check_order(file: sql.WrittenFile, plan: Plan, schema: pa.Schema) -> Iterator[Reason]:
    quasi = [name for column in plan.recoded for name in released_names(schema, column)]
    others = [column.name for column in plan.released if not column.is_recoded and column.treatment != FRESH_ID]
    ids = [column.name for column in plan.released if column.treatment == FRESH_ID]
    if sql.count_disorder(file, [*quasi, *others, *ids]):
        yield _reason("order", N_("the rows are not in canonical order"))


def _check_labels(file: sql.WrittenFile, plan: Plan, schema: pa.Schema) -> Iterator[Reason]:
    blanked = has_blank_cells(schema)
    yield from check_levels(file, plan, blanked=blanked)
    if plan.tighten:
        yield from check_tightened(file, plan, blanked=blanked)


Check = Callable[[sql.WrittenFile, Plan, Verification], Iterator[Reason]]
CHECKS: tuple[Check, ...] = (
    _check_k,
    _check_persons,
    check_models,
    check_population,
    _check_treatments,
)
