"""The sections of the page, as plain text and guarded numbers, ready for the template.

Decided here: which figures each section tells, and in what order.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from anonymize.risk.assessment import Assessment
from anonymize.risk.attacks.result import AttackResult, Score
from anonymize.risk.figures import Figure, get_figure
from anonymize.risk.report.apart import is_apart
from anonymize.risk.report.charts import draw_bars, draw_intervals
from anonymize.risk.report.numbers import Writer, find_step, round_to_step
from anonymize.risk.report.texts import NAMES
from schemas.counts import MINIMUM
from schemas.findings import Reason
from schemas.messages import Message, Name

STEPS = (1, 2, 5, 10)
LIMITS = {
    "smallest_class": ("limit_at_least", "k"),
    "linked_smallest": ("limit_at_least", "linked"),
    "prosecutor_highest": ("limit_at_most", "highest"),
    "prosecutor_average": ("limit_at_most", "average"),
    "sample_uniques": ("limit_at_most", "uniques"),
    "population_uniques": ("limit_at_most", "uniques"),
    "membership": ("limit_at_most", "insider"),
    "skewness": ("limit_at_most", "skewness"),
    "similar_share": ("limit_at_most", "similar"),
    "subgroup_average": ("limit_at_most", "subgroup"),
    "outliers": ("limit_at_most", "outliers"),
    "diversity": ("limit_at_least", "diversity"),
    "joint_smallest": ("limit_at_least", "k"),
    "joint_linked_smallest": ("limit_at_least", "linked"),
    "joint_diversity": ("limit_at_least", "diversity"),
    "difference_smallest": ("limit_at_least", "k"),
    "change_smallest": ("limit_at_least", "k"),
}


def name_word(key: str, translate: Callable[[str], str]) -> str:
    """Return the words for a role, treatment (steps joined by +) or context."""
    return translate(" + ").join(translate(NAMES.get(part, part)) for part in key.split("+"))


def describe_verdict(assessment: Assessment, reasons: Sequence[Reason], writer: Writer) -> dict[str, Any]:
    """Return the banner: go or stop, and why; and what could not be shown, whatever the verdict."""
    unable = writer.translate(", ").join(_name_attack(attack, writer) for attack in assessment.without_power)
    return {
        "go": not reasons,
        "title": writer.say("stop" if reasons else "go"),
        "text": writer.say("stop_text" if reasons else "go_text"),
        "reasons": [{"text": tell_reason(r, writer), "article": r.article or ""} for r in reasons],
        "caveats": [
            *([writer.say("unable_text", attacks=unable)] if unable else []),
            *(note.render(writer.translate) for note in assessment.not_attacked),
        ],
    }


def tell_reason(reason: Reason, writer: Writer) -> str:
    """Return the text of a reason, with the column called as people call it."""
    params = dict(reason.message.params)
    if "column" in params:
        params["column"] = Name(writer.title(str(params["column"])))
    return Message(reason.message.template, params).render(writer.translate)


def describe_keys(assessment: Assessment, writer: Writer) -> list[dict[str, Any]]:
    """Return the three figures that matter."""
    limits = assessment.thresholds
    smallest, highest = (get_figure(assessment.figures, code) for code in ("smallest_class", "prosecutor_highest"))
    keys = [
        {
            "title": writer.say("key_k"),
            "value": writer.figure(smallest),
            "unit": writer.say("persons_unit"),
            "text": writer.say("key_k_text"),
            "limit": writer.say("limit_at_least", limit=limits.k),
            "good": (smallest.value or 0) >= limits.k,
        },
        {
            "title": writer.say("key_highest"),
            "value": writer.figure(highest),
            "unit": "",
            "text": writer.say("key_highest_text"),
            "limit": writer.say("limit_at_most", limit=writer.share(limits.highest)),
            "good": highest.value is not None and highest.value <= limits.highest + 1e-9,
        },
    ]
    return [*keys, _describe_attack_key(assessment, writer)]


def _describe_attack_key(assessment: Assessment, writer: Writer) -> dict[str, Any]:
    powerful = [attack for attack in assessment.attacks if attack.has_power and attack.limit]
    if not powerful:
        return {
            "title": writer.say("key_attack"),
            "value": "—",
            "unit": "",
            "text": writer.say("key_attack_none"),
            "limit": writer.say("limit_at_most", limit=writer.share(assessment.thresholds.attack)),
            "good": None,
        }
    worst = max(powerful, key=lambda attack: attack.released.excess / (attack.limit or 1.0))
    low, high = (writer.share(bound) for bound in worst.released.interval)
    return {
        "title": writer.say("key_attack"),
        "value": writer.share(worst.released.excess),
        "unit": "",
        "text": writer.say("key_attack_text", attack=_name_attack(worst, writer), low=low, high=high),
        "limit": writer.say("limit_at_most", limit=writer.share(worst.limit or 1.0)),
        "good": not worst.fails,
    }


def describe_sizes(assessment: Assessment, writer: Writer) -> dict[str, Any]:
    """Return the share of persons by size of class, in steps of the required k."""
    total = sum(size * number for size, number in assessment.class_sizes.items())
    edges = [assessment.thresholds.k * step for step in STEPS]
    rows = []
    for low, high in zip([0, *edges], [*edges, None], strict=True):
        persons = sum(size * number for size, number in assessment.class_sizes.items() if size >= low and (high is None or size < high))
        label = writer.part(0 if not persons else max(persons, MINIMUM), max(total, 1), finest=0.01)
        step = find_step(total, finest=0.01)
        drawn = max(round_to_step(persons / max(total, 1), step), step / 2 if persons else 0.0)
        rows.append({"category": _name_sizes(low, high, writer), "share": round(drawn * 100, 1), "label": label})
    chart = draw_bars(rows, writer.say("sizes_axis"), writer.say("sizes_share"), horizontal=False)
    return {"rows": rows, "chart": Markup(chart)}  # noqa: S704 - drawn from numbers and our own words


def _name_sizes(low: int, high: int | None, writer: Writer) -> str:
    if not low:
        return writer.say("sizes_below", size=high)
    return writer.say("sizes_from", size=low) if high is None else f"{low}–{high - 1}"


def describe_models(assessment: Assessment, writer: Writer) -> list[dict[str, Any]]:
    """Return one line per figure, with its limit where there is one; those of several releases or single columns have their own section."""
    told = [figure for figure in assessment.figures if not _is_joint(figure, assessment) and not is_apart(figure)]
    return [_describe_figure(figure, assessment, writer) for figure in told]


def describe_releases(assessment: Assessment, writer: Writer) -> dict[str, Any]:
    """Return what the releases that are out tell together."""
    composition = assessment.composition
    return {
        "rows": [_describe_figure(figure, assessment, writer) for figure in assessment.figures if _is_joint(figure, assessment)],
        "notes": [note.render(writer.translate) for note in composition.tell()] if composition else [],
    }


def _is_joint(figure: Figure, assessment: Assessment) -> bool:
    return assessment.composition is not None and figure in assessment.composition.figures


def describe_notes(assessment: Assessment, writer: Writer) -> list[str]:
    """Return what was not measured, and why; what is said of other releases stands in their section."""
    elsewhere = assessment.composition.tell() if assessment.composition else ()
    return [note.render(writer.translate) for note in assessment.notes if note not in elsewhere]


def _describe_figure(figure: Figure, assessment: Assessment, writer: Writer) -> dict[str, Any]:
    said, field = LIMITS.get(figure.code, ("", ""))
    limit = getattr(assessment.thresholds, field) if field else None
    good = None
    if limit is not None and figure.value is not None:
        good = figure.value >= limit if said == "limit_at_least" else figure.value <= limit + 1e-9
    if figure.code == "closeness":
        limit = next((c.t for c in assessment.plan.privacy.closeness if c.column == figure.column), None)
        said, good = "limit_at_most", None if limit is None or figure.value is None else figure.value <= limit + 1e-9
    return {
        "title": writer.translate(figure.title),
        "column": writer.title(figure.column) if figure.column else "",
        "value": writer.figure(figure),
        "interval": writer.interval(figure),
        "unit": writer.say("persons_unit") if figure.unit == "persons" else "",
        "limit": "" if limit is None else writer.say(said, limit=_write_limit(figure, limit, writer)),
        "good": good,
        "attacker": figure.attacker.render(writer.translate),
        "population": figure.population.render(writer.translate),
        "source": figure.source,
    }


def _write_limit(figure: Figure, limit: float, writer: Writer) -> str:
    return writer.share(limit) if figure.unit in {"probability", "share"} else f"{limit:g}"


def describe_attacks(assessment: Assessment, writer: Writer) -> dict[str, Any]:
    """Return every attack on release and unprotected copy."""
    series = (writer.say("on_release"), writer.say("on_copy"))
    points = [
        {
            **_point(_name_attack(attack, writer), name, score, 0 if _is_coarse(attack, assessment) else 1),
            "limit": None if attack.limit is None else round(attack.limit * 100, 1),
        }
        for attack in assessment.attacks
        for name, score in zip(series, (attack.released, attack.unprotected), strict=True)
    ]
    chart = Markup(draw_intervals(points, writer.say("attacks_axis"), series)) if points else ""  # noqa: S704 - our own numbers and words
    return {"rows": [_describe_attack(attack, assessment, writer) for attack in assessment.attacks], "chart": chart}


def _point(category: str, series: str, score: Score, digits: int) -> dict[str, object]:
    low, high = score.interval
    rounded = {"value": score.excess, "low": low, "high": high}
    return {"category": category, "series": series, **{key: round(share * 100, digits) for key, share in rounded.items()}}


def _name_attack(attack: AttackResult, writer: Writer) -> str:
    title = writer.translate(attack.title)
    return f"{title}: {writer.title(attack.column)}" if attack.column else title


def _describe_attack(attack: AttackResult, assessment: Assessment, writer: Writer) -> dict[str, Any]:
    coarse = _is_coarse(attack, assessment)
    trials = assessment.settings.trials if assessment.settings and coarse else attack.trials
    key = "trials_attempts" if attack.max_attempts else "trials_most" if coarse else "trials"
    return {
        "title": _name_attack(attack, writer),
        "attacker": attack.attacker.render(writer.translate),
        "population": attack.population.render(writer.translate),
        "source": attack.source,
        "trials": writer.say(key, trials=f"{trials:,}", attempts=f"{attack.max_attempts:,}"),
        "good": attack.passes,
        "unable": attack in assessment.without_power,
        "limit": writer.say("no_limit") if attack.limit is None else writer.say("limit_at_most", limit=writer.share(attack.limit)),
        "power": attack.has_power,
        "scores": [
            _describe_score(score, writer.whole_share if coarse else writer.share) for score in (attack.released, attack.unprotected)
        ],
    }


def _is_coarse(attack: AttackResult, assessment: Assessment) -> bool:
    """Return whether everybody was attacked, so that exact shares would tell how many persons the original has."""
    return assessment.settings is not None and attack.trials < assessment.settings.trials


def _describe_score(score: Score, write: Callable[[float], str]) -> dict[str, str]:
    low, high = (write(bound) for bound in score.interval)
    return {
        "excess": write(score.excess),
        "interval": f"{low} – {high}",
        "members": write(score.members),
        "strangers": "—" if score.strangers is None else write(score.strangers),
        "guessing": "—" if score.baseline is None else write(score.baseline),
    }


def describe_columns(assessment: Assessment, writer: Writer, levels: Mapping[tuple[str, str], str]) -> list[dict[str, Any]]:
    """Return clause, treatment and evidence of every column; a level is told by its title where `levels` has one."""
    return [
        {
            "column": trace.column,
            "title": writer.titles.get(trace.column, ""),
            "role": name_word(trace.role, writer.translate),
            "clause": trace.clause,
            "treatment": name_word(trace.treatment, writer.translate),
            "levels": writer.say(
                "levels", levels=writer.translate(", ").join(levels.get((trace.column, level), level) for level in trace.level)
            )
            if trace.level
            else "",
            "evidence": trace.evidence.render(writer.translate),
            "good": trace.holds,
        }
        for trace in assessment.columns
    ]


def describe_methods(assessment: Assessment, writer: Writer) -> list[str]:
    """Return how it was measured."""
    told = [writer.say("method_file")]
    if assessment.settings is not None:
        settings = assessment.settings
        told.append(writer.say("method_attacks", seed=settings.seed, persons=f"{settings.persons:,}", trials=f"{settings.trials:,}"))
        told += [writer.say("method_interval"), writer.say("method_average"), writer.say("method_anonymeter")]
    limits = assessment.thresholds
    return [*told, writer.say("method_limits", regime=limits.regime, context=name_word(limits.context, writer.translate))]
