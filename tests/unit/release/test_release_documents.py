"""Description, terms, processing: what stands in a package beside the data."""

import json
from html.parser import HTMLParser

import pytest
from frictionless import Package

from release.describe import check_descriptor
from release.terms import DUTIES_JA, OWED, PROHIBITED, PROHIBITIONS_JA, make_licence, render_odrl, render_terms
from schemas.errors import FormRejected, ReleaseRefused
from schemas.regimes import load_regime

NASTY = '<script>alert(1)</script>"&'


class Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found, self.tags = [], set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.found += [value for key, value in attrs if key in {"src", "href"}]


def licence(**changes):
    proposal = {"context": "contract", "purpose": "分析", "period": {"from": "2026-12-01", "to": "2027-11-30"}} | changes
    return make_licence(
        release_id="L-0001", case_id="C-0001", office="見本作成組織", regime=load_regime("tokumei-2023"), proposal=proposal, tables=("表",)
    )


def test_descriptor_is_a_valid_data_package_about_the_very_bytes(package):
    folder, _ = package
    descriptor = json.loads((folder / "datapackage.json").read_text())
    assert Package.from_descriptor(descriptor).resource_names == ["kokuho-benefit-F-0001"]
    resource = descriptor["resources"][0]
    assert resource["bytes"] == (folder / resource["path"]).stat().st_size
    assert [(f["name"], f["type"]) for f in resource["schema"]["fields"]] == [
        ("person_key", "integer"),
        ("birth_date", "string"),
        ("birth_date_from", "integer"),
        ("sex", "string"),
        ("cost_yen", "integer"),
    ]
    assert descriptor["title"].startswith("【架空データ】")


@pytest.mark.parametrize("broken", [{"name": "x"}, {"name": "x", "resources": [{"name": 1}]}, {"resources": "x"}])
def test_an_invalid_descriptor_stops_the_release(broken):
    with pytest.raises(ReleaseRefused):
        check_descriptor(broken)


def test_processing_names_a_clause_of_the_regime_for_every_column(package):
    processing = json.loads((package[0] / "processing.json").read_text())
    (table,) = processing["tables"].values()
    assert [column["column"] for column in table["columns"]] == ["name", "person_key", "birth_date", "sex", "cost_yen"]
    assert all(str(column["clause"]) in processing["clauses"] for column in table["columns"])


@pytest.mark.parametrize("context", ["public", "contract", "enclave"])
@pytest.mark.parametrize("regime", ["tokumei-2023", "hishikibetsu-2017"])
def test_terms_say_every_prohibition_and_duty_in_japanese(context, regime):
    rules = load_regime(regime)
    page = render_terms(licence(context=context), rules)
    for code in PROHIBITED[context]:
        assert PROHIBITIONS_JA[code][1] in page
    for code in OWED[context]:
        assert DUTIES_JA[code][1] in page
    assert rules.term_ja in page
    assert rules.articles["cancellation"] in page


def test_pages_ask_nothing_of_the_network_and_run_nothing(package):
    for path in package[0].rglob("*.html"):
        if path.parent.name == "risk":
            continue
        links = Links()
        links.feed(path.read_text(encoding="utf-8"))
        assert not [link for link in links.found if ":" in link]
        assert "script" not in links.tags
        assert "Content-Security-Policy" in path.read_text(encoding="utf-8")


def test_text_of_a_proposal_is_text_on_the_page():
    page = render_terms(licence(purpose=NASTY), load_regime("tokumei-2023"))
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_odrl_says_the_same():
    policy = render_odrl(licence())
    assert {rule["action"].rsplit(":", 1)[1] for rule in policy["prohibition"]} == set(PROHIBITED["contract"])
    assert {duty["action"].rsplit(":", 1)[1] for duty in policy["permission"][0]["duty"]} == set(OWED["contract"])
    assert policy["permission"][0]["assignee"] == "urn:sakusei:case:C-0001"


def test_an_incomplete_proposal_gives_no_licence():
    with pytest.raises(FormRejected) as caught:
        licence(purpose="")
    assert caught.value.findings


def test_the_summary_names_granularities_in_japanese(package):
    page = (package[0] / "risk-summary.html").read_text(encoding="utf-8")
    for word in ("10歳階級", "提供しない", "値のまま", "提供の都度新たに付す番号", "2人以上"):
        assert word in page


def test_codes_of_the_common_schema_come_with_their_labels(package_table):
    import dataclasses

    from release.describe import DescribedTable, describe_table

    facts = {"column": "income_class", "part": "value", "treatment": "suppress", "role": "sensitive", "clause": 5}
    column = dataclasses.replace(package_table.released.columns[3], name="income_class", column="income_class", part="value", facts=facts)
    released = dataclasses.replace(package_table.released, columns=(column,))
    table = DescribedTable(path="data/x.parquet", released=released, schema=package_table.schema, municipality_ja="見本市")
    (field,) = describe_table(table)["schema"]["fields"]
    assert {"value", "label"} == set(field["categories"][0])
