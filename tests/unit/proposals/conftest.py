"""An office with two register entries and three people; a complete proposal; a clock that stands still. All of it is synthetic."""

import copy
import dataclasses
import shutil
from datetime import UTC, datetime

import pytest
import yaml

from casework.console import Session
from casework.office import init_office, open_office
from casework.settings import Settings
from casework.states import Role

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
SCREENER, APPROVER, OTHER = "saku", "mitome", "hoka"

ENTRY = {
    "register_entry": 1,
    "municipality_code": "902012",
    "name": "国民健康保険給付記録ファイル",
    "organisation": {"body": "見本市", "department": "市民部保険年金課"},
    "purpose": "国民健康保険の給付事務に利用する。",
    "items_and_scope": {"items": ["氏名", "生年月日", "性別", "診療年月", "傷病名", "決定点数"], "scope": "国民健康保険の被保険者"},
    "collection": "診療報酬明細書により収集する。",
    "sensitive": {"included": True, "items": ["病歴"]},
    "recipients": ["見本県国民健康保険団体連合会"],
    "requests_office": {"name": "見本市総務部情報公開課", "address": "見本県見本市中央1丁目1番1号"},
    "file_kind": "electronic",
    "manual_companion": False,
    "open_to_proposals": True,
    "proposals_office": {"name": "見本市総務部情報公開課", "address": "見本県見本市中央1丁目1番1号"},
    "persons": 80000,
    "as_of": "2026-04-01",
    "table": "kokuho_benefit",
}
SECOND = {**ENTRY, "municipality_code": "902021", "organisation": {"body": "雛形市", "department": "福祉部国保課"}, "persons": 24000}

FORM = {
    "proposal": 1,
    "regime": "tokumei-2023",
    "submitted_on": "2026-11-18",
    "proposers": [
        {
            "kind": "corporation",
            "name": "見本健康データ研究所株式会社（合成）",
            "address": "見本県雛形市本町2丁目3番4号",
            "representative": {"title": "代表取締役", "name": "見本　太郎"},
            "corporate_number": "7000012050002",
            "contact": {"department": "企画部", "name": "見本　花子", "phone": "090-0000-0000", "email": "kikaku@example.jp"},
            "identity_paper": {"kind": "registry_certificate", "issued_on": "2026-08-01"},
            "oath": {"signed_on": "2026-11-17"},
            "declarations": {"bankrupt": False, "sentenced": False, "cancelled": False, "officers": False},
        }
    ],
    "files": {
        "table": "kokuho_benefit",
        "register_entries": ["R-0001", "R-0002"],
        "data_period": {"from": "2025-04-01", "to": "2026-03-31"},
    },
    "persons": 100000,
    "columns": [
        {"column": "birth_date", "granularity": "age_5"},
        {"column": "sex", "granularity": "value"},
        {"column": "municipality_code", "granularity": "value", "reason": "地域の差をみるため"},
        {"column": "treated_month", "granularity": "quarter"},
        {"column": "disease_code", "granularity": "chapter"},
        {"column": "name", "granularity": "drop"},
    ],
    "purpose": "性別及び年齢階級ごとの給付の実績から、新たな医療保険商品の料率を検討する。",
    "manner": "集計及び統計的な推計に用いる。",
    "business": "健康増進に応じて保険料を還元する保険商品の開発",
    "aim": "new_industry",
    "contribution": {"description": "健康づくりに応じた還元により、新たな保険の市場を創出する。"},
    "period": {"from": "2027-04-01", "to": "2029-03-31"},
    "safeguards": {
        "measures": [
            "responsible_person", "handling_rules", "access_control", "storage_encryption", "access_log",
            "no_collation", "no_onward_supply", "staff_training", "erasure", "incident_report",
        ],
        "description": "情報セキュリティマネジメントシステムの認証を受けた環境で取り扱う。",
    },
    "supply_method": "encrypted_media",
    "context": "contract",
}  # fmt: skip
PERSONAL_TESTS = ("contribution", "period", "protection", "hindrance")


@pytest.fixture
def form():
    """A complete proposal, free to change."""
    return copy.deepcopy(FORM)


@pytest.fixture
def entry():
    """A complete register entry, free to change."""
    return copy.deepcopy(ENTRY)


@pytest.fixture
def write_form(tmp_path):
    """Writes a form to a YAML file and returns its path."""

    def write(document, name="teian.yaml"):
        path = tmp_path / name
        path.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def template_homes(tmp_path_factory):
    """One workspace per law, made once and copied for each test."""
    folder = tmp_path_factory.mktemp("homes")
    return {regime: make_home(folder / regime, regime) for regime in ("tokumei-2023", "hishikibetsu-2017")}


@pytest.fixture
def home(tmp_path, template_homes):
    """The workspace of an office with two open register entries and three people."""
    return shutil.copytree(template_homes["tokumei-2023"], tmp_path / "home")


def make_home(path, regime):
    """Set up an office: a screener, an approver, and someone with every role."""
    init_office(path, Settings(office_name="見本作成組織", regime=regime, synthetic=True), actor=OTHER, now=lambda: NOW)
    with open_office(Session(home=path, actor=OTHER), now=lambda: NOW) as office:
        office.store.add_person(SCREENER, [Role.SCREENER], actor=OTHER)
        office.store.add_person(APPROVER, [Role.APPROVER], actor=OTHER)
        for document in (ENTRY, SECOND):
            office.store.add_register_entry(document, actor=SCREENER)
    return path


@pytest.fixture
def office(home):
    """The office, opened; `as_` gives it to another person."""
    with open_office(Session(home=home, actor=SCREENER), now=lambda: NOW) as opened:
        yield opened


@pytest.fixture
def approver(office):
    """The same office in the hands of the approver."""
    return as_(office, APPROVER)


def as_(office, actor):
    """Return the office in the hands of another person."""
    return dataclasses.replace(office, actor=actor)


@pytest.fixture
def colleague(office):
    """The same office in the hands of someone with every role."""
    return as_(office, OTHER)


@pytest.fixture
def personal_tests():
    """Codes of the tests that are a person's."""
    return PERSONAL_TESTS


@pytest.fixture
def answers(personal_tests):
    """A person's pass on every test that is a person's."""
    return [{"criterion": code, "verdict": "pass", "reason": "提案書の記載のとおりと認める。"} for code in personal_tests]


@pytest.fixture
def accepted(office, approver, write_form, form, answers):
    """An office whose case C-0001 is accepted."""
    from proposals.case_review import accept_case, review_case, screen_case
    from proposals.submission import submit_proposal

    submit_proposal(office, write_form(form))
    screen_case(office, "C-0001")
    review_case(office, "C-0001", answers)
    accept_case(approver, "C-0001")
    return office


@pytest.fixture
def old_office(tmp_path, template_homes):
    """An office under the former law, with the same entries."""
    home = shutil.copytree(template_homes["hishikibetsu-2017"], tmp_path / "old")
    with open_office(Session(home=home, actor=SCREENER), now=lambda: NOW) as opened:
        yield opened
