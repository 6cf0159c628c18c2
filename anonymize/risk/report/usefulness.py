"""The section on utility: what the release is still good for, in words and guarded shares.

Decided here: which of the measures are told to people, and in what order. A distance that fewer rows than may be told could make is
written as "below".
"""

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from anonymize.risk.report.charts import draw_bars
from anonymize.risk.report.numbers import Writer
from anonymize.risk.utility import Utility
from anonymize.risk.utility.result import AnalysisUtility, ColumnUtility, PairUtility, PredictionUtility
from schemas.counts import MINIMUM

MOST_LINES = 12
NONE = "—"


def describe_utility(utility: Utility | None, writer: Writer) -> dict[str, Any] | None:
    """Return the section; None where nothing was measured.

    Parameters
    ----------
    utility : Utility or None
        What was measured.
    writer : Writer
        Of the report.
    """
    if utility is None:
        return None
    rows = min(utility.original_rows, utility.released_rows)
    measured = [column for column in utility.columns if column.kept is not None]
    bars = [
        {"category": writer.title(c.column), "share": round((c.kept or 0.0) * 100), "label": writer.whole_share(c.kept or 0.0)}
        for c in measured
    ]
    axes = writer.say("column"), writer.say("utility_kept_axis")
    return {
        "loss": writer.say("utility_loss", loss=writer.whole_share(utility.loss)),
        "chart": Markup(draw_bars(bars, *axes, horizontal=True)) if bars else "",  # noqa: S704 - our own numbers and words
        "columns": [_tell_column(column, rows, writer) for column in utility.columns],
        "pairs": [_tell_pair(pair, rows, writer) for pair in _worst(utility.pairs)],
        "pairs_text": _tell_pairs(utility.pairs, rows, writer),
        "analyses": [_tell_analysis(analysis, rows, writer) for analysis in _largest(utility.analyses)],
        "analyses_text": writer.say(
            "utility_analyses_planned" if any(a.planned for a in utility.analyses) else "utility_analyses_usual",
            count=len(utility.analyses),
            minimum=MINIMUM,
        ),
        "predictions": [_tell_prediction(prediction, writer) for prediction in utility.predictions],
        "method": writer.say(
            "utility_method", original=_count(utility.original_rows, writer), released=_count(utility.released_rows, writer)
        ),
        "notes": [note.render(writer.translate) for note in utility.notes],
    }


def _count(rows: int, writer: Writer) -> str:
    """Return rows that were read, to two digits: the exact numbers could be subtracted from each other."""
    digits = max(len(str(rows)) - 2, 1)
    return writer.say("about", count=f"{round(rows, -digits):,}")


def _distance(distance: float | None, rows: int, writer: Writer) -> str:
    """Return a distance in whole per cent, never one that a few rows could make."""
    if distance is None:
        return NONE
    least = min(1.0, max(0.01, MINIMUM / max(rows, 1)))
    return writer.say("below_share", share=writer.share(least)) if 0 < distance < least else writer.whole_share(distance)


def _tell_column(column: ColumnUtility, rows: int, writer: Writer) -> dict[str, str]:
    return {
        "column": writer.title(column.column),
        "kept": writer.say("utility_random") if column.kept is None else writer.whole_share(column.kept),
        "variation": _distance(column.variation, rows, writer),
        "hellinger": _distance(column.hellinger, rows, writer),
    }


def _worst(pairs: Sequence[PairUtility]) -> list[PairUtility]:
    return sorted(pairs, key=lambda pair: (-pair.variation, pair.columns))[:MOST_LINES]


def _largest(analyses: Sequence[AnalysisUtility]) -> list[AnalysisUtility]:
    """Return the analyses of the plan in its order; of the usual ones those with the largest errors."""
    if any(analysis.planned for analysis in analyses):
        return list(analyses)
    return sorted(analyses, key=lambda analysis: (-(analysis.error or 0.0), analysis.column or "", analysis.by))[:MOST_LINES]


def _tell_pair(pair: PairUtility, rows: int, writer: Writer) -> dict[str, str]:
    return {
        "columns": writer.say("times").join(writer.title(name) for name in pair.columns),
        "variation": _distance(pair.variation, rows, writer),
        "hellinger": _distance(pair.hellinger, rows, writer),
        "kept": writer.say("utility_unrelated") if pair.kept is None else writer.whole_share(pair.kept),
    }


def _tell_pairs(pairs: Sequence[PairUtility], rows: int, writer: Writer) -> str:
    if not pairs:
        return ""
    middle = sorted(pair.variation for pair in pairs)[len(pairs) // 2]
    return writer.say("utility_pairs_text", count=len(pairs), middle=_distance(middle, rows, writer), told=min(len(pairs), MOST_LINES))


def _tell_analysis(analysis: AnalysisUtility, rows: int, writer: Writer) -> dict[str, str]:
    groups = writer.say("times").join(writer.title(name) for name in analysis.by)
    column = writer.title(analysis.column) if analysis.column else ""
    return {
        "title": writer.say(f"utility_{analysis.kind}", column=column, groups=groups),
        "error": _distance(analysis.error, rows, writer),
        "baseline": _distance(analysis.baseline, rows, writer),
        "groups": f"{analysis.groups:,}",
    }


def _tell_prediction(prediction: PredictionUtility, writer: Writer) -> dict[str, str]:
    return {
        "column": writer.title(prediction.column),
        "original": writer.whole_share(prediction.original),
        "released": writer.whole_share(prediction.released),
        "guessing": writer.whole_share(prediction.guessing),
    }
