"""Commands of step 7: process a file, verify what was written, make a plan; and the same for a file of the office."""

from pathlib import Path

import click

from anonymize import replies
from anonymize.places import Place
from casework.console import Group, Option, Reply, Session, progress
from schemas.messages import N_

FILE = Place()
FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)
METHODS = click.Choice(["global", "local", "cells"])
ENGINES = click.Choice(["duckdb", "spark"])
METHOD_HELP = N_("one level per column, rows that may differ, or single cells blanked [the plan's]")


@click.group(cls=Group)
def anonymize() -> None:
    """Step 7: process a file by its plan, and verify what was written."""


@anonymize.command()
@click.option("--input", "source", cls=Option, type=FILE, required=True, help=N_("CSV (UTF-8) or Parquet file to process"))
@click.option("--plan", "plan_path", cls=Option, type=FILE, required=True, help=N_("the plan (YAML)"))
@click.option("--output", cls=Option, type=FILE, required=True, help=N_("Parquet file to write"))
@click.option("--report", "report_path", cls=Option, type=FILE, help=N_("report to write (JSON)"))
@click.option("--engine", cls=Option, type=ENGINES, default="duckdb", show_default=True, help=N_("what computes on the rows"))
@click.option("--method", cls=Option, type=METHODS, help=METHOD_HELP)
@click.option("--seed", cls=Option, type=int, help=N_("makes fresh ids repeatable; for tests [a secret is drawn]"))
@click.option("--delimiter", cls=Option, default=",", show_default=True, help=N_("between the cells of a CSV file"))
@click.option("--method-info", "method_path", cls=Option, type=FILE, help=N_("also write the method information; it must stay sealed"))
@click.option("--recoding", cls=Option, type=FILE, help=N_("method information of an earlier file of the same layout, to be applied again"))
@click.option("--threads", cls=Option, type=click.IntRange(1), help=N_("threads to use [all cores]"))
@click.option("--memory-limit", "memory_mib", cls=Option, type=click.IntRange(1), help=N_("memory for the engine, in MiB"))
@click.option("--partitioned", "in_parts", cls=Option, is_flag=True, help=N_("make --output a folder of part files, written by the engine"))
@click.option("--compare/--no-compare", cls=Option, default=True, show_default=True, help=N_("also report the loss of the other method"))
def run(**options: object) -> Reply:
    """Process a file: recode, treat, write and verify; nothing is written unless the result meets the plan."""
    return replies.run_plan(options)


@anonymize.command()
@click.option("--input", "source", cls=Option, type=FILE, required=True, help=N_("Parquet file that was written"))
@click.option("--plan", "plan_path", cls=Option, type=FILE, required=True, help=N_("the plan it must meet"))
def verify(*, source: Path, plan_path: Path) -> Reply:
    """Read a written file again and check it against its plan; exit code 0 only when it holds."""
    from anonymize.verify.file import verify_file
    from schemas.plan import load_plan

    plan = load_plan(plan_path)
    return replies.show_verification(verify_file(source, plan), plan)


@anonymize.command()
@click.option("--output", cls=Option, type=FILE, required=True, help=N_("plan to write (YAML)"))
@click.option("--table", cls=Option, help=N_("start from the plan that comes with this table"))
@click.option("--from-hierarchies", "folder", cls=Option, type=FOLDER, help=N_("folder of files NAME_hierarchy_COLUMN.csv"))
@click.option("--input", "source", cls=Option, type=FILE, help=N_("check that every column of this file has its hierarchy"))
@click.option("--delimiter", cls=Option, default=",", show_default=True, help=N_("between the cells of a CSV file"))
@click.option("--k", cls=Option, type=click.IntRange(2), default=10, show_default=True, help=N_("fewest persons of a class"))
@click.option("--suppression-limit", "limit", cls=Option, type=click.FloatRange(0, 1), default=0.0, show_default=True,
              help=N_("greatest share of rows that may be suppressed"))  # fmt: skip
@click.option("--method", cls=Option, type=METHODS, default="local", show_default=True, help=N_("how levels are chosen"))
def plan(**options: object) -> Reply:
    """Write a complete plan: from the plan of a table, or from a folder of hierarchies."""
    return replies.make_plan(options)


@anonymize.command()
@click.argument("file_id", metavar="F-ID")
@click.option("--plan", "plan_path", cls=Option, type=FILE, required=True, help=N_("the plan (YAML)"))
@click.option("--engine", cls=Option, type=ENGINES, default="duckdb", show_default=True, help=N_("what computes on the rows"))
@click.option("--method", cls=Option, type=METHODS, help=METHOD_HELP)
@click.option("--seed", cls=Option, type=int, help=N_("makes fresh ids repeatable; for tests [a secret is drawn]"))
@click.option("--recoding-of", "earlier_id", cls=Option, metavar="F-ID", help=N_("apply the recoding of this earlier file again"))
@click.pass_obj
def process(session: Session, /, *, file_id: str, plan_path: Path, **options: object) -> Reply:
    """Process a file of the office, from the vault to the vault."""
    from anonymize.office import process_file
    from casework.office import open_office
    from schemas.plan import load_plan

    with open_office(session) as office, progress(N_("processing"), 5) as advance:
        found = load_plan(plan_path)
        report = process_file(office, file_id, found, advance=advance, **options)  # type: ignore[arg-type]
    return replies.show_report(report)
