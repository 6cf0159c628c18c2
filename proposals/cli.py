"""Commands of steps ② to ④ and the public pages. Each parses, makes one call, and answers."""

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from casework.console import Command, Group, Option, Reply, Session
from casework.office import open_office
from proposals import replies
from schemas.messages import N_

DAY = click.DateTime(["%Y-%m-%d"])
EXISTING = click.Path(path_type=Path, exists=True, dir_okay=False)
NEW_FILE = click.Path(path_type=Path, dir_okay=False)
NEW_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.group(cls=Group)
def proposal() -> None:
    """Take in, screen, review and decide proposals."""


@proposal.command()
@click.argument("form", type=EXISTING)
@click.option("--case", "case_id", cls=Option, metavar="C-ID", help=N_("the returned case this form corrects"))
@click.pass_obj
def submit(session: Session, form: Path, case_id: str | None) -> Reply:
    """Enter a proposal form (YAML or JSON) as a new case, or as the correction of a returned one."""
    from proposals.submission import submit_proposal

    with open_office(session) as office:
        return replies.submission(submit_proposal(office, form, case_id=case_id))


@proposal.command()
@click.option("--table", cls=Option, required=True, help=N_("table the form is for"))
@click.option("--regime", cls=Option, help=N_("law the form follows [the law in force]"))
@click.option("--output", cls=Option, type=NEW_FILE, required=True, help=N_("write the blank form here"))
@click.pass_obj
def blank(_session: Session, *, table: str, regime: str | None, output: Path) -> Reply:
    """Write a blank proposal form for a table, with every choice beside its field."""
    from proposals.blank import write_blank

    return replies.blank(write_blank(table, output, regime=regime))


@proposal.command()
@click.argument("case_id", metavar="C-ID")
@click.pass_obj
def screen(session: Session, case_id: str) -> Reply:
    """Screen a case by rule: every test of the law with its article, verdict and reasons."""
    from proposals.case_review import screen_case

    with open_office(session) as office:
        return replies.sheet(screen_case(office, case_id))


@proposal.command()
@click.argument("case_id", metavar="C-ID")
@click.option("--criterion", cls=Option, metavar="CODE", help=N_("the test that is answered"))
@click.option("--verdict", cls=Option, type=click.Choice(["pass", "fail"]), help=N_("how it stands"))
@click.option("--reason", cls=Option, metavar="TEXT", help=N_("why, in words a letter can carry"))
@click.option("--file", "source", cls=Option, type=EXISTING, help=N_("several answers: a YAML list of criterion, verdict, reason"))
@click.pass_obj
def review(session: Session, *, case_id: str, source: Path | None, criterion: str | None, verdict: str | None, reason: str | None) -> Reply:
    """Answer the tests that no rule can decide."""
    from proposals.answers import to_answers
    from proposals.case_review import review_case

    answers = to_answers(source, criterion=criterion, verdict=verdict, reason=reason)
    with open_office(session) as office:
        return replies.sheet(review_case(office, case_id, answers))


@proposal.command()
@click.argument("case_id", metavar="C-ID")
@click.option("--accept", "decision", cls=Option, flag_value="accept", help=N_("every test passed"))
@click.option("--reject", "decision", cls=Option, flag_value="reject", help=N_("a test failed"))
@click.option("--return", "decision", cls=Option, flag_value="return", help=N_("the proposer shall correct the form"))
@click.option("--reason", cls=Option, default="", metavar="TEXT", help=N_("why, in words a letter can carry"))
@click.pass_obj
def decide(session: Session, case_id: str, decision: str | None, reason: str) -> Reply:
    """Accept, reject or return a case; nobody decides what they screened or reviewed."""
    from proposals.answers import decide_case

    with open_office(session) as office:
        return replies.sheet(decide_case(office, case_id, decision, reason))


@proposal.command()
@click.argument("case_id", metavar="C-ID")
@click.option("--output", cls=Option, type=NEW_FILE, help=N_("write a copy of the letter here"))
@click.pass_obj
def letter(session: Session, case_id: str, output: Path | None) -> Reply:
    """Write the letter of the result: accepted, rejected with reasons, or returned for correction."""
    from proposals.letters import write_result

    with open_office(session) as office:
        return replies.letter(write_result(office, case_id), output)


@proposal.command("list")
@click.pass_obj
def list_(session: Session) -> Reply:
    """List the cases and what they wait for."""
    with open_office(session) as office:
        return replies.cases(office)


@proposal.command()
@click.argument("case_id", metavar="C-ID")
@click.pass_obj
def show(session: Session, case_id: str) -> Reply:
    """Show a proposal, its review sheet, files, fee and papers."""
    with open_office(session) as office:
        return replies.case(office, case_id)


@proposal.command()
@click.argument("case_id", metavar="C-ID")
@click.option("--reason", cls=Option, default="", metavar="TEXT", help=N_("why, in words a letter can carry"))
@click.option("--output", cls=Option, type=NEW_FILE, help=N_("write a copy of the letter here"))
@click.pass_obj
def withdraw(session: Session, case_id: str, reason: str, output: Path | None) -> Reply:
    """Record that the proposer withdrew, and write the notice."""
    from proposals.contract import cancel_contract

    with open_office(session) as office:
        return replies.letter(cancel_contract(office, case_id, "withdrawn", text=reason), output)


@click.group(cls=Group)
def request() -> None:
    """Ask municipalities for files in writing, and record their answers."""


@request.command()
@click.argument("case_id", metavar="C-ID")
@click.option("--deadline", cls=Option, type=DAY, help=N_("day to answer by"))
@click.option("--output", cls=Option, type=NEW_FOLDER, help=N_("write copies of the letters, and each request as JSON, into this folder"))
@click.pass_obj
def issue(session: Session, case_id: str, deadline: datetime | None, output: Path | None) -> Reply:
    """Write one request per register entry of an accepted case, and open its file."""
    from proposals.supply import issue_requests

    with open_office(session) as office:
        return replies.requests(issue_requests(office, case_id, deadline=deadline.date() if deadline else None), output)


@request.command()
@click.argument("file_id", metavar="F-ID")
@click.option("--consent/--decline", "consent", cls=Option, required=True, default=None, help=N_("what the municipality answered"))
@click.option("--reason", cls=Option, default="", metavar="TEXT", help=N_("the municipality's words"))
@click.option("--on", "day", cls=Option, type=DAY, help=N_("day of the answer (today)"))
@click.pass_obj
def answer(session: Session, file_id: str, consent: bool, reason: str, day: datetime | None) -> Reply:
    """Record what a municipality answered; a decline ends the file."""
    from proposals.supply import record_answer

    with open_office(session) as office:
        return replies.answer(record_answer(office, file_id, consent=consent, reason=reason, answered_on=day.date() if day else None))


@request.command()
@click.argument("file_id", metavar="F-ID")
@click.option("--notified", cls=Option, type=click.IntRange(0), required=True, help=N_("third parties given the chance to file an opinion"))
@click.option("--opposed", cls=Option, type=click.IntRange(0), default=0, help=N_("those who opposed; their records are not in the file"))
@click.pass_obj
def opinions(session: Session, file_id: str, notified: int, opposed: int) -> Reply:
    """Record the opinion step of the former law: how many were heard, how many opposed."""
    from proposals.supply import record_opinions

    with open_office(session) as office:
        return replies.opinions(record_opinions(office, file_id, notified=notified, opposed=opposed))


@click.command(cls=Command)
@click.argument("case_id", metavar="C-ID")
@click.option("--hours", cls=Option, type=click.FloatRange(0), default=0.0, help=N_("hours the creation takes; each started hour counts"))
@click.option(
    "--outsourcing",
    "outsourcing_yen",
    cls=Option,
    type=click.IntRange(0),
    default=0,
    metavar="YEN",
    help=N_("paid to a contractor for the creation"),
)
@click.option(
    "--third-parties", cls=Option, type=click.IntRange(0), metavar="N", help=N_("persons heard under the former law (recorded number)")
)
@click.option("--change", "is_change", cls=Option, is_flag=True, help=N_("the same user changes the business: the fixed amount"))
@click.option("--paid", cls=Option, is_flag=True, help=N_("record that the fee set before was paid in full"))
@click.option("--on", "day", cls=Option, type=DAY, help=N_("day of the payment (today)"))
@click.pass_obj
def fee(session: Session, /, *, case_id: str, paid: bool, day: datetime | None, **amounts: Any) -> Reply:
    """Set the fee of an accepted case, or record that it was paid."""
    from proposals.contract import record_payment, set_fee

    with open_office(session) as office:
        if paid:
            return replies.fee(record_payment(office, case_id, paid_on=day.date() if day else None))
        return replies.fee(set_fee(office, case_id, **amounts))


@click.group(cls=Group)
def contract() -> None:
    """Sign or cancel the contract of a case."""


@contract.command()
@click.argument("case_id", metavar="C-ID")
@click.option("--output", cls=Option, type=NEW_FILE, help=N_("write a copy of the contract here"))
@click.pass_obj
def sign(session: Session, case_id: str, output: Path | None) -> Reply:
    """Sign the contract: the fee is paid and every municipality has answered."""
    from proposals.contract import sign_contract

    with open_office(session) as office:
        return replies.letter(sign_contract(office, case_id), output)


@contract.command()
@click.argument("case_id", metavar="C-ID")
@click.option(
    "--ground",
    cls=Option,
    required=True,
    metavar="CODE",
    help=N_("deceit, disqualified or breach; before the contract withdrawn, not_supplied or not_paid"),
)
@click.option("--reason", cls=Option, default="", metavar="TEXT", help=N_("the facts, in words a letter can carry"))
@click.option("--output", cls=Option, type=NEW_FILE, help=N_("write a copy of the notice here"))
@click.pass_obj
def cancel(session: Session, case_id: str, ground: str, reason: str, output: Path | None) -> Reply:
    """Cancel a contract on a ground of the law, or end a case before its contract."""
    from proposals.contract import cancel_contract

    with open_office(session) as office:
        return replies.letter(cancel_contract(office, case_id, ground, text=reason), output)


@click.group(cls=Group)
def portal() -> None:
    """Build the public pages."""


@portal.command()
@click.option(
    "--output", cls=Option, type=NEW_FOLDER, required=True, help=N_("folder the pages are written to; new, or one written before")
)
@click.option("--register", "sources", cls=Option, type=EXISTING, multiple=True, help=N_("register entries from files, without an office"))
@click.pass_obj
def build(session: Session, output: Path, sources: tuple[Path, ...]) -> Reply:
    """Write the public pages: registers, how to propose, uses and yearly figures, and the state of the books."""
    from proposals.portal.build import build_portal, build_portal_of_office

    if sources:
        return replies.portal(build_portal(sources, output))
    with open_office(session) as office:
        return replies.portal(build_portal_of_office(office, output))
