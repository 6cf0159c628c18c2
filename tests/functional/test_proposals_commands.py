"""Steps ② to ④ and the public pages as a person runs them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from casework.console import Session, run
from casework.office import open_office

DIGEST_CHARACTERS = 64
ENTRY = {
    "register_entry": 1,
    "municipality_code": "902012",
    "name": "特別養護老人ホーム入所希望者名簿",
    "organisation": {"body": "見本市", "department": "福祉部高齢者課"},
    "purpose": "入所の調整に利用する。",
    "items_and_scope": {"items": ["生年月日", "要介護度"], "scope": "入所を申し込んだ者"},
    "collection": "入所申込書により収集する。",
    "sensitive": {"included": True},
    "requests_office": {"name": "見本市総務課", "address": "見本県見本市"},
    "file_kind": "electronic",
    "open_to_proposals": True,
    "proposals_office": {"name": "見本市総務課", "address": "見本県見本市"},
    "persons": 3200,
    "as_of": "2026-04-01",
    "table": "nursing_home_waitlist",
}


def proposal(today):
    return {
        "proposal": 1,
        "submitted_on": today,
        "proposers": [
            {
                "kind": "group",
                "name": "見本介護研究会（合成）",
                "address": "見本県見本市",
                "representative": {"title": "会長", "name": "見本　次郎"},
                "contact": {"name": "見本　三郎", "phone": "090-0000-0000", "email": "kaigo@example.jp"},
                "identity_paper": {"kind": "group_rules", "issued_on": "2020-04-01"},
                "oath": {"signed_on": today},
                "declarations": {"bankrupt": False, "sentenced": False, "cancelled": False, "officers": False},
            }
        ],
        "files": {"table": "nursing_home_waitlist", "municipalities": ["902012"]},
        "persons": 2500,
        "columns": [{"column": "birth_date", "granularity": "age_10"}, {"column": "care_level", "granularity": "stage"}],
        "purpose": "介護の需要を圏域ごとに分析する。",
        "manner": "集計する。",
        "business": "新たな介護サービスの計画",
        "aim": "quality_of_life",
        "contribution": {"description": "待機の解消に資する。"},
        "period": {"from": "2099-04-01", "to": "2100-03-31"},
        "safeguards": {"measures": ["responsible_person", "no_collation"]},
        "supply_method": "encrypted_download",
        "context": "contract",
    }


@pytest.fixture
def office(tmp_path, monkeypatch):
    """A workspace made by the command, with an approver beside the first person."""
    from datetime import UTC, datetime

    from casework.clock import day_of

    home = tmp_path / "home"
    monkeypatch.setenv("SAKUSEI_HOME", str(home))
    monkeypatch.setenv("SAKUSEI_ACTOR", "saku")
    assert run(["init", "--name", "見本作成組織", "--synthetic"]) == 0
    assert run(["person", "add", "mitome", "--role", "approver"]) == 0
    with open_office(Session(home=home, actor="saku")) as opened:
        opened.store.add_register_entry(ENTRY, actor="saku")
    (tmp_path / "teian.yaml").write_text(
        yaml.safe_dump(proposal(day_of(datetime.now(UTC)).isoformat()), allow_unicode=True), encoding="utf-8"
    )
    return tmp_path


@pytest.fixture
def call(office, capsys):
    """Runs a command and returns its JSON; the exit code must be 0."""

    def call(*arguments):
        capsys.readouterr()
        code = run([*map(str, arguments), "--json"])
        captured = capsys.readouterr()
        assert code == 0, captured.err
        return json.loads(captured.out)

    return call


def fails(capsys, code, *arguments):
    capsys.readouterr()
    assert run([*map(str, arguments), "--lang", "en"]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "error:" in captured.err
    assert "hint:" in captured.err
    return captured.err


def test_a_case_from_form_to_contract(office, call):
    form = office / "teian.yaml"
    submitted = call("proposal", "submit", form)
    assert submitted["case"] == "C-0001"
    assert len(submitted["sha256"]) == DIGEST_CHARACTERS
    sheet = call("proposal", "screen", "C-0001")
    assert sheet["failed"] == []
    protection = next(line for line in sheet["criteria"] if line["criterion"] == "protection")
    assert len(protection["reasons"]) == 8
    assert protection["article"] == "法第114条第1項第6号"
    answers = [{"criterion": code, "verdict": "pass", "reason": "適切と認める。"} for code in sheet["waiting"][1:]]
    (office / "kinyu.yaml").write_text(yaml.safe_dump({"review": 1, "answers": answers}, allow_unicode=True), encoding="utf-8")
    call("proposal", "review", "C-0001", "--file", office / "kinyu.yaml")
    done = call("proposal", "review", "C-0001", "--criterion", sheet["waiting"][0], "--verdict", "pass", "--reason", "資すると認める。")
    assert done["waiting"] == []
    call("proposal", "decide", "C-0001", "--accept", "--as", "mitome")
    assert call("fee", "C-0001", "--hours", "3.2")["total_yen"] == 36800  # 21,000 + 4 × 3,950
    letter = call("proposal", "letter", "C-0001", "--output", office / "kekka.html")
    assert (office / "kekka.html").read_bytes() == Path(letter["path"]).read_bytes()
    requests = call("request", "issue", "C-0001", "--deadline", "2099-12-31", "--output", office / "yosei")["requests"]
    assert [request["file"] for request in requests] == ["F-0001"]
    assert sorted(path.name for path in (office / "yosei").iterdir()) == ["F-0001.html", "F-0001.json"]
    assert json.loads((office / "yosei" / "F-0001.json").read_text(encoding="utf-8")) == requests[0]["request"]
    assert call("request", "answer", "F-0001", "--consent")["consent"] is True
    assert call("fee", "C-0001", "--paid")["paid"] is True
    call("contract", "sign", "C-0001", "--as", "mitome", "--output", office / "keiyaku.html")
    shown = call("proposal", "show", "C-0001")
    assert shown["state"] == "contracted"
    assert [paper["kind"] for paper in shown["papers"]] == ["result_accepted", "request", "contract"]
    assert call("proposal", "list")["cases"][0]["case"] == "C-0001"
    assert call("contract", "cancel", "C-0001", "--ground", "breach", "--as", "mitome")["kind"] == "cancellation"
    assert call("audit", "verify")["findings"] == []


@pytest.mark.parametrize("language", ["en", "ja"])
def test_answers_for_people(office, call, capsys, language):
    call("proposal", "submit", office / "teian.yaml")
    for arguments in (["proposal", "screen", "C-0001"], ["proposal", "show", "C-0001"], ["proposal", "list"]):
        assert run([*arguments, "--lang", language]) == 0
    out = capsys.readouterr().out
    assert ("人の判断を要するもの" if language == "ja" else "waiting for a person") in out
    assert "法第114条第1項第2号" in out


def test_a_wrong_form_is_refused_whole(office, capsys):
    document = yaml.safe_load((office / "teian.yaml").read_text(encoding="utf-8"))
    document |= {"persons": "多数", "aim": "money"}
    (office / "warui.yaml").write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    err = fails(capsys, 11, "proposal", "submit", office / "warui.yaml")
    assert "[persons]" in err
    assert "[aim]" in err
    assert "多数" not in err
    assert run(["proposal", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"cases": []}


def test_the_very_same_form_waits_once(office, call, capsys):
    """A command that was killed after its work, and is repeated, enters no second case."""
    call("proposal", "submit", office / "teian.yaml")
    assert "as C-0001" in fails(capsys, 17, "proposal", "submit", office / "teian.yaml")
    assert run(["proposal", "submit", str(office / "teian.yaml"), "--lang", "ja"]) == 17
    assert "C-0001 として" in capsys.readouterr().err
    assert [case["case"] for case in call("proposal", "list")["cases"]] == ["C-0001"]
    # Once it was screened, the same form may be a proposal of its own.
    call("proposal", "screen", "C-0001")
    assert call("proposal", "submit", office / "teian.yaml")["case"] == "C-0002"


def test_refusals_say_what_to_do(office, call, capsys):
    call("proposal", "submit", office / "teian.yaml")
    assert "sakusei proposal screen C-0001" in fails(
        capsys, 17, "proposal", "review", "C-0001", "--criterion", "period", "--verdict", "pass", "--reason", "可"
    )
    call("proposal", "screen", "C-0001")
    err = fails(capsys, 17, "proposal", "decide", "C-0001", "--accept", "--as", "mitome")
    assert err.count("waits for a person (法第114条第1項") == 4
    fails(capsys, 11, "proposal", "decide", "C-0001", "--as", "mitome")
    fails(capsys, 11, "proposal", "review", "C-0001", "--criterion", "period")
    fails(capsys, 17, "proposal", "letter", "C-0001", "--output", office / "kekka.html")
    assert not (office / "kekka.html").exists()
    fails(capsys, 17, "request", "issue", "C-0001", "--output", office / "yosei")
    assert not (office / "yosei").exists()
    fails(capsys, 17, "contract", "sign", "C-0001", "--as", "mitome", "--output", office / "keiyaku.html")
    assert not (office / "keiyaku.html").exists()
    fails(capsys, 17, "fee", "C-0001", "--hours", "1")
    fails(capsys, 17, "proposal", "show", "C-0099")
    fails(capsys, 17, "request", "answer", "F-0001", "--consent")


def test_a_blank_form_is_written(tmp_path, capsys):
    assert run(["proposal", "blank", "--table", "kokuho_benefit", "--output", str(tmp_path / "yoshiki.yaml"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["path"].endswith("yoshiki.yaml")
    fails(capsys, 10, "proposal", "blank", "--table", "no_such_table", "--output", tmp_path / "other.yaml")
    fails(capsys, 10, "proposal", "blank", "--table", "kokuho_benefit", "--regime", "none", "--output", tmp_path / "other.yaml")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["yoshiki.yaml"]


def test_letters_are_kept_where_a_copy_cannot_be_written(office, call, capsys):
    call("proposal", "submit", office / "teian.yaml")
    call("proposal", "screen", "C-0001")
    call("proposal", "decide", "C-0001", "--return", "--reason", "補正してください。")
    err = fails(capsys, 10, "proposal", "letter", "C-0001", "--output", office / "no-such-folder" / "kekka.html")
    assert "kept" in err
    assert len(call("proposal", "show", "C-0001")["papers"]) == 1


def test_a_withdrawn_proposal_ends(office, call):
    call("proposal", "submit", office / "teian.yaml")
    assert call("proposal", "withdraw", "C-0001", "--reason", "事業を中止したため。")["kind"] == "cancellation"
    assert call("proposal", "show", "C-0001")["state"] == "cancelled"


def test_the_pages_are_built(office, call, capsys):
    assert call("portal", "build", "--output", office / "site") == {"folder": str(office / "site"), "pages": 5, "entries": 1}
    assert "入所希望者名簿" in (office / "site" / "index.html").read_text(encoding="utf-8")
    (office / "taihi").mkdir()
    (office / "taihi" / "x").write_text("x", encoding="utf-8")
    fails(capsys, 10, "portal", "build", "--output", office / "taihi")
    assert [path.name for path in (office / "taihi").iterdir()] == ["x"]


def test_pages_from_files_in_a_process_of_their_own(tmp_path):
    (tmp_path / "toroku.yaml").write_text(yaml.safe_dump(ENTRY, allow_unicode=True), encoding="utf-8")
    arguments = ["portal", "build", "--output", "site", "--register", "toroku.yaml", "--json"]
    script = [sys.executable, "-c", "import sys; from casework.console import run; sys.exit(run(sys.argv[1:]))", *arguments]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("SAKUSEI_")}
    done = subprocess.run(script, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["entries"] == 1
    assert (tmp_path / "site" / "entries" / "R-0001.html").is_file()


@pytest.mark.parametrize(
    "arguments",
    [
        ["proposal", "--help"], ["request", "--help"], ["contract", "--help"], ["portal", "build", "--help"], ["fee", "--help"],
        ["proposal", "decide", "--help"], ["request", "issue", "--help"],
    ],
)  # fmt: skip
def test_help_is_there_in_both_languages(arguments, capsys, monkeypatch):
    texts = []
    for language in ("en", "ja"):
        monkeypatch.setenv("SAKUSEI_LANG", language)
        assert run(arguments) == 0
        texts.append(capsys.readouterr().out)
    assert texts[0] != texts[1]
    assert any("぀" <= character <= "鿿" for character in texts[1])
