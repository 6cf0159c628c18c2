"""The riskiest class told as a story about a person who does not exist.

Decided here: what the person is made of. Name and values come from the plan, published lists and a generator seeded by the plan, never from
the file: whatever the file holds, the same plan tells of the same person, so that nothing about the file can be learned from it. That a
value may also occur in the file is chance; taking care that it does not would tell what the file holds.
"""

import datetime
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from markupsafe import Markup

from anonymize.risk.assessment import Assessment
from anonymize.risk.columns import ColumnTrace
from anonymize.risk.report.charts import draw_bars
from anonymize.risk.report.numbers import Writer
from schemas.errors import PlanError
from schemas.hierarchies import Hierarchy, hierarchy_names, load_hierarchy
from schemas.hierarchies.ages import AgeHierarchy
from schemas.hierarchies.dates import DateHierarchy
from schemas.hierarchies.domains import list_domain
from schemas.hierarchies.places import PlaceHierarchy
from schemas.hierarchies.ranges import BandHierarchy
from schemas.municipalities import list_municipalities
from schemas.plan import ANY_DAY, Plan, PlannedColumn

YOUNGEST, OLDEST = 35, 79


def describe_story(assessment: Assessment, writer: Writer, *, language: str) -> dict[str, Any]:
    """Return the riskiest class told as a story, and how each known column narrows the search.

    Parameters
    ----------
    assessment : Assessment
        What was measured.
    writer : Writer
        Of the report.
    language : str
        Of the report; the name of the person is spelled in it.
    """
    riskiest = assessment.riskiest
    name, known = make_person(assessment.plan, language)
    called = writer.say("story_name", name=name)
    traces = {trace.column: trace for trace in assessment.columns}
    rows = _describe_narrowing(assessment, writer)
    steps = []
    for i, row in enumerate(rows):
        rest = row["category"] == writer.say("columns_rest")
        key = "story_step" if i == 0 else "story_rest" if rest else "story_more"
        steps.append(writer.say(key, column=row["category"], share=row["label"]))
    chart = Markup(draw_bars(rows, writer.say("column"), writer.say("narrowing_axis"), horizontal=True)) if rows else ""  # noqa: S704
    told = [column for column in riskiest.columns if column in known and column in traces]
    return {
        "fiction": writer.say("story_fictional", name=called),
        "start": writer.say("story_start", name=called),
        "known": [
            {
                "column": writer.title(column),
                "value": known[column][0] or writer.say("story_any"),
                "released": _tell_released(traces[column], known[column][1], writer),
            }
            for column in told
        ],
        "steps": writer.say("story_steps", steps=writer.translate(", ").join(steps)) if steps else "",
        "end": writer.say("story_end", size=writer.class_size(riskiest.size), name=called),
        "rows": rows,
        "chart": chart,
    }


def _describe_narrowing(assessment: Assessment, writer: Writer) -> list[dict[str, Any]]:
    riskiest = assessment.riskiest
    shown = [writer.title(name) for name in riskiest.columns[: len(riskiest.remaining)]]
    if len(riskiest.columns) > len(shown):
        shown[-1] = writer.say("columns_rest")
    return [
        {"category": name, "share": round(share * 100, 2), "label": writer.share_of_rows(share, assessment.extent.rows_out)}
        for name, share in zip(shown, riskiest.remaining, strict=True)
    ]


def _tell_released(trace: ColumnTrace, labels: dict[str, str], writer: Writer) -> str:
    """Return what a release with these levels would show of the person, the finest level first."""
    found = list(dict.fromkeys(labels[level] for level in trace.level if level in labels))
    if not found:
        return writer.say("levels", levels=writer.translate(", ").join(trace.level)) if trace.level else "—"
    return found[0] if len(found) == 1 else writer.say("story_or", first=found[0], others=writer.translate(", ").join(found[1:]))


def make_person(plan: Plan, language: str) -> tuple[str, dict[str, tuple[str, dict[str, str]]]]:
    """Return a made-up name, and per quasi-identifier a made-up value and its label at every level; no text where none can be made up.

    Parameters
    ----------
    plan : Plan
        Hierarchies; its hash is the seed.
    language : str
        Of the name.
    """
    from faker import Faker

    faker = Faker("ja_JP")
    faker.seed_instance(int(plan.sha256[:12], 16))
    name = str(faker.last_name() if language == "ja" else faker.last_romanized_name())
    return name, {column.name: _make_value(column, plan, faker) for column in plan.recoded}


def _make_value(column: PlannedColumn, plan: Plan, faker: Any) -> tuple[str, dict[str, str]]:
    """Return a value and its labels; nothing where only the file could tell what values look like."""
    spec = column.hierarchy or ""
    shipped = isinstance(spec, str) and spec in hierarchy_names()
    try:
        hierarchy = load_hierarchy(spec, folder=plan.folder, as_of=plan.as_of or ANY_DAY)
        value = _choose(hierarchy, faker, shipped=shipped)
        if value is None:
            return "", {}
        levels = hierarchy.resolve(value, column=column.name)
    except PlanError:
        return "", {}
    labels = [part[int(levels.codes[0, level])] for level, part in enumerate(levels.labels)]
    return labels[0], dict(zip(levels.level_names, labels, strict=True))


def _choose(hierarchy: Hierarchy, faker: Any, *, shipped: bool) -> pa.Array | None:
    """Return one value: a birthday, a fictional municipality, an entry of a published list, a number; None for lists of the plan."""
    if isinstance(hierarchy, AgeHierarchy):
        year, month, day = hierarchy.as_of.year, faker.random_int(1, 12), faker.random_int(1, 28)
        return pa.array([datetime.date(year - faker.random_int(YOUNGEST, OLDEST), month, day)], pa.date32())
    if isinstance(hierarchy, PlaceHierarchy):
        return pa.array([faker.random_element(_fictional_places())], pa.string())
    if isinstance(hierarchy, DateHierarchy):
        return pa.array([datetime.date(2020 + faker.random_int(0, 3), faker.random_int(1, 12), faker.random_int(1, 28))], pa.date32())
    if isinstance(hierarchy, BandHierarchy):
        return pa.array([faker.random_int(YOUNGEST, OLDEST)], pa.int64())
    listed = list_domain(hierarchy) if shipped else None
    # The last entries of published lists are "other" and "unknown".
    return None if listed is None else listed.slice(faker.random_int(0, max(len(listed) - 2, 0)), 1)


def _fictional_places() -> Sequence[str]:
    return tuple(place.code for place in list_municipalities(synthetic=True) if not place.is_prefecture)
