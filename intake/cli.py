"""Commands of steps 1, 5 and 6: register entries; seal, receive, check, convert and normalise files. Heavy rooms are imported late."""

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from casework.clock import JAPAN
from casework.console import Group, Option, Reply, Session, progress
from schemas.messages import N_

FILE = click.Path(path_type=Path)
DATE = click.DateTime(["%Y-%m-%d"])


def _read_password(context: click.Context, parameter: click.Parameter, value: Any) -> str:
    from intake.passwords import read_password

    return read_password(context, parameter, value)


locked = click.option(
    "--password-file",
    "password",
    cls=Option,
    type=FILE,
    callback=_read_password,
    help=N_("the first line of this file is the password of a locked workbook or zip file; - asks for it"),
)
dated = click.option(
    "--as-of",
    cls=Option,
    type=DATE,
    metavar="DATE",
    default=lambda: datetime.now(JAPAN),
    help=N_("day the contents are of: YYYY-MM-DD [today]"),
)


@click.group(cls=Group)
def register() -> None:
    """Publish and show register entries (個人情報ファイル簿)."""


@register.command("add")
@click.argument("source", metavar="FILE", type=FILE)
@click.pass_obj
def add_register_entry(session: Session, *, source: Path) -> Reply:
    """Publish a register entry from its YAML document."""
    from casework.office import open_office
    from intake import replies
    from intake.register import add_entry

    with open_office(session) as office:
        entry_id, notes = add_entry(office, source)
    return replies.show_added(entry_id, 1, notes)


@register.command("revise")
@click.argument("entry_id", metavar="ID")
@click.argument("source", metavar="FILE", type=FILE)
@click.pass_obj
def revise_register_entry(session: Session, *, entry_id: str, source: Path) -> Reply:
    """Replace a register entry by a corrected document."""
    from casework.office import open_office
    from intake import replies
    from intake.register import revise_entry

    with open_office(session) as office:
        revision, notes = revise_entry(office, entry_id, source)
    return replies.show_added(entry_id, revision, notes)


@register.command("strike")
@click.argument("entry_id", metavar="ID")
@click.pass_obj
def strike_register_entry(session: Session, *, entry_id: str) -> Reply:
    """Strike an entry out: the file is no longer held or has become too small."""
    from casework.office import open_office
    from intake import replies

    with open_office(session) as office:
        office.store.strike_register_entry(entry_id, actor=office.actor)
    return replies.show_struck(entry_id)


@register.command("list")
@click.pass_obj
def list_register(session: Session) -> Reply:
    """List the register entries."""
    from casework.office import open_office
    from intake import replies

    with open_office(session) as office:
        return replies.show_register(office.store.list_register())


@register.command("show")
@click.argument("entry_id", metavar="ID")
@click.pass_obj
def show_register_entry(session: Session, *, entry_id: str) -> Reply:
    """Show one register entry."""
    from casework.office import open_office
    from intake import replies

    with open_office(session) as office:
        return replies.show_entry(office.store.get_register_entry(entry_id))


@click.group(cls=Group)
def intake() -> None:
    """Seal, receive, check, convert and normalise files of municipalities."""


@intake.command("seal")
@click.argument("source", metavar="FILE", type=FILE)
@click.option("--table", cls=Option, required=True, help=N_("common schema of the file"))
@click.option("--layout", cls=Option, help=N_("how the file is written: a shipped name, plain, or the path of a layout"))
@click.option("--to", "recipient", cls=Option, required=True, type=FILE, help=N_("public key of the office: office.age.pub"))
@click.option("--municipality", cls=Option, required=True, help=N_("code of the sending municipality, 6 digits"))
@click.option("--as-of", cls=Option, required=True, type=DATE, metavar="DATE", help=N_("day the contents are of: YYYY-MM-DD"))
@click.option("--output", cls=Option, required=True, type=FILE, help=N_("bundle to write: X.sakusei"))
@click.option("--anyway", cls=Option, is_flag=True, help=N_("seal the file even when more than half of its rows would be put aside"))
@locked
def seal(*, source: Path, output: Path, as_of: datetime, municipality: str, **sending: Any) -> Reply:
    """Seal a file for the office, and say which rows the office would put aside; individual numbers are refused."""
    from intake import replies
    from intake.seal import Sending, seal_file

    what = Sending(as_of=as_of.date(), municipality_code=municipality, **sending)
    with progress(N_("looking through the rows")) as advance:
        sealed = seal_file(source, what, output, advance)
    return replies.show_sealed(sealed.manifest, sealed.preview, output)


@intake.command("receive")
@click.argument("bundle", metavar="BUNDLE", type=FILE)
@click.option("--file", "file_id", cls=Option, help=N_("the requested file it answers: F-0001"))
@click.option("--receipt", "receipt_path", cls=Option, type=FILE, help=N_("where to write the signed receipt"))
@click.pass_obj
def receive(session: Session, *, bundle: Path, file_id: str | None, receipt_path: Path | None) -> Reply:
    """Take in a sealed bundle and sign a receipt for it."""
    from casework.office import open_office
    from intake import replies
    from intake.convert import check_output
    from intake.receipts import write_receipt
    from intake.receive import receive_bundle

    if receipt_path:
        check_output(receipt_path)
    with open_office(session) as office, progress(N_("looking through the rows")) as advance:
        received = receive_bundle(office, bundle, file_id, advance)
    if receipt_path:
        write_receipt(receipt_path, received.receipt)
    return replies.show_received(received.file_id, received.receipt, receipt_path)


@intake.group("receipt", cls=Group)
def receipt() -> None:
    """Verify or write out receipts."""


@receipt.command("verify")
@click.argument("path", metavar="RECEIPT", type=FILE)
@click.option("--key", cls=Option, required=True, type=FILE, help=N_("public key of the office: office.pub.pem"))
def verify_receipt(*, path: Path, key: Path) -> Reply:
    """Verify that the office signed a receipt; else exit code 16."""
    from casework.keys import load_public_key
    from intake import receipts, replies
    from intake.reading import check_present
    from schemas.errors import SettingsError

    check_present(key, SettingsError)
    return replies.show_receipt(receipts.verify_receipt(path, load_public_key(key)))


@receipt.command("write")
@click.argument("file_id", metavar="ID")
@click.option("--output", cls=Option, required=True, type=FILE, help=N_("where to write the signed receipt"))
@click.pass_obj
def write_receipt(session: Session, *, file_id: str, output: Path) -> Reply:
    """Write the latest receipt of a received file again."""
    from casework.office import open_office
    from intake import receipts, replies

    with open_office(session) as office:
        found = receipts.get_receipt(office.store, file_id)
    receipts.write_receipt(output, found)
    return replies.show_received(file_id, found, output)


@intake.command("check")
@click.argument("source", metavar="FILE", type=FILE)
@click.option("--table", cls=Option, required=True, help=N_("common schema of the file"))
@click.option("--layout", cls=Option, help=N_("how the file is written: a shipped name, plain, or the path of a layout"))
@dated
@click.option("--defects", cls=Option, type=FILE, help=N_("write the list of defects by row as CSV or Excel (.xlsx), without contents"))
@click.option("--html", cls=Option, type=FILE, help=N_("quality report to write as a page in Japanese; small counts are hidden"))
@locked
def check(*, source: Path, as_of: datetime, **how: Any) -> Reply:
    """Check a file and write nothing; exit code 12 when it would be refused."""
    from intake.check_reply import show_check
    from intake.convert import convert_file

    with progress(N_("checking rows")) as advance:
        report = convert_file(source, as_of=as_of.date(), advance=advance, **how)
    return show_check(report)


@intake.command("convert")
@click.argument("source", metavar="FILE", type=FILE)
@click.option("--table", cls=Option, required=True, help=N_("common schema of the file"))
@click.option("--layout", cls=Option, help=N_("how the file is written: a shipped name, plain, or the path of a layout"))
@click.option("--output", cls=Option, required=True, type=FILE, help=N_("Parquet file to write"))
@dated
@click.option("--report", cls=Option, required=True, type=FILE, help=N_("JSON report to write; holds no contents"))
@click.option("--quarantine", cls=Option, type=FILE, help=N_("Parquet file for rows put aside; holds personal information"))
@click.option("--html", cls=Option, type=FILE, help=N_("quality report to write as a page in Japanese; small counts are hidden"))
@locked
def convert(*, source: Path, output: Path, as_of: datetime, **how: Any) -> Reply:
    """Convert a file to the common schema, without a workspace."""
    from intake import replies
    from intake.convert import convert_file

    with progress(N_("converting rows")) as advance:
        account = convert_file(source, output=output, as_of=as_of.date(), advance=advance, **how)
    return replies.show_conversion(account, str(output))


@intake.command("normalise")
@click.argument("file_id", metavar="ID")
@click.pass_obj
def normalise(session: Session, *, file_id: str) -> Reply:
    """Put a received file into the common schema."""
    from casework.office import open_office
    from intake import replies
    from intake.normalise import normalise_file

    with open_office(session) as office, progress(N_("converting rows")) as advance:
        report = normalise_file(office, file_id, advance)
    return replies.show_normalised(file_id, report)


@intake.command("quality")
@click.argument("file_id", metavar="ID")
@click.option("--html", cls=Option, type=FILE, help=N_("quality report to write as a page in Japanese; small counts are hidden"))
@click.pass_obj
def quality(session: Session, *, file_id: str, html: Path | None) -> Reply:
    """Show the quality of a file that was put into the common schema."""
    from casework.office import open_office
    from intake.quality_record import get_quality, write_page
    from intake.replies import show_quality

    with open_office(session) as office:
        record = get_quality(office.store, file_id)
    if html:
        write_page(record, html, file_id)
    return show_quality(file_id, record, html)


@intake.command("compare")
@click.argument("old", metavar="EARLIER", type=FILE)
@click.argument("new", metavar="LATER", type=FILE)
@click.option("--table", cls=Option, required=True, help=N_("common schema of the file"))
@click.option("--layout", cls=Option, help=N_("how the file is written: a shipped name, plain, or the path of a layout"))
@click.option("--old-layout", cls=Option, help=N_("how the old file is written, where it differs"))
def compare(*, old: Path, new: Path, table: str, **how: Any) -> Reply:
    """Count what changed between two files of a table: rows added, gone, changed, and columns."""
    from intake.quality_record import compare_plain
    from intake.replies import show_changes

    return show_changes(compare_plain(old, new, table=table, **how).to_json(), table)


@intake.command("dummy")
@click.option("--table", cls=Option, required=True, help=N_("common schema of the file"))
@click.option("--layout", cls=Option, help=N_("how the file is written: a shipped name, plain, or the path of a layout"))
@click.option("--output", cls=Option, required=True, type=FILE, help=N_("file to write; .xlsx for a plain workbook"))
@click.option("--rows", cls=Option, type=click.IntRange(1, 100_000), default=100, show_default=True, help=N_("rows to write"))
def dummy(*, output: Path, **what: Any) -> Reply:
    """Write a fictional file of the same layout, to rehearse with; no workspace is needed."""
    from intake import replies
    from intake.dummy import write_dummy

    return replies.show_dummy(write_dummy(output, **what).name, what["rows"], output)


@intake.command("layout")
@click.argument("source", metavar="FILE", type=FILE)
@click.option("--table", cls=Option, required=True, help=N_("common schema of the file"))
@click.option("--output", cls=Option, required=True, type=FILE, help=N_("layout to write: L.yaml"))
@locked
def layout(*, source: Path, table: str, output: Path, password: str) -> Reply:
    """Propose a layout from the first rows of a file, with reasons; a person confirms it."""
    from intake import replies
    from intake.propose import propose_layout

    return replies.show_proposal(propose_layout(source, table, output, password=password), output)
