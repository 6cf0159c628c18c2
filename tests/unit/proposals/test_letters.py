"""What each letter must say, read from its text; and that nothing written by others can do more than be read."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from proposals.case_review import reject_case, return_case, review_case, screen_case
from proposals.contract import cancel_contract, record_payment, set_fee, sign_contract
from proposals.letters import write_result
from proposals.papers_out import copy_letter
from proposals.rendering import clean_text, render_page, to_japanese
from proposals.submission import submit_proposal
from proposals.supply import issue_requests, record_answer
from schemas.errors import SettingsError, TransitionRefused

VOID = {"meta", "br", "link", "img", "hr"}


class Page(HTMLParser):
    """Reads a page: its text, tags and attributes; complains about tags that do not match."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.parts, self.attributes = [], [], [], []
        self.feed(html)
        self.close()
        assert self.open == [], "every tag is closed"

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.parts.append(data)

    @property
    def text(self):
        return " ".join("".join(self.parts).split())


def read(letter):
    return Page(letter.path.read_text(encoding="utf-8"))


def check_self_contained(html):
    """No script, no request, and a policy that allows the one style sheet by its hash."""
    page = Page(html)
    assert not {"script", "iframe", "object", "embed", "form", "base"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert not [value for name, value in page.attributes if name == "src"]
    css = re.search(r"<style>(.*?)</style>", html, re.DOTALL)[1]
    assert "url(" not in css
    assert "@import" not in css
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    policy = next(value for name, value in page.attributes if name == "content" and value.startswith("default-src"))
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert f"'sha256-{digest}'" in policy
    assert html.index("Content-Security-Policy") < html.index("<style>")
    return page


@pytest.fixture
def letters(accepted, approver):
    """Every letter of an accepted case, up to the cancellation of its contract."""
    set_fee(accepted, "C-0001", hours=12.5, outsourcing_yen=297000)
    written = {"result_accepted": write_result(accepted, "C-0001")}
    written["request"] = issue_requests(accepted, "C-0001")[0].letter
    for file_id in ("F-0001", "F-0002"):
        record_answer(accepted, file_id, consent=True)
    record_payment(accepted, "C-0001")
    written["contract"] = sign_contract(approver, "C-0001")
    written["cancellation"] = cancel_contract(approver, "C-0001", "breach")
    return written


def test_the_result_of_an_accepted_proposal(letters):
    page = read(letters["result_accepted"])
    # 法114条2項・規則59条2項: a contract may be made; amount, way and deadline of the fee; method of supply.
    for part in (
        "第C-0001-1号", "令和8年11月20日", "見本健康データ研究所株式会社（合成） 御中", "見本作成組織", "（公印省略）",
        "行政機関等匿名加工情報に関する提案の審査結果について（通知）",
        "個人情報の保護に関する法律（平成15年法律第57号。以下「法」という。）第114条第1項各号に掲げる基準に適合すると認めました",
        "法第114条第2項・規則第59条の規定により", "国民健康保険給付記録ファイル", "見本県見本市", "見本県雛形市",
        "法第115条の規定により", "契約を締結することができます", "別記様式第十",
        "21,000円", "3,950円", "13", "51,350円", "297,000円", "369,350円", "納入通知書", "納付の期限 令和8年12月20日",
        "暗号化した電子媒体の手交又は送付", "100,000人", "生年月日", "5歳階級", "四半期", "章", "規則第62条第5号",
        "令和9年4月1日から令和11年3月31日まで", "提案書の記載のとおりと認める。", "以上",
    ):  # fmt: skip
        assert part in page.text, part
    assert page.text.count("適合 ") >= 9
    assert "氏名カナ" not in page.text


def test_the_request_to_a_municipality(letters):
    page = read(letters["request"])
    # 作成組織のイメージ④: in writing, naming user, purpose, management; the columns at the least.
    for part in (
        "見本県見本市長 様", "個人情報ファイルの提供について（要請）", "見本健康データ研究所株式会社（合成）", "代表取締役 見本 太郎",
        "性別及び年齢階級ごとの給付の実績から", "集計及び統計的な推計", "健康増進に応じて", "新たな産業の創出",
        "令和9年4月1日から令和11年3月31日まで", "本人を識別するために他の情報と照合しない", "宛名番号", "本人の数を数えるため",
        "地域の差をみるため", "令和7年4月1日から令和8年3月31日まで", "送付しない記録項目", "個人番号", "氏名、", "電話番号、", "備考",
        ".sakusei", "令和8年12月20日", "F-0001", "□ 提供する", "□ 提供しない", "個人情報ファイルの提供について（回答）",
    ):  # fmt: skip
        assert part in page.text, part
    wanted = page.text.split("送付しない記録項目")[0]
    assert "氏名カナ" not in wanted
    assert "電話番号" not in wanted


def test_the_contract_limits_what_the_user_may_do(letters):
    page = read(letters["contract"])
    for part in (
        "利用に関する契約書", "369,350円", "識別行為の禁止", "二次流通の制限", "法第45条", "法第46条", "法第120条", "10人未満",
        "遅滞なく加工情報を復元することができない方法により消去", "別表第1", "別表第2", "作成前に他のファイルと結合しない",
    ):  # fmt: skip
        assert part in page.text, part


def test_a_rejection_gives_reasons(office, approver, write_form, form):
    form["persons"] = 999
    submit_proposal(office, write_form(form))
    screen_case(office, "C-0001")
    review_case(office, "C-0001", [{"criterion": "contribution", "verdict": "fail", "reason": "目標との関係が示されていない。"}])
    reject_case(approver, "C-0001", "総合的に判断した。")
    page = read(write_result(approver, "C-0001"))
    for part in (
        "適合しないと認めました",
        "法第114条第3項",
        "理由を付して",
        "本人の数999人は、1,000人に満たない",
        "目標との関係が示されていない。",
        "総合的に判断した。",
    ):
        assert part in page.text, part
    assert "手数料" not in page.text
    assert "hindrance" not in page.text


def test_a_return_says_what_to_correct_and_by_when(office, write_form, form):
    form["proposers"][0]["identity_paper"]["issued_on"] = "2025-01-01"
    form["columns"][0]["granularity"] = "value"
    submit_proposal(office, write_form(form))
    screen_case(office, "C-0001")
    return_case(office, "C-0001", "定款も添えてください。")
    page = read(write_result(office, "C-0001"))
    for part in (
        "補正について（依頼）",
        "6月を超えています",
        "「生年月日」の粒度「値のまま」",
        "定款も添えてください。",
        "令和8年12月20日",
    ):
        assert part in page.text, part


def test_letters_are_self_contained_and_kept(letters, office):
    papers = {paper.kind: paper for paper in office.store.list_papers(case_id="C-0001")}
    for kind, letter in letters.items():
        html = letter.path.read_text(encoding="utf-8")
        check_self_contained(html)
        assert hashlib.sha256(html.encode()).hexdigest() == letter.sha256
        assert kind in papers
        assert "合成データによる試行" in html
        assert "@page { size: A4" in html
    assert [letter.number for letter in letters.values()] == ["第C-0001-1号", "第C-0001-2号", "第C-0001-4号", "第C-0001-5号"]


def test_no_letter_without_a_result_or_a_fee(office, accepted, write_form, form):
    with pytest.raises(TransitionRefused) as caught:
        write_result(accepted, "C-0001")
    assert "sakusei fee C-0001" in caught.value.hint.render()
    submit_proposal(office, write_form(form))
    with pytest.raises(TransitionRefused):
        write_result(office, "C-0002")
    assert office.store.list_papers() == ()


def test_a_copy_goes_where_it_is_wanted_or_says_so(letters, tmp_path):
    copy = copy_letter(letters["contract"], tmp_path / "keiyaku.html")
    assert copy.read_bytes() == letters["contract"].path.read_bytes()
    with pytest.raises(SettingsError):
        copy_letter(letters["contract"], tmp_path / "no-such-folder" / "keiyaku.html")


# --- text that tries to be more than text

MARKUP = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'-alert(1)-'",
    "</td></table><iframe src=//evil.example>",
    "{{ 7*7 }}{% raw %}",
    "<!-- --><style>*{display:none}</style>",
    "&lt;script&gt;",
    "=HYPERLINK(\"http://evil.example\",\"x\")",
    "＝cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
]  # fmt: skip


def poison(form, text):
    """Put a text into every field of a proposal that takes words."""
    proposer = form["proposers"][0]
    proposer |= {"name": text, "address": text, "representative": {"title": text, "name": text}}
    proposer["contact"] |= {"department": text, "name": text}
    form |= {"purpose": text, "manner": text, "business": text}
    form["contribution"]["description"] = form["safeguards"]["description"] = text
    form["columns"][2]["reason"] = text
    form["selection"] = {"kind": "by_attribute", "description": text}
    return form


@pytest.mark.parametrize("text", ["　".join(MARKUP[start : start + 3]) for start in range(0, len(MARKUP), 3)], ids=range(4))
def test_markup_stays_text_in_every_letter(office, approver, write_form, form, answers, text):
    submit_proposal(office, write_form(poison(form, text)))
    screen_case(office, "C-0001")
    reviewed = [{**answer, "reason": text} for answer in answers] + [{"criterion": "method", "verdict": "pass", "reason": text}]
    review_case(office, "C-0001", reviewed)
    from proposals.case_review import accept_case

    accept_case(approver, "C-0001", text)
    set_fee(office, "C-0001")
    written = [write_result(office, "C-0001"), *(request.letter for request in issue_requests(office, "C-0001"))]
    for file_id in ("F-0001", "F-0002"):
        record_answer(office, file_id, consent=True, reason=text)
    record_payment(office, "C-0001")
    written += [sign_contract(approver, "C-0001"), cancel_contract(approver, "C-0001", "breach", text=text)]
    for letter in written:
        page = check_self_contained(letter.path.read_text(encoding="utf-8"))
        assert {"img", "iframe"}.isdisjoint(page.tags)
        assert " ".join(text.split()) in page.text


HIDDEN = "\u202e\u2066\u2069\u200b\u200e\u0007\u001b\u0000\u2028\ufeff"


def test_hidden_characters_reach_no_page_even_from_inside():
    assert clean_text(f"右{HIDDEN}左\n次") == "右左\n次"
    assert clean_text("外字\ue000は") == "外字〓は"
    assert clean_text("葛\U000e0100城") == "葛\U000e0100城"
    regime = {
        "term_ja": f"加工{HIDDEN}情報",
        "law_ja": "法（）",
        "law_short_ja": "法",
        "abbreviations": {},
        "get_article": lambda _key: "法第1条",
    }
    letter = {
        "number": f"第{HIDDEN}1号", "date": "2026-11-20", "to": [f"見本{HIDDEN}"], "office": HIDDEN, "synthetic": False,
        "case_id": "C", "file_id": None, "received_on": "2026-11-20", "form_sha256": "0",
    }  # fmt: skip
    html = render_page(
        "returned.html", regime=regime, letter=letter, files=[], failed=[], decision_reason=f"不{HIDDEN}足\nです", answer_by="2026-12-20"
    )
    assert not set(HIDDEN) & set(html)
    assert "不足<br>です" in html


def test_letters_are_japanese_whatever_the_console_speaks():
    assert to_japanese("the fee is not paid") == "手数料が納付されていません"
    assert to_japanese("") == ""
