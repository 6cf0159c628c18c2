"""What is on offer: register entries read as files a proposal can ask for, and all that a screening of a case looks at."""

from collections.abc import Mapping
from typing import Any

from casework.office import Office
from casework.records import Case
from proposals.dates import to_date
from proposals.levels import column_levels
from proposals.screening import OfferedFile, Question
from schemas.regimes import load_regime
from schemas.tables import load_table


def read_offer(register_id: str, entry: Mapping[str, Any]) -> OfferedFile:
    """Return what a register entry offers.

    Parameters
    ----------
    entry : Mapping[str, Any]
        A document of the schema `register_entry`.
    """
    columns = entry.get("columns")
    return OfferedFile(
        register_id=register_id,
        title_ja=entry["name"],
        municipality_code=entry["municipality_code"],
        table=entry.get("table"),
        persons=entry.get("persons"),
        columns=frozenset(columns) if columns else None,
        open_to_proposals=bool(entry.get("open_to_proposals", False)),
    )


def list_offers(office: Office) -> tuple[OfferedFile, ...]:
    """Return every register entry of the office that is not struck out."""
    return tuple(read_offer(entry.id, entry.document) for entry in office.store.list_register())


def case_offers(office: Office, case: Case) -> tuple[OfferedFile, ...]:
    """Return the files a case asks for, as their entries stand now."""
    ids = case.document["receipt"]["register_entries"]
    return tuple(read_offer(entry.id, entry.document) for entry in map(office.store.get_register_entry, ids))


def load_question(office: Office, case: Case) -> Question:
    """Return all that a screening of a case looks at."""
    table = load_table(case.document["files"]["table"])
    opinions = {record.file_id: record.document for record in office.store.list_records("opinion", case_id=case.id)}
    return Question(
        form=case.document,
        received_on=to_date(case.document["receipt"]["received_on"]),
        regime=load_regime(case.regime),
        files=case_offers(office, case),
        table=table,
        levels=column_levels(table),
        withdrawn_persons=sum(opinion["opposed"] for opinion in opinions.values()),
    )
