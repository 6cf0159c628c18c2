"""Attribute disclosure: what a class says about its members without anybody being found.

Decided here: l (distinct values), homogeneous classes, and t (distance from the whole file), per sensitive column, on the written file.
"""

from collections.abc import Mapping

from anonymize.risk.figures import Definition, Figure
from anonymize.risk.released import Released, ReleasedColumn
from anonymize.risk.samples import population_of
from schemas.embedded_sql import quote
from schemas.messages import N_

MACHANAVAJJHALA_2007 = "A. Machanavajjhala et al. (2007), l-Diversity, doi:10.1145/1217299.1217302"
LI_2007 = "N. Li, T. Li, S. Venkatasubramanian (2007), t-Closeness, doi:10.1109/ICDE.2007.367856"

LEARNER = N_("knows that a person is in the file and all quasi-identifiers of that person, and reads the sensitive value off the class")
BELIEVER = N_("compares what the class says with what the whole file says, and changes the belief about a person by the difference")

HOMOGENEOUS = Definition(
    code="homogeneous_share",
    title=N_("share of persons whose class holds one value only"),
    attacker=LEARNER,
    source=MACHANAVAJJHALA_2007,
    unit="share",
)
DIVERSITY = Definition(
    code="diversity",
    title=N_("fewest distinct values in a class (l)"),
    attacker=LEARNER,
    source=MACHANAVAJJHALA_2007,
    unit="values",
)
CERTAINTY = Definition(
    code="certainty",
    title=N_("highest share of one value in a class"),
    attacker=LEARNER,
    source=MACHANAVAJJHALA_2007,
)
CLOSENESS = Definition(
    code="closeness",
    title=N_("greatest distance of a class from the whole file (t)"),
    attacker=BELIEVER,
    source=LI_2007,
    unit="distance",
)


def measure_attributes(released: Released, distances: Mapping[str, str] | None = None) -> tuple[Figure, ...]:
    """Return the figures of every sensitive column.

    Parameters
    ----------
    released : Released
        The written file; a missing sensitive value is a value.
    distances : Mapping[str, str] or None
        Column → "equal" or "ordered", as the plan asks; otherwise numbers and dates are ordered, text is not.

    Returns
    -------
    tuple[Figure, ...]
        Per sensitive column: homogeneous_share, diversity (l), certainty, closeness (t). Empty without sensitive columns or rows.

    References
    ----------
    A. Machanavajjhala et al. (2007), doi:10.1145/1217299.1217302; N. Li et al. (2007), doi:10.1109/ICDE.2007.367856.
    """
    if not released.rows:
        return ()
    asked = distances or {}
    return tuple(
        figure
        for column in released.sensitive
        for figure in _measure_column(released, column, asked.get(column.column, "ordered" if column.ordered else "equal"))
    )


def _measure_column(released: Released, column: ReleasedColumn, distance: str) -> tuple[Figure, ...]:
    """Return the four figures of one sensitive column."""
    _make_cells(released, column)
    diversity, certainty, homogeneous, persons = released.fetch_row(_SUMMARY)
    (closeness,) = released.fetch_row(_ORDERED if distance == "ordered" else _EQUAL)
    over = population_of(released.persons, released.counted)
    return (
        HOMOGENEOUS.measure(homogeneous / persons, over, column=column.name, persons=int(homogeneous)),
        DIVERSITY.measure(int(diversity), over, column=column.name),
        CERTAINTY.measure(float(certainty), over, column=column.name),
        CLOSENESS.measure(float(closeness), over, column=column.name),
    )


def _make_cells(released: Released, column: ReleasedColumn) -> None:
    """Make the table `cells`: class number, rank of the value, persons."""
    keys = ", ".join(quote(name) for name in released.quasi_identifiers) or "true"
    released.connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE cells AS
        SELECT dense_rank() OVER (ORDER BY {", ".join(f"k{i}" for i in range(len(released.quasi_identifiers))) or "1"}) AS class,
               dense_rank() OVER (ORDER BY v NULLS LAST) AS value, persons
        FROM (SELECT {_keys(released)}, {quote(column.name)} AS v, {released.person_sql} AS persons
              FROM released GROUP BY {keys}, {quote(column.name)})"""  # noqa: S608 - names are quoted
    )


def _keys(released: Released) -> str:
    return ", ".join(f"{quote(name)} AS k{i}" for i, name in enumerate(released.quasi_identifiers)) or "1 AS k0"


# A person with several values in a class is counted at each: shares are of (person, value) pairs.
_SUMMARY = """
WITH classes AS (SELECT class, count(*) AS l, max(persons) / sum(persons) AS certainty, sum(persons) AS persons FROM cells GROUP BY class)
SELECT min(l), max(certainty), coalesce(sum(persons) FILTER (l = 1), 0), sum(persons) FROM classes
"""

# Half the sum of absolute differences; values absent from a class add their whole share: Σ|p−q| = Σ_present(|p−q|−q) + 1.
_EQUAL = """
WITH whole AS (SELECT value, sum(persons) / (SELECT sum(persons) FROM cells) AS q FROM cells GROUP BY value),
     part AS (SELECT class, value, persons / sum(persons) OVER (PARTITION BY class) AS p FROM cells)
SELECT max(t) FROM (SELECT greatest(0, (sum(abs(p - q) - q) + 1) / 2) AS t FROM part JOIN whole USING (value) GROUP BY class)
"""

# Earth mover's distance with ordered values: the sum of |cumulated differences| over m − 1 steps.
_ORDERED = """
WITH whole AS (SELECT value, sum(persons) / (SELECT sum(persons) FROM cells) AS q FROM cells GROUP BY value),
     part AS (SELECT class, value, persons / sum(persons) OVER (PARTITION BY class) AS p FROM cells),
     grid AS (SELECT c.class, w.value, coalesce(p.p, 0) - w.q AS d
              FROM (SELECT DISTINCT class FROM cells) c CROSS JOIN whole w LEFT JOIN part p ON p.class = c.class AND p.value = w.value),
     steps AS (SELECT class, abs(sum(d) OVER (PARTITION BY class ORDER BY value)) AS s FROM grid)
SELECT coalesce(max(t), 0) FROM (
    SELECT sum(s) / greatest((SELECT count(*) - 1 FROM whole), 1) AS t FROM steps GROUP BY class)
"""
