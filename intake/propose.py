"""A layout proposed from a file, for a person to confirm: which field is which column, by which rule, and why.

Decided here: a heading that is known decides; without one only cells that prove a column alone do; everything else stays open. The first
line counts as headings when two of them are known, and only then do headings go into the proposal: otherwise it may be a person's row.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from casework.i18n import translate
from intake.convert import check_output
from intake.evidence import SIGN, Evidence, weigh_cells
from intake.headings import fold_heading
from intake.layout import FOLDER, Layout, LayoutColumn, layout_names, load_layout
from intake.shapes import SAMPLE_ROWS, find_shape
from intake.unpack import unpack
from schemas.files import write_bytes
from schemas.findings import Finding, FindingKind, Severity
from schemas.messages import N_, Name
from schemas.tables import Column, TableSchema, load_table

RECORDS_LOOKED_AT = 100_000
_LINE_BYTES = 1 << 16


def _reason(code: str, template: str) -> FindingKind:
    return FindingKind(f"proposal-{code}", Severity.NOTE, template)


IS_TITLE = _reason("title", N_("the heading is the title or the name of the column"))
IS_KNOWN = _reason("known-heading", N_("a shipped layout has this heading for the column"))
ALONE = _reason("cells-alone", N_("no known heading; the cells fit this column and no other so well"))
OPEN = _reason("open", N_("not clear; name the column, or leave it out"))
PERHAPS = _reason("perhaps", N_("perhaps {column}"))
SHIPPED = _reason("shipped", N_("records as the shipped layout {layout} has them"))
STRANGE = _reason("strange-records", N_("records that this layout does not have"))
IN_RECORDS = _reason("in-records", N_("place in the record: {place}"))
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
    places : tuple[tuple[int, int], ...]
        First byte (from 1) and length of each field of a fixed record.
    notes : tuple[Finding, ...]
        Why the file is cut so.
    """

    table: TableSchema
    settings: dict[str, Any]
    fields: tuple[FieldProposal, ...]
    missing: tuple[Finding, ...]
    rows: int
    places: tuple[tuple[int, int], ...] = ()
    notes: tuple[Finding, ...] = ()


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
        if shipped := _find_shipped(plain, wanted):
            return _propose_shipped(plain, shipped, output)
        shape = find_shape(plain, wanted, _known_headings(wanted))
    body = shape.rows[:SAMPLE_ROWS]
    cells = [[row[index] if index < len(row) else "" for row in body] for index in range(len(shape.headings))]
    proposals = _propose_fields(wanted, shape.headings, cells)
    found = {proposal.column.name for proposal in proposals if proposal.column}
    missing = tuple(
        Finding(kind=MISSING, params={"column": Name(column.title_ja)})
        for column in wanted.columns
        if column.required and column.name not in found
    )
    proposal = LayoutProposal(
        table=wanted, settings=shape.settings, fields=proposals, missing=missing, rows=len(body), places=shape.places, notes=shape.notes
    )
    write_bytes(output, to_yaml(proposal, output.stem).encode("utf-8"))
    return proposal


def _find_shipped(plain: Path, table: TableSchema) -> Layout | None:
    """Return the shipped layout whose records a file begins with: by the opening kind of record, or by the length of fixed ones."""
    with plain.open("rb") as source:
        first = source.readline(_LINE_BYTES).rstrip(b"\r\n")
    mark = first.decode("ascii", "replace").partition(",")[0]
    layouts = [load_layout(name) for name in layout_names(table.name)]
    return next(
        (one for one in layouts if (one.records and mark == one.records.opening) or (one.record_bytes and len(first) == one.record_bytes)),
        None,
    )


def _propose_shipped(plain: Path, layout: Layout, output: Path) -> LayoutProposal:
    """Write a copy of a shipped layout, and tell what of a file it does not know."""
    with plain.open("rb") as source:
        lines = [line.rstrip(b"\r\n") for line in islice(source, RECORDS_LOOKED_AT)]
    marks = [line.decode("ascii", "replace").split(layout.delimiter)[0].strip() for line in lines]
    if layout.records:
        strange = tuple(number for number, mark in enumerate(marks, start=1) if mark not in {*layout.records.kinds, "", "\x1a"})
        rows = marks.count(layout.records.row)
    else:
        strange = tuple(number for number, line in enumerate(lines, start=1) if len(line) not in {0, 1, layout.record_bytes})
        rows = len(lines)
    notes = [Finding(kind=SHIPPED, params={"layout": Name(layout.name)})]
    notes += [Finding(kind=STRANGE, count=len(strange), rows=strange)] if strange else []
    fields = tuple(_describe_column(column, place) for place, column in enumerate(layout.columns, start=1))
    settings = {"format": layout.format, "encoding": layout.encoding}
    proposal = LayoutProposal(table=layout.table, settings=settings, fields=fields, missing=(), rows=rows, notes=tuple(notes))
    confirm = translate(N_("proposed from the first {rows} rows: a person confirms every line")).format(rows=rows)
    told = [confirm, *(note.render(translate) for note in notes)]
    document = (FOLDER / f"{layout.name}.yaml").read_text(encoding="utf-8")
    text = document.replace(f"layout: {layout.name}", f"layout: {_to_name(output.stem)}", 1)
    write_bytes(output, "".join([*(f"# {line}\n" for line in told), text]).encode("utf-8"))
    return proposal


def _describe_column(column: LayoutColumn, position: int) -> FieldProposal:
    """Return a column of a shipped layout as a proposal."""
    place = column.source.place if column.source else f"{column.first_byte + 1}–{column.first_byte + column.length_bytes}"
    evidence = Evidence(rule=column.use.rule, vendor=None, width=column.use.width, share=1.0, weight=SIGN, reasons=())
    reasons = (Finding(kind=IN_RECORDS, params={"place": Name(place)}),)
    return FieldProposal(position=position, heading="", column=column.use.column, evidence=evidence, reasons=reasons)


def _to_name(stem: str) -> str:
    name = re.sub(r"[^a-z0-9\-]+", "-", stem.lower()).strip("-")
    return name if len(name) > 1 else "proposed-layout"


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
    confirm = translate(N_("proposed from the first {rows} rows: a person confirms every line")).format(rows=proposal.rows)
    title = f"{proposal.table.title_ja}（案）"
    lines = [
        f"# {confirm}",
        f"layout: {_to_name(stem)}",
        f"title_ja: {title}",
        f"table: {proposal.table.name}",
    ]
    lines += [f"# {finding.render(translate)}" for finding in proposal.notes]
    lines += [f"{key}: {json.dumps(value)}" for key, value in proposal.settings.items()]
    if proposal.settings["format"] == "csv" and not proposal.settings["header"]:
        lines.append(f"fields: {len(proposal.fields)}")
    lines += [f"# {finding.render(translate)}" for finding in proposal.missing]
    return "\n".join([*lines, "columns:", *_write_fields(proposal)]) + "\n"


def _write_fields(proposal: LayoutProposal) -> Iterator[str]:
    for field in proposal.fields:
        why = translate(N_("; ")).join(reason.render(translate) for reason in field.reasons)
        place = f"heading: {json.dumps(field.heading, ensure_ascii=False)}" if field.heading else f"position: {field.position}"
        if proposal.places:
            place = "bytes: [{}, {}]".format(*proposal.places[field.position - 1])
        if field.column is None or field.evidence is None:
            yield f"  # {place if proposal.places else f'#{field.position}'}: {why}"
            continue
        parts = [place, f"column: {field.column.name}", f"rule: {field.evidence.rule}"]
        parts += [f"width: {field.evidence.width}"] if field.evidence.width else []
        parts += [f"vendor: [{field.evidence.vendor}]"] if field.evidence.vendor and field.evidence.rule == "code" else []
        yield f"  - {{{', '.join(parts)}}}  # {why}"
