"""Risk against a population table: how many people outside the file look the same.

Decided here: a table of people (columns named as quasi-identifiers, cells as released labels or as values the hierarchies know, and a
column `persons`) gives population class sizes. Nothing is estimated: without a table there is no figure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from anonymize.population_cells import Located, locate_cells
from anonymize.populations import PERSONS, read_heading, read_people, refuse_columns
from anonymize.risk.figures import Definition, Figure
from anonymize.risk.narrowed import find_members, read_cells
from anonymize.risk.released import Released
from anonymize.risk.samples import DANKAR_2010, EL_EMAM_2011
from schemas.embedded_sql import quote
from schemas.messages import N_, Message, Name
from schemas.plan import Plan, PlannedColumn

SWEENEY_KMAP = "L. Sweeney (2001), Computational Disclosure Control (k-map), hdl:1721.1/8589"
NERGIZ_2007 = "M. E. Nergiz et al. (2007), Hiding the presence of individuals from shared databases, doi:10.1145/1247480.1247554"

JOURNALIST = N_("does not know who is in the file; looks a released class up in a register of the population")
MARKETER = N_("matches everybody in the file with a register of the population")
PRESENCE = N_("holds a register of the population and asks whether a person is in the file at all")

K_MAP = Definition(code="k_map", title=N_("k-map: smallest population class"), attacker=JOURNALIST, source=SWEENEY_KMAP, unit="persons")
HIGHEST = Definition(
    code="journalist_highest", title=N_("journalist: highest risk of one person"), attacker=JOURNALIST, source=EL_EMAM_2011
)
AVERAGE = Definition(code="journalist_average", title=N_("journalist: average risk"), attacker=JOURNALIST, source=EL_EMAM_2011)
ABOVE = Definition(
    code="journalist_share_above",
    title=N_("journalist: share of persons above the threshold"),
    attacker=JOURNALIST,
    source=EL_EMAM_2011,
    unit="share",
)
FOUND = Definition(
    code="marketer_population",
    title=N_("marketer: expected share of persons found in the population"),
    attacker=MARKETER,
    source=DANKAR_2010,
    unit="share",
)
PRESENT = Definition(
    code="presence_highest",
    title=N_("δ-presence: highest probability that a person of the population is in the file"),
    attacker=PRESENCE,
    source=NERGIZ_2007,
)
OVER = N_("{classes:,} released classes by {columns}, against {people:,} people of the population table")
TOLERANCE = 1e-9
Labels = Mapping[str | None, tuple[str, ...]]  # cell of a population table → released labels


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sizes:
    """Released and population class sizes, class by class.

    Parameters
    ----------
    sample, population : NDArray[np.int64]
        (classes): persons in the file and in the population; population is at least sample.
    short : int
        Classes for which the table had fewer people than the file; their population is taken as the file's.
    columns : tuple[str, ...]
        Quasi-identifiers the table has.
    people : int
        People in the table.
    """

    sample: NDArray[np.int64]
    population: NDArray[np.int64]
    short: int
    columns: tuple[str, ...]
    people: int


def measure_population(sizes: Sizes, threshold: float) -> tuple[Figure, ...]:
    """Return journalist, marketer and presence figures.

    Parameters
    ----------
    sizes : Sizes
        f (sample) and F (population) of every released class.
    threshold : float
        Highest acceptable probability, 0–1.

    References
    ----------
    K. El Emam et al. (2011), doi:10.1186/1472-6947-11-53: jRa = Σ f·[1/F > τ]/n, jRb = max 1/F, jRc = max(J/ΣF, Σ(f/F)/n);
    F. K. Dankar, K. El Emam (2010), doi:10.1145/1754239.1754271: mR = Σ(f/F)/n.
    """
    f, F = sizes.sample, sizes.population  # noqa: N806 - the letters of the formulas
    n = int(f.sum())
    over = Message(OVER, {"classes": len(f), "columns": Name(", ".join(sizes.columns)), "people": sizes.people})
    if not n:
        return ()
    found = float((f / F).sum() / n)
    smallest = int(F.min())
    above = int(f[threshold + TOLERANCE < 1 / F].sum())
    return (
        K_MAP.measure(smallest, over, persons=smallest, details={"short_classes": sizes.short}),
        HIGHEST.measure(1 / smallest, over, persons=smallest),
        AVERAGE.measure(max(len(F) / float(F.sum()), found), over),
        ABOVE.measure(above / n, over, persons=above, total=n, details={"threshold": threshold}),
        FOUND.measure(found, over),
        PRESENT.measure(float((f / F).max()), over),
    )


def read_sizes(released: Released, path: Path, levels: Mapping[str, Labels] | None = None) -> Sizes:
    """Return the class sizes in the file and in a population table.

    Parameters
    ----------
    released : Released
        The written file.
    path : Path
        CSV (UTF-8, with a heading): quasi-identifiers by name, and `persons` (1 per row without it).
    levels : Mapping or None
        Per column, cell → the released labels that contain it; a column without an entry is compared with the labels as they are.

    Raises
    ------
    FileRejected
        The table names no quasi-identifier, or its counts are not whole numbers.
    """
    names = read_heading(path)
    columns = tuple(name for name in released.quasi_identifiers if name in names)
    if not columns:
        raise refuse_columns(path)
    connection = released.connection
    connection.register("people", read_people(path))
    (people,) = released.fetch_row(f"SELECT coalesce(sum({PERSONS}), 0) FROM people")  # noqa: S608
    _join_labels(connection, columns, levels or {})
    keys = ", ".join(quote(name) for name in columns)
    equal = " AND ".join(f"CAST(c.{quote(name)} AS VARCHAR) IS NOT DISTINCT FROM p.{quote(name)}" for name in columns)
    sql = f"""SELECT c.f, coalesce(p.n, 0) AS n FROM (SELECT {keys}, {released.person_sql} AS f FROM released GROUP BY {keys}) c
        LEFT JOIN (SELECT {keys}, sum({PERSONS}) AS n FROM labelled GROUP BY {keys}) p ON {equal}"""  # noqa: S608 - names are quoted
    found = connection.sql(sql).to_arrow_table()
    f, n = (found.column(name).to_numpy().astype(np.int64) for name in ("f", "n"))
    return Sizes(sample=f, population=np.maximum(f, n), short=int((n < f).sum()), columns=columns, people=int(people))


def _join_labels(connection: duckdb.DuckDBPyConnection, columns: tuple[str, ...], levels: Mapping[str, Labels]) -> None:
    """Make the table `labelled`: people once for every released label that contains them."""
    joins = []
    kept = []
    for i, name in enumerate(columns):
        if name in levels:
            pairs = [(cell, label) for cell, labels in levels[name].items() for label in labels]
            sides = {"cell": [cell for cell, _ in pairs], "label": [label for _, label in pairs]}
            connection.register(f"label_pairs_{i}", pa.table({side: pa.array(texts, pa.string()) for side, texts in sides.items()}))
            joins.append(f"JOIN label_pairs_{i} l{i} ON l{i}.cell IS NOT DISTINCT FROM people.{quote(name)}")
        kept.append(f"l{i}.label AS {quote(name)}" if name in levels else f"people.{quote(name)}")
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE labelled AS SELECT {', '.join(kept)}, {PERSONS} FROM people {' '.join(joins)}"  # noqa: S608
    )


def find_labels(released: Released, plan: Plan, path: Path) -> dict[str, Labels]:
    """Return, per quasi-identifier of a population table, cell → the released labels that contain it.

    Parameters
    ----------
    released : Released
        The written file.
    plan : Plan
        Hierarchies.
    path : Path
        The population table.

    Returns
    -------
    dict[str, Labels]
        A column whose cells are all narrowed labels of the release has no entry: it is compared as it is.

    Raises
    ------
    FileRejected
        Cells are neither values nor labels of the hierarchy.
    """
    people = read_people(path)
    columns = [c for c in plan.recoded if c.name in people.schema.names and c.name in released.quasi_identifiers]
    labels = {column.name: released.distinct_labels(column.name) for column in columns}
    cells = {column.name: set(people.column(column.name).to_pylist()) for column in columns}
    asked = [c for c in columns if plan.tighten is None or not cells[c.name] <= labels[c.name]]
    located = locate_cells(people.select([column.name for column in asked]), plan, path)
    return {column.name: _find_containing(released, plan, column, located[column.name], labels[column.name]) for column in asked}


def _find_containing(released: Released, plan: Plan, column: PlannedColumn, located: Located, labels: set[str]) -> Labels:
    """Return cell → the released labels, groups or narrowed values, that contain it."""
    narrowed = find_members(read_cells(released, column), column, plan, located.table)
    found: dict[str | None, set[str]] = {cell: set().union(*texts) & labels for cell, texts in located.name().items()}
    for cell in filter(None, located.cells):
        inside = located.list_members(cell)
        found[cell] |= {label for label, members in narrowed.items() if np.isin(inside, members).all()}
    return {cell: tuple(sorted(names)) for cell, names in found.items()}
