# ruff: noqa: S608 - every name that enters a query goes through `quote`
"""Risk by subgroup: whether the people of one village, one age or one illness bear more of the risk than the average tells.

Decided here: a subgroup is everybody with one released value of one column; told is the highest average among them, never the value.
"""

from dataclasses import dataclass

from anonymize.risk.figures import Definition, Figure
from anonymize.risk.released import Released, ReleasedColumn
from anonymize.risk.samples import EL_EMAM_2011, PROSECUTOR
from schemas.embedded_sql import quote
from schemas.messages import N_, Message

HIGHEST = Definition(
    code="subgroup_average",
    title=N_("highest average risk of the persons who share a released value"),
    attacker=PROSECUTOR,
    source=EL_EMAM_2011,
)
OVER = N_("persons in groups with one released value each")
MOST_VALUES = 10_000  # a column with more values is an amount, not a group of people


@dataclass(frozen=True, slots=True, kw_only=True)
class Subgroups:
    """The subgroups of one column.

    Parameters
    ----------
    column : str
        Name in the release.
    groups : int
        Distinct released values; a missing one is a value.
    average : float
        Highest average risk of a group, 0–1.
    persons : int
        Persons of that group, the smallest where several are highest.
    smallest : int
        Persons of the smallest group.
    """

    column: str
    groups: int
    average: float
    persons: int
    smallest: int

    def to_json(self) -> dict[str, object]:
        """Return the subgroups for machines of the office; counts are exact."""
        return {
            "column": self.column,
            "groups": self.groups,
            "highest_average": self.average,
            "persons": self.persons,
            "smallest_persons": self.smallest,
        }

    def to_figure(self) -> Figure:
        """Return the figure; withheld in reports where it shows a class smaller than may be told."""
        details = {"groups": self.groups, "persons": self.persons, "smallest_persons": self.smallest}
        return HIGHEST.measure(self.average, Message(OVER), column=self.column, persons=int(1 / self.average + 1e-9), details=details)


def find_subgroups(released: Released) -> tuple[Subgroups, ...]:
    """Return the subgroups of every quasi-identifier and sensitive column with at most 10,000 values.

    The average risk of a group is the mean of 1/f over its persons, f: persons of their class. For a quasi-identifier these are whole
    classes: classes of the group / persons of the group. Empty without rows.

    References
    ----------
    K. El Emam et al. (2011), doi:10.1186/1472-6947-11-53: the average risk, here of each group.
    """
    if not released.rows:
        return ()
    keys = ", ".join(quote(name) for name in released.quasi_identifiers) or "1 AS everybody"
    listed = f"SELECT {keys}, {released.person_sql} AS f FROM released GROUP BY ALL"
    released.connection.execute(f"CREATE OR REPLACE TEMP TABLE class_risks AS {listed}")
    fields = [field for field in released.fields if field.name in released.quasi_identifiers or field in released.sensitive]
    told = [field for field in fields if released.count_distinct(field.name) <= MOST_VALUES]
    return tuple(_measure_column(released, field) for field in told)


def _measure_column(released: Released, field: ReleasedColumn) -> Subgroups:
    name = quote(field.name)
    grouped = f"SELECT count(*) / sum(f) AS average, sum(f) AS persons FROM class_risks GROUP BY {name}"
    if field.name not in released.quasi_identifiers:
        same = " AND ".join(f"r.{quote(key)} IS NOT DISTINCT FROM c.{quote(key)}" for key in released.quasi_identifiers) or "true"
        held = ", ".join(["value", *(quote(key) for key in released.quasi_identifiers)])
        shared = ", ".join([f"{name} AS value", *(quote(key) for key in released.quasi_identifiers)])
        parts = f"SELECT {shared}, {released.person_sql} AS p FROM released GROUP BY {held}"
        share = "sum(p / f ORDER BY p / f)"  # in order, so that the same rows give the same bits
        grouped = f"SELECT {share} / sum(p) AS average, sum(p) AS persons FROM ({parts}) r JOIN class_risks c ON {same} GROUP BY value"
    found = released.fetch_row(f"SELECT count(*), max(average), min(persons), arg_min(persons, (-average, persons)) FROM ({grouped})")
    groups, average, smallest, persons = found
    return Subgroups(column=field.name, groups=int(groups), average=float(average), persons=int(persons), smallest=int(smallest))
