"""The page: an assessment and its reasons become one self-contained HTML document.

Decided here: what stands where. Not decided here: words (`texts`), numbers (`numbers`), looks (`templates`).
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from anonymize.risk.assessment import Assessment
from anonymize.risk.report import sections
from anonymize.risk.report.apart import describe_apart
from anonymize.risk.report.numbers import writer_for
from anonymize.risk.report.story import describe_story
from anonymize.risk.report.usefulness import describe_utility
from schemas.findings import Reason
from schemas.hierarchies import load_hierarchy
from schemas.plan import ANY_DAY, Plan
from schemas.regimes import load_regime
from schemas.tables import load_table

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"


def render_report(
    assessment: Assessment,
    reasons: Sequence[Reason],
    translate: Callable[[str], str],
    *,
    language: str = "ja",
    made_on: date | None = None,
) -> str:
    """Return the report as HTML.

    Parameters
    ----------
    assessment : Assessment
        What was measured.
    reasons : sequence of Reason
        Of the gate; empty: nothing stands against the release.
    translate : Callable[[str], str]
        From English templates into the language of the report.
    language : str
        Its code, for the document.
    made_on : date or None
        Day of the assessment; left out when None, so that the same assessment gives the same bytes.

    Returns
    -------
    str
        One document: no script, no address, no value of the file, no count below ten.
    """
    writer = writer_for(assessment, translate, find_titles(assessment.plan) if language == "ja" else None)
    regime = load_regime(assessment.thresholds.regime)
    page: dict[str, Any] = {
        "language": language,
        "policy": POLICY,
        "style": read_style(),
        "made_on": made_on.isoformat() if made_on else None,
        "say": writer.say,
        "name": lambda key: sections.name_word(key, translate),
        "regime": regime,
        "verdict": sections.describe_verdict(assessment, reasons, writer),
        "keys": sections.describe_keys(assessment, writer),
        "extent": writer.extent(assessment.extent),
        "story": describe_story(assessment, writer, language=language),
        "sizes": sections.describe_sizes(assessment, writer),
        "models": sections.describe_models(assessment, writer),
        "apart": describe_apart(assessment, writer),
        "utility": describe_utility(assessment.utility, writer),
        "releases": sections.describe_releases(assessment, writer),
        "attacks": sections.describe_attacks(assessment, writer),
        "columns": sections.describe_columns(assessment, writer, find_levels(assessment.plan) if language == "ja" else {}),
        "clauses": regime.clauses,
        "methods": sections.describe_methods(assessment, writer),
        "notes": sections.describe_notes(assessment, writer),
        "assessment": assessment,
    }
    return fill_template("report.html.j2", page)


def fill_template(name: str, page: Mapping[str, Any]) -> str:
    """Return a page of this package; every text is escaped, and a gap without a text is an error."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(_read(name)).render(page)


def read_style() -> Markup:
    """Return the style sheet of all pages of this package."""
    return Markup(_read("report.css"))  # noqa: S704 - our own file


def find_titles(plan: Plan) -> dict[str, str]:
    """Return the Japanese titles of the columns of the plan's table; none without a table."""
    return {column.name: column.title_ja for column in load_table(plan.table).columns} if plan.table else {}


def find_levels(plan: Plan) -> dict[tuple[str, str], str]:
    """Return column and level → what people call the level in Japanese."""
    found: dict[tuple[str, str], str] = {}
    for column in plan.recoded:
        hierarchy = load_hierarchy(column.hierarchy or "", folder=plan.folder, as_of=plan.as_of or ANY_DAY)
        found |= {(column.name, name): title for name, title in zip(hierarchy.level_names, hierarchy.level_titles, strict=True)}
    return found


def _read(name: str) -> str:
    return (files("anonymize.risk.report") / "templates" / name).read_text(encoding="utf-8")
