"""The page of the frontier: what each k costs by each method, as a chart and as a table.

Decided here: what stands where, and its words. Numbers are written as in the report of an assessment, with small counts withheld.
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from markupsafe import Markup

from anonymize.risk.frontier import Frontier, Point
from anonymize.risk.report.charts import draw_frontier
from anonymize.risk.report.numbers import Writer
from anonymize.risk.report.page import POLICY, fill_template, find_titles, read_style
from schemas.counts import MINIMUM as SMALL
from schemas.messages import N_

TEXTS: dict[str, str] = {
    "title": N_("Risk and loss by k and method"),
    "made_on": N_("made on {date}"),
    "intro": N_(
        "Each point is a plan that could be released: the further left, the more of the data is kept; the further down, the harder it is"
        " to recognise somebody. Nothing was released to make this page."
    ),
    "chart": N_("loss and average risk"),
    "loss": N_("loss of information (%)"),
    "risk": N_("average risk of one person (%)"),
    "same": N_("the numbers of the chart, and more"),
    "method": N_("method"),
    "suppressed": N_("rows not released"),
    "highest": N_("highest risk"),
    "average": N_("average risk"),
    "classes": N_("classes"),
    "kept": N_("information kept"),
    "columns": N_("Loss by column"),
    "unreachable": N_("cannot be reached within the plan"),
    "read": N_("How to read it"),
    "read_loss": N_("Loss is the normalised certainty penalty: 0 is the original, 1 (100 %) is nothing left; a row not released counts 1."),
    "read_risk": N_(
        "The risk is the prosecutor's: who knows that a person is in the file, and all quasi-identifiers, picks the right row with this"
        " chance."
    ),
    "read_kept": N_("Information kept: what released values still tell of the original ones, on average over the columns; 100 % is all."),
    "global": N_("one level a column (global)"),
    "local": N_("rows may differ (local)"),
    "cells": N_("blank cells (cells)"),
    "read_method": N_(
        "global: every column has one level; local: rows may differ; cells: single cells are blanked. All hold the same k; the release is"
        " verified and assessed whichever is chosen."
    ),
}


def render_frontier(frontier: Frontier, translate: Callable[[str], str], *, language: str = "ja", made_on: date | None = None) -> str:
    """Return the page as one self-contained HTML document.

    Parameters
    ----------
    frontier : Frontier
        The points.
    translate : Callable[[str], str]
        From English templates into the language of the page.
    language : str
        Its code, for the document.
    made_on : date or None
        Day on which it was made; left out when None, so that the same frontier gives the same bytes.
    """
    writer = Writer(translate=translate, class_minimum=SMALL, titles=find_titles(frontier.plan) if language == "ja" else {})

    def say(key: str, **gaps: object) -> str:
        return translate(TEXTS[key]).format(**gaps)

    methods = tuple(dict.fromkeys(point.method for point in frontier.points))
    reached = [point for point in frontier.points if point.loss is not None and point.average]
    drawn = [_draw_point(point, say(point.method), label) for point, label in _label_points(reached)]
    page: dict[str, Any] = {
        "language": language,
        "policy": POLICY,
        "style": read_style(),
        "plan": frontier.plan.name,
        "made_on": say("made_on", date=made_on.isoformat()) if made_on else None,
        "say": say,
        "chart": Markup(draw_frontier(drawn, say("loss"), say("risk"), [say(method) for method in methods])) if drawn else "",  # noqa: S704
        "points": [{**_write_point(point, frontier, writer), "method": say(point.method)} for point in frontier.points],
        "columns": [writer.title(name) for name in frontier.columns],
        "details": [(say(point.method), point.k, [writer.share(loss) for loss in point.loss_per_column]) for point in reached],
    }
    return fill_template("frontier.html.j2", page)


def _label_points(points: Sequence[Point]) -> list[tuple[Point, str]]:
    """Return one point for all that lie in one place by one method, with every k of theirs as its label."""
    places: dict[tuple[str, float, float], list[Point]] = {}
    for point in points:
        places.setdefault((point.method, round(point.loss or 0.0, 4), round(point.average, 5)), []).append(point)
    told: dict[tuple[float, float, str], int] = {}
    found: list[tuple[Point, str]] = []
    for (_, loss, average), alike in places.items():
        label = "k = " + ", ".join(str(point.k) for point in alike)
        again = told.setdefault((loss, average, label), len(found)) != len(found)  # the same words in the same place are written once
        found.append((alike[0], "" if again else label))
    return found


def _draw_point(point: Point, series: str, label: str) -> dict[str, object]:
    return {
        "series": series,
        "loss": round((point.loss or 0.0) * 100, 2),
        "risk": round(point.average * 100, 3),
        "label": label,
    }


def _write_point(point: Point, frontier: Frontier, writer: Writer) -> dict[str, Any]:
    if point.loss is None:
        return {"method": point.method, "k": point.k, "loss": None}
    return {
        "method": point.method,
        "k": point.k,
        "loss": writer.share(point.loss),
        "suppressed": writer.share_of_rows(point.suppressed, frontier.rows) if point.suppressed else writer.share(0.0),
        "highest": writer.share(point.highest),
        "average": writer.share(point.average),
        "classes": f"{point.classes:,}",
        "kept": writer.whole_share(sum(point.kept_per_column) / max(len(point.kept_per_column), 1)),
    }
