"""What the commands of step 7 do with their options, and their answers for machines and people."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anonymize.publish import check_places
from casework.console import Reply, progress
from casework.i18n import translate
from casework.text_table import make_table
from schemas.errors import SettingsError
from schemas.messages import N_

if TYPE_CHECKING:
    from anonymize.report import ProcessingReport
    from anonymize.verify.file import Verification
    from schemas.plan import Plan

MIB = 1 << 20


def run_plan(options: Mapping[str, Any]) -> Reply:
    """Process a plain file as `anonymize run` was asked to."""
    from anonymize.search.rehearsal import start_rehearsal

    start_rehearsal()
    from anonymize.pipeline import PHASES, Job, process
    from schemas.plan import load_plan

    targets = [path for path in (options["output"], options["report_path"], options["method_path"]) if path]
    others = [path for path in (options["plan_path"], options["recoding"]) if path]
    check_places(options["source"], targets, others=others)
    delimiter = read_delimiter(options["delimiter"])
    plan = load_plan(options["plan_path"])
    limit = options["memory_mib"]
    with progress(N_("processing"), PHASES) as advance:
        report = process(
            Job(
                source=options["source"],
                plan=plan,
                output=options["output"],
                engine=options["engine"],
                method=options["method"],
                seed=options["seed"],
                delimiter=delimiter,
                advance=advance,
                report_output=options["report_path"],
                method_output=options["method_path"],
                threads=options["threads"],
                memory_limit_bytes=limit * MIB if limit else None,
                compare=options["compare"],
                in_parts=options["in_parts"],
                recoding=options["recoding"],
            )
        )
    return show_report(report)


def read_delimiter(delimiter: str) -> str:
    """Return the character between cells; a tabulator may be given as `tab`.

    Raises
    ------
    SettingsError
        It is not one character, or one that cells are made of.
    """
    delimiter = {"\\t": "\t", "tab": "\t"}.get(delimiter, delimiter)
    if len(delimiter) != 1 or delimiter in '"\r\n' or not delimiter.isascii():
        raise SettingsError(N_("the delimiter is not one usable character"), N_('give one character, for example --delimiter ";"'))
    return delimiter


def make_plan(options: Mapping[str, Any]) -> Reply:
    """Write a plan as `anonymize plan` was asked to."""
    from anonymize.plan_from_hierarchies import make_plan as plan_folder
    from anonymize.plan_from_hierarchies import write_plan
    from anonymize.shipped_plans import find_plan_file
    from schemas.files import write_bytes

    output: Path = options["output"]
    if (options["table"] is None) == (options["folder"] is None):
        raise SettingsError(N_("a plan comes from one of two places"), N_("give either --table or --from-hierarchies"))
    if options["table"] is not None:
        write_bytes(output, find_plan_file(options["table"]).read_bytes())
        return Reply({"plan": str(output), "table": options["table"]}, translate(N_("plan written: {file}")).format(file=output))
    columns = _read_columns(options["source"], options["delimiter"]) if options["source"] else None
    settings = {"k": options["k"], "suppression_limit": options["limit"], "method": options["method"]}
    plan = plan_folder(options["folder"], home=output.resolve().parent, columns=columns, **settings)
    write_plan(plan, output)
    text = translate(N_("plan written: {file} ({columns} columns)")).format(file=output, columns=len(plan.columns))
    return Reply({"plan": str(output), "columns": [column.name for column in plan.columns], "plan_sha256": plan.sha256}, text)


def _read_columns(source: Path, delimiter: str) -> list[str]:
    from anonymize.rows.source import read_columns

    return read_columns(source, read_delimiter(delimiter))


def show_report(report: "ProcessingReport") -> Reply:
    """Return the report of a run."""
    table = make_table(N_("column"), N_("loss"), N_("released levels"))
    for column, loss in report.loss_per_column.items():
        table.add_row(column, f"{loss:.4f}", ", ".join(report.released_levels[column]))
    lines = [
        translate(N_("{rows_in:,} rows came in; {rows_out:,} are released, {suppressed:,} suppressed ({per_cent:.1f} %)")).format(
            rows_in=report.rows_in,
            rows_out=report.rows_out,
            suppressed=report.suppressed_rows,
            per_cent=100 * report.suppressed_rows / max(report.rows_out + report.suppressed_rows, 1),
        ),
        *_show_left_out(report),
        translate(N_("{classes:,} classes, the smallest has {smallest:,} persons (asked: {k:,})")).format(
            classes=report.classes, smallest=report.smallest_class, k=report.k
        ),
        translate(N_("loss {loss:.4f} (0: nothing lost, 1: nothing left) by the {method} method")).format(
            loss=report.loss, method=report.method
        ),
        *_show_method(report),
        *_show_measured(report.verified, report.k),
        translate(N_("verified on the written file; {seconds:.1f} s in all")).format(seconds=report.seconds["total"]),
    ]
    return Reply(report.to_json(), [*lines, table])


def _show_left_out(report: "ProcessingReport") -> Iterator[str]:
    """Yield why rows take no part, each cause that there is."""
    if report.listed_persons:
        yield translate(N_("{rows:,} rows opted out: {found:,} of {listed:,} listed persons are in the file")).format(
            rows=report.removed_rows, found=report.found_persons, listed=report.listed_persons
        )
    if report.sampled_out_rows:
        yield translate(N_("{rows:,} rows are not in the sample")).format(rows=report.sampled_out_rows)
    if report.surplus_rows:
        yield translate(N_("{rows:,} rows are more than a person may give")).format(rows=report.surplus_rows)
    if report.merged_rows:
        yield translate(N_("{rows:,} rows went into rows per person, or per person and period")).format(rows=report.merged_rows)


def _show_measured(verified: Mapping[str, Any], k: int) -> Iterator[str]:
    """Yield what was measured on the written file beside k: matches in the population, and rows that are linked."""
    if verified.get("population"):
        yield translate(N_("at least {people:,} people of the population match every class")).format(
            people=int(verified["population"]["k_map"])
        )
    if verified["linked"] is None:
        return
    yield translate(N_("persons have several rows; at least {linked:,} share the classes of all their rows")).format(
        linked=verified["linked"]
    )
    if verified["linked_rows"] < k:
        counted = N_(
            "but only {counted:,} share how many rows lie in each class: whoever knows how often somebody came may know them; "
            "`linked: rows`, rows_per_person or aggregate help"
        )
        yield translate(counted).format(counted=verified["linked_rows"])


def _show_method(report: "ProcessingReport") -> Iterator[str]:
    """Yield what is told of blank cells, narrowed values and an earlier recoding, where there are any."""
    if report.blank_cells:
        yield translate(N_("{cells:,} cells are blank")).format(cells=sum(report.blank_cells.values()))
    if report.tightened:
        narrowed = N_(
            "values narrowed to what each class holds (loss before: {before:.4f}): somebody has the ends of a range, each of a set"
        )
        yield translate(narrowed).format(before=report.tightened["loss_before"])
    if report.reapplied:
        again = N_(
            "earlier recoding: {combinations_known:,} combinations known, {combinations_covered:,} of {combinations_new:,} new ones "
            "covered; {classes_kept:,} classes hold, {classes_broken:,} had to be mended"
        )
        yield translate(again).format(**report.reapplied)
    if report.reapplied.get("solved_anew"):
        yield translate(N_("too much failed at the earlier levels; the search began anew"))


def show_verification(found: "Verification", plan: "Plan") -> Reply:
    """Return that a file meets its plan."""
    text = translate(N_("the file meets its plan: {rows:,} rows, {classes:,} classes, the smallest has {smallest:,} persons")).format(
        rows=found.rows, classes=found.classes, smallest=found.smallest_class
    )
    return Reply({"verified": True, **found.to_json()}, [text, *_show_measured(found.to_json(), plan.privacy.k)])
