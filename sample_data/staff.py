"""Staff of designated care providers (介護保険指定事業者等従事者台帳): offices with valid numbers, services, posts, care managers."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sample_data import numbering, places
from sample_data import people as persons_of
from sample_data.membership import number_within
from sample_data.notes import write_notes
from sample_data.people import People
from sample_data.shares import draw_codes, load_shares, make_codes, to_table
from schemas.codes import load_code_list
from schemas.tables import load_table

TABLE = "care_provider_staff"
SECOND_POST_SHARE = 0.12
PERSONS_PER_OFFICE = 9
OFFICES_PER_CORPORATION = 3
DESIGNATION_MONTHS = 72
REGISTRATION_MONTHS = 60
NAME_CHARACTERS = 12
CAPACITIES = {
    "15": (10, 60),
    "16": (20, 60),
    "21": (10, 40),
    "32": (9, 28),
    "33": (30, 120),
    "51": (50, 150),
    "52": (50, 150),
    "54": (20, 30),
    "55": (20, 120),
    "72": (3, 13),
    "73": (18, 30),
    "77": (18, 30),
    "78": (8, 19),
}
CARE_MANAGER_QUALIFICATIONS = ("02", "03")
CORPORATION_NAMES = {
    "1": "社会福祉法人見本福祉会",
    "2": "医療法人見本会",
    "3": "株式会社見本ケア",
    "4": "特定非営利活動法人見本の輪",
    "5": "一般社団法人見本協会",
    "6": "見本生活協同組合",
    "7": "見本地方公共団体",
    "9": "見本法人",
}


def make_staff(people: People) -> pa.Table:
    """Return posts in the common schema, office by office; some persons hold two posts."""
    rng = people.open_stream("staff")
    twice = np.flatnonzero(rng.random(len(people)) < SECOND_POST_SHARE)
    who = np.concatenate([np.arange(len(people)), twice])
    count = max(2, len(people) // PERSONS_PER_OFFICE)
    office = (rng.random(len(who)) ** 1.2 * count).astype(np.int64)
    order = np.argsort(office, kind="stable")
    who, office = who[order], office[order]
    columns = {name: column.take(pa.array(who)) for name, column in _identify(people).items()}
    columns |= {name: column.take(pa.array(office)) for name, column in _open_offices(people, count).items()}
    columns |= _employ(people, who, columns["designated_on"], rng)
    columns["note"] = write_notes(TABLE, persons_of.write_surnames(people), who, rng)
    return to_table(columns, load_table(TABLE).arrow_schema())


def _identify(people: People) -> dict[str, pa.Array]:
    """Return who the staff are and what they are trained for."""
    rng = people.open_stream("qualification")
    town, detail, postal = persons_of.write_addresses(people)
    keys = persons_of.write_keys(people, "staff_key", 10)
    job = draw_codes("staff_job", rng, len(people)).dictionary_decode()
    qualification = _draw_qualifications(job, rng)
    manager = pc.is_in(qualification, value_set=pa.array(CARE_MANAGER_QUALIFICATIONS))
    none = pa.scalar(None, pa.string())
    until = places.add_months(places.draw_days(rng, people.as_of, 600, len(people)), np.full(len(people), REGISTRATION_MONTHS))
    return {
        "staff_key": keys,
        "name": persons_of.write_names(people),
        "name_kana": persons_of.write_names(people, kana=True),
        "birth_date": pa.array(people.birth_date),
        "sex": pc.cast(pa.array(people.sex), pa.string()),
        "postal_code": postal,
        "address": numbering.join_text([people.municipality.name, town, detail]),
        "phone": persons_of.write_phones(people),
        "email": pc.if_else(pa.array(rng.random(len(people)) < 0.6), numbering.join_text(["staff", keys, "@mihon.example"]), none),
        "job": job,
        "qualification": qualification,
        "care_manager_number": pc.if_else(manager, persons_of.write_keys(people, "care_manager", 8), none),
        "registration_expires_on": pc.if_else(manager, pa.array(until).cast(pa.date32()), pa.scalar(None, pa.date32())),
    }


def _draw_qualifications(job: pa.Array, rng: np.random.Generator) -> pa.Array:
    """Return the main qualification that suits each job."""
    names = {code: f"qualification_{code}" for code in load_shares()["staff_job"]}
    result = draw_codes("qualification_other", rng, len(job)).dictionary_decode()
    for code, name in names.items():
        if name in load_shares():
            result = pc.if_else(pc.equal(job, code), draw_codes(name, rng, len(job)).dictionary_decode(), result)
    return result


def _open_offices(people: People, count: int) -> dict[str, pa.Array]:
    """Return the offices, one value each: all public facts."""
    rng = people.open_stream("offices")
    service = draw_codes("care_service", rng, count)
    labels = [load_code_list("care_service").get_label(code)[:NAME_CHARACTERS] for code in service.dictionary.to_pylist()]
    label = pa.array(labels, pa.string()).take(service.indices)
    homes = places.draw_homes(people.municipality, count, rng)
    designated = places.draw_days(rng, people.as_of - 30, 2600, count)
    periods = 1 + (people.as_of - designated).astype(np.int64) // (DESIGNATION_MONTHS * 31)
    town, detail, _ = persons_of.write_addresses(people)
    somewhere = pa.array(rng.integers(0, len(people), count))
    return {
        "office_number": numbering.make_office_numbers(int(people.municipality.code[:2]), count, rng),
        "service_kind": service.dictionary_decode(),
        "office_name": numbering.join_text(["見本", _write_numbers(count), label]),
        "municipality_code": homes.dictionary_decode(),
        "office_address": numbering.join_text([town.take(somewhere), detail.take(somewhere)]),
        "office_phone": persons_of.draw_phones(count, rng),
        "designated_on": pa.array(designated),
        "expires_on": pa.array(places.add_months(designated, periods * DESIGNATION_MONTHS)),
        "capacity": _draw_capacities(service, rng),
        **_found_corporations(count, rng),
    }


def _write_numbers(count: int) -> pa.Array:
    return pc.cast(pa.array(np.arange(1, count + 1)), pa.string())


def _draw_capacities(service: pa.DictionaryArray, rng: np.random.Generator) -> pa.Array:
    """Return the capacity of services that have one; null for the others."""
    bounds = np.array([CAPACITIES.get(code, (0, 1)) for code in service.dictionary.to_pylist()])[service.indices.to_numpy()]
    return pa.array(rng.integers(bounds[:, 0], bounds[:, 1]), mask=bounds[:, 1] == 1)


def _found_corporations(offices: int, rng: np.random.Generator) -> dict[str, pa.Array]:
    """Return the corporation of each office: number, kind, name."""
    count = max(2, offices // OFFICES_PER_CORPORATION)
    kind = draw_codes("corporation_kind", rng, count).dictionary_decode()
    names = pa.array([CORPORATION_NAMES[code] for code in kind.to_pylist()], pa.string())
    whose = pa.array((rng.random(offices) ** 1.5 * count).astype(np.int64))
    return {
        "corporation_number": numbering.make_corporate_numbers(count, rng).take(whose),
        "corporation_kind": kind.take(whose),
        "corporation_name": numbering.join_text([names, "第", _write_numbers(count)]).take(whose),
    }


def _employ(people: People, who: NDArray[np.int64], designated: pa.Array, rng: np.random.Generator) -> dict[str, pa.Array]:
    """Return what belongs to the post: since when, how, how long in the trade."""
    count = len(who)
    started = np.maximum(places.draw_days(rng, people.as_of, 1500, count), designated.to_numpy(zero_copy_only=False))
    employment = draw_codes("employment", rng, count)
    full = pc.equal(employment.dictionary_decode(), "A").to_numpy(zero_copy_only=False)
    second = number_within(np.unique(who, return_inverse=True)[1]) > 0
    part = np.where(second, rng.integers(1, 7, count), rng.integers(4, 20, count)) / 20
    most = np.maximum(people.age_years[who].astype(np.int64) - 18, 0)
    return {
        "started_on": pa.array(started),
        "employment": make_codes(np.where(second, 3, employment.indices.to_numpy()), ("A", "B", "C", "D")),
        "full_time_equivalent": pa.array(np.where(full & ~second, 1.0, part)),
        "experience_years": pa.array(np.minimum(rng.gamma(1.6, 5.5, count).astype(np.int64), most)),
        "training_completed": pa.array(rng.random(count) < 0.8),
        "disposition_record": pa.array(rng.random(count) < 0.006),
    }
