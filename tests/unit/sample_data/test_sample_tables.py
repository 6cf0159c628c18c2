"""Tables of samples keep every rule of the common schema and of what they speak of."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from sample_data import membership
from sample_data.claims import iterate_claims
from sample_data.diagnoses import load_diagnoses
from sample_data.episodes import make_episodes
from sample_data.people import make_people
from sample_data.shares import draw_codes, load_shares
from sample_data.write import AS_OF, FIRST_MONTH, Sample, iterate_tables
from schemas import check_digits
from schemas.codes import load_code_list
from schemas.errors import SettingsError
from schemas.hierarchies import load_hierarchy
from schemas.municipalities import get_municipality
from schemas.tables import load_table, table_names

PERSONS = 4000
BODY = "900001"


@pytest.fixture(scope="module")
def tables():
    return {name: pa.concat_tables(list(iterate_tables(Sample(table=name, municipality=BODY, persons=PERSONS)))) for name in table_names()}


@pytest.mark.parametrize("name", table_names())
def test_cells_keep_the_rules_of_their_columns(tables, name):
    table = tables[name]
    assert table.schema.equals(load_table(name).arrow_schema())
    for column in load_table(name).columns:
        cells = table[column.name]
        filled = cells.drop_null().combine_chunks()
        assert not column.required or not cells.null_count, column.name
        if column.code_list:
            assert set(filled.unique().to_pylist()) <= set(load_code_list(column.code_list).entries), column.name
        if column.pattern:
            assert all(pc.match_substring_regex(filled, f"^(?:{column.pattern})$").to_pylist()), column.name
        if column.check_digit:
            assert check_digits.are_valid(column.check_digit, filled).all(), column.name
        if column.minimum is not None and len(filled):
            assert pc.min(filled).as_py() >= column.minimum, column.name
        if column.maximum is not None and len(filled):
            assert pc.max(filled).as_py() <= column.maximum, column.name


@pytest.mark.parametrize("name", table_names())
def test_hierarchies_know_every_value(tables, name):
    for column in load_table(name).columns:
        if column.hierarchy:
            values = tables[name][column.name].combine_chunks().unique()
            levels = load_hierarchy(column.hierarchy, as_of="2025-04-01").resolve(values)
            assert levels.codes.shape[0] == len(values)


@pytest.mark.parametrize("name", table_names())
def test_same_seed_same_rows(tables, name):
    again = pa.concat_tables(list(iterate_tables(Sample(table=name, municipality=BODY, persons=PERSONS))))
    assert again.equals(tables[name])


def test_batches_do_not_change_the_rows(tables):
    people = make_people(PERSONS, get_municipality(BODY), file_kind="kokuho_benefit", seed=1, as_of=AS_OF)
    small = pa.concat_tables(list(iterate_claims(people, first_month=FIRST_MONTH, months=12, rows=999)))
    assert small.combine_chunks().equals(tables["kokuho_benefit"].combine_chunks())


def test_claims_are_one_per_person_month_facility_and_kind(tables):
    keys = tables["kokuho_benefit"].select(["person_key", "treated_month", "facility_code", "care_kind"])
    assert keys.group_by(keys.column_names).aggregate([]).num_rows == keys.num_rows


def test_costs_follow_points_and_have_a_heavy_tail(tables):
    claims = tables["kokuho_benefit"]
    assert pc.all(pc.equal(claims["cost_yen"], pc.multiply(claims["points"], 10))).as_py()
    costs = claims["cost_yen"].to_numpy()
    assert np.percentile(costs, 50) < 12_000
    assert costs.max() > 1000 * np.percentile(costs, 50)


def test_nobody_has_claims_after_leaving(tables):
    claims = tables["kokuho_benefit"]
    left = claims.filter(claims["lost_on"].is_valid())
    assert left.num_rows > 0
    assert pc.all(pc.less_equal(left["treated_month"], left["lost_on"])).as_py()
    assert set(left["loss_reason"].unique().to_pylist()) <= set(load_code_list("loss_reason").entries)


def test_membership_begins_with_birth_or_later_and_before_the_first_claim(tables):
    claims = tables["kokuho_benefit"]
    assert pc.all(pc.less_equal(claims["birth_date"], claims["qualified_on"])).as_py()
    month_of = [column.to_numpy().astype("datetime64[M]") for column in (claims["qualified_on"], claims["treated_month"])]
    assert (month_of[0] <= month_of[1]).all()


def test_older_persons_have_more_claims():
    people = make_people(20_000, get_municipality(BODY), file_kind="kokuho_benefit", seed=1, as_of=AS_OF)
    claims = np.bincount(make_episodes(people, 12).person, minlength=len(people))
    assert claims[people.age_years >= 70].mean() > 2 * claims[(people.age_years >= 20) & (people.age_years < 40)].mean()


def test_rare_diseases_occur_and_stay_rare():
    people = make_people(60_000, get_municipality(BODY), file_kind="kokuho_benefit", seed=1, as_of=AS_OF)
    events, diagnoses = make_episodes(people, 12), load_diagnoses()
    persons = [len(np.unique(events.person[events.diagnosis == entry])) for entry in diagnoses.of_kind("rare")]
    assert sum(persons) > 20
    assert max(persons) < len(people) * 0.002


def test_men_and_women_fall_ill_with_what_they_can(tables):
    claims = tables["kokuho_benefit"]
    women = claims.filter(pc.equal(claims["sex"], "2"))["disease_code"].unique().to_pylist()
    men = claims.filter(pc.equal(claims["sex"], "1"))["disease_code"].unique().to_pylist()
    assert not {"N40", "C61"} & set(women)
    assert not {"O80", "N92"} & set(men)


@pytest.mark.parametrize(("age", "income", "tenths"), [(5, "11", 2), (6, "11", 3), (69, "15", 3), (70, "24", 2), (70, "23", 3)])
def test_share_of_cost_by_age_and_income(age, income, tenths):
    found = membership.copayment_tenths(np.array([age], dtype=np.int16), np.array([membership.income_codes().index(income)], dtype=np.int8))
    assert found.tolist() == [tenths]


@pytest.mark.parametrize(
    ("income", "cost", "limit"),
    [("13", 267_000, 80_100), ("13", 1_267_000, 80_100 + 10_000), ("14", 9_000_000, 57_600), ("26", 1, 15_000)],
)
def test_monthly_limit_by_income_and_cost(income, cost, limit):
    # class ウ: 80,100 yen and 1 % of what is above 267,000 yen
    index = np.array([membership.income_codes().index(income)], dtype=np.int8)
    assert membership.monthly_limit_yen(index, np.array([cost])).tolist() == [limit]


def test_numbers_within_groups_count_from_zero():
    assert membership.number_within(np.array([5, 2, 5, 5, 2])).tolist() == [0, 0, 1, 2, 1]


def test_applicants_may_apply_twice_and_have_one_birth_date(tables):
    waitlist = tables["nursing_home_waitlist"]
    persons = pc.count_distinct(waitlist["applicant_key"]).as_py()
    assert persons == PERSONS
    assert waitlist.num_rows > persons
    per_person = waitlist.group_by("applicant_key").aggregate([("birth_date", "count_distinct")])
    assert pc.max(per_person["birth_date_count_distinct"]).as_py() == 1


def test_exception_reasons_belong_to_low_care_levels(tables):
    waitlist = tables["nursing_home_waitlist"]
    assert set(waitlist.filter(waitlist["exception_reason"].is_valid())["care_level"].unique().to_pylist()) == {"21", "22"}


def test_who_has_no_carer_has_no_age_of_one(tables):
    waitlist = tables["nursing_home_waitlist"]
    alone = pc.equal(waitlist["carer_relationship"], "90")
    assert pc.all(pc.equal(alone, waitlist["carer_age_years"].is_null())).as_py()
    assert waitlist.filter(alone)["carer_work"].unique().to_pylist() == ["8"]


def test_an_applicant_lives_where_the_insurer_is(tables):
    pairs = tables["nursing_home_waitlist"].select(["municipality_code", "insurer_number"])
    assert all(code[:5] == insurer[:5] for code, insurer in zip(*(column.to_pylist() for column in pairs.columns), strict=True))


def test_care_managers_have_numbers_and_dates(tables):
    staff = tables["care_provider_staff"]
    assert pc.all(pc.equal(staff["care_manager_number"].is_valid(), staff["registration_expires_on"].is_valid())).as_py()
    assert staff["care_manager_number"].drop_null().unique().to_pylist()


def test_an_office_is_the_same_in_every_row(tables):
    staff = tables["care_provider_staff"]
    columns = ["service_kind", "office_name", "corporation_number", "designated_on"]
    offices = staff.group_by("office_number").aggregate([(name, "count_distinct") for name in columns])
    assert all(pc.max(offices[f"{name}_count_distinct"]).as_py() <= 1 for name in columns)
    assert pc.all(pc.less_equal(staff["designated_on"], staff["started_on"])).as_py()


def test_a_tiny_village_gives_no_more_persons_than_it_has():
    village = pa.concat_tables(list(iterate_tables(Sample(table="nursing_home_waitlist", municipality="914011", persons=5000))))
    assert pc.count_distinct(village["applicant_key"]).as_py() == 170


def test_real_municipalities_are_refused():
    with pytest.raises(SettingsError, match="fictional"):
        list(iterate_tables(Sample(table="kokuho_benefit", municipality="131041", persons=10)))


def test_every_share_belongs_to_a_code():
    lists = {"waitlist_disease", "income_class_under_70", "income_class_from_70"}
    for name, shares in load_shares().items():
        if name in lists or name.startswith("qualification"):
            continue
        assert set(shares) <= set(load_code_list(name).entries), name


def test_codes_are_drawn_with_their_shares():
    drawn = draw_codes("employment", np.random.default_rng(1), 50_000)
    found = pc.value_counts(drawn.dictionary_decode()).to_pylist()
    shares = load_shares()["employment"]
    assert {entry["values"]: entry["counts"] / 50_000 for entry in found} == pytest.approx(shares, abs=0.01)
