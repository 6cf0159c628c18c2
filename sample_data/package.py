"""A folder of synthetic files as city halls would hand them in: register entries, proposals, and a README that tells what is wrong."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sample_data import papers
from sample_data.canaries import Canary, save_canaries, write_with_canaries
from sample_data.defects import Damage, Defect, can_damage
from sample_data.sheets import load_layout, load_layout_table
from sample_data.write import AS_OF, MONTHS, SUFFIXES, Sample, WrittenFile, check_sample, write_file
from schemas.errors import SettingsError
from schemas.files import canonical_json, write_bytes
from schemas.messages import N_, Name
from schemas.municipalities import get_municipality

README = "README-synthetic.md"
DAMAGES = "synthetic-defects.json"
CANARIES = "synthetic-canaries.json"
DEFAULT_LAYOUTS = {
    "kokuho_benefit": "kokuho-csv-cp932",
    "nursing_home_waitlist": "waitlist-csv-utf8",
    "care_provider_staff": "staff-fixed-cp932",
}
DEFAULT_BODIES = {"kokuho_benefit": "902012", "nursing_home_waitlist": "900001", "care_provider_staff": "910007"}
ROWS_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a folder of samples shall hold.

    Parameters
    ----------
    tables : tuple[str, ...]
        Tables of the common schema.
    municipalities : tuple[str, ...]
        Codes of invented bodies; empty: one that suits each table.
    layouts : tuple[str, ...]
        Layouts to write; a table without one gets its usual layout.
    persons : int
        Persons per file, at most the population of the body.
    seed, months : int
        As in `Sample`.
    defects : tuple[Defect, ...]
        What shall be wrong, in the files that can have it.
    count : int
        Rows per defect.
    today : date
        Day of the proposals.
    canaries : bool
        Plant unique marks in the personal fields, and list them.
    """

    tables: tuple[str, ...]
    municipalities: tuple[str, ...] = ()
    layouts: tuple[str, ...] = ()
    persons: int = 3000
    seed: int = 1
    months: int = MONTHS
    defects: tuple[Defect, ...] = ()
    count: int = 5
    today: date
    canaries: bool = False


def write_samples(output: Path, wish: Wish, advance: Callable[[int], None] | None = None) -> tuple[WrittenFile, ...]:
    """Write the files, their register entries, proposals and a README into a folder, and return what was written.

    Raises
    ------
    SettingsError
        A table, layout, municipality or defect does not fit the others.
    """
    check_wish(wish)
    output.mkdir(parents=True, exist_ok=True)
    written: list[WrittenFile] = []
    canaries: list[Canary] = []
    for table, layout, code in plan_files(wish):
        defects = tuple(defect for defect in wish.defects if can_damage(defect, load_layout(layout)))
        sample = Sample(table=table, municipality=code, persons=wish.persons, seed=wish.seed, months=wish.months)
        path = output / name_file(layout, code)
        if wish.canaries:
            file, planted = write_with_canaries(sample, path, layout=layout, defects=defects, count=wish.count)
            canaries += planted
        else:
            file = write_file(sample, path, layout=layout, defects=defects, count=wish.count)
        written.append(file)
        write_register_entry(written[-1])
        if advance:
            advance(1)
    if wish.canaries:
        save_canaries(output / CANARIES, tuple(canaries))
    _write_proposals(output, tuple(written), wish.today)
    write_bytes(output / DAMAGES, canonical_json([_to_json(file) for file in written]))
    write_bytes(output / README, _write_readme(tuple(written)).encode())
    return tuple(written)


def plan_files(wish: Wish) -> tuple[tuple[str, str, str], ...]:
    """Return table, layout and municipality of each file to write."""
    return tuple(
        (table, layout, code)
        for table in wish.tables
        for layout in ([name for name in wish.layouts if load_layout_table(name) == table] or [DEFAULT_LAYOUTS[table]])
        for code in (wish.municipalities or (DEFAULT_BODIES[table],))
    )


def name_file(layout: str, municipality: str) -> str:
    """Return the name of a file, which says that it is synthetic."""
    document = load_layout(layout)
    special = "" if layout in DEFAULT_LAYOUTS.values() else f"-{layout}"
    return f"synthetic-{municipality}-{document['table']}{special}{SUFFIXES[document['format']]}"


def write_register_entry(written: WrittenFile) -> Path:
    """Write the register entry of a file beside it."""
    entry = papers.make_register_entry(
        municipality=written.sample.municipality,
        table=written.sample.table,
        persons=written.persons,
        as_of=AS_OF.astype("datetime64[D]").item(),
        layout=written.layout,
    )
    path = written.path.with_name(f"{written.path.stem}.register.yaml")
    write_bytes(path, papers.to_yaml(entry, "個人情報ファイル簿").encode())
    return path


def check_wish(wish: Wish) -> None:
    """Raise when tables, bodies, layouts and defects do not go together.

    Raises
    ------
    SettingsError
        One of them is unknown, a layout is of no wanted table, or a defect fits no file.
    """
    for table in wish.tables:
        for code in wish.municipalities or (DEFAULT_BODIES.get(table, ""),):
            check_sample(Sample(table=table, municipality=code, persons=wish.persons))
    strangers = [name for name in wish.layouts if load_layout(name)["table"] not in wish.tables]
    layouts = [layout for _, layout, _ in plan_files(wish)]
    if strangers:
        raise SettingsError(
            N_("the layouts {layouts} are of none of the tables asked for"),
            N_("leave them out, or ask for their table"),
            layouts=Name(", ".join(strangers)),
        )
    idle = [defect.code for defect in wish.defects if not any(can_damage(defect, load_layout(layout)) for layout in layouts)]
    if idle:
        raise SettingsError(
            N_("no file can have the defect {defect}"),
            N_("`sakusei sample defects` lists the formats of each defect"),
            defect=Name(", ".join(idle)),
        )


def _write_proposals(output: Path, written: tuple[WrittenFile, ...], today: date) -> None:
    """Write the proposals whose table is among the files."""
    for name, description in papers.list_proposals():
        table = papers.get_table(name)
        codes = tuple(file.sample.municipality for file in written if file.sample.table == table)
        if codes:
            persons = sum(file.persons for file in written if file.sample.table == table)
            document = papers.make_proposal(name, municipalities=tuple(dict.fromkeys(codes)), persons=persons, today=today)
            write_bytes(output / f"synthetic-proposal-{name}.yaml", papers.to_yaml(document, description).encode())


def _to_json(file: WrittenFile) -> dict[str, object]:
    """Return what is in a file, for machines; canonical numbers only."""
    return {
        "file": file.path.name,
        "table": file.sample.table,
        "layout": file.layout,
        "municipality": file.sample.municipality,
        "seed": file.sample.seed,
        "rows": file.rows,
        "persons": file.persons,
        "defects": [_damage_json(damage) for damage in file.damages],
    }


def _damage_json(damage: Damage) -> dict[str, object]:
    rows = [] if damage.defect.whole else list(damage.rows)
    return {
        "defect": damage.defect.code,
        "finding": damage.defect.finding,
        "outcome": damage.defect.outcome,
        "column": damage.column,
        "count": len(damage.rows),
        "rows": rows,
    }


def _write_readme(written: tuple[WrittenFile, ...]) -> str:
    """Return the README of a folder of samples, in Japanese and English."""
    lines = [
        f"# {papers.LABEL} / synthetic data",
        "",
        "このフォルダのファイルはすべて乱数で作った架空のものです。実在の自治体・人物・法人とは関係ありません。",
        "All files here were drawn at random. They have nothing to do with any real municipality, person or company.",
        "",
        "| file | municipality | layout | rows | persons |",
        "|---|---|---|---|---|",
    ]
    for file in written:
        body = get_municipality(file.sample.municipality)
        lines.append(f"| {file.path.name} | {body.code} {body.name} | {file.layout} | {file.rows} | {file.persons} |")
    damaged = [(file, damage) for file in written for damage in file.damages]
    if damaged:
        lines += ["", "## わざと入れた不備 / defects on purpose", "", "| file | defect | finding | rows |", "|---|---|---|---|"]
    for file, damage in damaged:
        shown = ", ".join(map(str, damage.rows[:ROWS_SHOWN])) + (" …" if len(damage.rows) > ROWS_SHOWN else "")
        lines.append(f"| {file.path.name} | {damage.defect.code} | {damage.defect.finding} | {shown} |")
    return "\n".join([*lines, ""])
