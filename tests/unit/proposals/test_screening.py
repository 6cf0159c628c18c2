"""Each test of the law at its boundary: one below, on it, one above."""

import copy
from datetime import date, timedelta

import pytest

from proposals.grain import allowed_grains
from proposals.levels import column_levels
from proposals.screening import OfferedFile, Question, screen_proposal
from proposals.verdicts import Outcome
from schemas.regimes import load_regime
from schemas.tables import load_table

NEW, OLD = load_regime("tokumei-2023"), load_regime("hishikibetsu-2017")
TABLE = load_table("kokuho_benefit")
LEVELS = column_levels(TABLE)
RECEIVED = date(2026, 11, 20)
PASS, FAIL, PERSON = Outcome.PASS, Outcome.FAIL, Outcome.NEEDS_PERSON


def offered(persons=80000, *, register_id="R-0001", columns=None, is_open=True, table="kokuho_benefit"):
    return OfferedFile(
        register_id=register_id,
        title_ja="国保",
        municipality_code="902012",
        table=table,
        persons=persons,
        columns=columns,
        open_to_proposals=is_open,
    )


def screen(form, *files, regime=NEW, received_on=RECEIVED, withdrawn=0):
    question = Question(
        form=form,
        received_on=received_on,
        regime=regime,
        files=files or (offered(),),
        table=TABLE,
        levels=LEVELS,
        withdrawn_persons=withdrawn,
    )
    return {verdict.code: verdict for verdict in screen_proposal(question)}


def codes(verdict):
    return [reason.code for reason in verdict.reasons]


@pytest.fixture
def form(form):
    form["persons"] = 50000
    return form


def test_a_good_proposal_waits_only_for_people(form, personal_tests):
    verdicts = screen(form)
    assert [code for code, verdict in verdicts.items() if verdict.outcome is PERSON] == list(personal_tests)
    assert [code for code, verdict in verdicts.items() if verdict.outcome is FAIL] == []
    assert [verdict.number for verdict in verdicts.values()] == [0, 0, 1, 2, 3, 4, 5, 6, 7]
    assert all(verdict.article for verdict in verdicts.values())


def test_screening_changes_nothing_and_is_the_same_each_time(form):
    before = copy.deepcopy(form)
    assert screen(form) == screen(form)
    assert form == before


# 規則56条: 1,000 persons or more.
@pytest.mark.parametrize(("persons", "outcome"), [(999, FAIL), (1000, PASS), (1001, PASS)])
def test_persons_against_the_minimum(form, persons, outcome):
    form["persons"] = persons
    verdict = screen(form)["persons"]
    assert verdict.outcome is outcome
    if outcome is FAIL:
        assert dict(verdict.reasons[0].message.params) == {"persons": 999, "minimum": 1000}
        assert verdict.reasons[0].article == "規則第56条"


@pytest.mark.parametrize(("persons", "outcome"), [(103999, PASS), (104000, PASS), (104001, FAIL)])
def test_persons_against_all_the_files_hold(form, persons, outcome):
    form["persons"] = persons
    assert screen(form, offered(80000), offered(24000, register_id="R-0002"))["persons"].outcome is outcome


@pytest.mark.parametrize(("held", "outcome"), [(999, FAIL), (1000, PASS), (1001, PASS)])
def test_each_file_holds_the_minimum(form, held, outcome):
    verdict = screen(form, offered(80000), offered(held, register_id="R-0002"))["persons"]
    assert verdict.outcome is outcome
    assert codes(verdict) == (["small-file"] if outcome is FAIL else [])


@pytest.mark.parametrize(("persons", "outcome"), [(1999, PERSON), (2000, PASS), (2001, PASS)])
def test_persons_that_cannot_fill_each_file_call_for_a_person(form, persons, outcome):
    form["persons"] = persons
    assert screen(form, offered(80000), offered(24000, register_id="R-0002"))["persons"].outcome is outcome


def test_unknown_persons_call_for_a_person(form):
    verdict = screen(form, offered(None))["persons"]
    assert verdict.outcome is PERSON
    assert codes(verdict) == ["persons-unknown"]


# 80,000 × 0.25 = 20,000
@pytest.mark.parametrize(("persons", "outcome"), [(19999, PASS), (20000, PASS), (20001, FAIL)])
def test_persons_against_a_sampled_share(form, persons, outcome):
    form |= {"persons": persons, "selection": {"kind": "random_sample", "share": 0.25, "description": "無作為に抽出する。"}}
    assert screen(form)["persons"].outcome is outcome


# 80,000 − 5 who opposed = 79,995
@pytest.mark.parametrize(("persons", "outcome"), [(79994, PASS), (79995, PASS), (79996, FAIL)])
def test_persons_who_opposed_are_not_in_the_file(form, persons, outcome):
    form["persons"] = persons
    assert screen(form, withdrawn=5, regime=OLD)["persons"].outcome is outcome


# Six months to the day are still within six months (民法143条).
@pytest.mark.parametrize(("issued_on", "outcome"), [("2026-05-19", FAIL), ("2026-05-20", PASS), ("2026-05-21", PASS), ("2026-11-21", FAIL)])
def test_age_of_the_identity_paper(form, issued_on, outcome):
    form["proposers"][0]["identity_paper"]["issued_on"] = issued_on
    verdict = screen(form)["papers"]
    assert verdict.outcome is outcome
    assert codes(verdict) == {"2026-05-19": ["paper-too-old"], "2026-11-21": ["paper-date"]}.get(issued_on, [])


@pytest.mark.parametrize(
    ("kind", "paper", "outcome"),
    [
        ("corporation", "registry_certificate", PASS),
        ("corporation", "driving_licence", FAIL),
        ("individual", "driving_licence", PASS),
        ("individual", "registry_certificate", FAIL),
        ("group", "group_rules", PASS),
    ],
)
def test_each_kind_of_proposer_has_its_papers(form, kind, paper, outcome):
    form["proposers"][0] |= {"kind": kind, "declarations": dict.fromkeys((ground.code for ground in NEW.disqualifications), False)}
    form["proposers"][0]["identity_paper"] = {"kind": paper, "issued_on": "2026-11-01"}
    assert screen(form)["papers"].outcome is outcome


def test_a_licence_does_not_age(form):
    form["proposers"][0] |= {"kind": "individual", "declarations": dict.fromkeys((ground.code for ground in NEW.disqualifications), False)}
    form["proposers"][0]["identity_paper"] = {"kind": "driving_licence", "issued_on": "2019-01-01"}
    assert screen(form)["papers"].outcome is PASS


def test_a_body_names_who_speaks_for_it(form):
    del form["proposers"][0]["representative"]
    assert codes(screen(form)["papers"]) == ["no-representative"]


@pytest.mark.parametrize(("day", "outcome"), [("2026-11-19", PASS), ("2026-11-20", PASS), ("2026-11-21", FAIL)])
@pytest.mark.parametrize("place", ["form", "oath", "proxy"])
def test_no_paper_is_dated_ahead(form, day, outcome, place):
    if place == "form":
        form["submitted_on"] = day
    elif place == "oath":
        form["proposers"][0]["oath"]["signed_on"] = day
    else:
        paper = {"kind": "driving_licence", "issued_on": "2026-01-01"}
        form["proposers"][0]["proxy"] = {"name": "代理", "address": "見本市", "power_of_attorney_on": day, "identity_paper": paper}
    assert screen(form)["papers"].outcome is outcome


@pytest.mark.parametrize("ground", ["bankrupt", "sentenced", "cancelled", "officers"])
def test_a_declared_ground_fails(form, ground):
    form["proposers"][0]["declarations"][ground] = True
    verdict = screen(form)["disqualification"]
    assert verdict.outcome is FAIL
    assert verdict.reasons[0].article == next(g.article for g in NEW.disqualifications if g.code == ground)


def test_one_disqualified_of_several_proposers_fails_all(form):
    other = copy.deepcopy(form["proposers"][0])
    other["declarations"]["sentenced"] = True
    form["proposers"].append(other)
    verdict = screen(form)["disqualification"]
    assert verdict.outcome is FAIL
    assert verdict.reasons[0].message.params["number"] == 2


def test_silence_on_a_ground_is_not_a_no(form):
    del form["proposers"][0]["declarations"]["officers"]
    form["proposers"][0]["declarations"]["banckrupt"] = False
    assert codes(screen(form)["papers"]) == ["not-declared", "unknown-ground"]


def test_individuals_declare_on_their_own_grounds(form):
    form["proposers"][0]["kind"] = "individual"
    form["proposers"][0]["identity_paper"]["kind"] = "residence_record"
    missing = [reason.message.params["ground"] for reason in screen(form)["papers"].reasons]
    assert missing == ["minor", "incapacity"]


def test_the_former_law_has_a_seventh_ground(form):
    assert [reason.message.params["ground"] for reason in screen(form, regime=OLD)["papers"].reasons] == ["cancelled_elsewhere"]


@pytest.mark.parametrize(("end", "outcome"), [("2026-11-19", FAIL), ("2026-11-20", PERSON), ("2026-11-21", PERSON)])
def test_a_period_that_is_over_fails(form, end, outcome):
    form["period"] = {"from": "2026-01-01", "to": end}
    assert screen(form)["period"].outcome is outcome


@pytest.mark.parametrize(("end", "noted"), [("2032-03-31", []), ("2032-04-01", []), ("2032-04-02", ["long-period"])])
def test_a_long_period_is_pointed_out_and_never_failed_by_rule(form, end, noted):
    form["period"] = {"from": "2027-04-01", "to": end}
    verdict = screen(form)["period"]
    assert (verdict.outcome, codes(verdict)) == (PERSON, noted)


def test_a_missing_safeguard_is_pointed_out(form):
    form["safeguards"]["measures"].remove("erasure")
    verdict = screen(form)["protection"]
    assert verdict.outcome is PERSON
    assert [reason.message.params["measure"] for reason in verdict.reasons] == ["erasure"]


def test_the_enclave_needs_its_room_and_its_method(form):
    form |= {"context": "enclave"}
    verdicts = screen(form)
    assert [reason.message.params["measure"] for reason in verdicts["protection"].reasons] == ["separate_room"]
    assert codes(verdicts["papers"]) == ["supply-method"]
    form["supply_method"] = "enclave_access"
    assert screen(form)["papers"].outcome is PASS


def test_an_unknown_measure_is_no_measure(form):
    form["safeguards"]["measures"].append("good_will")
    assert codes(screen(form)["papers"]) == ["unknown-measure"]


def test_files_are_open_and_of_the_table(form):
    assert codes(screen(form, offered(is_open=False))["register"]) == ["not-open"]
    assert codes(screen(form, offered(table="nursing_home_waitlist"))["register"]) == ["other-table"]
    assert screen(form, offered(table=None))["register"].outcome is PASS


@pytest.mark.parametrize(
    ("column", "grain", "code"),
    [
        ("birth_date", "value", "too-fine"),
        ("birth_date", "age_5", None),
        ("birth_date", "age_10", None),
        ("birth_date", "all", None),
        ("qualified_on", "value", "too-fine"),
        ("qualified_on", "month", None),
        ("qualified_on", "quarter", None),
        ("postal_code", "value", "too-fine"),
        ("postal_code", "prefix_3", None),
        ("disease_code", "value", "too-fine"),
        ("disease_code", "category", None),
        ("sex", "value", None),
        ("sex", "age_5", "unknown-level"),
        ("name", "drop", None),
        ("name", "value", "role-forbids"),
        ("insured_number", "value", "role-forbids"),
        ("person_key", "fresh_id", None),
        ("person_key", "value", "role-forbids"),
        ("note", "value", "role-forbids"),
        ("shoe_size", "value", "unknown-column"),
        ("days", "value", None),
    ],
)
def test_grain_of_a_column(form, column, grain, code):
    if column == "days":
        column = next(c.name for c in TABLE.columns if c.role.value == "attribute" and not c.hierarchy)
    form["columns"] = [{"column": column, "granularity": grain}, {"column": "care_kind", "granularity": "value"}]
    verdict = screen(form)["method"]
    assert codes(verdict) == ([code] if code else [])
    assert verdict.outcome is (FAIL if code else PASS)


def test_reasons_against_a_grain_name_the_clause(form):
    form["columns"] = [{"column": "insured_number", "granularity": "value"}]
    assert screen(form)["method"].reasons[0].article == "規則第62条第2号"


def test_what_is_allowed_is_what_passes():
    for column in TABLE.columns:
        levels = tuple(LEVELS.get(column.name, ()))
        allowed = allowed_grains(column, levels, NEW)
        assert "drop" in allowed
        assert set(allowed) <= {"drop", "fresh_id", "value", *levels}


def test_nothing_asked_is_no_proposal(form):
    form["columns"] = [{"column": "sex", "granularity": "drop"}]
    assert codes(screen(form)["method"]) == ["nothing-asked"]


def test_a_column_the_file_does_not_hold(form):
    held = frozenset(entry["column"] for entry in form["columns"]) - {"sex"}
    verdict = screen(form, offered(columns=held))["method"]
    assert codes(verdict) == ["column-not-in-file"]


def test_a_choice_by_attribute_calls_for_a_person(form):
    form["selection"] = {"kind": "by_attribute", "description": "40歳以上の者"}
    verdict = screen(form)["method"]
    assert (verdict.outcome, codes(verdict)) == (PERSON, ["selection"])


def test_all_that_is_wrong_is_said_at_once(form):
    form |= {"persons": 10, "context": "enclave", "period": {"from": "2020-01-01", "to": "2020-12-31"}}
    form["proposers"][0]["declarations"]["bankrupt"] = True
    form["columns"] = [{"column": "name", "granularity": "value"}, {"column": "birth_date", "granularity": "value"}]
    failed = [code for code, verdict in screen(form, offered(is_open=False)).items() if verdict.outcome is FAIL]
    assert failed == ["papers", "register", "disqualification", "persons", "method", "period"]


def test_reasons_hold_no_words_of_the_proposer(form):
    canary = "カナリア9137"
    for key in ("purpose", "manner", "business"):
        form[key] = canary
    form["proposers"][0] |= {"name": canary, "address": canary}
    form["proposers"][0]["identity_paper"]["issued_on"] = (RECEIVED - timedelta(days=400)).isoformat()
    form["safeguards"] = {"measures": ["erasure"], "description": canary}
    assert canary not in str([verdict.to_json() for verdict in screen(form).values()])
