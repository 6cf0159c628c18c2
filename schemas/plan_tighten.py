"""`tighten` in a plan: whether released values are narrowed to what their class really holds."""

from collections.abc import Mapping
from dataclasses import dataclass


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
