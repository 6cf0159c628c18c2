"""Claims of the national health insurance (国保給付記録): points, days and money of events, and the table they make.

Not decided here: who falls ill with what (see `episodes`). Amounts have a heavy tail, as real ones do.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sample_data import membership, numbering
from sample_data import people as persons_of
from sample_data.diagnoses import load_diagnoses
from sample_data.episodes import DENTAL, INPATIENT, OUTPATIENT, PHARMACY, Episodes, count_facilities, make_episodes
from sample_data.membership import Membership
from sample_data.notes import write_notes
from sample_data.people import People
from sample_data.shares import repeat, to_table
from schemas.tables import load_table

TABLE = "kokuho_benefit"
YEN_PER_POINT = 10
MOST_POINTS = 20_000_000
TAIL = (0.0015, 1.1)  # share of claims in the tail, exponent of its Pareto factor
SPREAD = {INPATIENT: 0.75, OUTPATIENT: 0.55, DENTAL: 0.5, PHARMACY: 0.9}
PHARMACY_FACTOR = 0.9
MEAL_YEN_PER_DAY = 3 * 670
ROWS_PER_BATCH = 500_000
POINT_TABLE_DIGIT = {INPATIENT: 1, OUTPATIENT: 1, DENTAL: 3, PHARMACY: 4}
FACILITY_NAMES = {INPATIENT: "見本第{}病院", OUTPATIENT: "見本第{}クリニック", DENTAL: "見本第{}歯科医院", PHARMACY: "見本第{}薬局"}
DAYS_OF_MONTH = np.array([30, 31, 30, 31, 31, 30, 31, 30, 31, 31, 28, 31])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Amounts:
    """Days, points and money of each event; whole days, points and yen."""

    days: NDArray[np.int64]
    points: NDArray[np.int64]
    cost_yen: NDArray[np.int64]
    copayment_yen: NDArray[np.int64]
    high_cost_yen: NDArray[np.int64]
    meal_yen: NDArray[np.int64]


def iterate_claims(people: People, *, first_month: np.datetime64, months: int, rows: int = ROWS_PER_BATCH) -> Iterator[pa.Table]:
    """Yield claims in the common schema, sorted by person and month, at most `rows` at a time.

    Parameters
    ----------
    people : People
        The insured.
    first_month : np.datetime64
        First month of treatment.
    months : int
        How many months, 1 or more.
    rows : int
        Rows of a batch; bounds memory, changes nothing else.
    """
    member = membership.make_membership(people, first_month=first_month, months=months)
    events = make_episodes(people, months)
    first = (people.birth_date.astype("datetime64[M]") - first_month.astype("datetime64[M]")).astype(np.int64)
    events = events.take((events.month >= first[events.person]) & (events.month <= member.last_month[events.person]))
    amounts = price_events(people, events, member, people.open_stream("amounts"))
    columns = _event_columns(people, events, first_month, member)
    person_columns = _person_columns(people, member)
    for start in range(0, max(len(events), 1), rows):
        part = slice(start, start + rows)
        who = pa.array(events.person[part])
        data = {name: column.take(who) for name, column in person_columns.items()}
        data |= {name: column.slice(start, rows) for name, column in columns.items()}
        data |= {name: pa.array(getattr(amounts, name)[part]) for name in Amounts.__slots__}
        yield to_table(data, load_table(TABLE).arrow_schema())


def price_events(people: People, events: Episodes, member: Membership, rng: np.random.Generator) -> Amounts:
    """Return days, points and money of events.

    Points are log-normal around the median of the diagnosis, with a Pareto factor on a few: single claims far above all others occur,
    as they do with gene therapies. What a person pays follows age and income class, and stops at the monthly limit of the class.
    """
    diagnoses, count = load_diagnoses(), len(events)
    stay = events.kind == INPATIENT
    days = _draw_days(events, rng)
    scale = diagnoses.points[events.diagnosis] * np.where(stay, diagnoses.inpatient_factor * (days / 12) ** 0.7, 1.0)
    scale = np.where(events.kind == PHARMACY, scale * PHARMACY_FACTOR, scale)
    spread = np.array([SPREAD.get(kind, 0.0) for kind in range(PHARMACY + 1)])[events.kind]
    tail = np.where(rng.random(count) < TAIL[0], 1 + rng.pareto(TAIL[1], count), 1.0)
    points = np.clip(np.rint(scale * np.exp(rng.normal(0, 1, count) * spread) * tail), 40, MOST_POINTS).astype(np.int64)
    cost = points * YEN_PER_POINT
    age, income = people.age_years[events.person], member.income[events.person]
    own = cost * membership.copayment_tenths(age, income) // 10
    limit = membership.monthly_limit_yen(income, cost)
    return Amounts(
        days=days,
        points=points,
        cost_yen=cost,
        copayment_yen=own,
        high_cost_yen=np.maximum(own - limit, 0),
        meal_yen=np.where(stay, days * MEAL_YEN_PER_DAY, 0),
    )


def _draw_days(events: Episodes, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return days of care in the month: stays last a week or two, a few the whole month."""
    most = DAYS_OF_MONTH[events.month % 12]
    stay = np.minimum(np.ceil(rng.lognormal(2.1, 0.8, len(events))), most)
    visits = 1 + rng.poisson(np.where(events.kind == DENTAL, 1.1, 0.45))
    return np.where(events.kind == INPATIENT, stay, np.minimum(visits, most)).astype(np.int64)


def _person_columns(people: People, member: Membership) -> dict[str, pa.Array]:
    """Return the columns that say who, one value per person; dictionaries, so that a million claims stay small."""
    town, detail, postal = persons_of.write_addresses(people)
    code = people.municipality.code
    constant = {
        "insurer_number": numbering.make_insurer_number(code),
        "insured_symbol": people.municipality.name[:1],
        "municipality_code": code,
    }
    return {
        "person_key": persons_of.write_keys(people, "person_key", 10),
        "household_key": persons_of.write_keys(people, "household_key", 10, of_household=True),
        "insured_number": persons_of.write_keys(people, "insured_number", 8, of_household=True),
        "insured_branch": numbering.to_text(membership.number_within(people.households.number) + 1, 2),
        "name": persons_of.write_names(people),
        "name_kana": persons_of.write_names(people, kana=True),
        "birth_date": pa.array(people.birth_date),
        "sex": pc.cast(pa.array(people.sex), pa.string()),
        "postal_code": postal,
        "address": numbering.join_text([town, detail]),
        "phone": persons_of.write_phones(people),
        **member.columns,
        **{name: repeat(value, len(people)) for name, value in constant.items()},
    }


def _event_columns(people: People, events: Episodes, first_month: np.datetime64, member: Membership) -> dict[str, pa.Array]:
    """Return the columns of each event that are not money, as dictionaries where text repeats."""
    diagnoses, rng = load_diagnoses(), people.open_stream("claims")
    months = first_month.astype("datetime64[M]") + events.month.astype("timedelta64[M]")
    which = pa.array(events.diagnosis.astype(np.int32))
    codes, names = _make_facilities(people)
    offset = np.concatenate([[0, 0], np.cumsum([count_facilities(kind, len(people)) for kind in (1, 2, 3)])])
    facility = pa.array((offset[events.kind] + events.facility).astype(np.int32))
    traffic = diagnoses.find(("S",))[events.diagnosis] & (rng.random(len(events)) < 0.04)
    return {
        "treated_month": pa.array(months.astype("datetime64[D]")),
        "care_kind": pc.cast(pa.array(events.kind), pa.string()),
        "department": pa.DictionaryArray.from_arrays(which, diagnoses.departments),
        "disease_code": pa.DictionaryArray.from_arrays(which, diagnoses.codes),
        "disease_name": pa.DictionaryArray.from_arrays(which, diagnoses.names),
        "facility_code": pa.DictionaryArray.from_arrays(facility, codes),
        "facility_name": pa.DictionaryArray.from_arrays(facility, names),
        "outcome": membership.write_outcomes(events, member, rng),
        "public_payer": membership.write_public_payers(people, events),
        "third_party_act": pa.array(traffic),
        "note": write_notes(TABLE, persons_of.write_surnames(people), events.person, rng),
    }


def _make_facilities(people: People) -> tuple[pa.Array, pa.Array]:
    """Return ten-digit codes and names of all facilities, kind after kind."""
    codes, names = [], []
    for kind in (INPATIENT, OUTPATIENT, DENTAL, PHARMACY):
        count = count_facilities(kind, len(people))
        institution = numbering.make_institution_numbers(count, people.open_stream(f"facility{kind}"))
        codes.append(numbering.join_text([f"{people.municipality.code[:2]}{POINT_TABLE_DIGIT[kind]}", institution]))
        names.append(pa.array([FACILITY_NAMES[kind].format(number) for number in range(1, count + 1)], pa.string()))
    return pa.concat_arrays(codes), pa.concat_arrays(names)
