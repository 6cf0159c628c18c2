# ruff: noqa: S608 - every name that enters a query goes through `quote`
"""k-map and δ-presence measured again: the released labels against the population table, by SQL of its own.

Decided here: which people of the table match which released cells. A cell is what the release shows in the columns the table has; a line of
the table matches when each of its cells lies wholly inside (see `anonymize.population_cells` for where a cell lies).
"""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from anonymize.population_cells import find_texts
from anonymize.populations import PERSONS, open_population
from anonymize.verify.sql import WrittenFile, quote
from schemas.findings import Reason
from schemas.messages import N_, Message
from schemas.plan import Plan

TOLERANCE = 1e-9


def measure_population(file: WrittenFile, plan: Plan) -> dict[str, float]:
    """Return what the release shows of the population; nothing where the plan asks for nothing.

    Returns
    -------
    dict[str, float]
        k_map: fewest people who match a released cell. Where δ-presence is asked, presence_lowest and presence_highest: least and
        greatest share of them in the release, infinite where nobody matches; outside: people who match no released cell; overlap: most
        released cells that one person matches.

    References
    ----------
    Sweeney (2001), hdl:1721.1/8589; Nergiz, Atzori, Clifton (2007), doi:10.1145/1247480.1247554.
    """
    models = plan.privacy.population
    if models is None:
        return {}
    people = open_population(plan)
    texts = find_texts(people, plan, Path(models.file))
    names = list(texts)
    cells = [quote(f"cell {i}") for i in range(len(names))]
    shown = ", ".join(f"{quote(name)}::VARCHAR AS {cell}" for name, cell in zip(names, cells, strict=True))
    keys = ", ".join(cells)
    file.ask_all(f"CREATE OR REPLACE TEMP TABLE shown AS SELECT {shown}, {file.persons} AS f FROM release GROUP BY {keys}")
    file.connection.register("people", people.append_column("line", pa.array(range(people.num_rows), pa.int64())))
    joins = []
    for i, (name, cell) in enumerate(zip(names, cells, strict=True)):
        pairs = [(value, text) for value, levels in texts[name].items() for text in frozenset().union(*levels)]
        columns = {
            "value": pa.array([value for value, _ in pairs], pa.string()),
            "text": pa.array([text for _, text in pairs], pa.string()),
        }
        file.connection.register(f"pairs_{i}", pa.table(columns))
        known = f"SELECT value, text FROM pairs_{i} SEMI JOIN shown ON text = shown.{cell}"
        joins.append(f"JOIN ({known}) l{i} ON l{i}.value IS NOT DISTINCT FROM people.{quote(name)}")
    at = ", ".join(f"l{i}.text AS {cell}" for i, cell in enumerate(cells))
    file.ask_all(f"CREATE OR REPLACE TEMP TABLE matching AS SELECT line, {PERSONS} AS n, {at} FROM people {' '.join(joins)}")
    file.ask_all(f"CREATE OR REPLACE TEMP TABLE matched AS FROM matching SEMI JOIN shown USING ({keys})")
    counted = f"SELECT f, coalesce(n, 0) AS n FROM shown LEFT JOIN (SELECT {keys}, sum(n) AS n FROM matched GROUP BY {keys}) USING ({keys})"
    share = "CASE WHEN n = 0 THEN 'infinity'::DOUBLE ELSE f / n END"
    k_map, lowest, highest = file.ask(f"SELECT coalesce(min(n), 0), coalesce(min({share}), 0), coalesce(max({share}), 0) FROM ({counted})")
    found = {"k_map": float(k_map)}
    if models.delta_presence is not None:
        # Cells of a local recoding may overlap; without the promise that they do not, a share would say less than it seems to.
        found |= {"presence_lowest": float(lowest), "presence_highest": float(highest)}
        found["outside"] = file.ask_number(f"SELECT sum({PERSONS}) FROM people ANTI JOIN matched USING (line)")
        found["overlap"] = file.ask_number("SELECT max(n) FROM (SELECT count(*) AS n FROM matched GROUP BY line)")
    return found


def show_figures(found: Mapping[str, float]) -> dict[str, float | None]:
    """Return figures for machines, nothing for an infinite one."""
    return {name: None if math.isinf(figure) else figure for name, figure in found.items()}


class Measured(Protocol):
    """What was measured on a written file."""

    @property
    def population(self) -> Mapping[str, float]:
        """The figures of `measure_population`."""
        ...


def check_population(_file: WrittenFile, plan: Plan, measured: Measured) -> Iterator[Reason]:
    """Yield what a release does not hold of the population models of its plan; a release without rows holds them."""
    models, found = plan.privacy.population, measured.population
    if models is None or not found:
        return
    if models.k_map is not None and found["k_map"] < models.k_map:
        yield _reason("k-map", N_("fewer than {k} people of the population match a class"), k=models.k_map)
    if models.delta_presence is None:
        return
    low, high = models.delta_presence
    if found["overlap"] > 1:
        yield _reason("presence-overlap", N_("people of the population match several released classes that overlap"))
    if found["presence_highest"] > high + TOLERANCE:
        yield _reason("presence", N_("too large a share of the people who match a class is in the release"))
    if found["presence_lowest"] < low - TOLERANCE or (low > 0 and found["outside"]):
        yield _reason("absence", N_("too small a share of the people of the population is in the release"))


def _reason(code: str, template: str, **params: int) -> Reason:
    return Reason(code=f"verify-{code}", message=Message(template, dict(params)))
