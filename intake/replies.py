"""Answers of the commands of intake, for machines and for people. No decisions here."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from rich.table import Table

from casework.console import Reply
from casework.i18n import translate
from casework.text_table import make_table
from intake.defects import PERSONS_MENTIONED, UNDECLARED_CODE
from intake.quality.account import ROWS_LISTED, ConversionReport
from intake.quality.texts import REPAIRS, ROLES
from schemas.findings import Finding, Severity
from schemas.messages import N_
from schemas.municipalities import find_municipality
from schemas.tables import load_table

if TYPE_CHECKING:
    from casework.records import RegisterEntry
    from intake.propose import LayoutProposal

# what who sends a file should know even when every row is sound
TELLING = (UNDECLARED_CODE, PERSONS_MENTIONED)
TITLES = {
    Severity.FILE: N_("the file cannot be taken over"),
    Severity.ROW: N_("rows put aside, by cause"),
    Severity.NOTE: N_("notes"),
}


def list_findings(findings: Iterable[Finding]) -> list[RenderableType]:
    """Return findings as lines, grouped by weight, the heaviest first."""
    found = tuple(findings)
    lines: list[RenderableType] = []
    for severity, title in TITLES.items():
        group = [finding for finding in found if finding.kind.severity is severity]
        if group:
            lines.append(f"{translate(title)}:")
            lines += [f"  - {_count(finding)}{finding.render(translate)}" for finding in group]
    return lines


def _count(finding: Finding) -> str:
    return f"{finding.count:,} × " if finding.count > 1 else ""


def compact_rows(rows: Iterable[int]) -> str:
    """Return row numbers as text, neighbours joined: `3, 7–9, 15`."""
    runs: list[tuple[int, int]] = []
    for row in rows:
        if runs and row == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], row)
        else:
            runs.append((row, row))
    return ", ".join(str(first) if first == last else f"{first}–{last}" for first, last in runs)


def list_aside(report: ConversionReport) -> list[RenderableType]:
    """Return the numbers of the rows put aside, neighbours joined."""
    if not report.quarantined_rows:
        return []
    more = "…" if report.rows_quarantined > ROWS_LISTED else ""
    return [translate(N_("numbers of the rows put aside: {rows}")).format(rows=compact_rows(report.quarantined_rows) + more)]


def show_conversion(report: ConversionReport, output: str) -> Reply:
    """Return what a conversion did and where its result is."""
    written = translate(N_("written: {output}")).format(output=output)
    return Reply(
        {**report.to_json(), "output": output}, [*summarise(report), *list_findings(report.findings), *list_repairs(report), written]
    )


def summarise(report: ConversionReport) -> list[RenderableType]:
    """Return how a file was read, and its rows and persons."""
    read = translate(
        N_("read as table {table} by layout {layout} ({encoding})") if report.encoding else N_("read as table {table} by layout {layout}")
    )
    rows = translate(N_("{rows_in} rows: {rows_out} taken over, {aside} put aside; {persons} persons"))
    return [
        # templates may take the Japanese title of the table instead of its name
        read.format(table=report.table, title=load_table(report.table).title_ja, layout=report.layout, encoding=report.encoding),
        rows.format(
            rows_in=f"{report.rows_in:,}",
            rows_out=f"{report.rows_out:,}",
            aside=f"{report.rows_quarantined:,}",
            persons=f"{report.persons_out:,}",
        ),
    ]


def list_repairs(report: ConversionReport) -> list[RenderableType]:
    """Return the repairs by rule and column."""
    if not report.repairs:
        return []
    table, known = make_table(N_("repair"), N_("column"), N_("cells")), load_table(report.table)
    for rule, columns in sorted(report.repairs.items()):
        for column, cells in columns.items():
            table.add_row(translate(REPAIRS.get(rule, rule)), known.get_column(column).title_ja, f"{cells:,}")
    return [translate(N_("repairs:")), table]


def list_changes(changes: Mapping[str, Any], table: str) -> list[RenderableType]:
    """Return what changed between two files of a table as lines, columns by their titles."""
    titles = {column.name: column.title_ja for column in load_table(table).columns}
    rows = translate(N_("{rows_old} rows before, {rows_new} now: {unchanged} as before, {changed} changed, {added} added, {gone} gone"))
    lines: list[RenderableType] = [rows.format(**{key: f"{value:,}" for key, value in changes.items() if isinstance(value, int)})]
    for name, text in (("columns_added", N_("new columns: {columns}")), ("columns_gone", N_("columns that are gone: {columns}"))):
        if changes[name]:
            lines.append(translate(text).format(columns="、".join(titles.get(column, column) for column in changes[name])))
    if changes["columns_changed"]:
        counts = "、".join(f"{titles.get(name, name)} {count:,}" for name, count in changes["columns_changed"].items())
        lines.append(translate(N_("changed rows by column: {counts}")).format(counts=counts))
    return lines


def show_changes(changes: Mapping[str, Any], table: str) -> Reply:
    """Return what changed between two files of a table."""
    return Reply(dict(changes), list_changes(changes, table))


def show_quality(file_id: str, record: Mapping[str, Any], page: Path | None) -> Reply:
    """Return the quality of a file of the office, column by column."""
    table = make_table(N_("heading"), N_("filled"), N_("distinct values"), N_("not valid"), N_("role that is forced"))
    for entry in record["quality"]["columns"]:
        invalid = sum(entry["invalid"].values()) + entry["required_empty"] + entry["out_of_list"]
        share = f"{entry['filled_share'] or 0:.1%}"
        table.add_row(entry["heading"], share, f"{entry['distinct']:,}", f"{invalid:,}", translate(ROLES.get(entry["forced_role"], "")))
    lines: list[RenderableType] = [table, *(list_changes(record["changes"], record["table"]) if record.get("changes") else [])]
    lines += [translate(N_("written: {output}")).format(output=page)] if page else []
    return Reply({"file": file_id, **record}, lines)


def show_dummy(layout: str, rows: int, output: Path) -> Reply:
    """Return what dummy file was written."""
    text = translate(N_("written: {output}; {rows} fictional rows, layout {layout}"))
    return Reply({"output": str(output), "rows": rows, "layout": layout}, text.format(output=output, rows=f"{rows:,}", layout=layout))


def show_proposal(proposal: "LayoutProposal", output: Path) -> Reply:
    """Return a proposed layout: fields, columns, rules and reasons; no cells."""
    table = make_table(N_("field of the file"), N_("column of the table"), N_("rule"), N_("reasons"))
    data = []
    for field in proposal.fields:
        name, rule = (field.column.name, field.evidence.rule) if field.column and field.evidence else (None, None)
        why = translate(N_("; ")).join(reason.render(translate) for reason in field.reasons)
        table.add_row(f"#{field.position}", field.column.title_ja if field.column else "—", rule or "—", why)
        data.append({"position": field.position, "column": name, "rule": rule, "reasons": [r.to_json() for r in field.reasons]})
    text = translate(N_("proposed: {output}; confirm every line, then check the file with it")).format(output=output)
    answer: dict[str, object] = {"output": str(output), "rows": proposal.rows, **proposal.settings, "fields": data}
    answer |= {"missing": [found.to_json() for found in proposal.missing], "notes": [note.to_json() for note in proposal.notes]}
    return Reply(answer, [table, *list_findings((*proposal.notes, *proposal.missing)), text])


def show_sealed(manifest: Mapping[str, Any], preview: ConversionReport, output: Path) -> Reply:
    """Return what was sealed, and what of it the office would put aside."""
    text = translate(N_("sealed: {output}; {rows} rows, {persons} persons, layout {layout}"))
    line = text.format(output=output, rows=f"{manifest['rows']:,}", persons=f"{manifest['persons']:,}", layout=manifest["layout"])
    causes = tuple(finding for finding in preview.findings if finding.kind.severity is Severity.ROW)
    telling = tuple(finding for finding in preview.findings if finding.kind in TELLING)
    aside = {
        "rows": preview.rows_quarantined,
        "row_numbers": list(preview.quarantined_rows),
        "findings": [finding.to_json() for finding in causes],
    }
    lines: list[RenderableType] = [line]
    if preview.rows_quarantined:
        warning = translate(N_("the office will put aside {aside} of the {count} rows; correct them and seal the file again"))
        lines.append(warning.format(aside=f"{preview.rows_quarantined:,}", count=f"{preview.rows_in:,}"))
        lines += [*list_findings(causes), *list_aside(preview)]
    lines += list_findings(telling)
    lines.append(translate(N_("only the office can open it; send this file alone")))
    return Reply({"output": str(output), "manifest": dict(manifest), "aside": aside}, lines)


def show_received(file_id: str, receipt: Mapping[str, Any], path: Path | None) -> Reply:
    """Return what was received and where the receipt is."""
    text = translate(N_("received as {file}: {rows} rows, {persons} persons"))
    line = text.format(file=file_id, rows=f"{receipt['rows']:,}", persons=f"{receipt['persons']:,}")
    where = translate(N_("receipt for the municipality: {path}")).format(path=path) if path else ""
    changes = list_changes(receipt["changes"], receipt["table"]) if receipt.get("changes") else []
    return Reply({"file": file_id, "receipt": dict(receipt), "receipt_path": str(path) if path else None}, (line, *changes, where))


def show_receipt(receipt: Mapping[str, Any]) -> Reply:
    """Return that a receipt is the office's, and what it says."""
    text = translate(N_("the receipt is signed by the office: {file}, {rows} rows, {persons} persons, received {received}"))
    line = text.format(file=receipt["file_id"], rows=receipt["rows"], persons=receipt["persons"], received=receipt["received_at"])
    head = translate(N_("head of the office's chain of events: {head}")).format(head=receipt["audit"]["head"])
    return Reply({"valid": True, "receipt": dict(receipt)}, (line, head))


def show_normalised(file_id: str, report: ConversionReport) -> Reply:
    """Return what became of a received file."""
    return Reply({"file": file_id, **report.to_json()}, [*summarise(report), *list_findings(report.findings), *list_repairs(report)])


def show_added(entry_id: str, revision: int, notes: Iterable[Finding]) -> Reply:
    """Return that a register entry was published."""
    found = tuple(notes)
    line = translate(N_("register entry {entry}, revision {revision}")).format(entry=entry_id, revision=revision)
    return Reply({"id": entry_id, "revision": revision, "notes": [note.to_json() for note in found]}, [line, *list_findings(found)])


def show_struck(entry_id: str) -> Reply:
    """Return that a register entry was struck out."""
    return Reply({"id": entry_id, "struck": True}, translate(N_("register entry {entry} is struck out")).format(entry=entry_id))


def show_register(entries: "Iterable[RegisterEntry]") -> Reply:
    """Return the register as a table."""
    table = make_table(N_("entry"), N_("municipality"), N_("file"), N_("persons"), N_("proposals"))
    data = []
    for entry in entries:
        document = entry.document
        municipality = find_municipality(document["municipality_code"])
        name = municipality.name if municipality else document["municipality_code"]
        open_ = translate(N_("open")) if document["open_to_proposals"] else "—"
        table.add_row(entry.id, name, document["name"], f"{document['persons']:,}", open_)
        data.append({"id": entry.id, "revision": entry.revision, "struck": entry.struck, "document": document})
    text = table if data else translate(N_("no entries yet; add one: sakusei register add FILE"))
    return Reply({"entries": data}, text)


def show_entry(entry: "RegisterEntry") -> Reply:
    """Return one register entry."""
    table = Table(box=None, pad_edge=False, show_header=False)
    for key, value in entry.document.items():
        table.add_row(key, _to_text(value))
    return Reply({"id": entry.id, "revision": entry.revision, "struck": entry.struck, "document": entry.document}, [entry.id, table])


def _to_text(value: object) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {_to_text(part)}" for key, part in value.items())
    return "、".join(map(str, value)) if isinstance(value, list) else str(value)
