"""Commands of the synthetic world: sample, demo. Each parses, makes one call, and answers."""

from datetime import datetime
from pathlib import Path

import click

from casework.console import Command, Group, Option, Reply, Session, progress
from sample_data import replies
from schemas.messages import N_

NEW_FOLDER = click.Path(path_type=Path, file_okay=False)
DAY = click.DateTime(["%Y-%m-%d"])


@click.group(cls=Group)
def sample() -> None:
    """Write synthetic files as they arrive from city halls, sound or with named defects."""


@sample.command()
@click.option("--output", cls=Option, type=NEW_FOLDER, required=True, help=N_("folder to write into"))
@click.option("--people", cls=Option, type=click.IntRange(1), default=3000, show_default=True, help=N_("persons per file, at most"))
@click.option("--seed", cls=Option, type=click.IntRange(0), default=1, show_default=True, help=N_("same seed, same bytes"))
@click.option("--municipality", "municipalities", cls=Option, multiple=True, metavar="CODE", help=N_("fictional body; may be repeated"))
@click.option("--table", "tables", cls=Option, multiple=True, metavar="T", help=N_("table of the common schema [all]; may be repeated"))
@click.option("--layout", "layouts", cls=Option, multiple=True, metavar="L", help=N_("how the files are written; may be repeated"))
@click.option("--months", cls=Option, type=click.IntRange(1, 120), default=12, show_default=True, help=N_("months of claims"))
@click.option("--defect", "defects", cls=Option, multiple=True, metavar="NAME", help=N_("what shall be wrong; may be repeated"))
@click.option("--count", cls=Option, type=click.IntRange(1), default=5, show_default=True, help=N_("rows per defect"))
@click.option("--canaries", cls=Option, is_flag=True, help=N_("plant unique marks in personal fields, and list them"))
@click.option("--date", "day", cls=Option, type=DAY, help=N_("day of the proposals [today]"))
def write(*, output: Path, day: datetime | None, **options: object) -> Reply:
    """Write files, register entries and proposals of fictional municipalities."""
    from sample_data.package import write_samples

    wish = replies.to_wish(day, **options)
    with progress(N_("writing samples"), replies.count_files(wish)) as advance:
        return replies.show_samples(output, write_samples(output, wish, advance))


@sample.command()
@click.option("--output", cls=Option, type=NEW_FOLDER, help=N_("write whole files, one defect each, into this folder instead"))
def defects(*, output: Path | None) -> Reply:
    """List the defects a sample can have, and what intake finds."""
    from sample_data.bad_files import BAD_FILES, write_bad_files

    if output is None:
        return replies.show_defects()
    write_bad_files(output)
    return replies.show_bad_files(output, BAD_FILES)


@sample.command()
def municipalities() -> Reply:
    """List the fictional municipalities."""
    return replies.show_municipalities()


@click.command(cls=Command)
@click.option("--people", cls=Option, type=click.IntRange(1400), default=3000, show_default=True, help=N_("persons per municipality"))
@click.option("--seed", cls=Option, type=click.IntRange(0), default=1, show_default=True, help=N_("same seed, same files"))
@click.option("--canaries", cls=Option, is_flag=True, help=N_("plant unique marks in personal fields, and list them"))
@click.pass_obj
def demo(session: Session, *, people: int, seed: int, canaries: bool) -> Reply:
    """Run all eight steps on synthetic municipalities, ending in verified releases."""
    from sample_data.demo import run_demo

    return replies.show_demo(run_demo(session, people=people, seed=seed, canaries=canaries))
