"""What the commands of the synthetic world answer, for people and for machines."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from casework.clock import day_of, read_clock
from casework.console import Reply
from casework.i18n import translate
from casework.text_table import make_table
from sample_data import places
from sample_data.bad_files import BadFile
from sample_data.defects import DEFECTS, get_defect
from sample_data.demo import Story
from sample_data.package import DEFAULT_LAYOUTS, README, Wish, check_wish, plan_files
from sample_data.stage import HOME_NAME
from sample_data.write import WrittenFile
from schemas.messages import N_

OUTCOMES = {"row": N_("row put aside"), "file": N_("file refused"), "note": N_("note")}


def to_wish(day: datetime | None, **options: Any) -> Wish:
    """Return what the options of `sakusei sample write` ask for, checked whole."""
    wish = Wish(
        tables=tuple(options["tables"]) or tuple(DEFAULT_LAYOUTS),
        municipalities=tuple(options["municipalities"]),
        layouts=tuple(options["layouts"]),
        persons=options["people"],
        seed=options["seed"],
        months=options["months"],
        defects=tuple(get_defect(code) for code in options["defects"]),
        count=options["count"],
        canaries=options["canaries"],
        today=day.date() if day else day_of(read_clock()),
    )
    check_wish(wish)
    return wish


def count_files(wish: Wish) -> int:
    """Return how many files will be written."""
    return len(plan_files(wish))


def show_samples(output: Path, written: tuple[WrittenFile, ...]) -> Reply:
    """Return which files were written."""
    table = make_table(N_("file"), N_("layout"), N_("rows"), N_("persons"), N_("damaged rows"))
    for file in written:
        damaged = sum(len(damage.rows) for damage in file.damages)
        table.add_row(file.path.name, file.layout, f"{file.rows:,}", f"{file.persons:,}", f"{damaged:,}")
    text = translate(N_("written to {folder}; all of it is synthetic, see {readme}")).format(folder=output, readme=README)
    files = [
        {"file": str(file.path), "layout": file.layout, "table": file.sample.table, "rows": file.rows, "persons": file.persons}
        for file in written
    ]
    return Reply({"folder": str(output), "files": files}, (table, text))


def show_defects() -> Reply:
    """Return the list of defects."""
    table = make_table(N_("defect"), N_("what is wrong"), N_("finding"), N_("outcome"), N_("formats"))
    for entry in DEFECTS:
        table.add_row(entry.code, translate(entry.description), entry.finding, translate(OUTCOMES[entry.outcome]), ", ".join(entry.formats))
    data = [
        {
            "defect": entry.code,
            "description": translate(entry.description),
            "finding": entry.finding,
            "outcome": entry.outcome,
            "formats": list(entry.formats),
        }
        for entry in DEFECTS
    ]
    return Reply({"defects": data}, table)


def show_bad_files(output: Path, files: Iterable[BadFile]) -> Reply:
    """Return which bad files were written, and what intake answers to each."""
    table = make_table(N_("file"), N_("table"), N_("layout"), N_("finding"))
    data = []
    for bad in files:
        where = f"{bad.finding} [{bad.column}]" if bad.column else bad.finding
        table.add_row(f"{bad.name}{bad.suffix}", bad.table, bad.layout or "—", where)
        data.append(
            {"file": f"{bad.name}{bad.suffix}", "table": bad.table, "layout": bad.layout, "finding": bad.finding, "column": bad.column}
        )
    text = translate(N_("written to {folder}: {count} files, each with one defect")).format(folder=output, count=len(data))
    return Reply({"folder": str(output), "files": data}, (table, text))


def show_municipalities() -> Reply:
    """Return the list of fictional municipalities."""
    table = make_table(N_("code"), N_("name"), N_("prefecture"), N_("population"))
    bodies = places.list_bodies()
    for body in bodies:
        table.add_row(body.code, body.name, body.prefecture, f"{body.population or 0:,}")
    data = [{"code": body.code, "name": body.name, "prefecture": body.prefecture, "population": body.population} for body in bodies]
    return Reply({"municipalities": data}, table)


def show_demo(story: Story) -> Reply:
    """Return where the outputs of a demonstration are."""
    places = {
        N_("releases, each a folder and a zip of it"): story.packages[0].parent,
        N_("public pages"): story.folder / "portal" / "index.html",
        N_("letters and contracts"): story.folder / "letters",
        N_("risk reports and all papers"): story.folder / HOME_NAME / "papers",
        N_("plans"): story.folder / "plans",
        N_("the synthetic files as they were sent"): story.folder / "kokuho",
    }
    table = make_table(N_("output"), N_("where"))
    for title, path in places.items():
        table.add_row(translate(title), str(path))
    text = translate(N_("{releases} verified releases by {commands} commands in {seconds} s; {refusals} refusals on purpose")).format(
        releases=len(story.packages), commands=story.commands, seconds=story.seconds, refusals=len(story.refusals)
    )
    data = {
        "folder": str(story.folder),
        "packages": [str(path) for path in story.packages],
        "commands": story.commands,
        "refusals": list(story.refusals),
        "seconds": story.seconds,
    }
    return Reply(data, ("", text, table))
