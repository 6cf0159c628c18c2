"""A layout proposed from a file, for a person to confirm: which field is which column, by which rule, and why.

Decided here: a heading that is known decides; without one only cells that prove a column alone do; everything else stays open. The first
line counts as headings when two of them are known, and only then do headings go into the proposal: otherwise it may be a person's row.
"""

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from casework.i18n import translate
from intake.choice import choose_kind_chunks
from intake.convert import check_output
from intake.evidence import SIGN, Evidence, weigh_cells
from intake.formats.csv import LINE_LIMIT_BYTES
from intake.layout import layout_names, load_layout
from intake.reading import fold_heading
from intake.unpack import unpack
from schemas.errors import FileRejected
from schemas.files import write_bytes
from schemas.findings import Finding, FindingKind, Severity
from schemas.messages import N_, Name
from schemas.tables import Column, TableSchema, load_table

SAMPLE_ROWS = 500
_SAMPLE_BYTES = 8 << 20
_DELIMITERS = ",\t;|"
_FEWEST_KNOWN = 2


def _reason(code: str, template: str) -> FindingKind:
    return FindingKind(f"proposal-{code}", Severity.NOTE, template)


IS_TITLE = _reason("title", N_("the heading is the title or the name of the column"))
IS_KNOWN = _reason("known-heading", N_("a shipped layout has this heading for the column"))
ALONE = _reason("cells-alone", N_("no known heading; the cells fit this column and no other so well"))
OPEN = _reason("open", N_("not clear; name the column, or leave it out"))
PERHAPS = _reason("perhaps", N_("perhaps {column}"))
MISSING = _reason("missing", N_("required, but not found: {column}"))


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldProposal:
    """What a field may be.

    Parameters
    ----------
    position : int
        From 1.
    heading : str
        Its heading; empty where the first line is a row.
    column : Column or None
        The column; None where it stays open.
    evidence : Evidence or None
        The rule and what the cells say.
    reasons : tuple[Finding, ...]
        Why.
    """

    position: int
    heading: str
    column: Column | None
    evidence: Evidence | None
    reasons: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutProposal:
    """A layout for a person to confirm.

    Parameters
    ----------
    table : TableSchema
        Its table.
    settings : dict[str, Any]
        Format, encoding and the like.
    fields : tuple[FieldProposal, ...]
        All fields of the file.
    missing : tuple[Finding, ...]
        Required columns that were not found.
    rows : int
        Rows of the sample.
    """

    table: TableSchema
    settings: dict[str, Any]
    fields: tuple[FieldProposal, ...]
    missing: tuple[Finding, ...]
    rows: int


def propose_layout(source: Path, table: str, output: Path, *, password: str = "") -> LayoutProposal:
    """Propose a layout from the first rows of a file, and write it.

    Raises
    ------
    FileRejected
        The file cannot be read as delimited text or a workbook, or the output cannot be written.
    """
    check_output(output)
    wanted = load_table(table)
    with unpack(source, password=password) as plain:
        settings, rows = _read_sample(plain)
    known = _known_headings(wanted)
    header = len({known[fold_heading(text)] for text in rows[0] if fold_heading(text) in known}) >= _FEWEST_KNOWN
    settings["header"] = header
    body = rows[1:] if header else rows
    fields = len(rows[0])
    cells = [[row[index] if index < len(row) else "" for row in body] for index in range(fields)]
    proposals = _propose_fields(wanted, rows[0] if header else [""] * fields, cells)
    found = {proposal.column.name for proposal in proposals if proposal.column}
    missing = tuple(
        Finding(kind=MISSING, params={"column": Name(column.title_ja)})
        for column in wanted.columns
        if column.required and column.name not in found
    )
    proposal = LayoutProposal(table=wanted, settings=settings, fields=proposals, missing=missing, rows=len(body))
    write_bytes(output, to_yaml(proposal, output.stem).encode("utf-8"))
    return proposal


def _read_sample(plain: Path) -> tuple[dict[str, Any], list[list[str]]]:
    """Return the settings of a file and its first rows."""
    settings, chunks = choose_kind_chunks(plain)
    text, size = [], 0
    try:
        for chunk in chunks:
            text.append(chunk)
            size += len(chunk)
            if size >= _SAMPLE_BYTES:
                break
    finally:
        getattr(chunks, "close", lambda: None)()
    content = b"".join(text).decode("utf-8", "replace")
    first = content.partition("\n")[0]
    numbered = settings["format"] == "excel"
    delimiter = "," if numbered else max(_DELIMITERS, key=first.count)
    if not numbered:
        settings["delimiter"] = delimiter
    csv.field_size_limit(LINE_LIMIT_BYTES)
    try:
        rows = list(islice((row for row in csv.reader(io.StringIO(content, newline=""), delimiter=delimiter) if row), SAMPLE_ROWS + 1))
    except csv.Error as error:
        raise _unreadable(Name(plain.name)) from error
    rows = [row[numbered:] for row in rows]
    if not rows or len(rows[0]) < _FEWEST_KNOWN:
        raise _unreadable(Name(plain.name))
    return settings, rows


def _unreadable(name: Name) -> FileRejected:
    return FileRejected(
        N_("no layout can be proposed for {file}: it is not cut into fields by a delimiter"),
        N_("for records of fixed length write the layout from the record sheet; see intake/layouts/README.md"),
        file=name,
    )


def _known_headings(table: TableSchema) -> dict[str, str]:
    """Return folded heading → column name: of the shipped layouts, then of the table itself."""
    layouts = [load_layout(name) for name in layout_names(table.name)]
    known = {fold_heading(heading): column.name for layout in layouts for column in layout.columns for heading in column.headings}
    return known | {fold_heading(text): column.name for column in table.columns for text in (column.title_ja, column.name)}


def _propose_fields(table: TableSchema, headings: Sequence[str], cells: Sequence[Sequence[str]]) -> tuple[FieldProposal, ...]:
    known = _known_headings(table)
    by_heading: dict[str, int] = {}
    for index, heading in enumerate(headings):
        name = known.get(fold_heading(heading)) if heading else None
        if name and name not in by_heading:
            by_heading[name] = index
    taken = {index: table.get_column(name) for name, index in by_heading.items()}
    rest = [column for column in table.columns if column.name not in by_heading]
    weights = {
        index: [(column, evidence) for column in rest if (evidence := weigh_cells(texts, column)).weight]
        for index, texts in enumerate(cells)
        if index not in taken
    }
    proved = _find_proved(weights)
    return tuple(_propose_field(i, headings[i], cells[i], taken.get(i), (proved.get(i), weights.get(i, []))) for i in range(len(cells)))


def _find_proved(weights: dict[int, list[tuple[Column, Evidence]]]) -> dict[int, tuple[Column, Evidence]]:
    """Return the fields whose cells fit one column best, when no other field fits it as well."""
    best: dict[int, tuple[Column, Evidence]] = {}
    for index, found in weights.items():
        top = max((evidence.weight for _, evidence in found), default=0)
        leaders = [(column, evidence) for column, evidence in found if evidence.weight == top]
        if top >= SIGN and len(leaders) == 1:
            best[index] = leaders[0]
    names = [(column.name, evidence.weight) for column, evidence in best.values()]
    return {
        index: pair for index, pair in best.items() if names.count((pair[0].name, pair[1].weight)) == 1 and _is_top(pair, best.values())
    }


def _is_top(pair: tuple[Column, Evidence], others: Any) -> bool:
    return all(other.weight <= pair[1].weight for column, other in others if column.name == pair[0].name)


def _propose_field(
    index: int,
    heading: str,
    cells: Sequence[str],
    titled: Column | None,
    weighed: tuple[tuple[Column, Evidence] | None, list[tuple[Column, Evidence]]],
) -> FieldProposal:
    """Return the proposal of one field: by its heading, else by its cells, else open."""
    proved, candidates = weighed
    if titled is not None:
        own = {fold_heading(titled.title_ja), fold_heading(titled.name)}
        kind = IS_TITLE if fold_heading(heading) in own else IS_KNOWN
        column, evidence = titled, weigh_cells(cells, titled)
    elif proved is not None:
        kind, (column, evidence) = ALONE, proved
    else:
        hints = sorted(candidates, key=lambda found: -found[1].weight)[:3]
        perhaps = tuple(Finding(kind=PERHAPS, params={"column": Name(column.title_ja)}) for column, _ in hints)
        reasons = (Finding(kind=OPEN), *perhaps)
        return FieldProposal(position=index + 1, heading=heading, column=None, evidence=None, reasons=reasons)
    percent = {"percent": int(evidence.share * 100)}
    reasons = (Finding(kind=kind), *(Finding(kind=reason, params=percent) for reason in evidence.reasons))
    return FieldProposal(position=index + 1, heading=heading, column=column, evidence=evidence, reasons=reasons)


def to_yaml(proposal: LayoutProposal, stem: str) -> str:
    """Return the document: settings, one line per column with its reasons behind it, open fields and gaps as comments."""
    name = re.sub(r"[^a-z0-9\-]+", "-", stem.lower()).strip("-")
    confirm = translate(N_("proposed from the first {rows} rows: a person confirms every line")).format(rows=proposal.rows)
    title = f"{proposal.table.title_ja}（案）"
    lines = [
        f"# {confirm}",
        f"layout: {name if len(name) > 1 else 'proposed-layout'}",
        f"title_ja: {title}",
        f"table: {proposal.table.name}",
    ]
    lines += [f"{key}: {json.dumps(value)}" for key, value in proposal.settings.items()]
    if not proposal.settings["header"] and proposal.settings["format"] == "csv":
        lines.append(f"fields: {len(proposal.fields)}")
    lines += [f"# {finding.render(translate)}" for finding in proposal.missing]
    return "\n".join([*lines, "columns:", *_write_fields(proposal)]) + "\n"


def _write_fields(proposal: LayoutProposal) -> Iterator[str]:
    for field in proposal.fields:
        why = "; ".join(reason.render(translate) for reason in field.reasons)
        if field.column is None or field.evidence is None:
            yield f"  # #{field.position}: {why}"
            continue
        place = f"heading: {json.dumps(field.heading, ensure_ascii=False)}" if field.heading else f"position: {field.position}"
        parts = [place, f"column: {field.column.name}", f"rule: {field.evidence.rule}"]
        parts += [f"width: {field.evidence.width}"] if field.evidence.width else []
        parts += [f"vendor: [{field.evidence.vendor}]"] if field.evidence.vendor and field.evidence.rule == "code" else []
        yield f"  - {{{', '.join(parts)}}}  # {why}"
