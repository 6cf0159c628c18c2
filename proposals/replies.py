"""Answers of these commands, for machines and for people. No decisions here; copies of letters are written where the person said."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from casework.console import Reply
from casework.i18n import translate
from casework.office import Office
from casework.overview import describe_state, describe_step, list_waiting
from casework.text_table import make_table
from proposals.case_review import Sheet, find_sheet
from proposals.papers_out import Letter, copy_letter
from proposals.portal.build import Portal
from proposals.submission import Submission
from proposals.supply import Request, copy_requests
from proposals.verdicts import Line, Outcome
from schemas.messages import N_

MARKS = {Outcome.PASS: N_("pass"), Outcome.FAIL: N_("FAIL"), Outcome.NEEDS_PERSON: N_("needs a person")}


def submission(entered: Submission) -> Reply:
    """Return the receipt of a form."""
    text = translate(N_("{case}, revision {revision}: {count} register entries, form SHA-256 {sha256}"))
    count = len(entered.register_ids)
    return Reply(entered.to_json(), text.format(case=entered.case_id, revision=entered.revision, count=count, sha256=entered.sha256))


def blank(path: Path) -> Reply:
    """Return where a blank form lies."""
    text = translate(N_("fill in {path}, then: sakusei proposal submit {path}")).format(path=path)
    return Reply({"path": str(path)}, text)


def sheet(found: Sheet) -> Reply:
    """Return a review sheet and what it still waits for."""
    return Reply(found.to_json(), _sheet_parts(found))


def _sheet_parts(found: Sheet) -> list[Any]:
    table = make_table(N_("criterion"), N_("article"), N_("verdict"), N_("reasons"))
    for line in found.lines:
        table.add_row(line.verdict.code, line.verdict.article, translate(MARKS[line.outcome]), "\n".join(_reasons(line)) or "—")
    title = translate(N_("{case}, revision {revision}")).format(case=found.case_id, revision=found.revision)
    summary = translate(N_("failed: {failed}; waiting for a person: {waiting}"))
    nothing = translate(N_("none"))
    return [title, table, summary.format(failed=", ".join(found.failed) or nothing, waiting=", ".join(found.waiting) or nothing)]


def _reasons(line: Line) -> list[str]:
    ruled = [reason.render(translate) for reason in line.verdict.reasons]
    return [*ruled, f"{line.answer.actor}: {line.answer.reason}"] if line.answer else ruled


def letter(written: Letter, output: Path | None) -> Reply:
    """Return where a letter is kept and, if asked for, its copy."""
    copy = copy_letter(written, output) if output else None
    text = translate(N_("{number} is kept: {path}")).format(number=written.number, path=written.path)
    return Reply({**written.to_json(), "copy": str(copy) if copy else None}, text)


def requests(issued: Sequence[Request], output: Path | None) -> Reply:
    """Return the requests of a case; their copies and data go into a folder if asked for."""
    if output:
        copy_requests(issued, output)
    table = make_table(N_("file"), N_("register entry"), N_("columns"), N_("deadline"), N_("letter"))
    for request in issued:
        row = (str(len(request.document["columns"])), request.document["deadline"], str(request.letter.path))
        table.add_row(request.file_id, request.register_id, *row)
    return Reply({"requests": [request.to_json() for request in issued]}, table)


def answer(document: dict[str, Any]) -> Reply:
    """Return what a municipality answered."""
    text = translate(N_("{file}: the municipality consents")) if document["consent"] else translate(N_("{file}: the municipality declines"))
    return Reply(document, text.format(file=document["file"]))


def opinions(document: dict[str, Any]) -> Reply:
    """Return the numbers of the opinion step."""
    text = translate(N_("{file}: {notified} third parties heard, {opposed} opposed"))
    return Reply(document, text.format(**document))


def fee(document: dict[str, Any]) -> Reply:
    """Return the account of a case."""
    table = make_table(N_("item"), N_("yen each"), N_("quantity"), N_("yen"))
    for line in document["lines"]:
        table.add_row(line["title_ja"], f"{line['unit_yen']:,}", str(line["quantity"]), f"{line['amount_yen']:,}")
    state = translate(N_("paid")) if document["paid"] else translate(N_("not paid"))
    total = translate(N_("{case}: {total} yen ({article}), {state}"))
    text = total.format(case=document["case"], total=f"{document['total_yen']:,}", article=document["article"], state=state)
    return Reply(document, (table, text))


def cases(office: Office) -> Reply:
    """Return the cases with the proposers' files and what they wait for."""
    waiting = {item.id: item for item in list_waiting(office.store)}
    table, data = make_table(N_("case"), N_("state"), N_("table"), N_("persons"), N_("waits for — who may")), []
    for case in office.store.list_cases():
        form = case.document
        steps = [describe_step(step) for step in waiting[case.id].steps]
        data.append({"case": case.id, "state": case.state.value, "regime": case.regime, "revision": case.revision,
                     "table": form["files"]["table"], "persons": form["persons"], "changed_at": case.changed_at})  # fmt: skip
        row = (form["files"]["table"], f"{form['persons']:,}", "\n".join(steps) or "—")
        table.add_row(case.id, describe_state(case.state), *row)
    if not data:
        return Reply({"cases": []}, translate(N_("no cases yet; the first step: sakusei proposal submit FILE")))
    return Reply({"cases": data}, table)


def case(office: Office, case_id: str) -> Reply:
    """Return everything about one case: form, sheet, files, fee, papers."""
    found, store = office.store.get_case(case_id), office.store
    sheet_ = find_sheet(office, case_id)
    files = [{"file": file.id, "register_entry": file.register_id, "state": file.state.value} for file in store.list_files(case_id)]
    papers = [{"kind": paper.kind, "name": paper.name, "sha256": paper.sha256} for paper in store.list_papers(case_id=case_id)]
    data = {
        "case": case_id, "state": found.state.value, "regime": found.regime, "revision": found.revision, "form": found.document,
        "sheet": sheet_.to_json() if sheet_ else None, "files": files, "papers": papers,
        "fee": store.get_record("fee", case_id=case_id), "payment": store.get_record("payment", case_id=case_id),
    }  # fmt: skip
    columns, persons = len(found.document["columns"]), f"{found.document['persons']:,}"
    head = translate(N_("{case}: {state}; {count} columns, {persons} persons, {purpose}"))
    line = head.format(case=case_id, state=describe_state(found.state), count=columns, persons=persons, purpose=found.document["purpose"])
    papers_table = make_table(N_("file"), N_("register entry"), N_("state"))
    for file in files:
        papers_table.add_row(file["file"], file["register_entry"], describe_state(file["state"]))
    kept = [f"{paper['kind']}: {paper['name']}" for paper in papers]
    return Reply(data, [line, *(_sheet_parts(sheet_) if sheet_ else []), *([papers_table] if files else []), *kept])


def portal(built: Portal) -> Reply:
    """Return what was built."""
    text = translate(N_("{pages} pages, {entries} register entries: {folder}"))
    return Reply(built.to_json(), text.format(pages=built.pages, entries=built.entries, folder=built.folder))
