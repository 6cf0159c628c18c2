"""The plan (加工計画): what happens to every column, on which clause it rests, and what the written release must hold.

Decided here: the record of a plan, its one spelling and its hash. Not decided here: which plans make sense (`schemas.plan_rules`), how a
treatment works (`anonymize.treatments`), which levels are released (`anonymize.search`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from schemas.errors import PlanError
from schemas.files import canonical_json, sha256_bytes
from schemas.messages import N_, Name
from schemas.plan_aggregate import Aggregate, parse_aggregate
from schemas.plan_analyses import Analysis, parse_analyses
from schemas.plan_input import compare_columns
from schemas.plan_models import Privacy, parse_privacy, seal_population, without_none
from schemas.plan_tighten import Tighten, parse_tighten
from schemas.tables import Role

Method = Literal["global", "local", "cells"]
DROP, FRESH_ID, KEEP = "drop", "fresh_id", "keep"
Linked = Literal["classes", "rows"]
Varies = Literal["person", "event"]
ANY_DAY = "2000-01-01"  # for questions to a hierarchy of ages that do not depend on the day


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedColumn:
    """One column of the input.

    Parameters
    ----------
    name : str
        Name in the input.
    role : Role
        What the column is to the person it speaks of.
    clause : int
        Item 1–5 of the processing standard (加工基準) the treatment serves.
    treatment : str, Mapping or None
        "drop", "fresh_id", "keep", or the steps by name; None for a recoded quasi-identifier.
    hierarchy : str, Mapping or None
        How a quasi-identifier becomes coarser.
    max_level, min_level : int
        Coarsest level (None: all) and finest level that may be released.
    weight : float
        Weight of the column's loss in the search, positive.
    varies : {"person", "event"} or None
        Whether a quasi-identifier is the same in all rows of a person, or may differ; None: found in the data.
    type : str or None
        Type to read the cells of a CSV file as; None: the type of the table, else text.
    description : str or None
        What data users read about the column.
    """

    name: str
    role: Role
    clause: int
    treatment: str | Mapping[str, Any] | None = None
    hierarchy: str | Mapping[str, Any] | None = None
    max_level: int | None = None
    min_level: int = 0
    weight: float = 1.0
    varies: Varies | None = None
    type: str | None = None
    description: str | None = None

    @property
    def is_recoded(self) -> bool:
        """Whether the search chooses the released level of this column."""
        return self.role is Role.QUASI_IDENTIFIER and self.treatment is None

    @property
    def is_dropped(self) -> bool:
        """Whether nothing of this column is released."""
        return self.treatment == DROP

    def to_document(self) -> dict[str, Any]:
        """Return the entry as a plan spells it, without what is default."""
        entry: dict[str, Any] = {"role": self.role.value, "treatment": _plain(self.treatment), "hierarchy": _plain(self.hierarchy)}
        entry |= {"max_level": self.max_level, "min_level": self.min_level or None, "weight": None if self.weight == 1 else self.weight}
        entry |= {"varies": self.varies, "type": self.type, "description": self.description, "clause": self.clause}
        return {key: value for key, value in entry.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A complete plan.

    Parameters
    ----------
    name : str
        Name of the plan.
    table : str or None
        Table schema of the input; None: the columns alone describe it.
    unit : str or None
        Column that tells persons apart; None: one row is one person.
    privacy : Privacy
        Models and thresholds.
    suppression_limit : float
        Greatest share (0–1) of rows that may be suppressed.
    method : {"global", "local", "cells"}
        How levels are chosen.
    tighten : Tighten or None
        Whether released values are narrowed to what their class holds.
    budget_seconds : float or None
        When the search stops with the best so far.
    as_of : str or None
        Day (YYYY-MM-DD) on which ages are counted; None: taken from the other dates of the file.
    columns : tuple[PlannedColumn, ...]
        All columns of the input, in the order of the release.
    remove : str or None
        File of the keys of persons who opted out, one per line.
    sample : float or None
        Share (0–1) of persons that is drawn at random.
    rows_per_person : int or None
        Most rows a person may give, drawn at random.
    aggregate : Aggregate or None
        What reduces the rows to one per person, or per person and period.
    analyses : tuple[Analysis, ...]
        What the release is wanted for; its utility is measured by them.
    folder : Path or None
        Where relative paths start.
    """

    name: str
    privacy: Privacy
    columns: tuple[PlannedColumn, ...]
    table: str | None = None
    unit: str | None = None
    suppression_limit: float = 0.0
    method: Method = "local"
    tighten: Tighten | None = None
    budget_seconds: float | None = None
    as_of: str | None = None
    remove: str | None = None
    sample: float | None = None
    rows_per_person: int | None = None
    aggregate: Aggregate | None = None
    analyses: tuple[Analysis, ...] = ()
    folder: Path | None = None

    @property
    def recoded(self) -> tuple[PlannedColumn, ...]:
        """The quasi-identifiers that the search recodes, in the order of the plan."""
        return tuple(column for column in self.columns if column.is_recoded)

    @property
    def released(self) -> tuple[PlannedColumn, ...]:
        """The columns of which something is released, in the order of the plan."""
        return tuple(column for column in self.columns if not column.is_dropped)

    @property
    def person_id(self) -> str | None:
        """The released column that counts persons; None when every row is one person."""
        return next((c.name for c in self.columns if c.name == self.unit and c.treatment == FRESH_ID), None)

    @property
    def linked(self) -> Linked | None:
        """What of the rows of a person k persons must share; None: rows are not linked in the release, or it is not asked."""
        if self.person_id is None or self.privacy.linked is False:
            return None
        return "classes" if self.privacy.linked is True else "rows"

    def get_column(self, name: str) -> PlannedColumn:
        """Return a column by name.

        Raises
        ------
        PlanError
            The plan has no such column.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise PlanError(
            N_("the plan has no column {column}"),
            N_("name a column of the plan"),
            column=Name(name),
        )

    def to_document(self) -> dict[str, Any]:
        """Return the plan as its YAML document spells it, defaults of the plan itself written out."""
        privacy = _plain(self.privacy.to_document())
        head = without_none(plan=self.name, table=self.table, unit=self.unit, as_of=self.as_of, privacy=privacy)
        tail = without_none(suppression_limit=self.suppression_limit, method=self.method, budget_seconds=self.budget_seconds)
        selection = without_none(
            tighten=self.tighten and self.tighten.to_document(),
            remove=None if self.remove is None else {"persons": self.remove},
            sample=None if self.sample is None else {"share": self.sample},
            rows_per_person=self.rows_per_person,
            aggregate=self.aggregate and self.aggregate.to_document(),
            analyses=[analysis.to_document() for analysis in self.analyses] or None,
        )
        return {**head, **selection, **tail, "columns": {column.name: column.to_document() for column in self.columns}}

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the plan's content and the order of its columns; independent of spelling and layout of the YAML."""
        order = [column.name for column in self.columns]
        return sha256_bytes(canonical_json({"plan": self.to_document(), "order": order}))

    def check_input(self, names: Iterable[str]) -> None:
        """Compare the columns of an input with the plan.

        Raises
        ------
        PlanError
            A column of either side is missing in the other; there is a finding for each.
        """
        made = self.aggregate.made if self.aggregate else frozenset()
        findings = compare_columns(list(names), [column.name for column in self.columns if column.name not in made])
        if findings:
            raise PlanError(
                N_("the plan and the columns of the input differ, first at {column}"),
                N_("give every input column a role, a treatment and a clause, and take columns out of the plan that the input lacks"),
                findings=findings,
                column=findings[0].column or Name("?"),
            )


def load_plan(path: Path) -> Plan:
    """Return the plan a YAML document holds, fully checked.

    Parameters
    ----------
    path : Path
        YAML (or JSON) document as in the blueprint; relative hierarchy paths start in its folder.

    Raises
    ------
    PlanError
        The document cannot be read, does not meet its schema, or contradicts itself (all findings at once), or its population table is
        missing.
    """
    from schemas.plan_rules import check_plan, read_document

    document = read_document(path)
    plan = parse_plan(document, folder=path.resolve().parent)
    check_plan(plan)
    return replace(plan, privacy=seal_population(plan.privacy, plan.folder))


def parse_plan(document: Mapping[str, Any], *, folder: Path | None = None) -> Plan:
    """Return a plan from a document that meets its schema; nothing is checked here."""
    columns = tuple(PlannedColumn(name=name, **{**entry, "role": Role(entry["role"])}) for name, entry in document["columns"].items())
    return Plan(
        name=document["plan"],
        table=document.get("table"),
        unit=document.get("unit"),
        privacy=parse_privacy(document["privacy"]),
        suppression_limit=float(document.get("suppression_limit", 0.0)),
        method=document.get("method", "local"),
        tighten=parse_tighten(document.get("tighten", False)),
        budget_seconds=document.get("budget_seconds"),
        as_of=document.get("as_of"),
        remove=document.get("remove", {}).get("persons"),
        sample=document.get("sample", {}).get("share"),
        rows_per_person=document.get("rows_per_person"),
        aggregate=parse_aggregate(document.get("aggregate")),
        analyses=parse_analyses(document.get("analyses", ())),
        columns=columns,
        folder=folder,
    )


def _plain(value: Any) -> Any:
    """Return plain dictionaries and lists."""
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    return [_plain(entry) for entry in value] if isinstance(value, (list, tuple)) else value
