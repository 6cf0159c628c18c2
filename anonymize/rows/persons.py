"""Persons with many rows: who stands in which combinations, and which quasi-identifiers of a person ever change.

Decided here: how person patterns are found and numbered, so that neither the order of rows nor the engine decides, and that a column stated
to be the same in all rows of a person must be so. Not decided here: which persons are released (search).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from anonymize.classes import ClassTable, Linked, Memberships
from anonymize.engines.engine import Engine
from schemas.errors import PlanError
from schemas.findings import Finding, FindingKind, Severity
from schemas.messages import N_, Name
from schemas.plan import Plan

LINE, PATTERN, ROWS, PERSONS = "__line", "__pattern", "__rows", "__persons"
PERSON, EVENT = "person", "event"

VARIES_WITHIN = FindingKind("varies-within-person", Severity.FILE, N_("{persons} persons have several values of the column"))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Histories:
    """Lines split by the pattern of the persons who have them.

    Parameters
    ----------
    combinations : NDArray[np.int64]
        Per new line the combination it was split from; the lines are sorted by combination, then by pattern.
    patterns : NDArray[np.int64]
        Per new line its pattern.
    rows : NDArray[np.int64]
        Per new line its rows.
    memberships : Memberships
        Which new lines each pattern has; every line belongs to one.
    owners : pa.Table
        Person key and pattern of every person. Never leaves the engine rooms.
    """

    combinations: NDArray[np.int64]
    patterns: NDArray[np.int64]
    rows: NDArray[np.int64]
    memberships: Memberships
    owners: pa.Table

    def __repr__(self) -> str:
        """Show counts, never keys."""
        return f"Histories({len(self.memberships.persons)} patterns)"


def find_patterns(engine: Engine, cells: ibis.Table, number: str, unit: str | None) -> Memberships:
    """Return which numbers (combinations or entries) occur together in one person, and for how many persons."""
    distinct = cells.select(unit, number).distinct()
    persons = distinct.group_by(unit).agg(**{PATTERN: distinct[number].collect().sort()})
    patterns = persons.group_by(PATTERN).agg(**{PERSONS: persons.count()})
    found = engine.fetch(patterns.order_by(PATTERN))
    lists = found.column(PATTERN).combine_chunks()
    lists = lists.combine_chunks() if isinstance(lists, pa.ChunkedArray) else lists
    sizes = pc.list_value_length(lists).to_numpy(zero_copy_only=False)
    return Memberships(
        offsets=np.concatenate(([0], np.cumsum(sizes))).astype(np.int64),
        combinations=lists.flatten().to_numpy().astype(np.int64),
        persons=found.column(PERSONS).to_numpy().astype(np.int64),
    )


def find_histories(engine: Engine, cells: ibis.Table, unit: str, linked: Linked) -> Histories:
    """Return the patterns of a file and the lines split by them.

    Parameters
    ----------
    engine : Engine
        Where the rows are.
    cells : ibis.Table
        Columns: the unit, number of the combination, rows; a person may have several cells of a combination.
    unit : str
        Column of person keys.
    linked : {"classes", "rows"}
        Whether persons with the same combinations share a pattern, or only with as many rows in each.
    """
    found = engine.fetch(cells.group_by([unit, LINE]).agg(**{ROWS: cells[ROWS].sum().cast("int64")}))
    keys = found.column(unit).combine_chunks().dictionary_encode()
    keys = keys.combine_chunks() if isinstance(keys, pa.ChunkedArray) else keys
    persons = keys.indices.to_numpy().astype(np.int64)
    lines, rows = (found.column(name).to_numpy().astype(np.int64) for name in (LINE, ROWS))
    order = np.lexsort((lines, persons))
    lines, rows = lines[order], rows[order]
    offsets = np.concatenate(([0], np.cumsum(np.bincount(persons, minlength=len(keys.dictionary))))).astype(np.int64)
    content = lines if linked == "classes" else _number_pairs(lines, rows)
    pattern_of = number_patterns(content, offsets)
    owners = pa.table({unit: keys.dictionary, PATTERN: pattern_of})
    return _split_lines(lines, rows, offsets, owners)


def number_patterns(content: NDArray[np.int64], offsets: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the pattern of each person: persons with the same content share one.

    Patterns are numbered by length, then by content, whatever the order of persons.

    Parameters
    ----------
    content : NDArray[np.int64]
        What each person has, at least one thing, ascending within a person.
    offsets : NDArray[np.int64]
        (persons + 1): where each person's content starts.
    """
    numbers, count = np.empty(len(offsets) - 1, dtype=np.int64), 0
    for persons, block in _blocks(content, offsets):
        order = np.lexsort(block.T[::-1])
        ordered = block[order]
        fresh = np.ones(len(ordered), dtype=np.bool_)
        fresh[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
        numbers[persons[order]] = count + np.cumsum(fresh) - 1
        count += int(fresh.sum())
    return numbers


def _blocks(content: NDArray[np.int64], offsets: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield the persons of each length, shortest first, and (persons, length) their content."""
    lengths = np.diff(offsets)
    by_length = np.argsort(lengths, kind="stable")
    starts = np.flatnonzero(np.diff(lengths[by_length], prepend=-1))
    for persons in np.split(by_length, starts[1:]):
        if len(persons):
            yield persons, content[offsets[persons][:, None] + np.arange(lengths[persons[0]])]


def _number_pairs(lines: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the numbers of (line, rows) pairs, in their order."""
    return lines * (int(rows.max(initial=0)) + 1) + rows


def _split_lines(lines: NDArray[np.int64], rows: NDArray[np.int64], offsets: NDArray[np.int64], owners: pa.Table) -> Histories:
    """Return the distinct pairs of line and pattern, with their rows."""
    of_person = owners.column(PATTERN).to_numpy()
    patterns = np.repeat(of_person, np.diff(offsets))
    count = int(of_person.max(initial=-1)) + 1
    keys, places = np.unique(lines * count + patterns, return_inverse=True)
    of_line = keys % max(count, 1)
    members = np.argsort(of_line, kind="stable")
    return Histories(
        combinations=keys // max(count, 1),
        patterns=of_line,
        rows=np.bincount(places.reshape(-1), weights=rows, minlength=len(keys)).astype(np.int64),
        memberships=Memberships(
            offsets=np.concatenate(([0], np.cumsum(np.bincount(of_line, minlength=count)))).astype(np.int64),
            combinations=members,
            persons=np.bincount(of_person, minlength=count),
        ),
        owners=owners,
    )


def count_varying(table: ClassTable) -> NDArray[np.int64]:
    """Return, per quasi-identifier, the persons who have several values of it; a missing value is one."""
    members = table.memberships
    if members is None or not len(members.persons):
        return np.zeros(len(table.columns), dtype=np.int64)
    codes = table.codes[members.combinations]
    spread = np.maximum.reduceat(codes, members.offsets[:-1]) != np.minimum.reduceat(codes, members.offsets[:-1])
    varying: NDArray[np.int64] = members.persons @ spread.astype(np.int64)
    return varying


def find_varying(table: ClassTable, plan: Plan) -> dict[str, str]:
    """Return, per quasi-identifier, "person" where it is the same in all rows of every person, "event" where it differs or may.

    Raises
    ------
    PlanError
        A column that the plan states to be the same differs within persons; all such columns are given, with the number of persons.
    """
    varying = dict(zip(table.columns, count_varying(table).tolist(), strict=True))
    stated = {column.name: column.varies for column in plan.recoded}
    wrong = [name for name, persons in varying.items() if persons and stated[name] == PERSON]
    if wrong:
        raise PlanError(
            N_("column {column} should be the same in all rows of a person, but {persons} persons have several values"),
            N_("state `varies: event`, or take one value per person: `aggregate`, or mend the input"),
            findings=tuple(Finding(kind=VARIES_WITHIN, column=Name(name), params={"persons": varying[name]}) for name in wrong),
            column=Name(wrong[0]),
            persons=varying[wrong[0]],
        )
    return {name: EVENT if persons or stated[name] == EVENT else PERSON for name, persons in varying.items()}
