"""Plans: one spelling and hash, and every rule finds its fault, all at once."""

import copy

import pytest
import yaml

from schemas.errors import PlanError
from schemas.plan import load_plan
from schemas.tables import Role

GOOD = {
    "plan": "test-v1",
    "unit": "key",
    "privacy": {"k": 2, "l_diversity": {"disease": {"kind": "distinct", "l": 2}}},
    "suppression_limit": 0.05,
    "method": "global",
    "columns": {
        "key": {"role": "linking_code", "treatment": "fresh_id", "clause": 3},
        "name": {"role": "direct_identifier", "treatment": "drop", "clause": 1},
        "age": {"role": "quasi_identifier", "hierarchy": {"intervals": [5, 10]}, "max_level": 2, "weight": 2, "clause": 5},
        "disease": {"role": "sensitive", "treatment": "keep", "clause": 5},
        "cost": {"role": "attribute", "treatment": {"top_code": {"share": 0.01, "persons": 3}, "round_to": 100}, "clause": 4},
        "note": {"role": "free_text", "treatment": "drop", "clause": 1},
    },
}


def write(folder, document):
    path = folder / "plan.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return path


def refuse(folder, change):
    document = copy.deepcopy(GOOD)
    change(document)
    with pytest.raises(PlanError) as caught:
        load_plan(write(folder, document))
    assert caught.value.exit_code == 13
    return {(finding.kind.code, finding.column) for finding in caught.value.findings}


def test_a_good_plan_is_read_whole(tmp_path):
    plan = load_plan(write(tmp_path, GOOD))
    assert [column.name for column in plan.recoded] == ["age"]
    assert [column.name for column in plan.released] == ["key", "age", "disease", "cost"]
    assert plan.person_id == "key"
    assert plan.get_column("age").role is Role.QUASI_IDENTIFIER
    assert plan.to_document()["columns"]["age"] == GOOD["columns"]["age"]


def test_the_hash_is_of_content_and_order_not_of_spelling(tmp_path):
    plan = load_plan(write(tmp_path, GOOD))
    spelled = tmp_path / "other.yaml"
    spelled.write_text("# a remark\n" + yaml.safe_dump(GOOD, sort_keys=False, default_flow_style=True), encoding="utf-8")
    assert load_plan(spelled).sha256 == plan.sha256
    turned = {**GOOD, "columns": dict(reversed(GOOD["columns"].items()))}
    assert load_plan(write(tmp_path, turned)).sha256 != plan.sha256


def test_what_a_plan_writes_it_reads_again(tmp_path):
    plan = load_plan(write(tmp_path, GOOD))
    assert load_plan(write(tmp_path, plan.to_document())).sha256 == plan.sha256


def change_column(name, **entries):
    def change(document):
        document["columns"][name] = {k: v for k, v in (document["columns"][name] | entries).items() if v is not None}

    return change


@pytest.mark.parametrize(
    ("change", "code", "column"),
    [
        (change_column("name", treatment="keep"), "identifier-not-dropped", "name"),
        (change_column("note", treatment="keep"), "identifier-not-dropped", "note"),
        (change_column("name", role="identification_code", treatment={"round_to": 5}), "identifier-not-dropped", "name"),
        (change_column("key", treatment="keep"), "linking-code-kept", "key"),
        (change_column("cost", treatment="fresh_id"), "fresh-id-role", "cost"),
        (change_column("cost", treatment=None), "treatment-missing", "cost"),
        (change_column("cost", treatment="blur"), "treatment-unknown", "cost"),
        (change_column("cost", treatment={"blur": 5}), "treatment-unknown", "cost"),
        (change_column("cost", treatment={"round_to": 0}), "treatment-settings", "cost"),
        (change_column("cost", treatment={"round_to": True}), "treatment-settings", "cost"),
        (change_column("cost", treatment={"top_code": {"share": 1.0}}), "treatment-settings", "cost"),
        (change_column("cost", treatment={"top_code": {}}), "treatment-settings", "cost"),
        (change_column("cost", treatment={"bottom_code": {"persons": 1}}), "treatment-settings", "cost"),
        (change_column("cost", treatment={"suppress": {"rows": 3}}), "treatment-settings", "cost"),
        (change_column("cost", treatment={"recode": {"hierarchy": "icd10"}}), "treatment-settings", "cost"),
        (change_column("cost", treatment={"recode": {"values": {"1": "one"}}}), "recode-other", "cost"),
        (change_column("cost", treatment={"recode": {"values": {"1": "one"}, "other": None}}), "treatment-settings", "cost"),
        (change_column("cost", treatment={"recode": {"hierarchy": "nothing", "level": 1}}), "hierarchy-unusable", "cost"),
        (change_column("cost", treatment={"recode": {"hierarchy": "icd10", "level": 5}}), "level-out-of-range", "cost"),
        (change_column("cost", treatment={}), "treatment-unknown", "cost"),
        (change_column("cost", treatment={"round_to": float("inf")}), "treatment-settings", "cost"),
        (change_column("cost", treatment={"date_shift": {"days": 0}}), "treatment-settings", "cost"),
        (change_column("cost", treatment={"noise": {"kind": "laplace"}}), "treatment-settings", "cost"),
        (change_column("cost", treatment={"noise": {"kind": "laplace", "scale": 1, "share": 0.1}}), "treatment-settings", "cost"),
        (change_column("cost", treatment={"noise": {"kind": "other", "scale": 1}}), "treatment-settings", "cost"),
        (change_column("cost", treatment={"microaggregate": {"persons": 3, "by": "mode"}}), "treatment-settings", "cost"),
        (change_column("cost", treatment={"microaggregate": {"persons": 1}}), "treatment-settings", "cost"),
        (change_column("cost", treatment={"swap": {"share": 1.0}}), "treatment-settings", "cost"),
        (change_column("cost", treatment={"swap": {"share": 0.1, "within": "age"}}), "treatment-settings", "cost"),
        (change_column("cost", treatment={"swap": {"share": 0.1, "within": ["name"]}}), "swap-within", "cost"),
        (change_column("cost", treatment={"swap": {"share": 0.1, "within": ["cost"]}}), "swap-within", "cost"),
        (change_column("cost", treatment={"swap": {"share": 0.1, "within": ["key"]}}), "swap-within", "cost"),
        (change_column("cost", treatment={"merge_rare": {"persons": 3, "label": " "}}), "treatment-settings", "cost"),
        (change_column("cost", treatment={"merge_rare": {"persons": 3, "label": "x", "hierarchy": "sex"}}), "treatment-settings", "cost"),
        (change_column("cost", treatment={"merge_rare": {"persons": 3, "hierarchy": "nothing"}}), "hierarchy-unusable", "cost"),
        (change_column("disease", treatment={"noise": {"kind": "normal", "scale": 1}}), "random-model-column", "disease"),
        (change_column("disease", treatment={"date_shift": {"days": 3}}), "random-model-column", "disease"),
        (change_column("age", hierarchy=None), "hierarchy-missing", "age"),
        (change_column("age", hierarchy="no_such_name"), "hierarchy-unusable", "age"),
        (change_column("age", hierarchy="missing.csv"), "hierarchy-unusable", "age"),
        (change_column("cost", hierarchy="age"), "hierarchy-stray", "cost"),
        (change_column("age", max_level=4), "level-out-of-range", "age"),
        (change_column("age", min_level=3, max_level=2), "level-out-of-range", "age"),
        (change_column("age", treatment="keep"), "quasi-identifier-treatment", "age"),
        (lambda d: d.update(unit="nobody"), "unit-unknown", "nobody"),
        (lambda d: d.update(unit="cost"), "unit-treatment", "cost"),
        (lambda d: d["privacy"].update(l_diversity={"cost": {"kind": "distinct", "l": 2}}), "model-column", "cost"),
        (lambda d: d["privacy"].update(t_closeness={"name": 0.3}), "model-column", "name"),
        (lambda d: d["privacy"]["l_diversity"]["disease"].update(kind="recursive"), "recursive-c", "disease"),
        (lambda d: d["privacy"]["l_diversity"]["disease"].update(l=2.5), "whole-l", "disease"),
        (lambda d: d.update(table="no_such_table"), "table-unknown", "no_such_table"),
        (lambda d: d["columns"].update(age_from=dict(d["columns"]["cost"], treatment="keep")), "name-reserved", "age_from"),
        (lambda d: d["columns"].update(COST=dict(d["columns"]["cost"], treatment="keep")), "name-differs-by-case", "COST"),
        (lambda d: d["columns"].update(__class=dict(d["columns"]["cost"], treatment="keep")), "name-reserved", "__class"),
    ],
)
def test_every_rule_names_the_column(tmp_path, change, code, column):
    assert (code, column) in refuse(tmp_path, change)


def test_dates_shift_per_person_and_alike(tmp_path):
    def shift(unit, *days):
        def change(document):
            document["unit"] = unit
            for number, entry in enumerate(days):
                treatment = {"date_shift": {"days": entry}}
                document["columns"][f"day{number}"] = {"role": "attribute", "treatment": treatment, "clause": 5, "type": "date"}

        return change

    assert {("date-shift-days", "day0"), ("date-shift-days", "day1")} <= refuse(tmp_path, shift("key", 5, 6))
    assert refuse(tmp_path, shift(None, 5)) == {("date-shift-unit", "day0")}
    document = copy.deepcopy(GOOD)
    shift("key", 5, 5)(document)
    assert len(load_plan(write(tmp_path, document)).released) == 6


@pytest.mark.parametrize(
    ("entries", "good"),
    [
        ({"sample": {"share": 0.0}}, False),
        ({"sample": {"share": 0.5}}, True),
        ({"sample": {"share": 1.1}}, False),
        ({"rows_per_person": 0}, False),
        ({"rows_per_person": 1}, True),
        ({"remove": {"persons": ""}}, False),
        ({"remove": {"persons": "out.txt"}}, True),
    ],
)
def test_who_takes_part_is_part_of_the_plan(tmp_path, entries, good):
    if not good:
        assert refuse(tmp_path, lambda document: document.update(entries))
        return
    plan = load_plan(write(tmp_path, GOOD | entries))
    assert {key: plan.to_document()[key] for key in entries} == entries
    assert plan.sha256 != load_plan(write(tmp_path, GOOD)).sha256
    assert load_plan(write(tmp_path, plan.to_document())).sha256 == load_plan(write(tmp_path, GOOD | entries)).sha256


@pytest.mark.parametrize("entries", [{"rows_per_person": 2}, {"remove": {"persons": "out.txt"}}])
def test_what_acts_on_persons_needs_a_unit(tmp_path, entries):
    assert ("unit-needed", None) in refuse(tmp_path, lambda document: document.update(entries, unit=None))


def test_every_treatment_can_be_planned(tmp_path):
    for treatment in (
        {"noise": {"kind": "laplace", "share": 0.1, "minimum": 0}, "round_to": 100},
        {"microaggregate": {"persons": 3, "by": "median"}},
        {"swap": {"share": 0.05, "within": ["age", "disease"]}},
        {"merge_rare": {"persons": 3, "hierarchy": "sex"}},
        {"merge_rare": {"persons": 3, "label": "others"}, "suppress": {"persons": 2}},
    ):
        document = copy.deepcopy(GOOD)
        document["columns"]["cost"]["treatment"] = treatment
        assert load_plan(write(tmp_path, document)).to_document()["columns"]["cost"]["treatment"] == treatment


def test_all_faults_are_told_at_once(tmp_path):
    def change(document):
        document["columns"]["name"]["treatment"] = "keep"
        document["columns"]["age"].pop("hierarchy")
        document["unit"] = "nobody"

    assert {code for code, _ in refuse(tmp_path, change)} == {"identifier-not-dropped", "hierarchy-missing", "unit-unknown"}


def test_a_plan_without_any_quasi_identifier_is_refused(tmp_path):
    assert ("no-quasi-identifier", None) in refuse(
        tmp_path, change_column("age", treatment="drop", hierarchy=None, max_level=None, weight=None)
    )


@pytest.mark.parametrize("missing", ["role", "clause"])
def test_a_column_without_role_or_clause_is_an_error(tmp_path, missing):
    found = refuse(tmp_path, lambda document: document["columns"]["cost"].pop(missing))
    assert ("form.required", f"columns.cost.{missing}") in found


@pytest.mark.parametrize(("k", "good"), [(1, False), (2, True), (3, True)])
def test_k_begins_at_two(tmp_path, k, good):
    document = copy.deepcopy(GOOD)
    document["privacy"]["k"] = k
    if good:
        assert load_plan(write(tmp_path, document)).privacy.k == k
    else:
        assert refuse(tmp_path, lambda d: d["privacy"].update(k=k))


@pytest.mark.parametrize("text", ["", "- a list", "plan: [unclosed", "a: 1\na: 2\n", "\udce9"])
def test_what_is_no_document_is_refused(tmp_path, text):
    path = tmp_path / "plan.yaml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(PlanError):
        load_plan(path)


def test_a_missing_file_is_refused_without_its_folder(tmp_path):
    with pytest.raises(PlanError) as caught:
        load_plan(tmp_path / "absent.yaml")
    assert str(tmp_path) not in str(caught.value)


def test_the_table_forbids_weaker_roles(tmp_path):
    def change(document):
        document["table"] = "kokuho_benefit"
        document["columns"]["person_key"] = document["columns"].pop("key")
        document["unit"] = "person_key"
        document["columns"]["disease_code"] = {"role": "attribute", "treatment": "keep", "clause": 4}
        document["columns"]["birth_date"] = {"role": "attribute", "treatment": "keep", "clause": 4}

    found = refuse(tmp_path, change)
    assert {("role-weaker-than-table", "disease_code"), ("role-weaker-than-table", "birth_date")} <= found


def test_the_unit_of_the_table_is_not_forgotten(tmp_path):
    def change(document):
        document["table"] = "kokuho_benefit"
        document.pop("unit")

    assert ("unit-missing", "person_key") in refuse(tmp_path, change)


def test_input_and_plan_are_compared_both_ways(tmp_path):
    plan = load_plan(write(tmp_path, GOOD))
    plan.check_input(["note", "cost", "disease", "age", "name", "key"])
    with pytest.raises(PlanError) as caught:
        plan.check_input(["key", "name", "age", "disease", "cost", "extra"])
    assert {(f.kind.code, f.column) for f in caught.value.findings} == {
        ("input-column-unplanned", "extra"),
        ("plan-column-absent", "note"),
    }
    assert "extra" in str(caught.value)


def test_a_first_line_that_is_no_heading_is_not_quoted(tmp_path):
    plan = load_plan(write(tmp_path, GOOD))
    with pytest.raises(PlanError) as caught:
        plan.check_input(["CANARY-1", "CANARY-2"])
    found = caught.value
    assert [f.column for f in found.findings if f.kind.code == "input-column-unplanned"] == ["#1", "#2"]
    assert "CANARY" not in "\n".join([str(found), *found.lines(), str([f.to_json() for f in found.findings])])
