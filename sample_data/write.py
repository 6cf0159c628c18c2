"""Files as they arrive from city halls: rows of a table in the layout of a sender, with the defects asked for."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sample_data import encode
from sample_data.claims import iterate_claims
from sample_data.defects import Damage, Defect, can_damage, damage_cells, damage_lines, plan_damage
from sample_data.people import People, make_people
from sample_data.places import limit_persons
from sample_data.pools import open_stream
from sample_data.rezept import write_claims
from sample_data.sheets import Sheet, load_layout, make_sheet
from sample_data.staff import make_staff
from sample_data.waitlist import make_waitlist
from schemas.errors import SettingsError
from schemas.files import replace_file
from schemas.messages import N_, Name
from schemas.municipalities import get_municipality, is_synthetic_code
from schemas.tables import load_table

AS_OF = np.datetime64("2025-04-01")
FIRST_MONTH = np.datetime64("2024-04")
MONTHS = 12
SUFFIXES = {"csv": ".csv", "fixed": ".dat", "excel": ".xlsx", "records": ".uke"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What a synthetic file is made of.

    Parameters
    ----------
    table : str
        Table of the common schema.
    municipality : str
        Code of an invented body.
    persons : int
        Persons at most; not more than the body has.
    seed : int
        Same seed, same bytes.
    months : int
        Months of claims; other tables have none.
    """

    table: str
    municipality: str
    persons: int
    seed: int = 1
    months: int = MONTHS


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenFile:
    """A synthetic file on disk and what is in it.

    Parameters
    ----------
    path : Path
        Where it is.
    sample : Sample
        What it was made of.
    layout : str
        How it is written.
    rows, persons : int
        Rows in the file, repeated ones counted; persons in it.
    damages : tuple[Damage, ...]
        What is wrong with it, to the row.
    """

    path: Path
    sample: Sample
    layout: str
    rows: int
    persons: int
    damages: tuple[Damage, ...]


def iterate_tables(sample: Sample) -> Iterator[pa.Table]:
    """Yield the rows of a sample in the common schema, without defects.

    Raises
    ------
    SettingsError
        The municipality is a real one, or the table is unknown.
    """
    check_sample(sample)
    yield from _MAKERS[sample.table](_make_people(sample), sample.months)


_MAKERS: Mapping[str, Callable[[People, int], Iterator[pa.Table]]] = {
    "kokuho_benefit": lambda people, months: iterate_claims(people, first_month=FIRST_MONTH, months=months),
    "nursing_home_waitlist": lambda people, _: iter([make_waitlist(people)]),
    "care_provider_staff": lambda people, _: iter([make_staff(people)]),
}


def check_sample(sample: Sample) -> None:
    """Raise when there can be no such sample.

    Raises
    ------
    SettingsError
        The municipality is a real one or none, or the table is unknown.
    """
    if sample.table not in _MAKERS:
        raise SettingsError(
            N_("there are no samples of table {table}"),
            N_("the tables are: {tables}"),
            table=Name(sample.table),
            tables=Name(", ".join(_MAKERS)),
        )
    if not is_synthetic_code(sample.municipality):
        raise SettingsError(
            N_("samples are made for fictional municipalities only"),
            N_("take a code that begins with 90 to 93; `sakusei sample municipalities` lists them"),
        )
    get_municipality(sample.municipality)


def _make_people(sample: Sample) -> People:
    """Return the persons of a sample."""
    persons = limit_persons(sample.municipality, sample.persons)
    municipality = get_municipality(sample.municipality)
    return make_people(persons, municipality, file_kind=sample.table, seed=sample.seed, as_of=AS_OF)


def write_file(
    sample: Sample,
    path: Path,
    *,
    layout: str,
    defects: tuple[Defect, ...] = (),
    count: int = 5,
    change: Callable[[pa.Table], pa.Table] | None = None,
) -> WrittenFile:
    """Write a synthetic file whole or not at all, and return what is in it.

    Parameters
    ----------
    sample : Sample
        What it is made of.
    path : Path
        Where it goes; its folder must exist.
    layout : str
        Name in `intake/layouts`.
    defects : tuple[Defect, ...]
        What shall be wrong with it; rows are damaged among the first batch of a large file.
    count : int
        Rows per defect.
    change : Callable or None
        Changes the first batch of rows before it is written.

    Raises
    ------
    SettingsError
        The layout is for another table, or cannot have a defect.
    """
    document = load_layout(layout)
    _check(sample, document, defects)
    rng = open_stream(sample.seed, sample.municipality, layout, "file")
    tally = _Tally()
    with replace_file(path) as temporary:
        tables = _change_first(iterate_tables(sample), change)
        if document["format"] == "records":
            _count_tables(write_claims(temporary, tables), document, tally)
            return _describe(path, sample, layout, tally)
        sheets = _iterate_sheets(tables, document, defects, (count, rng, tally))
        if document["format"] == "excel":
            encode.write_workbook(temporary, sheets)
        else:
            _write_text(temporary, sheets, tally)
    return _describe(path, sample, layout, tally)


def _describe(path: Path, sample: Sample, layout: str, tally: "_Tally") -> WrittenFile:
    return WrittenFile(path=path, sample=sample, layout=layout, rows=tally.rows, persons=tally.persons, damages=tuple(tally.damages))


def _count_tables(tables: Iterator[pa.Table], layout: Mapping[str, Any], tally: "_Tally") -> None:
    """Count the rows and persons of tables while they are written."""
    unit = load_table(layout["table"]).unit
    for table in tables:
        tally.rows += table.num_rows
        tally.persons += _count_persons(table, unit, tally)


@dataclass(slots=True)
class _Tally:
    """What was written so far."""

    rows: int = 0
    persons: int = 0
    last_person: str = ""
    plan: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    damages: list[Damage] = field(default_factory=list)


def _check(sample: Sample, layout: Mapping[str, Any], defects: tuple[Defect, ...]) -> None:
    """Raise when layout and sample, or layout and defects, do not go together."""
    if layout["table"] != sample.table:
        raise SettingsError(
            N_("the layout {layout} is for table {table}"),
            N_("choose a layout for the table of the sample"),
            layout=Name(layout["layout"]),
            table=Name(layout["table"]),
        )
    misfits = [defect.code for defect in defects if not can_damage(defect, layout)]
    if misfits:
        raise SettingsError(
            N_("files of layout {layout} cannot have the defect {defect}"),
            N_("`sakusei sample defects` lists the formats of each defect"),
            layout=Name(layout["layout"]),
            defect=Name(", ".join(misfits)),
        )


def _change_first(tables: Iterator[pa.Table], change: Callable[[pa.Table], pa.Table] | None) -> Iterator[pa.Table]:
    """Yield the tables, the first one changed."""
    for place, table in enumerate(tables):
        yield change(table) if change and place == 0 else table


def _iterate_sheets(
    tables: Iterator[pa.Table], layout: Mapping[str, Any], defects: tuple[Defect, ...], what: tuple[int, np.random.Generator, _Tally]
) -> Iterator[Sheet]:
    """Yield the sheets of a file with their defects of cells."""
    count, rng, tally = what
    unit = load_table(layout["table"]).unit
    for table in tables:
        sheet = make_sheet(table, layout, rng, rows_before=tally.rows)
        first = tally.rows == 0
        wanted = defects if first else tuple(defect for defect in defects if defect.whole)
        tally.plan = plan_damage(len(sheet), wanted, count, rng)
        sheet, done = damage_cells(sheet, tally.plan, rng)
        tally.damages += done
        tally.rows += len(sheet)
        tally.persons += _count_persons(table, unit, tally)
        yield sheet


def _count_persons(table: pa.Table, unit: str | None, tally: _Tally) -> int:
    """Return the persons of a batch that the batches before did not have; batches are sorted by person."""
    if unit is None or not len(table):
        return len(table)
    keys = table[unit]
    new = pc.count_distinct(keys).as_py() - (keys[0].as_py() == tally.last_person)
    tally.last_person = keys[-1].as_py()
    return int(new)


def _write_text(path: Path, sheets: Iterator[Sheet], tally: _Tally) -> None:
    """Write heading and lines, with their defects of lines."""
    with path.open("wb") as target:
        for place, sheet in enumerate(sheets):
            if place == 0:
                target.write(encode.write_heading(sheet))
            lines, done = damage_lines(sheet, encode.write_lines(sheet), tally.plan)
            tally.damages += done
            target.write(b"".join(line + encode.LINE_END for line in lines))
