"""Commands of step ⑧: build, verify, list, recall, trace."""

from pathlib import Path

import click

from casework.console import Group, Option, Reply, Session
from casework.i18n import translate
from casework.text_table import make_table
from schemas.messages import N_

RECALL_REASONS = ("error", "risk", "breach", "request")
EXISTING = click.Path(exists=True, path_type=Path)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(cls=Group)
def release() -> None:
    """Step 8: packages of de-identified data, signed, verifiable offline, recallable, traceable."""


@release.command()
@click.argument("case_id", metavar="C-ID")
@click.pass_obj
def build(session: Session, case_id: str) -> Reply:
    """Make the package of a case's assessed files, sign it, and verify it."""
    from casework.office import open_office
    from release.office import build_release

    with open_office(session) as office:
        built = build_release(office, case_id)
    data = {"folder": str(built.folder), "archive": str(built.archive), **built.verified.to_json()}
    text = translate(N_("{release} is out and verified: {folder}")).format(release=built.release_id, folder=built.folder)
    return Reply(data, text)


@release.command()
@click.argument("package", type=EXISTING)
@click.option("--key", cls=Option, type=FILE, help=N_("public key of the office [the workspace's own]"))
@click.option("--recalls", cls=Option, type=FILE, help=N_("the office's signed list of recalled releases"))
@click.pass_obj
def verify(session: Session, package: Path, key: Path | None, recalls: Path | None) -> Reply:
    """Check every byte of a package, its signature and its k; needs no network and no workspace."""
    from release.keys import find_public_key
    from release.verify import verify_package

    pem = find_public_key(package, key, session.home)
    verified = verify_package(package, pem, recalls.read_bytes() if recalls else None)
    count = translate(N_("{release}: {files} files, {tables} tables, all as signed; every class holds its k"))
    lines = [count.format(release=verified.release_id, files=verified.files, tables=len(verified.tables))]
    told = translate(N_("{path}: released by an override (reasons: {codes}); risk-summary.html says why"))
    lines += [told.format(path=table.path, codes=", ".join(table.overridden)) for table in verified.tables if table.overridden]
    return Reply(verified.to_json(), lines)


@release.command("list")
@click.pass_obj
def list_(session: Session) -> Reply:
    """List releases and whether they are out or recalled."""
    from casework.office import open_office
    from release.ledger import finish_interrupted, list_releases

    with open_office(session) as office:
        finish_interrupted(office)
        entries = list_releases(office)
    table = make_table(N_("release"), N_("case"), N_("made at"), N_("state"))
    for entry in entries:
        state = translate(N_("recalled on {day}")).format(day=entry.recalled_on) if entry.recalled_on else translate(N_("out"))
        table.add_row(entry.release_id, entry.case_id, entry.made_at, state)
    nothing = translate(N_("no releases yet; make one: sakusei release build C-ID"))
    return Reply({"releases": [entry.to_json() for entry in entries]}, table if entries else nothing)


@release.command()
@click.argument("release_id", metavar="L-ID")
@click.option("--reason", cls=Option, type=click.Choice(RECALL_REASONS), required=True, help=N_("why it is recalled"))
@click.pass_obj
def recall(session: Session, release_id: str, reason: str) -> Reply:
    """Recall a release and sign the new list of recalled releases."""
    from casework.office import open_office
    from release.ledger import recall as recall_release
    from release.office import today

    with open_office(session) as office:
        path = recall_release(office, release_id, reason, today(office))
    text = translate(N_("{release} is recalled; send the new list to its user: {path}")).format(release=release_id, path=path)
    return Reply({"release": release_id, "recalls": str(path)}, text)


@release.command()
@click.argument("file", type=FILE)
@click.pass_obj
def trace(session: Session, file: Path) -> Reply:
    """Say which release a file found somewhere comes from."""
    from casework.office import open_office
    from release.ledger import note_trace, releases_folder
    from release.trace import trace_file

    with open_office(session) as office:
        matches = trace_file(file, releases_folder(office))
        note_trace(office, matches)
    table = make_table(N_("release"), N_("table"), N_("evidence"), N_("share of rows"))
    for match in matches:
        table.add_row(match.release_id, match.path, match.evidence, f"{match.share:.1%}")
    nothing = translate(N_("no release shares a row with this file"))
    return Reply({"matches": [match.to_json() for match in matches]}, table if matches else nothing)
