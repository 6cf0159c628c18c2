"""`tighten` in a plan: whether released values are narrowed to what their class really holds."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from schemas.findings import Finding, FindingKind, Severity
from schemas.messages import N_

if TYPE_CHECKING:
    from schemas.plan import Plan

WITH_POPULATION = FindingKind(
    "tighten-population",
    Severity.FILE,
    N_("values cannot be narrowed where a population table is asked: fewer people of the population would match than were counted"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tighten:
    """Ranges of ordered columns are narrowed; sets of the others where `nominal`."""

    nominal: bool = False

    def to_document(self) -> bool | dict[str, bool]:
        """Return the entry as a plan spells it."""
        return {"nominal": True} if self.nominal else True


def parse_tighten(entry: bool | Mapping[str, bool]) -> Tighten | None:
    """Return what `false`, `true` or `{nominal: true}` asks for; None: nothing is narrowed."""
    if isinstance(entry, Mapping):
        return Tighten(nominal=entry["nominal"])
    return Tighten() if entry else None


def check_tighten(plan: "Plan") -> Iterator[Finding]:
    """Return what stands against narrowing: k-map and δ-presence count who matches the groups of levels, not what is left of them."""
    if plan.tighten is not None and plan.privacy.population is not None:
        yield Finding(kind=WITH_POPULATION)
