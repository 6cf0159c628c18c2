# ruff: noqa: S608 - every name that enters a query goes through `quote`
"""l-diversity and t-closeness measured on the written file: one pass over its rows per sensitive column, then short queries.

Decided here: the figure of the worst class. A missing value is a value wherever its share matters; it is none of the l of "distinct". The
whole that classes are compared with is the release, each person once per class and value.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import pyarrow as pa

from anonymize.verify.sql import WrittenFile, quote
from schemas.findings import Reason
from schemas.hierarchies import load_hierarchy
from schemas.messages import N_, Message, Name
from schemas.plan import ANY_DAY, Plan
from schemas.plan_models import Closeness, Diversity

TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFigures:
    """What was measured of the worst class, per sensitive column (see `measure_models`)."""

    diversity: Mapping[str, float] = field(default_factory=dict)
    closeness: Mapping[str, float] = field(default_factory=dict)


def measure_models(file: WrittenFile, plan: Plan) -> ModelFigures:
    """Return the figures of a release with rows.

    Returns
    -------
    ModelFigures
        diversity: fewest values ("distinct"), least exp(entropy), or greatest r1 / (r_l + … + r_m) ("recursive"). closeness: greatest
        earth mover's distance (0–1) between a class and the whole release.

    References
    ----------
    Machanavajjhala et al. (2007), l-diversity, doi:10.1145/1217299.1217302. Li, Li, Venkatasubramanian (2007), t-closeness,
    doi:10.1109/ICDE.2007.367856.
    """
    diversity: dict[str, float] = {}
    closeness: dict[str, float] = {}
    for column in plan.privacy.asked:
        count_values(file, column)
        diversity |= {wish.column: _measure_diversity(file, wish) for wish in plan.privacy.diversity if wish.column == column}
        closeness |= {wish.column: _measure_closeness(file, wish, plan) for wish in plan.privacy.closeness if wish.column == column}
    return ModelFigures(diversity=diversity, closeness=closeness)


def count_values(file: WrittenFile, column: str) -> None:
    """Make the tables `cells` (class, place, n: persons per class and value) and `whole` (value, place, q: shares in the release).

    Places number the values in ascending order, a missing one last.
    """
    # Names of the release are kept apart from those here: nothing a plan releases starts with two underscores.
    keys = [f"{quote(name)} AS __k{i}" for i, name in enumerate(file.quasi)] or ["true AS __k0"]
    counted = f"SELECT {', '.join(keys)}, {quote(column)} AS __value, {file.persons} AS __n FROM release GROUP BY ALL"
    grouped = ", ".join(f"__k{i}" for i in range(len(keys)))
    lists = f"SELECT list({{value: __value, n: __n}}) AS cells, sum(__n) AS total FROM ({counted}) GROUP BY {grouped}"
    numbered = f"SELECT row_number() OVER () AS class, total, unnest(cells) AS cell FROM ({lists})"
    file.ask_all(
        f"CREATE OR REPLACE TEMP TABLE raw AS SELECT class, cell.value AS value, cell.n AS n, cell.n / total AS p FROM ({numbered})"
    )
    ranked = "SELECT value, sum(n) AS n, row_number() OVER (ORDER BY value NULLS LAST) - 1 AS place FROM raw GROUP BY value"
    file.ask_all(f"CREATE OR REPLACE TEMP TABLE whole AS SELECT value, place, n / sum(n) OVER () AS q FROM ({ranked})")
    joined = "raw JOIN whole ON raw.value IS NOT DISTINCT FROM whole.value"
    file.ask_all(f"CREATE OR REPLACE TEMP TABLE cells AS SELECT class, place, n, p, q, raw.value IS NULL AS missing FROM {joined}")
    file.ask_all("DROP TABLE raw")


def _measure_diversity(file: WrittenFile, wish: Diversity) -> float:
    if wish.kind == "distinct":
        return file.ask_number("SELECT min(l) FROM (SELECT count(*) FILTER (NOT missing) AS l FROM cells GROUP BY class)")
    if wish.kind == "entropy":
        return file.ask_number("SELECT min(e) FROM (SELECT exp(-sum(p * ln(p))) AS e FROM cells GROUP BY class)")
    ranked = "SELECT class, n, row_number() OVER (PARTITION BY class ORDER BY n DESC) AS r FROM cells"
    tail = f"coalesce(sum(n) FILTER (r >= {int(wish.l)}), 0)"
    ratio = f"SELECT CASE WHEN {tail} = 0 THEN 'infinity'::DOUBLE ELSE max(n) / {tail} END AS q FROM ({ranked}) GROUP BY class"
    return file.ask_number(f"SELECT max(q) FROM ({ratio})")


def _measure_closeness(file: WrittenFile, wish: Closeness, plan: Plan) -> float:
    if wish.distance == "equal":
        # Values that a class lacks add their whole share: half of sum |p - q| over those it has, and of what is left of 1.
        return file.ask_number("SELECT max(d) FROM (SELECT (sum(abs(p - q)) + 1 - sum(q)) / 2 AS d FROM cells GROUP BY class)")
    if wish.distance == "hierarchical":
        return _measure_hierarchical(file, wish, plan)
    grid = "SELECT class, place, q FROM whole CROSS JOIN (SELECT DISTINCT class FROM cells)"
    filled = f"SELECT class, place, coalesce(p, 0) - g.q AS gap FROM ({grid}) g LEFT JOIN cells USING (class, place)"
    running = f"SELECT class, sum(gap) OVER (PARTITION BY class ORDER BY place) AS run FROM ({filled})"
    inner = f"SELECT sum(abs(run)) / greatest((SELECT count(*) FROM whole) - 1, 1) AS d FROM ({running}) GROUP BY class"
    return file.ask_number(f"SELECT max(d) FROM ({inner})")


def _measure_hierarchical(file: WrittenFile, wish: Closeness, plan: Plan) -> float:
    """Return the greatest distance when two values lie as far apart as the level at which they meet, over the height of the hierarchy.

    Moving a share between two values crosses one group boundary at every level below that: half of what groups have too much or too
    little, added over the levels.
    """
    values = pa.array([value for (value,) in file.ask_all("SELECT value FROM whole ORDER BY place")])
    hierarchy = load_hierarchy(wish.hierarchy or "", folder=plan.folder, as_of=plan.as_of or ANY_DAY)
    table = hierarchy.resolve(values, column=wish.column)
    height = table.codes.shape[1] - 1
    places = {f"g{level}": pa.array(table.codes[:, level]) for level in range(height)}
    tree = f"__tree of {wish.column}"
    file.connection.register(tree, pa.table({"place": pa.array(range(len(values)), pa.int64()), **places}))
    distances = []
    for level in range(height):
        whole = f"SELECT g{level} AS g, sum(q) AS q FROM whole JOIN {quote(tree)} USING (place) GROUP BY g"
        part = f"SELECT class, g{level} AS g, sum(p) AS p FROM cells JOIN {quote(tree)} USING (place) GROUP BY class, g"
        distances.append(f"SELECT class, (sum(abs(p - q)) + 1 - sum(q)) / 2 AS d FROM ({part}) JOIN ({whole}) USING (g) GROUP BY class")
    return file.ask_number(f"SELECT max(d) / {height} FROM (SELECT sum(d) AS d FROM ({' UNION ALL '.join(distances)}) GROUP BY class)")


class Measured(Protocol):
    """What was measured on a written file, as `ModelFigures` has it."""

    @property
    def diversity(self) -> Mapping[str, float]:
        """Per column."""
        ...

    @property
    def closeness(self) -> Mapping[str, float]:
        """Per column."""
        ...


def check_models(_file: WrittenFile, plan: Plan, measured: Measured) -> Iterator[Reason]:
    """Yield the promises of l-diversity and t-closeness that a release does not hold."""
    for wish in plan.privacy.diversity:
        found = measured.diversity.get(wish.column)
        if found is not None and not (found < (wish.c or 0) if wish.kind == "recursive" else found >= wish.l - TOLERANCE):
            yield _reason("l", N_("a class is not diverse enough in {column}"), wish.column)
    for closeness in plan.privacy.closeness:
        if measured.closeness.get(closeness.column, 0.0) > closeness.t + TOLERANCE:
            yield _reason("t", N_("a class lies too far from the whole in {column}"), closeness.column)


def _reason(code: str, template: str, column: str) -> Reason:
    return Reason(code=f"verify-{code}", message=Message(template, {"column": Name(column)}))
