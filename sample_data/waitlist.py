"""Applicants of nursing homes (特別養護老人ホーム入所希望者名簿): care levels by age, family carers, points, dates."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sample_data import numbering, places
from sample_data import people as persons_of
from sample_data.notes import write_notes
from sample_data.people import People
from sample_data.shares import draw_codes, make_codes, to_table
from schemas.tables import load_table

TABLE = "nursing_home_waitlist"
SECOND_APPLICATION_SHARE = 0.14
PERSONS_PER_FACILITY = 70
LIVING_TOGETHER_SHARE = 0.5
WAITING_DAYS = 500.0
LEVELS = ("21", "22", "23", "24", "25")
LEVEL_SHARES = (0.05, 0.08, 0.38, 0.32, 0.17)
LEVEL_POINTS = np.array([5, 10, 15, 20, 20])
DEMENTIA_POINTS = {"0": 0, "1": 0, "2a": 5, "2b": 5, "3a": 10, "3b": 10, "4": 10, "M": 10}
CARERS = ("02", "03", "04", "09", "10", "90")
CARER_SHARES = (0.17, 0.53, 0.12, 0.05, 0.04, 0.09)
CARER_GAP_YEARS = ((0, 4), (29, 5), (30, 6), (2, 6), (20, 12))
NOBODY = CARERS.index("90")
HOME, HOSPITAL = "1", "2"


def make_waitlist(people: People) -> pa.Table:
    """Return applications in the common schema, in the order of their receipt; some persons apply at two homes."""
    rng = people.open_stream("waitlist")
    twice = np.flatnonzero(rng.random(len(people)) < SECOND_APPLICATION_SHARE)
    who = np.concatenate([np.arange(len(people)), twice])
    received = places.draw_days(rng, people.as_of, WAITING_DAYS, len(who))
    order = np.argsort(received, kind="stable")
    who, received = who[order], received[order]
    per_person = {**_identify(people), **_assess(people, rng)}
    index = pa.array(who)
    columns = {name: column.take(index) for name, column in per_person.items()}
    columns |= _apply(people, received, rng)
    columns["note"] = write_notes(TABLE, persons_of.write_surnames(people), who, rng)
    return to_table(columns, load_table(TABLE).arrow_schema())


def _identify(people: People) -> dict[str, pa.Array]:
    """Return who the applicants are."""
    town, detail, postal = persons_of.write_addresses(people)
    rng = people.open_stream("waitlist contact")
    numbers = persons_of.write_keys(people, "care insured", 10)
    minor = pa.array(people.age_years < 65)
    together = pa.array(rng.random(len(people)) < LIVING_TOGETHER_SHARE)
    return {
        "applicant_key": persons_of.write_keys(people, "applicant_key", 8),
        "name": persons_of.write_names(people),
        "name_kana": persons_of.write_names(people, kana=True),
        "birth_date": pa.array(people.birth_date),
        "sex": pc.cast(pa.array(people.sex), pa.string()),
        "municipality_code": places.draw_homes(people.municipality, len(people), people.open_stream("home")).dictionary_decode(),
        "postal_code": postal,
        "address": numbering.join_text([town, detail]),
        "phone": persons_of.write_phones(people),
        "contact_name": persons_of.draw_names(people, rng),
        "contact_phone": pc.if_else(together, persons_of.write_phones(people), persons_of.draw_phones(len(people), rng)),
        "insured_number": pc.if_else(minor, pc.utf8_replace_slice(numbers, 0, 1, "H"), numbers),
    }


def _assess(people: People, rng: np.random.Generator) -> dict[str, pa.Array]:
    """Return need of care, family and means of each applicant."""
    count = len(people)
    level = _draw_levels(people, rng)
    carer = np.searchsorted(np.cumsum(CARER_SHARES), rng.random(count), side="right").clip(max=NOBODY)
    dementia = draw_codes("dementia_level", rng, count)
    place = draw_codes("current_place", rng, count)
    low = level < LEVELS.index("23")
    reason = draw_codes("exception_reason", rng, count)
    poor = rng.random(count) < 0.06
    return {
        "care_level": make_codes(level, LEVELS),
        "dementia_level": dementia,
        "bedridden_level": draw_codes("bedridden_level", rng, count),
        "disability_certificate": draw_codes("disability_certificate", rng, count),
        "disease_code": draw_codes("waitlist_disease", rng, count),
        "medical_care": draw_codes("medical_care", rng, count),
        "current_place": place,
        "household_type": _draw_households(place, carer, rng),
        "carer_relationship": make_codes(carer, CARERS),
        "carer_age_years": _draw_carer_ages(people, carer, rng),
        "carer_work": _draw_carer_work(carer, rng),
        "public_assistance": pa.array(poor),
        "premium_stage": pc.if_else(pa.array(poor), "01", draw_codes("premium_stage", rng, count).dictionary_decode()),
        "abuse_suspected": pa.array(rng.random(count) < 0.004),
        "exception_reason": pc.if_else(pa.array(low), reason.dictionary_decode(), pa.scalar(None, pa.string())),
        "score": pa.array(_score(level, dementia, rng)),
        "insurer_number": _insurers(people),
        **_certify(people, rng),
    }


def _draw_levels(people: People, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return entries of `LEVELS`: higher for the frail and the very old."""
    chance = rng.random(len(people)) + 0.08 * (people.frailty - 1) + 0.004 * (people.age_years.astype(np.float64) - 86)
    level: NDArray[np.int64] = np.searchsorted(np.cumsum(LEVEL_SHARES), np.clip(chance, 0, 0.999), side="right").clip(max=len(LEVELS) - 1)
    return level


def _draw_households(place: pa.DictionaryArray, carer: NDArray[np.int64], rng: np.random.Generator) -> pa.DictionaryArray:
    """Return 世帯類型: alone without a carer, with old people, with family, or in a home."""
    away = ~pc.is_in(place.dictionary_decode(), value_set=pa.array([HOME, HOSPITAL])).to_numpy(zero_copy_only=False)
    chance = rng.random(len(carer))
    which = np.where(carer == NOBODY, 0, np.where(carer == 0, np.where(chance < 0.8, 1, 2), np.where(chance < 0.22, 0, 2)))
    return make_codes(np.where(away, 3, which), ("1", "2", "3", "4"))


def _draw_carer_ages(people: People, carer: NDArray[np.int64], rng: np.random.Generator) -> pa.Array:
    """Return the age of the carer by generation; null where there is none."""
    gap = np.array([*CARER_GAP_YEARS, (0, 0)])[carer]
    ages = np.clip(np.rint(people.age_years - gap[:, 0] - rng.normal(0, 1, len(carer)) * gap[:, 1]), 18, 104)
    return pa.array(ages.astype(np.int64), mask=carer == NOBODY)


def _draw_carer_work(carer: NDArray[np.int64], rng: np.random.Generator) -> pa.Array:
    """Return the work of the carer; code 8 where there is none."""
    return pc.if_else(pa.array(carer == NOBODY), "8", draw_codes("carer_work", rng, len(carer)).dictionary_decode())


def _score(level: NDArray[np.int64], dementia: pa.DictionaryArray, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the points of the application: level, dementia, difficulty of care 15–25, use of services 10–25, urgency up to 20."""
    known = np.array([DEMENTIA_POINTS[code] for code in dementia.dictionary.to_pylist()])[dementia.indices.to_numpy()]
    parts = [5 * rng.integers(low, high, len(level)) for low, high in ((3, 6), (2, 6), (0, 5))]
    total: NDArray[np.int64] = LEVEL_POINTS[level] + known + np.sum(parts, axis=0)
    return total


def _insurers(people: People) -> pa.Array:
    """Return the insurer number of the municipality each applicant lives in."""
    homes = places.draw_homes(people.municipality, len(people), people.open_stream("home"))
    numbers = [numbering.make_insurer_number(code) for code in homes.dictionary.to_pylist()]
    return pa.DictionaryArray.from_arrays(homes.indices, pa.array(numbers, pa.string()))


def _certify(people: People, rng: np.random.Generator) -> dict[str, pa.Array]:
    """Return the period of the certified care level: 6 to 48 months, begun within the last two years."""
    begun = people.as_of.astype("datetime64[M]") - rng.integers(0, 24, len(people)).astype("timedelta64[M]")
    first = begun.astype("datetime64[D]")
    months = np.array([6, 12, 24, 36, 48])[rng.integers(0, 5, len(people))]
    return {"certified_from": pa.array(first), "certified_to": pa.array(places.add_months(first, months))}


def _apply(people: People, received: places.Days, rng: np.random.Generator) -> dict[str, pa.Array]:
    """Return what differs from application to application."""
    count = len(received)
    facilities = max(3, len(people) // PERSONS_PER_FACILITY)
    offices = numbering.make_office_numbers(int(people.municipality.code[:2]), facilities, people.open_stream("facilities"))
    names = pa.array([f"特別養護老人ホーム見本苑第{number}" for number in range(1, facilities + 1)], pa.string())
    facility = pa.array((rng.random(count) ** 1.4 * facilities).astype(np.int32))
    status = draw_codes("waiting_status", rng, count)
    waiting = pc.equal(status.dictionary_decode(), "1")
    changed = np.minimum(received + rng.integers(1, 400, count).astype("timedelta64[D]"), people.as_of)
    return {
        "application_number": numbering.to_text(np.arange(1, count + 1), 8),
        "facility_number": pa.DictionaryArray.from_arrays(facility, offices),
        "facility_name": pa.DictionaryArray.from_arrays(facility, names),
        "applied_on": pa.array(received - rng.integers(0, 4, count).astype("timedelta64[D]")),
        "received_on": pa.array(received),
        "room_wish": draw_codes("room_wish", rng, count),
        "wish_period": draw_codes("wish_period", rng, count),
        "facilities_applied": pa.array(np.minimum(1 + rng.geometric(0.45, count), 30)),
        "status": status,
        "status_changed_on": pc.if_else(waiting, pa.scalar(None, pa.date32()), pa.array(changed).cast(pa.date32())),
    }
