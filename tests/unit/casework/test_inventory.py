"""What the audit finds in the vault and among the keys: a flipped bit, a swapped envelope, a stray, a missing key."""

import json

import pytest

from casework.console import Session, run
from casework.inventory import find_losses
from casework.keys import Keys
from casework.office import open_office
from casework.states import CaseState

PLAIN = {"received": b"first " * 5000, "normalised": b"other " * 5000}


@pytest.fixture
def filled(home, tmp_path):
    """A workspace with one file, F-0001, sealed under two kinds."""
    with open_office(Session(home=home, actor="processor")) as office:
        store = office.store
        register_id = store.add_register_entry({}, actor="screener")
        case_id = store.add_case({"regime": "tokumei-2023"}, actor="screener")
        store.move_case(case_id, CaseState.UNDER_REVIEW, actor="screener")
        store.move_case(case_id, CaseState.ACCEPTED, actor="approver")
        store.add_file(case_id, register_id=register_id, table="t", actor="screener")
        for kind, content in PLAIN.items():
            (tmp_path / kind).write_bytes(content)
            office.vault.seal("F-0001", kind, tmp_path / kind)
    return home


def envelope(home, kind):
    (path,) = (home / "vault" / "F-0001").glob(f"{kind}.*.age")
    return path


def codes(home, *, deep=False):
    with open_office(Session(home=home, actor="auditor")) as office:
        return sorted((finding.kind.code, str(finding.params["id"])) for finding in find_losses(office, deep=deep))


@pytest.mark.parametrize("deep", [False, True])
def test_an_untouched_vault_holds(filled, deep):
    assert codes(filled, deep=deep) == []


@pytest.mark.parametrize("position", [0, 250, -1])
def test_a_flipped_bit_is_found(filled, position):
    path = envelope(filled, "received")
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(bytes(content))
    assert codes(filled) == [("vault-changed", "F-0001/received")]


def test_an_envelope_of_another_kind_in_its_place_is_found(filled):
    envelope(filled, "received").write_bytes(envelope(filled, "normalised").read_bytes())
    assert codes(filled) == [("vault-changed", "F-0001/received")]


def test_without_its_hash_in_the_event_a_deep_audit_opens_it(filled, monkeypatch):
    """Envelopes sealed by earlier versions: presence alone, until someone asks for more."""
    monkeypatch.setattr("casework.inventory._envelope_hashes", lambda _office: {})
    envelope(filled, "received").write_bytes(envelope(filled, "normalised").read_bytes())
    assert codes(filled) == []
    assert codes(filled, deep=True) == [("vault-unreadable", "F-0001/received")]
    assert [path for path in (filled / "work").iterdir() if path.is_dir()] == []


@pytest.mark.parametrize("place", ["note.txt", "F-0001/copy.csv", "F-0001/received.age", "F-9999/received.aaaaaaaaaaaa.age"])
def test_a_stray_is_reported_and_left_where_it_is(filled, place):
    path = filled / "vault" / place
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"x")
    stray = place if place.startswith("F-0001") else place.split("/")[0]
    if place.startswith("F-9999"):
        # An envelope no event knows is what a killed step leaves: swept; the folder is reported.
        assert codes(filled) == [("vault-stray", "F-9999")]
        return
    assert codes(filled) == [("vault-stray", stray)]
    assert path.read_bytes() == b"x"


def test_a_folder_among_the_envelopes_is_a_stray(filled):
    (filled / "vault" / "F-0001" / "more").mkdir()
    assert codes(filled) == [("vault-stray", "F-0001/more")]


@pytest.mark.parametrize("name", ["office.age", "office.ed25519.pem"])
def test_a_missing_key_is_found(filled, name):
    (filled / "keys" / name).unlink()
    assert codes(filled) == [("key-missing", name)]


def test_a_signing_key_of_another_office_is_found(filled, tmp_path):
    Keys.create(tmp_path / "foreign")
    (filled / "keys" / "office.ed25519.pem").write_bytes((tmp_path / "foreign" / "office.ed25519.pem").read_bytes())
    assert codes(filled, deep=True) == [("key-unfit", "office.ed25519.pem")]


@pytest.mark.parametrize("words", [[], ["--deep"]])
def test_the_command_says_so(filled, capsys, words):
    assert run(["audit", "verify", "--home", str(filled), "--as", "auditor", "--json", *words]) == 0
    assert json.loads(capsys.readouterr().out)["events"] > 0
    path = envelope(filled, "normalised")
    path.write_bytes(path.read_bytes() + b"\0")
    assert run(["audit", "verify", "--home", str(filled), "--as", "auditor", *words]) == 16
    captured = capsys.readouterr()
    assert "the vault: the envelope of F-0001/normalised is not the one that was sealed" in captured.err
    assert "error:" in captured.err
    assert "hint:" in captured.err
    assert captured.out == ""
