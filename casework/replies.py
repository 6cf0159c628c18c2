"""Answers of the office's commands, for machines and for people. No decisions here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from casework.audit import Audit
from casework.console import Reply
from casework.i18n import translate
from casework.labels import LABELS
from casework.office import Office
from casework.overview import Waiting, describe_state, describe_step
from casework.records import Event, Person, VaultItem
from casework.text_table import make_table
from schemas.messages import N_


def show_init(home: Path, published: Iterable[Path], actor: str) -> Reply:
    """Return what was set up and what to do next."""
    names = [path.name for path in published]
    data = {"home": str(home), "actor": actor, "public_keys": names}
    lines = (
        translate(N_("workspace ready: {home}")).format(home=home),
        translate(N_("give these to municipalities and data users: {files}")).format(files=", ".join(names)),
        translate(N_("{actor} has all roles; nobody approves their own work: add a second person with sakusei person add")).format(
            actor=actor
        ),
    )
    return Reply(data, lines)


def show_status(office: Office, waiting: Sequence[Waiting]) -> Reply:
    """Return the table of cases and files."""
    data = {
        "office": office.settings.office_name,
        "regime": office.settings.regime,
        "synthetic": office.settings.synthetic,
        "items": [asdict(item) for item in waiting],
    }
    kind = translate(N_("synthetic data only")) if office.settings.synthetic else translate(N_("real data"))
    title = f"{office.settings.office_name} — {office.settings.regime} — {kind}"
    if not waiting:
        return Reply(data, (title, translate(N_("no cases yet; the first step: sakusei proposal submit FILE"))))
    table = make_table(N_("case or file"), N_("state"), N_("waits for — who may"))
    for item in waiting:
        indent = "" if item.id == item.case_id else "  "
        steps = "\n".join(describe_step(step) for step in item.steps) or "—"
        table.add_row(f"{indent}{item.id}", describe_state(item.state), steps)
    return Reply(data, (title, table))


def show_people(people: Iterable[Person]) -> Reply:
    """Return people and roles."""
    table, data = make_table(N_("person"), N_("roles")), []
    for person in people:
        roles = sorted(person.roles)
        data.append({"id": person.id, "roles": [role.value for role in roles]})
        table.add_row(person.id, ", ".join(translate(LABELS[role]) for role in roles) or "—")
    return Reply({"people": data}, table)


def show_audit(audit: Audit) -> Reply:
    """Return that everything holds, and the head."""
    text = translate(N_("the books hold: {events} events, head {head}")).format(events=audit.events, head=audit.head)
    return Reply({"events": audit.events, "head": audit.head, "findings": []}, text)


def show_events(events: Iterable[Event], data: list[dict[str, object]]) -> Reply:
    """Return events, one a line."""
    table = make_table(N_("no."), N_("time (UTC)"), N_("person"), N_("event"), N_("subject"), N_("facts"))
    for event in events:
        subject = " ".join(part for part in (event.file_id or event.case_id, event.subject) if part)
        facts = ", ".join(f"{key}={value}" for key, value in sorted(event.facts.items()))
        table.add_row(str(event.sequence), event.at, event.actor, event.event, subject, facts)
    return Reply({"events": data}, table)


def show_vault(items: Iterable[VaultItem]) -> Reply:
    """Return what is sealed."""
    table, data = make_table(N_("file"), N_("kind"), N_("bytes"), "SHA-256", N_("sealed"), N_("erased")), []
    for item in items:
        data.append({key: value for key, value in asdict(item).items() if key != "envelope"})
        table.add_row(item.file_id, item.kind, f"{item.size_bytes:,}", item.sha256[:16], item.sealed_at, item.erased_at or "—")
    return Reply({"items": data}, table)


def show_certificate(certificate: Mapping[str, Any] | None) -> Reply:
    """Return the certificate of an erasure."""
    data = dict(certificate or {})
    text = translate(N_("{file} is erased: {count} sealed items; the certificate has SHA-256 {sha256}"))
    return Reply(data, text.format(file=data.get("file_id"), count=len(data.get("items", ())), sha256=data.get("sha256")))


def show_verified_certificate(certificate: Mapping[str, Any], receipt: Path | None) -> Reply:
    """Return that a certificate is the office's, and which receipt it refers to."""
    text = translate(N_("the certificate is signed by the office: {file}, {count} sealed items erased, begun {begun}"))
    line = text.format(file=certificate["file_id"], count=len(certificate["items"]), begun=certificate["begun_at"])
    head = translate(N_("head of the office's chain of events: {head}")).format(head=certificate["head"])
    refers = translate(N_("it refers to the receipt {file}")).format(file=receipt.name) if receipt else ""
    return Reply({"valid": True, "certificate": dict(certificate), "receipt": receipt is not None}, (line, refers, head))


def show_erasure_order(file_id: str, releases: Sequence[str]) -> Reply:
    """Return the answer to an order of erasure; with what it means where releases of the file are out."""
    lines = [translate(N_("ordered; another person carries it out"))]
    if releases:
        template = N_(
            "{releases} is out: after the erasure a new file of the register entry can be received and processed, but not released until"
            " the release is recalled"
        )
        lines.append(translate(template).format(releases=", ".join(releases)))
    return Reply({"file": file_id, "ordered": True, "releases_out": list(releases)}, lines)
