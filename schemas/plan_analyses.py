"""`analyses` in a plan: what the release is wanted for, so that its utility can be measured by it.

Decided here: the record of an analysis, and which make sense. Not decided here: how its error is measured (`anonymize.risk.utility`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from schemas.findings import Finding, FindingKind, Severity
from schemas.messages import N_, Name

if TYPE_CHECKING:
    from schemas.plan import Plan

Kind = Literal["mean", "share", "count"]
ABSENT = FindingKind("analysis-column", Severity.FILE, N_("an analysis needs columns that are released, and are no ids"))
TWICE = FindingKind("analysis-twice", Severity.FILE, N_("an analysis names a column twice"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """One analysis.

    Parameters
    ----------
    kind : {"mean", "share", "count"}
        What is computed of each group: the mean of a column, the shares of its values, or the group's share of the file.
    by : tuple[str, ...]
        Columns that make the groups.
    column : str or None
        Of which column; None for a count.
    """

    kind: Kind
    by: tuple[str, ...]
    column: str | None = None

    def to_document(self) -> dict[str, Any]:
        """Return the entry as a plan spells it."""
        return {**({} if self.column is None else {self.kind: self.column}), "by": list(self.by)}


def parse_analyses(entries: Sequence[Mapping[str, Any]]) -> tuple[Analysis, ...]:
    """Return the analyses a plan names."""
    return tuple(_parse(entry) for entry in entries)


def _parse(entry: Mapping[str, Any]) -> Analysis:
    kind: Kind = "mean" if "mean" in entry else "share" if "share" in entry else "count"
    return Analysis(kind=kind, by=tuple(entry["by"]), column=entry.get(kind))


def check_analyses(plan: "Plan") -> Iterator[Finding]:
    """Return what stands against the analyses: columns that are not released, ids, columns that are named twice."""
    usable = {column.name for column in plan.released if column.treatment != "fresh_id"}
    for analysis in plan.analyses:
        names = [*analysis.by, *([] if analysis.column is None else [analysis.column])]
        for name in names:
            if name not in usable:
                yield Finding(kind=ABSENT, column=Name(name))
        if len(set(names)) < len(names):
            yield Finding(kind=TWICE, column=Name(names[0]))
