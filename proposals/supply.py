"""Requests for supply (提供要請) and the municipalities' answers: one letter and one file record per register entry.

Decided here: what is asked for (the least the product needs) and what an answer changes. Not decided here: who may ask (`casework.states`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from casework.clock import day_of
from casework.labels import name_labels
from casework.office import Office
from casework.records import Case
from casework.states import CaseState, FileState
from proposals.offers import case_offers
from proposals.papers_out import Letter, keep_letter, letter_head
from proposals.reasons import check_words
from proposals.rendering import render_page
from proposals.screening import OfferedFile
from proposals.wording import describe_files, describe_proposers, head_of_body, selection_ja, unwanted_titles, wanted_columns
from schemas.documents import check_document
from schemas.errors import FormRejected, InternalError, SettingsError, TransitionRefused
from schemas.files import readable_json, write_bytes
from schemas.messages import N_, Name
from schemas.regimes import load_regime
from schemas.tables import load_table


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request that went out: its file, the register entry, the letter, and the same as data."""

    file_id: str
    register_id: str
    letter: Letter
    document: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Return the request for machines."""
        return {"file": self.file_id, "register_entry": self.register_id, "letter": self.letter.to_json(), "request": dict(self.document)}


def issue_requests(office: Office, case_id: str, *, deadline: date | None = None) -> tuple[Request, ...]:
    """Write one request per register entry of an accepted case, open its file, and return them all; all or none.

    Parameters
    ----------
    deadline : date or None
        Day to answer by; the policy's number of days from today without it.

    Raises
    ------
    FormRejected
        The deadline is not after today.
    TransitionRefused
        The case is not accepted, or the actor may not.
    """
    today = day_of(office.now())
    with office.store.transaction():
        case = office.store.get_case(case_id)
        by = deadline or today + timedelta(days=load_regime(case.regime).defaults.request_deadline_days)
        if by <= today:
            raise FormRejected(N_("the deadline is not after today"), N_("give a later day: --deadline YYYY-MM-DD"))
        if case.state is not CaseState.ACCEPTED:
            raise TransitionRefused(
                N_("{case} is {state}: files are asked for once, after acceptance; it may be done already"),
                N_("see what is waited for: sakusei status"),
                case=Name(case_id), state=name_labels([case.state]),
            )  # fmt: skip
        requests = tuple(_issue(office, case, offer, by) for offer in case_offers(office, case))
        office.store.move_case(case_id, CaseState.REQUESTED, actor=office.actor, facts={"files": len(requests)})
    return requests


def _issue(office: Office, case: Case, offer: OfferedFile, deadline: date) -> Request:
    """Open one file, and write and keep its request."""
    table = case.document["files"]["table"]
    file_id = office.store.add_file(case.id, register_id=offer.register_id, table=table, actor=office.actor)
    document = request_document(office, case, offer, file_id=file_id, deadline=deadline)
    if check_document("request", document):
        raise InternalError(N_("a request does not meet its own schema"), N_("report this line to the maintainers"))
    office.store.add_record("request", document, actor=office.actor, file_id=file_id, facts={"columns": len(document["columns"])})
    head = letter_head(office, case, [head_of_body(offer.municipality_code)], file_id=file_id)
    letter = keep_letter(office, "request", render_page("request.html", letter=head, **_words(case, offer, deadline)), head)
    return Request(file_id=file_id, register_id=offer.register_id, letter=letter, document=document)


def request_document(office: Office, case: Case, offer: OfferedFile, *, file_id: str, deadline: date) -> dict[str, Any]:
    """Return a request as data (schema `request`): columns at the least, and every other column of the table as not to be sent."""
    form = case.document
    table = load_table(form["files"]["table"])
    wanted = [record["column"] for record in wanted_columns(form, table)]
    document = {
        "request": 1,
        "case": case.id,
        "file": file_id,
        "register_entry": offer.register_id,
        "municipality_code": offer.municipality_code,
        "regime": case.regime,
        "issued_on": day_of(office.now()).isoformat(),
        "deadline": deadline.isoformat(),
        "office": {"name": office.settings.office_name, "recipient": office.keys.recipient},
        "users": [{key: proposer[key] for key in ("kind", "name", "address")} for proposer in form["proposers"]],
        **{key: form[key] for key in ("purpose", "manner", "business", "aim", "period", "persons")},
        "safeguards": form["safeguards"]["measures"],
        "table": table.name,
        "columns": wanted,
        "not_to_send": [column.name for column in table.columns if column.name not in wanted],
        "format": "sakusei-bundle",
    }
    if "data_period" in form["files"]:
        document["data_period"] = form["files"]["data_period"]
    if selection := selection_ja(form):
        document["selection"] = selection
    return document


def _words(case: Case, offer: OfferedFile, deadline: date) -> dict[str, Any]:
    """Return what fills the letter."""
    form, regime = case.document, load_regime(case.regime)
    table = load_table(form["files"]["table"])
    return {
        "regime": regime,
        "proposers": describe_proposers(form),
        "files": describe_files([offer]),
        **{key: form[key] for key in ("purpose", "manner", "business", "period")},
        "aim_ja": regime.aims[form["aim"]],
        "measures": [regime.safeguards[code].text_ja for code in form["safeguards"]["measures"] if code in regime.safeguards],
        "safeguards_text": form["safeguards"].get("description", ""),
        "wanted": wanted_columns(form, table),
        "unwanted": unwanted_titles(form, table),
        "data_period": form["files"].get("data_period"),
        "selection_ja": selection_ja(form),
        "format_ja": regime.letters["transfer_ja"],
        "deadline": deadline,
    }


def copy_requests(requests: Sequence[Request], folder: Path) -> None:
    """Write the letter and the data of each request into a folder, made if need be: F-0001.html, F-0001.json.

    Raises
    ------
    SettingsError
        The folder cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for request in requests:
            write_bytes(folder / f"{request.file_id}.html", request.letter.path.read_bytes())
            write_bytes(folder / f"{request.file_id}.json", readable_json(request.document))
    except OSError as error:
        raise SettingsError(
            N_("{folder} cannot be written; the letters themselves are kept"), N_("name another folder"), folder=Name(folder.name)
        ) from error


def record_answer(office: Office, file_id: str, *, consent: bool, reason: str = "", answered_on: date | None = None) -> dict[str, Any]:
    """Keep what a municipality answered and return it; a decline ends the file.

    Parameters
    ----------
    reason : str
        The municipality's words, if any.
    answered_on : date or None
        Day of the answer; today without it.

    Raises
    ------
    TransitionRefused
        The file does not wait for an answer.
    FormRejected
        The day lies ahead, or the words cannot stand in a letter.
    """
    check_words(reason)
    today = day_of(office.now())
    day = answered_on or today
    if day > today:
        raise FormRejected(N_("the answer is dated after today"), N_("give the day of the answer: --on YYYY-MM-DD"))
    document = {"consent": consent, "reason": reason, "answered_on": day.isoformat()}
    with office.store.transaction():
        file = office.store.get_file(file_id)
        if file.state is not FileState.REQUESTED:
            raise TransitionRefused(
                N_("{file} is {state} and waits for no answer"), N_("see what is waited for: sakusei status"),
                file=Name(file_id), state=name_labels([file.state]),
            )  # fmt: skip
        office.store.add_record("answer", document, actor=office.actor, file_id=file_id, facts={"consent": int(consent)})
        if not consent:
            office.store.move_file(file_id, FileState.DECLINED, actor=office.actor)
    return {"file": file_id, **document}


def record_opinions(office: Office, file_id: str, *, notified: int, opposed: int) -> dict[str, Any]:
    """Keep how many third parties were given the chance to file an opinion, and how many opposed (former law); numbers only.

    Raises
    ------
    FormRejected
        The regime hears nobody, or more opposed than were heard.
    """
    case = office.store.get_case(office.store.get_file(file_id).case_id)
    if not load_regime(case.regime).opinion_step.required:
        raise FormRejected(N_("this regime hears no third parties"), N_("the step belongs to hishikibetsu-2017 alone"))
    if not 0 <= opposed <= notified:
        raise FormRejected(N_("those who opposed are among those who were heard"), N_("give 0 or more, and no more than --notified"))
    document = {"notified": notified, "opposed": opposed}
    office.store.add_record("opinion", document, actor=office.actor, file_id=file_id)
    return {"file": file_id, **document}


def count_opinions(office: Office, case_id: str) -> tuple[int, int]:
    """Return the third parties heard and opposed in a case: the latest numbers of each file, added up."""
    latest = {record.file_id: record.document for record in office.store.list_records("opinion", case_id=case_id)}
    return sum(item["notified"] for item in latest.values()), sum(item["opposed"] for item in latest.values())
