"""Yearly figures and uses for the public: counted from events and contracts.

Decided here: numbers of persons are guarded (small ones are not shown); numbers of the office's own acts (proposals, contracts, releases)
are told as they are, since an act says nothing about a person of a file.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from casework.clock import day_of
from casework.office import Office
from casework.states import CaseState
from proposals.dates import fiscal_year
from proposals.offers import case_offers
from proposals.rendering import to_japanese
from proposals.wording import KINDS_JA, body_name
from schemas.counts import describe_count, guard_count
from schemas.regimes import Regime, load_regime

# Events counted per fiscal year, and how a page names them.
EVENTS = {
    "case.submitted": "提案",
    "case.accepted": "適合",
    "case.rejected": "不適合",
    "case.contracted": "契約",
    "file.released": "提供したファイル",
    "file.erased": "消去したファイル",
}
STATES_JA = {CaseState.CONTRACTED: "利用中", CaseState.CLOSED: "終了", CaseState.CANCELLED: "解除"}


@dataclass(frozen=True, slots=True, kw_only=True)
class YearFigures:
    """One fiscal year: its title and a number per entry of `EVENTS`."""

    title: str
    counts: tuple[str, ...]


def count_years(office: Office) -> tuple[YearFigures, ...]:
    """Return the numbers of acts per fiscal year (of Japan), newest first."""
    counts: dict[int, Counter[str]] = {}
    for event in office.store.events():
        if event.event in EVENTS:
            year = fiscal_year(day_of(datetime.fromisoformat(event.at)))
            counts.setdefault(year, Counter())[event.event] += 1
    return tuple(
        YearFigures(title=f"令和{year - 2018}年度", counts=tuple(str(counts[year][event]) for event in EVENTS))
        for year in sorted(counts, reverse=True)
    )


def list_uses(office: Office) -> tuple[dict[str, Any], ...]:
    """Return the uses under contract, oldest first: what for, of which files, how long; users by kind only, never by name."""
    uses = []
    for case in office.store.list_cases():
        contract = office.store.get_record("contract", case_id=case.id)
        if contract is None:
            continue
        uses.append(
            {
                "number": contract["number"],
                "signed_on": contract["signed_on"],
                "files": [f"{body_name(offer.municipality_code)}　{offer.title_ja}" for offer in case_offers(office, case)],
                "purpose": contract["purpose"],
                "aim": _regime(case.regime).aims[contract["aim"]],
                "users": "、".join(dict.fromkeys(KINDS_JA[user["kind"]] for user in contract["users"])),
                "period": contract["period"],
                "persons": show_persons(contract["persons"], _regime(case.regime)),
                "state": STATES_JA.get(case.state, ""),
            }
        )
    return tuple(uses)


def _regime(name: str) -> Regime:
    return load_regime(name)


def show_persons(count: int, regime: Regime) -> str:
    """Return a number of persons for the public; a small one only as such."""
    minimum = regime.defaults.small_count
    return describe_count(guard_count(count, minimum), minimum).render(to_japanese)
