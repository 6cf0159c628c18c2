"""Attribute disclosure: what a class says about its members without anybody being found.

Decided here: l (distinct values), homogeneous and similar classes, t (distance from the whole file) and skewness (how far a class raises
the belief in one value), per sensitive column, on the written file.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from anonymize.risk.figures import Definition, Figure
from anonymize.risk.released import Released, ReleasedColumn
from anonymize.risk.samples import population_of
from schemas.embedded_sql import quote
from schemas.hierarchies import load_hierarchy
from schemas.messages import N_
from schemas.plan import ANY_DAY, Plan
from schemas.plan_models import Closeness

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
SKEWNESS = Definition(
    code="skewness",
    title=N_("greatest gain of certainty: share of a value in a class less its share in the file"),
    attacker=BELIEVER,
    source=LI_2007,
    unit="distance",
)
SIMILAR = Definition(
    code="similar_share",
    title=N_("share of persons whose class holds one kind of value only, by the hierarchy of the values"),
    attacker=LEARNER,
    source=LI_2007,
    unit="share",
)


def measure_attributes(released: Released, plan: Plan | None = None) -> tuple[Figure, ...]:
    """Return the figures of every sensitive column.

    Parameters
    ----------
    released : Released
        The written file. A missing sensitive value is a value, but none of the l distinct ones, as in the search and the verifier.
    plan : Plan or None
        Its t-closeness says by which distance a column is measured; in other columns numbers and dates are ordered, text is not.

    Returns
    -------
    tuple[Figure, ...]
        Per sensitive column: homogeneous_share, diversity (l), certainty, closeness (t), skewness and, where the plan names a hierarchy
        for its distance, similar_share. Empty without sensitive columns or rows.

    References
    ----------
    A. Machanavajjhala et al. (2007), doi:10.1145/1217299.1217302; N. Li et al. (2007), doi:10.1109/ICDE.2007.367856.
    """
    if not released.rows:
        return ()
    asked = {wish.column: wish for wish in plan.privacy.closeness} if plan else {}
    return tuple(figure for column in released.sensitive for figure in _measure_column(released, column, plan, asked.get(column.column)))


def _measure_column(released: Released, column: ReleasedColumn, plan: Plan | None, wish: Closeness | None) -> Iterator[Figure]:
    """Yield the figures of one sensitive column."""
    _make_cells(released, column)
    diversity, certainty, homogeneous, persons = released.fetch_row(_SUMMARY)
    over = population_of(released.persons, released.counted)
    distance = wish.distance if wish else ("ordered" if column.ordered else "equal")
    depths = _join_tree(released, column, plan, wish) if plan and wish and distance == "hierarchical" else 0
    (closeness,) = released.fetch_row(_DISTANCES[distance])
    gain, inside, outside = released.fetch_row(_SKEWNESS)
    told = {"class_share": float(inside), "file_share": float(outside)}
    yield HOMOGENEOUS.measure(homogeneous / persons, over, column=column.name, persons=int(homogeneous), total=int(persons))
    yield DIVERSITY.measure(int(diversity), over, column=column.name)
    yield CERTAINTY.measure(float(certainty), over, column=column.name)
    yield CLOSENESS.measure(float(closeness), over, column=column.name)
    yield SKEWNESS.measure(float(gain), over, column=column.name, details=told)
    if depths > 1:
        (similar,) = released.fetch_row(_SIMILAR.format(depth=depths - 1))
        yield SIMILAR.measure(similar / persons, over, column=column.name, persons=int(similar), total=int(persons))


def _join_tree(released: Released, column: ReleasedColumn, plan: Plan, wish: Closeness) -> int:
    """Make the table `tree`: value, depth and group of the hierarchy; return its levels below "all"."""
    values = released.connection.execute(f"SELECT DISTINCT {quote(column.name)} AS v FROM released ORDER BY v NULLS LAST").fetchall()  # noqa: S608
    hierarchy = load_hierarchy(wish.hierarchy or "", folder=plan.folder, as_of=plan.as_of or ANY_DAY)
    table = hierarchy.resolve(pa.array([value for (value,) in values]), column=column.column)
    height = table.codes.shape[1] - 1
    levels = [
        pa.table({"value": np.arange(len(values)) + 1, "depth": np.full(len(values), at), "g": table.codes[:, at]}) for at in range(height)
    ]
    released.connection.register("tree", pa.concat_tables(levels))
    return height


def _make_cells(released: Released, column: ReleasedColumn) -> None:
    """Make the table `cells`: class number, rank of the value, persons."""
    keys = ", ".join(quote(name) for name in released.quasi_identifiers) or "true"
    released.connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE cells AS
        SELECT dense_rank() OVER (ORDER BY {", ".join(f"k{i}" for i in range(len(released.quasi_identifiers))) or "1"}) AS class,
               dense_rank() OVER (ORDER BY v NULLS LAST) AS value, v IS NULL AS missing, persons
        FROM (SELECT {_keys(released)}, {quote(column.name)} AS v, {released.person_sql} AS persons
              FROM released GROUP BY {keys}, {quote(column.name)})"""  # noqa: S608 - names are quoted
    )


def _keys(released: Released) -> str:
    return ", ".join(f"{quote(name)} AS k{i}" for i, name in enumerate(released.quasi_identifiers)) or "1 AS k0"


# A person with several values in a class is counted at each: shares are of (person, value) pairs.
_SUMMARY = """
WITH classes AS (SELECT class, count(*) AS held, count(*) FILTER (NOT missing) AS l, max(persons) / sum(persons) AS certainty,
                        sum(persons) AS persons FROM cells GROUP BY class)
SELECT min(l), max(certainty), coalesce(sum(persons) FILTER (held = 1), 0), sum(persons) FROM classes
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

# The equal distance between the groups of each level, and their mean over the levels.
_HIERARCHICAL = """
WITH grouped AS (SELECT class, depth, g, sum(persons) AS n FROM cells JOIN tree USING (value) GROUP BY class, depth, g),
     whole AS (SELECT depth, g, sum(n) / sum(sum(n)) OVER (PARTITION BY depth) AS q FROM grouped GROUP BY depth, g),
     part AS (SELECT class, depth, g, n / sum(n) OVER (PARTITION BY class, depth) AS p FROM grouped),
     levels AS (SELECT class, depth, greatest(0, (sum(abs(p - q) - q) + 1) / 2) AS d FROM part JOIN whole USING (depth, g)
                GROUP BY class, depth)
SELECT max(t) FROM (SELECT avg(d) AS t FROM levels GROUP BY class)
"""

# Of equal gains the most certain: which class it is does not hang on the order of rows.
_SKEWNESS = """
WITH whole AS (SELECT value, sum(persons) / (SELECT sum(persons) FROM cells) AS q FROM cells GROUP BY value),
     part AS (SELECT value, persons / sum(persons) OVER (PARTITION BY class) AS p FROM cells)
SELECT greatest(p - q, 0), p, q FROM part JOIN whole USING (value) ORDER BY p - q DESC, p DESC LIMIT 1
"""

# A missing value is a kind of its own, as it is a value.
_SIMILAR = """
SELECT coalesce(sum(persons) FILTER (kinds = 1), 0)
FROM (SELECT class, sum(persons) AS persons, count(DISTINCT g) AS kinds
      FROM cells JOIN tree USING (value) WHERE depth = {depth} GROUP BY class)
"""

_DISTANCES = {"ordered": _ORDERED, "equal": _EQUAL, "hierarchical": _HIERARCHICAL}
