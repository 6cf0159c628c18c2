"""Persons and households: ages, sexes, names and places that could be, of nobody."""

import numpy as np
import pyarrow as pa
import pytest

from sample_data import households as h
from sample_data import people as persons_of
from sample_data import pools
from sample_data.people import make_people
from sample_data.write import AS_OF
from schemas.municipalities import get_municipality

CITY = "902012"


def people_of(kind="resident", persons=20_000, seed=1):
    return make_people(persons, get_municipality(CITY), file_kind=kind, seed=seed, as_of=AS_OF)


def test_same_seed_same_persons_and_another_seed_others():
    first, again, other = people_of(seed=3), people_of(seed=3), people_of(seed=4)
    assert persons_of.write_names(first).equals(persons_of.write_names(again))
    assert np.array_equal(first.birth_date, again.birth_date)
    assert not np.array_equal(first.birth_date, other.birth_date)


def test_birth_dates_give_the_ages_on_the_day():
    people = people_of()
    born = people.birth_date.astype("datetime64[M]").astype(int)
    day = AS_OF.astype("datetime64[M]").astype(int)
    within = (AS_OF - AS_OF.astype("datetime64[M]")).astype(int) >= (people.birth_date - people.birth_date.astype("datetime64[M]")).astype(
        int
    )
    months = day - born - np.where(within, 0, 1)
    assert np.array_equal(months // 12, people.age_years)


def test_the_shape_is_that_of_the_census():
    people = people_of(persons=200_000)
    # census of 2020: 28.6 % are 65 or older, 11.9 % under 15, 51.4 % women
    assert np.mean(people.age_years >= 65) == pytest.approx(0.29, abs=0.015)
    assert np.mean(people.age_years < 15) == pytest.approx(0.12, abs=0.01)
    assert np.mean(people.sex == 2) == pytest.approx(0.514, abs=0.01)


def test_there_is_a_person_of_110_or_more():
    assert people_of("nursing_home_waitlist", 1000).age_years.max() >= 110


def test_a_small_file_has_no_oldest_person_put_in():
    assert people_of("nursing_home_waitlist", 999).age_years[0] < 110


def test_insured_persons_are_under_75():
    assert people_of("kokuho_benefit").age_years.max() == 74


def test_every_household_has_its_head_and_no_other():
    people = people_of()
    homes = people.households
    assert homes.size.sum() == len(people)
    assert np.array_equal(homes.number[homes.head], np.arange(len(homes.size)))
    heads = np.bincount(homes.number[homes.relationship == h.HEAD], minlength=len(homes.size))
    assert np.array_equal(heads, np.ones(len(homes.size)))


def test_minors_live_with_somebody_and_parents_are_older_than_children():
    people = people_of()
    homes = people.households
    minors = people.age_years < 15
    assert (homes.size[homes.number[minors]] > 1).all()
    children = homes.relationship == h.CHILD
    oldest = np.zeros(len(homes.size))
    np.maximum.at(oldest, homes.number, people.age_years)
    assert (oldest[homes.number[children]] - people.age_years[children] >= h.PARENT_GAP_YEARS[0]).all()


def test_households_have_sizes_that_occur():
    size = people_of(persons=100_000).households.size
    assert size.max() < 20
    assert np.mean(size == 1) == pytest.approx(0.42, abs=0.08)


def test_without_adults_children_stay_alone():
    homes = h.form_households(np.array([1, 2], dtype=np.int8), np.array([5, 7], dtype=np.int16), pools.open_stream(1))
    assert homes.relationship.tolist() == [h.HEAD, h.HEAD]


def test_couples_share_name_and_address():
    people = people_of()
    homes = people.households
    spouses = np.flatnonzero(homes.relationship == h.SPOUSE)
    heads = homes.head[homes.number[spouses]]
    names, (_, detail, _) = persons_of.write_surnames(people), persons_of.write_addresses(people)
    assert names.take(pa.array(spouses)).equals(names.take(pa.array(heads)))
    assert detail.take(pa.array(spouses)).equals(detail.take(pa.array(heads)))
    assert (people.sex[spouses] != people.sex[heads]).all()


def test_postal_codes_and_phones_are_in_ranges_nobody_uses():
    people = people_of()
    _, _, postal = persons_of.write_addresses(people)
    assert all(code.startswith("000") and len(code) == 7 for code in postal.to_pylist())
    assert all(phone.startswith("000-") for phone in persons_of.write_phones(people).to_pylist())


def test_names_can_be_written_in_cp932_and_have_readings():
    people = people_of()
    names, kana = persons_of.write_names(people), persons_of.write_names(people, kana=True)
    assert all(name.encode("cp932") for name in names.unique().to_pylist())
    assert all(all("ァ" <= letter <= "ー" or letter == "\u3000" for letter in text) for text in kana.unique().to_pylist())


def test_a_new_part_does_not_change_the_others():
    first, second = pools.open_stream(1, "a", "b").random(4), pools.open_stream(1, "a", "c").random(4)
    assert not np.array_equal(first, second)
    assert np.array_equal(first, pools.open_stream(1, "a", "b").random(4))


def test_repr_shows_a_count_and_no_person():
    assert repr(people_of(persons=12)) == "People(12)"
