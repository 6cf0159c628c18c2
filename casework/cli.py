"""Commands of the office itself: init, status, person, audit, vault."""

from pathlib import Path

import click

from casework import certificates, replies
from casework.audit import check_books, to_json
from casework.console import Command, Group, Option, Reply, Session
from casework.i18n import translate
from casework.inventory import find_losses
from casework.keys import PUBLIC_PEM, load_public_key
from casework.ledger import find_releases_of
from casework.office import get_actor, get_home, get_passphrase, init_office, open_office, read_head, upgrade_office
from casework.overview import list_waiting
from casework.settings import Settings
from casework.states import Role
from schemas.messages import N_
from schemas.regimes import load_regime

PATH = click.Path(path_type=Path)


@click.command(cls=Command)
@click.option("--name", cls=Option, default="作成組織", show_default=True, help=N_("name of the office, as in letters"))
@click.option("--regime", cls=Option, default="tokumei-2023", show_default=True, help=N_("rules in force"))
@click.option("--synthetic", cls=Option, is_flag=True, help=N_("for synthetic data only; can never be changed"))
@click.option("--database-url", cls=Option, help=N_("PostgreSQL instead of SQLite: postgresql://user@host/name"))
@click.option("--upgrade", cls=Option, is_flag=True, help=N_("bring the tables of this workspace up to date"))
@click.pass_obj
def init(session: Session, *, name: str, regime: str, synthetic: bool, database_url: str | None, upgrade: bool) -> Reply:
    """Set up the workspace of an office: settings, keys, store, vault."""
    home = get_home(session)
    if upgrade:
        upgrade_office(home)
        return Reply({"home": str(home)}, translate(N_("the tables are up to date")))
    settings = Settings(office_name=name, regime=load_regime(regime).name, synthetic=synthetic, database_url=database_url)
    published = init_office(home, settings, actor=get_actor(session), passphrase=get_passphrase())
    return replies.show_init(home, published, get_actor(session))


@click.command(cls=Command)
@click.pass_obj
def status(session: Session) -> Reply:
    """Show every case and file, what it waits for, and who may do that."""
    with open_office(session) as office:
        return replies.show_status(office, list_waiting(office.store))


@click.group(cls=Group)
def person() -> None:
    """Show and change the people of the office and their roles."""


@person.command("add")
@click.argument("person_id", metavar="ID")
@click.option("--role", "roles", cls=Option, multiple=True, type=click.Choice([r.value for r in Role]), help=N_("may be repeated"))
@click.pass_obj
def add_person(session: Session, *, person_id: str, roles: tuple[str, ...]) -> Reply:
    """Add a person, or give a known one other roles; without a role they may do nothing any more."""
    with open_office(session) as office:
        added = office.store.add_person(person_id, [Role(role) for role in roles], actor=office.actor)
    return replies.show_people((added,))


@person.command("list")
@click.pass_obj
def list_people(session: Session) -> Reply:
    """List the people of the office and their roles."""
    with open_office(session) as office:
        return replies.show_people(office.store.list_people())


@click.group(cls=Group)
def audit() -> None:
    """Show and verify the chain of events."""


@audit.command("verify")
@click.option("--head", "heads", cls=Option, multiple=True, help=N_("head of the chain from a receipt or package; may be repeated"))
@click.option("--deep", cls=Option, is_flag=True, help=N_("also open every envelope of the vault and compare what is in it"))
@click.pass_obj
def verify_audit(session: Session, *, heads: tuple[str, ...], deep: bool) -> Reply:
    """Verify chain, tables, papers, vault and keys; exit code 16 when something does not hold."""
    with open_office(session) as office:
        witnessed = read_head(office.home, load_public_key(office.home / PUBLIC_PEM))
        astray = office.vault.find_astray()
        losses = find_losses(office, deep=deep)
        return replies.show_audit(check_books(office.store, witnessed=witnessed, heads=heads, astray=astray, losses=losses))


@audit.command("log")
@click.option("--case", "case_id", cls=Option, help=N_("events of this case only"))
@click.option("--file", "file_id", cls=Option, help=N_("events of this file only"))
@click.pass_obj
def log_audit(session: Session, *, case_id: str | None, file_id: str | None) -> Reply:
    """Show the events, the first one first."""
    with open_office(session) as office:
        events = tuple(office.store.events(case_id=case_id, file_id=file_id))
    return replies.show_events(events, [to_json(event) for event in events])


@click.group(cls=Group)
def vault() -> None:
    """List sealed files; erase one with a certificate."""


@vault.command("list")
@click.pass_obj
def list_vault(session: Session) -> Reply:
    """List what is sealed, and what was erased."""
    with open_office(session) as office:
        return replies.show_vault(office.vault.list())


@vault.command("erase")
@click.argument("file_id", metavar="FILE")
@click.option("--order", cls=Option, is_flag=True, help=N_("order the erasure, for another person to carry out"))
@click.pass_obj
def erase_vault(session: Session, *, file_id: str, order: bool) -> Reply:
    """Erase a file for good: one person orders it, another carries it out."""
    with open_office(session) as office:
        if order:
            office.store.order_erasure(file_id, actor=office.actor)
            return replies.show_erasure_order(file_id, find_releases_of(office.store, file_id))
        office.vault.erase(file_id)
        return replies.show_certificate(office.store.get_record("certificate", file_id=file_id))


@vault.command("certificate")
@click.argument("file_id", metavar="FILE")
@click.option("--output", cls=Option, required=True, type=PATH, help=N_("where to write the certificate, for the municipality"))
@click.pass_obj
def write_certificate(session: Session, *, file_id: str, output: Path) -> Reply:
    """Write the certificate of an erased file."""
    with open_office(session) as office:
        certificate = certificates.get_certificate(office.store, file_id)
    certificates.write_certificate(output, certificate)
    return replies.show_certificate(certificate)


@vault.command("verify")
@click.argument("path", metavar="CERTIFICATE", type=PATH)
@click.option("--key", cls=Option, required=True, type=PATH, help=N_("public key of the office: office.pub.pem"))
@click.option("--receipt", cls=Option, type=PATH, help=N_("receipt that the certificate has to refer to"))
def verify_certificate(*, path: Path, key: Path, receipt: Path | None) -> Reply:
    """Verify that the office signed a certificate of erasure, and for which receipt; else exit code 16."""
    return replies.show_verified_certificate(certificates.verify_certificate(path, load_public_key(key), receipt), receipt)
