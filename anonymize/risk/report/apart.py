"""The section on what tells persons apart: uniques before processing and in the release, and the columns that make them so.

Decided here: the figures that stand in two tables, side by side or a line per column, instead of a line each among the models.
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
ORIGINAL = "original_"
# Told before and after; what is held against a limit stands among the models too.
UNIQUES = ("special_uniques_1", "special_uniques_2", "special_uniques_3", "special_disclosure", "population_uniques")
LIMITED = ("population_uniques",)
NONE = "—"


def is_apart(figure: Figure) -> bool:
    """Return whether a figure stands in these tables alone."""
    return figure.code in HEADINGS or (figure.code.removeprefix(ORIGINAL) in UNIQUES and figure.code not in LIMITED)


def describe_apart(assessment: Assessment, writer: Writer) -> dict[str, Any] | None:
    """Return both tables, and what each of their figures means; None without such figures."""
    figures = {(figure.code, figure.column): figure for figure in assessment.figures if is_apart(figure) or figure.code in LIMITED}
    if not figures:
        return None
    codes = [code for code in HEADINGS if any(code == found for found, _ in figures)]
    columns = dict.fromkeys(column for code, column in figures if code in codes and column)
    pairs = [(figures.get((ORIGINAL + code, None)), figures[code, None]) for code in UNIQUES if (code, None) in figures]
    first = [next(figure for (found, _), figure in figures.items() if found == code) for code in codes]
    return {
        "uniques": [
            {"title": writer.translate(after.title), "before": _tell(before, writer), "after": _tell(after, writer)}
            for before, after in pairs
        ],
        "headings": [writer.say(HEADINGS[code]) for code in codes],
        "rows": [
            {"column": writer.title(column), "cells": [_tell(figures.get((code, column)), writer) for code in codes]} for column in columns
        ],
        "meanings": [
            *[_explain(before or after, writer.translate(after.title), writer) for before, after in pairs],
            *[_explain(figure, f"{writer.say(HEADINGS[figure.code])}: {writer.translate(figure.title)}", writer) for figure in first],
        ],
    }


def _tell(figure: Figure | None, writer: Writer) -> str:
    """Return the value, with its interval where it has one and neither can be read as a small count."""
    if figure is None:
        return NONE
    value = writer.figure(figure)
    if figure.interval is None or figure.value is None or value != writer.share(figure.value) or not figure.value:
        return value
    low, high = (writer.share(bound) for bound in figure.interval)
    return writer.say("apart_interval", value=value, low=low, high=high)


def _explain(figure: Figure, heading: str, writer: Writer) -> dict[str, str]:
    return {
        "heading": heading,
        "attacker": figure.attacker.render(writer.translate),
        "population": figure.population.render(writer.translate),
        "interval": writer.translate(figure.basis),
        "source": figure.source,
    }
