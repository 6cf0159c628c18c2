"""The form at the door: what stops it, all at once, without a word of what was written."""

import hashlib
import json

import pytest

from proposals.form import check_regime, find_register_ids, read_form
from schemas.errors import FormRejected

KNOWN = {
    "R-0001": ("902012", "kokuho_benefit"),
    "R-0002": ("902021", "kokuho_benefit"),
    "R-0003": ("902012", "nursing_home_waitlist"),
    "R-0004": ("902012", "kokuho_benefit"),
}


def rejected(path):
    with pytest.raises(FormRejected) as caught:
        read_form(path)
    return caught.value


def test_a_good_form_is_bound_to_its_bytes(write_form, form):
    path = write_form(form)
    read = read_form(path)
    assert read.document == form
    assert read.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert read.size_bytes == path.stat().st_size


def test_json_is_as_good_as_yaml_but_other_bytes(write_form, form, tmp_path):
    (tmp_path / "teian.json").write_text(json.dumps(form, ensure_ascii=False), encoding="utf-8")
    assert read_form(tmp_path / "teian.json").document == read_form(write_form(form)).document
    assert read_form(tmp_path / "teian.json").sha256 != read_form(write_form(form)).sha256


def test_all_findings_are_listed_at_once(write_form, form):
    form["persons"] = "千人"
    form["period"] = {"from": "2029-03-31", "to": "2027-04-01"}
    form["aim"] = "profit"
    form["proposers"][0]["corporate_number"] = "7000012050003"
    form["proposers"][0]["identity_paper"]["issued_on"] = "2026-02-30"
    form["columns"].append({"column": "sex", "granularity": "value"})
    form["surprise"] = 1
    del form["safeguards"], form["supply_method"], form["proposers"][0]["declarations"]
    error = rejected(write_form(form))
    assert {finding.column for finding in error.findings} == {
        "persons", "period.to", "aim", "proposers.0.corporate_number", "proposers.0.identity_paper.issued_on", "columns", "surprise",
        "safeguards", "supply_method", "proposers.0.declarations",
    }  # fmt: skip
    assert error.exit_code == 11


def test_findings_hold_no_words_of_the_proposer(write_form, form):
    canary = "カナリア4417"
    form["proposers"][0] |= {"kind": canary, "corporate_number": canary}
    form |= {"persons": canary, "aim": canary, "context": canary}
    error = rejected(write_form(form))
    assert len(error.findings) == 5
    assert canary not in "\n".join([str(error), *error.lines()])


@pytest.mark.parametrize(
    "name", ["proposers", "files", "persons", "columns", "purpose", "manner", "business", "period", "safeguards", "supply_method"]
)
def test_every_item_of_the_law_is_needed(write_form, form, name):
    del form[name]
    assert name in {finding.column for finding in rejected(write_form(form)).findings}


@pytest.mark.parametrize("name", ["oath", "declarations", "identity_paper", "contact", "name", "address", "kind"])
def test_every_paper_of_a_proposer_is_needed(write_form, form, name):
    del form["proposers"][0][name]
    assert f"proposers.0.{name}" in {finding.column for finding in rejected(write_form(form)).findings}


def test_entries_or_municipalities_and_not_both(write_form, form):
    form["files"]["municipalities"] = ["902012"]
    assert len(rejected(write_form(form)).findings) == 2
    del form["files"]["municipalities"], form["files"]["register_entries"]
    assert rejected(write_form(form)).findings


@pytest.mark.parametrize("text", ["右から\u202e左へ", "鐘\u0007", "零\u200b幅", "枠\u0000", "\u2066隔離\u2069", "行\u2028区切り"])
@pytest.mark.parametrize("place", ["name", "purpose"])
def test_text_that_deceives_is_stopped(write_form, form, text, place):
    target = form["proposers"][0] if place == "name" else form
    target[place] = text
    path = write_form(form)
    path.write_text(json.dumps(form), encoding="utf-8")
    path = path.rename(path.with_suffix(".json"))
    assert [finding.column for finding in rejected(path).findings] == ["proposers.0.name" if place == "name" else "purpose"]


def test_a_wide_space_between_names_is_no_deceit(write_form, form):
    form["proposers"][0]["name"] = "見本　太郎"
    assert read_form(write_form(form))


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"", "empty.yaml"),
        (b"- a\n- b\n", "list.yaml"),
        (b"a: [1, 2\n", "open.yaml"),
        (b"persons: 1\npersons: 2\n", "twice.yaml"),
        (b"a: &x [1]\nb: *x\n", "anchor.yaml"),
        (b"!!python/object/apply:os.system ['true']\n", "tag.yaml"),
        ("提案".encode("cp932"), "cp932.yaml"),
        (b"{", "open.json"),
        (b'{"a": NaN}', "nan.json"),
        (b"a: " + b"[" * 500, "deep.yaml"),
    ],
)
def test_what_is_no_form(tmp_path, content, name):
    (tmp_path / name).write_bytes(content)
    assert rejected(tmp_path / name).exit_code == 11


def test_entries_are_found_by_id_or_by_municipality(write_form, form):
    read = read_form(write_form(form))
    assert find_register_ids(read, KNOWN) == ("R-0001", "R-0002")
    form["files"] = {"table": "kokuho_benefit", "municipalities": ["902021", "902012"]}
    assert find_register_ids(read_form(write_form(form)), KNOWN) == ("R-0002", "R-0001", "R-0004")


def test_what_is_not_on_offer_is_named_at_once(write_form, form):
    form["files"]["register_entries"] = ["R-0001", "R-0098", "R-0099"]
    with pytest.raises(FormRejected) as caught:
        find_register_ids(read_form(write_form(form)), KNOWN)
    assert [finding.column for finding in caught.value.findings] == ["files.register_entries.1", "files.register_entries.2"]
    form["files"] = {"table": "kokuho_benefit", "municipalities": ["902039", "902012"]}
    with pytest.raises(FormRejected) as caught:
        find_register_ids(read_form(write_form(form)), KNOWN)
    assert [finding.column for finding in caught.value.findings] == ["files.municipalities.0"]


def test_a_form_of_another_law_is_stopped(write_form, form):
    read = read_form(write_form(form))
    check_regime(read, "tokumei-2023")
    with pytest.raises(FormRejected):
        check_regime(read, "hishikibetsu-2017")
    del form["regime"]
    check_regime(read_form(write_form(form)), "hishikibetsu-2017")
