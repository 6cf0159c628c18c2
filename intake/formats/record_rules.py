"""What a layout says about files of several kinds of record, in the manner of レセプト電算.

One kind opens a group of rows, one makes a row, others hang under it in an order, one closes the group and states its totals; columns are
taken from pieces of them. Decided here: how the words of a layout become rules, and what contradicts itself. Not decided here: how a
file is read by them (`intake.formats.gather`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from schemas.findings import Finding, FindingKind, Severity
from schemas.messages import N_, Name

MOST_FIELDS = 2000


def _kind(code: str, template: str) -> FindingKind:
    return FindingKind(f"layout-{code}", Severity.FILE, template)


NO_RECORD = _kind("record", N_("the layout has no record of this kind: {record}"))
RECORD_TWICE = _kind("record-twice", N_("the kind of record is given more than once"))
NO_LOOKUP = _kind("lookup", N_("the layout has no table of codes of this name"))


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordKind:
    """One kind of record.

    Parameters
    ----------
    name : str
        Its identifier, the first field of the record.
    order : int
        Its place; under a row it must not go down.
    fields : int
        Fields at most; what is missing at the end is empty.
    least, most : int
        How many a row has.
    main : tuple[int, str] or None
        Of several the one whose field (counted from 1) has this text is asked.
    or_first : bool
        Where none has it, or nothing is said, the first is asked.
    """

    name: str
    order: int
    fields: int = MOST_FIELDS
    least: int = 0
    most: int = MOST_FIELDS
    main: tuple[int, str] | None = None
    or_first: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A piece of a record: field counted from 1 (the identifier), and which characters of it, counted from 1; all when length is 0."""

    record: str
    field: int
    first: int = 1
    length: int = 0
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Source:
    """What a column is taken from.

    Parameters
    ----------
    parts : tuple[Part, ...]
        Joined in this order.
    lookup : Mapping[str, str] or None
        Text → text; what it does not know stays as it is, for the rule to judge.
    number : bool
        The distinct joined texts are numbered in the order they come: a key of persons made of several fields.
    """

    parts: tuple[Part, ...]
    lookup: Mapping[str, str] | None = None
    number: bool = False

    @property
    def place(self) -> str:
        """Where that is, as record sheets say it: `RE 7`."""
        return "・".join(f"{part.record} {part.field}" for part in self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """The record that ends a group: where it states how many rows there were, and the sum of a field of theirs (0: nowhere)."""

    record: str
    count_field: int = 0
    sum_field: int = 0
    summed: Part | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRules:
    """The kinds of record of a layout.

    Parameters
    ----------
    opening : str
        Opens a group of rows.
    row : str
        Makes a row.
    closing : Closing or None
        Ends the group.
    kinds : Mapping[str, RecordKind]
        All of them, by name, in the order of the layout.
    """

    opening: str
    row: str
    closing: Closing | None
    kinds: Mapping[str, RecordKind]


def to_record_rules(records: Mapping[str, Any]) -> RecordRules:
    """Return the rules of a sound `records` group of a layout."""
    closing = records.get("close")
    entries = [records["open"], records["row"], *records["under_row"], *([closing] if closing else [])]
    return RecordRules(
        opening=records["open"]["record"],
        row=records["row"]["record"],
        closing=_to_closing(closing) if closing else None,
        kinds={entry["record"]: _to_kind(entry, place) for place, entry in enumerate(entries)},
    )


def _to_kind(entry: Mapping[str, Any], place: int) -> RecordKind:
    main = entry.get("main")
    return RecordKind(
        name=entry["record"],
        order=entry.get("order", place),
        fields=entry.get("fields", MOST_FIELDS),
        least=entry.get("least", 0),
        most=entry.get("most", MOST_FIELDS),
        main=(main["field"], main["is"]) if main else None,
        or_first=main.get("or_first", False) if main else True,
    )


def _to_closing(entry: Mapping[str, Any]) -> Closing:
    total = entry.get("sum")
    return Closing(
        record=entry["record"],
        count_field=entry.get("count", 0),
        sum_field=total["field"] if total else 0,
        summed=to_part(total["of"]) if total else None,
    )


def to_part(entry: Mapping[str, Any]) -> Part:
    """Return one piece of a `from` list."""
    first, length = entry.get("characters", (1, 0))
    return Part(record=entry["record"], field=entry["field"], first=first, length=length, optional=entry.get("optional", False))


def to_source(entry: Mapping[str, Any], lookups: Mapping[str, Mapping[str, str]]) -> Source:
    """Return what a column of a sound layout is taken from."""
    return Source(
        parts=tuple(to_part(part) for part in entry["from"]),
        lookup=lookups[entry["lookup"]] if "lookup" in entry else None,
        number=entry.get("number", False),
    )


def find_record_contradictions(document: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what is wrong with the records of a layout that meets its form."""
    records = document.get("records")
    if records is None:
        return
    entries = [records["open"], records["row"], *records["under_row"], *([records["close"]] if "close" in records else [])]
    names = [entry["record"] for entry in entries]
    yield from (Finding(kind=RECORD_TWICE, column=Name(name)) for name in sorted(set(names)) if names.count(name) > 1)
    asked = [(entry["column"], part) for entry in document["columns"] for part in entry.get("from", ())]
    if "sum" in records.get("close", {}):
        asked.append(("sum", records["close"]["sum"]["of"]))
    for column, part in asked:
        if part["record"] not in names:
            yield Finding(kind=NO_RECORD, column=Name(column), params={"record": Name(part["record"])})
    for entry in document["columns"]:
        if "lookup" in entry and entry["lookup"] not in document.get("lookups", {}):
            yield Finding(kind=NO_LOOKUP, column=Name(entry["column"]))
