"""The section on single columns: which of them tell persons apart, before processing and in the release.

Decided here: the figures that stand in one table, a line per column, instead of a line each among the models.
"""

from typing import Any

from anonymize.risk.assessment import Assessment
from anonymize.risk.figures import Figure
from anonymize.risk.report.numbers import Writer

# Code of a figure of one column → heading of its table column.
HEADINGS: dict[str, str] = {
    "original_special_contribution": "apart_before",
    "special_contribution": "apart_after",
    "subgroup_average": "apart_group",
    "outliers": "apart_outliers",
    "value_uniques": "apart_alone",
    "extreme_persons": "apart_ends",
}
NONE = "—"


def is_apart(figure: Figure) -> bool:
    """Return whether a figure stands in this table."""
    return figure.code in HEADINGS


def describe_apart(assessment: Assessment, writer: Writer) -> dict[str, Any] | None:
    """Return headings, one row per column in the order of the figures, and what each heading means; None without such figures."""
    found = [figure for figure in assessment.figures if is_apart(figure)]
    if not found:
        return None
    cells = {(figure.column, figure.code): figure for figure in found}
    codes = [code for code in HEADINGS if any(figure.code == code for figure in found)]
    columns = dict.fromkeys(figure.column or "" for figure in found)
    return {
        "headings": [writer.say(HEADINGS[code]) for code in codes],
        "rows": [
            {"column": writer.title(column), "cells": [_tell(cells.get((column, code)), writer) for code in codes]} for column in columns
        ],
        "meanings": [_explain(next(figure for figure in found if figure.code == code), writer) for code in codes],
    }


def _tell(figure: Figure | None, writer: Writer) -> str:
    return writer.figure(figure) if figure else NONE


def _explain(figure: Figure, writer: Writer) -> dict[str, str]:
    return {
        "heading": writer.say(HEADINGS[figure.code]),
        "title": writer.translate(figure.title),
        "attacker": figure.attacker.render(writer.translate),
        "source": figure.source,
    }
