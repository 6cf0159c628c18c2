"""init, status, person, audit and vault as a person runs them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from casework.console import Session, run
from casework.office import open_office
from casework.states import CaseState, FileState, Role


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    """No workspace, person or language from outside; a width that keeps lines whole."""
    for name in ("SAKUSEI_HOME", "SAKUSEI_ACTOR", "SAKUSEI_LANG", "SAKUSEI_PASSPHRASE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def home(tmp_path, capsys):
    folder = tmp_path / "office"
    assert run(["init", "--home", str(folder), "--as", "chief", "--synthetic", "--name", "見本作成組織"]) == 0
    capsys.readouterr()
    return folder


@pytest.fixture
def sakusei(home, capsys):
    """Run a command in the workspace; return exit code, output and errors."""

    def call(*arguments, actor="chief"):
        code = run([*arguments, "--home", str(home), "--as", actor, "--lang", "en"])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def busy(home, tmp_path):
    """A contracted case with one sealed file."""
    with open_office(Session(home=home, actor="chief")) as office:
        store = office.store
        store.add_person("deputy", list(Role), actor="chief")
        store.add_person("clerk", [Role.PROCESSOR], actor="chief")
        register_id = store.add_register_entry({}, actor="chief")
        case_id = store.add_case({"regime": "tokumei-2023"}, actor="chief")
        store.move_case(case_id, CaseState.UNDER_REVIEW, actor="chief")
        store.move_case(case_id, CaseState.ACCEPTED, actor="deputy")
        file_id = store.add_file(case_id, register_id=register_id, table="t", actor="chief")
        store.move_case(case_id, CaseState.REQUESTED, actor="chief")
        (tmp_path / "plain").write_bytes(b"rows")
        office.vault.seal(file_id, "received", tmp_path / "plain")
        store.move_file(file_id, FileState.RECEIVED, actor="chief")
        store.move_file(file_id, FileState.NORMALISED, actor="chief")
    return home


def refused(result, exit_code, text):
    code, out, err = result
    assert (code, out) == (exit_code, "")
    assert err.startswith("error: ")
    assert "\nhint: " in err
    assert text in err


def test_init_says_what_to_give_away_and_what_comes_next(tmp_path, capsys):
    assert run(["init", "--home", str(tmp_path / "x"), "--as", "chief"]) == 0
    out = capsys.readouterr().out
    assert "office.pub.pem, office.age.pub" in out
    assert "sakusei person add" in out


def test_init_answers_machines(tmp_path, capsys):
    assert run(["init", "--home", str(tmp_path / "x"), "--as", "chief", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data == {"home": str(tmp_path / "x"), "actor": "chief", "public_keys": ["office.pub.pem", "office.age.pub"]}


def test_init_twice_is_refused_and_upgrade_is_not(sakusei, home):
    before = sorted(path.name for path in home.iterdir())
    refused(sakusei("init"), 10, "a workspace already")
    assert sorted(path.name for path in home.iterdir()) == before
    code, out, _ = sakusei("init", "--upgrade")
    assert (code, out) == (0, "the tables are up to date\n")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--regime", "none-1900"], "none-1900"),
        (["--database-url", "mysql://x/y"], "mysql"),
        (["--as", "Ä"], "an id of a person"),
    ],
)
def test_init_that_fails_leaves_no_workspace(tmp_path, capsys, options, text):
    assert run(["init", "--home", str(tmp_path / "x"), "--as", "chief", "--lang", "en", *options]) == 10
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "error:" in captured.err
    assert "hint:" in captured.err
    assert text in captured.err
    assert not (tmp_path / "x" / "office.yaml").exists()


def test_no_workspace_is_refused(capsys):
    assert run(["status", "--lang", "en"]) == 10
    assert "hint: add --home DIR or set SAKUSEI_HOME" in capsys.readouterr().err


def test_status_of_a_new_office_names_the_first_step(sakusei):
    code, out, _ = sakusei("status")
    assert code == 0
    assert out.splitlines()[0] == "見本作成組織 — tokumei-2023 — synthetic data only"
    assert "sakusei proposal submit FILE" in out


def test_status_shows_what_is_waited_for_and_who_may(sakusei, busy):
    code, out, _ = sakusei("status")
    assert code == 0
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert "C-0001 requested sign the contract — approver: chief, deputy" in lines
    assert "F-0001 normalised process the file — processor: chief, clerk, deputy (first the case must be: contracted)" in lines


def test_status_leaves_out_who_is_excluded_by_their_work(sakusei, busy):
    with open_office(Session(home=busy, actor="chief")) as office:
        office.store.move_case("C-0001", CaseState.CONTRACTED, actor="deputy")
        office.store.move_file("F-0001", FileState.PROCESSED, actor="deputy")
    _, out, _ = sakusei("status", "--json")
    case, file = json.loads(out)["items"]
    assert (case["id"], case["state"], [step["target"] for step in case["steps"]]) == ("C-0001", "contracted", ["closed"])
    assert [(step["target"], step["people"]) for step in file["steps"]] == [("assessed", ["chief"]), ("refused", ["chief"])]


def test_status_says_when_nobody_may(sakusei, home):
    with open_office(Session(home=home, actor="chief")) as office:
        office.store.add_case({"regime": "tokumei-2023"}, actor="chief")
        office.store.move_case("C-0001", CaseState.UNDER_REVIEW, actor="chief")
    assert "accept the proposal — approver: nobody yet" in sakusei("status")[1]


def test_people_are_added_listed_and_silenced(sakusei):
    code, out, _ = sakusei("person", "add", "Deputy", "--role", "approver", "--role", "release_officer")
    assert (code, out.split()) == (0, ["person", "roles", "deputy", "approver,", "release", "officer"])
    data = json.loads(sakusei("person", "list", "--json")[1])
    assert data["people"][1] == {"id": "deputy", "roles": ["approver", "release_officer"]}
    assert sakusei("person", "add", "deputy")[0] == 0
    refused(sakusei("person", "add", "friend", "--role", "auditor", actor="deputy"), 17, "the role approver is needed")
    refused(sakusei("person", "add", "chief"), 17, "nobody changes their own roles")
    assert sakusei("person", "add", "x", "--role", "king")[0] == 2


def test_audit_verify_and_log(sakusei, busy):
    code, out, _ = sakusei("audit", "verify", "--json")
    data = json.loads(out)
    assert (code, data["findings"], len(data["head"])) == (0, [], 64)
    events = json.loads(sakusei("audit", "log", "--json")[1])["events"]
    assert (len(events), events[-1]["hash"]) == (data["events"], data["head"])
    assert sakusei("audit", "verify", "--head", events[4]["hash"])[0] == 0
    refused(sakusei("audit", "verify", "--head", "f" * 64), 16, "the witnessed head ffffffffffffffff is not in the chain")
    own = json.loads(sakusei("audit", "log", "--file", "F-0001", "--json")[1])["events"]
    assert [event["event"] for event in own] == ["file.requested", "vault.sealed", "file.received", "file.normalised"]
    assert "file.received" in sakusei("audit", "log", "--case", "C-0001")[1]


def test_audit_finds_a_store_put_back_to_an_earlier_day(sakusei, busy):
    """Yesterday's copy of the database is whole in itself; only the head beside it knows better."""
    for name in ("store.db-wal", "store.db-shm"):
        assert not (busy / name).exists()
    yesterday = (busy / "store.db").read_bytes()
    assert sakusei("person", "add", "late", "--role", "auditor")[0] == 0
    (busy / "store.db").write_bytes(yesterday)
    refused(sakusei("audit", "verify"), 16, "but it once reached")
    # Nor can the office go on as if nothing had happened, until the kept head is outgrown and forgotten.
    head = (busy / "head.json").read_bytes()
    refused(sakusei("person", "add", "later", "--role", "auditor"), 16, "does not hold the head kept beside it")
    assert (busy / "head.json").read_bytes() == head
    assert "later" not in sakusei("person", "list")[1]


def test_audit_finds_a_head_file_that_is_gone(sakusei, busy):
    (busy / "head.json").unlink()
    refused(sakusei("audit", "verify"), 16, "the signed head beside the store is missing")


@pytest.mark.parametrize("gone", ["key.age", "received.*.age"])
def test_audit_finds_a_sealed_file_that_is_gone(sakusei, busy, gone):
    next((busy / "vault" / "F-0001").glob(gone)).unlink()
    refused(sakusei("audit", "verify"), 16, "the vault and the store disagree about F-0001/received")


def test_audit_finds_an_erased_file_that_came_back(sakusei, busy):
    (envelope,) = (busy / "vault" / "F-0001").glob("received.*.age")
    content = envelope.read_bytes()
    assert sakusei("vault", "erase", "F-0001", "--order")[0] == sakusei("vault", "erase", "F-0001", actor="deputy")[0] == 0
    assert sakusei("audit", "verify")[0] == 0
    envelope.parent.mkdir()
    envelope.write_bytes(content)
    refused(sakusei("audit", "verify"), 16, "the vault and the store disagree about F-0001/received")


def test_a_vault_is_listed_and_erased_by_two(sakusei, busy):
    items = json.loads(sakusei("vault", "list", "--json")[1])["items"]
    assert [(item["file_id"], item["kind"], item["size_bytes"], item["erased_at"]) for item in items] == [("F-0001", "received", 4, None)]
    refused(sakusei("vault", "erase", "F-0001"), 17, "this step (erase the file) needs another before it: order the erasure")
    assert "another person carries it out" in sakusei("vault", "erase", "F-0001", "--order")[1]
    refused(sakusei("vault", "erase", "F-0001"), 17, "nobody approves their own work")
    refused(sakusei("vault", "erase", "F-0001", actor="clerk"), 17, "the role release officer is needed")
    assert (busy / "vault" / "F-0001").exists()
    code, out, _ = sakusei("vault", "erase", "F-0001", actor="deputy")
    assert code == 0
    assert out.startswith("F-0001 is erased: 1 sealed items; the certificate has SHA-256 ")
    assert not (busy / "vault" / "F-0001").exists()
    assert sakusei("vault", "list")[0] == sakusei("audit", "verify")[0] == 0
    refused(sakusei("vault", "erase", "F-0404", actor="deputy"), 17, "F-0404 is not known to this office")


def test_the_office_speaks_japanese(sakusei, busy, capsys):
    assert run(["status", "--home", str(busy), "--as", "chief", "--lang", "ja"]) == 0
    out = capsys.readouterr().out
    assert "合成データのみ" in out
    assert "契約を締結する — 承認者: chief, deputy" in out
    assert run(["vault", "erase", "F-0001", "--home", str(busy), "--as", "deputy", "--lang", "ja"]) == 17
    err = capsys.readouterr().err
    assert err.startswith("error: この手続（ファイルを消去する）の前に、別の手続が必要です: 消去の指示\nhint: ")
    assert run(["vault", "erase", "F-0001", "--home", str(busy), "--as", "clerk", "--lang", "ja"]) == 17
    assert "役割 提供担当 が必要です" in capsys.readouterr().err
    assert run(["person", "list", "--home", str(busy), "--lang", "en", "--as", "chief"]) == 0


def test_the_installed_program_does_the_same(busy):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("LC_")} | {"SAKUSEI_HOME": str(busy)}
    program = Path(sys.executable).with_name("sakusei")
    done = subprocess.run(
        [program, "audit", "verify", "--as", "chief"], check=False, capture_output=True, text=True, env=environment, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("the books hold: ")
