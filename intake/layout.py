"""Layouts: how one sender writes one table; loaded, checked against the table and the rules, and the plain one made from the table.

Decided here: what a layout is, and where it is found. Not decided here: which layouts contradict themselves
(`intake.layout_rules`), whether a file fits a layout (`intake.choice`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from intake.formats.record_rules import RecordRules, Source, to_record_rules, to_source
from intake.layout_rules import find_contradictions
from intake.values.dates import DatePolicy
from intake.values.rules import RuleUse, get_plain_rule
from schemas.documents import load_document
from schemas.errors import FormRejected, SettingsError
from schemas.messages import N_, Name
from schemas.tables import TableSchema, load_table

FOLDER = Path(__file__).parent / "layouts"
PLAIN = "plain"
_ALL_DIGITS = re.compile(r"\[0-9\]\{([0-9]+)\}")
_SUFFIXES = (".yaml", ".yml", ".json")


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
    summary_lines : tuple[str, ...]
        Words that lines begin with that are no rows (合計, 以上).
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
    summary_lines: tuple[str, ...] = ()

    @property
    def lines_above(self) -> tuple[int, int]:
        """Lines of titles and lines of headings above the first row."""
        return self.title_rows, self.header_rows

    @property
    def sources(self) -> tuple[Source, ...]:
        """What the columns of a file of several kinds of record are taken from."""
        return tuple(column.source for column in self.columns if column.source)

    def with_as_of(self, as_of: date | None) -> "Layout":
        """Return the layout for contents of a day: births and events after it are defects."""
        columns = tuple(replace(column, use=replace(column.use, as_of=as_of)) for column in self.columns)
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
    findings = tuple(find_contradictions(document))
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
            use=RuleUse(
                rule=get_plain_rule(column),
                column=column,
                width=int(found[1]) if (found := widths.get(column.name)) else None,
                ahead_days=column.ahead_days,
            ),
            headings=(column.title_ja, column.name),
        )
        for column in table.columns
    )
    return Layout(name=PLAIN, table=table, format=format_, columns=columns)


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
        summary_lines=tuple(document.get("summary_lines", ())),
    )


def _to_column(entry: Mapping[str, Any], table: TableSchema, document: Mapping[str, Any]) -> LayoutColumn:
    wareki = document.get("wareki", {})
    use = RuleUse(
        rule=entry["rule"],
        column=table.get_column(entry["column"]),
        width=entry.get("width"),
        vendors=tuple(entry.get("vendor", ())),
        empty_marks=frozenset(document.get("empty_marks", ())),
        ahead_days=entry.get("ahead_days", table.get_column(entry["column"]).ahead_days),
        open_end=frozenset(date.fromisoformat(day) for day in document.get("open_end", ())),
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
