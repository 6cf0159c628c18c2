"""Membership of the insured: income class, since when, until when and why, and what follows from it for claims."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sample_data.diagnoses import KINDS, load_diagnoses
from sample_data.episodes import INPATIENT, Episodes
from sample_data.households import CHILD, GRANDCHILD, HEAD, PARENT, SPOUSE
from sample_data.people import People
from sample_data.shares import draw_codes, load_shares, make_codes

MONTHS_PER_YEAR = 12
DEATHS_PER_YEAR = ([0, 20, 40, 60, 75, 90, 110], [0.0015, 0.0003, 0.001, 0.007, 0.025, 0.15, 0.6])
LEAVERS_PER_YEAR = 0.06
MEMBER_YEARS = 9.0
SEVENTY = 70
CURED_SHARE = {"chronic": 0.01, "acute": 0.55, "dental": 0.25, "rare": 0.0}
RELATIONSHIP_CODES = {HEAD: "01", SPOUSE: "02", CHILD: "03", GRANDCHILD: "05", PARENT: "06"}
OTHER_RELATIVE = "10"
HIGH_INCOME_FROM_70 = ("21", "22", "23")
# Monthly limit of what a person pays: base in yen, threshold in yen, and 1 % of the cost above it (国民健康保険法施行令 第29条の3).
LIMITS = {
    "11": (252_600, 842_000),
    "12": (167_400, 558_000),
    "13": (80_100, 267_000),
    "14": (57_600, None),
    "15": (35_400, None),
    "21": (252_600, 842_000),
    "22": (167_400, 558_000),
    "23": (80_100, 267_000),
    "24": (57_600, None),
    "25": (24_600, None),
    "26": (15_000, None),
}
# Public payer by illness: beginning of the code → number of the law (法別番号).
PAYERS = {"F2": "21", "F3": "21", "G40": "21", "A15": "10", "B18": "38", "N18": "15"}
RARE_PAYER, RARE_PAYER_OF_MINORS, MINOR_YEARS = "54", "52", 18


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Membership:
    """What is known of each insured person.

    Parameters
    ----------
    income : NDArray[np.int8]
        Entry of `income_codes()`.
    last_month : NDArray[np.int16]
        Last month with claims, 0 is the first; large for those who stay.
    died : NDArray[np.bool_]
        Whether they left by death.
    columns : dict[str, pa.Array]
        Columns of the table that hold one value per person.
    """

    income: NDArray[np.int8]
    last_month: NDArray[np.int16]
    died: NDArray[np.bool_]
    columns: dict[str, pa.Array]


def income_codes() -> tuple[str, ...]:
    """Return the codes of income classes in the order of `Membership.income`."""
    shares = load_shares()
    return (*shares["income_class_under_70"], *shares["income_class_from_70"])


def make_membership(people: People, *, first_month: np.datetime64, months: int) -> Membership:
    """Return the membership of each person over the months."""
    rng = people.open_stream("membership")
    income = _draw_incomes(people, rng)
    chance = np.interp(people.age_years, *DEATHS_PER_YEAR) * np.clip(people.frailty, 0.3, 4) * months / MONTHS_PER_YEAR
    died = rng.random(len(people)) < chance
    left = ~died & (rng.random(len(people)) < LEAVERS_PER_YEAR * months / MONTHS_PER_YEAR)
    last_month = np.where(died | left, rng.integers(0, months, len(people)), np.iinfo(np.int16).max).astype(np.int16)
    columns = {
        "relationship": make_codes(
            people.households.relationship, tuple(RELATIONSHIP_CODES.get(kind, OTHER_RELATIVE) for kind in range(6))
        ),
        "income_class": make_codes(income, income_codes()),
        "qualified_on": pa.array(_draw_starts(people, first_month, rng)),
        **_write_losses(first_month, last_month, died, rng),
    }
    return Membership(income=income, last_month=last_month, died=died, columns=columns)


def _draw_incomes(people: People, rng: np.random.Generator) -> NDArray[np.int8]:
    """Return the income class of each person: one draw per household, by the table of the person's age."""
    count = len(people.households.size)
    lists = [draw_codes(name, rng, count).indices.to_numpy() for name in ("income_class_under_70", "income_class_from_70")]
    young, old = (drawn[people.households.number] for drawn in lists)
    return np.where(people.age_years < SEVENTY, young, old + len(load_shares()["income_class_under_70"])).astype(np.int8)


def _draw_starts(people: People, first_month: np.datetime64, rng: np.random.Generator) -> NDArray[np.datetime64]:
    """Return the day membership began: not before birth, before the first month."""
    last = first_month.astype("datetime64[D]") - 1
    lived = np.maximum((last - people.birth_date).astype(np.int64), 0)
    back = np.minimum(rng.exponential(MEMBER_YEARS * 365, len(people)), lived).astype(np.int64)
    starts: NDArray[np.datetime64] = np.maximum(last - back.astype("timedelta64[D]"), people.birth_date)
    return starts


def _write_losses(
    first_month: np.datetime64, last_month: NDArray[np.int16], died: NDArray[np.bool_], rng: np.random.Generator
) -> dict[str, pa.Array]:
    """Return the day and the reason of leaving; null for those who stay."""
    stays = last_month == np.iinfo(np.int16).max
    month = first_month.astype("datetime64[M]") + np.where(stays, 0, last_month).astype("timedelta64[M]")
    days = month.astype("datetime64[D]") + rng.integers(0, 28, len(died)).astype("timedelta64[D]")
    reasons = draw_codes("loss_reason", rng, len(died))
    codes = (*reasons.dictionary.to_pylist(), "04")
    which = np.where(died, len(codes) - 1, reasons.indices.to_numpy())
    return {"lost_on": pa.array(days, mask=stays), "loss_reason": make_codes(np.where(stays, -1, which), codes)}


def number_within(groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return 0, 1, 2 … for the members of each group, in their order."""
    order = np.argsort(groups, kind="stable")
    sorted_groups = groups[order]
    starts = np.flatnonzero(np.r_[True, sorted_groups[1:] != sorted_groups[:-1]])
    numbers = np.arange(len(groups)) - np.repeat(starts, np.diff(np.r_[starts, len(groups)]))
    result = np.empty_like(groups)
    result[order] = numbers
    return result


def copayment_tenths(age_years: NDArray[np.int16], income: NDArray[np.int8]) -> NDArray[np.int64]:
    """Return tenths of the cost a person pays: 2 before school, 3, and from 70 on 2, or 3 with a high income."""
    high = np.isin(income, [income_codes().index(code) for code in HIGH_INCOME_FROM_70])
    return np.where(age_years < 6, 2, np.where((age_years >= SEVENTY) & ~high, 2, 3)).astype(np.int64)


def monthly_limit_yen(income: NDArray[np.int8], cost_yen: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the most a person pays in a month, by income class and cost."""
    base = np.array([LIMITS[code][0] for code in income_codes()])[income]
    thresholds = [LIMITS[code][1] for code in income_codes()]
    above = np.maximum(cost_yen - np.array([threshold or 0 for threshold in thresholds])[income], 0) // 100
    return np.where(np.array([threshold is not None for threshold in thresholds])[income], base + above, base).astype(np.int64)


def write_outcomes(events: Episodes, member: Membership, rng: np.random.Generator) -> pa.Array:
    """Return 転帰: continued, cured, dead (a stay in the month of death), stopped."""
    diagnoses = load_diagnoses()
    cured = np.array([CURED_SHARE[KINDS[kind]] for kind in diagnoses.kind])[events.diagnosis]
    chance = rng.random(len(events))
    which = np.where(chance < cured, 1, np.where(chance > 0.985, 3, 0))
    dead = member.died[events.person] & (events.month == member.last_month[events.person]) & (events.kind == INPATIENT)
    return make_codes(np.where(dead, 2, which), ("1", "2", "3", "4"))


def write_public_payers(people: People, events: Episodes) -> pa.Array:
    """Return the law that pays part of the claim, by illness and age; mostly none."""
    diagnoses = load_diagnoses()
    codes = (RARE_PAYER, RARE_PAYER_OF_MINORS, *dict.fromkeys(PAYERS.values()))
    which = np.where(diagnoses.kind == KINDS.index("rare"), 0, -1)
    for prefix, payer in PAYERS.items():
        which = np.where(diagnoses.find((prefix,)), codes.index(payer), which)
    payers = which[events.diagnosis]
    return make_codes(np.where((payers == 0) & (people.age_years[events.person] < MINOR_YEARS), 1, payers), codes)
