"""The riskiest class, told without telling who is in it: which columns single it out, and by how much.

Decided here: what may be said of it: names of columns, its guarded size, and how much each column adds. No label, no value.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from anonymize.risk.released import Released
from schemas.embedded_sql import quote

MOST_COLUMNS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Riskiest:
    """The smallest class.

    Parameters
    ----------
    size : int
        Persons in it (0 for an empty file).
    classes : int
        Classes of that size.
    columns : tuple[str, ...]
        What the attacker knows: the quasi-identifiers, the most telling first.
    remaining : tuple[float, ...]
        Share of all persons (0–1) still possible on average after each column, in that order.
    """

    size: int
    classes: int
    columns: tuple[str, ...]
    remaining: tuple[float, ...]

    def to_json(self) -> dict[str, object]:
        """Return the class for machines; `remaining` is an average over the file."""
        return {
            "persons": self.size,
            "classes": self.classes,
            "known_columns": list(self.columns),
            "remaining_share": [round(share, 6) for share in self.remaining],
        }


def find_riskiest(released: Released, class_sizes: Mapping[int, int]) -> Riskiest:
    """Return what may be said of the smallest class.

    Parameters
    ----------
    released : Released
        The written file.
    class_sizes : Mapping[int, int]
        Size in persons → number of classes.
    """
    size = min(class_sizes, default=0)
    chosen: tuple[str, ...] = ()
    remaining: list[float] = []
    left = list(released.quasi_identifiers)
    while left and released.rows:
        shares = {name: expected_share(released, (*chosen, name)) for name in left}
        best = min(left, key=lambda name: (shares[name], name))
        chosen = (*chosen, best)
        remaining.append(shares[best])
        left.remove(best)
        if len(chosen) == MOST_COLUMNS and left:
            chosen, left = (*chosen, *left), []
            remaining.append(expected_share(released, chosen))
    return Riskiest(size=size, classes=class_sizes.get(size, 0), columns=chosen, remaining=tuple(remaining))


def expected_share(released: Released, columns: tuple[str, ...]) -> float:
    """Return the share of rows that agree with a random row in these columns: Σ (class/n)²."""
    keys = ", ".join(quote(name) for name in columns)
    sql = f"SELECT sum(n * n) / pow(sum(n), 2) FROM (SELECT count(*)::DOUBLE AS n FROM released GROUP BY {keys})"  # noqa: S608
    (share,) = released.fetch_row(sql)
    return float(share or 0.0)
