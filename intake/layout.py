"""Layouts: how one sender writes one table; loaded, checked against the table and the rules, and the plain one made from the table.

Decided here: what a layout must hold beyond its form. Not decided here: whether a file fits a layout (`intake.choice`).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from intake.formats.record_rules import RecordRules, Source, find_record_contradictions, to_record_rules, to_source
from intake.values.dates import DatePolicy
from intake.values.rules import RULES, RuleUse, get_plain_rule
from schemas.codes import load_code_list
from schemas.documents import load_document
from schemas.errors import FormRejected, SettingsError
from schemas.findings import Finding, FindingKind, Severity
from schemas.messages import N_, Name
from schemas.tables import TableSchema, load_table, table_names

FOLDER = Path(__file__).parent / "layouts"
PLAIN = "plain"
_ALL_DIGITS = re.compile(r"\[0-9\]\{([0-9]+)\}")
_SUFFIXES = (".yaml", ".yml", ".json")
_SETTINGS = {"csv": ("encoding", "header"), "fixed": ("encoding", "record_bytes"), "excel": (), "records": ("encoding", "records")}
_ONLY = {"title_rows": "excel", "header_rows": "excel", "sheet": "excel", "records": "records", "lookups": "records"}
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
NO_SETTING = _kind("setting", N_("the format needs this setting"))


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutColumn:
    """One column of a layout: where it is, and the rule that reads it.

    Parameters
    ----------
    use : RuleUse
        Rule and column of the table.
    headings : tuple[str, ...]
        Headings that mean this column; empty when columns are found by position or bytes.
    position : int
        Place counted from 1; 0 when found by heading or bytes.
    first_byte, length_bytes : int
        Bytes of a fixed record, the first counted from 0.
    source : Source or None
        Pieces of records it is taken from.
    """

    use: RuleUse
    headings: tuple[str, ...] = ()
    position: int = 0
    first_byte: int = 0
    length_bytes: int = 0
    source: Source | None = None

    @property
    def name(self) -> str:
        """Name of the column in the table."""
        return self.use.column.name

    @property
    def label(self) -> Name:
        """What the sender calls the column: its heading, or its Japanese title and its place in the records."""
        where = f"（{self.source.place}）" if self.source else ""
        return Name(self.headings[0] if self.headings else f"{self.use.column.title_ja}{where}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How one sender writes one table.

    Parameters
    ----------
    name : str
        Name of the layout.
    table : TableSchema
        Table the rows become.
    format : str
        csv, fixed, excel, records, or parquet (plain only).
    encoding : str or None
        Declared encoding; None to find it (plain only).
    delimiter : str
        One ASCII character.
    header : bool
        Whether there is a heading line.
    sheet : str
        Number (from 1) or name of the sheet.
    record_bytes : int
        Bytes of a fixed record without its line end.
    fields : int
        Fields of a row where there is no heading line.
    columns : tuple[LayoutColumn, ...]
        In the order of the layout.
    title_rows, header_rows : int
        Lines of titles above the headings, and lines of headings.
    records : RecordRules or None
        The kinds of record of a file that has several.
    """

    name: str
    table: TableSchema
    format: str
    columns: tuple[LayoutColumn, ...]
    encoding: str | None = None
    delimiter: str = ","
    header: bool = True
    sheet: str = "1"
    record_bytes: int = 0
    fields: int = 0
    title_rows: int = 0
    header_rows: int = 1
    records: RecordRules | None = None

    @property
    def lines_above(self) -> tuple[int, int]:
        """Lines of titles and lines of headings above the first row."""
        return self.title_rows, self.header_rows

    @property
    def sources(self) -> tuple[Source, ...]:
        """What the columns of a file of several kinds of record are taken from."""
        return tuple(column.source for column in self.columns if column.source)

    def with_as_of(self, as_of: date | None) -> "Layout":
        """Return the layout for contents of a day: births after it are defects."""
        columns = tuple(replace(column, use=replace(column.use, latest_birth=as_of)) for column in self.columns)
        return replace(self, columns=columns)


def layout_names(table: str | None = None) -> tuple[str, ...]:
    """Return the names of the layouts shipped here, sorted; of one table when it is given."""
    names = tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))
    return names if table is None else tuple(name for name in names if load_layout(name).table.name == table)


def load_layout(spec: str | Path) -> Layout:
    """Return a layout by its shipped name or the path of its document.

    Raises
    ------
    SettingsError
        There is no such layout.
    FormRejected
        The document does not meet its form, or contradicts the table or the rules; with all findings.
    """
    path = FOLDER / f"{spec}.yaml" if "/" not in str(spec) and not str(spec).endswith(_SUFFIXES) else Path(spec)
    if not path.is_file():
        raise SettingsError(
            N_("there is no layout {layout}"),
            N_("give the path of a layout document, plain, or one of: {layouts}"),
            layout=Name(Path(spec).name),
            layouts=Name(", ".join(layout_names())),
        )
    document = load_document("layout", path)
    findings = tuple(_find_contradictions(document))
    if findings:
        raise FormRejected(
            N_("layout {layout} contradicts its table or the rules"),
            N_("correct the columns named above; the rules are listed in intake/layouts/README.md"),
            findings=findings,
            layout=Name(document["layout"]),
        )
    return _to_layout(document)


def make_plain_layout(table: TableSchema, format_: str) -> Layout:
    """Return the layout of files whose headings are the column names, or the Japanese titles, of the table itself."""
    # spreadsheets lose leading zeros; a column of so many digits tells how many there were
    widths = {column.name: _ALL_DIGITS.fullmatch(column.pattern or "") for column in table.columns if format_ == "excel"}
    columns = tuple(
        LayoutColumn(
            use=RuleUse(rule=get_plain_rule(column), column=column, width=int(found[1]) if (found := widths.get(column.name)) else None),
            headings=(column.title_ja, column.name),
        )
        for column in table.columns
    )
    return Layout(name=PLAIN, table=table, format=format_, columns=columns)


def _find_contradictions(document: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what is wrong with a layout that meets its form."""
    if document["table"] not in table_names():
        yield Finding(kind=NO_TABLE, column=Name("table"))
        return
    table = load_table(document["table"])
    yield from _find_missing_settings(document)
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


def _find_missing_settings(document: Mapping[str, Any]) -> Iterator[Finding]:
    needed = _SETTINGS[document["format"]]
    yield from (Finding(kind=NO_SETTING, column=Name(name)) for name in needed if name not in document)
    strange = (name for name, format_ in _ONLY.items() if name in document and format_ != document["format"])
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


def _to_layout(document: Mapping[str, Any]) -> Layout:
    table = load_table(document["table"])
    columns = tuple(_to_column(entry, table, document) for entry in document["columns"])
    positions = [column.position for column in columns]
    return Layout(
        name=document["layout"],
        table=table,
        format=document["format"],
        columns=columns,
        encoding=document.get("encoding"),
        delimiter=document.get("delimiter", ","),
        header=document.get("header", document["format"] == "excel"),
        sheet=str(document.get("sheet", 1)),
        record_bytes=document.get("record_bytes", 0),
        fields=document.get("fields", max(positions)),
        title_rows=document.get("title_rows", 0),
        header_rows=document.get("header_rows", 1),
        records=to_record_rules(document["records"]) if document["format"] == "records" else None,
    )


def _to_column(entry: Mapping[str, Any], table: TableSchema, document: Mapping[str, Any]) -> LayoutColumn:
    wareki = document.get("wareki", {})
    use = RuleUse(
        rule=entry["rule"],
        column=table.get_column(entry["column"]),
        width=entry.get("width"),
        vendors=tuple(entry.get("vendor", ())),
        empty_marks=frozenset(document.get("empty_marks", ())),
        dates=DatePolicy(overflow=wareki.get("overflow") == "convert", open_as_empty=wareki.get("open_part") == "empty"),
    )
    first, length = entry.get("bytes", (1, 0))
    return LayoutColumn(
        use=use,
        headings=(entry["heading"],) if "heading" in entry else (),
        position=entry.get("position", 0),
        first_byte=first - 1,
        length_bytes=length,
        source=to_source(entry, document.get("lookups", {})) if "from" in entry else None,
    )
