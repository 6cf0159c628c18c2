"""What the commands of risk do with their options, and their answers for machines and people."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from anonymize.publish import check_places
from anonymize.risk.assessment import Assessment, Subject, assess, count_all_steps
from anonymize.risk.attacks.suite import AttackSettings
from anonymize.risk.beside import Beside, Other
from anonymize.risk.frontier import trace_frontier
from anonymize.risk.gate import reasons_not_to_release
from anonymize.risk.models import find_universe
from anonymize.risk.report import render_report
from anonymize.risk.report.frontier_page import render_frontier
from anonymize.risk.report.numbers import writer_for
from anonymize.risk.thresholds import Thresholds, find_thresholds
from casework.clock import day_of, read_clock
from casework.console import Reply, Session, progress
from casework.i18n import find_translator, translate
from schemas.errors import ReleaseRefused, SettingsError
from schemas.files import readable_json, replace_file
from schemas.findings import Reason
from schemas.messages import N_, Name
from schemas.plan import Plan, load_plan
from schemas.plan_rules import check_plan
from schemas.plan_tighten import Tighten

SHOWN = (
    "smallest_class",
    "prosecutor_highest",
    "prosecutor_average",
    "journalist_highest",
    "sample_uniques",
    "linked_smallest",
    "linked_rows_smallest",
    "diversity",
    "closeness",
    "joint_smallest",
    "joint_linked_smallest",
    "joint_diversity",
    "difference_smallest",
    "change_smallest",
)


def assess_files(options: Mapping[str, Any]) -> Reply:
    """Assess plain files as `risk assess` was asked to; both reports are written, or neither."""
    plan = load_plan(options["plan_path"])
    outputs: list[Path] = [options["report_path"], options["html_path"]]
    check_places(options["released"], outputs)
    check_places(options["original"], outputs, others=[*options["other_methods"], *options["other_released"]])
    universe = find_universe(plan, options["population"], options["population_size"])
    thresholds = find_thresholds(options["regime"], options["context"], plan, people=universe.people)
    subject = Subject(
        original=options["original"],
        released=options["released"],
        plan=plan,
        universe=universe,
        delimiter=options["delimiter"],
        beside=read_beside(options),
    )
    with progress(N_("assessing"), count_all_steps(plan, attacks=not options["no_attacks"])) as advance:
        work = options["report_path"].resolve().parent
        assessment = assess(subject, thresholds, settings=read_settings(options, thresholds), work=work, advance=advance)
    reasons = reasons_not_to_release(assessment, thresholds)
    language, day = options["language"], day_of(read_clock())
    page = render_report(assessment, reasons, find_translator(language), language=language, made_on=day)
    write_reports(assessment, reasons, page, outputs)
    if options["gate"] and reasons:
        raise refuse(reasons)
    return answer(assessment, reasons)


def read_beside(options: Mapping[str, Any]) -> Beside | None:
    """Return the other releases that were given; None without any.

    Raises
    ------
    SettingsError
        Written files were given for other releases than method information, or the method information of this release is missing.
    """
    methods, released = options["other_methods"], options["other_released"]
    if not methods and not released:
        return None
    if options["method_info"] is None or (released and len(released) != len(methods)):
        raise SettingsError(
            N_("to compare with other releases, the method information of each of them and of this release is needed"),
            N_("give --method-info, --other-method for each release, and --other-released for none or for each, in the same order"),
        )
    files = released or (None,) * len(methods)
    others = tuple(
        Other(name=Name(method.name), method=method, released=file, original=options["original"])
        for method, file in zip(methods, files, strict=True)
    )
    return Beside(method=options["method_info"], others=others)


def read_settings(options: Mapping[str, Any], thresholds: Thresholds) -> AttackSettings | None:
    """Return how much is attacked; None without attacks."""
    if options.get("no_attacks"):
        return None
    amount = {"trials": options["attacks"], "persons": options["sample"], "seed": options["seed"]}
    return AttackSettings(limits=thresholds.limit_attacks(), **amount)


def write_reports(assessment: Assessment, reasons: Sequence[Reason], page: str, outputs: Sequence[Path]) -> None:
    """Write the report for machines and the one for people."""
    write_pair(readable_json(to_document(assessment, reasons)), page, outputs)


def write_pair(content: bytes, page: str, outputs: Sequence[Path]) -> None:
    """Write a report for machines and one for people: both, or neither."""
    with replace_file(outputs[0]) as report, replace_file(outputs[1]) as html:
        report.write_bytes(content)
        html.write_text(page, encoding="utf-8")


def to_document(assessment: Assessment, reasons: Sequence[Reason]) -> dict[str, Any]:
    """Return assessment and verdict for machines."""
    verdict = {
        "release": not reasons,
        "reasons": [{**reason.to_json(), "text": reason.render()} for reason in reasons],
        "not_able_to_show": [{"attack": attack.code, "column": attack.column} for attack in assessment.without_power],
        "not_attacked": [note.render() for note in assessment.not_attacked],
    }
    return {"verdict": verdict, **assessment.to_json()}


def refuse(reasons: Sequence[Reason]) -> ReleaseRefused:
    """Return the refusal of the gate, with every reason."""
    return ReleaseRefused(
        N_("{count} reasons stand against the release"),
        N_("process the file by a new plan; both reports were written and say what was measured"),
        reasons=tuple(reasons),
        count=len(reasons),
    )


def answer(assessment: Assessment, reasons: Sequence[Reason]) -> Reply:
    """Return the answer of an assessment."""
    writer = writer_for(assessment, translate)
    table = Table(box=None, pad_edge=False)
    table.add_column(translate(N_("figure of risk")))
    table.add_column(translate(N_("value")), justify="right")
    for figure in assessment.figures:
        if figure.code in SHOWN:
            table.add_row(" ".join(filter(None, (translate(figure.title), figure.column))), writer.figure(figure))
    for attack in assessment.attacks:
        power = "" if attack not in assessment.without_power else translate(N_("(not able to show anything)"))
        table.add_row(" ".join(filter(None, (translate(attack.title), attack.column, power))), writer.share(attack.released.excess))
    verdict = translate(N_("nothing stands against the release")) if not reasons else translate(N_("reasons not to release:"))
    told = [f"  - {reason.render(translate)}" for reason in reasons]
    told += [note.render(translate) for note in assessment.not_attacked]
    nearest = assessment.composition.suggest() if assessment.composition else ()
    return Reply(to_document(assessment, reasons), [table, verdict, *told, *(message.render(translate) for message in nearest)])


def review_in_office(session: Session, options: Mapping[str, Any]) -> Reply:
    """Assess a file of the office as `risk review` was asked to."""
    from anonymize.risk.office import count_review_steps, review_file
    from casework.office import open_office

    with open_office(session) as office, progress(N_("assessing"), count_review_steps(office, options["file_id"])) as advance:
        amount = {"trials": options["attacks"], "persons": options["sample"], "seed": options["seed"]}
        assessment, reasons = review_file(
            office, options["file_id"], amount=amount, population=options["population"], people=options["population_size"], advance=advance
        )
    return dataclasses.replace(answer(assessment, reasons), exit_code=ReleaseRefused.exit_code if reasons else 0)


def find_tried(options: Mapping[str, Any]) -> Plan:
    """Return the plan whose k and method are varied, narrowed where that was asked."""
    plan = load_plan(options["plan_path"])
    if options["tighten"] and plan.tighten is None:
        plan = dataclasses.replace(plan, tighten=Tighten())
        check_plan(plan)
    return plan


def show_frontier(options: Mapping[str, Any]) -> Reply:
    """Trace the frontier as `risk frontier` was asked to; both reports are written, or neither."""
    plan, methods, ks = find_tried(options), tuple(dict.fromkeys(options["methods"])), options["ks"]
    outputs: list[Path] = [options["report_path"], options["html_path"]]
    check_places(options["original"], outputs)
    with progress(N_("trying plans"), 1 + len(methods) * len(ks)) as advance:
        work = outputs[0].resolve().parent
        found = trace_frontier(
            options["original"], plan, ks=ks, methods=methods, work=work, delimiter=options["delimiter"], advance=advance
        )
    language = options["language"]
    page = render_frontier(found, find_translator(language), language=language, made_on=day_of(read_clock()))
    write_pair(readable_json(found.to_json()), page, outputs)
    table = Table(box=None, pad_edge=False)
    for heading in (N_("method"), "k", N_("loss"), N_("rows not released"), N_("average risk")):
        table.add_column(translate(heading), justify="left" if heading == "method" else "right")
    for point in found.points:
        shares = (point.loss, point.suppressed, point.average)
        told = ["—"] * 3 if point.loss is None else [f"{share:.4f}" for share in shares if share is not None]
        table.add_row(point.method, str(point.k), *told)
    return Reply(found.to_json(), table)
