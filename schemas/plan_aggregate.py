"""The reduction a plan may ask for before anything else: many rows of a person become one row per person, or per person and period.

Decided here: the record of the reduction, and which reductions make sense.
Not decided here: how it is computed (`anonymize.rows.aggregation`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from schemas.findings import Finding, FindingKind, Severity
from schemas.messages import N_, Name
from schemas.tables import Role

if TYPE_CHECKING:
    from schemas.plan import Plan

VALUE, COUNT, SUM = "value", "count", "sum"
PICKS = frozenset({"first", "last"})
LARGEST_LIMIT = (1 << 53) - 1  # of a band: the canonical form of a document holds no larger whole number (RFC 8785)
UNREADABLE = frozenset({Role.DIRECT_IDENTIFIER, Role.IDENTIFICATION_CODE, Role.FREE_TEXT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """One column of the reduced rows.

    Parameters
    ----------
    name : str
        Its name.
    take : str
        count, sum, min, max, first or last.
    of : str or None
        The input column it is made of; None: of the column of its own name, or of the rows for a count.
    bands : tuple[int, ...]
        Where bands begin; the column is released as text of its band. Empty: as it is.
    """

    name: str
    take: str
    of: str | None = None
    bands: tuple[int, ...] = ()

    @property
    def source(self) -> str | None:
        """The input column; None for a count of rows."""
        return None if self.take == COUNT else self.of or self.name

    @property
    def is_new(self) -> bool:
        """Whether the input has no column of this name by the plan."""
        return self.source != self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """The reduction.

    Parameters
    ----------
    by : Mapping[str, str]
        Column → value, or the period (month, quarter, year, fiscal_year) its date is cut to; each combination is one row.
    columns : tuple[Made, ...]
        The other columns.
    order : str or None
        Column by which rows are first and last.
    """

    by: Mapping[str, str]
    columns: tuple[Made, ...]
    order: str | None = None

    @property
    def sources(self) -> frozenset[str]:
        """The input columns that are read."""
        read = {made.source for made in self.columns} | {self.order} | set(self.by)
        return frozenset(name for name in read if name is not None)

    @property
    def made(self) -> frozenset[str]:
        """The columns the input does not have."""
        return frozenset(made.name for made in self.columns if made.is_new)

    def to_document(self) -> dict[str, Any]:
        """Return the entry as a plan spells it."""
        entries = {made.name: {"take": made.take, "of": made.of, "bands": list(made.bands) or None} for made in self.columns}
        columns = {name: {key: value for key, value in entry.items() if value is not None} for name, entry in entries.items()}
        return {"by": dict(self.by), "columns": columns} | ({} if self.order is None else {"order": self.order})


def parse_aggregate(document: Mapping[str, Any] | None) -> Aggregate | None:
    """Return the reduction of a document that meets its schema."""
    if document is None:
        return None
    entries: dict[str, dict[str, Any]] = {
        name: {"take": entry} if isinstance(entry, str) else dict(entry) for name, entry in document.get("columns", {}).items()
    }
    columns = tuple(Made(name=name, take=e["take"], of=e.get("of"), bands=tuple(e.get("bands", ()))) for name, e in entries.items())
    return Aggregate(by=dict(document["by"]), columns=columns, order=document.get("order"))


def _kind(code: str, template: str) -> FindingKind:
    return FindingKind(code, Severity.FILE, template)


UNIT = _kind("aggregate-unit", N_("rows are reduced within persons; the plan must name its unit, and `by` must hold its value"))
UNKNOWN = _kind("aggregate-unknown-column", N_("the reduction names a column that is not in the plan"))
UNSTATED = _kind("aggregate-column-missing", N_("the reduction does not say what becomes of the column"))
TWICE = _kind("aggregate-column-twice", N_("the reduction names the column both in `by` and in `columns`"))
ORDER = _kind("aggregate-order", N_("first and last need `order`, the column by which rows follow each other"))
BANDS = _kind("aggregate-bands", N_("bands are ascending whole numbers, of a column that is not a quasi-identifier"))
SOURCE = _kind("aggregate-source", N_("the column is made of one whose role is stronger than its own, or that must be dropped"))


def check_aggregate(plan: "Plan") -> Iterator[Finding]:
    """Return the findings about the reduction of a plan."""
    asked = plan.aggregate
    if asked is None:
        return
    planned = {column.name: column for column in plan.columns}
    if plan.unit is None or asked.by.get(plan.unit) != VALUE:
        yield Finding(kind=UNIT)
    stated = [*asked.by, *(made.name for made in asked.columns)]
    named = dict.fromkeys([*stated, *sorted(asked.sources)])
    yield from (_find(UNKNOWN, name) for name in named if name not in planned)
    yield from (_find(UNSTATED, column.name) for column in plan.released if column.name not in stated)
    yield from (_find(TWICE, made.name) for made in asked.columns if made.name in asked.by)
    for made in asked.columns:
        if made.take in PICKS and asked.order is None:
            yield _find(ORDER, made.name)
        is_usable = list(made.bands) == sorted(set(made.bands)) and all(abs(limit) <= LARGEST_LIMIT for limit in made.bands)
        if made.bands and (not is_usable or _role(planned, made.name) is Role.QUASI_IDENTIFIER):
            yield _find(BANDS, made.name)
        if made.source is not None and not _may_become(_role(planned, made.source), _role(planned, made.name)):
            yield _find(SOURCE, made.name)


def _role(planned: Mapping[str, Any], name: str) -> Role | None:
    column = planned.get(name)
    return None if column is None else column.role


def _may_become(source: Role | None, role: Role | None) -> bool:
    return source == role or source is Role.ATTRIBUTE or (source is not None and source not in UNREADABLE and role is Role.QUASI_IDENTIFIER)


def _find(kind: FindingKind, column: str) -> Finding:
    return Finding(kind=kind, column=Name(column))
