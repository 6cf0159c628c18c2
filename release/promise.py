"""Promised against delivered: what the proposal asked of each column, what was approved, what the written file holds.

Decided here: whether a delivered column is finer than approved. An answer finer than approved stops the release; a coarser one is stated.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from release.released import ReleasedColumn, ReleasedFile
from schemas.findings import Reason
from schemas.grains import DROP, FRESH_ID, VALUE
from schemas.messages import N_, Message, Name


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """One column from the wish to the written file.

    Parameters
    ----------
    column : str
        Name in the common schema.
    asked, approved : str
        Level names, or drop, value, fresh_id; `drop` where the proposal is silent.
    delivered : tuple[str, ...]
        Levels found in the file (several where rows differ); empty when the column is not there.
    role, clause, treatment : str, int, str
        From the plan.
    """

    column: str
    asked: str
    approved: str
    delivered: tuple[str, ...]
    role: str
    clause: int
    treatment: str

    def to_json(self) -> dict[str, object]:
        """Return the line for `processing.json`."""
        return {
            "column": self.column,
            "role": self.role,
            "clause": self.clause,
            "treatment": self.treatment,
            "granularity": {"asked": self.asked, "approved": self.approved, "delivered": list(self.delivered) or [DROP]},
        }


def compare(
    plan: Mapping[str, Any],
    asked: Mapping[str, str],
    approved: Mapping[str, str],
    released: ReleasedFile,
    levels: Mapping[str, Sequence[str]],
) -> tuple[Promise, ...]:
    """Return one promise for each column of the plan.

    Parameters
    ----------
    plan : Mapping
        The plan as a document.
    asked, approved : Mapping[str, str]
        Column → granularity, from the proposal and the decision.
    released : ReleasedFile
        The written file.
    levels : Mapping[str, Sequence[str]]
        Column → names of its hierarchy's levels, finest first.
    """
    return tuple(
        Promise(
            column=name,
            asked=asked.get(name, DROP),
            approved=approved.get(name, DROP),
            delivered=_delivered(column, [c for c in released.columns if c.column == name], levels.get(name, ())),
            role=str(column["role"]),
            clause=int(column["clause"]),
            treatment=_treatment(column),
        )
        for name, column in plan["columns"].items()
    )


def _treatment(column: Mapping[str, Any]) -> str:
    """Return the treatment of a plan's column by name; recoding where the plan names a hierarchy only."""
    treatment = column.get("treatment")
    if treatment is None:
        return "recode"
    return treatment if isinstance(treatment, str) else "+".join(sorted(treatment))


def _find_recoding(column: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the settings of a treatment that recodes by a hierarchy; empty when there is none."""
    treatment = column.get("treatment")
    recode = treatment.get("recode") if isinstance(treatment, Mapping) else None
    return recode if isinstance(recode, Mapping) and "hierarchy" in recode else {}


def find_hierarchy(column: Mapping[str, Any]) -> Any:
    """Return the hierarchy of a plan's column, of the search or of its treatment; None when it has none."""
    return column.get("hierarchy") or _find_recoding(column).get("hierarchy")


def _delivered(column: Mapping[str, Any], written: Sequence[ReleasedColumn], levels: Sequence[str]) -> tuple[str, ...]:
    """Return the levels a column stands at in the written file: as written for searched ones, as planned for treated ones."""
    if not written:
        return ()
    if any(c.part == "id" for c in written):
        return (FRESH_ID,)
    if recoding := _find_recoding(column):
        return (levels[int(recoding.get("level", 0))],)
    facts = written[0].facts
    return tuple(facts.get("levels") or [facts.get("level") or VALUE])


def reasons_finer_than_approved(promises: Iterable[Promise], levels: Mapping[str, Sequence[str]]) -> list[Reason]:
    """Return one reason for each column that was delivered finer than approved.

    Parameters
    ----------
    promises : iterable of Promise
        From `compare`.
    levels : Mapping[str, Sequence[str]]
        Column → names of its hierarchy's levels, finest first.
    """
    return [
        Reason(code="finer-than-approved", message=Message(N_("column {column} is finer than approved"), {"column": Name(promise.column)}))
        for promise in promises
        if any(_is_finer(got, promise.approved, levels.get(promise.column, ())) for got in promise.delivered)
    ]


def _is_finer(got: str, approved: str, levels: Sequence[str]) -> bool:
    order = (FRESH_ID, VALUE, *(level for level in levels if level != VALUE), DROP)
    if got not in order or approved not in order:
        return got != approved
    return order.index(got) < order.index(approved)
