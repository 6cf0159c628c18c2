"""Numbers that still stand out after their treatment: extremes, and values nobody else has.

Decided here: what an outlier is and how many persons share an end of a column. Not decided here: what is too much (`thresholds`).
"""

from anonymize.risk.figures import Definition, Figure
from anonymize.risk.released import Released, ReleasedColumn
from anonymize.risk.samples import population_of
from schemas.embedded_sql import quote
from schemas.messages import N_

TUKEY_1977 = "J. W. Tukey (1977), Exploratory Data Analysis, ISBN 978-0-201-07616-5: outer fences"
TEMPLATE_2015 = "M. Templ, A. Kowarik, B. Meindl (2015), Statistical disclosure control with sdcMicro, doi:10.18637/jss.v067.i04"
INSIDER = N_("knows a number of a person exactly, or that it is extreme, and looks for it in the release")
OUTLIERS = Definition(
    code="outliers",
    title=N_("share of persons with an outlying value that few others have"),
    attacker=INSIDER,
    source=TUKEY_1977,
    unit="share",
)
ALONE = Definition(
    code="value_uniques",
    title=N_("share of persons with a value that nobody else has"),
    attacker=INSIDER,
    source=TEMPLATE_2015,
    unit="share",
)
ENDS = Definition(
    code="extreme_persons",
    title=N_("persons who share the highest or the lowest value, whichever are fewer"),
    attacker=INSIDER,
    source=TEMPLATE_2015,
    unit="persons",
)
ROLES = ("attribute", "sensitive")


def measure_outliers(released: Released, rare: int) -> tuple[Figure, ...]:
    """Return the figures of every released column of numbers or dates that is no quasi-identifier.

    An outlier lies more than three times the distance of the quartiles below the first or above the third (over rows), and has a value
    that fewer than `rare` persons have.

    Parameters
    ----------
    released : Released
        The written file.
    rare : int
        A value of fewer persons is rare.

    Returns
    -------
    tuple[Figure, ...]
        Per column: outliers, value_uniques, extreme_persons. Empty without rows or such columns.

    References
    ----------
    J. W. Tukey (1977), outer fences; M. Templ et al. (2015), doi:10.18637/jss.v067.i04 (outliers of continuous variables).
    """
    if not released.rows:
        return ()
    columns = [c for c in released.fields if c.role in ROLES and c.part == "value" and c.ordered]
    return tuple(figure for column in columns for figure in _measure_column(released, column, rare))


def _measure_column(released: Released, column: ReleasedColumn, rare: int) -> tuple[Figure, ...]:
    person = quote(released.person_id) if released.person_id else "row_number() OVER ()"
    found = released.fetch_row(_SQL.format(name=quote(column.name), person=person, rare=int(rare)))
    outlying, alone, ends = (int(count or 0) for count in found)
    over = population_of(released.persons, released.counted)
    return (
        OUTLIERS.measure(
            outlying / released.persons, over, column=column.name, persons=outlying, total=released.persons, details={"rare": rare}
        ),
        ALONE.measure(alone / released.persons, over, column=column.name, persons=alone, total=released.persons),
        ENDS.measure(ends, over, column=column.name, persons=ends),
    )


# Dates are counted in days. A person with several values is counted once.
_SQL = """
WITH held AS (SELECT {person} AS person, CASE WHEN typeof({name}) IN ('DATE', 'TIMESTAMP') THEN epoch({name}::TIMESTAMP) / 86400
                     ELSE {name}::DOUBLE END AS v FROM released WHERE {name} IS NOT NULL),
     fences AS (SELECT q1 - 3 * (q3 - q1) AS low, q3 + 3 * (q3 - q1) AS high
                FROM (SELECT quantile_cont(v, 0.25) AS q1, quantile_cont(v, 0.75) AS q3 FROM held)),
     values_held AS (SELECT v, count(DISTINCT person) AS persons FROM held GROUP BY v)
SELECT count(DISTINCT person) FILTER (persons < {rare} AND (v < low OR v > high)), count(DISTINCT person) FILTER (persons = 1),
       least(arg_min(persons, v), arg_max(persons, v))
FROM held JOIN values_held USING (v) CROSS JOIN fences
"""
