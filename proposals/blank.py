"""The blank form (提案書の様式) of a table: every field, with what may be written in it, ready to be filled in."""

from pathlib import Path
from typing import Any

from proposals.grain import allowed_grains
from proposals.levels import column_levels
from proposals.rendering import render_page
from schemas.errors import SettingsError
from schemas.files import write_bytes
from schemas.grains import DROP, name_grain
from schemas.messages import N_, Name
from schemas.regimes import Regime, load_regime, regime_names
from schemas.tables import TableSchema, load_table


def render_blank(table: TableSchema, regime: Regime, *, register_id: str = "R-0001") -> str:
    """Return a blank form as YAML: fields to fill in are empty, columns are all left out, choices stand beside their field.

    Parameters
    ----------
    register_id : str
        The register entry the form is for.
    """
    return render_page("form.yaml", table=table, regime=regime, register_id=register_id, columns=describe_grains(table, regime))


def write_blank(table: str, output: Path, *, regime: str | None = None) -> Path:
    """Write a blank form and return where it lies.

    Parameters
    ----------
    regime : str or None
        Name of the regime; the law in force without it.

    Raises
    ------
    SettingsError
        There is no such table or regime, or the file cannot be written.
    """
    content = render_blank(load_table(table), load_regime(regime or regime_names()[0]))
    try:
        write_bytes(output, content.encode())
    except OSError as error:
        raise SettingsError(N_("{file} cannot be written"), N_("name a file in a folder that exists"), file=Name(output.name)) from error
    return output


def describe_grains(table: TableSchema, regime: Regime) -> list[dict[str, Any]]:
    """Return the columns of a table, each with the grains a proposal may ask for and the clause it is processed under."""
    levels = column_levels(table)
    found = []
    for column in table.columns:
        titles = levels.get(column.name, {})
        grains = [grain for grain in allowed_grains(column, tuple(titles), regime) if grain != DROP]
        found.append(
            {
                "name": column.name,
                "title": column.title_ja,
                "grains": [{"name": grain, "title": name_grain(grain, titles)} for grain in grains],
                "citation": regime.clauses[column.clause].citation,
            }
        )
    return found
