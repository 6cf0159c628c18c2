"""Checks across columns: every shipped check fires on a row made for it, and on no sound row; ages, months and diseases by hand."""

from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from intake.quality.cells import CONDITIONS, ColumnCells, Rows, columns_of
from intake.quality.checks import CheckBook, describe_persons, load_checks
from intake.quality.fingerprints import fingerprint
from schemas.messages import Name
from schemas.tables import arrow_types, load_table, table_names

AS_OF = date(2024, 4, 30)
SOUND = {
    "kokuho_benefit": {
        "person_key": "K0000001", "birth_date": date(1960, 5, 1), "sex": "2", "qualified_on": date(2020, 4, 1),
        "lost_on": date(2024, 6, 1), "loss_reason": "01", "treated_month": date(2024, 4, 1), "care_kind": "1", "disease_code": "I10",
        "outcome": "1", "cost_yen": 10000, "copayment_yen": 3000, "high_cost_yen": 0, "meal_yen": 500,
    },
    "nursing_home_waitlist": {
        "applicant_key": "A00001", "birth_date": date(1940, 1, 1), "sex": "1", "applied_on": date(2024, 1, 1),
        "received_on": date(2024, 1, 2), "certified_from": date(2023, 10, 1), "certified_to": date(2024, 9, 30), "care_level": "23",
        "exception_reason": None, "status": "1", "status_changed_on": date(2024, 2, 1), "disease_code": "C61",
    },
    "care_provider_staff": {
        "staff_key": "S00001", "birth_date": date(1980, 1, 1), "started_on": date(2010, 4, 1), "experience_years": 15, "job": "03",
        "designated_on": date(2012, 4, 1), "expires_on": date(2030, 3, 31), "care_manager_number": "12345678",
    },
}  # fmt: skip
# check → what makes the sound row conspicuous
FIRES = {
    "kokuho_benefit": {
        "birth-after-treatment": {"birth_date": date(2024, 5, 1)},
        "birth-after-qualification": {"birth_date": date(2020, 4, 2)},
        "loss-before-qualification": {"lost_on": date(2020, 3, 31)},
        "treatment-before-qualification": {"qualified_on": date(2024, 5, 1)},
        "treatment-after-loss": {"lost_on": date(2024, 3, 31)},
        "treatment-after-death": {"loss_reason": "04", "lost_on": date(2024, 3, 31)},
        "loss-reason-without-day": {"lost_on": None},
        "death-without-loss": {"outcome": "3", "lost_on": None},
        "age-75-and-over": {"birth_date": date(1949, 4, 1)},
        "age-over-120": {"birth_date": date(1903, 4, 1)},
        "female-disease-male": {"sex": "1", "disease_code": "C539"},
        "male-disease-female": {"disease_code": "C61"},
        "childbirth-age": {"disease_code": "O800", "birth_date": date(2014, 4, 2)},
        "perinatal-age": {"disease_code": "P073", "birth_date": date(2022, 4, 1)},
        "copayment-over-cost": {"copayment_yen": 10001},
        "high-cost-over-cost": {"high_cost_yen": 10001},
        "meal-outside-hospital": {"care_kind": "2"},
    },
    "nursing_home_waitlist": {
        "birth-after-application": {"birth_date": date(2024, 1, 2)},
        "birth-after-receipt": {"birth_date": date(2024, 1, 3)},
        "receipt-before-application": {"received_on": date(2023, 12, 31)},
        "change-before-receipt": {"status_changed_on": date(2024, 1, 1)},
        "certification-reversed": {"certified_to": date(2023, 9, 30)},
        "younger-than-40": {"birth_date": date(1984, 1, 3)},
        "age-over-120": {"birth_date": date(1903, 1, 2)},
        "exception-without-reason": {"care_level": "21"},
        "support-level": {"care_level": "13"},
        "change-without-day": {"status": "3", "status_changed_on": None},
        "female-disease-male": {"disease_code": "N80"},
        "male-disease-female": {"sex": "2"},
    },
    "care_provider_staff": {
        "birth-after-start": {"birth_date": date(2010, 4, 2)},
        "younger-than-15": {"birth_date": date(1995, 4, 2)},
        "age-over-100": {"birth_date": date(1909, 4, 1)},
        "experience-beyond-age": {"experience_years": 30},
        "designation-reversed": {"expires_on": date(2012, 3, 31)},
        "manager-without-number": {"care_manager_number": None},
    },
}


def make_cells(values, label):
    hashes, flags = fingerprint(values)
    return ColumnCells(values=values, indices=np.arange(len(values)), hashes=hashes, flags=flags, label=Name(label))


def make_rows(table, *rows, as_of=AS_OF):
    types = {column.name: arrow_types()[column.type] for column in load_table(table).columns}
    cells = {name: make_cells(pa.array([row[name] for row in rows], types[name]), name) for name in rows[0]}
    return Rows(columns=cells, numbers=np.arange(2, len(rows) + 2), as_of=as_of)


def judge(table, *rows):
    book = CheckBook(table=load_checks(table))
    book.add(make_rows(table, *rows))
    return {entry["id"]: (entry["count"], entry["rows"]) for entry in book.to_json() if entry["count"]}


@pytest.mark.parametrize("table", table_names())
def test_checks_name_columns_of_the_table_and_a_sound_row_is_not_conspicuous(table):
    checks, known = load_checks(table), {column.name for column in load_table(table).columns} | {"as_of"}
    assert {name for check in checks.checks for name in check.columns} | set(checks.key) <= known
    assert {check.id for check in checks.checks} == set(FIRES[table])
    assert judge(table, SOUND[table]) == {}


@pytest.mark.parametrize(("table", "check"), [(table, check) for table, checks in FIRES.items() for check in checks])
def test_every_check_fires_on_the_row_made_for_it(table, check):
    assert judge(table, SOUND[table], {**SOUND[table], **FIRES[table][check]})[check] == (1, [3])


@pytest.mark.parametrize(("birth", "age"), [(date(1949, 4, 1), 75), (date(1949, 4, 2), 74), (date(1949, 3, 31), 75), (date(2024, 4, 1), 0)])
def test_age_changes_on_the_birthday(birth, age):
    rows = make_rows("kokuho_benefit", {"birth_date": birth, "treated_month": date(2024, 4, 1)})
    assert rows.get_ages("birth_date", "treated_month").tolist() == [age]


@pytest.mark.parametrize(("code", "hit"), [("C50", False), ("C51", True), ("C589", True), ("C59", False), ("D06", True), ("D061", True)])
def test_diseases_are_compared_by_their_first_three_characters(code, hit):
    rows = make_rows("kokuho_benefit", {"disease_code": code})
    assert CONDITIONS["disease"](rows, ["disease_code", "C51-C58", "D06"]).tolist() == [hit]


def test_a_missing_value_fulfils_nothing_but_missing():
    rows = make_rows("kokuho_benefit", {"birth_date": None, "treated_month": date(2024, 4, 1), "sex": None, "cost_yen": None})
    assert not CONDITIONS["later"](rows, ["birth_date", "treated_month"])[0]
    assert not CONDITIONS["older"](rows, ["birth_date", "treated_month", 0])[0]
    assert not CONDITIONS["more"](rows, ["cost_yen", 0])[0]
    assert not CONDITIONS["is"](rows, ["sex", "1"])[0]
    assert CONDITIONS["missing"](rows, "sex")[0]
    assert columns_of("missing", "sex") == ("sex",)


def test_a_check_without_its_columns_is_not_made():
    book = CheckBook(table=load_checks("kokuho_benefit"))
    book.add(make_rows("kokuho_benefit", {"person_key": "K0000001", "cost_yen": 1, "copayment_yen": 2}))
    made = {entry["id"]: entry["count"] for entry in book.to_json()}
    assert made["copayment-over-cost"] == 1
    assert made["birth-after-treatment"] is None


def test_repeats_are_those_of_the_key_over_blocks():
    book = CheckBook(table=load_checks("kokuho_benefit"))
    row = SOUND["kokuho_benefit"]
    book.add(make_rows("kokuho_benefit", row, {**row, "person_key": "K0000002"}))
    book.add(make_rows("kokuho_benefit", {**row, "cost_yen": 20000}))
    assert book.describe_repeats() == {"key": ["person_key", "treated_month", "care_kind"], "count": 1, "rows": [2]}
    assert [(note.kind.code, note.count) for note in book.to_findings()] == [("key-repeated", 1)]


@pytest.mark.parametrize(("found", "within"), [(799, False), (800, True), (1200, True), (1201, False)])
def test_persons_are_compared_with_those_of_the_register(found, within):
    assert describe_persons("kokuho_benefit", 1000, found)["within"] is within
