"""The public pages: complete, self-contained, the same bytes each time, and whole or not at all."""

import json
import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest
import yaml

from proposals.contract import record_payment, set_fee, sign_contract
from proposals.portal import build as build_module
from proposals.portal.build import build_portal, build_portal_of_office
from proposals.portal.catalogue import to_catalogue
from proposals.portal.figures import show_persons
from proposals.portal.pages import Site, render_site
from proposals.supply import issue_requests, record_answer
from schemas.counts import is_small
from schemas.errors import FormRejected, SettingsError
from schemas.regimes import load_regime

NEW, OLD = load_regime("tokumei-2023"), load_regime("hishikibetsu-2017")


def site(*entries, regime=NEW):
    return Site(office="見本作成組織", regime=regime, synthetic=True, entries=tuple((f"R-{n:04d}", e) for n, e in enumerate(entries, 1)))


class Page(HTMLParser):
    def __init__(self, content):
        super().__init__()
        self.tags, self.parts, self.attributes, self.open = [], [], [], []
        self.feed(content.decode())
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]
        if tag not in {"meta", "br", "link"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.parts.append(data)

    @property
    def text(self):
        return " ".join("".join(self.parts).split())


@pytest.fixture
def full(entry):
    """An entry with every item the law knows, after a product was made of it."""
    return entry | {
        "ordinance_sensitive": {"included": True, "items": ["条例で定める項目"]},
        "special_procedure": "国民健康保険法による手続",
        "manual_companion": True,
        "opinion_chance": True,
        "product_outline": {"persons": 61000, "items": ["年齢階級", "性別"]},
        "product_office": {"name": "見本作成組織", "address": "見本県見本市中央2丁目"},
        "product_period": {"first": "2027-04-01", "last": "2032-03-31"},
    }


@pytest.mark.parametrize("regime", [NEW, OLD], ids=lambda regime: regime.name)
def test_an_entry_page_has_every_item_of_the_law(full, regime):
    page = Page(render_site(site(full, regime=regime))["entries/R-0001.html"])
    for item in regime.register_items:
        assert item.title_ja in page.text
        assert item.citation in page.text
    for part in (
        "国民健康保険給付記録ファイル", "市民部保険年金課", "国民健康保険の給付事務", "傷病名", "国民健康保険の被保険者", "診療報酬明細書",
        "病歴",         "見本県国民健康保険団体連合会", "見本市総務部情報公開課", "国民健康保険法による手続", "電算処理ファイル", "該当",
        "本人の数 61,000人", "令和9年4月1日から令和14年3月31日まで", "80,000人（令和8年4月1日現在）",
    ):  # fmt: skip
        assert part in page.text, part
    assert ("意見書提出の機会が与えられる" in page.text) is (regime is OLD)


def test_items_that_do_not_apply_are_left_out_and_needed_ones_say_none(entry):
    del entry["recipients"]
    entry["sensitive"] = {"included": False}
    text = Page(render_site(site(entry))["entries/R-0001.html"]).text
    assert "要配慮個人情報が含まれるとき" not in text
    assert "行政機関等匿名加工情報の概要" not in text
    assert "記録項目及び記録範囲" in text


def test_grains_on_the_page_are_those_a_proposal_may_ask_for(entry):
    text = Page(render_site(site(entry))["entries/R-0001.html"]).text
    assert "生年月日 birth_date 5歳階級 age_5" in text
    assert "氏名 name 提供しない" in text
    assert "宛名番号 person_key 提供の都度新たに付す番号 fresh_id" in text
    assert "記録項目と提案できる粒度" not in Page(render_site(site(entry | {"open_to_proposals": False}))["entries/R-0001.html"]).text
    few = Page(render_site(site(entry | {"columns": ["sex", "birth_date"]}))["entries/R-0001.html"]).text
    assert "disease_code" not in few


def test_the_page_for_proposers_tells_items_tests_and_fee(entry):
    text = Page(render_site(site(entry))["propose.html"]).text
    for rule in (*NEW.criteria, *NEW.disqualifications, *NEW.clauses.values(), *NEW.safeguards.values()):
        assert " ".join(rule.text_ja.split()) in text
    for part in ("21,000円", "3,950円", "12,600円", "30日以上", "別記様式第七", "6月以内", "columns", "supply_method"):
        assert part in text


def test_pages_are_self_contained_accessible_and_linked(entry):
    files = render_site(site(entry, entry | {"municipality_code": "902021"}))
    for path, content in files.items():
        if not path.endswith(".html"):
            continue
        page = Page(content)
        html = content.decode()
        assert not {"script", "iframe", "img", "form", "object", "embed"} & set(page.tags), path
        assert html.startswith("<!doctype html>")
        assert '<html lang="ja">' in html
        assert page.tags.count("h1") == 1
        assert page.tags.count("main") == 1
        assert "Content-Security-Policy" in html
        assert "http://" not in html
        assert "https://" not in html
        assert ("a", "class", "skip") in page.attributes
        levels = [int(tag[1]) for tag in page.tags if re.fullmatch("h[1-6]", tag)]
        assert all(after - before <= 1 for before, after in pairwise(levels))
        base = "entries/" if path.startswith("entries/") else ""
        for tag, name, value in page.attributes:
            if name == "href" and not value.startswith("#"):
                target = value.removeprefix("../") if base else value
                assert target in files, (path, tag, value)


def test_bodies_come_in_the_order_of_their_codes(entry):
    text = Page(render_site(site(entry | {"municipality_code": "902021"}, entry))["index.html"]).text
    assert text.index("見本県見本市") < text.index("見本県雛形市")


def test_the_catalogue_is_dcat_and_relative(entry):
    catalogue = json.loads(to_catalogue("見本作成組織", NEW, [("R-0001", entry)]))
    assert catalogue["@context"]["dcat"] == "http://www.w3.org/ns/dcat#"
    assert catalogue["@type"] == "dcat:Catalog"
    (dataset,) = catalogue["dcat:dataset"]
    assert dataset["@type"] == "dcat:Dataset"
    assert dataset["dct:identifier"] == "R-0001"
    assert dataset["dct:title"] == {"@value": "国民健康保険給付記録ファイル", "@language": "ja"}
    assert dataset["dct:accessRights"]["@id"].endswith("NON_PUBLIC")
    assert "dcat:distribution" not in dataset
    assert dataset["dcat:landingPage"]["@id"] == "entries/R-0001.html"
    prefixes = set(catalogue["@context"])
    keys = set(re.findall(r'"([a-z]+):[A-Za-z-]+":', to_catalogue("見本", NEW, [("R-0001", entry)]).decode()))
    assert keys <= prefixes


def test_the_register_for_machines_is_as_it_was_entered(entry):
    register = json.loads(render_site(site(entry))["register.json"])
    assert register == {"office": "見本作成組織", "regime": "tokumei-2023", "entries": [{"id": "R-0001", **entry}]}


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "=cmd|' /C calc'!A0", "{{ 7*7 }}"])
def test_markup_in_a_register_stays_text(entry, text):
    entry |= {"name": text, "purpose": text, "collection": text, "recipients": [text], "special_procedure": text}
    entry["organisation"] = {"body": text, "department": text}
    entry["items_and_scope"] = {"items": [text], "scope": text}
    entry["requests_office"] = entry["proposals_office"] = {"name": text, "address": text}
    files = render_site(site(entry))
    for path in ("index.html", "entries/R-0001.html"):
        page = Page(files[path])
        assert not {"script", "img"} & set(page.tags)
        assert " ".join(text.split()) in page.text
    assert json.loads(files["register.json"])["entries"][0]["name"] == text


def test_the_pages_of_an_office(accepted, approver, home, tmp_path):
    set_fee(accepted, "C-0001", hours=1)
    issue_requests(accepted, "C-0001")
    for file_id in ("F-0001", "F-0002"):
        record_answer(accepted, file_id, consent=True)
    record_payment(accepted, "C-0001")
    sign_contract(approver, "C-0001")
    built = build_portal_of_office(accepted, tmp_path / "site")
    assert (built.pages, built.entries) == (6, 2)
    uses, books = (Page((tmp_path / "site" / name).read_bytes()).text for name in ("uses.html", "books.html"))
    for part in ("令和8年度 110100", "性別及び年齢階級ごとの給付", "新たな産業の創出／法人", "100,000", "利用中"):
        assert part.replace(" ", "") in uses.replace(" ", ""), part
    assert "見本健康データ研究所" not in uses
    head = accepted.store.chain_head()
    for part in (head.hash, f"{head.sequence:,}件", "整合"):
        assert part in books, part
    assert (tmp_path / "site" / "office.pub.pem").read_bytes() == (home / "office.pub.pem").read_bytes()


def test_the_published_head_is_signed_by_the_office(office, home, tmp_path):
    from casework.keys import load_public_key
    from casework.witness import check_head

    build_portal_of_office(office, tmp_path / "site")
    text = (tmp_path / "site" / "books.html").read_text(encoding="utf-8")
    digest, signature = re.findall(r'<code class="hash">([0-9a-f]+)</code>', text)
    statement = {"sequence": office.store.chain_head().sequence, "hash": digest, "signature": signature}
    assert check_head(statement, load_public_key(home / "office.pub.pem")).hash == office.store.head()


def test_no_person_of_the_office_or_proposer_is_named(accepted, tmp_path, form):
    build_portal_of_office(accepted, tmp_path / "site")
    whole = b"".join(path.read_bytes() for path in sorted((tmp_path / "site").rglob("*")) if path.is_file()).decode()
    contact = form["proposers"][0]["contact"]
    for word in ("mitome", 'saku"', contact["name"], contact["email"], contact["phone"], form["proposers"][0]["name"]):
        assert word not in whole


def test_the_same_books_give_the_same_bytes(office, tmp_path):
    def build(name):
        build_portal_of_office(office, tmp_path / name)
        folder = tmp_path / name
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    assert build("one") == build("two")
    assert build("one") == build("two")


def test_pages_from_files_need_no_office(entry, tmp_path):
    source = tmp_path / "toroku.yaml"
    source.write_text(yaml.safe_dump(entry, allow_unicode=True), encoding="utf-8")
    built = build_portal([source], tmp_path / "site")
    assert built.entries == 1
    assert "記録はありません" in (tmp_path / "site" / "books.html").read_text(encoding="utf-8")
    assert not (tmp_path / "site" / "office.pub.pem").exists()


def test_a_wrong_entry_leaves_no_pages(entry, tmp_path):
    del entry["purpose"]
    source = tmp_path / "toroku.yaml"
    source.write_text(yaml.safe_dump(entry, allow_unicode=True), encoding="utf-8")
    with pytest.raises(FormRejected):
        build_portal([source], tmp_path / "site")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["toroku.yaml"]


def test_a_folder_of_other_things_is_left_alone(office, tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "kazoku.jpg").write_bytes(b"x")
    with pytest.raises(SettingsError):
        build_portal_of_office(office, tmp_path / "site")
    assert (tmp_path / "site" / "kazoku.jpg").read_bytes() == b"x"


def test_a_stop_in_the_middle_leaves_the_old_pages(office, tmp_path, monkeypatch):
    build_portal_of_office(office, tmp_path / "site")
    before = (tmp_path / "site" / "index.html").read_bytes()

    def stop(folder, files):
        folder.mkdir(parents=True)
        (folder / "index.html").write_bytes(b"half")
        raise OSError("the disk is full")

    monkeypatch.setattr(build_module, "_write_files", stop)
    with pytest.raises(SettingsError):
        build_portal_of_office(office, tmp_path / "site")
    assert (tmp_path / "site" / "index.html").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize(("persons", "shown"), [(0, True), (1, False), (9, False), (10, True), (11, True)])
def test_small_numbers_of_persons_are_not_shown(persons, shown):
    text = show_persons(persons, NEW)
    assert (f"{persons}" == text) is shown
    assert is_small(persons, NEW.defaults.small_count) is not shown
