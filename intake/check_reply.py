"""What a check tells the officer: the verdict, then each cause once with what to do, and under it headings, counts and row numbers."""

from collections.abc import Iterable

from rich.console import RenderableType

from casework.console import Reply
from casework.i18n import translate
from intake.advice import ADVICE
from intake.defects import REQUIRED_ABSENT
from intake.quality.account import ConversionReport
from intake.replies import TITLES, compact_rows, list_aside, list_repairs, summarise
from schemas.findings import Finding
from schemas.messages import N_, Message


def show_check(report: ConversionReport) -> Reply:
    """Return what a check found; nothing was written."""
    lines = [*summarise(report), _judge(report), *list_causes(report.findings), *list_aside(report), *list_repairs(report)]
    return Reply(report.to_json(), lines)


def _judge(report: ConversionReport) -> str:
    if report.rows_quarantined:
        text = translate(N_("if the file is sent as it is, {count} rows will be put aside"))
        return text.format(count=f"{report.rows_quarantined:,}")
    absent = sum(finding.kind is REQUIRED_ABSENT for finding in report.findings)
    if absent:
        text = translate(N_("every row can be taken over, but {count} required columns are absent: send it only if the office agreed"))
        return text.format(count=absent)
    return translate(N_("every row can be taken over; the file can be sent as it is"))


def list_causes(findings: Iterable[Finding]) -> list[RenderableType]:
    """Return findings as lines: by weight, then by cause with the sum of its counts, then by column with its row numbers."""
    found = tuple(findings)
    lines: list[RenderableType] = []
    for severity, title in TITLES.items():
        group = [finding for finding in found if finding.kind.severity is severity]
        if group:
            lines += [f"{translate(title)}:", *_list_group(group)]
    return lines


def _list_group(findings: list[Finding]) -> list[RenderableType]:
    causes: dict[str, list[Finding]] = {}
    for finding in findings:
        causes.setdefault(finding.kind.code, []).append(finding)
    lines: list[RenderableType] = []
    for code, members in causes.items():
        lines += _list_cause(code, members)
    return lines


def _list_cause(code: str, members: list[Finding]) -> list[RenderableType]:
    """Return one cause: its text once where it is the same for all columns, else a line each."""
    texts = {finding.kind.template if not finding.params else finding.render(translate) for finding in members}
    total = sum(finding.count for finding in members)
    advice = [f"      → {translate(ADVICE[code])}"] if code in ADVICE else []
    if all(finding.column and finding.count == 1 and not finding.rows for finding in members):
        labels = "".join(f"[{finding.column}]" for finding in members)
        return [f"  - {_text(members[0])}", f"      {labels}", *advice]
    if len(texts) == 1 and not members[0].params:
        lines: list[RenderableType] = [f"  - {_text(members[0])}: {_count(total)}"]
        lines += [f"      {where}" for finding in members if (where := _place(finding))]
    else:
        # a fact about the file has no cases
        lines = [
            f"  - {finding.render(translate)}" + (f": {_count(finding.count)}" if finding.rows or finding.count > 1 else "")
            for finding in members
        ]
    return [*lines, *advice]


def _text(finding: Finding) -> str:
    """Return the text of a finding without its place."""
    return Message(finding.kind.template, {"count": finding.count, **finding.params}).render(translate)


def _count(count: int) -> str:
    return translate(N_("{count} cases")).format(count=f"{count:,}")


def _place(finding: Finding) -> str:
    """Return heading, count and row numbers of a finding."""
    rows = compact_rows(finding.rows) + ("…" if finding.count > len(finding.rows) else "")
    where = translate(N_("rows {rows}")).format(rows=rows) if finding.rows else ""
    label = f"[{finding.column}] " if finding.column else ""
    return f"{label}{_count(finding.count)}{f' ({where})' if where else ''}" if label or where else ""
