"""Asked, approved, delivered; and everything that stands against a release."""

import dataclasses

import pytest

from casework.ledger import LiveFile
from release.gate import Candidate, reasons_not_to_release
from release.promise import Promise, compare, reasons_finer_than_approved
from schemas.files import sha256_file
from schemas.regimes import load_regime

LEVELS = {"birth_date": ("value", "5", "10", "all")}


def promise(approved, *delivered):
    return Promise(
        column="birth_date", asked=approved, approved=approved, delivered=delivered, role="quasi_identifier", clause=5, treatment="recode"
    )


# The order is: as it is, then the levels of the hierarchy from fine to coarse, then dropped.
@pytest.mark.parametrize(
    ("approved", "delivered", "refused"),
    [
        ("10", ("5",), True),
        ("10", ("10",), False),
        ("10", ("all",), False),
        ("10", ("10", "5"), True),
        ("10", (), False),
        ("drop", ("all",), True),
        ("value", ("value",), False),
        ("5", ("value",), True),
        ("month", ("month",), False),
        ("month", ("day",), True),
    ],
)
def test_delivered_finer_than_approved(approved, delivered, refused):
    assert bool(reasons_finer_than_approved([promise(approved, *delivered)], LEVELS)) == refused


def test_compare_reads_levels_from_the_written_file(package_table):
    found = {p.column: (p.asked, p.approved, p.delivered, p.treatment) for p in package_table.promises}
    assert found == {
        "name": ("drop", "drop", (), "drop"),
        "person_key": ("drop", "drop", ("fresh_id",), "fresh_id"),
        "birth_date": ("10", "10", ("10",), "recode"),
        "sex": ("value", "value", ("value",), "recode"),
        "cost_yen": ("drop", "drop", ("value",), "round_to"),
    }
    assert package_table.promises[0].to_json()["granularity"] == {"asked": "drop", "approved": "drop", "delivered": ["drop"]}


@pytest.fixture
def candidate(tmp_path, make_table, plan):
    """A maker of candidates that nothing stands against, but for the changes."""

    def make(rows=None, name="a", **changes):
        path = tmp_path / f"{name}.parquet"
        approved = {"person_key": "fresh_id", "birth_date": "10", "sex": "value", "cost_yen": "value"}
        table = make_table(path) if rows is None else make_table(path, rows)
        promises = compare(plan, approved, approved, table.released, LEVELS)
        digest = sha256_file(path)
        fields = {
            "table": dataclasses.replace(table, promises=promises, persons=changes.pop("persons", 1000)),
            "processing": {"output_sha256": digest},
            "gate": {"reasons": [], "released_sha256": digest},
            "levels": LEVELS,
            "live": (),
            "register_id": f"R-{name}",
        }
        return Candidate(**(fields | changes))

    return make


LIVE = LiveFile(release_id="L-0007", file_id="F-0007", ledger_sha256="7" * 64)


def codes(*candidates):
    return {reason.code for reason in reasons_not_to_release(candidates, load_regime("tokumei-2023"))}


def test_nothing_stands_against_a_good_file(candidate):
    assert codes(candidate()) == set()


@pytest.mark.parametrize(("persons", "refused"), [(999, True), (1000, False), (1001, False)])
def test_the_product_needs_its_minimum_of_persons(candidate, persons, refused):
    assert ("too-few-persons" in codes(candidate(persons=persons))) == refused


def test_persons_are_summed_over_the_files_of_the_case(candidate):
    assert codes(candidate(persons=500), candidate(name="b", persons=500)) == set()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"processing": None}, "not-processed"),
        ({"processing": {"output_sha256": "0"}}, "changed-after-processing"),
        ({"gate": None}, "not-assessed"),
        ({"gate": {"reasons": [{}], "released_sha256": "0"}}, "gate-refused"),
        ({"gate": {"reasons": [], "released_sha256": "0"}}, "changed-after-assessment"),
        ({"live": (LIVE,)}, "assessed-before-release"),
    ],
)
def test_each_cause_is_named(candidate, changes, code):
    assert code in codes(candidate(**changes))


def beside(candidate, *entries, **changes):
    """A candidate whose assessment took these files into account."""
    made = candidate(**changes)
    return dataclasses.replace(made, gate={**made.gate, "beside": list(entries)})


def test_a_release_that_the_assessment_took_into_account_stands_not_against_it(candidate):
    assert codes(beside(candidate, LIVE.to_json(), live=(LIVE,))) == set()


@pytest.mark.parametrize("change", [{"release": "L-0008"}, {"file": "F-0008"}, {"ledger_sha256": "8" * 64}])
def test_a_release_that_differs_in_anything_from_what_was_taken_into_account_does(candidate, change):
    assert codes(beside(candidate, {**LIVE.to_json(), **change}, live=(LIVE,))) == {"assessed-before-release"}


def test_what_was_recalled_since_is_no_reason(candidate):
    assert codes(beside(candidate, LIVE.to_json(), live=())) == set()


def test_two_files_of_one_register_entry_go_out_together_only_when_one_was_assessed_beside_the_other(candidate):
    first, second = (candidate(name=name, register_id="R-0001") for name in "ab")
    second = dataclasses.replace(second, table=dataclasses.replace(second.table, file_id="F-0009"))
    assert codes(first, second) == {"assessed-before-release"}
    waiting = {"release": None, "file": first.table.file_id, "ledger_sha256": None}
    assert codes(first, dataclasses.replace(second, gate={**second.gate, "beside": [waiting]})) == set()


def test_k_is_measured_on_the_written_file_and_counts_persons(candidate):
    # Person 3 has two rows in the class of women in their thirties: without person 7 it is one person, not two rows.
    rows = [(3, "30〜39歳", "女", 2000), (3, "30〜39歳", "女", 5000), (9, "40〜49歳", "男", 1000), (1, "40〜49歳", "男", 0)]
    assert codes(candidate(rows)) == {"below-k"}


def test_an_empty_file_is_no_release(candidate):
    assert codes(candidate([])) == {"empty"}


def test_a_treatment_that_recodes_delivers_its_level(package_table, plan):
    recoded = {"role": "sensitive", "clause": 5, "treatment": {"recode": {"hierarchy": "x", "level": 2}, "suppress": {"persons": 10}}}
    changed = {**plan, "columns": {"sex": recoded}}
    (found,) = compare(changed, {"sex": "fine"}, {"sex": "fine"}, package_table.released, {"sex": ("value", "fine", "coarse")})
    assert (found.delivered, found.treatment) == (("coarse",), "recode+suppress")
    assert reasons_finer_than_approved([found], {"sex": ("value", "fine", "coarse")}) == []


def test_every_level_of_a_local_recoding_counts(package_table, plan):
    facts = {**package_table.released.columns[3].facts, "level": None, "levels": ["value", "all"]}
    columns = (*package_table.released.columns[:3], dataclasses.replace(package_table.released.columns[3], facts=facts))
    released = dataclasses.replace(package_table.released, columns=columns)
    found = {p.column: p.delivered for p in compare(plan, {}, {}, released, {})}
    assert found["sex"] == ("value", "all")
