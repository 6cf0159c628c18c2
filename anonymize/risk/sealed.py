"""Sealed class tables: what method information tells of a release, so that it can be taken together with others.

Decided here: when two releases come from the same rows, and how class tables over different quasi-identifiers are brought to the same
columns: from the input itself, where it is still at hand. Not decided here: what the tables tell together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from anonymize.classes import SensitiveCounts
from anonymize.method_file import CLASS, LEVEL, PATTERNS, PERSONS, ROWS, SHARING, read_facts
from anonymize.method_secrets import read_secrets
from anonymize.risk.inputs import PERSON, count_cells, count_values, has_input
from anonymize.risk.releases import NOT_RELEASED, Extract, Members, number_lines
from anonymize.risk.secrets import Secret
from anonymize.rows.persons import number_patterns
from schemas.errors import FileRejected
from schemas.messages import N_, Name
from schemas.plan_models import Privacy, parse_privacy


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sealed:
    """One release, as its method information tells.

    Parameters
    ----------
    name : Name
        What the release is called.
    extract : Extract
        Its class table.
    rows : NDArray[np.int64]
        (lines): rows of each line.
    levels : NDArray[np.int8]
        (lines, columns): released levels.
    facts : Mapping
        What the file says of itself.
    released, original : Path or None
        The written file, and its input, where they are at hand.
    counts : Mapping[str, SensitiveCounts]
        Per sensitive column, the persons of each released value of each line; empty where they were not kept yet.
    """

    name: Name
    extract: Extract
    rows: NDArray[np.int64]
    levels: NDArray[np.int8]
    facts: dict[str, Any]
    released: Path | None = None
    original: Path | None = None
    counts: Mapping[str, SensitiveCounts] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Show counts, never a value."""
        return f"Sealed({self.name}, {self.extract!r})"

    @property
    def columns(self) -> list[str]:
        """The quasi-identifiers."""
        return list(self.extract.keys.column_names)

    @property
    def promised(self) -> Privacy:
        """The models its plan asked for; k alone where the file was written before they were kept."""
        return parse_privacy(self.facts.get("privacy", {"k": self.facts.get("k", 1)}))

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """The sensitive columns, in the lines that are released."""
        lines, classes = np.arange(len(self.extract.classes)), self.extract.classes
        place = np.where(classes == NOT_RELEASED, NOT_RELEASED, lines)
        return tuple(
            Secret(release=self.name, column=Name(column), counts=counts, place=place, promised=self.promised)
            for column, counts in self.counts.items()
        )

    def has_rows_of(self, other: "Sealed") -> bool:
        """Return whether the same rows of the same input took part in both."""
        return bool(self.facts["rows_of"] == other.facts["rows_of"])


def read_sealed(path: Path, name: Name, *, released: Path | None = None, original: Path | None = None) -> Sealed:
    """Return a release from its method information.

    Raises
    ------
    FileRejected
        The file is no method information, or was written before it held class tables.
    """
    table, facts = read_facts(path)
    names = facts.get("columns", [])
    needed = {*names, *(f"{LEVEL}{column}" for column in names), CLASS, PERSONS, ROWS}
    if not {"rows_of", "columns", "linked", "whole", "loss"} <= set(facts) or not needed <= set(table.column_names):
        raise FileRejected(
            N_("the method information {file} holds no class table"),
            N_("process the file again; method information of earlier versions cannot be compared with other releases"),
            file=Name(path.name),
        )
    numbers = {column: table.column(column).to_numpy().astype(np.int64) for column in (CLASS, PERSONS, ROWS)}
    levels = [table.column(f"{LEVEL}{column}").to_numpy() for column in names]
    extract = Extract(
        keys=table.select(names).replace_schema_metadata(None),
        classes=numbers[CLASS],
        persons=numbers[PERSONS],
        members=_read_members(table) if PATTERNS in table.column_names else None,
        linked=bool(facts["linked"]),
    )
    shape = np.stack(levels, axis=1).astype(np.int8) if levels else np.zeros((table.num_rows, 0), dtype=np.int8)
    counts = read_secrets(table, facts)
    rest: dict[str, Any] = {"facts": facts, "released": released, "original": original, "counts": counts}
    return Sealed(name=name, extract=extract, rows=numbers[ROWS], levels=shape, **rest)


def _read_members(table: pa.Table) -> Members:
    lists, sharing = (table.column(name).combine_chunks() for name in (PATTERNS, SHARING))
    sizes = pc.list_value_length(lists).to_numpy()
    patterns = lists.flatten().to_numpy().astype(np.int64)
    persons = np.zeros(int(patterns.max(initial=-1)) + 1, dtype=np.int64)
    persons[patterns] = sharing.flatten().to_numpy()
    return Members(offsets=np.concatenate(([0], np.cumsum(sizes))).astype(np.int64), patterns=patterns, persons=persons)


def align(sealed: Sequence[Sealed], work: Path, *, by_person: bool = False) -> tuple[list[Extract], list[Name]]:
    """Return the extracts over the same columns, and which releases could not be brought to them (nothing is compared then).

    Parameters
    ----------
    sealed : sequence of Sealed
        Releases. Where their quasi-identifiers are the same, their class tables are taken as they are.
    work : Path
        Private folder.
    by_person : bool
        Count all of them from their inputs, person by person, even so: where classes depend on more than the values of a row.
    """
    union = list(dict.fromkeys(column for one in sealed for column in one.columns))
    if not by_person and all(set(one.columns) == set(union) for one in sealed):
        return [replace(one.extract, keys=one.extract.keys.select(union), secrets=one.secrets) for one in sealed], []
    inputs = {one.facts["input_sha256"]: one.original for one in sealed if one.original is not None and has_input(one.original, one.facts)}
    cells: dict[tuple[str, str | None], pa.Table | None] = {}
    extracts, failed = [], []
    for one in sealed:
        at = one.facts["input_sha256"], one.facts["unit"]
        source = inputs.get(at[0])
        if at not in cells:
            cells[at] = None if source is None else count_cells(source, union, at[1], work)
        table = cells[at]
        found = None if table is None or not one.facts["whole"] else widen(one, table)
        if found is None or table is None or source is None:
            failed.append(one.name)
        else:
            secrets = _count_secrets(one, (source, table), found, work)
            extracts.append(replace(found, secrets=secrets))
    return extracts, failed


def _count_secrets(sealed: Sealed, counted: tuple[Path, pa.Table], extract: Extract, work: Path) -> tuple[Secret, ...]:
    """Return the sensitive columns that were released as they came, counted anew; the values of others cannot be told from the input."""
    place = np.where(extract.classes == NOT_RELEASED, NOT_RELEASED, np.arange(len(extract.classes)))
    found = []
    for secret in sealed.secrets:
        if sealed.facts["secrets"][secret.column]["kept"]:
            counts = count_values(*counted, sealed.facts["unit"], secret.column, work)
            if counts.distinct == secret.counts.distinct:
                found.append(replace(secret, counts=replace(counts, levels=secret.counts.levels), place=place))
    return tuple(found)


def widen(sealed: Sealed, cells: pa.Table) -> Extract | None:
    """Return the class table of a release over more columns, with a line per combination and person; None where that cannot be exact.

    Parameters
    ----------
    sealed : Sealed
        A release in which all rows of its input took part.
    cells : pa.Table
        What `count_cells` found in its input, by its unit.
    """
    counts = cells.column(PERSONS).to_numpy().astype(np.int64)
    people = _number_people(cells) if PERSON in cells.column_names else None
    try:
        wanted = cells.select(sealed.columns).cast(sealed.extract.keys.schema)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None
    mine, theirs = number_lines([sealed.extract.keys, wanted])
    classes = _find_classes(sealed.extract, mine, theirs, people)
    if classes is None:
        return None
    members = None
    if people is not None:
        ones = np.ones(int(people.max(initial=-1)) + 1, dtype=np.int64)
        members = Members(offsets=np.arange(len(people) + 1, dtype=np.int64), patterns=people, persons=ones)
    keys = cells.drop_columns([name for name in (PERSON, PERSONS) if name in cells.column_names])
    return Extract(keys=keys, classes=classes, persons=counts, members=members, linked=sealed.extract.linked)


def _number_people(cells: pa.Table) -> NDArray[np.int64]:
    encoded = pc.dictionary_encode(cells.column(PERSON).combine_chunks(), null_encoding="encode")
    numbers: NDArray[np.int64] = encoded.indices.to_numpy().astype(np.int64)
    return numbers


def _find_classes(
    extract: Extract, mine: NDArray[np.int64], theirs: NDArray[np.int64], people: NDArray[np.int64] | None
) -> NDArray[np.int64] | None:
    """Return the class of each cell: by its values or, where persons with the same values got several classes, by its person's pattern."""
    width = max(int(mine.max(initial=-1)), int(theirs.max(initial=-1))) + 1
    class_of = np.full(width, NOT_RELEASED, dtype=np.int64)
    class_of[mine] = extract.classes
    if (class_of[mine] == extract.classes).all():
        return class_of[theirs] if np.isin(theirs, mine).all() else None
    if extract.members is None or people is None:
        return None
    members = extract.members
    pattern_of = members.patterns
    number_of = np.repeat(mine, np.diff(members.offsets))
    count = len(members.persons)
    # Patterns of the class table and persons of the input are numbered alike by the combinations they hold.
    held = np.unique(np.concatenate([pattern_of * width + number_of, (people + count) * width + theirs]))
    owners, content = np.divmod(held, width)
    present, sizes = np.unique(owners, return_counts=True)
    history = np.full(count + int(people.max(initial=-1)) + 1, -1, dtype=np.int64)
    history[present] = number_patterns(content, np.concatenate(([0], np.cumsum(sizes))).astype(np.int64))
    known, place = np.unique(history[pattern_of] * width + number_of, return_inverse=True)
    found = np.full(len(known), NOT_RELEASED, dtype=np.int64)
    classes = np.repeat(extract.classes, np.diff(members.offsets))
    found[place.reshape(-1)] = classes
    wanted = history[people + count] * width + theirs
    if (found[place.reshape(-1)] != classes).any() or not np.isin(wanted, known).all():
        return None
    classes_of_cells: NDArray[np.int64] = found[np.searchsorted(known, wanted)]
    return classes_of_cells
