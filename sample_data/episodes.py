"""Who sought care when, and for what: events per person and month, before they become claims.

Decided here: numbers of events by age, sex and frailty, diagnoses, kinds of care, facilities. Not decided here: points, money, text.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sample_data.diagnoses import Diagnoses, find_cells, load_diagnoses
from sample_data.people import People

INPATIENT, OUTPATIENT, DENTAL, PHARMACY = 1, 2, 3, 4
CHRONIC_VISIT_SHARE = 0.42
PRESCRIPTION_SHARE = 0.6
HOME_CLINIC_SHARE = 0.75
PERSONS_PER_FACILITY = {INPATIENT: 9000, OUTPATIENT: 900, DENTAL: 1500, PHARMACY: 1800}
MONTHS_PER_YEAR = 12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Episodes:
    """Events, one entry each.

    Parameters
    ----------
    person : NDArray[np.int64]
        Entry in `People`.
    month : NDArray[np.int16]
        0 is the first month.
    kind : NDArray[np.int8]
        1 hospital stay, 2 outpatient, 3 dental, 4 pharmacy.
    diagnosis : NDArray[np.int16]
        Entry in `Diagnoses`.
    facility : NDArray[np.int32]
        Number of the facility among those of its kind.
    """

    person: NDArray[np.int64]
    month: NDArray[np.int16]
    kind: NDArray[np.int8]
    diagnosis: NDArray[np.int16]
    facility: NDArray[np.int32]

    def __len__(self) -> int:
        """Return how many events there are."""
        return len(self.person)

    def take(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> "Episodes":
        """Return some of the events."""
        return Episodes(
            person=self.person[which],
            month=self.month[which],
            kind=self.kind[which],
            diagnosis=self.diagnosis[which],
            facility=self.facility[which],
        )


def make_episodes(people: People, months: int) -> Episodes:
    """Return the events of all persons in `months` months, sorted by person and month; one per person, month, kind and facility."""
    rng = people.open_stream("episodes")
    diagnoses = load_diagnoses()
    cells = find_cells(people.sex, people.age_years)
    parts = [
        _visit_regularly(people, cells, diagnoses, months, rng),
        *(_fall_ill(people, cells, diagnoses, (kind, months), rng) for kind in ("acute", "dental")),
    ]
    person, month, diagnosis = (np.concatenate([part[column] for part in parts]) for column in range(3))
    kind = _choose_kind(diagnosis, diagnoses, rng)
    facility = _choose_facility(person, kind, len(people), rng)
    visits = Episodes(person=person, month=month, kind=kind, diagnosis=diagnosis, facility=facility)
    return _merge(_add_pharmacy(visits, len(people), rng))


def _visit_regularly(
    people: People, cells: NDArray[np.int64], diagnoses: Diagnoses, months: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int16], NDArray[np.int16]]:
    """Return person, month and diagnosis of visits for lasting and rare diseases."""
    tilt = np.clip(0.6 + 0.4 * people.frailty, 0, 2.5)
    pairs = []
    for entry in diagnoses.of_kind("chronic", "rare"):
        have = np.flatnonzero(rng.random(len(people), dtype=np.float32) < diagnoses.rates[entry][cells] * tilt)
        pairs.append((have, np.full(len(have), entry, dtype=np.int16)))
    person, diagnosis = (np.concatenate([pair[column] for pair in pairs]) for column in range(2))
    visited = rng.random((len(person), months), dtype=np.float32) < CHRONIC_VISIT_SHARE
    pair, month = np.nonzero(visited)
    return person[pair], month.astype(np.int16), diagnosis[pair]


def _fall_ill(
    people: People, cells: NDArray[np.int64], diagnoses: Diagnoses, what: tuple[str, int], rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int16], NDArray[np.int16]]:
    """Return person, month and diagnosis of short illnesses of one kind."""
    kind, months = what
    entries = diagnoses.of_kind(kind)
    rates = diagnoses.rates[entries].T
    total = rates.sum(axis=1)
    episodes = rng.poisson(total[cells] * people.frailty * months / MONTHS_PER_YEAR)
    person = np.repeat(np.arange(len(people), dtype=np.int64), episodes)
    share = np.cumsum(rates, axis=1) / np.maximum(total, 1e-12)[:, None]
    ladder = (share + np.arange(len(share))[:, None]).ravel()
    cell = cells[person]
    step = np.searchsorted(ladder, cell + rng.random(len(person)) * (1 - 1e-9), side="right") - cell * len(entries)
    month = rng.integers(0, months, len(person), dtype=np.int16)
    return person, month, entries[np.minimum(step, len(entries) - 1)].astype(np.int16)


def _choose_kind(diagnosis: NDArray[np.int16], diagnoses: Diagnoses, rng: np.random.Generator) -> NDArray[np.int8]:
    """Return hospital stay, dental or outpatient."""
    kind = np.where(rng.random(len(diagnosis)) < diagnoses.inpatient[diagnosis], INPATIENT, OUTPATIENT)
    return np.where(np.isin(diagnosis, diagnoses.of_kind("dental")), DENTAL, kind).astype(np.int8)


def count_facilities(kind: int, persons: int) -> int:
    """Return how many facilities of a kind serve a population."""
    return max(2, persons // PERSONS_PER_FACILITY[kind])


def _choose_facility(person: NDArray[np.int64], kind: NDArray[np.int8], persons: int, rng: np.random.Generator) -> NDArray[np.int32]:
    """Return the facility of each event: mostly the person's usual one, popular ones more often."""
    counts = np.array([0, *(count_facilities(code, persons) for code in (INPATIENT, OUTPATIENT, DENTAL, PHARMACY))])
    usual, today = rng.random(persons), rng.random(len(person))
    place = np.where(rng.random(len(person)) < HOME_CLINIC_SHARE, usual[person], today)
    facility: NDArray[np.int32] = (place**1.7 * counts[kind]).astype(np.int32)
    return facility


def _add_pharmacy(visits: Episodes, persons: int, rng: np.random.Generator) -> Episodes:
    """Return the visits and the dispensing that follows part of them."""
    follows = np.flatnonzero((visits.kind == OUTPATIENT) & (rng.random(len(visits)) < PRESCRIPTION_SHARE))
    taken = visits.take(follows)
    kind = np.full(len(follows), PHARMACY, dtype=np.int8)
    dispensed = replace(taken, kind=kind, facility=_choose_facility(taken.person, kind, persons, rng))
    both = {name: np.concatenate([getattr(visits, name), getattr(dispensed, name)]) for name in Episodes.__slots__}
    return Episodes(**both)


def _merge(events: Episodes) -> Episodes:
    """Return one event per person, month, kind and facility, in that order."""
    key = ((events.person * 4096 + events.month) * 8 + events.kind) * 65536 + events.facility
    return events.take(np.unique(key, return_index=True)[1])
