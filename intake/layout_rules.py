"""What a layout must hold beyond its form: it fits its table, the rules and its format.

Decided here: every contradiction with its finding, all told at once. Not decided here: what a layout is (`intake.layout`).
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from intake.formats.record_rules import find_record_contradictions
from intake.values.rules import RULES
from schemas.codes import load_code_list
from schemas.findings import Finding, FindingKind, Severity
from schemas.messages import N_, Name
from schemas.tables import load_table, table_names

_SETTINGS = {"csv": ("encoding", "header"), "fixed": ("encoding", "record_bytes"), "excel": (), "records": ("encoding", "records")}
_TABLES = ("csv", "excel")
_ONLY = {
    "title_rows": _TABLES,
    "summary_lines": _TABLES,
    "header_rows": ("excel",),
    "sheet": ("excel",),
    "records": ("records",),
    "lookups": ("records",),
}
_NEEDS = {"csv": "position", "fixed": "bytes", "excel": "heading", "records": "from"}


def _kind(code: str, template: str) -> FindingKind:
    return FindingKind(f"layout-{code}", Severity.FILE, template)


NO_TABLE = _kind("table", N_("there is no such table"))
NO_COLUMN = _kind("column", N_("the table has no such column"))
TWICE = _kind("twice", N_("the column is given more than once"))
NO_RULE = _kind("rule", N_("there is no rule of this name"))
WRONG_RULE = _kind("rule-type", N_("the rule does not serve columns of this type"))
NO_LIST = _kind("code-list", N_("the rule needs a code list, and the column has none"))
NO_VENDOR = _kind("vendor", N_("the code list does not know this way of writing"))
NO_PLACE = _kind("place", N_("the place of the column is missing: {needed}"))
OVERLAP = _kind("overlap", N_("the bytes overlap those of another column or pass the end of the record"))
NOT_COVERED = _kind("required", N_("the key of persons of the table is missing"))
NOT_HERE = _kind("not-here", N_("the format does not know this setting"))
NO_DAY = _kind("open-end", N_("a day that means no end is no day of the calendar"))
NO_SETTING = _kind("setting", N_("the format needs this setting"))


def find_contradictions(document: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what is wrong with a layout that meets its form (`schemas/documents/layout.yaml`)."""
    if document["table"] not in table_names():
        yield Finding(kind=NO_TABLE, column=Name("table"))
        return
    table = load_table(document["table"])
    yield from _find_missing_settings(document)
    yield from (Finding(kind=NO_DAY, column=Name("open_end")) for day in document.get("open_end", ()) if not _is_day(day))
    seen: set[str] = set()
    columns = {column.name: column for column in table.columns}
    for entry in document["columns"]:
        name = Name(entry["column"])
        if name in seen:
            yield Finding(kind=TWICE, column=name)
        elif name not in columns:
            yield Finding(kind=NO_COLUMN, column=name)
        else:
            yield from _find_wrong_rule(entry, columns[name])
            yield from _find_wrong_place(document, entry)
        seen.add(name)
    # A municipality is asked for the least; only without the key of persons nothing can be counted.
    if table.unit and table.unit not in seen:
        yield Finding(kind=NOT_COVERED, column=Name(table.unit))
    yield from _find_overlaps(document)
    yield from find_record_contradictions(document)


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _find_missing_settings(document: Mapping[str, Any]) -> Iterator[Finding]:
    needed = _SETTINGS[document["format"]]
    yield from (Finding(kind=NO_SETTING, column=Name(name)) for name in needed if name not in document)
    strange = (name for name, formats in _ONLY.items() if name in document and document["format"] not in formats)
    yield from (Finding(kind=NOT_HERE, column=Name(name)) for name in strange)


def _find_wrong_rule(entry: Mapping[str, Any], column: Any) -> Iterator[Finding]:
    name = Name(column.name)
    rule = RULES.get(entry["rule"])
    if rule is None:
        yield Finding(kind=NO_RULE, column=name)
    elif column.type not in rule.types:
        yield Finding(kind=WRONG_RULE, column=name)
    elif entry["rule"] == "code" and not column.code_list:
        yield Finding(kind=NO_LIST, column=name)
    elif any(vendor not in load_code_list(column.code_list).vendor for vendor in entry.get("vendor", ())):
        yield Finding(kind=NO_VENDOR, column=name)


def _find_wrong_place(document: Mapping[str, Any], entry: Mapping[str, Any]) -> Iterator[Finding]:
    by_heading = document.get("header") and document["format"] in {"csv", "excel"}
    needed = "heading" if by_heading else _NEEDS[document["format"]]
    if needed not in entry:
        yield Finding(kind=NO_PLACE, column=Name(entry["column"]), params={"needed": Name(needed)})


def _find_overlaps(document: Mapping[str, Any]) -> Iterator[Finding]:
    places = sorted((entry["bytes"][0], entry["bytes"][1], entry["column"]) for entry in document["columns"] if "bytes" in entry)
    free = 1
    for first, length, name in places:
        if first < free or first + length - 1 > document.get("record_bytes", 0):
            yield Finding(kind=OVERLAP, column=Name(name))
        free = max(free, first + length)
