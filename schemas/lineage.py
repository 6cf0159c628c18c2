"""What became of municipalities that are no more: former code → codes of the successors, from a day on.

Decided here: a change counts for contents of its day or later; a former code that no list of municipalities knows is followed for
earlier contents too, because nothing else could be done with it. Not decided here: which codes there are (`schemas.municipalities`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import yaml

from schemas.municipalities import find_municipality

_FILE = Path(__file__).parent / "municipality_lineage.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerMunicipality:
    """A municipality or ward that is no more.

    Parameters
    ----------
    code, name : str
        Its code (6 digits) and name.
    since : date
        First day of the successors.
    successors : tuple[str, ...]
        Their codes; more than one where it was divided.
    """

    code: str
    name: str
    since: date
    successors: tuple[str, ...]


@cache
def load_lineage() -> Mapping[str, FormerMunicipality]:
    """Return all former municipalities by code."""
    entries = yaml.safe_load(_FILE.read_text(encoding="utf-8"))["lineage"]
    return {
        entry["code"]: FormerMunicipality(
            code=entry["code"], name=entry["name"], since=date.fromisoformat(entry["since"]), successors=tuple(entry["to"])
        )
        for entry in entries
    }


def find_successors(code: str, as_of: date | None = None) -> tuple[str, ...]:
    """Return the codes that a code became.

    Parameters
    ----------
    code : str
        Six digits.
    as_of : date or None
        The day the contents are of; None: today's codes are wanted.

    Returns
    -------
    tuple[str, ...]
        Empty for a code in force; several where nothing tells which is meant. Chains are followed to their end.
    """
    former = load_lineage().get(code)
    if former is None or (as_of is not None and as_of < former.since and find_municipality(code) is not None):
        return ()
    found = dict.fromkeys(last for successor in former.successors for last in find_successors(successor, as_of) or (successor,))
    return tuple(found)
