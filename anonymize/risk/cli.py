"""Commands of step 7 that measure: assess a written file, and review a file of the office."""

from typing import Any

import click
from click.core import ParameterSource

from anonymize.places import Place
from casework.console import Group, Option, Reply, Session
from casework.i18n import translate
from schemas.messages import N_

FILE = Place()
CONTEXTS = click.Choice(["public", "contract", "enclave"])
LANGUAGES = click.Choice(["ja", "en"])
METHODS = click.Choice(["global", "local", "cells"])


class NumberList(click.ParamType[tuple[int, ...]]):
    """Whole numbers with commas between, none below the least."""

    name = "list"

    def __init__(self, least: int) -> None:
        self.least = least

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        """Return the numbers."""
        if isinstance(value, tuple):
            return value
        parts = [part.strip() for part in str(value).split(",")]
        if not all(part.isdecimal() and int(part) >= self.least for part in parts):
            self.fail(
                translate(N_("whole numbers from {least} on, with commas between, are expected")).format(least=self.least), param, ctx
            )
        return tuple(sorted({int(part) for part in parts}))


def choose_language(ctx: click.Context, _param: click.Parameter, value: str | None) -> str:
    """Return the language of a report: what was asked for it, else what `--lang` asks for everything, else Japanese."""
    level: click.Context | None = ctx
    while value is None and level is not None:
        if level.get_parameter_source("lang") is ParameterSource.COMMANDLINE:
            value = str(ctx.find_root().obj.language)
        level = level.parent
    return value or "ja"


@click.group(cls=Group)
def risk() -> None:
    """Step 7: measure how recognisable persons are in what was written."""


@risk.command()
@click.option("--original", cls=Option, type=FILE, required=True, help=N_("CSV (UTF-8) or Parquet file the release was made from"))
@click.option("--released", cls=Option, type=FILE, required=True, help=N_("Parquet file that was written"))
@click.option("--plan", "plan_path", cls=Option, type=FILE, required=True, help=N_("the plan it was made by"))
@click.option("--report", "report_path", cls=Option, type=FILE, required=True, help=N_("report to write (JSON)"))
@click.option("--html", "html_path", cls=Option, type=FILE, required=True, help=N_("report to write for people (HTML)"))
@click.option("--population", cls=Option, type=FILE, help=N_("CSV of people: quasi-identifiers, and their number in `persons`"))
@click.option("--population-size", cls=Option, type=click.IntRange(1), help=N_("people of the population the file was taken from"))
@click.option("--delimiter", cls=Option, default=",", show_default=True, help=N_("between the cells of a CSV file"))
@click.option("--attacks", cls=Option, type=click.IntRange(50, 5000), default=500, show_default=True, help=N_("targets of each attack"))
@click.option("--no-attacks", cls=Option, is_flag=True, help=N_("measure the models alone"))
@click.option("--sample", cls=Option, type=click.IntRange(200, 100_000), default=10_000, show_default=True,
              help=N_("persons in each half that is attacked, at most"))  # fmt: skip
@click.option("--seed", cls=Option, type=click.IntRange(0), default=0, show_default=True, help=N_("of all that is drawn at random"))
@click.option("--method-info", cls=Option, type=FILE, help=N_("its method information, needed to compare it with other releases"))
@click.option("--other-method", "other_methods", cls=Option, type=FILE, multiple=True,
              help=N_("method information of another release of the same register that is out; may be given several times"))  # fmt: skip
@click.option("--other-released", cls=Option, type=FILE, multiple=True,
              help=N_("its written file, so that sensitive values are compared too; one for each --other-method"))  # fmt: skip
@click.option("--regime", cls=Option, default="tokumei-2023", show_default=True, help=N_("whose thresholds hold"))
@click.option("--context", cls=Option, type=CONTEXTS, default="contract", show_default=True, help=N_("where the release will be used"))
@click.option("--html-lang", "language", cls=Option, type=LANGUAGES, callback=choose_language,
              help=N_("language of the HTML report [that of --lang, else ja]"))  # fmt: skip
@click.option("--gate", cls=Option, is_flag=True, help=N_("exit with code 15 when there are reasons not to release"))
def assess(**options: Any) -> Reply:
    """Measure a written file: models, attacks with positive controls, gate; write one report for machines and one for people."""
    from anonymize.risk import replies

    return replies.assess_files(options)


@risk.command()
@click.argument("file_id", metavar="F-ID")
@click.option("--population", cls=Option, type=FILE, help=N_("CSV of people: quasi-identifiers, and their number in `persons`"))
@click.option("--population-size", cls=Option, type=click.IntRange(1), help=N_("people of the population the file was taken from"))
@click.option("--attacks", cls=Option, type=click.IntRange(50, 5000), default=500, show_default=True, help=N_("targets of each attack"))
@click.option("--sample", cls=Option, type=click.IntRange(200, 100_000), default=10_000, show_default=True,
              help=N_("persons in each half that is attacked, at most"))  # fmt: skip
@click.option("--seed", cls=Option, type=click.IntRange(0), default=0, show_default=True, help=N_("of all that is drawn at random"))
@click.pass_obj
def review(session: Session, /, **options: Any) -> Reply:
    """Assess a processed file of the office and accept or refuse it, by what was measured."""
    from anonymize.risk import replies

    return replies.review_in_office(session, options)


@risk.command()
@click.argument("file_id", metavar="F-ID")
@click.option("--ground", cls=Option, metavar="CODE", help=N_("propose: why, by a code of the policy's list"))
@click.option("--note", cls=Option, metavar="TEXT", help=N_("propose: the consideration in one line; stays in the office"))
@click.option("--confirm", cls=Option, metavar="D-ID", help=N_("confirm this proposal of another person"))
@click.pass_obj
def override(session: Session, /, **options: Any) -> Reply:
    """Override the refusal of a file, by two persons; without options show what may be overridden and what waits."""
    from anonymize.risk.override import override_in_office

    return override_in_office(session, options)


@risk.command()
@click.option("--original", cls=Option, type=FILE, required=True, help=N_("CSV (UTF-8) or Parquet file"))
@click.option("--plan", "plan_path", cls=Option, type=FILE, required=True, help=N_("the plan whose k and method are varied"))
@click.option("--report", "report_path", cls=Option, type=FILE, required=True, help=N_("report to write (JSON)"))
@click.option("--html", "html_path", cls=Option, type=FILE, required=True, help=N_("report to write for people (HTML)"))
@click.option("--k", "ks", cls=Option, type=NumberList(2), default="2,5,10,20,50,100", show_default=True,
              help=N_("persons of a class to try, with commas between"))  # fmt: skip
@click.option("--method", "methods", cls=Option, type=METHODS, multiple=True, default=("global", "local"), show_default=True,
              help=N_("method to try; may be given several times"))  # fmt: skip
@click.option("--tighten", cls=Option, is_flag=True, help=N_("narrow released values to what their class holds"))
@click.option("--delimiter", cls=Option, default=",", show_default=True, help=N_("between the cells of a CSV file"))
@click.option("--html-lang", "language", cls=Option, type=LANGUAGES, callback=choose_language,
              help=N_("language of the HTML report [that of --lang, else ja]"))  # fmt: skip
def frontier(**options: Any) -> Reply:
    """Show what each k costs by each method, so that people can choose; nothing is released."""
    from anonymize.risk import replies

    return replies.show_frontier(options)
